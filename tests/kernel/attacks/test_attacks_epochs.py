"""Attacks by whoever holds the server, when members go on in another log: leaves withheld, objections dropped, entries refused."""

from __future__ import annotations

from typing import Final

from commonhold.kernel.record.freshness import judge_freshness, read_answers
from commonhold.kernel.record.history import Log, read_history
from commonhold.kernel.record.verdict import CONTRADICTORY, OFFICIAL, STALE, STRUCK, judge_channel, judge_epoch, judge_history, judge_record
from tests.attacks import Mutation, attack
from tests.kernel.attacks.saltmarsh import DAY, MEMBERS, SEVEN, START, partnered, statement

RECORD: Final = "src/commonhold/kernel/record"
PAGE: Final = "https://saltmarsh.example/"


@attack(
    "epoch-withheld-leaves",
    Mutation(
        f"{RECORD}/history.py", find="(replay.tree.size, replay.tree.root()) != (checkpoint.size, checkpoint.root)", replace="not replay"
    ),
    Mutation(f"{RECORD}/freshness.py", find="            if size > here:\n", replace="            if size < 0:\n"),
)
def test_a_log_that_withholds_entries_is_not_official() -> None:
    """Under the newest head something is missing, and is set aside; under an older one the partners' answers say that there is more."""
    made = partnered()
    size = made.tree.size
    made.propose("heron", "channel", {"op": "add", "address": PAGE})
    made.attest(START + 60)
    newest = made.held(START + 90)
    history = read_history(made.org, [Log(newest.note, newest.leaves[:-1]), made.held(START, size)])
    assert [error.code for error in history.refused.values()] == ["history/root"]
    current = history.current
    assert current.tree.size == size
    answers = read_answers(current.state, current.tree.root, [newest.note])
    assert judge_freshness(judge_history(history), current.state, answers, START + 95).code == STALE


@attack(
    "epoch-dropped-objections",
    Mutation(f"{RECORD}/tally.py", find="        return len(confirmed) >= ", replace="        return True or "),
)
def test_what_was_objected_to_in_vain_does_not_pass() -> None:
    """Five of seven would replace a member's kit; the other objections never reach the log, the wait ends, and nothing happens."""
    made = partnered(members=SEVEN)
    kit = made.kits["heron"]
    proposal = made.propose("tern", "recover-member", {"member": "heron", "kit": made.new_kit("heron").keys.to_value()})
    made.approve(proposal, "tern", "plover", "curlew", "dunlin")
    made.attest(START + 60)
    for name in ("heron", "avocet"):
        assert made.sign(name, "object", {"proposal": proposal}), "signed, and dropped by the log"
    for days in (15, 40, 400):
        assert made.attest(START + days * DAY).counts
        assert made.status(proposal) in ("open", "expired")
    member = made.state.member("heron")
    assert member is not None
    assert member.kit == kit.key_id


@attack(
    "epoch-refused-entries",
    Mutation(
        f"{RECORD}/verdict.py",
        find="return Verdict(STRUCK, said(history.current.state",
        replace="return Verdict(OFFICIAL, said(history.current.state",
    ),
    Mutation(f"{RECORD}/succession.py", find='    draft.phase = "running"\n', replace='    draft.phase = "succeeding"\n'),
)
def test_members_go_on_without_the_log_that_takes_none_of_their_entries() -> None:
    """Three of five, from a partner's copy: what was decided goes on, the old log speaks to nobody, and the partners' answers make it official."""
    made = partnered()
    channel = made.propose("heron", "channel", {"op": "add", "address": PAGE})
    made.approve(channel, "heron", "tern")
    made.attest(START + 60)
    left = made.held(START + 90)
    following = made.branch_off("next")
    assert following.open("tern", made.make_partners("reed", "sedge", "rush", k=2)).counts
    following.succeed(*MEMBERS[1:4])
    assert following.attest(START + 120).counts
    newest = following.held(START + 130)
    history = read_history(made.org, [left, newest])
    current = history.current
    answers = read_answers(current.state, current.tree.root, [left.note, newest.note])
    whole = judge_freshness(judge_history(history), current.state, answers, START + 140)
    assert judge_epoch(whole, history, following.state.origin).code == OFFICIAL
    told = judge_epoch(whole, history, made.state.origin)
    assert told.code == STRUCK
    assert following.state.origin in told.words
    assert judge_channel(whole, current.state, PAGE).code == OFFICIAL
    assert set(current.state.ids) >= set(made.state.ids)


@attack(
    "epoch-two-faces",
    Mutation(f"{RECORD}/freshness.py", find="    if policy.time(answers.conflicting) is not None:\n", replace="    if policy is None:\n"),
)
def test_partners_who_were_shown_another_face_are_heard() -> None:
    """The reader holds one face and the partners have cosigned the other at the same size: nobody is told "official"."""
    shown, hidden = partnered(), partnered()
    shown.propose("heron", "statement", statement("for the reader"))
    hidden.propose("heron", "statement", statement("for the partners"))
    answers = read_answers(shown.state, shown.tree.root, [hidden.held(START + 5).note])
    assert judge_freshness(judge_record(shown.state, shown.outcomes), shown.state, answers, START + 9).code == CONTRADICTORY

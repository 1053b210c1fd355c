"""Laws about verdicts: what a reader is told of a record, of an entry in it, and of a channel that it named."""

from __future__ import annotations

import copy
from datetime import UTC, datetime

import pytest

from commonhold.kernel.record.freshness import judge_freshness, read_answers
from commonhold.kernel.record.history import History, read_history
from commonhold.kernel.record.verdict import (
    CANNOT_JUDGE,
    CONTRADICTORY,
    FRESHNESS_UNKNOWN,
    NOT_OFFICIAL,
    OFFICIAL,
    STRUCK,
    UNWITNESSED,
    Verdict,
    judge_channel,
    judge_decided,
    judge_entry,
    judge_epoch,
    judge_history,
    judge_record,
)
from commonhold.testing.house import MemoryHouse
from tests.attacks import Mutation, attack
from tests.kernel.attacks.saltmarsh import MEMBERS, START, charter, house, partnered, statement

PAGE, NEW, NEWER = "https://saltmarsh.example/", "https://radio.saltmarsh.example/", "https://saltmarsh.example.net/"


def whole(made: MemoryHouse) -> Verdict:
    return judge_record(made.state, made.outcomes)


def of_entry(made: MemoryHouse, entry: str) -> Verdict:
    outcome = next(outcome for outcome in made.outcomes if outcome.entry is not None and outcome.entry.id == entry)
    return judge_entry(whole(made), made.state, outcome)


def channel(made: MemoryHouse, op: str, address: str, to: str = "") -> str:
    """A decision about a channel that is enacted; gives its proposal."""
    proposal = made.propose("heron", "channel", {"op": op, "address": address, **({"to": to} if to else {})})
    made.approve(proposal, "heron", "tern")
    assert made.status(proposal) == "enacted"
    return proposal


def test_a_house_without_partners_is_official_as_of_its_last_entry() -> None:
    """Nobody but the log vouches for how new it is, and the verdict says so."""
    made = house()
    assert whole(made) == Verdict(UNWITNESSED, f"official as of entry {made.state.size - 1}, unwitnessed")
    assert whole(made).is_yes


def test_a_house_with_partners_is_official_as_of_their_time() -> None:
    """Its newest attested time is named; whether that is fresh, only a fresh answer could tell."""
    made = partnered()
    assert whole(made) == Verdict(
        FRESHNESS_UNKNOWN, f"official as of {datetime.fromtimestamp(START, UTC):%Y-%m-%d %H:%M} UTC, freshness unknown"
    )
    assert whole(made).is_yes


def test_a_founding_that_is_not_complete_is_not_official() -> None:
    """Until every listed member has accepted there is no organisation, and the verdict names whom it waits for."""
    made = MemoryHouse(charter(), MEMBERS)
    made.do("heron", "accept", of=made.org)
    verdict = whole(made)
    assert verdict.code == NOT_OFFICIAL
    assert "avocet, curlew, plover, tern must accept" in verdict.words
    assert not verdict.is_yes


def test_a_kind_of_the_future_makes_a_reader_unable_to_judge() -> None:
    """What the members may have decided under a kind that this version lacks may have changed anything, so no guess is made."""
    future = copy.deepcopy(charter())
    future["rules"]["decisions"]["part"] = future["rules"]["decisions"]["succeed"]
    made = MemoryHouse(future, MEMBERS)
    made.accept_all()
    outcome = made.act("heron", "propose", kind="part", payload={}, not_after=2**40)
    assert outcome.code == "kind/not-yet"
    assert outcome.entry is not None
    for name in MEMBERS[:3]:
        assert whole(made).is_yes, "as long as fewer approve than the charter asks for, nothing can have been decided"
        assert made.act(name, "approve", proposal=outcome.entry.id).code == "act/no-proposal"
    made.act(MEMBERS[3], "approve", proposal="0" * 64)
    verdict = whole(made)
    assert verdict.code == CANNOT_JUDGE
    assert f"entry {outcome.index}" in verdict.words
    assert not verdict.is_yes
    assert judge_decided(verdict, None) == verdict


@pytest.mark.parametrize("junk", [b"", b"junk", b'{"type":"succeed"}', b"{}"])
def test_junk_from_the_server_leaves_the_verdict_as_it_was(junk: bytes) -> None:
    """Whoever holds the log can append anything, and must not be able to silence the organisation with it."""
    made = house()
    assert not made.append(junk).counts
    assert whole(made).is_yes


def test_every_entry_of_a_decision_is_judged_by_the_decision() -> None:
    """The proposal and its approvals are official once it is enacted, and not before."""
    made = house()
    proposal = made.propose("heron", "statement", statement("we move"))
    approval = made.do("heron", "approve", proposal=proposal)
    for entry in (proposal, approval):
        assert of_entry(made, entry) == Verdict(NOT_OFFICIAL, "not official: the record never decided this")
    made.approve(proposal, "tern")
    for entry in (proposal, approval):
        assert of_entry(made, entry) == whole(made)


def test_an_entry_that_belongs_to_no_decision_stands_with_its_record() -> None:
    """A founding and its acceptances are judged as the record is."""
    made = house()
    for outcome in made.outcomes:
        assert judge_entry(whole(made), made.state, outcome) == whole(made)


def test_an_entry_that_counts_for_nothing_is_not_official() -> None:
    """To be in the log is no merit: refused acts and junk are there too."""
    made = house()
    refused = made.act("curlew", "withdraw", what="seat", of="chair")
    junk = made.append(b"junk")
    for outcome in (refused, junk):
        assert judge_entry(whole(made), made.state, outcome).code == NOT_OFFICIAL


def test_a_decision_that_leaves_nothing_behind_is_official_once_enacted() -> None:
    """A dismissal stands as a decision although no part of the state is named after it."""
    made = house()
    proposal = made.propose("heron", "dismiss", {"office": "editor", "member": "plover"})
    made.approve(proposal, "heron", "tern", "curlew")
    assert of_entry(made, proposal) == whole(made)


def test_a_channel_is_official_until_it_is_struck() -> None:
    """Whoever shows an old decision about a channel is told that it was struck, and since when."""
    made = house()
    added = channel(made, "add", PAGE)
    assert of_entry(made, added) == whole(made)
    assert judge_channel(whole(made), made.state, PAGE) == whole(made)
    assert judge_channel(whole(made), made.state, NEW).code == NOT_OFFICIAL
    struck = channel(made, "strike", PAGE)
    assert of_entry(made, added) == Verdict(STRUCK, f"struck since entry {made.state.size - 1}")
    assert of_entry(made, struck) == whole(made)
    again = channel(made, "add", PAGE)
    for proposal in (added, struck, again):
        assert of_entry(made, proposal) == whole(made)


def test_a_channel_that_moved_says_where_the_organisation_is_now() -> None:
    """A reader of the old page learns the newest address, however often it moved, and none that was struck since."""
    made = house()
    added = channel(made, "add", PAGE)
    moved = channel(made, "move", PAGE, NEW)
    since = made.state.size - 1
    assert of_entry(made, moved) == whole(made)
    assert of_entry(made, added) == Verdict(STRUCK, f"struck since entry {since}, the organisation is now at {NEW}")
    channel(made, "move", NEW, NEWER)
    assert of_entry(made, added) == Verdict(STRUCK, f"struck since entry {since}, the organisation is now at {NEWER}")
    assert of_entry(made, moved).words.endswith(f"is now at {NEWER}")
    channel(made, "strike", NEWER)
    assert of_entry(made, added) == Verdict(STRUCK, f"struck since entry {since}")


def test_a_verdict_says_on_whose_replay_it_rests() -> None:
    """Until partners can vouch for a state, every verdict rests on the reader's own replay."""
    assert whole(house()).rests_on == "replayed by you"


def test_the_proof_of_an_appointment_is_struck_once_the_seat_is_not_held() -> None:
    """An offer is no office yet, and a former chair's old proof speaks for nobody."""
    made = house()
    proposal = made.propose("heron", "appoint", {"office": "editor", "member": "curlew"})
    made.approve(proposal, "heron", "tern", "plover")
    assert of_entry(made, proposal).code == STRUCK
    made.do("curlew", "accept", of=proposal)
    assert of_entry(made, proposal) == whole(made)
    made.do("curlew", "withdraw", what="seat", of="editor")
    assert of_entry(made, proposal) == Verdict(STRUCK, "struck: curlew does not hold the office editor now")


def test_the_proof_of_an_admission_is_struck_once_the_member_has_left() -> None:
    """Whoever has left is no member by showing how they came in."""
    made = house()
    kit = made.new_kit("teal")
    made.kits["teal"] = kit
    proposal = made.propose("heron", "admit", {"member": "teal", "keys": [kit.keys.to_value()]})
    made.approve(proposal, "heron", "tern", "plover", "curlew")
    assert of_entry(made, proposal) == whole(made)
    made.propose("teal", "depart", {"member": "teal"})
    assert of_entry(made, proposal) == Verdict(STRUCK, "struck: teal is not a member any more")


def test_the_proof_of_an_entrustment_is_struck_once_others_are_entrusted() -> None:
    """Only the newest decision about a resource says who looks after it."""
    made = house()
    proofs = []
    for holder in ("tern", "plover"):
        proofs.append(made.propose("heron", "entrust", {"resource": "transmitter", "holders": [holder]}))
        made.approve(proofs[-1], "heron", "tern", "plover")
    assert of_entry(made, proofs[0]).code == STRUCK
    assert of_entry(made, proofs[1]) == whole(made)


def succeeded(*, unwitnessed: bool = False) -> tuple[MemoryHouse, MemoryHouse]:
    """A house with partners, and the epoch in which it goes on."""
    made = partnered()
    following = made.branch_off("next")
    assert following.open("tern", made.make_partners("reed", "sedge", "rush", k=2)).counts
    following.succeed(*MEMBERS[:4], unwitnessed=unwitnessed)
    if not unwitnessed:
        assert following.attest(START + 50).counts
    return made, following


def history_of(*houses: MemoryHouse) -> History:
    return read_history(houses[0].org, [made.held() for made in houses])


def test_the_log_that_the_members_left_is_struck() -> None:
    """Whoever reads the old log is told since when, and where the organisation is now; the new log is official."""
    made, following = succeeded()
    history = history_of(made, following)
    now = judge_history(history)
    assert now.code == FRESHNESS_UNKNOWN
    assert judge_epoch(now, history, following.state.origin) == now
    old = judge_epoch(now, history, made.state.origin)
    assert old.code == STRUCK
    assert old.words == f"struck since entry {made.state.size}, the organisation is now in epoch 1, at {following.state.origin}"


def test_each_of_the_logs_that_were_left_says_where_it_was_left() -> None:
    """Of three epochs the first two are struck, each at its own end, and both name where the organisation is now."""
    made, second = succeeded()
    third = second.branch_off("third")
    third.open("tern", made.make_partners("reed", "sedge", "rush", k=2))
    third.succeed(*MEMBERS[:4])
    third.attest(START + 70)
    history = history_of(third, made, second)
    verdict = judge_history(history)
    now = f"the organisation is now in epoch 2, at {third.state.origin}"
    for left, following in ((made, second), (second, third)):
        told = judge_epoch(verdict, history, left.state.origin)
        assert told == Verdict(STRUCK, f"struck since entry {following.state.base}, {now}")
    assert judge_epoch(verdict, history, third.state.origin) == verdict


def test_a_log_that_nobody_decided_on_is_not_official() -> None:
    """An epoch that somebody opened, and a log of which the record knows nothing, are told apart in words."""
    made = partnered()
    alone = made.branch_off("alone")
    alone.open("tern", made.make_partners("reed", "sedge", "rush", k=2))
    history = history_of(made, alone)
    now = judge_history(history)
    assert now == whole(made)
    assert "has not been decided" in judge_epoch(now, history, alone.state.origin).words
    assert judge_epoch(now, history, "elsewhere").code == NOT_OFFICIAL
    assert whole(alone) == Verdict(NOT_OFFICIAL, "not official: the members have not decided to go on in epoch 1")


@attack("epoch-unwitnessed", Mutation("src/commonhold/kernel/record/verdict.py", find="if alone else words", replace="if False else words"))
def test_a_succession_without_witnesses_is_said_in_every_verdict_after_it() -> None:
    """Also once new partners vouch for the record: what they vouch for rests on a step that nobody outside has seen."""
    made, following = succeeded(unwitnessed=True)
    assert whole(following).words.endswith("unwitnessed succession in epoch 1")
    assert following.attest(START + 90).counts
    answers = read_answers(following.state, following.tree.root, [following.note(START + 95).encode()])
    fresh = judge_freshness(judge_history(history_of(made, following)), following.state, answers, START + 99)
    assert fresh == Verdict(OFFICIAL, "official; unwitnessed succession in epoch 1")
    assert judge_epoch(fresh, history_of(made, following), made.state.origin).words.endswith("unwitnessed succession in epoch 1")


def test_two_epochs_that_exclude_each_other_are_a_contradiction() -> None:
    """The reader is told so, of every log, and no winner is guessed."""
    made, following = succeeded()
    rival = made.branch_off("rival")
    rival.open("heron", made.make_partners("reed", "sedge", "rush", k=2))
    rival.succeed(*MEMBERS[1:])
    rival.attest(START + 51)
    history = history_of(made, following, rival)
    verdict = judge_history(history)
    assert verdict.code == CONTRADICTORY
    assert not verdict.is_yes
    assert judge_epoch(verdict, history, made.state.origin) == verdict


def test_what_an_earlier_epoch_may_have_decided_under_an_unknown_kind_still_counts() -> None:
    """Up to the branch it may have changed anything; what came later in that log is none of the organisation's."""
    future = copy.deepcopy(charter())
    future["rules"]["decisions"]["part"] = future["rules"]["decisions"]["succeed"]
    made = MemoryHouse(future, MEMBERS)
    made.accept_all()
    size = made.tree.size
    outcome = made.act("heron", "propose", kind="part", payload={}, not_after=2**40)
    assert outcome.entry is not None
    for name in MEMBERS[:4]:
        made.act(name, "approve", proposal=outcome.entry.id)
    for at, code in ((size, UNWITNESSED), (made.tree.size, CANNOT_JUDGE)):
        following = made.branch_off("next", at)
        following.open("tern")
        following.succeed(*MEMBERS[:4], unwitnessed=True)
        assert judge_history(history_of(made, following)).code == code

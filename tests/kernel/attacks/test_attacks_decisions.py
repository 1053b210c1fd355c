"""Attacks by people with a right to sign: old approvals, lost offices, charters that change their own rule, and the routes of recovery."""

from __future__ import annotations

from typing import Final

import pytest

from commonhold.kernel.record.digest import StateTree
from commonhold.kernel.record.verdict import judge_channel, judge_record
from commonhold.testing.house import FAR, MemoryHouse
from tests.attacks import Mutation, attack
from tests.kernel.attacks.saltmarsh import DAY, SEVEN, START, amendment, digest, house, partnered, statement

RECORD: Final = "src/commonhold/kernel/record"
PAGE: Final = "https://saltmarsh.example/"


def root_of(made: MemoryHouse) -> bytes:
    return StateTree.of(made.state).root()


def elect(made: MemoryHouse, office: str, name: str) -> str:
    """An appointment that a majority has approved; it still waits for its acceptance."""
    proposal = made.propose("tern", "appoint", {"office": office, "member": name})
    made.approve(proposal, *[member for member in made.kits if member != name][:3])
    return proposal


@attack(
    "record-05",
    Mutation(
        f"{RECORD}/effects.py",
        find='close(draft, other, sibling, "void", decided.index, why="void/rule" if touched else "void/charter", words=words)',
        replace="del words",
    ),
)
def test_an_approval_does_not_outlive_the_rule_it_was_given_under() -> None:
    """Heron approved a statement when two signatures were enough; once the rule is another, that approval is void with its proposal."""
    made = house()
    text = made.propose("heron", "statement", statement("on air"))
    made.approve(text, "heron")
    change = made.propose("tern", "amend", amendment(made, ("decisions/statement/by/signatures/m", 3)))
    made.approve(change, "heron", "tern", "plover", "curlew")
    assert made.status(change) == "enacted"
    assert made.status(text) == "void"
    assert made.act("tern", "approve", proposal=text).code == "act/closed"
    assert not made.state.parts["statements"]


@attack(
    "record-05",
    Mutation(
        f"{RECORD}/tally.py",
        find="    if office not in offices or on_probation(member, proposal):",
        replace="    if office:\n        return True\n    if office not in offices or on_probation(member, proposal):",
    ),
)
def test_an_approval_is_not_moved_to_another_body() -> None:
    """Members who approve what only officers may decide are refused: what counts is whom the rule asks for."""
    made = house()
    text = made.propose("curlew", "statement", statement("on air"))
    for name in ("curlew", "avocet"):
        assert made.act(name, "approve", proposal=text).code == "act/cannot-count"
    assert made.status(text) == "open"
    assert not made.state.parts["statements"]


@attack(
    "record-08",
    Mutation(f"{RECORD}/decide.py", find="if draft.clock > proposal.not_after:", replace="if draft.clock > proposal.not_after + 1000:"),
)
def test_an_approval_after_the_end_counts_for_nothing() -> None:
    """The second approval is in the log, and its witnesses saw it a second after the proposal's end."""
    made = partnered()
    text = made.propose("heron", "statement", statement("on air"), not_after=START + 100)
    made.approve(text, "heron")
    assert made.attest(START + 100).counts
    assert made.status(text) == "open"
    made.approve(text, "tern")
    assert made.attest(START + 101).counts
    assert made.status(text) == "expired"
    assert not made.state.parts["statements"]
    assert made.act("plover", "approve", proposal=text).code == "act/closed"


@attack(
    "record-10",
    Mutation(
        f"{RECORD}/tally.py",
        find="return name in state.holders.get(office, ()) or office in acting_offices(state, name, frozen.rules)",
        replace="return True",
    ),
)
def test_an_officer_who_was_dismissed_counts_no_more() -> None:
    """Heron approved as chair and was dismissed before the second approval came: the statement is not out, and heron cannot approve again."""
    made = house()
    text = made.propose("heron", "statement", statement("on air"))
    made.approve(text, "heron")
    fall = made.propose("tern", "dismiss", {"office": "chair", "member": "heron"})
    made.approve(fall, "tern", "plover", "curlew")
    assert made.state.offices_of("heron") == ()
    made.approve(text, "plover")
    assert made.status(text) == "open"
    later = made.propose("heron", "statement", statement("I am still the chair"))
    assert made.act("heron", "approve", proposal=later).code == "act/cannot-count"
    made.approve(text, "tern")
    assert made.status(text) == "enacted"
    assert made.state.parts["statements"][digest("on air")].approvers == ("plover", "tern")


@attack(
    "record-11",
    Mutation("src/commonhold/kernel/charter/rules.py", find="return self.p * base // self.q + 1", replace="return min(1, base)"),
)
@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("appoint", {"office": "editor", "member": "plover"}),
        ("dismiss", {"office": "chair", "member": "heron"}),
        ("expel", {"member": "heron"}),
    ],
)
def test_an_officer_alone_neither_rises_nor_dismisses(kind: str, payload: dict[str, str]) -> None:
    """The treasurer proposes it and approves it, and it takes the assembly all the same."""
    made = house({"chair": "heron", "treasurer": "tern"})
    before = dict(made.state.parts["seats"])
    proposal = made.propose("tern", kind, payload)
    made.approve(proposal, "tern")
    assert made.status(proposal) == "open"
    assert dict(made.state.parts["seats"]) == before
    assert made.state.member("heron") == house({"chair": "heron", "treasurer": "tern"}).state.member("heron")


@attack(
    "record-12",
    Mutation(
        f"{RECORD}/acts.py",
        find="rules = rules_for(draft.charter, body.kind,",
        replace="rules = rules_for(effects.load_charter(effects.apply_amendment(draft.charter.value, body.payload)), body.kind,",
    ),
)
def test_an_amendment_is_judged_by_the_charter_that_it_changes() -> None:
    """An amendment that lowers three quarters to a half needs three quarters itself."""
    made = house()
    half = {"base": "register", "more_than": "1/2"}
    change = made.propose("heron", "amend", amendment(made, ("decisions/amend_entrenched/pass", half), ("decisions/amend/pass", half)))
    made.approve(change, "heron", "tern", "plover")
    assert made.status(change) == "open"
    before = made.state.charter.digest
    made.approve(change, "curlew")
    assert made.status(change) == "enacted"
    assert made.state.charter.digest != before


@attack(
    "record-13",
    Mutation(
        f"{RECORD}/effects.py",
        find="check_amendment(old, new, sum(1 for _, member in draft.active_members() if member.kit))",
        replace="check_amendment(old, old, 1000)",
    ),
)
@pytest.mark.parametrize(
    ("place", "value", "article"),
    [
        ("decisions/suspend-origin/by/signatures/m", 9, "4.3"),
        ("decisions/dismiss/pass", {"base": "register", "at_least": "1/1"}, "1.3.5"),
        ("decisions/statement/by/signatures/m", 9, "3.1"),
        ("decisions/amend/by", {"office": "chair"}, "2.1"),
    ],
)
def test_an_amendment_that_could_never_be_met_again_is_refused(place: str, value: object, article: str) -> None:
    """More signatures than members or seats, everybody for a top act, one office for all amendments: refused, with the article, before a vote."""
    made = house()
    before = root_of(made)
    changes = [(place, value)] if place != "decisions/amend/by" else [(place, value), ("decisions/amend/pass", None)]
    payload = amendment(made, *changes) if len(changes) == 1 else _without_pass(made)
    outcome = made.act("heron", "propose", kind="amend", payload=payload, not_after=FAR)
    assert not outcome.counts
    assert outcome.code.startswith("charter/")
    assert article in outcome.words
    assert root_of(made) == before


def _without_pass(made: MemoryHouse) -> dict[str, object]:
    rule = {key: item for key, item in made.state.charter.value["rules"]["decisions"]["amend"].items() if key != "pass"}
    return amendment(made, ("decisions/amend", {**rule, "by": {"office": "chair"}}))


@attack(
    "record-14",
    Mutation(
        f"{RECORD}/seats.py",
        find='draft.seat(Seat(payload.office, payload.member, "offered", decided.proposal, decided.index))',
        replace='draft.seat(Seat(payload.office, payload.member, "held", decided.proposal, decided.index))',
    ),
)
def test_a_seat_confers_nothing_before_it_is_accepted() -> None:
    """Curlew is elected and has not said yes: the approval of an editor who is none yet does not count, and nobody can say yes for curlew."""
    made = house({"chair": "heron", "treasurer": "tern"})
    elected = elect(made, "editor", "curlew")
    assert made.state.parts["seats"]["editor/curlew"].status == "offered"
    text = made.propose("heron", "statement", statement("on air"))
    made.approve(text, "heron")
    assert made.act("curlew", "approve", proposal=text).code == "act/cannot-count"
    assert made.append(made.sign("curlew", "accept", {"of": elected}, kit=made.kits["heron"])).code == "key/other-member"
    assert made.status(text) == "open"
    assert made.state.offices_of("curlew") == ()
    made.do("curlew", "accept", of=elected)
    made.approve(text, "curlew")
    assert made.status(text) == "enacted"


@attack(
    "record-22",
    Mutation(f"{RECORD}/seats.py", find="if offers >= draft.charter.offices[payload.office].seats or", replace="if offers < 0 or"),
)
def test_the_second_of_two_contradictory_decisions_meets_the_state_of_the_first() -> None:
    """Two people are elected to one seat: the record's order decides, the second is refused with the reason, and nothing is merged."""
    made = house({"treasurer": "tern"})
    first = made.propose("tern", "appoint", {"office": "chair", "member": "heron"})
    second = made.propose("tern", "appoint", {"office": "chair", "member": "plover"})
    made.approve(second, "tern", "curlew")
    made.approve(first, "tern", "curlew", "avocet")
    made.approve(second, "avocet")
    assert (made.status(first), made.status(second)) == ("enacted", "refused")
    told = made.state.proposal(second)
    assert told is not None
    assert "offer" in told.why
    assert set(made.state.parts["seats"]) == {"chair/heron", "treasurer/tern"}


def recovery(made: MemoryHouse, name: str, *approvers: str) -> str:
    """A proposal that gives *name* a new kit, approved and attested."""
    new = made.new_kit(name)
    proposal = made.propose(approvers[0], "recover-member", {"member": name, "kit": new.keys.to_value()})
    made.approve(proposal, *approvers)
    made.attest(START + 60)
    made.kits[name] = new
    return proposal


@attack("record-24", Mutation(f"{RECORD}/enrolment.py", find='changes |= {"kit": key_id,', replace='changes |= {"kit": member.kit,'))
def test_a_member_who_lost_every_key_gets_a_new_one() -> None:
    """The holder of an office lost the kit: a majority gives the member a new one after the wait, the seat stays, and the old key is dead."""
    made = partnered(members=SEVEN)
    old = made.kits["heron"]
    proposal = recovery(made, "heron", "tern", "plover", "curlew", "dunlin")
    assert made.status(proposal) == "open"
    assert made.act("heron", "withdraw", what="seat", of="chair").code == "key/unknown"
    made.attest(START + 60 + 14 * DAY)
    assert made.status(proposal) == "open"
    made.do("avocet", "confirm", proposal=proposal)
    made.attest(START + 120 + 14 * DAY)
    assert made.status(proposal) == "enacted"
    assert made.state.parts["members"]["heron"].kit == made.kits["heron"].key_id
    assert made.append(made.sign("heron", "withdraw", {"what": "seat", "of": "chair"}, kit=old)).code == "key/revoked"
    assert made.state.offices_of("heron") == ("chair",)
    assert made.act("heron", "withdraw", what="seat", of="chair").counts


@attack("record-25", Mutation(f"{RECORD}/decide.py", find="if draft.clock < proposal.waits_until:", replace="if draft.clock < 0:"))
def test_a_recovery_waits_and_silence_does_not_let_it_pass() -> None:
    """Four members who want a fifth one's seat wait for fourteen days like everybody, and then somebody else must still say yes."""
    made = partnered(members=SEVEN)
    proposal = recovery(made, "heron", "tern", "plover", "curlew", "dunlin")
    assert made.act("avocet", "confirm", proposal=proposal).code == "act/still-waiting"
    made.attest(START + 59 + 14 * DAY)
    assert made.act("avocet", "confirm", proposal=proposal).code == "act/still-waiting"
    made.attest(START + 400 * DAY)
    assert made.status(proposal) == "open"
    assert made.state.keyring[made.state.parts["members"]["heron"].kit].member == "heron"


@attack("record-25", Mutation(f"{RECORD}/decide.py", find="if len(against) >= threshold:", replace="if len(against) > 1000:"))
def test_whoever_is_to_be_replaced_can_object() -> None:
    """Heron has the kit all along: two objections out of seven, heron's own among them, end the recovery."""
    made = partnered(members=SEVEN)
    kit = made.kits["heron"]
    proposal = recovery(made, "heron", "tern", "plover", "curlew", "dunlin")
    made.kits["heron"] = kit
    made.do("heron", "object", proposal=proposal)
    made.do("avocet", "object", proposal=proposal)
    made.attest(START + 120)
    assert made.status(proposal) == "blocked"
    assert made.act("avocet", "confirm", proposal=proposal).code == "act/closed"
    assert made.state.parts["members"]["heron"].kit == kit.key_id


@attack("record-25", Mutation(f"{RECORD}/tally.py", find="member.counts_from > proposal.frozen_at", replace="member.counts_from < 0"))
def test_a_recovered_key_does_not_decide_a_top_act_at_once() -> None:
    """Whoever took a seat by recovery cannot amend the charter with it for thirty days, and then they can."""
    made = partnered(members=SEVEN)
    proposal = recovery(made, "heron", "tern", "plover", "curlew", "dunlin")
    made.attest(START + 60 + 14 * DAY)
    made.do("avocet", "confirm", proposal=proposal)
    end = START + 120 + 14 * DAY
    made.attest(end)
    assert made.status(proposal) == "enacted"
    change = made.propose("heron", "amend", amendment(made, ("decisions/statement/by/signatures/m", 3)))
    assert made.act("heron", "approve", proposal=change).code == "act/cannot-count"
    assert made.status(change) == "open"
    made.attest(end + 30 * DAY)
    later = made.propose("heron", "amend", amendment(made, ("decisions/statement/by/signatures/m", 3)))
    made.approve(later, "heron")


@attack(
    "record-26",
    Mutation(
        f"{RECORD}/tally.py", find="        yield need\n", replace="        yield Count(need.of, 1) if isinstance(need, Count) else need\n"
    ),
)
def test_nobody_alone_announces_a_new_page() -> None:
    """Whoever took the page has one officer's key too: their new address stays no channel of record, and the old one stands."""
    made = house()
    added = made.propose("heron", "channel", {"op": "add", "address": PAGE})
    made.approve(added, "heron", "tern")
    assert judge_channel(judge_record(made.state, made.outcomes), made.state, PAGE).is_yes
    taken = made.propose("plover", "channel", {"op": "move", "address": PAGE, "to": "https://taken.example/"})
    made.approve(taken, "plover")
    assert judge_channel(judge_record(made.state, made.outcomes), made.state, PAGE).is_yes
    assert not judge_channel(judge_record(made.state, made.outcomes), made.state, "https://taken.example/").is_yes
    assert made.status(taken) == "open"


@attack(
    "record-26",
    Mutation(f"{RECORD}/effects.py", find='replace(decided, status="moved" if payload.op == "move" else "struck")', replace="decided"),
)
def test_a_struck_channel_stays_struck() -> None:
    """Once the record has struck an address, nothing that is posted there or done with one key makes it official again."""
    made = house()
    for op in ("add", "strike"):
        decision = made.propose("heron", "channel", {"op": op, "address": PAGE})
        made.approve(decision, "heron", "tern")
    assert judge_channel(judge_record(made.state, made.outcomes), made.state, PAGE).code == "struck"
    again = made.propose("plover", "channel", {"op": "add", "address": PAGE})
    made.approve(again, "plover")
    assert judge_channel(judge_record(made.state, made.outcomes), made.state, PAGE).code == "struck"
    assert made.act(
        "heron", "propose", kind="channel", payload={"op": "move", "address": PAGE, "to": "https://b.example/"}, not_after=FAR
    ).code == ("effect/no-channel")

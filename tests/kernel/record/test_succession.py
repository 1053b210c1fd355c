"""Laws of succession: what an epoch takes with it, who decides it, and that nothing of another epoch counts in it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonhold.kernel import b64
from commonhold.kernel.errors import RuleError
from commonhold.kernel.ids import origin_of
from commonhold.kernel.record.entries import attest_entry
from commonhold.kernel.record.fold import Outcome, fold
from commonhold.kernel.record.state import State, value_of
from commonhold.kernel.record.succession import branch, epoch_of
from commonhold.testing.house import MemoryHouse
from tests.attacks import Mutation, attack
from tests.authenticator import Authenticator
from tests.kernel.record.helpers import DAY, FAR, FLOCK, T0, Club, digest, snapshot, text

NEW = ("merlin", "hobby", "osprey")


_ELSEWHERE = MemoryHouse.__new__(MemoryHouse)
_ELSEWHERE.seed = "new partners"
POLICY = _ELSEWHERE.make_partners(*NEW, k=2)


def opened(club: MemoryHouse, name: str = "heron", size: int | None = None, seed: str = "next") -> MemoryHouse:
    """The next epoch of a club, opened with three new partners."""
    house = club.branch_off(seed, size)
    assert house.open(name, POLICY).counts, house.last.words
    return house


def refused(house: MemoryHouse, outcome: Outcome, code: str, before: State) -> None:
    """Assert that the newest entry was refused for this reason and changed nothing."""
    assert outcome.code == code, f"{outcome.code}: {outcome.words}"
    assert snapshot(house.state) == snapshot(before)


def go_on(house: MemoryHouse) -> None:
    """Let the new partners attest from now on."""
    house.partners = _ELSEWHERE.partners


def test_an_epoch_takes_the_state_with_it_and_leaves_what_was_open() -> None:
    """Members, seats, rules and channels go on; indexes count on; a log of its own has its own origin."""
    club = Club(clocked=True)
    club.decide("channel", {"op": "add", "address": "https://club.example/"}, "heron")
    club.tick()
    proposal = club.propose("heron", "ordinary", {"text": text("open")})
    house = opened(club)
    assert house.state.phase == "succeeding"
    assert house.status(proposal) == "void"
    assert house.state.proposal(proposal).why == "void/epoch"  # type: ignore[union-attr] # it is there since the lines above
    assert club.status(proposal) == "open", "the epoch before is as it was"
    for part in ("members", "seats", "rules", "channels", "partners"):
        assert dict(house.state.part(part)) == dict(club.state.part(part))
    assert (house.state.base, house.state.size, house.tree.size) == (club.state.size, club.state.size + 1, 1)
    assert house.state.origin == origin_of(club.org, 1, house.log.verifier.public)
    succession = house.succeed(*FLOCK[:3])
    assert house.attest(T0 + 9).counts
    assert (house.status(succession), house.state.phase, house.state.epoch) == ("enacted", "running", 1)
    epoch = epoch_of(house.state)
    assert epoch is not None
    assert (epoch.approvers, epoch.unwitnessed, epoch.time, epoch.by) == (tuple(sorted(FLOCK[:3])), False, T0 + 9, "heron")
    assert epoch.parent == house.start.parent  # type: ignore[union-attr] # it is there since the lines above
    assert digest(house.state) == digest(fold(house.leaves, house.start))
    assert epoch_of(club.state) is None


@attack(
    "epoch-below-threshold",
    Mutation("src/commonhold/kernel/record/tally.py", find='    if proposal.kind == "succeed":\n', replace="    if not proposal.kind:\n"),
    Mutation(
        "src/commonhold/kernel/record/succession.py",
        find="        draft.policy = policy_of(draft.origin, log_key, current)\n",
        replace="        draft.policy = policy_of(draft.origin, log_key, body.policy or current)\n",
    ),
)
def test_a_succession_takes_more_than_half_of_the_register_and_the_old_partners() -> None:
    """Two of five are too few; three are enough once the partners of the branch have attested them, not before and not the new ones."""
    club = Club(clocked=True)
    house = opened(club)
    succession = house.succeed("heron", "tern")
    assert house.attest(T0 + 1).counts
    assert house.status(succession) == "open"
    house.approve(succession, "plover")
    assert house.status(succession) == "open", "no attest covers the third yet"
    old = dict(house.partners)
    go_on(house)
    before = house.state
    refused(house, house.attest(T0 + 2), "policy/not-met", before)
    house.partners = old
    assert house.attest(T0 + 3).counts
    assert house.status(succession) == "enacted"


def test_the_new_partners_take_over_at_their_first_attest() -> None:
    """The partners of the branch go on until the new ones meet their policy, so that the clock does not stop between them."""
    club = Club(clocked=True)
    house = opened(club)
    house.succeed(*FLOCK[:3])
    assert house.attest(T0 + 1).counts
    assert set(house.state.part("partners")) == {"policy", "next"}
    assert house.attest(T0 + 2).counts
    go_on(house)
    assert house.attest(T0 + 3).counts
    assert value_of(house.state.part("partners")["policy"]) == POLICY
    assert house.state.clock == T0 + 3


@attack(
    "epoch-unwitnessed",
    Mutation("src/commonhold/kernel/record/tally.py", find="TWO_THIRDS if is_unwitnessed(proposal) else MAJORITY", replace="MAJORITY"),
)
def test_without_partners_two_thirds_decide_at_once_and_it_is_said() -> None:
    """Where nobody is left to attest, four of five decide at their own entry, three do not, and the state says that nobody witnessed it."""
    club = Club(clocked=True)
    house = opened(club)
    succession = house.succeed(*FLOCK[:3], unwitnessed=True)
    assert house.status(succession) == "open"
    house.approve(succession, FLOCK[3])
    assert (house.status(succession), house.state.phase) == ("enacted", "running")
    epoch = epoch_of(house.state)
    assert epoch is not None
    assert epoch.unwitnessed
    assert house.state.clock == T0, "the clock stands until the new partners attest"
    go_on(house)
    assert house.attest(T0 + 60).counts


def test_a_house_that_never_had_a_clock_says_so_when_it_moves() -> None:
    """Its succession is unwitnessed or none; partners that it names are in force at once, and it may name none."""
    club = Club()
    house = club.branch_off("next")
    assert house.open("tern").counts
    opening = epoch_of(house.state)
    assert opening is not None
    body = {"kind": "succeed", "payload": {"open": opening.open}, "not_after": FAR}
    before = house.state
    refused(house, house.act("heron", "propose", **body), "epoch/unwitnessed", before)
    house.succeed(*FLOCK[:4], unwitnessed=True)
    assert house.state.phase == "running"
    assert house.state.policy is None
    named = club.branch_off("other")
    assert named.open("tern", POLICY).counts
    named.succeed(*FLOCK[:4], unwitnessed=True)
    assert named.state.policy is not None
    assert set(named.state.part("partners")) == {"policy"}


def test_the_charters_own_rule_for_succession_is_met_as_well() -> None:
    """Where the charter asks for more than half, or for a wait, that is needed too; its article is named."""
    rule = {"article": "2.1", "by": "assembly", "pass": {"base": "register", "at_least": "4/5"}, "time_lock": "P2D"}
    club = Club({"decisions/succeed": rule}, clocked=True)
    house = opened(club)
    succession = house.succeed(*FLOCK[:3])
    house.attest(T0 + 1)
    assert house.status(succession) == "open"
    house.approve(succession, FLOCK[3])
    house.attest(T0 + 2)
    assert house.status(succession) == "open", "carried, and waiting"
    house.attest(T0 + 2 + 2 * DAY)
    for name in FLOCK[:4]:
        house.do(name, "confirm", proposal=succession)
    house.attest(T0 + 3 + 2 * DAY)
    assert house.status(succession) == "enacted"
    assert house.state.proposal(succession).articles == ("2.1",)  # type: ignore[union-attr] # it is there since the lines above
    alone = opened(club, seed="alone")
    alone.succeed(*FLOCK[:4], unwitnessed=True)
    assert alone.state.phase == "running", "nobody could tell the end of a wait, and two thirds stand in for it"


@pytest.mark.parametrize(
    ("type_", "body"),
    [
        ("propose", {"kind": "ordinary", "payload": {"text": text("o")}, "not_after": FAR}),
        ("withdraw", {"what": "seat", "of": "chair"}),
        ("accept", {"of": text("an offer")}),
    ],
)
def test_until_the_succession_nothing_else_counts(type_: str, body: dict[str, Any]) -> None:
    """An epoch that somebody has opened is nobody's organisation yet."""
    house = opened(Club(clocked=True))
    before = house.state
    refused(house, house.act("heron", type_, **body), "epoch/waiting", before)


def test_acts_on_a_succession_are_those_on_any_proposal() -> None:
    """It can be objected to, approved, withdrawn and proposed again; an act on nothing is refused as everywhere."""
    house = opened(Club(clocked=True))
    first = house.succeed("heron")
    house.do("tern", "object", proposal=first)
    house.do("heron", "withdraw", what="proposal", of=first)
    assert house.status(first) == "withdrawn"
    before = house.state
    refused(house, house.act("heron", "approve", proposal=text("nothing")), "act/no-proposal", before)
    second, third = house.succeed("heron", "tern"), house.succeed("plover")
    house.approve(second, "curlew")
    house.attest(T0 + 1)
    assert (house.status(second), house.status(third)) == ("enacted", "void")


def test_a_succession_names_the_epoch_that_it_decides() -> None:
    """Its payload is the id of this log's first entry, so nothing signed for one epoch could be meant for another."""
    house = opened(Club(clocked=True))
    before = house.state
    body = {"kind": "succeed", "payload": {"open": text("another")}, "not_after": FAR}
    refused(house, house.act("heron", "propose", **body), "epoch/other-open", before)


def test_a_succession_is_not_decided_in_the_log_that_it_leaves() -> None:
    """There the server could enact it late or hide it, and the members of the new log would not know."""
    club = Club(clocked=True)
    body = {"kind": "succeed", "payload": {"open": text("another")}, "not_after": FAR}
    club.refused("heron", "propose", "epoch/not-here", **body)
    house = opened(club)
    again = house.succeed(*FLOCK[:3])
    house.attest(T0 + 1)
    before = house.state
    opening = epoch_of(house.state)
    assert opening is not None
    refused(house, house.act("heron", "propose", **{**body, "payload": {"open": opening.open}}), "epoch/not-here", before)
    assert house.status(again) == "enacted"


def test_an_epoch_is_opened_once_and_by_its_first_entry() -> None:
    """A log whose first entry is anything else never becomes an epoch, whatever follows; a second `open` is refused."""
    club = Club(clocked=True)
    house = club.branch_off("next")
    before = house.state
    assert house.act("heron", "withdraw", what="seat", of="chair").code == "entry/seen-nothing"
    refused(house, house.open("heron", POLICY), "epoch/none", before)
    house = club.branch_off("attest")
    before = house.state
    refused(house, house.append(attest_entry(org=club.org, epoch=1, note=club.note(T0))), "epoch/first", before)
    house = opened(club)
    before = house.state
    parent = {"origin": club.state.origin, "size": 1, "root": ""}
    refused(house, house.act("heron", "open", parent=parent, log_key=""), "epoch/again", before)


def test_only_a_member_opens_an_epoch_and_with_their_kit() -> None:
    """A stranger's key, a departed member's and a passkey open nothing."""
    club = Club(clocked=True)
    passkey = Authenticator()
    change = club.decide("rotate-key", {"member": "tern", "add": [passkey.passkey.to_value()], "revoke": []}, "tern", by="tern")
    club.tick()
    assert club.status(change) == "enacted"
    club.propose("dunlin", "depart", {"member": "dunlin"})
    club.tick()
    parent = value_of(club.branch_off("x").state.parent)
    body = {"parent": parent, "log_key": b64.encode(club.log.verifier.public), "policy": POLICY}
    house = club.branch_off("dunlin")
    assert house.act("dunlin", "open", **body).code == "key/revoked"
    house = club.branch_off("stranger")
    assert house.act("heron", "open", kit=club.new_kit("heron"), **body).code == "key/unknown"
    pressed = Club.__new__(Club)
    pressed.__dict__ = club.branch_off("pressed").__dict__
    assert pressed.press("tern", passkey, "open", **body).code == "act/needs-kit"
    assert house.state.phase == pressed.state.phase == "branched"


@pytest.mark.parametrize(
    ("bent", "code"),
    [
        ({"parent": {"origin": "elsewhere"}}, "epoch/other-parent"),
        ({"parent": {"size": 3}}, "epoch/other-parent"),
        ({"parent": {"root": b64.encode(bytes(32))}}, "epoch/other-parent"),
        ({"log_key": b64.encode(bytes(32))}, "key/weak"),
        ({"log_key": "AA=="}, "base64/length"),
        ({"policy": {}}, "effect/empty-policy"),
        ({"policy": {**POLICY, "quorum": "none"}}, "effect/empty-policy"),
        ({"policy": {**POLICY, "quorum": "nobody"}}, "policy/undefined-name"),
    ],
)
def test_an_epoch_names_its_place_its_key_and_its_partners(bent: dict[str, Any], code: str) -> None:
    """Another place of the record, a weak key or a policy that asks nobody is refused before anybody approves."""
    house = Club(clocked=True).branch_off("next")
    body: dict[str, Any] = {
        "parent": value_of(house.state.parent),
        "log_key": b64.encode(house.log.verifier.public),
        "policy": POLICY,
    }
    for field, value in bent.items():
        body[field] = {**body[field], **value} if field == "parent" else value
    if body["policy"] == {}:
        del body["policy"]
    assert house.act("heron", "open", **body).code == code
    assert house.state.phase == "branched"


@attack(
    "epoch-own-witness",
    Mutation(
        "src/commonhold/kernel/record/partners.py",
        find="Policy.build((VerifierKey.of(origin, log_key),), payload",
        replace="Policy.build((), payload",
    ),
)
def test_the_log_key_of_an_epoch_is_none_of_its_partners() -> None:
    """A partner who also keeps the log would witness itself."""
    club = Club(clocked=True)
    for partners in (club.partners, _ELSEWHERE.partners):
        house = club.branch_off("next")
        house.log = next(iter(partners.values()))
        assert house.open("heron", POLICY).code == "policy/duplicate-key"


def test_only_an_epoch_in_which_the_organisation_lives_has_a_next() -> None:
    """A founding that is not complete, a branch and a succession under way are no places to branch off."""
    club = Club()
    for state in (fold(club.leaves[:2]), opened_state(club)):
        with pytest.raises(RuleError) as refusal:
            branch(state, bytes(32))
        assert refusal.value.code == "epoch/not-running"


def opened_state(club: Club) -> State:
    house = club.branch_off("next")
    house.open("heron")
    return house.state


def test_an_epoch_after_an_epoch_counts_on() -> None:
    """Numbers, indexes and origins go on; terms, keys and ids that were consumed too."""
    club = Club(clocked=True)
    first = opened(club)
    first.succeed(*FLOCK[:3])
    first.attest(T0 + 1)
    second = opened(first, "tern", seed="third")
    second.succeed(*FLOCK[2:])
    second.attest(T0 + 2)
    assert (second.state.epoch, second.state.phase) == (2, "running")
    assert second.state.size == club.tree.size + first.tree.size + second.tree.size
    assert second.state.covered == second.state.size - 1
    assert set(second.state.part("epochs")) == {"1", "2"}
    assert set(second.state.ids) > set(club.state.ids)
    assert second.act("heron", "withdraw", what="seat", of="chair").counts


def test_members_on_probation_do_not_count_for_a_succession() -> None:
    """Whoever was admitted yesterday moves nothing today, witnessed or not; the register does not hold them either."""
    club = Club(clocked=True)
    club.admit("gannet")
    house = opened(club)
    for unwitnessed in (False, True):
        succession = house.succeed("heron", unwitnessed=unwitnessed)
        assert house.act("gannet", "approve", proposal=succession).code == "act/cannot-count"
        assert house.state.proposal(succession).bases == {"assembly": 5}  # type: ignore[union-attr] # it is there since the lines above


def test_a_suspension_binds_in_the_next_epoch_too() -> None:
    """Whoever seized the domain gains nothing by the move."""
    club = Club(clocked=True)
    club.decide("suspend-origin", {"origin": "https://club.example"}, "heron", "tern")
    club.tick()
    house = opened(club)
    house.succeed(*FLOCK[:3])
    house.attest(T0 + 60)
    assert set(house.state.part("origins")) == {"https://club.example"}


CLUB = Club(clocked=True)


@given(size=st.integers(6, CLUB.tree.size), names=st.permutations(FLOCK), count=st.integers(1, 5), unwitnessed=st.booleans())
def test_a_branch_at_any_place_needs_the_register_of_that_place(size: int, names: list[str], count: int, unwitnessed: bool) -> None:
    """Wherever it branches off: below the share of that register the organisation does not move, and from it on it does."""
    house = CLUB.branch_off("next", size)
    clocked = house.state.clock is not None
    assert house.open("heron", POLICY).counts
    house.succeed(*names[:count], unwitnessed=unwitnessed or not clocked)
    if clocked:
        house.attest(T0 + 1)
    assert (house.state.phase == "running") == (count >= (4 if unwitnessed or not clocked else 3))

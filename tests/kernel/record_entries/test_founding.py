"""The founding: nobody is invented, nobody counts before everybody has accepted, and no charter that cannot work is founded under."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pytest

from commonhold.kernel import b64
from commonhold.kernel.kit import Kit
from commonhold.kernel.record import entries
from commonhold.kernel.record.digest import StateTree
from commonhold.kernel.record.fold import Outcome, apply
from commonhold.kernel.record.founding import MAX_FOUNDERS, origin_of
from commonhold.kernel.record.state import State, empty_state
from commonhold.kernel.tlog.hashes import EMPTY_ROOT
from commonhold.testing.house import MemoryHouse, derive
from tests.authenticator import Authenticator
from tests.kernel.attacks.saltmarsh import MEMBERS, SEATS, charter, house, statement

KITS = {name: Kit(derive("founding", name)) for name in MEMBERS}


def body(**changes: Any) -> dict[str, Any]:
    return {
        "charter": charter(),
        "log_key": b64.encode(KITS["avocet"].keys.sign),
        "members": [{"member": name, "kit": kit.keys.to_value()} for name, kit in KITS.items()],
        "seats": [{"office": office, "member": member} for office, member in SEATS.items()],
        **changes,
    }


def founded(value: Mapping[str, Any], by: str = "heron", kit: Kit | None = None, epoch: int = 0) -> tuple[State, Outcome]:
    """A record that begins with a founding of this body, by this founder."""
    kit = kit or KITS[by]
    unsigned = entries.unsigned_entry(type="found", org="", epoch=epoch, by=by, key=kit.key_id, seen=None, nonce=bytes(16), body=value)
    raw = entries.with_signature(unsigned, kit.sign(entries.signed_bytes(unsigned)))
    return apply(empty_state(), raw, lambda _: EMPTY_ROOT)


def assert_nothing_founded(state: State, outcome: Outcome, code: str) -> None:
    """The leaf keeps its place, and there is no organisation, and there never will be one in this log."""
    assert (outcome.counts, outcome.code) == (False, code)
    assert (state.phase, state.org, state.size) == ("empty", "", 1)
    assert StateTree.of(state).count == 0


def test_an_organisation_is_its_founding() -> None:
    """Its id is the id of the founding entry, its origin holds that id and its log key, and its founders are invited."""
    state, outcome = founded(body())
    assert outcome.counts
    assert outcome.entry is not None
    assert state.org == outcome.entry.id
    assert state.origin == origin_of(state.org, 0, KITS["avocet"].keys.sign)
    assert (state.phase, state.size, state.clock) == ("founding", 1, None)
    assert {member.status for member in state.parts["members"].values()} == {"invited"}
    assert [event.name for event in outcome.events] == ["found"]
    assert list(state.active_members()) == []


def test_nothing_counts_before_every_founder_has_accepted() -> None:
    """Whatever else is signed while one founder is missing is refused with the names of those who are; with the last, the house exists."""
    made = MemoryHouse(charter(), MEMBERS, SEATS, seed="founding")
    for name in MEMBERS[:-1]:
        made.do(name, "accept", of=made.org)
        refused = made.act("heron", "propose", kind="statement", payload=statement("we speak for all"), not_after=1)
        assert refused.code == "found/waiting"
        assert "avocet" in refused.words
        assert refused.next_step
        assert made.state.phase == "founding"
    for other in ({"type": "accept", "of": "ab" * 32}, {"type": "withdraw", "what": "seat", "of": "chair"}):
        assert made.act("avocet", **other).code == "found/waiting"
    assert made.attest(1).code == "attest/no-policy"
    assert made.state.phase == "founding"
    assert not made.state.parts["proposals"]
    last = made.act("avocet", "accept", of=made.org)
    assert [event.name for event in last.events] == ["founded"]
    assert made.state.phase == "running"
    assert {name for name, _ in made.state.active_members()} == set(MEMBERS)
    assert made.state.offices_of("heron") == ("chair",)


def test_a_founding_that_lists_somebody_without_their_consent_never_comes_to_life() -> None:
    """Nobody can accept for somebody else, so an invented or unwilling founder stops the founding for good."""
    made = MemoryHouse(charter(), MEMBERS, SEATS, seed="founding")
    for name in MEMBERS[:-1]:
        made.do(name, "accept", of=made.org)
    assert made.act("heron", "accept", of=made.org).code == "found/accepted"
    forged = made.sign("avocet", "accept", {"of": made.org}, kit=made.kits["heron"])
    assert made.append(forged).code == "key/other-member"
    assert made.append(made.sign("avocet", "accept", {"of": made.org}, kit=made.new_kit("avocet"))).code == "key/unknown"
    assert made.state.phase == "founding"
    member = made.state.member("avocet")
    assert member is not None
    assert member.status == "invited"


def test_a_founder_accepts_what_they_have_seen() -> None:
    """A consent signed before the founding was in the log is a consent to nothing."""
    made = MemoryHouse(charter(), MEMBERS, SEATS, seed="founding")
    assert made.act("heron", "accept", seen=0, of=made.org).code == "act/seen-too-little"
    made.do("heron", "accept", of=made.org)


def test_a_record_has_one_founding() -> None:
    """A second founding in the same log founds nothing and moves nothing."""
    made = house()
    before = StateTree.of(made.state).root()
    assert made.append(made.leaves[0]).code == "found/again"
    assert StateTree.of(made.state).root() == before


def test_a_record_whose_first_leaf_is_no_founding_stays_empty() -> None:
    """Neither rubbish nor a later founding makes such a log a record, and every leaf is told why."""
    made = house()
    for first in (b"rubbish", made.leaves[1], entries.attest_entry(org=made.org, epoch=0, note="x")):
        state, outcome = apply(empty_state(), first, lambda _: EMPTY_ROOT)
        assert outcome.code in {"canonical/not-json", "found/first"}
        for number, leaf in enumerate((made.leaves[0], made.leaves[1], b"{}"), 1):
            state, outcome = apply(state, leaf, lambda _: EMPTY_ROOT)
            assert outcome.code == ("entry/fields" if leaf == b"{}" else "found/none")
            assert (state.phase, state.org, state.size) == ("empty", "", number + 1)


WEAK = b64.encode(b"\x01" + bytes(31))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"log_key": "AAAA"}, "base64/length"),
        ({"log_key": WEAK}, "key/weak"),
        ({"charter": {}}, "charter/form"),
        ({"members": []}, "charter/top-act-everybody"),
        ({"members": [{"member": name, "kit": KITS["heron"].keys.to_value()} for name in MEMBERS]}, "enrol/key-used"),
        ({"members": [{"member": "heron", "kit": kit.keys.to_value()} for kit in KITS.values()]}, "found/members"),
        ({"members": [{"member": name, "kit": {**KITS[name].keys.to_value(), "sign": WEAK}} for name in MEMBERS]}, "key/weak"),
        ({"members": [{"member": name, "kit": Authenticator().passkey.to_value()} for name in MEMBERS]}, "key/not-a-kit"),
        ({"seats": [{"office": "chair", "member": "stranger"}]}, "found/seat"),
        ({"seats": [{"office": "admiral", "member": "heron"}]}, "effect/no-office"),
        ({"seats": [{"office": "chair", "member": "heron"}, {"office": "treasurer", "member": "heron"}]}, "effect/incompatible"),
        ({"seats": [{"office": "chair", "member": "heron"}, {"office": "chair", "member": "tern"}]}, "effect/full"),
    ],
    ids=[
        "short-log-key",
        "weak-log-key",
        "no-charter",
        "nobody",
        "one-key-for-all",
        "twice",
        "weak-kit",
        "passkey",
        "stranger",
        "office",
        "two",
        "full",
    ],
)
def test_a_founding_that_cannot_be_one_founds_nothing(changes: dict[str, Any], code: str) -> None:
    """A weak key, one key for two people, somebody listed twice or seated without being listed: the leaf stays and means nothing."""
    assert_nothing_founded(*founded(body(**changes)), code)


def test_two_founders_cannot_share_one_age_recipient() -> None:
    """Whoever could open what is sealed to another founder is refused beside them."""
    shared = [
        {"member": name, "kit": {**kit.keys.to_value(), "age": KITS["heron"].keys.age} if name == "tern" else kit.keys.to_value()}
        for name, kit in KITS.items()
    ]
    assert_nothing_founded(*founded(body(members=shared)), "enrol/age-used")


def test_no_more_people_found_than_can_be_waited_for() -> None:
    """One silent founder stops a founding, so there is a bound on how many there are."""
    many = [{"member": f"m-{n}", "kit": {"kind": "kit"}} for n in range(MAX_FOUNDERS + 1)]
    state, outcome = founded(body(members=[{"member": "heron", "kit": KITS["heron"].keys.to_value()}, *many]))
    assert_nothing_founded(state, outcome, "found/members")
    assert str(MAX_FOUNDERS) in outcome.words


def test_a_charter_that_its_founders_could_never_meet_is_refused_with_the_article() -> None:
    """Who asks for more signatures than there are founders hears it before anybody signs, with the article that says so."""
    value = copy.deepcopy(charter())
    value["rules"]["decisions"]["suspend-origin"]["by"]["signatures"]["m"] = 9
    state, outcome = founded(body(charter=value))
    assert not outcome.counts
    assert outcome.code.startswith("charter/")
    assert "4.3" in outcome.words
    assert_nothing_founded(state, outcome, outcome.code)


def test_a_founding_is_signed_by_a_founder_with_their_own_kit() -> None:
    """Neither a stranger, nor a founder with another's key, nor a bare copy of the signature can found."""
    stranger = Kit(derive("stranger"))
    assert_nothing_founded(*founded(body(), by="stranger", kit=stranger), "found/author")
    assert_nothing_founded(*founded(body(), by="tern", kit=KITS["heron"]), "found/author")
    assert_nothing_founded(*founded(body(), epoch=1), "found/first")
    kit = KITS["heron"]
    unsigned = entries.unsigned_entry(type="found", org="", epoch=0, by="heron", key=kit.key_id, seen=None, nonce=bytes(16), body=body())
    for raw, code in (
        (entries.with_signature(unsigned, kit.sign(b"something else")), "signature/invalid"),
        (entries.with_assertion(unsigned, authenticator=b"a", client=b"c", signature=b"s"), "found/kit"),
    ):
        assert_nothing_founded(*apply(empty_state(), raw, lambda _: EMPTY_ROOT), code)

"""Laws of the proof of two successions: whoever signed for both is named, and nothing that is not proved is believed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from commonhold.kernel import b64
from commonhold.kernel.canonical import canonical_bytes
from commonhold.kernel.errors import CommonholdError
from commonhold.kernel.ids import origin_of
from commonhold.kernel.notes import SignerKey
from commonhold.kernel.record.succession import epoch_of
from commonhold.kernel.record.twosuccessions import (
    Proved,
    Succession,
    TwoSuccessions,
    check_two_successions,
    is_two_successions,
    parse_two_successions,
)
from commonhold.testing.house import MemoryHouse, derive
from tests.attacks import Mutation, attack
from tests.kernel.record.helpers import FLOCK, Club
from tests.kernel.record.test_history import moved
from tests.kernel.record.test_succession import POLICY, opened

TWO = "src/commonhold/kernel/record/twosuccessions.py"
CLUB = Club(clocked=True)
ONE, OTHER = moved(CLUB, *FLOCK[:3], seed="one"), moved(CLUB, *FLOCK[2:], seed="two")
KEYS = {kit.key_id: kit.keys.to_value() for kit in CLUB.kits.values()}


def places(house: MemoryHouse) -> list[int]:
    """Where the open, the proposal and the approvals stand in a log."""
    epoch = epoch_of(house.state)
    assert epoch is not None
    proposal = house.state.parts["proposals"][epoch.proposal]
    base = house.state.base
    return [0, proposal.index - base, *sorted(act.index - base for act in proposal.approvals.values())]


def succession(house: MemoryHouse, at: list[int] | None = None) -> Succession:
    chosen = places(house) if at is None else at
    log = SignerKey(house.state.origin, derive(house.seed, "log")).verifier
    entries = tuple(Proved(place, house.leaves[place], tuple(house.tree.inclusion_proof(place))) for place in chosen)
    return Succession(log, house.checkpoint().decode(), entries)


def both(one: Succession | None = None, other: Succession | None = None, **changes: Any) -> TwoSuccessions:
    given = {"org": CLUB.org, "successions": (one or succession(ONE), other or succession(OTHER)), "keys": KEYS, **changes}
    return TwoSuccessions(**given)


def code(file: TwoSuccessions) -> str:
    """Why a file is refused."""
    with pytest.raises(CommonholdError) as refused:
        check_two_successions(parse_two_successions(file.canonical_bytes()))
    return refused.value.code


def test_who_signed_for_both_is_named() -> None:
    """Three of five on the one side and three on the other share a member, and the file shows which."""
    file = both()
    assert parse_two_successions(file.canonical_bytes()) == file
    voices, others = check_two_successions(file)
    assert (voices, others) == (frozenset(FLOCK[:3]), frozenset(FLOCK[2:]))
    assert voices & others == {FLOCK[2]}


@attack(
    "partner-false-evidence",
    Mutation(TWO, find="            or not ed25519.is_valid(public.sign, entry.signed_bytes, entry.sig.value)\n", replace=""),
    Mutation(
        TWO,
        find='        if entry.type != "approve" or entry.body.proposal != proposal.id:\n',
        replace='        if entry.type != "approve":\n',
    ),
    Mutation(
        TWO,
        find="        verify_inclusion(proved.index, checkpoint.size, leaf_hash(proved.leaf), proved.hashes, checkpoint.root)\n",
        replace="",
    ),
)
def test_nobody_is_made_to_have_signed_twice() -> None:
    """An approval of something else, of another log, without its own signature or its proof is refused, and so is a log that is not the one that was opened."""
    at = places(ONE)
    elsewhere = opened(CLUB, "tern", seed="third")
    forged = CLUB.branch_off("forged")
    assert forged.open("heron", POLICY).counts
    epoch = epoch_of(forged.state)
    assert epoch is not None
    proposal = forged.propose("heron", "succeed", {"open": epoch.open})
    assert not forged.act("tern", "approve", proposal=proposal, kit=forged.new_kit("tern")).counts
    stray = forged.propose("heron", "succeed", {"open": epoch.open})
    forged.approve(stray, "plover")
    assert code(both(succession(forged, [0, 1, 2]))) == "key/kind", "a key that the file does not hold"
    strange = forged.outcomes[2].entry
    assert strange is not None
    assert code(both(succession(forged, [0, 1, 2]), keys=KEYS | {strange.key: KEYS[CLUB.kits["tern"].key_id]})) == "signature/invalid"
    unsigned = json.loads(forged.sign("curlew", "approve", {"proposal": proposal}))
    unsigned["sig"]["value"] = b64.encode(bytes(64))
    forged.append(canonical_bytes(unsigned))
    assert code(both(succession(forged, [0, 1, 5]))) == "signature/invalid", "a key that is curlew's, and a signature that is nobody's"
    assert code(both(succession(forged, [0, 1, 4]))) == "two-successions/approval"
    assert code(both(succession(forged, [0, 1, 3]))) == "two-successions/approval"
    assert code(both(succession(ONE, at[1:]))) == "two-successions/open"
    assert code(both(succession(ONE, [0, 0]))) == "two-successions/proposal"
    assert code(both(succession(ONE, [0, at[2]]))) == "two-successions/proposal"
    assert code(both(succession(elsewhere, [0, 0]))) == "two-successions/proposal"
    one = succession(ONE)
    moved_on = Succession(
        one.log, one.note, (one.entries[0], one.entries[1], Proved(at[2], OTHER.leaves[places(OTHER)[2]], one.entries[2].hashes))
    )
    assert code(both(moved_on)) == "proof/root"
    assert code(both(Succession(succession(OTHER).log, one.note, one.entries))) == "note/no-known-key"
    assert code(both(org="0" * 64)) == "two-successions/open"


def test_what_does_not_exclude_each_other_is_no_contradiction() -> None:
    """One log twice, or an epoch and the next after it, can both stand."""
    assert code(both(succession(ONE), succession(ONE))) == "two-successions/none"
    after = opened(ONE, "tern", seed="after")
    epoch = epoch_of(after.state)
    assert epoch is not None
    after.propose("tern", "succeed", {"open": epoch.open})
    assert code(both(succession(ONE), succession(after, [0, 1]))) == "two-successions/none"


def test_a_log_that_was_not_opened_by_that_entry_is_refused() -> None:
    """Another log cannot take in the `open` that names a key which is not its own."""
    thief = CLUB.branch_off("thief")
    for leaf in ONE.leaves:
        thief.append(leaf)
    thief.log = SignerKey("log", derive("thief", "another"))
    log = SignerKey(origin_of(CLUB.org, 1, thief.log.verifier.public), thief.log.seed)
    note = thief.checkpoint().decode()
    stolen = Succession(log.verifier, note, succession(ONE).entries)
    assert code(both(stolen)) == "two-successions/open"


@pytest.mark.parametrize(
    "change",
    [
        {"type": "commonhold/other/v1"},
        {"org": 7},
        {"keys": []},
        {"logs": []},
        {"logs": [7, 7]},
        {"more": 1},
        {"logs": [{"log": "a", "note": "b", "entries": []}] * 2},
        {"keys": {f"{turn}": 0 for turn in range(2049)}},
    ],
)
def test_what_is_no_proof_of_this_form_is_refused(change: dict[str, Any]) -> None:
    """Fields that are missing, unknown, of another type or too many."""
    value = json.loads(both().canonical_bytes())
    with pytest.raises(CommonholdError) as refused:
        parse_two_successions(canonical_bytes(value | change))
    assert refused.value.code == "two-successions/form"


@pytest.mark.parametrize("change", [{"index": "0"}, {"hashes": [7]}, {"hashes": ["a"] * 64}, {"leaf": "A" * 87_384 + "="[:0]}, {"more": 1}])
def test_an_entry_of_another_form_is_refused(change: dict[str, Any]) -> None:
    """An index that is no number, hashes that are none or too many, and a leaf that no log could hold."""
    value = json.loads(both().canonical_bytes())
    value["logs"][0]["entries"][0] |= change
    with pytest.raises(CommonholdError) as refused:
        parse_two_successions(canonical_bytes(value))
    assert refused.value.code == "two-successions/form"
    assert not is_two_successions(7)

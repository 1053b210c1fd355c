"""The fold: one state for one log, whatever is in it, and nothing that a hostile leaf can do but stand there."""

from __future__ import annotations

import copy
import hashlib
import json
from functools import cache
from typing import Any

import immutables
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from commonhold.kernel.canonical import canonical_bytes
from commonhold.kernel.record import entries
from commonhold.kernel.record import fold as fold_module
from commonhold.kernel.record.digest import StateTree
from commonhold.kernel.record.entries import parse_entry
from commonhold.kernel.record.fold import apply, fold
from commonhold.kernel.record.state import Seat, State, empty_state
from commonhold.testing.house import MemoryHouse
from tests.authenticator import Authenticator
from tests.kernel.attacks.saltmarsh import START, charter, digest, house, partnered, statement


def root_of(state: State) -> bytes:
    return StateTree.of(state).root()


def with_passkey() -> tuple[MemoryHouse, Authenticator]:
    """A house in which plover, the editor, has a passkey beside the kit."""
    made, authenticator = house(), Authenticator()
    made.propose("plover", "rotate-key", {"member": "plover", "add": [authenticator.passkey.to_value()], "revoke": []})
    [made.approve(proposal, "plover") for proposal in list(made.state.opened)]
    assert authenticator.passkey.key_id in made.state.keyring
    return made, authenticator


def by_passkey(made: MemoryHouse, authenticator: Authenticator, kind: str, body: dict[str, Any], name: str = "plover") -> bytes:
    unsigned = entries.unsigned_entry(
        type=kind,
        org=made.org,
        epoch=0,
        by=name,
        key=authenticator.passkey.key_id,
        seen=(made.tree.size, made.tree.root()),
        nonce=made.tree.root()[:16],
        body=body,
    )
    data, client, value = authenticator.assertion(hashlib.sha256(entries.signed_bytes(unsigned)).digest())
    return entries.with_assertion(unsigned, authenticator=data, client=client, signature=value)


def test_folding_the_leaves_again_gives_the_same_state() -> None:
    """The state is a function of the leaves alone: fold them anywhere, and the digest is the same to the bit."""
    made = partnered()
    made.append(b"rubbish")
    proposal = made.propose("heron", "statement", statement("on air"))
    made.approve(proposal, "heron", "tern")
    made.attest(START + 60)
    again = fold(made.leaves)
    assert root_of(again) == root_of(made.state)
    assert (again.size, again.org, again.clock, again.covered) == (made.state.size, made.org, START + 60, made.state.covered)
    assert dict(again.ids) == dict(made.state.ids)


def test_a_refused_leaf_changes_nothing_but_the_count() -> None:
    """Rubbish keeps its index, and the digest of the state is what it was."""
    made = house()
    before, size = root_of(made.state), made.state.size
    for raw in (
        b"",
        b"rubbish",
        b"{}",
        b"\xff" * 70_000,
        b"[" * 50_000,
        canonical_bytes({"type": []}),
        entries.attest_entry(org=made.org, epoch=0, note="x"),
    ):
        outcome = made.append(raw)
        assert not outcome.counts
        assert outcome.code
        assert len(outcome.words) < 400
        assert outcome.changed == frozenset()
        assert root_of(made.state) == before
    assert made.state.size == size + 7


def test_the_type_of_a_leaf_may_be_anything_and_the_fold_goes_on() -> None:
    """A type that is no string, in a leaf that is otherwise whole, is refused like any other: a server cannot stop the fold with it."""
    made = house()
    raw = json.loads(made.leaves[1])
    for kind in ([], {}, 7, True, ["accept"], "x" * 60_000):
        outcome = made.append(canonical_bytes({**raw, "type": kind}))
        assert outcome.code == "entry/type"
    assert made.act("heron", "withdraw", what="seat", of="chair").counts


def test_a_parsed_entry_and_its_bytes_fold_alike() -> None:
    """Whoever has parsed an entry already need not have it parsed again."""
    made = house()
    raw = made.sign("heron", "propose", {"kind": "statement", "payload": statement("x"), "not_after": START})
    by_bytes, first = apply(made.state, raw, made.tree.root)
    by_entry, second = apply(made.state, parse_entry(raw), made.tree.root)
    assert first == second
    assert root_of(by_bytes) == root_of(by_entry)


def test_a_signature_answer_from_elsewhere_is_believed_for_a_kit_only() -> None:
    """The answer worked out on another core counts for the mathematics and for nothing else: whose key it is the fold decides."""
    made = house()
    raw = made.sign("heron", "propose", {"kind": "statement", "payload": statement("x"), "not_after": START})
    assert apply(made.state, raw, made.tree.root, signature_ok=False)[1].code == "signature/invalid"
    assert apply(made.state, raw, made.tree.root, signature_ok=True)[1].counts
    foreign = made.sign("tern", "accept", {"of": made.org}, kit=made.kits["heron"])
    assert apply(made.state, foreign, made.tree.root, signature_ok=True)[1].code == "key/other-member"


def test_a_passkey_signs_everyday_acts() -> None:
    """An editor publishes a work with a passkey, and the same assertion over anything else is refused."""
    made, passkey = with_passkey()
    body = {"kind": "publish", "payload": {"work": digest("programme")}, "not_after": START}
    outcome = made.append(by_passkey(made, passkey, "propose", body))
    assert outcome.counts, outcome.words
    assert outcome.entry is not None
    assert made.append(by_passkey(made, passkey, "approve", {"proposal": outcome.entry.id})).counts
    assert digest("programme") in made.state.parts["works"]
    for act, code in (
        (by_passkey(made, passkey, "propose", {"kind": "statement", "payload": statement("x"), "not_after": START}), "act/needs-kit"),
        (by_passkey(made, passkey, "propose", body, name="heron"), "key/other-member"),
    ):
        assert made.append(act).code == code
    bent = json.loads(by_passkey(made, passkey, "propose", body))
    bent["nonce"] = "AAAAAAAAAAAAAAAAAAAAAA=="
    refused = made.append(canonical_bytes(bent))
    assert not refused.counts
    assert refused.code.startswith("webauthn/")
    assert refused.entry is not None
    assert refused.entry.id not in made.state.ids


def test_each_kind_of_key_signs_in_its_own_way() -> None:
    """A kit makes no assertion, a passkey no bare signature, and an entry without a signature is nobody's."""
    made, passkey = with_passkey()
    whole = json.loads(by_passkey(made, passkey, "withdraw", {"what": "seat", "of": "editor"}))
    assertion = whole["sig"]
    bare = {"kind": "ed25519", "value": "A" * 86 + "=="}
    assert made.append(canonical_bytes({**whole, "sig": bare})).code == "signature/kind"
    by_kit = json.loads(made.sign("plover", "withdraw", {"what": "seat", "of": "editor"}))
    assert made.append(canonical_bytes({**by_kit, "sig": assertion})).code == "signature/kind"
    unsigned = replace(parse_entry(canonical_bytes(by_kit)), sig=None)
    assert apply(made.state, unsigned, made.tree.root)[1].code == "signature/absent"
    assert made.state.offices_of("plover") == ("editor",)


def test_an_act_counts_for_one_organisation_and_one_epoch() -> None:
    """What is signed for another organisation is nobody's here; what is signed for another epoch is used up without effect."""
    made, other = house(), house(seed="elsewhere")
    raw = made.sign("heron", "withdraw", {"what": "seat", "of": "chair"}, org=other.org)
    outcome = made.append(raw)
    assert outcome.code == "entry/other-org"
    assert outcome.entry is not None
    assert outcome.entry.id not in made.state.ids
    raw = made.sign("heron", "withdraw", {"what": "seat", "of": "chair"}, epoch=1)
    outcome = made.append(raw)
    assert outcome.code == "entry/other-epoch"
    assert outcome.entry is not None
    assert outcome.entry.id in made.state.ids
    assert made.append(entries.attest_entry(org=made.org, epoch=1, note="x")).code == "entry/other-epoch"
    assert made.state.offices_of("heron") == ("chair",)


def test_an_act_is_signed_over_this_log_and_not_over_its_future() -> None:
    """Who claims to have seen more entries than there are, or another log, is refused."""
    made = house()
    size = made.tree.size
    unsigned = json.loads(made.sign("heron", "withdraw", {"what": "seat", "of": "chair"}))
    del unsigned["sig"]
    for seen, code in (
        ({"size": size + 1, "root": unsigned["seen"]["root"]}, "entry/seen-future"),
        ({"size": size - 1, "root": unsigned["seen"]["root"]}, "entry/seen-other"),
    ):
        value = {**unsigned, "seen": seen}
        outcome = made.append(entries.with_signature(value, made.kits["heron"].sign(entries.signed_bytes(value))))
        assert outcome.code == code
        assert outcome.entry is not None
        assert outcome.entry.id in made.state.ids
    assert made.state.offices_of("heron") == ("chair",)


def test_one_member_cannot_fill_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """Proposals and withdrawals of one member are bounded for each block of entries; others go on, and the next block starts afresh."""
    monkeypatch.setattr(fold_module, "MAX_OPENINGS_PER_BLOCK", 6)
    monkeypatch.setattr(fold_module, "BLOCK", 20)
    made = house()
    assert made.state.size == 6
    for _ in range(3):
        proposal = made.propose("heron", "statement", statement("x"))
        made.do("heron", "withdraw", what="proposal", of=proposal)
    outcome = made.act("heron", "propose", kind="statement", payload=statement("x"), not_after=START)
    assert outcome.code == "entry/too-many"
    assert "starts again at entry 20" in outcome.next_step
    mine = made.propose("tern", "statement", statement("y"))
    made.approve(mine, "heron", "tern")
    assert made.status(mine) == "enacted"
    while made.state.size < 20:
        made.append(b"rubbish")
    made.propose("heron", "statement", statement("x"))
    assert made.act("heron", "withdraw", what="seat", of="chair").counts


def test_whoever_left_acts_no_more() -> None:
    """A member who departed has no key that counts, so nothing they sign afterwards is theirs to sign."""
    made = house()
    leaving = made.propose("avocet", "depart", {"member": "avocet"})
    assert made.status(leaving) == "enacted"
    assert made.act("avocet", "withdraw", what="seat", of="chair").code == "key/revoked"
    # Even with the key alive (which the fold never leaves so) the register decides.
    draft = made.state.thaw()
    draft.keyring = draft.keyring.set(made.kits["avocet"].key_id, type(draft.keyring[made.kits["avocet"].key_id])("avocet", 0))
    entry = parse_entry(made.sign("avocet", "accept", {"of": made.org}))
    assert apply(draft.freeze(), entry, made.tree.root)[1].code == "act/not-a-member"


def test_a_state_cannot_be_changed() -> None:
    """Whoever holds a state holds it for good: it answers questions and takes no orders."""
    made = house()
    state = made.state
    with pytest.raises(AttributeError, match="immutable; size is set on a draft"):
        state.size = 7
    before = root_of(state)
    draft = state.thaw()
    draft.put("works", "x", 1)
    draft.drop("works", "y")
    draft.unseat("chair", "nobody")
    draft.unseat("chair", "heron")
    draft.seat(Seat("editor", "tern", "offered", state.org, 1))
    draft.unseat("editor", "tern")
    assert draft.changed == {("works", "x"), ("seats", "chair/heron"), ("seats", "editor/tern")}
    assert [*draft.tenures] == ["chair/heron"], "an offer that was never held is no term"
    assert draft.freeze().offices_of("heron") == ()
    assert root_of(state) == before
    draft.restore(state)
    assert root_of(draft.freeze()) == before
    assert state.part("nothing") == immutables.Map()
    assert state.member("nobody") is None
    assert state.proposal("nothing") is None


@cache
def _partnered() -> MemoryHouse:
    return partnered()


JUNK = st.one_of(
    st.sampled_from([0, -1, 1, 2**53 - 1, True, False, "", "x", "é", "\n", "/", "none", "all", "P1Y", "1/2", "chair", "heron", "ab" * 32]),
    st.sampled_from([[], {}, [[]], [{}], {"kind": "kit"}, ["heron"], {"a": {"b": [1]}}]),
)
HEX = "ab" * 32


@cache
def _bodies() -> dict[str, dict[str, Any]]:
    from tests.kernel.attacks.saltmarsh import amendment
    from tests.kernel.record_entries.test_payloads import GOOD

    made = _partnered()
    kinds: dict[str, dict[str, Any]] = copy.deepcopy({kind: payload for kind, payload in GOOD.items() if kind != "buy-a-mast"})
    kinds["spend_small"] = {"text": HEX, "amount": 5, "currency": "EUR"}
    kinds["amend"] = amendment(made, ("decisions/statement/by/signatures/m", 3))
    kinds["partner"] = {
        "witnesses": {name: str(signer.verifier) for name, signer in made.partners.items()},
        "groups": {"all": {"k": 2, "of": [*made.partners]}},
        "quorum": "all",
    }
    return kinds


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    below: list[tuple[Any, Any]] = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    return [path] * bool(path) + [place for key, item in below for place in _places(item, (*path, key))]


@st.composite
def _bent(draw: st.DrawFn, value: dict[str, Any]) -> dict[str, Any]:
    value = copy.deepcopy(value)
    for _ in range(draw(st.integers(0, 2))):
        places = _places(value)
        if not places:
            break
        *outer, last = draw(st.sampled_from(places))
        table: Any = value
        for key in outer:
            table = table[key]
        if draw(st.booleans()):
            table[last] = draw(JUNK)
        else:
            del table[last]
    return value


@settings(max_examples=60)
@given(st.data())
def test_no_proposal_stops_the_fold(data: st.DataObject) -> None:
    """Whatever a member puts in a proposal, it counts or is refused with words; the state always has a digest, and an attest still moves it."""
    made = _partnered()
    kind = data.draw(st.sampled_from(sorted(_bodies())))
    body: dict[str, Any] = data.draw(_bent({"kind": kind, "payload": _bodies()[kind], "not_after": START + 1000}))
    state, outcome = apply(made.state, made.sign("heron", "propose", body), made.tree.root)
    assert outcome.counts == (not outcome.words)
    assert state.size == made.state.size + 1
    if outcome.counts:
        assert root_of(state) != root_of(made.state)
    else:
        assert root_of(state) == root_of(made.state)
    assert outcome.entry is None or outcome.entry.id in state.ids


@settings(max_examples=40)
@given(st.data())
def test_no_founding_stops_the_fold(data: st.DataObject) -> None:
    """Whatever somebody founds with, there is an organisation afterwards or there is none, and never an accident."""
    kit = _partnered().kits["heron"]
    whole = json.loads(_partnered().leaves[0])
    body = data.draw(_bent(whole["body"]))
    value = {**whole, "body": body}
    del value["sig"]
    raw = entries.with_signature(value, kit.sign(entries.signed_bytes(value)))
    state, outcome = apply(empty_state(), raw, lambda _: b"")
    assert (state.phase == "founding") == outcome.counts
    assert state.size == 1
    assert (StateTree.of(state).count > 0) == outcome.counts


def test_the_charter_of_the_tests_is_the_example() -> None:
    """What is attacked here is what a reader can open in examples/saltmarsh."""
    assert house().state.charter.value == charter()

"""Laws about proof files: what they hold, what is refused, and that nothing in them is believed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonhold.kernel import b64
from commonhold.kernel.canonical import canonical_bytes
from commonhold.kernel.errors import CommonholdError, FormatError, ProofError
from commonhold.kernel.record import prooffile
from commonhold.kernel.record.digest import StateTree
from commonhold.kernel.record.prooffile import (
    ProofFile,
    StateLeaf,
    check_proof_file,
    leaf_of,
    make_proof_file,
    parse_proof_file,
    texts_of,
    what_came_of,
)
from commonhold.kernel.texts import make_text, text_digest
from commonhold.kernel.tlog.merkle import leaf_hash
from commonhold.testing.house import MemoryHouse
from tests.kernel.attacks.saltmarsh import house, statement

TEXT = make_text(b"We move on Monday.\n", bytes(16))
DIGEST = text_digest(TEXT)
PAGE = "https://saltmarsh.example/"


def decided() -> tuple[MemoryHouse, str]:
    """A house with one official statement, and the statement's proposal."""
    made = house()
    proposal = made.propose("heron", "statement", {"text": DIGEST, "language": "en"})
    made.approve(proposal, "heron", "tern")
    return made, proposal


def prove(made: MemoryHouse, entry_id: str, **texts: bytes) -> ProofFile:
    outcome = next(outcome for outcome in made.outcomes if outcome.entry is not None and outcome.entry.id == entry_id)
    assert outcome.entry is not None
    return make_proof_file(made.state, made.tree, tuple(made.leaves), made.checkpoint(), outcome.index, outcome.entry, texts)


HOUSE, PROPOSAL = decided()
FILE = prove(HOUSE, PROPOSAL, **{DIGEST: TEXT})
VALUE: dict[str, Any] = json.loads(FILE.to_bytes())


def bent(**changes: Any) -> bytes:
    return canonical_bytes({**VALUE, **changes})


def bent_leaf(**changes: Any) -> bytes:
    return bent(state=[{**VALUE["state"][0], **changes}])


def test_a_proof_file_comes_back_as_it_was_made() -> None:
    """Its bytes are canonical: one file for one proof, and a newline at its end is forgiven."""
    assert parse_proof_file(FILE.to_bytes()) == FILE
    assert parse_proof_file(FILE.to_bytes() + b"\n") == FILE
    assert FILE.to_bytes() == parse_proof_file(FILE.to_bytes()).to_bytes()
    assert leaf_of(FILE) == leaf_hash(HOUSE.leaves[FILE.proof.index])


def test_a_proof_file_proves_the_proposal_and_what_it_decided() -> None:
    """The values that it proves are the ones of the replayed state."""
    proposal, published = check_proof_file(FILE, HOUSE.state, HOUSE.tree)
    assert (proposal["kind"], proposal["status"]) == ("statement", "enacted")
    assert published["approvers"] == ["heron", "tern"]
    assert [(leaf.part, leaf.key) for leaf in FILE.state] == [("proposals", PROPOSAL), ("statements", DIGEST)]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b"[]",
        FILE.to_bytes()[:-1],
        FILE.to_bytes() + b" ",
        bent(form="commonhold/proof/v2"),
        bent(more=1),
        bent(org=7),
        bent(proof=7),
        bent(proof="c2sp.org/tlog-proof@v1\n"),
        bent(leaves=[]),
        bent(leaves={}),
        bent(leaves="AAAA"),
        bent(leaves=[7]),
        bent(leaves=["AA"]),
        bent(leaves=[b64.encode(bytes(70_000))]),
        bent(state={}),
        bent(state=["x"]),
        bent(state=[{}]),
        bent(texts=[]),
        bent(texts={DIGEST: 7}),
        bent_leaf(hashes={}),
        bent_leaf(hashes=["AAAA"]),
        bent_leaf(index="0"),
        bent_leaf(index=True),
        bent_leaf(count="1"),
        bent_leaf(part=1),
        bent_leaf(key=[]),
        bent_leaf(leaf=1),
    ],
    ids=lambda raw: str(len(raw)),
)
def test_a_malformed_proof_file_is_refused(raw: bytes) -> None:
    """Whatever stands in it, the answer is a FormatError with a reason."""
    with pytest.raises(FormatError) as refused:
        parse_proof_file(raw)
    assert refused.value.code.partition("/")[0] in {"prooffile", "canonical", "tlog-proof", "base64", "note"}


def test_a_proof_file_with_too_many_entries_is_neither_read_nor_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit holds on both sides, so that nobody hands out a file which no reader takes."""
    monkeypatch.setattr(prooffile, "MAX_LEAVES", len(HOUSE.leaves) - 1)
    with pytest.raises(FormatError) as refused:
        parse_proof_file(FILE.to_bytes())
    assert refused.value.code == "prooffile/shape"
    with pytest.raises(FormatError) as unmade:
        prove(HOUSE, PROPOSAL)
    assert unmade.value.code == "prooffile/too-large"
    assert "copy of the record" in unmade.value.next_step


OTHER_KEY = StateLeaf("proposals", PROPOSAL, StateTree.of(HOUSE.state).prove("members", "heron"))


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (replace(FILE, org="0" * 64), "prooffile/org"),
        (replace(FILE, proof=replace(FILE.proof, index=99)), "prooffile/index"),
        (replace(FILE, proof=replace(FILE.proof, index=FILE.proof.index - 1)), "prooffile/inclusion"),
        (replace(FILE, proof=replace(FILE.proof, hashes=FILE.proof.hashes[:-1])), "prooffile/inclusion"),
        (replace(FILE, proof=replace(FILE.proof, hashes=(*FILE.proof.hashes[:-1], bytes(32)))), "prooffile/inclusion"),
        (replace(FILE, texts={DIGEST: make_text(b"We stay.\n", bytes(16))}), "prooffile/text"),
        (replace(FILE, texts={"0" * 64: TEXT}), "prooffile/text"),
        (replace(FILE, state=(OTHER_KEY,)), "state/other-key"),
        (replace(FILE, state=(StateLeaf("members", "heron", FILE.state[0].proof),)), "state/other-key"),
    ],
    ids=["org", "index", "other-entry", "missing-hash", "other-hash", "other-text", "other-digest", "other-proof", "other-name"],
)
def test_a_bent_proof_file_is_refused(file: ProofFile, code: str) -> None:
    """Each part is held against the replayed record: another organisation, entry, hash, text or value gives itself away."""
    with pytest.raises(ProofError) as refused:
        check_proof_file(file, HOUSE.state, HOUSE.tree)
    assert refused.value.code == code


def test_a_state_proof_of_an_earlier_state_is_refused() -> None:
    """A value that was true once proves nothing about the record that the file holds."""
    made, proposal = decided()
    early = StateTree.of(made.state).prove("proposals", proposal)
    made.propose("tern", "statement", statement("later"))
    file = replace(prove(made, proposal), state=(StateLeaf("proposals", proposal, early),))
    with pytest.raises(CommonholdError):
        check_proof_file(file, made.state, made.tree)


def entry_of(made: MemoryHouse, entry_id: str) -> Any:
    return next(outcome.entry for outcome in made.outcomes if outcome.entry is not None and outcome.entry.id == entry_id)


def test_what_came_of_an_entry_is_its_decision() -> None:
    """A proposal, an approval and an acceptance of the seat lead to the proposal; a founding to the charter; anything else to nothing."""
    made = house()
    appointment = made.propose("heron", "appoint", {"office": "editor", "member": "curlew"})
    made.approve(appointment, "heron", "tern", "plover")
    accepted = made.do("curlew", "accept", of=appointment)
    given_up = made.do("curlew", "withdraw", what="seat", of="editor")
    assert what_came_of(made.state, entry_of(made, appointment)) == (("proposals", appointment),)
    assert what_came_of(made.state, entry_of(made, accepted)) == (("proposals", appointment),)
    assert what_came_of(made.state, entry_of(made, given_up)) == ()
    assert what_came_of(made.state, entry_of(made, made.org)) == (("rules", "charter"),)
    assert texts_of(made.state, entry_of(made, made.org)) == ()
    assert texts_of(made.state, entry_of(made, appointment)) == ()
    assert texts_of(HOUSE.state, entry_of(HOUSE, PROPOSAL)) == (DIGEST,)


def test_what_came_of_a_channel_is_found_by_its_address() -> None:
    """A later decision takes a channel's place in the state; the earlier one still leads to what became of it."""
    made = house()
    proposals = []
    for payload in ({"op": "add", "address": PAGE}, {"op": "move", "address": PAGE, "to": f"{PAGE}new"}):
        proposals.append(made.propose("heron", "channel", payload))
        made.approve(proposals[-1], "heron", "tern")
    added, moved = proposals
    assert what_came_of(made.state, entry_of(made, added)) == (("proposals", added), ("channels", PAGE))
    assert what_came_of(made.state, entry_of(made, moved)) == (("proposals", moved), ("channels", PAGE), ("channels", f"{PAGE}new"))
    still_open = made.propose("heron", "channel", {"op": "add", "address": f"{PAGE}open"})
    assert what_came_of(made.state, entry_of(made, still_open)) == (("proposals", still_open),)


def test_every_entry_of_a_record_can_be_proved() -> None:
    """Whatever counts can be handed to a stranger, who comes to the same values."""
    for outcome in HOUSE.outcomes:
        assert outcome.entry is not None
        file = parse_proof_file(prove(HOUSE, outcome.entry.id).to_bytes())
        check_proof_file(file, HOUSE.state, HOUSE.tree)


@given(st.data())
def test_no_changed_byte_leaves_both_the_file_readable_and_its_proof_whole(data: st.DataObject) -> None:
    """One altered byte is refused by the parser, by the check, or by what the log signed."""
    raw = bytearray(FILE.to_bytes())
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    try:
        file = parse_proof_file(bytes(raw))
        check_proof_file(file, HOUSE.state, HOUSE.tree)
    except CommonholdError:
        return
    # What is left is the leaves and the checkpoint, which ``store.proving`` holds to the log's signature.
    assert file.leaves != FILE.leaves or file.proof.checkpoint_raw != FILE.proof.checkpoint_raw


@pytest.mark.parametrize("piece", [b"{},", b"[],", b'"",'])
def test_a_file_of_very_many_small_parts_is_refused_before_it_is_read(piece: bytes) -> None:
    """Memory is bounded by what the file says, never by what a hostile file can make of every three bytes."""
    with pytest.raises(FormatError) as refusal:
        parse_proof_file(b'{"state":[' + piece * 120_000 + b"]}")
    assert refusal.value.code == "prooffile/parts"

"""Laws about what a witness demands, and about proofs that a log showed two faces; the conversation itself is in vectors/witness.json."""

from __future__ import annotations

import pytest

from commonhold.kernel.canonical import canonical_bytes
from commonhold.kernel.errors import FormatError, ProofError
from commonhold.kernel.notes import COSIGNATURE, SignerKey, append_signatures
from commonhold.kernel.tlog.checkpoint import Checkpoint, cosign
from commonhold.kernel.tlog.equivocation import (
    Equivocation,
    check_equivocation,
    is_equivocation,
    parse_equivocation,
    show_equivocation,
)
from commonhold.kernel.tlog.merkle import EMPTY_ROOT, Tree, leaf_hash
from commonhold.kernel.tlog.rollback import Rollback, check_rollback, is_rollback, parse_rollback
from commonhold.kernel.tlog.witness import MAX_REQUEST, STATUS, Head, check_grown, check_signed, parse_add_checkpoint

ORIGIN = "commonhold/saltmarsh/0"
LOG = SignerKey(ORIGIN, bytes([1]) * 32)
TREE = Tree(leaf_hash(b"%d heron" % index) for index in range(20))
FORK = Tree([*(TREE.leaf(index) for index in range(7)), *(leaf_hash(b"%d tern" % index) for index in range(7, 20))])


def note(size: int, tree: Tree = TREE) -> bytes:
    return Checkpoint(ORIGIN, size, tree.root(size)).sign(LOG)


def body(old: int, size: int, proof: bytes = b"") -> bytes:
    return b"old %d\n" % old + proof + b"\n" + note(size)


def refusal(raw: bytes, head: Head) -> str:
    """The code with which a request is refused after *head*, or nothing."""
    request = parse_add_checkpoint(raw)
    try:
        check_grown(request, check_signed(request, {ORIGIN: [LOG.verifier]}), head)
    except ProofError as error:
        return error.code if error.data["size"] == head.size else "no size"
    return ""


def test_growth_is_judged_in_the_order_of_the_specification() -> None:
    """Of several faults the first in the specification's order is the one that is answered."""
    five = Head(5, TREE.root(5))
    assert refusal(body(6, 4), five) == "witness/old-size"
    assert refusal(body(0, 7), five) == "witness/conflict"
    assert refusal(body(5, 7), five) == "witness/proof"
    assert refusal(body(5, 5), five) == ""
    assert refusal(body(0, 5), Head()) == ""
    assert refusal(body(0, 0), Head()) == ""
    assert refusal(body(0, 5, b"A" * 43 + b"=\n"), Head()) == "witness/proof"
    empty = b"old 0\n\n" + Checkpoint(ORIGIN, 0, bytes(32)).sign(LOG)
    assert refusal(empty, Head()) == "witness/empty-root"
    assert set(STATUS.values()) == {400, 403, 404, 409, 422}


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"x" * (MAX_REQUEST + 1), "witness/too-large"),
        (b"old 0\n", "witness/malformed"),
        (b"old\xff 0\n\n" + note(5), "witness/malformed"),
        (b"new 0\n\n" + note(5), "witness/malformed"),
        (b"old 00\n\n" + note(5), "decimal/malformed"),
        (b"old 0\n" + b"A\n" * 64 + b"\n" + note(5), "witness/too-long"),
        (b"old 0\nA\n\n" + note(5), "base64"),
        (b"old 0\n\nnot a note", "note/malformed"),
    ],
)
def test_a_malformed_request_is_refused_before_anything_is_verified(raw: bytes, code: str) -> None:
    """Every size is bounded before it is read, and every number and hash has one spelling."""
    with pytest.raises(FormatError) as refused:
        parse_add_checkpoint(raw)
    assert refused.value.code.startswith(code)


def test_only_a_key_that_is_trusted_for_the_origin_speaks_for_it() -> None:
    """An unknown origin is another answer than a known one that no trusted key has signed."""
    request = parse_add_checkpoint(body(0, 5))
    assert check_signed(request, {ORIGIN: [LOG.verifier]}).size == 5
    other = SignerKey(ORIGIN, bytes([2]) * 32).verifier
    for logs, code in (({}, "witness/unknown-log"), ({ORIGIN: [other]}, "witness/not-signed")):
        with pytest.raises(ProofError) as refused:
            check_signed(request, logs)
        assert refused.value.code == code


def test_two_roots_of_one_size_prove_that_a_log_showed_two_faces() -> None:
    """Two signed checkpoints of the same size are the whole proof, and cosigners' lines are left out of it."""
    partner = SignerKey("partner.example", bytes([3]) * 32, COSIGNATURE)
    cosigned = append_signatures(note(9), cosign(note(9), partner, 1))
    proof = show_equivocation(LOG.verifier, note(9, FORK), cosigned)
    assert parse_equivocation(proof.canonical_bytes()) == proof
    assert "partner" not in "".join(proof.notes)
    smaller, larger = check_equivocation(proof)
    assert {smaller.root, larger.root} == {TREE.root(9), FORK.root(9)}


def test_a_smaller_checkpoint_of_another_history_is_proved_with_the_larger_trees_root() -> None:
    """Sizes differ: the larger tree's own root at the smaller size, with its proof, contradicts the smaller checkpoint."""
    proof = show_equivocation(LOG.verifier, note(15), note(9, FORK), TREE.root(9), TREE.consistency_proof(9, 15))
    smaller, larger = check_equivocation(parse_equivocation(proof.canonical_bytes()))
    assert (smaller.size, larger.size, smaller.root) == (9, 15, FORK.root(9))


def test_an_honest_log_cannot_be_accused() -> None:
    """Two checkpoints of one history, one checkpoint twice, forged signatures and proofs from size 0 prove nothing."""
    good = TREE.consistency_proof(9, 15)
    cases: list[tuple[bytes, bytes, bytes, list[bytes], str]] = [
        (note(9), note(15), TREE.root(9), good, "equivocation/none"),
        (note(9), note(9), b"", [], "equivocation/none"),
        (note(9), note(9), TREE.root(9), [], "equivocation/none"),
        (note(9), note(15), FORK.root(9), good, "proof/root"),
        (note(9), note(15), b"", [], "proof/hash"),
        (note(0), note(15), EMPTY_ROOT, [], "proof/empty-tree"),
        (note(9, FORK).replace(b"\n9\n", b"\n8\n"), note(15), TREE.root(8), TREE.consistency_proof(8, 15), "note/bad-signature"),
    ]
    for one, other, root, proof, code in cases:
        with pytest.raises(ProofError) as refused:
            show_equivocation(LOG.verifier, one, other, root, proof)
        assert refused.value.code == code


def test_what_is_no_proof_file_is_refused() -> None:
    """Another type, another set of fields, or parts of the wrong kind are no proof of equivocation."""
    value = {"type": "commonhold/equivocation/v1", "log": str(LOG.verifier), "notes": ["a", "b"], "root": "", "proof": []}
    for harm in (
        {"type": "other"},
        {"more": "x"},
        {"notes": "x"},
        {"notes": ["a"]},
        {"notes": ["a", 1]},
        {"proof": ["A"] * 64},
        {"root": "AA=="},
        {"log": "nobody"},
    ):
        with pytest.raises(FormatError):
            parse_equivocation(canonical_bytes({**value, **harm}))
    assert not is_equivocation([])
    with pytest.raises(FormatError):
        check_equivocation(Equivocation(LOG.verifier, ("a", "b")))


def test_evidence_of_a_rollback_holds_two_checkpoints_of_the_log_in_the_order_of_their_sizes() -> None:
    """What is written is read again; two of one size, the wrong order and forged signatures are no way back."""
    file = Rollback(LOG.verifier, (note(9).decode(), note(15).decode()), 1_900_000_000)
    assert parse_rollback(file.canonical_bytes()) == file
    assert [head.size for head in check_rollback(file)] == [9, 15]
    forged = note(9).replace(b"\n9\n", b"\n8\n")
    for notes, code in (
        ((note(15), note(9)), "rollback/none"),
        ((note(9), note(9)), "rollback/none"),
        ((forged, note(15)), "note/bad-signature"),
    ):
        with pytest.raises(ProofError) as refused:
            check_rollback(Rollback(LOG.verifier, (notes[0].decode(), notes[1].decode()), 1))
        assert refused.value.code == code


def test_what_is_no_evidence_of_a_rollback_is_refused() -> None:
    """Another type, another set of fields, or parts of the wrong kind are none."""
    value = {"type": "commonhold/rollback/v1", "log": str(LOG.verifier), "notes": ["a", "b"], "time": 1}
    for harm in (
        {"type": "x"},
        {"more": "x"},
        {"notes": "x"},
        {"notes": ["a"]},
        {"notes": ["a", 1]},
        {"time": 0},
        {"time": True},
        {"time": "1"},
        {"log": "nobody"},
    ):
        with pytest.raises(FormatError):
            parse_rollback(canonical_bytes({**value, **harm}))
    assert not is_rollback([])

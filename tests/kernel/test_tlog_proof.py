"""Laws about offline proofs: what a file must hold, and that it proves one entry in one log and nothing else."""

from __future__ import annotations

import contextlib
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonhold.kernel import b64
from commonhold.kernel.errors import CommonholdError, FormatError, ProofError
from commonhold.kernel.notes import COSIGNATURE, SignerKey, append_signatures
from commonhold.kernel.tlog.checkpoint import Checkpoint, cosign
from commonhold.kernel.tlog.merkle import MAX_SIZE, Tree, leaf_hash
from commonhold.kernel.tlog.policy import Policy
from commonhold.kernel.tlog.proof import HEADER, MAX_EXTRA_BYTES, MAX_PROOF_BYTES, TlogProof, parse_proof, verify_proof
from tests.attacks import Mutation, attack

PROOF = "src/commonhold/kernel/tlog/proof.py"
LOG = SignerKey("commonhold/saltmarsh/0", bytes([1]) * 32)
PARTNER = SignerKey("partner.example", bytes([3]) * 32, COSIGNATURE)
ENTRIES = [f"entry {number}".encode() for number in range(11)]
TREE = Tree(map(leaf_hash, ENTRIES))
NOTE = Checkpoint(LOG.name, 11, TREE.root()).sign(LOG)
COSIGNED = append_signatures(NOTE, cosign(NOTE, PARTNER, 1_700_000_000))
POLICY = Policy.build([LOG.verifier], {"partner": PARTNER.verifier}, {}, "partner")


def proof_of(index: int, note: bytes = COSIGNED, extra: bytes | None = None) -> TlogProof:
    return TlogProof(extra, index, tuple(TREE.inclusion_proof(index)), note)


RAW = proof_of(6).format()


def test_a_proof_shows_each_entry_in_the_log() -> None:
    """Every entry's proof verifies with its policy, and with the log's key alone, which asks no witness."""
    for index, entry in enumerate(ENTRIES):
        proof = parse_proof(proof_of(index).format())
        verified = verify_proof(proof, leaf_hash(entry), POLICY)
        assert (verified.checkpoint.size, verified.time) == (11, 1_700_000_000)
        alone = verify_proof(proof, leaf_hash(entry), [LOG.verifier])
        assert (alone.checkpoint, alone.times, alone.time) == (verified.checkpoint, {}, None)


@attack(
    "record-27",
    Mutation(PROOF, find="    verify_inclusion(proof.index, checkpoint.size, leaf_hash, proof.hashes, checkpoint.root)\n", replace=""),
)
def test_a_proof_beside_another_document_proves_nothing() -> None:
    """A proof binds the leaf of one entry: another text, even another entry of the same log, is refused; so is another index."""
    proof = parse_proof(proof_of(6, extra=b"entry 5").format())
    for other in (b"entry 5", b"entry 6 ", b"another text"):
        with pytest.raises(ProofError) as refusal:
            verify_proof(proof, leaf_hash(other), POLICY)
        assert refusal.value.code == "proof/root"
    moved = TlogProof(None, 5, proof.hashes, proof.checkpoint_raw)
    with pytest.raises(ProofError):
        verify_proof(moved, leaf_hash(ENTRIES[6]), POLICY)


def test_a_proof_under_an_unknown_log_or_too_few_witnesses_is_refused() -> None:
    """The checkpoint of a proof has to meet the reader's own policy; nothing in the file can vouch for it."""
    leaf = leaf_hash(ENTRIES[6])
    for note, trust, code in (
        (NOTE, POLICY, "policy/not-met"),
        (COSIGNED, [SignerKey("else.example", bytes([8]) * 32).verifier], "note/no-known-key"),
        (COSIGNED.replace(b"\n11\n", b"\n12\n"), POLICY, "note/bad-signature"),
    ):
        with pytest.raises(ProofError) as refusal:
            verify_proof(proof_of(6, note), leaf, trust)
        assert refusal.value.code == code
    with pytest.raises(FormatError) as malformed:
        verify_proof(proof_of(6), leaf, [PARTNER.verifier])
    assert malformed.value.code == "checkpoint/key-kind"


def test_a_proof_file_is_written_as_in_the_specification() -> None:
    """Header, an optional extra line, the index, the hashes, an empty line, and the checkpoint verbatim."""
    lines = RAW.decode().split("\n")
    assert lines[0] == "c2sp.org/tlog-proof@v1"
    assert lines[1] == "index 6"
    assert lines[2:6] == [b64.encode(value) for value in TREE.inclusion_proof(6)]
    assert RAW.endswith(b"\n\n" + COSIGNED)
    assert proof_of(6, extra=b"context").format().split(b"\n")[1] == b"extra Y29udGV4dA=="
    assert parse_proof(proof_of(6, extra=b"context").format()).extra == b"context"
    single = Tree([leaf_hash(b"only")])
    alone = TlogProof(None, 0, (), Checkpoint(LOG.name, 1, single.root()).sign(LOG))
    assert parse_proof(alone.format()) == alone
    verify_proof(alone, leaf_hash(b"only"), [LOG.verifier])


HASH = b64.encode(bytes(32))


def with_head(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode() + b"\n" + COSIGNED


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "tlog-proof/malformed"),
        (b"\n\n", "tlog-proof/malformed"),
        (RAW.split(b"\n\n")[0], "tlog-proof/malformed"),
        (with_head("c2sp.org/tlog-proof@v2", "index 6"), "tlog-proof/malformed"),
        (with_head(HEADER + " ", "index 6"), "tlog-proof/malformed"),
        (with_head(HEADER), "tlog-proof/malformed"),
        (with_head(HEADER, HASH), "tlog-proof/malformed"),
        (with_head(HEADER, "extra AQ=="), "tlog-proof/malformed"),
        (with_head(HEADER, "index 6", "extra AQ=="), "base64/not-canonical"),
        (with_head(HEADER, "extra AQ==", "extra AQ==", "index 6"), "tlog-proof/malformed"),
        (with_head(HEADER, "extra AR==", "index 6"), "base64/not-canonical"),
        (with_head(HEADER, "extra ", "index 6"), "tlog-proof/extra"),
        (with_head(HEADER, "index"), "tlog-proof/malformed"),
        (with_head(HEADER, "index 06"), "decimal/malformed"),
        (with_head(HEADER, "index -6"), "decimal/malformed"),
        (with_head(HEADER, "index 9223372036854775808"), "decimal/malformed"),
        (with_head(HEADER, "index 6", HASH[:-1]), "base64/not-canonical"),
        (with_head(HEADER, "index 6", b64.encode(bytes(31))), "base64/length"),
        (with_head(HEADER, "index 6", HASH + " "), "base64/not-canonical"),
        (with_head(HEADER, "index 6", "é"), "tlog-proof/malformed"),
        (with_head(HEADER, "index 6").replace(b"\n", b"\r\n"), "tlog-proof/malformed"),
        (RAW + b"\n", "note/malformed"),
        (RAW.replace(b"\n11\n", b"\n011\n"), "decimal/malformed"),
    ],
)
def test_a_malformed_proof_is_refused(raw: bytes, code: str) -> None:
    """A proof has one spelling, down to the checkpoint that it ends with."""
    with pytest.raises(FormatError) as refusal:
        parse_proof(raw)
    assert refusal.value.code == code


@attack("record-29", Mutation(PROOF, find="    if len(hashes) > MAX_PROOF:", replace="    if len(hashes) > 2 * MAX_PROOF:"))
def test_64_proof_lines_are_refused() -> None:
    """63 hashes are read, with an extra line or without; one more is refused, and a million cost no more than the file."""
    for extra in ([], ["extra AQ=="]):
        assert len(parse_proof(with_head(HEADER, *extra, "index 6", *[HASH] * 63)).hashes) == 63
        with pytest.raises(FormatError, match="more than 63 hashes") as refusal:
            parse_proof(with_head(HEADER, *extra, "index 6", *[HASH] * 64))
        assert refusal.value.code == "tlog-proof/too-many-hashes"
    many = with_head(HEADER, "index 6", *[HASH] * 20_000)
    tracemalloc.start()
    with pytest.raises(FormatError) as refusal:
        parse_proof(many)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert refusal.value.code == "tlog-proof/too-many-hashes"
    assert peak < 4 * len(many), "a few copies of the file, and no list of its lines"


@attack("record-29", Mutation(PROOF, find="    if len(raw) > MAX_PROOF_BYTES:", replace="    if len(raw) > 64 * MAX_PROOF_BYTES:"))
def test_a_proof_beyond_the_cap_is_refused_unread() -> None:
    """A file larger than any proof can be is refused by its size, and extra data by its own."""
    with pytest.raises(FormatError) as refusal:
        parse_proof(RAW + b"x" * MAX_PROOF_BYTES)
    assert refusal.value.code == "tlog-proof/too-large"
    largest = proof_of(6, extra=bytes(MAX_EXTRA_BYTES))
    assert parse_proof(largest.format()) == largest
    for size in (MAX_EXTRA_BYTES + 1, MAX_EXTRA_BYTES + 6):
        with pytest.raises(FormatError) as refusal:
            parse_proof(with_head(HEADER, f"extra {b64.encode(bytes(size))}", "index 6"))
        assert refusal.value.code == "tlog-proof/extra"


def test_what_cannot_be_written_as_a_proof_cannot_be_made() -> None:
    """Indexes, hashes, extra data and checkpoints are checked when a proof is made, not when somebody reads it."""
    for make in (
        lambda: TlogProof(None, -1, (), NOTE),
        lambda: TlogProof(None, MAX_SIZE + 1, (), NOTE),
        lambda: TlogProof(None, 1, (bytes(31),), NOTE),
        lambda: TlogProof(None, 1, (bytes(32),) * 64, NOTE),
        lambda: TlogProof(b"", 1, (), NOTE),
        lambda: TlogProof(bytes(MAX_EXTRA_BYTES + 1), 1, (), NOTE),
        lambda: TlogProof(None, 1, (), b"no note"),
        lambda: TlogProof(None, 1, (), NOTE.replace(LOG.name.encode(), b"x", 1).replace(b"11", b"x1")),
    ):
        with pytest.raises(FormatError):
            make()


@given(
    st.none() | st.binary(min_size=1, max_size=40),
    st.integers(0, MAX_SIZE),
    st.lists(st.binary(min_size=32, max_size=32), max_size=63),
)
def test_a_proof_survives_its_file(extra: bytes | None, index: int, hashes: list[bytes]) -> None:
    """Whatever is proved, the file gives it back."""
    proof = TlogProof(extra, index, tuple(hashes), COSIGNED)
    assert parse_proof(proof.format()) == proof


@given(
    st.binary(max_size=100)
    | st.integers(0, len(RAW) - 1).flatmap(lambda at: st.binary(max_size=4).map(lambda put: RAW[:at] + put + RAW[at + 1 :]))
)
def test_nothing_but_our_errors_leaves_the_parser(raw: bytes) -> None:
    """Arbitrary bytes, and a good proof with bytes changed, are refused in words or are read and written again in the same way."""
    with contextlib.suppress(CommonholdError):
        assert parse_proof(raw).format() == raw


@given(st.integers(0, 8 * len(RAW) - 1))
def test_no_bit_of_a_proof_can_change(bit: int) -> None:
    """A proof with one bit changed is refused, unless the bit lies in a cosigner's line and makes it a stranger's."""
    changed = (int.from_bytes(RAW, "big") ^ 1 << bit).to_bytes(len(RAW), "big")
    with pytest.raises(CommonholdError):
        verify_proof(parse_proof(changed), leaf_hash(ENTRIES[6]), POLICY)

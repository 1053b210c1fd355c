"""Offline proofs: that an entry is in a log whose checkpoint is signed and cosigned (C2SP tlog-proof v1).

A proof file holds an index, the inclusion hashes and the checkpoint; not the entry, which the verifier has. Its ``extra`` line is
nobody's statement: nothing signs it.

Not here: what the entry means.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from commonhold.kernel import b64
from commonhold.kernel.errors import FormatError
from commonhold.kernel.notes import MAX_NOTE_BYTES, VerifierKey, parse_note
from commonhold.kernel.tlog.checkpoint import open_checkpoint, parse_checkpoint, parse_decimal
from commonhold.kernel.tlog.hashes import HASH_BYTES, MAX_SIZE, check_hash
from commonhold.kernel.tlog.merkle import MAX_PROOF, verify_inclusion
from commonhold.kernel.tlog.policy import Policy, VerifiedCheckpoint

HEADER: Final = "c2sp.org/tlog-proof@v1"
MAX_EXTRA_BYTES: Final = 64 * 1024
MAX_PROOF_BYTES: Final = MAX_NOTE_BYTES + 2 * MAX_EXTRA_BYTES
_MAX_EXTRA_CHARACTERS: Final = -(-MAX_EXTRA_BYTES // 3) * 4
_LINES_AT_MOST: Final = 3 + MAX_PROOF


@dataclass(frozen=True, slots=True)
class TlogProof:
    """A proof as it was read, with nothing verified.

    Args:
        extra: opaque data of the application, or None; never to be believed.
        index: of the entry in the log, from 0.
        hashes: 32 bytes each, from the leaf's sibling upwards.
        checkpoint_raw: the signed checkpoint, verbatim.

    Raises:
        FormatError: if one of them cannot stand in a proof.
    """

    extra: bytes | None
    index: int
    hashes: tuple[bytes, ...]
    checkpoint_raw: bytes

    def __post_init__(self) -> None:
        if self.extra is not None and not 1 <= len(self.extra) <= MAX_EXTRA_BYTES:
            raise FormatError(f"extra data has 1 to {MAX_EXTRA_BYTES} bytes, this has {len(self.extra)}", code="tlog-proof/extra")
        if not 0 <= self.index <= MAX_SIZE:
            raise FormatError(f"an index is 0 to 2**63 - 1, this one is {self.index}", code="tlog-proof/index")
        _check_count(self.hashes)
        for value in self.hashes:
            check_hash(value, "hash of a proof")
        parse_checkpoint(parse_note(self.checkpoint_raw).text)

    def format(self) -> bytes:
        """The proof file; parsing it gives an equal proof."""
        extra = [] if self.extra is None else [f"extra {b64.encode(self.extra)}"]
        lines = [HEADER, *extra, f"index {self.index}", *map(b64.encode, self.hashes), ""]
        return "".join(f"{line}\n" for line in lines).encode() + self.checkpoint_raw


def parse_proof(raw: bytes) -> TlogProof:
    """The proof of a proof file; nothing is verified.

    Raises:
        FormatError: if it is larger than the largest possible, has more than 63 hashes, or is malformed in any part.
    """
    if len(raw) > MAX_PROOF_BYTES:
        raise FormatError(f"the proof has {len(raw)} bytes, and at most {MAX_PROOF_BYTES} are allowed", code="tlog-proof/too-large")
    head, separator, checkpoint_raw = raw.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n", _LINES_AT_MOST)
    except UnicodeDecodeError:
        lines = []
    if not separator or not lines or lines.pop(0) != HEADER:
        raise FormatError(f"the file does not begin with {HEADER!r} and is no proof", code="tlog-proof/malformed")
    extra = None
    if lines and lines[0].startswith("extra "):
        spelled = lines.pop(0)[len("extra ") :]
        if len(spelled) > _MAX_EXTRA_CHARACTERS:
            raise FormatError(f"the proof's extra data is larger than {MAX_EXTRA_BYTES} bytes", code="tlog-proof/extra")
        extra = b64.decode(spelled, what="extra data of the proof")
    if not lines or not lines[0].startswith("index "):
        raise FormatError("the proof has no index line", code="tlog-proof/malformed")
    index = parse_decimal(lines.pop(0)[len("index ") :], "index of the proof")
    _check_count(lines)
    hashes = tuple(b64.decode(line, HASH_BYTES, "hash of the proof") for line in lines)
    return TlogProof(extra, index, hashes, checkpoint_raw)


def verify_proof(proof: TlogProof, leaf_hash: bytes, trust: Policy | Iterable[VerifierKey]) -> VerifiedCheckpoint:
    """The checkpoint under which *leaf_hash* is proved to be in the log.

    Args:
        proof: from :func:`parse_proof`.
        leaf_hash: of the entry that the verifier holds, 32 bytes.
        trust: a policy that names its logs, or the keys of logs alone; then no witness is asked for.

    Raises:
        FormatError: if the checkpoint is malformed or *trust* names no log.
        ProofError: if no trusted log signed, the policy is not met, a signature is bad, or the entry is not at that index.
    """
    if isinstance(trust, Policy):
        verified = trust.check(proof.checkpoint_raw)
    else:
        verified = VerifiedCheckpoint(open_checkpoint(proof.checkpoint_raw, trust)[0], {}, None)
    checkpoint = verified.checkpoint
    verify_inclusion(proof.index, checkpoint.size, leaf_hash, proof.hashes, checkpoint.root)
    return verified


def _check_count(hashes: Sequence[object]) -> None:
    if len(hashes) > MAX_PROOF:
        raise FormatError(f"the proof has more than {MAX_PROOF} hashes", code="tlog-proof/too-many-hashes")

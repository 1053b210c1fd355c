"""Proof that a log showed two faces: two checkpoints that one key signed and that no log can have had both (docs/formats/equivocation-proof.md).

Of equal sizes, two different roots are the whole proof. Of different sizes, the larger tree's root at the smaller size, with a consistency proof
to the larger checkpoint, shows what the smaller one would have had to say. Anybody can check it, offline, who knows the log's key.

Not here: whose key that is; who noticed (:mod:`commonhold.mirror.alarms`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from commonhold.kernel import b64
from commonhold.kernel.canonical import canonical_bytes, parse_canonical
from commonhold.kernel.errors import FormatError, ProofError
from commonhold.kernel.notes import VerifierKey
from commonhold.kernel.tlog.checkpoint import Checkpoint, open_checkpoint
from commonhold.kernel.tlog.hashes import HASH_BYTES
from commonhold.kernel.tlog.merkle import MAX_PROOF, verify_consistency

TYPE: Final = "commonhold/equivocation/v1"
MAX_EQUIVOCATION: Final = 1 << 19
"""Bytes: two notes of 128 KiB, with room."""
_FIELDS: Final = {"type": str, "log": str, "notes": list, "root": str, "proof": list}


@dataclass(frozen=True, slots=True)
class Equivocation:
    """Two checkpoints and what sets them against each other; nothing is verified.

    Args:
        log: the key that signed both; its name is the origin.
        notes: the signed checkpoints, the smaller first.
        root: of the larger tree at the smaller size, 32 bytes; empty where the sizes are equal.
        proof: the consistency proof from there to the larger checkpoint.
    """

    log: VerifierKey
    notes: tuple[str, str]
    root: bytes = b""
    proof: tuple[bytes, ...] = ()

    def canonical_bytes(self) -> bytes:
        """The proof file.

        Raises:
            FormatError: if a note is not text that canonical JSON can hold.
        """
        proof = [b64.encode(one) for one in self.proof]
        return canonical_bytes(
            {"type": TYPE, "log": str(self.log), "notes": list(self.notes), "root": b64.encode(self.root), "proof": proof}
        )


def parse_equivocation(raw: bytes) -> Equivocation:
    """The proof in a file.

    Raises:
        FormatError: if it is not one.
    """
    value = parse_canonical(raw, max_size=MAX_EQUIVOCATION, what="the proof of equivocation")
    if not is_equivocation(value) or value.keys() != _FIELDS.keys() or any(type(value[name]) is not kind for name, kind in _FIELDS.items()):
        raise FormatError("this is no proof of equivocation: it does not have the fields of one", code="equivocation/form")
    notes, proof = value["notes"], value["proof"]
    if len(notes) != 2 or len(proof) > MAX_PROOF or not all(isinstance(item, str) for item in (*notes, *proof)):
        raise FormatError(f"a proof of equivocation holds two notes and at most {MAX_PROOF} hashes, as texts", code="equivocation/form")
    hashes = tuple(b64.decode(one, HASH_BYTES, "hash of the proof") for one in proof)
    root = b64.decode(value["root"], HASH_BYTES, "root at the smaller size") if value["root"] else b""
    return Equivocation(VerifierKey.parse(value["log"]), (notes[0], notes[1]), root, hashes)


def is_equivocation(value: Any) -> bool:
    """Whether a parsed JSON value says that it is such a proof."""
    return isinstance(value, dict) and value.get("type") == TYPE


def check_equivocation(file: Equivocation) -> tuple[Checkpoint, Checkpoint]:
    """The two checkpoints, once it is shown that the log's key signed both and that no log can have had both.

    Raises:
        FormatError: for a note that is no checkpoint.
        ProofError: if a signature does not match, or the two do not contradict each other.
    """
    smaller, larger = (open_checkpoint(note.encode(), [file.log])[0] for note in file.notes)
    root = larger.root
    if smaller.size != larger.size or file.root or file.proof:
        # Refuses a smaller size of 0 too: everything begins with nothing.
        verify_consistency(smaller.size, larger.size, file.root, larger.root, file.proof)
        root = file.root
    if root == smaller.root:
        raise ProofError(
            f"the checkpoints of sizes {smaller.size} and {larger.size} do not contradict each other: both can be of one log",
            code="equivocation/none",
        )
    return smaller, larger


def show_equivocation(log: VerifierKey, one: bytes, other: bytes, root: bytes = b"", proof: Sequence[bytes] = ()) -> Equivocation:
    """The proof that two signed notes make together, in the order that the format wants, checked.

    Args:
        root: of the larger tree at the smaller size, with its consistency *proof*; none where the sizes are equal.

    Raises:
        FormatError, ProofError: as :func:`check_equivocation`.
    """
    found = []
    for raw in (one, other):
        checkpoint, note = open_checkpoint(raw, [log])
        # Cosigners have done nothing wrong: only the log's own line is evidence.
        found.append((checkpoint.size, f"{note.text}\n{note.verified[0][1].line}"))
    (_, first), (_, second) = sorted(found)
    file = Equivocation(log, (first, second), root, tuple(proof))
    check_equivocation(file)
    return file

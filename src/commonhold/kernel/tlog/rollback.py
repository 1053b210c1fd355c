"""Evidence that a log went back: two checkpoints of one key, and when the smaller was published after the larger (docs/formats/rollback.md).

That the log signed both is proved to anybody, offline. That it published the smaller one afterwards is the word of whoever kept the file: a log that
grows signs both sizes, and no signature of its own says which came last. So this accuses less than two faces do, and says so.

Not here: who noticed (:mod:`commonhold.mirror.alarms`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from commonhold.kernel.canonical import canonical_bytes, parse_canonical
from commonhold.kernel.errors import FormatError, ProofError
from commonhold.kernel.notes import VerifierKey
from commonhold.kernel.tlog.checkpoint import Checkpoint, open_checkpoint

TYPE: Final = "commonhold/rollback/v1"
MAX_ROLLBACK: Final = 1 << 19
"""Bytes: two notes of 128 KiB, with room."""
_FIELDS: Final = {"type": str, "log": str, "notes": list, "time": int}


@dataclass(frozen=True, slots=True)
class Rollback:
    """Two checkpoints in the order of their sizes, and when the smaller was published again; nothing is verified.

    Args:
        log: the key that signed both; its name is the origin.
        notes: the signed checkpoints, the smaller first.
        time: POSIX seconds, by the clock of whoever saw it.
    """

    log: VerifierKey
    notes: tuple[str, str]
    time: int

    def canonical_bytes(self) -> bytes:
        """The file.

        Raises:
            FormatError: if a note is not text that canonical JSON can hold.
        """
        return canonical_bytes({"type": TYPE, "log": str(self.log), "notes": list(self.notes), "time": self.time})


def parse_rollback(raw: bytes) -> Rollback:
    """The evidence in a file.

    Raises:
        FormatError: if it is none.
    """
    value = parse_canonical(raw, max_size=MAX_ROLLBACK, what="the evidence of a rollback")
    if not is_rollback(value) or value.keys() != _FIELDS.keys() or any(type(value[name]) is not kind for name, kind in _FIELDS.items()):
        raise FormatError("this is no evidence of a rollback: it does not have the fields of one", code="rollback/form")
    notes, time = value["notes"], value["time"]
    if len(notes) != 2 or not all(isinstance(note, str) for note in notes) or time <= 0:
        raise FormatError("evidence of a rollback holds two notes, as texts, and a time in seconds", code="rollback/form")
    return Rollback(VerifierKey.parse(value["log"]), (notes[0], notes[1]), time)


def is_rollback(value: Any) -> bool:
    """Whether a parsed JSON value says that it is such evidence."""
    return isinstance(value, dict) and value.get("type") == TYPE


def check_rollback(file: Rollback) -> tuple[Checkpoint, Checkpoint]:
    """The two checkpoints, once it is shown that the log's key signed both and that the first is the smaller.

    Raises:
        FormatError: for a note that is no checkpoint.
        ProofError: if a signature does not match, or there is no way back from one to the other.
    """
    smaller, larger = (open_checkpoint(note.encode(), [file.log])[0] for note in file.notes)
    if smaller.size >= larger.size:
        raise ProofError(f"from size {larger.size} to size {smaller.size} is no way back", code="rollback/none")
    return smaller, larger

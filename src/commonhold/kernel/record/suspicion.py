"""Evidence that accuses a log, and proves less than two faces do: an entry that was left out, a checkpoint without a proof (docs/formats/suspicion.md).

``withheld``: a member's entry that the rules accept, and a checkpoint that the log signed long after it was handed in. That the member signed the entry is
proved to anybody; that the log had it, and left it out, is the word of whoever kept the file. ``unproved``: two checkpoints that the log signed, brought
without a proof that one leads on from the other. That accuses nobody, and is kept so that it can be proved or forgotten later.

Not here: who noticed (:mod:`commonhold.mirror.alarms`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from commonhold.kernel import b64, ed25519
from commonhold.kernel.canonical import canonical_bytes, parse_canonical
from commonhold.kernel.errors import FormatError, ProofError
from commonhold.kernel.ids import parse_origin
from commonhold.kernel.keys import KitKeys, parse_key_value
from commonhold.kernel.notes import VerifierKey
from commonhold.kernel.record.entries import Entry, parse_entry
from commonhold.kernel.tlog.checkpoint import Checkpoint, open_checkpoint
from commonhold.kernel.tlog.tiles import MAX_ENTRY_BYTES

WITHHELD: Final = "commonhold/withheld/v1"
UNPROVED: Final = "commonhold/unproved/v1"
MAX_SUSPICION: Final = 1 << 19
"""Bytes: two notes of 128 KiB, or one and an entry, with room."""
_WITHHELD: Final = {"type": str, "log": str, "note": str, "entry": str, "key": dict, "since": int, "time": int}
_UNPROVED: Final = {"type": str, "log": str, "notes": list, "time": int}


@dataclass(frozen=True, slots=True)
class Withheld:
    """An entry that a log is said to have left out; nothing is verified.

    Args:
        log: the key that signs the log; its name is the origin.
        note: a checkpoint of the log, signed when the entry had been left out already.
        entry: its bytes.
        key: the key that signed it, as the record holds it; empty for an attest, which nobody signs.
        since: when it was handed in, and *time*, when it was still left out: POSIX seconds, by the clock of whoever kept this.
    """

    log: VerifierKey
    note: str
    entry: bytes
    key: Mapping[str, Any]
    since: int
    time: int

    def canonical_bytes(self) -> bytes:
        """The file."""
        value = {"type": WITHHELD, "log": str(self.log), "note": self.note, "entry": b64.encode(self.entry), "key": dict(self.key)}
        return canonical_bytes({**value, "since": self.since, "time": self.time})


@dataclass(frozen=True, slots=True)
class Unproved:
    """Two checkpoints of one log, the one that was known first, and when the other was brought; nothing is verified."""

    log: VerifierKey
    notes: tuple[str, str]
    time: int

    def canonical_bytes(self) -> bytes:
        """The file."""
        return canonical_bytes({"type": UNPROVED, "log": str(self.log), "notes": list(self.notes), "time": self.time})


def is_suspicion(value: Any) -> bool:
    """Whether a parsed JSON value says that it is such evidence."""
    return isinstance(value, dict) and value.get("type") in (WITHHELD, UNPROVED)


def parse_suspicion(raw: bytes) -> Withheld | Unproved:
    """The evidence in a file.

    Raises:
        FormatError: if it is none.
    """
    value = parse_canonical(raw, max_size=MAX_SUSPICION, what="the evidence")
    fields: Mapping[str, type] = _WITHHELD if isinstance(value, dict) and value.get("type") == WITHHELD else _UNPROVED
    if not is_suspicion(value) or value.keys() != fields.keys() or any(type(value[name]) is not kind for name, kind in fields.items()):
        raise FormatError("this is no evidence against a log: it does not have the fields of one", code="suspicion/form")
    log, time = VerifierKey.parse(value["log"]), value["time"]
    if value["type"] == WITHHELD:
        entry = b64.decode(value["entry"], None, "left out entry")
        if not 0 < value["since"] < time or len(entry) > MAX_ENTRY_BYTES:
            raise FormatError("an entry is handed in before it is left out, and has at most 65535 bytes", code="suspicion/form")
        return Withheld(log, value["note"], entry, value["key"], value["since"], time)
    notes = value["notes"]
    if len(notes) != 2 or not all(isinstance(note, str) for note in notes) or time <= 0:
        raise FormatError("what is unproved are two notes, as texts, and a time in seconds", code="suspicion/form")
    return Unproved(log, (notes[0], notes[1]), time)


def check_withheld(file: Withheld) -> tuple[Entry, Checkpoint]:
    """The entry and the checkpoint, once it is shown that the entry's own key signed it for the very log that signed the checkpoint.

    Raises:
        FormatError: for a note that is no checkpoint, an entry that is none, or a key that is none.
        ProofError: if a signature does not match, or the entry is for another log.
    """
    checkpoint, _ = open_checkpoint(file.note.encode(), [file.log])
    entry = parse_entry(file.entry)
    org, epoch, _ = parse_origin(file.log.name)
    if (entry.org, entry.epoch) != (org, epoch):
        raise ProofError(
            f"the entry is for epoch {entry.epoch} of {entry.org[:12]}, and the log is {file.log.name}", code="suspicion/other-log"
        )
    if entry.type == "attest" and not file.key:
        return entry, checkpoint
    public = parse_key_value(dict(file.key))
    if public.key_id != entry.key or entry.sig is None:
        raise ProofError(f"the entry names the key {entry.key[:12]}, and this is {public.key_id[:12]}", code="suspicion/other-key")
    if isinstance(public, KitKeys):
        if entry.sig.kind != "ed25519" or not ed25519.is_valid(public.sign, entry.signed_bytes, entry.sig.value):
            raise ProofError(f"the signature is not {entry.by}'s over this entry", code="signature/invalid")
    else:
        if entry.sig.kind != "webauthn":
            raise ProofError("a passkey signs with an assertion, and this is a bare signature", code="signature/kind")
        # Most records hold no passkey; this takes a while to import.
        from commonhold.kernel import webauthn  # noqa: PLC0415

        challenge = hashlib.sha256(entry.signed_bytes).digest()
        webauthn.verify_assertion(public, challenge, entry.sig.authenticator, entry.sig.client, entry.sig.value)
    return entry, checkpoint


def check_unproved(file: Unproved) -> tuple[Checkpoint, Checkpoint]:
    """The two checkpoints, once it is shown that the log's key signed both.

    Raises:
        FormatError: for a note that is no checkpoint. ProofError: if a signature does not match.
    """
    known, seen = (open_checkpoint(note.encode(), [file.log])[0] for note in file.notes)
    return known, seen

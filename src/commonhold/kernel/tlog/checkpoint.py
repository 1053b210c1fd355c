"""Checkpoints and cosignatures (C2SP tlog-checkpoint v1.0.0; tlog-cosignature, Ed25519 v1).

A checkpoint is a note that says: the log of this origin has this size and this root. The log signs it with a key of kind 0x01 whose
name is the origin. A cosigner (kind 0x04) adds: at this time, this was the largest consistent one that I had seen.

Our logs write three lines. Further lines of a foreign checkpoint are kept, because an Ed25519 cosignature covers them, and mean nothing.

Not here: which cosigners suffice (:mod:`.policy`); remembering what was signed before (whoever holds the store).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from commonhold.kernel import b64
from commonhold.kernel.errors import FormatError, ProofError
from commonhold.kernel.notekeys import shown
from commonhold.kernel.notes import (
    COSIGNATURE,
    OpenedNote,
    Signature,
    SignerKey,
    VerifierKey,
    check_note_text,
    open_note,
    parse_note,
    sign_note,
)
from commonhold.kernel.tlog.hashes import HASH_BYTES, MAX_SIZE, check_hash, check_size

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log: its origin, how many entries it has, and the root over them.

    Args:
        origin: one line that names the log for good.
        size: number of leaves.
        root: 32 bytes.
        extensions: further lines, none in our own logs.

    Raises:
        FormatError: if one of them cannot stand in a checkpoint.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_hash(self.root, "root")
        check_size(self.size)
        for line in (self.origin, *self.extensions):
            if not line or "\n" in line:
                raise FormatError("a checkpoint's origin and extensions are lines that are not empty", code="checkpoint/malformed")
            check_note_text(line + "\n")

    def text(self) -> str:
        """The text that is signed; parsing it gives the same checkpoint."""
        return "".join(f"{line}\n" for line in (self.origin, self.size, b64.encode(self.root), *self.extensions))

    def sign(self, *signers: SignerKey) -> bytes:
        """The signed note of this checkpoint.

        A log signs no checkpoint that is inconsistent with one that it signed before; remembering that is the caller's duty.

        Raises:
            FormatError: as :func:`~commonhold.kernel.notes.sign_note` does.
        """
        return sign_note(self.text(), *signers)


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint whose signatures by known keys were all verified.

    Args:
        checkpoint: what the log signed.
        note: the opened note, with the log's signature among the verified ones.
        cosignatures: each cosigner that signed, with its time in POSIX seconds (the newest, if it signed several times).
    """

    checkpoint: Checkpoint
    note: OpenedNote
    cosignatures: Mapping[VerifierKey, int]


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint of a note's text; nothing is verified.

    Raises:
        FormatError: unless it is an origin, a decimal size without leading zeros and a 32-byte root in base64, each on its line, and no
            line is empty.
    """
    if not text.endswith("\n"):
        raise FormatError("a checkpoint ends with a newline, and this text does not", code="checkpoint/malformed")
    origin, *rest = text[:-1].split("\n")
    if len(rest) < 2:
        raise FormatError(f"a checkpoint has at least three lines, this text has {len(rest) + 1}", code="checkpoint/malformed")
    size = parse_decimal(rest[0], "size of the checkpoint")
    return Checkpoint(origin, size, b64.decode(rest[1], HASH_BYTES, "root of the checkpoint"), tuple(rest[2:]))


def open_checkpoint(raw: bytes, log_keys: Iterable[VerifierKey], *, origin: str | None = None) -> tuple[Checkpoint, OpenedNote]:
    """The checkpoint that one of *log_keys* signed, and its note.

    Args:
        raw: the signed note.
        log_keys: keys of logs that are believed.
        origin: the origin that is expected. Without it the origin must be the name of a log key that signed, so that no log
            can speak for another; with it any of *log_keys* may have signed, as for a log whose key has another name.

    Raises:
        FormatError: if the note or the checkpoint is malformed.
        ProofError: if no log key signed, a signature is bad, or the origin is another.
    """
    signed = open_cosigned(raw, log_keys, (), origin=origin)
    return signed.checkpoint, signed.note


def open_cosigned(
    raw: bytes, log_keys: Iterable[VerifierKey], cosigners: Iterable[VerifierKey], *, origin: str | None = None
) -> SignedCheckpoint:
    """The checkpoint that one of *log_keys* signed, with the times of those *cosigners* that cosigned it.

    No number of cosigners is demanded here; that is a policy's work.

    Args:
        raw: the signed note.
        log_keys: keys of logs that are believed.
        cosigners: keys of kind 0x04.
        origin: as for :func:`open_checkpoint`.

    Raises:
        FormatError: if the note or the checkpoint is malformed, or a key is of the wrong kind.
        ProofError: if no log key signed, a known key's signature is bad, or the origin is another.
    """
    logs, witnesses = list(log_keys), list(cosigners)
    for key in logs:
        if key.kind == COSIGNATURE:
            raise FormatError(f"{shown(key.name)} is a cosigner's key (kind 0x04), and a log's key is needed", code="checkpoint/key-kind")
    for key in witnesses:
        check_cosigner(key)
    note = open_note(raw, [*logs, *witnesses])
    signers = [key for key, _ in note.verified if key.kind != COSIGNATURE]
    if not signers:
        raise ProofError("cosigners signed the checkpoint, and no known log did", code="checkpoint/no-log")
    checkpoint = parse_checkpoint(note.text)
    if checkpoint.origin not in ([key.name for key in signers] if origin is None else [origin]):
        expected = origin if origin is not None else " or ".join(key.name for key in signers)
        raise ProofError(
            f"the checkpoint is of the log {shown(checkpoint.origin)}, and {shown(expected)} is expected",
            code="checkpoint/origin",
            data={"origin": checkpoint.origin, "expected": expected},
        )
    times = {key: key.signed_time(signature) for key, signature in note.verified}
    return SignedCheckpoint(checkpoint, note, {key: time for key, time in times.items() if time is not None})


def cosign(note_raw: bytes, signer: SignerKey, time: int) -> Signature:
    """The cosignature of a checkpoint note by *signer*; its :attr:`~commonhold.kernel.notes.Signature.line` is what a witness answers.

    Only the form is checked. The log's signature, and that the log only grew, are for the caller to verify first.

    Args:
        note_raw: the checkpoint as the log signed it.
        signer: a key of kind 0x04.
        time: POSIX seconds, 1 to 2**63 - 1.

    Raises:
        FormatError: if the note is no checkpoint, *signer* is of another kind, or *time* is out of range.
    """
    check_cosigner(signer.verifier)
    note = parse_note(note_raw)
    parse_checkpoint(note.text)
    return signer.sign(note.text, time)


def verify_cosignature(text: str, key: VerifierKey, signature: Signature) -> int:
    """The time of a cosignature, in POSIX seconds, once it is verified.

    Args:
        text: the whole text of the checkpoint, with its last newline.
        key: of kind 0x04.
        signature: from a signature line.

    Raises:
        FormatError: if *key* is of another kind.
        ProofError: if the signature is not *key*'s over *text*.
    """
    check_cosigner(key)
    key.verify(text, signature)
    return key.signed_time(signature) or 0


def check_cosigner(key: VerifierKey) -> None:
    """Pass in silence if *key* is of kind 0x04.

    Raises:
        FormatError: if it is of another.
    """
    if key.kind != COSIGNATURE:
        raise FormatError(
            f"{shown(key.name)} is a key of kind 0x{key.kind:02x}, and a cosigner's key (0x04) is needed", code="checkpoint/key-kind"
        )


def parse_decimal(text: str, what: str) -> int:
    """The number of *text*, in plain decimal without leading zeros, up to 2**63 - 1.

    Raises:
        FormatError: with the name *what*, for anything else.
    """
    # The pattern bounds the digits: Python's int() takes quadratic time, and other scripts' digits.
    if not _DECIMAL.fullmatch(text) or int(text) > MAX_SIZE:
        raise FormatError(f"the {what} is {text[:40]!r}, and not a decimal number without leading zeros", code="decimal/malformed")
    return int(text)

"""The note of a mirror: which settings and site a house wrote, and for which head of its record (docs/formats/mirror.md).

The log's key signs it, and that says one thing only: the house wrote these files. It gives them no authority; what counts is in the record. The text
begins with a line of its own, and no checkpoint has a second line that is no number, so neither note can be taken for the other.

Not here: the list that the note names (:mod:`.filelist`), and where it all lies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from commonhold.kernel import b64
from commonhold.kernel.errors import FormatError, ProofError
from commonhold.kernel.mirrors.filelist import MAX_LIST
from commonhold.kernel.notes import SignerKey, VerifierKey, open_note, sign_note
from commonhold.kernel.tlog.checkpoint import parse_decimal
from commonhold.kernel.tlog.hashes import HASH_BYTES

FORM: Final = "commonhold/mirror/v1"
MAX_NOTE: Final = 1 << 13
"""Bytes: seven short lines and some signatures."""
_DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class MirrorNote:
    """What a house says of the files that it put beside its record.

    Args:
        origin: of the log whose key signs.
        size: entries of the log that the mirror held whole when this was written.
        root: over these entries, 32 bytes.
        files: SHA-256 of ``files.sha256``, in hexadecimal.
        length: bytes of ``files.sha256``.
        time: when it was written, in POSIX seconds by the house's clock; of two notes at one size the later one holds.
    """

    origin: str
    size: int
    root: bytes
    files: str
    length: int
    time: int

    def text(self) -> str:
        """The text that is signed; parsing it gives the same value."""
        return f"{FORM}\n{self.origin}\n{self.size}\n{b64.encode(self.root)}\n{self.files}\n{self.length}\n{self.time}\n"

    def sign(self, signer: SignerKey) -> bytes:
        """The signed note.

        Raises:
            FormatError: if the key is not the one of this origin, or a value cannot stand in a note.
        """
        if signer.verifier.name != self.origin:
            raise FormatError(f"{signer.verifier.name} cannot sign for a mirror of {self.origin}", code="mirror/note-key")
        parse_mirror_note(self.text())
        return sign_note(self.text(), signer)

    @property
    def age(self) -> tuple[int, int]:
        """What two notes of one log are ordered by: the larger is the newer."""
        return self.size, self.time


def parse_mirror_note(text: str) -> MirrorNote:
    """The value of a note's text; nothing is verified.

    Raises:
        FormatError: ``mirror/note``, or as its numbers and hashes do.
    """
    lines = text.split("\n")
    if len(lines) != 8 or lines[0] != FORM or lines[7] or not lines[1] or not _DIGEST.fullmatch(lines[4]):
        raise FormatError(
            f"this is no note of a mirror: the line {FORM}, an origin, a size, a root, a digest, a length and a time are needed",
            code="mirror/note",
            next_step="Fetch it again, or from another mirror.",
        )
    length = parse_decimal(lines[5], "length of the list of files")
    if length > MAX_LIST:
        raise FormatError(f"the list of files is said to have {length} bytes, and at most {MAX_LIST} are read", code="mirror/note")
    return MirrorNote(
        lines[1],
        parse_decimal(lines[2], "size in the mirror's note"),
        b64.decode(lines[3], HASH_BYTES, "root in the mirror's note"),
        lines[4],
        length,
        parse_decimal(lines[6], "time of the mirror's note"),
    )


def open_mirror_note(raw: bytes, log_key: VerifierKey) -> MirrorNote:
    """The note that the log's key has signed.

    Raises:
        FormatError: if it is none, or is too large. ProofError: if that key did not sign it, or it speaks of another log.
    """
    note = parse_mirror_note(open_note(raw, [log_key], max_size=MAX_NOTE).text)
    if note.origin != log_key.name:
        raise ProofError(
            f"the mirror's note is about {note.origin}, and signed by {log_key.name}",
            code="mirror/note-origin",
            next_step="Fetch it again, or from another mirror.",
        )
    return note

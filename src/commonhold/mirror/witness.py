"""The C2SP witness: one endpoint, and one row for each log (tlog-witness v1.0.0; the rules are in :mod:`commonhold.kernel.tlog.witness`).

Comparing, remembering and signing are one transaction, and the answer leaves after it is durable: of two requests that race, one is
signed and the other refused with the size that the first one left, and no kill brings an older size back.

A refused request that the log signed may be evidence against the log; what is done with it is for the caller to say.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from commonhold.kernel.errors import CommonholdError, ProofError
from commonhold.kernel.notes import SignerKey, VerifierKey, open_note
from commonhold.kernel.tlog.checkpoint import Checkpoint, cosign
from commonhold.kernel.tlog.witness import STATUS, AddCheckpoint, Head, check_grown, check_signed, parse_add_checkpoint
from commonhold.mirror.database import Database

SIZE_TYPE: Final = "text/x.tlog.size"
TEXT: Final = "text/plain; charset=utf-8"

Clock = Callable[[], int]
"""POSIX seconds."""

Logs = Mapping[str, tuple[VerifierKey, ...]]
"""The keys that are trusted for each origin."""

Suspect = Callable[[str, bytes, bytes, str], None]
"""Told of a checkpoint that a log signed and this witness refused: its origin, note, the note that was cosigned before (or none), and the code."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What to send back over HTTP."""

    status: int
    body: bytes
    type: str = TEXT
    headers: Mapping[str, str] = field(default_factory=dict)


def origin_hash(origin: str) -> str:
    """How paths name a log: the SHA-256 of its origin, in lowercase hexadecimal."""
    return hashlib.sha256(origin.encode()).hexdigest()


class Witness:
    """One witness key over any number of logs. Threads and processes may call at once.

    Args:
        database: its memory.
        signer: of kind 0x04.
        logs: whose checkpoints it cosigns; they may become more.
        clock: POSIX seconds.
        suspect: told of every refused checkpoint that a log signed.
    """

    def __init__(self, database: Database, signer: SignerKey, logs: Logs, clock: Clock, suspect: Suspect) -> None:
        self._database, self._signer, self._logs, self._clock, self._suspect = database, signer, logs, clock, suspect
        self._origins: dict[str, str] = {}

    def add_checkpoint(self, raw: bytes) -> Answer:
        """Cosign the checkpoint of a request, or say why not, with the statuses of tlog-witness.

        Raises:
            StoreError: if the database cannot be changed; nothing is signed then.
        """
        try:
            request = parse_add_checkpoint(raw)
            checkpoint = check_signed(request, self._logs)
        except CommonholdError as error:
            return _refusal(error)
        try:
            line = self._remember(request, checkpoint)
        except ProofError as error:
            self._suspect(request.origin, request.note, self.checkpoint(origin_hash(request.origin)) or b"", error.code)
            return _refusal(error)
        return Answer(200, line.encode())

    def checkpoint(self, origin_digest: str) -> bytes | None:
        """The newest checkpoint that was cosigned for a log, with the log's and this witness's signatures; None if there is none."""
        if len(self._origins) != len(self._logs):
            # More may be followed since: the logs of later epochs.
            self._origins = {origin_hash(origin): origin for origin in list(self._logs)}
        origin = self._origins.get(origin_digest)
        found = self._database.read("SELECT note FROM heads WHERE origin = ?", origin) if origin is not None else []
        return found[0][0] if found else None

    def _remember(self, request: AddCheckpoint, checkpoint: Checkpoint) -> str:
        with self._database.changing() as rows:
            found = rows.execute("SELECT size, root FROM heads WHERE origin = ?", (request.origin,)).fetchone()
            check_grown(request, checkpoint, Head(*found) if found else Head())
            signature = cosign(request.note, self._signer, max(1, self._clock()))
            rows.execute(
                "INSERT OR REPLACE INTO heads VALUES (?, ?, ?, ?)",
                (request.origin, checkpoint.size, checkpoint.root, self._bare(request) + signature.line.encode()),
            )
        return signature.line

    def _bare(self, request: AddCheckpoint) -> bytes:
        """The checkpoint with the log's own signatures: what others added is theirs to serve."""
        note = open_note(request.note, self._logs[request.origin])
        return (f"{note.text}\n" + "".join(signature.line for _, signature in note.verified)).encode()


def _refusal(error: CommonholdError) -> Answer:
    if error.code == "witness/conflict":
        return Answer(409, f"{error.data['size']}\n".encode(), SIZE_TYPE)
    return Answer(STATUS.get(error.code, 400), f"{error.diagnostics()}\n".encode())

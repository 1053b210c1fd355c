"""What a witness demands of a request before it cosigns (C2SP tlog-witness v1.0.0, ``add-checkpoint``).

A witness remembers, for each log, the newest checkpoint that it cosigned, and signs nothing that this one does not lead to. The rules are
here, in the order that the specification gives them; each refusal has a code, and :data:`STATUS` says which HTTP status it is.

Stricter than the specification: a size or proof line in any second spelling is refused (400).

Not here: keeping the newest checkpoint, in one step with comparing it, and signing (:mod:`commonhold.mirror.witness`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from commonhold.kernel import b64
from commonhold.kernel.errors import CommonholdError, FormatError, ProofError
from commonhold.kernel.notekeys import shown
from commonhold.kernel.notes import VerifierKey, parse_note
from commonhold.kernel.tlog.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint, parse_decimal
from commonhold.kernel.tlog.hashes import EMPTY_ROOT, HASH_BYTES
from commonhold.kernel.tlog.merkle import MAX_PROOF, verify_consistency

MAX_REQUEST: Final = 1 << 17
"""Bytes of a request: a checkpoint with a hundred post-quantum cosignatures, and a proof."""

STATUS: Final[Mapping[str, int]] = {
    "witness/unknown-log": 404,
    "witness/not-signed": 403,
    "witness/old-size": 400,
    "witness/conflict": 409,
    "witness/empty-root": 422,
    "witness/proof": 422,
}
"""The HTTP status of each refusal; any other is a malformed request, 400."""


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A request as it was read, with nothing verified.

    Args:
        old: the size that the client takes for the newest cosigned one.
        proof: the consistency proof from there, hashes of 32 bytes.
        note: the signed checkpoint.
        origin: the log that the checkpoint says it is of.
    """

    old: int
    proof: tuple[bytes, ...]
    note: bytes
    origin: str


@dataclass(frozen=True, slots=True)
class Head:
    """The newest checkpoint that was cosigned for one log; size 0 and the empty root where there is none yet."""

    size: int = 0
    root: bytes = EMPTY_ROOT


def parse_add_checkpoint(raw: bytes) -> AddCheckpoint:
    """The request in the body of ``add-checkpoint``.

    Raises:
        FormatError: if it is longer than 128 KiB, has more than 63 proof lines, or is malformed anywhere.
    """
    if len(raw) > MAX_REQUEST:
        raise FormatError(f"the request has {len(raw)} bytes, and at most {MAX_REQUEST} are read", code="witness/too-large")
    head, separator, note = raw.partition(b"\n\n")
    if not separator or not head.isascii():
        raise FormatError("a request is an `old` line, proof lines, an empty line and a checkpoint", code="witness/malformed")
    first, *lines = head.decode("ascii").split("\n")
    word, _, old = first.partition(" ")
    if word != "old":
        raise FormatError(f"the request begins with {shown(first, 40)!r}, and not with `old` and a size", code="witness/malformed")
    if len(lines) > MAX_PROOF:
        raise FormatError(f"the request has {len(lines)} proof lines, and at most {MAX_PROOF} are allowed", code="witness/too-long")
    proof = tuple(b64.decode(line, HASH_BYTES, "hash of the proof") for line in lines)
    return AddCheckpoint(parse_decimal(old, "old size"), proof, note, parse_checkpoint(parse_note(note).text).origin)


def check_signed(request: AddCheckpoint, logs: Mapping[str, Iterable[VerifierKey]]) -> Checkpoint:
    """The request's checkpoint, once a key that is trusted for its origin is seen to have signed it.

    Args:
        logs: the keys that are trusted for each origin.

    Raises:
        ProofError: ``witness/unknown-log`` or ``witness/not-signed``.
    """
    keys = logs.get(request.origin)
    if keys is None:
        raise ProofError(
            f"this witness does not know the log {shown(request.origin)}",
            code="witness/unknown-log",
            next_step="Ask the witness's operator to add the log's key.",
        )
    try:
        return open_checkpoint(request.note, keys, origin=request.origin)[0]
    except CommonholdError as error:
        raise ProofError(f"no trusted key of the log has signed: {error}", code="witness/not-signed", next_step=error.next_step) from None


def check_grown(request: AddCheckpoint, checkpoint: Checkpoint, head: Head) -> None:
    """Pass in silence if *checkpoint* may be cosigned after *head*.

    Raises:
        ProofError: with the code of the first rule that is broken, and in ``data`` the cosigned size.
    """

    def refused(message: str, code: str) -> ProofError:
        return ProofError(message, code=code, data={"size": head.size})

    if request.old > checkpoint.size:
        raise refused(f"the old size {request.old} is larger than the checkpoint's {checkpoint.size}", "witness/old-size")
    if request.old != head.size:
        raise refused(f"the old size is {request.old}, and the newest cosigned size is {head.size}", "witness/conflict")
    if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
        raise refused("a checkpoint of size 0 has the root of the empty tree, and this one has another", "witness/empty-root")
    if request.old == 0 and checkpoint.size:
        # Everything begins with nothing, so there is nothing that a proof could show.
        if request.proof:
            raise refused(f"nothing is to be proved from size 0, and {len(request.proof)} hashes are given", "witness/proof")
        return
    try:
        verify_consistency(request.old, checkpoint.size, head.root, checkpoint.root, request.proof)
    except ProofError as error:
        raise refused(str(error), "witness/proof") from None

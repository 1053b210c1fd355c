"""The staging journal: what the log has promised and not yet flushed into its static tree.

One file: a *base* (a size and root of which every tile is durable), then one record for each batch since. A record is

    u32 length of payload || SHA-256(digest of the record before || payload) || payload

(numbers big-endian; 32 zero bytes before the first). The chain of digests keeps the order. Each record is flushed before the next is
written, so only the last can be torn, and a torn one was never acknowledged. Layout for readers: ``docs/formats/record-folder.md``.

Not here: flushing (``files.py``), what is done with the records (``log.py``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from commonhold.kernel.errors import FatalStoreError

MAGIC: Final = b"commonhold/journal/v1\n"
_START: Final = bytes(32)
_HEADER: Final = 4 + 32
_RESTORE: Final = (
    "keep this folder as it is, and restore the record from a mirror; whoever holds the log key must not sign on from an older copy."
)


@dataclass(frozen=True, slots=True)
class Base:
    """Where the journal starts: every tile and bundle of this size is durable in the static tree.

    Args:
        origin: of the log.
        vkey: the log's verification key, so that another key is refused before it signs anything.
        swept: the size up to which partial tiles that became full have surely been removed.
        size: number of entries.
        root: 32 bytes.
        signatures: lines beside the log's own signature.
    """

    origin: str
    vkey: str
    swept: int
    size: int
    root: bytes
    signatures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries that were promised, from index *start*, each with its length before it as in a bundle."""

    start: int
    framed: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Signatures:
    """All signature lines, beside the log's own, that the checkpoint of *size* now carries."""

    size: int
    lines: tuple[str, ...]


Record = Base | Batch | Signatures


@dataclass(frozen=True, slots=True)
class Journal:
    """A journal as it was read. *torn* bytes at its end belong to a record that was never acknowledged; *chain* is the last digest."""

    base: Base
    records: tuple[Batch | Signatures, ...]
    chain: bytes
    torn: int


def encode_record(record: Record, chain: bytes = _START) -> tuple[bytes, bytes]:
    """The bytes of one record, and its digest, to chain the next one to."""
    payload = _payload(record)
    digest = _digest(chain, payload)
    return len(payload).to_bytes(4, "big") + digest + payload, digest


def parse_journal(raw: bytes) -> Journal:
    """Read a whole journal, dropping a torn last record.

    Raises:
        FatalStoreError: ``store/journal`` when anything but the last record is damaged.
    """
    records: list[Record] = []
    chain, at, torn = _START, 0, 0
    while at < len(raw):
        end = at + _HEADER + int.from_bytes(raw[at : at + 4], "big")
        payload = raw[at + _HEADER : end]
        whole = at + _HEADER <= len(raw) and end <= len(raw)
        digest = _digest(chain, payload)
        if whole and raw[at + 4 : at + _HEADER] == digest:
            records.append(_parse(payload, len(records)))
            chain, at = digest, end
            continue
        # A header of zeros never reached the disk, although pages behind it may have.
        blank = not any(raw[at : at + _HEADER])
        if end < len(raw) and not blank:
            raise _damaged(len(records), "and others follow it")
        torn = len(raw) - at
        break
    if not records:
        raise _damaged(0, "which is never written in place")
    base, *rest = records
    if not isinstance(base, Base):
        raise _damaged(0, "which is not a base")
    return Journal(base, tuple(_only_later(rest)), chain, torn)


def _digest(chain: bytes, payload: bytes) -> bytes:
    state = hashlib.sha256(chain)
    state.update(payload)
    return state.digest()


def _payload(record: Record) -> bytes:
    match record:
        case Base():
            lines = [record.origin, record.vkey, str(record.swept), str(record.size), record.root.hex(), *record.signatures]
            return MAGIC + "".join(f"{line}\n" for line in lines).encode()
        case Batch():
            return b"".join((b"A", record.start.to_bytes(8, "big"), *record.framed))
        case Signatures():
            return b"S" + record.size.to_bytes(8, "big") + "".join(f"{line}\n" for line in record.lines).encode()


def _parse(payload: bytes, place: int) -> Record:
    try:
        if payload.startswith(MAGIC):
            origin, vkey, swept, size, root, *lines = payload.removeprefix(MAGIC).decode().removesuffix("\n").split("\n")
            return Base(origin, vkey, int(swept), int(size), bytes.fromhex(root), tuple(lines))
        number = int.from_bytes(payload[1:9], "big")
        if payload.startswith(b"A"):
            return Batch(number, tuple(_entries(payload, 9)))
        if payload.startswith(b"S"):
            return Signatures(number, tuple(payload[9:].decode().splitlines()))
    except ValueError as exc:
        raise _damaged(place, "although its digest is right") from exc
    raise _damaged(place, "which is of a kind that this version does not know")


def _entries(payload: bytes, at: int) -> Iterator[bytes]:
    while at < len(payload):
        end = at + 2 + int.from_bytes(payload[at : at + 2], "big")
        if end > len(payload):
            raise ValueError("an entry is cut")
        yield payload[at:end]
        at = end


def _only_later(records: Sequence[Record]) -> Iterator[Batch | Signatures]:
    for place, record in enumerate(records, 1):
        if isinstance(record, Base):
            raise _damaged(place, "which is a second base")
        yield record


def _damaged(place: int, why: str) -> FatalStoreError:
    return FatalStoreError(
        f"record {place} of the log's journal is damaged, {why}", code="store/journal", next_step=_RESTORE, data={"record": place}
    )

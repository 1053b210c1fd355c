"""The durable log: appends entries to a C2SP tlog-tiles log so that nothing acknowledged is lost and no two heads contradict.

One durable point for each batch (``docs/adr/0002-staged-log-writes.md``): the entries go to the staging journal, flushed. Only then is
the root that they lead to signed, and only then are entries, tiles and checkpoint written, in that order, to the static
tree, where a power failure may still undo them: the journal brings them back. Now and then, and on closing, the tree is flushed and the
journal starts anew (*settling*). Opening always replays the journal: a start after a crash and any other start run the same code.

Not here: which entries belong in a log (``record.py``), reading by strangers (``reader.py``).
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Self

from commonhold.kernel.errors import CommonholdError, FatalStoreError, FormatError, ProofError, StoreError
from commonhold.kernel.notes import ED25519, SignerKey, append_signatures, parse_note
from commonhold.kernel.tlog.checkpoint import Checkpoint
from commonhold.kernel.tlog.hashes import EMPTY_ROOT
from commonhold.kernel.tlog.tilereader import HashReader
from commonhold.kernel.tlog.tiles import MAX_ENTRY_BYTES, TILE_WIDTH
from commonhold.store.edge import Edge, frame, load_edge, still_served, superseded
from commonhold.store.files import Files
from commonhold.store.journal import Base, Batch, Record, Signatures, encode_record, parse_journal
from commonhold.store.opening import MAX_JOURNAL, check_owner, check_published, exists, no_journal
from commonhold.store.reader import CHECKPOINT, MAX_CHECKPOINT, StaticReader

JOURNAL: Final = ".staging/journal"
LOCK: Final = ".staging/lock"
MAX_BATCH_BYTES: Final = 16 << 20
_REOPEN: Final = "open the log again; its size then says whether the last batch was kept."
_CONTRADICTION: Final = "sign nothing more with this key: keep the folder as evidence, and restore the record from a mirror."


class Log:
    """A log that one process writes. Make one with :meth:`create` or :meth:`open`; threads of that process take turns.

    After any failed write the object refuses everything but :meth:`close`: what the disk then holds is for the next :meth:`open` to
    find out, not to be guessed.

    Args:
        files: where the log lies.
        origin: the log's name, the first line of its checkpoints.
        signer: the log key, of kind 0x01.
        settle_bytes: journal bytes after which the static tree is flushed and the journal starts anew.
        settle_batches: batches after which the same happens.
    """

    def __init__(self, files: Files, origin: str, signer: SignerKey, *, settle_bytes: int = 4 << 20, settle_batches: int = 128) -> None:
        Checkpoint(origin, 0, EMPTY_ROOT)  # refuses an origin that no checkpoint can have
        if signer.kind != ED25519:
            raise FormatError(f"{signer.name} is a key of kind 0x{signer.kind:02x}, and a log signs with 0x01", code="log/key-kind")
        self._files, self._origin, self._signer = files, origin, signer
        self._settle_bytes, self._settle_batches = settle_bytes, settle_batches
        self._reader = StaticReader(files.read)
        self._turn = threading.RLock()
        self._edge = Edge()
        self._checkpoint = b""
        self._extra: tuple[str, ...] = ()
        self._swept = 0
        self._chain = b""
        self._journal_bytes = self._journal_records = 0
        self._unsettled: set[str] = set()
        self._stopped = "the log was not opened"
        self._lock = files.lock(LOCK)

    @classmethod
    def create(cls, files: Files, origin: str, signer: SignerKey, *, settle_bytes: int = 4 << 20, settle_batches: int = 128) -> Log:
        """Start a log with no entries and publish its first checkpoint; durable when this returns.

        Raises:
            StoreError: ``store/exists`` where a log, or the files of one, already are; ``store/locked``; or as :class:`.files.Files` says.
            FormatError: for an origin that a checkpoint cannot have.
        """
        log = cls(files, origin, signer, settle_bytes=settle_bytes, settle_batches=settle_batches)
        with log._released_on_error():
            if any(exists(files, name) for name in (JOURNAL, CHECKPOINT)) or next(iter(files.list("tile")), None):
                raise StoreError("there is already a log here", code="store/exists", next_step="open it, or choose an empty folder.")
            base = Base(origin, str(signer.verifier), 0, 0, EMPTY_ROOT)
            files.replace(JOURNAL, encode_record(base)[0])
            log._recover()
        return log

    @classmethod
    def open(cls, files: Files, origin: str, signer: SignerKey, *, settle_bytes: int = 4 << 20, settle_batches: int = 128) -> Log:
        """Open a log to write on, whatever happened to its last writer.

        Everything acknowledged is there; a batch that was being written is there whole or not at all. Costs a few reads, however long
        the log is, and what the journal holds. The entries left of the right edge are not read: a full check is :meth:`.StaticReader.read_all`.

        Raises:
            StoreError: ``store/absent`` where no log is, ``store/no-journal`` for a copy that can only be read, ``store/wrong-log`` or
                ``store/wrong-key`` for another's log, ``store/locked``; or as :class:`.files.Files` says.
            FatalStoreError: if journal, tiles, entries and published checkpoint contradict one another.
        """
        if not exists(files, JOURNAL):
            raise no_journal(published=exists(files, CHECKPOINT))
        log = cls(files, origin, signer, settle_bytes=settle_bytes, settle_batches=settle_batches)
        with log._released_on_error():
            log._recover()
        return log

    @property
    def origin(self) -> str:
        """The log's name."""
        return self._origin

    @property
    def size(self) -> int:
        """How many entries the log has; all are durable."""
        return self._edge.size

    @property
    def root(self) -> bytes:
        """The root of the tree over all entries, 32 bytes."""
        return self._edge.root

    @property
    def checkpoint(self) -> bytes:
        """The signed note that is published now."""
        return self._checkpoint

    def append(self, entries: Sequence[bytes]) -> bytes:
        """Add a batch of entries, all or none, and give the checkpoint that covers them: durable, signed and published.

        Args:
            entries: at least one; each 1 to 65,535 bytes; together at most 16 MiB with two bytes more for each.

        Raises:
            FormatError: for a batch that cannot be appended; the log is as before and goes on.
            StoreError: if the disk refuses. The batch may or may not be kept; the log is stopped and must be opened again.
            FatalStoreError: ``store/stopped`` if it was stopped or closed before.
        """
        batch = _check_batch(entries)
        with self._turn:
            self._check_going()
            if self._journal_bytes >= self._settle_bytes or self._journal_records >= self._settle_batches:
                self._settle()
            grown: list[tuple[Edge, list[tuple[str, bytes]]]] = []
            with self._stopped_on_error():
                # Hashing needs no disk, and the disk no hashing.
                self._journal(Batch(self.size, batch), lambda: grown.append(self._edge.extend(batch)))
                # From here on the batch counts, whatever happens, and so its root may be signed.
                self._publish(*grown[0])
            return self._checkpoint

    def add_signatures(self, lines: Sequence[str], *, size: int | None = None) -> bytes:
        """Attach cosignatures to the published checkpoint and give the note with them; one of the same key takes an older one's place.

        Only lines that the caller has verified: one bad signature makes every reader who knows its key refuse the whole note.

        Args:
            lines: signature lines as they stand in a note (``— name base64``).
            size: of the checkpoint that was cosigned; refused if the log has grown since.

        Raises:
            FormatError: for lines that are not signatures, are in the log's own name, or are too many; the log is as before.
            StoreError: ``log/moved`` if the checkpoint is no longer of *size*; or if the disk refuses, and the log is stopped.
            FatalStoreError: ``store/stopped`` if it was stopped or closed before.
        """
        with self._turn:
            self._check_going()
            if size not in {None, self.size}:
                raise StoreError(
                    f"the signatures are for size {size}, and the log now has size {self.size}",
                    code="log/moved",
                    next_step="ask for signatures of the present checkpoint.",
                )
            text = Checkpoint(self._origin, self.size, self.root).text()
            fresh = parse_note((text + "\n" + "".join(line.rstrip("\n") + "\n" for line in lines)).encode()).signatures
            own = (self._signer.verifier.name, self._signer.verifier.key_id)
            if own in {(signature.name, signature.key_id) for signature in fresh}:
                raise FormatError(f"the log {self._origin} signs for itself; others' signatures are added here", code="log/own-signature")
            note = append_signatures(self._checkpoint, *fresh)
            if len(note) > MAX_CHECKPOINT:
                raise FormatError(
                    f"the checkpoint would have {len(note)} bytes, and at most {MAX_CHECKPOINT} are read", code="note/too-large"
                )
            with self._stopped_on_error():
                extra = tuple(
                    signature.line.rstrip("\n") for signature in parse_note(note).signatures if (signature.name, signature.key_id) != own
                )
                self._journal(Signatures(self.size, extra))
                self._publish(self._edge, [], extra)
            return self._checkpoint

    def entries(self, start: int, stop: int) -> Iterator[bytes]:
        """Entries *start* to *stop* (exclusive), each proved against the log's own root before it is given, in bounded memory.

        Raises:
            FormatError: for a range outside the log. While reading, ProofError: for an altered file; StoreError: for one that cannot be read.
        """
        return self._reader.proved_entries(start, stop, self.hashes())

    def hashes(self) -> HashReader:
        """Roots and proofs of the log as it is now; it stays valid while the log grows."""
        with self._turn:
            edge = self._edge
        return HashReader(edge.size, edge.root, lambda level, index, width: self._tile(edge, level, index, width))

    def close(self) -> None:
        """Flush the static tree, start the journal anew and let the next writer in; a second time does nothing.

        Raises:
            StoreError: if the disk refuses; the log is released all the same, and nothing acknowledged is lost.
        """
        with self._turn:
            try:
                if not self._stopped and (self._unsettled or self._journal_records):
                    self._settle()
            finally:
                self._stopped = self._stopped or "it was closed"
                self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def _recover(self) -> None:
        """Bring the log to where the journal says; refuse if tiles, entries or the published checkpoint say otherwise."""
        self._files.clear_scratch()
        journal = parse_journal(self._files.read(JOURNAL, MAX_JOURNAL))
        base = journal.base
        check_owner(base, self._origin, self._signer.verifier)
        try:
            edge, hashes = load_edge(
                base.size, base.root, self._reader.tile, lambda _level, index, width: self._reader.bundle(index, width)
            )
            published = check_published(self._files, journal, hashes, self._signer.verifier)
        except (ProofError, FormatError, StoreError) as exc:
            # A disk that refuses to be read is no contradiction; trying again may help.
            if isinstance(exc, FatalStoreError) or (isinstance(exc, StoreError) and exc.code != "store/absent"):
                raise
            raise FatalStoreError(f"the log contradicts itself: {exc}", code="store/contradiction", next_step=_CONTRADICTION) from exc
        self._edge, self._extra, self._swept = edge, base.signatures, base.swept
        extra = base.signatures
        self._stopped = ""
        with self._stopped_on_error():
            for record in journal.records:
                if isinstance(record, Batch):
                    edge, files = edge.extend(record.framed)
                    extra = ()
                    self._write(files)
                else:
                    extra = record.lines
            self._checkpoint = self._signed(edge, extra)
            if journal.records or journal.torn or published != self._checkpoint:
                self._publish(edge, [], extra)
                self._settle()
            else:
                self._chain = journal.chain
                self._sweep(base.size)

    def _journal(self, record: Record, meanwhile: Callable[[], None] = lambda: None) -> None:
        data, self._chain = encode_record(record, self._chain)
        self._files.append(JOURNAL, data, meanwhile)
        self._journal_bytes += len(data)
        self._journal_records += 1

    def _publish(self, edge: Edge, files: Sequence[tuple[str, bytes]], extra: tuple[str, ...] = ()) -> None:
        """Entries, then tiles, then the checkpoint: a reader who sees the checkpoint finds all that it covers.

        Only for what is durable in the journal or the tree: here it is signed.
        """
        self._write(files)
        note = self._signed(edge, extra)
        self._write([(CHECKPOINT, note)])
        self._edge, self._extra, self._checkpoint = edge, extra, note

    def _write(self, files: Sequence[tuple[str, bytes]]) -> None:
        for name, data in files:
            self._files.write(name, data)
            self._unsettled.add(name)

    def _signed(self, edge: Edge, extra: tuple[str, ...]) -> bytes:
        note = Checkpoint(self._origin, edge.size, edge.root).sign(self._signer)
        return note + "".join(f"{line}\n" for line in extra).encode()

    def _settle(self) -> None:
        """Make the static tree durable, then start the journal anew, then remove partial tiles that became full."""
        with self._stopped_on_error():
            self._files.sync(sorted(name for name in self._unsettled if still_served(name, self.size)))
            base = Base(self._origin, str(self._signer.verifier), self._swept, self.size, self.root, self._extra)
            data, self._chain = encode_record(base)
            self._files.replace(JOURNAL, data)
            self._unsettled.clear()
            self._journal_bytes = self._journal_records = 0
            # Not before: replaying the old journal starts from the partial tiles of its base.
            self._sweep(self.size)

    def _sweep(self, size: int) -> None:
        for tile in superseded(self._swept, size):
            self._files.delete(f"{tile.path}.p")
        self._swept = size

    def _tile(self, edge: Edge, level: int, index: int, width: int) -> bytes:
        return edge.tile(level) if width < TILE_WIDTH else self._reader.tile(level, index, width)

    def _check_going(self) -> None:
        if self._stopped:
            raise FatalStoreError(f"the log {self._origin} takes no more writes: {self._stopped}", code="store/stopped", next_step=_REOPEN)

    @contextlib.contextmanager
    def _stopped_on_error(self) -> Iterator[None]:
        try:
            yield
        except BaseException as exc:
            if self._stopped:
                raise
            self._stopped = f"an earlier write failed ({str(exc) or type(exc).__name__})"
            if isinstance(exc, CommonholdError) and exc.next_step:
                exc.next_step = f"{exc.next_step} Then {_REOPEN}"
            raise

    @contextlib.contextmanager
    def _released_on_error(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._lock.release()
            raise


def _check_batch(entries: Sequence[bytes]) -> tuple[bytes, ...]:
    for place, size in enumerate(map(len, entries)):
        if not 1 <= size <= MAX_ENTRY_BYTES:
            raise FormatError(
                f"entry {place} of the batch has {size} bytes, and 1 to {MAX_ENTRY_BYTES} are allowed",
                code="log/entry-size",
                next_step="keep a long document as an object and record its digest." if size else "",
                data={"place": place, "size": size, "limit": MAX_ENTRY_BYTES},
            )
    framed = tuple(map(frame, entries))
    if not framed:
        raise FormatError("a batch holds at least one entry, this one none", code="log/batch-empty")
    total = sum(map(len, framed))
    if total > MAX_BATCH_BYTES:
        raise FormatError(
            f"the batch has {total} bytes, and {MAX_BATCH_BYTES} are allowed",
            code="log/batch-size",
            next_step="append it in several batches.",
        )
    return framed

"""An organisation's record on a disk: its log, its objects, and the state that they amount to (DESIGN 3, docs/formats/record-folder.md).

A house folder holds ``record/`` (the log's static tree, which any web server can serve), ``objects/`` (texts by digest) and, for whoever
writes the log, ``keys/log.key``. :class:`Record` is the writer: it appends nothing that the fold would refuse. :func:`read_record` is what
a stranger does: it believes nothing in the folder, replays everything, and ends with a state or with a reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from commonhold.kernel import b64, ed25519
from commonhold.kernel.errors import FormatError, ProofError, RuleError, StoreError
from commonhold.kernel.notes import SignerKey, VerifierKey, parse_note
from commonhold.kernel.record.fold import Outcome, apply
from commonhold.kernel.record.founding import origin_of
from commonhold.kernel.record.history import Log as HeldLog
from commonhold.kernel.record.replay import Replay
from commonhold.kernel.record.state import State, empty_state
from commonhold.kernel.tlog.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint
from commonhold.kernel.tlog.merkle import Tree, leaf_hash
from commonhold.store.epochs import branch_below, first_entry, write_earlier
from commonhold.store.files import DirectoryFiles
from commonhold.store.journal import parse_journal
from commonhold.store.keyfile import load_log_key, save_log_key
from commonhold.store.log import JOURNAL, Log
from commonhold.store.objects.directory import ObjectDirectory
from commonhold.store.opening import MAX_JOURNAL, exists, no_journal
from commonhold.store.reader import CHECKPOINT, StaticReader
from commonhold.store.workers import rare_collections, signature_workers

RECORD: Final = "record"
LOG_KEY: Final = "keys/log.key"

Progress = Callable[[int], None]
Keep = Callable[[Outcome], bool]
Watch = Callable[[State, Outcome], None]


def quiet(done: int) -> None:
    """The progress of somebody who shows none."""
    del done


def unwatched(state: State, outcome: Outcome) -> None:
    """What somebody does with each entry who keeps nothing of their own."""
    del state, outcome


def every(outcome: Outcome) -> bool:
    """Keep what became of each entry."""
    del outcome
    return True


def telling(outcome: Outcome) -> bool:
    """Keep what a report tells of: entries that count for nothing, and those that brought something about."""
    return not outcome.counts or bool(outcome.events)


@dataclass(frozen=True, slots=True)
class ReadRecord:
    """A record that was read and replayed: what its log signed, what it amounts to, and what became of its entries.

    *outcomes* and *leaves* are those that the caller asked for, in the order of the log; *earlier* are those of the epochs before it that tell
    something.
    """

    checkpoint: Checkpoint
    checkpoint_raw: bytes
    log_key: VerifierKey
    state: State
    tree: Tree
    outcomes: tuple[Outcome, ...]
    leaves: tuple[bytes, ...] = field(repr=False)
    earlier: tuple[Outcome, ...] = ()


def record_size(reader: StaticReader) -> int:
    """How many entries the published checkpoint claims; unverified, for progress bars."""
    return parse_checkpoint(parse_note(reader.checkpoint_raw()).text).size


def read_record(
    reader: StaticReader,
    *,
    org: str = "",
    progress: Progress = quiet,
    keep: Keep = every,
    keep_leaves: bool = False,
    watch: Watch = unwatched,
) -> ReadRecord:
    """Read and replay a whole record, believing nothing but mathematics.

    The founding entry names the organisation (its own hash) and the log's key; that key must have signed the checkpoint, and the entries
    must fold to its root. Whether this is the organisation that you mean, only *org* can tell.

    Args:
        org: the organisation's id as you know it from elsewhere (paper, a partner); empty to take the record's own.
        progress: called with how many more entries are done.
        keep: which outcomes to keep; the fewer, the less memory a long record takes.
        keep_leaves: keep the entries' bytes, too.
        watch: called with the state after each entry and what became of it, in their order, before anything is known of the root.

    Raises:
        ProofError: if signature, root, tiles or *org* do not match.
        FormatError: if the files are not a record.
        StoreError: if one cannot be read.
    """
    raw = reader.checkpoint_raw()
    first, _ = first_entry(reader)
    found = first.id if first.type == "found" else first.org
    if org and found != org:
        raise ProofError(
            f"this is the record of {found}, not of {org}",
            code="record/other-org",
            next_step="Compare the organisation's id with one that you have on paper or from a partner.",
            data={"found": found, "expected": org},
        )
    public = b64.decode(first.body.log_key, length=ed25519.PUBLIC_KEY_BYTES, what="log key")
    log_key = VerifierKey.of(origin_of(found, first.epoch, public), public)
    checkpoint, _ = open_checkpoint(raw, [log_key], origin=log_key.name)
    leaves = reader.entries(0, checkpoint.size, checkpoint.size)
    start, earlier = branch_below(reader, first) if first.type == "open" else (None, ())
    read = replay_leaves(leaves, checkpoint, raw, log_key, progress, keep=keep, keep_leaves=keep_leaves, start=start, watch=watch)
    if read.state.phase == "branched":
        raise RuleError(f"the record opens no epoch: {read.outcomes[0].words}", code=read.outcomes[0].code)
    return replace(read, earlier=earlier)


def replay_leaves(
    leaves: Iterable[bytes],
    checkpoint: Checkpoint,
    raw: bytes,
    log_key: VerifierKey,
    progress: Progress = quiet,
    *,
    keep: Keep = every,
    keep_leaves: bool = False,
    start: State | None = None,
    watch: Watch = unwatched,
) -> ReadRecord:
    """Replay *leaves* and hold them to a verified *checkpoint*; the rest is as for :func:`read_record`.

    Args:
        start: the state in which a later epoch begins.

    Raises:
        ProofError: if they do not fold to its size and root.
    """
    replay = Replay(start)
    outcomes: list[Outcome] = []
    kept: list[bytes] = []

    def noted() -> Iterator[bytes]:
        for leaf in leaves:
            kept.append(leaf)
            yield leaf

    with signature_workers(checkpoint.size) as verifier, rare_collections():
        for outcome in replay.run(noted() if keep_leaves else leaves, verifier):
            watch(replay.state, outcome)
            if keep(outcome):
                # A hostile log can hold any number of entries that count for nothing, each many times larger in memory than on disk.
                bare = not keep_leaves and not outcome.counts and outcome.code not in ("kind/not-yet", "act/no-proposal")
                outcomes.append(msgspec.structs.replace(outcome, entry=None) if bare else outcome)
            progress(1)
    if replay.tree.size != checkpoint.size or replay.tree.root() != checkpoint.root:
        raise ProofError(
            f"the {replay.tree.size} entries do not fold to the root that the log signed at size {checkpoint.size}",
            code="record/root",
            next_step="Something was altered after it was signed. Fetch the record again, or from another copy, and keep this one as evidence.",
        )
    return ReadRecord(checkpoint, raw, log_key, replay.state, replay.tree, tuple(outcomes), tuple(kept))


def open_reader(place: str) -> StaticReader:
    """A reader for a house folder, a record folder, or an http(s) address of either."""
    if place.startswith(("http://", "https://")):
        base = place.rstrip("/")
        try:
            reader = StaticReader.from_url(base)
            reader.checkpoint_raw()
        except StoreError as error:
            if error.code != "store/absent":
                raise
            reader = StaticReader.from_url(f"{base}/{RECORD}")
            try:
                reader.checkpoint_raw()
            except StoreError as below:
                if below.code != "store/absent":
                    raise
                raise StoreError(
                    f"there is no record at {base}",
                    code="store/absent",
                    next_step="Give the address of a log, or of a partner's mirror: https://PARTNER/mirror/HASH; the partner's address alone lists each HASH.",
                ) from None
        return reader
    path = Path(place)
    if not path.is_dir():
        raise StoreError(
            f"there is no folder {place}",
            code="store/absent",
            next_step="Give the organisation's folder, a proof file, or an address that begins with https:// or http://.",
        )
    if (path / RECORD).is_dir():
        return StaticReader.from_directory(path / RECORD)
    if not (path / CHECKPOINT).exists() and not (path / "tile").exists():
        raise no_house(path)
    return StaticReader.from_directory(path)


def no_house(path: Path) -> StoreError:
    """What to tell somebody who named a folder that holds no record, often because they named none."""
    where = "the current folder" if path == Path() else f"the folder {path}"
    return StoreError(
        f"{where} holds no organisation's record",
        code="store/absent",
        next_step="Name the organisation's folder with --house (or once, in COMMONHOLD_HOUSE), or found one with `commonhold found`.",
    )


class Record:
    """The record of the house in a folder, open for writing. One process at a time; close it when done."""

    def __init__(self, path: Path, log: Log, state: State, tree: Tree) -> None:
        self.path = path
        self.state = state
        self.tree = tree
        self.objects = ObjectDirectory(path)
        self._log = log
        self._watch: Watch = unwatched

    @classmethod
    def found(cls, path: Path, founding: bytes, log_seed: bytes, texts: Mapping[str, bytes]) -> Self:
        """Start a house in an empty folder with its founding entry.

        Args:
            founding: the signed ``found`` entry; it must be one that the fold accepts.
            log_seed: the 32-byte secret of the log key that the founding names.
            texts: the charter's text objects by digest; they are stored first, so that no entry ever names a text that is not there.

        Raises:
            RuleError, FormatError: if the fold refuses the founding; nothing has been written then.
            StoreError: if a house is there already, or the disk refuses.
        """
        return cls._begin(path, empty_state(), founding, log_seed, lambda objects: [objects.put(text) for text in texts.values()], ())

    @classmethod
    def open_epoch(
        cls,
        path: Path,
        start: State,
        opening: bytes,
        log_seed: bytes,
        earlier: Sequence[HeldLog],
        bring: Callable[[ObjectDirectory], object],
    ) -> Self:
        """Start the house of a next epoch in an empty folder with its ``open`` entry.

        Args:
            start: where it branches off, from ``succession.branch``.
            earlier: the logs of all epochs before it, the founding's first; kept beside the new one.
            bring: puts the texts of those epochs that are at hand where they belong.

        Raises:
            RuleError, FormatError, StoreError: as :meth:`found` does.
        """
        return cls._begin(path, start, opening, log_seed, bring, earlier)

    @classmethod
    def _begin(
        cls, path: Path, start: State, first: bytes, log_seed: bytes, bring: Callable[[ObjectDirectory], object], earlier: Sequence[HeldLog]
    ) -> Self:
        state, outcome = apply(start, first, Tree().root)
        _insist(outcome)
        if ed25519.public_key(log_seed) != state.log_key:
            raise FormatError("the entry names another log key than the one given", code="record/log-key")
        if (path / RECORD).exists():
            raise StoreError(f"there is already a house in {path}", code="store/exists", next_step="Choose an empty folder.")
        try:
            # Everything in a house is copied and served: what lay there before, a kit perhaps, must not be.
            if path.exists() and any(path.iterdir()):
                raise StoreError(
                    f"the folder {path} is not empty",
                    code="store/exists",
                    next_step="Choose an empty folder, or one that is not there yet.",
                )
            (path / RECORD).mkdir(parents=True)
            (path / LOG_KEY).parent.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise StoreError(f"the folder {path} cannot be made: {error.strerror}", code="store/io") from None
        bring(ObjectDirectory(path))
        save_log_key(path / LOG_KEY, log_seed)
        write_earlier(DirectoryFiles(path / RECORD), earlier)
        log = Log.create(DirectoryFiles(path / RECORD), state.origin, SignerKey(state.origin, log_seed))
        log.append([first])
        return cls(path, log, state, Tree([leaf_hash(first)]))

    @classmethod
    def open(cls, path: Path, progress: Progress = quiet, watch: Watch = unwatched) -> Self:
        """Open the house in *path* for writing, after replaying it.

        Args:
            watch: called with the state after each entry and what became of it: first with those that are there, later with each that is appended.

        Raises:
            StoreError: if there is no house, another process writes it, or the disk refuses.
            ProofError, FormatError: if what is there is not what the log signed.
        """
        if not (path / RECORD).is_dir():
            raise no_house(path)
        if not (path / LOG_KEY).parent.exists():
            raise StoreError(
                f"{path} is a copy without keys/: it can be read and verified, not added to",
                code="store/absent",
                next_step="Act in the original folder.",
            )
        seed = load_log_key(path / LOG_KEY)
        files = DirectoryFiles(path / RECORD)
        reader = StaticReader.from_directory(path / RECORD)
        # The log's own name for itself; read_record holds it to the founding, once the journal has been replayed. The journal has it, not the
        # checkpoint, which a power failure may have torn.
        origin = parse_journal(files.read(JOURNAL, MAX_JOURNAL)).base.origin if exists(files, JOURNAL) else ""
        if not origin:
            raise no_journal(published=exists(files, CHECKPOINT))
        log = Log.open(files, origin, SignerKey(origin, seed))
        try:
            read = read_record(reader, progress=progress, keep=telling, watch=watch)
        except BaseException:
            log.close()
            raise
        record = cls(path, log, read.state, read.tree)
        record._watch = watch
        return record

    @property
    def checkpoint(self) -> bytes:
        """The signed note that is published now."""
        return self._log.checkpoint

    def submit(self, raw: bytes, texts: Mapping[str, bytes] | None = None) -> Outcome:
        """Append one entry, durably, if the fold accepts it.

        Args:
            texts: the objects that the entry names, by digest; stored before the entry.

        Raises:
            RuleError, ProofError, FormatError: if the fold refuses it; the record is unchanged.
            StoreError: if the disk refuses; open the record again to learn whether the entry was kept.
        """
        state, outcome = apply(self.state, raw, self.tree.root)
        _insist(outcome)
        for text in (texts or {}).values():
            self.objects.put(text)
        self._log.append([raw])
        self.tree.append(leaf_hash(raw))
        self.state = state
        self._watch(state, outcome)
        return outcome

    def entries(self, start: int, stop: int) -> Iterator[bytes]:
        """Entries *start* to *stop* (exclusive) of this epoch's log, as :meth:`.log.Log.entries`."""
        return self._log.entries(start, stop)

    def add_signatures(self, lines: Sequence[str], size: int) -> None:
        """Publish partners' verified signature lines with the checkpoint of *size*, as :meth:`.log.Log.add_signatures`.

        Raises:
            StoreError: ``log/moved`` if the log has grown; or if the disk refuses. FormatError: as it does.
        """
        self._log.add_signatures(lines, size=size)

    def close(self) -> None:
        """Settle the log and let other processes write."""
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def refusal_of(outcome: Outcome) -> FormatError | ProofError | RuleError:
    """What the fold said about an entry that it refuses, as the family of error that its code belongs to."""
    family = FormatError if outcome.entry is None else ProofError if outcome.code.startswith(("signature/", "attest/")) else RuleError
    return family(outcome.words, code=outcome.code, next_step=outcome.next_step)


def _insist(outcome: Outcome) -> None:
    if not outcome.counts:
        raise refusal_of(outcome)

"""Following one log: fetch, verify, store, replay, and only then sign with the mirror key (DESIGN 3.4; C2SP tlog-mirror).

The order is the guarantee. A checkpoint that the log signed is held against everything that it signed before; then every leaf is proved to be
in it, folded and flushed to this node's disk; then, in one transaction, the mirror's signature is remembered; then it leaves. So a mirror
signature means: these entries are here, and anybody can fetch them from here. What is on the disk is served from there, log alive or not.

A mirror stays on the history that it signed first. A log that shows another one gets no signature for it, and a proof goes to :mod:`.alarms`.

Not here: C2SP's ``add-entries`` (this mirror fetches, nobody uploads); when to look (:mod:`.node`); later epochs (:class:`Succession`).
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Protocol

from commonhold.kernel.errors import CommonholdError, FormatError, ProofError, RuleError, StoreError
from commonhold.kernel.notes import SignerKey, VerifierKey, parse_note
from commonhold.kernel.record.brief import Brief
from commonhold.kernel.record.entries import parse_entry
from commonhold.kernel.record.fold import Outcome
from commonhold.kernel.record.history import Chapter
from commonhold.kernel.record.state import State, empty_state
from commonhold.kernel.tlog.checkpoint import Checkpoint, cosign, open_checkpoint, parse_checkpoint
from commonhold.kernel.tlog.equivocation import show_equivocation
from commonhold.kernel.tlog.hashes import EMPTY_ROOT
from commonhold.kernel.tlog.tilereader import HashReader
from commonhold.mirror.alarms import WITHHELD, Alarms, contradiction
from commonhold.mirror.copy import Copy
from commonhold.mirror.database import Database
from commonhold.mirror.pending import Pending
from commonhold.mirror.vouching import Stance, Voucher
from commonhold.mirror.witness import Clock
from commonhold.store.files import Files
from commonhold.store.reader import CHECKPOINT, StaticReader

PATIENCE: Final = 5.0
"""Seconds that a request waits for its turn while a record is being caught up with."""

_NOTHING: Final = (empty_state(), 0, EMPTY_ROOT)
_RELOAD: Final = frozenset({"store/full", "store/io", "store/denied", "mirror/inconsistent"})


class Succession(Protocol):
    """What a later epoch changes for the log before it. Called with the log's turn held."""

    def check_signable(self, origin: str, copy: Copy) -> None:
        """Pass in silence if the mirror may still sign for *origin*.

        Raises:
            RuleError: once it has signed that *origin* is frozen.
        """

    def statements(self, origin: str, copy: Copy, checkpoint: Checkpoint, time: int) -> Mapping[str, bytes]:
        """Further files to serve beside the mirrored checkpoint, by name, such as ``state`` or ``successors``; signed at *time*."""


class OneEpoch:
    """The :class:`Succession` of a node that knows no later epochs."""

    def check_signable(self, origin: str, copy: Copy) -> None:
        """Nothing is ever frozen."""

    def statements(self, origin: str, copy: Copy, checkpoint: Checkpoint, time: int) -> Mapping[str, bytes]:
        """Nothing is said."""
        del origin, copy, checkpoint, time
        return {}


class Follower:
    """One log as this node holds it. Threads take turns.

    Args:
        log: the key that signs the log; its name is the origin.
        reader: how the log's files are fetched.
        files: where this node's own copy lies.
        database: what it must not forget.
        signer: the mirror key, of kind 0x04.
        clock: POSIX seconds.
        alarms: where evidence goes.
        pending: the entries that members gave to this node.
        succession: what later epochs say.
        voucher: what says what the record amounts to.
    """

    def __init__(
        self,
        log: VerifierKey,
        reader: StaticReader,
        files: Files,
        database: Database,
        signer: SignerKey,
        clock: Clock,
        alarms: Alarms,
        pending: Pending,
        succession: Succession,
        voucher: Voucher,
    ) -> None:
        self.log, self.origin = log, log.name
        self.trouble = ""
        self.heard: list[bytes] = []
        self._reader, self._files, self._database, self._signer, self._clock = reader, files, database, signer, clock
        self._alarms, self._pending, self._succession, self._voucher = alarms, pending, succession, voucher
        self._turn = threading.Lock()
        self._copy: Copy | None = None
        self._statements: Mapping[str, bytes] = {}
        self._view: tuple[State, int, bytes] | None = None
        self._stance: Stance | None = None

    def pull(self) -> None:
        """Fetch what the log now publishes, and store what is new; nothing is signed.

        Raises:
            StoreError: if the log or this node's disk cannot be reached; what came before is kept.
            ProofError, FormatError: if the log contradicts itself or its files; nothing of that is kept but evidence.
        """
        with self._my_turn() as copy:
            self._take(copy, self._reader.checkpoint_raw(), published=True)

    def cosign(self, note: bytes) -> str:
        """Hold what a signed checkpoint covers, and give the mirror's signature line for it.

        Raises:
            ProofError: ``mirror/not-signed`` if the log did not sign it, ``mirror/conflict`` with the held ``size`` if the mirror holds more,
                or another if it is of another history.
            RuleError: as :meth:`sign`. StoreError, FormatError: as :meth:`pull`.
        """
        with self._my_turn() as copy:
            try:
                checkpoint, _ = open_checkpoint(note, [self.log])
            except CommonholdError as error:
                raise ProofError(f"the log has not signed this checkpoint: {error}", code="mirror/not-signed") from None
            self._take(copy, note, published=False)
            if checkpoint.size < copy.size:
                raise ProofError(
                    f"the checkpoint has size {checkpoint.size}, and this mirror holds {copy.size} entries",
                    code="mirror/conflict",
                    next_step="Ask for a signature of the newest checkpoint.",
                    data={"size": copy.size},
                )
            return self._sign(copy)

    def sign(self) -> str:
        """The mirror's signature line for the newest checkpoint that it holds whole, made now: a heartbeat.

        Remembered durably before this returns, and served from then on.

        Raises:
            ProofError: ``mirror/nothing`` if it holds none. RuleError: ``mirror/left-out`` if the log has left out an entry for ten minutes.
            StoreError: if the disk refuses; nothing is signed then.
        """
        with self._my_turn() as copy:
            return self._sign(copy)

    def take_entry(self, raw: bytes) -> Outcome | None:
        """Keep an entry for this log, see :meth:`.pending.Pending.take`. Waits for nobody: a log that drips its files stops no entry.

        Raises:
            RuleError, ProofError, FormatError, StoreError: as it does.
        """
        if self._view is None:
            with self._my_turn():
                pass
        state, size, root = self._view or _NOTHING
        if not size:
            raise StoreError("this node does not hold the record yet", code="mirror/nothing", next_step="Try again in a minute.")
        hashes = StaticReader(self._files.read).hashes(size, root)
        return self._pending.take(self.origin, state, hashes.root, parse_entry(raw), raw, self._clock())

    def judge(self, note: bytes) -> bool:
        """Hold a checkpoint that the log signed, and that somebody brought from elsewhere, against what is held.

        Gives whether it is of another history; False too while that cannot be told.

        Raises:
            StoreError: if the database cannot be changed.
        """
        if not self._turn.acquire(blocking=False):
            return False
        try:
            return self._copy is not None and self._accuse(self._copy, note)
        finally:
            self._turn.release()

    def head(self) -> tuple[int, bytes, int] | None:
        """Size, note and time of the newest checkpoint that the mirror has signed; None if there is none."""
        found = self._database.read("SELECT size, note, time FROM copies WHERE origin = ? AND note != x''", self.origin)
        return (found[0][0], found[0][1], found[0][2]) if found else None

    def org(self) -> str:
        """The organisation whose record this is; empty until its founding is held, and while the copy is being loaded."""
        if self._view is None:
            with contextlib.suppress(StoreError), self._my_turn():
                pass
        return (self._view or _NOTHING)[0].org

    def stance(self) -> Stance | None:
        """What this node stands behind with its mirror and its validating key; None before it has signed anything.

        Raises:
            StoreError: if the copy is being caught up with.
        """
        if self._stance is None:
            with self._my_turn() as copy:
                head = self.head()
                # A node that was started again: what it signed before, it says again.
                if head is not None and head[0] == copy.size:
                    self._stand(copy, *head)
        return self._stance

    def brief(self, entry: str, asked: Sequence[tuple[str, str]]) -> Brief | None:
        """The brief proof of an entry and some keys of the state, see :meth:`.vouching.Voucher.brief`; None before anything is signed.

        Raises:
            RuleError, FormatError, StoreError: as it does.
        """
        stance = self.stance()
        return None if stance is None else self._voucher.brief(stance, StaticReader(self._files.read), self.size(), entry, asked)

    @property
    def state(self) -> State:
        """What is held amounts to this; nothing, before it is loaded."""
        return (self._view or _NOTHING)[0]

    def size(self) -> int:
        """How many leaves are held."""
        return (self._view or _NOTHING)[1]

    def held(self) -> tuple[int, bytes]:
        """How many leaves this node remembers to hold, and the root over them, loaded or not."""
        return self._row()[1:]

    def chapter(self) -> Chapter | None:
        """This log as a reader of several epochs takes it; None while nothing that begins an epoch of that origin is held.

        Raises:
            StoreError: ``mirror/busy`` while the copy is being caught up with; or if the disk cannot be read.
        """
        with self._my_turn() as copy:
            found = copy.chapter()
        return found if found is not None and found.origin == self.origin else None

    def answers(self) -> list[bytes]:
        """Checkpoints of this log with cosignatures that have reached this node, its own first; whose they are, the reader checks."""
        head = self.head()
        return [*([head[1]] if head is not None else []), *self.heard]

    def served(self, name: str, limit: int) -> bytes | None:
        """One tile, bundle or statement of this node's copy; None if it is not there.

        Raises:
            StoreError: if the disk cannot be read.
        """
        if name in self._statements:
            return self._statements[name]
        try:
            return self._files.read(name, limit)
        except StoreError as error:
            if error.code == "store/absent":
                return None
            raise

    @contextlib.contextmanager
    def _my_turn(self) -> Iterator[Copy]:
        if not self._turn.acquire(timeout=PATIENCE):
            raise StoreError(
                f"the record of {self.origin} is being caught up with",
                code="mirror/busy",
                next_step="Try again in a minute.",
            )
        try:
            if self._copy is None:
                self._copy = self._load()
                self._look(self._copy)
            yield self._copy
            self._look(self._copy)
        except BaseException as error:
            # Where this node's own disk refused, or nobody knows what happened, memory may be ahead of the disk.
            if not isinstance(error, CommonholdError) or error.code in _RELOAD:
                self._copy = None
            elif self._copy is not None:
                self._look(self._copy)
            raise
        finally:
            self._turn.release()

    def _look(self, copy: Copy) -> None:
        # One assignment, so that whoever looks without a turn sees a state with its own size and root.
        self._view = (copy.state, copy.size, copy.root)

    def _row(self) -> tuple[bytes, int, bytes]:
        found = self._database.read("SELECT pending, held, held_root FROM copies WHERE origin = ?", self.origin)
        return (found[0][0], found[0][1], found[0][2]) if found else (b"", 0, b"")

    def _load(self) -> Copy:
        _, held, root = self._row()
        try:
            copy = Copy.load(self._files, held, root)
        except (ProofError, FormatError, StoreError) as error:
            # Whatever happened to this copy: everything is fetched again, and must lead to what was signed.
            self.trouble = f"this node's own copy was damaged, and is fetched again: {error}"
            return Copy(self._files)
        head = self.head()
        if head is not None:
            self._publish(head[1])
        return copy

    def _take(self, copy: Copy, note: bytes, *, published: bool) -> None:
        checkpoint, opened = open_checkpoint(note, [self.log])
        bare = f"{opened.text}\n{opened.verified[0][1].line}".encode()
        before, _, _ = self._row()
        known = parse_checkpoint(parse_note(before).text) if before else None
        if checkpoint.size <= copy.size and copy.tree.root(checkpoint.size) != checkpoint.root:
            self._accuse(copy, bare)
            raise self._other_history(checkpoint.size)
        if known is not None and checkpoint.size < known.size:
            if published:
                self._alarms.rollback(self.log, bare, before, self._clock())
            return
        if checkpoint.size > copy.size:
            hashes = self._reader.hashes(checkpoint.size, checkpoint.root)
            self._check_leads_on(hashes, copy, before, bare)
            leaves = self._reader.proved_entries(copy.size, checkpoint.size, hashes)
            copy.extend(leaves, checkpoint.size - copy.size, lambda size, root: self._hold(bare, size, root))
            self._alarms.review(self.log, bare, copy.tree, self._clock())

    def _check_leads_on(self, hashes: HashReader, copy: Copy, before: bytes, bare: bytes) -> None:
        """Pass in silence if the new tree begins with all that is held and all that the log had signed."""
        if before:
            known = parse_checkpoint(parse_note(before).text)
            root = hashes.root(known.size)
            if root != known.root:
                proof = hashes.consistency_proof(known.size) if known.size < hashes.size else []
                self._alarms.two_faces(show_equivocation(self.log, before, bare, root if proof else b"", proof), self._clock())
                raise self._other_history(hashes.size)
        if hashes.root(copy.size) != copy.tree.root(copy.size):
            raise self._other_history(hashes.size)

    def _other_history(self, size: int) -> ProofError:
        return ProofError(
            f"the log's checkpoint of size {size} is not of the history that this mirror holds",
            code="mirror/two-faces",
            next_step="Fetch the proof from this node's /alarms, and show it to the organisation's members.",
        )

    def _accuse(self, copy: Copy, note: bytes) -> bool:
        before, _, _ = self._row()
        found = contradiction(self.log, before, note, copy.tree) if before else None
        if found is not None:
            self._alarms.two_faces(found, self._clock())
        return found is not None

    def _hold(self, note: bytes, size: int, root: bytes) -> None:
        """Remember, in one step, what is held and which signed checkpoint it is a part of."""
        with self._database.changing() as rows:
            rows.execute(
                "INSERT INTO copies VALUES (?, ?, ?, ?, 0, x'', 0) "
                "ON CONFLICT (origin) DO UPDATE SET pending = excluded.pending, held = excluded.held, held_root = excluded.held_root",
                (self.origin, note, size, root),
            )

    def _sign(self, copy: Copy) -> str:
        note, held, _ = self._row()
        checkpoint = parse_checkpoint(parse_note(note).text) if note else None
        if checkpoint is None or held != checkpoint.size or copy.size != held:
            raise ProofError("this mirror does not hold the whole of what the log has signed", code="mirror/nothing")
        now = max(1, self._clock())
        self._succession.check_signable(self.origin, copy)
        late = self._pending.left_out(self.origin, copy, now)
        for entry, raw in late:
            words = f"the log has left out an entry of {entry.member or 'the partners'} that the rules accept, since {entry.since}"
            self._alarms.sound(self.origin, WITHHELD, now, words, raw)
        if late:
            raise RuleError(
                f"the log has left out {len(late)} entries that the rules accept, the first {late[0][0].id[:12]} for {now - late[0][0].since} seconds",
                code="mirror/left-out",
                next_step="Append the entries that this node lists at /pending; then it signs again.",
                data={"entries": [entry.id for entry, _ in late]},
            )
        line = cosign(note, self._signer, now).line
        statements = self._succession.statements(self.origin, copy, checkpoint, now)
        with self._database.changing() as rows:
            rows.execute("UPDATE copies SET size = ?, note = ?, time = ? WHERE origin = ?", (held, note + line.encode(), now, self.origin))
        self._statements = statements
        self._publish(note + line.encode())
        self._stand(copy, held, note + line.encode(), now)
        return line

    def _stand(self, copy: Copy, size: int, note: bytes, time: int) -> None:
        self._stance = self._voucher.stand(self._stance, copy.state, copy.tree, size, note, time)

    def _publish(self, note: bytes) -> None:
        """Put the mirrored checkpoint beside its tiles, for any web server; what counts is in the database."""
        self._files.write(CHECKPOINT, note)

"""One log as a node holds it: the copy, what is remembered of it, and whose turn it is (DESIGN 3.4).

Everything that reads or changes the copy takes its turn; what only has to be told quickly is told without one, from the database or from the last look.
The copy is loaded when it is first needed, and loaded again where memory may be ahead of the disk.

Not here: what is fetched and signed (:mod:`.follower`).
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Final

from commonhold.kernel.errors import CommonholdError, FormatError, ProofError, StoreError
from commonhold.kernel.ids import parse_origin
from commonhold.kernel.notes import VerifierKey, parse_note
from commonhold.kernel.record.history import Chapter
from commonhold.kernel.record.state import State, empty_state
from commonhold.kernel.record.succession import branch
from commonhold.kernel.tlog.checkpoint import parse_checkpoint
from commonhold.kernel.tlog.hashes import EMPTY_ROOT
from commonhold.mirror.copy import Copy
from commonhold.mirror.database import Database
from commonhold.store.files import Files
from commonhold.store.reader import CHECKPOINT, StaticReader

PATIENCE: Final = 5.0
"""Seconds that a request waits for its turn while a record is being caught up with."""

NOTHING: Final = (empty_state(), 0, EMPTY_ROOT)
RELOAD: Final = frozenset({"store/full", "store/io", "store/denied", "mirror/inconsistent"})


def org_of(origin: str) -> str:
    """The organisation whose log has this origin; empty where the origin is none of ours."""
    try:
        return parse_origin(origin)[0]
    except CommonholdError:
        return ""


class Held:
    """What a node holds of one log. Threads take turns.

    Args:
        log: the key that signs the log; its name is the origin.
        files: where this node's own copy lies.
        database: what it must not forget.
        begins: gives the state in which the log begins; None for a founding.
        places: gives the sizes at which other logs branch off.
    """

    def __init__(
        self, log: VerifierKey, files: Files, database: Database, begins: Callable[[], State | None], places: Callable[[], Collection[int]]
    ) -> None:
        self.log, self.origin = log, log.name
        self.trouble = ""
        self.heard: list[bytes] = []
        self.carried: dict[int, bytes] = {}
        """By place that is asked: the checkpoint that it served last, with the signatures that stand under it."""
        self._files, self._database, self._begins, self._places = files, database, begins, places
        self._turn = threading.Lock()
        self._copy: Copy | None = None
        self._view: tuple[State, int, bytes] | None = None
        self._chapter: Chapter | None = None

    def branch_state(self, size: int, root: bytes) -> State:
        """The state in which an epoch begins that branches off this log after *size* of its entries.

        Raises:
            ProofError: ``history/no-parent`` if this log has no such place, or that much of it is not held.
            RuleError: if the organisation did not live here. FormatError, StoreError: if the copy cannot be read.
        """
        with self._my_turn() as copy:
            if size > copy.size or copy.tree.root(size) != root:
                raise ProofError(
                    f"the epoch branches off {self.origin} at entry {size}, and this node holds no such place in it ({copy.size} entries)",
                    code="history/no-parent",
                    next_step="Try again when this node has caught up; it also looks where the new epoch is served.",
                    data={"held": copy.size},
                )
            return branch(copy.state_at(size), root)

    def head(self) -> tuple[int, bytes, int] | None:
        """Size, note and time of the newest checkpoint that the mirror has signed; None if there is none."""
        found = self._database.read("SELECT size, note, time FROM copies WHERE origin = ? AND note != x''", self.origin)
        return (found[0][0], found[0][1], found[0][2]) if found else None

    def org(self) -> str:
        """The organisation whose record this is; empty where the origin is none of ours, or nothing is held."""
        return org_of(self.origin) if self.size() else ""

    @property
    def busy(self) -> bool:
        """Whether somebody has its turn just now: it is being caught up with, say."""
        return self._turn.locked()

    def view(self) -> tuple[State, int, bytes]:
        """The state of what is held, its size and root; those of an empty record while nothing is. Waits for nobody but the first load.

        Raises:
            StoreError: ``mirror/busy`` while the copy is being loaded; and what loading it raises.
        """
        if self._view is None:
            with self._my_turn():
                pass
        return self._view or NOTHING

    @property
    def state(self) -> State:
        """What is held amounts to this; nothing, before it is loaded."""
        return (self._view or NOTHING)[0]

    def known(self) -> bytes:
        """The newest checkpoint that the log is known to have signed, of which a part or all is held; empty if there is none."""
        return self._row()[0]

    def size(self) -> int:
        """How many leaves are held."""
        return self._row()[1]

    def held(self) -> tuple[int, bytes]:
        """How many leaves this node remembers to hold, and the root over them, loaded or not."""
        return self._row()[1:]

    def leaves(self, places: Iterable[int]) -> list[bytes]:
        """The leaves at some places of this node's copy, each proved to be in it.

        Raises:
            FormatError: for a place that is not held. ProofError, StoreError: if the copy cannot be read.
        """
        size, root = self.held()
        reader = StaticReader(self._files.read)
        hashes = reader.hashes(size, root)
        return [next(reader.proved_entries(place, place + 1, hashes)) for place in places]

    def whole(self) -> bytes | None:
        """The newest checkpoint of the log of which every leaf is held, with this mirror's signature where it has given one; None if there is none."""
        note, held, _ = self._row()
        head = self.head()
        if note and parse_checkpoint(parse_note(note).text).size == held and (head is None or head[0] < held):
            return note
        return head[1] if head is not None else None

    def chapter(self) -> Chapter | None:
        """This log as a reader of several epochs takes it; None while nothing that begins an epoch of that origin is held.

        While the copy is being caught up with, it is what it was when it was last asked for.

        Raises:
            StoreError: ``mirror/busy`` if it is, and nobody has asked; or if the disk cannot be read.
        """
        held, _ = self.held()
        if not held:
            return None
        try:
            with self._my_turn() as copy:
                last = self._chapter
                if last is None or (last.tree.size, len(last.branches)) != (copy.size, copy.branches):
                    found = copy.chapter()
                    self._chapter = found if found is not None and found.origin == self.origin else None
        except StoreError as error:
            if error.code != "mirror/busy" or self._chapter is None:
                raise
        return self._chapter

    def answers(self) -> list[bytes]:
        """Checkpoints of this log with cosignatures that have reached this node, its own first; whose they are, the reader checks."""
        head = self.head()
        # An organisation's log carries its partners' newest signatures itself.
        return [*([head[1]] if head is not None else []), *list(self.carried.values()), *self.heard]

    def served(self, name: str, limit: int) -> bytes | None:
        """One tile or bundle of this node's copy; None if it is not there.

        Raises:
            StoreError: if the disk cannot be read.
        """
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
            if not isinstance(error, CommonholdError) or error.code in RELOAD:
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
        begins, places = self._begins(), self._places()
        try:
            copy = Copy.load(self._files, held, root, begins, places)
        except (ProofError, FormatError, StoreError) as error:
            # Whatever happened to this copy: everything is fetched again, and must lead to what was signed.
            self.trouble = f"this node's own copy was damaged, and is fetched again: {error}"
            return Copy(self._files, begins, places)
        head = self.head()
        if head is not None:
            self._publish(head[1])
        return copy

    def _hold(self, note: bytes, size: int, root: bytes) -> None:
        """Remember, in one step, what is held and which signed checkpoint it is a part of."""
        with self._database.changing() as rows:
            rows.execute(
                "INSERT INTO copies VALUES (?, ?, ?, ?, 0, x'', 0) "
                "ON CONFLICT (origin) DO UPDATE SET pending = excluded.pending, held = excluded.held, held_root = excluded.held_root",
                (self.origin, note, size, root),
            )

    def _publish(self, note: bytes) -> None:
        """Put the mirrored checkpoint beside its tiles, for any web server; what counts is in the database."""
        self._files.write(CHECKPOINT, note)

"""A node's own copy of one record: its static files, and the state and tree that they replay to (C2SP tlog-tiles; DESIGN 3.5).

Leaves come in order, already proved to be the log's. They are folded, written as bundles and tiles, and flushed every few thousand; only what
is flushed counts as held. Loading replays what is held, and finds damage. In memory are the tree (64 bytes for each entry), the state, and what
else a reader of several epochs asks for: the states where others branch off, and that in which the members decided to go on here.

The log of a later epoch begins with the state of its branch; whose that is, the caller says.

Not here: whose checkpoints are believed, what is remembered as held, and signing (:mod:`.follower`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from commonhold.kernel.errors import CommonholdError, ProofError
from commonhold.kernel.record.fold import Outcome
from commonhold.kernel.record.history import Chapter
from commonhold.kernel.record.replay import Replay
from commonhold.kernel.record.state import State
from commonhold.kernel.tlog.merkle import Tree
from commonhold.kernel.tlog.tiles import TILE_WIDTH
from commonhold.store.edge import Edge, frame, load_edge, still_served, superseded
from commonhold.store.files import Files
from commonhold.store.reader import StaticReader
from commonhold.store.workers import rare_collections, signature_workers

FLUSH_EVERY: Final = 16 * TILE_WIDTH
"""Entries between two flushes of a long catch-up; what an interruption can cost."""

UNCLEAR: Final = frozenset({"kind/not-yet", "act/no-proposal"})
"""Refusals that a verdict on the record looks at again; of all others the copy keeps nothing."""

Held = Callable[[int, bytes], None]
"""Told of a size and root up to which every leaf is on the disk, flushed."""


class Copy:
    """The copy of one record. One thread at a time.

    Args:
        files: where it lies.
        start: the state in which the log begins; None for a founding.
        places: sizes at which other logs branch off.
    """

    def __init__(self, files: Files, start: State | None = None, places: Iterable[int] = ()) -> None:
        self._files, self._start = files, start
        self._edge = Edge()
        self._replay = Replay(start)
        self._swept = 0
        self._places = set(places)
        self._branches: dict[int, State] = {}
        self._decided: State | None = None
        self._unclear: list[Outcome] = []
        self.bytes = 0
        """Of all leaves that were folded."""

    @classmethod
    def load(cls, files: Files, size: int, root: bytes, start: State | None = None, places: Iterable[int] = ()) -> Copy:
        """The copy as it was held at *size* and *root*, replayed from its own files.

        Raises:
            ProofError, FormatError, StoreError: if a file is damaged or gone.
        """
        copy = cls(files, start, places)
        if not size:
            return copy
        reader = StaticReader(files.read)
        copy._swept = max(0, size - FLUSH_EVERY)
        copy._edge, hashes = load_edge(size, root, reader.tile, lambda _level, index, width: reader.bundle(index, width))
        with signature_workers(size) as verifier, rare_collections():
            for outcome in copy._replay.run(copy._counted(reader.proved_entries(0, size, hashes)), verifier):
                copy._notice(outcome)
        return copy

    @property
    def size(self) -> int:
        """How many leaves are held."""
        return self._edge.size

    @property
    def root(self) -> bytes:
        """The root over them."""
        return self._edge.root

    @property
    def state(self) -> State:
        """What they amount to."""
        return self._replay.state

    @property
    def tree(self) -> Tree:
        """Their tree, with every earlier root."""
        return self._replay.tree

    def chapter(self) -> Chapter | None:
        """The log as a reader of several epochs takes it, as of now; None while it holds nothing that begins an epoch."""
        state = self._replay.state
        if state.phase in ("empty", "branched"):
            return None
        return Chapter(
            state.origin, state.parent, state, self.tree.copy(), list(self._unclear), {}, dict(self._branches), decided=self._decided
        )

    def state_at(self, size: int) -> State:
        """The state after so many of the leaves that are held, for an epoch that branches off there; remembered from then on.

        Raises:
            ProofError, FormatError, StoreError: if a file is damaged or gone.
        """
        if size not in self._branches:
            state = self.state
            if size != self.size:
                reader, replay = StaticReader(self._files.read), Replay(self._start)
                leaves = reader.proved_entries(0, size, reader.hashes(self.size, self.root))
                with signature_workers(size) as verifier, rare_collections():
                    for _ in replay.run(leaves, verifier):
                        pass
                state = replay.state
            self._places.add(size)
            self._branches[size] = state
        return self._branches[size]

    @property
    def branches(self) -> int:
        """At how many places, as far as is known, others branch off."""
        return len(self._branches)

    def extend(self, leaves: Iterable[bytes], count: int, held: Held) -> None:
        """Fold and write *leaves*, of which there should be *count*; *held* is told after each flush.

        If their source fails, what came before is flushed and held first; if the disk refuses, this copy must be loaded again.

        Raises:
            StoreError: if the disk refuses; and whatever *leaves* raises.
        """
        fetched: deque[bytes] = deque()
        waiting: list[bytes] = []

        def noted() -> Iterator[bytes]:
            for leaf in self._counted(leaves):
                fetched.append(leaf)
                yield leaf

        def flush() -> None:
            if waiting:
                self._write(waiting)
                waiting.clear()
                held(self.size, self.root)

        try:
            with signature_workers(count) as verifier, rare_collections():
                for outcome in self._replay.run(noted(), verifier):
                    self._notice(outcome)
                    waiting.append(frame(fetched.popleft()))
                    if (self.size + len(waiting)) % FLUSH_EVERY == 0:
                        flush()
        except CommonholdError:
            # The source broke off; what was folded is good, and a copy that keeps in step need not be loaded again.
            flush()
            raise
        flush()

    def _counted(self, leaves: Iterable[bytes]) -> Iterator[bytes]:
        for leaf in leaves:
            self.bytes += len(leaf)
            yield leaf

    def _notice(self, outcome: Outcome) -> None:
        """Keep of one folded entry what is asked for later; called while the state is the one that it left."""
        state = self._replay.state
        if outcome.code in UNCLEAR:
            self._unclear.append(outcome)
        if state.size - state.base in self._places:
            self._branches[state.size - state.base] = state
        if any(event.name == "enacted" and event.data["kind"] == "succeed" for event in outcome.events):
            self._decided = state

    def _write(self, framed: list[bytes]) -> None:
        before = self.size
        edge, files = self._edge.extend(framed)
        for name, data in files:
            self._files.write(name, data)
        self._files.sync(sorted(name for name, _ in files if still_served(name, edge.size)))
        self._edge = edge
        if self._replay.tree.root(edge.size) != edge.root:
            raise ProofError("the written tiles and the replayed tree have two different roots", code="mirror/inconsistent")
        # What is on record as held may still be the size before, so its partial tiles go with the next flush.
        for tile in superseded(self._swept, before):
            self._files.delete(f"{tile.path}.p")
        self._swept = before

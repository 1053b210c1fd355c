"""A node's own copy of one record: its static files, and the state and tree that they replay to (C2SP tlog-tiles; DESIGN 3.5).

Leaves come in order, already proved to be the log's. They are folded, written as bundles and tiles, and flushed every few thousand; only what
is flushed counts as held. Loading replays what is held, and finds damage. In memory are the tree (64 bytes for each entry) and the state.

Not here: whose checkpoints are believed, what is remembered as held, and signing (:mod:`.follower`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from commonhold.kernel.errors import CommonholdError, ProofError
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

Held = Callable[[int, bytes], None]
"""Told of a size and root up to which every leaf is on the disk, flushed."""


class Copy:
    """The copy of one record. One thread at a time."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._edge = Edge()
        self._replay = Replay()
        self._swept = 0

    @classmethod
    def load(cls, files: Files, size: int, root: bytes) -> Copy:
        """The copy as it was held at *size* and *root*, replayed from its own files.

        Raises:
            ProofError, FormatError, StoreError: if a file is damaged or gone.
        """
        copy = cls(files)
        if not size:
            return copy
        reader = StaticReader(files.read)
        copy._swept = max(0, size - FLUSH_EVERY)
        copy._edge, hashes = load_edge(size, root, reader.tile, lambda _level, index, width: reader.bundle(index, width))
        with signature_workers(size) as verifier, rare_collections():
            for _ in copy._replay.run(reader.proved_entries(0, size, hashes), verifier):
                pass
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

    def extend(self, leaves: Iterable[bytes], count: int, held: Held) -> None:
        """Fold and write *leaves*, of which there should be *count*; *held* is told after each flush.

        If their source fails, what came before is flushed and held first; if the disk refuses, this copy must be loaded again.

        Raises:
            StoreError: if the disk refuses; and whatever *leaves* raises.
        """
        fetched: deque[bytes] = deque()
        waiting: list[bytes] = []

        def noted() -> Iterator[bytes]:
            for leaf in leaves:
                fetched.append(leaf)
                yield leaf

        def flush() -> None:
            if waiting:
                self._write(waiting)
                waiting.clear()
                held(self.size, self.root)

        try:
            with signature_workers(count) as verifier, rare_collections():
                for _ in self._replay.run(noted(), verifier):
                    waiting.append(frame(fetched.popleft()))
                    if (self.size + len(waiting)) % FLUSH_EVERY == 0:
                        flush()
        except CommonholdError:
            # The source broke off; what was folded is good, and a copy that keeps in step need not be loaded again.
            flush()
            raise
        flush()

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

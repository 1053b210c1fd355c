"""Objects into a mirror, several at a time: bounded, hashed before they are kept, and durable in small batches, so that a killed run loses little.

What one object's place does wrong ends that object, which is named; what this machine's own disk does wrong ends the run.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeVar

from commonhold.kernel.errors import CommonholdError, FormatError, ProofError, RuleError
from commonhold.mirror.folder.source import From
from commonhold.store.objects.directory import ObjectDirectory
from commonhold.store.objects.incoming import Incoming
from commonhold.store.objects.pace import Pace
from commonhold.store.objects.protocol import Putting, Source, name_of, nothing

CHUNK_OBJECTS: Final = 64
CHUNK_BYTES: Final = 32 << 20
MAX_NAMED: Final = 1000
"""Failures that are named; the others are counted."""
GIVE_UP: Final = 16
"""So many objects in a row that the place did not answer for, and it is asked for no more."""

_A = TypeVar("_A")
_B = TypeVar("_B")


class Item(NamedTuple):
    """An object to fetch: its size as its manifest says, or -1, and how many bytes it may have at most."""

    digest: str
    size: int
    limit: int


@dataclass
class Fetched:
    """What came, and what did not: by digest why, at most a thousand; *count* of all that failed, and of the objects *left* unasked."""

    objects: int = 0
    bytes: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    count: int = 0
    left: int = 0
    wrong: int = 0
    absent: int = 0

    def fail(self, digest: str, why: str) -> None:
        """Name a failure, or count it where a thousand are named."""
        self.count += digest not in self.failed
        if len(self.failed) < MAX_NAMED:
            self.failed[digest] = why


class Fetching:
    """Fetches objects from one place into one store.

    Args:
        jobs: how many connections at a time.
        pace: bytes a second altogether.
    """

    def __init__(self, source: From, objects: ObjectDirectory, prefix: str = "", *, jobs: int = 1, pace: Pace | None = None) -> None:
        self._source, self._objects, self._prefix = source, objects, prefix
        self._jobs, self._pace = jobs, pace or Pace()
        self._lock = threading.Lock()
        self._silent = 0
        self.done = Fetched()

    @property
    def stopped(self) -> bool:
        """Whether the place has stopped answering."""
        return self._silent >= GIVE_UP

    def fetch(self, items: Iterable[Item], told: Callable[[int], None] = nothing, *, optional: bool = False) -> None:
        """Fetch objects; each is durable when this returns, or named among what failed.

        Args:
            optional: an object that the place does not have is only counted.

        Raises:
            StoreError: if this machine's disk refuses; what was fetched before is kept.
        """
        chunks = _chunks(items)
        with ThreadPoolExecutor(self._jobs, thread_name_prefix="fetch") as pool:
            running: set[Future[int]] = set()
            try:
                for chunk in chunks:
                    # Never more than one waiting for each worker: what is not begun is held by whoever names it.
                    if len(running) >= 2 * self._jobs:
                        ended, running = wait(running, return_when=FIRST_COMPLETED)
                        for one in ended:
                            told(one.result())
                    running.add(pool.submit(self._take, chunk, optional))
                for one in running:
                    told(one.result())
            except BaseException:
                self._silent = GIVE_UP
                pool.shutdown(cancel_futures=True)
                raise

    def ahead(self, work: Callable[[_A], _B], items: Iterable[_A]) -> Iterator[tuple[_A, _B]]:
        """What *work* gives for each item, in order; as many are worked on at a time as there are connections, and no more are held."""
        with ThreadPoolExecutor(self._jobs, thread_name_prefix="ahead") as pool:
            waiting: deque[tuple[_A, Future[_B]]] = deque()
            for item in items:
                waiting.append((item, pool.submit(work, item)))
                if len(waiting) >= self._jobs:
                    first, found = waiting.popleft()
                    yield first, found.result()
            for first, found in waiting:
                yield first, found.result()

    def bytes_of(self, item: Item) -> bytes | None:
        """One small object in memory, hashed, not kept yet; None if it is not to be had, which is then among what failed or was left."""
        if self.stopped:
            with self._lock:
                self.done.left += 1
            return None
        kept: list[bytes] = []
        held = _Held(kept)
        self._one(held, item, optional=False)
        return b"".join(kept) if held.whole else None

    def _take(self, chunk: list[Item], optional: bool) -> int:  # noqa: FBT001 - given by position to a pool
        with self._objects.batch() as batch:
            for item in chunk:
                if self.stopped:
                    with self._lock:
                        self.done.left += 1
                    continue
                self._one(batch, item, optional=optional)
        return len(chunk)

    def _one(self, into: Putting, item: Item, *, optional: bool) -> None:
        seen = 0

        def pieces() -> Iterator[bytes]:
            nonlocal seen
            try:
                for piece in self._source.pieces(self._prefix + name_of(item.digest), item.limit):
                    seen += len(piece)
                    yield piece
                    self._pace.took(len(piece))
            except CommonholdError as error:
                raise _PlaceError(error) from None

        silent = wrong = absent = False
        why = ""
        try:
            into.put(pieces(), digest=item.digest, size=item.size)
        except _PlaceError as failed:
            error = failed.error
            silent, absent = error.code == "store/unreachable", error.code == "store/absent"
            wrong, why = error.code == "store/too-big", str(error)
        except (ProofError, FormatError) as error:
            wrong, why = True, str(error)
        except RuleError as error:
            why = str(error)
        with self._lock:
            self._silent = self._silent + 1 if silent else 0 if not self.stopped else self._silent
            if not why:
                self.done.objects += 1
                self.done.bytes += seen
            elif absent and optional:
                self.done.absent += 1
            else:
                self.done.fail(item.digest, why)
                self.done.wrong += wrong


class _PlaceError(Exception):
    """It was the place that failed, not this disk."""

    def __init__(self, error: CommonholdError) -> None:
        super().__init__(str(error))
        self.error = error


class _Held:
    """Puts one object into memory, hashed as a store would."""

    def __init__(self, kept: list[bytes]) -> None:
        self._kept = kept
        self.whole = False

    def put(self, source: Source, *, digest: str = "", size: int = -1) -> str:
        coming = Incoming(source, digest=digest, size=size)
        self._kept.extend(coming.pieces())
        self.whole = True
        return coming.digest


def _chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    chunk: list[Item] = []
    size = 0
    for item in items:
        chunk.append(item)
        size += max(item.size, 0)
        if len(chunk) >= CHUNK_OBJECTS or size >= CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk

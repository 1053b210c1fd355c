"""Files in memory that can be broken at will: the test helper for everything that must survive a crash.

It keeps two states apart: what readers see now, and what a power failure would leave. A *fault table* numbers every change
(:attr:`MemoryFiles.steps`); one change can be made to kill the process before, within or after it (:class:`Killed`), or to be refused by
the disk. After a kill, :meth:`MemoryFiles.reboot` gives what the next process finds, by one of the :class:`Loss` rules.

The rules are harsher than most disks: un-synced files may be lost, damaged, or kept in any selection. What was synced stays.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from commonhold.kernel.errors import StoreError
from commonhold.store.files import Lock, check_name


class Killed(BaseException):
    """The process died here. No handler for errors catches it, as none would run."""


class Instant(enum.Enum):
    """When, within one change, the fault strikes."""

    BEFORE = "before"
    TORN = "torn"
    AFTER = "after"


class Loss(enum.Enum):
    """What a crash leaves of changes that were not synced."""

    NOTHING = "nothing is lost: only the process was killed"
    ALL = "all of it is lost"
    DAMAGED = "its files are there, and empty or cut"
    OLDEST = "every second file is lost, the newest is kept: the disk wrote in another order"


@dataclass(frozen=True, slots=True)
class Fault:
    """One broken place: the change number *step* (from 0) is hit at *instant*, by a kill or by StoreError with code *refusal*."""

    step: int
    instant: Instant = Instant.BEFORE
    refusal: str = ""


class MemoryFiles:
    """:class:`.files.Files` in memory, with the same guarantees and no better ones.

    Args:
        fault: the one place that is broken, or none.
        broken: instead, asked before every change with its kind and name; True refuses it as a full disk until it says False.
    """

    def __init__(self, fault: Fault | None = None, broken: Callable[[str, str], bool] | None = None) -> None:
        self.fault = fault
        self.broken = broken
        self.steps: list[tuple[str, str]] = []
        self._seen: dict[str, bytes] = {}
        self._durable: dict[str, bytes] = {}
        self._locks: set[str] = set()

    def read(self, name: str, max_size: int) -> bytes:
        """As :meth:`.files.Files.read`."""
        check_name(name)
        if name not in self._seen:
            raise StoreError(f"cannot read {name}: no such file", code="store/absent")
        if len(self._seen[name]) > max_size:
            raise StoreError(f"{name} is longer than {max_size} bytes", code="store/too-big")
        return self._seen[name]

    def write(self, name: str, data: bytes) -> None:
        """As :meth:`.files.Files.write`; one step."""
        # Atomic for every reader, so a kill within it leaves the old content.
        self._change("write", name, torn=lambda: None, whole=lambda: self._put(name, data))

    def sync(self, names: Iterable[str]) -> None:
        """As :meth:`.files.Files.sync`; one step; torn: the first half of the names."""
        chosen = list(names)
        self._change(
            "sync", chosen[0] if chosen else "-", torn=lambda: self._keep(chosen[: len(chosen) // 2]), whole=lambda: self._keep(chosen)
        )

    def append(self, name: str, data: bytes, meanwhile: Callable[[], None] = lambda: None) -> None:
        """As :meth:`.files.Files.append`; one step; torn: the first half of the bytes."""
        old = self.read(name, 1 << 62)
        meanwhile()

        def torn() -> None:
            self._put(name, old + data[: len(data) // 2])
            self._keep([name])

        def whole() -> None:
            self._put(name, old + data)
            self._keep([name])

        self._change("append", name, torn=torn, whole=whole)

    def replace(self, name: str, data: bytes) -> None:
        """As :meth:`.files.Files.replace`; one step; torn: in place, and not yet durable."""

        def whole() -> None:
            self._put(name, data)
            self._keep([name])

        # Torn: the new name is seen, and not yet durable.
        self._change("replace", name, torn=lambda: self._put(name, data), whole=whole)

    def delete(self, name: str) -> None:
        """As :meth:`.files.Files.delete`; one step if there is anything; torn: half of a folder."""
        check_name(name)
        gone = [one for one in self._seen if one == name or one.startswith(f"{name}/")]
        if gone:
            self._change("delete", name, torn=lambda: self._drop(gone[: len(gone) // 2]), whole=lambda: self._drop(gone))

    def list(self, under: str) -> Iterator[str]:
        """As :meth:`.files.Files.list`."""
        check_name(under)
        yield from sorted(name for name in self._seen if name.startswith(f"{under}/"))

    def lock(self, name: str) -> Lock:
        """As :meth:`.files.Files.lock`."""
        check_name(name)
        if name in self._locks:
            raise StoreError("another process is writing here", code="store/locked", next_step="wait until it has finished.")
        self._locks.add(name)
        return _MemoryLock(self._locks, name)

    def clear_scratch(self) -> None:
        """Nothing is ever half-written here."""

    def reboot(self, loss: Loss = Loss.NOTHING) -> MemoryFiles:
        """What the next process finds, whole and unlocked."""
        after = MemoryFiles()
        unsynced = sorted(name for name in self._seen.keys() | self._durable.keys() if self._seen.get(name) != self._durable.get(name))
        if loss is Loss.NOTHING:
            after._seen = dict(self._seen)
        else:
            after._seen = dict(self._durable)
            for place, name in enumerate(unsynced):
                kept = self._seen.get(name)
                # A journal that was replaced and not yet synced is the old one or the new: replace() flushes before it renames.
                if loss is Loss.DAMAGED and kept is not None and not name.startswith("."):
                    after._seen[name] = kept[: len(kept) // 2] if place % 2 else b""
                elif loss is Loss.OLDEST and (place % 2 or name == "checkpoint") and kept is not None:
                    after._seen[name] = kept
        after._durable = dict(after._seen)
        return after

    def damage(self, name: str, data: bytes | None) -> None:
        """Put *data* at *name*, or remove it, behind everybody's back: what tampering and bad disks do."""
        for state in (self._seen, self._durable):
            state.pop(name, None)
            if data is not None:
                state[name] = data

    def names(self) -> frozenset[str]:
        """All names that a reader sees."""
        return frozenset(self._seen)

    def _change(self, kind: str, name: str, *, torn: Callable[[], None], whole: Callable[[], None]) -> None:
        check_name(name)
        self.steps.append((kind, name))
        fault = self.fault if self.fault is not None and self.fault.step == len(self.steps) - 1 else None
        if self.broken is not None and self.broken(kind, name):
            raise StoreError(f"cannot {kind} {name}: no space left", code="store/full", next_step="free some space.")
        if fault is None or fault.instant is Instant.AFTER:
            whole()
        elif fault.instant is Instant.TORN:
            torn()
        if fault is not None:
            if fault.refusal:
                raise StoreError(f"cannot {kind} {name}: the disk refused", code=fault.refusal, next_step="look at the disk.")
            raise Killed(f"{fault.instant.value} {kind} {name}")

    def _put(self, name: str, data: bytes) -> None:
        self._seen[name] = data

    def _drop(self, names: Iterable[str]) -> None:
        for name in names:
            self._seen.pop(name, None)

    def _keep(self, names: Iterable[str]) -> None:
        for name in names:
            if name not in self._seen:
                raise StoreError(f"cannot flush {name}: no such file", code="store/absent")
            self._durable[name] = self._seen[name]


class _MemoryLock:
    def __init__(self, locks: set[str], name: str) -> None:
        self._locks, self._name = locks, name

    def release(self) -> None:
        self._locks.discard(self._name)

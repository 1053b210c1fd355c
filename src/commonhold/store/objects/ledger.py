"""What is known about places where objects lie: how far a scrub has come, what was found wrong, who holds which work, and who is not believed.

A small SQLite database beside the store. It is a cache of observations: whoever deletes it loses time, and nothing else. Every method is one transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from commonhold.kernel.errors import StoreError

NAME: Final = ".store/ledger.db"
HERE: Final = "here"
"""The place that is the house's own store."""
_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS runs (place TEXT PRIMARY KEY, cursor TEXT, started INTEGER, finished INTEGER, objects INTEGER, bytes INTEGER)",
    "CREATE TABLE IF NOT EXISTS faults (place TEXT, digest TEXT, what TEXT, seen INTEGER, PRIMARY KEY (place, digest))",
    "CREATE TABLE IF NOT EXISTS holdings (place TEXT, work TEXT, checked INTEGER, PRIMARY KEY (place, work))",
    "CREATE TABLE IF NOT EXISTS quarantine (place TEXT PRIMARY KEY, digest TEXT, why TEXT, since INTEGER)",
)


@dataclass(frozen=True)
class Run:
    """A scrub of a place: the last digest that was looked at, when it began and ended (0: not yet), and what it has seen."""

    cursor: str
    started: int
    finished: int
    objects: int
    bytes: int


@dataclass(frozen=True)
class Fault:
    """An object that is not as it should be at a place: ``altered``, ``missing`` or ``unreadable``."""

    place: str
    digest: str
    what: str
    seen: int


@dataclass(frozen=True)
class Quarantined:
    """A place that gave wrong bytes under a digest, and is not asked until somebody has looked at it."""

    place: str
    digest: str
    why: str
    since: int


class Ledger:
    """The ledger of one house.

    Args:
        path: the database; made where it is not there.

    Raises:
        StoreError: ``store/ledger`` if it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=30.0, isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            for table in _TABLES:
                self._db.execute(table)
        except (OSError, sqlite3.Error) as error:
            raise _refused(path, error) from None
        self._path = path

    @classmethod
    def of(cls, house: Path) -> Self:
        """The ledger of the house in a folder."""
        return cls(house / NAME)

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def run(self, place: str) -> Run | None:
        """The last scrub of a place, finished or not."""
        rows = self._ask("SELECT cursor, started, finished, objects, bytes FROM runs WHERE place = ?", place)
        return Run(*rows[0]) if rows else None

    def save_run(self, place: str, run: Run, faults: Iterable[Fault] = (), healed: Iterable[str] = ()) -> None:
        """Keep how far a scrub has come, with what it found since it last said so."""
        with self._changing():
            self._db.execute(
                "INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?)",
                (place, run.cursor, run.started, run.finished, run.objects, run.bytes),
            )
            self._db.executemany("DELETE FROM faults WHERE place = ? AND digest = ?", [(place, digest) for digest in healed])
            self._db.executemany(
                "INSERT OR REPLACE INTO faults VALUES (?, ?, ?, ?)",
                [(fault.place, fault.digest, fault.what, fault.seen) for fault in faults],
            )

    def faults(self, place: str = "") -> Iterator[Fault]:
        """What is wrong, at one place or everywhere, by place and digest; may be changed while it is read."""
        last = ("", "")
        where = "(place, digest) > (?, ?)" + (" AND place = ?" if place else "")
        while rows := self._ask(
            f"SELECT place, digest, what, seen FROM faults WHERE {where} ORDER BY place, digest LIMIT 1000",  # noqa: S608 - two texts of ours
            *last,
            *([place] if place else []),
        ):
            for row in rows:
                yield Fault(*row)
            last = (rows[-1][0], rows[-1][1])

    def count_faults(self, place: str) -> int:
        """How many objects are not as they should be at a place."""
        return int(self._ask("SELECT COUNT(*) FROM faults WHERE place = ?", place)[0][0])

    def healed(self, place: str, digest: str) -> None:
        """An object is whole again."""
        with self._changing():
            self._db.execute("DELETE FROM faults WHERE place = ? AND digest = ?", (place, digest))

    def faulty(self, fault: Fault) -> None:
        """An object was found wrong outside a scrub."""
        with self._changing():
            self._db.execute("INSERT OR REPLACE INTO faults VALUES (?, ?, ?, ?)", (fault.place, fault.digest, fault.what, fault.seen))

    def holds(self, place: str, work: str, now: int) -> None:
        """A whole copy of a work is at a place: every object of it was hashed there."""
        with self._changing():
            self._db.execute("INSERT OR REPLACE INTO holdings VALUES (?, ?, ?)", (place, work, now))

    def lost(self, place: str, work: str = "") -> None:
        """A place no longer has a whole copy of a work, or of any."""
        with self._changing():
            self._db.execute("DELETE FROM holdings WHERE place = ? AND (work = ? OR ? = '')", (place, work, work))

    def holdings(self) -> dict[str, frozenset[str]]:
        """The places of each work, those that are in quarantine left out."""
        found: dict[str, set[str]] = {}
        for work, place in self._ask("SELECT work, place FROM holdings WHERE place NOT IN (SELECT place FROM quarantine)"):
            found.setdefault(work, set()).add(place)
        return {work: frozenset(places) for work, places in found.items()}

    def quarantine(self, place: str, digest: str, why: str, now: int) -> None:
        """Believe a place no longer: it gave wrong bytes. The first reason stays."""
        with self._changing():
            self._db.execute("INSERT OR IGNORE INTO quarantine VALUES (?, ?, ?, ?)", (place, digest, why, now))

    def release(self, place: str) -> None:
        """Believe a place again: all of it was looked at, and found whole."""
        with self._changing():
            self._db.execute("DELETE FROM quarantine WHERE place = ?", (place,))

    def quarantined(self) -> dict[str, Quarantined]:
        """The places that are not believed."""
        return {row[0]: Quarantined(*row) for row in self._ask("SELECT place, digest, why, since FROM quarantine")}

    def _ask(self, sql: str, *values: object) -> list[Any]:
        try:
            return self._db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise _refused(self._path, error) from None

    @contextmanager
    def _changing(self) -> Iterator[None]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise _refused(self._path, error) from None


def _refused(path: Path, error: Exception) -> StoreError:
    return StoreError(
        f"the ledger {path} refuses: {error}",
        code="store/ledger",
        next_step="Free some space or correct its permissions; if it is damaged, delete it: the next scrub makes it again.",
    )

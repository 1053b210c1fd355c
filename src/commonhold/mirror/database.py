"""What a node must never forget, in one SQLite file: which heads it has signed, what it holds, what it was sent and what it saw.

Every change is one transaction, durable when it returns (write-ahead log, ``synchronous=FULL``), so a signature that is made within one and
leaves after it was remembered first. Threads take turns: ``BEGIN IMMEDIATE`` claims the file before anything is compared. One process has the file for
itself (``locking_mode=EXCLUSIVE``): so there is no index in shared memory, whose pages a full disk cannot give, which ends a process without a word.

Not here: what the tables mean (:mod:`.witness`, :mod:`.follower`, :mod:`.pending`, :mod:`.alarms`, :mod:`.later`, :mod:`.frozen`).
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from commonhold.kernel.errors import FatalStoreError, StoreError

VERSION: Final = 2
SYNCHRONOUS = "FULL"
"""Every commit waits for the disk. Tests that are about something else say OFF."""
_FILE_MODE: Final = 0o600
_SCHEMA: Final = """
CREATE TABLE node (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE heads (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, note BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE copies (
  origin TEXT PRIMARY KEY, pending BLOB NOT NULL, held INTEGER NOT NULL, held_root BLOB NOT NULL,
  size INTEGER NOT NULL, note BLOB NOT NULL, time INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE entries (id TEXT PRIMARY KEY, origin TEXT NOT NULL, member TEXT NOT NULL, since INTEGER NOT NULL, raw BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX entries_of ON entries (origin, member);
CREATE TABLE alarms (id TEXT PRIMARY KEY, origin TEXT NOT NULL, kind TEXT NOT NULL, time INTEGER NOT NULL, words TEXT NOT NULL, evidence BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX alarms_of ON alarms (origin, time);
"""
_EPOCHS: Final = """
CREATE TABLE IF NOT EXISTS epochs (
  origin TEXT PRIMARY KEY, vkey TEXT NOT NULL, org TEXT NOT NULL, member TEXT NOT NULL, parent TEXT NOT NULL, size INTEGER NOT NULL,
  root BLOB NOT NULL, time INTEGER NOT NULL, told INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS addresses (origin TEXT NOT NULL, url TEXT NOT NULL, gave INTEGER NOT NULL, PRIMARY KEY (origin, url)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS frozen (origin TEXT PRIMARY KEY, successor TEXT NOT NULL, note BLOB NOT NULL) WITHOUT ROWID;
"""
_UPGRADES: Final = {1: _EPOCHS}
"""What each layout lacks of the one after it."""


class Database:
    """One node's memory. Threads share one connection and take turns.

    Args:
        path: of the file; :meth:`create` makes it, the constructor only opens it.
        factory: makes connections; tests give one that breaks.
    """

    def __init__(self, path: Path, *, factory: type[sqlite3.Connection] = sqlite3.Connection) -> None:
        if not path.is_file():
            raise StoreError(f"there is no database {path}", code="store/absent")
        self._turn = threading.Lock()
        with _refusals(f"open {path}"):
            self._connection = sqlite3.connect(
                path, timeout=0, isolation_level=None, check_same_thread=False, factory=factory, cached_statements=64
            )
            # Before anything is read: afterwards the shared memory is there already.
            self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute(f"PRAGMA synchronous = {SYNCHRONOUS}")
            version = self._connection.execute("PRAGMA user_version").fetchone()[0]
            while version in _UPGRADES:
                self._connection.executescript(f"BEGIN IMMEDIATE; {_UPGRADES[version]} PRAGMA user_version = {version + 1}; COMMIT;")
                version += 1
        if version != VERSION:
            self.close()
            raise FatalStoreError(
                f"{path} has the layout {version}, and this version of the program knows {VERSION}",
                code="node/version",
                next_step="Use the version of the program that wrote it, or a newer one.",
            )

    @classmethod
    def create(cls, path: Path, values: Sequence[tuple[str, str]], *, factory: type[sqlite3.Connection] = sqlite3.Connection) -> Database:
        """Make the file, whole or not at all, with what the node is called, and open it.

        Raises:
            StoreError: if the disk refuses.
        """
        scratch = path.with_name(f"{path.name}.new")
        try:
            with _refusals(f"make {path}"):
                scratch.unlink(missing_ok=True)
                os.close(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _FILE_MODE))
                with contextlib.closing(sqlite3.connect(scratch, isolation_level=None, factory=factory)) as connection:
                    connection.execute(f"PRAGMA synchronous = {SYNCHRONOUS}")
                    connection.executescript(f"BEGIN; {_SCHEMA} {_EPOCHS} PRAGMA user_version = {VERSION}; COMMIT;")
                    connection.executemany("INSERT INTO node VALUES (?, ?)", values)
                scratch.replace(path)
        except OSError as error:
            raise StoreError(
                f"cannot make {path}: {error.strerror}", code="store/io", next_step="Look at the folder and the disk."
            ) from None
        return cls(path, factory=factory)

    @contextlib.contextmanager
    def changing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, alone: durable when the block has ended, undone if it raises.

        Raises:
            StoreError: if the file cannot be changed (a full disk, say); nothing is changed then.
        """
        with self._turn, _refusals("change the node's database"):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise

    def read(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """All rows that a question gives, as of one moment.

        Raises:
            StoreError: if the file cannot be read.
        """
        with self._turn, _refusals("read the node's database"):
            rows: list[tuple[Any, ...]] = self._connection.execute(query, values).fetchall()
            return rows

    def close(self) -> None:
        """Let the file go; a second time does nothing."""
        with self._turn, contextlib.suppress(sqlite3.Error):
            self._connection.close()


@contextlib.contextmanager
def _refusals(doing: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        if "locked" in str(error):
            raise StoreError(
                f"cannot {doing}: another process has it",
                code="store/locked",
                next_step="wait until it has finished, or stop it; one folder has one node.",
            ) from error
        full = "full" in str(error)
        step = "Free some space on this disk; nothing that was answered is lost." if full else "Look at the disk, and start the node again."
        raise StoreError(f"cannot {doing}: {error}", code="store/full" if full else "store/io", next_step=step) from error

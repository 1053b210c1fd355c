"""A set of digests on the disk, so that a million of them take no memory."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self


class DigestSet:
    """Digests, each once, in a temporary file that goes when the ``with`` block ends. For one thread."""

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="commonhold-digests-")
        self._rows = sqlite3.connect(Path(self._folder.name) / "digests.db", isolation_level=None)
        self._rows.execute("PRAGMA journal_mode = OFF")
        self._rows.execute("PRAGMA synchronous = OFF")
        self._rows.execute("CREATE TABLE digests (digest TEXT PRIMARY KEY) WITHOUT ROWID")
        self._rows.execute("BEGIN")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._rows.close()
        self._folder.cleanup()

    def update(self, digests: Iterable[str]) -> None:
        """Add digests."""
        self._rows.executemany("INSERT OR IGNORE INTO digests VALUES (?)", ((digest,) for digest in digests))

    def __contains__(self, digest: object) -> bool:
        return self._rows.execute("SELECT 1 FROM digests WHERE digest = ?", (digest,)).fetchone() is not None

    def __iter__(self) -> Iterator[str]:
        for (digest,) in self._rows.execute("SELECT digest FROM digests ORDER BY digest"):
            yield digest

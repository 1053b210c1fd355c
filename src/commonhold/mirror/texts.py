"""The words of official statements, kept beside the record: what readers paste is compared with them (docs/formats/text-object.md).

A record names a text by the digest of an object with a salt, so a node that does not hold the object can compare nothing. Statements are public by
decision; a node therefore fetches their objects from where the log is served, checks them, and keeps them for as long as its operator does. Nothing
else is fetched: other texts (reasons, minutes) may be about people.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from commonhold.kernel.errors import CommonholdError
from commonhold.kernel.record.state import State
from commonhold.kernel.texts import parse_text
from commonhold.mirror.witness import Clock
from commonhold.store.directory import ObjectDirectory
from commonhold.store.fetch import Fetch

MAX_TEXT: Final = 128 << 10
"""Bytes of a statement's object that are fetched; a longer one is compared by nobody here."""
NEWEST: Final = 500
"""Statements of one organisation whose texts are kept, the newest."""
AT_A_TIME: Final = 16
AGAIN_SECONDS: Final = 300


class Texts:
    """The statements' texts of all records that one node follows. Threads may call at once.

    *version* grows with each text that comes in.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._objects = ObjectDirectory(folder, max_size=MAX_TEXT)
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, bytes | None] = {}
        self.version = 0
        self._asked: dict[str, int] = {}

    def gather(self, state: State, fetches: Sequence[Callable[[], Fetch]]) -> None:
        """Fetch some of the statements' texts that are not here yet; those that nobody serves are asked for again later.

        Args:
            fetches: how files of the log's place are fetched, from one or more prefixes; *objects* lies below one of them.
        """
        now, tried = self._clock(), 0
        newest = sorted(state.part("statements").items(), key=lambda item: -item[1].index)[:NEWEST]
        for digest, _ in newest:
            if tried >= AT_A_TIME or self.text(digest) is not None or now < self._asked.get(digest, 0):
                continue
            tried += 1
            self._asked[digest] = now + AGAIN_SECONDS
            for fetch in fetches:
                if self._fetched(digest, fetch):
                    self._asked.pop(digest, None)
                    break

    def text(self, digest: str) -> bytes | None:
        """The words behind a digest (UTF-8, as they were published); None if they are not held."""
        with self._lock:
            if digest not in self._known:
                raw = self.object(digest)
                self._known[digest] = None if raw is None else parse_text(raw)[1]
            return self._known[digest]

    def object(self, digest: str) -> bytes | None:
        """The whole object, for others to check; None if it is not held."""
        try:
            return self._objects.get(digest)
        except CommonholdError:
            return None

    def _fetched(self, digest: str, fetch: Callable[[], Fetch]) -> bool:
        try:
            raw = fetch()(f"objects/{digest[:2]}/{digest[2:]}", MAX_TEXT)
            if hashlib.sha256(raw).hexdigest() != digest:
                return False
            body = parse_text(raw)[1]
            self._objects.put(raw)
        except CommonholdError:
            # Whoever serves the log may have no objects, or lost this one: it stays missing, and readers are told so.
            return False
        with self._lock:
            self._known[digest] = body
            self.version += 1
        return True

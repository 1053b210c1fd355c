"""What a node keeps beside a record: the words of official statements, and what its seals need to be opened (docs/formats/text-object.md, seal.md).

A record names a text by the digest of an object with a salt, so a node that does not hold the object can compare nothing. Statements are public by
decision; a node therefore fetches their objects from where the log is served, checks them, and keeps them for as long as its operator does.

It does the same with the sealed objects and the custodians' envelopes of seals that are not retired. They are encrypted, and nobody who keeps them
can open them; but whoever takes the organisation's server could delete them there, and the custodians' shares would open nothing.

Nothing else is fetched: other texts (reasons, minutes) may be about people.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from commonhold.kernel.custody.sealing.opening import HEADER, MAX_SEALED
from commonhold.kernel.errors import CommonholdError
from commonhold.kernel.record.custody import is_to_one
from commonhold.kernel.record.keeping import kept_objects
from commonhold.kernel.record.state import State
from commonhold.kernel.texts import parse_text
from commonhold.mirror.witness import Clock
from commonhold.store.fetch import Fetch
from commonhold.store.objects.directory import ObjectDirectory

MAX_TEXT: Final = 128 << 10
"""Bytes of a statement's object that are fetched; a longer one is compared by nobody here."""
NEWEST: Final = 500
"""Statements of one organisation whose texts are kept, the newest."""
MOST_SEALED: Final = 4_000
"""Sealed objects and envelopes of one organisation that are kept, those of its newest seals."""
MAX_ENVELOPE: Final = 8 << 10
"""Bytes of an envelope that is fetched."""
AT_A_TIME: Final = 16
AGAIN_SECONDS: Final = 300

Check = Callable[[bytes], bool]
"""Whether bytes are what was asked for, and no more than that."""


class Texts:
    """The statements' texts, and the objects of the seals, of all records that one node follows. Threads may call at once.

    *version* grows with each text that comes in.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._objects = ObjectDirectory(folder, max_size=MAX_TEXT)
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, bytes | None] = {}
        self._held: set[str] = set()
        self.version = 0
        self._asked: dict[str, int] = {}

    def gather(self, state: State, fetches: Sequence[Callable[[], Fetch]]) -> None:
        """Fetch some of the objects that are not here yet; those that nobody serves are asked for again later.

        Args:
            fetches: how files of the log's place are fetched, from one or more prefixes; *objects* lies below one of them.
        """
        now, tried = self._clock(), 0
        sealed = list(kept_objects(state).items())[:MOST_SEALED]
        newest = sorted(state.part("statements").items(), key=lambda item: -item[1].index)[:NEWEST]
        wanted: list[tuple[str, Check]] = [(digest, _is_sealed if whole else _is_envelope) for digest, whole in sealed]
        wanted += [(digest, _is_text) for digest, _ in newest]
        for digest, check in wanted:
            if tried >= AT_A_TIME or now < self._asked.get(digest, 0) or self._holds(digest):
                continue
            tried += 1
            self._asked[digest] = now + AGAIN_SECONDS
            if any(self._fetched(digest, fetch, check) for fetch in fetches):
                self._asked.pop(digest, None)

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

    def _holds(self, digest: str) -> bool:
        """Whether the object is here; once it was, the disk is not asked again."""
        with self._lock:
            if digest in self._held:
                return True
        if self.object(digest) is None:
            return False
        with self._lock:
            self._held.add(digest)
        return True

    def _fetched(self, digest: str, fetch: Callable[[], Fetch], check: Check) -> bool:
        try:
            raw = fetch()(f"objects/{digest[:2]}/{digest[2:]}", MAX_TEXT)
            if hashlib.sha256(raw).hexdigest() != digest or not check(raw):
                return False
            self._objects.put(raw)
        except CommonholdError:
            # Whoever serves the log may have no objects, or lost this one: it stays missing, and readers are told so.
            return False
        with self._lock:
            self._held.add(digest)
            self._known.pop(digest, None)
            self.version += 1
        return True


def _is_text(raw: bytes) -> bool:
    parse_text(raw)
    return True


def _is_sealed(raw: bytes) -> bool:
    return raw.startswith(HEADER) and len(raw) <= MAX_SEALED


def _is_envelope(raw: bytes) -> bool:
    return is_to_one(raw) and len(raw) <= MAX_ENVELOPE

"""What a node keeps beside a record: the words of official statements and of the charter, and what its seals need to be opened (docs/formats/text-object.md, seal.md).

A record names a text by the digest of an object with a salt, so a node that does not hold the object can compare nothing. Statements are public by
decision; a node therefore fetches their objects from where the log is served, or from other partners, checks them, and keeps them until the organisation
decides that they go (:mod:`.stores`). So with the charter in force: whoever restores the organisation out of this node alone has its rules in words.

It does the same with the sealed objects and the custodians' envelopes of seals that are not retired. They are encrypted, and nobody who keeps them
can open them; but whoever takes the organisation's server could delete them there, and the custodians' shares would open nothing.

What the disk loses is fetched again: that a file is there is looked at each time, and a few are hashed. Other texts (reasons, minutes) may be about
people, and are not fetched.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Container, Sequence
from typing import Final

from commonhold.kernel.charter.articles import parse_text as parse_article
from commonhold.kernel.custody.sealing.opening import HEADER, MAX_SEALED
from commonhold.kernel.custody.sealing.shares import MAX_SEALED_ENVELOPE
from commonhold.kernel.errors import CommonholdError
from commonhold.kernel.record.custody import is_to_one
from commonhold.kernel.record.keeping import charter_texts, kept_objects
from commonhold.kernel.record.state import State
from commonhold.kernel.texts import parse_text
from commonhold.mirror.stores import MAX_TEXT, Stores
from commonhold.mirror.witness import Clock
from commonhold.store.fetch import Fetch
from commonhold.store.objects.protocol import name_of

NEWEST: Final = 500
"""Statements of one organisation whose texts are kept, the newest."""
MOST_SEALED: Final = 4_000
"""Sealed objects and envelopes of one organisation that are kept, those of its newest seals."""
AT_A_TIME: Final = 16
AGAIN_SECONDS: Final = 300
HASHED: Final = 4
"""Objects of an organisation that are read and hashed at a look, so that damage is found and healed before anybody asks for them."""
AT_HAND: Final = 16 << 20
"""Bytes of texts that are kept in memory, of all organisations together; the rest is read from the disk."""

Check = Callable[[bytes], bool]
"""Whether bytes are what was asked for, and no more than that."""


class Texts:
    """The texts of statements and of the charter, and the objects of the seals, of all records that one node follows. Threads may call at once.

    *version* grows with each text that comes in or goes.
    """

    def __init__(self, stores: Stores, clock: Clock) -> None:
        self._stores, self._clock = stores, clock
        self._lock = threading.Lock()
        self._words: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._bytes = 0
        self.version = 0
        self._asked: dict[str, dict[str, int]] = {}
        self._damaged: dict[str, set[str]] = {}
        self._next: dict[str, int] = {}

    def obey(self, org: str, state: State) -> bool:
        """Let go what the organisation has decided to erase, see :meth:`.stores.Stores.obey`; the words go from memory too. Whether any of it is new.

        Raises:
            StoreError: as it does.
        """
        if gone := self._stores.obey(org, state):
            with self._lock:
                for digest in gone:
                    self._drop(org, digest)
                self.version += 1
        return bool(gone)

    def gather(self, org: str, state: State, fetches: Sequence[Callable[[], Fetch]], gone: Container[str] = ()) -> None:
        """Fetch some of the objects that are not here whole; those that nobody serves are asked for again later.

        Args:
            fetches: how files of the log's places are fetched, from one or more prefixes; *objects* lies below each.
            gone: digests that the organisation has decided to erase: they are not even asked for.
        """
        now, tried = self._clock(), 0
        sealed = list(kept_objects(state).items())[:MOST_SEALED]
        newest = sorted(state.part("statements").items(), key=lambda item: -item[1].index)[:NEWEST]
        wanted: dict[str, Check] = {digest: _is_text for digest, _ in newest if digest not in gone}
        wanted |= {digest: _is_sealed if whole else _is_envelope for digest, whole in sealed if digest not in gone}
        wanted |= dict.fromkeys(charter_texts(state), _is_article)
        self._look_over(org, list(wanted))
        before = self._asked.get(org, {})
        asked = {digest: at for digest, at in before.items() if digest in wanted and now < at}
        for digest, check in wanted.items():
            if tried >= AT_A_TIME:
                break
            if digest in asked or self._holds(org, digest):
                continue
            tried += 1
            if not any(self._fetched(org, digest, fetch, check) for fetch in fetches):
                asked[digest] = now + AGAIN_SECONDS
        self._asked[org] = asked

    def text(self, org: str, digest: str) -> bytes | None:
        """The words behind a digest (UTF-8, as they were published); None if they are not held."""
        with self._lock:
            if (org, digest) in self._words:
                self._words.move_to_end((org, digest))
                return self._words[org, digest]
        raw = self.object(org, digest)
        if raw is None:
            return None
        words = parse_text(raw)[1]
        with self._lock:
            if self._stores.texts(org).erased(digest):
                # Meanwhile: whoever erased it has emptied the memory already.
                return None
            self._drop(org, digest)
            self._words[org, digest] = words
            self._bytes += len(words)
            while self._bytes > AT_HAND:
                self._drop(*next(iter(self._words)))
        return words

    def object(self, org: str, digest: str) -> bytes | None:
        """The whole object, for others to check; None if it is not held whole. One that was damaged is fetched again at the next look."""
        store = self._stores.texts(org)
        try:
            return store.get(digest)
        except CommonholdError:
            if store.size_there(digest) >= 0:
                with self._lock:
                    self._damaged.setdefault(org, set()).add(digest)
            return None

    def _holds(self, org: str, digest: str) -> bool:
        """Whether the object is here, as far as is known: a file of that name, that nobody has found damaged."""
        return digest not in self._damaged.get(org, ()) and self._stores.texts(org).size_there(digest) >= 0

    def _look_over(self, org: str, wanted: Sequence[str]) -> None:
        """Hash a few objects, the next ones each time."""
        with self._lock:
            # What is wanted no more is no damage that has to be healed.
            self._damaged[org] = self._damaged.get(org, set()) & set(wanted)
        begin = self._next.get(org, 0)
        self._next[org] = begin + HASHED if begin + HASHED < len(wanted) else 0
        for digest in wanted[begin : begin + HASHED]:
            self.object(org, digest)

    def _drop(self, org: str, digest: str) -> None:
        self._bytes -= len(self._words.pop((org, digest), b""))

    def _fetched(self, org: str, digest: str, fetch: Callable[[], Fetch], check: Check) -> bool:
        try:
            raw = fetch()(name_of(digest), MAX_TEXT)
            if hashlib.sha256(raw).hexdigest() != digest or not check(raw):
                return False
            self._stores.texts(org).put(raw)
        except CommonholdError:
            # Whoever serves the log may have no objects, or lost this one: it stays missing, and readers are told so.
            return False
        with self._lock:
            self._damaged.get(org, set()).discard(digest)
            self.version += 1
        return True


def is_kept(state: State, digest: str) -> bool:
    """Whether a text, or what a seal needs, is among what is kept beside a record in this state."""
    return digest in state.part("statements") or digest in kept_objects(state) or digest in charter_texts(state)


def _is_text(raw: bytes) -> bool:
    parse_text(raw)
    return True


def _is_article(raw: bytes) -> bool:
    parse_article(raw)
    return True


def _is_sealed(raw: bytes) -> bool:
    return raw.startswith(HEADER) and len(raw) <= MAX_SEALED


def _is_envelope(raw: bytes) -> bool:
    return is_to_one(raw) and len(raw) <= MAX_SEALED_ENVELOPE

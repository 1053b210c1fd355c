"""What other partners say of the records that this node follows: their newest signatures, asked for now and then.

A reader is told a plain "official" only where partners who satisfy the organisation's policy stand behind exactly what this node holds. One node alone
rarely satisfies a policy, so it asks those whose address its operator gave. What they answer is verified like anything else: a signature of a mirror
key that the record names counts, and nothing else does.

A partner that does not answer is left alone for some seconds, whichever record it is asked about: else each of a thousand would wait for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from commonhold.kernel.errors import CommonholdError, StoreError
from commonhold.mirror.witness import Clock, origin_hash
from commonhold.store.fetch import Fetch
from commonhold.store.reader import MAX_CHECKPOINT

EVERY_SECONDS: Final = 15
SILENT_SECONDS: Final = 15
"""How long a partner that did not answer is asked nothing."""


class Others:
    """The other partners that one node knows. Threads may call at once.

    Args:
        urls: where they answer.
        fetch: how an address is read.
    """

    def __init__(self, urls: Iterable[str], fetch: Callable[[str], Fetch], clock: Clock) -> None:
        self._clock = clock
        self._silent: dict[str, int] = {}
        self._fetches = {url.rstrip("/"): self._patient(url.rstrip("/"), fetch(url.rstrip("/"))) for url in urls}
        self._lock = threading.Lock()
        self._notes: dict[str, dict[str, bytes]] = {}
        self._asked: dict[str, int] = {}

    def ask(self, origin: str) -> list[bytes]:
        """Each partner's newest mirrored checkpoint of a log, unverified; of whoever does not answer, what they said before."""
        now = self._clock()
        if now < self._asked.get(origin, 0):
            return self._newest(origin)
        self._asked[origin] = now + EVERY_SECONDS
        for url, fetch in self._fetches.items():
            try:
                note = fetch(f"mirror/{origin_hash(origin)}/checkpoint", MAX_CHECKPOINT)
            except CommonholdError:
                continue
            with self._lock:
                self._notes.setdefault(origin, {})[url] = note
        return self._newest(origin)

    def places(self, origin: str) -> list[tuple[str, Fetch, bytes]]:
        """Where each partner's copy of a log is, how it is fetched, and the newest checkpoint that was heard from there (or none)."""
        name = origin_hash(origin)
        with self._lock:
            notes = dict(self._notes.get(origin, {}))
        return [(f"{url}/mirror/{name}", below(fetch, f"mirror/{name}"), notes.get(url, b"")) for url, fetch in self._fetches.items()]

    def files_of(self, origin: str) -> list[Callable[[], Fetch]]:
        """How each partner's copy of a log, and what it keeps beside that, is fetched."""
        return [partial(below, fetch, f"mirror/{origin_hash(origin)}") for fetch in self._fetches.values()]

    def addresses_of(self, origin: str) -> list[str]:
        """Where each partner's copy of a log, and what it keeps beside that, is served."""
        return [f"{url}/mirror/{origin_hash(origin)}" for url in self._fetches]

    def fetch_of(self, address: str) -> Fetch | None:
        """How an address below one of these partners is fetched; None if it is below none."""
        for url, fetch in self._fetches.items():
            if address.startswith(f"{url}/"):
                return below(fetch, address.removeprefix(f"{url}/"))
        return None

    def _patient(self, url: str, fetch: Fetch) -> Fetch:
        """*fetch*, which is not even tried for a while after the partner at *url* did not answer; that it lacks a file is an answer."""

        def fetched(name: str, max_size: int) -> bytes:
            if self._clock() < self._silent.get(url, 0):
                raise StoreError(f"{url} did not answer a moment ago", code="store/unreachable", next_step="Try again in a minute.")
            try:
                return fetch(name, max_size)
            except StoreError as error:
                if error.code == "store/unreachable":
                    self._silent[url] = self._clock() + SILENT_SECONDS
                raise

        return fetched

    def _newest(self, origin: str) -> list[bytes]:
        with self._lock:
            return list(self._notes.get(origin, {}).values())


def below(fetch: Fetch, folder: str) -> Fetch:
    """*fetch*, for the files below a folder of what it reads."""
    return lambda name, max_size: fetch(f"{folder}/{name}", max_size)

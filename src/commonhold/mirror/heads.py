"""The newest head of a log as each of its partners has it, fetched from all at the same time: what makes a verdict fresh (DESIGN 3.6).

``GET /mirror/HASH/checkpoint`` of each partner. Nothing is verified here; ``kernel.record.freshness`` counts what the policy's own keys have signed.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from commonhold.kernel.errors import CommonholdError
from commonhold.mirror.witness import origin_hash
from commonhold.store.fetch import Fetch, url_fetch
from commonhold.store.reader import CHECKPOINT, MAX_CHECKPOINT

SECONDS: Final = 10.0
_MIRROR: Final = re.compile(r"(?P<node>.*)/mirror/[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Head:
    """What one partner shows of a log: its *note*, or the *trouble* with it in words."""

    url: str
    note: bytes = b""
    trouble: str = ""


def fetch_from(url: str, seconds: float = SECONDS) -> Fetch:
    """How a reader fetches: under the bounds of ``store.fetch``; the addresses are the reader's own."""
    return url_fetch(url, timeout=seconds, deadline=seconds)


def read_heads(urls: Iterable[str], origin: str, *, seconds: float = SECONDS) -> list[Head]:
    """The head of the log *origin* at each partner, in the given order; who does not answer within *seconds* is told as trouble.

    Args:
        urls: where partners answer, or the addresses of their mirrors of any log.
    """
    places = list(dict.fromkeys(_node(url) for url in urls))
    found: dict[str, Head] = {}

    def one(url: str) -> None:
        try:
            fetch = fetch_from(f"{url}/mirror/{origin_hash(origin)}", seconds)
            found[url] = Head(url, fetch(CHECKPOINT, MAX_CHECKPOINT))
        except CommonholdError as error:
            found[url] = Head(url, trouble=str(error)[:300])

    threads = [threading.Thread(target=one, args=(url,), daemon=True) for url in places]
    for thread in threads:
        thread.start()
    # One deadline for all: a look-up of a name can hang for longer than any other part of a request.
    end = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    return [found.get(url, Head(url, trouble=f"it did not answer within {seconds:.0f} seconds")) for url in places]


def _node(url: str) -> str:
    bare = url.rstrip("/")
    mirror = _MIRROR.fullmatch(bare)
    return mirror["node"] if mirror else bare

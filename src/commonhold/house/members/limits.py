"""How often strangers may knock: so many times per address and so many in all, in a window of time.

Kept in this process, which is the only one that serves a house, and bounded: who floods it with addresses fills one table of a known size, and what is
pushed out of it is only ever a count. An address is one IPv4 address, or the 64 bits of an IPv6 one that a household has.
"""

from __future__ import annotations

import ipaddress
import threading
from collections import OrderedDict
from typing import Final

from django.http import HttpRequest

from commonhold.house.core import ledger

MAX_ADDRESSES: Final = 4_096


class Limit:
    """At most *each* times from one address and *total* times from all of them, in every *seconds*."""

    def __init__(self, each: int, total: int, seconds: int) -> None:
        self.each, self.total, self.seconds = each, total, seconds
        self._lock = threading.Lock()
        self._counts: OrderedDict[str, int] = OrderedDict()
        self._all = 0
        self._window = -1

    def takes(self, address: str) -> bool:
        """Whether one more is allowed; counts it if so."""
        window = ledger.now() // self.seconds
        with self._lock:
            if window != self._window:
                self._window, self._all = window, 0
                self._counts.clear()
            count = self._counts.get(address, 0)
            if count >= self.each or self._all >= self.total:
                return False
            self._counts[address] = count + 1
            self._counts.move_to_end(address)
            self._all += 1
            if len(self._counts) > MAX_ADDRESSES:
                self._counts.popitem(last=False)
            return True

    def reset(self) -> None:
        """Forget what was counted."""
        with self._lock:
            self._window = -1


QUESTIONS: Final = Limit(300, 3_000, 600)
"""Questions to passkeys and their answers. Nobody guesses a signature: this bounds work, not luck; a whole assembly shares the address of its hall."""
LINKS: Final = Limit(300, 3_000, 600)
"""Pages behind links that hold a secret. Nobody guesses 32 bytes either."""
LIMITS: Final = (QUESTIONS, LINKS)


def address_of(request: HttpRequest) -> str:
    """Where a request comes from: behind a web server on this machine, what that server says.

    Only the last address of the header counts, for a stranger can write the others.
    """
    direct = str(request.META.get("REMOTE_ADDR", ""))
    forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    try:
        if forwarded and ipaddress.ip_address(direct).is_loopback:
            direct = forwarded
        found = ipaddress.ip_address(direct)
    except ValueError:
        return "?"
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else str(found)

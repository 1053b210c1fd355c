"""Many files from one web server over connections that stay open, believing nothing about it.

As :func:`.fetch.url_pieces` reads one file: bounded in size and time, from public addresses only where that is asked for. Opening a connection costs more than a small
file, most of all over TLS to the other end of the world. Redirects, proxies and whatever else is not plain go the other way, one file at a time.
"""

from __future__ import annotations

import contextlib
import http.client
import threading
import time
import urllib.request
from collections.abc import Iterator
from socket import SHUT_RDWR, socket
from typing import Final
from urllib.parse import urlsplit

from commonhold.kernel.errors import StoreError
from commonhold.store.fetch import Exchange, check_plain, refusal, unreachable, url_pieces

_PIECE: Final = 1 << 18
_SMALL: Final = 1 << 12
_IDLE: Final = 5
_LOST: Final = (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError, ConnectionAbortedError)
"""How a connection ends that a server closed because it was quiet for too long."""


class _Line:
    """One connection, and its socket even after an answer took it over."""

    def __init__(self, scheme: str, host: str, port: int | None, timeout: float, *, public_only: bool) -> None:
        exchange = Exchange(0.0, public_only=public_only)
        kind = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
        self.connection = kind(host, port, timeout=timeout)
        self.connection._create_connection = self._dial  # type: ignore[attr-defined]  # noqa: SLF001 - as http.client itself has it for tests
        self._exchange = exchange
        self.socket: socket | None = None
        self.used = False

    def _dial(self, address: tuple[str, int], timeout: float, source: tuple[str, int] | None) -> socket:
        self.socket = self._exchange.dial(address, timeout, source)
        return self.socket

    def shut(self) -> None:
        """End whatever waits for this connection."""
        if self.socket is not None:
            with contextlib.suppress(OSError):
                self.socket.shutdown(SHUT_RDWR)


class Lines:
    """Connections to one server. Threads may read at once, each over a connection of its own.

    Args:
        url: what the names lie below.
        timeout: seconds to wait for any one answer of the network.
        grace: seconds before slowness counts.
        least: bytes that must have come for each second since then, on average.
        public_only: speak with public addresses alone, whatever a name or a redirect says, and through no proxy.

    Raises:
        StoreError: ``store/url`` if the address is not plain.
    """

    def __init__(self, url: str, *, timeout: float = 10.0, grace: float = 30.0, least: int = 1 << 15, public_only: bool = False) -> None:
        check_plain(url)
        self._url = url.rstrip("/")
        self._parts = urlsplit(self._url)
        self._timeout, self._grace, self._least, self._public_only = timeout, grace, least, public_only
        proxied = not public_only and self._parts.scheme in urllib.request.getproxies()
        self._plain = not proxied or bool(urllib.request.proxy_bypass(self._parts.hostname or ""))
        self._lock = threading.Lock()
        self._free: list[_Line] = []
        self._ends: dict[_Line, float] = {}
        self._watching = False

    def pieces(self, name: str, max_size: int) -> Iterator[bytes]:
        """One file piece by piece.

        Args:
            name: below the address, quoted as it stands in one.

        Raises:
            StoreError: as :func:`.fetch.url_pieces`.
        """
        address = f"{self._url}/{name}"
        if not self._plain:
            yield from self._other_way(address, max_size)
            return
        began = time.monotonic()
        end = began + self._grace + max_size / self._least
        line, answer = self._asked(address, name, end)
        try:
            if 300 <= answer.status < 400:
                yield from self._other_way(address, max_size)
                return
            if answer.status != 200:
                answer.read(_SMALL)
                raise refusal(answer.status, answer.reason, address)
            yield from self._body(answer, address, max_size, began)
            if answer.length:
                raise unreachable(address, "it ended early")
            # A connection that was shut looks like one that has ended.
            if time.monotonic() > end:
                raise unreachable(address, "it took too long to arrive")
        except (OSError, ValueError, http.client.HTTPException) as exc:
            raise unreachable(address, exc) from exc
        finally:
            self._done(line, answer)

    def close(self) -> None:
        """Close the connections that nobody uses now."""
        with self._lock:
            free, self._free = self._free, []
        for line in free:
            line.connection.close()

    def _other_way(self, address: str, max_size: int) -> Iterator[bytes]:
        return url_pieces(address, max_size, timeout=self._timeout, grace=self._grace, least=self._least, public_only=self._public_only)

    def _asked(self, address: str, name: str, end: float) -> tuple[_Line, http.client.HTTPResponse]:
        """A connection that has answered; a kept one that the server has closed meanwhile is replaced once."""
        while True:
            with self._lock:
                line = self._free.pop() if self._free else None
            if line is None:
                parts = self._parts
                line = _Line(parts.scheme, parts.hostname or "", parts.port, self._timeout, public_only=self._public_only)
            self._watch(line, end)
            try:
                line.connection.request("GET", f"{self._parts.path}/{name}", headers={"User-Agent": "commonhold"})
                return line, line.connection.getresponse()
            except BaseException as exc:
                self._forget(line)
                if line.used and isinstance(exc, _LOST) and time.monotonic() < end:
                    continue
                if isinstance(exc, OSError | ValueError | http.client.HTTPException):
                    raise unreachable(address, exc) from exc
                raise

    def _body(self, answer: http.client.HTTPResponse, address: str, max_size: int, began: float) -> Iterator[bytes]:
        if answer.headers.get("Content-Encoding", "identity") != "identity":
            raise StoreError(f"{address} came encoded, and that was not asked for", code="store/encoding")
        seen = 0
        # One read of the network at a time, so that a drip is seen while it drips.
        while piece := answer.read1(_PIECE):
            seen += len(piece)
            if seen > max_size:
                raise StoreError(f"{address} is longer than {max_size} bytes", code="store/too-big", data={"max_size": max_size})
            if seen < self._least * (time.monotonic() - began - self._grace):
                raise unreachable(address, "it came too slowly")
            yield piece

    def _done(self, line: _Line, answer: http.client.HTTPResponse) -> None:
        """Keep a connection for the next file, if all of the answer was read."""
        whole = answer.isclosed() or answer.length == 0
        answer.close()
        if whole and not answer.will_close:
            with self._lock:
                self._ends.pop(line, None)
                line.used = True
                self._free.append(line)
        else:
            self._forget(line)

    def _forget(self, line: _Line) -> None:
        with self._lock:
            self._ends.pop(line, None)
        line.connection.close()

    def _watch(self, line: _Line, end: float) -> None:
        """Have a connection shut when its time is over, whatever it waits for: a server may send a byte now and then within one read."""
        with self._lock:
            self._ends[line] = end
            if not self._watching:
                self._watching = True
                threading.Thread(target=self._watches, name="lines", daemon=True).start()

    def _watches(self) -> None:
        idle = 0
        while True:
            time.sleep(1.0)
            with self._lock:
                late = [line for line, end in self._ends.items() if time.monotonic() > end]
                idle = 0 if self._ends else idle + 1
                if idle >= _IDLE:
                    self._watching = False
                    return
            for line in late:
                line.shut()

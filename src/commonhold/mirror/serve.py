"""The web server under a node: uvicorn, with the limits that it leaves open (seconds and bytes of the headers, connections at a time).

Stopping is graceful: on SIGTERM or Ctrl-C no new connection is taken, running requests end, and the application's own shutdown closes what
it holds. It binds to what it was told and nothing else.
"""

from __future__ import annotations

import asyncio
import re
import signal
import socket
from collections.abc import Callable
from typing import Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from commonhold.kernel.errors import FormatError, StoreError

HEAD_SECONDS: Final = 10.0
HEAD_BYTES: Final = 16_384
CONNECTIONS: Final = 512
GRACE_SECONDS: Final = 10
_LISTEN: Final = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):(?P<port>[0-9]{1,5})")


class GuardedProtocol(H11Protocol):
    """HTTP/1.1 whose request heads must arrive within seconds: a client that drips them is cut off."""

    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take bytes in; the timer stops once they make a whole head, and not before."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Wait for the next head on the same connection."""
        super().on_response_complete()
        self._watch()

    def _watch(self) -> None:
        cycle: RequestResponseCycle | None = self.cycle
        if self.transport.is_closing() or (cycle is not None and not cycle.response_complete):
            self._stop()
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _stop(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


def parse_listen(text: str) -> tuple[str, int]:
    """The host and port of ``HOST:PORT``; IPv6 addresses stand in brackets.

    Raises:
        FormatError: for anything else.
    """
    found = _LISTEN.fullmatch(text)
    if found is None or int(found["port"]) > 65_535:
        raise FormatError(
            f"{text[:80]!r} is no address to listen on", code="listen/form", next_step="Give HOST:PORT, such as 127.0.0.1:8420."
        )
    return found["host"].strip("[]"), int(found["port"])


def serve_app(app: ASGIApp, host: str, port: int, listening: Callable[[str], None]) -> None:
    """Serve *app* until the process is told to stop.

    Args:
        port: 0 for any free one.
        listening: called with the address once connections wait to be taken.

    Raises:
        StoreError: ``listen/refused`` if the address cannot be listened on.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=CONNECTIONS)
    except OSError as error:
        raise StoreError(
            f"cannot listen on {host}:{port}: {error.strerror or error}",
            code="listen/refused",
            next_step="Stop what listens there, or choose another port.",
        ) from None
    config = uvicorn.Config(
        app,
        http=GuardedProtocol,
        ws="none",
        lifespan="on",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=int(HEAD_SECONDS),
        timeout_graceful_shutdown=GRACE_SECONDS,
        h11_max_incomplete_event_size=HEAD_BYTES,
        log_level="error",
    )
    # uvicorn raises each signal again when it has ended gracefully; it then finds these, and the process ends with code 0.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    with listener:
        bound = listener.getsockname()
        listening(f"http://{'[' + bound[0] + ']' if ':' in bound[0] else bound[0]}:{bound[1]}")
        uvicorn.Server(config).run(sockets=[listener])

"""Serving a local page: on loopback only, in this process, until its visitor is done, somebody stops it, or nobody has come for a long while."""

from __future__ import annotations

import math
import socket
import threading
import time
from collections.abc import Callable
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from commonhold.kernel.errors import StoreError

LOOPBACK: Final = "127.0.0.1"
IDLE_SECONDS: Final = 4 * 3600
_LOOK_EVERY: Final = 0.2
_LAST_SCREEN: Final = 1.0


def bind(port: int = 0) -> socket.socket:
    """A socket on loopback; port 0 takes a free one.

    Raises:
        StoreError: if the port is taken.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.bind((LOOPBACK, port))
        # From here on whoever is told the address is let in, and waits.
        listening.listen(64)
    except OSError as error:
        listening.close()
        raise StoreError(
            f"port {port} cannot be used: {error.strerror}", code="local/port", next_step="Leave --port out, and a free one is taken."
        ) from None
    return listening


class LocalServer:
    """One application on one bound socket."""

    def __init__(self, app: ASGIApp, listening: socket.socket, last_request: Callable[[], float], idle: float = IDLE_SECONDS) -> None:
        config = uvicorn.Config(
            app,
            lifespan="off",
            log_level="error",
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=5,
            limit_concurrency=64,
            h11_max_incomplete_event_size=32 << 10,
            ws="none",
        )
        self._server, self._socket = uvicorn.Server(config), listening
        self._last_request, self._idle, self._end = last_request, idle, math.inf

    def stop(self) -> None:
        """End in a moment: the last screen still asks for its style."""
        self._end = time.monotonic() + _LAST_SCREEN

    def run(self) -> None:
        """Serve until stopped, interrupted, or left alone for long; returns when every request was answered."""
        started = time.monotonic()

        def watch() -> None:
            while not self._server.should_exit:
                if time.monotonic() > min(self._end, max(started, self._last_request()) + self._idle):
                    self._server.should_exit = True
                time.sleep(_LOOK_EVERY)

        threading.Thread(target=watch, daemon=True).start()
        self._server.run(sockets=[self._socket])

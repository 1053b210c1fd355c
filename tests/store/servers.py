"""A static web server in a thread, well or in a mood."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Replica(http.server.SimpleHTTPRequestHandler):
    """A static server that behaves as its class says."""

    mood = "well"

    def do_GET(self) -> None:
        if self.mood == "500":
            self.send_error(500)
        elif self.mood == "lying":
            self.send_response(200)
            self.send_header("Content-Length", "5")
            self.end_headers()
            self.wfile.write(b"stork")
        elif self.mood == "slow":
            self.send_response(200)
            self.send_header("Content-Length", "100000")
            self.end_headers()
            for _ in range(200):
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.05)
        elif self.mood == "cut":
            self.send_response(200)
            self.send_header("Content-Length", "100000")
            self.end_headers()
            self.wfile.write(b"half")
        else:
            super().do_GET()

    def log_message(self, *_args: Any) -> None:
        return


@contextmanager
def served(folder: Path, mood: str = "well") -> Iterator[str]:
    handler = type("Moody", (Replica,), {"mood": mood})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), lambda *args: handler(*args, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()

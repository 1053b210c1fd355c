"""The thief of the demo's bad day: one person with the server's root, who serves the record from then on.

They hold the log's key and can sign heads of any history that begins as the true one does. They serve what they like to whom they like, and
refuse what they do not like. What they do not hold is anybody's kit but their own.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from server import HostileServer

from commonhold.store.record import RECORD

REFUSED = b'{"ok": false, "code": "thief/no", "message": "closed for maintenance", "next_step": ""}\n'


class Thief:
    """Serves one of several faces of one log at the address where the true one was."""

    def __init__(self, house: Path, faces: tuple[str, ...]) -> None:
        self.faces = {name: HostileServer(house.parent / f"{house.name}-{name}") for name in faces}
        for face in self.faces.values():
            shutil.copytree(house, face.house, dirs_exist_ok=True)
        self.shown = faces[0]
        self.refused = 0

    def record(self) -> Path:
        """The files of the face that is shown now."""
        return self.faces[self.shown].house / RECORD

    @contextmanager
    def serving(self, port: int, below: str) -> Iterator[str]:
        """Answer on *port* of this machine, the record *below* a path where the true log had it, for as long as the block runs."""
        thief = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                top = thief.record().resolve()
                path = (top / self.path.removeprefix(below).lstrip("/")).resolve()
                self._answer(200, path.read_bytes()) if path.is_relative_to(top) and path.is_file() else self._answer(404, b"")

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", "0")))
                thief.refused += 1
                self._answer(403, REFUSED)

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: object) -> None:
                """Say nothing: the demo tells the story."""

        with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_port}"
            finally:
                server.shutdown()
                thread.join()

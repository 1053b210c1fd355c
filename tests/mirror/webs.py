"""Web servers that mirrors are read from: a real nginx, and one that does to chosen paths whatever a bad server would."""

from __future__ import annotations

import http.server
import os
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CONF = """
{user} daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; events {{}}
http {{
  log_format names '$uri'; access_log {log}; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi; sendfile on; keepalive_requests 100000;
  server {{ listen 127.0.0.1:{port}; root {root}; {locations} }}
}}
"""


def locations() -> str:
    """What the guide tells keepers of mirrors to write, so that it is what the tests read from."""
    guide = (Path(__file__).resolve().parents[2] / "docs" / "guide" / "mirrors.md").read_text("utf-8")
    found = re.search(r"root /srv/mirror;\n(.*?)\n    \}\n", guide, re.DOTALL)
    assert found is not None, "the guide has no server for nginx any more"
    return found[1]


@contextmanager
def nginx(root: Path, folder: Path, *, log: bool = True) -> Iterator[tuple[str, Callable[[], list[str]]]]:
    """A folder served by a real nginx: its address, and a function that gives the paths that were asked for since it was last called."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("SKIPPED: there is no nginx, so nothing was read from one")
    folder.mkdir(parents=True, exist_ok=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    names = folder / "access.log"
    conf = CONF.format(
        locations=locations(),
        user="user root;" if os.geteuid() == 0 else "",
        folder=folder,
        port=port,
        root=root,
        log=f"{names} names" if log else "off",
    )
    (folder / "nginx.conf").write_text(conf)
    with subprocess.Popen([program, "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]) as server:
        try:
            end = time.monotonic() + 30
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                except OSError:
                    assert server.poll() is None, "nginx ended"
                    assert time.monotonic() < end, "nginx does not answer"
                    time.sleep(0.05)
                else:
                    break

            def asked() -> list[str]:
                # A line is written after its answer was sent.
                time.sleep(0.2)
                found = names.read_text().splitlines() if names.exists() else []
                names.write_text("")
                return found

            yield f"http://127.0.0.1:{port}", asked
        finally:
            server.terminate()


class Bent(http.server.SimpleHTTPRequestHandler):
    """Serves a folder, but for paths that *bend* has something else for: a status, bytes, or "drip", "endless", "cut", "redirect ADDRESS"."""

    bend: Callable[[str], Any] = staticmethod(lambda _path: None)

    def do_GET(self) -> None:
        found = type(self).bend(self.path)
        if found is None:
            super().do_GET()
        elif isinstance(found, int):
            self.send_error(found)
        elif isinstance(found, bytes):
            self.send_response(200)
            self.send_header("Content-Length", str(len(found)))
            self.end_headers()
            self.wfile.write(found)
        elif found.startswith("redirect "):
            self.send_response(302)
            self.send_header("Location", found.partition(" ")[2])
            self.end_headers()
        else:
            self.send_response(200)
            if found == "cut":
                self.send_header("Content-Length", "100000")
            self.end_headers()
            piece = b"x" * (65536 if found == "endless" else 1)
            for _ in range(1 if found == "cut" else 400):
                self.wfile.write(piece)
                self.wfile.flush()
                if found == "drip":
                    time.sleep(0.05)

    def log_message(self, *_args: Any) -> None:
        return


@contextmanager
def bent(folder: Path, bend: Callable[[str], Any]) -> Iterator[str]:
    """A folder served by a server that misbehaves."""
    handler = type("Bending", (Bent,), {"bend": staticmethod(bend)})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), lambda *args: handler(*args, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()

"""A provider at which the radio has its page, for the demo: *simulated*, on this machine alone, and named so on the screen.

It does what such a provider does when people quarrel: a password and a recovery code begin a session; a session that somebody left open goes on until it is
ended; whoever is logged in may publish; and nobody changes the password without the present one.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from running import refusal


class Provider:
    """The account of one page. *page* is what readers see there."""

    def __init__(self) -> None:
        self.page = ""
        self.url = ""
        self._password = ""
        self._codes: set[str] = set()
        self._sessions: set[str] = set()

    def new_codes(self) -> tuple[str, ...]:
        """Eight recovery codes, each good once; earlier ones are not any more."""
        made = tuple(f"{secrets.token_hex(2)}-{secrets.token_hex(2)}" for _ in range(8))
        self._codes = set(made)
        return made

    def begin(self, password: str) -> str:
        """Somebody sets the page up, long before this story; gives their session."""
        self._password = password
        _, answer = self.ask("login", password=password, code=self.new_codes()[0])
        session: str = answer["session"]
        return session

    def ask(self, what: str, **said: str) -> tuple[int, dict[str, Any]]:
        """Send a form to it over the network of this machine; gives its status and its answer."""
        status, answer = refusal(f"{self.url}/{what}", json.dumps(said).encode())
        return status, json.loads(answer)

    def handle(self, what: str, said: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """What it answers to a form."""
        if what == "login":
            if said["password"] != self._password or said["code"] not in self._codes:
                return 403, {"why": "wrong password or recovery code"}
            self._codes.discard(said["code"])
            session = secrets.token_hex(16)
            self._sessions.add(session)
            return 200, {"session": session}
        if said.get("session") not in self._sessions:
            return 403, {"why": "you are not logged in"}
        if what == "publish":
            self.page = said["text"]
            return 200, {}
        if said["old"] != self._password:
            return 403, {"why": "the present password is asked for, and this is another"}
        self._password = said["new"]
        if said["others"] == "end":
            self._sessions = {said["session"]}
        return 200, {"codes": self.new_codes()}

    @contextmanager
    def serving(self) -> Iterator[Provider]:
        """Answer for as long as the block runs."""
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                said = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
                status, value = provider.handle(self.path.strip("/"), said)
                self._answer(status, json.dumps(value).encode())

            def do_GET(self) -> None:
                self._answer(200, provider.page.encode())

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: object) -> None:
                """Say nothing: the demo tells the story."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            self.url = f"http://127.0.0.1:{server.server_port}"
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
            thread.start()
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()


def leaks(needles: Sequence[str], folders: Sequence[Any]) -> list[str]:
    """Every file below the folders that holds one of the needles."""
    raw = [needle.encode() for needle in needles]
    files = (path for folder in folders for path in folder.rglob("*") if path.is_file())
    return [str(path) for path in files if any(needle in path.read_bytes() for needle in raw)]

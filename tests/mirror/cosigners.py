"""Partners of every character, as small web servers on loopback: each has a mirror key and signs what it is brought, unless its character forbids."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from commonhold.kernel import b64
from commonhold.kernel.notes import COSIGNATURE, SignerKey
from commonhold.kernel.tlog.checkpoint import cosign
from commonhold.mirror.asking import Asker
from commonhold.mirror.houselog import HouseLog
from commonhold.testing.house import derive
from tests.cli.houses import House

YEARS: Final = 10 * 365 * 86_400


class Cosigner:
    """One partner: *mood* says how it answers from now on, *asked* counts the questions, and its clock is *later* seconds ahead.

    honest, dead (cuts the connection), drips (a byte now and then, for ever), endless (a body without an end), forges (a line of its own key over
    another text), future (dates ten years ahead), redirects (into this machine), more (claims to hold a million entries), nonsense, refuses.
    """

    def __init__(self, name: str) -> None:
        self.name, self.mood, self.asked, self.held = name, "honest", 0, b""
        self.signer = SignerKey(f"{name}.example/mirror", derive("cosigner", name), COSIGNATURE)
        self.url, self.later = "", 0
        self.announced: list[str] = []
        self.over = threading.Event()

    def sign(self, note: bytes, ahead: int = 0) -> bytes:
        """Its signature line of a checkpoint, dated *ahead* seconds from now."""
        return cosign(note, self.signer, int(time.time()) + self.later + ahead).line.encode()


class _Handler(BaseHTTPRequestHandler):
    cosigner: Cosigner

    def do_GET(self) -> None:
        one = self.cosigner
        if self.path == "/":
            self._answer(200, json.dumps({"name": one.name, "vkeys": {"mirror": str(one.signer.verifier)}, "logs": []}).encode())
        else:
            self._answer(200 if one.held else 404, one.held)

    def do_POST(self) -> None:
        one = self.cosigner
        note = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/epochs":
            one.announced.append(json.loads(note)["url"])
            self._answer(200, json.dumps({"ok": True, "status": "known", "origin": "", "hash": "", "epoch": 1}).encode())
            return
        one.asked += 1
        with suppress(OSError):
            self._in_its_way(one, note)

    def _in_its_way(self, one: Cosigner, note: bytes) -> None:
        if one.mood == "honest":
            self._answer(200, one.sign(note))
        elif one.mood == "dead":
            self.close_connection = True
        elif one.mood in ("drips", "endless"):
            self.send_response(200)
            self.end_headers()
            while not one.over.wait(0.2 if one.mood == "drips" else 0.0):
                self.wfile.write(b"x" if one.mood == "drips" else b"x" * 65_536)
        elif one.mood == "forges":
            line = one.sign(note).decode().rstrip("\n")
            intro, _, data = line.rpartition(" ")
            raw = bytearray(b64.decode(data, what="signature"))
            raw[-1] ^= 1
            self._answer(200, f"{intro} {b64.encode(bytes(raw))}\n".encode())
        elif one.mood == "future":
            self._answer(200, one.sign(note, YEARS))
        elif one.mood == "redirects":
            self.send_response(302)
            self.send_header("Location", f"{one.url}/elsewhere")
            self.end_headers()
        elif one.mood == "more":
            self._answer(409, b"1000000\n")
        elif one.mood == "refuses":
            self._answer(422, json.dumps({"ok": False, "code": "mirror/left-out", "message": "the log has left out 1 entries"}).encode())
        else:
            self._answer(200, b"\xff\x00<script>" * 9)

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@contextmanager
def cosigners(*names: str) -> Iterator[dict[str, Cosigner]]:
    """Partners that answer on loopback, by name."""
    found: dict[str, Cosigner] = {}
    servers = []
    for name in names:
        one = Cosigner(name)
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"cosigner": one}))
        server.daemon_threads = True
        one.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        servers.append(server)
        found[name] = one
    try:
        yield found
    finally:
        for one in found.values():
            one.over.set()
        for server in servers:
            server.shutdown()
            server.server_close()


def name_partners(house: House, partners: dict[str, Cosigner], k: int, by: Sequence[str] = ("heron", "tern", "plover", "curlew")) -> None:
    """Let the members of a house decide that *k* of these make its clock, and remember where they are."""
    policy = {
        "witnesses": {name: str(one.signer.verifier) for name, one in partners.items()},
        "groups": {"all": {"k": k, "of": list(partners)}},
        "quorum": "all",
    }
    proposal = house.propose("heron", "partner", "--payload", house.write("partner.json", json.dumps(policy)))
    house.approve(proposal, *by)
    for one in partners.values():
        house.ask("house", "partner", "add", one.url)


@contextmanager
def house_log(
    house: Path, said: list[str] | None = None, *, seconds: float = 5.0, clock: Callable[[], int] | None = None
) -> Iterator[HouseLog]:
    """A house's log in this process, whose partners are asked by hand."""
    log = HouseLog(house, clock or (lambda: int(time.time())), (said if said is not None else []).append, Asker(seconds=seconds))
    try:
        yield log
    finally:
        log.close()

"""Everything that a hostile client or log can send, over real HTTP, at a real partner node, all at once, while an honest record is followed beside it.

Whatever it is, it is bounded in bytes and seconds, refused in words where words still arrive, stored nowhere, and honest clients and the honest record
do not notice.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from commonhold.kernel import b64
from commonhold.kernel.notes import SignerKey, VerifierKey
from commonhold.kernel.tlog.checkpoint import Checkpoint
from commonhold.kernel.tlog.hashes import EMPTY_ROOT
from commonhold.mirror.serve import HEAD_SECONDS
from commonhold.mirror.web import BODY_SECONDS
from commonhold.mirror.witness import origin_hash
from commonhold.store.files import DirectoryFiles
from commonhold.store.log import Log
from commonhold.testing.house import derive
from tests.attacks import Mutation, attack
from tests.kernel.record.helpers import Club
from tests.mirror.processes import Running, node_process, web_server

pytestmark = [pytest.mark.drill, pytest.mark.smoke, pytest.mark.allow_hosts(["127.0.0.1"])]

GOOD_SECONDS = 2.0
"""How long an honest question may take at the median while everything else goes on; the machine is shared."""
MEMORY = 400 << 20


@dataclass
class Record:
    """An honest record on the disk."""

    folder: Path
    club: Club = field(default_factory=Club)

    def __post_init__(self) -> None:
        self.origin = self.club.state.origin
        self.signer = SignerKey(self.origin, derive(self.club.seed, "log"))
        self.log = Log.create(DirectoryFiles(self.folder), self.origin, self.signer)
        self.log.append(self.club.leaves)
        self.vkey, self.hash = str(VerifierKey.of(self.origin, self.club.state.log_key)), origin_hash(self.origin)


def send(node: Running, *pieces: bytes, pause: float = 0.0, patience: float = 60.0) -> tuple[bytes, float]:
    """Send pieces, one after the other, and give what came back until the other side closed, and the seconds that it took."""
    began, address = time.monotonic(), urlsplit(node.url)
    with socket.create_connection((address.hostname, address.port or 80), timeout=patience) as client:
        answer = bytearray()
        client.settimeout(patience)
        with suppress(OSError):
            for piece in pieces:
                client.sendall(piece)
                if pause:
                    client.settimeout(pause)
                    with suppress(TimeoutError):
                        if not (got := client.recv(65_536)):
                            break
                        answer += got
                    client.settimeout(patience)
        with suppress(OSError):
            while got := client.recv(65_536):
                answer += got
    return bytes(answer), time.monotonic() - began


def post(path: str, body: bytes, *more: str) -> bytes:
    head = [f"POST {path} HTTP/1.1", "Host: node", f"Content-Length: {len(body)}", "Connection: close", *more]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


@contextmanager
def honest_clients(node: Running, record: Record) -> Iterator[list[float]]:
    """Ask the node honest questions all the time; gives how long each answer took, in seconds."""
    took: list[float] = []
    over = threading.Event()

    def ask() -> None:
        while not over.wait(0.1):
            began = time.monotonic()
            assert node.get(f"mirror/{record.hash}/checkpoint")
            took.append(time.monotonic() - began)

    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask)
        try:
            yield took
        finally:
            over.set()
        asking.result()


def memory(node: Running) -> int:
    """The most that it has ever held, in bytes."""
    [line] = [line for line in Path(f"/proc/{node.process.pid}/status").read_text("ascii").splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


@attack(
    "partner-hostile-client",
    Mutation(
        "src/commonhold/mirror/web.py", find="                if len(data) > limit:", replace="                if len(data) > limit << 30:"
    ),
)
def test_hostile_clients_cost_an_honest_one_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Dripped heads and bodies, bodies without an end, proofs of 64 lines, notes of 10,000 signatures, and hundreds of idle connections."""
    record = Record(tmp_path / "record")
    signed = record.log.checkpoint
    line = "— gull.example AAAAAAAA\n".encode()
    many = signed + line * 4_000
    proof = f"{b64.encode(bytes(32))}\n".encode()
    endless = b"POST %s HTTP/1.1\r\nHost: node\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + bytes(65_536) + b"\r\n"
    cosign = f"/mirror/{record.hash}/cosign"
    with web_server(record.folder) as url, node_process("partner", tmp_path / "node", f"{record.vkey}={url}") as node:
        node.until_signed(record.log.size)
        before = node.get(f"mirror/{record.hash}/checkpoint").splitlines()[:3]
        address = urlsplit(node.url)
        with contextlib.ExitStack() as idle, honest_clients(node, record) as took, ThreadPoolExecutor(16) as pool:
            for _ in range(300):
                idle.enter_context(socket.create_connection((address.hostname, address.port or 80)))
            head = pool.submit(send, node, b"GET / HTTP/1.1\r\nX-", *[b"a"] * 400, pause=0.3)
            slow = pool.submit(send, node, post("/add-checkpoint", b"").replace(b"Length: 0", b"Length: 1000"), *[b"x"] * 400, pause=0.3)
            # What is refused at once, and in words.
            refusals = {
                "an endless body": ((endless % b"/add-checkpoint", *[chunk] * 64), 413),
                "an endless entry": ((endless % b"/entry", *[chunk] * 256), 413),
                "an announced gigabyte": ((post("/entry", b"").replace(b"Length: 0", b"Length: 1073741824"),), 413),
                "a length that is none": ((post("/entry", b"").replace(b"Length: 0", b"Length: -5"),), 400),
                "a head of 2 MB": ((b"GET / HTTP/1.1\r\nHost: node\r\nX: " + b"a" * (2 << 20) + b"\r\n\r\n",), 400),
                "a proof of 64 lines": ((post("/add-checkpoint", b"old 1\n" + proof * 64 + b"\n" + signed),), 400),
                "a proof of 2,000 lines": ((post("/add-checkpoint", b"old 1\n" + proof * 2_000 + b"\n" + signed),), 400),
                "a note of 4,000 signatures": ((post("/add-checkpoint", b"old 0\n\n" + many),), 400),
                "a note of 10,000 signatures": ((post("/add-checkpoint", b"old 0\n\n" + signed + line * 10_000),), 413),
                "such a note for the mirror": ((post(cosign, signed + line * 10_000),), 413),
                "no note for the mirror": ((post(cosign, b"\xff" * 900),), 403),
                "an entry of brackets": ((post("/entry", b"[" * 30_000),), 400),
                "an epoch at no address": ((post("/epochs", b'{"url": "file:///etc/passwd"}'),), 503),
            }
            for what, (pieces, status) in refusals.items():
                answer, seconds = send(node, *pieces)
                assert status_of(answer) == status, f"{what}: {answer[:300]!r}"
                assert seconds < 15, f"{what} took {seconds:.1f} s"
            answer, seconds = head.result()
            assert seconds < 2 * HEAD_SECONDS, f"a head was waited for, for {seconds:.0f} s: {answer[:100]!r}"
            answer, seconds = slow.result()
            assert (status_of(answer), seconds < BODY_SECONDS + 10) == (408, True), f"{seconds:.0f} s: {answer[:300]!r}"
        assert node.process.poll() is None
        assert node.get(f"mirror/{record.hash}/checkpoint").splitlines()[:3] == before
        assert json.loads(node.get("alarms")) == {"alarms": []}
        assert json.loads(node.get("pending")) == {"entries": []}
        held = memory(node)
        assert held < MEMORY
    median = statistics.median(took)
    assert median < GOOD_SECONDS
    with capsys.disabled():
        print(f"\n{len(refusals) + 2} attacks; {len(took)} honest answers, {1000 * median:.0f} ms at the median; {held >> 20} MiB held")  # noqa: T201


class Hostile:
    """A web server whose every path begins with how it misbehaves; each is a log with a key of its own, which signs whatever it likes."""

    MOODS = (
        "drips", "endless", "bomb", "short", "headers", "silent", "cuts", "garbage", "page", "loop", "to-a-file", "to-ftp", "signatures", "giant",
        "odd-tiles", "long-tiles", "size-zero-with-leaves",
    )  # fmt: skip

    def __init__(self) -> None:
        self.over = threading.Event()
        self.signers = {mood: SignerKey(f"log.example/{mood}", derive("hostile", mood)) for mood in self.MOODS}
        self.listener = socket.create_server(("127.0.0.2", 0), backlog=64)
        self.url = f"http://127.0.0.2:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def logs(self) -> list[str]:
        return [f"{signer.verifier}={self.url}/{mood}" for mood, signer in self.signers.items()]

    def close(self) -> None:
        self.over.set()
        self.listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._answer, args=(self.listener.accept()[0],), daemon=True).start()

    def _answer(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            path = client.recv(65_536).split(b" ", 2)[1].decode()
            _, mood, name = path.split("/", 2)
            self._misbehave(client, mood, name)

    def _misbehave(self, client: socket.socket, mood: str, name: str) -> None:
        if mood in ("drips", "endless", "headers"):
            client.sendall(b"HTTP/1.1 200 OK\r\n" + (b"" if mood == "headers" else b"\r\n"))
            piece = {"drips": b"x", "endless": b"x" * 65_536, "headers": b"X-More: yes\r\n"}[mood]
            while not self.over.wait(0.3 if mood == "drips" else 0.0):
                client.sendall(piece)
        elif mood == "silent":
            self.over.wait(120)
        elif mood == "garbage":
            client.sendall(b"\x00\xff SSH-2.0 999999999999999999999999\r\n\r\n" * 99)
        elif mood in ("loop", "to-a-file", "to-ftp"):
            place = {"loop": f"{self.url}/loop/{name}", "to-a-file": "file:///etc/passwd", "to-ftp": "ftp://127.0.0.1/checkpoint"}[mood]
            client.sendall(f"HTTP/1.1 302 Found\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n".encode())
        elif mood != "cuts":
            status, headers, body = self._file(mood, name)
            client.sendall(f"HTTP/1.1 {status}\r\n{headers}\r\n".encode() + body)

    def _file(self, mood: str, name: str) -> tuple[str, str, bytes]:
        signer = self.signers[mood]
        if mood == "bomb":
            return "200 OK", "Content-Encoding: gzip\r\n", gzip.compress(bytes(256 << 20), 9)
        if mood == "short":
            return "200 OK", "Content-Length: 5000\r\n", b"log.example"
        if mood == "page":
            return "200 OK", "Content-Type: text/html\r\n", b"<html>" + b"<b>not here</b>" * 999
        size = {"giant": 2**62, "size-zero-with-leaves": 0}.get(mood, 300)
        if name == "checkpoint":
            note = Checkpoint(signer.name, size, EMPTY_ROOT if not size else bytes(32)).sign(signer)
            return "200 OK", "", note + ("— gull.example AAAAAAAA\n".encode() * 10_000 if mood == "signatures" else b"")
        if mood == "giant":
            return "404 Not Found", "Content-Length: 0\r\n", b""
        return "200 OK", "", bytes(31) if mood == "odd-tiles" else bytes(64 << 20)


@attack(
    "partner-hostile-log",
    Mutation(
        "src/commonhold/store/fetch.py",
        find="        if len(data) > max_size or sent > 2 * max_size + _PIECE:",
        replace="        if len(data) < 0:",
    ),
)
def test_hostile_logs_cost_an_honest_record_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Seventeen logs that drip, never end, lie about sizes and lead elsewhere are each said to be in trouble, and an honest one is followed beside them."""
    record = Record(tmp_path / "record")
    with contextlib.closing(Hostile()) as hostile, web_server(record.folder) as url:
        more = [part for log in hostile.logs for part in ("--log", log)]
        with node_process("partner", tmp_path / "node", f"{record.vkey}={url}", *more) as node:
            began = time.monotonic()

            def row(origin: str) -> dict[str, object]:
                return next(row for row in node.logs() if row["origin"] == origin)

            while row(record.origin)["signed"] is None:
                assert time.monotonic() - began < 15
                time.sleep(0.1)
            followed = time.monotonic() - began
            with honest_clients(node, record) as took:
                rows = {}
                while not all(rows.get(mood) for mood in Hostile.MOODS):
                    assert time.monotonic() - began < 70, rows
                    # Trouble is looked at again and again, and is not forgotten here.
                    rows |= {mood: found for mood, signer in hostile.signers.items() if (found := row(signer.name)["trouble"])}
                    time.sleep(0.2)
                said = time.monotonic() - began
            for signer in hostile.signers.values():
                assert (row(signer.name)["held"], row(signer.name)["signed"]) == (0, None)
                assert not list((tmp_path / "node" / "mirror" / origin_hash(signer.name)).rglob("*"))
            assert json.loads(node.get("alarms")) == {"alarms": []}
            assert row(record.origin)["trouble"] == ""
            held = memory(node)
            assert held < MEMORY
    assert statistics.median(took) < GOOD_SECONDS
    with capsys.disabled():
        print(  # noqa: T201
            f"\n{len(rows)} hostile logs said to be in trouble within {said:.0f} s, the honest one signed after {followed:.1f} s; "
            f"{1000 * statistics.median(took):.0f} ms for an answer at the median, {held >> 20} MiB held"
        )

"""Reading a log from its static files alone, over a folder or a real web server, when they are honest and when they are not."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

import pytest

from commonhold.kernel.errors import CommonholdError, FormatError, ProofError, StoreError
from commonhold.kernel.notes import SignerKey
from commonhold.store.files import DirectoryFiles
from commonhold.store.log import Log
from commonhold.store.memory import MemoryFiles
from commonhold.store.reader import StaticReader
from tests.store.logs import KEY, ORIGIN, entries

Answer = Callable[[BaseHTTPRequestHandler, bytes], None]
loopback = pytest.mark.allow_hosts(["127.0.0.1"])
# Made beforehand, for the deadline of a file also covers what its server does before the first byte.
GIANT = gzip.compress(bytes(1 << 26), 1)


def filled(count: int = 700) -> MemoryFiles:
    files = MemoryFiles()
    with Log.create(files, ORIGIN, KEY) as log:
        log.append(entries(0, 40))
        log.append(entries(40, count - 40))
    return files


def read_all(files: MemoryFiles) -> list[bytes]:
    return list(StaticReader(files.read).read_all([KEY.verifier])[1])


def test_a_stranger_reads_and_proves_everything_from_a_copy(tmp_path: Path) -> None:
    """The static folder and the log's key are enough; no journal, no lock, and nothing is written."""
    files = filled()
    for name in files.names():
        if not name.startswith("."):
            DirectoryFiles(tmp_path).write(name, files.read(name, 1 << 24))
    before = sorted(tmp_path.rglob("*"))
    reader = StaticReader.from_directory(tmp_path)
    checkpoint, found = reader.read_all([KEY.verifier])
    assert (checkpoint.size, list(found)) == (700, entries(0, 700))
    assert list(reader.entries(250, 520, 700)) == entries(250, 270)
    hashes = reader.hashes(checkpoint.size, checkpoint.root)
    assert list(reader.proved_entries(250, 520, hashes)) == entries(250, 270)
    assert sorted(tmp_path.rglob("*")) == before


def test_an_older_head_is_read_although_its_partial_tiles_are_gone() -> None:
    """A log may drop a partial tile once the full one is there: the reader takes the full one and cuts it."""
    files = filled()
    with Log.open(files, ORIGIN, KEY) as log:
        root = log.hashes().root(40)
    assert "tile/0/000.p/40" not in files.names()
    reader = StaticReader(files.read)
    hashes = reader.hashes(40, root)
    assert list(reader.proved_entries(0, 40, hashes)) == list(reader.entries(0, 40, 40)) == entries(0, 40)


@pytest.mark.parametrize("size", [700, 512, 256, 1])
def test_every_single_altered_byte_is_found(size: int) -> None:
    """Flip a byte in any file: reading everything is refused in the end, and no altered entry was given before."""
    whole = MemoryFiles()
    with Log.create(whole, ORIGIN, KEY) as log:
        log.append(entries(0, size))
    for name in sorted(whole.names()):
        if name.startswith("."):
            continue
        data = whole.read(name, 1 << 24)
        for at in {0, len(data) // 2, len(data) - 1}:
            files = whole.reboot()
            files.damage(name, data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
            given: list[bytes] = []
            with pytest.raises((ProofError, FormatError)):
                given.extend(StaticReader(files.read).read_all([KEY.verifier])[1])
            assert given == entries(0, len(given)), name


@pytest.mark.parametrize("harm", [None, b"", b"x" * 8191, b"x" * 9000])
def test_a_missing_or_cut_file_is_refused_by_name(harm: bytes | None) -> None:
    """An absent, empty, cut or lengthened tile or bundle: the refusal names it."""
    for name in ("tile/0/001", "tile/entries/001", "tile/1/000.p/2", "tile/entries/002.p/188"):
        files = filled()
        files.damage(name, harm)
        with pytest.raises((ProofError, FormatError, StoreError)) as refused:
            read_all(files)
        assert name in str(refused.value) or name.rpartition("/")[2] in str(refused.value) or "bundle" in str(refused.value)


def test_the_unproved_reading_finds_damage_too() -> None:
    """Even without a root, an entry that is not the one in its level 0 tile is refused by place and name, and none after it is given."""
    files = filled()
    data = files.read("tile/entries/001", 1 << 24)
    files.damage("tile/entries/001", data[:2] + b"X" + data[3:])
    given: list[bytes] = []
    with pytest.raises(ProofError, match="entry 256 of tile/entries/001") as refused:
        given.extend(StaticReader(files.read).entries(0, 700, 700))
    assert (given, refused.value.data) == (entries(0, 256), {"index": 256})


def test_a_range_outside_the_log_is_refused_before_anything_is_fetched() -> None:
    """The size of the checkpoint bounds what may be asked for."""
    reader = StaticReader(MemoryFiles().read)
    for start, stop in ((0, 6), (3, 2), (-1, 2)):
        with pytest.raises(FormatError) as refused:
            reader.entries(start, stop, 5)
        assert refused.value.code == "log/range"
    assert list(reader.entries(5, 5, 5)) == []


def test_a_checkpoint_of_another_key_or_origin_is_refused() -> None:
    """Nobody's log passes for ours: the reader names the key or the origin that it expected."""
    files = filled()
    with pytest.raises(ProofError):
        StaticReader(files.read).read_all([SignerKey(ORIGIN, bytes(32)).verifier])
    with pytest.raises(ProofError) as refused:
        StaticReader(files.read).read_all([KEY.verifier], origin="commonhold/highvale/0")
    assert refused.value.code == "checkpoint/origin"
    files.damage("checkpoint", b"x" * 200_000)
    with pytest.raises(StoreError) as too_big:
        read_all(files)
    assert too_big.value.code == "store/too-big"


def send(self: BaseHTTPRequestHandler, body: bytes, status: int = 200, **headers: str) -> None:
    self.send_response(status)
    for key, value in {"Content-Length": str(len(body)), **headers}.items():
        self.send_header(key.replace("_", "-"), value)
    self.end_headers()
    self.wfile.write(body)


class Server:
    """A web server on loopback that serves a log's files, and answers for one path as it is told."""

    def __init__(self, files: MemoryFiles) -> None:
        self.files = files
        self.special: dict[str, Answer] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path.removeprefix("/log/")
                if name in outer.special:
                    outer.special[name](self, outer.files.read(name, 1 << 24) if name in outer.files.names() else b"")
                elif name in outer.files.names() and not name.startswith("."):
                    send(self, outer.files.read(name, 1 << 24))
                else:
                    send(self, b"not here", 404)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                """Say nothing."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/log"

    def __enter__(self) -> Self:
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.http.shutdown()
        self.http.server_close()

    def read_all(self, **limits: float) -> list[bytes]:
        return list(StaticReader.from_url(self.url + "/", **limits).read_all([KEY.verifier])[1])


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(filled()) as running:
        yield running


@loopback
def test_a_log_is_read_and_proved_from_a_plain_web_server(server: Server) -> None:
    """Any web server that serves the folder serves the log; a partial tile that is gone is replaced by the full one there too."""
    assert server.read_all() == entries(0, 700)
    assert list(StaticReader.from_url(server.url).entries(0, 40, 40)) == entries(0, 40)


@loopback
def test_compressed_answers_and_honest_redirects_are_followed(server: Server) -> None:
    """A log may compress without being asked (tlog-tiles), and a server may have moved a file."""
    server.special["tile/entries/000"] = lambda self, body: send(self, gzip.compress(body), Content_Encoding="gzip")
    server.special["tile/entries/001"] = lambda self, _body: send(self, b"", 302, Location="/log/moved")
    server.files.damage("moved", server.files.read("tile/entries/001", 1 << 24))
    assert server.read_all() == entries(0, 700)


def stall(self: BaseHTTPRequestHandler, body: bytes) -> None:
    self.send_response(200)
    self.end_headers()
    for _ in range(40):
        self.wfile.write(b"x")
        self.wfile.flush()
        time.sleep(0.02)


def cut(self: BaseHTTPRequestHandler, body: bytes) -> None:
    self.send_response(200)
    self.send_header("Content-Length", str(len(body) + 5))
    self.end_headers()
    self.wfile.write(body)


BAD_ANSWERS: dict[str, tuple[Answer, str]] = {
    "gone": (lambda self, _: send(self, b"", 410), "store/absent"),
    "forbidden": (lambda self, _: send(self, b"", 403), "store/denied"),
    "broken": (lambda self, _: send(self, b"", 500), "store/unreachable"),
    "a gigabyte": (lambda self, _: send(self, b"x" * 300_000, Content_Length="1073741824"), "store/too-big"),
    "a compressed giant": (lambda self, _: send(self, GIANT, Content_Encoding="gzip"), "store/too-big"),
    "half a compressed file": (lambda self, body: send(self, gzip.compress(body)[:-9], Content_Encoding="gzip"), "store/unreachable"),
    "no compressed file": (lambda self, body: send(self, body, Content_Encoding="gzip"), "store/unreachable"),
    "another encoding": (lambda self, body: send(self, body, Content_Encoding="br"), "store/encoding"),
    "cut short": (cut, "store/unreachable"),
    "drop by drop": (stall, "store/unreachable"),
    "a redirect to a file": (lambda self, _: send(self, b"", 302, Location="file:///etc/passwd"), "store/redirect"),
    "a redirect to ftp": (lambda self, _: send(self, b"", 301, Location="ftp://127.0.0.1/x"), "store/redirect"),
    "a redirect in a circle": (lambda self, _: send(self, b"", 302, Location="/log/checkpoint"), "store/redirect"),
}


@loopback
@pytest.mark.parametrize("name", BAD_ANSWERS)
def test_a_bad_answer_is_refused_in_words(server: Server, name: str) -> None:
    """Whatever a server answers, reading ends, within bounds of time and memory, in an error of ours that names the address."""
    answer, code = BAD_ANSWERS[name]
    server.special["checkpoint"] = answer
    began = time.monotonic()
    with pytest.raises(StoreError) as refused:
        server.read_all(timeout=2.0, deadline=0.3)
    assert refused.value.code == code
    assert server.url in str(refused.value)
    assert refused.value.next_step or code == "store/too-big"
    assert time.monotonic() - began < 5


@loopback
def test_a_server_that_is_not_there_is_named() -> None:
    """A refused connection is a StoreError, and says to try again or to read from a mirror."""
    with Server(MemoryFiles()) as gone:
        url = gone.url
    with pytest.raises(StoreError, match="cannot reach") as refused:
        StaticReader.from_url(url).checkpoint_raw()
    assert refused.value.code == "store/unreachable"
    assert "mirror" in refused.value.next_step


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.org/",
        "example.org/log",
        "http://",
        "https://heron:secret@example.org/",
        "https://example.org/?log=1",
        "https://example.org/#log",
        "https://example.org:port/",
        "https://[::1/",
    ],
)
def test_only_plain_web_addresses_are_read(url: str) -> None:
    """A path, another scheme, a password or a query is refused before any connection is made."""
    with pytest.raises(CommonholdError) as refused:
        StaticReader.from_url(url)
    assert refused.value.code == "store/url"

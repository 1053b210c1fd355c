"""Laws of connections that stay open: as bounded as those that do not, and as little to be led astray."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import count

import pytest

from commonhold.kernel.errors import StoreError
from commonhold.store.lines import Lines
from tests.attacks import Mutation, attack

LINES = "src/commonhold/store/lines.py"
pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
Answer = Callable[[socket.socket, str], bool]
"""What a server does for a request of a path; whether the connection stays open."""


def plain(line: socket.socket, body: bytes, status: str = "200 OK", more: str = "") -> bool:
    line.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body)
    return True


@contextmanager
def serving(answer: Answer) -> Iterator[tuple[str, list[int]]]:
    """A server; gives its address, and which connection each request came over."""
    connections, over = count(), []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def handle(line: socket.socket) -> None:
            number = next(connections)
            with line:
                while head := line.recv(65536):
                    over.append(number)
                    if not answer(line, head.split(b" ")[1].decode()):
                        return

        def accept() -> None:
            while True:
                try:
                    line = server.accept()[0]
                except OSError:
                    return
                threading.Thread(target=contained, args=(handle, line), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/at", over
        server.shutdown(socket.SHUT_RDWR)


def contained(handle: Callable[[socket.socket], None], line: socket.socket) -> None:
    """A client that hangs up is nobody's fault."""
    try:
        handle(line)
    except OSError:
        return


def read(lines: Lines, name: str, limit: int = 1 << 20) -> bytes:
    return b"".join(lines.pieces(name, limit))


def refused(lines: Lines, name: str, limit: int = 1 << 20) -> str:
    with pytest.raises(StoreError) as found:
        read(lines, name, limit)
    return found.value.code


def once(lines: Lines, name: str, limit: int = 1 << 20) -> bytes | str:
    """One file, or the code of the refusal, over connections that are closed then."""
    with closing(lines):
        try:
            return read(lines, name, limit)
        except StoreError as error:
            return error.code


def test_many_files_come_over_one_connection() -> None:
    """Also after a file that is not there, and anew where an answer was not read to its end or the server hangs up."""

    def answer(line: socket.socket, path: str) -> bool:
        if path == "/at/gone":
            return plain(line, b"no", "404 Not Found")
        if path == "/at/bye":
            plain(line, b"bye", more="Connection: close\r\n")
            return False
        return plain(line, path.encode())

    with serving(answer) as (url, over):
        lines = Lines(url + "/")
        assert [read(lines, name) for name in ("a", "b%20c")] == [b"/at/a", b"/at/b%20c"]
        assert refused(lines, "gone") == "store/absent"
        assert read(lines, "d") == b"/at/d"
        assert over == [0, 0, 0, 0]
        assert refused(lines, "long", 3) == "store/too-big"
        assert [read(lines, "bye"), read(lines, "e")] == [b"bye", b"/at/e"]
        assert over == [0, 0, 0, 0, 0, 0, 1]
        lines.close()
        assert read(lines, "f") == b"/at/f"
        assert over[-1] == 2
        lines.close()


def test_a_connection_that_the_server_has_closed_meanwhile_is_replaced() -> None:
    """A kept one may be gone when it is needed again; a new one that fails is the server's fault."""
    with serving(lambda line, path: plain(line, path.encode()) and False) as (url, over):
        lines = Lines(url)
        assert [read(lines, name) for name in "abc"] == [b"/at/a", b"/at/b", b"/at/c"]
        assert over == [0, 1, 2]
        lines.close()
    with serving(lambda _line, _path: False) as (url, _):
        assert once(Lines(url), "a") == "store/unreachable"
    assert once(Lines(url), "a") == "store/unreachable"


@attack(
    "store-14",
    Mutation(LINES, find="            if seen > max_size:", replace="            if seen < 0:"),
    Mutation(LINES, find="            if answer.length:", replace="            if answer.length == -1:"),
    Mutation(LINES, find="                line.shut()", replace="                line.used = True"),
    Mutation(
        LINES, find="            if seen < self._least * (time.monotonic() - began - self._grace):", replace="            if seen < 0:"
    ),
)
@pytest.mark.parametrize(
    ("mood", "code"),
    [
        ("long", "store/too-big"),
        ("cut", "store/unreachable"),
        ("drip", "store/unreachable"),
        ("drip of the head", "store/unreachable"),
        ("encoded", "store/encoding"),
        ("error", "store/unreachable"),
        ("noise", "store/unreachable"),
    ],
)
def test_a_server_is_left_in_bounded_size_and_time(mood: str, code: str) -> None:
    """Too much, too little, in drips, within the head too, encoded without being asked, an error, or no HTTP at all."""

    def answer(line: socket.socket, _path: str) -> bool:
        if mood == "long":
            line.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 4000)
        elif mood == "cut":
            line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nx")
        elif mood == "drip":
            line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n")
            drip(line, b"x" * 300)
        elif mood == "drip of the head":
            drip(line, b"HTTP/1.1 200 OK\r\nX: " + b"x" * 900)
        elif mood == "encoded":
            return plain(line, b"x", more="Content-Encoding: gzip\r\n")
        elif mood == "error":
            return plain(line, b"x" * 9000, "500 Oh")
        else:
            line.sendall(b"SSH-2.0\r\n")
        return False

    began = time.monotonic()
    with serving(answer) as (url, _):
        assert once(Lines(url, grace=0.3), "a", 1 << 24 if mood == "drip" else 1000) == code
    assert time.monotonic() - began < 6


def drip(line: socket.socket, data: bytes) -> None:
    for at in range(len(data)):
        line.sendall(data[at : at + 1])
        time.sleep(0.05)


@attack(
    "store-13",
    Mutation(LINES, find="exchange = Exchange(0.0, public_only=public_only)", replace="exchange = Exchange(0.0, public_only=False)"),
)
def test_a_name_or_a_redirect_that_leads_inside_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever meant an address outside is never led into this machine's own network; redirects are followed one file at a time otherwise."""
    with serving(lambda line, path: plain(line, path.encode())) as (inside, over):
        port = int(inside.rpartition(":")[2].removesuffix("/at"))

        def resolve(*_args: object, **_more: object) -> list[tuple[object, ...]]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

        monkeypatch.setattr("commonhold.store.fetch.getaddrinfo", resolve)
        assert once(Lines(f"http://mirror.example:{port}", public_only=True), "a") == "store/private"
        assert over == []
        monkeypatch.undo()
        with serving(lambda line, path: plain(line, b"", "302 Found", f"Location: {inside}/b\r\n")) as (url, _):
            assert once(Lines(url), "a") == b"/at/b"


def test_a_proxy_that_the_system_names_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine may have no other way out; where only public addresses are meant there is none."""
    with serving(lambda line, path: plain(line, path.encode())) as (proxy, _):
        monkeypatch.setenv("http_proxy", proxy.removesuffix("/at"))
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert once(Lines("http://mirror.example/x"), "a") == b"http://mirror.example/x/a"

"""Posting to a log, and a server's own network: what is sent and read is bounded, and strangers reach nothing private through us."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from commonhold.kernel.errors import FormatError, StoreError
from commonhold.store.asking import mirror_of
from commonhold.store.fetch import foreign_json, is_private_address, url_fetch, url_post
from commonhold.store.leading import led_from
from tests.attacks import Mutation, attack
from tests.store.test_reader import cut, send, stall

loopback = pytest.mark.allow_hosts(["127.0.0.1"])
Answer = Callable[[BaseHTTPRequestHandler, bytes], None]


class Echo:
    """A server on loopback that answers as it is told, and counts who comes."""

    def __init__(self) -> None:
        self.answer: Answer = send
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.asked.append(self.path)
                outer.answer(self, self.rfile.read(int(self.headers["Content-Length"])))

            def do_GET(self) -> None:
                outer.asked.append(self.path)
                outer.answer(self, b"")

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                """Say nothing."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/entry"


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server
    server.http.shutdown()
    server.http.server_close()


@loopback
@pytest.mark.parametrize("status", [200, 202, 409, 503])
def test_what_a_server_answers_to_a_post_comes_back_as_it_is(echo: Echo, status: int) -> None:
    """A refusal is an answer too: its status and its words are given to the caller."""
    echo.answer = lambda handler, body: send(handler, body[::-1], status)
    assert url_post(echo.url, b"an entry", max_size=100) == (status, b"yrtne na")
    assert echo.asked == ["/entry"]


BAD: dict[str, Answer] = {
    "too long": lambda handler, _: send(handler, bytes(2000)),
    "a compressed giant": lambda handler, _: send(handler, gzip.compress(bytes(1 << 24)), Content_Encoding="gzip"),
    "cut short": cut,
    "drop by drop": stall,
    "a long refusal": lambda handler, _: send(handler, bytes(2000), 400),
}


@loopback
@pytest.mark.parametrize("name", BAD)
def test_an_answer_to_a_post_is_bounded(echo: Echo, name: str) -> None:
    """However a server answers, posting ends soon and in an error of ours."""
    echo.answer = BAD[name]
    began = time.monotonic()
    with pytest.raises(StoreError):
        url_post(echo.url, b"an entry", max_size=1000, timeout=2.0, deadline=0.3)
    assert time.monotonic() - began < 5


@loopback
def test_a_post_follows_no_redirect(echo: Echo) -> None:
    """What was meant for one address is not carried to another."""
    echo.answer = lambda handler, _: send(handler, b"", 307, Location="/elsewhere")
    assert url_post(echo.url, b"an entry", max_size=100)[0] == 307
    assert echo.asked == ["/entry"]


@loopback
def test_a_server_that_fetches_for_strangers_reaches_nothing_private(echo: Echo) -> None:
    """A name that leads into a private network is refused once it is seen where it leads, before anything is asked there."""
    for name in ("127.0.0.1", "0x7f.1", "2130706433"):
        address = f"http://{name}:{echo.port}"
        with pytest.raises(StoreError) as refused:
            url_fetch(address, public_only=True)("checkpoint", 100)
        assert refused.value.code in ("store/private", "store/unreachable")
        with pytest.raises(StoreError):
            url_post(f"{address}/entry", b"an entry", max_size=100, public_only=True)
    assert echo.asked == []


def test_a_private_address_is_known_by_its_number() -> None:
    """Only what says outright that it is private may lead there."""
    private = (
        "http://127.0.0.1/",
        "http://[::1]:80/",
        "http://10.1.2.3",
        "http://192.168.0.1:8420/log",
        "http://localhost",
        "http://a.localhost",
    )
    assert all(is_private_address(url) for url in private)
    assert not any(is_private_address(url) for url in ("https://example.org/", "http://8.8.8.8", "http://localhost.example.org"))


def test_nobody_there_is_told() -> None:
    """A post that reaches nobody says so."""
    with pytest.raises(StoreError):
        url_post("file:///etc/passwd", b"", max_size=1)


@attack(
    "partner-json-without-end",
    Mutation("src/commonhold/store/fetch.py", find="    except (ValueError, RecursionError):", replace="    except ValueError:"),
)
@loopback
def test_json_nested_beyond_reading_is_no_answer(echo: Echo) -> None:
    """A hundred thousand brackets are told in words, wherever a server's answer is read, and end no program."""
    echo.answer = lambda handler, _: send(handler, b"[" * 100_000)
    node = echo.url.removesuffix("/entry")
    with pytest.raises(FormatError) as refused:
        mirror_of(node)
    assert refused.value.code == "partner/form"
    assert led_from(f"{node}/mirror/{64 * '0'}") == [f"{node}/mirror/{64 * '0'}"]
    assert foreign_json(b'{"logs": []}') == {"logs": []}

"""Fetching the static files of a log from a web server, believing nothing about it (C2SP tlog-tiles, section APIs).

Every answer has a size, a time and a number of redirects that it may not exceed; what the bytes say is judged by ``reader.py``.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import threading
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Iterator, Sequence
from socket import SHUT_RDWR, SOCK_STREAM, create_connection, getaddrinfo, socket
from types import TracebackType
from typing import IO, Any, Final, Self
from urllib.parse import urlencode, urlsplit

from commonhold.kernel.errors import StoreError
from commonhold.store.files import check_name

Fetch = Callable[[str, int], bytes]
"""``fetch(name, max_size)``: the whole file, or StoreError; ``store/absent`` when the place answers that it has no such file."""

MAX_FRONT: Final = 4 << 20
"""Bytes of a partner's front page: a few hundred for each log that it follows."""
_PIECE: Final = 1 << 16
_REDIRECTS: Final = 5
_TRY_LATER: Final = "try again later, or read from another mirror."


def url_fetch(url: str, *, timeout: float = 10.0, deadline: float = 60.0, public_only: bool = False) -> Fetch:
    """A function that fetches files below *url*, which is ``http`` or ``https``.

    Args:
        url: the log's prefix; with or without the slash at its end.
        timeout: seconds to wait for any one answer of the network.
        deadline: seconds for one whole file, so that a server cannot keep a reader by sending a byte now and then.
        public_only: speak with public addresses alone, whatever a name or a redirect says, and through no proxy: for servers, whose own
            network a stranger must not reach through them.

    Raises:
        StoreError: ``store/url`` for another scheme, a query, a fragment or a password in the address.
    """
    check_plain(url)
    prefix = url.rstrip("/")

    def fetch(name: str, max_size: int) -> bytes:
        check_name(name)
        return _get(f"{prefix}/{name}", max_size, timeout, deadline, public_only=public_only)

    return fetch


def url_front(url: str, *, max_size: int = MAX_FRONT, timeout: float = 10.0, deadline: float = 60.0, public_only: bool = False) -> bytes:
    """What a server answers at *url* itself, ``GET /``: at most *max_size* bytes; the rest as for :func:`url_fetch`.

    Raises:
        StoreError: if the address is not plain, or it cannot be read.
    """
    check_plain(url)
    return _get(f"{url.rstrip('/')}/", max_size, timeout, deadline, public_only=public_only)


def _get(address: str, max_size: int, timeout: float, deadline: float, *, public_only: bool) -> bytes:
    # The scheme was checked by the caller, and no handler for another one is there.
    request = urllib.request.Request(  # noqa: S310
        address, headers={"Accept-Encoding": "gzip, identity", "User-Agent": "commonhold"}
    )
    with Exchange(deadline, public_only=public_only) as exchange:
        try:
            with exchange.open(request, timeout, _Redirects()) as answer:
                return exchange.body(answer, address, max_size)
        except urllib.error.HTTPError as exc:
            exc.close()
            raise refusal(exc.code, exc.reason, address) from None
        except urllib.error.URLError as exc:
            raise unreachable(address, exc.reason) from exc
        except (OSError, ValueError, http.client.HTTPException, zlib.error) as exc:
            raise unreachable(address, exc) from exc


def url_pieces(
    address: str, max_size: int, *, timeout: float = 10.0, grace: float = 30.0, least: int = 1 << 15, public_only: bool = False
) -> Iterator[bytes]:
    """One file piece by piece, however large, from a server that has to keep up.

    Args:
        grace: seconds before slowness counts.
        least: bytes that must have come for each second since then, on average.
        public_only: as for :func:`url_fetch`.

    Raises:
        StoreError: as :func:`url_fetch`'s functions, also after pieces were given.
    """
    check_plain(address)
    request = urllib.request.Request(address, headers={"User-Agent": "commonhold"})  # noqa: S310 - the scheme was checked
    began, seen = time.monotonic(), 0
    # The end of the whole exchange, for a server that sends a byte now and then, within one read: as long as the largest file may take.
    with Exchange(min(grace + max_size / least, threading.TIMEOUT_MAX), public_only=public_only) as exchange:
        try:
            with exchange.open(request, timeout, _Redirects()) as answer:
                if answer.headers.get("Content-Encoding", "identity") != "identity":
                    raise StoreError(f"{address} came encoded, and that was not asked for", code="store/encoding", next_step=_TRY_LATER)
                # One read of the network at a time, so that a drip is seen while it drips.
                while piece := answer.read1(_PIECE * 4):
                    seen += len(piece)
                    if seen > max_size:
                        raise StoreError(f"{address} is longer than {max_size} bytes", code="store/too-big", data={"max_size": max_size})
                    if seen < least * (time.monotonic() - began - grace):
                        raise unreachable(address, "it came too slowly")
                    yield piece
                if answer.length:
                    raise unreachable(address, "it ended early")
        except urllib.error.HTTPError as exc:
            exc.close()
            raise refusal(exc.code, exc.reason, address) from None
        except urllib.error.URLError as exc:
            raise unreachable(address, exc.reason) from exc
        except (OSError, ValueError, http.client.HTTPException) as exc:
            raise unreachable(address, exc) from exc


def url_post(
    address: str, body: bytes, *, max_size: int, timeout: float = 10.0, deadline: float = 60.0, public_only: bool = False
) -> tuple[int, bytes]:
    """Send *body* to *address* and give the status and body of the answer; no redirect is followed.

    Args:
        max_size: bytes of the answer that are read.
        timeout: as for :func:`url_fetch`, with *deadline* and *public_only*.

    Raises:
        StoreError: if the address is not plain, nobody answers there, or the answer is too long.
    """
    check_plain(address)
    request = urllib.request.Request(  # noqa: S310 - the scheme was checked
        address, body, {"Content-Type": "application/octet-stream", "User-Agent": "commonhold"}, method="POST"
    )
    return _answered(request, address, max_size, timeout, deadline, public_only=public_only, redirects=False)


def _answered(
    request: urllib.request.Request, address: str, max_size: int, timeout: float, deadline: float, *, public_only: bool, redirects: bool
) -> tuple[int, bytes]:
    with Exchange(deadline, public_only=public_only) as exchange:
        try:
            try:
                with exchange.open(request, timeout, *([_Redirects()] if redirects else [])) as answer:
                    return answer.status, exchange.body(answer, address, max_size)
            except urllib.error.HTTPError as exc:
                with exc:
                    return exc.code, exchange.body(exc.fp, address, max_size)
        except urllib.error.URLError as exc:
            raise unreachable(address, exc.reason) from exc
        except (OSError, ValueError, http.client.HTTPException, zlib.error) as exc:
            raise unreachable(address, exc) from exc


def foreign_json(raw: bytes) -> Any:
    """The value of JSON that somebody else's server sent, of whatever shape; None for what is none, or is nested beyond reading."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def is_url(place: object) -> bool:
    """Whether a place is an address and no folder."""
    return str(place).startswith(("http://", "https://"))


def is_private_address(url: str) -> bool:
    """Whether an address names this machine or a private network outright, by number or as ``localhost``."""
    host = urlsplit(url).hostname or ""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def url_ask(
    address: str, query: Sequence[tuple[str, str]], *, max_size: int, timeout: float = 10.0, deadline: float = 60.0
) -> tuple[int, bytes]:
    """Ask *address* with a query, and give the status and body of the answer, refusals too; redirects are followed as for :func:`url_fetch`.

    Args:
        max_size: bytes of the answer that are read.

    Raises:
        StoreError: if the address is not plain, nobody answers there, or the answer is too long.
    """
    check_plain(address)
    request = urllib.request.Request(  # noqa: S310 - the scheme was checked
        f"{address}?{urlencode(query)}" if query else address, headers={"User-Agent": "commonhold"}
    )
    return _answered(request, address, max_size, timeout, deadline, public_only=False, redirects=True)


class Exchange:
    """One request and its answer, with an end: when the time is over its connections are shut, whatever they wait for."""

    def __init__(self, seconds: float, *, public_only: bool) -> None:
        self._public_only = public_only
        self._open: list[socket] = []
        self._over = False
        self._timer = threading.Timer(seconds, self._shut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._timer.cancel()
        self._timer.join()

    def open(self, request: urllib.request.Request, timeout: float, *more: urllib.request.BaseHandler) -> http.client.HTTPResponse:
        """Send a request and give its answer, whose body is still to be read."""
        opener = urllib.request.OpenerDirector()
        # Named one by one: the usual opener also reads file: and ftp:, to which a redirect could lead.
        for handler in (
            *([] if self._public_only else [urllib.request.ProxyHandler()]),
            _HTTP(self),
            _HTTPS(self),
            urllib.request.HTTPDefaultErrorHandler(),
            urllib.request.HTTPErrorProcessor(),
            *more,
        ):
            opener.add_handler(handler)
        answer: http.client.HTTPResponse = opener.open(request, timeout=timeout)
        return answer

    def dial(self, address: tuple[str, int], timeout: float, source: tuple[str, int] | None) -> socket:
        """A connection to a host, which was looked up once: what a name leads to is looked at before anything is sent there.

        A door in this machine's own network is not even knocked at, or strangers could learn from the answers which ones are open.
        """
        host, port = address
        failed: OSError = OSError("the name leads nowhere")
        for place in dict.fromkeys(str(found[4][0]) for found in getaddrinfo(host, port, type=SOCK_STREAM)):
            if self._public_only and not ipaddress.ip_address(place.partition("%")[0]).is_global:
                raise StoreError(
                    f"{host} leads to {place}, which is not a public address",
                    code="store/private",
                    next_step="if the log really is served there, give its address as a number.",
                )
            try:
                return create_connection((place, port), timeout, source)
            except OSError as error:
                failed = error
        raise failed

    def connected(self, connection: http.client.HTTPConnection) -> None:
        """Keep a connection, to be shut when the time is over."""
        self._open.append(connection.sock)
        if self._over:
            self._shut()

    def body(self, answer: Any, address: str, max_size: int) -> bytes:
        """All of an answer, in time."""
        data = _body(answer, address, max_size, lambda: self._over)
        # A connection that was shut looks like one that has ended.
        if self._over:
            raise unreachable(address, "it took too long to arrive")
        return data

    def _shut(self) -> None:
        self._over = True
        for sock in self._open:
            try:
                sock.shutdown(SHUT_RDWR)
            except OSError:
                continue


class _HTTP(urllib.request.HTTPHandler):
    def __init__(self, exchange: Exchange) -> None:
        super().__init__()
        self._exchange = exchange

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        exchange = self._exchange

        class Connection(http.client.HTTPConnection):
            def connect(self) -> None:
                self._create_connection = exchange.dial
                super().connect()
                exchange.connected(self)

        return self.do_open(Connection, req)


class _HTTPS(urllib.request.HTTPSHandler):
    def __init__(self, exchange: Exchange) -> None:
        super().__init__()
        self._exchange = exchange

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        exchange = self._exchange

        class Connection(http.client.HTTPSConnection):
            def connect(self) -> None:
                self._create_connection = exchange.dial
                super().connect()
                exchange.connected(self)

        return self.do_open(Connection, req)


def check_plain(url: str) -> None:
    """Pass in silence if *url* is a plain http or https address.

    Raises:
        StoreError: ``store/url`` for another scheme, a query, a fragment or a password in it.
    """
    if not _is_plain(url):
        raise StoreError(
            f"cannot read a log from {url[:200]!r}",
            code="store/url",
            next_step="give an address such as https://record.example.org/, or a folder.",
        )


def _is_plain(url: str) -> bool:
    try:
        parts = urlsplit(url)
        usual_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return (
        usual_port
        and parts.scheme in {"http", "https"}
        and bool(parts.hostname)
        and not (parts.query or parts.fragment or "@" in parts.netloc)
    )


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follow a few redirects, and never down to a weaker scheme."""

    max_redirections = _REDIRECTS

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        scheme = urlsplit(newurl).scheme
        if scheme != req.type and not (req.type == "http" and scheme == "https"):
            fp.close()
            raise StoreError(
                f"{req.full_url} redirects to {newurl[:200]!r}, which is not followed", code="store/redirect", next_step=_TRY_LATER
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _body(answer: http.client.HTTPResponse, address: str, max_size: int, over: Callable[[], bool]) -> bytes:
    encoding = answer.headers.get("Content-Encoding", "identity")
    # A log may compress without being asked (tlog-tiles), so both sizes are bounded while they grow.
    if encoding not in {"gzip", "identity"}:
        raise StoreError(
            f"{address} came encoded as {encoding[:40]!r}, and gzip or identity was asked for", code="store/encoding", next_step=_TRY_LATER
        )
    unzip = zlib.decompressobj(31) if encoding == "gzip" else None
    data, sent = bytearray(), 0
    while piece := answer.read(_PIECE):
        sent += len(piece)
        data += unzip.decompress(piece, max_size + 1 - len(data)) if unzip else piece
        if len(data) > max_size or sent > 2 * max_size + _PIECE:
            raise StoreError(f"{address} is longer than {max_size} bytes", code="store/too-big", data={"max_size": max_size})
        if over():
            raise unreachable(address, "it took too long to arrive")
    # http.client counts down what was announced, and says nothing when the rest never came.
    if answer.length or (unzip is not None and not unzip.eof):
        raise unreachable(address, "it ended early")
    return bytes(data)


def refusal(code: int, reason: str, address: str) -> StoreError:
    """What a server's status means where it gives no file."""
    if code in {404, 410}:
        return StoreError(f"{address} is not there: the server answered {code}", code="store/absent", next_step="check the address.")
    if code in {401, 403}:
        return StoreError(
            f"{address} may not be read: the server answered {code}",
            code="store/denied",
            next_step="a record must be public; ask its keeper.",
        )
    if code < 400:
        return StoreError(f"{address} redirects in a way that is not followed: {reason}", code="store/redirect", next_step=_TRY_LATER)
    return StoreError(f"{address} cannot be read: the server answered {code}", code="store/unreachable", next_step=_TRY_LATER)


def unreachable(address: str, why: object) -> StoreError:
    """Nobody answers, or not as a server does."""
    return StoreError(f"cannot reach {address}: {why}", code="store/unreachable", next_step=_TRY_LATER)

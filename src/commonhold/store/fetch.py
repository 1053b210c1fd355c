"""Fetching the static files of a log from a web server, believing nothing about it (C2SP tlog-tiles, section APIs).

Every answer has a size, a time and a number of redirects that it may not exceed; what the bytes say is judged by ``reader.py``.
"""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable
from typing import IO, Final
from urllib.parse import urlsplit

from commonhold.kernel.errors import StoreError
from commonhold.store.files import check_name

Fetch = Callable[[str, int], bytes]
"""``fetch(name, max_size)``: the whole file, or StoreError; ``store/absent`` when the place answers that it has no such file."""

_PIECE: Final = 1 << 16
_REDIRECTS: Final = 5
_TRY_LATER: Final = "try again later, or read from another mirror."


def url_fetch(url: str, *, timeout: float = 10.0, deadline: float = 60.0) -> Fetch:
    """A function that fetches files below *url*, which is ``http`` or ``https``.

    Args:
        url: the log's prefix; with or without the slash at its end.
        timeout: seconds to wait for any one answer of the network.
        deadline: seconds for one whole file, so that a server cannot keep a reader by sending a byte now and then.

    Raises:
        StoreError: ``store/url`` for another scheme, a query, a fragment or a password in the address.
    """
    if not _is_plain(url):
        raise StoreError(
            f"cannot read a log from {url[:200]!r}",
            code="store/url",
            next_step="give an address such as https://record.example.org/, or a folder.",
        )
    prefix = url.rstrip("/")
    opener = urllib.request.OpenerDirector()
    # Named one by one: the usual opener also reads file: and ftp:, to which a redirect could lead.
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _Redirects(),
    ):
        opener.add_handler(handler)

    def fetch(name: str, max_size: int) -> bytes:
        check_name(name)
        address, end = f"{prefix}/{name}", time.monotonic() + deadline
        # The scheme was checked above, and no handler for another one is there.
        request = urllib.request.Request(  # noqa: S310
            address, headers={"Accept-Encoding": "gzip, identity", "User-Agent": "commonhold"}
        )
        try:
            with opener.open(request, timeout=timeout) as answer:
                return _body(answer, address, max_size, end)
        except urllib.error.HTTPError as exc:
            exc.close()
            raise _refusal(exc, address) from None
        except urllib.error.URLError as exc:
            raise _unreachable(address, exc.reason) from exc
        except (OSError, ValueError, http.client.HTTPException, zlib.error) as exc:
            raise _unreachable(address, exc) from exc

    return fetch


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


def _body(answer: http.client.HTTPResponse, address: str, max_size: int, end: float) -> bytes:
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
        if time.monotonic() > end:
            raise _unreachable(address, "it took too long to arrive")
    # http.client counts down what was announced, and says nothing when the rest never came.
    if answer.length or (unzip is not None and not unzip.eof):
        raise _unreachable(address, "it ended early")
    return bytes(data)


def _refusal(exc: urllib.error.HTTPError, address: str) -> StoreError:
    if exc.code in {404, 410}:
        return StoreError(f"{address} is not there: the server answered {exc.code}", code="store/absent", next_step="check the address.")
    if exc.code in {401, 403}:
        return StoreError(
            f"{address} may not be read: the server answered {exc.code}",
            code="store/denied",
            next_step="a record must be public; ask its keeper.",
        )
    if exc.code < 400:
        return StoreError(f"{address} redirects in a way that is not followed: {exc.reason}", code="store/redirect", next_step=_TRY_LATER)
    return StoreError(f"{address} cannot be read: the server answered {exc.code}", code="store/unreachable", next_step=_TRY_LATER)


def _unreachable(address: str, why: object) -> StoreError:
    return StoreError(f"cannot reach {address}: {why}", code="store/unreachable", next_step=_TRY_LATER)

"""Between HTTP and the node: bodies of bounded size and time, answers with the right headers (DESIGN 3.1; tlog-tiles, section APIs).

What clients can do here is bounded on every side: bytes and seconds of a body, seconds of a whole request, and (in :mod:`.serve`) bytes and
seconds of the headers. A body that is shorter than announced is refused before anything is read from it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from anyio import to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from commonhold.kernel.errors import CommonholdError, FormatError, ProofError, RuleError, StoreError
from commonhold.mirror.witness import TEXT, Answer

BODY_SECONDS: Final = 20.0
"""A body of 128 KB takes this long at 52 kbit/s."""
ANSWER_SECONDS: Final = 60.0
LEAST_RATE: Final = 1 << 15
"""Bytes that a client takes of a long answer in each second, on average, or it is cut off."""
JSON: Final = "application/json"
TILE: Final = "application/octet-stream"
FOREVER: Final = "public, max-age=31536000, immutable"
SECONDS: Final = "public, max-age=5"
NO_STORE: Final = "no-store"
HEADERS: Final = {"X-Content-Type-Options": "nosniff", "Access-Control-Allow-Origin": "*", "Content-Security-Policy": "default-src 'none'"}

Endpoint = Callable[[Request], Awaitable[Response]]


class TooLargeError(FormatError):
    """A body over its bound."""


class TooSlowError(StoreError):
    """A body that did not arrive in time, or not whole."""


async def read_body(request: Request, limit: int, seconds: float = BODY_SECONDS) -> bytes:
    """The whole body of a request, at most *limit* bytes within *seconds*.

    Raises:
        TooLargeError: if it is longer, or says that it will be. TooSlowError: if it has not arrived by then, or broke off.
    """
    announced = request.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced[:20]) > limit:
        raise TooLargeError(f"the body has {announced[:20]} bytes, and at most {limit} are read", code="http/too-large")
    data = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for piece in request.stream():
                data += piece
                if len(data) > limit:
                    raise TooLargeError(f"the body has more than {limit} bytes", code="http/too-large")
    except TimeoutError:
        raise TooSlowError(
            f"the body did not arrive within {seconds:g} seconds", code="http/too-slow", next_step="Send it again."
        ) from None
    except ClientDisconnect:
        raise TooSlowError("the connection ended before the body did", code="http/cut", next_step="Send it again.") from None
    return bytes(data)


def answer(found: Answer) -> Response:
    """An :class:`Answer` as Starlette sends it; without a word about caching it may not be kept."""
    # Set here and not as media_type, to which Starlette would add a charset that the specification does not have.
    return Response(found.body, found.status, headers={**HEADERS, "Cache-Control": NO_STORE, "Content-Type": found.type, **found.headers})


def json_answer(value: Mapping[str, Any], status: int = 200, cache: str = NO_STORE) -> Response:
    """A report as JSON, in ASCII."""
    return answer(Answer(status, json.dumps(value, ensure_ascii=True).encode() + b"\n", JSON, {"Cache-Control": cache}))


def refusal(error: CommonholdError) -> Response:
    """What to say of an error: a client's is 4xx with its words; our own surroundings' is 503, and retrying may help."""
    status = 503 if isinstance(error, StoreError) else 422 if isinstance(error, ProofError | RuleError) else 400
    if isinstance(error, TooLargeError):
        status = 413
    elif isinstance(error, TooSlowError):
        status = 408
    elif error.code.endswith("/unknown-log"):
        status = 404
    elif error.code.endswith(("/too-many", "/busy")):
        status = 429
    close = {"Connection": "close"} if status in (408, 413) else {}
    return answer(Answer(status, json.dumps(told(error)).encode() + b"\n", JSON, close))


def told(error: CommonholdError) -> dict[str, Any]:
    """An error as a program reads it."""
    return {"ok": False, "code": error.code, "message": str(error), "next_step": error.next_step}


def guarded(handle: Endpoint) -> Endpoint:
    """*handle*, with its errors turned into answers in words."""

    async def endpoint(request: Request) -> Response:
        try:
            return await handle(request)
        except CommonholdError as error:
            return refusal(error)

    return endpoint


class CutError(StoreError):
    """An answer that has begun cannot be ended as it was announced: the connection is closed, which the client sees."""


class Deadline:
    """An application with an end: whatever a client does or does not read, a request is over after so many *seconds*.

    A long answer gets a second more for each 32 KiB of it that the client has taken.
    """

    def __init__(self, app: ASGIApp, seconds: float = ANSWER_SECONDS) -> None:
        self._app, self._seconds = app, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or cut it off; a lifespan is no request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, end = False, asyncio.get_running_loop().time() + self._seconds

        async def sending(message: Message) -> None:
            nonlocal begun, end
            begun = True
            await send(message)
            end += len(message.get("body", b"")) / LEAST_RATE
            timer.reschedule(end)

        try:
            async with asyncio.timeout_at(end) as timer:
                await self._app(scope, receive, sending)
        except CutError:
            # uvicorn closes a connection whose answer was left unfinished.
            return
        except TimeoutError:
            # What has begun cannot be taken back: the server closes the connection, which the client sees.
            if not begun:
                error = StoreError("the answer took too long", code="http/slow", next_step="Try again in a minute.")
                await refusal(error)(scope, receive, send)


async def in_thread(work: Callable[..., Any], *arguments: Any) -> Any:
    """Run what waits for disk or network beside the event loop."""
    return await to_thread.run_sync(work, *arguments, abandon_on_cancel=True)


def static(body: bytes | None, kind: str, cache: str) -> Response:
    """A file that is there, or 404."""
    if body is None:
        return answer(Answer(404, b"there is no such file\n", TEXT, {"Cache-Control": SECONDS}))
    return answer(Answer(200, body, kind, {"Cache-Control": cache}))

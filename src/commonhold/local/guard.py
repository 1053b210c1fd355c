"""Who may talk to a page on loopback: the person who was given its address, in the browser that opened it first, and no other page or program.

The address has a token that works once; what it leaves behind is a cookie that no script reads and no other site sends. The Host header must be our
own, or a name that resolves to loopback could be used to reach us from another site (DNS rebinding); every form carries a second token, and where a
browser says from which page a form comes, that must be ours.
"""

from __future__ import annotations

import hmac
import secrets
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from commonhold.kernel.errors import FormatError, RuleError

MAX_BODY: Final = 256 << 10
MAX_FIELDS: Final = 5_000
COOKIE: Final = "commonhold-local"
"""What a cookie's name begins with; the port follows, since browsers give cookies of one port to all."""
PAGE_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
DOCUMENT_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox allow-popups"
"""For reports and pictures, which bring their own styles and never a script."""
_ALWAYS: Final = {
    "Cache-Control": "no-store",
    # Not "no-referrer", under which a browser says of its own forms that they come from nowhere.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guard:
    """Stands before an application and lets its one visitor through."""

    def __init__(self, app: ASGIApp, host: str) -> None:
        self._app, self._host = app, host
        self._cookie = f"{COOKIE}-{host.rpartition(':')[2]}"
        self._secret, self.form_token = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
        self._once: str | None = None
        self.new_address()

    def new_address(self) -> str:
        """A new address that works once; the one before works no more."""
        self._once = secrets.token_urlsafe(24)
        return f"http://{self._host}/?token={self._once}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        response = self._refusal(request)
        if response is None:
            await self._app(scope, receive, send)
        else:
            await harden(response)(scope, receive, send)

    def _refusal(self, request: Request) -> Response | None:
        if request.headers.get("host") != self._host:
            return PlainTextResponse("This page answers only under its own address.", 421)
        inside = hmac.compare_digest(request.cookies.get(self._cookie, "").encode(), self._secret.encode())
        if (given := request.query_params.get("token")) is not None and request.method == "GET":
            # Whoever is inside may follow the old address again, and uses up no new one.
            return RedirectResponse("/", 303) if inside else self._admitted(given)
        if not inside:
            return _turned_away()
        if request.method not in ("GET", "HEAD") and request.headers.get("origin", f"http://{self._host}") != f"http://{self._host}":
            return PlainTextResponse("This form was sent from another page.", 403)
        return None

    def _admitted(self, given: str) -> Response:
        once, self._once = self._once, None
        if once is None or not hmac.compare_digest(given.encode(), once.encode()):
            # A wrong guess costs the address: nobody can try a second time.
            return _turned_away()
        response = RedirectResponse("/", 303)
        response.set_cookie(self._cookie, self._secret, httponly=True, samesite="strict", path="/")
        return response


async def read_form(request: Request, token: str) -> list[tuple[str, str]]:
    """The fields of a form in their order, without its token.

    Raises:
        FormatError: if it is larger than a form of ours can be, or no form. RuleError: if it does not carry the token.
    """
    raw = bytearray()
    try:
        async for chunk in request.stream():
            raw += chunk
            if len(raw) > MAX_BODY:
                raise FormatError("this is more text than the screen can take", code="interview/too-large", next_step="Write less.")
        fields = parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except (ValueError, ClientDisconnect):
        raise FormatError("this form cannot be read", code="interview/form", next_step="Go back, and send it again.") from None
    if not hmac.compare_digest(dict(fields).get("token", "").encode(), token.encode()):
        raise RuleError(
            "this form does not come from this page", code="interview/token", next_step="Open the screen again, and send it from there."
        )
    return [(name, value) for name, value in fields if name != "token"]


def harden(response: Response, policy: str = PAGE_POLICY) -> Response:
    """The same response with the headers that keep others out."""
    for name, value in _ALWAYS.items():
        response.headers[name] = value
    response.headers["Content-Security-Policy"] = policy
    return response


def _turned_away() -> Response:
    return HTMLResponse(
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        "<title>Not this way</title><main><h1>This address works once, in one browser</h1><p>Look at the window in which the program runs, and open the "
        "address that it shows there. If you have closed the browser, press Enter in that window for a new address, or start the program again: your "
        "answers are saved.</p></main></html>",
        403,
    )

"""The one process of a house: its pages at the root, its log under ``/log``, static files under ``/static``.

The log is open for writing here, so what a page shows is what the log holds, and an act that a member signs is in the record before their browser is answered.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

from commonhold.mirror.houseapp import house_lifespan, house_routes
from commonhold.mirror.houselog import HouseLog
from commonhold.mirror.web import Deadline

LOG: Final = "/log"
_STATIC_PACKAGES: Final = ("wagtail.admin", "wagtail.images", "wagtail.documents", "commonhold.house.core")


def create_app(log: HouseLog, *, tend: bool = True) -> ASGIApp:
    """The whole house of *log* as one application; Django has been started before, and the ledger has the log.

    Args:
        tend: ask the partners by itself.
    """
    from django.core.asgi import get_asgi_application  # noqa: PLC0415 - only once Django is set up

    pages: Any = get_asgi_application()
    public = Starlette(
        routes=house_routes(log),
        middleware=[
            Middleware(Deadline),
            Middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["GET", "POST"], allow_headers=["*"]),
        ],
    )
    return Starlette(
        routes=[
            Route("/health", lambda _request: Response("ok\n", media_type="text/plain")),
            Mount("/static", _Static(packages=[(package, "static") for package in _STATIC_PACKAGES])),
            Mount(LOG, public),
            Mount("/", pages),
        ],
        lifespan=house_lifespan(log, tend=tend),
    )


class _Static(StaticFiles):
    """Files that ship with the programs; their addresses carry a version, so browsers may keep them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if response.status_code == 200:
            versioned = b"v=" in scope.get("query_string", b"")
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if versioned else "public, max-age=60"
            response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def serve_house(folder: Path, host: str, port: int, say: Callable[[str], None], ready: Callable[[HouseLog, str, str], None]) -> None:
    """Serve the house in *folder* until the process is told to stop; its tables are brought up to date first.

    Args:
        say: told, in a line, whatever changes.
        ready: called with the log, the public address and the one that is listened on, once connections wait to be taken.

    Raises:
        StoreError, FormatError, ProofError: if there is no house there, it is damaged, another process writes it, or the port is taken.
    """
    from commonhold.mirror.serve import serve_app  # noqa: PLC0415 - kept out of the command's start

    log = _open(folder, say)
    try:
        from commonhold.house.settings import CONFIG  # noqa: PLC0415 - only once Django is set up

        serve_app(create_app(log), host, port, lambda url: ready(log, CONFIG.url, url))
    finally:
        log.close()


def rebuild_house(folder: Path, say: Callable[[str], None]) -> int:
    """Make the tables that mirror the record again; gives how many entries they have. Raises as :func:`serve_house`."""
    log = _open(folder, say)
    try:
        from commonhold.house.record.services import rebuild  # noqa: PLC0415 - only once Django is set up

        return rebuild()
    finally:
        log.close()


def _open(folder: Path, say: Callable[[str], None]) -> HouseLog:
    from commonhold.house.starting import prepare, start  # noqa: PLC0415 - Django is not even installed everywhere

    start(folder)
    prepare()
    from commonhold.house.core import ledger  # noqa: PLC0415 - only once Django is set up

    return ledger.open_log(folder, lambda: int(time.time()), say)


def invite_member(folder: Path, member: str, days: int) -> str:
    """A link by which a member who is in the record makes their account in the house in *folder*; it may be running.

    Raises:
        RuleError: if the record does not have them. StoreError, FormatError, ProofError: as :func:`serve_house`.
    """
    from commonhold.house.starting import prepare, start  # noqa: PLC0415 - Django is not even installed everywhere

    start(folder)
    prepare()
    from commonhold.house.core import ledger  # noqa: PLC0415 - only once Django is set up
    from commonhold.house.members import invitations  # noqa: PLC0415 - the same

    ledger.read_copy(folder)
    return invitations.invite("", member=member, days=days).url

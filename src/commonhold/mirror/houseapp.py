"""An organisation's log as an ASGI application: which path is what (docs/formats/house-log.md).

GET  /                             who this is, how far the record is, how the partners stand
GET  /checkpoint, /tile/...        the record's static tree; /epochs/<n>/... the logs of the epochs before it
GET  /objects/<2>/<62>             a text by its digest
POST /entry                        an act that the rules accept
POST /objects/<2>/<62>             a text that a proposal in the record names
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from commonhold.kernel.record.history import MAX_LOGS
from commonhold.kernel.texts import MAX_TEXT_BYTES
from commonhold.kernel.tlog.tiles import ENTRIES, FULL_TILE_BYTES, MAX_BUNDLE_BYTES, parse_tile_path
from commonhold.mirror.houselog import HouseLog
from commonhold.mirror.objects import ObjectAnswers, gone, object_path
from commonhold.mirror.web import FOREVER, NO_STORE, TILE, Deadline, guarded, in_thread, json_answer, read_body, static
from commonhold.mirror.witness import TEXT
from commonhold.store.epochs import EPOCHS
from commonhold.store.handing import MAX_ACT_BYTES
from commonhold.store.reader import CHECKPOINT, MAX_CHECKPOINT

SHORT: Final = "public, max-age=1"
"""A checkpoint: partners and readers should see a new entry at once."""
_HEADER_ROOM: Final = 64


def create_house_app(log: HouseLog, *, tend: bool = True, more: Iterable[BaseRoute] = ()) -> Starlette:
    """The application of *log*, which it closes when it shuts down.

    Args:
        tend: ask the partners by itself; tests do it by hand.
        more: further routes.
    """
    return Starlette(
        routes=[*house_routes(log), *more],
        lifespan=house_lifespan(log, tend=tend),
        middleware=[
            Middleware(Deadline),
            Middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["GET", "POST"], allow_headers=["*"]),
        ],
    )


def house_lifespan(log: HouseLog, *, tend: bool = True) -> Callable[[Starlette], contextlib.AbstractAsyncContextManager[None]]:
    """What begins and ends with an application that serves *log*: its partners are asked, and at the end it is closed."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        tending = asyncio.create_task(log.run()) if tend else None
        try:
            yield
        finally:
            if tending is not None:
                tending.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await tending
            log.close()

    return lifespan


def house_routes(log: HouseLog) -> list[BaseRoute]:
    """What a house's log answers."""
    answers = ObjectAnswers()

    async def about(_request: Request) -> Response:
        return json_answer(await in_thread(log.describe), cache=NO_STORE)

    async def checkpoint(_request: Request) -> Response:
        return static(await in_thread(log.checkpoint), TEXT, SHORT)

    async def tile(request: Request) -> Response:
        return await _tile(log, "", request.path_params["path"])

    async def earlier(request: Request) -> Response:
        epoch, path = request.path_params["epoch"], request.path_params["path"]
        if epoch >= MAX_LOGS:
            return static(None, TILE, SHORT)
        if path == CHECKPOINT:
            return static(await in_thread(log.file, f"{EPOCHS}/{epoch}/{CHECKPOINT}", MAX_CHECKPOINT), TEXT, FOREVER)
        return await _tile(log, f"{EPOCHS}/{epoch}/", path.removeprefix("tile/"))

    async def text(request: Request) -> Response:
        digest = object_path(request.path_params["first"], request.path_params["rest"])
        if decision := await in_thread(log.erased, digest):
            return gone(digest, decision)
        return await answers.answer(request, log.objects, digest)

    async def entry(request: Request) -> Response:
        body = await read_body(request, MAX_ACT_BYTES)
        name, index, new = await in_thread(log.take, body)
        value = {"ok": True, "origin": log.origin, "status": "taken" if new else "in-record", "entry": name, "index": index}
        return json_answer(value, 202 if new else 200)

    async def take_text(request: Request) -> Response:
        digest = object_path(request.path_params["first"], request.path_params["rest"])
        new = await in_thread(log.take_text, digest, await read_body(request, MAX_TEXT_BYTES + _HEADER_ROOM))
        return json_answer({"ok": True, "digest": digest, "status": "taken" if new else "here"}, 202 if new else 200)

    return [
        Route("/", guarded(about), methods=["GET"]),
        Route("/checkpoint", guarded(checkpoint), methods=["GET"]),
        Route("/tile/{path:path}", guarded(tile), methods=["GET"]),
        Route("/epochs/{epoch:int}/{path:path}", guarded(earlier), methods=["GET"]),
        Route("/objects/{first:str}/{rest:str}", guarded(text), methods=["GET"]),
        Route("/objects/{first:str}/{rest:str}", guarded(take_text), methods=["POST"]),
        Route("/entry", guarded(entry), methods=["POST"]),
    ]


async def _tile(log: HouseLog, folder: str, name: str) -> Response:
    path = f"tile/{name}"
    # Refuses every other path before the disk is asked.
    named = parse_tile_path(path)
    limit = MAX_BUNDLE_BYTES if named.level == ENTRIES else FULL_TILE_BYTES
    return static(await in_thread(log.file, f"{folder}{path}", limit), TILE, FOREVER)

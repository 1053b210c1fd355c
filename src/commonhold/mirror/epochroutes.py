"""What a partner answers about the epochs of a record (docs/formats/partner-node.md).

POST /epochs                      where the log of a later epoch is served
GET  /mirror/<hash>/successors    the logs after one, and that it has ended
GET  /mirror/<hash>/epochs/<n>/   the log of an earlier epoch that this one rests on, so that the address of one log is a whole record
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from commonhold.kernel.errors import FormatError
from commonhold.kernel.tlog.tiles import ENTRIES, FULL_TILE_BYTES, MAX_BUNDLE_BYTES, parse_tile_path
from commonhold.mirror.follower import Follower
from commonhold.mirror.web import FOREVER, SECONDS, TILE, guarded, in_thread, json_answer, read_body, static
from commonhold.mirror.witness import TEXT, origin_hash
from commonhold.store.reader import CHECKPOINT

if TYPE_CHECKING:
    from commonhold.mirror.node import Node

ANNOUNCING: Final = 2
"""Announcements that are worked on at a time."""
MAX_ANNOUNCEMENT: Final = 4096


def epoch_routes(node: Node) -> list[BaseRoute]:
    """What a partner answers about later epochs."""
    few = CapacityLimiter(ANNOUNCING)

    def known(request: Request) -> Follower:
        return node.follower(request.path_params["log"])

    async def announce(request: Request) -> Response:
        url = read_url(await read_body(request, MAX_ANNOUNCEMENT))
        found = await to_thread.run_sync(node.successions.announce, url, limiter=few, abandon_on_cancel=True)
        node.soon(found.follower)
        origin = found.follower.origin
        row = {"ok": True, "status": "taken" if found.new else "known", "origin": origin, "hash": origin_hash(origin), "epoch": found.epoch}
        return json_answer(row, 202 if found.new else 200)

    async def successors(request: Request) -> Response:
        return json_answer(await in_thread(node.successions.successors, known(request).origin), cache=SECONDS)

    async def earlier(request: Request) -> Response:
        origin, epoch, path = known(request).origin, request.path_params["epoch"], request.path_params["path"]
        follower = node.successions.earlier(origin, epoch)
        if follower is None:
            return static(None, TEXT, SECONDS)
        if path == CHECKPOINT:
            return static(await in_thread(follower.whole), TEXT, SECONDS)
        named = parse_tile_path(path)
        limit = MAX_BUNDLE_BYTES if named.level == ENTRIES else FULL_TILE_BYTES
        return static(await in_thread(follower.served, path, limit), TILE, FOREVER)

    return [
        Route("/epochs", guarded(announce), methods=["POST"]),
        Route("/mirror/{log:str}/successors", guarded(successors), methods=["GET"]),
        Route("/mirror/{log:str}/epochs/{epoch:int}/{path:path}", guarded(earlier), methods=["GET"]),
    ]


def read_url(body: bytes) -> str:
    """The address in the body of an announcement: ``{"url": "..."}``.

    Raises:
        FormatError: if it is anything else.
    """
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or value.keys() != {"url"} or not isinstance(value["url"], str):
        raise FormatError(
            'an announcement is the JSON {"url": "..."}, with the address at which the log of the epoch is served', code="epochs/form"
        )
    return value["url"]

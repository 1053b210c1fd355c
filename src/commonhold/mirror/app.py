"""The node as an ASGI application: which path is what (docs/operate/partner-node.md lists them).

POST /add-checkpoint            the C2SP witness
GET  /<hash>/checkpoint         its monitoring path; <hash> is the SHA-256 of the log's origin in hexadecimal
GET  /                          who this node is and what it follows
GET  /alarms, /alarms/<id>      what it noticed, and the evidence
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from commonhold.kernel.tlog.witness import MAX_REQUEST
from commonhold.mirror.node import Node
from commonhold.mirror.web import SECONDS, TILE, Deadline, answer, guarded, in_thread, json_answer, read_body, static
from commonhold.mirror.witness import TEXT, origin_hash


def create_app(node: Node, *, more: Iterable[BaseRoute] = ()) -> Starlette:
    """The application of *node*, which it closes when it shuts down.

    Args:
        more: further routes, such as pages for people.
    """

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            node.close()

    return Starlette(
        routes=[*witness_routes(node), *more],
        lifespan=lifespan,
        middleware=[
            Middleware(Deadline),
            Middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["GET", "POST"], allow_headers=["*"]),
        ],
    )


def witness_routes(node: Node) -> list[BaseRoute]:
    """What every node answers, with or without a mirror."""

    async def about(_request: Request) -> Response:
        return json_answer(await in_thread(describe, node), cache=SECONDS)

    async def add_checkpoint(request: Request) -> Response:
        body = await read_body(request, MAX_REQUEST)
        return answer(await in_thread(node.witness.add_checkpoint, body))

    async def monitored(request: Request) -> Response:
        note = await in_thread(node.witness.checkpoint, request.path_params["log"])
        return static(note, TEXT, SECONDS)

    async def alarms(_request: Request) -> Response:
        found = await in_thread(node.alarms.all)
        rows = [{"id": one.id, "origin": one.origin, "kind": one.kind, "time": one.time, "words": one.words} for one in found]
        return json_answer({"alarms": rows}, cache=SECONDS)

    async def evidence(request: Request) -> Response:
        return static(await in_thread(node.alarms.evidence, request.path_params["id"]), TILE, SECONDS)

    return [
        Route("/", guarded(about), methods=["GET"]),
        Route("/add-checkpoint", guarded(add_checkpoint), methods=["POST"]),
        Route("/{log:str}/checkpoint", guarded(monitored), methods=["GET"]),
        Route("/alarms", guarded(alarms), methods=["GET"]),
        Route("/alarms/{id:str}", guarded(evidence), methods=["GET"]),
    ]


def describe(node: Node) -> dict[str, object]:
    """Who a node is and what it follows, as plain data."""
    return {
        "name": node.name,
        "vkeys": {role: str(key) for role, key in node.keys.vkeys.items()},
        "logs": [
            {"origin": origin, "hash": origin_hash(origin), "vkey": str(source.key), "url": source.url}
            for origin, source in sorted(node.sources.items())
        ],
    }

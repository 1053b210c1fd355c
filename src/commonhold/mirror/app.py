"""The node as an ASGI application: which path is what (docs/formats/partner-node.md).

POST /add-checkpoint            the C2SP witness
GET  /<hash>/checkpoint         its monitoring path; <hash> is the SHA-256 of the log's origin in hexadecimal
GET  /                          who this node is and what it follows
GET  /alarms, /alarms/<id>      what it noticed, and the evidence
GET  /mirror/<hash>/checkpoint, /mirror/<hash>/tile/...   the record, as the mirror holds and signs it
POST /mirror/<hash>/cosign      a signature of the mirror key, once the entries are held
POST /entry                     an entry for a record that this node follows; GET /pending, /pending/<id> those that wait

What is vouched for, later epochs and pages for people are in :mod:`.vouchroutes`, :mod:`.epochroutes` and :mod:`.check.routes`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from typing import Final

from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from commonhold.kernel.errors import CommonholdError, ProofError, RuleError
from commonhold.kernel.tlog.tiles import ENTRIES, FULL_TILE_BYTES, MAX_BUNDLE_BYTES, MAX_ENTRY_BYTES, parse_tile_path
from commonhold.kernel.tlog.witness import MAX_REQUEST
from commonhold.mirror.epochroutes import epoch_routes
from commonhold.mirror.held import org_of
from commonhold.mirror.node import Node
from commonhold.mirror.sources import LogSource
from commonhold.mirror.standing import Standing
from commonhold.mirror.tending import Lanes
from commonhold.mirror.vouchroutes import vouching_routes
from commonhold.mirror.web import (
    FOREVER,
    SECONDS,
    TILE,
    Deadline,
    answer,
    guarded,
    in_thread,
    json_answer,
    read_body,
    refusal,
    static,
    told,
)
from commonhold.mirror.witness import SIZE_TYPE, TEXT, Answer, origin_hash
from commonhold.store.reader import MAX_CHECKPOINT

DESCRIBED: Final = 64
"""Organisations whose standing is looked at for the front page; of more, it says what was told last."""
COSIGNING: Final = 16
"""Requests for mirror signatures that are worked on at a time: each may have to fetch a record first."""
OF_ONE: Final = 2
"""Of these, those of one organisation: its logs may drip, and the others' do not wait for that."""


def create_app(node: Node, *, tend: bool = True, more: Iterable[BaseRoute] = ()) -> Starlette:
    """The application of *node*, which it closes when it shuts down.

    Args:
        tend: look at the followed logs by itself; tests do it by hand.
        more: further routes, such as pages for people.
    """

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        tending = asyncio.create_task(node.run()) if tend else None
        try:
            yield
        finally:
            if tending is not None:
                tending.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await tending
            node.close()

    routes = [*witness_routes(node), *([*mirror_routes(node), *vouching_routes(node), *epoch_routes(node)] if node.follow else []), *more]
    return Starlette(
        routes=routes,
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


def mirror_routes(node: Node) -> list[BaseRoute]:
    """What a partner answers beside the witness."""
    few, lanes = CapacityLimiter(COSIGNING), Lanes(OF_ONE)

    async def checkpoint(request: Request) -> Response:
        head = await in_thread(node.follower(request.path_params["log"]).head)
        return static(head[1] if head else None, TEXT, SECONDS)

    async def tile(request: Request) -> Response:
        path = "tile/" + request.path_params["path"]
        # Refuses every other path before the disk is asked.
        named = parse_tile_path(path)
        limit = MAX_BUNDLE_BYTES if named.level == ENTRIES else FULL_TILE_BYTES
        return static(await in_thread(node.follower(request.path_params["log"]).served, path, limit), TILE, FOREVER)

    async def cosign(request: Request) -> Response:
        follower, note = node.follower(request.path_params["log"]), await read_body(request, MAX_CHECKPOINT)
        try:
            async with lanes.through(org_of(follower.origin) or follower.origin):
                line = await to_thread.run_sync(follower.cosign, note, limiter=few, abandon_on_cancel=True)
        except (ProofError, RuleError) as error:
            return no_signature(error)
        if len(node.standings.followers_of(org_of(follower.origin))) > 1:
            # What was just held may be the succession, after which the log before it is left.
            node.soon(follower)
        # What was just decided may have a text, and its server may be gone tomorrow.
        node.soon(follower)
        return answer(Answer(200, line.encode()))

    async def entry(request: Request) -> Response:
        body = await read_body(request, MAX_ENTRY_BYTES)
        follower, outcome = await in_thread(node.take_entry, body)
        node.soon(follower)
        return json_answer({"ok": True, "origin": follower.origin, "status": "taken" if outcome else "in-record"}, 202 if outcome else 200)

    async def pending(_request: Request) -> Response:
        rows = await in_thread(node.pending.all)
        return json_answer(
            {"entries": [{"id": one.id, "origin": one.origin, "member": one.member, "since": one.since} for one in rows]}, cache=SECONDS
        )

    async def one_pending(request: Request) -> Response:
        return static(await in_thread(node.pending.raw, request.path_params["id"]), TILE, SECONDS)

    return [
        Route("/mirror/{log:str}/checkpoint", guarded(checkpoint), methods=["GET"]),
        Route("/mirror/{log:str}/tile/{path:path}", guarded(tile), methods=["GET"]),
        Route("/mirror/{log:str}/cosign", guarded(cosign), methods=["POST"]),
        Route("/entry", guarded(entry), methods=["POST"]),
        Route("/pending", guarded(pending), methods=["GET"]),
        Route("/pending/{id:str}", guarded(one_pending), methods=["GET"]),
    ]


def no_signature(error: ProofError | RuleError) -> Response:
    """Why the mirror gives no signature, with the statuses of docs/formats/partner-node.md."""
    if error.code == "mirror/not-signed":
        return answer(Answer(403, f"{error.diagnostics()}\n".encode()))
    if error.code == "mirror/conflict":
        return answer(Answer(409, f"{error.data['size']}\n".encode(), SIZE_TYPE))
    if error.code == "mirror/frozen":
        return json_answer({**told(error), "successor": error.data["successor"]}, 410)
    return refusal(error)


def describe(node: Node) -> dict[str, object]:
    """Who a node is and what it follows, as plain data."""

    def row(origin: str, source: LogSource) -> dict[str, object]:
        name = origin_hash(origin)
        about: dict[str, object] = {"origin": origin, "hash": name, "vkey": str(source.key), "url": source.url}
        follower = node.followers.get(name)
        if follower is None:
            return about
        head = follower.head()
        signed = {"size": head[0], "time": head[2]} if head else None
        log = standing.log(origin) if (standing := node.standings.last(org_of(origin))) is not None else None
        judged = (
            {"status": log.status, "verdict": log.verdict.code, "words": log.verdict.words} if log is not None else {"status": "unread"}
        )
        ended = {"frozen": successor} if (successor := node.frozen.successor(origin)) else {}
        about["url"] = source.url or next(iter(node.later.addresses(origin)), "")
        return {**about, "org": follower.org(), "held": follower.size(), "signed": signed, "trouble": follower.trouble, **judged, **ended}

    for org in node.standings.organisations()[:DESCRIBED]:
        with contextlib.suppress(CommonholdError):
            node.standings.of(org)
    return {
        "name": node.name,
        "vkeys": {role: str(key) for role, key in node.keys.vkeys.items()},
        "organisations": [
            {**speaking(standing), "works": node.keeping.works.about(org)}
            for org in node.standings.organisations()
            if (standing := node.standings.last(org)) is not None
        ],
        "logs": [row(origin, source) for origin, source in sorted(node.sources.items())],
    }


def speaking(standing: Standing) -> dict[str, object]:
    """Who speaks for an organisation now, as plain data."""
    current = standing.history.current
    return {
        "org": standing.org,
        "epoch": current.state.epoch,
        "origin": current.origin,
        "hash": origin_hash(current.origin),
        "verdict": standing.verdict.code,
        "words": standing.verdict.words,
        "contradiction": list(standing.history.contradiction),
    }

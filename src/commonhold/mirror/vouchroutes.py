"""What a partner says of the states of the records that it has replayed (docs/formats/partner-node.md).

GET /mirror/<hash>/state        the statement about the state, signed with the validating key
GET /mirror/<hash>/brief        a brief proof of an entry or of some keys
GET /mirror/<hash>/pin          whose word counts about the organisation

Given for the log in which the organisation lives, and for one whose succession is being decided; for no other. A record that was left, displaced or
contradicted replays as well as any, and what it amounts to is nobody's answer any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from commonhold.kernel.errors import FormatError, RuleError
from commonhold.kernel.record.brief import Brief
from commonhold.kernel.record.pin import make_pin
from commonhold.mirror.follower import Follower
from commonhold.mirror.held import org_of
from commonhold.mirror.standing import CURRENT, SUCCEEDING
from commonhold.mirror.web import JSON, SECONDS, guarded, in_thread, static
from commonhold.mirror.witness import TEXT, origin_hash

if TYPE_CHECKING:
    from commonhold.mirror.node import Node


def vouching_routes(node: Node) -> list[BaseRoute]:
    """What a partner says of the states of the records that it has replayed."""

    def known(request: Request) -> Follower:
        return node.follower(request.path_params["log"])

    def noted(follower: Follower) -> bytes | None:
        check_spoken(node, follower)
        stance = follower.stance()
        return stance.note or None if stance else None

    def shown(follower: Follower, entry: str, asked: list[tuple[str, str]]) -> Brief | None:
        check_spoken(node, follower)
        return follower.brief(entry, asked)

    def pinned(follower: Follower) -> bytes | None:
        check_spoken(node, follower)
        stance = follower.stance()
        return make_pin(stance.state).to_bytes() if stance else None

    async def state(request: Request) -> Response:
        return static(await in_thread(noted, known(request)), TEXT, SECONDS)

    async def brief(request: Request) -> Response:
        query = request.query_params
        asked, entry = list(zip(query.getlist("part"), query.getlist("key"), strict=False)), query.getlist("entry")
        if len(query.multi_items()) != 2 * len(asked) + len(entry) or len(entry) > 1:
            raise FormatError(
                "the question is none that a brief proof answers", code="brief/query", next_step="Ask for ?entry=ID, or ?part=PART&key=KEY."
            )
        found = await in_thread(shown, known(request), entry[0] if entry else "", asked)
        return static(found and found.to_bytes(), JSON, SECONDS)

    async def pin(request: Request) -> Response:
        return static(await in_thread(pinned, known(request)), JSON, SECONDS)

    return [
        Route("/mirror/{log:str}/state", guarded(state), methods=["GET"]),
        Route("/mirror/{log:str}/brief", guarded(brief), methods=["GET"]),
        Route("/mirror/{log:str}/pin", guarded(pin), methods=["GET"]),
    ]


def check_spoken(node: Node, follower: Follower) -> None:
    """Pass in silence if the organisation lives in this log, as far as the node knows, or is deciding whether to.

    Raises:
        RuleError: ``brief/not-current``, saying which log it is. ProofError, StoreError: if the organisation's logs cannot be read.
    """
    org = org_of(follower.origin)
    if len(node.standings.followers_of(org)) < 2:
        # There is no other log here that could speak.
        return
    standing = node.standing(org)
    log = standing.log(follower.origin)
    if log is not None and log.status in (CURRENT, SUCCEEDING):
        return
    current = standing.history.current.origin
    raise RuleError(
        f"the organisation does not live in this log: it is {log.status if log is not None else 'unread'}",
        code="brief/not-current",
        next_step=f"Ask for /mirror/{origin_hash(current)}/ of this node; /check says who speaks now.",
        data={"current": current},
    )

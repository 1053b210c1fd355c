"""The paths of ``/check`` (docs/formats/partner-node.md): pages for people, and the same answers as JSON for programs.

What is asked comes in a form, so it stands in no address, no log and no history; links that somebody else made (``?q=`` under a statement) work too. Nothing
of it is kept: an answer is made and forgotten. Bodies are bounded, and few large ones are read at a time.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final

from anyio import CapacityLimiter, move_on_after, to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from commonhold.kernel.errors import RuleError
from commonhold.kernel.messages import N_
from commonhold.kernel.record.verdict import CANNOT_JUDGE, FRESHNESS_UNKNOWN, STALE
from commonhold.mirror.check.asking import MAX_QUESTION, ask, cannot
from commonhold.mirror.check.board import Board, Boards
from commonhold.mirror.check.files import MAX_FILE, ask_file
from commonhold.mirror.check.forms import parse_form
from commonhold.mirror.check.values import answer_value, organisation_value
from commonhold.mirror.held import org_of
from commonhold.mirror.objects import OBJECT, ObjectAnswers, gone, object_path
from commonhold.mirror.texts import is_kept
from commonhold.mirror.web import NO_STORE, TILE, TooLargeError, guarded, json_answer, read_body, static
from commonhold.pages.check import screens
from commonhold.pages.check.facts import Answer
from commonhold.pages.check.feed import TYPE, feed
from commonhold.pages.language import CODES, language, preferred

if TYPE_CHECKING:
    from commonhold.mirror.node import Node

POLICY: Final = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
LARGE_BODIES: Final = 4
"""Forms with a file that are read at a time; whoever comes then is asked to try again."""
PATIENCE: Final = 5.0
"""Seconds that a reader waits for a text that this node lacks and has not asked for yet."""
LOOK_SECONDS: Final = 0.3
"""How long readers wait for a new look at the node where there is a last one, no older than LAST_SECONDS."""
LAST_SECONDS: Final = 60.0
SHORT: Final = 16 << 10
"""Characters that are looked up at once; longer texts in a thread."""
_TOO_LARGE: Final = N_(
    "This is more than this page reads: texts of up to 256 KiB, and files of up to 8 MiB. Check larger files on your own device."
)
_UNFRESH: Final = frozenset({FRESHNESS_UNKNOWN, STALE})
HOUR: Final = "public, max-age=3600"
_HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": NO_STORE,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Vary": "Accept-Language, Accept",
}


def check_routes(node: Node) -> list[BaseRoute]:
    """The pages of *node*, to be given to :func:`.app.create_app`."""
    pages = _Pages(node)
    return [
        Route("/check", guarded(pages.get), methods=["GET"]),
        Route("/check", guarded(pages.post), methods=["POST"]),
        Route("/check/releases.atom", guarded(pages.feed), methods=["GET"]),
        Route("/check/check.css", _style, methods=["GET"]),
        Route("/check/verifier.html", _verifier, methods=["GET"]),
        Route("/mirror/{log:str}/objects/{first:str}/{rest:str}", guarded(pages.object), methods=["GET"]),
    ]


class _Pages:
    def __init__(self, node: Node) -> None:
        self._node, self._boards = node, Boards(node)
        self._reading, self._fetching = CapacityLimiter(LARGE_BODIES), CapacityLimiter(2)
        self._objects = ObjectAnswers()
        self._look: asyncio.Task[Board] | None = None

    async def _board(self) -> Board:
        if (newest := self._boards.newest) is not None:
            return newest
        if self._look is None or self._look.done():
            # One look for all who come meanwhile; it goes on if the reader who began it leaves.
            self._look = asyncio.create_task(to_thread.run_sync(self._boards.look))
        look = asyncio.shield(self._look)
        last = self._boards.no_older_than(LAST_SECONDS)
        if last is None:
            return await look
        try:
            return await asyncio.wait_for(look, LOOK_SECONDS)
        except TimeoutError:
            return last

    async def get(self, request: Request) -> Response:
        """The question, one organisation, or the answer to a link."""
        question, org = request.query_params.get("q", ""), request.query_params.get("org", "")
        frame = _frame(request, self._node, request.query_params.get("lang", ""), question=question, org=org)
        board = await self._board()
        if org:
            one = board.organisation(org)
            if one is None:
                sentence = N_("That organisation is not followed here.")
                return _answered(request, frame, cannot(sentence), 404)
            if one.told.code in _UNFRESH:
                self._node.look_again(one.id)
            return json_answer(organisation_value(one)) if _as_json(request) else _page(screens.organisation(frame, one))
        if question.strip():
            return _answered(request, frame, await self._ask(board, question[:MAX_QUESTION]))
        if _as_json(request):
            return json_answer({"organisations": [organisation_value(one) for one in board.organisations]})
        return _page(screens.ask(frame, board.organisations))

    async def feed(self, request: Request) -> Response:
        """What is asked to be opened of an organisation's seals, as an Atom feed."""
        chosen = request.query_params.get("lang", "")
        one = (await self._board()).organisation(request.query_params.get("org", ""))
        if one is None:
            return Response(
                "no such organisation is followed here\n", 404, headers={**_HEADERS, "Content-Type": "text/plain; charset=utf-8"}
            )
        spoken = language(chosen) if chosen in CODES else language("en")
        return Response(feed(spoken, one, self._node.name, str(request.url)), headers={**_HEADERS, "Content-Type": TYPE})

    async def post(self, request: Request) -> Response:
        """The answer to a form."""
        try:
            fields = await _fields(request, self._reading)
        except TooLargeError:
            return _answered(request, _frame(request, self._node, "", posted=True), cannot(_TOO_LARGE), 413)
        chosen, question = fields.get("lang", b"").decode("ascii", "replace"), fields.get("q", b"").decode("utf-8", "replace")
        frame = _frame(request, self._node, chosen, question=question, posted=True)
        file = fields.get("file", b"") or (question.strip().encode() if question.lstrip().startswith("{") else b"")
        board = await self._board()
        if file:
            found = await to_thread.run_sync(ask_file, board, file, limiter=self._reading)
        elif not question.strip():
            return _page(screens.ask(frame, board.organisations))
        else:
            found = await self._ask(board, question)
        return _answered(request, frame, found)

    async def _ask(self, board: Board, question: str) -> Answer:
        found = ask(board, question) if len(question) <= SHORT else await to_thread.run_sync(ask, board, question, limiter=self._reading)
        for org in {one.organisation.id for one in found.findings if one.organisation.told.code in _UNFRESH}:
            # Whoever asks next, or again, is told more.
            self._node.look_again(org)
        wordless = any(one.text is None and one.decision is not None and one.decision.kind == "statement" for one in found.findings)
        if not wordless and (found.told.code != CANNOT_JUDGE or found.findings):
            return found
        if not (lacking := board.lacking()):
            return found
        # A statement that was published a moment ago: its text is fetched now, if that takes no longer than a reader waits.
        with move_on_after(PATIENCE):
            for org in lacking:
                for follower in self._node.standings.followers_of(org):
                    await to_thread.run_sync(self._node.keeping.gather, follower, limiter=self._fetching, abandon_on_cancel=True)
        self._boards.forget()
        return ask(await self._board(), question)

    async def object(self, request: Request) -> Response:
        """The object of a statement or of the charter, so that others can compare its words, too; one that a seal needs, for its custodians; or one of a work."""
        keeping, follower = self._node.keeping, self._node.followers.get(request.path_params["log"])
        digest = object_path(request.path_params["first"], request.path_params["rest"])
        if follower is None:
            return static(None, TILE, OBJECT)
        org = org_of(follower.origin)
        if decision := await to_thread.run_sync(keeping.erased, org, digest):
            return gone(digest, decision)
        if not is_kept(follower.state, digest):
            return await self._objects.answer(
                request, keeping.stores.works(org), digest, partial(keeping.works.look_anew, org, damaged=True)
            )
        if await to_thread.run_sync(keeping.texts.object, org, digest) is None:
            with move_on_after(PATIENCE):
                await to_thread.run_sync(keeping.gather, follower, limiter=self._fetching, abandon_on_cancel=True)
        return await self._objects.answer(request, keeping.stores.texts(org), digest)


async def _style(_request: Request) -> Response:
    return Response(screens.asset(), headers={**_HEADERS, "Cache-Control": HOUR, "Content-Type": "text/css; charset=utf-8"})


async def _verifier(_request: Request) -> Response:
    # Its own policy, by the hashes of its one script and one style, stands in it.
    own = {"Cache-Control": HOUR, "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": "frame-ancestors 'none'"}
    return Response(screens.verifier(), headers={**_HEADERS, **own})


async def _fields(request: Request, reading: CapacityLimiter) -> dict[str, bytes]:
    announced = request.headers.get("content-length", "")
    small = not announced.isascii() or not announced.isdigit() or int(announced[:20]) <= MAX_QUESTION
    kind = request.headers.get("content-type", "")
    if small:
        return parse_form(kind, await read_body(request, MAX_QUESTION))
    if reading.borrowed_tokens >= LARGE_BODIES:
        raise RuleError("other readers' files are being checked", code="check/busy", next_step="Try again in a minute.")
    async with reading:
        return parse_form(kind, await read_body(request, MAX_FILE))


def _frame(request: Request, node: Node, chosen: str, *, question: str = "", org: str = "", posted: bool = False) -> screens.Frame:
    given = chosen in CODES
    spoken = language(chosen) if given else preferred(request.headers.get("accept-language", ""))
    return screens.Frame(spoken, node.name, question, org, posted, given)


def _as_json(request: Request) -> bool:
    return request.headers.get("accept", "").partition(",")[0].strip() == "application/json"


def _answered(request: Request, frame: screens.Frame, found: Answer, status: int = 200) -> Response:
    return json_answer(answer_value(found), status) if _as_json(request) else _page(screens.answer(frame, found), status)


def _page(text: str, status: int = 200) -> Response:
    return Response(text, status, headers={**_HEADERS, "Content-Type": "text/html; charset=utf-8"})

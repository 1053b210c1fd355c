"""The custody interview as a small web application for one person: screens in, answers saved, nothing sent anywhere.

Every screen is a plain form that works without a script; with it each answer is saved as it is given. Screens are made in ``pages.interview``, answers
kept by the :class:`~commonhold.local.keeper.Keeper`, visitors judged by the :class:`~commonhold.local.guard.Guard`. Saving and analysing run in one
thread at a time, one after the other, so the pages stay quick and no answer overtakes another.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final, ParamSpec, TypeAlias, TypeVar

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from commonhold.kernel.custody.interview import KINDS, Compiled, Interview, Plan, Thing, compile_register, interview_bytes, plan, standing
from commonhold.kernel.errors import CommonholdError, CustodyError, FormatError
from commonhold.local.forms import Form, with_answers, with_assumptions, with_people, with_things, with_title
from commonhold.local.guard import harden, read_form
from commonhold.local.keeper import Keeper
from commonhold.local.takeaway import picture_of, report_page, taken_away
from commonhold.pages.interview import screens
from commonhold.pages.interview.refusals import in_words
from commonhold.pages.interview.screens import Frame
from commonhold.pages.interview.wording import follows
from commonhold.pages.language import CODES, Language, language, plain, preferred

_P = ParamSpec("_P")
_T = TypeVar("_T")
_View: TypeAlias = Callable[[Request], Awaitable[Response]]
BLANK_ROWS: Final = 4
"""How many empty rows stand below the names of people."""
_ASSETS: Final = {"interview.css": "text/css; charset=utf-8", "interview.js": "text/javascript; charset=utf-8"}

_WHILE_LOCKED: Final = {"", "unlock", "language", "finish", *_ASSETS}
"""What is answered before a protected file is open."""


@dataclass
class Conversation:
    """The state of one running interview beside its answers: nothing that would be missed.

    Args:
        language: what was chosen before the file, which remembers it, was open.
    """

    keeper: Keeper
    token: str = ""
    finish: Callable[[], None] = lambda: None
    last_request: float = 0.0
    language: str = ""
    _plan: tuple[Interview, Plan] | None = None

    def plan(self) -> Plan:
        """What to do first; worked out once for the same answers."""
        if self._plan is None or self._plan[0] != self.keeper.interview:
            self._plan = (self.keeper.interview, plan(self.keeper.interview))
        return self._plan[1]


class _Screens:
    """The routes of the interview."""

    def __init__(self, talk: Conversation) -> None:
        self.talk, self.keeper = talk, talk.keeper
        # A name on the disk need not be text.
        self.place = str(talk.keeper.path).encode(errors="replace").decode()
        self._turn = asyncio.Lock()

    async def alone(self, work: Callable[_P, _T], *args: _P.args, **more: _P.kwargs) -> _T:
        """Do something in a thread, after all that was asked before: no answer overtakes another, and none is lost between two windows."""
        async with self._turn:
            return await run_in_threadpool(work, *args, **more)

    # ---------------------------------------------------------------------------------------------------------------- reading

    async def home(self, _request: Request) -> Response:
        """Lead to the screen on which people were."""
        at = self.keeper.interview.at
        first = at if at in screens.order(self.keeper.interview) else "start"
        return RedirectResponse(f"/{'unlock' if self.keeper.locked else first}", 303)

    async def show(self, request: Request) -> Response:
        """One screen."""
        at = request.path_params["screen"]
        if at not in (*screens.order(self.keeper.interview), *(["unlock"] if self.keeper.locked else [])):
            frame = self.frame(request, "start")
            lines = [frame.language.say("This screen is not there any more."), frame.language.say("Everything that you answered is saved.")]
            return _page(screens.told(frame, frame.language.say("Nothing here"), lines), 404)
        return _page(await self.alone(self.screen, self.frame(request, at)))

    def screen(self, frame: Frame, form: Form | None = None) -> str:
        """A screen as HTML; with what was typed, where that could not be kept."""
        typed = None if form is None else dict(form.one)
        match frame.at:
            case "start":
                return screens.start(frame, file=self.place, protected=self.keeper.protected, protecting=bool(frame.refused))
            case "unlock":
                return screens.unlock(frame, self.place)
            case "people":
                return screens.people(frame, self.fresh("p", BLANK_ROWS), typed)
            case "things":
                return screens.things(frame, self.fresh("t", len(KINDS)), typed)
            case "check":
                return screens.check(frame, self.compiled(frame.language))
            case "result":
                return screens.result(frame, self.talk.plan(), version=self.version())
        thing = self.thing(frame.at)
        compiled = self.compiled(frame.language)
        return screens.thing(
            frame,
            thing,
            compiled,
            standing(compiled.register),
            version=self.version(),
            fresh=self.fresh("p", 1)[0],
            given=form.many if form is not None else None,
        )

    def frame(self, request: Request, at: str, error: CommonholdError | None = None) -> Frame:
        """What stands around a screen."""
        spoken = self.language(request)
        return Frame(spoken, self.keeper.interview, self.talk.token, at, refused=in_words(error, spoken) if error else ())

    def language(self, request: Request) -> Language:
        """The language that was chosen, or the one that the browser asks for."""
        chosen = self.talk.language if self.keeper.locked else self.keeper.interview.language
        return language(chosen) if chosen in CODES else preferred(request.headers.get("accept-language", ""))

    def fresh(self, prefix: str, number: int) -> list[str]:
        """Ids that nobody and nothing has, at random, so that two windows do not hand out the same."""
        interview = self.keeper.interview
        taken = {person.id for person in interview.people} | {thing.id for thing in interview.things}
        found: dict[str, None] = {}
        while len(found) < number:
            if (id_ := f"{prefix}{secrets.randbelow(900_000) + 100_000}") not in taken:
                found[id_] = None
        return list(found)

    def compiled(self, spoken: Language) -> Compiled:
        """The register that follows from the answers, in words of the language."""
        return compile_register(self.keeper.interview, spoken.plainly)

    def version(self) -> str:
        """Changes with the answers, so that no browser shows an old picture."""
        return hashlib.sha256(interview_bytes(self.keeper.interview)).hexdigest()[:12]

    def thing(self, id_: str) -> Thing:
        """The thing of a screen.

        Raises:
            FormatError: if it was removed, perhaps in another window.
        """
        if (found := self.keeper.interview.thing(id_)) is None:
            raise FormatError(
                "this thing is not in the interview any more", code="interview/no-thing", next_step="Go on with another screen."
            )
        return found

    async def asset(self, request: Request) -> Response:
        """A stylesheet or a script."""
        name = request.url.path.removeprefix("/")
        return harden(Response(screens.asset(name), media_type=_ASSETS[name]))

    # ---------------------------------------------------------------------------------------------------------------- writing

    async def answer(self, request: Request) -> Response:
        """Save a screen's answers and go on; a script asks for JSON and stays."""
        at = request.path_params["screen"]
        form: Form | None = None
        try:
            form = Form.of(await read_form(request, self.talk.token))
            await self.alone(self.keep, at, form)
        except CommonholdError as error:
            return await self.refused(request, at, form, error)
        if request.headers.get("accept", "").startswith("application/json"):
            return harden(JSONResponse(await self.alone(self.told, request, at)))
        return RedirectResponse(self.following(at, form), 303)

    def keep(self, at: str, form: Form) -> None:
        """Put a screen's answers into the file."""
        interview = self.keeper.interview
        match at:
            case "start":
                changed = with_title(interview, form)
            case "people":
                changed = with_people(interview, form)
            case "things":
                changed = with_things(interview, form)
            case "check":
                changed = with_assumptions(interview, form)
            case _:
                changed = with_answers(interview, self.thing(at), form)
        self.keeper.save(replace(changed, at=at))

    def told(self, request: Request, at: str) -> dict[str, object]:
        """What a script is told after saving."""
        spoken = self.language(request)
        thing = self.keeper.interview.thing(at)
        if thing is None:
            return {"ok": True}
        lines = follows(spoken, thing, standing(self.compiled(spoken).register))
        return {"ok": True, "follows": [plain(line) for line in lines], "picture": f"/picture.svg?thing={at}&v={self.version()}"}

    async def refused(self, request: Request, at: str, form: Form | None, error: CommonholdError) -> Response:
        """The same screen with what was typed, what is wrong with it, and what to do; nothing of the file has changed."""
        if request.headers.get("accept", "").startswith("application/json"):
            return harden(JSONResponse({"ok": False, "lines": [plain(line) for line in in_words(error, self.language(request))]}, 422))
        frame = self.frame(request, at, error)
        if at not in screens.order(self.keeper.interview) and at != "unlock":
            return _page(screens.told(frame, frame.language.say("Nothing here"), []), 404)
        return _page(await self.alone(self.screen, frame, form), 422)

    def following(self, at: str, form: Form) -> str:
        """Where a screen leads."""
        order = screens.order(self.keeper.interview)
        place, go = order.index(at), form.one.get("go", "")
        if "remove" in form.one or go in ("more", "here"):
            return f"/{at}"
        return f"/{order[max(place - 1, 0)]}" if go == "back" else f"/{order[min(place + 1, len(order) - 1)]}"

    async def speak(self, request: Request) -> Response:
        """Choose a language."""
        form = Form.of(await read_form(request, self.talk.token))
        if (code := form.one.get("language", "")) in CODES:
            self.talk.language = code
        if code in CODES and not self.keeper.locked:
            await self.alone(self.keeper.save, replace(self.keeper.interview, language=code))
        at = form.one.get("at", "")
        return RedirectResponse(f"/{at}" if at in screens.order(self.keeper.interview) else "/", 303)

    async def unlock(self, request: Request) -> Response:
        """Open a protected file."""
        try:
            form = Form.of(await read_form(request, self.talk.token))
            if self.keeper.locked:
                await self.alone(self.keeper.unlock, form.one.get("passphrase", ""))
        except CommonholdError as error:
            return await self.refused(request, "unlock", None, error)
        return RedirectResponse("/", 303)

    async def protect(self, request: Request) -> Response:
        """Give the file a passphrase."""
        try:
            form = Form.of(await read_form(request, self.talk.token))
            if form.one.get("passphrase") != form.one.get("again"):
                raise CustodyError(
                    "the two passphrases are not the same", code="interview/passphrases-differ", next_step="Type it twice again."
                )
            await self.alone(self.keeper.protect, form.one.get("passphrase", ""))
        except CommonholdError as error:
            return await self.refused(request, "start", None, error)
        return RedirectResponse("/start", 303)

    # -------------------------------------------------------------------------------------------------------------- take away

    async def picture(self, request: Request) -> Response:
        """The picture of everything, or of one thing."""
        thing = self.keeper.interview.thing(request.query_params.get("thing", ""))
        return await self.alone(picture_of, self.keeper.interview, self.language(request), thing)

    async def report(self, request: Request) -> Response:
        """A report as a page to print."""
        full = request.path_params["which"] == "full"
        return await self.alone(lambda: report_page(self.keeper.interview, self.talk.plan(), self.language(request), full=full))

    async def export(self, request: Request) -> Response:
        """A file to hand on, locked with a passphrase unless somebody decides otherwise."""
        try:
            form = Form.of(await read_form(request, self.talk.token))
            return await self.alone(taken_away, self.keeper.interview, self.talk.plan, self.language(request), form.one)
        except CommonholdError as error:
            return await self.refused(request, "result", None, error)

    async def finish(self, request: Request) -> Response:
        """Save and end the program."""
        await read_form(request, self.talk.token)
        spoken = self.language(request)
        lines = [
            spoken.say("Your answers are in %(file)s.", file=self.place),
            spoken.say("The program has ended. You can close this window, and go on another day."),
        ]
        self.talk.finish()
        return _page(screens.told(self.frame(request, "result"), spoken.say("Saved"), lines, last=True))


def build(talk: Conversation) -> Starlette:
    """The application of one conversation; a :class:`~commonhold.local.guard.Guard` must stand before it."""
    s = _Screens(talk)

    def counted(view: _View) -> _View:
        async def seen(request: Request) -> Response:
            talk.last_request = time.monotonic()
            shut = talk.keeper.locked and request.url.path.removeprefix("/") not in _WHILE_LOCKED
            response = RedirectResponse("/unlock", 303) if shut else await view(request)
            return response if "content-security-policy" in response.headers else harden(response)

        return seen

    routes = [
        Route("/", counted(s.home)),
        *(Route(f"/{name}", counted(s.asset)) for name in _ASSETS),
        Route("/picture.svg", counted(s.picture)),
        Route("/report/{which:str}", counted(s.report)),
        Route("/language", counted(s.speak), methods=["POST"]),
        Route("/unlock", counted(s.unlock), methods=["POST"]),
        Route("/protect", counted(s.protect), methods=["POST"]),
        Route("/export", counted(s.export), methods=["POST"]),
        Route("/finish", counted(s.finish), methods=["POST"]),
        Route("/{screen:str}", counted(s.show)),
        Route("/{screen:str}", counted(s.answer), methods=["POST"]),
    ]
    return Starlette(routes=routes, exception_handlers={CommonholdError: _spoken})


async def _spoken(request: Request, error: Exception) -> Response:
    """A refusal outside any screen, in plain words."""
    assert isinstance(error, CommonholdError)  # noqa: S101 - the application registers it for nothing else
    lines = [plain(line) for line in in_words(error, preferred(request.headers.get("accept-language", "")))]
    return harden(PlainTextResponse("\n".join(lines), 422))


def _page(html: str, status: int = 200) -> Response:
    return harden(HTMLResponse(html, status))

"""Somebody who answers the custody interview and only reads the screen: everything is found by what it is called, nothing by how it is built."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page

from commonhold.kernel.custody.interview import KINDS, Interview, Thing
from commonhold.kernel.custody.interview.answers import NONE, TOGETHER, UNKNOWN, YES
from commonhold.kernel.custody.interview.questions import Question
from commonhold.pages.language import Language, language, plain
from tests.interviews import Case

PHONE: tuple[int, int] = (375, 667)
DESK: tuple[int, int] = (1000, 900)


@dataclass
class Program:
    """A running ``commonhold custody interview`` and the address that it printed."""

    process: subprocess.Popen[str]
    address: str

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)


@contextmanager
def running(file: Path) -> Iterator[Program]:
    """The installed program in a process of its own, on a free port; ended with the test if it has not ended itself."""
    command = [str(Path(sys.executable).with_name("commonhold")), "custody", "interview", str(file), "--no-browser", "--idle", "5"]
    environment = {**os.environ, "HOME": str(file.parent)}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, text=True, env=environment
    )
    assert process.stdout is not None
    try:
        yield Program(process, process.stdout.readline().strip())
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(10)
        process.stdout.close()


@dataclass
class Visitor:
    """A person at a browser.

    Args:
        faults: what the browser complained about, and every request that left the page's own address.
        axe: whether each screen is held to axe, and in which look.
    """

    page: Page
    spoken: Language
    file: Path
    axe: bool = False
    keyboard: bool = False
    faults: list[str] = field(default_factory=list)
    screens: list[str] = field(default_factory=list)

    def say(self, message: str, **values: object) -> str:
        """A message as it stands on the screen."""
        return plain(self.spoken.say(message, **values))

    # ---------------------------------------------------------------------------------------------------------------- hands

    def press(self, name: str) -> None:
        """Press a button."""
        with self.page.expect_navigation():
            self._use(self.page.get_by_role("button", name=name, exact=True))
        self.look()

    def write(self, where: Locator, text: str) -> None:
        """Fill in a line."""
        if self.keyboard:
            self._reach(where)
            self.page.keyboard.type(text)
        else:
            where.fill(text)

    def _use(self, what: Locator) -> None:
        if self.keyboard:
            self._reach(what)
            self.page.keyboard.press("Space")
        else:
            what.click()

    def _reach(self, what: Locator) -> None:
        """Press Tab until the focus is there."""
        for _ in range(250):
            if what.evaluate("element => element === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"the keyboard does not reach {what}")

    def tick(self, group: Locator, name: str) -> None:
        """Tick a box or choose an answer."""
        gone = re.escape(self.say("not with us today"))
        choice = group.get_by_label(re.compile(rf"^\s*{re.escape(name)}\s*({gone})?\s*$"))
        if self.keyboard and choice.get_attribute("type") == "radio":
            self._reach(group.get_by_role("radio").first)
            for _ in range(3):
                if choice.is_checked():
                    break
                self.page.keyboard.press("ArrowDown")
        elif not choice.is_checked():
            self._use(choice)
        assert choice.is_checked(), name

    # ----------------------------------------------------------------------------------------------------------------- eyes

    def heading(self) -> str:
        """What the screen is about."""
        return self.page.get_by_role("heading", level=1).inner_text().strip()

    def look(self) -> None:
        """Hold the screen to what every screen promises: it fits, it reads in its direction, and axe finds nothing."""
        self.screens.append(self.heading())
        root = self.page.locator("html")
        assert root.get_attribute("dir") == self.spoken.direction
        assert root.get_attribute("lang") == self.spoken.tag
        wide, seen = self.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert wide <= seen, f"{self.heading()}: {wide} pixels wide on a screen of {seen}"
        if self.axe:
            schemes: tuple[Literal["light", "dark"], ...] = ("dark", "light")
            for scheme in schemes:
                self.page.emulate_media(color_scheme=scheme)
                found = Axe().run(self.page)
                assert found.violations_count == 0, f"{self.heading()}, {scheme}: {found.generate_report()}"

    # ------------------------------------------------------------------------------------------------------------ the answers

    def answer(self, case: Case) -> None:
        """Go through all screens, in the order in which they come, up to the result."""
        self.begin(case.interview)
        names = {thing.name: thing for thing in case.interview.things}
        for _ in names:
            self.about(case.interview, names[self.heading()])
            self.press(self.say("Save and go on"))
        self.press(self.say("Show the result"))

    def begin(self, interview: Interview) -> None:
        """The name, the people, the things."""
        self.write(self.page.get_by_label(self.say("What is your organisation called?")), interview.title)
        self.press(self.say("Save and go on"))
        for number, person in enumerate(interview.people, 1):
            row = self.page.get_by_role("listitem").filter(
                has=self.page.get_by_label(self.say("Name of person %(n)s", n=number), exact=True)
            )
            self.write(row.get_by_role("textbox"), person.name)
            if not person.inside:
                self._use(row.get_by_role("checkbox"))
        self.press(self.say("Save and go on"))
        for kind in KINDS.values():
            for thing in interview.of_kind(kind.id):
                self.write(self.page.get_by_role("group", name=self.say(kind.text), exact=True).get_by_role("textbox"), thing.name)
        self.press(self.say("Save and go on"))

    def about(self, interview: Interview, thing: Thing) -> None:
        """The questions about one thing."""
        for question in KINDS[thing.kind].questions:
            group = self.page.get_by_role("group", name=self.say(question.text, name=thing.name), exact=True)
            for token in thing.answers.get(question.id, ()):
                self.tick(group, self.option(interview, question, token))

    def option(self, interview: Interview, question: Question, token: str) -> str:
        """What the answer is called on the screen."""
        if question.takes == "yesno":
            return self.say({YES: "Yes", UNKNOWN: "We do not know"}.get(token, "No"))
        signs = {
            TOGETHER: "Nobody alone: two of those ticked must open it together",
            NONE: question.none,
            UNKNOWN: "Somebody we do not know, or we are not sure" if question.takes == "people" else "We do not know",
        }
        if token in signs:
            return self.say(signs[token])
        if thing := interview.thing(token):
            return thing.name
        name = next(person.name for person in interview.people if person.id == token)
        own = {"mailbox": "The own mailbox of %(name)s", "phone": "The own phone of %(name)s"}
        return self.say(own[question.takes], name=name) if question.takes in own else name

    # ------------------------------------------------------------------------------------------------------------- the result

    def rows(self) -> dict[str, tuple[str, str]]:
        """The result's table: who alone could take each thing, and whose absence would lock everybody out."""
        table = self.page.get_by_role("table")
        found = {}
        for row in table.get_by_role("row").all()[1:]:
            takers, losses = (cell.inner_text() for cell in row.get_by_role("cell").all())
            found[row.get_by_role("rowheader").inner_text().strip()] = (takers, losses)
        return found

    def steps(self) -> list[str]:
        """What to do, in order."""
        return [item.inner_text() for item in self.page.get_by_role("heading", level=3).all()]


@contextmanager
def visiting(
    browser: Browser, file: Path, *, code: str = "en", size: tuple[int, int] = DESK, axe: bool = False, keyboard: bool = False
) -> Iterator[tuple[Visitor, Program]]:
    """A person who opens the address in a browser that asks for their language; whatever the page or the browser complains about fails the test."""
    with running(file) as program:
        spoken = language(code)
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, locale=spoken.tag, reduced_motion="reduce")
        try:
            visitor = Visitor(opened(context, program.address), spoken, file, axe, keyboard)
            watch(visitor, program.address)
            visitor.look()
            yield visitor, program
            assert visitor.faults == []
        finally:
            context.close()


def opened(context: BrowserContext, address: str) -> Page:
    """The address in a new page."""
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.goto(address)
    return page


def watch(visitor: Visitor, address: str) -> None:
    """Remember complaints, and requests to anywhere else."""
    home = address.split("?", 1)[0]
    page, faults = visitor.page, visitor.faults
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: None if request.url.startswith((home, "data:")) else faults.append(request.url))

"""Two members who sign with ``signer.html`` in a real Chromium, at the size of a phone; without a Chromium they use the command line, and the demo says so."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from deciding import Story
from server import kit_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
PHONE = {"width": 360, "height": 740}
SIGNER = "signer.html"
PIN = "radio.pin"
PATIENCE = 30_000
"""Milliseconds that a page may take; a machine may be busy."""


def browser_program() -> str:
    """A Chromium of this machine that a program can drive; empty if there is none."""
    try:
        import playwright.sync_api  # noqa: F401, PLC0415 - only a development install has it
    except ImportError:
        return ""
    named = os.environ.get("COMMONHOLD_CHROMIUM")
    return named or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")


@contextmanager
def _phone(program: str) -> Iterator[Page]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*ARGUMENTS])
        page = browser.new_context(viewport=PHONE, locale="en-GB").new_page()
        page.set_default_timeout(PATIENCE)
        yield page
        browser.close()


def approve(story: Story, proposal: str, house: str, partners: list[str], names: tuple[str, ...]) -> None:
    """Let each of *names* approve a proposal of the record at *house*, on what *partners* vouch for, and hand the entry in at the last of them."""
    stage, program = story.stage, browser_program()
    asked = [part for partner in partners for part in ("--partner", partner)]
    ask = ("request", "approve", proposal[:8], "--house", house, *asked, "--pin", PIN, "--url", partners[-1])
    if not program:
        stage.say(
            f"There is no Chromium here, so {' and '.join(names)} use the command line too; otherwise they would sign on their phones, with {SIGNER}."
        )
        for name in names:
            stage.quiet("approve", proposal, "--house", house, "--kit", f"kits/{name}.kit")
        return
    stage.say(
        f"""{" and ".join(names)} have no command line, but a telephone. Long ago they saved {SIGNER}, one file, and the radio's pin, which says which
        partners to believe. They are sent a link, and the rest happens in a real Chromium:"""
    )
    stage.run(*ask, only=("it asks", "link"))
    link = str(stage.json(*ask)["link"])
    # Two telephones do not wait for each other.
    with ThreadPoolExecutor(len(names)) as pool:
        signed = list(pool.map(lambda name: _sign(program, name, link), names))
    stage.show(signed[0][0])
    for name, (_, six) in zip(names, signed, strict=True):
        stage.check(f"{name} compared the six words of the pin, read in words what to sign, signed, and a partner took it", six)


def _sign(program: str, name: str, link: str) -> tuple[str, bool]:
    """One member's telephone, from the link to the partner that took the act; gives what it showed, and whether there were six words to compare."""
    with _phone(program) as page:
        return _sign_on(page, name, link)


def _sign_on(page: Page, name: str, link: str) -> tuple[str, bool]:
    page.goto(f"{Path(SIGNER).resolve().as_uri()}#{link.partition('#')[2]}")
    page.click("#start-have")
    page.fill("#kit-name", name)
    page.fill("#kit-words", " ".join(kit_of(name).words()))
    page.click("#kit-take")
    page.fill("#pin-text", Path(PIN).read_text("utf-8"))
    page.click("#pin-go")
    page.locator("#pin-same").wait_for()
    six = len(page.inner_text("#compare-words").split()) >= 6
    page.click("#pin-same")
    page.locator("#act-sign").wait_for()
    shown = page.inner_text("#facts")
    page.click("#act-sign")
    page.locator("#sends button").first.click()
    page.locator("#send-said").wait_for()
    return shown, six

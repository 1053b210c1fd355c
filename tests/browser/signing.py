"""What a member does with the signer in a browser, for the tests of it."""

from __future__ import annotations

import json

from playwright.sync_api import Page

from commonhold.store.keyfile import load_kit
from tests.cli.houses import House, command
from tools.inline import DIST, READER

PAGE = (DIST / "signer.html").as_uri()
STRINGS = {path.stem: json.loads(path.read_text("utf-8")) for path in (READER / "strings" / "signer").glob("*.json")}


def words_of(house: House, name: str) -> str:
    """The 24 words of a member's kit."""
    return " ".join(load_kit(house.kit(name))[1].words())


def link_to(house: House, *asked: object) -> str:
    """A request by the command line, as the link that members are sent."""
    done = command("request", *asked, "--house", house.path, "--json")
    assert done.code == 0, done.said
    link: str = done.json["link"]
    return link


def heading(page: Page) -> str:
    """The heading of the screen that shows."""
    return page.locator("main > section:not([hidden]) h1").first.inner_text()


def until(page: Page, screen: str) -> None:
    """Wait until a screen shows."""
    page.locator(f"#{screen}:not([hidden])").wait_for()


def take_words(page: Page, name: str, words: str) -> None:
    """Type a name and 24 words, and go on."""
    page.fill("#kit-name", name)
    page.fill("#kit-words", words)
    page.click("#kit-take")


def bring_kit(page: Page, house: House, name: str) -> None:
    """Open the page and give a kit by its words."""
    page.goto(PAGE)
    page.click("#start-have")
    take_words(page, name, words_of(house, name))
    until(page, "request")


def bring_request(page: Page, link: str) -> None:
    """Paste a request and have it shown, or refused."""
    page.fill("#request-text", link)
    page.click("#request-go")
    page.locator("#act:not([hidden]), #refused:not([hidden]), #pin:not([hidden])").wait_for()


def refusal(page: Page) -> str:
    """Why something is not signed."""
    until(page, "refused")
    return page.inner_text("#refused-why")


def sign(page: Page) -> str:
    """Sign what is shown, though nobody vouches for it; gives the entry's text."""
    page.check("#act-know")
    page.click("#act-sign")
    until(page, "done")
    return page.input_value("#entry-text")


def hand_in(house: House, entry: str) -> str:
    """Hand an entry in by the command line; gives what it says."""
    done = command("submit", house.write("signed.entry", entry), "--house", house.path)
    assert done.code == 0, done.said
    return done.out

"""The signer as a member saved it: opened from the disk in a real Chromium, at phone size, and held against the command line both ways."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.cli.houses import House, command, found
from tools.inline import DIST

pytestmark = pytest.mark.browser

PAGE = (DIST / "signer.html").as_uri()


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> House:
    return found(tmp_path_factory.mktemp("house") / "saltmarsh")


@pytest.fixture
def house(founded: House, tmp_path: Path) -> House:
    return founded.copy(tmp_path / "saltmarsh")


def words_of(house: House, name: str) -> str:
    from commonhold.store.keyfile import load_kit

    return " ".join(load_kit(house.kit(name))[1].words())


def link_to(house: House, *asked: object) -> str:
    """A request by the command line, as the link that members are sent."""
    done = command("request", *asked, "--house", house.path, "--json")
    assert done.code == 0, done.said
    link: str = done.json["link"]
    return link


def heading(page: Page) -> str:
    return page.locator("main > section:not([hidden]) h1").first.inner_text()


def take_words(page: Page, name: str, words: str) -> None:
    page.fill("#kit-name", name)
    page.fill("#kit-words", words)
    page.click("#kit-take")


def bring_kit(page: Page, house: House, name: str) -> None:
    page.goto(PAGE)
    page.click("#start-have")
    take_words(page, name, words_of(house, name))
    assert heading(page) == "What is to be signed?"


def sign(page: Page) -> str:
    """Sign what is shown, though nobody vouches for it; gives the entry's text."""
    page.check("#act-know")
    page.click("#act-sign")
    assert heading(page) == "Signed. Now hand it in"
    return page.input_value("#entry-text")


def hand_in(house: House, entry: str) -> str:
    """Hand an entry in by the command line; gives what it says."""
    done = command("submit", house.write("signed.entry", entry), "--house", house.path)
    assert done.code == 0, done.said
    return done.out


@pytest.mark.smoke
def test_a_kit_made_here_signs_what_the_command_line_accepts(phone: Page, house: House) -> None:
    """From the disk and offline: a kit by its words, one of which is wrong at first; a pasted request in words; an entry that counts."""
    proposal = house.statement(approved=False)
    phone.goto(PAGE)
    phone.click("#start-have")
    words = words_of(house, "tern").split()
    take_words(phone, "tern", " ".join([*words[:4], "gullible", *words[5:]]))
    assert "Word 5 is not one of the words that kits are made of" in phone.inner_text("#kit-wrong")
    take_words(phone, "tern", " ".join(words))
    assert "The kit of tern is here." in phone.inner_text("#request")
    phone.fill("#request-text", link_to(house, "approve", proposal))
    phone.click("#request-go")
    said = phone.inner_text("#act")
    for line in (
        "You approve this proposal by heron:",
        "The text below becomes an official statement.",
        "Our studio moves on Monday.",
        "3.1",
    ):
        assert line in said
    assert "Nobody vouches for this" in said
    phone.click("#act-sign")
    assert "Nobody vouches" in phone.inner_text("#act-wrong"), "it is not signed before its member says that they know"
    assert "tern approves" in hand_in(house, sign(phone))
    assert house.ask("status", proposal)["status"] == "enacted"

"""The signer as a member saved it: opened from the disk in a real Chromium, at phone size and offline, held against the command line both ways."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from commonhold.kernel.record.request import link_text, parse_given
from commonhold.store.keyfile import load_kit
from commonhold.testing.requests import bent
from tests.browser.conftest import PHONE
from tests.browser.signing import (
    PAGE,
    STRINGS,
    bring_kit,
    bring_request,
    hand_in,
    heading,
    link_to,
    refusal,
    sign,
    take_words,
    until,
    words_of,
)
from tests.cli.houses import House, command, found

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> House:
    return found(tmp_path_factory.mktemp("house") / "saltmarsh")


@pytest.fixture
def house(founded: House, tmp_path: Path) -> House:
    return founded.copy(tmp_path / "saltmarsh")


@pytest.mark.smoke
def test_a_kit_by_its_words_signs_what_the_command_line_accepts(phone: Page, house: House) -> None:
    """A kit by its words, one of which is wrong at first; a pasted request in words; an entry that counts."""
    proposal = house.statement(approved=False)
    phone.goto(PAGE)
    phone.click("#start-have")
    words = words_of(house, "tern").split()
    take_words(phone, "tern", " ".join([*words[:4], "gullible", *words[5:]]))
    assert "Word 5 is not one of the words that kits are made of" in phone.inner_text("#kit-wrong")
    take_words(phone, "tern", " ".join(words))
    assert "The kit of tern is here." in phone.inner_text("#request")
    bring_request(phone, link_to(house, "approve", proposal))
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


def test_a_kit_that_is_made_here_is_on_paper_before_it_is_used(phone: Page, tmp_path: Path) -> None:
    """The sheet is printed, one of its words is asked for, the page is opened again, and the words give the same kit; the card and the file are the CLI's."""
    phone.goto(PAGE)
    phone.click("#start-make")
    phone.fill("#make-name", "Sea Holly")
    phone.click("#make-go")
    assert "single hyphens" in phone.inner_text("#make-wrong")
    phone.fill("#make-name", "sea-holly")
    phone.click("#make-go")
    words = phone.locator("#sheet-paper .word").all_inner_texts()
    six = phone.inner_text("#sheet-paper .six")
    assert len(words) == 24
    for button, name in (("#sheet-save", "sea-holly.kit"), ("#sheet-card", "sea-holly.card")):
        with phone.expect_download() as download:
            phone.click(button)
        assert download.value.suggested_filename == name
        download.value.save_as(tmp_path / name)
    (tmp_path / "sea-holly.kit").chmod(0o600)
    assert list(load_kit(tmp_path / "sea-holly.kit")[1].words()) == words
    assert " ".join(command("key", "show", "--kit", tmp_path / "sea-holly.kit").out.split()).count(six) == 1
    assert json.loads((tmp_path / "sea-holly.card").read_text())["fingerprint"] == six.split()
    phone.emulate_media(media="print")
    assert phone.locator("#sheet-done").is_hidden(), "paper has no buttons"
    assert phone.locator("#sheet-paper").is_visible()
    phone.emulate_media(media="screen")
    phone.click("#sheet-done")
    place = int("".join(filter(str.isdigit, phone.inner_text("#prove-label"))))
    phone.fill("#prove-word", "wrong")
    phone.click("#prove-go")
    assert f"not word number {place}" in phone.inner_text("#prove-wrong")
    phone.fill("#prove-word", words[place - 1])
    phone.click("#prove-go")
    assert six in phone.inner_text("#kit-six")
    phone.reload()
    phone.click("#start-have")
    take_words(phone, "sea-holly", " ".join(f"{number}. {word}" for number, word in enumerate(words, 1)))
    assert six in phone.inner_text("#kit-six")


def test_a_file_that_is_something_else_is_refused_by_what_was_asked_for(phone: Page, house: House) -> None:
    """A photograph for a kit, for a request or for a pin, and a film for a kit: each is called what it is not, and the right one is taken after it."""
    picture = {"name": "heron.jpg", "mimeType": "image/jpeg", "buffer": bytes(range(255, 127, -1)) * 8}
    film = {"name": "heron.kit", "mimeType": "text/plain", "buffer": b"x" * 5_000}
    phone.goto(PAGE)
    phone.click("#start-have")
    for wrong in (picture, film):
        phone.set_input_files("#kit-file", wrong)
        phone.get_by_text("This is not a kit.").wait_for()
        phone.fill("#kit-words", "")
        phone.click("#kit-take")
    phone.set_input_files("#kit-file", house.kit("plover"))
    until(phone, "request")
    phone.set_input_files("#request-file", picture)
    phone.get_by_text("This is no link and no text that can be signed.").wait_for()
    seat = link_to(house, "withdraw", "seat", "editor")
    bring_request(phone, bent(parse_given(seat), lambda value: value.pop("claim")))
    until(phone, "pin")
    phone.set_input_files("#pin-file", picture)
    phone.get_by_text("This is not a pin.").wait_for()


def test_a_kit_file_and_a_request_file_of_the_command_line_are_taken(phone: Page, house: House) -> None:
    """Files go both ways: the kit and the request come as files, the entry leaves as one, with the text that it proposes."""
    notice = house.write("notice.md", "The spring fair is on Sunday.\n")
    request = house.base / "fair.request"
    done = command("request", "propose", "statement", "language=en", "--text", notice, "--house", house.path, "-o", request)
    assert done.code == 0, done.said
    phone.goto(PAGE)
    phone.click("#start-have")
    phone.set_input_files("#kit-file", house.kit("plover"))
    until(phone, "request")
    phone.set_input_files("#request-file", request)
    until(phone, "act")
    assert "You, plover, propose this:" in phone.inner_text("#act")
    phone.check("#act-know")
    phone.click("#act-sign")
    with phone.expect_download() as download:
        phone.click("#save")
    entry = Path(download.value.path()).read_text("utf-8")
    assert "plover proposes" in hand_in(house, entry)
    (proposal,) = [row for row in house.ask("status")["proposals"] if row["kind"] == "statement"]
    assert proposal["opening"] == "The spring fair is on Sunday."


def test_every_act_that_takes_a_kit_can_be_signed_here(phone: Page, house: House) -> None:
    """An office is offered and accepted, given up, a proposal is made, objected to, approved, and taken back; each entry counts."""
    bring_kit(phone, house, "curlew")
    offer = house.propose("heron", "appoint", "office=editor", "member=curlew")
    for name in ("heron", "tern", "plover"):
        house.do(name, "approve", offer)
    asked: list[tuple[Any, ...]] = [
        ("accept", offer),
        ("withdraw", "seat", "editor"),
        ("propose", "entrust", "resource=mast", "holders=curlew,tern"),
    ]
    for request in asked:
        bring_request(phone, link_to(house, *request))
        hand_in(house, sign(phone))
        phone.click("#done [data-to=request]")
    (mine,) = [row["id"] for row in house.ask("status")["proposals"] if row["kind"] == "entrust"]
    for request in (
        ("object", mine),
        ("withdraw", "objection", mine),
        ("approve", mine),
        ("withdraw", "approval", mine),
        ("withdraw", "proposal", mine),
    ):
        bring_request(phone, link_to(house, *request))
        hand_in(house, sign(phone))
        phone.click("#done [data-to=request]")
    assert house.ask("status", mine)["status"] == "withdrawn"


def test_a_founding_is_accepted_by_what_it_says(phone: Page, tmp_path: Path) -> None:
    """A founder sees with whom they found what, and the founding is complete once the last has accepted."""
    house = found(tmp_path / "new", accepted=False)
    for name in ("heron", "tern", "plover", "curlew"):
        house.do(name, "accept")
    bring_kit(phone, house, "avocet")
    bring_request(phone, link_to(house, "accept"))
    said = phone.inner_text("#act")
    assert "You found the organisation saltmarsh together with the others." in said
    assert "avocet, curlew, heron, plover, tern" in said
    assert "the founding is complete" in hand_in(house, sign(phone))


def test_a_new_key_is_approved_by_the_six_words_that_were_heard(phone: Page, house: House) -> None:
    """The page never shows the words of the key in a proposal; it compares those that were typed."""
    assert command("key", "new", "ruff", "-o", house.kit("ruff")).code == 0
    admission = house.propose("heron", "admit", "--card", house.card("ruff"))
    six = " ".join(json.loads(house.card("ruff").read_text())["fingerprint"])
    bring_kit(phone, house, "tern")
    bring_request(phone, link_to(house, "approve", admission))
    assert six not in phone.content()
    assert "Ask ruff for them" in phone.inner_text("#act")
    phone.check("#act-know")
    phone.fill("#act-six", words_of(house, "tern").rsplit(" ", 18)[0])
    phone.click("#act-sign")
    assert "not the six words" in phone.inner_text("#act-wrong")
    phone.fill("#act-six", f" {six.upper()} ")
    assert "tern approves" in hand_in(house, sign(phone))


def test_codes_lead_from_screen_to_picture_and_back(phone: Page, house: House) -> None:
    """The sheet's code gives the kit, the command line's gives the request, and the signed entry's is read again; a picture without one says so."""
    proposal = house.statement(approved=False)
    phone.goto(PAGE)
    phone.click("#start-make")
    phone.fill("#make-name", "gull")
    phone.click("#make-go")
    six = phone.inner_text("#sheet-paper .six")
    code = phone.locator("#sheet-paper .qr").screenshot()
    blank = phone.locator("#sheet-paper h2").first.screenshot()
    phone.reload()
    phone.click("#start-have")
    phone.fill("#kit-name", "gull")
    phone.click("#kit-scan")
    phone.get_by_text("No camera can be used here.").wait_for()
    phone.set_input_files("#scan-file", {"name": "blank.png", "mimeType": "image/png", "buffer": blank})
    phone.get_by_text("There is no code in this picture").wait_for()
    phone.set_input_files("#scan-file", {"name": "sheet.png", "mimeType": "image/png", "buffer": code})
    until(phone, "request")
    assert six in phone.inner_text("#kit-six")
    bring_kit(phone, house, "tern")
    bring_request(phone, link_to(house, "object", proposal, "--for", "tern"))
    sign(phone)
    phone.click("#code")
    picture = phone.locator("#entry-code .qr").screenshot()
    entry = phone.input_value("#entry-text")
    phone.click("#done [data-to=request]")
    phone.click("#request-scan")
    phone.set_input_files("#scan-file", {"name": "entry.png", "mimeType": "image/png", "buffer": picture})
    assert "not something that can be signed" in refusal(phone), "an entry is no request, and was read whole"
    assert "tern objects" in hand_in(house, entry)


def test_a_link_that_opens_the_page_waits_for_the_kit_and_leaves_no_trace(phone: Page, house: House) -> None:
    """What stands behind the # is taken out of the address at once, and shown once the kit is there."""
    proposal = house.statement(approved=False)
    phone.goto(f"{PAGE}#{link_to(house, 'approve', proposal).partition('#')[2]}")
    assert "Something waits to be signed." in phone.inner_text("#start")
    assert phone.url == PAGE
    phone.click("#start-have")
    take_words(phone, "tern", words_of(house, "tern"))
    until(phone, "act")
    phone.click("#act [data-to=request]")
    phone.evaluate(f"location.hash = '{link_text(b'nonsense')}'")
    assert "not something that can be signed" in refusal(phone) or "missing" in refusal(phone)
    phone.click("#refused [data-to=request]")
    phone.click("#forget")
    assert phone.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    assert phone.evaluate(
        "[...document.querySelectorAll('input, textarea')].every(({ value, type }) => type === 'checkbox' || value === '')"
    )


@pytest.mark.parametrize("language", sorted(STRINGS))
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_screen_is_accessible_in_every_language(phone: Page, house: House, language: str, scheme: Any) -> None:
    """axe finds nothing on any screen, in light and dark; nothing is wider than the phone; Arabic runs from the right."""
    said, proposal = STRINGS[language], house.statement(approved=False)
    link = link_to(house, "approve", proposal)

    def look() -> None:
        found = Axe().run(phone)
        assert found.violations_count == 0, f"{heading(phone)}: {found.generate_report()}"
        assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], heading(phone)

    phone.emulate_media(color_scheme=scheme)
    phone.goto(PAGE)
    phone.select_option("#language", language)
    assert phone.evaluate("getComputedStyle(document.body).direction") == ("rtl" if language == "ar" else "ltr")
    assert phone.title().startswith(said["title"])
    look()
    phone.click("#start-make")
    look()
    phone.fill("#make-name", "gull")
    phone.click("#make-go")
    look()
    phone.click("#sheet-done")
    look()
    phone.reload()
    phone.select_option("#language", language)
    phone.click("#start-have")
    take_words(phone, "tern", "wrong")
    look()
    take_words(phone, "tern", words_of(house, "tern"))
    look()
    bring_request(phone, link)
    assert phone.inner_text("#act-title") == said["act-title"]
    look()
    phone.check("#act-know")
    phone.click("#act-sign")
    until(phone, "done")
    phone.click("#code")
    look()
    phone.click("#done [data-to=request]")
    bring_request(phone, "hello")
    assert refusal(phone) == said["no-request-text"]
    look()


@pytest.mark.smoke
def test_the_whole_way_can_be_gone_from_the_keyboard(phone: Page, house: House) -> None:
    """Tab, Space and Enter lead from the first screen to the signed entry, and each screen's heading takes the focus."""
    proposal = house.statement(approved=False)

    def reach(place: str) -> None:
        for _ in range(20):
            phone.keyboard.press("Tab")
            if phone.evaluate("document.activeElement.id") == place:
                return
        raise AssertionError(f"the keyboard does not reach {place}")

    phone.goto(PAGE)
    reach("start-have")
    phone.keyboard.press("Enter")
    assert phone.evaluate("document.activeElement.id") == "kit-title"
    reach("kit-name")
    phone.keyboard.type("tern")
    reach("kit-words")
    phone.keyboard.type(words_of(house, "tern"))
    reach("kit-take")
    phone.keyboard.press("Enter")
    until(phone, "request")
    reach("request-text")
    phone.keyboard.insert_text(link_to(house, "approve", proposal))
    reach("request-go")
    phone.keyboard.press("Space")
    until(phone, "act")
    reach("act-know")
    phone.keyboard.press("Space")
    reach("act-sign")
    phone.keyboard.press("Enter")
    until(phone, "done")
    assert "tern approves" in hand_in(house, phone.input_value("#entry-text"))

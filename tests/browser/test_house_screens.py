"""*Home*, *Decisions* and *Record* as members meet them: a real house, a real Chromium."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PHONE
from tests.browser.houses import Served, serving

pytestmark = pytest.mark.browser
DESK = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served")) as served:
        yield served


@contextlib.contextmanager
def visit(chromium: Browser, house: Served, member: str, size: Any = DESK, locale: str = "en-GB") -> Iterator[Page]:
    """A member's browser, on Home; whatever a page does that it must not do fails the test."""
    context = chromium.new_context(viewport=size, locale=locale)
    context.add_cookies([{"name": "house", "value": house.sessions[member], "url": house.url, "httpOnly": True, "sameSite": "Strict"}])
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("dialog", lambda dialog: faults.append(f"a dialog opened: {dialog.message}"))
    page.on("request", lambda request: None if request.url.startswith((house.url, "data:", "blob:")) else faults.append(request.url))
    page.goto(house.url)
    assert page.url == f"{house.url}/", "nobody is signed in"
    yield page
    context.close()
    assert faults == []


def screens(house: Served) -> dict[str, str]:
    """Every screen of this concern, by a name for its picture."""
    return {
        "home": "/",
        "decisions": "/decisions/",
        "decisions-none": "/decisions/?q=nowhere",
        "decision-open": f"/decisions/{house.made['dissent']}/",
        "decision-carried": f"/decisions/{house.made['moved']}/",
        "decision-hostile": f"/decisions/{house.made['hostile']}/",
        "record": "/record/",
        "entry": f"/record/{house.size - 1}/",
    }


def look(page: Page, name: str, direction: str = "ltr") -> None:
    """Hold a screen to what every screen promises: it fits, reads in its direction, has its headings in order, and axe finds nothing."""
    assert page.locator("html").get_attribute("dir") == direction
    wide, seen = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert wide <= seen, f"{name}: {wide} pixels wide on a screen of {seen}"
    levels = page.evaluate("[...document.querySelectorAll('main h1, main h2, main h3')].map(one => Number(one.tagName[1]))")
    assert levels[0] == 1, name
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels)), f"{name}: {levels}"
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        picture(page, f"{name}-{scheme}")
        found = Axe().run(page)
        assert found.violations_count == 0, f"{name}, {scheme}: {found.generate_report()}"


def picture(page: Page, name: str) -> None:
    """Keep a picture of a screen where COMMONHOLD_PICTURES says."""
    if folder := os.environ.get("COMMONHOLD_PICTURES"):
        page.screenshot(path=Path(folder) / f"house-{name}.png", full_page=True)


@pytest.mark.smoke
def test_every_screen_fits_a_phone_and_passes_axe(chromium: Browser, house: Served) -> None:
    """In light and in dark."""
    with visit(chromium, house, "heron", PHONE) as page:
        for name, address in screens(house).items():
            page.goto(house.url + address)
            look(page, f"{name}-phone")


def test_every_screen_passes_axe_on_a_desk(chromium: Browser, house: Served) -> None:
    """In light and in dark."""
    with visit(chromium, house, "avocet") as page:
        for name, address in screens(house).items():
            page.goto(house.url + address)
            look(page, f"{name}-desk")


def test_every_screen_reads_from_right_to_left(chromium: Browser, house: Served) -> None:
    """In Arabic, on a phone."""
    with visit(chromium, house, "tern", PHONE, "ar") as page:
        for name, address in screens(house).items():
            page.goto(house.url + address)
            look(page, f"{name}-arabic", "rtl")


def test_home_leads_to_what_needs_its_reader(chromium: Browser, house: Served) -> None:
    """One link, and the decision stands there whole."""
    with visit(chromium, house, "heron") as page:
        line = page.locator("li", has_text="The harbour reopens in spring.").first
        line.get_by_role("link", name="Read and decide").click()
        expect(page.locator("main blockquote").first).to_contain_text("The harbour reopens in spring.")


def test_everything_is_reached_by_keyboard(chromium: Browser, house: Served) -> None:
    """Each link, field and button of a screen has the focus in its turn."""
    with visit(chromium, house, "heron") as page:
        for address in ("/", "/decisions/", f"/decisions/{house.made['dissent']}/", "/record/"):
            page.goto(house.url + address)
            wanted = page.evaluate(
                "[...document.querySelectorAll('main .house a, main .house button, main .house input, main .house select')].map((one, at) => one.dataset.at = at)"
            )
            page.evaluate("document.querySelector('main').setAttribute('tabindex', '-1'); document.querySelector('main').focus()")
            reached = set()
            for _ in range(4 * len(wanted) + 20):
                page.keyboard.press("Tab")
                at = page.evaluate("document.activeElement.dataset.at")
                if at is not None:
                    reached.add(int(at))
                elif len(reached) == len(wanted):
                    break
            assert reached == set(wanted), address


def test_a_hostile_text_is_letters(chromium: Browser, house: Served) -> None:
    """Nothing of it runs, on the list, on its page and on the record."""
    with visit(chromium, house, "curlew") as page:
        for address in ("/", "/decisions/", f"/decisions/{house.made['hostile']}/", "/record/"):
            page.goto(house.url + address)
            assert page.title() != "owned"
            assert page.locator("main img").count() == 0

"""Charter, people, custody and partners in a real Chromium: every screen in light and dark, wide and on a phone, from right to left, and by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PHONE
from tests.browser.test_house_joining import Served, join, look, person, served

__all__ = ["served"]
pytestmark = [pytest.mark.browser, pytest.mark.allow_hosts(["127.0.0.1", "::1"])]

ANSWERS = Path(__file__).resolve().parents[2] / "examples" / "saltmarsh" / "custody.json"
SCREENS = (
    "charter",
    "charter/history",
    "charter/compare",
    "charter/taking",
    "charter/change/1.1",
    "people",
    "people/heron",
    "custody",
    "partners",
    "partners/invite",
)
LOOKS = (("light", 1_280), ("dark", 1_280), ("light", 360), ("dark", 360))


def enter(chromium: Browser, served: Served, member: str, folder: Path, locale: str) -> Any:
    """What the browser of a member keeps once they are in: a session, and the words of their language."""
    with person(chromium, locale=locale) as page:
        join(page, served.invited(member), member.title())
        with page.expect_download() as saved:
            page.click("a[download]")
        saved.value.save_as(folder / f"{member}.request")
        served.sign(member, folder / f"{member}.request")
        page.goto(f"{served.url}/welcome/")
        page.wait_for_url(f"{served.url}/")
        return page.context.storage_state()


@pytest.fixture(scope="module")
def sessions(chromium: Browser, served: Served, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("sessions")
    found = {"heron": enter(chromium, served, "heron", folder, "en-GB"), "tern": enter(chromium, served, "tern", folder, "ar-EG")}
    with member(chromium, found["heron"]) as page:
        page.goto(f"{served.url}/custody/")
        look(page, "custody-empty")
        page.set_input_files("#register", ANSWERS)
        page.click("text=Check it and keep it here")
        expect(page.locator("#risks")).to_be_visible()
    return found


@contextmanager
def member(chromium: Browser, session: Any, scheme: str = "light", width: int = 1_280, locale: str = "en-GB") -> Iterator[Page]:
    """A member's browser; whatever page or policy complains about fails the test."""
    size = PHONE if width <= PHONE["width"] else {"width": width, "height": 900}
    options: dict[str, Any] = {"viewport": size, "locale": locale, "color_scheme": scheme, "reduced_motion": "reduce"}
    context = chromium.new_context(storage_state=session, **options)
    context.set_default_timeout(15_000)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    # A refusal comes with its status, and the browser says so.
    assert [fault for fault in faults if "status of 400" not in fault] == []


@pytest.mark.smoke
@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_every_screen_fits_and_passes_axe(chromium: Browser, served: Served, sessions: dict[str, Any], scheme: str, width: int) -> None:
    """In a light room and a dark one, on a desk and on a phone."""
    with member(chromium, sessions["heron"], scheme, width) as page:
        for name in SCREENS:
            page.goto(f"{served.url}/{name}/")
            look(page, f"{name.replace('/', '-')}-{scheme}-{width}")


@pytest.mark.parametrize("width", [1_280, 360])
def test_every_screen_reads_from_right_to_left(chromium: Browser, served: Served, sessions: dict[str, Any], width: int) -> None:
    """In Arabic nothing runs off the screen."""
    with member(chromium, sessions["tern"], "light", width, "ar-EG") as page:
        for name in SCREENS:
            page.goto(f"{served.url}/{name}/")
            look(page, f"{name.replace('/', '-')}-ar-{width}", "rtl")


def test_a_change_is_proposed_by_keyboard_alone(chromium: Browser, served: Served, sessions: dict[str, Any]) -> None:
    """From the article to the page that says the amendment in words; the words typed stand in what it changes."""
    with member(chromium, sessions["heron"]) as page:
        page.goto(f"{served.url}/charter/#article-1.1")
        page.locator("#article-1\\.1 a").last.focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/charter/change/1.1/")
        reach(page, "#body")
        page.keyboard.press("Control+End")
        page.keyboard.type(" And we mend nets.")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.locator("ins").last).to_contain_text("nets")
        look(page, "charter-change-shown")
        reach(page, "button[value=propose]")
        page.keyboard.press("Enter")
        page.wait_for_url("**/drafts/*/")


def test_an_address_where_nobody_answers_stays_in_the_form(chromium: Browser, served: Served, sessions: dict[str, Any]) -> None:
    """The refusal is said where a screen reader hears it, and nothing typed is lost."""
    with member(chromium, sessions["heron"]) as page:
        page.goto(f"{served.url}/partners/")
        reach(page, "#url")
        page.keyboard.type("http://127.0.0.1:9/")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_be_visible()
        expect(page.locator("#url")).to_have_value("http://127.0.0.1:9/")
        look(page, "partners-refused")


def reach(page: Page, selector: str) -> None:
    """Press Tab until something is reached, as whoever has no mouse does."""
    for _ in range(200):
        if page.evaluate("(wanted) => document.activeElement === document.querySelector(wanted)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} is not reached by keyboard")

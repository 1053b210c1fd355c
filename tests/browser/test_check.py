"""``/check`` of a real partner process in a real Chromium: on a phone, by keyboard, without JavaScript, in the dark, from right to left."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from commonhold.kernel.record.shortcode import short_code
from tests.browser.conftest import PHONE
from tests.cli.custodians import act, must, sealed
from tests.cli.houses import TEXT, House, found
from tests.mirror.processes import Running, node_process, web_server

pytestmark = [pytest.mark.browser, pytest.mark.allow_hosts(["127.0.0.1"])]

RADIO = "https://saltmarsh.example/"
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@dataclass
class Partner:
    """A partner process, the house that it follows, and what was decided there."""

    node: Running
    house: House
    statement: str

    @property
    def page(self) -> str:
        return f"{self.node.url}/check"


@pytest.fixture(scope="module")
def partner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Partner]:
    """One for all tests that change nothing."""
    base = tmp_path_factory.mktemp("check")
    house = found(base / "saltmarsh")
    house.approve(house.propose("heron", "channel", "op=add", f"address={RADIO}"), "heron", "tern")
    statement = house.statement()
    with web_server(house.path) as url, node_process("partner", base / "node", f"{house.ask('state')['log']}={url}/record") as node:
        node.until_signed(house.size())
        yield Partner(node, house, statement)


@contextmanager
def visit(chromium: Browser, address: str, *, locale: str = "en-GB", script: bool = True) -> Iterator[Page]:
    """A phone that opens an address; whatever the page, its policy or the browser complains about fails the test, and so does a request elsewhere."""
    context = chromium.new_context(viewport=PHONE, locale=locale, java_script_enabled=script, reduced_motion="reduce")
    context.set_default_timeout(10_000)
    page = context.new_page()
    faults: list[str] = []
    home = re.match(r"https?://[^/]+", address)
    assert home is not None
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("dialog", lambda dialog: faults.append(f"a dialog opened: {dialog.message}"))
    page.on("request", lambda request: None if request.url.startswith((home[0], "data:")) else faults.append(request.url))
    page.goto(address)
    yield page
    assert context.cookies() == []
    context.close()
    assert faults == []


def ask(page: Page, question: str) -> str:
    """The verdict in large words."""
    page.fill("#q", question)
    page.click("button.main")
    return page.inner_text("#verdict").strip()


def look(page: Page, direction: str = "ltr") -> None:
    """Hold a screen to what every screen promises: it fits a phone, reads in its direction, and axe finds nothing in either scheme."""
    assert page.locator("html").get_attribute("dir") == direction
    wide, seen = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert wide <= seen, f"{wide} pixels wide on a screen of {seen}"
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        found = Axe().run(page)
        assert found.violations_count == 0, f"{page.title()}, {scheme}: {found.generate_report()}"


@pytest.mark.smoke
def test_a_reader_without_javascript_pastes_an_address_a_text_and_a_code(chromium: Browser, partner: Partner) -> None:
    """Everything is a form and a page; the answer comes in large words, with the organisation and what it rests on."""
    with visit(chromium, partner.page, script=False) as page:
        assert ask(page, "saltmarsh.example") == "✓ Official, unwitnessed"
        assert "This is a channel of record of this organisation." in page.inner_text("main")
        assert partner.house.ask("state")["org"] in page.inner_text("main")
        assert ask(page, "https://saltmarsh.example.evil.example/") == "✗ Not official"
        assert ask(page, TEXT) == "✓ Official, unwitnessed"
        assert "word for word" in page.inner_text("main")
        assert ask(page, short_code(partner.statement)) == "✓ Official, unwitnessed"
        assert "Our studio moves on Monday." in page.inner_text("blockquote")
        assert ask(page, "A personnel reshuffle: the treasurer is replaced.") == "✗ Not official"


@pytest.mark.smoke
def test_hostile_markup_is_shown_as_letters(chromium: Browser, partner: Partner) -> None:
    """Pasted, or in a link that somebody sends: nothing of it runs, and the question stands in the form as it was."""
    hostile = "</textarea><script>alert(1)</script><img src=x onerror=alert(1)><svg onload=alert(1)>"
    with visit(chromium, partner.page) as page:
        assert ask(page, hostile) == "✗ Not official"
        assert page.input_value("#q") == hostile
        page.goto(f"{partner.page}?q={hostile}")
        assert page.input_value("#q") == hostile
        assert page.locator("main script, main img").count() == 0


@pytest.mark.smoke
def test_every_screen_passes_axe_on_a_phone_in_light_and_dark(chromium: Browser, partner: Partner) -> None:
    """The question, a yes, a no, an "it depends", and the page of an organisation."""
    with visit(chromium, partner.page) as page:
        look(page)
        for question in ("saltmarsh.example", "https://saltrnarsh.example", "+44 20 7946 0000", short_code(partner.statement)):
            ask(page, question)
            look(page)
        page.click(".finding dd a")
        expect(page.get_by_role("heading", level=1)).to_have_text("saltmarsh")
        look(page)


def test_the_page_is_used_by_keyboard_alone(chromium: Browser, partner: Partner) -> None:
    """Tab reaches the question, the button and the links, and the first Tab leads past the head of the page."""
    with visit(chromium, partner.page) as page:
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the answer")).to_be_focused()
        page.keyboard.press("Enter")
        for _ in range(3):
            page.keyboard.press("Tab")
            if page.locator("#q:focus").count():
                break
        page.keyboard.type("saltmarsh.example")
        for _ in range(4):
            page.keyboard.press("Tab")
            if page.locator("button.main:focus").count():
                break
        page.keyboard.press("Enter")
        expect(page.locator("#verdict")).to_have_text("✓ Official, unwitnessed")


@pytest.mark.parametrize(
    ("locale", "lang", "direction", "verdict"),
    [
        ("ar", "ar", "rtl", "رسمي، بلا شهود"),
        ("ru-RU", "ru", "ltr", "Официально, без свидетелей"),
        ("ko-KR", "ko", "ltr", "공식, 증인 없음"),
        ("zh-CN", "zh-Hans", "ltr", "官方，无见证"),
        ("es-ES", "es", "ltr", "Oficial, sin testigos"),
    ],
)
def test_each_reader_is_answered_in_their_language(
    chromium: Browser, partner: Partner, locale: str, lang: str, direction: str, verdict: str
) -> None:
    """The browser says which; an address stays readable in a page that runs from right to left, and every screen passes axe."""
    with visit(chromium, partner.page, locale=locale) as page:
        assert page.locator("html").get_attribute("lang") == lang
        look(page, direction)
        assert verdict in ask(page, "https://saltmarsh.example/news/42")
        assert "https://saltmarsh.example/news/42" in page.inner_text(".read")
        look(page, direction)
        page.click(".finding dd a")
        look(page, direction)


def test_the_language_is_changed_by_a_link_and_what_was_asked_stays(chromium: Browser, partner: Partner) -> None:
    """Without a cookie and without putting what was pasted into an address."""
    with visit(chromium, partner.page, script=False) as page:
        ask(page, "saltmarsh.example")
        page.get_by_role("button", name="Español").click()
        assert "Oficial, sin testigos" in page.inner_text("#verdict")
        assert page.url == partner.page
        page.click(".mark a")
        assert page.locator("html").get_attribute("lang") == "es"


def test_a_proof_file_is_handed_in_and_judged(chromium: Browser, partner: Partner, tmp_path: Path) -> None:
    """By the form's own file field, with no script."""
    proof = partner.house.prove(partner.statement, "given.proof")
    with visit(chromium, partner.page, script=False) as page:
        page.set_input_files("#file", proof)
        page.click("button.main")
        assert page.inner_text("#verdict").strip() == "✓ Official, unwitnessed"
        page.set_input_files("#file", {"name": "x.bin", "mimeType": "application/octet-stream", "buffer": b"\xff\xfe\x00"})
        page.click("button.main")
        assert page.inner_text("#verdict").strip() == "? Cannot judge"


def test_the_verifier_opens_from_a_partner_and_works(chromium: Browser, partner: Partner) -> None:
    """Its own policy holds there, too."""
    with visit(chromium, f"{partner.node.url}/check/verifier.html") as page:
        assert page.locator("#check").count() == 1


@pytest.mark.smoke
def test_a_reader_sees_official_turn_into_struck(chromium: Browser, tmp_path: Path) -> None:
    """The members move their channel; the partner's page says so with the new address, a look later."""
    house = found(tmp_path / "saltmarsh")
    house.approve(house.propose("heron", "channel", "op=add", f"address={RADIO}"), "heron", "tern")
    with web_server(house.path) as url, node_process("partner", tmp_path / "node", f"{house.ask('state')['log']}={url}/record") as node:
        node.until_signed(house.size())
        with visit(chromium, f"{node.url}/check", script=False) as page:
            assert ask(page, RADIO) == "✓ Official, unwitnessed"
            house.approve(
                house.propose("heron", "channel", "op=move", f"address={RADIO}", "to=https://saltmarsh-radio.example/"), "heron", "tern"
            )
            node.until_signed(house.size())
            page.wait_for_timeout(2_500)
            assert ask(page, RADIO) == "✗ Struck"
            assert "The organisation is now at https://saltmarsh-radio.example/" in page.inner_text("main")


def test_what_is_asked_to_be_opened_is_counted_on_a_phone_from_both_sides(chromium: Browser, tmp_path: Path) -> None:
    """The counter of a release on the organisation's page, and beside an answer about it; read from left and from right, in light and dark."""
    house = found(tmp_path / "saltmarsh")
    house.approve(house.propose("heron", "channel", "op=add", f"address={RADIO}"), "heron", "tern")
    sealed(house)
    purpose = house.write("purpose.txt", "The page was hacked.\n")
    asked = must(act(house, "curlew", "release", "page", "--purpose", purpose, "--key", house.base / "one-off.key"))
    org = house.ask("state")["org"]
    with web_server(house.path) as url, node_process("partner", tmp_path / "node", f"{house.ask('state')['log']}={url}/record") as node:
        node.until_signed(house.size())
        with visit(chromium, f"{node.url}/check?org={org}") as page:
            expect(page.get_by_role("heading", name="Somebody asks to open what is sealed of: page")).to_be_visible()
            assert "Objections: 0 of" in page.inner_text("main")
            look(page)
            page.goto(f"{node.url}/check?q={RADIO}")
            page.get_by_role("link", name="See how far it is").click()
            expect(page).to_have_url(re.compile("#releases$"))
            feed = page.request.get(f"{node.url}/check/releases.atom?org={org}").text()
            assert asked["proposal"]["id"] in feed
            page.goto(f"{node.url}/check?org={org}&lang=ar")
            look(page, "rtl")

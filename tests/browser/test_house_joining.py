"""Joining a real house in a real Chromium: invited, a passkey made, signed in and out, a second device; on a phone, in the dark, from right to left."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PHONE
from tests.cli.houses import House, command, found
from tests.mirror.processes import HERE, web_house_process

pytestmark = [pytest.mark.browser, pytest.mark.allow_hosts(["127.0.0.1", "::1"])]

AUTHENTICATOR = {
    "protocol": "ctap2",
    "ctap2Version": "ctap2_1",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
PICTURES = os.environ.get("COMMONHOLD_PICTURES", "")
"""A folder for screenshots; none are made without it."""


@dataclass
class Served:
    """A house that is served, and its address."""

    house: House
    url: str

    def invited(self, member: str) -> str:
        """A link by which a member comes in for the first time, as whoever runs the server makes it."""
        return str(json.loads(_ran("house", "invite", member, "--house", self.house.path, "--json"))["url"])

    def sign(self, member: str, request: Path) -> None:
        """What the member's signer does with a request to add a passkey: both acts, handed in at the house's log."""
        payload = json.loads(request.read_text())["act"]["body"]["payload"]
        given = self.house.write("rotate.json", json.dumps(payload))
        place = ["--house", f"{self.url.replace('localhost', '127.0.0.1')}/log", "--kit", self.house.kit(member)]
        done = command("propose", "rotate-key", "--payload", given, "--approve", *place)
        assert done.code == 0, done.said


def _ran(*arguments: object) -> str:
    """What a command line says, in a process of its own: Django is for one folder in a process, and shares no thread with Playwright."""
    done = subprocess.run([*HERE, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    house = found(tmp_path_factory.mktemp("joining") / "saltmarsh")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://localhost:{port}"
    _ran("house", "init", house.path, "--url", url, "--json")
    with web_house_process(house.path, f"127.0.0.1:{port}"):
        yield Served(house, url)


@contextmanager
def person(chromium: Browser, *, locale: str = "en-GB", scheme: str = "light", width: int = 1_200) -> Iterator[Page]:
    """Somebody with a browser whose machine keeps passkeys; whatever page or policy complains about fails the test."""
    size = PHONE if width <= PHONE["width"] else {"width": width, "height": 900}
    context = chromium.new_context(viewport=size, locale=locale, color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type] # one of two
    context.set_default_timeout(15_000)
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("dialog", lambda dialog: faults.append(f"a dialog opened: {dialog.message}"))
    yield page
    context.close()
    assert faults == []


def look(page: Page, name: str, direction: str = "ltr") -> None:
    """Hold a screen to what every screen promises: it fits, reads in its direction, and axe finds nothing."""
    expect(page.locator("html")).to_have_attribute("dir", direction)
    wide, seen = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)
    assert wide <= seen, f"{name}: {wide} pixels wide on a screen of {seen}"
    result = Axe().run(page)
    assert result.violations_count == 0, f"{name}: {result.generate_report()}"


def join(page: Page, link: str, name: str = "", member: str = "") -> None:
    """Open a link, write what it asks for, make the passkey."""
    page.goto(link)
    if name:
        page.fill("#name", name)
    if member:
        page.fill("#member", member)
    page.click("form[data-passkey] button[type=submit]")
    page.wait_for_url("**/welcome/")


@pytest.mark.smoke
def test_somebody_joins_signs_in_and_out_and_adds_a_second_device(chromium: Browser, served: Served, tmp_path: Path) -> None:
    """The first member comes in with their kit, invites another, signs out and in again, and adds a telephone; each screen fits a phone and a dark room."""
    with person(chromium) as heron:
        heron.goto(f"{served.url}/decisions/")
        heron.wait_for_url("**/sign-in/**")
        look(heron, "sign-in")
        link = served.invited("heron")
        heron.goto(link)
        look(heron, "join-founder")
        join(heron, link, "Heron Grey")
        look(heron, "welcome-founder")
        with heron.expect_download() as saved:
            heron.click("a[download]")
        saved.value.save_as(tmp_path / "sign.request")
        served.sign("heron", tmp_path / "sign.request")
        heron.goto(f"{served.url}/welcome/")
        heron.wait_for_url(f"{served.url}/")
        heron.goto(f"{served.url}/account/")
        look(heron, "account")
        heron.goto(f"{served.url}/invite/")
        heron.fill("#name", "Wren")
        heron.click("text=Make a link")
        invitation = heron.input_value("#link")
        look(heron, "link")
        with person(chromium, locale="ar", scheme="dark", width=PHONE["width"]) as wren:
            wren.goto(invitation)
            look(wren, "join-arabic-dark-phone", "rtl")
            join(wren, invitation, member="wren")
            look(wren, "welcome-arabic-dark-phone", "rtl")
            wren.goto(f"{served.url}/decisions/")
            wren.wait_for_url("**/welcome/")
        heron.goto(f"{served.url}/invite/")
        expect(heron.locator("#applicants + table")).to_contain_text("wren")
        look(heron, "invite")
        heron.goto(f"{served.url}/account/")
        heron.locator("form[action='/sign-out/'] button").last.click()
        heron.wait_for_url("**/sign-in/?over=out")
        heron.click("form[data-passkey] button[type=submit]")
        heron.wait_for_url(f"{served.url}/")
        heron.goto(f"{served.url}/account/")
        heron.click("form[action='/account/passkeys/link/'] button")
        device = heron.input_value("#link")
        with person(chromium, width=PHONE["width"], scheme="dark") as phone:
            join(phone, device)
            look(phone, "second-device-dark-phone")
        heron.goto(f"{served.url}/account/")
        expect(heron.locator(".rows > li")).to_have_count(2)


def test_every_screen_of_ones_own_fits_a_phone_in_the_dark_and_from_right_to_left(
    chromium: Browser, served: Served, tmp_path: Path
) -> None:
    """Account, invitations, leaving, a link that opens nothing, and the page for whoever lost everything."""
    with person(chromium, locale="ar", scheme="dark", width=PHONE["width"]) as tern:
        for name, path in (("sign-in", "/sign-in/"), ("lost", "/lost/"), ("over", "/sign-in/?over=suspended")):
            tern.goto(f"{served.url}{path}")
            look(tern, f"{name}-arabic-dark-phone", "rtl")
        join(tern, served.invited("tern"), "Tern")
        with tern.expect_download() as saved:
            tern.click("a[download]")
        saved.value.save_as(tmp_path / "sign.request")
        served.sign("tern", tmp_path / "sign.request")
        for name in ("account", "invite", "account/leave"):
            tern.goto(f"{served.url}/{name}/")
            look(tern, f"{name.replace('/', '-')}-arabic-dark-phone", "rtl")


def test_a_browser_that_says_no_reads_why_and_tries_again(chromium: Browser, served: Served) -> None:
    """No passkey on this device: the page says so in words, keeps its place, and the button works again."""
    with person(chromium) as stranger:
        stranger.goto(f"{served.url}/sign-in/")
        button = stranger.locator("form[data-passkey] button[type=submit]")
        button.click()
        expect(stranger.locator("[data-said]")).to_have_text(re.compile("cancelled|in time"))
        expect(button).not_to_have_attribute("aria-disabled", "true")
        look(stranger, "sign-in-refused")


def test_without_javascript_the_page_says_what_to_do(chromium: Browser, served: Served) -> None:
    """The form goes through and comes back with the reason; no passkey can be used, and nothing pretends that one was."""
    context = chromium.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto(f"{served.url}/sign-in/")
    assert "switched off here" in page.inner_text("main")
    page.click("form[data-passkey] button[type=submit]")
    assert "Switch JavaScript on" in page.inner_text("main")
    context.close()

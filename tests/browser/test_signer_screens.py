"""The screens of sealing and opening in signer.html, as people who see or read otherwise meet them: axe, dark, narrow, wide, from the right."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import PHONE
from tests.browser.signing import STRINGS, bring_kit, bring_request, hand_in, link_to, until
from tests.browser.test_signer_sealing import add_secret, founded, house, id_of, key_of, start
from tests.cli.custodians import SEED, must, sealed
from tests.cli.custodians import act as custody
from tests.cli.houses import House

pytestmark = pytest.mark.browser
__all__ = ["founded", "house"]


def look(page: Page, screen: str) -> None:
    """axe finds nothing on the screen that is to show, and nothing on it is wider than the page."""
    until(page, screen)
    report = Axe().run(page)
    assert report.violations_count == 0, f"{screen}: {report.generate_report()}"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), screen


def test_the_screens_of_a_release_are_accessible(phone: Page, house: House) -> None:
    """What a custodian reads and is told before they give, the key that is asked for, and what is opened or refused: light, dark, narrow, wide, from the right."""
    sealed(house, secrets=f"password {'a long name ' * 8}={'x' * 200}\ntotp page 2FA={SEED}\n")
    why = house.write("why.txt", "The page was hacked.\n" * 3)
    bring_kit(phone, house, "curlew")
    start(phone, link_to(house, "release", "page", "--purpose", why))
    place, release = key_of(phone, house), id_of(phone.input_value("#entry-text"))
    hand_in(house, phone.input_value("#entry-text"))
    for name in ("tern", "plover", "heron"):
        if house.do(name, "approve", release)["proposal"]["status"] == "enacted":
            break
    must(custody(house, "heron", "contribute", release, "--yes"))
    early = link_to(house, "unseal", release)
    must(custody(house, "tern", "contribute", release, "--yes"))
    for language, scheme, width in (("en", "light", 360), ("en", "dark", 1_000), ("ar", "dark", 360), ("ar", "light", 1_000)):
        phone.emulate_media(color_scheme=scheme)  # type: ignore[arg-type] # two of its literals
        phone.set_viewport_size({**PHONE, "width": width})
        bring_kit(phone, house, "plover")
        phone.select_option("#language", language)
        bring_request(phone, link_to(house, "contribute", release))
        phone.click("#act-sign")
        look(phone, "act")
        bring_kit(phone, house, "curlew")
        phone.select_option("#language", language)
        start(phone, early)
        phone.set_input_files("#openkey-file", house.kit("tern"))
        phone.get_by_text(STRINGS[language]["no-key-file"]).wait_for()
        look(phone, "openkey")
        phone.set_input_files("#openkey-file", place)
        until(phone, "opened")
        assert phone.is_visible("#opened-wrong")
        look(phone, "opened")
        phone.click("#opened-clear")
        start(phone, link_to(house, "unseal", release))
        phone.set_input_files("#openkey-file", place)
        until(phone, "opened")
        for secret in phone.locator(".kept").all():
            secret.locator("button").first.click()
        phone.locator(".now bdi").first.wait_for()
        look(phone, "opened")
        phone.click("#opened-clear")


@pytest.mark.parametrize("language", ["ar", "ko"])
def test_the_screens_of_custodians_are_accessible(phone: Page, house: House, language: str) -> None:
    """axe finds nothing on any of them, nothing is wider than the phone, and Arabic runs from the right."""
    sealed(house)
    said = STRINGS[language]
    for scheme in ("light", "dark"):
        phone.emulate_media(color_scheme=scheme)  # type: ignore[arg-type] # two of its literals
        bring_kit(phone, house, "tern")
        phone.select_option("#language", language)
        assert phone.evaluate("getComputedStyle(document.body).direction") == ("rtl" if language == "ar" else "ltr")
        bring_request(phone, link_to(house, "drill", "page"))
        assert phone.inner_text("#act-sign") == said["act-drill-go"]
        look(phone, "act")
        phone.click("#act-sheet")
        look(phone, "share")
        phone.click("#share [data-to=act]")
        phone.check("#act-know")
        phone.click("#act-paper")
        look(phone, "paper")
        phone.click("#paper [data-to=act]")
        phone.click("#act [data-to=request]")
        start(phone, link_to(house, "seal", "page"))
        until(phone, "secrets")
        add_secret(phone, "password", "admin", "x")
        phone.click("#secret-add")
        look(phone, "secrets")
        phone.click("#secrets [data-to=act]")
        phone.click("#act [data-to=request]")
        start(phone, link_to(house, "release", "page", "--purpose", house.write("why.txt", "Why.\n")))
        look(phone, "onekey")

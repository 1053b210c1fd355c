"""Word of an emergency on a phone: read, the way chosen by whoever it reached, signed in signer.html, and counted by the record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from commonhold.kernel.canonical import canonical_bytes
from commonhold.kernel.record.request import given_bytes
from tests.attacks import Mutation, attack
from tests.browser.conftest import PHONE
from tests.browser.signing import STRINGS, bring_kit, bring_request, hand_in, link_to, refusal, until
from tests.cli.custodians import act, must, sealed, status
from tests.cli.houses import House, found
from tests.mirror.cosigners import cosigners, name_partners

pytestmark = [pytest.mark.browser, pytest.mark.allow_hosts(["127.0.0.1"])]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, str]]:
    """Saltmarsh with a clock, its page sealed, and an emergency that curlew asks for and tern approves."""
    with cosigners("gull", "knot") as partners:
        house = found(tmp_path_factory.mktemp("house") / "saltmarsh")
        name_partners(house, partners, 2)
        house.ask("house", "partner", "ask")
        sealed(house)
        purpose = house.write("purpose.txt", "The page was hacked, and half of us are away.\n")
        made = must(act(house, "curlew", "release", "page", "--emergency", "--purpose", purpose, "--key", house.base / "one-off.key"))
        house.do("tern", "approve", made["proposal"]["id"])
        yield house, made["proposal"]["id"]


@pytest.fixture
def house(asked: tuple[House, str], tmp_path: Path) -> House:
    return asked[0].copy(tmp_path / "saltmarsh")


@attack(
    "notice-for-others",
    Mutation(
        "reader/src/signer/custodyrequest.js",
        find="  acknowledge: hasFields({ what: isWhat, of: isDigest }),",
        replace="  acknowledge: isObject,",
    ),
    Mutation(
        "reader/src/signer/notice.js", find='  demand(left.includes(way), "acknowledge/way"', replace='  demand(true, "acknowledge/way"'
    ),
)
@pytest.mark.smoke
def test_word_is_acknowledged_on_a_phone_once_for_each_way(phone: Page, house: House, asked: tuple[House, str]) -> None:
    """What is asked for can be read in full; nothing is chosen beforehand; after two ways the wait begins; who asks is told that they are not asked."""
    request = asked[1]
    bring_kit(phone, house, "plover")
    named = json.loads(given_bytes(link_to(house, "notice", request)))
    named["act"]["body"]["way"] = "phone"
    bring_request(phone, canonical_bytes(named).decode())
    assert "request/body" in (phone.text_content("#refused-detail") or ""), "nobody says for others how word reached them"
    phone.click("#refused [data-to=request]")
    for way, others, known in (("mail", 5, ""), ("phone", 4, "Word has reached so far: plover.")):
        bring_request(phone, link_to(house, "notice", request))
        said = phone.inner_text("#act")
        for line in (
            "Word has reached you that curlew asks for this:",
            "This is asked under the rule for emergencies",
            "Seal 1 of page is opened for the member who asks for it.",
            "The page was hacked, and half of us are away.",
            "agree to nothing by it",
            known,
        ):
            assert line in said, line
        assert phone.input_value("#act-way") == ""
        assert phone.locator("#act-way option:not([value=''])").count() == others
        phone.check("#act-know")
        phone.click("#act-sign")
        assert phone.inner_text("#act-wrong") == "Choose first over which way word has reached you."
        phone.select_option("#act-way", way)
        phone.click("#act-sign")
        until(phone, "done")
        hand_in(house, phone.input_value("#entry-text"))
        phone.click("#done [data-to=request]")
    house.ask("house", "partner", "ask")
    waiting = status(house)["requests"][0]
    assert (waiting["told"]["people"], waiting["told"]["ways"], waiting["step"]) == (["plover"], ["mail", "phone"], "waiting")
    bring_kit(phone, house, "curlew")
    bring_request(phone, link_to(house, "notice", request, "--for", "curlew"))
    assert "Only the others are asked whether word has reached them." in refusal(phone)
    # Another act asks for no way.
    bring_kit(phone, house, "heron")
    bring_request(phone, link_to(house, "object", request))
    assert phone.locator("#act-way-field").is_hidden()


@pytest.mark.parametrize("language", ["en", "ru", "ko", "zh", "es", "ar"])
def test_the_choice_of_the_way_is_accessible_in_every_language(phone: Page, house: House, asked: tuple[House, str], language: str) -> None:
    """By keyboard, in light and dark, on a phone's width, from the right in Arabic: axe finds nothing, and every way is named."""
    said = STRINGS[language]
    bring_kit(phone, house, "heron")
    phone.select_option("#language", language)
    bring_request(phone, link_to(house, "notice", asked[1]))
    for scheme in ("light", "dark"):
        phone.emulate_media(color_scheme=scheme)  # type: ignore[arg-type] # two of its literals
        report = Axe().run(phone)
        assert report.violations_count == 0, report.generate_report()
        assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    ways = [said[f"way-{way}"] for way in ("mail", "paper", "partner", "person", "phone")]
    assert phone.locator("#act-way option").all_inner_texts() == [said["act-way-choose"], *ways]
    phone.focus("#act-way")
    phone.keyboard.press("ArrowDown")
    assert phone.input_value("#act-way") == "mail"
    phone.keyboard.press("Tab")
    phone.keyboard.press("Space")
    phone.keyboard.press("Enter")
    until(phone, "done")

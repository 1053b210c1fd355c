"""Custodians with a phone: shares shown to open, given, released, opened and sealed in signer.html, held against the command line both ways."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page

from commonhold.store.reader import StaticReader
from commonhold.store.record import read_record
from tests.browser.signing import bring_kit, bring_request, hand_in, link_to, refusal, sign, until
from tests.cli.custodians import act as custody
from tests.cli.custodians import must, only_release, released, sealed, status, unseal
from tests.cli.houses import House, found

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> House:
    """Saltmarsh, whose page is sealed, and released to curlew."""
    house = found(tmp_path_factory.mktemp("house") / "saltmarsh")
    sealed(house)
    released(house)
    return house


@pytest.fixture
def house(kept: House, tmp_path: Path) -> House:
    return kept.copy(tmp_path / "saltmarsh")


def sheet_words(house: House, name: str, resource: str = "page") -> list[str]:
    """The words on somebody's sheet."""
    sheet = house.base / f"{name}-{resource}.html"
    sheet.unlink(missing_ok=True)
    must(custody(house, name, "shares", resource, "--out", sheet))
    return re.findall(r'<span class="word">(\w+)</span>', sheet.read_text())


def kept_entry(page: Page) -> str:
    """Sign what is shown by the kit's own envelope; gives the entry's text."""
    page.check("#act-know")
    page.click("#act-sign")
    until(page, "done")
    return page.input_value("#entry-text")


@pytest.mark.smoke
def test_a_share_is_shown_to_open_and_given_to_a_release(phone: Page, house: House) -> None:
    """The phone says who opens the seal, for what and to whom; what it signs counts, and the command line opens with it."""
    release = only_release(house)
    bring_kit(phone, house, "tern")
    bring_request(phone, link_to(house, "drill", "page"))
    said = phone.inner_text("#act")
    for line in ("You show that your share of seal 1 of page opens.", "It takes 2 of these 3 to open it: heron, plover, tern."):
        assert line in said
    assert "tern has and can open their share" in hand_in(house, kept_entry(phone))
    phone.click("#done [data-to=request]")
    bring_request(phone, link_to(house, "contribute", release))
    said = phone.inner_text("#act")
    for line in (
        "You give your share of seal 1 of page to curlew.",
        "The page was hacked; we set a new password on Monday.",
        "heron, plover",
        "Nobody has given",
    ):
        assert line in said, line
    assert custody(house, "plover", "contribute", release, "--yes").json["recipient"] in said
    phone.check("#act-know")
    phone.click("#act-sign")
    assert "Compare the six words first" in phone.inner_text("#act-wrong")
    phone.check("#act-compared")
    assert "tern" in hand_in(house, kept_entry(phone))
    assert must(unseal(house, release, "--json"))["used"] == ["plover", "tern"]


def test_a_share_comes_from_paper_where_the_envelope_is_gone(phone: Page, house: House) -> None:
    """A mistyped word is named with what it likely is; a torn sheet, two sheets mixed, a sheet of another seal and another's sheet are told apart."""
    release = only_release(house)
    own, others = sheet_words(house, "tern"), sheet_words(house, "plover")
    sealed(house, "domain", "note where=registrar\n")
    domain = sheet_words(house, "tern", "domain")
    bring_kit(phone, house, "tern")
    link = link_to(house, "contribute", release, "--for", "plover")
    bring_request(phone, link)
    assert "does not say enough about you" in refusal(phone)
    phone.click("#refused [data-to=request]")
    # Made for both, but tern's own envelope is lost: the paper has the share.
    envelope = envelope_of(house, "tern")
    (house.path / "objects" / envelope[:2] / envelope[2:]).unlink()
    bring_request(phone, link_to(house, "contribute", release))
    phone.check("#act-know")
    phone.check("#act-compared")
    phone.click("#act-sign")
    until(phone, "paper")
    assert "Your encrypted share is not in what you were sent." in phone.inner_text("#paper")
    for typed, words in (
        ([*own[:4], own[4][:4] + "zzz", *own[5:]], "Word 5 is not one of the words that shares are made of"),
        (own[:20], "A share has 33 words, and you gave 20"),
        (own * 20, "This is far more than the 33 words of a share"),
        ([*own[:16], *others[16:]], "Each of these is a word of the list, but together they are no share"),
        (domain, "of another seal or of another organisation"),
        (others, "This is a share of this seal, but it is not yours"),
    ):
        phone.fill("#paper-text", " ".join(typed))
        phone.click("#paper-go")
        phone.get_by_text(words).wait_for()
        assert phone.input_value("#paper-text") == " ".join(typed), "what was typed is still there"
    phone.fill("#paper-text", "\n".join(f"{place}. {word.upper()}" for place, word in enumerate(own, 1)))
    phone.click("#paper-go")
    until(phone, "done")
    assert "tern" in hand_in(house, phone.input_value("#entry-text"))
    must(custody(house, "heron", "contribute", release, "--yes"))
    assert must(unseal(house, release, "--json"))["used"] == ["tern", "heron"]
    assert " ".join(own[:4]) not in phone.content(), "nothing of the share stays on the page"


def test_two_members_attest_a_change_and_read_what_it_takes(phone: Page, house: House) -> None:
    """The guide for this kind of resource stands beside the attestation; once is enough for each."""
    bring_kit(phone, house, "avocet")
    link = link_to(house, "changed", "page")
    bring_request(phone, link)
    said = phone.inner_text("#act")
    assert "all sessions are ended" in said
    assert "try the old password, and see that it is refused" in said
    assert "avocet" in hand_in(house, sign(phone))
    phone.click("#done [data-to=request]")
    bring_request(phone, link_to(house, "changed", "page"))
    assert "You have attested this already." in refusal(phone)
    assert status(house)["rotation"]["reasons"] == [f"release/{only_release(house)}"]


def envelope_of(house: House, name: str) -> str:
    """The digest of somebody's envelope of the page."""
    state = read_record(StaticReader.from_directory(house.record)).state
    payload = state.parts["proposals"][state.parts["seals"]["page/1"].proposal].payload
    found: str = payload["shares"][name]["envelope"]
    return found

"""Small proofs in the verifier: pasted with a pin in a real Chromium, from the disk, offline, in six languages."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from commonhold.kernel.record.brief import Brief
from commonhold.kernel.record.pin import Pin, make_pin
from commonhold.kernel.texts import make_text, text_digest
from tests.browser.test_verifier import STRINGS, check
from tests.kernel.record.helpers import Club
from tests.kernel.record_files.test_pin import vouched_club

pytestmark = pytest.mark.browser

ADDRESS = "https://club.example/"
HOSTILE = '<img src=x onerror="document.title=1">'
VERDICTS = ("official", "official-freshness-unknown", "struck", "not-official", "stale")


def at(case: int = 0) -> int:
    return int(time.time()) - case


@pytest.fixture(scope="module")
def club() -> Club:
    club = vouched_club()
    for op in ("add", "strike"):
        club.decide("channel", {"op": op, "address": ADDRESS}, "heron")
        club.tick()
    return club


@pytest.fixture(scope="module")
def pin(club: Club) -> Pin:
    return make_pin(club.state)


def given(page: Page, brief: Brief, pin: Pin | None, **more: str) -> str:
    return check(page, brief.to_bytes().decode(), trust=pin.to_bytes().decode() if pin else "", **more)


@pytest.mark.smoke
def test_a_statement_is_official_on_the_word_of_the_pins_partners(phone: Page, club: Club, pin: Pin) -> None:
    """A phone without network says it in large words, with the text, on whose word, and the words by which the pin is compared."""
    raw = make_text(b"We move to the mill.\n", bytes(16))
    digest = text_digest(raw)
    said = club.decide("statement", {"text": digest, "language": "en"}, "heron", "tern")
    club.tick()
    brief = replace(club.brief(at(), index=club.state.ids[said]), texts={digest: raw})
    assert given(phone, brief, pin) == "Official"
    facts = phone.inner_text("#facts")
    assert "avocet, dunlin, knot" in facts
    assert "Approved by: heron, tern." in facts
    assert " ".join(pin.fingerprint()) in facts
    assert phone.inner_text("#texts pre") == "We move to the mill.\n"


def test_what_is_struck_old_or_never_was_is_said_in_every_language(phone: Page, club: Club, pin: Pin) -> None:
    """The same five answers in English, Russian, Korean, Chinese, Spanish and Arabic."""
    cases = {
        "official": club.brief(at(), ("members", "tern")),
        "official-freshness-unknown": club.brief(at(7_200), ("members", "tern")),
        "struck": club.brief(at(), ("channels", ADDRESS)),
        "not-official": club.brief(at(), ("channels", HOSTILE)),
        "stale": club.brief(at(8 * 86_400), ("members", "tern")),
    }
    assert tuple(cases) == VERDICTS
    for name, brief in cases.items():
        given(phone, brief, pin)
        for code, strings in STRINGS.items():
            phone.select_option("#language", code)
            said, (before, _, after) = phone.inner_text("#verdict"), strings[f"verdict-{name}"].partition("{time}")
            assert said.startswith(before), (name, code)
            assert said.endswith(after), (name, code)
            assert phone.get_attribute("html", "dir") == ("rtl" if code == "ar" else "ltr")
        phone.select_option("#language", "en")
    assert phone.locator("#facts img").count() == 0
    assert Axe().run(phone).violations_count == 0


def test_without_a_pin_or_under_anothers_nothing_is_claimed(phone: Page, club: Club, pin: Pin) -> None:
    """Whose word it is, only the reader can say; another organisation's pin, or one partner alone, ends in a no."""
    brief = club.brief(at(), ("members", "tern"))
    assert given(phone, brief, None) == "Cannot judge"
    assert "needs the organisation's pin" in phone.inner_text("#facts")
    assert given(phone, brief, pin, org="0" * 64) == "Do not believe this"
    assert phone.inner_text("#facts") == "This is of another organisation than your pin."
    alone = replace(brief, state=club.vouched({"knot": at()}))
    assert given(phone, alone, pin) == "Do not believe this"
    assert "Too few of the partners in your pin vouch for this." in phone.inner_text("#facts")
    assert check(phone, brief.to_bytes().decode(), trust="{}") == "This cannot be read"
    assert "The pin, a key or a line of the policy" in phone.inner_text("#facts")


def test_a_checkpoint_is_checked_against_a_pin_too(phone: Page, club: Club, pin: Pin) -> None:
    """A pin holds the log's key and the mirrors' policy, so it stands for both."""
    assert check(phone, club.note(at()), trust=pin.to_bytes().decode()) == "This holds"

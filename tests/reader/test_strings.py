"""Laws of the words on the reader's pages: every sentence in every language, with the same places, and none too many."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

READER = Path(__file__).resolve().parents[2] / "reader"
CODES = ("en", "ru", "ko", "zh", "es", "ar")
BIDI = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# Sentences whose keys the code puts together.
MADE = {
    "bad": ("trust", "org"),
    "signature": ("founder", "named", "passkey", "unknown", "bad", "none"),
    "verdict": (
        "holds",
        "cannot-judge",
        "not-official",
        "refused",
        "unreadable",
        "official",
        "official-freshness-unknown",
        "struck",
        "stale",
    ),
    "why": (
        *("epoch", "old-epoch", "ahead", "old", "never", "struck", "moved", "no-seat", "no-member", "others"),
        *("not-shown", "not-counted", "not-enacted", "type", "status"),
    ),
}


def strings(code: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((READER / "strings" / f"{code}.json").read_text("utf-8"))
    return found


def places(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def said() -> set[str]:
    """Every key that the pages and their code say."""
    page = (READER / "pages" / "verifier.html").read_text("utf-8")
    code = {name: (READER / "src" / f"{name}.js").read_text("utf-8") for name in ("check", "briefcheck", "verifier")}
    keys = set(re.findall(r'data-say="([\w-]+)"', page))
    keys |= set(re.findall(r'"([a-z][a-z-]*)"', "".join(re.findall(r"fact\((?:[^()]|\([^()]*\))*\)", code["check"] + code["briefcheck"]))))
    keys |= set(re.findall(r'(?:sentence\(language, |say: )"([\w-]+)"', code["verifier"])) | {"text", "note-text"}
    known = re.search(r"const known = (\[.*\]);", code["check"])
    assert known is not None
    keys |= {f"because-{name.replace('/', '-')}" for name in json.loads(known[1])} | {"because-mathematics", "because-form"}
    return keys | {f"{stem}-{end}" for stem, ends in MADE.items() for end in ends}


def test_every_sentence_that_is_said_is_there_and_no_other() -> None:
    """A key without a sentence would show a reader nothing, and a sentence without a key misleads its translators."""
    assert strings("en").keys() == said()


def test_a_label_has_no_place_to_fill() -> None:
    """What stands on the page from the start has no values yet: a sentence with a place in it would say "undefined"."""
    page = (READER / "pages" / "verifier.html").read_text("utf-8")
    assert [key for key in re.findall(r'data-say="([\w-]+)"', page) if places(strings("en")[key])] == []


@pytest.mark.parametrize("code", CODES)
def test_every_language_has_every_sentence_with_its_places(code: str) -> None:
    """Each language says everything that English says, with the same values in it, as plain text."""
    english, here = strings("en"), strings(code)
    assert list(here) == list(english)
    for key, text in here.items():
        assert places(text) == places(english[key]), key
        assert bool(text) or (key, code) == ("machine", "en"), key
        assert not BIDI.search(text), key
        assert "<" not in text, key
    if code != "en":
        assert [key for key in here if here[key] == english[key]] == []


def test_the_languages_of_the_page_are_those_that_are_there() -> None:
    """No file of sentences is left out of the page, and none is missing."""
    assert {path.stem for path in (READER / "strings").glob("*.json")} == set(CODES)
    source = (READER / "src" / "language.js").read_text("utf-8")
    assert re.findall(r'^  \["(\w+)", \{ name:', source, re.MULTILINE) == list(CODES)

"""Laws of the words on the signer's page: every sentence in every language, and none that nobody says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

READER = Path(__file__).resolve().parents[2] / "reader"
SOURCES = READER / "src" / "signer"
CODES = ("en", "ru", "ko", "zh", "es", "ar")
BIDI = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
SAME_AS_ENGLISH = frozenset({("machine", "en")})
# Sentences whose keys the code puts together: by the act, and by what is taken back.
ACTS = ("approve", "object", "confirm", "withdraw-proposal", "withdraw-approval", "withdraw-objection")
MADE = {
    "act": (*ACTS, "notice", "accept-seat", "withdraw-seat", "withdraw-delegation"),
    "effect": (*ACTS, "notice", "withdraw-seat", "withdraw-delegation"),
    "do": ("channel-add", "channel-strike"),
    "sheet": ("keep-1", "keep-2", "keep-3"),
    "remark": ("any-one", "no-spare", "one-member", "one-person", "veto"),
}


def strings(code: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((READER / "strings" / "signer" / f"{code}.json").read_text("utf-8"))
    return found


def said() -> set[str]:
    """Every key that the page and its code say."""
    page = (READER / "pages" / "signer.html").read_text("utf-8")
    code = "".join(path.read_text("utf-8") for path in sorted(SOURCES.glob("*.js")))
    keys = set(re.findall(r'data-say="([\w-]+)"', page)) | {"title"}
    literals = set(re.findall(r'"([a-z][a-z0-9-]*)"', code))
    return (keys | literals | {f"{stem}-{end}" for stem, ends in MADE.items() for end in ends}) & (strings("en").keys() | keys)


def test_every_sentence_that_is_said_is_there_and_no_other() -> None:
    """A key without a sentence would show a member nothing, and a sentence that nobody says misleads its translators."""
    assert strings("en").keys() == said()


@pytest.mark.parametrize("code", CODES)
def test_every_language_has_every_sentence_with_its_places(code: str) -> None:
    """Each language says everything that English says, in the same order, with the same values in it, as plain text."""
    english, here = strings("en"), strings(code)
    assert list(here) == list(english)
    for key, text in here.items():
        assert set(re.findall(r"\{(\w+)\}", text)) == set(re.findall(r"\{(\w+)\}", english[key])), key
        assert bool(text) or (key, code) in SAME_AS_ENGLISH, key
        assert not BIDI.search(text), key
        assert "<" not in text, key
    if code != "en":
        assert [key for key in here if here[key] == english[key]] == []


def test_the_languages_of_the_page_are_those_that_are_there() -> None:
    """No file of sentences is left out of the page, and none is missing."""
    assert {path.stem for path in (READER / "strings" / "signer").iterdir()} == set(CODES)
    source = (SOURCES / "words.js").read_text("utf-8")
    assert re.findall(r'^  \["(\w+)", \{ name:', source, re.MULTILINE) == list(CODES)


def test_every_refusal_has_a_sentence() -> None:
    """What stands for a code in the table of refusals is a sentence that there is."""
    source = (SOURCES / "refusals.js").read_text("utf-8")
    assert set(re.findall(r'"(no-[\w-]+)"', source)) <= strings("en").keys()

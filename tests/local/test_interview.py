"""Laws about the interview's screens as a browser gets them: in every language, with hostile names, small, and leaving nothing readable behind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from commonhold.kernel.custody.interview import Person
from commonhold.pages.language import CODES, language, plain
from commonhold.store.sealedfile import is_sealed, unseal
from tests.attacks import Mutation, attack
from tests.interviews import RADIO
from tests.local.talking import Talk, talk, without_tags

SCREENS = ("start", "people", "things", "t1", "t2", "t3", "t4", "check", "result")
WORDS = "four herons at low tide"
HOSTILE = "<svg/onload=alert(1)>&\"'"


@pytest.fixture
def said(tmp_path: Path) -> Talk:
    """The radio's answers, open in a browser."""
    found = talk(tmp_path / "custody.json")
    found.keeper.save(RADIO.interview)
    return found


@pytest.mark.slow
def test_every_screen_speaks_every_language(said: Talk) -> None:
    """Each of the six languages has every screen, both reports and the picture, with the names as they were given."""
    for code in CODES:
        spoken = language(code)
        assert said.browser.post("/language", data={"token": said.token, "language": code, "at": "start"}).status_code == 200
        for screen in SCREENS:
            page = said.browser.get(f"/{screen}")
            assert page.status_code == 200
            assert f'lang="{spoken.tag}" dir="{spoken.direction}"' in page.text
        assert plain(spoken.say("Three things to do this week")) in page.text
        for which in ("page", "full"):
            assert "Heron" in said.browser.get(f"/report/{which}").text
        assert said.browser.get("/picture.svg").text.startswith("<svg")


@attack(
    "custody-local-05",
    Mutation("src/commonhold/pages/templates.py", find="autoescape=True", replace="autoescape=False"),
)
def test_a_name_is_never_markup(said: Talk) -> None:
    """HTML in a name reaches no screen, no report and no picture as HTML."""
    people = (Person("p1", HOSTILE, True), *RADIO.interview.people[1:])
    things = (replace(RADIO.interview.things[0], name=HOSTILE + "2"), *RADIO.interview.things[1:])
    said.keeper.save(replace(RADIO.interview, title=HOSTILE, people=people, things=things))
    for path in (*SCREENS, "report/page", "report/full", "picture.svg", "picture.svg?thing=t1"):
        text = said.browser.get(f"/{path}").text
        assert "<svg/onload" not in text, path
        assert "onload=alert" not in without_tags(text) or "&lt;svg/onload" in text, path


def test_names_that_turn_text_around_are_refused_and_what_was_typed_stays(said: Talk) -> None:
    """Bidirectional and other controls, and names of a thousand letters are answered on the same screen, which still holds the rest."""
    for bad in ("a\u202eb", "x" * 1_000, "a\x00b"):
        answer = said.browser.post(
            "/people", data={"token": said.token, "name-p1": bad, "inside-p1": "y", "name-p7": "Ruff", "inside-p7": "y"}
        )
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text
        assert 'value="Ruff"' in answer.text
    assert said.keeper.interview.people == RADIO.interview.people


def test_all_that_a_screen_needs_is_under_a_hundred_kilobytes(said: Talk) -> None:
    """The page, its style and its script together, in the language that takes the most bytes."""
    for code in CODES:
        said.browser.post("/language", data={"token": said.token, "language": code, "at": "start"})
        parts = sum(len(said.browser.get(path).content) for path in ("/interview.css", "/interview.js"))
        for screen in SCREENS:
            assert parts + len(said.browser.get(f"/{screen}").content) < 100_000, (code, screen)


@attack(
    "custody-local-06",
    Mutation("src/commonhold/local/takeaway.py", find="    if not passphrase and not plain_wanted:", replace="    if False:"),
)
def test_what_leaves_the_computer_is_sealed_unless_somebody_says_otherwise(said: Talk) -> None:
    """Neither a passphrase nor the tick: nothing is handed out. With a passphrase, the file names nobody; with the tick, it is readable."""
    for what in ("page", "full", "answers"):
        refused = said.browser.post("/export", data={"token": said.token, "what": what, "passphrase": ""})
        assert refused.status_code == 422
        assert "attachment" not in refused.headers.get("content-disposition", "")
        sealed = said.browser.post("/export", data={"token": said.token, "what": what, "passphrase": WORDS})
        assert sealed.headers["content-disposition"].endswith('.age"')
        assert is_sealed(sealed.content)
        assert b"Heron" in unseal(sealed.content, WORDS)
        readable = said.browser.post("/export", data={"token": said.token, "what": what, "plain": "y"})
        assert "attachment" in readable.headers["content-disposition"]
        assert b"Heron" in readable.content
    assert said.browser.post("/export", data={"token": said.token, "what": "page", "passphrase": "short"}).status_code == 422


def test_while_the_file_is_locked_nothing_of_it_is_shown(tmp_path: Path) -> None:
    """Every screen leads to the passphrase; picture and reports are shut."""
    first = talk(tmp_path / "custody.json")
    first.keeper.save(RADIO.interview)
    first.keeper.protect(WORDS)
    first.keeper.close()
    said = talk(tmp_path / "custody.json")
    for path in (*SCREENS, "picture.svg", "report/page", "report/full"):
        answer = said.browser.get(f"/{path}")
        assert "Heron" not in answer.text
        assert "Saltmarsh" not in answer.text
    for path in ("people", "start", "check", "t1", "language", "export"):
        said.browser.post(f"/{path}", data={"token": said.token, "title": "other", "name-p1": "Mallory", "language": "ru", "plain": "y"})
    assert said.keeper.locked
    wrong = said.browser.post("/unlock", data={"token": said.token, "passphrase": "three herons"})
    assert wrong.status_code == 422
    assert said.browser.post("/unlock", data={"token": said.token, "passphrase": WORDS}).status_code == 200
    assert said.keeper.interview == RADIO.interview


def test_a_screen_that_is_gone_says_so(said: Talk) -> None:
    """An old tab of a thing that was removed in another window: plain words, and nothing is lost."""
    assert said.browser.post("/things", data={"token": said.token, "remove": "t1"}).status_code == 200
    assert said.browser.get("/t1").status_code == 404
    assert said.browser.post("/t1", data={"token": said.token, "admins": "p1"}).status_code in (404, 422)
    assert len(said.keeper.interview.things) == 3

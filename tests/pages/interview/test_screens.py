"""Laws about the interview's screens: whole, small and self-contained in every language, and built the same whatever people write into them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser

import pytest

from commonhold.kernel.custody.interview import (
    KINDS,
    Interview,
    Person,
    Plan,
    compile_register,
    interview_bytes,
    parse_interview,
    plan,
    standing,
)
from commonhold.pages.interview import screens
from commonhold.pages.interview.screens import Frame
from commonhold.pages.language import CODES, language, plain
from tests.attacks import Mutation, attack
from tests.interviews import FESTIVAL, RADIO, UNION

LIMIT = 100_000
"""Bytes of a page with its style and its script."""

VOID = {"meta", "link", "input", "br", "img", "circle", "path", "use"}
HOSTILE = (
    "<svg/onload=alert(1)>",
    '"><script>alert(1)</script>',
    "' autofocus onfocus=alert(1) x='",
    "</title></bdi></main><iframe src=//evil.example>",
    "{{ 7 * 7 }}{% raw %}",
    "%(name)s %s %%",
    "&lt;b&gt;&amp;",
    "javascript:alert(1)",
    "<!-- x --><![CDATA[",
    "\u05e9\u05dc\u05d5\u05dd (abc) \u0645\u0631\u062d\u0628\u0627",
    "a\u200db\u0301",
)


class Page(HTMLParser):
    """What stands in a page: its skeleton (tags and names of attributes), the values of attributes, its texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.skeleton: list[tuple[str, tuple[str, ...]]] = []
        self.values: list[tuple[str, str, str]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.skeleton.append((tag, tuple(name for name, _ in attrs)))
        self.values += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def of(self, attribute: str) -> list[str]:
        """The values of an attribute, wherever it stands."""
        return [value for _, name, value in self.values if name == attribute]


@cache
def _plan(raw: bytes) -> Plan:
    return plan(parse_interview(raw))


def shown(interview: Interview, code: str = "en", *, refused: tuple[str, ...] = (), file: str = "custody.json") -> Mapping[str, str]:
    """Every screen of an interview."""
    spoken = language(code)
    compiled = compile_register(interview, spoken.plainly)
    found = standing(compiled.register)

    def frame(at: str) -> Frame:
        return Frame(spoken, interview, "the-token", at, refused)

    fresh = [f"t{900 + place}" for place in range(len(KINDS))]
    pages = {
        "start": screens.start(frame("start"), file=file, protected=False, protecting=bool(refused)),
        "unlock": screens.unlock(frame("unlock"), file),
        "people": screens.people(frame("people"), ["p901", "p902"]),
        "things": screens.things(frame("things"), fresh),
        "check": screens.check(frame("check"), compiled),
        "result": screens.result(frame("result"), _plan(interview_bytes(interview)), version="v"),
        "told": screens.told(frame("result"), "Saved", [spoken.say("Your answers are in %(file)s.", file=file)]),
    }
    for thing in interview.things:
        pages[thing.id] = screens.thing(frame(thing.id), thing, compiled, found, version="v", fresh="p900")
    return pages


def called(interview: Interview, name: str) -> Interview:
    """The same interview, everybody and everything in it bearing the name, with a number to tell them apart."""
    return replace(
        interview,
        title=name,
        people=tuple(replace(person, name=f"{name}{place}") for place, person in enumerate(interview.people)),
        things=tuple(replace(thing, name=f"{name} {place}") for place, thing in enumerate(interview.things)),
    )


@pytest.mark.parametrize("code", CODES)
def test_every_screen_is_whole_and_self_contained_in_every_language(code: str) -> None:
    """Tags close in order, ids are there once, every field has its label, and no address leads away from the program."""
    spoken = language(code)
    for case in (RADIO, UNION, FESTIVAL):
        for at, html in shown(case.interview, code, refused=("What is wrong",)).items():
            page = Page(html)
            assert f'<html lang="{spoken.tag}" dir="{spoken.direction}">' in html
            assert "\u2068" not in "".join(page.texts), at
            assert [id_ for id_, count in Counter(page.of("id")).items() if count > 1] == [], at
            for attribute in ("href", "src", "action"):
                assert all(re.match(r"(/(?!/)|#|data:,$)", value) for value in page.of(attribute)), (at, attribute)
            named = {name for _, names in page.skeleton for name in names}
            assert not {name for name in named if name.startswith("on") or name == "style"}, at
            assert Counter(tag for tag, _ in page.skeleton)["script"] == 1
            assert set(page.of("for")) <= set(page.of("id")), at
            wanted = {id_ for tag, name, id_ in page.values if tag in ("input", "select") and name == "id"}
            assert wanted <= set(page.of("for")), at
            for reference in ("aria-labelledby", "aria-describedby"):
                assert set(page.of(reference)) <= set(page.of("id")), at
            assert html.count("<form") == html.count('value="the-token"'), at


@pytest.mark.parametrize("code", CODES)
def test_a_screen_with_its_style_and_script_is_under_a_hundred_kilobytes(code: str) -> None:
    """In every language, each screen of every organisation, uncompressed."""
    fixed = len(screens.asset("interview.css")) + len(screens.asset("interview.js"))
    for case in (RADIO, UNION, FESTIVAL):
        for at, html in shown(case.interview, code).items():
            assert fixed + len(html.encode()) < LIMIT, at


@attack("custody-local-05", Mutation("src/commonhold/pages/templates.py", find="autoescape=True", replace="autoescape=False"))
@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_changes_nothing_but_the_words(name: str) -> None:
    """Whatever the organisation, people and things are called, each screen has the same tags and attributes, and shows the name as it is."""
    for code in ("en", "ar"):
        pages = shown(called(RADIO.interview, name), code, refused=(name,), file=f"/home/{name}")
        expected = shown(called(RADIO.interview, "Name"), code, refused=("Name",), file="/home/Name")
        for at, html in pages.items():
            page = Page(html)
            assert page.skeleton == Page(expected[at]).skeleton, at
            said = "".join(page.texts)
            assert name in said or at in ("check",), at
            assert not [value for value in page.of("href") if "alert" in value or "evil" in value], at


@attack(
    "custody-local-05",
    Mutation(
        "src/commonhold/pages/templates.py", find='parts.append(escape(_CONTROLS.sub("", piece)))', replace="parts.append(Markup(piece))"
    ),
)
def test_what_could_not_be_kept_comes_back_as_it_was_typed_and_acts_on_nothing() -> None:
    """Controls and markup in fields stand in their fields; in a refusal they are text, without what turns it around."""
    typed = {"name-p1": '"><script>alert(1)</script>\u202e', "name-p77": "<img src=x onerror=alert(1)>", "inside-p77": "y"}
    frame = Frame(language("en"), RADIO.interview, "the-token", "people", ("<b>\u202eevil\u2066",))
    page = Page(screens.people(frame, ["p901"], typed))
    written = [value for tag, name, value in page.values if tag == "input" and name == "value"]
    assert typed["name-p1"] in written
    assert typed["name-p77"] in written
    assert {tag for tag, _ in page.skeleton}.isdisjoint({"img", "b"})
    assert "<b>evil" in page.texts
    things = Page(
        screens.things(
            replace(frame, at="things"), [f"t{900 + place}" for place in range(len(KINDS))], {"page-t1": "<b>", "list-t55": "a\x00<i>"}
        )
    )
    written = [value for tag, name, value in things.values if tag == "input" and name == "value"]
    assert "<b>" in written
    assert "a\x00<i>" in written or "a\ufffd<i>" in written


def test_a_screen_says_where_one_is_and_what_is_answered() -> None:
    """Of the screens the list marks this one and those that are answered; the bar counts along."""
    page = shown(RADIO.interview)["t2"]
    assert re.search(r'<a href="/t2" aria-current="step">', page)
    assert page.count('aria-current="step"') == 1
    assert "Screen <bdi>" in page or "Screen 5 of 9" in page
    assert '<progress aria-labelledby="where" max="9" value="5">' in page
    assert page.count('class="done"') == 7


def test_what_nobody_looked_up_is_said_on_the_screen_and_before_the_result() -> None:
    """A recovery path left open counts at its worst, and both screens say so, naming whom it counts for."""
    pages = shown(UNION.interview)
    assert "Not answered or not known: each person who can sign in counts as able to take it alone." in pages["t3"]
    assert "Not answered or not known" not in pages["t2"]
    check = pages["check"]
    assert "Nobody has looked this up yet" in check
    assert '<a href="/t3#q-reset_mail">' in check
    assert "each alone" in check
    assert 'id="q-reset_mail"' in pages["t3"]


def test_the_result_never_says_safe_and_speaks_of_powers() -> None:
    """Neither a thing nor the whole is called safe, nobody is called a thief, and the page is for members."""
    for case in (RADIO, UNION, FESTIVAL):
        result = plain(shown(case.interview)["result"])
        assert "For members only. It says what people could do, never what they intend." in result
        assert not re.search(r"\b(safe|secure|suspect|steal|thief|hacker)\b", result, re.IGNORECASE)


def test_nothing_answered_shows_every_screen_and_no_result() -> None:
    """An interview that was only begun has its fixed screens, and its result says what to do first."""
    pages = shown(Interview(people=(Person("p1", "Heron"),)))
    assert set(pages) == {"start", "unlock", "people", "things", "check", "result", "told"}
    assert "Nothing yet. Name the things that you have first." in pages["result"]
    assert "<table" not in pages["result"]

"""Laws about what a browser sends: each screen changes what it shows and nothing else, and what cannot be kept is said and stays on the screen."""

from __future__ import annotations

import asyncio
import time

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commonhold.kernel.custody.interview import Interview, Person, interview_bytes, parse_interview
from commonhold.kernel.custody.interview.answers import MAX_PEOPLE, MAX_THINGS, TOGETHER, UNKNOWN
from commonhold.kernel.errors import FormatError
from commonhold.local.forms import Form, with_answers, with_assumptions, with_people, with_things, with_title
from tests.interviews import RADIO, UNION
from tests.local.conftest import HOME, Local, kept, rows

TITLE = "Saltmarsh Radio"
WIDE = "\uff28eron"
"""Heron with a full-width H."""
_TEXTS = st.text(max_size=12) | st.sampled_from(["p1", "t1", "-", "?", "2+", "y", "Heron", "next", "x" * 90])
_FIELDS = "title name-p1 name-p9 inside-p1 remove page-t1 page-t9 domain-t1 admins contract lock new-person new-id assume-remove assume-t1-remove go"
_NAMES = st.sampled_from(_FIELDS.split()) | st.text(max_size=8)


def form(*fields: tuple[str, str], **more: str) -> Form:
    return Form.of([*fields, *more.items()])


def test_an_interview_is_answered_without_a_script(empty: Local) -> None:
    """From the name to the result by plain forms alone: each leads on, and each is in the file when it is answered."""
    client = empty.browser()
    assert client.get("/").headers["location"] == "/start"
    assert empty.post(client, "start", title=TITLE).headers["location"] == "/people"
    assert kept(empty.file).title == TITLE
    heron, tern, *_ = rows(client.get("/people").text, "name-")
    sent = empty.post(client, "people", (heron, "Heron"), (heron.replace("name-", "inside-"), "y"), (tern, "Tern"))
    assert sent.headers["location"] == "/things"
    assert [(person.name, person.inside) for person in kept(empty.file).people] == [("Heron", True), ("Tern", False)]
    (mailbox,) = rows(client.get("/things").text, "mailbox-")
    assert empty.post(client, "things", (mailbox, "studio mailbox")).headers["location"] == f"/{mailbox.removeprefix('mailbox-')}"
    (thing,) = kept(empty.file).things
    one, two = (person.id for person in kept(empty.file).people)
    assert empty.post(client, thing.id, ("password", one), ("password", two)).headers["location"] == "/check"
    assert kept(empty.file).things[0].answers == {"password": (one, two)}
    assert "Nobody has looked this up yet" in client.get("/check").text
    assert empty.post(client, "check").headers["location"] == "/result"
    assert "Heron" in client.get("/result").text
    assert client.get("/").headers["location"] == "/check"


def test_back_more_and_add_stay_or_return(local: Local) -> None:
    """Every button saves first; the first screen has nothing before it, and the last nothing after."""
    client = local.browser()
    asked = {
        ("start", "back"): "start",
        ("people", "back"): "start",
        ("people", "more"): "people",
        ("t1", "here"): "t1",
        ("t1", "back"): "things",
    }
    for (screen, go), place in asked.items():
        assert local.post(client, screen, go=go).headers["location"] == f"/{place}"
    assert local.post(client, "result", go="next").status_code == 422


def test_a_form_that_arrives_twice_changes_nothing_more(local: Local) -> None:
    """Rows carry the id of who is written there: sent again, from a second window or by an impatient finger, it adds nobody twice."""
    client = local.browser()
    fresh = rows(client.get("/people").text, "name-p")[-1]
    for _ in range(3):
        assert local.post(client, "people", (fresh, "Gull")).status_code == 303
    assert [person.name for person in kept(local.file).people] == ["Heron", "Tern", "Plover", "Gull"]


def test_people_are_renamed_and_removed_with_what_names_them() -> None:
    """A name that was emptied stays; a removal takes the person's answers along, and no other person's."""
    renamed = with_people(RADIO.interview, form(("name-p1", "  Hérón  "), ("name-p2", "")))
    assert [(person.name, person.inside) for person in renamed.people] == [("Hérón", False), ("Tern", False), ("Plover", True)]
    without = with_people(RADIO.interview, form(("name-p1", "Heron"), ("remove", "p1")))
    assert [person.name for person in without.people] == ["Tern", "Plover"]
    page, domain, mailbox, _ = without.things
    assert page.answers["admins"] == ("p2",)
    assert "contract" not in domain.answers
    assert mailbox.answers["password"] == ("p2", "p3")
    assert "reset_mail" not in mailbox.answers


def test_things_are_renamed_and_removed_with_what_names_them() -> None:
    """They keep the order of their kinds, and what led to a removed one is open again."""
    changed = with_things(RADIO.interview, form(("page-t1", "Our page"), ("list-t9", "list"), ("remove", "t3")))
    assert [(thing.kind, thing.name) for thing in changed.things] == [
        ("page", "Our page"),
        ("domain", "saltmarsh.example"),
        ("phone", "studio phone"),
        ("list", "list"),
    ]
    assert "reset_mail" not in changed.things[0].answers
    assert changed.things[1].answers["contract"] == ("p1",)


def test_nobody_beside_a_name_is_the_name() -> None:
    """Without a script somebody can tick both: who is named counts. On a contract the organisation may stand beside a person."""
    page, domain = RADIO.interview.things[:2]
    answered = with_answers(RADIO.interview, page, form(("editors", "-"), ("editors", "p3"))).things[0]
    assert answered.answers["editors"] == ("p3",)
    assert "admins" not in answered.answers
    titled = with_answers(RADIO.interview, domain, form(("contract", "-"), ("contract", "p1"))).things[1]
    assert titled.answers["contract"] == ("-", "p1")
    known = with_answers(RADIO.interview, page, form(("admins", "p1"), ("admins", TOGETHER), ("admins", UNKNOWN))).things[0]
    assert known.answers["admins"] == ("p1", TOGETHER, UNKNOWN)


def test_only_a_word_of_theirs_is_kept_as_an_assumption() -> None:
    """A tick as it usually is says nothing; once somebody has decided, their word stays, on both screens."""
    page = RADIO.interview.things[0]
    usual = form(("assume-remove", "y"), ("assume-platform", "y"))
    assert with_answers(RADIO.interview, page, usual).things[0].assumptions == {}
    denied = with_answers(RADIO.interview, page, form(("assume-platform", "y")))
    decided = denied.things[0].assumptions
    assert decided == {"remove": False}
    everything = form(("assume-t1-remove", "y"), ("assume-t1-platform", "y"))
    assert with_assumptions(denied, everything).things[0].assumptions == {"remove": True}


def test_somebody_who_was_missing_is_added_where_they_are_missed(local: Local) -> None:
    """The answers given beside them are kept, and a second sending adds nobody twice."""
    client = local.browser()
    for _ in range(2):
        sent = local.post(client, "t1", ("admins", "p1"), ("new-person", "Gull"), ("new-id", "p77"), ("new-inside", "y"), go="here")
        assert sent.headers["location"] == "/t1"
    assert kept(local.file).people[-1] == Person("p77", "Gull", True)
    assert len(kept(local.file).people) == 4
    assert kept(local.file).things[0].answers["admins"] == ("p1",)


@pytest.mark.parametrize(
    ("screen", "fields", "said"),
    [
        ("start", [("title", "x" * 81)], "too long"),
        ("start", [("title", "a\u202eb")], "character that cannot be kept"),
        ("start", [("title", "a\x00b")], "character that cannot be kept"),
        ("people", [("name-p1", "Tern")], "stands in the list twice"),
        ("people", [("name-p9", "HERON")], "stands in the list twice"),
        ("people", [("name-p9", WIDE)], "stands in the list twice"),
        ("people", [("name-p9", "He\u200bron")], "stands in the list twice"),
        ("people", [("name-p9", "Gull, Tern")], "has a comma"),
        ("people", [("name-<svg>", "Gull")], "did not arrive whole"),
        ("people", [(f"name-p{number}", f"Person {number}") for number in range(10, 11 + MAX_PEOPLE)], "too many"),
        ("things", [("page-t9", "Saltmarsh page")], "stands in the list twice"),
        ("things", [(f"other-t{number}", f"Thing {number}") for number in range(10, 11 + MAX_THINGS)], "too many"),
        ("things", [("page-p1", "x")], "did not arrive whole"),
        # Two things of one id, or one of two kinds, would make a file that cannot be read again.
        ("things", [("list-t1", "x")], "did not arrive whole"),
        ("things", [("page-t9", "x"), ("list-t9", "y")], "did not arrive whole"),
        ("t1", [("admins", "p9")], "not there any more"),
        ("t1", [("admins", "<svg/onload=alert(1)>")], "not there any more"),
        ("t1", [("reset_mail", "t1")], "not there any more"),
        ("t2", [("lock", "maybe")], "not there any more"),
        ("t1", [("new-person", "Gull"), ("new-id", "x")], "did not arrive whole"),
        ("t1", [("new-person", "tern"), ("new-id", "p9")], "stands in the list twice"),
    ],
)
def test_what_cannot_be_kept_is_said_and_stays_on_the_screen(local: Local, screen: str, fields: list[tuple[str, str]], said: str) -> None:
    """The same screen comes back with what is wrong above it and what was typed in it; of the file no byte has changed."""
    client, before = local.browser(), local.file.read_bytes()
    answer = local.post(client, screen, *fields)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert said in answer.text
    told = local.post(client, screen, *fields, script=True)
    assert told.status_code == 422
    assert told.json()["ok"] is False
    assert said in " ".join(told.json()["lines"])
    assert local.file.read_bytes() == before
    if screen == "people" and fields[0][1] == "Gull, Tern":
        assert 'value="Gull, Tern"' in answer.text


def test_what_a_script_is_told_is_text(local: Local) -> None:
    """What follows from the answers, without marks, and where the picture of now is."""
    told = local.post(local.browser(), "t1", ("admins", "p1"), script=True)
    assert told.json()["ok"] is True
    assert any("Heron" in line for line in told.json()["follows"])
    assert "\u2068" not in told.text
    assert told.json()["picture"].startswith("/picture.svg?thing=t1&v=")
    assert local.post(local.browser(), "people", script=True).json() == {"ok": True}


def test_a_screen_that_is_gone_says_that_answers_are_saved(local: Local) -> None:
    """A thing removed in another window: its screen, and a form for it, lead on and change nothing."""
    client = local.browser()
    before = local.file.read_bytes()
    shown, sent = client.get("/t77"), local.post(client, "t77", ("admins", "p1"))
    assert (shown.status_code, sent.status_code) == (404, 404)
    assert "Everything that you answered is saved" in shown.text
    assert "not in the interview any more" in sent.text
    assert client.get("/favicon.ico").status_code == 404
    assert local.file.read_bytes() == before


def test_a_language_is_chosen_and_remembered(local: Local) -> None:
    """The page comes back in it, on the same screen, and the file says so; a language that nobody speaks here changes nothing."""
    client = local.browser()
    assert local.post(client, "language", language="ar", at="t1").headers["location"] == "/t1"
    assert '<html lang="ar" dir="rtl">' in client.get("/t1").text
    assert kept(local.file).language == "ar"
    for code in ("xx", "", "../en"):
        assert local.post(client, "language", language=code, at="//evil.example").headers["location"] == "/"
    assert kept(local.file).language == "ar"


def test_forms_that_arrive_together_are_answered_one_after_the_other(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two windows, or a script and a button: neither answer is lost, however long the disk takes."""
    save = local.keeper.save

    def slow(interview: Interview) -> None:
        time.sleep(0.05)
        save(interview)

    monkeypatch.setattr(local.keeper, "save", slow)

    async def both() -> list[int]:
        transport = httpx2.ASGITransport(app=local.guard)
        async with httpx2.AsyncClient(transport=transport, base_url=HOME) as client:
            await client.get(local.guard.new_address())
            token = local.guard.form_token
            sent = [client.post(f"/{screen}", data={"token": token, **fields}) for screen, fields in forms]
            return [answer.status_code for answer in await asyncio.gather(*sent)]

    forms = [("t1", {"admins": "p3"}), ("t2", {"contract": "p3"}), ("start", {"title": "Saltmarsh"}), ("t4", {"holder": "p1"})]
    assert asyncio.run(both()) == [303] * 4
    found = kept(local.file)
    assert found.title == "Saltmarsh"
    assert [found.things[place].answers[asked] for place, asked in ((0, "admins"), (1, "contract"), (3, "holder"))] == [
        ("p3",),
        ("p3",),
        ("p1",),
    ]


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(_NAMES, _TEXTS), max_size=8), st.sampled_from([RADIO.interview, UNION.interview, Interview()]))
def test_any_form_makes_an_interview_that_is_read_again_or_is_refused(fields: list[tuple[str, str]], before: Interview) -> None:
    """Whatever fields come, the result is one that the file can hold and give back, or a refusal in words."""
    made, codes = [], set[str]()
    for screen in (with_title, with_people, with_things, with_assumptions):
        try:
            made.append(screen(before, Form.of(fields)))
        except FormatError as error:
            codes.add(error.code)
    for thing in before.things:
        try:
            made.append(with_answers(before, thing, Form.of(fields)))
        except FormatError as error:
            codes.add(error.code)
    assert all(code.startswith("interview/") for code in codes)
    for interview in made:
        assert parse_interview(interview_bytes(interview)) == interview

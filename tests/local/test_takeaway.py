"""Laws about what leaves the machine: locked unless somebody decides otherwise, saved and never opened, and the same as what the screen says."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import httpx2
import pytest
from markupsafe import escape

from commonhold.kernel.custody.interview import parse_interview
from commonhold.kernel.errors import StoreError
from commonhold.store.sealedfile import is_sealed, unseal
from tests.attacks import Mutation, attack
from tests.interviews import RADIO
from tests.local.conftest import WORDS, Local

TAKEAWAY = "src/commonhold/local/takeaway.py"


def named(answer: httpx2.Response) -> str:
    """The name under which a browser saves it."""
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/octet-stream"
    before, name = answer.headers["content-disposition"].split("filename=")
    assert before == "attachment; "
    return str(name.strip('"'))


@attack("custody-local-06", Mutation(TAKEAWAY, find="if not passphrase and not plain_wanted:", replace="if False:"))
@pytest.mark.parametrize("what", ["page", "full", "answers"])
def test_nothing_leaves_readable_unless_somebody_says_so(local: Local, what: str) -> None:
    """The button alone is answered with a question; what was asked for is given out only with a passphrase, or with the tick."""
    client = local.browser()
    for typed in ({}, {"passphrase": ""}):
        answer = local.post(client, "export", what=what, **typed)
        assert answer.status_code == 422
        assert "content-disposition" not in answer.headers
        assert "needs a passphrase before it leaves this computer" in answer.text
    assert local.post(client, "export", what="no\r\nsense\u202e", plain="y").status_code == 422
    readable = local.post(client, "export", what=what, plain="y")
    assert not named(readable).endswith(".age")
    assert b"Heron" in readable.content


@attack("custody-local-06", Mutation(TAKEAWAY, find="    if passphrase:\n", replace="    if passphrase and not plain_wanted:\n"))
@pytest.mark.slow
def test_a_passphrase_locks_whatever_is_ticked(local: Local) -> None:
    """Where both were given, the careful one counts; any age program opens the file, and a too short passphrase is refused."""
    client = local.browser()
    short = local.post(client, "export", what="answers", passphrase="short", plain="y")
    assert short.status_code == 422
    assert "fewer than eight characters" in short.text
    answer = local.post(client, "export", what="answers", passphrase=WORDS, plain="y")
    assert named(answer) == "custody.json.age"
    assert is_sealed(answer.content)
    assert b"Heron" not in answer.content
    assert parse_interview(unseal(answer.content, WORDS)).people == RADIO.interview.people


def test_the_answers_go_on_elsewhere(local: Local) -> None:
    """What leaves as answers is a file that another machine's interview reads whole."""
    answer = local.post(local.browser(), "export", what="answers", plain="y")
    assert named(answer) == "custody.json"
    assert parse_interview(answer.content) == RADIO.interview


def test_a_pdf_that_cannot_be_made_says_what_to_install(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    """The refusal names the package and offers the web page; nothing is given out in its place."""

    def missing(_page: str) -> bytes:
        raise StoreError("no", code="pdf/library")

    monkeypatch.setattr("commonhold.local.takeaway.render_pdf", missing)
    answer = local.post(local.browser(), "export", what="page", format="pdf", plain="y")
    assert answer.status_code == 422
    assert "apt install" in answer.text
    assert "content-disposition" not in answer.headers


def test_reports_and_pictures_run_and_fetch_nothing(local: Local) -> None:
    """They may bring their own styles, and nothing else: no script, no form, no frame, nothing from anywhere."""
    client = local.browser()
    for path in ("/report/page", "/report/full", "/picture.svg", "/picture.svg?thing=t3", "/picture.svg?thing=none"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert "Heron" in answer.text
        policy = answer.headers["content-security-policy"]
        assert "script" not in policy
        assert "sandbox" in policy
        assert "<script" not in answer.text


def test_before_there_is_anything_to_report_that_is_said(empty: Local) -> None:
    """Nothing to show is no result that somebody could take for a good one, and no fault."""
    client = empty.browser()
    assert "Nothing yet" in client.get("/result").text
    assert "Nothing yet" in client.get("/check").text
    assert client.get("/picture.svg").status_code == 200
    assert client.get("/report/page").status_code == 422
    assert empty.post(client, "export", what="page", plain="y").status_code == 422


@pytest.mark.slow
def test_a_locked_interview_shows_nothing_until_it_is_opened(locked: Local, sealed: bytes) -> None:
    """Every screen leads to the passphrase, every form changes nothing; a wrong one says so, and the right one shows all."""
    client = locked.browser()
    for screen in ("start", "people", "t1", "check", "result", "report/page", "report/full"):
        assert client.get(f"/{screen}").headers["location"] == "/unlock", screen
    assert "Heron" not in client.get("/picture.svg").text
    for screen, fields in (
        ("start", {"title": "Taken"}),
        ("export", {"what": "answers", "plain": "y"}),
        ("protect", {"passphrase": WORDS, "again": WORDS}),
    ):
        answer = locked.post(client, screen, **fields)
        assert (answer.status_code, answer.headers["location"]) == (303, "/unlock"), screen
    assert locked.post(client, "language", language="ar", at="unlock").headers["location"] == "/"
    assert '<html lang="ar" dir="rtl">' in client.get("/unlock").text
    assert locked.post(client, "language", language="en").status_code == 303
    wrong = locked.post(client, "unlock", passphrase="three herons at low tide")
    assert wrong.status_code == 422
    assert "does not open the file" in wrong.text
    assert locked.file.read_bytes() == sealed
    assert locked.post(client, "unlock", passphrase=WORDS).headers["location"] == "/"
    assert "Heron" in client.get("/people").text
    assert client.get("/unlock").status_code == 404


def test_a_passphrase_is_typed_twice_the_same(local: Local) -> None:
    """Two that differ, or one that is too short, protect nothing, and the form is open again with what is wrong."""
    client = local.browser()
    for typed, said in ((("four herons", "four herOns"), "not the same"), (("short", "short"), "fewer than eight")):
        answer = local.post(client, "protect", passphrase=typed[0], again=typed[1])
        assert answer.status_code == 422
        assert said in answer.text
        assert '<details class="protect" open>' in answer.text
        assert typed[0] not in answer.text
    assert not local.keeper.protected


def test_save_and_close_ends_the_program_and_says_where_the_answers_are(local: Local) -> None:
    """The last screen names the file; only the form of the page ends the program."""
    client = local.browser()
    assert client.get("/finish").status_code == 404
    assert local.ended == []
    answer = local.post(client, "finish")
    assert "custody.json" in answer.text
    assert "has ended" in answer.text
    assert "<form" not in answer.text
    assert local.ended == [True]


@attack("custody-local-05", Mutation("src/commonhold/pages/templates.py", find="autoescape=True", replace="autoescape=False"))
@pytest.mark.parametrize("name", ['"><script>alert(1)</script>', "<svg/onload=alert(1)>", "]]><x:a/>&amp;"])
def test_what_leaves_shows_markup_in_names_as_letters(local: Local, name: str) -> None:
    """Pictures and reports of people and things that are called so hold no tag and no attribute of theirs."""
    before = RADIO.interview
    people = tuple(replace(person, name=f"{name}{place}") for place, person in enumerate(before.people))
    things = tuple(replace(thing, name=f"{name} {place}") for place, thing in enumerate(before.things))
    local.keeper.save(replace(before, title=name, people=people, things=things))
    client = local.browser()
    for path in ("/picture.svg", "/picture.svg?thing=t3"):
        root = ElementTree.fromstring(client.get(path).text)
        assert name in "".join(root.itertext())
        assert not [part for part in root.iter() if part.tag.endswith("script") or any(key.startswith("on") for key in part.attrib)]
    for path in ("/report/page", "/report/full"):
        page = client.get(path).text
        assert escape(name) in page
        assert "<script" not in page
        assert "<svg/" not in page

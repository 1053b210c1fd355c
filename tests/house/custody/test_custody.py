"""*Custody*: the check that a house keeps for its members, and what the record says of seals."""

from __future__ import annotations

import datetime
import json
import stat
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.house.sites import ROOT, Site
from tests.house.test_screens import text_of

ANSWERS = (ROOT / "examples" / "saltmarsh" / "custody.json").read_bytes()


def bring(site: Site, raw: bytes, by: str = "heron") -> Any:
    """A file brought by a member."""
    return site.client(by).post("/custody/upload/", {"register": SimpleUploadedFile("custody.json", raw)})


def test_a_house_without_a_check_says_how_to_begin_one(site: Site) -> None:
    """And what the record says of seals stands there all the same."""
    said = text_of(site.client("heron").get("/custody/"))
    assert "commonhold custody interview" in said
    assert "Seals" in said
    assert site.client("heron").get("/custody/picture.svg").status_code == 404


def test_answers_become_risks_in_words_three_things_to_do_and_a_picture(site: Site) -> None:
    """What the analysis finds is what the page says; each thing to do can be proposed."""
    from commonhold.house.core.speech import language
    from commonhold.house.custody.services import checked

    assert bring(site, ANSWERS).status_code == 302
    found = checked(ANSWERS, language("en"), datetime.date(2025, 6, 15))
    answer = site.client("tern").get("/custody/")
    said, page = text_of(answer), answer.content.decode()
    for fact in found.facts:
        assert fact.resource.name in said
    assert f"{sum(fact.one_takes for fact in found.facts)} of {len(found.facts)} could be taken by one person alone" in said
    assert 0 < len(found.actions) <= 3
    assert page.count('href="/propose/ordinary/?text=') == (len(found.actions) if "ordinary" in site.log.state.charter.by_kind else 0)
    picture = site.client("tern").get("/custody/picture.svg")
    assert picture["Content-Type"].startswith("image/svg+xml")
    assert picture.content.startswith(b"<svg")
    assert "script-src" not in picture["Content-Security-Policy"]
    assert "style=" not in page.partition('class="nice-padding house"')[2]


def test_the_file_is_for_the_houses_user_alone(site: Site) -> None:
    """Nobody else on the machine reads it, and it stands where nothing is served from."""
    bring(site, ANSWERS)
    kept = site.folder / ".custody" / "register.json"
    assert kept.read_bytes() == ANSWERS
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert site.client("heron").post("/custody/remove/").status_code == 302
    assert not kept.exists()


@pytest.mark.parametrize(
    ("raw", "part"),
    [
        (b"", "JSON"),
        (b"\xff\xfe", ""),
        (b"[" * 5_000, ""),
        (b"{}", ""),
        (b'{"schema": "custody-register/1", "parties": [], "nodes": []}', ""),
        (b" " * (1 << 20) + b"{}", "at most 1048576"),
        (ANSWERS.replace(b'"custody-interview/1"', b'"custody-interview/9"'), ""),
    ],
)
def test_a_file_that_is_none_is_named_and_changes_nothing(site: Site, raw: bytes, part: str) -> None:
    """What was there stays there, to the byte."""
    bring(site, ANSWERS)
    answer = bring(site, raw)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.content.decode()
    assert part in text_of(answer)
    assert (site.folder / ".custody" / "register.json").read_bytes() == ANSWERS
    assert site.client("heron").post("/custody/upload/").status_code == 400


def test_a_file_that_was_damaged_is_said_to_be(site: Site) -> None:
    """The page stands, and asks for it anew."""
    bring(site, ANSWERS)
    (site.folder / ".custody" / "register.json").write_bytes(b"{")
    answer = site.client("heron").get("/custody/")
    assert answer.status_code == 200
    assert "cannot be read" in text_of(answer)
    assert site.client("heron").get("/custody/picture.svg").status_code == 404


def test_hostile_names_are_inert_on_the_page_and_in_the_picture(site: Site) -> None:
    """They are words, wherever they stand."""
    value = json.loads(ANSWERS)
    value["things"][0]["name"] = "<script>alert(1)</script>"
    assert bring(site, json.dumps(value).encode()).status_code == 302
    assert "<script>alert" not in site.client("heron").get("/custody/").content.decode()
    assert b"<script>alert" not in site.client("heron").get("/custody/picture.svg").content


def test_who_looks_after_what_is_the_folds(site: Site) -> None:
    """With the decision that gave it, and a way to give it to somebody else."""
    made = site.propose("heron", "entrust", {"resource": "domain", "holders": ["tern"]})
    for name in ("heron", "tern", "plover", "curlew", "avocet"):
        if site.log.state.proposal(made).status == "open":
            site.act(name, "approve", {"proposal": made})
    answer = site.client("heron").get("/custody/").content.decode()
    if "domain" in site.log.state.part("resources"):
        assert f"/decisions/{made}/" in answer
        assert 'href="/propose/entrust/?resource=domain"' in answer
    for resource in site.log.state.charter.custody:
        assert resource in answer


def test_only_members_see_it_and_bring_it(site: Site) -> None:
    """Whoever is not signed in changes nothing."""
    for page in ("/custody/", "/custody/picture.svg"):
        assert site.client().get(page).status_code in {302, 403}
    assert site.client().post("/custody/upload/", {"register": SimpleUploadedFile("c", ANSWERS)}).status_code in {302, 403}
    assert not (site.folder / ".custody" / "register.json").exists()
    assert site.client("heron").get("/custody/upload/").status_code == 405

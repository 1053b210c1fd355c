"""Laws about who may talk to a page on loopback."""

from __future__ import annotations

from pathlib import Path

import pytest

from commonhold.local.guard import COOKIE, MAX_BODY
from tests.attacks import Mutation, attack
from tests.local.talking import HOST, client, talk

GUARD = "src/commonhold/local/guard.py"


@attack(
    "custody-local-01",
    Mutation(
        GUARD,
        find="        if not hmac.compare_digest(request.cookies.get(COOKIE",
        replace="        if False and not hmac.compare_digest(request.cookies.get(COOKIE",
    ),
    Mutation(GUARD, find="        once, self._once = self._once, None", replace="        once = self._once"),
)
def test_only_the_browser_that_opened_the_address_first_gets_in(tmp_path: Path) -> None:
    """The address works once; without the cookie that it left behind, every path is shut; and a wrong guess costs the address."""
    said = talk(tmp_path / "custody.json")
    stranger = client(said.guard)
    for path in ("/", "/people", "/result", "/picture.svg", "/report/full", "/interview.css", "/nowhere"):
        assert stranger.get(path).status_code == 403, path
    address = said.guard.new_address().removeprefix(f"http://{HOST}")
    assert stranger.get("/?token=guess").status_code == 403
    assert stranger.get(address).status_code == 403, "the guess cost the address"
    address = said.guard.new_address().removeprefix(f"http://{HOST}")
    assert stranger.get(address).status_code == 200
    assert client(said.guard).get(address).status_code == 403, "it worked once"
    assert said.browser.get("/people").status_code == 200, "and whoever was in stays in"


@attack("custody-local-02", Mutation(GUARD, find='        if request.headers.get("host") != self._host:', replace="        if False:"))
def test_a_name_that_leads_to_loopback_is_not_ours(tmp_path: Path) -> None:
    """A page of another site whose name resolves to 127.0.0.1 (DNS rebinding) is answered with nothing, whatever it carries."""
    said = talk(tmp_path / "custody.json")
    for host in ("evil.example:4711", "localhost:4711", "127.0.0.1", "127.0.0.1:80", ""):
        answer = said.browser.get("/people", headers={"host": host})
        assert answer.status_code == 421
        assert "Name of person" not in answer.text


@attack(
    "custody-local-03",
    Mutation(
        GUARD, find='    if not hmac.compare_digest(dict(fields).get("token", "").encode(), token.encode()):', replace="    if False:"
    ),
    Mutation(
        GUARD,
        find='        if request.method not in ("GET", "HEAD") and request.headers.get("origin"',
        replace='        if False and request.headers.get("origin"',
    ),
)
def test_another_page_cannot_answer_in_our_name(tmp_path: Path) -> None:
    """A form from another origin, or without the token that our screens carry, changes nothing, even in the browser that was let in."""
    said = talk(tmp_path / "custody.json")
    form = {"name-p1": "Mallory", "inside-p1": "y"}
    for path in ("/people", "/finish", "/protect", "/language", "/export"):
        assert said.browser.post(path, data={**form, "token": said.token}, headers={"origin": "https://evil.example"}).status_code == 403
        for token in ({}, {"token": ""}, {"token": "guess"}):
            assert said.browser.post(path, data={**form, **token}).status_code in (403, 422)
    assert said.keeper.interview.people == ()
    assert said.browser.post("/people", data={**form, "token": said.token}).status_code == 200
    assert [person.name for person in said.keeper.interview.people] == ["Mallory"]


def test_every_answer_keeps_others_out(tmp_path: Path) -> None:
    """No page is stored, framed, sniffed or allowed to load or run anything of others; the cookie is out of reach of scripts and other sites."""
    said = talk(tmp_path / "custody.json")
    for path in ("/start", "/people", "/things", "/check", "/result", "/interview.css", "/interview.js", "/picture.svg", "/nowhere"):
        headers = said.browser.get(path).headers
        assert headers["cache-control"] == "no-store", path
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
    answer = client(said.guard).get(said.guard.new_address().removeprefix(f"http://{HOST}"), follow_redirects=False)
    assert {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]} >= {"httponly", "samesite=strict", "path=/"}
    assert answer.headers["set-cookie"].startswith(COOKIE)


@pytest.mark.parametrize("body", [b"token=\xff", b"a" * (MAX_BODY + 1), b"&".join(b"a=%d" % n for n in range(6_000))])
def test_a_form_that_no_screen_of_ours_sends_is_refused(tmp_path: Path, body: bytes) -> None:
    """Too long, too many fields, or no UTF-8: a refusal, and the answers are as they were."""
    said = talk(tmp_path / "custody.json")
    answer = said.browser.post("/people", content=body, headers={"content-type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 422
    assert not (tmp_path / "custody.json").exists()

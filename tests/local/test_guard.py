"""Laws about who may talk to a page on loopback: one visitor, in one browser, and no other page or program."""

from __future__ import annotations

import asyncio

import pytest

from commonhold.local.guard import COOKIE, MAX_BODY
from tests.attacks import Mutation, attack
from tests.interviews import RADIO
from tests.local.conftest import HOME, HOST, Local, kept

GUARD = "src/commonhold/local/guard.py"
SHOWN = ("/", "/start", "/people", "/t1", "/result", "/picture.svg", "/report/full", "/interview.js", "/nothing")
FORMS = ("/start", "/people", "/t1", "/language", "/protect", "/unlock", "/export", "/finish")


def test_the_address_opens_the_interview_once(local: Local) -> None:
    """The first to open it gets a cookie that no script reads and no other site sends; everybody after that gets nothing."""
    client, address = local.browser(inside=False), local.guard.new_address()
    answer = client.get(address)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "domain" not in cookie
    assert client.get("/start").status_code == 200
    assert local.browser(inside=False).get(address).status_code == 403


def test_the_visitor_may_open_the_old_address_again(local: Local) -> None:
    """A browser that is inside already is led on, and a new address that waits for another browser is not used up by it."""
    client, old = local.browser(inside=False), local.guard.new_address()
    client.get(old)
    fresh = local.guard.new_address()
    again = client.get(old)
    assert (again.status_code, again.headers["location"]) == (303, "/")
    assert local.browser(inside=False).get(fresh).status_code == 303


@attack(
    "custody-local-01",
    Mutation(GUARD, find="if not inside:", replace="if False:"),
)
@pytest.mark.parametrize("cookie", [None, "", "x", "é" * 40])
def test_without_the_address_nothing_is_shown(local: Local, cookie: str | None) -> None:
    """Whoever comes with no cookie, or another, sees no name, no picture and not even a script, and can change nothing."""
    client = local.browser(inside=False)
    headers = {} if cookie is None else {"cookie": f"{COOKIE}-{HOST.rpartition(':')[2]}={cookie}".encode()}
    for path in SHOWN:
        answer = client.get(path, headers=headers)
        assert answer.status_code == 403, path
        assert "Heron" not in answer.text
    for path in FORMS:
        assert client.post(path, data={"token": local.guard.form_token, "title": "Taken"}, headers=headers).status_code == 403
    assert client.head("/start", headers=headers).status_code == 403
    assert kept(local.file) == RADIO.interview
    assert local.ended == []


@attack("custody-local-01", Mutation(GUARD, find="once, self._once = self._once, None", replace="once = self._once"))
@pytest.mark.parametrize("guess", ["", "x", "é", "0" * 10_000])
def test_a_wrong_guess_uses_the_address_up(local: Local, guess: str) -> None:
    """So nobody guesses twice; the person at the program sees that somebody was there, and asks for a new address."""
    client, address = local.browser(inside=False), local.guard.new_address()
    assert client.get("/", params={"token": guess}).status_code == 403
    assert client.get(address).status_code == 403
    assert client.get(local.guard.new_address()).status_code == 303


@attack("custody-local-02", Mutation(GUARD, find='if request.headers.get("host") != self._host:', replace="if False:"))
@pytest.mark.parametrize(
    "host", ["evil.example:4711", "evil.example", "localhost:4711", "127.0.0.1", "127.0.0.1:4712", "[::1]:4711", f"{HOST}.", "a@" + HOST]
)
def test_a_name_that_leads_to_loopback_is_not_our_address(local: Local, host: str) -> None:
    """Under any other Host nothing is answered, not even to the visitor's own cookie, and the address is not used up."""
    inside, address = local.browser(), local.guard.new_address()
    for path in (*SHOWN, address.removeprefix(HOME)):
        answer = inside.get(path, headers={"host": host})
        assert answer.status_code == 421, path
        assert "Heron" not in answer.text
    posted = inside.post("/start", data={"token": local.guard.form_token, "title": "Taken"}, headers={"host": host})
    assert posted.status_code == 421
    assert kept(local.file) == RADIO.interview
    assert local.browser(inside=False).get(address).status_code == 303


@attack(
    "custody-local-03",
    Mutation(
        GUARD,
        find='if request.method not in ("GET", "HEAD") and request.headers.get("origin", f"http://{self._host}") != f"http://{self._host}":',
        replace="if False:",
    ),
)
@pytest.mark.parametrize(
    "origin", ["null", "https://evil.example", "http://127.0.0.1", "http://127.0.0.1:4712", f"https://{HOST}", "http://localhost:4711", ""]
)
def test_another_page_posts_nothing(local: Local, origin: str) -> None:
    """A form whose browser says that it comes from elsewhere is refused, even with the cookie and the form's token."""
    client = local.browser()
    for path in FORMS:
        sent = client.post(path, data={"token": local.guard.form_token, "title": "Taken"}, headers={"origin": origin})
        assert sent.status_code == 403, path
    assert kept(local.file) == RADIO.interview
    assert local.ended == []


@attack(
    "custody-local-03",
    Mutation(GUARD, find='if not hmac.compare_digest(dict(fields).get("token", "").encode(), token.encode()):', replace="if False:"),
)
@pytest.mark.parametrize("token", [None, "", "x", "é", "\ud800"])
def test_a_form_without_its_token_changes_nothing(local: Local, token: str | None) -> None:
    """A browser that sends cookies everywhere and no origin still cannot make up what stands in our forms."""
    client = local.browser()
    body = "title=Taken&passphrase=long+enough&again=long+enough&plain=y&language=ar&what=answers"
    if token is not None:
        body += "&token=" + "".join(f"%{byte:02x}" for byte in token.encode("utf-8", "surrogatepass"))
    for path in FORMS:
        answer = client.post(path, content=body, headers={"content-type": "text/plain"})
        assert answer.status_code == 422, path
        assert "content-disposition" not in answer.headers
    assert kept(local.file) == RADIO.interview
    assert local.ended == []


@pytest.mark.parametrize("path", [*SHOWN, "/?token=x"])
def test_every_answer_forbids_to_keep_frame_and_run(local: Local, path: str) -> None:
    """Nothing is stored by the browser, put into another page's frame, or may run a script or load a thing that is not ours."""
    for client in (local.browser(), local.browser(inside=False)):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "script-src 'self'" in policy or "script-src" not in policy
        assert "http" not in policy
        assert "access-control-allow-origin" not in headers


def test_a_form_is_bounded_before_it_is_kept(local: Local) -> None:
    """More bytes, more fields, or bytes that are no text: each is answered, and no answer has changed."""
    client, token = local.browser(), local.guard.form_token
    chunk = b"x" * 8_192

    def endless() -> object:
        for _ in range(MAX_BODY // len(chunk) + 2):
            yield chunk

    bodies: list[object] = [
        f"token={token}&title=".encode() + b"x" * MAX_BODY,
        f"token={token}&title=Taken&".encode() + b"a=&" * 6_000,
        f"token={token}&title=Taken&a=".encode() + b"\xff\xfe",
        endless(),
    ]
    for body in bodies:
        for accept in ("text/html", "application/json"):
            answer = client.post("/start", content=body, headers={"accept": accept})
            assert answer.status_code == 422
    assert kept(local.file) == RADIO.interview


def test_anything_but_http_is_not_answered(local: Local) -> None:
    """A WebSocket, which browsers open across sites, gets no answer, whatever cookie comes with it."""
    sent: list[object] = []

    async def receive() -> dict[str, object]:
        return {"type": "websocket.connect"}

    async def send(message: object) -> None:
        sent.append(message)

    headers = [(b"host", HOST.encode()), (b"cookie", f"{COOKIE}-{HOST.rpartition(':')[2]}={local.guard._secret}".encode())]
    asyncio.run(local.guard({"type": "websocket", "path": "/start", "query_string": b"", "headers": headers}, receive, send))
    assert sent == []

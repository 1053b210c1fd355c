"""Passkeys in a real Chromium with its virtual authenticator: enrolled, used to sign in, and to sign entries that the fold accepts."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from commonhold.kernel import b64
from commonhold.kernel.passkeys import (
    ENROL,
    SIGN_IN,
    Question,
    Site,
    enrolment_options,
    parse_answer,
    parse_enrolment,
    sign_in_options,
    user_id,
    verify_enrolment,
    verify_sign_in,
)
from commonhold.kernel.record import entries
from commonhold.kernel.record.shortcode import short_code
from tests.kernel.record.helpers import Club, text
from tools.inline import STATIC

pytestmark = [pytest.mark.browser, pytest.mark.allow_hosts(["127.0.0.1"])]

HERE = Path(__file__).parent / "pages"
POLICY = "default-src 'none'; script-src 'self'; img-src data:; base-uri 'none'; form-action 'none'"
MAJORITY = {"base": "register", "more_than": "1/2"}
DIARY = {"decisions/diary": {"article": "1.4", "by": "assembly", "pass": MAJORITY, "everyday": True}}
NOW = 1_900_000_000


@dataclass
class House:
    """A server on this machine that serves one page, with whatever it offers in it, and a club whose members use it."""

    port: int
    club: Club
    offer: dict[str, Any] = field(default_factory=dict)

    @property
    def site(self) -> Site:
        return Site("localhost", (f"http://localhost:{self.port}",))

    def question(self, purpose: bytes) -> Question:
        return Question(purpose, hashlib.sha256(purpose + b"nonce").digest(), NOW)

    def enrolment(self, name: str, held: Any = ()) -> dict[str, Any]:
        user = user_id(self.club.org, name)
        return enrolment_options(self.question(ENROL), self.site, site_name="The Club", user=user, user_name=name, held=held)

    def entry(self, name: str, credential: dict[str, Any], type: str, **body: Any) -> dict[str, Any]:
        """What the page of an everyday act holds."""
        key = parse_enrolment(credential).passkey(self.site).key_id
        unsigned = self.club.unsigned(name, type, body, key)
        return {"unsigned": unsigned, "id": entries.entry_id(unsigned), "rp_id": "localhost", "credentials": [credential]}


@dataclass
class Person:
    """Somebody at a browser whose machine keeps passkeys."""

    page: Page
    session: CDPSession
    authenticator: str
    house: House
    host: str = "localhost"

    def does(self, act: str, offer: dict[str, Any]) -> dict[str, Any]:
        """Open the page with that offer and press the button; gives what the page would post, or the code of its refusal."""
        self.house.offer = offer
        self.page.goto(f"http://{self.host}:{self.house.port}/")
        self.page.click(f"#{act}")
        expect(self.page.locator("#said")).not_to_be_empty()
        said: dict[str, Any] = json.loads(self.page.inner_text("#said"))
        return said

    def uses(self) -> int:
        """How often passkeys of this machine have signed."""
        found = self.session.send("WebAuthn.getCredentials", {"authenticatorId": self.authenticator})["credentials"]
        return sum(each["signCount"] for each in found)

    def is_verified(self, yes: bool) -> None:
        """Whether the machine recognises its person from now on."""
        self.session.send("WebAuthn.setUserVerified", {"authenticatorId": self.authenticator, "isUserVerified": yes})


@pytest.fixture
def house() -> Iterator[House]:
    """The server, for as long as a test runs."""

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, body = {
                "/": ("text/html", (HERE / "passkey.html").read_text("utf-8").replace("OFFER", json.dumps(made.offer)).encode()),
                "/app.js": ("text/javascript", (HERE / "passkey-app.js").read_bytes()),
                "/passkey.js": ("text/javascript", (STATIC / "passkey.js").read_bytes()),
            }[self.path]
            self.send_response(200)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Security-Policy", POLICY)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    made = House(server.server_address[1], Club(DIARY))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


@contextmanager
def person(chromium: Browser, house: House, **changes: Any) -> Iterator[Person]:
    """A browser of somebody's own; what the page, its policy or the browser complains about fails the test."""
    context = chromium.new_context()
    context.set_default_timeout(10_000)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True}
    added = session.send("WebAuthn.addVirtualAuthenticator", {"options": {**options, **changes}})
    yield Person(page, session, added["authenticatorId"], house)
    context.close()
    assert faults == []


@pytest.mark.smoke
def test_members_enrol_sign_in_and_decide_an_everyday_matter(chromium: Browser, house: House) -> None:
    """Three people, three machines: each passkey is verified, added with its member's kit, and signs entries that the fold accepts."""
    club, made = house.club, {}
    with person(chromium, house) as heron, person(chromium, house) as tern, person(chromium, house) as plover:
        people = {"heron": heron, "tern": tern, "plover": plover}
        for name, one in people.items():
            made[name] = one.does("enrol", house.enrolment(name))
            sent = parse_enrolment(made[name])
            verify_enrolment(house.question(ENROL), sent, house.site, NOW)
            assert sent.alg == "es256"
            passkey = sent.passkey(house.site)
            club.approve(club.propose(name, "rotate-key", {"member": name, "add": [passkey.to_value()], "revoke": []}), name)
            answer = parse_answer(one.does("signIn", sign_in_options(house.question(SIGN_IN), house.site)))
            assert answer.credential_id == sent.credential_id
            verify_sign_in(house.question(SIGN_IN), answer, passkey, user_id(club.org, name), NOW)
        offer = house.entry("heron", made["heron"], "propose", kind="diary", payload={"text": text("d")}, not_after=1)
        signed = heron.does("signEntry", offer)
        assert heron.page.inner_text("#code") == signed["code"] == short_code(offer["id"])
        assert club.append(b64.decode(signed["leaf"])).counts, club.last.words
        proposal = offer["id"]
        for name, one in people.items():
            assert club.status(proposal) == "open"
            offer = house.entry(name, made[name], "approve", proposal=proposal)
            outcome = club.append(b64.decode(one.does("signEntry", offer)["leaf"]))
            assert outcome.counts, outcome.words
        assert club.status(proposal) == "enacted"


def test_a_page_whose_entry_is_not_the_offered_one_asks_no_passkey(chromium: Browser, house: House) -> None:
    """Shown one proposal and offered another's id, or another member's key, the page refuses, and the passkey has signed nothing."""
    with person(chromium, house) as heron:
        credential = heron.does("enrol", house.enrolment("heron"))
        before = heron.uses()
        offer = house.entry("heron", credential, "approve", proposal=text("one"))
        other = house.entry("heron", credential, "approve", proposal=text("other"))
        assert heron.does("signEntry", {**offer, "id": other["id"]}) == {"code": "passkey/shown-differs"}
        assert heron.does("signEntry", {**offer, "unsigned": other["unsigned"]}) == {"code": "passkey/shown-differs"}
        assert heron.does("signEntry", {**offer, "credentials": [{**credential, "spki": b64.encode(bytes(91))}]}) == {"code": "passkey/key"}
        assert heron.uses() == before
        assert "leaf" in heron.does("signEntry", offer)
        assert heron.uses() > before


def test_what_a_real_browser_refuses_has_the_code_that_pages_have_words_for(chromium: Browser, house: House) -> None:
    """A second passkey on one machine, nobody recognised, nobody there, no passkey at all, another domain and a page without https."""
    with person(chromium, house) as heron:
        nobody = sign_in_options(house.question(SIGN_IN), house.site)
        assert heron.does("signIn", nobody) == {"code": "passkey/refused"}
        sent = parse_enrolment(heron.does("enrol", house.enrolment("heron")))
        again = house.enrolment("heron", [(sent.credential_id, sent.transports)])
        assert heron.does("enrol", again) == {"code": "passkey/exists"}
        assert heron.does("signIn", {**nobody, "rp_id": "saltmarsh.example"}) == {"code": "passkey/domain"}
        heron.is_verified(yes=False)
        assert heron.does("signIn", nobody) == {"code": "passkey/refused"}
        heron.is_verified(yes=True)
        assert "signature" in heron.does("signIn", nobody)
        heron.host = "evil.example"
        assert heron.does("signIn", nobody) == {"code": "passkey/insecure"}
    with person(chromium, house, hasResidentKey=False) as tern:
        assert tern.does("enrol", house.enrolment("tern")) == {"code": "passkey/refused"}
    with person(chromium, house, automaticPresenceSimulation=False) as plover:
        assert plover.does("enrol", {**house.enrolment("plover"), "how": {"seconds": 1}}) == {"code": "passkey/timeout"}


def test_whoever_presses_twice_is_asked_once(chromium: Browser, house: House) -> None:
    """A second press while the first is waiting says so, and the first goes on waiting until its time is over."""
    with person(chromium, house, automaticPresenceSimulation=False) as heron:
        house.offer = {**house.enrolment("heron"), "how": {"seconds": 2}}
        heron.page.goto(f"http://localhost:{house.port}/")
        heron.page.dblclick("#enrol")
        expect(heron.page.locator("#said")).to_have_text('{"code":"passkey/busy"}')
        expect(heron.page.locator("#said")).to_have_text('{"code":"passkey/timeout"}')

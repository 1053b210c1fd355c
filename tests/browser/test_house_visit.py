"""`make try` as a visitor meets it: a link, a passkey, a decision approved on the screen, in a real Chromium and with the real processes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

pytestmark = [pytest.mark.browser, pytest.mark.allow_hosts(["127.0.0.1", "::1"])]

SALTMARSH = Path(__file__).resolve().parents[2] / "examples" / "saltmarsh"
SECONDS = 180
AUTHENTICATOR = {
    "protocol": "ctap2",
    "ctap2Version": "ctap2_1",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@contextmanager
def radio(folder: Path) -> Iterator[list[str]]:
    """`make try`, up: what it has said so far, line by line."""
    words = [sys.executable, "-u", str(SALTMARSH / "tryout.py"), "--out", str(folder), "--seconds", str(SECONDS)]
    said: list[str] = []
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ}) as running:
        output = running.stdout
        assert output is not None
        threading.Thread(target=lambda: said.extend(iter(output.readline, "")), daemon=True).start()
        try:
            end = time.monotonic() + SECONDS
            while not any("/join/" in line for line in said):
                assert running.poll() is None, "".join(said)
                assert time.monotonic() < end, "".join(said)
                time.sleep(0.2)
            yield said
        finally:
            running.send_signal(signal.SIGTERM)
            running.wait(30)


@pytest.mark.smoke
def test_a_visitor_approves_something_within_a_minute(chromium: Browser, tmp_path: Path) -> None:
    """By the link they come in as plover, make a passkey, and publish what curlew proposed, by what the screen says alone."""
    with radio(tmp_path / "try") as said:
        link = re.search(r"http://localhost:\d+/join/[A-Za-z0-9_-]{43}/", "".join(said))
        assert link is not None
        context = chromium.new_context(locale="en-GB")
        page = context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        device = context.new_cdp_session(page)
        device.send("WebAuthn.enable")
        device.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
        began = time.monotonic()
        page.goto(link[0])
        page.get_by_label("Your name, as other members see it").fill("Petra")
        page.get_by_role("button", name="Make the passkey").click()
        expect(page.get_by_role("heading", name="Welcome, Petra")).to_be_visible()
        while page.get_by_role("link", name="Look again").count():
            time.sleep(1)
            page.get_by_role("link", name="Look again").click()
        page.get_by_role("link", name="Decisions").first.click()
        page.get_by_role("link", name=re.compile("publish", re.IGNORECASE)).first.click()
        page.get_by_role("link", name="Approve").click()
        page.get_by_role("button", name="Go on to sign").click()
        expect(page.locator("#entry-code")).to_have_text(re.compile(r"[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}"))
        assert Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}).response["violations"] == []
        page.get_by_role("button", name="Sign with your passkey").click()
        expect(page.get_by_text("This is in the record.")).to_be_visible()
        page.get_by_role("link", name="See how the decision stands").click()
        expect(page.get_by_text("Carried").first).to_be_visible(timeout=20_000)
        assert time.monotonic() - began < 60, "a visitor needs longer than a minute"
        context.close()
    assert faults == []

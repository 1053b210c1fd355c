"""A real Chromium, as people have it: pages open from the disk, without a network."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

PHONE = {"width": 360, "height": 740}

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    # A name of somebody else's that leads to this machine, as DNS rebinding makes one.
    "--host-resolver-rules=MAP evil.example 127.0.0.1",
]


def installed() -> str:
    """The Chromium that is installed, or that COMMONHOLD_CHROMIUM names; without one the test is skipped, saying so."""
    named = os.environ.get("COMMONHOLD_CHROMIUM")
    program = named or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("no Chromium is installed, so the pages were NOT tested in a browser (COMMONHOLD_CHROMIUM names one)")
    return program


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests; skipped, saying so, where there is none."""
    program = installed()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def phone(chromium: Browser) -> Iterator[Page]:
    """A page of phone size, offline; an error or a request that a page makes fails its test."""
    context = chromium.new_context(viewport=PHONE, offline=True, locale="en-GB")
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: faults.append(request.url) if not request.url.startswith("file:") else None)
    yield page
    context.close()
    assert faults == []

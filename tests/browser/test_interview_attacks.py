"""The custody interview against other pages, other names and impatient hands, in a real Chromium: what the guard promises holds for what browsers really send."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from commonhold.kernel.custody.interview import Interview, interview_bytes, parse_interview
from commonhold.pages.language import language
from commonhold.store.sealedfile import seal, unseal
from tests.browser.visitor import DESK, PHONE, Visitor, opened, running, visiting
from tests.interviews import RADIO

PATIENCE = 60_000
"""Milliseconds that a passphrase may take on a busy machine."""
WORDS = "four herons at low tide"
pytestmark = [pytest.mark.browser, pytest.mark.allow_hosts(["127.0.0.1"])]

HOSTILE = """<!doctype html><title>Kittens</title><iframe id="inside" src="{home}people"></iframe><img id="picture" src="{home}picture.svg">
<form method="post" action="{home}people" {encoding}><input name="name-p1" value="Mallory"><input name="token" value=""></form>
<script>
  const tries = ["cors", "no-cors"].map((mode) => fetch("{home}people", {{ mode, credentials: "include" }}).then((r) => r.text(), () => ""));
  const sent = ["people", "finish", "export"].map((at) => fetch("{home}" + at, {{ method: "POST", mode: "no-cors", credentials: "include",
    body: new URLSearchParams({{ "name-p1": "Mallory", plain: "y" }}) }}).catch(() => ""));
  Promise.all([...tries, ...sent]).then((all) => {{ document.title = "read: " + all.filter((text) => typeof text === "string").join(""); }});
</script>"""


def kept(file: Path) -> Interview:
    return parse_interview(file.read_bytes())


@contextmanager
def elsewhere(page: str) -> Iterator[str]:
    """Another program's page on another port of this machine: to a browser the same site, so our cookie is sent along."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The radio's answers, people's screen next."""
    path = tmp_path / "custody.json"
    path.write_bytes(interview_bytes(RADIO.interview))
    return path


@pytest.mark.smoke
@pytest.mark.parametrize("encoding", ["", 'enctype="text/plain"', 'enctype="multipart/form-data"'])
def test_another_page_in_the_same_browser_reads_and_changes_nothing(chromium: Browser, file: Path, encoding: str) -> None:
    """Neither by form, script, frame nor picture, though the browser may send our cookie along; and the visitor goes on undisturbed."""
    with visiting(chromium, file) as (visitor, program):
        before, home = file.read_bytes(), program.address.partition("?")[0]
        with elsewhere(HOSTILE.format(home=home, encoding=encoding)) as address:
            page = visitor.page.context.new_page()
            page.goto(address)
            page.wait_for_function("document.title.startsWith('read:')")
            assert page.title().removeprefix("read:").strip() == ""
            assert page.evaluate("document.getElementById('picture').naturalWidth") == 0
            assert not [frame for frame in page.frames[1:] if "Heron" in (frame.content() if not frame.is_detached() else "")]
            page.evaluate("document.forms[0].submit()")
            page.wait_for_url(f"{home}people")
            assert "Heron" not in page.content()
            page.close()
        assert file.read_bytes() == before
        assert program.process.poll() is None
        visitor.page.reload()
        assert visitor.page.get_by_text("Saltmarsh Radio").first.is_visible()


@pytest.mark.smoke
def test_a_name_that_leads_here_shows_nothing(chromium: Browser, file: Path) -> None:
    """DNS rebinding: a browser that resolves somebody's name to loopback gets no screen under it, even with the address's token."""
    with running(file) as program:
        context = chromium.new_context()
        page = context.new_page()
        home, _, token = program.address.partition("?")
        theirs = home.replace("127.0.0.1", "evil.example")
        for address in (f"{theirs}?{token}", f"{theirs}people", f"{theirs}picture.svg"):
            answer = page.goto(address)
            assert answer is not None
            assert answer.status == 421
            assert "Heron" not in page.content()
        # Nobody has used the address up.
        assert opened(context, program.address).get_by_text("Saltmarsh Radio").first.is_visible()
        context.close()


def test_a_window_that_closes_in_the_middle_of_a_word_loses_nothing(chromium: Browser, file: Path) -> None:
    """What was typed a moment before is in the file, with no button pressed and no pause made."""
    with visiting(chromium, file) as (visitor, _):
        page = visitor.page
        page.get_by_text("All screens").click()
        page.get_by_role("navigation").get_by_role("link", name="The people").click()
        page.get_by_label("Name of person 4", exact=True).press_sequentially("Curlew")
        page.close(run_before_unload=True)
        waited(lambda: any(person.name == "Curlew" for person in kept(file).people))
    assert [person.name for person in kept(file).people] == ["Heron", "Tern", "Plover", "Curlew"]


def test_who_was_removed_in_a_hurry_stays_removed(chromium: Browser, file: Path) -> None:
    """Typing and then pressing at once, on a file whose passphrase makes saving slow: the button saves what was typed too, and nothing late undoes it."""
    file.write_bytes(seal(file.read_bytes(), WORDS))
    with visiting(chromium, file) as (visitor, _):
        page = visitor.page
        page.set_default_timeout(PATIENCE)
        page.get_by_label("Passphrase").fill(WORDS)
        page.get_by_role("button", name="Open").click()
        page.get_by_text("All screens").click()
        page.get_by_role("navigation").get_by_role("link", name="The people").click()
        page.get_by_label("Name of person 4", exact=True).press_sequentially("Curlew")
        page.get_by_role("button", name="Remove Tern").click()
        expect(page.get_by_label("Name of person 3", exact=True)).to_have_value("Curlew")
        # Only the next answer is sure to come after whatever was late.
        visitor.press("Save and go on")
    kept = parse_interview(unseal(file.read_bytes(), WORDS))
    assert [person.name for person in kept.people] == ["Heron", "Plover", "Curlew"]


def test_everything_works_without_a_script(chromium: Browser, tmp_path: Path) -> None:
    """Where scripts are switched off, buttons save and lead on, the language too, and the result is the same."""
    file = tmp_path / "custody.json"
    with running(file) as program:
        context = chromium.new_context(viewport={"width": DESK[0], "height": DESK[1]}, locale="en-GB", java_script_enabled=False)
        visitor = Visitor(opened(context, program.address), language("en"), file)
        visitor.answer(RADIO)
        assert set(visitor.rows()) == set(RADIO.takers)
        assert "Plover" in visitor.rows()["studio mailbox"][0]
        visitor.page.get_by_role("combobox", name="Language", exact=True).select_option("ar")
        visitor.page.get_by_role("button", name="Change", exact=True).click()
        expect(visitor.page.locator("html")).to_have_attribute("dir", "rtl")
        context.close()
    assert [len(thing.answers) for thing in kept(file).things] == [len(thing.answers) for thing in RADIO.interview.things]


def test_a_program_that_is_gone_is_said_at_the_next_answer(chromium: Browser, file: Path) -> None:
    """The page says that this answer was not saved, what to do, and that all before it are there."""
    with visiting(chromium, file) as (visitor, program):
        page = visitor.page
        page.get_by_text("All screens").click()
        page.get_by_role("navigation").get_by_role("link", name="studio phone").click()
        page.get_by_role("group", name="Who has").get_by_label("Tern").check()
        expect(page.get_by_role("status")).to_have_text("Saved on this computer.")
        program.kill()
        page.get_by_role("group", name="Who has").get_by_label("Heron").check()
        expect(page.get_by_role("status")).to_contain_text("Not saved: the program has stopped.")
        visitor.faults.clear()
    (phone,) = kept(file).of_kind("phone")
    assert set(phone.answers["holder"]) == {"p2", "p3"}


def waited(holds: Callable[[], bool]) -> None:
    """Wait until something holds, five seconds at most."""
    end = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_screens_that_say_no_pass_axe_too(chromium: Browser, tmp_path: Path, size: tuple[int, int]) -> None:
    """The first result of nothing, a screen that is gone, a name that stands twice, an export that was refused, the locked file and the end: in light and dark."""
    file = tmp_path / "custody.json"
    with visiting(chromium, file, size=size, axe=True) as (visitor, program):
        page, home = visitor.page, program.address.partition("?")[0]
        for at in ("result", "check", "nowhere"):
            page.goto(f"{home}{at}")
            visitor.look()
        page.goto(f"{home}people")
        for number in (1, 2):
            page.get_by_label(f"Name of person {number}", exact=True).fill("Heron")
        visitor.press("Save and go on")
        assert "stands in the list twice" in page.get_by_role("alert").inner_text()
        page.get_by_label("Name of person 2", exact=True).fill(
            "A Name That Is As Long As Names May Be And Has No Room In Any Table Of A Phone"
        )
        visitor.press("Save and go on")
        page.get_by_role("group", name="Mailbox").get_by_role("textbox").fill(
            "averylongmailboxnamewithoutanyspaceinit@saltmarsh-community-radio.example"
        )
        visitor.press("Save and go on")
        page.goto(f"{home}result")
        visitor.look()
        visitor.press("Download the file")
        assert "needs a passphrase" in page.get_by_role("alert").inner_text()
        visitor.press("Save and close")
        assert program.process.wait(10) == 0
        # The browser complains about each answer that says no; nothing else may be there.
        assert all("status of 4" in fault for fault in visitor.faults)
        visitor.faults.clear()
    file.write_bytes(seal(file.read_bytes(), WORDS))
    with visiting(chromium, file, size=size, axe=True) as (visitor, _):
        assert visitor.heading() == "Your answers are locked"
        visitor.page.set_default_timeout(PATIENCE)
        visitor.page.get_by_label("Passphrase").fill("three herons at low tide")
        visitor.press("Open")
        assert "does not open the file" in visitor.page.get_by_role("alert").inner_text()
        visitor.faults.clear()

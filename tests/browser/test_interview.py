"""The custody interview in a real Chromium: five small organisations described in prose (``tests.interviews``), and the five results they should read."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from commonhold.kernel.custody.interview import parse_interview
from commonhold.pages.language import CODES, language
from commonhold.store.sealedfile import is_sealed
from tests.browser.visitor import PHONE, Visitor, opened, running, visiting
from tests.interviews import FESTIVAL, PROJECT, RADIO, SOCIETY, UNION, Case

pytestmark = [pytest.mark.browser, pytest.mark.allow_hosts(["127.0.0.1"])]
WORDS = "four herons at low tide"


def names_in(visitor: Visitor, case: Case, text: str) -> set[str]:
    """Who of those that the answers name stands in a cell."""
    nobody = visitor.say("somebody we do not know")
    known = {person.name: person.name for person in case.interview.people} | {nobody: "somebody we do not know"}
    return {name for said, name in known.items() if said in text}


def expected_losses(case: Case, thing: str) -> set[str] | None:
    """By hand: whose loss takes it away; nothing where nobody of the organisation has it."""
    found: set[str] = set()
    for part in ("use", "exclusive"):
        lost = case.lost.get(f"{thing}.{part}", frozenset())
        if lost is None:
            return None
        found |= lost
    return found


def check_result(visitor: Visitor, case: Case) -> None:
    """The screen says what follows by hand, and the file holds the answers that were given."""
    rows = visitor.rows()
    assert set(rows) == set(case.takers)
    for thing, takers in case.takers.items():
        assert names_in(visitor, case, rows[thing][0]) == takers, thing
        losses = expected_losses(case, thing)
        if losses is None:
            assert rows[thing][1] == visitor.say("Nobody of you has it today")
        else:
            assert names_in(visitor, case, rows[thing][1]) == losses, thing
    steps = visitor.steps()
    for text, said in zip(case.first, steps, strict=False):
        assert said.startswith(text.split("%(")[0]) or visitor.spoken.code != "en"
    kept = parse_interview(visitor.file.read_bytes())
    by_name = {thing.name: thing for thing in kept.things}
    assert all(len(by_name[thing.name].answers) == len(thing.answers) for thing in case.interview.things)


def check_report(visitor: Visitor, case: Case) -> None:
    """The page for the board opens, and names every thing and everybody who could take one alone."""
    with visitor.page.expect_popup() as popup:
        visitor.page.get_by_role("link", name=visitor.say("The one page, to print")).click()
    report = popup.value
    text = report.get_by_role("document").or_(report.locator("body")).first.inner_text()
    assert visitor.say("For members only") in text
    for thing, takers in case.takers.items():
        assert thing in text
        assert all(name in text for name in takers if name != "somebody we do not know")
    report.close()


@pytest.mark.smoke
def test_a_radio_reads_its_result_at_a_desk(chromium: Browser, tmp_path: Path) -> None:
    """Who reads the studio's mail takes everything; every screen passes axe in light and in dark."""
    with visiting(chromium, tmp_path / "custody.json", axe=True) as (visitor, program):
        visitor.answer(RADIO)
        check_result(visitor, RADIO)
        check_report(visitor, RADIO)
        assert len(visitor.screens) == 9
        visitor.page.get_by_role("button", name="Save and close").click()
        expect(visitor.page.get_by_text("The program has ended")).to_be_visible()
        assert program.process.wait(10) == 0


def test_a_union_reads_its_result_on_a_phone(chromium: Browser, tmp_path: Path) -> None:
    """No screen is wider than the phone, and axe finds nothing there either."""
    with visiting(chromium, tmp_path / "custody.json", size=PHONE, axe=True) as (visitor, _):
        visitor.answer(UNION)
        check_result(visitor, UNION)
        check_report(visitor, UNION)


def test_a_project_answers_with_the_keyboard_alone(chromium: Browser, tmp_path: Path) -> None:
    """Everything is reached with Tab and used with the space bar and the arrows."""
    with visiting(chromium, tmp_path / "custody.json", keyboard=True) as (visitor, _):
        visitor.answer(PROJECT)
        check_result(visitor, PROJECT)


@pytest.mark.smoke
def test_a_society_reads_its_result_in_arabic(chromium: Browser, tmp_path: Path) -> None:
    """The browser's language is taken, the page runs from right to left, and the result is the same, on a phone too."""
    with visiting(chromium, tmp_path / "custody.json", code="ar", size=PHONE, axe=True) as (visitor, _):
        visitor.answer(SOCIETY)
        check_result(visitor, SOCIETY)


def test_a_festival_changes_the_language_in_the_middle(chromium: Browser, tmp_path: Path) -> None:
    """Each of the six languages shows every screen, and answers stay."""
    with visiting(chromium, tmp_path / "custody.json") as (visitor, _):
        visitor.answer(FESTIVAL)
        check_result(visitor, FESTIVAL)
        for code in CODES:
            page = visitor.page
            page.get_by_role("combobox", name=visitor.say("Language"), exact=True).select_option(code)
            visitor.spoken = language(code)
            expect(page.locator("html")).to_have_attribute("lang", visitor.spoken.tag)
            page.wait_for_load_state()
            visitor.look()
            check_result(visitor, FESTIVAL)


@pytest.mark.smoke
def test_whatever_stops_in_the_middle_the_answers_are_there(chromium: Browser, tmp_path: Path) -> None:
    """A browser that closes, then a program that is killed: each answer was saved as it was given, with no button pressed."""
    file = tmp_path / "custody.json"
    with visiting(chromium, file) as (visitor, program):
        visitor.begin(RADIO.interview)
        group = visitor.page.get_by_role("group", name="Who are the administrators of Saltmarsh page?", exact=True)
        group.get_by_label("Heron", exact=True).check()
        expect(visitor.page.get_by_role("status")).to_have_text("Saved on this computer.")
        visitor.page.close()
        program.kill()
    kept = parse_interview(file.read_bytes())
    (who,) = kept.of_kind("page")[0].answers["admins"]
    assert next(person.name for person in kept.people if person.id == who) == "Heron"
    with visiting(chromium, file) as (visitor, _):
        assert visitor.heading() == "Saltmarsh page"
        group = visitor.page.get_by_role("group", name="Who are the administrators of Saltmarsh page?", exact=True)
        assert group.get_by_label("Heron", exact=True).is_checked()


def test_a_passphrase_keeps_the_file_and_a_wrong_one_opens_nothing(chromium: Browser, tmp_path: Path) -> None:
    """Set in the browser, the file on the disk is encrypted from then on; a wrong passphrase is answered, and changes nothing."""
    file = tmp_path / "custody.json"
    with visiting(chromium, file) as (visitor, _):
        visitor.begin(RADIO.interview)
        page = visitor.page
        page.get_by_text("All screens").click()
        page.get_by_role("navigation").get_by_role("link").first.click()
        page.get_by_text("Protect the file with a passphrase").click()
        page.get_by_label("Passphrase, at least eight characters").fill(WORDS)
        page.get_by_label("The same passphrase again").fill(WORDS)
        visitor.press("Protect the file")
    sealed = file.read_bytes()
    assert is_sealed(sealed)
    assert b"Heron" not in sealed
    with running(file) as program:
        context = chromium.new_context(locale="en-GB")
        page = opened(context, program.address)
        page.get_by_label("Passphrase").fill("three herons at low tide")
        page.get_by_role("button", name="Open").click()
        expect(page.get_by_role("alert")).to_contain_text("passphrase")
        assert file.read_bytes() == sealed
        page.get_by_label("Passphrase").fill(WORDS)
        page.get_by_role("button", name="Open").click()
        expect(page.get_by_role("heading", level=1)).not_to_have_text("Passphrase")
        assert page.get_by_text("Saltmarsh Radio").first.is_visible()
        context.close()


def test_an_address_works_once_and_in_one_browser(chromium: Browser, tmp_path: Path) -> None:
    """Whoever finds the address later, or opens the port without it, is shown nothing."""
    with visiting(chromium, tmp_path / "custody.json") as (visitor, program):
        visitor.begin(RADIO.interview)
        home = program.address.split("?", 1)[0]
        stranger = chromium.new_context()
        for address in (program.address, f"{home}people", f"{home}picture.svg"):
            page = stranger.new_page()
            answer = page.goto(address)
            assert answer is not None
            assert answer.status == 403
            assert "Heron" not in page.content()
        stranger.close()


def test_names_that_carry_markup_are_names(chromium: Browser, tmp_path: Path) -> None:
    """A name with script and SVG in it stands on every screen, in the picture and in the report as the letters that it is."""
    bad = "<svg/onload=alert(1)>"
    interview = RADIO.interview
    people = (*interview.people[:-1], type(interview.people[0])("p3", bad, True))
    case = Case("hostile", "", type(interview)(bad, people=people, things=interview.things), RADIO.takers, {}, ())
    with visiting(chromium, tmp_path / "custody.json") as (visitor, _):
        visitor.page.on("dialog", lambda dialog: visitor.faults.append(dialog.message))
        visitor.answer(case)
        assert bad in visitor.rows()["studio mailbox"][0]
        with visitor.page.expect_popup() as popup:
            visitor.page.get_by_role("link", name="The full report, to print").click()
        assert bad in popup.value.locator("body").inner_text()

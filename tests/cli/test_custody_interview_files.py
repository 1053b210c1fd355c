"""Laws about interviews as input of the verbs of ``commonhold custody``: the file that the browser saves answers at the terminal too, sealed or not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from commonhold.kernel.custody.interview import interview_bytes
from commonhold.store.sealedfile import seal
from tests.cli.houses import command, refused
from tests.interviews import RADIO

WORDS = "four herons at low tide"


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """The radio's answers as the interview saves them, and the same sealed, with the passphrase in a file."""
    raw = interview_bytes(RADIO.interview)
    (tmp_path / "custody.json").write_bytes(raw)
    (tmp_path / "custody.age").write_bytes(seal(raw, WORDS))
    (tmp_path / "words").write_text(WORDS, "utf-8")
    (tmp_path / "wrong").write_text("three herons at low tide", "utf-8")
    return tmp_path


def test_sealed_answers_say_what_open_ones_say(kept: Path) -> None:
    """Each verb reads an interview, and its sealed form with the passphrase, and says the same of both."""
    target = "Saltmarsh page.exclusive"
    for verb in (("analyse",), ("fix",), ("explain", target, "--by", "Heron")):
        name, *rest = verb
        plain = command("custody", name, kept / "custody.json", *rest)
        sealed = command("custody", name, kept / "custody.age", *rest, "--passphrase-file", kept / "words")
        assert plain.code == sealed.code == 0
        assert plain.out == sealed.out
        assert target in plain.out or name == "fix"


def test_what_to_do_with_answers_is_said_step_by_step(kept: Path) -> None:
    """The steps are changes of answers in words, each with what it brings; a target asks about its register's nodes."""
    said = command("custody", "fix", kept / "custody.json")
    assert "1. Keep one administrator account for Saltmarsh page" in said.out
    assert "   - Then nobody alone could shut the others out of Saltmarsh page." in said.out
    read = json.loads(command("custody", "fix", kept / "custody.json", "--json", "--show", "1").out)
    assert [len(step["texts"]) > 0 for step in read["steps"]] == [True]
    assert not any("\u2068" in text for text in read["steps"][0]["texts"])
    nodes = command("custody", "fix", kept / "custody.json", "--target", "Saltmarsh page.exclusive")
    assert "against being taken" in nodes.out


def test_an_interview_that_was_only_begun_is_sent_back_to_the_browser(tmp_path: Path) -> None:
    """Answers about nothing lead to no result that somebody could take for a good one."""
    empty = tmp_path / "empty.json"
    empty.write_text('{"schema": "custody-interview/1", "people": [], "things": []}', "utf-8")
    for verb in (("analyse",), ("fix",), ("explain", "x", "--by", "y"), ("report", "--plain", "-o", tmp_path / "page.html")):
        refused(command("custody", verb[0], empty, *verb[1:]), 2, "names nothing yet", "custody interview")
    assert not (tmp_path / "page.html").exists()


def test_a_report_of_answers_names_its_steps_and_what_it_assumes(kept: Path) -> None:
    """It is the page that the browser shows: the plan as actions, in the language asked for, and every assumption."""
    out = kept / "page.html"
    done = command("custody", "report", kept / "custody.age", "--passphrase-file", kept / "words", "--plain", "--full", "-o", out)
    assert done.code == 0
    page = out.read_text("utf-8")
    assert "Keep one administrator account for" in page
    assert "assume" in page.lower()
    picture = kept / "picture.svg"
    assert command("custody", "report", kept / "custody.json", "--plain", "--format", "svg", "-o", picture).code == 0
    assert picture.read_text("utf-8").startswith("<svg")


def test_a_wrong_passphrase_changes_and_says_nothing(kept: Path) -> None:
    """The refusal names the remedy, and no report is left."""
    out = kept / "page.html"
    asked = command("custody", "report", kept / "custody.age", "--passphrase-file", kept / "wrong", "--plain", "-o", out)
    refused(asked, asked.code, "passphrase")
    assert not out.exists()

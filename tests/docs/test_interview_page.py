"""The page of the interview's format lists what the code asks, and its example is a file."""

from __future__ import annotations

import re
from pathlib import Path

from commonhold.kernel.custody.interview import KINDS, parse_interview

PAGE = (Path(__file__).parents[2] / "docs/formats/custody-interview.md").read_text("utf-8")


def _rows(header: str) -> list[list[str]]:
    """The rows of the table that begins with *header*, cell by cell."""
    table = PAGE.split(f"| {header} |", 1)[1].split("\n\n", 1)[0]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines()[2:]]


def test_the_page_lists_every_kind_with_its_questions_and_assumptions() -> None:
    """In the order in which they are asked, and what is not usual is said."""
    listed = {re.findall(r"`(\w+)`", kind)[0]: (re.findall(r"`(\w+)`", asked), held.split(", ")) for kind, _, asked, held in _rows("kind")}
    assert list(listed) == list(KINDS)
    for kind in KINDS.values():
        asked, held = listed[kind.id]
        assert asked == [question.id for question in kind.questions]
        assert held == [f"`{item.id}`{'' if item.usual else ' (not usual)'}" for item in kind.assumptions]


def test_the_page_says_what_every_question_takes() -> None:
    """Nobody, two together, optional and recovery stand there exactly where the code has them."""
    takes = {
        "yesno": "`y`, `n`",
        "people": "people",
        "mailbox": "mailboxes, people",
        "phone": "phones, people",
        "domain": "domains",
        "server": "servers",
    }
    rows = {cells[0]: cells[1] for cells in _rows("question")}
    for kind in KINDS.values():
        for asked in kind.questions:
            said = (
                rows.get(f"`{asked.id}`")
                or rows[f"`{asked.id}` of a mailbox" if kind.id == "mailbox" else f"`{asked.id}` of a page, code, list"]
            )
            wanted = takes[asked.takes] + ", `2+`" * asked.together + ", `-`" * bool(asked.none)
            assert said == wanted + "; optional" * asked.optional + "; recovery" * asked.recovery, (kind.id, asked.id)
    assert {item.id for kind in KINDS.values() for item in kind.assumptions} == {cells[0].strip("`") for cells in _rows("assumption")}


def test_the_example_is_an_interview() -> None:
    """As it stands on the page."""
    example = PAGE.split("page.\n\n", 1)[1].split("\n\n|", 1)[0]
    assert parse_interview(example.encode()).title == "Saltmarsh Community Radio"

"""Laws of freshness: who must have vouched, how lately, and what is told when they have not."""

from __future__ import annotations

import pytest

from commonhold.kernel.record.freshness import (
    AHEAD_SECONDS,
    FRESH_SECONDS,
    STALE_SECONDS,
    Answers,
    judge_freshness,
    read_answers,
)
from commonhold.kernel.record.verdict import (
    CONTRADICTORY,
    FRESHNESS_UNKNOWN,
    NOT_OFFICIAL,
    OFFICIAL,
    STALE,
    UNWITNESSED,
    Verdict,
    judge_record,
)
from commonhold.testing.house import MemoryHouse
from tests.attacks import Mutation, attack
from tests.kernel.attacks.saltmarsh import START, house, partnered, statement

FRESHNESS = "src/commonhold/kernel/record/freshness.py"


def told(made: MemoryHouse, *notes: str | bytes, now: int = START + 60) -> Verdict:
    """What a reader is told who has replayed the house and got these answers."""
    answers = read_answers(made.state, made.tree.root, [note.encode() if isinstance(note, str) else note for note in notes])
    return judge_freshness(judge_record(made.state, made.outcomes), made.state, answers, now)


def each(made: MemoryHouse, *times: int, size: int | None = None) -> list[str]:
    """One answer by each of the first partners, at these times."""
    return [made.note({name: time}, size) for name, time in zip(made.partners, times, strict=False)]


def test_enough_partners_who_vouched_lately_make_it_official() -> None:
    """Two of three, in one note or in two; one alone does not, nor do two of whom one is late."""
    made = partnered()
    assert told(made, made.note(START + 50)) == Verdict(OFFICIAL, "official")
    assert told(made, *each(made, START + 50, START + 40)).code == OFFICIAL
    assert told(made, *each(made, START + 50)).code == FRESHNESS_UNKNOWN
    late = each(made, START + 2 * FRESH_SECONDS, START + 1)
    assert told(made, *late, now=START + 2 * FRESH_SECONDS).code == FRESHNESS_UNKNOWN
    assert told(made, made.note(START), now=START + FRESH_SECONDS).code == OFFICIAL
    assert told(made, made.note(START), now=START + FRESH_SECONDS + 1).code == FRESHNESS_UNKNOWN


def test_a_house_without_partners_has_nobody_to_ask() -> None:
    """It is official as of its last entry, whatever answers are shown; and what is not official stays that."""
    made = house()
    assert told(made, b"anything").code == UNWITNESSED
    no = Verdict(NOT_OFFICIAL, "no")
    assert judge_freshness(no, partnered().state, Answers(), START) == no


@attack("record-16", Mutation(FRESHNESS, find="    if now - known > STALE_SECONDS:", replace="    if False:"))
def test_a_record_that_nobody_vouches_for_becomes_stale() -> None:
    """A server that freezes a record can show yesterday's cosignatures for a week, and never as plain "official"."""
    made = partnered()
    for now, code in (
        (START + FRESH_SECONDS + 1, FRESHNESS_UNKNOWN),
        (START + STALE_SECONDS, FRESHNESS_UNKNOWN),
        (START + STALE_SECONDS + 1, STALE),
    ):
        verdict = told(made, made.note(START), now=now)
        assert verdict.code == code
    assert not verdict.is_yes
    assert "since 2023-11-14 22:13 UTC" in verdict.words


def test_a_copy_that_lags_behind_its_partners_is_stale() -> None:
    """Enough partners have more than the reader, so something is being withheld; a single one with more may be lying."""
    made = partnered()
    notes = each(made, START + 50, START + 50)
    made.propose("heron", "statement", statement("later"))
    more = each(made, START + 50, START + 50)
    held = partnered()
    verdict = told(held, *more)
    assert verdict.code == STALE
    assert f"at least {made.tree.size} entries" in verdict.words
    assert told(held, more[0]).code == FRESHNESS_UNKNOWN
    assert told(held, *notes, more[0]).code == OFFICIAL
    assert told(made, *notes).code == FRESHNESS_UNKNOWN, "what they have less of they do not vouch for"


@attack(
    "epoch-two-faces",
    Mutation(FRESHNESS, find="            elif roots(size) != signed.checkpoint.root:", replace="            elif roots(size) == b'':"),
)
def test_partners_who_cosigned_another_history_leave_a_contradiction() -> None:
    """If enough for the policy did, nobody can tell which is the record; one alone convicts itself and changes nothing."""
    made, other = partnered(), partnered()
    made.propose("heron", "statement", statement("one face"))
    other.propose("heron", "statement", statement("the other"))
    assert told(made, other.note(START + 50)).code == CONTRADICTORY
    one = other.note({"reed": START + 50})
    assert told(made, one, made.note(START + 50)).code == OFFICIAL
    answers = read_answers(made.state, made.tree.root, [one.encode()])
    assert answers == Answers(conflicting={"reed": START + 50})


def test_answers_that_are_damaged_or_of_another_log_are_set_aside() -> None:
    """Each is named, and none spoils the others."""
    made = partnered()
    answers = read_answers(made.state, made.tree.root, [b"", made.note(START).encode().replace(b"4", b"5", 1), made.note(START).encode()])
    assert len(answers.ignored) == 2
    assert set(answers.vouching) == {"reed", "sedge", "rush"}
    assert told(made, b"junk", made.note(START)).code == OFFICIAL


@pytest.mark.parametrize(("ahead", "code"), [(AHEAD_SECONDS, OFFICIAL), (AHEAD_SECONDS + 1, FRESHNESS_UNKNOWN)])
def test_a_reader_whose_clock_is_behind_cannot_tell_what_is_fresh(ahead: int, code: str) -> None:
    """A few minutes pass; beyond them the reader is shown both times."""
    made = partnered()
    verdict = told(made, made.note(START), now=START - ahead)
    assert verdict.code == code
    assert ("your clock says" in verdict.words) == (code == FRESHNESS_UNKNOWN)


def test_one_partner_with_a_wrong_clock_moves_nothing() -> None:
    """The time of several answers is the latest at which enough of them agree, and of one partner's answers its newest counts."""
    made = partnered()
    assert told(made, *each(made, START + 10**9, START + 50, START + 40)).code == OFFICIAL
    assert told(made, *each(made, START + 50, START + 50), *each(made, START - 10**8, START - 10**8)).code == OFFICIAL

"""Laws about batches of signatures: each answer belongs to its own question."""

from __future__ import annotations

from commonhold.kernel.kit import Kit
from commonhold.kernel.record.jobs import here, verify_jobs

KIT = Kit(bytes(range(32)))
GOOD = (KIT.keys.sign, b"let it be so", KIT.sign(b"let it be so"))
BAD = (KIT.keys.sign, b"let it not be so", GOOD[2])


def test_answers_come_in_the_order_of_the_questions() -> None:
    """A false signature makes its own answer false and no other."""
    assert verify_jobs([GOOD, BAD, GOOD]) == [True, False, True]
    assert verify_jobs([]) == []


def test_the_verifier_of_one_core_waits_until_it_is_asked() -> None:
    """Whoever has no other core gets the same answers, when the fold needs them and not before."""
    jobs = [GOOD]
    answers = here(jobs)
    jobs.append(BAD)
    assert answers() == [True, False]

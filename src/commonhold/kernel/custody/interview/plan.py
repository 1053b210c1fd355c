"""What to do first: up to three steps, each the one that helps most after those before it, with the result computed anew.

Where no single remedy ends a takeover or a lock-out, remedies for one thing and for what it leans on are tried together: closing one of two doors
helps nobody. Everything is recomputed from changed answers, so the numbers are those of the analysis and no estimate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from commonhold.kernel.custody.interview.answers import SIGNS, Interview, Thing
from commonhold.kernel.custody.interview.compiling import compile_register
from commonhold.kernel.custody.interview.remedies import Remedy, remedies
from commonhold.kernel.custody.interview.standing import Standing, standing

STEPS: Final = 3
TOGETHER_AT_MOST: Final = 4
MAX_TRIED: Final = 1_200
"""Combinations that one step may try; a large interview tries smaller ones first."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: its remedies, made together, and how the organisation stands before and after."""

    remedies: tuple[Remedy, ...]
    before: Standing
    after: Standing
    then: Interview

    @property
    def hoped(self) -> bool:
        """Whether the result depends on how something that is looked up turns out."""
        return any(remedy.hoped for remedy in self.remedies)


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps, first things first, and how the organisation stands today.

    Args:
        complete: whether every combination of the kinds tried was weighed.
    """

    now: Standing
    steps: tuple[Step, ...]
    complete: bool


def plan(interview: Interview, steps: int = STEPS) -> Plan:
    """What to do first."""
    now = before = _stands(interview)
    found: list[Step] = []
    complete = True
    for _ in range(steps):
        step, whole = _best(interview, before)
        complete = complete and whole
        if step is None:
            break
        found.append(step)
        interview, before = step.then, step.after
    return Plan(now, tuple(found), complete)


def _stands(interview: Interview) -> Standing:
    return standing(compile_register(interview).register)


def _best(interview: Interview, before: Standing) -> tuple[Step | None, bool]:
    """The step that helps most: a single remedy where one ends a takeover or a lock-out, otherwise the smallest group that does."""
    by_thing = {thing.id: list(remedies(interview, thing)) for thing in interview.things}
    singles = [_step(interview, before, (remedy,)) for listed in by_thing.values() for remedy in listed]
    known = {step.remedies: _exposed(step.after) for step in singles}
    ending = [step for step in singles if _ended(step)]
    for tried, group in enumerate(_groups(interview, by_thing)):
        if ending and len(group) > 2:
            break
        if tried == MAX_TRIED:
            return _pick(ending or singles), False
        step = _step(interview, before, group)
        known[group] = _exposed(step.after)
        # Each member must be needed: two good ideas are two steps.
        if _ended(step) and all(known.get((*group[:place], *group[place + 1 :]), 0) > known[group] for place in range(len(group))):
            ending.append(step)
    return _pick(ending or singles), True


def _groups(interview: Interview, by_thing: dict[str, list[Remedy]]) -> Iterator[tuple[Remedy, ...]]:
    """Remedies that might only work together, small groups first."""
    clusters = [
        [remedy for id_ in _leaning(interview, thing) for remedy in by_thing[id_] if not (remedy.hoped and id_ != thing.id)]
        for thing in interview.things
    ]
    for size in range(2, TOGETHER_AT_MOST + 1):
        for cluster in clusters:
            for group in combinations(cluster, size):
                questions = [(id_, question) for remedy in group for id_, question, _ in remedy.changes]
                if len(set(questions)) == len(questions):
                    yield group


def _leaning(interview: Interview, thing: Thing) -> list[str]:
    """A thing, and those that its answers name."""
    named = {token for tokens in thing.answers.values() for token in tokens if token not in SIGNS}
    return [thing.id, *(other.id for other in interview.things if other.id in named and other.id != thing.id)]


def _step(interview: Interview, before: Standing, group: Sequence[Remedy]) -> Step:
    then = interview
    for remedy in group:
        then = remedy.done(then)
    return Step(tuple(group), before, _stands(then), then)


def _exposed(found: Standing) -> int:
    return len(found.taken()) + len(found.lost())


def _ended(step: Step) -> bool:
    """Whether fewer things are taken by one or lost with one, and none more are taken."""
    before, after = step.before, step.after
    return _exposed(after) < _exposed(before) and len(after.taken()) <= len(before.taken()) and after.weight < before.weight


def _pick(steps: Sequence[Step]) -> Step | None:
    helping = [step for step in steps if step.after.weight < step.before.weight]
    return min(helping, key=_cost_for_gain, default=None)


def _cost_for_gain(step: Step) -> tuple[float, int]:
    gain = step.before.weight - step.after.weight
    return -gain / (1 + sum(remedy.cost for remedy in step.remedies)), len(step.remedies)

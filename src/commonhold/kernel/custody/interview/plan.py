"""What to do first: up to three steps, each the one that helps most after those before it, with the result computed anew.

Where no single remedy ends a takeover or a lock-out, remedies for one thing and for what it leans on are tried together: closing one of two doors
helps nobody. Everything is recomputed from changed answers, so the numbers are those of the analysis and no estimate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from commonhold.kernel.custody.interview.answers import Interview, Thing
from commonhold.kernel.custody.interview.compiling import compile_register, nodes_of
from commonhold.kernel.custody.interview.remedies import Remedy, remedies
from commonhold.kernel.custody.interview.standing import Form, Standing, Worlds, standing

STEPS: Final = 3
TOGETHER_AT_MOST: Final = 4
MAX_TRIED: Final = 3_000
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


def plan(interview: Interview, steps: int = STEPS, *, tried: int = MAX_TRIED) -> Plan:
    """What to do first: at most so many steps, for each of which at most so many groups of remedies are *tried*."""
    now = before = _stands(interview)
    found: list[Step] = []
    complete = True
    for _ in range(steps):
        group, whole = _Search(interview).best(tried)
        complete = complete and whole
        if not group:
            break
        then = _done(interview, group)
        found.append(Step(group, before, _stands(then), then))
        interview, before = then, found[-1].after
    return Plan(now, tuple(found), complete)


def _stands(interview: Interview) -> Standing:
    return standing(compile_register(interview).register)


def _done(interview: Interview, group: Sequence[Remedy]) -> Interview:
    for remedy in group:
        interview = remedy.done(interview)
    return interview


@dataclass(frozen=True, slots=True)
class _Tried:
    """A group of remedies and what would come of it: which powers would still be taken by one, or lost with one."""

    group: tuple[Remedy, ...]
    exposed: frozenset[tuple[str, bool]]
    weight: int
    harmless: bool

    @property
    def cost(self) -> int:
        """How much it asks of people."""
        return sum(remedy.cost for remedy in self.group)


class _Search:
    """The search for one step, in an interview as it is by then."""

    def __init__(self, interview: Interview) -> None:
        self.interview = interview
        self.worlds = Worlds(compile_register(interview).register)
        self.now = self.worlds.standing()
        self.open = frozenset((*self.now.taken(), *self.now.destroyed()))
        self.forms: dict[tuple[Remedy, ...], list[Form]] = {}
        self.powers = {thing.id: {node.id for node in nodes_of(interview, thing.id)} for thing in interview.things}
        self.before = self.judged(())

    def best(self, most: int) -> tuple[tuple[Remedy, ...], bool]:
        """The step that helps most for what it asks, out of single remedies and the groups that end a takeover or a lock-out."""
        by_thing = {thing.id: list(remedies(self.interview, thing)) for thing in self.interview.things}
        singles = [self.judged((remedy,)) for listed in by_thing.values() for remedy in listed]
        known = {frozenset(tried.group): tried.exposed for tried in singles}
        ending = [tried for tried in singles if self.ends(tried)]
        clusters = {thing.id: self.cluster(thing, by_thing) for thing in self.interview.things}
        limit = len(known) + most
        for size in range(2, TOGETHER_AT_MOST + 1):
            # A thing that is safe already, or that less work makes safe, needs no larger group.
            enough = [tried for tried in (self.before, *ending) if tried.cost <= size]
            due = [id_ for id_ in clusters if all(self.exposes(id_, tried) for tried in enough)]
            for group in (group for id_ in due for group in combinations(clusters[id_], size)):
                if frozenset(group) in known or not _compatible(group):
                    continue
                if len(known) == limit:
                    return self.pick(ending or singles), False
                tried = self.judged(group)
                known[frozenset(group)] = tried.exposed
                # Each member must be needed: two good ideas are two steps.
                if self.ends(tried) and all(len(known[frozenset(group) - {one}]) > len(tried.exposed) for one in group):
                    ending.append(tried)
        return self.pick(ending or singles), True

    def cluster(self, thing: Thing, by_thing: Mapping[str, list[Remedy]]) -> list[Remedy]:
        """The remedies for a thing and for those that its answers name, which might only work together."""
        named = {token for tokens in thing.answers.values() for token in tokens}
        others = [other.id for other in self.interview.things if other.id in named]
        return by_thing[thing.id] + [remedy for id_ in others for remedy in by_thing[id_] if not remedy.hoped]

    def exposes(self, id_: str, tried: _Tried) -> bool:
        """Whether one person could still take a thing, or is still needed for it."""
        return any(node in self.powers[id_] for node, _ in tried.exposed)

    def judged(self, group: tuple[Remedy, ...]) -> _Tried:
        """What comes of a group; only what it changes, and what leans on that, is weighed anew."""
        after = self.worlds.standing([form for own in _by_thing(group) for form in self.compiled(own)])
        harmless = self.open.issuperset(after.taken()) and self.open.issuperset(after.destroyed())
        exposed = frozenset({(node, True) for node in after.taken()} | {(node, False) for node in after.lost()})
        return _Tried(group, exposed, after.weight, harmless)

    def compiled(self, own: tuple[Remedy, ...]) -> list[Form]:
        """The nodes of one thing after the remedies for it."""
        if own not in self.forms:
            self.forms[own] = [self.worlds.form(node) for node in nodes_of(_done(self.interview, own), own[0].thing)]
        return self.forms[own]

    def ends(self, tried: _Tried) -> bool:
        """Whether fewer things are taken by one or lost with one."""
        return tried.harmless and len(tried.exposed) < len(self.before.exposed) and tried.weight < self.before.weight

    def pick(self, found: Sequence[_Tried]) -> tuple[Remedy, ...]:
        """The one that helps most for what it asks of people; none where none helps."""

        def for_its_cost(tried: _Tried) -> tuple[float, int]:
            gain = self.before.weight - tried.weight
            return -gain / (1 + tried.cost), len(tried.group)

        helping = [tried for tried in found if tried.harmless and tried.weight < self.before.weight]
        return min(helping, key=for_its_cost).group if helping else ()


def _compatible(group: Sequence[Remedy]) -> bool:
    """Whether no two of them change the same answer."""
    questions = [(id_, question) for remedy in group for id_, question, _ in remedy.changes]
    return len(set(questions)) == len(questions)


def _by_thing(group: Sequence[Remedy]) -> list[tuple[Remedy, ...]]:
    by_thing: dict[str, list[Remedy]] = {}
    for remedy in group:
        by_thing.setdefault(remedy.thing, []).append(remedy)
    return [tuple(own) for own in by_thing.values()]

"""The fewest people that each kind of decision takes, and the routes on which it takes fewer than its rule says.

Counts over the model of ``analysis.py``, in groups of people who are alike, so the answer is exact for any number of members; where the groups
are too many to go through, it is a lower bound and says so, never "safe".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Final, NamedTuple

from commonhold.kernel.charter.analysis import Means, Power, powers
from commonhold.kernel.charter.articles import number_key
from commonhold.kernel.charter.choosing import rules_for
from commonhold.kernel.charter.findings import Finding
from commonhold.kernel.charter.rules import Charter, Rule
from commonhold.kernel.charter.seating import Group, Seating, seat_everybody

SIZES: Final = (12, 30, 100)
"""Numbers of members at which routes are compared while the real number is not known; a warning holds at all of them."""

MOST_WORK: Final = 200_000
"""Mixes of officers times powers that are gone through; above, every person is taken to hold every office, which can only be too few."""

_LEADING: Final = ("admit", "amend", "appoint", "dismiss", "expel", "recover-member")


@dataclass(frozen=True, slots=True)
class Fewest:
    """The fewest people who can bring something about.

    Args:
        people: how many; a lower bound where it is not *exact*.
        who: so many people of each group of the seating; empty where it is not exact.
        days: how long it takes them at the earliest.
        decisions: the other decisions and emergency powers that they use, in order.
        steps: what they do on the way, in words and in order; none on the direct way.
    """

    people: int
    exact: bool
    who: tuple[int, ...]
    days: float
    decisions: tuple[str, ...]
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KindAnswer:
    """What one kind of decision takes: by its own rule, and when every route counts; None where nobody can bring it about."""

    name: str
    kind: str
    rule: Rule
    direct: Fewest | None
    fewest: Fewest | None

    @property
    def cheaper(self) -> bool:
        """Whether a route takes fewer people than the rule."""
        return self.fewest is not None and (self.direct is None or self.fewest.people < self.direct.people)


def count_kinds(charter: Charter, seating: Seating, found: Mapping[str, Power] | None = None) -> tuple[KindAnswer, ...]:
    """For every decision that the charter's rules can bring about, the fewest people directly and through any route, by name."""
    found = powers(charter, seating) if found is None else found
    counting = _Counting(found, seating)
    return tuple(
        KindAnswer(name, _kind(name), power.rule, counting.fewest(name, routes=False), counting.fewest(name, routes=True))
        for name, power in sorted(found.items())
        if power.rule is not None
    )


def cheaper_routes(charter: Charter, sizes: Iterable[int]) -> list[Finding]:
    """Warnings for rules through which fewer people reach a decision than its own rule asks for, at every one of the given numbers of members.

    Each names the rule where the route begins. What officers and assemblies can do to other rules by amending them is the charter's own order
    and no warning, unless a weaker amendment reaches a stronger one.
    """
    seats = max((office.seats for office in charter.offices.values()), default=0)
    seen = [_routes(count_kinds(charter, seat_everybody(charter, members)), members) for members in sizes if members >= seats]
    always = set.intersection(*map(set, seen)) if seen else set()
    findings = []
    for begin in sorted({begin for begin, _ in always}):
        routes = [seen[0][pair] for pair in sorted(always) if pair[0] == begin]
        # Amendments first, then the widest gap: one warning for a rule is enough to change it.
        first = max(routes, key=lambda route: (route.target.kind == "amend", route.asked - route.takes))
        findings.append(_warning(charter, first, len(routes) - 1))
    return findings


class _Route(NamedTuple):
    begin: KindAnswer
    target: KindAnswer
    members: int
    asked: int
    takes: int
    steps: tuple[str, ...]


def _routes(answers: Iterable[KindAnswer], members: int) -> dict[tuple[str, str], _Route]:
    """The routes that take fewer people, by the decision that they begin with and the one that they lead to."""
    by_name = {answer.name: answer for answer in answers}
    found: dict[tuple[str, str], _Route] = {}
    for answer in by_name.values():
        route, direct = answer.fewest, answer.direct
        if route is None or direct is None or not answer.cheaper:
            continue
        # An emergency power is meant to be quicker; it is bounded, and undone unless it is ratified.
        begin = by_name.get(route.decisions[0])
        if begin is not None and begin.kind in _LEADING and (begin.kind != "amend" or answer.kind == "amend"):
            found[begin.name, answer.name] = _Route(begin, answer, members, direct.people, route.people, route.steps)
    partner, amend = by_name.get("decision.partner"), [a for a in by_name.values() if a.kind == "amend" and a.direct is not None]
    if partner is not None and partner.direct is not None and amend:
        least = min(amend, key=lambda answer: (answer.direct.people if answer.direct else 0, answer.name))
        asked = least.direct.people if least.direct else 0
        if partner.direct.people < asked:
            steps = ("they choose the witnesses, on whose time every waiting period, every term and the 30 days of new keys rest",)
            found[partner.name, least.name] = _Route(partner, least, members, asked, partner.direct.people, steps)
    return found


def _warning(charter: Charter, route: _Route, others: int) -> Finding:
    rule, target = route.begin.rule, route.target
    more = f"; and so to {others} more {'decisions' if others > 1 else 'decision'}" if others else ""
    exact = route.begin.direct is None or route.begin.direct.exact
    people = ("" if exact else "at least ") + ("1 person" if route.takes == 1 else f"{route.takes} people")
    words = (
        f"is a cheaper route to {target.rule.name} of article {target.rule.article or '(none)'}"
        f" ({people} against {route.asked}, of {route.members} members): {'; then '.join(route.steps)}{more}"
    )
    if route.begin.kind == "amend":
        # Whoever may rewrite who is admitted, expelled or given a new key needs no more to reach the rest.
        leading = [charter.rules[name] for kind in ("admit", "expel", "recover-member") for name in charter.by_kind.get(kind, ())]
        weak = {
            other.article
            for other in (target.rule, *leading)
            if other.article and rule in rules_for(charter, "amend", touched={other.article})
        }
        articles = ", ".join(sorted(weak, key=number_key))
        step = f"Let decisions.{target.rule.name} guard these articles, too (applies_to): {articles}."
    else:
        step = f"Let {route.begin.kind} take as many people as {target.kind}, or give a body the right to object within a waiting period."
    return Finding("warning", rule.article, f"decisions.{rule.name}", words, step, "charter/cheaper-route")


class _Reached(NamedTuple):
    days: float
    steps: int
    means: Means


class _Counting:
    """Searches for the smallest mix of people; what a mix can reach is worked out once."""

    def __init__(self, found: Mapping[str, Power], seating: Seating) -> None:
        self.found = found
        *officers, plain = seating.groups
        self.exact = prod(group.size + 1 for group in officers) * len(found) <= MOST_WORK
        if not self.exact:
            every = frozenset().union(*(group.offices for group in officers))
            officers, plain = [], Group(every, seating.members)
        self.groups, self.plain = (*officers, plain), plain
        mixes = product(*(range(group.size + 1) for group in officers))
        self.mixes = sorted(mixes, key=lambda mix: (sum(mix), mix))
        self.known: dict[tuple[tuple[int, ...], bool], dict[str, _Reached]] = {}

    def fewest(self, target: str, *, routes: bool) -> Fewest | None:
        best: tuple[int, float, tuple[int, ...]] | None = None
        for mix in self.mixes:
            most = self.plain.size if best is None else min(self.plain.size, best[0] - sum(mix))
            if most < 0:
                break
            if target not in self.reach((*mix, most), routes=routes):
                continue
            low, high = 0, most
            while low < high:
                middle = (low + high) // 2
                if target in self.reach((*mix, middle), routes=routes):
                    high = middle
                else:
                    low = middle + 1
            who = (*mix, high)
            candidate = (sum(who), self.reach(who, routes=routes)[target].days, who)
            best = candidate if best is None else min(best, candidate)
        if best is None:
            return None
        people, days, who = best
        used = self.used(self.reach(who, routes=routes), target)
        others = tuple(name for name, _ in used if name != target and name.startswith(("decision.", "emergency.")))
        steps = tuple(dict.fromkeys(means.via for _, means in used if means.route))
        return Fewest(people, self.exact, who if self.exact else (), days, others, steps)

    def reach(self, who: tuple[int, ...], *, routes: bool) -> dict[str, _Reached]:
        """All that so many people of each group can obtain, with the earliest times."""
        known = self.known.get((who, routes))
        if known is None:
            known = self.known[who, routes] = self._reach(who, routes=routes)
        return known

    def _reach(self, who: tuple[int, ...], *, routes: bool) -> dict[str, _Reached]:
        def present(offices: frozenset[str] | None) -> int:
            return sum(count for count, group in zip(who, self.groups, strict=True) if offices is None or group.offices & offices)

        able = [
            (name, means)
            for name, power in self.found.items()
            for means in power.means
            if (routes or not means.route) and all(present(some.offices) >= some.need for some in means.voices)
        ]
        reached: dict[str, _Reached] = {}
        changed = True
        while changed:
            changed = False
            for name, means in able:
                if all(power in reached for power in means.powers):
                    below = [reached[power] for power in means.powers]
                    days, steps = means.days + max((one.days for one in below), default=0), 1 + sum(one.steps for one in below)
                    # Only what is sooner, or as soon in fewer steps, replaces what there was: so nothing ever supports itself.
                    if name not in reached or (days, steps) < reached[name][:2]:
                        reached[name], changed = _Reached(days, steps, means), True
        return reached

    def used(self, reached: Mapping[str, _Reached], target: str) -> list[tuple[str, Means]]:
        """The powers on the way to *target* and by which means, each after those that it rests on."""
        order: dict[str, Means] = {}

        def visit(name: str) -> None:
            if name not in order:
                means = reached[name].means
                for power in means.powers:
                    visit(power)
                order[name] = means

        visit(target)
        return list(order.items())


def _kind(name: str) -> str:
    return name.removeprefix("decision.").partition(":")[0]

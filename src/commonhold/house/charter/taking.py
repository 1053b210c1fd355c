"""Who could bring about what under the charter, with the members and seats of this moment (:mod:`commonhold.kernel.charter.analysis`).

It speaks of what people could do, and never of what they intend.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import Final

from commonhold.kernel.charter.analysis import powers
from commonhold.kernel.charter.routes import Fewest, KindAnswer, count_kinds
from commonhold.kernel.charter.seating import seat_named
from commonhold.kernel.record.state import State

KEPT: Final = 4
"""Analyses that stay in memory: of the charter in force, and of what it was a moment ago."""
_lock = Lock()
_known: dict[tuple[object, ...], tuple[Taking, ...]] = {}


@dataclass(frozen=True, slots=True)
class Way:
    """How few people can do something, as a lower bound where it is not *exact*; how many days they need, and through which decisions."""

    people: int
    exact: bool
    days: int
    decisions: tuple[str, ...]
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Taking:
    """One kind of decision: by its own rule, and the cheapest way where another one is cheaper. None: nobody can."""

    kind: str
    rule: str
    article: str
    direct: Way | None
    cheapest: Way | None
    cheaper: bool


def takings(state: State) -> tuple[Taking, ...]:
    """How few people each kind of decision takes; those first that take fewer than their rule says, then those that take fewest."""
    members = sorted(name for name, member in state.active_members() if member.kit)
    holders = {office: sorted(names & set(members)) for office, names in state.holders.items() if office in state.charter.offices}
    key = (state.charter.digest, tuple(members), tuple((office, tuple(names)) for office, names in sorted(holders.items())))
    with _lock:
        found = _known.get(key)
        if found is None:
            seating = seat_named(state.charter, members, holders)
            answers = count_kinds(state.charter, seating, powers(state.charter, seating))
            found = tuple(
                sorted(map(_taking, answers), key=lambda one: (not one.cheaper, one.cheapest.people if one.cheapest else 1 << 30, one.kind))
            )
            while len(_known) >= KEPT:
                del _known[next(iter(_known))]
            _known[key] = found
    return found


def _taking(answer: KindAnswer) -> Taking:
    return Taking(answer.kind, answer.rule.name, answer.rule.article, _way(answer.direct), _way(answer.fewest), answer.cheaper)


def _way(fewest: Fewest | None) -> Way | None:
    if fewest is None:
        return None
    decisions = tuple(name.removeprefix("decision.").replace(".", " ") for name in fewest.decisions)
    return Way(fewest.people, fewest.exact, round(fewest.days), decisions, fewest.steps)

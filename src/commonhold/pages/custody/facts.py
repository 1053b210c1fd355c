"""What the analysis says of each resource, as a report needs it: who alone, who with a platform's help, whose absence, how soon, seen or unseen.

Incomplete answers stay incomplete: what is not known is None or carries the analysis's own "at least", and never reads as nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from commonhold.kernel.custody import Answer, Finding, Path, Register, explain
from commonhold.pages.custody.names import POWERS, clean, party_sort, split_power

MAX_TIMED: Final = 8
"""How many coalitions of a resource are timed, smallest first."""


@dataclass(frozen=True, slots=True)
class Resource:
    """Something the organisation depends on, with the nodes that are its powers."""

    name: str
    powers: Mapping[str, str]

    @property
    def take(self) -> str:
        """The node that means having it: shutting the others out, where that is told apart."""
        return next(self.powers[power] for power in ("exclusive", "", "use", "destroy") if power in self.powers)

    @property
    def use(self) -> str:
        """The node that the organisation needs every day."""
        return next(self.powers[power] for power in ("use", "", "exclusive", "destroy") if power in self.powers)


@dataclass(frozen=True, slots=True)
class Takers:
    """Who could obtain one node.

    Args:
        members: those of the organisation who each can alone; and so for *outsiders* and *platforms*.
        helped: a person, and the platforms without which that person cannot.
        people: the smallest coalitions without any platform, where nobody can alone.
        needed: how many people it takes without a platform's help; None where no known number is enough.
        at_least: whether *needed* is only a lower limit, for there is more than could be computed.
        anybody: whether it takes nobody at all.
    """

    members: tuple[str, ...]
    outsiders: tuple[str, ...]
    platforms: tuple[str, ...]
    helped: tuple[tuple[str, tuple[str, ...]], ...]
    people: tuple[tuple[str, ...], ...]
    needed: int | None
    at_least: bool
    anybody: bool

    @property
    def alone(self) -> tuple[str, ...]:
        """Everybody but platforms who can alone."""
        return self.members + self.outsiders


@dataclass(frozen=True, slots=True)
class Soon:
    """The earliest end, in days, days of warning before it (None: none), and the earliest that nobody could see (None: none)."""

    days: float
    warning: float | None
    unseen: float | None


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that a report says of one resource in its summary; *takers* None where nothing was asked."""

    resource: Resource
    takers: Takers | None
    lockout: Answer | None
    soon: Soon | None
    also_use: tuple[str, ...]
    also_destroy: tuple[str, ...]
    complete: bool

    @property
    def one_takes(self) -> bool:
        """Whether one person alone is enough."""
        return self.takers is not None and (self.takers.anybody or bool(self.takers.alone))

    @property
    def takes_several(self) -> bool:
        """Whether it is known that no person alone is enough."""
        return self.takers is not None and not self.one_takes and (self.takers.needed is None or self.takers.needed > 1)

    @property
    def one_locks_out(self) -> bool:
        """Whether the loss of one person is enough; true also where it is out of reach already."""
        return self.lockout is not None and any(len(found) <= 1 for found in self.lockout.sets)


def resources_of(register: Register) -> tuple[Resource, ...]:
    """The resources of a register in its order, their powers together."""
    found: dict[str, dict[str, str]] = {}
    for node in register.nodes.values():
        if node.kind == "resource":
            base, power = split_power(node)
            found.setdefault(base, {})[power] = node.id
    order = ("", *POWERS)
    return tuple(
        Resource(
            clean(register.nodes[powers[""]].label if "" in powers else base),
            {power: powers[power] for power in order if power in powers},
        )
        for base, powers in found.items()
    )


def facts_of(register: Register, findings: Mapping[str, Finding]) -> tuple[Facts, ...]:
    """The facts of every resource."""
    return tuple(_facts(register, resource, findings) for resource in resources_of(register))


def _facts(register: Register, resource: Resource, findings: Mapping[str, Finding]) -> Facts:
    taken, used = findings.get(resource.take), findings.get(resource.use)
    takers = takers_of(register, taken.seize) if taken else None
    others = {power: findings.get(node) for power, node in resource.powers.items()}
    alone = frozenset(takers.alone if takers else ())
    also = {
        power: tuple(id_ for id_ in takers_of(register, found.seize).alone if id_ not in alone) if found else ()
        for power, found in others.items()
    }
    complete = all(found is not None and found.complete for found in others.values())
    return Facts(
        resource,
        takers,
        _either(taken.lockout if taken else None, used.lockout if used else None),
        soonest(register, resource.take, takers) if takers else None,
        also.get("use", ()) if resource.take != resource.powers.get("use") else (),
        also.get("destroy", ()) if resource.take != resource.powers.get("destroy") else (),
        complete,
    )


def _either(a: Answer | None, b: Answer | None) -> Answer | None:
    """Whose loss takes one of two powers away: control that is gone is as bad as use that is gone."""
    if a is None or b is None or a == b:
        return a or b
    sets = {frozenset(found) for found in (*a.sets, *b.sets)}
    least = sorted((tuple(sorted(one)) for one in sets if not any(other < one for other in sets)), key=lambda one: (len(one), one))
    known = [answer.up_to for answer in (a, b) if answer.up_to is not None]
    return Answer(tuple(least), min(known, default=None), None if known else len(least))


def takers_of(register: Register, answer: Answer) -> Takers:
    """Who an answer says can obtain its node."""
    sort = {id_: party_sort(party) for id_, party in register.parties.items()}
    singles = [found[0] for found in answer.sets if len(found) == 1]
    outsiders = tuple(id_ for id_ in singles if sort[id_] == "outsider")
    platforms = tuple(id_ for id_ in singles if sort[id_] == "platform")
    helped, people = [], []
    for found in answer.sets:
        persons = [id_ for id_ in found if sort[id_] != "platform"]
        if len(found) > 1 and len(persons) == 1:
            helped.append((persons[0], tuple(id_ for id_ in found if id_ not in persons)))
        elif len(persons) == len(found):
            people.append(found)
    smallest = min(map(len, people), default=None)
    return Takers(
        tuple(id_ for id_ in singles if sort[id_] in ("member", "group")),
        outsiders,
        platforms,
        tuple(helped),
        tuple(found for found in people if len(found) == smallest),
        smallest if smallest is not None or answer.up_to is None else answer.up_to + 1,
        smallest is None and answer.up_to is not None,
        answer.sets == ((),),
    )


def soonest(register: Register, target: str, takers: Takers) -> Soon | None:
    """How soon people could have a node, over the smallest coalitions; None where none is known."""
    groups: Sequence[tuple[str, ...]] = takers.people or [(person, *platforms) for person, platforms in takers.helped]
    paths = [explain(register, target, group) for group in groups[:MAX_TIMED]]
    quick = [path.quickest for path in paths if path.quickest is not None]
    if not quick:
        return None
    best = min(quick, key=lambda path: (path.days, -1 if path.warning is None else path.warning))
    return Soon(best.days, best.warning, _least(path.quiet for path in paths))


def _least(paths: Iterable[Path | None]) -> float | None:
    return min((path.days for path in paths if path is not None), default=None)

"""How many people a need takes at least: to find what can never be met.

The numbers are lower bounds with every seat filled, counted in distinct people. Who exactly it takes, and on which routes, is the business of
``analysis.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from commonhold.kernel.charter.people import EVERYONE
from commonhold.kernel.charter.rules import All, Body, Count, Incompatible, Need, Office, Share


def fewest(need: Need, bodies: Mapping[str, Body], offices: Mapping[str, Office], members: int) -> int:
    """The smallest number of people who can meet *need* in an organisation of *members* people with every seat filled."""
    if isinstance(need, Count):
        return need.m
    if isinstance(need, Share):
        selector = bodies[need.body].selector
        return need.fraction.required(members if selector == EVERYONE else offices[selector].seats)
    return max(fewest(part, bodies, offices, members) for part in need.needs)


def parts(need: Need) -> Iterator[Count | Share]:
    """Every count and share within *need*."""
    if isinstance(need, All):
        for part in need.needs:
            yield from parts(part)
    else:
        yield need


def offices_in(need: Need, bodies: Mapping[str, Body]) -> frozenset[str]:
    """The offices whose holders *need* counts, by name or through a body of holders."""
    found: set[str] = set()
    for part in parts(need):
        for name in part.of if isinstance(part, Count) else (part.body,):
            found.add(bodies[name].selector if name in bodies else name)
    return frozenset(found - {EVERYONE})


def most_people(count: Count, bodies: Mapping[str, Body], offices: Mapping[str, Office]) -> int | None:
    """How many people could ever sign for *count*: the seats together, or None where members, or seats that are not known, are among them."""
    selectors = {bodies[name].selector if name in bodies else name for name in count.of}
    if not all(name in offices and offices[name].seats for name in selectors):
        return None
    return sum(offices[name].seats for name in selectors)


def fewest_holders(names: frozenset[str], offices: Mapping[str, Office], incompatible: tuple[Incompatible, ...]) -> int:
    """How few people can hold all the seats of these offices together, given which offices exclude one another."""
    # People of one office are distinct, and so are those of offices that exclude one another. A lower bound: two overlapping exclusions
    # could force more.
    alone = max((offices[name].seats for name in names), default=0)
    return max([alone, *(sum(offices[name].seats for name in rule.offices & names) for rule in incompatible)])

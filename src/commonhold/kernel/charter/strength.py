"""How many people a need takes at least: to find what can never be met.

The numbers are lower bounds with every seat filled, counted in distinct people. Who exactly it takes, and on which routes, is the business of
``analysis.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from commonhold.kernel.charter.people import EVERYONE
from commonhold.kernel.charter.rules import All, Body, Count, Incompatible, Need, Office, Rule, Share
from commonhold.kernel.kinds import RELEASES


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
    selectors = _selectors(count.of, bodies)
    if not all(name in offices and offices[name].seats for name in selectors):
        return None
    return sum(offices[name].seats for name in selectors)


def no_part(rule: Rule, people: int, bodies: Mapping[str, Body], offices: Mapping[str, Office]) -> int:
    """How many of the *people* who may object under *rule* are left when those have asked and approved who must: whom word can reach, and who can confirm.

    Approvers count where nobody else could approve than people who may object, too. Whoever asks for a secret does not approve, and may be one of them.
    """
    holders = _selectors(rule.objection.of if rule.objection else (), bodies)
    approving = [
        fewest(part, bodies, offices, people)
        for part in (parts(rule.need) if rule.need else ())
        if EVERYONE in holders or _selectors(part.of if isinstance(part, Count) else (part.body,), bodies) <= holders
    ]
    return people - max(approving, default=0) - bool(RELEASES.intersection(rule.kinds))


def out_of_reach(rule: Rule, people: int, bodies: Mapping[str, Body], offices: Mapping[str, Office]) -> Iterator[tuple[str, str]]:
    """What *rule* asks of those who may object that so many *people* can never meet: ``notices`` or ``confirm``, and why in words."""
    left = no_part(rule, people, bodies, offices)
    beside = f"{max(left, 0)} of {people} are left beside whoever asks and approves"
    if rule.notices is not None and rule.notices.people > left:
        yield "notices", f"asks {rule.notices.people} of those who may object to sign that word has reached them, and {beside}"
    confirm = None if rule.objection is None else rule.objection.confirm
    needed = 0 if confirm is None else confirm if isinstance(confirm, int) else confirm.required(people)
    if needed > left:
        yield "confirm", f"asks {needed} of those who may object to confirm it, and {beside}"


def _selectors(places: Iterable[str], bodies: Mapping[str, Body]) -> frozenset[str]:
    return frozenset(bodies[place].selector if place in bodies else place for place in places)


def fewest_holders(names: frozenset[str], offices: Mapping[str, Office], incompatible: tuple[Incompatible, ...]) -> int:
    """How few people can hold all the seats of these offices together, given which offices exclude one another."""
    # People of one office are distinct, and so are those of offices that exclude one another. A lower bound: two overlapping exclusions
    # could force more.
    alone = max((offices[name].seats for name in names), default=0)
    return max([alone, *(sum(offices[name].seats for name in rule.offices & names) for rule in incompatible)])

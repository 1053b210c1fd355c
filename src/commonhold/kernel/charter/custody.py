"""Custodians: from the checked tables ``[custody.*]`` to who opens the secrets behind which resources (DESIGN 4, 5).

A clause names offices and bodies, never people: who they are is the record's business, and a seal that does not fit any more is red there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from commonhold.kernel.charter.draft import Draft
from commonhold.kernel.charter.people import EVERYONE, optional_duration
from commonhold.kernel.charter.rules import Custodians, Custody
from commonhold.kernel.custody.sealing.structure import MAX_LEVELS, MAX_MEMBERS, MAX_PEOPLE


def read_custody(draft: Draft) -> None:
    """Read every clause into *draft* by resource, noting what refers to nothing, what can never be met, and what may surprise."""
    for name, table in sorted(draft.section("custody").items()):
        place = f"custody.{name}"
        clause = Custody(
            name=name,
            article=draft.cited(place),
            resources=tuple(table["resources"]),
            open=_custodians(draft, place, table["open"], 1),
            drill=optional_duration(table, "drill"),
        )
        for resource in clause.resources:
            other = draft.custody.setdefault(resource, clause)
            if other is not clause:
                words = f"names the resource {resource!r}, and so does custody.{other.name}"
                draft.note("error", place, words, "Let one clause say who keeps it.", code="custody-twice")
        named = clause.open.places()
        for twice in sorted({one for one in named if named.count(one) > 1}):
            words = f"names {twice} in two groups, and each person has one share, in one of them"
            draft.note("warning", place, words, "Name other people in one of the groups.", code="custody-overlap")
        _count_all(draft, place, named)
    if draft.custody:
        for kind, missing in (("seal", "sealed"), ("release", "released")):
            if not any(kind in rule.kinds for rule in draft.decisions.values()):
                words = f"says who opens the secrets, and no rule says by whose decision they are {missing}"
                draft.note("warning", "custody." + min(draft.section("custody")), words, f"Add [decisions.{kind}].", code="custody-no-rule")


def _custodians(draft: Draft, place: str, table: Mapping[str, Any], level: int) -> Custodians:
    m, of = table["m"], table["of"]
    if level > MAX_LEVELS:
        draft.note("error", place, f"nests groups more than {MAX_LEVELS} deep", "Write flatter groups.", code="custody-deep")
        return Custodians(m)
    if not isinstance(of[0], str):
        groups = tuple(_custodians(draft, place, part, level + 1) for part in of)
        _count(draft, place, m, len(groups), "groups")
        return Custodians(m, groups=groups)
    seats: int | None = 0
    for name in of:
        selector = draft.bodies[name].selector if name in draft.bodies else name
        if name in draft.bodies and draft.bodies[name].unusable:
            draft.note("error", place, f"names the body {name}, whose people this version cannot list", code="custody-body")
        elif selector == EVERYONE:
            seats = None
        elif selector not in draft.offices:
            words = f"names {name!r}, and there is no such office or body"
            draft.note("error", place, words, f"Known: {', '.join(sorted({*draft.offices, *draft.bodies}))}.", code="no-such-office")
        elif seats is not None:
            # An office whose seats this version cannot compute has 0, and says so by itself.
            seats += draft.offices[selector].seats
    if seats is not None:
        _count(draft, place, m, seats, "seats")
    if seats == 1:
        words = f"has a group with a single seat, {', '.join(of)}: nobody else fills that group, and while the seat is empty or its share is lost nobody does"
        draft.note("warning", place, words, "Name further offices in it, if that is not what is meant.", code="custody-one-seat")
    return Custodians(m, of=tuple(of))


def _count_all(draft: Draft, place: str, named: tuple[str, ...]) -> None:
    """Note a clause for more people than one seal can have, before anybody is asked to seal for them."""
    offices = dict.fromkeys(draft.bodies[name].selector if name in draft.bodies else name for name in named)
    seats = sum(draft.offices[office].seats for office in offices if office in draft.offices)
    if seats > MAX_PEOPLE:
        words = f"names offices with {seats} seats in all, and a secret is shared among at most {MAX_PEOPLE} people"
        draft.note("error", place, words, "Name fewer offices, or committees of fewer people.", code="custody-too-many")
    if EVERYONE in offices:
        words = f"has a group of everybody, and a secret is shared among at most {MAX_MEMBERS} in one group: with more members nothing can be sealed anew"
        draft.note("warning", place, words, "Name an office or a committee, if there may be more.", code="custody-everybody")


def _count(draft: Draft, place: str, m: int, there: int, what: str) -> None:
    if m > there:
        words = f"needs {m} of {there} {what}, which can never be"
        draft.note("error", place, words, "Ask for fewer, or name more.", code="custody-unreachable")
    elif there > MAX_MEMBERS:
        words = f"has a group of {there} {what}, and a secret is shared among at most {MAX_MEMBERS} in one group"
        draft.note("error", place, words, "Make more groups of fewer people.", code="custody-too-many")

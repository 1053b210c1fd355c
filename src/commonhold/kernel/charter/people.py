"""Bodies, offices and what they exclude: the people part of a charter, from its checked tables to typed values.

What this version cannot do yet (units such as regions, proxies, elections by ballot) loads, and is said in words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from commonhold.kernel.charter.draft import Draft
from commonhold.kernel.charter.rules import Body, Incompatible, Office
from commonhold.kernel.durations import Duration, parse_duration

EVERYONE: Final = "members"
"""The selector of a body of all members."""

_HOLDERS: Final = re.compile(r"holders\(([a-z][a-z0-9_-]{0,63})\)", re.ASCII)
_UNITS: Final = re.compile(r"each\([a-z][a-z0-9_-]*\)|member where [a-z][a-z0-9_-]* = self", re.ASCII)
_NOT_CARRIED_OUT: Final = ("ballot", "handover", "method", "recall", "reopen_nominations", "vacancy")


def read_people(draft: Draft) -> None:
    """Read bodies, offices and incompatibilities into *draft*, noting what refers to nothing and what this version cannot do."""
    for name, table in sorted(draft.section("offices").items()):
        draft.offices[name] = _office(draft, name, table)
    for name, table in sorted(draft.section("bodies").items()):
        draft.bodies[name] = _body(draft, name, table)
    for name, office in draft.offices.items():
        if office.elected_by and office.elected_by not in draft.bodies:
            words = f"is elected by {office.elected_by!r}, and there is no such body"
            draft.note("error", f"offices.{name}", words, _known("body", draft.bodies), code="no-such-body")
    draft.incompatible = tuple(_incompatible(draft, table) for table in draft.rules.get("incompatible", ()))
    names = [table["name"] for table in draft.rules.get("incompatible", ())]
    for name in sorted({name for name in names if names.count(name) > 1}):
        draft.note("error", f"incompatible.{name}", "stands twice", "Give one of them another name.", code="duplicate-name")
    for table in draft.rules.get("constraints", ()):
        place = f"constraints.{table['name']}"
        if table["office"] not in draft.offices:
            words = f"limits the office {table['office']!r}, and there is no such office"
            draft.note("error", place, words, _known("office", draft.offices), code="no-such-office")
        else:
            words = f"limits {table['office']} per {table['per']}: this version knows no such units, so nothing checks it yet"
            draft.note("unusable", place, words, code="unusable")


def optional_duration(table: Mapping[str, Any], key: str) -> Duration | None:
    """The duration under *key*, if the table has one."""
    return parse_duration(table[key]) if key in table else None


def _office(draft: Draft, name: str, table: Mapping[str, Any]) -> Office:
    place = f"offices.{name}"
    seats, term = table["seats"], table.get("term", "")
    reasons = []
    if not isinstance(seats, int):
        reasons.append(f"has one seat per {seats['per']} of {seats['of']}")
    if term.startswith("until_next_"):
        reasons.append(f"has a term that ends with a meeting ({term})")
    unusable = f"{' and '.join(reasons)}: this version cannot compute that yet" if reasons else ""
    if unusable:
        draft.note("unusable", place, unusable, code="unusable")
    ignored = [key for key in _NOT_CARRIED_OUT if key in table]
    if ignored:
        words = f"has rules for its election that this version keeps and does not carry out yet: {', '.join(ignored)}"
        draft.note("unusable", place, words, "Until then the charter's rule for appoint decides who holds the office.", code="unusable")
    return Office(
        name=name,
        article=draft.cited(place),
        seats=seats if isinstance(seats, int) else 0,
        term=None if not term or term.startswith("until_next_") else parse_duration(term),
        max_consecutive=table.get("max_consecutive", 0),
        elected_by=table.get("elected_by", ""),
        unusable=unusable,
    )


def _body(draft: Draft, name: str, table: Mapping[str, Any]) -> Body:
    place, members = f"bodies.{name}", table["members"]
    selector, unusable = "", ""
    holders = _HOLDERS.fullmatch(members)
    if members == "all(member)":
        selector = EVERYONE
    elif holders and holders[1] in draft.offices:
        selector = holders[1]
        if draft.offices[selector].unusable:
            unusable = f"is the holders of {selector}, whose seats this version cannot compute"
    elif holders:
        words = f"is the holders of {holders[1]!r}, and there is no such office"
        draft.note("error", place, words, _known("office", draft.offices), code="no-such-office")
    elif _UNITS.fullmatch(members):
        unusable = f"is made of units ({members}): this version cannot list its people yet"
    else:
        step = 'Write "all(member)", "holders(office)", "each(unit)" or "member where unit = self".'
        draft.note("error", place, f"has the unknown selector {members[:80]!r}", step, code="selector")
    if name in draft.offices and selector != name and not unusable:
        words = "has the name of an office and is not the body of its holders"
        draft.note("error", place, words, f'Rename one of them, or write members = "holders({name})".', code="ambiguous-name")
    if unusable:
        draft.note("unusable", place, unusable, code="unusable")
    if table.get("register_frozen_at") == "credentials_report":
        words = "freezes its register at a credentials report: this version freezes it when a proposal is made"
        draft.note("unusable", place, words, code="unusable")
    if table.get("proxies", {}).get("max_held") or "substitutes" in table:
        draft.note("unusable", place, "allows proxies or substitutes: this version counts nobody's voice but their own", code="unusable")
    return Body(name=name, article=draft.cited(place), selector=selector, unusable=unusable)


def _incompatible(draft: Draft, table: Mapping[str, Any]) -> Incompatible:
    place = f"incompatible.{table['name']}"
    for office in table["offices"]:
        if office not in draft.offices:
            draft.note(
                "error", place, f"names {office!r}, and there is no such office", _known("office", draft.offices), code="no-such-office"
            )
    return Incompatible(table["name"], draft.cited(place), frozenset(table["offices"]), optional_duration(table, "cooling_off"))


def _known(what: str, names: Mapping[str, object]) -> str:
    return f"Known: {', '.join(sorted(names))}." if names else f"The charter has no {what} yet; add one."

"""Emergency powers, delegations and the rights of a minority: who may act alone, how long, and never over what (DESIGN 4).

The laws that bound a single power are checked where it is read; none of them reaches an act of ``kinds.NEVER_EMERGENCY``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from commonhold.kernel.charter.deciding import read_limit, read_need
from commonhold.kernel.charter.draft import Draft
from commonhold.kernel.charter.people import optional_duration
from commonhold.kernel.charter.rules import Count, Delegation, Emergency
from commonhold.kernel.charter.strength import parts
from commonhold.kernel.durations import parse_duration
from commonhold.kernel.kinds import KERNEL_KINDS, NEVER_EMERGENCY


def read_powers(draft: Draft) -> None:
    """Read emergency powers, delegations and minority rights into *draft*; decisions must have been read before."""
    for name, table in sorted(draft.section("emergency").items()):
        _emergency(draft, name, table)
    for name, table in sorted(draft.section("delegation").items()):
        _delegation(draft, name, table)
    for name in sorted(draft.rules.get("minority", {})):
        _minority(draft, f"minority.{name}", draft.rules["minority"][name])


def _emergency(draft: Draft, name: str, table: Mapping[str, Any]) -> None:
    place = f"emergency.{name}"
    reasons: list[str] = []
    holder = read_need(draft, place, table, reasons, key="holder")
    may = _kinds(draft, place, table["may"])
    for kind in sorted(may & NEVER_EMERGENCY):
        step = "Take it out of may; no emergency reaches acts that change who decides."
        draft.note("error", place, f"reaches {kind}, which no emergency power may", step, code="emergency-never")
    never = _kinds(draft, place, table.get("never", ()))
    for kind in sorted(may & never):
        draft.note("error", place, f"lists {kind} both under may and under never", "Keep one of them.", code="emergency-both")
    if "renewal_by" in table:
        _body_exists(draft, place, table["renewal_by"])
        reasons.append("is renewed by a body's vote")
    if "limit" in table:
        reasons.append("has a limit of money of its own")
    unusable = f"{'; '.join(dict.fromkeys(reasons))}: this version cannot do that yet" if reasons else ""
    if unusable:
        draft.note("unusable", place, unusable, code="unusable")
    if "report_to" in table:
        _body_exists(draft, place, table["report_to"])
        words = f"is reported to {table['report_to']}: this version shows every use in the record, and sends no report"
        draft.note("unusable", place, words, code="unusable")
    if holder is None:
        # A power that nobody can be counted for is kept as one that nobody holds.
        holder = Count((), 1)
    draft.emergencies[name] = Emergency(
        name=name,
        article=draft.cited(place),
        holder=holder,
        may=may,
        expires=parse_duration(table["expires"]),
        renewals=table.get("renewals", 0),
        ratify_within=optional_duration(table, "ratify_within"),
        unusable=unusable,
        never=never,
        limit=read_limit(table),
    )


def _kinds(draft: Draft, place: str, names: Iterable[str]) -> frozenset[str]:
    found: set[str] = set()
    for name in names:
        if name in draft.decisions:
            found.update(draft.decisions[name].kinds)
        elif name in KERNEL_KINDS or any(name in rule.kinds for rule in draft.decisions.values()):
            found.add(name)
        else:
            _no_rule(draft, place, name)
    return frozenset(found)


def _delegation(draft: Draft, name: str, table: Mapping[str, Any]) -> None:
    place, giver = f"delegation.{name}", table["from"]
    rule = draft.decisions.get(name)
    never = _kinds(draft, place, table.get("never", ()))
    if rule is None:
        _no_rule(draft, place, name)
        return
    if giver not in draft.offices and giver not in draft.bodies:
        draft.note(
            "error", place, f"is from {giver!r}, and there is no such office", "Name an office of the charter.", code="no-such-office"
        )
    elif giver not in _named_in(draft.section("decisions")[name]["by"]):
        words = f"is from {giver}, and article {rule.article or '(none)'} does not let {giver} decide {name}"
        draft.note("error", place, words, "Delegate from the office that the rule names.", code="delegation-from")
    for kind in sorted(never.intersection(rule.kinds)):
        draft.note("error", place, f"delegates {kind} and lists it under never", "Keep one of them.", code="delegation-never")
    reasons = []
    if giver not in draft.offices:
        reasons.append(f"is from the body {giver}")
    if table["to"] != "member":
        reasons.append(f"is to {table['to']!r}, which is not a member")
    if table.get("redelegate"):
        reasons.append("can be passed on")
    if rule.unusable:
        reasons.append(f"lends decisions.{name}, which cannot be used yet")
    elif rule.need is not None and any(part.m > 1 for part in parts(rule.need) if isinstance(part, Count)):
        reasons.append("lends one of several signatures")
    unusable = f"{'; '.join(reasons)}: this version cannot do that yet" if reasons else ""
    if unusable:
        draft.note("unusable", place, unusable, code="unusable")
    draft.delegations[name] = Delegation(
        rule=name,
        article=draft.cited(place),
        from_office=giver,
        longest=parse_duration(table["max"]),
        revocable=table.get("revocable", True),
        unusable=unusable,
    )


def _minority(draft: Draft, place: str, right: object) -> None:
    if isinstance(right, Mapping):
        for key in ("of", "by"):
            name = right.get(key)
            known = {*draft.bodies, *draft.offices, *draft.decisions, "register", "present", "seats"}
            if name is not None and name not in known:
                draft.note("error", place, f"names {name!r}, and there is no such body, office or rule", code="no-such-body")
        for name in right.get("against", ()):
            if name not in draft.decisions:
                _no_rule(draft, place, name)
    draft.note("unusable", place, "is kept in the charter, and nothing in this version carries it out yet", code="unusable")


def _named_in(by: object) -> set[str]:
    if isinstance(by, str):
        return {by}
    assert isinstance(by, Mapping)  # noqa: S101 - the shape has been checked
    names = {by[key] for key in ("office", "body") if key in by}
    names.update(by.get("signatures", {}).get("of", ()))
    return names.union(*map(_named_in, by.get("all_of", ())))


def _body_exists(draft: Draft, place: str, name: str) -> None:
    if name not in draft.bodies:
        draft.note("error", place, f"names {name!r}, and there is no such body", code="no-such-body")


def _no_rule(draft: Draft, place: str, name: str) -> None:
    step = f"Known rules: {', '.join(sorted(draft.decisions))}."
    draft.note("error", place, f"names {name!r}, and there is no such decision rule", step, code="no-such-rule")

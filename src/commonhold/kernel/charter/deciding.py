"""Decision rules: from the checked tables ``[decisions.*]`` to needs, waiting periods and kinds (DESIGN 3.3, 4).

A rule that needs a meeting, a ballot or units loads with the reason in ``Rule.unusable``; notice alone is no such reason, because it is a
waiting period that the record's clock can prove.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from commonhold.kernel.charter.draft import Draft
from commonhold.kernel.charter.people import EVERYONE, optional_duration
from commonhold.kernel.charter.rules import All, Count, Limit, Need, Notices, Objection, Quorum, Rule, Share
from commonhold.kernel.charter.shape import read_amount
from commonhold.kernel.durations import parse_duration
from commonhold.kernel.kinds import FUTURE_KINDS, IMPLIED_KINDS

_FUTURE_WORDS: Final = {
    "mandate": "mandates arrive with assemblies of delegates",
    "part": "an orderly parting arrives with partner houses",
}
_NEEDS_MEETING: Final = {
    "hearing": "a hearing",
    "appeal": "an appeal",
    "petition": "a petition",
    "amendments_close": "amendments to a motion",
    "effect": "an effect outside the record",
}


def read_decisions(draft: Draft) -> None:
    """Read every decision rule into *draft*, noting what refers to nothing and what this version cannot apply."""
    for name, table in sorted(draft.section("decisions").items()):
        draft.decisions[name] = read_rule(draft, name, table)


def kinds_of(name: str, table: Mapping[str, Any]) -> tuple[str, ...]:
    """The kinds of decision that a rule enacts: those that it lists, or those that its name implies."""
    if "enacts" in table:
        return tuple(sorted(table["enacts"]))
    if name in IMPLIED_KINDS:
        return (IMPLIED_KINDS[name],)
    return ("amend",) if "applies_to" in table else (name,)


def read_rule(draft: Draft, name: str, table: Mapping[str, Any]) -> Rule:
    """One rule; its unusable words are noted as a finding as well."""
    place = f"decisions.{name}"
    kinds = kinds_of(name, table)
    reasons: list[str] = []
    need = read_need(draft, place, table, reasons)
    quorum = _quorum(draft, place, table, reasons)
    if table.get("ballot", "signatures") != "signatures":
        reasons.append(f"needs a ballot ({table['ballot']})")
    later = [words for key, words in _NEEDS_MEETING.items() if key in table]
    if later:
        reasons.append(f"needs {' and '.join(later)}")
    unusable = _in_words(reasons, draft.cited(place))
    future = sorted(FUTURE_KINDS.intersection(kinds))
    if future and len(future) < len(kinds):
        words = f"enacts {', '.join(future)}, which this version cannot carry out yet, beside other kinds"
        draft.note("error", place, words, "Give those kinds a rule of their own, so that the others can be used.", code="mixed-future")
    elif future and not unusable:
        unusable = f"cannot be carried out by this version: {'; '.join(_FUTURE_WORDS[kind] for kind in future)}"
    if unusable:
        draft.note("unusable", place, unusable, code="unusable")
    elif "tie" in table:
        draft.note(
            "warning", place, "says what a tie does, and approvals counted against a register never tie", "Leave tie out.", code="tie"
        )
    if "time_lock" in table and "effect_after" in table:
        draft.note("error", place, "has both time_lock and effect_after, which are the same", "Keep one of them.", code="time-lock")
    return Rule(
        name=name,
        kinds=kinds,
        article=draft.cited(place),
        need=None if unusable and not future else need,
        quorum=quorum,
        notice=optional_duration(table, "notice"),
        time_lock=optional_duration(table, "time_lock") or optional_duration(table, "effect_after"),
        objection=_objection(draft, place, table),
        notices=Notices(table["notices"]["people"], table["notices"]["ways"]) if "notices" in table else None,
        everyday=table.get("everyday", False),
        subject_votes=table.get("subject_votes", True),
        limit=read_limit(table),
        above=table.get("above", ""),
        applies_to=tuple(table.get("applies_to", ())),
        unusable=unusable,
    )


def read_limit(table: Mapping[str, Any]) -> Limit | None:
    """The limit of money in a table, if it has one."""
    if "limit" not in table:
        return None
    limit = table["limit"]
    return Limit(limit["amount"], limit["currency"], optional_duration(limit, "window"))


def read_need(draft: Draft, place: str, table: Mapping[str, Any], reasons: list[str], key: str = "by") -> Need | None:
    """Who must agree, from ``by`` (or *key*) and ``pass``; adds to *reasons* what this version cannot count."""
    by = table[key]
    need = _by(draft, place, by, table.get("pass"), reasons)
    if "pass" in table and not _names_body(by):
        draft.note(
            "error", place, "has a majority (pass), and it is decided by signatures", "Leave pass out, or let a body decide.", code="pass"
        )
    return need


def _names_body(by: object) -> bool:
    if not isinstance(by, Mapping):
        return True
    return "body" in by or any(map(_names_body, by.get("all_of", ())))


def _by(draft: Draft, place: str, by: Any, majority: Mapping[str, Any] | None, reasons: list[str]) -> Need | None:
    if isinstance(by, str):
        by = {"body": by}
    if "office" in by:
        return _count(draft, place, (by["office"],), 1, reasons, bodies=False)
    if "signatures" in by:
        return _count(draft, place, tuple(by["signatures"]["of"]), by["signatures"]["m"], reasons, bodies=True)
    if "all_of" in by:
        return _together([_by(draft, place, part, majority, reasons) for part in by["all_of"]])
    if majority is None:
        reasons.append("names a body and no majority (pass)")
        _usable_body(draft, place, by["body"], reasons)
        return None
    if "all_of" in majority:
        return _together([_share(draft, place, by["body"], part, reasons) for part in majority["all_of"]])
    return _share(draft, place, by["body"], majority, reasons)


def _together(parts: list[Need | None]) -> Need | None:
    needs = tuple(part for part in parts if part is not None)
    if len(needs) < len(parts):
        return None
    return needs[0] if len(needs) == 1 else All(needs)


def _count(draft: Draft, place: str, of: tuple[str, ...], m: int, reasons: list[str], *, bodies: bool) -> Need | None:
    for name in of:
        if bodies and name in draft.bodies:
            _usable_body(draft, place, name, reasons)
        elif name not in draft.offices:
            words = f"names {name!r}, and there is no such office{' or body' if bodies else ''}"
            draft.note("error", place, words, _known(draft, bodies=bodies), code="no-such-office")
        elif draft.offices[name].unusable:
            reasons.append(f"counts the holders of {name}, whose seats this version cannot compute")
    return Count(of, m)


def _share(draft: Draft, place: str, by: str, majority: Mapping[str, Any], reasons: list[str]) -> Need | None:
    body, base, amount = majority.get("body", by), majority["base"], read_amount(majority)
    if not _usable_body(draft, place, body, reasons) or isinstance(amount, int):
        return None
    if base not in ("register", "seats"):
        reasons.append(f"needs a meeting that counts votes ({base})")
        return None
    selector = draft.bodies[body].selector
    if base == "register":
        return Share(body, amount)
    if selector == EVERYONE:
        step = 'Write base = "register" for a body of all members.'
        draft.note("error", place, f"counts the seats of {body}, which has none", step, code="base")
        return None
    return Count((selector,), amount.required(draft.offices[selector].seats))


def _usable_body(draft: Draft, place: str, name: str, reasons: list[str]) -> bool:
    body = draft.bodies.get(name)
    if body is None:
        step = f'Write by = {{office = "{name}"}} for an office.' if name in draft.offices else _known(draft, bodies=True)
        draft.note("error", place, f"names {name!r}, and there is no such body", step, code="no-such-body")
        return False
    if body.unusable:
        reasons.append(f"counts the body {name}, whose people this version cannot list")
    return bool(body.selector) and not body.unusable


def _quorum(draft: Draft, place: str, table: Mapping[str, Any], reasons: list[str]) -> Quorum | None:
    if "quorum" not in table:
        return None
    quorum = table["quorum"]
    of, by = quorum["of"], table["by"]
    deciding = by if isinstance(by, str) else by.get("body", "")
    if of in draft.bodies:
        deciding = of
        _usable_body(draft, place, of, reasons)
    elif of not in ("register", "seats", "present"):
        words = f"has a quorum of {of!r}, which is neither register, seats, present nor a body"
        draft.note("error", place, words, _known(draft, bodies=True), code="no-such-body")
    elif not deciding:
        step = "Leave the quorum out, or name a body in it."
        draft.note("error", place, f"has a quorum of the {of}, and no body decides", step, code="quorum")
    if of in ("seats", "present"):
        reasons.append(f"needs a meeting with a quorum of the {of}")
    elif {"present", "ballots"}.intersection(quorum.get("count", ())):
        reasons.append("needs a meeting whose quorum is counted there")
    elif "floor" in quorum:
        reasons.append("has a quorum with a floor")
    return Quorum(deciding, read_amount(quorum))


def _objection(draft: Draft, place: str, table: Mapping[str, Any]) -> Objection | None:
    if "objection" not in table:
        return None
    objection = table["objection"]
    of = (objection["of"],) if isinstance(objection["of"], str) else tuple(objection["of"])
    for name in of:
        if name not in draft.bodies and name not in draft.offices:
            words = f"gives the right to object to {name!r}, and there is no such body or office"
            draft.note("error", place, words, _known(draft, bodies=True), code="no-such-body")
        elif (name in draft.bodies and draft.bodies[name].unusable) or (name in draft.offices and draft.offices[name].unusable):
            words = f"gives the right to object to {name!r}, whose people this version cannot list"
            draft.note("error", place, words, "Give the right to a body or office that can be counted.", code="objection")
    confirm = read_amount(objection, "confirm") if "confirm" in objection else None
    return Objection(of, read_amount(objection), parse_duration(objection["within"]), confirm)


def _known(draft: Draft, *, bodies: bool) -> str:
    names = sorted({*draft.offices, *(draft.bodies if bodies else ())})
    return f"Known: {', '.join(names)}." if names else "Add it to the charter first."


def _in_words(reasons: list[str], article: str) -> str:
    if not reasons:
        return ""
    cited = f" (article {article})" if article else ""
    return f"{'; '.join(dict.fromkeys(reasons))}{cited}: this version cannot do that yet"

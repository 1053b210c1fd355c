"""Amendments as redlines: what is voted has a hash, and applying it gives exactly that hash (docs/formats/charter.md, "Amendments").

An amendment names the charter that it starts from, the charter that it ends in, the articles whose texts change and the rules that change.
It is the *least* such list: an amendment with a line that changes nothing, or with its lines in another order, is refused, so that nobody can
vote on a longer story than the one that comes true. Words for people are in ``wording.py``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from commonhold.kernel.canonical import canonical_bytes
from commonhold.kernel.charter.articles import is_article_number, number_key
from commonhold.kernel.charter.draft import Draft, read_citations, tables_of
from commonhold.kernel.charter.loader import load_charter
from commonhold.kernel.charter.rules import Charter, Count, Rule
from commonhold.kernel.charter.strength import offices_in, parts
from commonhold.kernel.errors import FormatError, RuleError


def charter_digest(value: Mapping[str, Any]) -> str:
    """The hash of a charter, in hex: SHA-256 of its canonical bytes.

    Raises:
        FormatError: if *value* is not canonical.
    """
    return hashlib.sha256(canonical_bytes(value)).hexdigest()


def draft_amendment(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The amendment that turns the charter *old* into *new*: the least list of changes, sorted.

    Args:
        old: canonical value of the charter in force.
        new: canonical value of the charter as it should be.

    Raises:
        RuleError: if nothing changes.
        FormatError: if one of the two is not canonical.
    """
    amendment = _redline(old, new)
    if amendment["base"] == amendment["result"]:
        raise RuleError(
            "the two charters are the same, so there is nothing to amend", code="amend/nothing", next_step="Change the new one first."
        )
    return amendment


def apply_amendment(value: Mapping[str, Any], amendment: Mapping[str, Any]) -> dict[str, Any]:
    """The charter that the amendment makes of *value*; *value* itself stays as it is.

    The result has the digest that the amendment states, to the bit, and the amendment is the least one that gives it.

    Raises:
        RuleError: if the amendment starts from another charter, names an article or a rule that is not as it says, or does not give the
            stated result.
        FormatError: if the amendment is not of the documented form.
    """
    _check_form(amendment)
    base = charter_digest(value)
    if amendment["base"] != base:
        raise RuleError(
            f"the amendment starts from the charter {amendment['base']}, and the one in force is {base}",
            code="amend/base",
            next_step="Draft the amendment again from the charter in force.",
            data={"base": amendment["base"], "charter": base},
        )
    articles = dict(value["articles"])
    for change in amendment["articles"]:
        _change_article(articles, change)
    result = {
        "form": value["form"],
        "title": amendment.get("title") or value["title"],
        "articles": articles,
        "rules": _change_rules(value["rules"], amendment["rules"]),
    }
    reached = charter_digest(result)
    if reached != amendment["result"]:
        raise RuleError(
            f"the amendment states the result {amendment['result']}, and applying it gives {reached}",
            code="amend/result",
            next_step="Do not approve it; what is shown is not what would come true. Draft it again.",
            data={"stated": amendment["result"], "reached": reached},
        )
    stated = {key: item for key, item in amendment.items() if key != "title" or item}
    if canonical_bytes(stated) != canonical_bytes(_redline(value, result)):
        raise RuleError(
            "the amendment is not the least one that gives its result, or its lines are out of order",
            code="amend/not-least",
            next_step="Draft it again with this program; an amendment lists what changes and nothing else.",
        )
    return result


def touched_articles(charter: Charter, amendment: Mapping[str, Any]) -> frozenset[str]:
    """The articles that an amendment touches: those whose texts change, and those that changed rules come from, before and after.

    A rule is changed as well when the people whom it counts are: whoever redefines the assembly touches every article that the assembly
    decides under.

    Raises:
        RuleError: if the amendment cannot be applied to *charter*, or its result cannot work.
        FormatError: if the amendment is not of the documented form.
    """
    new = load_charter(apply_amendment(charter.value, amendment))
    touched = {change["number"] for change in amendment["articles"]}
    before, after = _citations(charter.value), _citations(new.value)
    for place in before.keys() | after.keys():
        numbers = {before.get(place, ""), after.get(place, "")}
        if len(numbers) > 1 or _table(charter.value, place) != _table(new.value, place):
            touched |= numbers
    for name in changed_rules(charter, new):
        for side in (charter, new):
            if (rule := side.rules.get(name)) is not None:
                touched |= {rule.article, *rule.applies_to} - {"*"}
                if "amend" not in rule.kinds:
                    touched |= {side.rules[other].article for kind in rule.kinds for other in side.by_kind.get(kind, ())}
    for power in {*charter.emergencies, *new.emergencies}:
        if charter.emergencies.get(power) != new.emergencies.get(power):
            may = {kind for side in (charter, new) if power in side.emergencies for kind in side.emergencies[power].may}
            touched |= {side.rules[other].article for side in (charter, new) for kind in may for other in side.by_kind.get(kind, ())}
    for name in {*charter.delegations, *new.delegations}:
        if charter.delegations.get(name) != new.delegations.get(name):
            touched |= {side.rules[name].article for side in (charter, new) if name in side.rules}
    return frozenset(touched - {""})


def changed_rules(old: Charter, new: Charter) -> frozenset[str]:
    """The names of the decision rules whose meaning differs: new, gone, other terms, or other people who are counted.

    The article that a rule cites and the words of that article are not its meaning here; open proposals under it stay open.
    """
    return frozenset(name for name in {*old.rules, *new.rules} if _meaning(old, name) != _meaning(new, name))


def _meaning(charter: Charter, name: str) -> object:
    rule = charter.rules.get(name)
    if rule is None:
        return None
    fields = tuple(getattr(rule, key) for key in Rule.__slots__ if key != "article")
    places: set[str] = set()
    for part in parts(rule.need) if rule.need else ():
        places.update(part.of if isinstance(part, Count) else (part.body,))
    places.update((rule.quorum.of,) if rule.quorum else ())
    places.update(rule.objection.of if rule.objection else ())
    bodies = {place: charter.bodies[place].selector for place in places if place in charter.bodies}
    offices = offices_in(rule.need, charter.bodies) if rule.need else frozenset()
    offices |= {bodies.get(place, place) for place in places}
    seats = {office: charter.offices[office].seats for office in offices if office in charter.offices}
    excluded = {exclusion.offices for exclusion in charter.incompatible if exclusion.offices & offices}
    return (fields, bodies, seats, excluded)


def _redline(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    before, after = old["articles"], new["articles"]
    amendment: dict[str, Any] = {
        "base": charter_digest(old),
        "result": charter_digest(new),
        "articles": [
            {"number": number, "old": before.get(number, ""), "new": after.get(number, "")}
            for number in sorted({*before, *after}, key=number_key)
            if before.get(number) != after.get(number)
        ],
        "rules": list(_differences(old["rules"], new["rules"], [])),
    }
    if old["title"] != new["title"]:
        amendment["title"] = new["title"]
    return amendment


def _differences(old: Mapping[str, Any], new: Mapping[str, Any], path: list[str]) -> Iterator[dict[str, Any]]:
    for key in sorted({*old, *new}):
        here = [*path, key]
        if key not in new:
            yield {"path": here, "unset": True}
        elif key not in old:
            yield {"path": here, "set": new[key]}
        elif isinstance(old[key], Mapping) and isinstance(new[key], Mapping):
            yield from _differences(old[key], new[key], here)
        elif canonical_bytes(old[key]) != canonical_bytes(new[key]):
            # Compared as bytes, because Python takes 1 and true for equal and the record does not.
            yield {"path": here, "set": new[key]}


def _check_form(amendment: Mapping[str, Any]) -> None:
    canonical_bytes(amendment)
    articles, rules = amendment.get("articles"), amendment.get("rules")
    whole = (
        {"base", "result", "articles", "rules"} <= set(amendment) <= {"base", "result", "articles", "rules", "title"}
        and all(isinstance(amendment.get(key, ""), str) for key in ("base", "result", "title"))
        and isinstance(articles, (list, tuple))
        and all(isinstance(change, Mapping) and set(change) == {"number", "old", "new"} for change in articles)
        and all(isinstance(text, str) for change in articles for text in change.values())
        and all(is_article_number(change["number"]) for change in articles)
        and isinstance(rules, (list, tuple))
        and all(isinstance(change, Mapping) and _is_rule_change(change) for change in rules)
    )
    if not whole:
        raise FormatError(
            "the amendment is not of the form base, result, articles [{number, old, new}], rules [{path, set or unset}], title",
            code="amend/form",
            next_step="Draft it again with this program.",
        )


def _is_rule_change(change: Mapping[str, Any]) -> bool:
    path = change.get("path")
    if not isinstance(path, (list, tuple)) or not path or not all(isinstance(key, str) for key in path):
        return False
    return set(change) == {"path", "set"} or (set(change) == {"path", "unset"} and change["unset"] is True)


def _change_article(articles: dict[str, Any], change: Mapping[str, str]) -> None:
    number, old = change["number"], change["old"]
    if articles.get(number, "") != old:
        raise RuleError(
            f"the amendment takes article {number[:60]} to be {old or 'new'}, and the charter has {articles.get(number) or 'no such article'}",
            code="amend/article",
            next_step="Draft the amendment again from the charter in force.",
            data={"article": number},
        )
    if change["new"]:
        articles[number] = change["new"]
    else:
        articles.pop(number, None)


def _change_rules(rules: Mapping[str, Any], changes: list[Mapping[str, Any]]) -> dict[str, Any]:
    result = _copy(rules)
    for change in changes:
        *outer, last = change["path"]
        place: Any = result
        for key in outer:
            place = place.get(key) if isinstance(place, dict) else None
        if not isinstance(place, dict) or ("unset" in change and last not in place):
            name = ".".join(change["path"])[:120]
            raise RuleError(
                f"the amendment changes {name}, and the charter has no such rule",
                code="amend/path",
                next_step="Draft the amendment again from the charter in force.",
                data={"path": tuple(change["path"])},
            )
        if "unset" in change:
            del place[last]
        else:
            place[last] = _copy(change["set"]) if isinstance(change["set"], Mapping) else change["set"]
    return result


def _copy(table: Mapping[str, Any]) -> dict[str, Any]:
    # Tables alone are changed in place; lists are replaced whole.
    return {key: _copy(item) if isinstance(item, Mapping) else item for key, item in table.items()}


def _citations(value: Mapping[str, Any]) -> dict[str, str]:
    draft = Draft(value["rules"], dict.fromkeys(value["articles"], b""))
    read_citations(draft)
    return draft.citations


def _table(value: Mapping[str, Any], place: str) -> bytes:
    section, _, name = place.partition(".")
    return canonical_bytes({"": tables_of(value["rules"], section).get(name, "")})

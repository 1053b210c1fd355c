"""A small charter that works, to be broken in one place at a time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

import pytest

from commonhold.kernel.charter import CharterError, Finding, check_charter, load_charter
from commonhold.kernel.charter.rules import Charter

MAJORITY: Final = {"base": "register", "more_than": "1/2"}
TWO_THIRDS: Final = {"base": "register", "at_least": "2/3"}

RULES: Final[dict[str, Any]] = {
    "charter": {"id": "club"},
    "bodies": {"assembly": {"article": "1.1", "members": "all(member)"}, "editors": {"members": "holders(editor)"}},
    "offices": {
        "chair": {"article": "1.2", "elected_by": "assembly", "seats": 1, "term": "P1Y"},
        "treasurer": {"article": "1.2", "seats": 1},
        "editor": {"article": "1.2", "seats": 2},
    },
    "incompatible": [{"name": "two_keys", "article": "1.3", "offices": ["chair", "treasurer"]}],
    "decisions": {
        "ordinary": {"article": "1.1", "by": "assembly", "pass": MAJORITY},
        "elect": {"article": "1.2", "by": "assembly", "pass": MAJORITY},
        "amend": {"article": "2.1", "by": "assembly", "pass": TWO_THIRDS, "applies_to": ["*"]},
        "statement": {"article": "1.4", "by": {"signatures": {"of": ["chair", "treasurer"], "m": 2}}},
    },
    "from_article": {"body.editors": "1.2"},
}
"""Rules of a charter that loads without a finding, with the articles 1.1 to 1.10 and 2 to 2.1."""

NUMBERS: Final = ("1.1", "1.2", "1.3", "1.4", "1.4.1", "1.10", "2", "2.1")


def value_of(rules: Mapping[str, Any], numbers: tuple[str, ...] = NUMBERS) -> dict[str, Any]:
    digest = {number: hashlib.sha256(number.encode()).hexdigest() for number in ("", *numbers)}
    return {"form": "commonhold/charter/v1", "title": digest.pop(""), "articles": digest, "rules": dict(rules)}


def with_(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The rules above with changes at dotted places; None takes a place away."""
    rules: dict[str, Any] = json.loads(json.dumps(RULES))  # nothing shared between two rules
    for place, change in changes.items():
        *outer, last = place.split("/")
        table: Any = rules
        for key in outer:
            table = table.setdefault(key, {})
        if change is None:
            table.pop(last, None)
        else:
            table[last] = json.loads(json.dumps(change))
    return rules


def load(changes: Mapping[str, Any] | None = None) -> Charter:
    return load_charter(value_of(with_(changes or {})))


def findings(changes: Mapping[str, Any]) -> tuple[Finding, ...]:
    return check_charter(value_of(with_(changes)))


def errors(changes: Mapping[str, Any]) -> set[tuple[str, str, str]]:
    """(code, article, rule) of every error; ``load_charter`` must refuse the charter for exactly these."""
    value = value_of(with_(changes))
    found = {(f.code, f.article, f.rule) for f in check_charter(value) if f.level == "error"}
    if not found:
        load_charter(value)
        return found
    with pytest.raises(CharterError) as refused:
        load_charter(value)
    assert {(f.code, f.article, f.rule) for f in refused.value.findings if f.level == "error"} == found
    assert (refused.value.code, refused.value.data["article"], refused.value.data["rule"]) in found
    return found

"""Amendments: what is voted has a hash, and applying it gives that hash or nothing."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonhold.kernel.canonical import canonical_bytes
from commonhold.kernel.charter import apply_amendment, changed_rules, charter_digest, draft_amendment, load_charter, touched_articles
from commonhold.kernel.errors import CommonholdError, FormatError, RuleError
from tests.kernel.charters import MAJORITY, NUMBERS, RULES, load, value_of, with_

OLD = value_of(RULES)
NEW = value_of(
    with_(
        {
            "decisions/statement/by/signatures/of": ["chair", "editor"],
            "decisions/amend/redline_required": True,
            "decisions/publish": {"article": "1.10", "by": {"office": "editor"}},
            "decisions/ordinary": None,
        }
    ),
    (*NUMBERS, "3"),
)
NEW["articles"]["1.4"] = "0" * 64
del NEW["articles"]["1.4.1"]


def test_an_amendment_lists_what_changes_and_nothing_else() -> None:
    """Articles in the order of their numbers, rules in the order of their paths, each with the least change that does it."""
    amendment = draft_amendment(OLD, NEW)
    assert amendment == {
        "base": charter_digest(OLD),
        "result": charter_digest(NEW),
        "articles": [
            {"number": "1.4", "old": OLD["articles"]["1.4"], "new": "0" * 64},
            {"number": "1.4.1", "old": OLD["articles"]["1.4.1"], "new": ""},
            {"number": "3", "old": "", "new": NEW["articles"]["3"]},
        ],
        "rules": [
            {"path": ["decisions", "amend", "redline_required"], "set": True},
            {"path": ["decisions", "ordinary"], "unset": True},
            {"path": ["decisions", "publish"], "set": {"article": "1.10", "by": {"office": "editor"}}},
            {"path": ["decisions", "statement", "by", "signatures", "of"], "set": ["chair", "editor"]},
        ],
    }
    before = canonical_bytes(OLD)
    assert apply_amendment(OLD, amendment) == NEW
    assert canonical_bytes(OLD) == before


def test_the_title_is_amended_too() -> None:
    """A new title stands in the amendment, and only then."""
    new = {**OLD, "title": "1" * 64}
    amendment = draft_amendment(OLD, new)
    assert amendment["title"] == "1" * 64
    assert apply_amendment(OLD, amendment) == new
    assert apply_amendment(OLD, {**draft_amendment(OLD, NEW), "title": ""}) == NEW


def test_an_amendment_that_changes_nothing_is_refused() -> None:
    """There is nothing to vote on between two equal charters."""
    with pytest.raises(RuleError) as refused:
        draft_amendment(OLD, copy.deepcopy(OLD))
    assert refused.value.code == "amend/nothing"


def drop(amendment: dict[str, Any]) -> None:
    del amendment["rules"][0]


def reorder(amendment: dict[str, Any]) -> None:
    amendment["rules"].reverse()


def pad(amendment: dict[str, Any]) -> None:
    amendment["rules"].append({"path": ["decisions", "statement", "article"], "set": "1.4"})


def pad_article(amendment: dict[str, Any]) -> None:
    amendment["articles"].append({"number": "4", "old": "", "new": ""})


def no_path(amendment: dict[str, Any]) -> None:
    amendment["rules"][1] = {"path": ["decisions", "nothing"], "unset": True}


def no_table(amendment: dict[str, Any]) -> None:
    amendment["rules"][1] = {"path": ["decisions", "nothing", "pass"], "set": 1}


def through_a_text(amendment: dict[str, Any]) -> None:
    amendment["rules"][1] = {"path": ["decisions", "amend", "by", "x", "y"], "set": 1}


def other_old(amendment: dict[str, Any]) -> None:
    amendment["articles"][0]["old"] = "2" * 64


def other_new(amendment: dict[str, Any]) -> None:
    amendment["articles"][0]["new"] = "2" * 64


def unknown_old(amendment: dict[str, Any]) -> None:
    amendment["articles"][2]["old"] = "2" * 64


def known_new(amendment: dict[str, Any]) -> None:
    amendment["articles"][1]["old"] = ""


def other_base(amendment: dict[str, Any]) -> None:
    amendment["base"] = "2" * 64


@pytest.mark.parametrize(
    ("tamper", "code"),
    [
        (other_base, "amend/base"),
        (drop, "amend/result"),
        (other_new, "amend/result"),
        (other_old, "amend/article"),
        (unknown_old, "amend/article"),
        (known_new, "amend/article"),
        (no_path, "amend/path"),
        (no_table, "amend/path"),
        (through_a_text, "amend/path"),
        (reorder, "amend/not-least"),
        (pad, "amend/not-least"),
        (pad_article, "amend/not-least"),
    ],
)
def test_an_amendment_that_says_something_else_than_it_does_is_refused(tamper: Callable[[dict[str, Any]], None], code: str) -> None:
    """What is voted is what comes true, to the bit; the charter stays as it was."""
    amendment = draft_amendment(OLD, NEW)
    tamper(amendment)
    before = canonical_bytes(OLD)
    with pytest.raises(RuleError) as refused:
        apply_amendment(OLD, amendment)
    assert refused.value.code == code
    assert canonical_bytes(OLD) == before


@pytest.mark.parametrize(
    "change",
    [
        {"base": 3},
        {"title": 3},
        {"more": "x"},
        {"articles": {}},
        {"articles": ["1.1"]},
        {"articles": [{"number": "1.1"}]},
        {"articles": [{"number": 1, "old": "", "new": ""}]},
        {"articles": [{"number": "x", "old": "", "new": "0" * 64}]},
        {"rules": {}},
        {"rules": ["x"]},
        {"rules": [{"set": 1}]},
        {"rules": [{"path": [], "set": 1}]},
        {"rules": [{"path": [1], "set": 1}]},
        {"rules": [{"path": ["x"]}]},
        {"rules": [{"path": ["x"], "set": 1, "unset": True}]},
        {"rules": [{"path": ["x"], "unset": False}]},
        {"rules": [{"path": ["x"], "set": 0.5}]},
    ],
)
def test_an_amendment_of_another_form_is_refused(change: dict[str, Any]) -> None:
    """Nothing but the documented form is applied."""
    with pytest.raises(FormatError):
        apply_amendment(OLD, {**draft_amendment(OLD, NEW), **change})


def test_an_amendment_without_one_of_its_parts_is_refused() -> None:
    """All four parts are there, also where a list is empty."""
    amendment = draft_amendment(OLD, NEW)
    for key in ("base", "result", "articles", "rules"):
        with pytest.raises(FormatError):
            apply_amendment(OLD, {name: part for name, part in amendment.items() if name != key})


def touched(changes: dict[str, Any], numbers: tuple[str, ...] = NUMBERS) -> set[str]:
    charter = load()
    return set(touched_articles(charter, draft_amendment(charter.value, value_of(with_(changes), numbers))))


def test_an_amendment_touches_what_changes_and_where_it_comes_from() -> None:
    """Texts that change, the articles of changed rules before and after, and nothing else."""
    assert touched({}, (*NUMBERS, "3")) == {"3"}
    assert touched({"decisions/statement/subject_votes": False}) == {"1.4"}
    assert touched({"decisions/statement/article": "1.10"}) == {"1.4", "1.10"}
    assert touched({"decisions/publish": {"article": "1.10", "by": {"office": "editor"}}}) == {"1.10"}
    assert touched({"offices/treasurer/handover": "P7D"}) == {"1.2"}
    assert touched({"incompatible": [{"name": "two_keys", "article": "1.3", "offices": ["chair", "treasurer"], "cooling_off": "P1Y"}]}) == {
        "1.3"
    }
    assert touched({"from_article/body.editors": "1.10"}) == {"1.2", "1.10"}
    assert touched({"charter/language": "en"}) == set()


def test_whoever_redefines_the_assembly_touches_all_that_it_decides() -> None:
    """An entrenched article cannot be got round by changing who is counted for it."""
    assert touched({"bodies/assembly/members": "holders(editor)"}) == {"1.1", "1.2", "2.1"}
    assert touched({"offices/chair/seats": 2}) == {"1.2", "1.4"}


def test_an_amendment_that_would_not_load_touches_nothing() -> None:
    """A result that cannot work is refused before anybody asks what it touches."""
    with pytest.raises(RuleError):
        touched({"decisions/amend/applies_to": ["1.1"]})


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"charter/language": "en"}, set()),
        ({"decisions/statement/article": "1.10"}, set()),
        ({"decisions/statement/by/signatures/m": 1}, {"statement"}),
        ({"decisions/publish": {"by": {"office": "chair"}}}, {"publish"}),
        ({"decisions/ordinary": None}, {"ordinary"}),
        ({"bodies/assembly/members": "holders(editor)"}, {"ordinary", "elect", "amend"}),
        ({"offices/treasurer/seats": 3}, {"statement"}),
        ({"offices/editor/seats": 3}, set()),
        ({"incompatible": []}, {"statement"}),
        ({"decisions/ordinary/quorum": {"of": "editors", "at_least": 1}}, {"ordinary"}),
        ({"decisions/ordinary/ballot": "secret"}, {"ordinary"}),
    ],
)
def test_a_rule_is_changed_when_its_meaning_is(changes: dict[str, Any], names: set[str]) -> None:
    """Other terms or other people change a rule; another place in the text does not."""
    assert changed_rules(load(), load(changes)) == names


def test_a_quorum_or_an_objection_of_other_people_changes_the_rule() -> None:
    """Those who must take part, and those who may object, belong to a rule's meaning."""
    rule = {
        "decisions/ordinary/quorum": {"of": "editors", "at_least": 1},
        "decisions/elect/objection": {"of": "editor", "at_least": 1, "within": "P1D"},
    }
    assert changed_rules(load(rule), load({**rule, "offices/editor/seats": 3})) == {"ordinary", "elect"}


CHANGES = st.dictionaries(
    st.sampled_from(
        ["decisions/ordinary/notice", "decisions/statement/notice", "offices/chair/term", "offices/editor/handover", "charter/language"]
    ),
    st.sampled_from(["P1D", "P2D", "en", "P1Y"]),
    max_size=4,
)
NUMBER_SETS = st.sets(st.sampled_from([*NUMBERS, "3", "3.1", "1.11"]), min_size=1).map(lambda chosen: tuple(sorted(chosen)))


@settings(max_examples=100)
@given(CHANGES, CHANGES, NUMBER_SETS, NUMBER_SETS)
def test_applying_a_drafted_amendment_gives_the_new_charter(
    old: dict[str, Any], new: dict[str, Any], some: tuple[str, ...], others: tuple[str, ...]
) -> None:
    """For any two charters, the drafted amendment leads from one to the other and back, and from nowhere else."""
    a, b = value_of(with_(old), some), value_of(with_(new), others)
    if a == b:
        return
    there, back = draft_amendment(a, b), draft_amendment(b, a)
    assert canonical_bytes(apply_amendment(a, there)) == canonical_bytes(b)
    assert canonical_bytes(apply_amendment(b, back)) == canonical_bytes(a)
    with pytest.raises(CommonholdError):
        apply_amendment(b, there)


def test_one_and_true_are_not_the_same() -> None:
    """A change from 1 to true is a change, though Python takes them for equal."""
    a, b = value_of({"charter": {"x": 1}}), value_of({"charter": {"x": True}})
    assert draft_amendment(a, b)["rules"] == [{"path": ["charter", "x"], "set": True}]
    assert MAJORITY in RULES["decisions"]["ordinary"].values()
    assert load_charter(OLD).digest.hex() == charter_digest(OLD)

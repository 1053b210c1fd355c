"""The form of a charter's tables: unknown keys and wrong values are refused, naming the table and the key."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonhold.kernel.charter import CharterError, check_charter, load_charter, refuse_errors
from commonhold.kernel.charter.loader import MAX_VALUE
from commonhold.kernel.errors import FormatError, RuleError
from tests.kernel.charters import RULES, findings, load, value_of, with_


@pytest.mark.parametrize(
    ("place", "value", "code", "rule", "words"),
    [
        ("kitchen", {}, "charter/unknown-key", "", "unknown key 'kitchen'"),
        ("charter/colour", "red", "charter/unknown-key", "charter", "'colour'"),
        ("decisions/amend/pas", {}, "charter/unknown-key", "decisions.amend", "'pas'"),
        ("decisions/amend/pass/at_leest", "2/3", "charter/unknown-key", "decisions.amend", "pass has the unknown key 'at_leest'"),
        ("decisions/statement/by/signatures/n", 2, "charter/unknown-key", "decisions.statement", "by.signatures has"),
        ("decisions/statement/by/office", "chair", "charter/value", "decisions.statement", "must have one"),
        ("decisions/statement/by", {}, "charter/value", "decisions.statement", "has 0 keys"),
        ("decisions/statement/by", {"all_of": [{"office": "chair"}]}, "charter/value", "decisions.statement", "2 to"),
        ("decisions/statement/by", 3, "charter/value", "decisions.statement", "must be a table"),
        ("decisions/statement/by", None, "charter/missing-key", "decisions.statement", "'by'"),
        ("decisions/statement/by/signatures/m", 0, "charter/value", "decisions.statement", "whole number"),
        ("decisions/statement/by/signatures/m", True, "charter/value", "decisions.statement", "whole number"),
        ("decisions/statement/by/signatures/of", ["chair", "chair"], "charter/value", "decisions.statement", "twice"),
        ("decisions/statement/by/signatures/of", [], "charter/value", "decisions.statement", "list of 1"),
        ("decisions/statement/by/signatures/of", "chair", "charter/value", "decisions.statement", "list"),
        ("decisions/amend/pass", {"base": "register"}, "charter/majority", "decisions.amend", "either more_than or at_least"),
        (
            "decisions/amend/pass",
            {"base": "register", "more_than": "1/2", "at_least": "1/2"},
            "charter/majority",
            "decisions.amend",
            "either",
        ),
        ("decisions/amend/pass", "2/3", "charter/value", "decisions.amend", "must be a table"),
        ("decisions/amend/pass/at_least", "4/3", "charter/fraction", "decisions.amend", "no part of a body"),
        ("decisions/amend/pass/at_least", "0/3", "charter/fraction", "decisions.amend", "no part of a body"),
        ("decisions/amend/pass/at_least", "1/0", "charter/fraction", "decisions.amend", "no part of a body"),
        ("decisions/amend/pass/at_least", "0.66", "charter/fraction", "decisions.amend", "fraction in quotes"),
        ("decisions/amend/pass/at_least", 2, "charter/fraction", "decisions.amend", "fraction in quotes"),
        ("decisions/elect/pass/more_than", "1/1", "charter/fraction", "decisions.elect", "more than all"),
        ("decisions/amend/pass/base", "all", "charter/value", "decisions.amend", "one of"),
        ("decisions/amend/notice", "ten days", "charter/duration", "decisions.amend", "ISO 8601"),
        ("decisions/amend/notice", 10, "charter/duration", "decisions.amend", "duration in quotes"),
        ("offices/chair/term", "P0D", "charter/duration", "offices.chair", "empty duration"),
        ("offices/chair/term", "until_next_ MOON", "charter/value", "offices.chair", "word"),
        ("offices/chair/seats", 0, "charter/value", "offices.chair", "whole number"),
        ("offices/chair/seats", {"per": 3}, "charter/missing-key", "offices.chair", "'of'"),
        ("offices/chair/reopen_nominations", "yes", "charter/value", "offices.chair", "true or false"),
        ("offices/chair/method", 3, "charter/value", "offices.chair", "a word"),
        ("offices/Chair", {"seats": 1}, "charter/value", "offices", "name is needed"),
        ("offices/member", {"seats": 1}, "charter/value", "offices", "meaning of its own"),
        ("offices", {f"o{n}": {"seats": 1} for n in range(201)}, "charter/value", "offices", "201 tables"),
        ("offices", [], "charter/value", "offices", "named tables"),
        ("bodies/assembly/members", "", "charter/value", "bodies.assembly", "1 to 200"),
        ("bodies/assembly/weight", "by_age", "charter/value", "bodies.assembly", "one of"),
        ("decisions/statement/article", 1, "charter/article-number", "decisions.statement", "article number in quotes"),
        ("decisions/amend/applies_to", ["*", 1], "charter/article-number", "decisions.amend", "article number"),
        ("from_article", [], "charter/value", "from_article", "must be a table"),
        ("from_article/body.assembly", "1.01", "charter/article-number", "from_article", "article number"),
        ("charter/id", None, "charter/missing-key", "charter", "'id'"),
        ("charter/in_force_from", "soon", "charter/value", "charter", "a date in quotes"),
        ("delegation/statement", {"from": "chair", "to": 3, "max": "P1D"}, "charter/value", "delegation.statement", "name is needed"),
        (
            "decisions/ordinary/objection",
            {"of": "chair", "at_least": 0, "within": "P1D"},
            "charter/value",
            "decisions.ordinary",
            "whole number",
        ),
        ("incompatible", [{"name": "x", "offices": ["chair"]}], "charter/value", "incompatible.offices", "list of 2"),
        ("decisions", "none", "charter/value", "decisions", "named tables"),
    ],
)
def test_a_value_of_another_form_is_refused_with_its_table_and_key(place: str, value: Any, code: str, rule: str, words: str) -> None:
    """Unknown keys and wrong values are refused anywhere, naming the table and the key, and never read as something else."""
    found = findings({place: value})
    assert {(finding.level, finding.code, finding.rule) for finding in found} == {("error", code, rule)}
    assert any(words in str(finding) for finding in found)
    with pytest.raises(CharterError):
        load({place: value})


def test_a_wrong_value_names_the_article_of_its_rule() -> None:
    """Also where the form is wrong, the finding says which article the rule comes from."""
    assert findings({"decisions/statement/by": 3})[0].article == "1.4"
    assert findings({"bodies/editors/weight": 3})[0].article == "1.2"
    assert findings({"decisions/statement": 3})[0].article == ""
    assert findings({"from_article": 3, "decisions/statement/by": 3})[0].article == "1.4"


def test_all_errors_are_found_at_once() -> None:
    """Whoever mends a charter sees everything that is wrong in it, the errors first."""
    value = value_of(with_({"decisions/statement/by/signatures/of": ["king", "queen"], "charter/in_force_from": "2026-01-01"}))
    with pytest.raises(CharterError) as refused:
        load_charter(value)
    assert [finding.level for finding in refused.value.findings] == ["error", "error", "unusable"]
    assert isinstance(refused.value, RuleError)
    assert refused.value.data == {"article": "1.4", "rule": "decisions.statement", "errors": 2}
    assert "article 1.4: decisions.statement names 'king'" in str(refused.value)
    assert "(and 1 more)" in str(refused.value)
    assert refused.value.next_step
    assert refused.value.findings[0].as_json()["article"] == "1.4"
    refuse_errors(refused.value.findings[2:])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"form": "commonhold/charter/v9"}, "charter/form"),
        ({"extra": "x"}, "charter/unknown-key"),
        ({"title": "x"}, "charter/digest"),
        ({"title": 3}, "charter/digest"),
        ({"rules": []}, "charter/value"),
        ({"articles": []}, "charter/value"),
        ({"articles": {}}, "charter/value"),
        ({"articles": {"1": "x"}}, "charter/digest"),
        ({"articles": {"1.": "0" * 64}}, "charter/digest"),
    ],
)
def test_a_value_that_is_no_charter_is_refused(change: dict[str, Any], code: str) -> None:
    """The outer form is exact: four keys, digests in hex, articles with numbers."""
    value = {**value_of(RULES), **change}
    assert [finding.code for finding in check_charter(value)] == [code]
    with pytest.raises(CharterError) as refused:
        load_charter(value)
    assert refused.value.code == code


def test_a_charter_that_no_founding_could_hold_is_refused() -> None:
    """The canonical charter has a bound, because it stands in one entry."""
    big = {f"r{n}": {"by": {"signatures": {"of": ["chair", "treasurer", "editor"], "m": 1}}, "article": "1.4"} for n in range(190)}
    value = value_of(with_({"decisions": {**RULES["decisions"], **big}, "from_article": {f"decision.r{n}": "1.4" for n in range(190)}}))
    assert check_charter(value)[0:1] == ()
    value["rules"]["minority"] = {"place_on_agenda": {"of": "x" * MAX_VALUE}}
    assert [finding.code for finding in check_charter(value)] == ["charter/too-large"]


def test_a_value_that_is_not_canonical_is_refused() -> None:
    """A float never gets as far as a rule."""
    with pytest.raises(FormatError):
        load_charter({**value_of(RULES), "rules": {"charter": 0.5}})


PLACES = st.sampled_from(
    sorted(
        {
            "/".join([section, name, key][:depth])
            for section, named in RULES.items()
            if isinstance(named, dict)
            for name, table in named.items()
            for key in (table if isinstance(table, dict) else [""])
            for depth in (1, 2, 3)
        }
        | {"incompatible", "emergency/x", "delegation/elect", "minority/x", "constraints"}
    )
)
WILD = st.recursive(
    st.one_of(
        st.integers(-2, 3),
        st.booleans(),
        st.sampled_from(["", "chair", "assembly", "1/2", "P1D", "1.1", "*", "amend", "register", "until_next_x"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(
            st.sampled_from(["by", "pass", "of", "m", "office", "body", "signatures", "all_of", "base", "at_least", "may", "x", "1"]),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=6,
)


@settings(max_examples=300)
@given(st.dictionaries(PLACES, WILD, min_size=1, max_size=3))
def test_whatever_stands_in_a_charter_is_judged_and_never_crashes(changes: dict[str, Any]) -> None:
    """Any canonical value either loads or is refused with findings; no foreign exception leaves the loader."""
    try:
        value = value_of(with_(changes))
    except (AttributeError, TypeError):  # a change below another one that is no table
        return
    refused = any(finding.level == "error" for finding in check_charter(value))
    try:
        load_charter(value)
    except CharterError:
        assert refused
    else:
        assert not refused

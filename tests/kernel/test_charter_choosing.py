"""Which rule judges an act."""

from __future__ import annotations

from typing import Any

import pytest

from commonhold.kernel.charter import rules_for
from commonhold.kernel.errors import RuleError
from tests.kernel.charters import MAJORITY, load


def amend(*applies_to: str) -> dict[str, Any]:
    return {"article": "2", "by": "assembly", "pass": MAJORITY, "applies_to": list(applies_to)}


def spend(amount: int, above: str = "", *, currency: str = "EUR") -> dict[str, Any]:
    rule = {"article": "1.4", "by": {"office": "chair"}, "enacts": ["spend"], "limit": {"amount": amount, "currency": currency}}
    return {**rule, "above": above} if above else rule


@pytest.mark.parametrize(
    ("touched", "names"),
    [
        (set(), ["amend"]),
        ({"1.2"}, ["amend"]),
        ({"2"}, ["amend"]),
        ({"2.1"}, ["deep", "other"]),
        ({"2.1", "1.2"}, ["amend", "deep", "other"]),
        ({"1.1"}, ["first"]),
        ({"1.1.7"}, ["first"]),
        ({"1.10"}, ["one"]),
        ({"1.4.1"}, ["one"]),
        ({"1.3", "1.1", "2.1"}, ["deep", "first", "one", "other"]),
    ],
)
def test_the_closest_rule_judges_each_touched_article(touched: set[str], names: list[str]) -> None:
    """The most specific number wins for each article; rules that are equally close must all be met."""
    charter = load(
        {
            "decisions/one": amend("1.10", "1.3", "1.4"),
            "decisions/first": amend("1.1"),
            "decisions/deep": amend("2.1"),
            "decisions/other": amend("2.1"),
        }
    )
    assert [rule.name for rule in rules_for(charter, "amend", touched=touched)] == names


def test_a_closer_number_beats_a_shorter_one() -> None:
    """A rule for 1.4.1 stands before one for 1.4."""
    charter = load({"decisions/wide": amend("1.4"), "decisions/near": amend("1.4.1")})
    assert [rule.name for rule in rules_for(charter, "amend", touched={"1.4.1"})] == ["near"]
    assert [rule.name for rule in rules_for(charter, "amend", touched={"1.4"})] == ["wide"]


def test_a_kind_without_a_rule_is_refused_with_the_kinds_that_have_one() -> None:
    """What the charter does not list cannot be decided, and the refusal says what can."""
    with pytest.raises(RuleError) as refused:
        rules_for(load(), "channel")
    assert refused.value.code == "charter/no-rule-for-kind"
    assert refused.value.next_step == "It has rules for: amend, appoint, ordinary, statement."


@pytest.mark.parametrize(
    ("amount", "name"), [(0, "small"), (200, "small"), (201, "large"), (2000, "large"), (2001, "ordinary"), (10**9, "ordinary")]
)
def test_money_above_a_limit_goes_to_the_next_rule(amount: int, name: str) -> None:
    """A limit is met by its own amount; one more goes to the rule that above names."""
    charter = load({"decisions/large": spend(2000, "ordinary"), "decisions/small": spend(200, "large")})
    assert [rule.name for rule in rules_for(charter, "spend", amount=amount, currency="EUR")] == [name]


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [
        (201, "EUR", "charter/above-limit"),
        (None, "", "charter/amount-missing"),
        (10, "USD", "charter/currency"),
        (10, "", "charter/currency"),
        (-1, "EUR", "charter/amount"),
    ],
)
def test_money_that_no_rule_allows_is_refused(amount: int | None, currency: str, code: str) -> None:
    """A limit cannot be walked around by leaving the amount or the currency out."""
    charter = load({"decisions/small": spend(200)})
    with pytest.raises(RuleError) as refused:
        rules_for(charter, "spend", amount=amount, currency=currency)
    assert refused.value.code == code


def test_a_rule_without_a_limit_takes_any_amount() -> None:
    """Where the charter sets no limit, money is no question."""
    assert [rule.name for rule in rules_for(load(), "ordinary", amount=10**6, currency="EUR")] == ["ordinary"]
    assert [rule.name for rule in rules_for(load(), "statement")] == ["statement"]

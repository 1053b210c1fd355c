"""Routes that are cheaper than what they lead to: which are warned about, in which words, and how far counting goes."""

from __future__ import annotations

from typing import Any

import pytest

from commonhold.kernel.charter import Finding, cheaper_routes
from commonhold.kernel.charter import routes as counting
from commonhold.kernel.charter.routes import SIZES, count_kinds
from commonhold.kernel.charter.seating import seat_everybody
from tests.kernel.charters import MAJORITY, TWO_THIRDS, load

RULE: dict[str, Any] = {"article": "1.4", "by": "assembly", "pass": MAJORITY}
CHAIR: dict[str, Any] = {"article": "1.4", "by": {"office": "chair"}}


def warned(changes: dict[str, Any], *sizes: int) -> list[Finding]:
    return cheaper_routes(load(changes), sizes or SIZES)


def test_a_warning_names_the_article_both_numbers_and_what_to_do() -> None:
    """One warning for a rule, about an amendment if it reaches one, with the steps and how much else it reaches."""
    (finding,) = warned({"decisions/recover-member": CHAIR})
    assert (finding.level, finding.code, finding.article, finding.rule) == (
        "warning",
        "charter/cheaper-route",
        "1.4",
        "decisions.recover-member",
    )
    assert "is a cheaper route to amend of article 2.1 (1 person against 8, of 12 members)" in finding.words
    assert (
        "recover-member, as often as it takes; then after 30 days they count for every act; then the others' keys are recovered"
        in finding.words
    )
    assert finding.words.endswith("and so to 3 more decisions")
    assert finding.next_step.startswith("Let recover-member take as many people as amend")
    (finding,) = warned({"decisions/admit": RULE, "decisions/grave": {**RULE, "pass": TWO_THIRDS}})
    assert finding.words.endswith("and so to 1 more decision")


def test_a_route_as_dear_as_its_end_and_one_with_a_right_to_object_are_not_warned_about() -> None:
    """With a right of a quarter, more people must act than amend."""
    assert not warned({"decisions/admit": {**RULE, "pass": TWO_THIRDS}})
    assert not warned({"decisions/admit": {**RULE, "objection": {"of": "assembly", "at_least": "1/4", "within": "P7D"}}})


def test_a_route_through_an_office_is_found() -> None:
    """Seven who elect the editors, and three editors who may recover keys, amend what takes eight; the warning names the recovery."""
    office = {
        "offices/editor": {"article": "1.2", "seats": 5},
        "decisions/recover-member": {"article": "1.4", "by": {"signatures": {"of": ["editor"], "m": 3}}},
    }
    (finding,) = warned({**office, "decisions/dismiss": RULE})
    assert (finding.rule, "(3 people against 8" in finding.words) == ("decisions.recover-member", True)
    # An election by one, and nobody's seat is safe: the way begins with the election where a seat is free or dismissed.
    begun = warned({"decisions/elect": CHAIR, "decisions/admit": {**CHAIR, "by": {"office": "editor"}}, "decisions/dismiss": CHAIR})
    assert {finding.rule for finding in begun} >= {"decisions.admit"}


def test_who_picks_the_witnesses_for_less_than_an_amendment_is_warned_about() -> None:
    """Every wait, every term and the thirty days rest on the clock."""
    (finding,) = warned({"decisions/partner": CHAIR})
    assert (finding.rule, "they choose the witnesses" in finding.words, "(1 person against 8" in finding.words) == (
        "decisions.partner",
        True,
        True,
    )
    assert not warned({"decisions/partner": {**RULE, "pass": TWO_THIRDS}})


def test_a_weaker_amendment_that_reaches_a_stronger_one_is_told_which_articles_to_guard() -> None:
    """Entrenching an article is worth as much as the rules of admission, expulsion and recovery are entrenched."""
    strict = {"article": "2.1", "by": "assembly", "pass": {"base": "register", "at_least": "3/4"}}
    changes = {
        "decisions/entrenched": {**strict, "applies_to": ["2"]},
        "decisions/amend/article": "1.10",
        "decisions/recover-member": {**RULE, "article": "1.4", "pass": strict["pass"]},
        "decisions/expel": {**RULE, "article": "1.4.1", "pass": strict["pass"]},
        "decisions/admit": {"by": "assembly", "pass": strict["pass"]},
    }
    (finding,) = warned(changes)
    assert (finding.rule, "is a cheaper route to entrenched of article 2.1 (8 people against 9" in finding.words) == (
        "decisions.amend",
        True,
    )
    assert finding.next_step == "Let decisions.entrenched guard these articles, too (applies_to): 1.4, 1.4.1."
    closed = {**changes, "decisions/entrenched/applies_to": ["2", "1.4"], "decisions/admit/article": "1.4"}
    assert not warned(closed)


def test_a_warning_holds_at_every_number_of_members_and_where_all_seats_can_be_filled() -> None:
    """A rounding at one size is no warning; sizes below an office's seats say nothing."""
    assert warned({"decisions/admit": RULE}, 12)
    assert not warned({"decisions/admit": RULE}, 3, 12)
    assert not warned({"decisions/admit": RULE}, 1)
    assert not warned({"decisions/statement": CHAIR})


def test_an_emergency_power_and_an_amendment_of_another_rule_are_no_warnings() -> None:
    """Both are the charter's own order, shown in the analysis and bounded there."""
    changes = {
        "decisions/grave": {**RULE, "pass": {"base": "register", "at_least": "5/6"}},
        "emergency": {"storm": {"article": "2", "holder": {"office": "chair"}, "may": ["statement"], "expires": "P7D"}},
    }
    assert not warned(changes)
    assert [answer.kind for answer in count_kinds(load(changes), seat_everybody(load(changes), 12)) if answer.cheaper] == [
        "grave",
        "statement",
    ]


def test_a_decision_that_nobody_can_bring_about_is_nobody_s() -> None:
    """More signatures than there are members: no number of people is enough."""
    charter = load(
        {"decisions/many": {"article": "1.4", "by": {"signatures": {"of": ["assembly"], "m": 9}}}, "decisions/amend/applies_to": ["*"]}
    )
    answer = next(answer for answer in count_kinds(charter, seat_everybody(charter, 8)) if answer.kind == "many")
    assert answer.direct is None
    assert answer.cheaper
    whole = load({"decisions/amend/by": {"signatures": {"of": ["assembly"], "m": 9}}, "decisions/amend/pass": None})
    answer = next(answer for answer in count_kinds(whole, seat_everybody(whole, 8)) if answer.kind == "amend")
    assert (answer.fewest, answer.cheaper) == (None, False)
    assert not cheaper_routes(whole, [8])


def test_where_counting_would_take_too_long_the_answer_is_a_lower_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """At least so many, with no example: never an assurance."""
    monkeypatch.setattr(counting, "MOST_WORK", 10)
    charter = load({"decisions/pair": {"article": "1.4", "by": {"all_of": [{"office": "chair"}, {"office": "editor"}]}}})
    found = {answer.kind: answer.fewest for answer in count_kinds(charter, seat_everybody(charter, 12))}
    assert found["pair"] is not None
    assert (found["pair"].people, found["pair"].exact, found["pair"].who) == (2, False, ())
    assert found["amend"] is not None
    assert found["amend"].people == 8
    (finding,) = warned({"decisions/recover-member": CHAIR})
    assert "(at least 1 person against 8, of 12 members)" in finding.words

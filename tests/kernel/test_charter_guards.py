"""Laws of entrenchment: nobody reaches around a guarded article by a rule that merely stands under another one."""

from __future__ import annotations

from typing import Any

import pytest

from commonhold.kernel.charter import check_charter, draft_amendment, load_charter, touched_articles
from tests.kernel.charters import value_of, with_

TWO_THIRDS = {"base": "register", "at_least": "2/3"}
NOTE: dict[str, Any] = {"decisions/note": {"article": "1.10", "by": {"office": "chair"}}}


def touched(changes: dict[str, Any]) -> frozenset[str]:
    """The articles that an amendment of the example touches."""
    old, new = value_of(with_(NOTE)), value_of(with_({**NOTE, **changes}))
    return touched_articles(load_charter(old), draft_amendment(old, new))


@pytest.mark.parametrize(
    ("changes", "guarded"),
    [
        # A deeper amend rule takes the place of the one that guards these articles.
        ({"decisions/soft": {"article": "1.1", "by": "assembly", "pass": TWO_THIRDS, "applies_to": ["1.2"]}}, {"1.1", "1.2"}),
    ],
)
def test_an_amend_rule_touches_what_it_would_guard(changes: dict[str, Any], guarded: set[str]) -> None:
    """Whoever puts another rule before an article's guard has touched that article."""
    assert guarded <= touched(changes)


def test_an_emergency_power_touches_the_articles_of_what_it_may() -> None:
    """Power over a decision is taken from the rule that decides it, whatever article the power itself stands under."""
    power = {"article": "1.1", "holder": {"office": "chair"}, "may": ["statement"], "expires": "P1D", "ratify_within": "P9D"}
    assert "1.4" in touched({"emergency/loud": power}), "the article of the rule for statements"


def test_a_delegation_touches_the_article_of_the_rule_that_it_lends() -> None:
    """To lend a rule is to change who may use it."""
    lent = {"article": "1.1", "from": "chair", "to": "member", "max": "P1D", "revocable": True}
    assert "1.10" in touched({"delegation/note": lent})


def test_a_quorum_of_people_whom_nobody_can_list_is_not_usable() -> None:
    """A body of units has no members in this version, and a quorum of nobody would always be met."""
    changes = {
        "bodies/branches": {"article": "1.1", "members": "each(branch)"},
        "decisions/ordinary/quorum": {"of": "branches", "at_least": "1/2"},
    }
    assert load_charter(value_of(with_(changes))).rules["ordinary"].unusable
    assert any(finding.level == "unusable" and finding.rule == "decisions.ordinary" for finding in check_charter(value_of(with_(changes))))

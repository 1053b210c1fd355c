"""Laws of the charter's clauses on custody: which can be kept, and what is said of those that cannot."""

from __future__ import annotations

from typing import Any

import pytest

from commonhold.kernel.charter import check_charter, load_charter
from commonhold.kernel.charter.redline import draft_amendment, touched_articles
from commonhold.kernel.charter.rules import Custodians
from tests.attacks import Mutation, attack
from tests.kernel.record.helpers import charter
from tests.kernel.sealing.vault import KEEPING


def findings(changes: dict[str, Any]) -> dict[str, str]:
    """The codes and words of everything that is found about custody in a charter with these changes."""
    found = check_charter(charter({**KEEPING, **changes}))
    return {finding.code: finding.words for finding in found if finding.rule.startswith("custody")}


def test_a_clause_says_who_opens_which_secrets_and_how_often_they_prove_it() -> None:
    """It is found by each of its resources, and cites its article."""
    value = charter(KEEPING)
    loaded = load_charter(value)
    assert loaded.custody.keys() == {"page", "domain"}
    clause = loaded.custody["page"]
    assert (clause.name, clause.article, str(clause.drill)) == ("keys", "1.4", "P90D")
    assert clause.open == Custodians(2, of=("chair", "treasurer", "editor"))
    assert findings({}) == {}


def test_groups_stand_within_groups() -> None:
    """Two of the officers, and one of the assembly."""
    value = charter(
        {**KEEPING, "custody/keys/open": {"m": 2, "of": [{"m": 2, "of": ["chair", "desk"]}, {"m": 1, "of": ["assembly", "treasurer"]}]}}
    )
    clause = load_charter(value).custody["domain"]
    assert clause.open.places() == ("chair", "desk", "assembly", "treasurer")
    assert [group.m for group in clause.open.groups] == [2, 1]


@attack(
    "custody-unreachable",
    Mutation("src/commonhold/kernel/charter/custody.py", find="    if m > there:", replace="    if m > there + 99:"),
)
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"custody/keys/open": {"m": 5, "of": ["chair", "treasurer", "editor"]}}, "charter/custody-unreachable"),
        ({"custody/keys/open": {"m": 3, "of": [{"m": 1, "of": ["chair"]}, {"m": 1, "of": ["editor"]}]}}, "charter/custody-unreachable"),
        ({"custody/keys/open": {"m": 1, "of": ["captain"]}}, "charter/no-such-office"),
        ({"custody/keys/open": {"m": 1, "of": ["chair", {"m": 1, "of": ["editor"]}]}}, "charter/value"),
        ({"custody/keys/open": {"m": 0, "of": ["chair"]}}, "charter/value"),
        ({"custody/keys/open": {"m": 1}}, "charter/missing-key"),
        ({"custody/keys/open": {"m": 1, "of": "chair"}}, "charter/value"),
        ({"custody/keys/open": ["chair"]}, "charter/value"),
        ({"offices/editor/seats": 17}, "charter/custody-too-many"),
        (
            {f"offices/o{n}": {"article": "1", "seats": 13} for n in range(5)}
            | {"custody/keys/open": {"m": 1, "of": [{"m": 1, "of": [f"o{n}"]} for n in range(5)]}},
            "charter/custody-too-many",
        ),
        ({"custody/more": {"resources": ["page"], "open": {"m": 1, "of": ["chair"]}}}, "charter/custody-twice"),
        ({"bodies/regions": {"members": "each(region)"}, "custody/keys/open": {"m": 1, "of": ["regions"]}}, "charter/custody-body"),
        (
            {"custody/keys/open": {"m": 1, "of": [{"m": 1, "of": [{"m": 1, "of": [{"m": 1, "of": [{"m": 1, "of": ["chair"]}]}]}]}]}},
            "charter/custody-deep",
        ),
    ],
)
def test_a_clause_that_cannot_work_is_refused(changes: dict[str, Any], code: str) -> None:
    """m above n, a name that is nobody's, offices beside groups, more people than SLIP-39 counts, two clauses for one resource."""
    assert code in findings(changes)


def test_what_may_surprise_is_said() -> None:
    """One office in two groups, a group with a single seat or of everybody, and secrets that nobody may seal or release."""
    overlap = findings({"custody/keys/open": {"m": 2, "of": [{"m": 1, "of": ["chair"]}, {"m": 1, "of": ["chair", "editor"]}]}})
    assert "names chair in two groups" in overlap["charter/custody-overlap"]
    assert "a single seat, chair: nobody else fills that group" in overlap["charter/custody-one-seat"]
    everybody = findings({"custody/keys/open": {"m": 2, "of": ["assembly"]}})
    assert everybody.keys() == {"charter/custody-everybody"}
    assert "at most 16 in one group: with more members nothing can be sealed anew" in everybody["charter/custody-everybody"]
    value = {key: change for key, change in KEEPING.items() if key != "decisions/release"}
    found = [finding.words for finding in check_charter(charter(value)) if finding.code == "charter/custody-no-rule"]
    assert found == ["says who opens the secrets, and no rule says by whose decision they are released"]


def test_a_changed_clause_touches_its_article() -> None:
    """So an article that is entrenched guards who keeps the secrets, too."""
    old, new = charter(KEEPING), charter({**KEEPING, "custody/keys/open/m": 1})
    assert touched_articles(load_charter(old), draft_amendment(old, new)) == {"1.4"}

"""Laws about paths: the earliest way, step by step, and how long before its end others could see it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from commonhold.kernel.custody import analyse, explain
from commonhold.kernel.errors import CustodyError
from tests.kernel.custody.graphs import obtained, register, registers


def way(*inputs: Any, days: float = 0, visible: bool = False, via: str = "asks") -> dict[str, Any]:
    return {"via": via, "all": list(inputs), "latency_days": days, "visible": visible}


DOMAIN = {
    "mail": [way("party:heron", via="password"), way("party:desk", days=1, via="desk")],
    "account": [way("node:mail", days=2, via="reset"), way("party:heron", "party:desk", days=10, visible=True, via="papers")],
    "lock": [way({"any": ["party:tern", "party:desk"]}, days=5, visible=True, via="phone call")],
    "domain": [way("node:account", "node:lock", days=1, via="transfer")],
}


@given(registers())
def test_a_coalition_has_a_path_exactly_where_the_analysis_says_so(found: Any) -> None:
    """Each minimal coalition reaches its target by steps of which every one needs only its parties and what was obtained before."""
    for target, finding in analyse(found).items():
        for coalition in finding.seize.sets:
            path = explain(found, target, coalition).quickest
            assert path is not None
            have = set(coalition)
            for step in path.steps:
                assert have.issuperset(step.needs)
                have.add(step.node)
            assert path.steps[-1].node == target
            for one in coalition:
                rest = explain(found, target, set(coalition) - {one})
                assert rest.quickest is None
                assert target not in obtained(found, set(coalition) - {one})


def test_the_earliest_path_takes_its_waits_side_by_side() -> None:
    """Mail at once, the account on day 2, the lock on day 5 beside it: the domain on day 6, and six days of warning."""
    found = explain(register(DOMAIN, outside=["desk"]), "domain", ["tern", "heron"])
    path = found.quickest
    assert path is not None
    assert (path.days, path.warning, found.quiet, found.by) == (6, 6, None, ("heron", "tern"))
    assert [(step.node, step.via, step.needs, step.begins, step.ends, step.visible) for step in path.steps] == [
        ("mail", "password", ("heron",), 0, 0, False),
        ("account", "reset", ("mail",), 0, 2, False),
        ("lock", "phone call", ("tern",), 0, 5, True),
        ("domain", "transfer", ("account", "lock"), 5, 6, False),
    ]


def test_a_slower_path_that_nobody_sees_is_told_beside_the_quickest() -> None:
    """Two days in the open, or five unseen."""
    nodes = {"page": [way("party:heron", days=2, visible=True, via="desk"), way("party:heron", days=5, via="quietly")]}
    found = explain(register(nodes), "page", ["heron"])
    assert found.quickest is not None
    assert found.quiet is not None
    assert (found.quickest.days, found.quickest.warning, found.quiet.days, found.quiet.warning) == (2, 2, 5, None)
    unseen = explain(register({"page": [["party:heron"]]}), "page", ["heron"])
    assert unseen.quiet == unseen.quickest


def test_what_is_lacking_is_said_for_each_way() -> None:
    """Only what these parties do not have, in the words of the register."""
    found = explain(register(DOMAIN, outside=["desk"]), "account", ["desk"])
    assert found.quickest is not None
    found = explain(register(DOMAIN, outside=["desk"]), "domain", ["heron"])
    assert (found.quickest, found.missing) == (None, ("transfer: lacking lock",))
    nodes = {"page": [{"all": ["party:heron", {"atleast": 2, "of": ["party:tern", "party:plover", "party:curlew"]}]}]}
    assert explain(register(nodes), "page", ["heron", "tern"]).missing == ("a way: lacking 2 of (tern, plover, curlew)",)
    assert explain(register({"page": []}), "page", ["heron"]).missing == ()


def test_what_needs_nobody_is_open_to_nobody() -> None:
    """A way without inputs is a path of its own, with its own wait."""
    found = explain(register({"page": [way(days=3)]}), "page", [])
    assert found.quickest is not None
    assert (found.quickest.days, found.quickest.steps[0].needs) == (3, ())


def test_an_unknown_name_is_an_error() -> None:
    """Of the target as of the parties."""
    with pytest.raises(CustodyError):
        explain(register({"page": []}), "pgae", ["heron"])
    with pytest.raises(CustodyError):
        explain(register({"page": []}), "page", ["hreon"])

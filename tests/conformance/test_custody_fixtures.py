"""The incidents that really happened, and the published counts of known fault trees: the engine must give their answers exactly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from commonhold.kernel.custody import Effort, Register, analyse, minimal_sets, parse_openpsa, parse_register
from tests.shared_data import ROOT, shared_data

INCIDENTS = sorted(path.name for path in (ROOT / "custody" / "incidents").glob("*.json")) or ["absent.json"]
PUBLISHED = {"chinese": 392, "ftr10": 305, "isp9606": 1776}

pytestmark = pytest.mark.conformance


def read(value: dict[str, Any]) -> Register:
    return parse_register(json.dumps(value).encode())


def check(register: Register, queries: list[dict[str, Any]]) -> None:
    """Assert that every query has the answer that the fixture states."""
    for query in queries:
        finding = analyse(register, [query["target"]], among=query.get("among"))[query["target"]]
        answer = {"seize": finding.seize, "lockout": finding.lockout}[query["mode"]]
        assert set(answer.sets) == {tuple(sorted(one)) for one in query["expect"]}
        assert len(answer.sets) == len(query["expect"])
        assert (answer.complete, answer.count, answer.smallest) == (True, len(query["expect"]), query["expect_min"])


@pytest.mark.parametrize("name", INCIDENTS)
def test_an_incident_has_the_answers_that_its_fixture_states(name: str) -> None:
    """Every minimal coalition and every minimal loss, before the fix and after it; the file is read as it is."""
    raw = shared_data("custody", "incidents", name).read_bytes()
    incident = json.loads(raw)
    register = parse_register(raw)
    assert register.notes == ()
    check(register, incident["queries"])
    if "fix" in incident:
        new = {node["id"]: node for node in incident["fix"]["replace"]}
        nodes = [new.pop(node["id"], node) for node in incident["nodes"]]
        fixed = read({**incident, "nodes": [*nodes, *new.values()]})
        check(fixed, incident["fix"]["then"])
        # The same through the register's own way of changing nodes.
        check(register.replacing(fixed.nodes.values()), incident["fix"]["then"])


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_fault_tree_has_its_published_count_of_minimal_sets(name: str) -> None:
    """The Aralia trees, exactly; and each listed set is minimal among them."""
    path: Path = shared_data("custody", "aralia", f"{name}.xml")
    register, tops = parse_openpsa(path.read_bytes())
    answer = minimal_sets(register, tops[0], effort=Effort(listed=10_000))
    assert (len(tops), answer.count, len(answer.sets)) == (1, PUBLISHED[name], PUBLISHED[name])
    assert len({frozenset(one) for one in answer.sets}) == PUBLISHED[name]

"""Incidents, real and invented, and the published counts of known fault trees: the command line must give their answers exactly.

The invented ones (``vectors/custody``) are answered by their script, which tries every set of parties and knows nothing of the engine; the same
brute force judges what ``custody fix`` promises.
"""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

from commonhold.kernel.custody import Effort, minimal_sets, parse_openpsa, parse_register
from tests.cli.houses import command
from tests.shared_data import ROOT, shared_data

VECTORS = Path(__file__).resolve().parents[2] / "vectors"
OURS = sorted((VECTORS / "custody").glob("*.json"))
REAL = sorted((ROOT / "custody" / "incidents").glob("*.json")) or [ROOT / "custody" / "incidents" / "absent.json"]
PUBLISHED = {"chinese": 392, "ftr10": 305, "isp9606": 1776}
BRUTE_FORCE: dict[str, Any] = runpy.run_path(str(VECTORS / "make_custody.py"))

pytestmark = pytest.mark.conformance

incidents = pytest.mark.parametrize("place", [*OURS, *REAL], ids=lambda place: place.stem)


def load(place: Path) -> dict[str, Any]:
    """One incident; the test is skipped where the shared ones are absent."""
    if place in REAL:
        shared_data("custody", "incidents", place.name)
    return dict(json.loads(place.read_bytes()))


def patched(incident: dict[str, Any], replace: list[dict[str, Any]]) -> dict[str, Any]:
    """The incident with these nodes in place of those of the same id, or added."""
    new = {node["id"]: node for node in replace}
    kept = [new.pop(node["id"], node) for node in incident["nodes"]]
    return {**incident, "nodes": [*kept, *new.values()]}


def check(place: Path, queries: list[dict[str, Any]]) -> None:
    """Assert that ``custody analyse`` answers every query as the incident states it."""
    for query in queries:
        among = ["--among", ",".join(query["among"])] if "among" in query else []
        done = command("custody", "analyse", place, "--target", query["target"], *among, "--json")
        assert (done.code, done.err) == (0, "")
        finding = done.json["targets"][query["target"]]
        answer = [tuple(found) for found in finding[query["mode"]]]
        assert finding["complete"] is True
        assert sorted(answer) == sorted(tuple(sorted(one)) for one in query["expect"])
        assert (len(answer[0]) if answer else None) == query["expect_min"]


@incidents
def test_an_incident_has_the_answers_that_its_fixture_states(place: Path, tmp_path: Path) -> None:
    """Every minimal coalition and every minimal loss, before the fix and after it; the file is read as it is."""
    incident = load(place)
    check(place, incident["queries"])
    if fix := incident.get("fix"):
        after = tmp_path / "after.json"
        after.write_text(json.dumps(patched(incident, fix["replace"])), "utf-8")
        check(after, fix["then"])
        # Mending a register node by node is the same as writing it anew.
        mended = parse_register(after.read_bytes())
        assert parse_register(place.read_bytes()).replacing(mended.nodes.values()).nodes == mended.nodes


@incidents
def test_what_a_fix_promises_is_what_trying_every_set_finds(place: Path) -> None:
    """Each change that ``custody fix`` proposes raises the minimum that it is listed under, and leads to exactly the sets that it shows."""
    incident = load(place)
    targets = dict.fromkeys(query["target"] for query in incident["queries"])
    done = command("custody", "fix", place, *(word for target in targets for word in ("--target", target)), "--show", 50, "--json")
    assert (done.code, done.err) == (0, "")
    for target, advice in done.json["targets"].items():
        assert advice["complete"] is True
        for mode in ("seize", "lockout"):
            for fix in advice[mode]:
                nodes = patched(incident, fix["replace"])["nodes"]
                truth = {side: BRUTE_FORCE["asked"](incident["parties"], nodes, (target, side))["expect"] for side in ("seize", "lockout")}
                for side, up_to in {"seize": None, "lockout": None, **fix["after"].get("up_to", {})}.items():
                    assert fix["after"][side] == [found for found in truth[side] if up_to is None or len(found) <= up_to]
                assert min(map(len, truth[mode]), default=99) > len(advice["before"][mode][0])


def test_the_fixtures_are_those_that_their_script_makes() -> None:
    """The files in the checkout are current, all there are, and of the form that the engine reads without a remark."""
    rendered = BRUTE_FORCE["render"]()
    assert {place.name for place in OURS} == set(rendered)
    for name, text in rendered.items():
        assert (VECTORS / "custody" / name).read_text("ascii") == text, "run python vectors/make.py"
        assert parse_register(text.encode()).notes == ()


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_fault_tree_has_its_published_count_of_minimal_sets(name: str) -> None:
    """The Aralia trees, exactly, as the command counts them; and each listed set is minimal among them."""
    place = shared_data("custody", "aralia", f"{name}.xml")
    assert command("custody", "import-openpsa", place, "--count", "--json").json == {"minimal_sets": PUBLISHED[name]}
    register, tops = parse_openpsa(place.read_bytes())
    answer = minimal_sets(register, tops[0], effort=Effort(listed=10_000))
    assert (len(tops), answer.count, len(answer.sets)) == (1, PUBLISHED[name], PUBLISHED[name])
    found = [frozenset(one) for one in answer.sets]
    assert not any(one < other for one in found for other in found)


def test_every_shared_fault_tree_has_a_count_to_meet() -> None:
    """A tree that is added to the folder without its published number does not go untested in silence."""
    assert {place.stem for place in shared_data("custody", "aralia").glob("*.xml")} == set(PUBLISHED)

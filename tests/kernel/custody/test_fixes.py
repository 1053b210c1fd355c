"""Laws about fixes: each raises the minimum as it says, none of the single ones is missed, and where none helps, sets of them are found."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings

from commonhold.kernel.custody import Advice, Finding, Fix, Node, Register, advise, analyse
from commonhold.kernel.custody import fixes as engine
from commonhold.kernel.errors import CustodyError
from tests.kernel.custody.graphs import register, registers


def people(answer: Any) -> float:
    return float("inf") if answer.at_least is None else answer.at_least


def applied(found: Register, fix: Fix) -> Register:
    return found.replacing([change.node for change in fix.changes])


def kinds(fixes: tuple[Fix, ...]) -> set[tuple[str, ...]]:
    return {tuple(f"{change.kind} {change.node.id}" for change in fix.changes) for fix in fixes}


def check(found: Register, target: str, advice: Advice) -> None:
    """Assert that each fix, applied to the whole register and analysed anew, has the result that it states and raises the minimum."""
    for side in ("seize", "lockout"):
        for fix in getattr(advice, side):
            after: Finding = analyse(applied(found, fix), [target], size=3)[target]
            assert after == fix.after
            assert people(getattr(after, side)) > people(getattr(advice.before, side))


@given(registers())
@settings(max_examples=40)
def test_every_fix_has_the_result_that_it_states(found: Register) -> None:
    """Whatever is recommended was computed and not guessed."""
    for target in list(found.nodes)[:2]:
        check(found, target, advise(found, target))


@given(registers())
@settings(max_examples=40)
def test_no_single_change_that_helps_is_missed(found: Register) -> None:
    """Choosing by paths leaves nothing out: trying every change at every node finds no other fix against seizure."""
    for target in list(found.nodes)[:2]:
        advisor = engine._Advisor(found, target, 3, engine.Effort(bounded=2_000_000))
        advice = advisor.advice()
        if not advice.before.seize.smallest:
            continue
        single = {fix.changes[0].node for fix in advice.seize if len(fix.changes) == 1}
        for node in advisor.register.nodes.values():
            for change in (item for place in range(len(node.ways)) for item in advisor.changes(node, place)):
                after = analyse(found.replacing([change.node]), [target], size=3)[target]
                helps = people(after.seize) > people(advice.before.seize)
                if helps and (after.lockout.at_least != 0 or advice.before.lockout.at_least == 0):
                    assert change.node in single


def test_two_of_them_instead_of_any_of_them() -> None:
    """The smallest change comes first, and nothing else has to be known about the people."""
    found = register({"page": [[{"any": ["party:heron", "party:tern", "party:plover"]}]]})
    advice = advise(found, "page")
    assert (advice.before.seize.at_least, advice.complete) == (1, True)
    assert kinds(advice.seize) == {("more page",), ("second page",), ("seal page",)}
    check(found, "page", advice)
    assert advice.seize[0].after.seize.at_least == 2


def test_a_way_around_is_closed_or_given_a_second_person() -> None:
    """A support desk that alone can reset an account is an edge like any other."""
    nodes = {
        "account": [{"via": "login", "all": ["party:heron", "party:tern"]}, {"via": "desk", "all": ["party:desk"]}],
        "page": [["node:account"]],
    }
    found = register(nodes, outside=["desk"])
    advice = advise(found, "page")
    assert {("close account",), ("second account",), ("seal account",), ("second page",), ("seal page",)} == kinds(advice.seize)
    check(found, "page", advice)


def test_a_set_of_changes_that_is_met_twice_is_tried_once() -> None:
    """One path goes through both holes, and each hole has a detour of its own: mending both is one fix, in whatever order it was found."""
    nodes: dict[str, Any] = {
        "a": [[{"any": ["party:x", "party:y"]}]],
        "b": [[{"any": ["party:x", "party:z"]}]],
        "both": [["node:a", "node:b"]],
        "one": [["node:a"], ["node:b"]],
        "page": [["node:both"], {"via": "desk", "all": ["node:one"], "latency_days": 5}],
    }
    found = register(nodes, parties=[], outside=["x", "y", "z"])
    advice = advise(found, "page")
    pairs = [frozenset(names) for names in kinds(advice.seize)]
    assert {"more a", "more b"} in pairs
    assert len(pairs) == len(set(pairs)) == 5
    check(found, "page", advice)


@pytest.mark.parametrize("number", [2, 3])
def test_as_many_holes_as_can_be_mended_together_are(number: int) -> None:
    """With one person in the organisation a way can only be closed or asked for more, so each hole needs its own change."""
    holes = [{"via": f"hole {n}", "all": [{"any": [f"party:o{n}", f"party:u{n}"]}]} for n in range(number)]
    nodes = {"page": [{"via": "together", "all": ["party:heron", "party:o0", "party:o1"]}, *holes]}
    found = register(nodes, parties=["heron"], outside=[f"{side}{n}" for n, side in product(range(number), "ou")])
    advice = advise(found, "page")
    # All holes are ways of one node, of which only one change is made: there is no such fix, and that is said.
    assert advice.seize == ()
    nodes = {f"way{n}": [hole] for n, hole in enumerate(holes)}
    nodes["page"] = [{"via": f"by {n}", "all": [f"node:way{n}"]} for n in range(number)]
    found = register(nodes, parties=["heron"], outside=[f"{side}{n}" for n, side in product(range(number), "ou")])
    advice = advise(found, "page")
    assert {len(fix.changes) for fix in advice.seize} == {number}
    assert {f"more way{n}" for n in range(number)} in [set(names) for names in kinds(advice.seize)]
    check(found, "page", advice)


def test_four_holes_are_more_than_are_mended_together() -> None:
    """Then nothing is recommended against seizure; the search ends by itself."""
    nodes: dict[str, Any] = {f"way{n}": [[f"party:o{n}"]] for n in range(4)}
    nodes["page"] = [[f"node:way{n}"] for n in range(4)]
    advice = advise(register(nodes, parties=["heron"], outside=[f"o{n}" for n in range(4)]), "page")
    assert (advice.seize, advice.lockout, advice.complete) == ((), (), True)


def test_a_sealed_copy_helps_against_lockout() -> None:
    """One holder, three others: any two of those open a copy, so that it takes three losses."""
    found = register({"domain": [["party:heron"]], "mail": [["party:tern"], ["party:heron"]], "project": [["node:domain", "node:mail"]]})
    advice = advise(found, "project")
    assert (advice.before.lockout.at_least, advice.lockout[0].after.lockout.at_least) == (1, 3)
    assert {("copy domain",), ("copy project",)} == kinds(advice.lockout)
    check(found, "project", advice)
    # Everybody holds it already: then any two of all.
    everybody = register({"page": [["party:heron", "party:tern", "party:plover", "party:curlew"]]})
    assert advise(everybody, "page").lockout[0].after.lockout.at_least == 3


def test_what_lets_nobody_in_any_more_is_no_fix() -> None:
    """Closing the only way that the organisation has is safe, and useless."""
    found = register({"page": [["party:heron"], ["party:desk"]]}, parties=["heron"], outside=["desk"])
    assert advise(found, "page").seize == ()
    assert advise(found, "page").lockout == ()


def test_what_nobody_can_take_needs_no_fix() -> None:
    """And what is open to everybody cannot be given a second person."""
    found = register({"never": [], "open": [[]], "page": [["node:open"]]})
    assert advise(found, "never").seize == ()
    assert advise(found, "never").lockout == ()
    assert advise(found, "open").seize == ()
    with pytest.raises(CustodyError):
        advise(found, "nowhere")


def test_a_search_that_was_cut_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """With fewer tries than there are candidates the advice is not called complete, and what it holds is still right."""
    nodes: dict[str, Any] = {f"way{n}": [[{"any": [f"party:o{n}", f"party:u{n}"]}]] for n in range(2)}
    nodes["page"] = [[f"node:way{n}"] for n in range(2)]
    outside = [f"{side}{n}" for n, side in product(range(2), "ou")]
    found = register(nodes, parties=["heron"], outside=outside)
    monkeypatch.setattr(engine, "MAX_TRIED", 1)
    assert not advise(found, "page").complete
    alone = register({"page": [["node:mail"]], "mail": [["party:heron"]]})
    monkeypatch.setattr(engine, "MAX_TRIED", 0)
    cut = advise(alone, "page")
    assert (cut.complete, cut.lockout) == (False, ())
    monkeypatch.setattr(engine, "MAX_RECOMPUTED", 1)
    cut = advise(alone, "page")
    assert (cut.complete, len(cut.seize)) == (False, 1)
    check(alone, "page", replace(cut))


def test_a_node_that_a_fix_returns_stands_in_the_registers_form() -> None:
    """The changed node has the id, kind and label that it had."""
    found = register({"page": {"obtain": [{"via": "login", "all": ["party:heron"]}], "label": "our page", "kind": "account"}})
    for fix in advise(found, "page").seize:
        node: Node = fix.changes[0].node
        assert (node.id, node.kind, node.label) == ("page", "account", "our page")


def test_where_the_number_is_unknown_no_advice_claims_to_be_complete() -> None:
    """Four of five take it and the search goes to three: no fix was found because none was looked for, and that is said."""
    people = [f"p{number}" for number in range(5)]
    found = advise(register({"page": [[{"atleast": 4, "of": [f"party:{name}" for name in people]}]]}, parties=people), "page")
    assert found.before.seize.up_to == 3
    assert found.seize or not found.complete

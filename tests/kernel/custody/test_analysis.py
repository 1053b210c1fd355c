"""Laws about who can take what: the answers are those of brute force, on cycles too, and where they are not whole they say so."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonhold.kernel.custody import Effort, Register, analyse, analysis, minimal_sets
from commonhold.kernel.custody.bounded import bounded_families
from commonhold.kernel.custody.diagram import Diagrams, OverBudget
from commonhold.kernel.custody.exact import exact_families
from commonhold.kernel.custody.graph import build_graph, components, locking_out, seizing
from commonhold.kernel.errors import CustodyError
from tests.attacks import Mutation, attack
from tests.kernel.custody.graphs import hitting_sets, minimal, obtained, register, registers

TRAP = {
    "mail": [["node:phone"], ["party:heron", "party:tern"]],
    "phone": [["node:mail"], ["party:plover", "party:curlew", "party:heron"]],
    "page": [["node:mail"]],
}
MAJORITY = {"page": [[{"atleast": 4, "of": [f"party:p{number}" for number in range(7)]}]]}
SEVEN = [f"p{number}" for number in range(7)]


@given(registers())
@settings(max_examples=150)
def test_seizing_and_lockout_are_what_trying_every_set_finds(found: Register) -> None:
    """For every node, cyclic graphs included: the minimal coalitions of the least fixpoint, and the minimal losses that leave it out of reach."""
    org = frozenset(party.id for party in found.parties.values() if party.org)
    answers = analyse(found)
    assert list(answers) == list(found.nodes)
    for target, finding in answers.items():
        assert finding.complete
        assert set(finding.seize.sets) == minimal(found.parties, lambda chosen, t=target: t in obtained(found, chosen))  # type: ignore[misc] # the default binds this turn's target
        assert set(finding.lockout.sets) == minimal(org, lambda lost, t=target: t not in obtained(found, org - lost))  # type: ignore[misc] # the default binds this turn's target
        assert finding.seize.count == len(finding.seize.sets)


@given(registers())
def test_lockouts_meet_every_coalition_of_the_organisation(found: Register) -> None:
    """A second way to the same answer: the losses that lock out are the minimal sets that hit every coalition of its own people."""
    org = frozenset(party.id for party in found.parties.values() if party.org)
    for finding in analyse(found, among=org).values():
        assert set(finding.lockout.sets) == hitting_sets(finding.seize.sets, org)


@given(registers(), st.integers(1, 3))
def test_the_quick_engine_finds_the_same_sets_up_to_its_size(found: Register, size: int) -> None:
    """Every minimal set of at most that many parties and no other; "these are all" is said only where they are."""
    whole, part = analyse(found), analyse(found, size=size)
    for target, finding in part.items():
        for side in ("seize", "lockout"):
            answer, truth = getattr(finding, side), getattr(whole[target], side)
            if answer.complete:
                assert answer == truth
            else:
                assert answer.up_to == size
                assert answer.sets == tuple(one for one in truth.sets if len(one) <= size)
                assert answer.at_least is not None
                assert truth.at_least is None or truth.at_least >= answer.at_least


@given(registers(), st.integers(0, 60), st.integers(0, 60))
@settings(max_examples=100)
def test_whatever_the_budget_no_answer_is_wrong(found: Register, exact: int, bounded: int) -> None:
    """With too little work allowed, what is listed is still right, and what is not known is never called complete."""
    whole = analyse(found)
    for target, finding in analyse(found, effort=Effort(exact=exact, bounded=bounded)).items():
        for side in ("seize", "lockout"):
            answer, truth = getattr(finding, side), getattr(whole[target], side)
            limit = 99 if answer.up_to is None else answer.up_to
            assert answer.sets == tuple(one for one in truth.sets if len(one) <= limit)
            if answer.complete:
                assert answer == truth


@attack(
    "custody-circle",
    Mutation("src/commonhold/kernel/custody/graph.py", find="fixed=False, start=False)", replace="fixed=False, start=True)"),
)
def test_two_recovery_paths_that_support_each_other_support_nobody() -> None:
    """Mail recovers the phone and the phone the mail: it still takes two or three people to begin, not none."""
    finding = analyse(register(TRAP), ["page"])["page"]
    assert finding.seize.sets == (("heron", "tern"), ("curlew", "heron", "plover"))
    assert finding.lockout.sets == (("heron",), ("curlew", "tern"), ("plover", "tern"))
    assert finding.as_json() == {
        "seize": [["heron", "tern"], ["curlew", "heron", "plover"]],
        "lockout": [["heron"], ["curlew", "tern"], ["plover", "tern"]],
        "complete": True,
    }


@attack(
    "custody-circle",
    Mutation("src/commonhold/kernel/custody/graph.py", find="fixed=True, start=True)", replace="fixed=True, start=False)"),
)
def test_a_node_that_needs_only_itself_is_out_of_reach() -> None:
    """The smallest cycle supports nobody; the organisation is locked out of it before anybody is lost."""
    finding = analyse(register({"page": [["node:page"]]}))["page"]
    assert (finding.seize.sets, finding.lockout.sets, finding.complete) == ((), ((),), True)
    assert (finding.seize.at_least, finding.lockout.at_least) == (None, 0)


def test_people_are_counted_and_not_roles() -> None:
    """Two of three roles, two of them held by one person: that person alone is a coalition."""
    nodes = {
        "chair": [["party:heron"]],
        "treasurer": [["party:heron"]],
        "editor": [["party:tern"]],
        "page": [[{"atleast": 2, "of": ["node:chair", "node:treasurer", "node:editor"]}]],
    }
    assert analyse(register(nodes), ["page"])["page"].seize.sets == (("heron",),)


def test_outsiders_can_take_a_page_and_cannot_keep_it_for_the_organisation() -> None:
    """They are in coalitions, and never among those whose loss is asked about."""
    found = register({"page": [["party:registrar"], ["party:heron"]]}, outside=["registrar"])
    finding = analyse(found)["page"]
    assert finding.seize.sets == (("heron",), ("registrar",))
    assert finding.lockout.sets == (("heron",),)


def test_among_bounds_who_acts_together_and_without_takes_people_away() -> None:
    """``among`` changes nothing about lock-out; whoever is gone helps nobody, and their loss is counted already."""
    found = register({"page": [["party:heron"], ["party:tern", "party:plover"]]})
    assert analyse(found, among=["tern", "plover"])["page"].seize.sets == (("plover", "tern"),)
    assert analyse(found, among=["tern"])["page"].seize.sets == ()
    assert analyse(found, among=["tern"])["page"].lockout.sets == (("heron", "plover"), ("heron", "tern"))
    gone = analyse(found, without=["heron"])["page"]
    assert (gone.seize.sets, gone.lockout.sets) == ((("plover", "tern"),), (("plover",), ("tern",)))


def test_a_list_that_would_be_too_long_holds_the_smallest_and_the_number() -> None:
    """What is left out is counted where it can be, and the answer is not called complete."""
    ways = [[f"party:p{number}"] for number in range(2)] + [[{"atleast": 6, "of": [f"party:q{number}" for number in range(14)]}]]
    found = register({"page": ways}, parties=[f"p{n}" for n in range(2)] + [f"q{n}" for n in range(14)])
    finding = analyse(found, effort=Effort(listed=10))["page"]
    assert finding.seize.sets == (("p0",), ("p1",))
    assert (finding.seize.up_to, finding.seize.count, finding.complete) == (5, 3005, False)
    value = finding.as_json()
    assert value["up_to"] == {"seize": 5, "lockout": 10}
    assert value["count"] == {"seize": 3005, "lockout": 2002}
    quick = analyse(register({"page": [[f"party:p{n}" for n in range(3)]] * 1}, parties=[f"p{n}" for n in range(3)]), size=2)["page"]
    assert (quick.seize.sets, quick.seize.up_to, quick.seize.at_least) == ((), 2, 3)


def test_a_long_list_of_the_quick_engine_ends_with_a_whole_size() -> None:
    """Cut between two sizes, never inside one."""
    people = [f"p{number:02}" for number in range(70)]
    ways = [[f"party:{people[0]}"], [{"atleast": 2, "of": [f"party:{name}" for name in people[1:]]}]]
    finding = analyse(register({"page": ways}, parties=people), size=2, effort=Effort(listed=0))["page"]
    assert finding.seize.sets == ((people[0],),)
    assert (finding.seize.up_to, finding.seize.at_least) == (1, 1)


def test_what_all_lists_together_hold_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """When they are full, the targets that come later list one set at most, or none; what they say is still right, and how many there are is known."""
    monkeypatch.setattr(analysis, "LISTED_TOGETHER", 30)
    nodes: dict[str, list[list[str]]] = {f"n{number}": [[f"party:p{one}"] for one in range(20)] for number in range(3)}
    found = analyse(register({**nodes, "open": [[]]}, parties=[f"p{one}" for one in range(20)]), effort=Effort(listed=0))
    assert [len(one.seize.sets) for one in found.values()] == [20, 0, 0, 1]
    assert [(one.seize.up_to, one.seize.count) for one in found.values()] == [(None, 20), (0, 20), (0, 20), (None, 1)]
    assert [one.seize.at_least for one in found.values()] == [1, 1, 1, 0]


def test_without_any_work_the_extremes_are_still_known() -> None:
    """One walk tells what needs nobody and what nobody can reach; everything else is unknown, at least one."""
    nodes = {"open": [[]], "never": [], "page": [["party:heron", "party:tern"]]}
    answers = analyse(register(nodes), effort=Effort(exact=0, bounded=-1))
    assert {name: (item.seize.sets, item.seize.up_to, item.seize.at_least) for name, item in answers.items()} == {
        "open": (((),), None, 0),
        "never": ((), None, None),
        "page": ((), 0, 1),
    }
    assert {name: item.lockout.at_least for name, item in answers.items()} == {"open": None, "never": 0, "page": 1}
    assert minimal_sets(register(nodes), "page", effort=Effort(exact=0, bounded=-1)).at_least == 1


def test_a_target_or_a_party_that_is_not_there_is_named() -> None:
    """A slip in a name is an error and never an empty answer."""
    found = register({"page": [["party:heron"]]})
    for ask, words in (
        ({"targets": ["pgae"]}, "no node 'pgae'"),
        ({"among": ["hreon"]}, "no party 'hreon'"),
        ({"without": ["x"]}, "no party 'x'"),
    ):
        with pytest.raises(CustodyError, match=words) as refused:
            analyse(found, **ask)  # type: ignore[arg-type] # each case is one argument, of its own type
        assert refused.value.next_step


def test_minimal_sets_asks_about_one_side_only() -> None:
    """The majorities of seven, all thirty-five of them."""
    answer = minimal_sets(register(MAJORITY, parties=SEVEN), "page")
    assert (answer.count, answer.complete, answer.smallest) == (35, True, 4)


def test_a_chain_of_many_nodes_is_no_fault() -> None:
    """Twenty thousand nodes, each recovered by the one before, in a ring with one way in."""
    size = 20_000
    nodes = {f"n{number}": [[f"node:n{number - 1}"]] for number in range(1, size)}
    nodes["n0"] = [[f"node:n{size - 1}"], ["party:heron"]]
    found = register(nodes)
    finding = analyse(found, [f"n{size - 1}"])[f"n{size - 1}"]
    assert (finding.seize.sets, finding.lockout.sets) == ((("heron",),), (("heron",),))


def test_more_people_than_recursion_reaches_are_a_bounded_unknown() -> None:
    """A way that needs two thousand people: too deep for the diagrams, so "more than three" and never a crash."""
    people = [f"p{number}" for number in range(2000)]
    finding = analyse(register({"page": [[f"party:{name}" for name in people]], "home": [["node:page"]]}, parties=people))["home"]
    assert finding.seize.at_least == 4
    assert not finding.complete


@attack(
    "custody-huge-register",
    Mutation(
        "src/commonhold/kernel/custody/analysis.py",
        find="    return Answer((), None, 0) if never else Answer((), 0, None)",
        replace="    return Answer((), None, 0)",
    ),
    Mutation(
        "src/commonhold/kernel/custody/analysis.py",
        find="            elif part is not None:\n                partly[root] = part, limit",
        replace="            elif part is not None:\n                whole[root] = part",
    ),
)
@pytest.mark.parametrize("size", [5_000, pytest.param(100_000, marks=pytest.mark.drill)])
def test_a_register_that_is_made_to_exhaust_is_answered_in_bounded_work_and_never_called_safe(size: int) -> None:
    """Many nodes above twenty of forty people: 137,846,528,820 coalitions, of which none is listed and none is denied."""
    people = [f"p{number}" for number in range(40)]
    many = [[{"atleast": 20, "of": [f"party:{name}" for name in people]}]]
    nodes: dict[str, Any] = {"n0": many, **{f"n{number}": [[f"node:n{number - 1}"]] for number in range(1, size)}}
    found = register(nodes, parties=people)
    for effort, least in ((Effort(exact=1000, bounded=2_000_000), 4), (Effort(exact=1000, bounded=-1), 1)):
        finding = analyse(found, [f"n{size - 1}"], effort=effort)[f"n{size - 1}"]
        assert (finding.complete, finding.seize.sets, finding.seize.at_least) == (False, (), least)


def test_one_hard_node_does_not_take_the_others_with_it() -> None:
    """What lies above a node that is not known is not known; everything beside it is."""
    people = [f"p{number}" for number in range(30)]
    half = [{"atleast": 15, "of": [f"party:{name}" for name in people]}]
    found = register({"hard": [half], "above": [["node:hard", "party:p1"]], "easy": [["party:p1"]]}, parties=people)
    answers = analyse(found, effort=Effort(exact=400, bounded=100_000))
    assert answers["easy"].complete
    assert (answers["hard"].complete, answers["hard"].seize.at_least) == (False, 4)
    assert (answers["above"].complete, answers["above"].seize.at_least) == (False, 4)


def test_a_budget_can_end_while_minimal_sets_are_drawn_out() -> None:
    """The function was found and its minimal sets were not: that is unknown, too."""
    graph = build_graph(register(MAJORITY, parties=SEVEN))
    problem, root = seizing(graph, range(7)), graph.node_index["page"]
    groups = components(graph.gates, [root])
    known = [exact_families(problem, groups, [root], budget)[root] is not None for budget in range(200)]
    assert known == sorted(known)
    assert not known[0]
    assert known[-1]
    assert bounded_families(problem, groups, [root], 3, 5) == {root: None}
    found = bounded_families(problem, groups, [root], 4, 10_000)[root]
    assert found is not None
    assert found.whole
    named = {tuple(sorted(f"p{party}" for party in one)) for one in found.sets(4)}
    assert named == minimal(SEVEN, lambda chosen: len(chosen) >= 4)


def test_a_budget_of_nothing_raises_at_once() -> None:
    """The store of diagrams never does more than it was allowed."""
    diagrams = Diagrams(0)
    first, second = diagrams.party(0), diagrams.party(1)
    with pytest.raises(OverBudget):
        diagrams.both(first, second)


def test_groups_come_after_what_they_need() -> None:
    """Every input of a gate is in its own group or an earlier one."""
    graph = build_graph(register(TRAP))
    problem = locking_out(graph, range(4))
    done: set[int] = set()
    for group in components(problem.gates, range(3)):
        done.update(group.gates)
        assert all(child < 0 or child in done for gate in group.gates for child in problem.gates[gate].inputs)

"""Every minimal set, exactly, by decision diagrams; where that would take too much work, the answer is "not known" and never a part.

The groups of gates that support each other are iterated until nothing changes, from "never" for seizing and from "always" for lock-out;
diagrams are kept once, so "nothing changes" is a comparison of numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from commonhold.kernel.custody.diagram import ALWAYS, NEVER, Diagrams, OverBudget
from commonhold.kernel.custody.graph import Agenda, Group, Problem, party_order


@dataclass(frozen=True, slots=True)
class Family:
    """All minimal sets of one root, still folded up in a diagram."""

    diagrams: Diagrams
    node: int
    parties: Sequence[int]
    counts: tuple[int, ...]

    def sets(self, largest: int) -> list[frozenset[int]]:
        """The sets of at most *largest* parties."""
        return [frozenset(self.parties[level] for level in found) for found in self.diagrams.sets(self.node, largest)]


def exact_families(problem: Problem, groups: Sequence[Group], roots: Sequence[int], budget: int) -> dict[int, Family | None]:
    """For each root all its minimal sets, or None where *budget* steps do not reach.

    A group may use a part of the budget only, unless there is one root: one that is too hard does not take the others with it.

    Args:
        groups: the :func:`~commonhold.kernel.custody.graph.components` of at least these roots.
    """
    order = [party for party in party_order(problem.gates, roots, groups) if party in problem.free]
    level = {party: index for index, party in enumerate(order)}
    solver = _Solver(problem, level, budget, budget if len(roots) == 1 else budget // min(2 * len(roots), 16))
    for group in groups:
        solver.solve(group)
    return {root: solver.family(root, order) for root in dict.fromkeys(roots)}


class _Solver:
    def __init__(self, problem: Problem, level: dict[int, int], budget: int, share: int) -> None:
        self.problem, self.level = problem, level
        self.total, self.share = budget, share
        self.diagrams = Diagrams(budget)
        # None: not known; a gate that was not met yet is not in it.
        self.values: dict[int, int | None] = {}

    def solve(self, group: Group) -> None:
        gates = self.problem.gates
        self.values.update(dict.fromkeys(group.gates, ALWAYS if self.problem.start else NEVER))
        if any(child >= 0 and self.values[child] is None for gate in group.gates for child in gates[gate].inputs):
            self.values.update(dict.fromkeys(group.gates, None))
            return
        allowed = self.diagrams.left = min(self.share, self.total)
        try:
            agenda = Agenda(group)
            for gate in agenda:
                value = self.gate(gate)
                if value != self.values[gate]:
                    self.values[gate] = value
                    agenda.changed(gate)
        except (OverBudget, RecursionError):
            self.values.update(dict.fromkeys(group.gates, None))
        self.total -= allowed - max(self.diagrams.left, 0)

    def gate(self, gate: int) -> int:
        need, inputs = self.problem.gates[gate]
        return self.diagrams.at_least(need, [self.leaf(~child) if child < 0 else self.values[child] or NEVER for child in inputs])

    def leaf(self, party: int) -> int:
        if party in self.problem.free:
            return self.diagrams.party(self.level[party])
        return ALWAYS if self.problem.fixed else NEVER

    def family(self, root: int, order: Sequence[int]) -> Family | None:
        function = self.values[root]
        if function is None:
            return None
        allowed = self.diagrams.left = min(self.share, self.total)
        try:
            node = self.diagrams.minimal(function)
        except (OverBudget, RecursionError):
            return None
        finally:
            self.total -= allowed - max(self.diagrams.left, 0)
        return Family(self.diagrams, node, order, tuple(self.diagrams.sizes(node)))

"""How a coalition gets somewhere: step by step, how long it takes, and how long before its end others could see it.

Times are the earliest possible ones: a way begins when its last input is there, and takes the days that the register says (Knuth's
generalisation of Dijkstra's algorithm, 1977). Whatever supports a step was there before it, so no cycle supports itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import NamedTuple

from commonhold.kernel.custody.graph import Graph, build_graph
from commonhold.kernel.custody.register import Register, in_words


class Reach(NamedTuple):
    """When each gate is reached at the earliest, in days, and by which of its inputs, in the order in which they were there."""

    days: dict[int, float]
    support: dict[int, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Step:
    """One node obtained: by which way, with which parties and nodes, from which day to which, and whether others can see it."""

    node: str
    via: str
    needs: tuple[str, ...]
    begins: float
    ends: float
    visible: bool
    assumed: bool


@dataclass(frozen=True, slots=True)
class Path:
    """The quickest way of a coalition to a target.

    Args:
        steps: in the order in which they can be done; the last obtains the target.
        days: how long it takes from the first step.
        warning: days between the first step that others can see and the end; None where none can be seen.
    """

    steps: tuple[Step, ...]
    days: float
    warning: float | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a coalition can do about a target.

    Args:
        quickest: None where these parties cannot get there.
        quiet: the quickest path on which nothing can be seen; None where there is none.
        missing: where they cannot get there: for each way of the target, what is lacking.
    """

    target: str
    by: tuple[str, ...]
    quickest: Path | None
    quiet: Path | None
    missing: tuple[str, ...]


def reach(graph: Graph, parties: Iterable[int], avoid: Collection[int] = ()) -> Reach:
    """All that these parties can obtain, with the earliest times; the gates *avoid* are not used."""
    users: dict[int, list[int]] = {}
    lacking: dict[int, int] = {}
    queue: list[tuple[float, int, int]] = []
    for number, (need, inputs) in enumerate(graph.gates):
        if number in avoid:
            continue
        lacking[number] = need
        for child in inputs:
            users.setdefault(child, []).append(number)
        if not need:
            heappush(queue, (graph.days.get(number, 0), len(queue), number))
    for party in sorted(parties):
        heappush(queue, (0, len(queue), ~party))
    order = len(queue)
    found = Reach({}, {})
    arrived: dict[int, list[int]] = {}
    while queue:
        day, _, item = heappop(queue)
        if item >= 0:
            found.days[item], found.support[item] = day, tuple(arrived.get(item, ()))
        for user in users.get(item, ()):
            have = arrived.setdefault(user, [])
            if len(have) < lacking[user]:
                have.append(item)
                if len(have) == lacking[user]:
                    order += 1
                    heappush(queue, (day + graph.days.get(user, 0), order, user))
    return found


def used_gates(found: Reach, root: int) -> list[int]:
    """The gates that the earliest path to *root* goes through, inputs before gates."""
    seen: set[int] = set()
    stack = [root]
    while stack:
        if (gate := stack.pop()) not in seen:
            seen.add(gate)
            stack += (child for child in found.support[gate] if child >= 0)
    # The order in which they were reached: whatever supports a gate was reached before it.
    place = {gate: index for index, gate in enumerate(found.days)} if seen else {}
    return sorted(seen, key=place.__getitem__)


def explain(register: Register, target: str, by: Iterable[str]) -> Explanation:
    """What the parties *by* can do together about *target*: the quickest path, the quickest that nobody sees, or what they lack.

    Raises:
        CustodyError: naming a target or party that the register does not have.
    """
    (target,) = register.require_nodes([target])
    coalition = tuple(sorted(register.require_parties(by)))
    graph = build_graph(register)
    root = graph.node_index[target]
    numbers = [graph.party_index[id_] for id_ in coalition]
    found = reach(graph, numbers)
    if root not in found.days:
        return Explanation(target, coalition, None, None, _missing(register, graph, found, target, numbers))
    quickest = _path(register, graph, found, root)
    if quickest.warning is None:
        return Explanation(target, coalition, quickest, quickest, ())
    unseen = reach(graph, numbers, graph.visible)
    quiet = _path(register, graph, unseen, root) if root in unseen.days else None
    return Explanation(target, coalition, quickest, quiet, ())


def _path(register: Register, graph: Graph, found: Reach, root: int) -> Path:
    steps = []
    for gate in used_gates(found, root):
        if gate in graph.ways:
            owner, place = graph.ways[gate]
            node = register.nodes[graph.nodes[owner]]
            way = node.ways[place]
            ends = found.days[gate]
            steps.append(Step(node.id, way.via, _needs(graph, found, gate), ends - way.days, ends, way.visible, way.assumed))
    end = found.days[root]
    seen = [step.begins for step in steps if step.visible]
    return Path(tuple(steps), end, end - min(seen) if seen else None)


def _needs(graph: Graph, found: Reach, gate: int) -> tuple[str, ...]:
    """The names of what a gate was reached with; what a choice was met with stands for the choice."""
    names: dict[str, None] = {}
    stack = list(reversed(found.support[gate]))
    while stack:
        child = stack.pop()
        if child < 0:
            names[graph.parties[~child]] = None
        elif child < len(graph.nodes):
            names[graph.nodes[child]] = None
        else:
            stack += reversed(found.support[child])
    return tuple(names)


def _missing(register: Register, graph: Graph, found: Reach, target: str, parties: Collection[int]) -> tuple[str, ...]:
    lines = []
    # A node's gate has its ways as inputs, in the order of the register.
    for way, gate in zip(register.nodes[target].ways, graph.gates[graph.node_index[target]].inputs, strict=True):
        pairs = zip(way.all, graph.gates[gate].inputs, strict=True)
        lacking = [in_words(item) for item, child in pairs if (~child not in parties if child < 0 else child not in found.days)]
        lines.append(f"{way.via or 'a way'}: lacking {', '.join(lacking)}")
    return tuple(lines)

"""A register as bare numbers: threshold gates over parties, in one form for "who can seize" and for "whose loss locks out".

Every node, way and choice becomes a gate ``(need, inputs)``: so many of its inputs must hold. AND needs all, OR needs one, "nobody can" needs one
of none. An input at or above 0 is a gate, and ``~p`` is party *p*. The complement of a gate that needs *m* of *n* needs *n - m + 1* of the
complements, and a least fixpoint's complement is a greatest one; so a lock-out is the same problem with the thresholds turned around and the
iteration started from the other end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from commonhold.kernel.custody.register import AtLeast, Input, Node, PartyRef, Register


class Gate(NamedTuple):
    """*need* of these inputs."""

    need: int
    inputs: tuple[int, ...]


@dataclass(frozen=True)
class Graph:
    """The gates of a register; gate *i* of the first ``len(nodes)`` is node *i*.

    Args:
        days: how long a way's gate takes after its inputs, where it takes time.
        visible: the ways' gates that others can see.
        ways: for each gate that is a way: its node's number and the way's place there.
        assumed: the ways' gates that nobody declared, or that may be gone: they count for taking something, and not for getting it back.
    """

    parties: tuple[str, ...]
    nodes: tuple[str, ...]
    gates: Sequence[Gate]
    party_index: Mapping[str, int]
    node_index: Mapping[str, int]
    days: Mapping[int, float]
    visible: frozenset[int]
    ways: Mapping[int, tuple[int, int]]
    assumed: frozenset[int]

    def with_nodes(self, changed: Iterable[Node]) -> Graph:
        """The graph with these nodes' ways in place of what they had; all of them must be in it already."""
        builder = _Builder(
            self.party_index, self.node_index, list(self.gates), dict(self.days), set(self.visible), dict(self.ways), set(self.assumed)
        )
        for node in changed:
            builder.add(node)
        return builder.graph(self.parties, self.nodes)


def build_graph(register: Register, together: Mapping[str, str] | None = None) -> Graph:
    """The graph of a register.

    The gates stand in no order; :func:`components` finds one.

    Args:
        together: a name for each party; parties of one name are one, who does whatever any of them can. Otherwise each stands for itself.
    """
    nodes = tuple(register.nodes)
    named = {id_: id_ for id_ in register.parties} if together is None else together
    parties = tuple(dict.fromkeys(named[id_] for id_ in register.parties))
    number = {name: index for index, name in enumerate(parties)}
    party_index = {id_: number[named[id_]] for id_ in register.parties}
    node_index = {id_: index for index, id_ in enumerate(nodes)}
    builder = _Builder(party_index, node_index, [Gate(1, ())] * len(nodes), {}, set(), {}, set())
    for node in register.nodes.values():
        builder.add(node)
    return builder.graph(parties, nodes)


class _Builder:
    def __init__(
        self,
        party_index: Mapping[str, int],
        node_index: Mapping[str, int],
        gates: list[Gate],
        days: dict[int, float],
        visible: set[int],
        ways: dict[int, tuple[int, int]],
        assumed: set[int],
    ) -> None:
        self.party_index, self.node_index = party_index, node_index
        self.gates, self.days, self.visible, self.ways, self.assumed = gates, days, visible, ways, assumed

    def add(self, node: Node) -> None:
        own, ways = self.node_index[node.id], []
        for place, way in enumerate(node.ways):
            inputs = tuple(self.input(item) for item in way.all)
            number = len(self.gates)
            self.gates.append(Gate(len(inputs), inputs))
            self.ways[number] = (own, place)
            if way.days:
                self.days[number] = way.days
            if way.visible:
                self.visible.add(number)
            if way.assumed or way.doubtful:
                self.assumed.add(number)
            ways.append(number)
        self.gates[own] = Gate(1, tuple(ways))

    def input(self, item: Input) -> int:
        if isinstance(item, AtLeast):
            inputs = tuple(self.input(part) for part in item.of)
            self.gates.append(Gate(item.need, inputs))
            return len(self.gates) - 1
        return ~self.party_index[item.id] if isinstance(item, PartyRef) else self.node_index[item.id]

    def graph(self, parties: tuple[str, ...], nodes: tuple[str, ...]) -> Graph:
        visible, assumed = frozenset(self.visible), frozenset(self.assumed)
        return Graph(parties, nodes, self.gates, self.party_index, self.node_index, self.days, visible, self.ways, assumed)


class Problem(NamedTuple):
    """Which minimal sets of the *free* parties make a gate hold.

    Args:
        fixed: whether every other party holds (True) or not.
        start: where the iteration inside a cycle begins: False for the least fixpoint, True for the greatest.
    """

    gates: Sequence[Gate]
    free: frozenset[int]
    fixed: bool
    start: bool


def seizing(graph: Graph, among: Iterable[int]) -> Problem:
    """Who can take it: coalitions among these parties, everybody else passive; the least fixpoint, so no cycle supports itself."""
    return Problem(graph.gates, frozenset(among), fixed=False, start=False)


def locking_out(graph: Graph, org: Iterable[int]) -> Problem:
    """Whose loss locks out: sets among these parties whose absence leaves the rest of them without it; others never help."""
    # A way that nobody declared is never there when it is needed.
    dual = [Gate(0 if gate in graph.assumed else len(inputs) - need + 1, inputs) for gate, (need, inputs) in enumerate(graph.gates)]
    return Problem(dual, frozenset(org), fixed=True, start=True)


class Group(NamedTuple):
    """Gates that depend on each other.

    Args:
        gates: inputs before gates, as far as there is such an order.
        users: for each gate on a cycle, the places of those that it is an input of.
    """

    gates: tuple[int, ...]
    users: Mapping[int, Sequence[int]]


def components(gates: Sequence[Gate], roots: Iterable[int]) -> list[Group]:
    """The gates that matter to *roots*, in groups that depend on each other, every group after those that it depends on (Tarjan 1972).

    They are the same for every problem of a graph: turning thresholds around leaves the inputs as they are.

    No recursion: a chain of a hundred thousand nodes is a chain, and no fault.
    """
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    left: dict[int, int] = {}
    pending: list[int] = []
    held: set[int] = set()
    found: list[Group] = []
    for root in roots:
        if root in index:
            continue
        index[root] = low[root] = len(index)
        pending.append(root)
        held.add(root)
        work = [(root, iter(gates[root].inputs))]
        while work:
            gate, inputs = work[-1]
            for child in inputs:
                if child < 0:
                    continue
                if child not in index:
                    index[child] = low[child] = len(index)
                    pending.append(child)
                    held.add(child)
                    work.append((child, iter(gates[child].inputs)))
                    break
                if child in held:
                    low[gate] = min(low[gate], index[child])
            else:
                work.pop()
                left[gate] = len(left)
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[gate])
                if low[gate] == index[gate]:
                    place = len(pending) - 1
                    while pending[place] != gate:
                        place -= 1
                    # In the order in which the walk left them.
                    group = tuple(sorted(pending[place:], key=left.__getitem__))
                    del pending[place:]
                    held.difference_update(group)
                    found.append(Group(group, _users(gates, group)))
    return found


def _users(gates: Sequence[Gate], group: Sequence[int]) -> dict[int, list[int]]:
    if len(group) == 1 and group[0] not in gates[group[0]].inputs:
        return {}
    users: dict[int, list[int]] = {gate: [] for gate in group}
    for place, gate in enumerate(group):
        for child in gates[gate].inputs:
            if child in users:
                users[child].append(place)
    return users


class Agenda:
    """The gates of one group in turn, until none of them has an input that changed since it was last looked at.

    Whoever iterates says :meth:`changed` for each gate whose value is new. Inputs come before gates as far as a cycle allows it. What becomes due
    behind the gate at hand waits for the next sweep: the news of a whole sweep go round a cycle together, and not each on its own.
    """

    def __init__(self, group: Group) -> None:
        self._gates, self._users = group
        self._due = bytearray(b"\1" * len(self._gates))

    def __iter__(self) -> Iterator[int]:
        """Each gate that is due, sweep after sweep."""
        due, place = self._due, 0
        while (place := due.find(1, place)) >= 0 or (place := due.find(1)) >= 0:
            due[place] = 0
            yield self._gates[place]

    def changed(self, gate: int) -> None:
        """Have the gates looked at again that this one is an input of."""
        for place in self._users.get(gate, ()):
            self._due[place] = 1


def party_order(gates: Sequence[Gate], roots: Sequence[int], groups: Sequence[Group]) -> list[int]:
    """The parties that matter to *roots*, in the order in which a walk meets them that takes the lightest input first.

    Parties that are used together come to stand together, which keeps diagrams small (in the spirit of Bouissou et al. 1997); shared parts
    count once for each use, up to a bound.
    """
    weight: dict[int, int] = {}
    for group in groups:
        for gate in group.gates:
            weight[gate] = min(sum(1 if child < 0 else weight.get(child, 1) for child in gates[gate].inputs), 1 << 40)
    met: dict[int, None] = {}
    seen: set[int] = set()
    for root in roots:
        stack = [root]
        while stack:
            gate = stack.pop()
            if gate < 0:
                met.setdefault(~gate)
            elif gate not in seen:
                seen.add(gate)
                stack += sorted(gates[gate].inputs, key=lambda child: 1 if child < 0 else weight[child], reverse=True)
    return list(met)

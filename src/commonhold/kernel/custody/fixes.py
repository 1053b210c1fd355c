"""The changes that raise the minimum most: single ones, and where none helps, the smallest sets of them; each with the result computed anew.

Which changes can matter is found from paths, without leaving any out: a change that touches nothing on the path of some smallest coalition leaves
that path open, so a set of changes that works must touch every such path (an implicit hitting set, Reiter 1987). What is tried is

- to ask for one more party where several can each do it ("any of these" becomes "two of these", two of four become three of four);
- to ask for a second person of the organisation in a way that needs none;
- to seal a node so that any two people of the organisation together open it, and nobody alone;
- to close a way;
- against lock-out: to add a sealed copy that two others of the organisation can open.

A change is a proposal for people: whether a platform offers it, they know.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

from commonhold.kernel.custody.analysis import Answer, Effort, Finding, analyse_graph
from commonhold.kernel.custody.graph import Graph, build_graph
from commonhold.kernel.custody.paths import reach, used_gates
from commonhold.kernel.custody.register import AtLeast, Input, Node, NodeRef, PartyRef, Register, Way, leaves

MAX_TOGETHER: Final = 3
MAX_RECOMPUTED: Final = 150
MAX_TRIED: Final = 1_500
MAX_WALKED: Final = 5_000_000
"""Gates that a search for changes walks over; what computing their results anew costs is bounded by it too."""
KINDS: Final = ("more", "second", "copy", "seal", "close")
"""The kinds of changes, those first that ask least of people where they do the same."""

_SEALED: Final = "sealed copy, opened by two together"


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one node, in words for a person.

    Args:
        kind: ``more``, ``second``, ``seal``, ``close`` or ``copy``.
        node: the node as it would be.
        way: the place of the way that is changed; -1 where the node's ways are replaced or added to.
        way_text: what that way is called, or empty.
    """

    kind: str
    node: Node
    way: int
    way_text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """Changes to be made together, and what the analysis then says of the target."""

    changes: tuple[Change, ...]
    after: Finding


@dataclass(frozen=True, slots=True)
class Advice:
    """What raises the number of people that it takes to seize a target, and to be locked out of it, best first.

    Args:
        complete: whether every change of the kinds tried was weighed; otherwise there may be better ones.
    """

    before: Finding
    seize: tuple[Fix, ...]
    lockout: tuple[Fix, ...]
    complete: bool


def advise(register: Register, target: str, *, size: int = 3, effort: Effort | None = None) -> Advice:
    """The best changes for one target.

    Raises:
        CustodyError: naming a target that the register does not have.
    """
    (target,) = register.require_nodes([target])
    return _Advisor(register, target, size, effort or Effort(bounded=2_000_000)).advice()


class _Advisor:
    def __init__(self, register: Register, target: str, size: int, effort: Effort) -> None:
        self.target, self.size, self.effort = target, size, effort
        self.register = _cone(register, target)
        self.graph = build_graph(self.register)
        self.root = self.graph.node_index[target]
        self.org = tuple(party.id for party in self.register.parties.values() if party.org and party.kind == "person")
        self.members = frozenset(self.graph.party_index[party.id] for party in self.register.parties.values() if party.org)
        self.before = self.finding(self.graph)
        self.complete = True
        self.left = MAX_WALKED

    def finding(self, graph: Graph) -> Finding:
        everybody = range(len(graph.parties))
        return analyse_graph(graph, [self.target], coalition=everybody, org=self.members, size=self.size, effort=self.effort)[self.target]

    def walk(self) -> bool:
        """Whether the graph may be walked over once more; if not, the search has not weighed everything."""
        self.left -= len(self.graph.gates)
        self.complete &= self.left >= 0
        return self.left >= 0

    def advice(self) -> Advice:
        return Advice(self.before, self.against_seizure(), self.against_lockout(), self.complete)

    # ------------------------------------------------------------------------------------------------------------- seizure

    def against_seizure(self) -> tuple[Fix, ...]:
        smallest = self.before.seize.smallest
        if not smallest:
            # Nobody knows by whom it is taken, so nothing was weighed.
            self.complete &= self.before.seize.complete
            return ()
        coalitions = self.numbers(self.before.seize, smallest)
        single = [(change,) for change in self.on_path((), coalitions[0]) if self.stops((change,), coalitions)]
        return self.best(single, _seize_first) or self.best(self.together(coalitions), _seize_first)

    def on_path(self, made: tuple[Change, ...], coalition: frozenset[int]) -> list[Change]:
        """The changes that touch the quickest path of a coalition after the changes *made*, other than those."""
        graph = self.changed(made)
        used = used_gates(reach(graph, coalition), self.root)
        done = {change.node.id for change in made}
        found = []
        for gate in used:
            if gate in graph.ways:
                owner, place = graph.ways[gate]
                node = self.register.nodes[graph.nodes[owner]]
                if node.id not in done:
                    found += list(self.changes(node, place))
        return found

    def changes(self, node: Node, place: int) -> Iterator[Change]:
        """All that can be tried at one way of a node."""
        way = node.ways[place]
        for number, item in enumerate(way.all):
            if isinstance(item, AtLeast) and item.need < len(item.of):
                inputs = (*way.all[:number], replace(item, need=item.need + 1), *way.all[number + 1 :])
                yield Change("more", _with_way(node, place, replace(way, all=inputs)), place, way.via)
        named = {leaf.id for leaf in leaves(way.all) if isinstance(leaf, PartyRef)}
        others = tuple(PartyRef(id_) for id_ in self.org if id_ not in named)
        if others and way.all:
            yield Change("second", _with_way(node, place, replace(way, all=(*way.all, _some(1, others)))), place, way.via)
        if len(self.org) > 1:
            yield Change("seal", replace(node, ways=(Way(_SEALED, (_some(2, tuple(map(PartyRef, self.org))),)),)), -1, "")
        if len(node.ways) > 1 or not way.all:
            yield Change("close", replace(node, ways=node.ways[:place] + node.ways[place + 1 :]), place, way.via)

    def stops(self, changes: Sequence[Change], coalitions: Iterable[frozenset[int]]) -> bool:
        """Whether none of these coalitions gets there any more, as far as that can be told."""
        graph = self.changed(changes)
        return all(self.walk() and self.root not in reach(graph, coalition).days for coalition in coalitions)

    def together(self, coalitions: Sequence[frozenset[int]]) -> list[tuple[Change, ...]]:
        """The smallest sets of changes at different nodes that stop all of these coalitions."""
        tried: set[frozenset[tuple[str, str, int]]] = set()
        wave: list[tuple[Change, ...]] = [()]
        for _ in range(MAX_TOGETHER):
            found: list[tuple[Change, ...]] = []
            following: list[tuple[Change, ...]] = []
            for made in wave:
                for change in self.on_path(made, self.still_there(made, coalitions)):
                    joined = (*made, change)
                    key = frozenset((item.node.id, item.kind, item.way) for item in joined)
                    if key in tried:
                        continue
                    if len(tried) == MAX_TRIED or self.left < 0:
                        self.complete = False
                        return found
                    tried.add(key)
                    (found if self.stops(joined, coalitions) else following).append(joined)
            if found:
                return found
            wave = following
        return []

    def still_there(self, made: tuple[Change, ...], coalitions: Sequence[frozenset[int]]) -> frozenset[int]:
        """The first coalition that gets there in spite of changes that do not stop them all."""
        graph = self.changed(made)
        return next(coalition for coalition in coalitions if self.root in reach(graph, coalition).days)

    # ------------------------------------------------------------------------------------------------------------ lock-out

    def against_lockout(self) -> tuple[Fix, ...]:
        smallest = self.before.lockout.smallest
        if not smallest or len(self.org) < MAX_TOGETHER:
            self.complete &= self.before.lockout.complete or smallest is not None
            return ()
        lost = self.numbers(self.before.lockout, smallest)
        # Only what is out of reach after the first loss can bring the target back.
        kept = reach(self.graph, self.members - lost[0], self.graph.assumed).days
        copies = [self.copy(node) for node in self.register.nodes.values() if self.graph.node_index[node.id] not in kept]
        for number in range(1, MAX_TOGETHER + 1):
            if math.comb(len(copies), number) > MAX_TRIED:
                self.complete = False
                return ()
            groups = [group for group in combinations(copies, number) if self.keeps(group, lost)]
            if found := self.best(groups, _lockout_first):
                return found
        return ()

    def numbers(self, answer: Answer, size: int) -> list[frozenset[int]]:
        return [frozenset(self.graph.party_index[id_] for id_ in found) for found in answer.sets if len(found) == size]

    def copy(self, node: Node) -> Change:
        holders = {leaf.id for way in node.ways for leaf in leaves(way.all) if isinstance(leaf, PartyRef)}
        others = tuple(PartyRef(id_) for id_ in self.org if id_ not in holders)
        openers = others if len(others) > 1 else tuple(map(PartyRef, self.org))
        return Change("copy", replace(node, ways=(*node.ways, Way(_SEALED, (_some(2, openers),)))), -1, "")

    def keeps(self, changes: Sequence[Change], lost: Iterable[frozenset[int]]) -> bool:
        graph = self.changed(changes)
        return all(self.walk() and self.root in reach(graph, self.members - gone, graph.assumed).days for gone in lost)

    # --------------------------------------------------------------------------------------------------------------- both

    def changed(self, changes: Sequence[Change]) -> Graph:
        return self.graph.with_nodes(change.node for change in changes) if changes else self.graph

    def best(self, groups: Sequence[tuple[Change, ...]], rank: Callable[[Finding], tuple[float, ...]]) -> tuple[Fix, ...]:
        """Those that really raise the minimum and lock nobody out, each with its result, best first."""
        # A finding costs more than a walk, and is worth more.
        most = max(min(MAX_RECOMPUTED, MAX_WALKED // (3 * len(self.graph.gates))), 1)
        self.complete &= len(groups) <= most
        fixes = [Fix(group, self.finding(self.changed(group))) for group in groups[:most]]
        floor, already_out = rank(self.before)[0], self.before.lockout.at_least == 0
        good = [fix for fix in fixes if rank(fix.after)[0] > floor and (already_out or fix.after.lockout.at_least != 0)]
        return tuple(sorted(good, key=lambda fix: _order(fix, rank)))


def _order(fix: Fix, rank: Callable[[Finding], tuple[float, ...]]) -> tuple[float, ...]:
    """What leaves the organisation locked out comes last, however safe it is."""
    return fix.after.lockout.at_least == 0, *(-value for value in rank(fix.after)), KINDS.index(fix.changes[0].kind)


def _seize_first(found: Finding) -> tuple[float, ...]:
    return _people(found.seize), _people(found.lockout), -_smallest_sets(found.seize)


def _lockout_first(found: Finding) -> tuple[float, ...]:
    return _people(found.lockout), _people(found.seize), -_smallest_sets(found.lockout)


def _people(answer: Answer) -> float:
    return math.inf if answer.at_least is None else answer.at_least


def _smallest_sets(answer: Answer) -> int:
    return sum(len(found) == answer.smallest for found in answer.sets)


def _with_way(node: Node, place: int, way: Way) -> Node:
    return replace(node, ways=(*node.ways[:place], way, *node.ways[place + 1 :]))


def _some(need: int, of: tuple[Input, ...]) -> Input:
    return of[0] if len(of) == 1 else AtLeast(need, of)


def _cone(register: Register, target: str) -> Register:
    """The part of a register that matters to a target, with all parties."""
    seen: dict[str, Node] = {}
    stack = [target]
    while stack:
        if (id_ := stack.pop()) not in seen:
            seen[id_] = register.nodes[id_]
            stack += (leaf.id for way in seen[id_].ways for leaf in leaves(way.all) if isinstance(leaf, NodeRef))
    return Register(register.title, register.parties, seen)

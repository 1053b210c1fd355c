"""What a picture of a register shows, before anything is drawn: boxes with their rows, links between rows, and what of them is highlighted.

The powers of one resource share a box. A way that needs several inputs is a row of its own, at which its links arrive, so that "each alone" and "only
together" are told apart without a colour.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from commonhold.kernel.custody import AtLeast, Node, NodeRef, PartyRef, Register, Step, Way, explain
from commonhold.kernel.custody.graph import build_graph
from commonhold.kernel.custody.paths import reach
from commonhold.kernel.custody.register import leaves
from commonhold.pages.custody.names import clean, node_kind, party_kind, party_sort, power_words, split_power
from commonhold.pages.language import Language

MAX_DRAWN: Final = 250
"""More parties and nodes than this cannot be read on a page."""

MAX_WAYS: Final = 5
_HEAD, _ROW, _FOOT = 42.0, 19.0, 5.0


@dataclass(slots=True)
class Row:
    """A line of a box under its head, at which links begin or end; *at* is its height from the box's top."""

    text: str
    at: float
    power: bool = False
    lit: bool = False
    order: int = 0


@dataclass(slots=True)
class Thing:
    """A box: a party, a credential, or a resource with its powers.

    Args:
        sort: the shape and icon; a party's :func:`~commonhold.pages.custody.names.party_sort`, or a node's kind.
        order: its place among the highlighted steps, from 1; 0 where it has none.
    """

    id: str
    sort: str
    stage: int
    title: str
    about: str
    lit: bool = False
    order: int = 0
    rows: list[Row] = field(default_factory=list)
    height: float = _HEAD

    def add(self, row: Row) -> float:
        """Put a row at the foot, and say where it is."""
        row.at = self.height + _ROW / 2 - _FOOT / 2
        self.rows.append(row)
        self.height += _ROW
        return row.at


@dataclass(frozen=True, slots=True)
class Line:
    """A link from one box to another, at heights from their tops."""

    start: str
    end: str
    start_at: float
    end_at: float
    assumed: bool
    lit: bool


@dataclass(frozen=True, slots=True)
class Scene:
    """Boxes by id and links; how many of how many parties and nodes are shown, and whether the rest was left out because it is too much."""

    things: dict[str, Thing]
    lines: tuple[Line, ...]
    shown: int
    whole: int

    @property
    def partial(self) -> bool:
        """Whether something was left out because it is too much to read, and not because nobody asked for it."""
        return self.shown < self.whole and self.whole > MAX_DRAWN


def compose(register: Register, language: Language, *, highlight: Collection[str] | None, targets: Sequence[str] | None) -> Scene:
    """The scene of a register, or of what matters to some targets.

    Raises:
        CustodyError: naming a target or party that the register does not have.
    """
    wanted = register.require_nodes(targets or ())
    coalition = register.require_parties(highlight or ())
    roots = wanted or tuple(id_ for id_, node in register.nodes.items() if node.kind == "resource") or tuple(register.nodes)
    nodes, parties = _chosen(register, roots, coalition, everything=not wanted)
    # Of chosen targets the first is the one whose path is shown, step by step.
    steps = _steps(register, roots[:1] if wanted else roots, coalition) if coalition else {}
    composer = _Composer(register, language, nodes, parties, coalition, steps, numbered=bool(wanted))
    return composer.scene(len(register.nodes) + len(register.parties))


def _steps(register: Register, roots: Sequence[str], coalition: Collection[str]) -> dict[str, Step]:
    """The steps by which a coalition gets to all of the roots that are in its reach, in their order."""
    graph = build_graph(register)
    reached = reach(graph, [graph.party_index[id_] for id_ in coalition]).days
    goal = Node("\0", "role", "", (Way("", tuple(NodeRef(id_) for id_ in roots if graph.node_index[id_] in reached)),))
    path = explain(register.replacing([goal]), goal.id, coalition).quickest
    return {step.node: step for step in path.steps if step.node != goal.id} if path else {}


def _chosen(
    register: Register, roots: Sequence[str], coalition: Collection[str], *, everything: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Nodes and parties to draw: all where that can be read, otherwise what matters to the roots, nearest first."""
    if everything and len(register.nodes) + len(register.parties) <= MAX_DRAWN:
        return tuple(register.nodes), tuple(register.parties)
    nodes: dict[str, None] = dict.fromkeys(roots[: MAX_DRAWN // 2])
    parties: dict[str, None] = dict.fromkeys(sorted(coalition))
    for id_ in (queue := list(nodes)):
        for leaf in (leaf for way in register.nodes[id_].ways for leaf in leaves(reversed(way.all))):
            found = nodes if isinstance(leaf, NodeRef) else parties
            if leaf.id not in found and len(nodes) + len(parties) < MAX_DRAWN:
                found[leaf.id] = None
                # The walk goes on over what it finds.
                queue += [leaf.id] if isinstance(leaf, NodeRef) else []
    return tuple(id_ for id_ in register.nodes if id_ in nodes), tuple(id_ for id_ in register.parties if id_ in parties)


class _Composer:
    def __init__(
        self,
        register: Register,
        language: Language,
        nodes: Sequence[str],
        parties: Sequence[str],
        coalition: Collection[str],
        steps: Mapping[str, Step],
        *,
        numbered: bool,
    ) -> None:
        self.register, self.language, self.coalition = register, language, coalition
        self.nodes, self.parties = nodes, parties
        self.things: dict[str, Thing] = {}
        self.ports: dict[str, tuple[str, float]] = {}
        self.arrivals: dict[tuple[str, int], float] = {}
        self.steps = steps
        self.order = {id_: place for place, id_ in enumerate(steps, 1)} if numbered else {}

    def scene(self, whole: int) -> Scene:
        self.add_parties()
        for id_ in self.nodes:
            self.add_node(self.register.nodes[id_])
        lines: dict[tuple[str, str, float, float], Line] = {}
        # Rows come first, for a link may begin at a box that stands further down in the file.
        for id_ in self.nodes:
            node = self.register.nodes[id_]
            for place, way in enumerate(node.ways):
                for leaf in leaves(way.all):
                    self.add_line(lines, node, way, leaf, self.arrivals[id_, place])
        for thing in self.things.values():
            thing.height += _FOOT if thing.rows else 0
        return Scene(self.things, tuple(lines.values()), len(self.nodes) + len(self.parties), whole)

    def add_parties(self) -> None:
        for id_ in self.parties:
            party = self.register.parties[id_]
            key = f"party:{id_}"
            self.things[key] = Thing(
                key, party_sort(party), 0, clean(id_), party_kind(party, self.language), id_ in self.coalition and bool(self.steps)
            )
            self.ports[key] = (key, _HEAD / 2)

    def add_node(self, node: Node) -> None:
        base, power = split_power(node)
        own, lit, order = f"node:{node.id}", node.id in self.steps, self.order.get(node.id, 0)
        key = f"of:{base}" if power else own
        if key not in self.things:
            stage = 2 if node.kind == "resource" else 1
            self.things[key] = Thing(key, node.kind, stage, clean(base if power else node.label), node_kind(node, self.language))
        thing = self.things[key]
        if power:
            thing.lit |= lit
            self.ports[own] = (key, thing.add(Row(power_words(power, self.language), 0, power=True, lit=lit, order=order)))
        else:
            thing.lit, thing.order = lit, order
            self.ports[own] = (key, _HEAD / 2)
        self.add_ways(node)

    def add_ways(self, node: Node) -> None:
        """Where the links of each way arrive: at the node itself, where one input is enough, otherwise at a row that says how many it takes."""
        key, at = self.ports[f"node:{node.id}"]
        last = at
        for place, way in enumerate(node.ways):
            text = self.together(way)
            if text is not None and place < MAX_WAYS:
                last = self.things[key].add(Row(text, 0, lit=self.is_step(node, way)))
            self.arrivals[node.id, place] = at if text is None else last

    def together(self, way: Way) -> str | None:
        """How many it takes, where one of the inputs alone is not enough."""
        (first, *more) = way.all or (AtLeast(1, ()),)
        if more:
            return self.language.say("all %(number)s together", number=len(way.all))
        if isinstance(first, AtLeast) and first.need > 1:
            return self.language.say("%(need)s of %(number)s together", need=first.need, number=len(first.of))
        return None

    def is_step(self, node: Node, way: Way) -> bool:
        step = self.steps.get(node.id)
        return step is not None and (step.via, step.assumed) == (way.via, way.assumed)

    def add_line(
        self, lines: dict[tuple[str, str, float, float], Line], node: Node, way: Way, leaf: PartyRef | NodeRef, end_at: float
    ) -> None:
        source = f"{'party' if isinstance(leaf, PartyRef) else 'node'}:{leaf.id}"
        if source not in self.ports:
            return
        start, start_at = self.ports[source]
        end = self.ports[f"node:{node.id}"][0]
        had = lines.get(key := (start, end, start_at, end_at))
        known = leaf.id in (self.coalition if isinstance(leaf, PartyRef) else self.steps)
        lit = known and self.is_step(node, way) and leaf.id in self.steps[node.id].needs
        lines[key] = Line(start, end, start_at, end_at, way.assumed and (had is None or had.assumed), lit or (had is not None and had.lit))

"""Who could take a power, and whose loss would lock the organisation out: every minimal set, or how far the answer reaches (DESIGN 5).

Where all of them are found the answer is *complete*. Where the work or the list would be too long, it holds every minimal set up to a size, and says
that there may be larger ones: "at least", "unknown", never "safe".

People are counted, not roles: whoever stands behind two roles is one party, and the least fixpoint counts that party once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from commonhold.kernel.custody.bounded import Partial, bounded_families
from commonhold.kernel.custody.exact import Family, exact_families
from commonhold.kernel.custody.graph import Graph, Group, Problem, build_graph, components, locking_out, seizing
from commonhold.kernel.custody.paths import reach
from commonhold.kernel.custody.register import Register

Coalition = tuple[str, ...]

DEFAULT_SIZE: Final = 3
"""How large sets are looked for where not all of them can be found."""
LISTED_EACH: Final = 2_000
LISTED_TOGETHER: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Effort:
    """How much work an answer may cost, in steps of a few microseconds, and how long its lists may be.

    Args:
        exact: steps for all minimal sets, for each of the two questions.
        bounded: steps for those up to a size, for each of the two questions.
        listed: sets that the targets share out between them; each may list 2,000 in any case, until a million are listed for one question.
    """

    exact: int = 1_000_000
    bounded: int = 20_000_000
    listed: int = 200_000


@dataclass(frozen=True, slots=True)
class Answer:
    """The minimal sets of one question about one target.

    Args:
        sets: sorted by size, then by name; each is sorted.
        up_to: None where these are all of them; otherwise all of at most this many parties, and there may be larger ones.
        count: how many there are altogether; None where that is not known.
    """

    sets: tuple[Coalition, ...]
    up_to: int | None
    count: int | None

    @property
    def complete(self) -> bool:
        """Whether these are all."""
        return self.up_to is None

    @property
    def smallest(self) -> int | None:
        """The size of the smallest set; None where there is none, or none is known."""
        return len(self.sets[0]) if self.sets else None

    @property
    def at_least(self) -> int | None:
        """How many parties it takes at least; None where no number of them is enough."""
        return self.smallest if self.sets or self.up_to is None else self.up_to + 1


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known about one target: who can seize it, and whose loss locks the organisation out of it."""

    target: str
    seize: Answer
    lockout: Answer

    @property
    def complete(self) -> bool:
        """Whether both answers are complete."""
        return self.seize.complete and self.lockout.complete

    def as_json(self) -> dict[str, object]:
        """The form that ``custody analyse --json`` prints; ``up_to`` and ``count`` only where the answer is not complete."""
        value: dict[str, object] = {
            "seize": [list(found) for found in self.seize.sets],
            "lockout": [list(found) for found in self.lockout.sets],
            "complete": self.complete,
        }
        if not self.complete:
            sides = {"seize": self.seize, "lockout": self.lockout}
            value["up_to"] = {name: side.up_to for name, side in sides.items() if side.up_to is not None}
            value["count"] = {name: side.count for name, side in sides.items() if side.count is not None}
        return value


def analyse(
    register: Register,
    targets: Iterable[str] = (),
    *,
    among: Iterable[str] | None = None,
    without: Iterable[str] = (),
    size: int | None = None,
    effort: Effort | None = None,
) -> dict[str, Finding]:
    """For each target, every minimal coalition that can seize it and every minimal set whose loss locks the organisation out.

    Args:
        targets: node ids; none means every node of the register.
        among: who may be in a seizing coalition; None means everybody.
        without: parties who are gone: they help nobody, and their loss is counted already.
        size: look for sets of at most this many parties only, which is fast in any register.

    Raises:
        CustodyError: naming a target or party that the register does not have.
    """
    wanted = register.require_nodes(targets) or tuple(register.nodes)
    gone = register.require_parties(without)
    inside = register.parties.keys() if among is None else register.require_parties(among)
    graph = build_graph(register)
    org = (party.id for party in register.parties.values() if party.org)
    return analyse_graph(
        graph,
        wanted,
        coalition=[graph.party_index[id_] for id_ in inside if id_ not in gone],
        org=[graph.party_index[id_] for id_ in org if id_ not in gone],
        size=size,
        effort=effort or Effort(),
    )


def minimal_sets(register: Register, target: str, *, effort: Effort | None = None) -> Answer:
    """Every minimal coalition of any parties that can seize *target*; nothing is asked about lock-out.

    Raises:
        CustodyError: if the register has no such node.
    """
    (target,) = register.require_nodes([target])
    graph, spent = build_graph(register), effort or Effort()
    everybody = range(len(graph.parties))
    root = graph.node_index[target]
    groups, problem = components(graph.gates, [root]), seizing(graph, everybody)
    if family := exact_families(problem, groups, [root], spent.exact)[root]:
        return _listed(graph, family, None, spent.listed)
    found = _answers(graph, groups, problem, [root], DEFAULT_SIZE, spent, spent.listed)
    return found.get(root) or _extreme(needs_none=root in reach(graph, ()).days, never=root not in reach(graph, everybody).days)


def analyse_graph(
    graph: Graph, targets: Sequence[str], *, coalition: Iterable[int], org: Iterable[int], size: int | None, effort: Effort
) -> dict[str, Finding]:
    """:func:`analyse`, for a graph that is built already and parties by number."""
    roots = [graph.node_index[target] for target in targets]
    share = max(LISTED_EACH, effort.listed // max(len(roots), 1))
    coalition, org = frozenset(coalition), frozenset(org)
    groups = components(graph.gates, roots)
    seize = _answers(graph, groups, seizing(graph, coalition), roots, size, effort, share)
    lockout = _answers(graph, groups, locking_out(graph, org), roots, size, effort, share)
    if len(seize) + len(lockout) < 2 * len(set(roots)):
        # Too much work: yet one walk tells whether nobody at all is needed, or nobody at all is enough.
        nobody = reach(graph, ()).days.keys()
        everybody, whole_org = reach(graph, coalition).days.keys(), reach(graph, org, graph.assumed).days.keys()
        for root in roots:
            seize.setdefault(root, _extreme(needs_none=root in nobody, never=root not in everybody))
            lockout.setdefault(root, _extreme(needs_none=root not in whole_org, never=root in reach(graph, (), graph.assumed).days))
    return {target: Finding(target, seize[root], lockout[root]) for target, root in zip(targets, roots, strict=True)}


def _extreme(*, needs_none: bool, never: bool) -> Answer:
    if needs_none:
        return Answer(((),), None, 1)
    return Answer((), None, 0) if never else Answer((), 0, None)


def _answers(
    graph: Graph, groups: Sequence[Group], problem: Problem, roots: Sequence[int], size: int | None, effort: Effort, share: int
) -> dict[int, Answer]:
    whole: dict[int, Family | Partial] = {}
    partly: dict[int, tuple[Partial, int]] = {}
    missing = roots = list(dict.fromkeys(roots))
    # Small sets first: where nothing was cut they are all there is. Smaller and smaller ones, until it is little enough work.
    for limit in range(DEFAULT_SIZE if size is None else size, 0, -1):
        for root, part in bounded_families(problem, groups, missing, limit, effort.bounded).items():
            if part is not None and part.whole:
                whole[root] = part
            elif part is not None:
                partly[root] = part, limit
        if not (missing := [root for root in missing if root not in whole and root not in partly]):
            break
    if size is None and (rest := [root for root in roots if root not in whole]):
        exact = exact_families(problem, groups if len(rest) == len(roots) else components(graph.gates, rest), rest, effort.exact)
        whole |= {root: family for root, family in exact.items() if family is not None}
    found: dict[int, Answer] = {}
    room = max(effort.listed, LISTED_TOGETHER)
    for root in roots:
        if root in whole or root in partly:
            family, up_to = (whole[root], None) if root in whole else partly[root]
            found[root] = _listed(graph, family, up_to, min(share, room))
            room -= len(found[root].sets)
    return found


def _listed(graph: Graph, family: Family | Partial, up_to: int | None, share: int) -> Answer:
    """As many whole sizes as the list may hold, of all sets or of those of at most *up_to* parties."""
    total, largest = 0, len(family.counts) - 1
    for size, count in enumerate(family.counts):
        total += count
        # One is always listed, for "nobody is needed" is one.
        if total > max(share, 1):
            largest = size - 1
            break
    cut = largest < len(family.counts) - 1
    return Answer(_named(graph, family.sets(largest)), largest if cut else up_to, sum(family.counts) if up_to is None else None)


def _named(graph: Graph, sets: Iterable[frozenset[int]]) -> tuple[Coalition, ...]:
    names = graph.parties
    return tuple(sorted((tuple(sorted(names[party] for party in found)) for found in sets), key=lambda found: (len(found), found)))

"""One visit: where a single place is enough to take something, because everybody whom it takes lives there (DESIGN 5).

Whoever threatens people goes to a door, and behind it are all who live there. So a quorum of three in one household is one, and a number of places, not only
of people, says how hard force has it. A register may name the place of each party; whoever has none counts as a place of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from commonhold.kernel.custody.analysis import Effort, analyse_graph
from commonhold.kernel.custody.graph import build_graph
from commonhold.kernel.custody.register import Register


@dataclass(frozen=True, slots=True)
class Visits:
    """The places of which one alone is enough for a target, each with who lives there.

    Args:
        known: False where it was too much work to look, so that there may be such places.
    """

    places: dict[str, tuple[str, ...]]
    known: bool


def one_visit(
    register: Register, targets: Iterable[str] = (), *, without: Iterable[str] = (), effort: Effort | None = None
) -> dict[str, Visits]:
    """For each target, the places whose people together can take it; empty if the register names no place.

    Args:
        targets: node ids; none means every node of the register.
        without: parties who are gone.

    Raises:
        CustodyError: naming a target or party that the register does not have.
    """
    wanted = register.require_nodes(targets) or tuple(register.nodes)
    gone = register.require_parties(without)
    homes: dict[str, list[str]] = {}
    for party in register.parties.values():
        if party.place and party.id not in gone:
            homes.setdefault(party.place, []).append(party.id)
    if not homes:
        return {}
    # No id and no place has a line end in it, so these names are nobody else's.
    together = {id_: f"\n{id_}" for id_ in register.parties} | {id_: place for place, people in homes.items() for id_ in people}
    graph = build_graph(register, together)
    inside = {graph.party_index[id_] for id_ in register.parties if id_ not in gone}
    found = analyse_graph(graph, wanted, coalition=inside, org=(), size=1, effort=effort or Effort())
    return {
        target: Visits(
            {name: tuple(homes[name]) for (name,) in filter(None, finding.seize.sets) if name in homes}, finding.seize.up_to != 0
        )
        for target, finding in found.items()
    }

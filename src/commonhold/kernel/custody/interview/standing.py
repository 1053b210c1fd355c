"""How an organisation stands, in the two numbers that a volunteer understands: what one person alone could take, what is lost with one person.

One walk through the register for each party tells both exactly, in time that grows with the register and not with its coalitions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from commonhold.kernel.custody.graph import build_graph
from commonhold.kernel.custody.paths import reach
from commonhold.kernel.custody.register import Register


@dataclass(frozen=True, slots=True)
class Standing:
    """For every resource node of a register, by id and in its order.

    Args:
        takers: who can obtain it alone, without the providers, who always can.
        losses: whose loss alone locks the organisation out of it; None where it is out of reach with everybody's help.
        outside: the parties that do not belong to the organisation, such as people who have left.
    """

    takers: Mapping[str, tuple[str, ...]]
    losses: Mapping[str, tuple[str, ...] | None]
    outside: frozenset[str] = frozenset()

    def taken(self) -> tuple[str, ...]:
        """The nodes by which one party alone shuts the others out."""
        return tuple(node for node, who in self.takers.items() if who and node.endswith(".exclusive"))

    def destroyed(self) -> tuple[str, ...]:
        """The nodes by which one party alone destroys what is in a thing."""
        return tuple(node for node, who in self.takers.items() if who and node.endswith(".destroy"))

    def lost(self) -> tuple[str, ...]:
        """The nodes that are lost with one person, or already: the use of a thing, and the power over it."""
        return tuple(node for node, who in self.losses.items() if who != () and not node.endswith(".destroy"))

    @property
    def weight(self) -> int:
        """How bad it is altogether: each thing that one can take counts most, then what outsiders can take and what is lost with one."""
        takers = sum(7 if one in self.outside else 2 for node, who in self.takers.items() if node.endswith(".exclusive") for one in who)
        losses = sum(1 if who is None else len(who) for node, who in self.losses.items() if not node.endswith(".destroy"))
        return 20 * len(self.taken()) + 6 * len(self.lost()) + takers + losses + 3 * len(self.destroyed())


def standing(register: Register) -> Standing:
    """How the organisation of a register stands."""
    graph = build_graph(register)
    wanted = {id_: graph.node_index[id_] for id_, node in register.nodes.items() if node.kind == "resource"}
    alone = {party.id: reach(graph, [graph.party_index[party.id]]).days for party in register.parties.values() if party.kind != "platform"}
    org = [party.id for party in register.parties.values() if party.org]
    together = reach(graph, [graph.party_index[id_] for id_ in org]).days
    without = {gone: reach(graph, [graph.party_index[id_] for id_ in org if id_ != gone]).days for gone in org}
    return Standing(
        {node: tuple(id_ for id_, found in alone.items() if number in found) for node, number in wanted.items()},
        {
            node: tuple(gone for gone in org if number not in without[gone]) if number in together else None
            for node, number in wanted.items()
        },
        frozenset(party.id for party in register.parties.values() if not party.org),
    )

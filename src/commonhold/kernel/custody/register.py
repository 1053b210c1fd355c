"""The custody register: who and what a power depends on, as a graph of parties, nodes and the ways to obtain each node (DESIGN 5).

A node is obtained when every input of one of its ways is there; an input is a party, another node, or a number of inputs out of several. Cycles
are allowed, and mean what the least fixpoint says: two mailboxes that recover each other are both out of reach until somebody holds one of them.
A recovery path that nobody has declared counts as "its holder alone can take it".

The form of the file is :mod:`commonhold.kernel.custody.registerfile`'s business; what follows from a register is
:mod:`commonhold.kernel.custody.analysis`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from commonhold.kernel.errors import CustodyError

PARTY_KINDS: Final = ("person", "group", "platform", "outsider")
NODE_KINDS: Final = ("resource", "account", "mailbox", "phone", "device", "secret", "legal_title", "role")
UNDECLARED: Final = "recovery not declared, so its holder alone counts as able to take it"
"""What an assumed way is called."""
TOGETHER: Final = "custodians put their shares together; they need no release for it"
"""What the way to a sealed secret is called (``commonhold.kernel.record.strength``)."""
DOUBTFUL_SHARES: Final = "the same, with shares that may be lost"
EARLIER_SHARES: Final = "custodians of an earlier seal, whose content nobody has attested to be worth nothing"


@dataclass(frozen=True, slots=True)
class PartyRef:
    """A party as an input."""

    id: str


@dataclass(frozen=True, slots=True)
class NodeRef:
    """Another node as an input."""

    id: str


@dataclass(frozen=True, slots=True)
class AtLeast:
    """*need* of the inputs *of*, which are all different; ``need`` 1 is "any of them"."""

    need: int
    of: tuple[Input, ...]


Input: TypeAlias = PartyRef | NodeRef | AtLeast


@dataclass(frozen=True, slots=True)
class Way:
    """One way to obtain a node: all of its inputs together.

    Args:
        days: how long this step takes, in days; 0 where nothing is said.
        visible: whether others can see the step while it happens.
        assumed: whether nobody declared it and caution added it.
        doubtful: whether it may be gone, so that it counts for who could take the node and not for who still has it.
    """

    via: str
    all: tuple[Input, ...]
    days: float = 0
    visible: bool = False
    assumed: bool = False
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody who can act: a person, a group, a platform, an outsider.

    Args:
        org: whether it counts when we ask who would be locked out.
        place: the household or other place where it is found; empty where nobody has said.
    """

    id: str
    kind: str
    org: bool
    place: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """Something that can be held: a power over a resource, an account, a mailbox, a phone, a secret, a title, a role."""

    id: str
    kind: str
    label: str
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class Register:
    """Parties and nodes by id, in the order of the file, with every reference leading somewhere.

    Args:
        notes: what a reader should know about the file: keys that were not read, nodes that nobody can obtain.
    """

    title: str
    parties: Mapping[str, Party]
    nodes: Mapping[str, Node]
    notes: tuple[str, ...] = ()

    def replacing(self, nodes: Iterable[Node]) -> Register:
        """The same register with these nodes in place of those of the same id, or added.

        Raises:
            CustodyError: if an input names a party or node that is not there.
        """
        changed = {**self.nodes, **{node.id: node for node in nodes}}
        check_references(self.parties, changed)
        return Register(self.title, self.parties, changed, self.notes)

    def require_parties(self, ids: Iterable[str]) -> frozenset[str]:
        """These ids as a set, all of which are parties here.

        Raises:
            CustodyError: naming the first that is not.
        """
        return self._require(ids, self.parties, "party")

    def require_nodes(self, ids: Iterable[str]) -> tuple[str, ...]:
        """These ids in their order, all of which are nodes here.

        Raises:
            CustodyError: naming the first that is not.
        """
        listed = tuple(dict.fromkeys(ids))
        self._require(listed, self.nodes, "node")
        return listed

    def _require(self, ids: Iterable[str], known: Mapping[str, object], what: str) -> frozenset[str]:
        wanted = frozenset(ids)
        if missing := sorted(wanted - known.keys()):
            few = ", ".join(list(known)[:8]) + (", ..." if len(known) > 8 else "")
            raise CustodyError(
                f"the register has no {what} {missing[0]!r}",
                code=f"custody/unknown-{what}",
                next_step=f"Its {len(known)} ids of that kind begin with: {few}.",
                data={what: missing[0]},
            )
        return wanted


def leaves(inputs: Iterable[Input]) -> Iterator[PartyRef | NodeRef]:
    """The parties and nodes that inputs name, however deep, each as often as it stands there."""
    stack = list(inputs)
    while stack:
        found = stack.pop()
        if isinstance(found, AtLeast):
            stack.extend(found.of)
        else:
            yield found


def check_references(parties: Mapping[str, Party], nodes: Mapping[str, Node]) -> None:
    """Pass in silence if every input leads to a party or a node that is there.

    Raises:
        CustodyError: naming the node whose way leads nowhere, and what it asks for.
    """
    for node in nodes.values():
        for way in node.ways:
            for leaf in leaves(way.all):
                kind, known = ("party", parties.keys()) if isinstance(leaf, PartyRef) else ("node", nodes.keys())
                if leaf.id not in known:
                    raise CustodyError(
                        f"node {node.id!r} needs {kind} {leaf.id!r}, which is not in the register",
                        code=f"custody/missing-{kind}",
                        next_step=f"Add the {kind}, or correct the name.",
                        data={"node": node.id, kind: leaf.id},
                    )


def in_words(found: Input) -> str:
    """An input as a person reads it: a name, or "2 of (a, b, c)"."""
    if isinstance(found, AtLeast):
        count = "any" if found.need == 1 else "all" if found.need == len(found.of) else str(found.need)
        return f"{count} of ({', '.join(map(in_words, found.of))})"
    return found.id


def as_json(node: Node) -> dict[str, object]:
    """A node in the form of the file, ways that caution added included."""
    return {"id": node.id, "kind": node.kind, "label": node.label, "obtain": [_way_json(way) for way in node.ways]}


def _way_json(way: Way) -> dict[str, object]:
    value: dict[str, object] = {"via": way.via, "all": [_input_json(item) for item in way.all]}
    if way.days:
        value["latency_days"] = way.days
    if way.visible:
        value["visible"] = True
    return value


def _input_json(found: Input) -> object:
    if isinstance(found, AtLeast):
        of = [_input_json(item) for item in found.of]
        return {"any": of} if found.need == 1 else {"atleast": found.need, "of": of}
    return f"{'party' if isinstance(found, PartyRef) else 'node'}:{found.id}"

"""How an organisation stands, in the two numbers that a volunteer understands: what one person alone could take, what is lost with one person.

Both are asked of a few *worlds*: each party acting alone, the organisation acting together, and the organisation without one of its people. The
value of a node is the set of worlds in which it is obtained, one bit for each, so one walk through the register answers exactly for all of
them, in time that grows with the register and not with its coalitions.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from commonhold.kernel.custody.register import Input, Node, NodeRef, PartyRef, Register, leaves


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
        """How bad it is altogether: each thing that one can take counts most, then what is lost with one, then each taker, those outside above all."""
        takers = sum(7 if one in self.outside else 2 for node, who in self.takers.items() if node.endswith(".exclusive") for one in who)
        losses = sum(1 if who is None else len(who) for node, who in self.losses.items() if not node.endswith(".destroy"))
        return 20 * len(self.taken()) + 12 * len(self.lost()) + takers + losses + 3 * len(self.destroyed())


def standing(register: Register) -> Standing:
    """How the organisation of a register stands."""
    return Worlds(register).standing()


_Part: TypeAlias = "int | str | _Choice"
"""An input in worlds: those in which it holds, where that is known; the id of a node; or a choice of parts."""


class _Choice(NamedTuple):
    need: int
    of: tuple[_Part, ...]


class Form(NamedTuple):
    """A node as :class:`Worlds` reads it: its ways with everything folded that depends on no other node."""

    id: str
    resource: bool
    ways: tuple[tuple[int, tuple[str | _Choice, ...]], ...]
    needs: frozenset[str]


class Worlds:
    """A register in all the worlds that matter, to ask how things stand now and would stand with a few nodes changed."""

    def __init__(self, register: Register) -> None:
        self._alone = [party.id for party in register.parties.values() if party.kind != "platform"]
        self._org = [party.id for party in register.parties.values() if party.org]
        self._outside = frozenset(party.id for party in register.parties.values() if not party.org)
        self._together = len(self._alone)
        count = self._together + 1 + len(self._org)
        self._every = (1 << count) - 1
        self._acts = dict.fromkeys(register.parties, 0)
        for place, id_ in enumerate(self._alone):
            self._acts[id_] = 1 << place
        whole = self._every >> self._together << self._together
        for place, id_ in enumerate(self._org, self._together + 1):
            self._acts[id_] |= whole & ~(1 << place)
        self._forms = {node.id: self.form(node) for node in register.nodes.values()}
        self._users = _users(self._forms.values())
        self._values: dict[str, int] = {}
        self._values = self._solved(self._forms, {})
        self._now = self._told(self._forms.values(), self._values)

    def form(self, node: Node) -> Form:
        """A node to ask about, which must name no party and no node that is not in the register."""
        ways = []
        for way in node.ways:
            # What nobody has looked up counts for whoever might take it, and not for the organisation that might need it.
            mask, rest = (1 << self._together) - 1 if way.assumed else self._every, list[str | _Choice]()
            for part in map(self._part, way.all):
                if isinstance(part, int):
                    mask &= part
                else:
                    rest.append(part)
            ways.append((mask, tuple(rest)))
        needs = frozenset(leaf.id for way in node.ways for leaf in leaves(way.all) if isinstance(leaf, NodeRef))
        return Form(node.id, node.kind == "resource", tuple(ways), needs)

    def standing(self, changed: Collection[Form] = ()) -> Standing:
        """How things stand with these nodes in place of those of the same id."""
        if not changed:
            return self._now
        affected = {form.id: form for form in changed}
        due = list(affected)
        while due:
            for id_ in self._users.get(due.pop(), ()):
                if id_ not in affected:
                    affected[id_] = self._forms[id_]
                    due.append(id_)
        values = self._solved(affected, _users(changed))
        told = self._told([form for form in affected.values() if values[form.id] != self._values[form.id]], values)
        return Standing({**self._now.takers, **told.takers}, {**self._now.losses, **told.losses}, self._outside)

    def _part(self, item: Input) -> _Part:
        if isinstance(item, PartyRef):
            return self._acts[item.id]
        if isinstance(item, NodeRef):
            return item.id
        choice = _Choice(item.need, tuple(map(self._part, item.of)))
        return self._value(choice, {}) if all(isinstance(part, int) for part in choice.of) else choice

    def _solved(self, forms: Mapping[str, Form], more_users: Mapping[str, Sequence[str]]) -> dict[str, int]:
        """The values of these nodes, beside those of all others as they are; the least fixpoint, so that no cycle supports itself."""
        values = self._values | dict.fromkeys(forms, 0)
        due, waiting = deque(forms), set(forms)
        while due:
            waiting.discard(id_ := due.popleft())
            value = 0
            for mask, rest in forms[id_].ways:
                for part in rest:
                    mask &= self._value(part, values)  # noqa: PLW2901 - narrowed part by part
                value |= mask
            if value != values[id_]:
                values[id_] = value
                for user in (*self._users.get(id_, ()), *more_users.get(id_, ())):
                    if user in forms and user not in waiting:
                        waiting.add(user)
                        due.append(user)
        return values

    def _value(self, part: _Part, values: Mapping[str, int]) -> int:
        if isinstance(part, int):
            return part
        if isinstance(part, str):
            return values[part]
        # at_least[k]: the worlds in which k of the parts so far hold.
        at_least = [self._every] + [0] * part.need
        for one in part.of:
            value = self._value(one, values)
            for number in range(part.need, 0, -1):
                at_least[number] |= at_least[number - 1] & value
        return at_least[-1]

    def _told(self, forms: Iterable[Form], values: Mapping[str, int]) -> Standing:
        found = {form.id: values[form.id] for form in forms if form.resource}
        takers = {id_: _named(value, self._alone) for id_, value in found.items()}
        losses = {id_: self._losses(value >> self._together) for id_, value in found.items()}
        return Standing(takers, losses, self._outside)

    def _losses(self, value: int) -> tuple[str, ...] | None:
        # The first bit is the whole organisation.
        return _named(~value >> 1, self._org) if value & 1 else None


def _named(value: int, names: Sequence[str]) -> tuple[str, ...]:
    """Those whose bits are set."""
    value &= (1 << len(names)) - 1
    found = []
    while value:
        lowest = value & -value
        found.append(names[lowest.bit_length() - 1])
        value ^= lowest
    return tuple(found)


def _users(forms: Iterable[Form]) -> dict[str, list[str]]:
    """For each node that some node needs, the nodes that need it."""
    users: dict[str, list[str]] = {}
    for form in forms:
        for id_ in form.needs:
            users.setdefault(id_, []).append(form.id)
    return users

"""How strong a seal is in truth: which shares are still there and proved, and who could open it today, together or without a release (DESIGN 5).

On paper a seal has the shares that were made. In truth it has those whose holders are members, still have the kit that the share is encrypted to, and
have proved it within the time that the charter gives; a share that nobody has proved is counted as lost, never as safe. Those who could *open* are more: a
departed custodian's share opens as well as ever, and custodians who collude need no release.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from commonhold.kernel.custody.register import (
    DOUBTFUL_SHARES,
    EARLIER_SHARES,
    TOGETHER,
    AtLeast,
    Input,
    Node,
    Party,
    PartyRef,
    Register,
    Way,
)
from commonhold.kernel.custody.sealing.structure import Group
from commonhold.kernel.record.keeping import manifest
from commonhold.kernel.record.state import Seal, State

NODE_PREFIX: Final = "seal:"


@dataclass(frozen=True, slots=True)
class Strength:
    """One seal: its *structure*, and of those who have a share in it, whose is lost and why.

    *lost* holds ``left``, ``kit`` (it was changed), ``unproved`` (never acknowledged) or ``late`` (the drill was missed) by member.
    """

    structure: Group
    lost: Mapping[str, str]

    @property
    def sound(self) -> frozenset[str]:
        """Those whose share counts."""
        return frozenset(self.structure.people()) - self.lost.keys()

    @property
    def opens(self) -> bool:
        """Whether those whose share counts could still open it."""
        return self.structure.is_met(self.sound)

    @property
    def spare(self) -> int:
        """How many of the sound shares may be lost in the worst case before nobody can open it; 0 if one more loss may close it, -1 if it is closed."""
        return _break(self.structure, self.sound) - 1

    def in_words(self) -> str:
        """As people say it: "3 of 5 on paper, 3 of 4 in truth", and "nobody can open it" where that is so."""
        paper, truth = _counts(self.structure, None), _counts(self.structure, self.sound)
        if paper == truth:
            return f"{paper}, on paper and in truth"
        return f"{paper} on paper, {truth} in truth{'' if self.opens else ': nobody can open it'}"


def strength(state: State, seal: Seal) -> Strength:
    """How strong a seal is, at the record's clock; a house without one cannot tell when a drill was missed."""
    public = manifest(state, seal)
    clause = state.charter.custody.get(seal.resource)
    lost = {}
    for name, holding in public.holdings.items():
        member, proved = state.member(name), seal.proved.get(name)
        if member is None or member.status != "active":
            lost[name] = "left"
        elif member.kit != holding.kit:
            lost[name] = "kit"
        elif proved is None:
            lost[name] = "unproved"
        elif clause is not None and clause.drill is not None and state.clock is not None and clause.drill.after(proved.time) < state.clock:
            lost[name] = "late"
    return Strength(public.structure, lost)


@dataclass(frozen=True, slots=True)
class Step:
    """A decision that helps to replace a custodian: its *kind*, the *office* it is about (empty for none), and the charter's rule and article for it.

    *rule* is empty where the charter has none, which an amendment must mend first.
    """

    kind: str
    office: str
    rule: str
    article: str


def replacing(state: State, resource: str, member: str) -> tuple[Step, ...]:
    """How the charter has a custodian replaced who is dead, silent or gone: the decisions, in order; sealing anew comes after them.

    Somebody who holds an office is dismissed and another appointed; somebody who keeps a share as a member is expelled, if they are one still.
    """
    clause, bodies, rules = state.charter.custody.get(resource), state.charter.bodies, state.charter.rules
    places = {bodies[place].selector if place in bodies else place for place in (clause.open.places() if clause is not None else ())}
    held = sorted(place for place in places if member in state.holders.get(place, ()))
    kinds = [(kind, office) for office in held for kind in ("dismiss", "appoint")]
    found = state.member(member)
    if not held and clause is not None and found is not None and found.status == "active":
        kinds = [("expel", "")]
    steps = []
    for kind, office in kinds:
        rule = state.charter.by_kind.get(kind, ("",))[0]
        steps.append(Step(kind, office, rule, rules[rule].article if rule else ""))
    return tuple(steps)


def seal_nodes(state: State) -> tuple[Node, ...]:
    """The live seals as nodes of a custody register: ``seal:RESOURCE``, which its custodians obtain together, a release or none.

    For who could take it, everybody to whom a share was given counts, those who left and those who missed the drill included: nothing was taken from them;
    and so do the custodians of an earlier seal until two members have attested that it is worth nothing. For who is locked out, only the shares count that
    are there in truth. Parties are ``MEMBER`` ids.
    """
    seals = sorted(state.parts["seals"].values(), key=lambda seal: (seal.resource, -seal.number))
    nodes = []
    for seal in seals:
        if seal.status == "live":
            found = strength(state, seal)
            kept, whole = _kept(found.structure, found.sound), Way(TOGETHER, (_input(found.structure),))
            ways = [whole] if not found.lost else [Way(TOGETHER, (_input(kept),))] if kept is not None else []
            if found.lost:
                ways.append(replace(whole, via=DOUBTFUL_SHARES if kept is not None else TOGETHER, doubtful=True))
            ways += [
                Way(EARLIER_SHARES, (_input(manifest(state, other).structure),), doubtful=True)
                for other in seals
                if other.resource == seal.resource and other.status == "replaced"
            ]
            nodes.append(Node(f"{NODE_PREFIX}{seal.resource}", "secret", f"what is sealed of {seal.resource}", tuple(ways)))
    return tuple(nodes)


def _kept(group: Group, sound: frozenset[str]) -> Group | None:
    """A group without the shares that are lost; None if it can never be met."""
    parts = [(part if part in sound else None) if isinstance(part, str) else _kept(part, sound) for part in group.of]
    there = tuple(part for part in parts if part is not None)
    return Group(group.need, there) if len(there) >= group.need else None


def with_seals(register: Register, state: State) -> Register:
    """A register with a record's live seals in it, in place of nodes of the same id, and with their custodians as parties where it lacks them.

    Raises:
        CustodyError: if an input of the register names a party or node that is not there.
    """
    nodes = seal_nodes(state)
    counted = [seal for seal in state.parts["seals"].values() if seal.status in ("live", "replaced")]
    people = {name for seal in counted for name in manifest(state, seal).holdings}
    parties = dict(register.parties)
    for name in sorted(people - parties.keys()):
        member = state.member(name)
        parties[name] = Party(name, "person", org=member is not None and member.status == "active")
    return Register(register.title, parties, register.nodes, register.notes).replacing(nodes)


def _input(group: Group) -> Input:
    return AtLeast(group.need, tuple(PartyRef(part) if isinstance(part, str) else _input(part) for part in group.of))


def _break(group: Group, sound: frozenset[str]) -> int:
    """The fewest of *sound* whose loss leaves the group unmet; 0 if it is unmet as it is."""
    costs = sorted(int(part in sound) if isinstance(part, str) else _break(part, sound) for part in group.of)
    # All but need - 1 members must fail; the cheapest ones do.
    return sum(costs[: len(costs) - group.need + 1])


def _counts(group: Group, sound: frozenset[str] | None) -> str:
    """The numbers of a group: "2 of 3", or for groups within groups "2 of (2 of 3, 3 of 5)"; with *sound*, counting those alone."""
    if all(isinstance(part, str) for part in group.of):
        return f"{group.need} of {len(group.of) if sound is None else len(sound.intersection(group.people()))}"
    parts = [
        (part if sound is None or part in sound else f"{part} (lost)") if isinstance(part, str) else _counts(part, sound)
        for part in group.of
    ]
    return f"{group.need} of ({', '.join(parts)})"

"""What the families share when they turn answers into nodes: names, parties, sign-ins with their recovery, titles, the provider itself.

What is not known is counted at its worst. A question about people that nobody answered means somebody whom nobody knows; a recovery path that
nobody has looked up means that each holder can take the thing alone (facts of custody, section 6, case 22), and is marked as assumed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from commonhold.kernel.custody.interview.answers import NONE, SIGNS, TOGETHER, UNKNOWN, YES, Interview, Thing
from commonhold.kernel.custody.interview.kinds import KINDS
from commonhold.kernel.custody.register import UNDECLARED, AtLeast, Input, Node, NodeRef, Party, PartyRef, Way
from commonhold.kernel.messages import N_, Say

PAPERS_DAYS = 14
"""How long a claim with papers takes: one to three weeks at the registrars and hosts whose rules were read."""
SIM_DAYS = 2
SOMEBODY = N_("somebody we do not know")
"""The party that stands for whoever is not known, as a message."""


@dataclass(frozen=True, slots=True)
class Open:
    """A way around the sign-in that nobody has looked up, and who is therefore counted as able to take the thing alone."""

    thing: str
    question: str
    holders: tuple[str, ...]


class Builder:
    """A register under construction, and what had to be assumed for it."""

    def __init__(self, interview: Interview, say: Say) -> None:
        self.interview, self.say = interview, say
        self.parties: dict[str, Party] = {person.name: Party(person.name, "person", person.inside) for person in interview.people}
        self.nodes: dict[str, Node] = {}
        self.open: list[Open] = []
        self._names = {person.id: person.name for person in interview.people}
        self._inside = tuple(PartyRef(person.name) for person in interview.people if person.inside)

    # ---------------------------------------------------------------------------------------------------------------- parties

    def outsider(self, name: str, kind: str = "outsider") -> PartyRef:
        """A party beside the people: a provider, a stranger."""
        # A person of that very name stays another party.
        while (had := self.parties.get(name)) is not None and had.kind != kind:
            name += "*"
        self.parties[name] = Party(name, kind, org=False)
        return PartyRef(name)

    def unknown(self) -> PartyRef:
        """Somebody whom nobody here knows."""
        return self.outsider(self.say(SOMEBODY))

    def provider(self, thing: Thing) -> PartyRef:
        """The provider of a thing."""
        return self.outsider(self.say(KINDS[thing.kind].provider, name=thing.name), "platform")

    def people(self, thing: Thing, question: str) -> tuple[Input, ...]:
        """Who an answer names; somebody unknown where it says so, or where it is open and leaving it open does not mean "nobody"."""
        asked, tokens = KINDS[thing.kind].question(question), thing.answers.get(question)
        if asked is None or (tokens is None and asked.optional):
            return ()
        found: list[Input] = [self.refer(token) for token in tokens or () if token not in SIGNS]
        # "Two of them together", of whom nobody is named, says no more than no answer.
        if tokens is None or UNKNOWN in tokens or set(tokens) == {TOGETHER}:
            found.append(self.unknown())
        return tuple(found)

    def refer(self, token: str) -> Input:
        """A person, or the control over another thing."""
        if token in self._names:
            return PartyRef(self._names[token])
        thing = self.interview.thing(token)
        assert thing is not None, "answers name what is there"  # noqa: S101 - parsing and editing see to it
        parts = _CONTROL.get(thing.kind, ("login",))
        (found,) = any_of([NodeRef(f"{thing.name}.{part}") for part in parts])
        return found

    def choice(self, thing: Thing, question: str) -> tuple[Input, ...]:
        """One of those whom an answer names, or two of them together where it says so; nothing where it names nobody."""
        named = self.people(thing, question)
        together = TOGETHER in thing.answers.get(question, ()) and len(named) > 1
        return any_of(named, 2 if together else 1)

    # ------------------------------------------------------------------------------------------------------------------ nodes

    def add(self, thing: Thing, part: str, kind: str, label: str, ways: Iterable[Way]) -> NodeRef:
        """A node of a thing, and how to refer to it."""
        id_ = f"{thing.name}.{part}"
        self.nodes[id_] = Node(id_, kind, label, tuple(dict.fromkeys(ways)))
        return NodeRef(id_)

    def power(self, thing: Thing, part: str, ways: Iterable[Way]) -> None:
        """One of the powers over a thing: ``use``, ``exclusive``, ``destroy``."""
        label = {
            "use": self.say("%(name)s: use it", name=thing.name),
            "exclusive": self.say("%(name)s: shut the others out", name=thing.name),
            "destroy": self.say("%(name)s: destroy what is in it", name=thing.name),
        }[part]
        self.add(thing, part, "resource", label, ways)

    def holds(self, thing: Thing, assumption: str) -> bool:
        """Whether an assumption holds; False where the kind has none of that name."""
        known = {item.id: item.usual for item in KINDS[thing.kind].assumptions}
        return thing.assumptions.get(assumption, known.get(assumption, False))

    def says_yes(self, thing: Thing, question: str) -> bool:
        """Whether the answer is yes, and nothing beside it."""
        return thing.answers.get(question) == (YES,)

    def one_way(self, via: str, *inputs: Sequence[Input], days: float = 0, visible: bool = False) -> list[Way]:
        """A way that needs all of these, or none at all where one of them names nobody."""
        return [Way(via, tuple(dict.fromkeys(item for part in inputs for item in part)), days, visible)] if all(inputs) else []

    def sign_in(self, thing: Thing, question: str) -> list[Way]:
        """The ways to an account: its holders with the second step, and the ways around both."""
        holders, second = self.choice(thing, question), self.second_step(thing)
        ways = self.one_way(self.say("signs in"), holders, second) if second else self.one_way(self.say("signs in"), holders)
        return ways + self.recoveries(thing, self.people(thing, question), () if self.holds(thing, "reset_enough") else second)

    def second_step(self, thing: Thing) -> tuple[Input, ...]:
        """On whose device the second step arrives; nothing where there is none, or nobody knows whose it is: it may be the holder's own."""
        tokens = thing.answers.get("second_step", ())
        return () if {UNKNOWN, NONE} & set(tokens) else any_of(tuple(self.refer(token) for token in tokens if token not in SIGNS))

    def recoveries(self, thing: Thing, holders: Sequence[Input], also: Sequence[Input] = ()) -> list[Way]:
        """The ways around a sign-in; where one is open, each holder alone."""
        ways: list[Way] = []
        for asked in KINDS[thing.kind].questions:
            if asked.recovery:
                tokens = thing.answers.get(asked.id)
                via = self.say("resets it by phone") if asked.takes == "phone" else self.say("resets it by mail")
                ways += [way for token in tokens or () if token not in SIGNS for way in self.one_way(via, (self.refer(token), *also))]
                if tokens is None or UNKNOWN in tokens:
                    ways += self.undeclared(thing, asked.id, holders)
        return ways

    def undeclared(self, thing: Thing, question: str, holders: Sequence[Input]) -> list[Way]:
        """A path that nobody has looked up: each holder counts as able to take the thing alone."""
        self.open.append(Open(thing.id, question, tuple(holder.id for holder in holders if isinstance(holder, PartyRef))))
        return [Way(UNDECLARED, (holder,), assumed=True) for holder in holders]

    def title(self, thing: Thing) -> NodeRef:
        """In whose name a thing is; in the organisation's own, two people inside speak for it together."""
        ways = self.one_way(self.say("it is in their name"), any_of(self.people(thing, "contract")))
        if NONE in thing.answers.get("contract", ()):
            ways += self.one_way(self.say("two people speak for the organisation"), any_of(self._inside, 2))
        return self.add(thing, "title", "legal_title", self.say("%(name)s: in whose name it is", name=thing.name), ways)

    def by_provider(self, thing: Thing, *also: Input) -> list[Way]:
        """What the provider can do by itself."""
        return (
            self.one_way(self.say("by its own rules"), (self.provider(thing), *also), visible=True) if self.holds(thing, "platform") else []
        )

    def by_stranger(self, thing: Thing, days: float = 0) -> list[Way]:
        """A support desk that believes a stranger."""
        if not self.holds(thing, "desk"):
            return []
        stranger = self.outsider(self.say("a stranger with a good story"))
        via = self.say("the support desk believes a stranger")
        return self.one_way(via, (self.provider(thing), stranger), days=days, visible=True)

    def copies(self, thing: Thing) -> tuple[Input, ...]:
        """Those who would also have to destroy their copy."""
        return tuple(self.refer(token) for token in thing.answers.get("copy", ()) if token not in SIGNS)


# Whoever moves a domain or claims a machine with papers has what is on it, too, though they never signed in.
_CONTROL = {"domain": ("use", "exclusive"), "server": ("use", "exclusive")}


def any_of(inputs: Sequence[Input], need: int = 1) -> tuple[Input, ...]:
    """*need* of some inputs as what a way needs; all where there are fewer, nothing where there are none."""
    different = tuple(dict.fromkeys(inputs))
    if len(different) <= 1:
        return different
    return (AtLeast(min(need, len(different)), different),)

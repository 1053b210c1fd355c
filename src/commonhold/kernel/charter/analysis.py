"""The charter analysed like a resource: what it takes to obtain each kind of decision, directly and through other decisions (DESIGN 3.3, 5).

:func:`powers` says it once, for numbers of people in groups (``seating.py``); :func:`custody_register` writes the same as a custody register, whose
engine lists coalitions by name and explains them, and ``routes.py`` counts the fewest people. What is modelled, and what is not, stands in
docs/formats/charter.md, "The analysis".

Whoever may decide one admission, recovery or expulsion may decide them all: one node stands for each of these powers. People are counted, never
seats: holders of two offices are one voice, and signatures that a rule asks for side by side are met by different people (Hall's condition).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Final

from commonhold.kernel.charter.choosing import rules_for
from commonhold.kernel.charter.people import EVERYONE
from commonhold.kernel.charter.rules import Charter, Count, Fraction, Need, Rule, Share
from commonhold.kernel.charter.seating import Seating
from commonhold.kernel.charter.strength import no_part, parts
from commonhold.kernel.custody import AtLeast, Node, NodeRef, Party, PartyRef, Register, Way
from commonhold.kernel.durations import Duration
from commonhold.kernel.kinds import PROBATION_KINDS

PROBATION_DAYS: Final = 30
OWN_ACTS: Final = frozenset({"delegate", "depart", "rotate-key"})
"""Kinds that only their own member or holder can bring about; nobody takes them from another."""

# Acts about a member of the register, who does not confirm, and whom a rule may leave out of its count.
_ABOUT_A_MEMBER: Final = frozenset({"appoint", "dismiss", "expel", "recover-member"})
# Sets of needs that Hall's condition looks at are as many as there are subsets; with more signatures side by side only single ones and all
# together are looked at, which may name fewer people than it takes and never more.
_MOST_SIDE_BY_SIDE: Final = 6

_MAJORITY: Final = Fraction(1, 2, strict=True)

KEYS: Final = "keys"
NEWCOMERS: Final = "newcomers"
REMOVED: Final = "removed"
CLOCK: Final = "clock"
SETTLED: Final = ".settled"
"""Added to a name where recovered keys and new members must have waited out their 30 days."""


@dataclass(frozen=True, slots=True)
class Voices:
    """At least *need* people out of the holders of *offices*; None means out of all members."""

    need: int
    offices: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Means:
    """One way to a power: these voices and all these other powers, and then *days*. *route*: it leads through another decision."""

    via: str
    voices: tuple[Voices, ...] = ()
    powers: tuple[str, ...] = ()
    days: float = 0
    route: bool = True


@dataclass(frozen=True, slots=True)
class Power:
    """Something that people can obtain under a charter; *rule* is the decision rule behind it, where there is one."""

    label: str
    means: tuple[Means, ...]
    rule: Rule | None = None


def powers(charter: Charter, seating: Seating) -> dict[str, Power]:
    """Every decision that the charter's rules can bring about, and all that leads to one, by name: ``decision.admit``.

    A kind with several rules has one power for each: ``decision.amend:amend_entrenched``. Rules that this version cannot apply have none, and
    neither have acts that only concern their own author.
    """
    return _Model(charter, seating).build()


def custody_register(charter: Charter, seating: Seating, found: Mapping[str, Power]) -> Register:
    """*found* as a custody register whose parties are the members: for the engine that lists coalitions and explains them."""
    names = {name: group.offices for group in seating.groups for name in group.people(group.size)}
    nodes = {}
    for key, power in found.items():
        ways = []
        for means in power.means:
            voices = [AtLeast(some.need, tuple(PartyRef(name) for name in _among(names, some))) for some in means.voices]
            ways.append(Way(means.via, (*voices, *map(NodeRef, means.powers)), means.days, visible=means.days > 0))
        nodes[key] = Node(key, "resource" if power.rule else "role", power.label, tuple(ways))
    return Register(charter.name, {name: Party(name, "person", org=True) for name in names}, nodes)


def decision_name(charter: Charter, rule: Rule, kind: str) -> str:
    """The name of the power to decide *kind* under *rule*."""
    return f"decision.{kind}" if len(charter.by_kind[kind]) == 1 else f"decision.{kind}:{rule.name}"


def _among(names: Mapping[str, frozenset[str]], some: Voices) -> list[str]:
    return [name for name, held in names.items() if some.offices is None or held & some.offices]


class _Model:
    def __init__(self, charter: Charter, seating: Seating) -> None:
        self.charter, self.seating = charter, seating
        self.members = seating.members
        self.found: dict[str, Power] = {}

    def build(self) -> dict[str, Power]:
        self.registers_and_clock()
        for name, power in sorted(self.charter.emergencies.items()):
            if not power.unusable:
                means = Means(f"article {power.article or '(none)'}", (), self.needs(power.holder, power.may), route=False)
                self.found[f"emergency.{name}"] = Power(f"the emergency power {name}", (means,))
        for _, rule in sorted(self.charter.rules.items()):
            for kind in rule.kinds if rule.need is not None and not rule.unusable else ():
                if kind not in OWN_ACTS:
                    self.found[decision_name(self.charter, rule, kind)] = self.decision(rule, rule.need, kind)  # type: ignore[arg-type] # asked above
        for name, lent in sorted(self.charter.delegations.items()):
            if not lent.unusable:
                means = Means("a holder lends it", (Voices(1, frozenset([lent.from_office])),), route=False)
                self.found[f"delegation.{name}"] = Power(f"to act for {lent.from_office} under {name}", (means,))
        for kind, names in self.charter.by_kind.items():
            if len(names) > 1 and kind != "amend":
                either = [Means(name, (), (f"decision.{kind}:{name}",), route=False) for name in names]
                self.found[f"decision.{kind}"] = Power(kind, tuple(either))
        return {name: Power(power.label, tuple(filter(self.possible, power.means)), power.rule) for name, power in self.found.items()}

    def possible(self, means: Means) -> bool:
        """Whether there are so many people, and such powers under this charter."""
        enough = all(self.seating.holding(some.offices) >= some.need for some in means.voices)
        return enough and all(power in self.found for power in means.powers)

    def registers_and_clock(self) -> None:
        """What admit, expel, partner and recover-member lead to: the register, and the record's clock."""
        witnesses = Means("they choose the witnesses, who say what time it is", (), ("decision.partner",))
        # An epoch proposes its own partners, and its succession decides them.
        succession = Means("they go on in another log, with witnesses of their own", (), ("decision.succeed",))
        self.found[CLOCK] = Power("the record's clock", (witnesses, succession))
        for name, kind, label in (
            (KEYS, "recover-member", "the keys of all other members"),
            (NEWCOMERS, "admit", "members of their own choice"),
        ):
            self.found[name] = Power(label, (Means(f"{kind}, as often as it takes", (), (f"decision.{kind}",)),))
            later = Means(f"after {PROBATION_DAYS} days they count for every act", (), (name,), PROBATION_DAYS)
            soon = Means(f"their own clock ends the {PROBATION_DAYS} days", (), (name, CLOCK))
            self.found[name + SETTLED] = Power(f"{label}, {PROBATION_DAYS} days later", (later, soon))
        expelled = Means("expel, one member after another", (), ("decision.expel",))
        self.found[REMOVED] = Power("the register without all other members", (expelled,))

    def decision(self, rule: Rule, need: Need, kind: str) -> Power:
        needed = (*self.needs(need, [kind], rule), *self.confirmed(rule, need, kind))
        if kind == "succeed":
            # Whatever the charter asks for, a succession takes more than half of the register beside it.
            needed += (self.register_of(_MAJORITY.required(self.members), outnumbered=True, later=SETTLED),)
        wait = max((_days(time) for time in (rule.notice, rule.time_lock, rule.objection and rule.objection.within) if time), default=0)
        article = f"article {rule.article or '(none)'}"
        means = [Means(f"{article}, after its wait" if wait else article, (), needed, wait, route=False)]
        if wait:
            means.append(Means(f"{article}, its wait ended by their own clock", (), (*needed, CLOCK)))
        for name, power in sorted(self.charter.emergencies.items()):
            if kind in power.may:
                means.append(Means(f"for {power.expires}, and undone unless it is ratified", (), (f"emergency.{name}",)))
        judged = rules_for(self.charter, "amend", touched=frozenset(filter(None, [rule.article])))
        if rule not in judged:
            amended = tuple(decision_name(self.charter, other, "amend") for other in judged)
            means.append(Means(f"the rule of {article} is amended first", (Voices(1),), amended))
        return Power(f"{kind}, {article}", tuple(means), rule)

    def needs(self, need: Need, kinds: Iterable[str], rule: Rule | None = None) -> tuple[str, ...]:
        """The powers that together meet *need*, and the quorum of *rule* if it has one."""
        kinds = frozenset(kinds)
        later = SETTLED if kinds & PROBATION_KINDS else ""
        less = 0 if rule is None else max(_left_out(rule, kind) for kind in kinds)
        found = [self.share(part, less, later) for part in parts(need) if isinstance(part, Share)]
        counts = [part for part in parts(need) if isinstance(part, Count)]
        sizes = range(1, len(counts) + 1) if len(counts) <= _MOST_SIDE_BY_SIDE else (1, len(counts))
        found += [self.count(side, later) for side in chain.from_iterable(combinations(counts, size) for size in sizes)]
        if rule is not None and rule.quorum is not None:
            # It stands beside the signatures: whoever signs also takes part.
            of, least = rule.quorum.of, rule.quorum.at_least
            found.append(self.count((Count((of,), least),), later) if isinstance(least, int) else self.share(Share(of, least), less, later))
        return tuple(dict.fromkeys(found))

    def confirmed(self, rule: Rule, need: Need, kind: str) -> tuple[str, ...]:
        """What a right to object takes: so many of its holders approve or confirm that too few are left to object, or as the rule names; silence is no consent."""
        if rule.objection is None:
            return ()
        offices, least = self.offices(rule.objection.of), rule.objection.at_least
        later = SETTLED if kind in PROBATION_KINDS else ""
        holders = self.seating.holding(offices)
        stops = least if isinstance(least, int) else max(1, least.required(holders))
        # The member whom it is about does not confirm, and does not count as left.
        required = holders - (kind in _ABOUT_A_MEMBER) - stops + 1
        confirm = rule.objection.confirm
        if confirm is not None:
            # So many as the rule names, those who approve, and, where all may object, whoever asks.
            named = confirm if isinstance(confirm, int) else confirm.required(holders)
            required = named + holders - no_part(rule, holders, self.charter.bodies, self.charter.offices) - (offices is not None)
        if offices is None:
            # Whoever confirms has not approved: one more than approve, if there is one.
            approve = max(self.alone(part, rule, kind) for part in parts(need))
            return (
                self.register_of(
                    max(required, min(approve + 1, holders - (kind in _ABOUT_A_MEMBER))),
                    isinstance(least, Fraction) or confirm is not None,
                    later,
                ),
            )
        if required < 1:
            return ()
        name = f"rest.{required}.{'+'.join(sorted(offices))}{later}"
        means = [Means("holders among them", (Voices(required, offices),), route=False), *_fewer((), later)]
        if all(self.charter.offices[name].term is not None for name in offices):
            means.append(Means("the terms are ended by their own clock", (), (CLOCK,)))
        self.found[name] = Power(f"{required} of the holders of {' and '.join(sorted(offices))}", tuple(means))
        return (name,)

    def alone(self, part: Count | Share, rule: Rule, kind: str) -> int:
        """How many people one part of a need takes at least."""
        if isinstance(part, Count):
            return part.m
        everyone = self.charter.bodies[part.body].selector == EVERYONE
        return part.fraction.required(self.members - _left_out(rule, kind)) if everyone else 1

    def offices(self, names: Iterable[str]) -> frozenset[str] | None:
        bodies = self.charter.bodies
        found = frozenset(bodies[name].selector if name in bodies else name for name in names)
        return None if EVERYONE in found else found

    def count(self, side: Sequence[Count], later: str) -> str:
        """As many different people as *side* asks for together."""
        offices, m = self.offices(name for part in side for name in part.of), sum(part.m for part in side)
        if offices is None:
            return self.people(m, later)
        own = self.people(m, later)
        means = [
            Means("holders among them", (Voices(m, offices),), route=False),
            Means("with recovered keys", (), (KEYS + later,)),
            Means("the seats are emptied, and given to their own", (), ("decision.dismiss", "decision.appoint", own)),
            Means("the holders are expelled, and the seats given to their own", (), ("decision.expel", "decision.appoint", own)),
        ]
        for days, free in self.emptied(offices):
            left = m - sum(free.values())
            stay = (Voices(left, offices - free.keys()),) if left > 0 else ()
            words = "seats are given to their own when terms end" if days else "empty seats are given to their own"
            means.append(Means(words, stay, ("decision.appoint", own), days))
            if days:
                means.append(Means("terms are ended by their own clock", stay, ("decision.appoint", own, CLOCK)))
        name = f"holders.{m}.{'+'.join(sorted(offices))}{later}"
        self.found[name] = Power(f"{m} of the holders of {' and '.join(sorted(offices))}", tuple(means))
        return name

    def people(self, m: int, later: str) -> str:
        """*m* different members, whoever they are."""
        name, voices = f"people.{m}{later}", Means("their own voices", (Voices(m),), route=False)
        others = [Means(f"with {words}", (), (power + later,)) for power, words in ((KEYS, "recovered keys"), (NEWCOMERS, "new members"))]
        self.found[name] = Power(f"{m} members", (voices, *others))
        return name

    def emptied(self, offices: frozenset[str]) -> Iterator[tuple[float, dict[str, int]]]:
        """When how many seats of which of *offices* are free without anybody's help: those that are empty, then term after term."""
        seats = {name: self.charter.offices[name].seats for name in offices}
        free = {name: more for name in offices if (more := seats[name] - self.seating.holding(frozenset([name]))) > 0}
        if free:
            yield 0, dict(free)
        terms = {name: _days(term) for name in offices if (term := self.charter.offices[name].term) is not None}
        for days in sorted(set(terms.values())):
            free.update((name, seats[name]) for name, term in terms.items() if term == days)
            yield days, dict(free)

    def share(self, share: Share, less: int, later: str) -> str:
        """A share of a body's register, which falls with those who are expelled."""
        office = self.charter.bodies[share.body].selector
        if office == EVERYONE:
            return self.register_of(share.fraction.required(self.members - less), share.fraction.p < share.fraction.q, later)
        offices = frozenset([office])
        required, own = share.fraction.required(self.seating.holding(offices)), self.people(1, later)
        # Of a body without people every share but "more than" is nothing, so that anybody's proposal meets it.
        means = [Means("holders among them", (Voices(required, offices) if required else Voices(1),), route=False)]
        means += [
            *_fewer((Voices(1, offices),), later),
            Means("all seats are emptied, and one is given to their own", (), ("decision.dismiss", "decision.appoint", own)),
            Means("all holders are expelled, and a seat is given to their own", (), ("decision.expel", "decision.appoint", own)),
        ]
        for days, _ in self.emptied(offices):
            if days:
                means.append(Means("seats are given to their own when the terms end", (), ("decision.appoint", own), days))
                means.append(Means("the terms are ended by their own clock", (), ("decision.appoint", own, CLOCK)))
        name = f"share.{required}.{office}{later}"
        self.found[name] = Power(f"{required} of the holders of {office}", tuple(means))
        return name

    def register_of(self, required: int, outnumbered: bool, later: str) -> str:  # noqa: FBT001 - said at each call
        """*required* of all members; *outnumbered* where new members lower what the present ones weigh."""
        means = [
            Means("their own voices", (Voices(max(required, 1)),), route=False),
            Means("the others' keys are recovered, and speak for them", (), (KEYS + later,)),
            Means("the others are expelled", (), (REMOVED,)),
        ]
        if outnumbered:
            means.append(Means("the others are outnumbered by new members", (), (NEWCOMERS + later,)))
        name = f"register.{required}{later}{'' if outnumbered else '.all'}"
        self.found[name] = Power(f"{required} of the {self.members} members", tuple(means))
        return name


def _left_out(rule: Rule, kind: str) -> int:
    """How many members the rule leaves out of its count: the one whom the act is about, or nobody."""
    return int(kind in _ABOUT_A_MEMBER and not rule.subject_votes)


def _fewer(voices: tuple[Voices, ...], later: str) -> list[Means]:
    """Ways in which all others of an office stop counting for themselves; *voices* are those who must be left."""
    return [
        Means("the others' keys are recovered, and speak for them", (), (KEYS + later,)),
        Means("the others are expelled", voices, (REMOVED,)),
        Means("the others are dismissed", voices, ("decision.dismiss",)),
    ]


def _days(length: Duration) -> float:
    # The shortest that it can be: months of 28 days, years of 365.
    years, months = divmod(length.months, 12)
    return round(years * 365 + months * 28 + length.days + length.seconds / 86_400, 2)

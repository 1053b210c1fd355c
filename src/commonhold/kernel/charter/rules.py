"""The charter's rules as typed, immutable values: what the fold asks, and nothing that it does not.

Which rule speaks for which act is decided here; whether an act meets the rule is decided in ``kernel.record.decisions``, which knows the
members. Both sides meet in four small shapes: a *selector* names people, a *need* says how many of them, a *rule* binds a need to kinds of
decision and to waiting periods, and a *charter* holds them all with the articles that they come from.

Counting is exact: fractions are pairs of integers and are never rounded (facts of the assembly, section 2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from commonhold.kernel.durations import Duration


@dataclass(frozen=True, slots=True)
class Fraction:
    """The share p/q of a base, met by *more than* it or by *at least* it (the two differ: 3:1 with ">" lets 2 of 8 block)."""

    p: int
    q: int
    strict: bool
    """True for ``more_than``, False for ``at_least``."""

    def required(self, base: int) -> int:
        """The smallest whole number of people that meets this share of *base* people."""
        if self.strict:
            return self.p * base // self.q + 1
        return -(-self.p * base // self.q)


@dataclass(frozen=True, slots=True)
class Count:
    """At least *m* distinct members among the holders of the named offices and the members of the named bodies.

    A person in two of the places counts once. ``by = {office = "chair"}`` is the same need with m = 1.
    """

    of: tuple[str, ...]
    m: int


@dataclass(frozen=True, slots=True)
class Share:
    """A fraction of a body's register, frozen when the proposal is made."""

    body: str
    fraction: Fraction


@dataclass(frozen=True, slots=True)
class All:
    """Every one of the needs (two bodies that must both agree, signatures beside a majority)."""

    needs: tuple[Need, ...]


Need = Count | Share | All


@dataclass(frozen=True, slots=True)
class Quorum:
    """How many of a body must have taken part (approved or objected) for the decision to count; people, never witnesses."""

    of: str
    at_least: Fraction | int


@dataclass(frozen=True, slots=True)
class Objection:
    """The right of a body or office to stop a decision, within a waiting period that starts when the decision is carried.

    *confirm*: how many of its holders, who have no part in the decision, must say afterwards that it may pass. Only a rule for emergencies names a number; where none is
    named, so many must that fewer are left than an objection takes.
    """

    of: tuple[str, ...]
    at_least: Fraction | int
    within: Duration
    confirm: Fraction | int | None = None


@dataclass(frozen=True, slots=True)
class Notices:
    """Word that must have reached *people* of those who may object, over at least so many different *ways*, before a waiting period begins."""

    people: int
    ways: int


@dataclass(frozen=True, slots=True)
class Limit:
    """Money: at most *amount* in *currency* for one act, and within *window* for all acts under the rule together."""

    amount: int
    currency: str
    window: Duration | None


@dataclass(frozen=True, slots=True)
class Rule:
    """One decision rule.

    ``unusable`` is empty, or says in words why this version cannot apply the rule yet (it needs a meeting, votes, a secret ballot or units).
    A rule that is unusable still loads, is shown, and guards nothing: acts that need it are refused with these words.
    """

    name: str
    kinds: tuple[str, ...]
    article: str
    """The number of the article that the rule comes from, or empty when no article cites it."""
    need: Need | None
    quorum: Quorum | None = None
    notice: Duration | None = None
    time_lock: Duration | None = None
    objection: Objection | None = None
    notices: Notices | None = None
    everyday: bool = False
    subject_votes: bool = True
    """False when the member whom the decision is about does not count, neither above nor below the line."""
    limit: Limit | None = None
    above: str = ""
    """The rule that decides amounts above the limit; empty where such amounts are simply refused."""
    applies_to: tuple[str, ...] = ()
    """Article numbers that an amend rule guards, or ``("*",)``; a number covers its sub-articles."""
    unusable: str = ""


@dataclass(frozen=True, slots=True)
class Body:
    """A set of people: ``selector`` is ``"members"`` for every member, or the name of the office whose holders it is.

    ``unusable`` says in words why this version cannot enumerate it (regions and other units).
    """

    name: str
    article: str
    selector: str
    unusable: str = ""


@dataclass(frozen=True, slots=True)
class Office:
    """A place that members hold for a term."""

    name: str
    article: str
    seats: int
    """How many; 0 where the number depends on units, which this version cannot compute."""
    term: Duration | None
    max_consecutive: int
    """Terms in a row for one person; 0 means no limit."""
    elected_by: str
    unusable: str = ""


@dataclass(frozen=True, slots=True)
class Incompatible:
    """Offices that nobody may hold at once, nor one within *cooling_off* after another."""

    name: str
    article: str
    offices: frozenset[str]
    cooling_off: Duration | None


@dataclass(frozen=True, slots=True)
class Emergency:
    """A holder's power to act alone for a while: which kinds, never which, until when, and ratified within what time."""

    name: str
    article: str
    holder: Need
    may: frozenset[str]
    expires: Duration
    renewals: int
    ratify_within: Duration | None
    unusable: str = ""
    never: frozenset[str] = frozenset()
    limit: Limit | None = None
    """Money for this power alone; a power with such a limit is unusable in this version."""


@dataclass(frozen=True, slots=True)
class Delegation:
    """A holder's power to let a member act in their place under one rule, for at most *longest*."""

    rule: str
    article: str
    from_office: str
    longest: Duration
    revocable: bool
    unusable: str = ""


WAYS: Final = ("mail", "paper", "partner", "person", "phone")
"""Over what word of a proposal reaches somebody: a mailbox, a letter, a partner's page or feed, somebody who comes, a telephone."""


@dataclass(frozen=True, slots=True)
class Custodians:
    """At least *m* of the people who hold the named offices or are in the named bodies, or of the groups within this one; never of both."""

    m: int
    of: tuple[str, ...] = ()
    groups: tuple[Custodians, ...] = ()

    def places(self) -> tuple[str, ...]:
        """Every office and body that it names, in order."""
        return self.of + tuple(place for group in self.groups for place in group.places())


@dataclass(frozen=True, slots=True)
class Custody:
    """Who opens the secrets behind some resources, and how often each custodian proves that their share still opens."""

    name: str
    article: str
    resources: tuple[str, ...]
    open: Custodians
    drill: Duration | None


@dataclass(frozen=True, slots=True)
class Charter:
    """A charter in force: the canonical value and what was read from it.

    ``digest`` is SHA-256 of the canonical bytes: what is voted on, and what an amendment must give exactly.
    """

    value: Mapping[str, object]
    digest: bytes
    name: str
    version: int
    articles: Mapping[str, bytes]
    """Article number -> SHA-256 of its text object."""
    bodies: Mapping[str, Body]
    offices: Mapping[str, Office]
    rules: Mapping[str, Rule]
    by_kind: Mapping[str, tuple[str, ...]]
    """Kind -> names of the rules that may enact it; one, but for ``amend`` and for money above a limit."""
    incompatible: tuple[Incompatible, ...] = ()
    emergencies: Mapping[str, Emergency] = field(default_factory=dict)
    delegations: Mapping[str, Delegation] = field(default_factory=dict)
    custody: Mapping[str, Custody] = field(default_factory=dict)
    """Resource -> the clause that says who keeps its secrets."""

    @property
    def top_body(self) -> str:
        """The name of the body of all members, in whose register the top acts are counted; empty if there is none."""
        return next((b.name for b in self.bodies.values() if b.selector == "members"), "")

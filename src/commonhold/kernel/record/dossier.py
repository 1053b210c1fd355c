"""The dossier of a resource: what a record says of it, for a platform's support desk or for a court, as an immutable value.

It holds every decision about the resource and its custodians in the order in which they took effect, who holds which office by which decision, and
the articles under which all of it was decided, each as it stood then. It speaks of powers and decisions alone: a record knows no names and no
intentions. ``gathering`` makes one out of a record; words, paper and files are for others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

RESOURCE: Final = "resource"
OFFICE: Final = "office"
FOUNDING: Final = "founding"
"""Why a decision belongs to a dossier."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What the dossier is about: a name that decisions entrust to somebody, addresses that decisions make official, or both."""

    resource: str
    addresses: tuple[str, ...]

    @property
    def name(self) -> str:
        """What people call it."""
        return self.resource or self.addresses[0]


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision that took effect.

    Args:
        entry: the id of the proposal's entry; *index* is its leaf in the log.
        decided: the entry with which it took effect.
        time: of the record's clock, POSIX seconds; 0 without one.
        charter: the digest of the charter by which it was judged; *articles* are that charter's numbers.
        approvers: those whose approval counted when it took effect, and *offices* those that some of them held then.
        about: ``resource``, ``office`` (it fills or ends a seat that matters here) or ``founding``.
        ended: ``ratified`` or ``lapsed`` for an act of an emergency power, at *time*; otherwise empty.
        opening: how a statement's text begins, where it is at hand.
    """

    entry: str
    index: int
    decided: int
    time: int
    kind: str
    payload: Mapping[str, Any]
    by: str
    articles: tuple[str, ...]
    charter: str
    approvers: tuple[str, ...]
    about: str
    offices: Mapping[str, tuple[str, ...]]
    ended: str = ""
    opening: str = ""


@dataclass(frozen=True, slots=True)
class Article:
    """An article's text in one version; *text* is empty where the record's objects do not hold it (any more)."""

    number: str
    digest: str
    title: str
    text: str
    found: bool
    in_force: bool


@dataclass(frozen=True, slots=True)
class Officer:
    """A member in an office: by which decision (the founding's id, if by that), from which entry on, and *since* when by the record's clock (0: no clock)."""

    member: str
    office: str
    by: str
    index: int
    since: int


@dataclass(frozen=True, slots=True)
class Custodian:
    """A member to whom the resource is, or was, entrusted: by which decision last, and what they are in the register now."""

    member: str
    by: str
    status: str
    current: bool


@dataclass(frozen=True, slots=True)
class Address:
    """What the record says of one address: ``stands``, ``struck``, ``moved`` (to *to*), or ``unknown``, if it says nothing."""

    address: str
    status: str
    to: str = ""


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything that the document tells, in the order in which it tells it.

    Args:
        title: the charter's title as its text has it; its *name* is the short one in its rules.
        speakers: the articles in force under which statements are made, and *speaking* the offices whose holders sign them.
        decisions: all of them, the founding first; what is proved.
        unread: statements whose texts are not at hand, so that nobody can say here whether they are about it.
        refused: entries of the log that count for nothing.
    """

    org: str
    name: str
    title: str
    charter: str
    size: int
    clock: int | None
    subject: Subject
    addresses: tuple[Address, ...]
    articles: tuple[Article, ...]
    speakers: tuple[str, ...]
    speaking: tuple[str, ...]
    officers: tuple[Officer, ...]
    custodians: tuple[Custodian, ...]
    decisions: tuple[Decision, ...]
    unread: int
    refused: int

    @property
    def history(self) -> tuple[Decision, ...]:
        """The decisions about the resource itself, and those that ended a custodian's place."""
        return tuple(decision for decision in self.decisions if decision.about == RESOURCE)

    def number(self, entry: str) -> int:
        """The number under which a decision stands in the document, and in the names of its files."""
        return next(at for at, decision in enumerate(self.decisions) if decision.entry == entry)

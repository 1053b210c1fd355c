"""Who sits where while a charter is analysed: members by name with their seats, or a number of members with every seat filled.

People who hold the same offices are alike to every rule, so they are kept as one *group*; how many of a group act is all that the counting of
:mod:`commonhold.kernel.charter.routes` needs, and it makes a register of a million no harder than one of twelve.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from commonhold.kernel.charter.rules import Charter
from commonhold.kernel.errors import RuleError


@dataclass(frozen=True, slots=True)
class Group:
    """*size* members who hold exactly *offices*; *names* are theirs, or empty for members who need none."""

    offices: frozenset[str]
    size: int
    names: tuple[str, ...] = ()

    def people(self, count: int) -> tuple[str, ...]:
        """The first *count* of them by name."""
        return self.names[:count] or tuple(f"member {number}" for number in range(1, count + 1))


@dataclass(frozen=True, slots=True)
class Seating:
    """All members in groups; the last is the group without an office, which may be empty."""

    groups: tuple[Group, ...]

    @property
    def members(self) -> int:
        """How many members there are."""
        return sum(group.size for group in self.groups)

    def holding(self, offices: AbstractSet[str] | None) -> int:
        """How many members hold one of *offices*, each counted once; None asks for all members."""
        return sum(group.size for group in self.groups if offices is None or group.offices & offices)


def seat_everybody(charter: Charter, members: int) -> Seating:
    """*members* people with every seat filled: by people of its own as far as there are enough, and never against an incompatibility.

    Where there are fewer people than seats, some hold several; a seat that nobody may take stays empty.
    """
    offices = [office for _, office in sorted(charter.offices.items()) if office.seats]
    if sum(office.seats for office in offices) <= members:
        groups = [Group(frozenset([office.name]), office.seats, _titles(office.name, office.seats)) for office in offices]
        return Seating((*groups, Group(frozenset(), members - sum(office.seats for office in offices))))
    held: dict[str, frozenset[str]] = {f"member {number}": frozenset() for number in range(1, members + 1)}
    for office in offices:
        # Whoever holds least goes first; the order of the names decides between equals.
        able = [name for name, has in sorted(held.items(), key=lambda item: len(item[1])) if _compatible(charter, has | {office.name})]
        held.update((name, held[name] | {office.name}) for name in able[: office.seats])
    return _grouped(held)


def seat_named(charter: Charter, members: Iterable[str], seats: Mapping[str, Iterable[str]]) -> Seating:
    """The members by name, each with the offices that they hold; seats that nobody is named for are empty.

    Raises:
        RuleError: naming an office or a member that is not there, or seats that the charter does not allow.
    """
    held: dict[str, frozenset[str]] = dict.fromkeys(members, frozenset())
    for office, names in seats.items():
        if office not in charter.offices:
            _refuse(f"the charter has no office {office[:64]!r}", f"Its offices: {', '.join(sorted(charter.offices)) or 'none'}.")
        holders = dict.fromkeys(names)
        if len(holders) > charter.offices[office].seats:
            _refuse(f"{len(holders)} people hold {office}, which has {charter.offices[office].seats} seats", "Name fewer holders.")
        for name in holders:
            if name not in held:
                _refuse(f"{name[:64]!r} holds {office} and is not among the members", "Name every holder as a member, too.")
            held[name] |= {office}
            if not _compatible(charter, held[name]):
                _refuse(f"{name[:64]!r} would hold {' and '.join(sorted(held[name]))}", "The charter keeps these offices apart.")
    if not held:
        _refuse("there are no members to analyse the charter for", "Name at least one.")
    return _grouped(held)


def _grouped(held: Mapping[str, frozenset[str]]) -> Seating:
    alike: dict[frozenset[str], list[str]] = {}
    for name, offices in held.items():
        alike.setdefault(offices, []).append(name)
    plain = alike.pop(frozenset(), [])
    groups = [Group(offices, len(names), tuple(names)) for offices, names in sorted(alike.items(), key=lambda item: sorted(item[0]))]
    return Seating((*groups, Group(frozenset(), len(plain), tuple(plain))))


def _compatible(charter: Charter, offices: frozenset[str]) -> bool:
    return all(len(rule.offices & offices) <= 1 for rule in charter.incompatible)


def _titles(office: str, seats: int) -> tuple[str, ...]:
    return (office,) if seats == 1 else tuple(f"{office} {number}" for number in range(1, seats + 1))


def _refuse(message: str, next_step: str) -> None:
    raise RuleError(message, code="charter/seating", next_step=next_step)

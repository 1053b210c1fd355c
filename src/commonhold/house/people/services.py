"""Offices and who holds them, members and their keys, bodies and who is in them: the fold's word.

Only the names come from the house, for those who are members now. Nothing here counts what anybody did, and people stand in the order of their pseudonyms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from commonhold.house.core import ledger
from commonhold.house.members.models import User
from commonhold.kernel.charter.rules import Office
from commonhold.kernel.errors import CommonholdError
from commonhold.kernel.keys import KitKeys, fingerprint, parse_key_value
from commonhold.kernel.record.attention import SOON
from commonhold.kernel.record.state import Member, Seat, State


@dataclass(frozen=True, slots=True)
class SeatShown:
    """A seat that somebody holds or is offered: since and until when by the record's clock (0: not known), and whether it ends soon."""

    member: str
    name: str
    status: str
    since: int
    until: int
    soon: bool
    by: str


@dataclass(frozen=True, slots=True)
class OfficeShown:
    """An office: the article it comes from, its seats, who has them, and how many are empty."""

    name: str
    article: str
    seats: int
    months: int
    days: int
    elected_by: str
    unusable: str
    held: tuple[SeatShown, ...]
    empty: int


@dataclass(frozen=True, slots=True)
class Key:
    """A key in the record: what sort, its six words, where a passkey is used, and when it was enrolled."""

    id: str
    kit: bool
    words: tuple[str, ...]
    places: tuple[str, ...]
    index: int
    time: int | None


@dataclass(frozen=True, slots=True)
class Person:
    """A member: the pseudonym outside, the name inside (empty where the house knows none), and since which entry they count.

    *voice_from*: from when they have a voice in acts that newcomers wait for; 0 if they have it.
    """

    member: str
    name: str
    status: str
    since: int
    time: int | None
    kit: bool
    voice_from: int
    offices: tuple[str, ...]

    @property
    def here(self) -> bool:
        """Whether they are in the register."""
        return self.status in {"active", "invited"}


@dataclass(frozen=True, slots=True)
class BodyShown:
    """A body of the charter, and who is in it now."""

    name: str
    article: str
    everybody: bool
    unusable: str
    people: tuple[tuple[str, str], ...]


def names_of(state: State) -> dict[str, str]:
    """The names that members see of one another, by pseudonym."""
    here = [name for name, member in state.part("members").items() if member.status in {"active", "invited"}]
    return {member: name for member, name in User.objects.filter(member__in=here).values_list("member", "name") if name}


def offices(state: State, names: Mapping[str, str]) -> list[OfficeShown]:
    """Every office of the charter, in its order."""
    return [_office(state, office, names) for office in state.charter.offices.values()]


def members(state: State, names: Mapping[str, str]) -> list[Person]:
    """Everybody who is or ever was in the register, by pseudonym."""
    return [_person(state, name, member, names) for name, member in sorted(state.part("members").items())]


def bodies(state: State, names: Mapping[str, str]) -> list[BodyShown]:
    """The charter's bodies, and who is in each now."""
    found = []
    for body in state.charter.bodies.values():
        everybody = body.selector == "members"
        inside = {name for name, _ in state.active_members()} if everybody else state.holders.get(body.selector, frozenset())
        found.append(
            BodyShown(body.name, body.article, everybody, body.unusable, tuple((name, names.get(name, "")) for name in sorted(inside)))
        )
    return found


def person(state: State, member: str, names: Mapping[str, str]) -> Person | None:
    """One member; None where the record has nobody of that pseudonym."""
    found = state.member(member)
    return _person(state, member, found, names) if found is not None else None


def seats_of(state: State, member: str, names: Mapping[str, str]) -> list[tuple[str, SeatShown]]:
    """The offices that somebody holds or is offered."""
    seats = [seat for seat in state.part("seats").values() if seat.member == member and seat.office in state.charter.offices]
    return [(seat.office, _seat(state, seat, names)) for seat in sorted(seats, key=lambda seat: seat.office)]


def keys(state: State, member: str) -> list[Key]:
    """The keys that count for somebody, the kit first: their public halves, by the words that people compare."""
    found = state.member(member)
    made = []
    for id_, value in (found.keys if found else {}).items():
        enrolled = state.keyring.get(id_)
        index = enrolled.since if enrolled is not None else -1
        try:
            key = parse_key_value(value)
        except CommonholdError:
            continue
        kit = isinstance(key, KitKeys)
        places = () if isinstance(key, KitKeys) else key.origins
        made.append(Key(id_, kit, fingerprint(key), tuple(places), index, ledger.past().time_of(index) if index >= 0 else None))
    return sorted(made, key=lambda key: (not key.kit, key.index, key.id))


def _office(state: State, office: Office, names: Mapping[str, str]) -> OfficeShown:
    seats = sorted((seat for seat in state.part("seats").values() if seat.office == office.name), key=lambda seat: seat.member)
    term = office.term
    return OfficeShown(
        office.name,
        office.article,
        office.seats,
        term.months if term else 0,
        term.days if term else 0,
        office.elected_by,
        office.unusable,
        tuple(_seat(state, seat, names) for seat in seats),
        max(office.seats - sum(seat.status == "held" for seat in seats), 0),
    )


def _seat(state: State, seat: Seat, names: Mapping[str, str]) -> SeatShown:
    soon = bool(seat.until and state.clock is not None and seat.until - state.clock <= SOON)
    return SeatShown(seat.member, names.get(seat.member, ""), seat.status, seat.since, seat.until, soon, seat.by)


def _person(state: State, name: str, member: Member, names: Mapping[str, str]) -> Person:
    waits = member.counts_from if state.clock is not None and member.counts_from > state.clock else 0
    time = ledger.past().time_of(member.since) if member.since >= 0 else None
    return Person(name, names.get(name, ""), member.status, member.since, time, bool(member.kit), waits, state.offices_of(name))

"""Who opens a seal together: "2 of (heron, tern, plover)", groups within groups (DESIGN 5).

A structure is a tree of people. In canonical JSON a group is ``{"need": m, "of": [...]}`` with member ids or further groups in it. Everybody
stands in it once: somebody who held two shares would count for two, and no mathematics could tell (facts of custody, 6.1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

from commonhold.kernel.errors import CustodyError, FormatError
from commonhold.kernel.ids import parse_member_id

MAX_MEMBERS: Final = 16
"""People or groups in one group: SLIP-39 counts no further."""

MAX_LEVELS: Final = 4
MAX_PEOPLE: Final = 64
"""People in one structure: what is said of so many in a seal, or in a request to them, still fits into one entry, and one file for a phone."""
MAX_SETS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Group:
    """At least *need* of the members *of*, each a person's id or a group that must itself be met."""

    need: int
    of: tuple[str | Group, ...]

    def to_value(self) -> dict[str, Any]:
        """The canonical JSON object that stands for this group."""
        return {"need": self.need, "of": [part if isinstance(part, str) else part.to_value() for part in self.of]}

    def people(self) -> tuple[str, ...]:
        """Everybody in it, in the order in which they stand; a person's place in this order is the index of their share."""
        return tuple(person for part in self.of for person in ((part,) if isinstance(part, str) else part.people()))

    def groups(self) -> Iterator[Group]:
        """This group and every group in it, outer ones first."""
        yield self
        for part in self.of:
            if isinstance(part, Group):
                yield from part.groups()

    def is_met(self, people: AbstractSet[str]) -> bool:
        """Whether *people* open what is sealed so."""
        return sum(part in people if isinstance(part, str) else part.is_met(people) for part in self.of) >= self.need

    def fewest(self) -> int:
        """The smallest number of people who open it together."""
        return sum(sorted(1 if isinstance(part, str) else part.fewest() for part in self.of)[: self.need])

    def count_sets(self) -> int:
        """How many smallest-possible choices there are: sets of people of whom nobody could be left out."""
        ways = [1] + [0] * self.need
        for part in self.of:
            each = 1 if isinstance(part, str) else part.count_sets()
            for chosen in range(self.need, 0, -1):
                ways[chosen] += ways[chosen - 1] * each
        return ways[self.need]

    def sets(self) -> tuple[frozenset[str], ...]:
        """Every set of people who open it together and of whom nobody could be left out.

        Raises:
            CustodyError: ``seal/too-many-sets`` if there are more than 10,000.
        """
        if self.count_sets() > MAX_SETS:
            raise CustodyError(
                f"{self.count_sets()} sets of people could open this, and at most {MAX_SETS} are listed", code="seal/too-many-sets"
            )
        return tuple(self._sets())

    def _sets(self) -> Iterator[frozenset[str]]:
        choices = [(frozenset({part}),) if isinstance(part, str) else tuple(part._sets()) for part in self.of]  # noqa: SLF001 - a group's own
        for chosen in combinations(choices, self.need):
            found: list[frozenset[str]] = [frozenset()]
            for choice in chosen:
                found = [one | other for one in found for other in choice]
            yield from found

    def in_words(self) -> str:
        """As a sheet states it: "2 of (heron, tern, plover)"; "both of" and "all of" read better where everybody is needed."""
        parts = [part if isinstance(part, str) else part.in_words() for part in self.of]
        if len(parts) == 1:
            return parts[0]
        return f"{self.need} of ({', '.join(parts)})"


def parse_structure(value: object) -> Group:
    """The structure that a canonical JSON object stands for.

    Raises:
        FormatError: ``seal/structure`` for another shape; ``seal/threshold`` if a group needs more than it has; ``seal/too-large`` for groups of
            more than 16, more than 4 levels, or more than 64 people.
        CustodyError: ``seal/person-twice``, naming who stands in it twice.
    """
    found = _parse(value, 1)
    people = found.people()
    if len(people) > MAX_PEOPLE:
        raise FormatError(f"{len(people)} people hold shares, and at most {MAX_PEOPLE} can", code="seal/too-large")
    for person in people:
        if people.count(person) > 1:
            raise CustodyError(
                f"{person} stands in two groups, and with two shares one person would count as two",
                code="seal/person-twice",
                data={"member": person},
                next_step=f"Give {person} a share in one of the groups.",
            )
    return found


def _parse(value: object, level: int) -> Group:
    if (
        not isinstance(value, Mapping)
        or value.keys() != {"need", "of"}
        or not isinstance(value["of"], Sequence)
        or isinstance(value["of"], str)
    ):
        raise FormatError('a group of custodians is {"need": number, "of": [members or groups]}', code="seal/structure")
    need, parts = value["need"], value["of"]
    if level > MAX_LEVELS or not 1 <= len(parts) <= MAX_MEMBERS:
        words = f"at level {level}" if level > MAX_LEVELS else f"with {len(parts)} members"
        raise FormatError(
            f"there is a group {words}; at most {MAX_LEVELS} levels and 1 to {MAX_MEMBERS} members are possible",
            code="seal/too-large",
            next_step="Make more groups of fewer people.",
        )
    if type(need) is not int or not 1 <= need <= len(parts):
        raise FormatError(
            f"a group of {len(parts)} needs {need!r} of them, which can never be",
            code="seal/threshold",
            data={"need": need, "of": len(parts)},
            next_step=f"Ask for 1 to {len(parts)} of them.",
        )
    return Group(need, tuple(parse_member_id(part, "a custodian") if isinstance(part, str) else _parse(part, level + 1) for part in parts))


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that people should know about a structure before they rely on it: a stable *code*, of whom, and *words*."""

    code: str
    people: tuple[str, ...]
    words: str


def remarks(structure: Group) -> tuple[Remark, ...]:
    """What a structure means that its numbers do not say at once; each remark is a sentence."""
    found: list[Remark] = []
    for group in structure.groups():
        people = group.people()
        alone = len(group.of) == 1
        if alone and group is not structure:
            found.append(Remark("one-member", people, f"{people[0]} is a group of one: without {people[0]} that group can never be met"))
        elif not alone and group.need == 1 and group is not structure:
            found.append(Remark("any-one", people, f"any one of {', '.join(people)} fills their group alone"))
        elif not alone and group.need == len(group.of) and group.of == people:
            found.append(Remark("no-spare", people, f"{group.in_words()} leaves no spare: one lost share closes that group for ever"))
    fewest = structure.fewest()
    if fewest == 1:
        openers = tuple(sorted(person for person in structure.people() if structure.is_met({person})))
        found.append(Remark("one-person", openers, f"one person alone opens it: {', '.join(openers)}"))
    for person in structure.people():
        others = frozenset(structure.people()) - {person}
        if fewest > 1 and not structure.is_met(others):
            found.append(Remark("veto", (person,), f"nobody can open it without {person}: their death or their no closes it for ever"))
    return tuple(found)

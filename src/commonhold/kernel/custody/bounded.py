"""Every minimal set up to a size, by antichains of small sets: fast where the whole answer would not fit, and exact for what it says.

Minimal sets of at most *k* parties depend on nothing but the minimal sets of at most *k* parties below them, so cutting at every gate loses none of
them. Where something was cut, what lies above is known only "up to k"; where nothing was, it is known whole. Work is counted in steps, and above
the budget the answer is "not known".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from commonhold.kernel.custody.diagram import OverBudget
from commonhold.kernel.custody.graph import Agenda, Group, Problem

Level: TypeAlias = frozenset[int]
"""Sets of one size; each is a number whose bit *p* says that party *p* is in it."""


class Sets(NamedTuple):
    """Sets of parties of which none contains another, by size.

    Args:
        singles: every party that is enough alone, in one number; -1, as if all that could ever be were, where nobody is needed.
        larger: the sets of 2 parties, of 3 and so on; empty where there are none of any size.
    """

    singles: int
    larger: tuple[Level, ...]


NEVER: Final = Sets(0, ())
ALWAYS: Final = Sets(-1, ())


@dataclass(frozen=True, slots=True)
class Partial:
    """The minimal sets up to a size, and whether there are no others."""

    found: Sets
    whole: bool

    @property
    def counts(self) -> tuple[int, ...]:
        """How many sets there are of each size, from 0 on."""
        return (1,) if self.found == ALWAYS else (0, self.found.singles.bit_count(), *map(len, self.found.larger))

    def sets(self, largest: int) -> list[frozenset[int]]:
        """The sets of at most *largest* parties, as the numbers of their parties."""
        if self.found == ALWAYS:
            return [frozenset()]
        masks = [*_bits(self.found.singles), *(mask for level in self.found.larger[: largest - 1] for mask in level)] if largest else []
        return [frozenset(bit.bit_length() - 1 for bit in _bits(mask)) for mask in masks]


def bounded_families(problem: Problem, groups: Iterable[Group], roots: Sequence[int], size: int, budget: int) -> dict[int, Partial | None]:
    """For each root its minimal sets of at most *size* parties, or None where *budget* steps do not reach.

    A root that is too hard leaves the others as they are.

    Args:
        groups: the :func:`~commonhold.kernel.custody.graph.components` of at least these roots.
    """
    solver = _Solver(problem, size, budget)
    for group in groups:
        solver.solve(group)
    return {
        root: None if root in solver.unknown else Partial(solver.values[root], root not in solver.partial) for root in dict.fromkeys(roots)
    }


class _Solver:
    def __init__(self, problem: Problem, size: int, budget: int) -> None:
        self.problem, self.size, self.left = problem, size, budget
        # Numbers of many thousand bits cost by their length.
        self._weight = 1 + max(problem.free, default=0) // 1024
        self.values: dict[int, Sets] = {}
        self.unknown: set[int] = set()
        self.partial: set[int] = set()
        self._cut = False

    def solve(self, group: Group) -> None:
        """Find the sets of the gates of one group; those that they depend on must have been found."""
        gates, values = self.problem.gates, self.values
        values.update(dict.fromkeys(group.gates, ALWAYS if self.problem.start else NEVER))
        self._cut = any(not self.partial.isdisjoint(gates[gate].inputs) for gate in group.gates)
        try:
            if self.left < 0 or any(not self.unknown.isdisjoint(gates[gate].inputs) for gate in group.gates):
                raise OverBudget
            agenda = Agenda(group)
            for gate in agenda:
                value = self._gate(*gates[gate])
                if value != values[gate]:
                    values[gate] = value
                    agenda.changed(gate)
        except OverBudget:
            self.unknown.update(group.gates)
        if self._cut:
            # What always holds holds whatever was cut below.
            self.partial.update(gate for gate in group.gates if values[gate] != ALWAYS)

    def _spend(self, steps: int) -> None:
        self.left -= steps * self._weight
        if self.left < 0:
            raise OverBudget

    def _gate(self, need: int, inputs: Sequence[int]) -> Sets:
        values = self.values
        parts = [values[child] if child >= 0 else self._leaf(~child) for child in inputs]
        if 1 < need < len(parts):
            # What always or never holds only moves the threshold.
            need -= parts.count(ALWAYS)
            parts = sorted((part for part in parts if part not in (ALWAYS, NEVER)), key=_count)
            if need < 1:
                return ALWAYS
        if need > len(parts):
            return NEVER
        if need == 1:
            return parts[0] if len(parts) == 1 else self._either(parts)
        row = [ALWAYS] + [NEVER] * need
        for done, part in enumerate(parts, 1):
            # Counts that the parts still to come cannot lift to what is needed are not worth knowing.
            for count in range(min(done, need), max(need - len(parts) + done, 1) - 1, -1):
                row[count] = self._either((row[count], self._both(row[count - 1], part)))
        return row[need]

    def _leaf(self, party: int) -> Sets:
        if party in self.problem.free:
            return Sets(1 << party, ())
        return ALWAYS if self.problem.fixed else NEVER

    def _either(self, parts: Sequence[Sets]) -> Sets:
        parts = [part for part in parts if part != NEVER]
        if len(parts) < 2:
            return parts[0] if parts else NEVER
        singles = 0
        for part in parts:
            singles |= part.singles
        larger = [part.larger for part in parts if part.larger]
        if not larger:
            return Sets(singles, ())
        levels = [same[0].union(*same[1:]) for same in zip(*larger, strict=True)]
        self._spend(sum(map(len, levels)))
        return self._least(singles, [[found for found in level if not found & singles] for level in levels] if singles else levels)

    def _both(self, a: Sets, b: Sets) -> Sets:
        if a == ALWAYS or b == NEVER:
            return b
        if b == ALWAYS or a == NEVER:
            return a
        singles = a.singles & b.singles
        alone_a, alone_b = a.singles ^ singles, b.singles ^ singles
        if self.size == 1:
            self._cut |= bool(alone_a and alone_b)
            return Sets(singles, ())
        self._spend(alone_a.bit_count() + alone_b.bit_count())
        made: list[set[int]] = [set() for _ in range(2, self.size + 1)]
        # A set that makes both hold stays as it is. Only the others are joined, and whatever contains one that stays is not minimal.
        open_a = self._open(a.larger, b.larger, alone_b, made)
        open_b = self._open(b.larger, a.larger, alone_a, made)
        self._join([list(_bits(alone_a)), *open_a], [list(_bits(alone_b)), *open_b], made)
        return self._least(singles, made)

    def _open(self, own: Sequence[Level], other: Sequence[Level], alone: int, made: Sequence[set[int]]) -> list[list[int]]:
        """The sets of *own*, none of which is above a single of its own, that do not make *other* hold; those that do go into *made*."""
        remaining: list[list[int]] = []
        for place, level in enumerate(own):
            rest: list[int] = []
            if level:
                below = other[: place + 1]
                self._spend(len(level) * (1 + sum(map(len, below)) // 8))
                for found in level:
                    if found & alone or _contains(found, below):
                        made[place].add(found)
                    else:
                        rest.append(found)
            remaining.append(rest)
        return remaining

    def _join(self, open_a: Sequence[Sequence[int]], open_b: Sequence[Sequence[int]], made: Sequence[set[int]]) -> None:
        """Put every union of a set here and a set there that is not too large into *made*."""
        size = self.size
        for here, some in enumerate(open_a, 1):
            for there, others in enumerate(open_b, 1):
                if not some or not others:
                    continue
                # Neither contains the other, so their union is larger than both.
                if max(here, there) == size:
                    self._cut = True
                    continue
                self._spend(len(some) * len(others))
                if min(here, there) == 1:
                    made[here + there - 2].update([one | other for one in some for other in others])
                    continue
                for joined in {one | other for one in some for other in others}:
                    if (count := joined.bit_count()) <= size:
                        made[count - 2].add(joined)
                    else:
                        self._cut = True

    def _least(self, singles: int, levels: Iterable[Collection[int]]) -> Sets:
        """Those of some sets, by size and none above a single, that contain no other of them."""
        kept: list[Level] = []
        for level in levels:
            below = [smaller for smaller in kept if smaller]
            if below and level:
                self._spend(len(level) * (1 + sum(map(len, below)) // 8))
                level = [found for found in level if not _contains(found, below)]  # noqa: PLW2901 - what is left of it
            kept.append(frozenset(level))
        return Sets(singles, tuple(kept) if any(kept) else ())


def _count(found: Sets) -> int:
    return found.singles.bit_count() + sum(map(len, found.larger))


def _contains(found: int, levels: Iterable[Level]) -> bool:
    """Whether a set is, or contains, one of some sets of at most its size."""
    for level in levels:
        if found in level:
            return True
        for one in level:
            if one & found == one:
                return True
    return False


def _bits(mask: int) -> Iterator[int]:
    while mask:
        lowest = mask & -mask
        yield lowest
        mask ^= lowest

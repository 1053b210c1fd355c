"""Every minimal set up to a size, by antichains of small sets: fast where the whole answer would not fit, and exact for what it says.

Minimal sets of at most *k* parties depend on nothing but the minimal sets of at most *k* parties below them, so cutting at every gate loses none of
them. Where something was cut, what lies above is known only "up to k"; where nothing was, it is known whole. Work is counted in steps, and above
the budget the answer is "not known".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias

from commonhold.kernel.custody.graph import Agenda, Problem, components

Sets: TypeAlias = frozenset[int]
"""Sets of parties of which none contains another; each is a number whose bit *p* says that party *p* is in it."""

_NEVER: Final[Sets] = frozenset()
_ALWAYS: Final[Sets] = frozenset([0])
_FEW: Final = 9


class Partial(NamedTuple):
    """The minimal sets up to a size, and whether there are no others."""

    masks: Sets
    whole: bool

    def sets(self) -> list[frozenset[int]]:
        """The sets as the numbers of their parties."""
        return [frozenset(_bits(mask)) for mask in self.masks]


def bounded_families(problem: Problem, roots: Sequence[int], size: int, budget: int) -> dict[int, Partial | None]:
    """For each root its minimal sets of at most *size* parties, or None where *budget* steps do not reach.

    A root that is too hard leaves the others as they are.
    """
    solver = Bounded(problem, size, budget)
    for group in components(problem.gates, roots):
        solver.solve(group)
    return {root: solver.values[root] for root in dict.fromkeys(roots)}


class Bounded:
    """The working of :func:`bounded_families`, group after group."""

    def __init__(self, problem: Problem, size: int, budget: int) -> None:
        self.problem, self.size, self.left = problem, size, budget
        # Numbers of many thousand bits cost by their length.
        self._weight = 1 + max(problem.free, default=0) // 1024
        self.values: dict[int, Partial | None] = {}
        self._cut = False

    def solve(self, group: Sequence[int]) -> None:
        """Find the sets of the gates of one group; those that they depend on must have been found."""
        gates, values = self.problem.gates, self.values
        inside = set(group)
        below = {child for gate in group for child in gates[gate].inputs if child >= 0 and child not in inside}
        if self.left < 0 or any(values[child] is None for child in below):
            values.update(dict.fromkeys(group, None))
            return
        start = _ALWAYS if self.problem.start else _NEVER
        sets = {child: found.masks for child in below if (found := values[child])}
        sets.update(dict.fromkeys(group, start))
        self._cut = False
        agenda = Agenda(gates, group)
        for gate in agenda:
            new = self._gate(*gates[gate], sets)
            if self.left < 0:
                values.update(dict.fromkeys(group, None))
                return
            if new != sets[gate]:
                sets[gate] = new
                agenda.changed(gate)
        whole = not self._cut and all(found.whole for child in below if (found := values[child]))
        # What always holds holds whatever was cut below.
        values.update((gate, Partial(sets[gate], whole or sets[gate] == _ALWAYS)) for gate in group)

    def _gate(self, need: int, inputs: Sequence[int], sets: dict[int, Sets]) -> Sets:
        parts = [self._leaf(~child) if child < 0 else sets[child] for child in inputs]
        if need == 1:
            return parts[0] if len(parts) == 1 else self._least(found for part in parts for found in part)
        if need == len(parts):
            result = _ALWAYS
            for part in sorted(parts, key=len):
                result = self._both(result, part)
            return result
        row = [_ALWAYS] + [_NEVER] * need
        for done, part in enumerate(parts, 1):
            for count in range(min(done, need), max(need - len(parts) + done, 1) - 1, -1):
                self.left -= 1
                if row[count - 1]:
                    row[count] = self._least([*row[count], *self._both(row[count - 1], part)])
            if self.left < 0:
                return _NEVER
        return row[need]

    def _leaf(self, party: int) -> Sets:
        if party in self.problem.free:
            return frozenset([1 << party])
        return _ALWAYS if self.problem.fixed else _NEVER

    def _both(self, a: Sets, b: Sets) -> Sets:
        if a in (_ALWAYS, b):
            return b
        if b == _ALWAYS:
            return a
        self.left -= len(a) + len(b)
        if len(a) * len(b) <= _FEW:
            return self._joined(a, b, ())
        # A set that makes both hold stays as it is; whatever else contains it is not minimal.
        holds_a, holds_b = _Contains(a), _Contains(b)
        kept_a, kept_b = [found for found in a if holds_b(found)], [found for found in b if holds_a(found)]
        return self._joined(a.difference(kept_a), b.difference(kept_b), [*kept_a, *kept_b])

    def _joined(self, a: Sets, b: Sets, kept: Iterable[int]) -> Sets:
        self.left -= len(a) * len(b) * self._weight
        if self.left < 0:
            return _NEVER
        size = self.size
        made = {one | other for one in a for other in b}
        small = [found for found in made if found.bit_count() <= size]
        if len(small) < len(made):
            self._cut = True
        return self._least([*kept, *small])

    def _least(self, sets: Iterable[int]) -> Sets:
        """Those of some sets that contain no other of them."""
        found = set(sets)
        self.left -= len(found)
        if len(found) < 2:
            return frozenset(found)
        if 0 in found:
            return _ALWAYS
        by_size: dict[int, list[int]] = {}
        for one in found:
            by_size.setdefault(one.bit_count(), []).append(one)
        if len(by_size) == 1:
            return frozenset(found)
        first, *sizes = sorted(by_size)
        kept = by_size[first]
        for size in sizes:
            holds = _Contains(kept)
            kept += [one for one in by_size[size] if not holds(one)]
        return frozenset(kept)


def _bits(mask: int) -> Iterator[int]:
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


class _Contains:
    """Whether a set contains one of a family."""

    def __init__(self, family: Iterable[int]) -> None:
        self._singles = 0
        self._pairs: dict[int, int] = {}
        self._others: set[int] = set()
        self._least = 1 << 60
        for found in family:
            lowest = found & -found
            rest = found ^ lowest
            if not rest:
                self._singles |= found
            elif not rest & (rest - 1):
                # Every second party of a pair, under its first.
                self._pairs[lowest] = self._pairs.get(lowest, 0) | rest
            else:
                self._others.add(found)
                self._least = min(self._least, found.bit_count())

    def __call__(self, found: int) -> bool:
        if found & self._singles:
            return True
        if pairs := self._pairs:
            rest = found
            while rest:
                lowest = rest & -rest
                rest ^= lowest
                if lowest in pairs and pairs[lowest] & rest:
                    return True
        others = self._others
        if not others or found in others:
            return bool(others)
        return found.bit_count() > self._least and any(other & found == other for other in others)

"""Decision diagrams: monotone functions of parties, and families of minimal sets, as shared numbers.

Node 0 is "never" (the empty family), node 1 "always" (the family of the empty set). Any other node is ``(level, low, high)``, kept once. Read as a
function (Bryant 1986), *low* and *high* are what is left without and with the party of that level. Read as a family (Minato 1993), they are
the sets without it, and the sets with it, less the party. Minimal sets of a monotone function are drawn out as Rauzy (1993) does: those of *low*, and
those of *high* that do not make *low* hold already.

Work is counted in steps, never in seconds, so that the same question always has the same answer; above its budget a diagram raises
:class:`OverBudget`, and so it does where the parties are more than Python's recursion can follow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

NEVER: Final = 0
ALWAYS: Final = 1
_LEAF: Final = 1 << 60
_SHIFT: Final = 40


class OverBudget(Exception):  # noqa: N818 - no error of the caller's: the answer is "unknown"
    """More work than was allowed; what was asked for is not known."""


class Diagrams:
    """One shared store of diagrams, over levels from 0.

    Args:
        budget: how many steps (results not met before) may be taken; :meth:`allow` sets it anew.
    """

    def __init__(self, budget: int) -> None:
        self.left = budget
        self._level = [_LEAF, _LEAF]
        self._low = [0, 1]
        self._high = [0, 1]
        self._unique: dict[tuple[int, int, int], int] = {}
        self._and: dict[int, int] = {}
        self._or: dict[int, int] = {}
        self._less: dict[int, int] = {}
        self._minimal: dict[int, int] = {}

    def party(self, level: int) -> int:
        """The function that holds where the party of this level does."""
        return self._node(level, NEVER, ALWAYS)

    def level(self, node: int) -> int:
        """The level at which a diagram begins; leaves stand below all others."""
        return self._level[node]

    def _node(self, level: int, low: int, high: int) -> int:
        key = (level, low, high)
        found = self._unique.get(key)
        if found is None:
            found = self._unique[key] = len(self._level)
            self._level.append(level)
            self._low.append(low)
            self._high.append(high)
        return found

    def _step(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise OverBudget

    def both(self, a: int, b: int) -> int:
        """Where *a* and *b* hold.

        Raises:
            OverBudget: as the class says.
        """
        if a > b:
            a, b = b, a
        if a < 2:
            return b if a else 0
        if a == b:
            return a
        key = a << _SHIFT | b
        found = self._and.get(key)
        if found is None:
            self._step()
            level, other = self._level[a], self._level[b]
            if level == other:
                low, high = self.both(self._low[a], self._low[b]), self.both(self._high[a], self._high[b])
            elif level < other:
                low, high = self.both(self._low[a], b), self.both(self._high[a], b)
            else:
                level, low, high = other, self.both(a, self._low[b]), self.both(a, self._high[b])
            found = self._and[key] = low if low == high else self._node(level, low, high)
        return found

    def either(self, a: int, b: int) -> int:
        """Where *a* or *b* holds.

        Raises:
            OverBudget: as the class says.
        """
        if a > b:
            a, b = b, a
        if a < 2:
            return 1 if a else b
        if a == b:
            return a
        key = a << _SHIFT | b
        found = self._or.get(key)
        if found is None:
            self._step()
            level, other = self._level[a], self._level[b]
            if level == other:
                low, high = self.either(self._low[a], self._low[b]), self.either(self._high[a], self._high[b])
            elif level < other:
                low, high = self.either(self._low[a], b), self.either(self._high[a], b)
            else:
                level, low, high = other, self.either(a, self._low[b]), self.either(a, self._high[b])
            found = self._or[key] = low if low == high else self._node(level, low, high)
        return found

    def at_least(self, need: int, parts: Sequence[int]) -> int:
        """Where at least *need* of the functions *parts* hold.

        Raises:
            OverBudget: as the class says, also where the counting itself is longer than the budget.
        """
        # From the last level up, so that each step only puts something on top.
        ordered = sorted(parts, key=self.level, reverse=True)
        if need == len(ordered):
            found = ALWAYS
            for part in ordered:
                found = self.both(part, found)
            return found
        if need == 1:
            found = NEVER
            for part in ordered:
                found = self.either(part, found)
            return found
        row = [ALWAYS] + [NEVER] * need
        for done, part in enumerate(ordered, 1):
            # Counts that the parts still to come cannot lift to what is needed are not worth knowing.
            for count in range(min(done, need), max(need - len(ordered) + done, 1) - 1, -1):
                self._step()
                row[count] = self.either(row[count], self.both(part, row[count - 1]))
        return row[need]

    def minimal(self, function: int) -> int:
        """The family of the minimal sets that make a function hold.

        Raises:
            OverBudget: as the class says.
        """
        if function < 2:
            return function
        found = self._minimal.get(function)
        if found is None:
            self._step()
            low, high = self.minimal(self._low[function]), self.minimal(self._high[function])
            high = self._without(high, self._low[function])
            found = self._minimal[function] = self._node(self._level[function], low, high) if high else low
        return found

    def _without(self, family: int, function: int) -> int:
        """The sets of a family that do not make a function hold."""
        if family == 0 or function == 1:
            return 0
        if family == 1 or function == 0:
            # No function but "always" holds for the empty set.
            return family
        key = family << _SHIFT | function
        found = self._less.get(key)
        if found is None:
            self._step()
            level, other = self._level[family], self._level[function]
            if level > other:
                found = self._without(family, self._low[function])
            else:
                low, high = (self._low[function], self._high[function]) if level == other else (function, function)
                low, high = self._without(self._low[family], low), self._without(self._high[family], high)
                found = self._node(level, low, high) if high else low
            self._less[key] = found
        return found

    def sizes(self, family: int) -> list[int]:
        """How many sets of each size a family has, from size 0; the sum is their exact number, listed or not."""
        known: dict[int, list[int]] = {NEVER: [], ALWAYS: [1]}
        # A node's parts were made before it.
        for node in sorted(self._under(family)):
            low, high = known[self._low[node]], known[self._high[node]]
            total = [0, *high] + [0] * (len(low) - len(high) - 1)
            for size, count in enumerate(low):
                total[size] += count
            known[node] = total
        return known[family]

    def _under(self, node: int) -> set[int]:
        seen: set[int] = set()
        stack = [node]
        while stack:
            if (found := stack.pop()) > 1 and found not in seen:
                seen.add(found)
                stack += (self._low[found], self._high[found])
        return seen

    def sets(self, family: int, largest: int) -> Iterator[tuple[int, ...]]:
        """The sets of a family with at most *largest* parties, each as levels from the lowest."""
        smallest: dict[int, int] = {NEVER: _LEAF, ALWAYS: 0}
        for node in sorted(self._under(family)):
            smallest[node] = min(smallest[self._low[node]], smallest[self._high[node]] + 1)
        stack: list[tuple[int, tuple[int, ...]]] = [(family, ())]
        while stack:
            node, taken = stack.pop()
            if len(taken) + smallest[node] > largest:
                continue
            if node == ALWAYS:
                yield taken
            else:
                stack += ((self._low[node], taken), (self._high[node], (*taken, self._level[node])))

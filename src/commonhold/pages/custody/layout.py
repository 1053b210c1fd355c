"""Where the boxes of a picture stand: a layered drawing in the manner of Sugiyama, Tagawa and Toda (1981), deterministic and without overlaps.

Boxes stand in columns, and links run from column to column through places that are kept free for them. Cycles are broken by turning links around;
the order in a column is found by barycentres, and the heights by least squares with the order kept (pool adjacent violators). What the boxes mean is
the business of :mod:`commonhold.pages.custody.picture`.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

ROUNDS: Final = 12
_THREAD: Final = 10.0
"""How much height a link takes where it passes through a column."""


@dataclass(frozen=True, slots=True)
class Box:
    """A box to be placed.

    Args:
        stage: 0 stands first, 2 last, 1 between them as its links ask.
    """

    id: str
    width: float
    height: float
    stage: int


@dataclass(frozen=True, slots=True)
class Link:
    """A link that leaves one box *start_at* below its middle and arrives at another *end_at* below its middle."""

    start: str
    end: str
    start_at: float = 0
    end_at: float = 0


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a box's upper left corner is."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Layout:
    """A drawing: boxes by id, and for each link, in the order given, the points that its curve goes through."""

    width: float
    height: float
    boxes: Mapping[str, Placed]
    curves: tuple[tuple[tuple[float, float], ...], ...]


def arrange(boxes: Sequence[Box], links: Sequence[Link], *, gap: float = 14, between: float = 90) -> Layout:
    """Place boxes and links; the same input always gives the same drawing.

    Args:
        gap: the least distance between two boxes of a column.
        between: the distance between two columns.
    """
    return _Arranger(boxes, links, gap, between).layout()


class _Arranger:
    """The columns hold boxes and, as negative numbers, the places where links pass."""

    def __init__(self, boxes: Sequence[Box], links: Sequence[Link], gap: float, between: float) -> None:
        self.boxes, self.links, self.gap, self.between = boxes, links, gap, between
        self.number = {box.id: index for index, box in enumerate(boxes)}
        self.ends = [(self.number[link.start], self.number[link.end]) for link in links]
        self.rank = self.ranked()
        self.columns: list[list[int]] = [[] for _ in range(max(self.rank, default=0) + 1)]
        for index, rank in enumerate(self.rank):
            self.columns[rank].append(index)
        self.threads: dict[int, list[int]] = {}
        self.before: dict[int, list[tuple[int, float, float]]] = {}
        self.after: dict[int, list[tuple[int, float, float]]] = {}
        self.thread_links()

    def layout(self) -> Layout:
        self.order()
        middle = self.heights()
        left, x = [], 0.0
        for column in self.columns:
            left.append(x)
            x += max((self.boxes[item].width for item in column if item >= 0), default=0) + self.between
        width = max(x - self.between, 0)
        lowest = min((middle[item] - self.height(item) / 2 for column in self.columns for item in column), default=0)
        placed = {
            box.id: Placed(left[self.rank[index]], middle[index] - box.height / 2 - lowest, box.width, box.height)
            for index, box in enumerate(self.boxes)
        }
        height = max((box.y + box.height for box in placed.values()), default=0)
        where = {item: middle[item] - lowest for column in self.columns for item in column}
        curves = tuple(self.curve(number, placed, where, left) for number in range(len(self.links)))
        return Layout(width, max([height, *(where[item] for item in where)]), placed, curves)

    # ----------------------------------------------------------------------------------------------------------------- columns

    def ranked(self) -> list[int]:
        """The column of each box: after all that it needs, but for links that lead around in a circle or back from a later stage."""
        stages = [box.stage for box in self.boxes]
        inputs: list[list[int]] = [[] for _ in self.boxes]
        for start, end in self.ends:
            if stages[start] <= stages[end] and start != end:
                inputs[end].append(start)
        rank = [0 if stage == 0 else -1 for stage in stages]
        for stage in (1, 2):
            floor = max(rank, default=-1) + 1
            self.longest([index for index, found in enumerate(stages) if found == stage], inputs, rank, floor)
        # Boxes of one stage move together where nobody stands in between.
        used = {found: index for index, found in enumerate(sorted(set(rank)))}
        return [used[found] for found in rank]

    @staticmethod
    def longest(members: Sequence[int], inputs: Sequence[Sequence[int]], rank: list[int], floor: int) -> None:
        """Longest paths by depth-first search without recursion; a link to what is still being looked at closes a circle and is passed over."""
        looking: set[int] = set()
        for root in members:
            stack = [(root, iter(inputs[root]))] if rank[root] < 0 else []
            best = {root: floor}
            looking.update([root] if stack else [])
            while stack:
                item, left = stack[-1]
                for child in left:
                    if rank[child] >= 0:
                        best[item] = max(best[item], rank[child] + 1)
                    elif child not in looking:
                        looking.add(child)
                        best[child] = floor
                        stack.append((child, iter(inputs[child])))
                        break
                else:
                    stack.pop()
                    rank[item] = best[item]
                    looking.discard(item)
                    if stack:
                        best[stack[-1][0]] = max(best[stack[-1][0]], rank[item] + 1)

    def thread_links(self) -> None:
        """Keep places free where links pass; links that leave a box together stay together until their ways part."""
        shared: dict[tuple[int, float, int], int] = {}
        joined: set[tuple[int, float, int, float]] = set()
        for number, (start, end) in enumerate(self.ends):
            link, first, last = self.links[number], self.rank[start], self.rank[end]
            step = 1 if last > first else -1
            passing = []
            for column in range(first + step, last, step):
                if (key := (start, link.start_at, column)) not in shared:
                    shared[key] = -1 - len(shared)
                    self.columns[column].append(shared[key])
                passing.append(shared[key])
            self.threads[number] = passing
            ports = [(start, link.start_at), *((item, 0.0) for item in passing), (end, link.end_at)]
            for (one, one_at), (two, two_at) in pairwise(ports if step > 0 else ports[::-1]) if first != last else ():
                if (pair := (one, one_at, two, two_at)) not in joined:
                    joined.add(pair)
                    self.after.setdefault(one, []).append((two, one_at, two_at))
                    self.before.setdefault(two, []).append((one, two_at, one_at))

    # ------------------------------------------------------------------------------------------------------------------- order

    def order(self) -> None:
        """Sweep to and fro, each column by the middle of its neighbours' places, and keep the order with the fewest crossings."""
        best, fewest = [list(column) for column in self.columns], self.crossings()
        for turn in range(ROUNDS):
            forth = turn % 2 == 0
            columns = self.columns if forth else self.columns[::-1]
            for fixed, free in pairwise(columns):
                place = self.places(fixed)
                near = self.before if forth else self.after
                own = {item: index for index, item in enumerate(free)}
                middle = {}
                for item in free:
                    found = [place[other] + other_at / 1_000 for other, _, other_at in near.get(item, ())]
                    middle[item] = sum(found) / len(found) if found else own[item] * len(fixed) / len(free)
                free.sort(key=lambda item: (middle[item], own[item]))
            if (count := self.crossings()) < fewest:
                best, fewest = [list(column) for column in self.columns], count
        self.columns = best

    @staticmethod
    def places(column: Sequence[int]) -> dict[int, float]:
        return {item: float(index) for index, item in enumerate(column)}

    def crossings(self) -> int:
        total = 0
        for left, right in pairwise(self.columns):
            place, other = self.places(left), self.places(right)
            pairs = sorted(
                (place[item] + at / 1_000, other[end] + end_at / 1_000) for item in left for end, at, end_at in self.after.get(item, ())
            )
            seen: list[float] = []
            for _, end in pairs:
                total += len(seen) - bisect_right(seen, end)
                insort(seen, end)
        return total

    # ----------------------------------------------------------------------------------------------------------------- heights

    def height(self, item: int) -> float:
        return self.boxes[item].height if item >= 0 else _THREAD

    def heights(self) -> dict[int, float]:
        """The middle of each box and thread: near its neighbours, in order, and never nearer to the next than the gap."""
        middle: dict[int, float] = {}
        for column in self.columns:
            below = 0.0
            for item in column:
                middle[item] = below + self.height(item) / 2
                below += self.height(item) + self.space(item)
            for item in column:
                middle[item] -= below / 2
        for turn in range(ROUNDS):
            forth = turn % 2 == 0
            for column in self.columns if forth else self.columns[::-1]:
                wanted = []
                for item in column:
                    near = (
                        [*self.before.get(item, ()), *self.after.get(item, ())]
                        if turn > 2
                        else (self.before if forth else self.after).get(item, ())
                    )
                    found = [middle[other] + other_at - own_at for other, own_at, other_at in near]
                    wanted.append(sum(found) / len(found) if found else middle[item])
                self.settle(column, wanted, middle)
        return middle

    def space(self, item: int) -> float:
        return self.gap if item >= 0 else self.gap / 3

    def settle(self, column: Sequence[int], wanted: Sequence[float], middle: dict[int, float]) -> None:
        """As near to the wanted heights as order and distances allow (pool adjacent violators)."""
        offsets, below = [], 0.0
        for index, item in enumerate(column):
            if index:
                above = column[index - 1]
                below += self.height(above) / 2 + max(self.space(above), self.space(item)) + self.height(item) / 2
            offsets.append(below)
        blocks: list[tuple[float, int, float]] = []
        for want, offset, item in zip(wanted, offsets, column, strict=True):
            # A thread gives way to a box: a bent line reads better than a scattered column.
            weight = 4.0 if item >= 0 else 1.0
            total, count, mass = (want - offset) * weight, 1, weight
            while blocks and blocks[-1][0] / blocks[-1][2] >= total / mass:
                had = blocks.pop()
                total, count, mass = total + had[0], count + had[1], mass + had[2]
            blocks.append((total, count, mass))
        index = 0
        for total, count, mass in blocks:
            for _ in range(count):
                middle[column[index]] = total / mass + offsets[index]
                index += 1

    # ------------------------------------------------------------------------------------------------------------------ curves

    def curve(
        self, number: int, placed: Mapping[str, Placed], where: Mapping[int, float], left: Sequence[float]
    ) -> tuple[tuple[float, float], ...]:
        link = self.links[number]
        start, end = placed[link.start], placed[link.end]
        from_y, to_y = start.y + start.height / 2 + link.start_at, end.y + end.height / 2 + link.end_at
        first, last = self.rank[self.number[link.start]], self.rank[self.number[link.end]]
        # A link that leads back leaves on the other side, and arrives there.
        forth = last > first
        points = [(start.x + start.width if forth else start.x, from_y)]
        for column, item in zip(range(first + 1, last) if forth else range(first - 1, last, -1), self.threads[number], strict=True):
            wide = max((self.boxes[other].width for other in self.columns[column] if other >= 0), default=0)
            sides = [(left[column], where[item]), (left[column] + wide, where[item])]
            points += sides if forth else sides[::-1]
        return (*points, (end.x if forth else end.x + end.width, to_y))

"""Filling places: several groups ask for people, and nobody fills two of them (DESIGN 3.3, count people). A maximum matching, and nothing of the record."""

from __future__ import annotations

from collections import deque


def assign(groups: list[tuple[frozenset[str], int]]) -> list[frozenset[str]]:
    """Give each group up to its number of people so that nobody is counted twice and as many places as possible are filled.

    One person who is both chair and treasurer fills one of "chair and treasurer", never both. (Augmenting paths on a bipartite graph, found
    breadth first: a charter with thousands of places must not exhaust the stack.)
    """
    if len(groups) == 1:
        return [groups[0][0]]
    taken: dict[str, int] = {}
    for group, (people, m) in enumerate(groups):
        for _ in range(min(m, len(people))):
            if not _augment(groups, taken, group):
                break
    return [frozenset(person for person, owner in taken.items() if owner == group) for group in range(len(groups))]


def _augment(groups: list[tuple[frozenset[str], int]], taken: dict[str, int], group: int) -> bool:
    """Find one more person for *group*, moving others between groups where that helps; False if nobody can be found."""
    # How each person was reached: the group that would take them, and the person whom that group gives up in exchange.
    reached: dict[str, tuple[int, str]] = {}
    queue = deque([(group, "")])
    asked = {group}
    while queue:
        wants, gives = queue.popleft()
        for person in sorted(groups[wants][0] - reached.keys()):
            reached[person] = (wants, gives)
            if person not in taken:
                moved = person
                while moved:
                    taken[moved], moved = reached[moved]
                return True
            if taken[person] not in asked:
                asked.add(taken[person])
                queue.append((taken[person], person))
    return False

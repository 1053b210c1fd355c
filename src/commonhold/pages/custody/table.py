"""The table that says in words what the picture shows: each node, what it takes, who could obtain it alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from commonhold.kernel.custody import Register, analyse
from commonhold.pages.custody.facts import Takers, takers_of
from commonhold.pages.custody.names import node_kind
from commonhold.pages.custody.words import Words

MAX_ROWS: Final = 1_000
MAX_WAYS: Final = 12


@dataclass(frozen=True, slots=True)
class Line:
    """One node: its name, its kind, its ways in words, how many ways more there are, and who could obtain it alone."""

    name: Markup
    kind: str
    ways: list[Markup]
    left: int
    alone: Takers


def rows_of(register: Register, words: Words) -> tuple[list[Line], int]:
    """A line for each node, resources first, and for how many nodes there was no room."""
    ordered = sorted(register.nodes.values(), key=lambda node: node.kind != "resource")
    shown = [node.id for node in ordered[:MAX_ROWS]]
    # One person at a time: that is cheap in any register, and complete.
    found = analyse(register, shown, size=1) if shown else {}
    lines = [
        Line(
            words.node(id_),
            node_kind(register.nodes[id_], words.language),
            [words.way(way) for way in register.nodes[id_].ways[:MAX_WAYS]],
            max(len(register.nodes[id_].ways) - MAX_WAYS, 0),
            takers_of(register, found[id_].seize),
        )
        for id_ in shown
    ]
    return lines, len(ordered) - len(shown)

"""Custody: who could take what the organisation depends on, and whose loss would lock it out (DESIGN 5).

A register (:func:`parse_register`, or :func:`parse_openpsa` for fault trees) says what it takes to obtain each power. :func:`analyse` finds every
minimal coalition, :func:`explain` the steps of one, :func:`advise` the changes that help. Nothing here reads files, keeps time or signs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from commonhold.kernel.custody.analysis import Answer, Effort, Finding, analyse, minimal_sets
    from commonhold.kernel.custody.fixes import Advice, Change, Fix, advise
    from commonhold.kernel.custody.openpsa import parse_openpsa
    from commonhold.kernel.custody.paths import Explanation, Path, Step, explain
    from commonhold.kernel.custody.places import Visits, one_visit
    from commonhold.kernel.custody.register import AtLeast, Node, NodeRef, Party, PartyRef, Register, Way, as_json, in_words
    from commonhold.kernel.custody.registerfile import parse_register

_MODULES: Final = {
    "analysis": (
        "Answer",
        "Effort",
        "Finding",
        "analyse",
        "minimal_sets",
    ),
    "fixes": (
        "Advice",
        "Change",
        "Fix",
        "advise",
    ),
    "openpsa": ("parse_openpsa",),
    "paths": (
        "Explanation",
        "Path",
        "Step",
        "explain",
    ),
    "places": (
        "Visits",
        "one_visit",
    ),
    "register": (
        "AtLeast",
        "Node",
        "NodeRef",
        "Party",
        "PartyRef",
        "Register",
        "Way",
        "as_json",
        "in_words",
    ),
    "registerfile": ("parse_register",),
}


def __getattr__(name: str) -> Any:
    """A name of this package, from its module, which is imported now: a charter needs registers, and most who read one never ask for an analysis."""
    module = next((module for module, names in _MODULES.items() if name in names), None)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = found
    return found


__all__ = [
    "Register",
    "Party",
    "Node",
    "Way",
    "PartyRef",
    "NodeRef",
    "AtLeast",
    "parse_register",
    "parse_openpsa",
    "in_words",
    "as_json",
    "analyse",
    "minimal_sets",
    "Effort",
    "Finding",
    "Answer",
    "one_visit",
    "Visits",
    "explain",
    "Explanation",
    "Path",
    "Step",
    "advise",
    "Advice",
    "Fix",
    "Change",
]

"""Custody: who could take what the organisation depends on, and whose loss would lock it out (DESIGN 5).

A register (:func:`parse_register`, or :func:`parse_openpsa` for fault trees) says what it takes to obtain each power. :func:`analyse` finds every
minimal coalition, :func:`explain` the steps of one, :func:`advise` the changes that help. Nothing here reads files, keeps time or signs.
"""

from __future__ import annotations

from commonhold.kernel.custody.analysis import Answer, Effort, Finding, analyse, minimal_sets
from commonhold.kernel.custody.fixes import Advice, Change, Fix, advise
from commonhold.kernel.custody.openpsa import parse_openpsa
from commonhold.kernel.custody.paths import Explanation, Path, Step, explain
from commonhold.kernel.custody.places import Visits, one_visit
from commonhold.kernel.custody.register import AtLeast, Node, NodeRef, Party, PartyRef, Register, Way, as_json, in_words
from commonhold.kernel.custody.registerfile import parse_register

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

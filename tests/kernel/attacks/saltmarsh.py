"""Saltmarsh Community Radio, five members strong, as the attacks meet it: alone, or with three partner houses."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from commonhold.kernel.charter import CompiledCharter, compile_charter, draft_amendment
from commonhold.testing.house import MemoryHouse

FOLDER: Final = Path(__file__).resolve().parents[3] / "examples" / "saltmarsh"
MEMBERS: Final = ("heron", "tern", "plover", "curlew", "avocet")
SEVEN: Final = (*MEMBERS, "dunlin", "knot")
SEATS: Final = {"chair": "heron", "treasurer": "tern", "editor": "plover"}
START: Final = 1_700_000_000
"""The time of the first attest, POSIX seconds."""
DAY: Final = 86_400
LANGUAGE: Final = "en"


@cache
def compiled() -> CompiledCharter:
    """The charter and its texts."""
    return compile_charter((FOLDER / "charter.md").read_text("utf-8"), (FOLDER / "charter.toml").read_text("utf-8"))


def charter() -> dict[str, Any]:
    """The compiled charter; take a copy before bending it."""
    return compiled().value


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def statement(text: str) -> dict[str, str]:
    """The payload of an official statement."""
    return {"text": digest(text), "language": LANGUAGE}


def house(seats: Mapping[str, str] = SEATS, *, members: Sequence[str] = MEMBERS, seed: str = "saltmarsh") -> MemoryHouse:
    """A house that everybody has accepted, without partners."""
    made = MemoryHouse(charter(), members, seats, seed=seed)
    made.accept_all()
    return made


def partnered(seats: Mapping[str, str] = SEATS, *, members: Sequence[str] = MEMBERS) -> MemoryHouse:
    """A house whose clock is two of three partners; it shows START."""
    made = house(seats, members=members)
    proposal = made.propose("heron", "partner", made.make_partners("reed", "sedge", "rush", k=2))
    for name in members:
        if made.status(proposal) == "open":
            made.approve(proposal, name)
    assert made.attest(START).counts
    return made


def amendment(house: MemoryHouse, *changes: tuple[str, Any]) -> dict[str, Any]:
    """The payload that changes the rules at some places, written ``decisions/statement/by``."""
    new = copy.deepcopy(dict(house.state.charter.value))
    for place, value in changes:
        *outer, last = place.split("/")
        table = new["rules"]
        for key in outer:
            table = table[key]
        table[last] = value
    return draft_amendment(house.state.charter.value, new)

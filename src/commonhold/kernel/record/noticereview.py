"""What somebody is shown before they sign that word of a proposal has reached them, and over which way: the part of ``review`` that is about notices.

The twin of ``reader/src/signer/notice.js``. A request leaves the way out: only whoever was reached knows it, and a sender who writes it down has it signed by people who do not look.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from commonhold.kernel.charter.rules import WAYS
from commonhold.kernel.errors import RuleError
from commonhold.kernel.record.fact import Fact


def ways_left(found: Mapping[str, Any], member: str, key: str) -> tuple[str, ...]:
    """The ways over which *member* has not said yet, with their present kit, that word of the proposal *found* came.

    Raises:
        RuleError: ``acknowledge/not-told`` for whoever asks for it or approves it, ``acknowledge/told`` if none is left.
    """
    if found["by"] == member or member in _map(found.get("approvals")):
        raise RuleError(
            f"{member} asks for this or has approved it, and only the others are asked whether word has reached them",
            code="acknowledge/not-told",
            next_step="Nothing is needed from you.",
        )
    notices = _map(found.get("notices"))
    left = tuple(way for way in WAYS if _map(notices.get(f"{member}/{way}")).get("key") != key)
    if not left:
        raise RuleError(
            f"{member} has said of every way that word of this came over it",
            code="acknowledge/told",
            next_step="Nothing is needed from you.",
        )
    return left


def told_facts(found: Mapping[str, Any]) -> list[Fact]:
    """Who has said so far that word has reached them."""
    names = sorted({name.partition("/")[0] for name in _map(found.get("notices"))})
    return [Fact("noticed-by", {"names": ", ".join(names)})] if names else []


def reached(body: Mapping[str, Any], left: tuple[str, ...], way: str) -> dict[str, Any]:
    """The body to sign once somebody has said over which way word reached them.

    Raises:
        RuleError: ``acknowledge/way`` if that is none of the ways that are *left*.
    """
    if way not in left:
        raise RuleError(
            f"{way or 'no way'} is none of the ways that are left to be said: {', '.join(left)}",
            code="acknowledge/way",
            next_step="Say over which way word has reached you; once for each way that did.",
        )
    return {**body, "way": way}


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}

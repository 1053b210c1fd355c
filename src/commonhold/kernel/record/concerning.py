"""What of a record is by one member or about one member, for whoever asks for everything about themselves (DESIGN 10).

Rather too much than too little: an entry concerns a member if it is theirs, if their id stands anywhere in it, if it is an act on such a proposal, or a proposal
that they acted on. How others voted on what others proposed does not.

Not here: texts, works and files, which a record only names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from commonhold.kernel.record.entries import Entry
from commonhold.kernel.record.state import PARTS, State, value_of

BY: Final = "by"
NAMES: Final = "names"
ABOUT: Final = "about"
ACTED_ON: Final = "acted-on"


class Concern(NamedTuple):
    """An entry, where it stands among those that were given, and why it concerns the member.

    It is *by* them, *names* them, is *about* a proposal that does, or is a proposal that they *acted on*, without which nobody would know what they said.
    """

    place: int
    entry: Entry
    why: str


def concerning(entries: Sequence[Entry | None], member: str) -> Iterator[Concern]:
    """Those of *entries* that concern a member, in their order; None stands for what is no entry."""
    acted_on = {_proposal(value_of(entry.body)) for entry in entries if entry is not None and entry.by == member}
    proposals: set[str] = set()
    for place, entry in enumerate(entries):
        if entry is None:
            continue
        body = value_of(entry.body)
        why = BY if entry.by == member else NAMES if mentions(body, member) else ABOUT if _proposal(body) in proposals else ""
        if why and entry.type == "propose":
            proposals.add(entry.id)
        if not why and entry.id in acted_on:
            why = ACTED_ON
        if why:
            yield Concern(place, entry, why)


def state_concerning(state: State, member: str, entries: frozenset[str]) -> dict[str, dict[str, Any]]:
    """The values of the state, by part and key, in which a member stands, or that follow from one of *entries* (ids)."""
    found: dict[str, dict[str, Any]] = {}
    for part in PARTS:
        for key, value in state.part(part).items():
            plain = value_of(value)
            if key in entries or member in key.split("/") or mentions(plain, member) or _proposal(plain) in entries:
                found.setdefault(part, {})[key] = plain
    return found


def mentions(value: Any, member: str) -> bool:
    """Whether a member's id stands anywhere in a value, as a text or as a name."""
    if isinstance(value, str):
        return value == member
    if isinstance(value, Mapping):
        return member in value or any(mentions(part, member) for part in value.values())
    return isinstance(value, list | tuple) and any(mentions(part, member) for part in value)


def _proposal(plain: Any) -> str:
    found = plain.get("proposal", "") if isinstance(plain, Mapping) else ""
    return found if isinstance(found, str) else ""

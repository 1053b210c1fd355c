"""A proposal as the verbs report it: what the kernel answers, and what people need beside it to read that rightly.

The kernel says who approved and whose approval counts for which need. Here it is said whose approval no longer counts for any, which need
nobody is left to meet, and how the text begins that a digest stands for.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commonhold.kernel.errors import CommonholdError

if TYPE_CHECKING:
    from commonhold.kernel.record.state import State
    from commonhold.store.objects.directory import ObjectDirectory
    from commonhold.store.objects.remote import RemoteObjects

MAX_OPENING = 60
"""Characters of a text's first line that are shown beside its digest."""


class Openings:
    """How texts begin, by digest: from the objects of a house, in a folder or at an address, or from texts that are at hand; an absent text begins with nothing."""

    def __init__(self, place: Path | str = "", texts: Mapping[str, bytes] | None = None) -> None:
        self._place = str(place)
        self._objects: ObjectDirectory | RemoteObjects | None = None
        self._texts = texts or {}
        self._known: dict[str, str] = {}

    def __call__(self, digest: object) -> str:
        """The first line of the text with this *digest*, shortened; not yet safe for a terminal."""
        if not isinstance(digest, str):
            return ""
        if digest not in self._known:
            self._known[digest] = self._read(digest)
        return self._known[digest]

    def _read(self, digest: str) -> str:
        from commonhold.kernel.texts import parse_text  # noqa: PLC0415 - kept out of `--help`
        from commonhold.store.objects.remote import objects_at  # noqa: PLC0415

        try:
            if digest in self._texts:
                raw = self._texts[digest]
            elif self._place:
                self._objects = self._objects or objects_at(self._place)
                raw = self._objects.get(digest)
            else:
                return ""
            return first_line(parse_text(raw)[1].decode("utf-8"))
        except CommonholdError:
            return ""


NO_OPENINGS = Openings()
"""Where no texts are at hand."""


def first_line(text: str) -> str:
    """The first line of a text that says something, without the marks of a heading, at most ``MAX_OPENING`` characters."""
    lines = (line.lstrip("\ufeff# \t").strip() for line in text.splitlines())
    # A quotation mark in the text must not look like the end of it.
    line = next((line for line in lines if line), "").replace('"', "'")
    return line if len(line) <= MAX_OPENING else f"{line[: MAX_OPENING - 3].rstrip()}..."


def describe(state: State, proposal_id: str, openings: Openings = NO_OPENINGS) -> dict[str, Any]:
    """What ``describe_proposal`` says, with what people need beside it.

    ``opening`` is how its text begins, ``no_longer_counts`` names approvers whose approval counts for nothing now. A need that nobody is left
    to meet has ``nobody_left``, and ``if_appointed`` says whether somebody new in office could.

    Raises:
        RuleError: if the record has no such proposal.
    """
    from commonhold.kernel.charter.rules import Count  # noqa: PLC0415
    from commonhold.kernel.record import tally  # noqa: PLC0415
    from commonhold.kernel.record.queries import describe_proposal  # noqa: PLC0415

    found = describe_proposal(state, proposal_id)
    proposal = state.parts["proposals"][proposal_id]
    if opening := openings(proposal.payload.get("text")):
        found["opening"] = opening
    if proposal.status != "open":
        return found
    # What no attest covers yet counts once one does; what may only ratify an emergency act counts once that stands.
    if not proposal.emergency:
        counting = tally.approvers(state, proposal_id, proposal, state.size)
        found["no_longer_counts"] = [name for name in found["approved"] if name not in counting]
    # Quorums stand behind the needs, and nobody is a candidate for one: whoever takes part counts.
    for need, asked in zip(found["needs"], tally.needs_of(state, proposal_id, proposal), strict=False):
        if need["missing"] and not need["who_still_can"] and not found["pending"]:
            need["nobody_left"] = True
            need["if_appointed"] = isinstance(asked, Count) and any(_by_office(state, place) for place in asked.of)
    return found


def _by_office(state: State, place: str) -> bool:
    """Whether people count for *place* by an office, which somebody may still take; a register was closed when the proposal was made."""
    body = state.charter.bodies.get(place)
    return body is None or body.selector != "members"

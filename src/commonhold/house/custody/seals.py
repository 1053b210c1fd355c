"""What the record says of custody: who looks after what, which secrets are sealed and how well, what is released, and what must be changed.

No secret is here, and no share: the record holds commitments, and pages show names and counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from commonhold.kernel.messages import N_
from commonhold.kernel.record.keeping import WITNESSES, live_seal, manifest, openable_seal
from commonhold.kernel.record.state import State
from commonhold.kernel.record.strength import strength

LOST: Final[Mapping[str, str]] = {
    "left": N_("%(name)s is not a member any more"),
    "kit": N_("%(name)s has another kit now, and cannot open what was made for the old one"),
    "unproved": N_("%(name)s has never shown that the share is there"),
    "late": N_("%(name)s has not shown it within the time that the charter sets"),
}
REASONS: Final[Mapping[str, str]] = {
    "left": N_("%(who)s left"),
    "kit": N_("%(who)s has another kit"),
    "seat": N_("%(who)s does not hold the place any more"),
    "new": N_("%(who)s holds the place, and has no share"),
    "rule": N_("the charter asks for other custodians"),
    "release": N_("it was released, by decision %(who)s"),
}


@dataclass(frozen=True, slots=True)
class Entrusted:
    """A resource, and who looks after it."""

    resource: str
    holders: tuple[str, ...]
    proposal: str


@dataclass(frozen=True, slots=True)
class Proof:
    """A custodian's last proof of their share: at which entry, and when (0: no clock)."""

    member: str
    index: int
    time: int


@dataclass(frozen=True, slots=True)
class Live:
    """The seal that counts now.

    *sound* of *whole* shares count; *opens*: whether those could open it; *spare*: how many more may be lost in the worst case.
    """

    number: int
    opened_by: str
    sound: int
    whole: int
    opens: bool
    spare: int
    lost: tuple[tuple[str, str], ...]
    proved: tuple[Proof, ...]


@dataclass(frozen=True, slots=True)
class Opening:
    """A release that can still be carried out: to be done by whom, and who has given their share."""

    proposal: str
    number: int
    by: str
    until: int
    given: tuple[str, ...]
    enough: bool


@dataclass(frozen=True, slots=True)
class Rotating:
    """What must be changed, since which entry and why, and which step is next: ``change``, ``acknowledge`` or ``attest``."""

    index: int
    reasons: tuple[tuple[str, str], ...]
    step: str
    waits_for: tuple[str, ...]
    missing: int


@dataclass(frozen=True, slots=True)
class Sealed:
    """Everything about the seals of one resource."""

    resource: str
    article: str
    live: Live | None
    offered: tuple[tuple[int, tuple[str, ...]], ...]
    openings: tuple[Opening, ...]
    rotating: Rotating | None


def entrusted(state: State) -> list[Entrusted]:
    """The resources that somebody was entrusted with."""
    return [Entrusted(name, tuple(one.value.get("holders", ())), one.proposal) for name, one in sorted(state.part("resources").items())]


def sealed(state: State) -> list[Sealed]:
    """Every resource that is sealed, or that the charter says should be; those first that must be changed."""
    names = {seal.resource for seal in state.part("seals").values()} | set(state.charter.custody)
    return sorted((_sealed(state, name) for name in names), key=lambda one: (one.rotating is None, one.live is not None, one.resource))


def _sealed(state: State, resource: str) -> Sealed:
    clause, live = state.charter.custody.get(resource), live_seal(state, resource)
    offered = tuple(
        (seal.number, tuple(sorted(set(manifest(state, seal).holdings) - set(seal.proved))))
        for seal in sorted(state.part("seals").values(), key=lambda seal: seal.number)
        if seal.resource == resource and seal.status == "offered"
    )
    shown = None
    if live is not None:
        found = strength(state, live)
        proofs = tuple(Proof(name, proved.index, proved.time) for name, proved in sorted(live.proved.items()))
        people = found.structure.people()
        lost = tuple(sorted(found.lost.items()))
        shown = Live(live.number, found.structure.in_words(), len(found.sound), len(set(people)), found.opens, found.spare, lost, proofs)
    return Sealed(
        resource, clause.article if clause else "", shown, offered, tuple(_openings(state, resource)), _rotating(state, resource, offered)
    )


def _openings(state: State, resource: str) -> list[Opening]:
    found = []
    for key, release in sorted(state.part("releases").items(), key=lambda item: item[1].index):
        seal = openable_seal(state, resource, release.number) if release.resource == resource and not release.void else None
        if seal is not None and (state.clock is None or state.clock <= release.until):
            given = tuple(sorted(release.contributions))
            enough = manifest(state, seal).structure.is_met(set(given))
            found.append(Opening(key, release.number, release.by, release.until, given, enough))
    return found


def _rotating(state: State, resource: str, offered: tuple[tuple[int, tuple[str, ...]], ...]) -> Rotating | None:
    rotation = state.part("rotations").get(resource)
    if rotation is None:
        return None
    live = live_seal(state, resource)
    reasons = tuple((what, who[:12] if what == "release" else who) for what, _, who in (one.partition("/") for one in rotation.reasons))
    if live is not None and live.number > rotation.number:
        return Rotating(rotation.index, reasons, "attest", (), max(WITNESSES - len(live.changed), 1))
    later = [waits for number, waits in offered if number > rotation.number]
    return Rotating(rotation.index, reasons, "acknowledge" if later else "change", later[-1] if later else (), 0)

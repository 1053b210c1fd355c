"""Releases that are asked for or under way, as everybody may watch them: since when, not before when, who was told, who objects (DESIGN 5).

What custodians would learn by a mail that an attacker can swallow stands in the record, and so at every partner. This is what pages, feeds and notices show of
it: counts and times, and no words of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from commonhold.kernel.kinds import RELEASES
from commonhold.kernel.record import notices, tally
from commonhold.kernel.record.keeping import openable_seal
from commonhold.kernel.record.state import Proposal, Release, State

Step = Literal["asked", "waiting", "confirming", "decided"]
ASKED: Final = "asked"
WAITING: Final = "waiting"
CONFIRMING: Final = "confirming"
DECIDED: Final = "decided"


@dataclass(frozen=True, slots=True)
class Told:
    """Whom word has reached, of how many who must be; over which ways, of how many."""

    people: tuple[str, ...]
    people_needed: int
    ways: tuple[str, ...]
    ways_needed: int


@dataclass(frozen=True, slots=True)
class Watched:
    """One release.

    Args:
        step: ``asked`` until the rule is met, ``waiting``, ``confirming`` when the period is over, and ``decided`` while custodians give their shares.
        asked_at: when it was asked for, 0 where there is no clock.
        not_before: when it can be decided at the earliest, if everything else happens now; 0 where nothing says so. Of a decided one, 0.
        until: when it ends.
        told: None where its rule asks for no notices.
        objections: who objects; *objections_needed* of them stop it, 0 where nobody may.
        confirmed: who has said, after the wait, that it may pass; *confirms_needed* of them must.
        given: the custodians who have given their share.
    """

    id: str
    resource: str
    seal: int
    by: str
    emergency: bool
    step: Step
    index: int
    asked_at: int
    not_before: int
    until: int
    told: Told | None
    objections: tuple[str, ...]
    objections_needed: int
    confirmed: tuple[str, ...]
    confirms_needed: int
    given: tuple[str, ...]

    def as_value(self) -> dict[str, Any]:
        """The same as plain data, for programs."""
        told = self.told
        return {
            "release": self.id,
            "resource": self.resource,
            "seal": self.seal,
            "by": self.by,
            "emergency": self.emergency,
            "step": self.step,
            "asked": self.asked_at,
            "not_before": self.not_before,
            "until": self.until,
            "told": {"people": list(told.people), "needed": told.people_needed, "ways": list(told.ways), "ways_needed": told.ways_needed}
            if told is not None
            else None,
            "objections": {"by": list(self.objections), "needed": self.objections_needed},
            "confirmed": {"by": list(self.confirmed), "needed": self.confirms_needed},
            "given": list(self.given),
        }


def watched(state: State, resource: str = "") -> tuple[Watched, ...]:
    """The releases of a resource, or of all, that are asked for or under way, in the order in which they were asked for."""
    proposals = state.parts["proposals"]
    found = [_asked(state, key, proposals[key]) for key in state.opened if proposals[key].kind in RELEASES]
    for key, release in state.parts["releases"].items():
        over = release.void or (state.clock is not None and state.clock > release.until)
        if not over and openable_seal(state, release.resource, release.number) is not None:
            found.append(_decided(key, proposals[key], release))
    return tuple(sorted((one for one in found if resource in ("", one.resource)), key=lambda one: one.index))


def _asked(state: State, key: str, proposal: Proposal) -> Watched:
    limit = state.size if state.clock is None else state.covered
    frozen, payload = state.frozen[key], proposal.payload
    threshold = tally.objection_threshold(proposal, frozen.rules)
    step: Step = CONFIRMING if proposal.waited_at >= 0 else WAITING if proposal.carried else ASKED
    earliest = proposal.waits_until
    if not proposal.carried and state.clock is not None:
        waits = [rule.objection.within.after(state.clock) for rule in frozen.rules if rule.objection is not None]
        waits += [rule.time_lock.after(state.clock) for rule in frozen.rules if rule.time_lock is not None]
        waits += [rule.notice.after(proposal.noticed or state.clock) for rule in frozen.rules if rule.notice is not None]
        earliest = max(waits, default=0)
    told = None
    if any(rule.notices is not None for rule in frozen.rules):
        people, ways = notices.standings(state, key, proposal, limit)
        told = Told(people.counted, people.required, ways.counted, ways.required)
    confirmers = tally.confirmers(state, key, proposal)
    return Watched(
        key,
        payload["resource"],
        payload["seal"],
        proposal.by,
        proposal.kind == "emergency-release",
        step,
        proposal.index,
        proposal.frozen_at,
        earliest,
        payload["until"],
        told,
        tuple(sorted(tally.objectors(state, key, proposal, limit))) if threshold else (),
        threshold,
        tuple(sorted(tally.counting_acts(state, key, proposal.confirms, limit).keys() & confirmers)),
        tally.confirms_needed(state, key, proposal) if confirmers else 0,
        (),
    )


def _decided(key: str, proposal: Proposal, release: Release) -> Watched:
    given = tuple(sorted(release.contributions))
    return Watched(
        key, release.resource, release.number, release.by, release.emergency, DECIDED, proposal.index, proposal.frozen_at, 0, release.until,
        None, (), 0, (), 0, given,
    )  # fmt: skip

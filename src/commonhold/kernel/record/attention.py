"""What needs a member, what waits for others, and what puts an organisation at risk: read off a state, for home pages and notices (DESIGN 7).

Counts, names and times, and no words: pages choose those. How partners answer and what a disk does is no part of a state; whoever keeps the log knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from commonhold.kernel.record import notices, tally
from commonhold.kernel.record.keeping import openable_seal
from commonhold.kernel.record.state import Proposal, State
from commonhold.kernel.record.tally import Standing

DAY: Final = 86_400
SOON: Final = 60 * DAY
"""How long before its end a term is told as ending: time enough for an election."""
EXPIRES: Final = 7 * DAY
"""How long before its end an open proposal is told as about to expire."""


@dataclass(frozen=True, slots=True)
class Need:
    """Something that one member, and nobody in their place, is asked for.

    Args:
        what: ``found`` (accept the founding), ``approve``, ``ratify`` (an emergency act), ``confirm``, ``notice`` (say that word has come), ``seat``
            (accept an office), ``share`` (acknowledge it) or ``contribute`` (to a release).
        proposal: the decision that it is about; empty for the founding.
        name: the office, or the resource.
        until: when it ends, POSIX seconds on the record's clock; 0 where nothing ends it.
    """

    what: str
    proposal: str
    name: str = ""
    until: int = 0


@dataclass(frozen=True, slots=True)
class Risk:
    """Something that could cost the organisation its voice or its secrets.

    Args:
        what: ``founding``, ``no-partners``, ``no-clock``, ``office-empty``, ``term-ends``, ``no-kit``, ``rotation`` or ``expires``.
        name: the office, the resource or the proposal.
        members: whom it concerns.
        until: when it happens; 0 where it has happened.
    """

    what: str
    name: str = ""
    members: tuple[str, ...] = ()
    until: int = 0


def limit_of(state: State) -> int:
    """Below which index acts count now: all without a clock, those that an attest covers with one."""
    return state.size if state.clock is None else state.covered


def standings(state: State, proposal_id: str, proposal: Proposal) -> tuple[Standing, ...]:
    """How each need of an open proposal stands now, without who else could be counted; notices that its rules ask for come last."""
    limit = limit_of(state)
    return (
        *tally.standings(state, proposal_id, proposal, limit, candidates=False),
        *notices.standings(state, proposal_id, proposal, limit),
    )


def may_approve(state: State, proposal_id: str, proposal: Proposal, name: str) -> bool:
    """Whether an approval by *name* would count for something that the proposal still lacks; whoever has objected is not asked."""
    frozen, member = state.frozen[proposal_id], state.member(name)
    if member is None or member.status != "active" or name == frozen.excluded or name in proposal.objections:
        return False
    given = proposal.approvals.get(name)
    if given is not None and given.key in member.keys:
        return False
    if frozen.kit and not member.kit:
        return False
    offices = tally.acting_offices(state, name, () if proposal.emergency else frozen.rules)
    needs = tally.needs_of(state, proposal_id, proposal)
    missing = tally.standings(state, proposal_id, proposal, limit_of(state), candidates=False)
    # Quorums stand behind the needs; whoever takes part counts for them, and nobody is asked to.
    return any(
        standing.missing and tally.counts_for(state, proposal, need, name, offices, frozen)
        for need, standing in zip(needs, missing, strict=False)
    )


def must_confirm(state: State, proposal_id: str, proposal: Proposal, name: str) -> bool:
    """Whether a waiting period is over and the confirmation of *name* is still asked for."""
    if not proposal.carried or proposal.waited_at < 0 or name in proposal.confirms:
        return False
    return name in tally.may_confirm(state, proposal_id, proposal)


def needs_of(state: State, name: str) -> tuple[Need, ...]:
    """What the record asks of a member now: what ends first stands first, what nothing ends stands last."""
    found = sorted(_needs(state, name), key=lambda need: (need.until == 0, need.until))
    return tuple(found)


def _needs(state: State, name: str) -> Iterator[Need]:
    member = state.member(name)
    if member is None:
        return
    if member.status == "invited":
        yield Need("found", "")
        return
    if member.status != "active":
        return
    proposals = state.parts["proposals"]
    for key in sorted(state.opened, key=state.opened.__getitem__):
        proposal = proposals[key]
        if may_approve(state, key, proposal, name):
            yield Need("approve", key, until=_end(state, proposal))
        elif must_confirm(state, key, proposal, name):
            yield Need("confirm", key, until=_end(state, proposal))
        elif _is_told(state, key, proposal, name):
            yield Need("notice", key, until=_end(state, proposal))
    for key in sorted(state.undo):
        if may_approve(state, key, proposals[key], name):
            yield Need("ratify", key, until=proposals[key].ratify_until)
    yield from _held(state, name)


def _is_told(state: State, key: str, proposal: Proposal, name: str) -> bool:
    told = notices.standings(state, key, proposal, limit_of(state))
    said = {party.partition("/")[0] for party in proposal.notices}
    return bool(told) and any(one.missing for one in told) and name in told[0].candidates and name not in said


def _held(state: State, name: str) -> Iterator[Need]:
    """What is asked of somebody by the places that they have, or were offered."""
    for _, seat in sorted(state.parts["seats"].items()):
        if seat.member == name and (seat.status == "offered" or seat.renewal):
            yield Need("seat", seat.renewal or seat.by, seat.office)
    for _, seal in sorted(state.parts["seals"].items()):
        if seal.status == "offered" and name not in seal.proved and name in state.frozen[seal.proposal].payload.shares:
            yield Need("share", seal.proposal, seal.resource)
    for key, release in sorted(state.parts["releases"].items()):
        seal = openable_seal(state, release.resource, release.number)
        over = release.void or (state.clock is not None and state.clock > release.until)
        if over or seal is None or name == release.by or name in release.contributions:
            continue
        if name in state.frozen[seal.proposal].payload.shares:
            yield Need("contribute", key, release.resource, release.until)


def _end(state: State, proposal: Proposal) -> int:
    # Without a clock nothing ends by itself.
    return proposal.not_after if state.clock is not None else 0


def waiting_of(state: State, name: str) -> tuple[str, ...]:
    """The open proposals that a member has made, in the order in which they were made."""
    proposals = state.parts["proposals"]
    return tuple(key for key in sorted(state.opened, key=state.opened.__getitem__) if proposals[key].by == name)


def risks_of(state: State) -> tuple[Risk, ...]:
    """What is at risk, the worst first."""
    return tuple(_risks(state))


def _risks(state: State) -> Iterator[Risk]:
    members = state.parts["members"]
    invited = tuple(sorted(name for name, member in members.items() if member.status == "invited"))
    if invited:
        yield Risk("founding", members=invited)
    if state.policy is None and state.next_policy is None:
        yield Risk("no-partners")
    elif state.clock is None:
        yield Risk("no-clock")
    for resource in sorted(state.parts["rotations"]):
        yield Risk("rotation", resource)
    for office, made in sorted(state.charter.offices.items()):
        if not made.unusable and not state.holders.get(office):
            yield Risk("office-empty", office)
    if state.clock is not None:
        yield from _ending(state, state.clock)
    without = tuple(sorted(name for name, member in state.active_members() if not member.kit))
    if without:
        yield Risk("no-kit", members=without)


def _ending(state: State, clock: int) -> Iterator[Risk]:
    seats = [seat for seat in state.parts["seats"].values() if seat.status == "held" and seat.until and seat.until - clock <= SOON]
    for seat in sorted(seats, key=lambda seat: (seat.until, seat.office, seat.member)):
        yield Risk("term-ends", seat.office, (seat.member,), seat.until)
    proposals = state.parts["proposals"]
    ends = [(proposals[key].not_after, key) for key in state.opened if proposals[key].not_after - clock <= EXPIRES]
    for until, key in sorted(ends):
        yield Risk("expires", key, (proposals[key].by,), until)

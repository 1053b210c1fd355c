"""Notice: whom word of a proposal has reached, by their own signed word, and over which ways (DESIGN 3.3, 5).

A waiting period protects those who know that it runs. Where a rule asks for notices, it begins only once so many of those who may object, and who have no part in the
proposal, have said that word reached them, over so many different ways: whoever has taken everybody's mailbox has taken one. What is *sent* is no
business of the record's, for a sender can lie; a receipt is an act of the receiver.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from commonhold.kernel.errors import RuleError
from commonhold.kernel.record import custody, tally
from commonhold.kernel.record.entries import Entry
from commonhold.kernel.record.state import Act, Draft, Member, Proposal, State

PEOPLE: Final = "notice"
WAYS: Final = "ways of notice"
"""What the two needs are called among a proposal's others; no office or body can be called so."""


def asked(state: State, proposal_id: str, proposal: Proposal) -> frozenset[str]:
    """Whom the proposal's rules ask whether word has reached them: those who would have to confirm and have a voice; nobody where no rule asks."""
    if not any(rule.notices for rule in state.frozen[proposal_id].rules):
        return frozenset()
    return tally.voices(state, proposal, tally.confirmers(state, proposal_id, proposal))


def reached(state: State, proposal_id: str, proposal: Proposal, limit: int) -> frozenset[tuple[str, str]]:
    """Whom word has reached, and how: of those below *limit* who may object and are neither proposer, approver, beneficiary nor subject."""
    told = asked(state, proposal_id, proposal)
    found = set()
    for key, act in proposal.notices.items():
        name, _, way = key.partition("/")
        if name in told and act.index < limit and act.key == state.parts["members"][name].kit:
            found.add((name, way))
    return frozenset(found)


def standings(state: State, proposal_id: str, proposal: Proposal, limit: int) -> tuple[tally.Standing, ...]:
    """How the notices stand that the proposal's rules ask for; empty where they ask for none."""
    wanted = [rule.notices for rule in state.frozen[proposal_id].rules if rule.notices is not None]
    if not wanted or proposal.emergency:
        return ()
    pairs = reached(state, proposal_id, proposal, limit)
    people, ways = {name for name, _ in pairs}, {way for _, way in pairs}
    others = asked(state, proposal_id, proposal) - people
    return (
        tally.Standing(PEOPLE, max(notices.people for notices in wanted), tuple(sorted(people)), tuple(sorted(others))),
        tally.Standing(WAYS, max(notices.ways for notices in wanted), tuple(sorted(ways)), ()),
    )


def acknowledge(draft: Draft, entry: Entry, member: Member) -> str:
    """Record that word of a proposal has reached somebody; what is acknowledged of a seal is ``custody``'s business."""
    what: str = entry.body.what
    of: str = entry.body.of
    way: str = entry.body.way
    if (what == "notice") != bool(way):
        raise RuleError(
            f"an acknowledgement of {what!r} {'names the way' if way else 'does not say over which way'}",
            code="acknowledge/way",
            next_step="A notice names its way, and nothing else does.",
        )
    if what != "notice":
        return custody.acknowledge(draft, entry, member)
    proposal = draft.proposal(of)
    if proposal is None or proposal.status != "open":
        raise RuleError(f"there is no open proposal {of[:12]} that word could reach anybody of", code="acknowledge/no-proposal")
    if draft.base + entry.seen_size <= proposal.index:
        raise RuleError(
            "the acknowledgement was signed by somebody who had not seen the proposal in the record",
            code="act/seen-too-little",
            next_step="Fetch the record again and sign what it says now.",
        )
    told = asked(draft, of, proposal)
    if entry.by not in told:
        raise RuleError(
            f"the rule of this proposal does not ask whether word has reached {entry.by}",
            code="acknowledge/not-told",
            data={"asked": sorted(told)},
            next_step="It asks those who may object and have no part in the proposal, where it asks for notices at all.",
        )
    key = f"{entry.by}/{way}"
    if key in proposal.notices and proposal.notices[key].key == entry.key:
        raise RuleError(f"{entry.by} has said already that word came by {way}", code="acknowledge/again")
    draft.put("proposals", of, replace(proposal, notices={**proposal.notices, key: Act(draft.size, entry.key)}))
    return of

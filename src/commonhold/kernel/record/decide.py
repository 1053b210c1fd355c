"""The life of a decision: open, carried, waiting, enacted, or ended otherwise (DESIGN 3.3).

In a house with partners a proposal is judged when an attest covers what was said of it, at that attest's time; in a house without, at the
entry itself. Due proposals enact in ascending order of their index, each in the state that its predecessor left.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec.structs import replace

from commonhold.kernel.errors import CommonholdError, RuleError
from commonhold.kernel.record import effects, notices, tally
from commonhold.kernel.record.state import Draft, Proposal

EMERGENCY_PARTS: Final = frozenset({"channels", "origins", "resolutions", "resources", "statements", "works"})
"""Parts that an act under an emergency power may change, and that are put back if it is not ratified in time. What was spent stays counted
towards the limits of money: a payment does not come back because nobody ratified it."""


class Event(msgspec.Struct, frozen=True, gc=False):
    """Something that an entry brought about, for people and pages: a *name* such as "enacted" and the ids behind it."""

    name: str
    data: dict[str, Any]


def judge(draft: Draft, proposal_id: str, index: int, limit: int, events: list[Event]) -> None:
    """Look at one proposal again and move it on as far as it goes.

    Args:
        index: the entry at which the judgement falls (the attest, or the act itself).
        limit: acts below this index are counted.
    """
    proposal: Proposal = draft.parts["proposals"][proposal_id]
    if proposal.index >= limit:
        return
    if proposal.status == "enacted":
        _judge_ratification(draft, proposal_id, proposal, index, limit, events)
        return
    if proposal.status != "open":
        return
    if draft.clock is not None:
        if draft.clock > proposal.not_after:
            _close(draft, proposal_id, proposal, "expired", index, events, words="it was not decided in time")
            return
        if not proposal.noticed:
            proposal = replace(proposal, noticed=draft.clock)
            draft.put("proposals", proposal_id, proposal)
    rules = draft.frozen[proposal_id].rules
    threshold = tally.objection_threshold(proposal, rules)
    if threshold and not proposal.emergency:
        against = tally.objectors(draft, proposal_id, proposal, limit)
        if len(against) >= threshold:
            _close(draft, proposal_id, proposal, "blocked", index, events, words=f"objected to by {', '.join(sorted(against))}")
            return
    if not proposal.objections and not proposal.carried and tally.too_few(proposal, tally.needs_of(draft, proposal_id, proposal)):
        return
    standings = (
        *tally.standings(draft, proposal_id, proposal, limit, candidates=False),
        *notices.standings(draft, proposal_id, proposal, limit),
    )
    if any(standing.missing for standing in standings):
        _not_carried(draft, proposal_id, proposal, standings, index, events)
        return
    if not _has_waited(draft, proposal_id, proposal, index, limit, events):
        return
    _enact(draft, proposal_id, index, limit, events)


def _not_carried(
    draft: Draft, proposal_id: str, proposal: Proposal, standings: tuple[tally.Standing, ...], index: int, events: list[Event]
) -> None:
    if proposal.carried:
        # It had been carried and lost a voice while it waited: the waiting starts again if it is carried once more, and so do confirmations,
        # for those given had not seen the end of that wait.
        proposal = replace(proposal, carried=0, waits_until=0, waited_at=-1, confirms={})
        draft.put("proposals", proposal_id, proposal)
    out_of_reach = next((standing for standing in standings if not standing.reachable), None)
    if out_of_reach is not None:
        words = f"so many object that {out_of_reach.required} of the {out_of_reach.what} cannot be reached any more"
        _close(draft, proposal_id, proposal, "failed", index, events, words=words)


def _has_waited(draft: Draft, proposal_id: str, proposal: Proposal, index: int, limit: int, events: list[Event]) -> bool:
    """Whether every waiting period is over and confirmed; a house without a clock has none (a majority stood in for them)."""
    rules = draft.frozen[proposal_id].rules
    at_once = not proposal.clocked or proposal.emergency or tally.is_unwitnessed(proposal)
    if at_once or not any(tally.waits(rule) for rule in rules) or draft.clock is None:
        return True
    if not proposal.carried:
        until = draft.clock
        for rule in rules:
            if rule.notice is not None:
                until = max(until, rule.notice.after(proposal.noticed))
            if rule.time_lock is not None:
                until = max(until, rule.time_lock.after(draft.clock))
            if rule.objection is not None:
                until = max(until, rule.objection.within.after(draft.clock))
        proposal = replace(proposal, carried=draft.clock, waits_until=until)
        draft.put("proposals", proposal_id, proposal)
        events.append(Event("carried", {"proposal": proposal_id, "until": until}))
    if draft.clock < proposal.waits_until:
        return False
    if proposal.waited_at < 0:
        proposal = replace(proposal, waited_at=index)
        draft.put("proposals", proposal_id, proposal)
        events.append(Event("waited", {"proposal": proposal_id}))
    return tally.is_confirmed(draft, proposal_id, proposal, limit)


def _enact(draft: Draft, proposal_id: str, index: int, limit: int, events: list[Event]) -> None:
    proposal: Proposal = draft.parts["proposals"][proposal_id]
    approvers = tally.approvers(draft, proposal_id, proposal, limit)
    before, earlier = draft.freeze(), draft.changed
    changes: dict[str, Any] = {}
    draft.changed = set()
    try:
        if proposal.emergency:
            changes = _start_emergency(draft, proposal)
        effects.close(draft, proposal_id, proposal, "enacted", index)
        effects.enact(draft, proposal_id, proposal, approvers, index)
    except CommonholdError as error:
        draft.restore(before)
        draft.changed = earlier
        _close(draft, proposal_id, proposal, "refused", index, events, why=error.code, words=str(error))
        return
    changed = draft.changed
    draft.changed = earlier | changed
    if changes:
        draft.put("proposals", proposal_id, replace(draft.parts["proposals"][proposal_id], **changes))
        undo = tuple(
            (part, key, before.parts[part].get(key), draft.parts[part].get(key)) for part, key in sorted(changed) if part in EMERGENCY_PARTS
        )
        draft.undo = draft.undo.set(proposal_id, undo)
    events.append(
        Event(
            "enacted", {"proposal": proposal_id, "kind": proposal.kind, "articles": list(proposal.articles), "approvers": list(approvers)}
        )
    )


def _start_emergency(draft: Draft, proposal: Proposal) -> dict[str, Any]:
    """Open or continue the window of an emergency power; gives the fields that the enacted proposal gets for its ratification."""
    emergency = draft.charter.emergencies[proposal.emergency]
    clock = draft.clock
    assert clock is not None, "an emergency proposal is only accepted in a house with a clock"  # noqa: S101 - for the types; nothing from outside decides it
    window: dict[str, int] | None = draft.parts["emergencies"].get(emergency.name)
    if window is None:
        window = {"started": clock, "used": 1}
    elif clock > emergency.expires.after(window["started"]):
        if window["used"] > emergency.renewals:
            raise RuleError(
                f"the emergency power {emergency.name} ran out and may be used again only once its acts are ratified (article {emergency.article})",
                code="emergency/spent",
                data={"article": emergency.article},
            )
        window = {"started": clock, "used": window["used"] + 1}
    draft.put("emergencies", emergency.name, window)
    # Without a time of its own, ratification is due when the power itself runs out.
    within = emergency.ratify_within or emergency.expires
    return {"ratify_until": within.after(clock)}


def _judge_ratification(draft: Draft, proposal_id: str, proposal: Proposal, index: int, limit: int, events: list[Event]) -> None:
    """Let an emergency act stand once the ordinary rule is met, and put everything back when its time is over."""
    assert draft.clock is not None, "only an attest leads here: an emergency needs a clock"  # noqa: S101 - for the types; nothing from outside decides it
    # What this attest covers happened at its time, so a ratification that comes with it is as late as it is.
    if draft.clock > proposal.ratify_until:
        _lapse(draft, proposal_id, proposal, index)
        events.append(Event("lapsed", {"proposal": proposal_id}))
        return
    threshold = tally.objection_threshold(proposal, draft.frozen[proposal_id].rules)
    if threshold and len(tally.objectors(draft, proposal_id, proposal, limit)) >= threshold:
        # What the ordinary rule would have blocked is not ratified either: it lapses when its time is over.
        return
    standings = tally.standings(draft, proposal_id, proposal, limit, candidates=False)
    if not any(standing.missing for standing in standings):
        draft.put("proposals", proposal_id, replace(proposal, why="ratified", closed=index, closed_at=draft.clock))
        draft.undo = draft.undo.delete(proposal_id)
        if not any(draft.parts["proposals"][other].emergency == proposal.emergency for other in draft.undo):
            draft.drop("emergencies", proposal.emergency)
        events.append(Event("ratified", {"proposal": proposal_id}))


def _lapse(draft: Draft, proposal_id: str, proposal: Proposal, index: int) -> None:
    for part, key, old, new in draft.undo[proposal_id]:
        if draft.parts[part].get(key) == new:
            draft.drop(part, key) if old is None else draft.put(part, key, old)
        for other, steps in draft.undo.items():
            # A later emergency act was built on this one: if that lapses too, what comes back is what stood before both.
            mended = tuple((*step[:2], old, step[3]) if step[:3] == (part, key, new) else step for step in steps)
            draft.undo = draft.undo.set(other, mended)
    draft.undo = draft.undo.delete(proposal_id)
    effects.close(draft, proposal_id, proposal, "lapsed", index, words="not ratified in time")


def _close(
    draft: Draft, proposal_id: str, proposal: Proposal, status: str, index: int, events: list[Event], *, why: str = "", words: str
) -> None:
    effects.close(draft, proposal_id, proposal, status, index, why=why, words=words)
    events.append(Event(status, {"proposal": proposal_id, "why": words}))

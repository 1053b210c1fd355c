"""Questions to a state, answered as plain data: who approved, who still can, what is missing, until when (DESIGN 3.3).

What these functions return is what ``--json`` prints and what pages show; they choose no words beyond the charter's own names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from commonhold.kernel.errors import RuleError
from commonhold.kernel.record import notices, tally
from commonhold.kernel.record.shortcode import short_code
from commonhold.kernel.record.state import Decided, Proposal, State, value_of


def describe_proposal(state: State, proposal_id: str) -> dict[str, Any]:
    """Everything about one proposal that helps people to act on it.

    Raises:
        RuleError: if the record has no such proposal.
    """
    proposal = state.proposal(proposal_id)
    if proposal is None:
        raise RuleError(
            f"the record has no proposal {proposal_id[:12]}", code="act/no-proposal", next_step="`commonhold status` lists the open ones."
        )
    limit = state.size if state.clock is None else state.covered
    answer: dict[str, Any] = {
        "id": proposal_id,
        "kind": proposal.kind,
        "status": proposal.status,
        "by": proposal.by,
        "index": proposal.index,
        "payload": proposal.payload,
        "articles": list(proposal.articles),
        "rules": list(proposal.rules),
        "approved": sorted(proposal.approvals),
        "objected": sorted(proposal.objections),
        "confirmed": sorted(proposal.confirms),
        "not_after": proposal.not_after,
        "ends": state.clock is not None,
        "needs": [],
        "pending": _pending(state, proposal),
    }
    if proposal.why:
        answer["code"] = proposal.why
    if words := state.reasons.get(proposal_id, ""):
        answer["why"] = words
    if proposal.status == "enacted":
        answer["short_code"] = short_code(proposal_id)
    if proposal.status != "open":
        answer["closed"] = {"index": proposal.closed, "time": proposal.closed_at}
        if proposal_id not in state.undo:
            return answer
        answer["ratification"] = {"until": proposal.ratify_until}
    frozen = state.frozen[proposal_id]
    answer["needs"] = [
        {
            "what": standing.what,
            "required": standing.required,
            "counted": list(standing.counted),
            "missing": standing.missing,
            "who_still_can": list(standing.candidates),
        }
        for standing in (
            *tally.standings(state, proposal_id, proposal, limit),
            *(notices.standings(state, proposal_id, proposal, limit) if proposal.status == "open" else ()),
        )
    ]
    threshold = tally.objection_threshold(proposal, frozen.rules) if proposal.status == "open" else 0
    if threshold:
        answer["objection"] = {
            "needed": threshold,
            "who_can": sorted(tally.voices(state, proposal, tally.objection_holders(state, proposal, frozen)) - proposal.objections.keys()),
        }
    if proposal.carried:
        answer["waiting"] = {"until": proposal.waits_until, "over": proposal.waited_at >= 0}
        if proposal.waited_at >= 0:
            answer["waiting"]["who_must_confirm"] = sorted(tally.may_confirm(state, proposal_id, proposal) - proposal.confirms.keys())
            answer["waiting"]["confirms_needed"] = tally.confirms_needed(state, proposal_id, proposal)
    if tally.replaces_wait(proposal, frozen.rules):
        answer["note"] = "no-clock-majority"
    return answer


def _pending(state: State, proposal: Proposal) -> list[str]:
    """Members whose act on this proposal no attest covers yet; empty in a house without a clock."""
    if state.clock is None:
        return []
    told = [(key.partition("/")[0], act) for key, act in proposal.notices.items()]
    acts = [*proposal.approvals.items(), *proposal.objections.items(), *proposal.confirms.items(), *told]
    return sorted({name for name, act in acts if act.index >= state.covered})


def describe_decided(decided: Decided) -> dict[str, Any]:
    """Something that was decided, as plain data."""
    return {
        "proposal": decided.proposal,
        "articles": list(decided.articles),
        "approvers": list(decided.approvers),
        "index": decided.index,
        "time": decided.time,
        "status": decided.status,
        **{f"payload_{key}": value for key, value in decided.value.items()},
    }


def describe_state(state: State) -> dict[str, Any]:
    """The whole state, in the shape that ``commonhold state --json`` prints."""
    return {
        "org": state.org,
        "epoch": state.epoch,
        "origin": state.origin,
        "size": state.size,
        "phase": state.phase,
        "charter": {"name": state.charter.name, "version": state.charter.version, "digest": state.charter.digest.hex()},
        "clock": value_of(state.part("clock").get("clock", {})),
        "members": {name: _member(state, name) for name in sorted(state.part("members"))},
        "seats": [value_of(seat) for _, seat in sorted(state.part("seats").items())],
        "open": [proposal for proposal, _ in sorted(state.opened.items(), key=lambda item: item[1])],
        "channels": _decided(state.part("channels")),
        "statements": _decided(state.part("statements")),
        "works": _decided(state.part("works")),
        "erasures": _decided(state.part("erasures")),
        "resolutions": _decided(state.part("resolutions")),
        "resources": _decided(state.part("resources")),
        "partners": {key: value_of(value) for key, value in state.part("partners").items()},
    }


def _member(state: State, name: str) -> dict[str, Any]:
    member = state.parts["members"][name]
    answer = {"status": member.status, "since": member.since, "kit": member.kit, "offices": list(state.offices_of(name))}
    if member.counts_from:
        answer["counts_from"] = member.counts_from
    return answer


def _decided(part: Mapping[str, Decided]) -> dict[str, Any]:
    return {key: describe_decided(value) for key, value in sorted(part.items())}

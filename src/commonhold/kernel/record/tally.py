"""Counting: who approved, who still can, what is missing (DESIGN 3.3).

Pure questions about one proposal in one state. People are counted, never signatures: a member counts once however many keys they sign with,
and where a charter asks for people from several offices, each person fills one place. Denominators were frozen when the proposal was made;
members who have left and keys that were revoked since drop from the numerator only. An office counts for an approval when it was held both
then and now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from commonhold.kernel.charter.rules import Count, Fraction, Need, Rule, Share
from commonhold.kernel.charter.rules import All as AllOf
from commonhold.kernel.kinds import PROBATION_KINDS
from commonhold.kernel.record.state import Act, Delegation, Frozen, Member, Proposal, State

MAJORITY: Final = Fraction(1, 2, strict=True)
OBJECTION_BASE: Final = "objection"
"""The key under which a proposal's ``bases`` hold the number of people who may object; no body can be called that."""

WAIT_FOR_MAJORITY: Final = frozenset({"admit", "recover-member"})
"""Acts that start a member's 30 days in a house with a clock; in one without, a majority of the register stands in for the wait."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How one need of a proposal stands: *counted* of *required*, and who else could still be counted."""

    what: str
    required: int
    counted: tuple[str, ...]
    candidates: tuple[str, ...]
    reachable: bool = True

    @property
    def missing(self) -> int:
        """How many more people are needed."""
        return max(0, self.required - len(self.counted))


def freeze(state: State, proposal: Proposal, rules: tuple[Rule, ...], payload: Any) -> Frozen:
    """Fix what a proposal is judged by.

    In a house without a clock a waiting period cannot be judged, so a majority of the register stands in for it.
    """
    needs = [need for rule in rules if rule.need is not None for need in flat(rule.need)]
    if replaces_wait(proposal, rules):
        needs.append(Share(state.charter.top_body, MAJORITY))
    kit = not all(rule.everyday for rule in rules)
    return Frozen(rules, payload, tuple(needs), kit, "" if all(rule.subject_votes for rule in rules) else subject(proposal))


def needs_of(state: State, proposal_id: str, proposal: Proposal) -> tuple[Count | Share, ...]:
    """Every need that the proposal must meet, flat: those of its rules, or those of the emergency power that it invokes."""
    if proposal.emergency and proposal.status == "open":
        emergency = state.charter.emergencies.get(proposal.emergency)
        # A power that an amendment has abolished meanwhile is held by nobody.
        return tuple(flat(emergency.holder)) if emergency else (Count((), 1),)
    return state.frozen[proposal_id].needs


def replaces_wait(proposal: Proposal, rules: tuple[Rule, ...]) -> bool:
    """Whether a majority of the register must stand in for a waiting period that this house has no clock for."""
    return not proposal.clocked and (proposal.kind in WAIT_FOR_MAJORITY or any(waits(rule) for rule in rules))


def waits(rule: Rule) -> bool:
    """Whether the rule has a waiting period of any kind."""
    return rule.notice is not None or rule.time_lock is not None or rule.objection is not None


def in_register(member: Member, proposal: Proposal, *, kit: bool) -> bool:
    """Whether *member* belongs to the register that was frozen when *proposal* was made, and is still there."""
    if member.status != "active" or member.since > proposal.index:
        return False
    if kit and (not member.kit or member.kit_since > proposal.index):
        return False
    return not (proposal.clocked and proposal.kind in PROBATION_KINDS and member.counts_from > proposal.frozen_at)


def acting_offices(state: State, member: str, rules: tuple[Rule, ...]) -> tuple[str, ...]:
    """The offices in which *member* may act under these rules: those held, and those delegated for one of the rules."""
    held = state.offices_of(member)
    delegated = [
        delegation.office
        for rule in rules
        if (delegation := _delegation(state, rule.name, member)) is not None and delegation.by in state.holders.get(delegation.office, ())
    ]
    return tuple(sorted({*held, *delegated})) if delegated else held


def _delegation(state: State, rule: str, member: str) -> Delegation | None:
    found: Delegation | None = state.parts["delegations"].get(f"{rule}/{member}")
    return found


def counting_acts(state: State, proposal_id: str, proposal: Proposal, acts: Mapping[str, Act], limit: int) -> dict[str, Act]:
    """The acts that still count: covered (index below *limit*), by an active member, with a key that is still theirs."""
    kit = state.frozen[proposal_id].kit
    members = state.parts["members"]
    counting = {}
    for name, act in acts.items():
        member: Member | None = members.get(name)
        if act.index < limit and member is not None and member.status == "active":
            if act.key == member.kit or (not kit and act.key in member.keys):
                counting[name] = act
    return counting


def _counted(state: State, proposal: Proposal, places: tuple[str, ...], acts: Mapping[str, Act], frozen: Frozen) -> frozenset[str]:
    people = set()
    for name, act in acts.items():
        for place in places:
            if fills(state, proposal, place, name, act.offices, frozen):
                people.add(name)
                break
    return frozenset(people)


def fills(state: State, proposal: Proposal, place: str, name: str, offices: tuple[str, ...], frozen: Frozen) -> bool:
    """Whether *name*, who acted through *offices*, counts for *place* (an office or a body) now."""
    body = state.charter.bodies.get(place)
    if body is not None and body.selector == "members":
        member = state.member(name)
        return member is not None and in_register(member, proposal, kit=frozen.kit)
    office = place if body is None else body.selector
    if office not in offices:
        return False
    return name in state.holders.get(office, ()) or office in acting_offices(state, name, frozen.rules)


def standings(
    state: State, proposal_id: str, proposal: Proposal, limit: int, *, only: frozenset[str] | None = None, candidates: bool = True
) -> tuple[Standing, ...]:
    """How each need of the proposal stands when everything below *limit* is counted.

    Args:
        only: count these approvers alone (the ones who signed again after a waiting period).
        candidates: also list who could still approve; leave that out where only the result matters, for it walks the register.
    """
    frozen = state.frozen[proposal_id]
    approvals = counting_acts(state, proposal_id, proposal, proposal.approvals, limit)
    if only is not None:
        approvals = {name: act for name, act in approvals.items() if name in only}
    objectors = counting_acts(state, proposal_id, proposal, proposal.objections, limit)
    approvals.pop(frozen.excluded, None)
    needs = needs_of(state, proposal_id, proposal)
    places = [need.of if isinstance(need, Count) else (need.body,) for need in needs]
    counted = [_counted(state, proposal, group, approvals, frozen) for group in places]
    filled = assign([(counted[i], need.m) for i, need in enumerate(needs) if isinstance(need, Count)])
    out: list[Standing] = []
    for need, group, people in zip(needs, places, counted, strict=True):
        if isinstance(need, Count):
            people, required, reachable = filled.pop(0), need.m, True
        else:
            base = proposal.bases[need.body]
            required = need.fraction.required(base)
            against = sum(fills(state, proposal, need.body, name, act.offices, frozen) for name, act in objectors.items())
            reachable = base - against >= required
        more: tuple[str, ...] = ()
        if candidates and len(people) < required:
            others = {n for place in group for n in eligible(state, proposal, place, frozen)}
            more = tuple(sorted(others - approvals.keys() - objectors.keys() - {frozen.excluded}))
        out.append(Standing(" or ".join(group), required, tuple(sorted(people)), more, reachable))
    out.extend(_quorums(state, proposal, frozen, approvals.keys() | objectors.keys()))
    return tuple(out)


def eligible(state: State, proposal: Proposal, place: str, frozen: Frozen) -> frozenset[str]:
    """Everybody who counts for *place* now, whether they have acted or not."""
    body = state.charter.bodies.get(place)
    if body is not None and body.selector == "members":
        return frozenset(name for name, member in state.active_members() if in_register(member, proposal, kit=frozen.kit))
    office = place if body is None else body.selector
    delegates = {
        key.partition("/")[2]
        for rule in frozen.rules
        for key, delegation in state.parts["delegations"].items()
        if key.startswith(f"{rule.name}/") and delegation.office == office
    }
    return state.holders.get(office, frozenset()) | delegates


def assign(groups: list[tuple[frozenset[str], int]]) -> list[frozenset[str]]:
    """Give each group up to its number of people so that nobody is counted twice and as many places as possible are filled.

    One person who is both chair and treasurer fills one of "chair and treasurer", never both. (Augmenting paths on a bipartite graph.)
    """
    if len(groups) == 1:
        return [groups[0][0]]
    slots = [people for people, m in groups for _ in range(min(m, len(people)))]
    owner = [i for i, (people, m) in enumerate(groups) for _ in range(min(m, len(people)))]
    taken: dict[str, int] = {}

    def place(slot: int, seen: set[str]) -> bool:
        for person in sorted(slots[slot]):
            if person not in seen:
                seen.add(person)
                if person not in taken or place(taken[person], seen):
                    taken[person] = slot
                    return True
        return False

    for slot in range(len(slots)):
        place(slot, set())
    return [frozenset(person for person, slot in taken.items() if owner[slot] == i) for i in range(len(groups))]


def objection_threshold(proposal: Proposal, rules: tuple[Rule, ...]) -> int:
    """How many objections stop the proposal; 0 where nobody has that right."""
    thresholds = [
        needed if isinstance(needed := rule.objection.at_least, int) else needed.required(proposal.bases[OBJECTION_BASE])
        for rule in rules
        if rule.objection is not None
    ]
    return min(thresholds, default=0)


def objection_holders(state: State, proposal: Proposal, frozen: Frozen) -> frozenset[str]:
    """Everybody who holds the right of objection to this proposal now."""
    places = {place for rule in frozen.rules if rule.objection is not None for place in rule.objection.of}
    return frozenset(name for place in places for name in eligible(state, proposal, place, frozen))


def objectors(state: State, proposal_id: str, proposal: Proposal, limit: int) -> frozenset[str]:
    """The members whose objection counts towards stopping the proposal."""
    holders = objection_holders(state, proposal, state.frozen[proposal_id])
    return frozenset(counting_acts(state, proposal_id, proposal, proposal.objections, limit).keys() & holders)


def confirmers(state: State, proposal_id: str, proposal: Proposal) -> frozenset[str]:
    """Holders of the objection right who are neither proposer, approver, beneficiary nor subject: those whose confirmation counts."""
    involved = {proposal.by, subject(proposal), *proposal.approvals}
    return objection_holders(state, proposal, state.frozen[proposal_id]) - involved


def is_confirmed(state: State, proposal_id: str, proposal: Proposal, limit: int) -> bool:
    """Whether, after the waiting period, enough people have said that it may pass: silence is never consent.

    So many holders of the objection right must have confirmed that fewer remain than an objection needs. If nobody is eligible to confirm,
    the approvers must sign again, and those who did must meet the rule by themselves.
    """
    acts = counting_acts(state, proposal_id, proposal, proposal.confirms, limit)
    can = confirmers(state, proposal_id, proposal)
    if can:
        remaining = can - acts.keys()
        return len(remaining) < objection_threshold(proposal, state.frozen[proposal_id].rules)
    again = standings(state, proposal_id, proposal, limit, only=frozenset(acts), candidates=False)
    return all(standing.missing == 0 for standing in again)


def subject(proposal: Proposal) -> str:
    """The member whom the proposal is about or benefits, or an empty string."""
    value = proposal.payload.get("member") or (proposal.payload.get("to") if proposal.kind == "delegate" else "")
    return value or ""


def freeze_bases(state: State, proposal: Proposal, frozen: Frozen) -> dict[str, int]:
    """The denominators of a proposal, counted in the state in which it is made."""
    bodies = {need.body for need in frozen.needs if isinstance(need, Share)}
    bodies |= {rule.quorum.of for rule in frozen.rules if rule.quorum is not None}
    if proposal.emergency:
        bodies |= {need.body for need in flat(state.charter.emergencies[proposal.emergency].holder) if isinstance(need, Share)}
    bases = {body: len(eligible(state, proposal, body, frozen) - {frozen.excluded}) for body in sorted(bodies)}
    if any(rule.objection is not None for rule in frozen.rules):
        bases[OBJECTION_BASE] = len(objection_holders(state, proposal, frozen))
    return bases


def _quorums(state: State, proposal: Proposal, frozen: Frozen, taking_part: frozenset[str] | set[str]) -> Iterator[Standing]:
    if proposal.emergency and proposal.status == "open":
        return
    for rule in frozen.rules:
        if rule.quorum is not None:
            needed = rule.quorum.at_least
            required = needed if isinstance(needed, int) else needed.required(proposal.bases[rule.quorum.of])
            people = taking_part & eligible(state, proposal, rule.quorum.of, frozen)
            yield Standing(f"quorum of {rule.quorum.of}", required, tuple(sorted(people)), ())


def flat(need: Need) -> Iterator[Count | Share]:
    if isinstance(need, AllOf):
        for part in need.needs:
            yield from flat(part)
    else:
        yield need


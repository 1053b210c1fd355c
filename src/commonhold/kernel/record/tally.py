"""Counting: who approved, who still can, what is missing (DESIGN 3.3).

Pure questions about one proposal in one state. People are counted, never signatures: a member counts once however many keys they sign with,
and where a charter asks for people from several offices, each person fills one place. Denominators were frozen when the proposal was made;
members who have left and keys that were revoked since drop from the numerator only. An office counts for an approval when it was held both
then and now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from commonhold.kernel.charter.rules import All as AllOf
from commonhold.kernel.charter.rules import Count, Fraction, Need, Rule, Share
from commonhold.kernel.kinds import PROBATION_KINDS, RELEASES
from commonhold.kernel.record.matching import assign
from commonhold.kernel.record.state import Act, Delegation, Frozen, Member, Proposal, State

MAJORITY: Final = Fraction(1, 2, strict=True)
TWO_THIRDS: Final = Fraction(2, 3, strict=False)
OBJECTION_BASE: Final = "objection"
"""The key under which a proposal's ``bases`` hold the number of people who may object; no body can be called that."""

WAIT_FOR_MAJORITY: Final = frozenset({"admit", "recover-member"})
"""Acts that start a member's 30 days in a house with a clock; in one without, a majority of the register stands in for the wait."""


class Standing(msgspec.Struct, frozen=True):
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
    if proposal.kind == "succeed":
        needs.append(Share(state.charter.top_body, TWO_THIRDS if is_unwitnessed(proposal) else MAJORITY))
    kit = not all(rule.everyday for rule in rules)
    bodies = state.charter.bodies
    deciding = deciding_bodies(state, proposal, needs, rules)
    # Whoever asks for a secret has no voice in whether they get it, neither above nor below the line.
    excluded = proposal.by if proposal.kind in RELEASES else "" if all(rule.subject_votes for rule in rules) else subject(proposal)
    frozen = Frozen(rules, payload, tuple(needs), kit, excluded, bodies, {})
    registers = {body: eligible(state, proposal, body, frozen) for body in sorted(deciding) if bodies[body].selector != "members"}
    return replace(frozen, registers=registers) if registers else frozen


def deciding_bodies(state: State, proposal: Proposal, needs: Iterable[Count | Share], rules: tuple[Rule, ...]) -> set[str]:
    """The bodies of which the proposal needs a share, or a quorum."""
    if proposal.emergency:
        needs = [*needs, *flat(state.charter.emergencies[proposal.emergency].holder)]
    return {need.body for need in needs if isinstance(need, Share)} | {rule.quorum.of for rule in rules if rule.quorum is not None}


def needs_of(state: State, proposal_id: str, proposal: Proposal) -> tuple[Count | Share, ...]:
    """Every need that the proposal must meet, flat: those of its rules, or those of the emergency power that it invokes."""
    if proposal.emergency and proposal.status == "open":
        # An amendment of the power voids what is open under it, so the power is there, and as it was.
        return tuple(flat(state.charter.emergencies[proposal.emergency].holder))
    return state.frozen[proposal_id].needs


def replaces_wait(proposal: Proposal, rules: tuple[Rule, ...]) -> bool:
    """Whether a majority of the register must stand in for a waiting period that this house has no clock for."""
    return not proposal.clocked and (proposal.kind in WAIT_FOR_MAJORITY or any(waits(rule) for rule in rules))


def is_unwitnessed(proposal: Proposal) -> bool:
    """Whether this is a succession without partners: judged at each entry, since no attest will come, and by two thirds of the register."""
    return proposal.kind == "succeed" and bool(proposal.payload.get("unwitnessed"))


def waits(rule: Rule) -> bool:
    """Whether the rule has a waiting period of any kind."""
    return rule.notice is not None or rule.time_lock is not None or rule.objection is not None


def in_register(member: Member, proposal: Proposal, *, kit: bool) -> bool:
    """Whether *member* belongs to the register that was frozen when *proposal* was made, and is still there.

    Members whose key was recovered belong to it before they have a voice again: if they did not, whoever may recover the keys of others could
    make the register as small as they please, and decide alone.
    """
    if member.status != "active" or member.since > proposal.index:
        return False
    if kit and (not member.kit or member.kit_since > proposal.index):
        return False
    return not is_new(member, proposal)


def is_new(member: Member, proposal: Proposal) -> bool:
    """Whether *member* was admitted too short a time ago to weigh in the denominator of this kind of act."""
    return proposal.clocked and proposal.kind in PROBATION_KINDS and member.weighs_from > proposal.frozen_at


def on_probation(member: Member, proposal: Proposal) -> bool:
    """Whether *member* is too new, or their key too freshly recovered, to have a voice in this kind of act, in whatever office."""
    return proposal.clocked and proposal.kind in PROBATION_KINDS and member.counts_from > proposal.frozen_at


def acting_offices(state: State, member: str, rules: tuple[Rule, ...]) -> tuple[str, ...]:
    """The offices in which *member* may act under these rules: those held, and those delegated for one of the rules."""
    held = state.offices_of(member)
    if not state.parts["delegations"]:
        return held
    delegated = [
        delegation.office
        for rule in rules
        if (delegation := _delegation(state, rule.name, member)) is not None and delegation.by in state.holders.get(delegation.office, ())
    ]
    return tuple(sorted({*held, *delegated})) if delegated else held


def _delegation(state: State, rule: str, member: str) -> Delegation | None:
    found: Delegation | None = state.parts["delegations"].get(f"{rule}/{member}")
    return found


def counting_acts(state: State, proposal_id: str, acts: Mapping[str, Act], limit: int) -> dict[str, Act]:
    """The acts that still count: covered (index below *limit*), by an active member, with a key that is still theirs."""
    kit = state.frozen[proposal_id].kit
    members = state.parts["members"]
    counting = {}
    for name, act in acts.items():
        member: Member | None = members.get(name)
        # Whoever has left has no key left, so nothing of theirs counts.
        if act.index < limit and member is not None and (act.key == member.kit or (not kit and act.key in member.keys)):
            counting[name] = act
    return counting


def places_of(need: Count | Share) -> tuple[str, ...]:
    """The offices and bodies whose people a need counts."""
    return need.of if isinstance(need, Count) else (need.body,)


def counts_for(state: State, proposal: Proposal, need: Count | Share, name: str, offices: tuple[str, ...], frozen: Frozen) -> bool:
    """Whether *name*, who acted through *offices*, counts for *need* now; for a share only whoever was in the body when it was frozen."""
    if isinstance(need, Share) and name not in frozen.registers.get(need.body, (name,)):
        return False
    # Written out: a long replay spends much of its time here.
    for place in places_of(need):  # noqa: SIM110
        if fills(state, proposal, place, name, offices, frozen):
            return True
    return False


def approvers(state: State, proposal_id: str, proposal: Proposal, limit: int) -> tuple[str, ...]:
    """Everybody whose approval counts for one of the proposal's needs, sorted."""
    frozen, needs = state.frozen[proposal_id], needs_of(state, proposal_id, proposal)
    acts = counting_acts(state, proposal_id, proposal.approvals, limit)
    counted = {n for need in needs for n, act in acts.items() if counts_for(state, proposal, need, n, act.offices, frozen)}
    return tuple(sorted(counted))


def fills(state: State, proposal: Proposal, place: str, name: str, offices: tuple[str, ...], frozen: Frozen) -> bool:
    """Whether *name*, who acted through *offices*, counts for *place* (an office or a body) now."""
    member: Member = state.parts["members"][name]
    body = frozen.bodies.get(place)
    if body is not None and body.selector == "members":
        return in_register(member, proposal, kit=frozen.kit) and not on_probation(member, proposal)
    office = place if body is None else body.selector
    if office not in offices or on_probation(member, proposal):
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
    approvals = counting_acts(state, proposal_id, proposal.approvals, limit)
    if only is not None:
        approvals = {name: act for name, act in approvals.items() if name in only}
    objectors = counting_acts(state, proposal_id, proposal.objections, limit) if proposal.objections else {}
    approvals.pop(frozen.excluded, None)
    objectors.pop(frozen.excluded, None)
    needs = needs_of(state, proposal_id, proposal)
    counted = [
        frozenset([name for name, act in approvals.items() if counts_for(state, proposal, need, name, act.offices, frozen)])
        for need in needs
    ]
    filled = assign([(counted[i], need.m) for i, need in enumerate(needs) if isinstance(need, Count)])
    out: list[Standing] = []
    for need, able in zip(needs, counted, strict=True):
        group, people = places_of(need), able
        if isinstance(need, Count):
            people, required, reachable = filled.pop(0), need.m, True
        else:
            base = proposal.bases[need.body]
            required = need.fraction.required(base)
            # Whoever approves counts as that, also when they objected before.
            against = [n for n, act in objectors.items() if n not in people and counts_for(state, proposal, need, n, act.offices, frozen)]
            reachable = base - len(against) >= required
        more: tuple[str, ...] = ()
        if candidates and len(people) < required:
            others = {n for place in group for n in _able(state, proposal, place, frozen)}
            if isinstance(need, Share):
                others &= frozen.registers.get(need.body, others)
            more = tuple(sorted(others - approvals.keys() - objectors.keys() - {frozen.excluded}))
        out.append(Standing(" or ".join(group), required, tuple(sorted(people)), more, reachable))
    out.extend(_quorums(state, proposal, frozen, approvals.keys() | objectors.keys()))
    return tuple(out)


def too_few(proposal: Proposal, needs: tuple[Count | Share, ...]) -> bool:
    """Whether one of the needs asks for more people than have approved, while none is out of reach.

    As long as nobody objects, nothing can follow from counting then; that spares a vote of n people all counts but the last.
    """
    short = False
    for need in needs:
        if isinstance(need, Count):
            required = need.m
        else:
            base = proposal.bases[need.body]
            required = need.fraction.required(base)
            if required > base:
                return False
        short = short or required > len(proposal.approvals)
    return short


def eligible(state: State, proposal: Proposal, place: str, frozen: Frozen) -> frozenset[str]:
    """Everybody who weighs for *place* in their own right now, whether they have acted or not, and whether they may (:func:`voices`)."""
    body = frozen.bodies.get(place)
    if body is not None and body.selector == "members":
        return frozenset(name for name, member in state.active_members() if in_register(member, proposal, kit=frozen.kit))
    office = place if body is None else body.selector
    members = state.parts["members"]
    return frozenset(name for name in state.holders.get(office, ()) if not is_new(members[name], proposal))


def voices(state: State, proposal: Proposal, names: Iterable[str]) -> frozenset[str]:
    """Those of *names* who are not waiting for a recovered key to count."""
    members = state.parts["members"]
    return frozenset(name for name in names if not on_probation(members[name], proposal))


def _able(state: State, proposal: Proposal, place: str, frozen: Frozen) -> frozenset[str]:
    """Everybody who could act for *place*: those who count in their own right, and those who hold a delegation."""
    body = frozen.bodies.get(place)
    office = place if body is None else body.selector
    rules = () if proposal.emergency else frozen.rules
    delegates = {
        key.partition("/")[2]
        for rule in rules
        for key, delegation in state.parts["delegations"].items()
        if key.startswith(f"{rule.name}/") and delegation.office == office
    }
    return voices(state, proposal, eligible(state, proposal, place, frozen)) | delegates


def objection_threshold(proposal: Proposal, rules: tuple[Rule, ...]) -> int:
    """How many objections stop the proposal; 0 where nobody has that right."""
    thresholds = [
        # A share of an empty body is nobody, and nobody's objection would block everything.
        needed if isinstance(needed := rule.objection.at_least, int) else max(1, needed.required(proposal.bases[OBJECTION_BASE]))
        for rule in rules
        if rule.objection is not None
    ]
    return min(thresholds) if thresholds else 0


def objection_holders(state: State, proposal: Proposal, frozen: Frozen) -> frozenset[str]:
    """Everybody who holds the right of objection to this proposal now, also those who may not use it yet (:func:`voices`)."""
    places = {place for rule in frozen.rules if rule.objection is not None for place in rule.objection.of}
    return frozenset(name for place in places for name in eligible(state, proposal, place, frozen))


def objectors(state: State, proposal_id: str, proposal: Proposal, limit: int) -> frozenset[str]:
    """The members whose objection counts towards stopping the proposal."""
    holders = voices(state, proposal, objection_holders(state, proposal, state.frozen[proposal_id]))
    return frozenset(counting_acts(state, proposal_id, proposal.objections, limit).keys() & holders)


def confirmers(state: State, proposal_id: str, proposal: Proposal) -> frozenset[str]:
    """Holders of the objection right who are neither proposer, approver, beneficiary nor subject: those who must not be silent."""
    involved = {proposal.by, subject(proposal), *proposal.payload.get("holders", ()), *proposal.approvals}
    return objection_holders(state, proposal, state.frozen[proposal_id]) - involved


def may_confirm(state: State, proposal_id: str, proposal: Proposal) -> Set[str]:
    """Whose confirmation is asked for and counts: the :func:`confirmers` who have a voice; the approvers, if there is no confirmer at all."""
    can = confirmers(state, proposal_id, proposal)
    return voices(state, proposal, can) if can else proposal.approvals.keys()


def confirms_needed(state: State, proposal_id: str, proposal: Proposal) -> int:
    """How many of the :func:`confirmers` must confirm, if there are any: at least one; 0 where nobody has the right to object.

    The number that the rule names (emergencies alone, decision 0027); otherwise so many that fewer are left than an objection takes.
    """
    rights = [rule.objection for rule in state.frozen[proposal_id].rules if rule.objection is not None]
    if not rights:
        return 0
    named = [right.confirm for right in rights if right.confirm is not None]
    if named:
        return max(1, *(amount if isinstance(amount, int) else amount.required(proposal.bases[OBJECTION_BASE]) for amount in named))
    threshold = objection_threshold(proposal, state.frozen[proposal_id].rules)
    return max(1, len(confirmers(state, proposal_id, proposal)) - threshold + 1)


def is_confirmed(state: State, proposal_id: str, proposal: Proposal, limit: int) -> bool:
    """Whether, after the waiting period, enough people have said that it may pass: silence is never consent.

    So many holders of the objection right must have confirmed as :func:`confirms_needed` says. If nobody is eligible to confirm, the approvers
    must sign again, and those who did must meet the rule by themselves.
    """
    acts = counting_acts(state, proposal_id, proposal.confirms, limit)
    can = confirmers(state, proposal_id, proposal)
    if can:
        confirmed = voices(state, proposal, can & acts.keys())
        return len(confirmed) >= confirms_needed(state, proposal_id, proposal)
    again = standings(state, proposal_id, proposal, limit, only=frozenset(acts), candidates=False)
    return all(standing.missing == 0 for standing in again)


def subject(proposal: Proposal) -> str:
    """The member whom the proposal is about or benefits, or an empty string."""
    value = proposal.payload.get("member") or (proposal.payload.get("to") if proposal.kind == "delegate" else "")
    return value or ""


def freeze_bases(state: State, proposal: Proposal, frozen: Frozen) -> dict[str, int]:
    """The denominators of a proposal, counted in the state in which it is made."""
    bodies = deciding_bodies(state, proposal, frozen.needs, frozen.rules)
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
            people = voices(state, proposal, taking_part & eligible(state, proposal, rule.quorum.of, frozen))
            people &= frozen.registers.get(rule.quorum.of, people)
            yield Standing(f"quorum of {rule.quorum.of}", required, tuple(sorted(people)), ())


def flat(need: Need) -> Iterator[Count | Share]:
    """The counts and shares that a need is made of."""
    if isinstance(need, AllOf):
        for part in need.needs:
            yield from flat(part)
    else:
        yield need

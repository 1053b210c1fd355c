"""Acts: what each type of entry does to the state when its author may do it (DESIGN 3.2, 3.3, 3.7).

Each function takes a draft and an entry whose signature is valid and whose author is an active member, refuses with a RuleError that says
why, or records the act. Judging what follows from it is ``decide``'s business and comes after.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec.structs import replace

from commonhold.kernel.charter import rules_for, touched_articles
from commonhold.kernel.charter.rules import Count, Rule
from commonhold.kernel.errors import RuleError
from commonhold.kernel.keys import KitKeys
from commonhold.kernel.kinds import FUTURE_KINDS, NEVER_EMERGENCY, RELEASES
from commonhold.kernel.record import custody, effects, notices, payloads, seats, tally
from commonhold.kernel.record.entries import Entry
from commonhold.kernel.record.state import Act, Draft, Frozen, Member, Proposal, Seat

MAX_OPEN_PER_MEMBER: Final = 20
"""Open proposals that one member may have at a time, so that nobody can bury the others' work."""

FINGERPRINT_KINDS: Final = frozenset({"admit", "recover-member"})
"""Kinds whose approvers must name the key that they compared outside the house."""


def propose(draft: Draft, entry: Entry, member: Member) -> str:
    """Open a proposal, judged from now on by the charter and the register as they stand at this moment."""
    body = entry.body
    if body.kind in FUTURE_KINDS:
        # What the charter does not list is refused like any unknown kind, and is no reason for a reader to answer "cannot judge".
        rules_for(draft.charter, body.kind)
    payload = payloads.parse_payload(body.kind, body.payload)
    rules = _choose_rules(draft, entry, payload)
    if not all(rule.everyday for rule in rules):
        require_kit(draft, entry, member)
    if body.emergency:
        _check_emergency(draft, entry, rules)
    if draft.clock is not None and body.not_after <= draft.clock:
        raise RuleError(
            "the proposal's time is already over by the record's clock",
            code="act/too-late",
            data={"not_after": body.not_after, "clock": draft.clock},
            next_step="Propose it again with a later time.",
        )
    opened = sum(1 for other in draft.opened if draft.parts["proposals"][other].by == entry.by)
    if opened >= MAX_OPEN_PER_MEMBER and body.kind != "depart":
        raise RuleError(
            f"{entry.by} has {opened} open proposals, and {MAX_OPEN_PER_MEMBER} is the most",
            code="act/too-many-open",
            next_step="Withdraw one of them first.",
        )
    proposal = Proposal(
        index=draft.size,
        by=entry.by,
        kind=body.kind,
        payload=body.payload,
        not_after=body.not_after,
        charter=draft.charter.digest.hex(),
        rules=tuple(rule.name for rule in rules),
        articles=tuple(sorted({rule.article for rule in rules if rule.article})),
        bases={},
        approvals={},
        objections={},
        confirms={},
        clocked=draft.clock is not None,
        frozen_at=draft.clock or 0,
        emergency=body.emergency,
    )
    frozen = tally.freeze(draft, proposal, rules, payload)
    proposal = replace(proposal, bases=tally.freeze_bases(draft, proposal, frozen))
    draft.frozen = draft.frozen.set(entry.id, frozen)
    if body.kind not in FINGERPRINT_KINDS:
        _check_reserved(draft, payload)
    # Nobody should collect approvals for something that could not take effect.
    before = draft.freeze()
    effects.dry_run(draft, entry.id, proposal)
    draft.restore(before)
    draft.changed = set()
    draft.opened = draft.opened.set(entry.id, draft.size)
    draft.put("proposals", entry.id, proposal)
    # What needs somebody's approval cannot be decided by being proposed.
    return "" if frozen.needs else entry.id


def _check_reserved(draft: Draft, payload: Any) -> None:
    # Keys carry no proof of possession: what an open proposal names is kept for it, or anybody could enrol it first and spoil it.
    mine = _named(payload)
    for other in draft.opened if mine else ():
        if taken := mine & _named(draft.frozen[other].payload):
            raise RuleError(
                f"the key {min(taken)[:12]} is named by the open proposal {other[:12]}",
                code="enrol/reserved",
                next_step="Make a kit of your own with `commonhold key new`.",
            )


def _named(payload: Any) -> set[str]:
    keys = payloads.enrolled_keys(payload)
    return {key.key_id for key in keys} | {key.age for key in keys if isinstance(key, KitKeys)}


def _choose_rules(draft: Draft, entry: Entry, payload: Any) -> tuple[Rule, ...]:
    body = entry.body
    if body.kind == "depart":
        # Leaving is nobody else's to allow: the charter's rule lends its article, never a threshold.
        own = draft.charter.by_kind.get("depart", ())
        article = draft.charter.rules[own[0]].article if own else ""
        return (Rule(name="depart", kinds=("depart",), article=article, need=None),)
    if body.kind == "delegate":
        return (_delegation_rule(draft, payload),)
    if body.kind == "succeed" and "succeed" not in draft.charter.by_kind:
        # No charter can leave its members without a way out: what every succession takes (``tally.freeze``) is then all that it takes.
        return (Rule(name="succeed", kinds=("succeed",), article="", need=None),)
    touched: frozenset[str] = frozenset()
    if isinstance(payload, payloads.Amend):
        touched = frozenset(touched_articles(draft.charter, body.payload))
    amount = body.payload.get("amount") if isinstance(payload, payloads.Resolution) else None
    currency = payload.currency if isinstance(payload, payloads.Resolution) else ""
    rules = rules_for(draft.charter, body.kind, touched=touched, amount=amount, currency=currency)
    unusable = next((rule for rule in rules if rule.unusable), None)
    if unusable is not None:
        raise RuleError(
            f"the rule {unusable.name!r} of article {unusable.article or '(none)'} {unusable.unusable}",
            code="act/rule-not-yet",
            data={"rule": unusable.name, "article": unusable.article},
        )
    return rules


def _delegation_rule(draft: Draft, payload: payloads.Delegate) -> Rule:
    delegation = draft.charter.delegations.get(payload.rule)
    if delegation is None:
        raise RuleError(f"the charter lets nobody act in another's place under {payload.rule!r}", code="effect/no-delegation")
    if delegation.unusable:
        raise RuleError(f"the delegation of {payload.rule} (article {delegation.article}) {delegation.unusable}", code="act/rule-not-yet")
    return Rule(
        name=f"delegation.{payload.rule}", kinds=("delegate",), article=delegation.article, need=Count((delegation.from_office,), 1)
    )


def _check_emergency(draft: Draft, entry: Entry, rules: tuple[Rule, ...]) -> None:
    emergency = draft.charter.emergencies.get(entry.body.emergency)
    if emergency is None:
        raise RuleError(f"the charter knows no emergency power {entry.body.emergency!r}", code="emergency/unknown")
    if emergency.unusable:
        raise RuleError(
            f"the emergency power {emergency.name} (article {emergency.article}) {emergency.unusable}", code="emergency/not-yet"
        )
    if entry.body.kind not in emergency.may or entry.body.kind in NEVER_EMERGENCY | FUTURE_KINDS:
        raise RuleError(
            f"the emergency power {emergency.name} (article {emergency.article}) does not reach decisions of kind {entry.body.kind!r}",
            code="emergency/kind",
            data={"may": sorted(emergency.may)},
        )
    if not all(entry.body.kind in rule.kinds for rule in rules):
        # More money than the kind's own rule allows goes to a larger body; acting alone must not reach around that.
        raise RuleError(
            f"the emergency power {emergency.name} (article {emergency.article}) does not reach beyond the limit of {entry.body.kind!r}",
            code="emergency/limit",
            data={"decided_by": [rule.name for rule in rules]},
        )
    if draft.clock is None:
        raise RuleError(
            f"the emergency power {emergency.name} ends by the record's clock, and this house has none yet",
            code="emergency/needs-clock",
            next_step="Use the ordinary rule. A clock comes with partners who attest, and their program with a later version.",
        )


def approve(draft: Draft, entry: Entry, member: Member) -> str:
    """Record an approval by somebody whose approval can count."""
    proposal_id, proposal, frozen = _open_proposal(draft, entry, ratifiable=True)
    if frozen.kit:
        require_kit(draft, entry, member)
    existing = proposal.approvals.get(entry.by)
    if existing is not None and existing.key in member.keys:
        raise RuleError(
            f"{entry.by} has approved this already",
            code="act/approved",
            next_step="Nothing more is needed from you; `commonhold status` shows what is.",
        )
    if proposal.kind in FINGERPRINT_KINDS:
        _check_compared_key(frozen.payload, proposal, entry)
    needs = tally.needs_of(draft, proposal_id, proposal)
    if proposal.status == "open" and proposal.emergency:
        # Whoever may only ratify can already say so; their approval counts once the emergency act stands.
        needs = (*needs, *frozen.needs)
    # A delegation lends one rule, never the power of an emergency.
    offices = tally.acting_offices(draft, entry.by, () if proposal.emergency else frozen.rules)
    excluded = frozen.excluded == entry.by
    if excluded or not any(tally.counts_for(draft, proposal, need, entry.by, offices, frozen) for need in needs):
        places = {place for need in needs for place in tally.places_of(need)}
        about = "asked for it" if proposal.kind in RELEASES else "is the member whom it is about"
        who = about if excluded else f"counts for none of: {', '.join(sorted(places)) or 'those whom it needs'}"
        raise RuleError(
            f"{entry.by} {who}, so this approval cannot count",
            code="act/cannot-count",
            data={"excluded": excluded, "places": sorted(places)},
            next_step="`commonhold status` names who still can. (A register is frozen when a proposal is made: whoever joined later counts for the next.)",
        )
    approvals = {**proposal.approvals, entry.by: Act(draft.size, entry.key, offices)}
    draft.put("proposals", proposal_id, replace(proposal, approvals=approvals))
    return proposal_id


def _check_compared_key(payload: Any, proposal: Proposal, entry: Entry) -> None:
    enrolled = [key.key_id for key in payloads.enrolled_keys(payload)]
    if entry.body.key not in enrolled:
        raise RuleError(
            f"an approval of {proposal.kind!r} names the key that was compared outside the house, and this one names {entry.body.key[:12] or 'none'}",
            code="act/fingerprint",
            data={"keys": enrolled},
            next_step="Ask the member for their six fingerprint words, face to face or by telephone, and approve with --fingerprint.",
        )


def object_to(draft: Draft, entry: Entry, member: Member) -> str:
    """Record an objection or dissent; it stops the proposal only where the charter gives its author that right."""
    proposal_id, proposal, frozen = _open_proposal(draft, entry)
    if member.kit:
        require_kit(draft, entry, member)
    existing = proposal.objections.get(entry.by)
    if existing is not None and existing.key in member.keys:
        raise RuleError(f"{entry.by} has objected to this already", code="act/objected")
    act = Act(draft.size, entry.key, tally.acting_offices(draft, entry.by, frozen.rules))
    draft.put("proposals", proposal_id, replace(proposal, objections={**proposal.objections, entry.by: act}))
    return proposal_id


def confirm(draft: Draft, entry: Entry, member: Member) -> str:
    """Record that a holder of the objection right lets the proposal pass after its waiting period."""
    proposal_id, proposal, frozen = _open_proposal(draft, entry)
    if frozen.kit or member.kit:
        require_kit(draft, entry, member)
    if proposal.waited_at < 0:
        raise RuleError(
            "the waiting period of this proposal is not over, so there is nothing to confirm yet",
            code="act/still-waiting",
            data={"waits_until": proposal.waits_until},
        )
    _check_seen(draft, entry, proposal.waited_at)
    can = tally.may_confirm(draft, proposal_id, proposal)
    if entry.by not in can:
        raise RuleError(
            f"{entry.by} cannot confirm this: neither proposer, approvers, beneficiary nor subject may, only others who could have objected",
            code="act/cannot-confirm",
            data={"can": sorted(can)},
        )
    existing = proposal.confirms.get(entry.by)
    if existing is not None and existing.key in member.keys:
        raise RuleError(f"{entry.by} has confirmed this already", code="act/confirmed", next_step="Nothing more is needed from you.")
    confirms = {**proposal.confirms, entry.by: Act(draft.size, entry.key)}
    draft.put("proposals", proposal_id, replace(proposal, confirms=confirms))
    return proposal_id


def withdraw(draft: Draft, entry: Entry, member: Member) -> str:
    """Take back one's own proposal, approval, objection, delegation or seat."""
    if member.kit:
        require_kit(draft, entry, member)
    what, of = entry.body.what, entry.body.of
    if what == "seat":
        if f"{of}/{entry.by}" not in draft.parts["seats"]:
            raise RuleError(f"{entry.by} holds no seat in the office {of!r}", code="act/no-seat")
        draft.unseat(of, entry.by)
        return ""
    if what == "delegation":
        return _withdraw_delegation(draft, entry)
    proposal_id, proposal, _ = _open_proposal(draft, entry)
    if what == "proposal":
        if proposal.by != entry.by:
            raise RuleError(
                f"only {proposal.by}, who made the proposal, can withdraw it",
                code="act/not-yours",
                next_step="You can object to it instead.",
            )
        effects.close(draft, proposal_id, proposal, "withdrawn", draft.size, words=f"withdrawn by {entry.by}")
        return proposal_id
    acts = proposal.approvals if what == "approval" else proposal.objections
    if entry.by not in acts:
        raise RuleError(f"{entry.by} has no {what} to withdraw here", code="act/nothing-to-withdraw")
    left = {name: act for name, act in acts.items() if name != entry.by}
    draft.put("proposals", proposal_id, replace(proposal, approvals=left) if what == "approval" else replace(proposal, objections=left))
    return proposal_id


def _withdraw_delegation(draft: Draft, entry: Entry) -> str:
    for key, delegation in draft.parts["delegations"].items():
        if delegation.proposal == entry.body.of and delegation.by == entry.by:
            rule = draft.charter.delegations.get(key.partition("/")[0])
            if rule is not None and not rule.revocable:
                raise RuleError(f"a delegation of {rule.rule} cannot be revoked (article {rule.article})", code="act/not-revocable")
            draft.drop("delegations", key)
            return ""
    raise RuleError(f"{entry.by} has given no such delegation", code="act/nothing-to-withdraw")


def accept(draft: Draft, entry: Entry, member: Member) -> str:
    """Take the seat that an enacted appointment offers; acceptance of the founding is ``founding``'s business."""
    require_kit(draft, entry, member)
    appointment = draft.proposal(entry.body.of)
    seat: Seat | None = None
    if appointment is not None and appointment.kind == "appoint":
        seat = draft.parts["seats"].get(f"{appointment.payload['office']}/{entry.by}")
    if appointment is None or seat is None or entry.body.of not in (seat.by if seat.status == "offered" else "", seat.renewal):
        raise RuleError(
            f"no seat is offered to {entry.by} there",
            code="act/no-offer",
            next_step="`commonhold status` lists the appointments that wait for you.",
        )
    _check_seen(draft, entry, appointment.closed)
    seats.check_eligible(draft, seat.office, entry.by)
    if seat.renewal:
        term = draft.charter.offices[seat.office].term
        until = term.after(seat.until) if term is not None and seat.until else 0
        draft.seat(replace(seat, by=entry.body.of, renewal="", index=draft.size, until=until, terms=seat.terms + 1))
        return ""
    seats.check_vacancy(draft, seat.office)
    terms = seats.consecutive_terms(draft, seat.office, entry.by) + 1
    # Where there is a clock the seat counts from the attest that covers this acceptance, so that its term begins at a time.
    draft.seat(replace(seat, status="held" if draft.clock is None else "accepted", index=draft.size, terms=terms))
    return ""


def require_kit(draft: Draft, entry: Entry, member: Member) -> None:
    """Pass in silence if the entry is signed with its author's kit."""
    del member
    if not isinstance(draft.public.get(entry.key), KitKeys):
        raise RuleError(
            f"this {entry.type} needs {entry.by}'s kit, and it was signed with a passkey",
            code="act/needs-kit",
            next_step="Sign it in the signer or with `commonhold`; a passkey is for what the charter marks as everyday.",
        )


def _open_proposal(draft: Draft, entry: Entry, *, ratifiable: bool = False) -> tuple[str, Proposal, Frozen]:
    proposal_id = entry.body.of if entry.type == "withdraw" else entry.body.proposal
    proposal = draft.proposal(proposal_id)
    if proposal is None:
        raise RuleError(
            f"the record has no proposal {proposal_id[:12]}", code="act/no-proposal", next_step="`commonhold status` lists the open ones."
        )
    _check_seen(draft, entry, proposal.index)
    words = draft.reasons.get(proposal_id, "")
    if proposal.status != "open" and not (ratifiable and proposal_id in draft.undo):
        raise RuleError(
            f"the proposal {proposal_id[:12]} is not open any more: {proposal.status}{' (' + words + ')' if words else ''}",
            code="act/closed",
            data={"status": proposal.status},
            next_step="Propose it again if it is still wanted.",
        )
    return proposal_id, proposal, draft.frozen[proposal_id]


def _check_seen(draft: Draft, entry: Entry, index: int) -> None:
    # What the signer saw is counted in this epoch's log, and indexes count on from the epochs before it.
    if draft.base + entry.seen_size <= index:
        raise RuleError(
            f"the {entry.type} was signed by somebody who had seen {draft.base + entry.seen_size} entries, and what it is about is entry {index}",
            code="act/seen-too-little",
            next_step="Fetch the record again and sign what it says now.",
        )


def _with_kit(act: Callable[[Draft, Entry, Member], str]) -> Callable[[Draft, Entry, Member], str]:
    """An act that counts only if it was signed with its author's kit."""

    def checked(draft: Draft, entry: Entry, member: Member) -> str:
        require_kit(draft, entry, member)
        return act(draft, entry, member)

    return checked


HANDLERS: Final[Mapping[str, Callable[[Draft, Entry, Member], str]]] = {
    "propose": propose,
    "approve": approve,
    "object": object_to,
    "confirm": confirm,
    "withdraw": withdraw,
    "accept": accept,
    "acknowledge": _with_kit(notices.acknowledge),
    "contribute": _with_kit(custody.contribute),
}
"""Each type's act; what it returns is the id of the proposal that must be judged again, or an empty string."""

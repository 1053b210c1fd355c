"""Effects: what each kind of decision changes once it is enacted (DESIGN 3.3).

Every function takes the draft of the state that the decision meets, may refuse with a RuleError (the decision then stands as "refused", and
nothing has changed), and otherwise changes the draft. They are also asked before a proposal is accepted, so that nobody collects approvals
for something that cannot be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec.structs import replace

from commonhold.kernel.charter import apply_amendment, changed_rules, check_amendment, load_charter
from commonhold.kernel.charter.rules import Charter
from commonhold.kernel.errors import RuleError
from commonhold.kernel.record import custody, payloads, succession
from commonhold.kernel.record.bodies import Partner
from commonhold.kernel.record.enrolment import enrol, revoke
from commonhold.kernel.record.partners import name_partners
from commonhold.kernel.record.seats import active_member, appoint, check_holders, dismiss
from commonhold.kernel.record.state import Decided, Delegation, Draft, Member, Proposal

PROBATION_SECONDS: Final = 30 * 86_400
SUSPENSION_SECONDS: Final = 14 * 86_400


def enact(draft: Draft, proposal_id: str, proposal: Proposal, approvers: tuple[str, ...], index: int) -> None:
    """Carry out an enacted proposal.

    Raises:
        RuleError: if the state does not allow it (any more); the caller must then discard what the draft has become.
    """
    payload = draft.frozen[proposal_id].payload
    effect = _EFFECTS.get(proposal.kind, _resolution)
    decided = Decided(proposal_id, proposal.articles, approvers, index, dict(proposal.payload), draft.clock or 0)
    effect(draft, payload, proposal, decided)


def dry_run(draft: Draft, proposal_id: str, proposal: Proposal) -> None:
    """Pass in silence if the proposal could take effect in this state; the draft must be thrown away afterwards.

    Raises:
        RuleError: with the reason why it could not.
    """
    enact(draft, proposal_id, proposal, (), draft.size)


def _admit(draft: Draft, payload: payloads.Admit, proposal: Proposal, decided: Decided) -> None:
    if draft.member(payload.member) is not None:
        raise RuleError(
            f"the id {payload.member} was used before, and an id is never used twice",
            code="effect/member-exists",
            next_step="Choose another pseudonym for the new member.",
        )
    if not payload.keys:
        raise RuleError(f"{payload.member} brings no key, so nothing they do could be told from a forgery", code="effect/no-key")
    if len(payload.keys) > 1:
        # Each approver compares one fingerprint: a second key would come in behind it unseen.
        raise RuleError(
            f"{payload.member} brings {len(payload.keys)} keys, and approvers compare one",
            code="effect/one-key",
            next_step="Admit them with their kit; they add other keys themselves by a decision of kind 'rotate-key'.",
        )
    end = _probation(draft, proposal)
    draft.put("members", payload.member, Member(decided.index, "active", {}, counts_from=end, weighs_from=end))
    for key in payloads.enrolled_keys(payload):
        enrol(draft, payload.member, key, decided.index)


def _probation(draft: Draft, proposal: Proposal) -> int:
    return draft.clock + PROBATION_SECONDS if proposal.clocked and draft.clock is not None else 0


def _check_own_key(draft: Draft, name: str) -> None:
    # With the keys of others in hand, signing them out of the register would be the way around their weight in it.
    member = active_member(draft, name)
    if draft.clock is not None and member.counts_from > max(draft.clock, member.weighs_from):
        raise RuleError(
            f"the key of {name} was recovered, and cannot take {name} out of the register within {PROBATION_SECONDS // 86_400} days of that",
            code="effect/key-recovered",
            data={"counts_from": member.counts_from, "clock": draft.clock},
            next_step="Wait until the recovered key counts; until then a decision of the others can end the membership.",
        )


def leave(draft: Draft, name: str, status: str, index: int) -> None:
    """End a membership: every seat falls, every key stops counting, and the id stays used."""
    member = active_member(draft, name)
    for key in member.keys:
        revoke(draft, name, key, index)
    for office in draft.charter.offices:
        draft.unseat(office, name)
    for key, delegation in list(draft.parts["delegations"].items()):
        if delegation.by == name or key.endswith(f"/{name}"):
            draft.drop("delegations", key)
    draft.put("members", name, Member(member.since, status, {}))


def _depart(draft: Draft, payload: payloads.AboutMember, proposal: Proposal, decided: Decided) -> None:
    if proposal.by != payload.member:
        raise RuleError(
            f"{proposal.by} cannot leave in the name of {payload.member}",
            code="effect/not-yours",
            next_step="A member leaves by their own act; a decision to remove somebody is of kind 'expel'.",
        )
    _check_own_key(draft, payload.member)
    leave(draft, payload.member, "departed", decided.index)


def _expel(draft: Draft, payload: payloads.AboutMember, proposal: Proposal, decided: Decided) -> None:
    del proposal
    leave(draft, payload.member, "expelled", decided.index)


def _amend(draft: Draft, payload: payloads.Amend, proposal: Proposal, decided: Decided) -> None:
    old = draft.charter
    value = apply_amendment(old.value, proposal.payload)
    new = load_charter(value)
    check_amendment(old, new, sum(1 for _, member in draft.active_members() if member.kit))
    check_holders(draft, new)
    draft.charter = new
    put_rules(draft, old, new)
    changed = changed_rules(old, new)
    for other, _ in sorted(draft.opened.items(), key=lambda item: item[1]):
        sibling: Proposal = draft.parts["proposals"][other]
        if sibling.kind in ("dismiss", "succeed"):
            continue
        touched = sorted(changed.intersection(sibling.rules))
        if sibling.emergency and old.emergencies[sibling.emergency] != new.emergencies.get(sibling.emergency):
            touched.append(f"emergency {sibling.emergency}")
        if touched or sibling.kind == "amend":
            words = f"the rule it was judged by was changed: {', '.join(touched)}" if touched else "the charter it amends was changed"
            close(draft, other, sibling, "void", decided.index, why="void/rule" if touched else "void/charter", words=words)
    custody.void_amended(draft, old, changed)
    for key in list(draft.parts["delegations"]):
        rule = key.partition("/")[0]
        if rule in changed or old.delegations.get(rule) != new.delegations.get(rule):
            draft.drop("delegations", key)
    del payload


def put_rules(draft: Draft, old: Charter, new: Charter) -> None:
    """Bring the part "rules" of the state in step with a new charter, touching only what differs."""
    before, after = rule_leaves(old), rule_leaves(new)
    for key in before.keys() - after.keys():
        draft.drop("rules", key)
    for key, value in after.items():
        if before.get(key) != value:
            draft.put("rules", key, value)


def rule_leaves(charter: Charter) -> dict[str, Any]:
    """A charter as leaves of the state: its digest, each article's digest, and each table of rules by name."""
    if not charter.digest:
        return {}
    leaves: dict[str, Any] = {"charter": charter.digest.hex()}
    leaves.update((f"articles.{number}", digest.hex()) for number, digest in charter.articles.items())
    rules: Any = charter.value["rules"]
    for table, content in rules.items():
        if isinstance(content, Mapping):
            leaves.update((f"{table}.{name}", item) for name, item in content.items())
        else:
            leaves[table] = content
    return leaves


def close(draft: Draft, proposal_id: str, proposal: Proposal, status: str, index: int, *, why: str = "", words: str = "") -> None:
    """End a proposal's open life; what was said of it stays in the state.

    Args:
        why: a stable code, where the status alone does not say it; it stands in the state digest.
        words: the reason for people, which does not: other programs need not find our sentences.
    """
    if words:
        draft.reasons = draft.reasons.set(proposal_id, words)
    draft.put("proposals", proposal_id, replace(proposal, status=status, why=why, closed=index, closed_at=draft.clock or 0))
    if proposal_id in draft.opened:
        draft.opened = draft.opened.delete(proposal_id)


def _rotate_key(draft: Draft, payload: payloads.RotateKey, proposal: Proposal, decided: Decided) -> None:
    if proposal.by != payload.member:
        raise RuleError(
            f"{proposal.by} cannot change the keys of {payload.member}",
            code="effect/not-yours",
            next_step="A member changes their own keys; for somebody who lost theirs, decide 'recover-member'.",
        )
    before = active_member(draft, payload.member)
    for key in payloads.enrolled_keys(payload):
        enrol(draft, payload.member, key, decided.index)
    for key_id in payload.revoke:
        revoke(draft, payload.member, key_id, decided.index)
    if before.kit and not active_member(draft, payload.member).kit:
        _check_own_key(draft, payload.member)
    if not active_member(draft, payload.member).keys:
        raise RuleError(
            f"{payload.member} would be left without any key", code="effect/no-key", next_step="Add a new key in the same decision."
        )


def _recover(draft: Draft, payload: payloads.RecoverMember, proposal: Proposal, decided: Decided) -> None:
    member = active_member(draft, payload.member)
    for key_id in member.keys:
        revoke(draft, payload.member, key_id, decided.index)
    for key in payloads.enrolled_keys(payload):
        enrol(draft, payload.member, key, decided.index)
    draft.put("members", payload.member, replace(active_member(draft, payload.member), counts_from=_probation(draft, proposal)))


def _suspend_origin(draft: Draft, payload: payloads.SuspendOrigin, proposal: Proposal, decided: Decided) -> None:
    del proposal, decided
    if payload.lift:
        if payload.origin not in draft.parts["origins"]:
            raise RuleError(f"the origin {payload.origin} is not suspended", code="effect/not-suspended")
        draft.drop("origins", payload.origin)
    else:
        # Without a clock the fourteen days cannot end by themselves: a decision must lift the suspension.
        draft.put("origins", payload.origin, 0 if draft.clock is None else draft.clock + SUSPENSION_SECONDS)


def _entrust(draft: Draft, payload: payloads.Entrust, proposal: Proposal, decided: Decided) -> None:
    del proposal
    for name in payload.holders:
        active_member(draft, name)
    draft.put("resources", payload.resource, decided)


def _publish(draft: Draft, payload: payloads.Publish, proposal: Proposal, decided: Decided) -> None:
    del proposal
    draft.put("works", payload.work, decided)


def _erase(draft: Draft, payload: payloads.Erase, proposal: Proposal, decided: Decided) -> None:
    del proposal
    # Its title and articles are what every decision is judged by; an amendment replaces them, and then they may go.
    in_force = {digest.hex() for digest in draft.charter.articles.values()} | {draft.charter.value["title"]}
    for digest in payload.objects:
        if digest in in_force:
            raise RuleError(
                f"{digest[:12]} is a text of the charter in force",
                code="effect/charter-text",
                next_step="Amend the charter first; a text that no longer stands in it can be erased.",
            )
        if digest in draft.parts["erasures"]:
            raise RuleError(f"{digest[:12]} is already erased", code="effect/erased", next_step="Name only what still is to go.")
        draft.put("erasures", digest, decided)


def _statement(draft: Draft, payload: payloads.Statement, proposal: Proposal, decided: Decided) -> None:
    del proposal
    if payload.text in draft.parts["statements"]:
        raise RuleError(f"the statement {payload.text[:12]} is already published", code="effect/published")
    draft.put("statements", payload.text, decided)


def _channel(draft: Draft, payload: payloads.Channel, proposal: Proposal, decided: Decided) -> None:
    del proposal
    existing: Decided | None = draft.parts["channels"].get(payload.address)
    stands = existing is not None and existing.status == "stands"
    if payload.op == "add":
        if stands:
            raise RuleError(f"{payload.address} is already a channel of record", code="effect/channel-exists")
        draft.put("channels", payload.address, decided)
        return
    if existing is None or not stands:
        raise RuleError(
            f"{payload.address} is not a channel of record", code="effect/no-channel", data={"channels": sorted(draft.parts["channels"])}
        )
    if payload.op == "move" and not payload.to:
        raise RuleError(
            "a channel moves to an address, and none is given", code="effect/no-address", next_step="Give the new address as to=ADDRESS."
        )
    draft.put("channels", payload.address, replace(decided, status="moved" if payload.op == "move" else "struck"))
    if payload.op == "move":
        draft.put("channels", payload.to, decided)


def _partner(draft: Draft, payload: Partner, proposal: Proposal, decided: Decided) -> None:
    del proposal, decided
    name_partners(draft, payload)


def _succeed(draft: Draft, payload: payloads.Succeed, proposal: Proposal, decided: Decided) -> None:
    del proposal
    succession.succeed(draft, payload, decided)
    # Whatever else was proposed in this log, another succession included, was proposed to an organisation that lived elsewhere.
    void_open(draft, decided.index, "the organisation went on in a new epoch")


def void_open(draft: Draft, index: int, words: str) -> None:
    """End every open proposal, because the organisation goes on in another epoch."""
    for other in list(draft.opened):
        close(draft, other, draft.parts["proposals"][other], "void", index, why="void/epoch", words=words)
    custody.void_releases(draft)


def _delegate(draft: Draft, payload: payloads.Delegate, proposal: Proposal, decided: Decided) -> None:
    delegation = draft.charter.delegations.get(payload.rule)
    if delegation is None:
        raise RuleError(f"the charter lets nobody act in another's place under {payload.rule!r}", code="effect/no-delegation")
    if draft.clock is None:
        raise RuleError(
            "a delegation ends by the record's clock, and this house has none yet",
            code="effect/needs-clock",
            next_step="Let the holder act. A clock comes with partners who attest, and their program with a later version.",
        )
    active_member(draft, payload.to)
    if proposal.by not in draft.holders.get(delegation.from_office, ()):
        raise RuleError(
            f"only a {delegation.from_office} can delegate {payload.rule} (article {delegation.article})", code="effect/not-holder"
        )
    if not draft.clock < payload.until <= delegation.longest.after(draft.clock):
        raise RuleError(
            f"a delegation of {payload.rule} lasts at most {delegation.longest} (article {delegation.article})", code="effect/too-long"
        )
    draft.put(
        "delegations", f"{payload.rule}/{payload.to}", Delegation(delegation.from_office, proposal.by, payload.until, decided.proposal)
    )


def _resolution(draft: Draft, payload: payloads.Resolution, proposal: Proposal, decided: Decided) -> None:
    for rule_name in proposal.rules:
        rule = draft.charter.rules.get(rule_name)
        if rule is None or rule.limit is None:
            continue
        limit, now = rule.limit, draft.clock or 0
        spent = draft.spent.get(rule_name, ())
        if limit.window is not None and now:
            # A window that cannot end (no clock) never forgets: splitting one purchase into many gains nothing.
            spent = tuple((time, amount) for time, amount in spent if limit.window.after(time) > now)
        total = sum(amount for _, amount in spent) if limit.window is not None else 0
        if payload.amount + total > limit.amount:
            raise RuleError(
                f"{payload.amount} and {total} already spent are more than {limit.amount} {limit.currency} (article {rule.article})",
                code="effect/limit",
                data={"article": rule.article, "limit": limit.amount, "spent": total, "amount": payload.amount},
                next_step="Decide it under the rule for larger amounts.",
            )
        if payload.amount and limit.window is not None:
            draft.spent = draft.spent.set(rule_name, (*spent, (now, payload.amount)))
    draft.put("resolutions", decided.proposal, decided)


_EFFECTS: Final[Mapping[str, Callable[[Draft, Any, Proposal, Decided], None]]] = {
    "admit": _admit,
    "amend": _amend,
    "appoint": appoint,
    "channel": _channel,
    "delegate": _delegate,
    "depart": _depart,
    "dismiss": dismiss,
    "entrust": _entrust,
    "erase": _erase,
    "expel": _expel,
    "partner": _partner,
    "publish": _publish,
    "recover-member": _recover,
    "release": custody.release,
    "emergency-release": custody.release,
    "rotate-key": _rotate_key,
    "seal": custody.seal,
    "statement": _statement,
    "succeed": _succeed,
    "suspend-origin": _suspend_origin,
}

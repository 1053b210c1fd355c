"""Succession: how the organisation goes on in another log when the one before it is in the wrong hands (DESIGN 3.4).

An epoch is one log. The next begins with an ``open`` entry, signed by a member's kit, that names where it branches off, its log's key and the
partners that it proposes. Nothing counts there but the ``succeed`` decision, which needs what the charter asked for at the branch and more
than half of the register there, attested by the partners of the branch; where none of these is left, two thirds of the register, and every
reader is told that the succession is unwitnessed.

The log is not the authority, so a branch takes the state with it: members, seats, rules, channels, ids that were consumed. It leaves behind
what was still open. Which of several branches stands is ``history``'s business.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from commonhold.kernel import b64, ed25519
from commonhold.kernel.errors import RuleError
from commonhold.kernel.ids import origin_of
from commonhold.kernel.record import payloads
from commonhold.kernel.record.bodies import Parent, Partner
from commonhold.kernel.record.entries import Entry
from commonhold.kernel.record.partners import IN_FORCE, check_policy, drop_next, name_partners, policy_of
from commonhold.kernel.record.state import Decided, Draft, Epoch, State

ANSWERS: Final = frozenset({"approve", "object", "confirm", "withdraw"})
"""Acts on a succession; everything that they could be about besides was closed when the epoch was opened."""


def branch(state: State, root: bytes) -> State:
    """The state in which the next epoch begins if it branches off here; fold its log from this one, with a tree of its own.

    Args:
        state: after the last leaf that the next epoch takes over.
        root: the RFC 6962 root of this epoch's log at that leaf.

    Raises:
        RuleError: if the organisation does not live here: its founding or this epoch's own succession is not complete.
    """
    if state.phase != "running":
        raise RuleError(
            f"epoch {state.epoch} is {state.phase or 'empty'} at entry {state.size}, and only an epoch in which the organisation lives has a next",
            code="epoch/not-running",
            next_step="Branch off the last epoch whose succession was decided.",
        )
    draft = state.thaw()
    draft.parent = Parent(state.origin, state.size - state.base, b64.encode(root))
    draft.base, draft.epoch = state.size, state.epoch + 1
    draft.origin, draft.log_key = "", b""
    draft.phase = "branched"
    return draft.freeze()


def open_epoch(draft: Draft, entry: Entry) -> None:
    """Begin an epoch: its log has an origin now, and the organisation may decide to live there.

    The signature, its key and the author's membership were checked before, against the branch; and nothing but an ``open`` gets here, for
    every other act must have seen something of its epoch.

    Raises:
        RuleError: if it branches off elsewhere, names no partners where the branch has some, or is signed with anything but the kit.
        FormatError: for a log key or policy that cannot be one.
    """
    body, parent = entry.body, draft.parent
    member = draft.parts["members"][entry.by]
    if entry.key != member.kit:
        raise RuleError(f"an epoch is opened with a kit, and {entry.by} signed with another key", code="act/needs-kit")
    if body.parent != parent:
        raise RuleError(
            f"the epoch branches off {body.parent.origin} at {body.parent.size}, and this is another record or another place in it",
            code="epoch/other-parent",
            data={"parent": body.parent.origin, "size": body.parent.size, "root": body.parent.root},
        )
    log_key = b64.decode(body.log_key, length=32, what="log key")
    ed25519.check_public_key(log_key)
    draft.origin, draft.log_key = origin_of(draft.org, draft.epoch, log_key), log_key
    if body.policy is None and draft.policy is not None:
        raise RuleError(
            "the epoch names no partners, and the organisation has some: no succession may empty the policy",
            code="effect/empty-policy",
            next_step="Name those who will mirror the new log; they can be the same as before.",
        )
    current: Partner | None = draft.parts["partners"].get(IN_FORCE)
    if current is not None:
        # The succession is judged under the policy of the branch; a log key that is one of its partners' too is refused here.
        draft.policy = policy_of(draft.origin, log_key, current)
    if body.policy is not None:
        check_policy(draft, body.policy)
    drop_next(draft)
    draft.proposed_policy = body.policy
    draft.phase = "succeeding"
    draft.put("epochs", str(draft.epoch), Epoch(draft.origin, body.parent, entry.id, entry.by))


def check_act(draft: Draft, entry: Entry) -> None:
    """Pass in silence if the entry is part of deciding the succession; until that is decided nothing else counts.

    Raises:
        RuleError: for anything else.
    """
    about = ""
    if entry.type == "propose":
        about = entry.body.kind
    elif entry.type in ANSWERS:
        proposal = draft.proposal(entry.body.of if entry.type == "withdraw" else entry.body.proposal)
        # An act on nothing is refused with its own words.
        about = proposal.kind if proposal is not None else "" if entry.type == "withdraw" else "succeed"
    if about != "succeed":
        raise RuleError(
            f"epoch {draft.epoch} is open, and the members have not decided yet that the organisation goes on here",
            code="epoch/waiting",
            next_step="Approve its succession first, with `commonhold approve`.",
        )


def succeed(draft: Draft, payload: payloads.Succeed, decided: Decided) -> None:
    """Let the organisation live in this epoch.

    Raises:
        RuleError: in the log of an epoch that is not waiting for this, for another ``open``, or for a succession without witnesses that does
            not say so.
    """
    epoch: Epoch | None = draft.parts["epochs"].get(str(draft.epoch))
    if draft.phase != "succeeding" or epoch is None:
        raise RuleError(
            "a succession is decided in the log of the new epoch, never in the one that it leaves",
            code="epoch/not-here",
            next_step="Open the next epoch first; its log takes the decision.",
        )
    if payload.open != epoch.open:
        raise RuleError(f"this epoch was opened by entry {epoch.open[:12]}, not {payload.open[:12]}", code="epoch/other-open")
    if draft.clock is None and not payload.unwitnessed:
        raise RuleError(
            "no partner has ever attested this record, so none can witness its succession",
            code="epoch/unwitnessed",
            next_step="Propose it as unwitnessed; it then takes two thirds of the register, and readers are told.",
        )
    entry = replace(
        epoch,
        proposal=decided.proposal,
        approvers=decided.approvers,
        index=decided.index,
        time=decided.time,
        unwitnessed=payload.unwitnessed,
    )
    draft.put("epochs", str(draft.epoch), entry)
    draft.phase = "running"
    if draft.proposed_policy is not None:
        name_partners(draft, draft.proposed_policy)


def epoch_of(state: State) -> Epoch | None:
    """What the state says of its own epoch; None in the first."""
    found: Epoch | None = state.part("epochs").get(str(state.epoch))
    return found

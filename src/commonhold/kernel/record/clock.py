"""The record's clock: attests (DESIGN 3.3).

An ``attest`` entry brings a cosigned checkpoint of this record into the record. Its time is the largest T such that the partners whose
cosignatures are at least T satisfy the policy, so one partner who dates into the future moves nothing. What an attest covers is judged at
that time; until then it is pending. The time that a signer or the server claims is decoration.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from commonhold.kernel.errors import ProofError, RuleError
from commonhold.kernel.notes import VerifierKey
from commonhold.kernel.record.decide import Event, judge
from commonhold.kernel.record.effects import SUSPENSION_SECONDS
from commonhold.kernel.record.entries import Entry
from commonhold.kernel.record.partners import adopt_next, mirror_keys, times_under
from commonhold.kernel.record.seats import check_eligible, check_vacancy
from commonhold.kernel.record.state import Draft, Seat
from commonhold.kernel.tlog.checkpoint import open_cosigned

LATEST: Final = 221_845_392_000
"""1 January 9000: far from any truth, and near enough that every duration of a charter after it still has a date."""

Roots = Callable[[int], bytes]
"""The record's own RFC 6962 root after a number of leaves, for any number up to the entry being applied."""


def attest(draft: Draft, entry: Entry, roots: Roots, events: list[Event]) -> None:
    """Move the clock by one attest and judge everything that it covers.

    Raises:
        RuleError: if there is no policy, or the attest neither covers more nor is later than the last.
        ProofError, FormatError: if the note is not this record's checkpoint cosigned as the policy demands.
    """
    policy = draft.policy
    if policy is None:
        raise RuleError(
            "this house has named no partners, so nobody can attest",
            code="attest/no-policy",
            next_step="Decide a proposal of kind 'partner' first.",
        )
    log_key = VerifierKey.of(draft.origin, draft.log_key)
    signed = open_cosigned(entry.body.note.encode(), [log_key], mirror_keys(draft), origin=draft.origin)
    checkpoint = signed.checkpoint
    if checkpoint.size > draft.size - draft.base:
        raise ProofError(
            f"the attest covers {checkpoint.size} entries, and stands after {draft.size - draft.base} itself", code="attest/size"
        )
    if roots(checkpoint.size) != checkpoint.root:
        raise ProofError(
            f"the attest's root at size {checkpoint.size} is not this record's",
            code="attest/root",
            next_step="Keep both checkpoints: two that cannot be reconciled prove that the log showed two faces.",
        )
    adopts = draft.next_policy is not None and draft.next_policy.time(times_under(draft.next_policy, signed.cosignatures)) is not None
    if adopts and draft.next_policy is not None:
        policy = draft.next_policy
    times = times_under(policy, signed.cosignatures)
    policy.require(times.keys())
    time = policy.time(times)
    assert time is not None, "a policy without witnesses is refused when it is decided"  # noqa: S101 - for the types; nothing from outside decides it
    if time > LATEST:
        raise RuleError(f"the attest's time is {time}, and a calendar ends at {LATEST}", code="attest/time", data={"time": time})
    first = draft.clock is None
    now = time if draft.clock is None else max(time, draft.clock)
    covers = draft.base + checkpoint.size
    if not first and covers <= draft.covered and now <= (draft.clock or 0):
        raise RuleError("the attest neither covers more entries nor is later than the last one", code="attest/stale")
    if adopts:
        adopt_next(draft)
    draft.clock, draft.covered = now, max(draft.covered, covers)
    draft.put("clock", "clock", {"time": now, "covers": draft.covered})
    if first:
        _date_the_past(draft)
    _let_terms_end(draft, events)
    _seat_the_accepted(draft, events)
    pending = sorted(
        {**dict(draft.opened), **{done: draft.parts["proposals"][done].index for done in draft.undo}}.items(), key=lambda item: item[1]
    )
    for proposal_id, _ in pending:
        judge(draft, proposal_id, draft.size, draft.covered, events)


def _date_the_past(draft: Draft) -> None:
    """The first attest dates everything before it: terms, pauses, suspensions, windows of money and the time between drills begin to run now."""
    now = draft.clock or 0
    for seat in list(draft.parts["seats"].values()):
        if seat.status == "held":
            draft.seat(_dated(draft, seat))
    for tenure, (terms, _) in draft.tenures.items():
        draft.tenures = draft.tenures.set(tenure, (terms, now))
    for origin in list(draft.parts["origins"]):
        draft.put("origins", origin, now + SUSPENSION_SECONDS)
    for key, seal in list(draft.parts["seals"].items()):
        proved = {name: replace(proof, time=now) for name, proof in seal.proved.items()}
        draft.put("seals", key, replace(seal, proved=proved, live_at=now if seal.live >= 0 else 0))
    for rule, spent in draft.spent.items():
        draft.spent = draft.spent.set(rule, tuple((now, amount) for _, amount in spent))


def _seat_the_accepted(draft: Draft, events: list[Event]) -> None:
    accepted = [seat for seat in draft.parts["seats"].values() if seat.status == "accepted" and seat.index < draft.covered]
    for seat in sorted(accepted, key=lambda seat: seat.index):
        try:
            # The charter may have changed since the acceptance.
            check_eligible(draft, seat.office, seat.member)
            check_vacancy(draft, seat.office, seat.member)
        except RuleError as error:
            draft.unseat(seat.office, seat.member)
            events.append(Event("seat-refused", {"office": seat.office, "member": seat.member, "why": str(error)}))
            continue
        draft.seat(_dated(draft, replace(seat, status="held")))


def _dated(draft: Draft, seat: Seat) -> Seat:
    assert draft.clock is not None, "seats are dated by an attest"  # noqa: S101 - for the types; nothing from outside decides it
    # An amendment that would abolish an office which somebody holds is refused, so the office exists.
    term = draft.charter.offices[seat.office].term
    until = term.after(draft.clock) if term is not None else 0
    return replace(seat, since=draft.clock, until=until)


def _let_terms_end(draft: Draft, events: list[Event]) -> None:
    """End the terms, delegations and suspensions whose time is over by the clock."""
    now = draft.clock or 0
    for _, seat in sorted(draft.parts["seats"].items()):
        if seat.status == "held" and seat.until and seat.until <= now:
            draft.unseat(seat.office, seat.member)
            events.append(Event("term-ended", {"office": seat.office, "member": seat.member}))
    for key, delegation in list(draft.parts["delegations"].items()):
        if delegation.until <= now:
            draft.drop("delegations", key)
    for origin, until in list(draft.parts["origins"].items()):
        if until <= now:
            draft.drop("origins", origin)

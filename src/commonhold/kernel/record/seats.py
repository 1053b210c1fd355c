"""Seats: who may hold an office, offers and their end, terms in a row (DESIGN 3.3, 4).

A seat is offered by a decision, accepted by its holder's kit, and held; where there is a clock, from the attest that covers the acceptance.
A seat that is accepted is as good as taken: otherwise two acceptances between two attests could share one chair.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from msgspec.structs import replace

from commonhold.kernel.charter.rules import Charter
from commonhold.kernel.errors import RuleError
from commonhold.kernel.record import payloads
from commonhold.kernel.record.state import Decided, Draft, Member, Proposal, Seat

TAKEN: Final = frozenset({"accepted", "held"})


def active_member(draft: Draft, name: str) -> Member:
    """The member under that pseudonym, who is in the register now.

    Raises:
        RuleError: if there is none.
    """
    member = draft.member(name)
    if member is None or member.status != "active":
        raise RuleError(f"{name} is not a member", code="effect/not-a-member", data={"member": name}, next_step="Admit them first.")
    return member


def appoint(draft: Draft, payload: payloads.Appoint, proposal: Proposal, decided: Decided) -> None:
    """Offer a seat, or another term in it; it confers nothing until it is accepted.

    Raises:
        RuleError: if the member cannot hold the office, has no kit, or an offer waits already.
    """
    del proposal
    member = active_member(draft, payload.member)
    check_eligible(draft, payload.office, payload.member)
    if not member.kit:
        raise RuleError(
            f"{payload.member} has no kit, and an office takes one",
            code="effect/no-kit",
            next_step="Give them a kit by a decision of kind 'recover-member', then appoint them.",
        )
    existing: Seat | None = draft.parts["seats"].get(f"{payload.office}/{payload.member}")
    offers = sum(1 for seat in draft.parts["seats"].values() if seat.office == payload.office and (seat.status != "held" or seat.renewal))
    if offers >= draft.charter.offices[payload.office].seats or (existing is not None and (existing.status != "held" or existing.renewal)):
        raise RuleError(
            f"the office {payload.office} already has an offer that waits for its answer",
            code="effect/offered",
            next_step="Let the appointed member accept, or give the seat back with `commonhold withdraw`.",
        )
    if existing is None:
        draft.seat(Seat(payload.office, payload.member, "offered", decided.proposal, decided.index))
    else:
        draft.seat(replace(existing, renewal=decided.proposal))


def dismiss(draft: Draft, payload: payloads.Appoint, proposal: Proposal, decided: Decided) -> None:
    """End a seat, or take back its offer.

    Raises:
        RuleError: if there is no such seat.
    """
    del proposal, decided
    if f"{payload.office}/{payload.member}" not in draft.parts["seats"]:
        raise RuleError(f"{payload.member} holds no seat in the office {payload.office}", code="effect/no-seat")
    draft.unseat(payload.office, payload.member)


def check_vacancy(draft: Draft, office_name: str, name: str = "") -> None:
    """Pass in silence if a seat of the office is free; the seat of *name* itself does not stand in the way.

    Raises:
        RuleError: if every seat is held, or accepted and about to be.
    """
    office = draft.charter.offices[office_name]
    holders = {seat.member for seat in draft.parts["seats"].values() if seat.office == office_name and seat.status in TAKEN} - {name}
    if len(holders) >= office.seats:
        raise RuleError(
            f"all {office.seats} seats of the office {office_name} are held (article {office.article})",
            code="effect/full",
            data={"holders": sorted(holders)},
            next_step="Wait for a term to end or a holder to step down, or decide to dismiss one.",
        )


def check_eligible(draft: Draft, office_name: str, name: str) -> None:
    """Pass in silence if *name* may hold the office.

    Raises:
        RuleError: if the office is unknown, if they hold an incompatible one, or if their terms in a row are used up.
    """
    office = draft.charter.offices.get(office_name)
    if office is None:
        raise RuleError(
            f"the charter knows no office {office_name!r}",
            code="effect/no-office",
            next_step=f"It knows: {', '.join(sorted(draft.charter.offices)) or 'none'}.",
            data={"offices": sorted(draft.charter.offices)},
        )
    if office.unusable:
        raise RuleError(f"the office {office_name} (article {office.article}) {office.unusable}", code="effect/office-not-yet")
    for rule in draft.charter.incompatible:
        if office_name in rule.offices:
            for other in sorted(rule.offices - {office_name}):
                if _has_taken(draft, other, name):
                    raise RuleError(
                        f"{name} is {other}, and nobody may be {other} and {office_name} at once (article {rule.article})",
                        code="effect/incompatible",
                        data={"article": rule.article},
                    )
                _check_cooling_off(draft, rule.cooling_off, other, office_name, name, rule.article)
    used = consecutive_terms(draft, office_name, name)
    if office.max_consecutive and used >= office.max_consecutive:
        raise RuleError(
            f"{name} has been {office_name} for {used} terms in a row, and {office.max_consecutive} is the most (article {office.article})",
            code="effect/terms",
            data={"article": office.article},
        )


def check_holders(draft: Draft, new: Charter) -> None:
    """Pass in silence if whoever holds a seat today could go on holding it under the amended charter *new*.

    Raises:
        RuleError: if there would be fewer seats than holders, or offices that exclude each other in one person's hands.
    """
    taken = [seat for seat in draft.parts["seats"].values() if seat.status in TAKEN]
    # Sorted: the first complaint stands in the state as the reason, and must be the same for every reader.
    for office, held in sorted(Counter(seat.office for seat in taken).items()):
        seats = new.offices[office].seats if office in new.offices else 0
        if held > seats:
            raise RuleError(
                f"{held} members hold the office {office}, and the amended charter has {seats} seats for it",
                code="effect/seats-held",
                next_step="Let the holders step down or dismiss them first, then amend.",
            )
    for rule in new.incompatible:
        for name, held in sorted(Counter(seat.member for seat in taken if seat.office in rule.offices).items()):
            if held > 1:
                raise RuleError(
                    f"{name} holds {held} of the offices that the amended charter keeps apart (article {rule.article})",
                    code="effect/incompatible-held",
                    next_step="Let them step down from one first, then amend.",
                )


def consecutive_terms(draft: Draft, office: str, name: str) -> int:
    """How many terms in a row *name* has already served; a pause of a whole term, as the record's clock tells it, starts afresh."""
    held: Seat | None = draft.parts["seats"].get(f"{office}/{name}")
    if held is not None and held.status == "held":
        return held.terms
    terms, ended = draft.tenures.get(f"{office}/{name}", (0, 0))
    length = draft.charter.offices[office].term
    if terms and ended and draft.clock is not None and length is not None and length.after(ended) <= draft.clock:
        return 0
    return terms


def _has_taken(draft: Draft, office: str, name: str) -> bool:
    seat: Seat | None = draft.parts["seats"].get(f"{office}/{name}")
    return seat is not None and seat.status in TAKEN


def _check_cooling_off(draft: Draft, pause: Any, other: str, office: str, name: str, article: str) -> None:
    if pause is None:
        return
    terms, ended = draft.tenures.get(f"{other}/{name}", (0, 0))
    if terms and (draft.clock is None or not ended or pause.after(ended) > draft.clock):
        raise RuleError(
            f"{name} was {other} less than {pause} ago and cannot be {office} yet (article {article})",
            code="effect/cooling-off",
            data={"article": article},
        )

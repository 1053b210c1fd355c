"""The founding: the first entry, and everybody's consent to it (DESIGN 3.3).

``found`` names the charter, the log's key, every founding member with their kit, and the first seats. Until each of them has accepted with
that kit nothing else counts, so nobody can invent members; a wrong founding is simply founded again, as another organisation.
"""

from __future__ import annotations

import immutables
from msgspec.structs import replace

from commonhold.kernel import b64, ed25519
from commonhold.kernel.charter import check_founding, load_charter, refuse_errors
from commonhold.kernel.errors import ProofError, RuleError
from commonhold.kernel.ids import origin_of
from commonhold.kernel.keys import KitKeys, parse_kit_value
from commonhold.kernel.record.decide import Event
from commonhold.kernel.record.effects import put_rules
from commonhold.kernel.record.enrolment import enrol
from commonhold.kernel.record.entries import Entry
from commonhold.kernel.record.seats import check_eligible, check_vacancy
from commonhold.kernel.record.state import NO_CHARTER, Draft, Member, Seat, State, empty_state

__all__ = ["MAX_FOUNDERS", "accept_founding", "found", "origin_of"]

MAX_FOUNDERS = 200


def found(entry: Entry) -> State:
    """The state after the founding entry, in which the listed members are invited and nobody can act yet.

    Raises:
        FormatError, RuleError, ProofError: if the founding cannot be one; there is then no organisation.
    """
    if entry.type != "found" or entry.epoch != 0:
        raise RuleError("the first entry of a record is a founding, in epoch 0", code="found/first")
    body = entry.body
    log_key = b64.decode(body.log_key, length=32, what="log key")
    ed25519.check_public_key(log_key)
    charter = load_charter(body.charter)
    refuse_errors(check_founding(charter, len(body.members)))
    names = [founder.member for founder in body.members]
    if len(set(names)) != len(names) or len(names) > MAX_FOUNDERS:
        raise RuleError(f"a founding lists each member once, and at most {MAX_FOUNDERS}", code="found/members")
    draft = empty_state().thaw()
    draft.org, draft.log_key = entry.id, log_key
    draft.origin = origin_of(entry.id, 0, log_key)
    draft.phase = "founding"
    draft.charter = charter
    put_rules(draft, NO_CHARTER, charter)
    for founder in body.members:
        draft.put("members", founder.member, Member(0, "invited", {}))
        enrol(draft, founder.member, parse_kit_value(founder.kit), 0)
    founding_key = draft.public.get(entry.key)
    if not isinstance(founding_key, KitKeys) or draft.keyring[entry.key].member != entry.by:
        raise RuleError(
            f"the founding is signed by {entry.by}, whose kit it does not list", code="found/author", next_step="List your own card, too."
        )
    if entry.sig is None or entry.sig.kind != "ed25519":
        raise ProofError("a founding is signed with a kit", code="found/kit")
    ed25519.verify(founding_key.sign, entry.signed_bytes, entry.sig.value)
    for seat in body.seats:
        if draft.member(seat.member) is None:
            raise RuleError(f"the founding gives the office {seat.office} to {seat.member}, whom it does not list", code="found/seat")
        check_eligible(draft, seat.office, seat.member)
        check_vacancy(draft, seat.office)
        draft.seat(Seat(seat.office, seat.member, "held", entry.id, 0))
    draft.ids = immutables.Map({entry.id: 0})
    draft.size = 1
    return draft.freeze()


def accept_founding(draft: Draft, entry: Entry, member: Member, events: list[Event]) -> None:
    """Record one founder's consent; with the last, the organisation exists.

    Raises:
        RuleError: if the entry is anything but such a consent.
    """
    if entry.type != "accept" or entry.body.of != draft.org:
        waiting = sorted(name for name, other in draft.parts["members"].items() if other.status == "invited")
        raise RuleError(
            f"the founding is not complete: {', '.join(waiting)} must accept it first",
            code="found/waiting",
            data={"waiting": waiting},
            next_step="Each founding member runs `commonhold accept` with their own kit.",
        )
    if member.status != "invited":
        raise RuleError(f"{entry.by} has accepted the founding already", code="found/accepted")
    if entry.seen_size < 1:
        raise RuleError(f"{entry.by} accepted without having seen the founding", code="act/seen-too-little")
    draft.put("members", entry.by, replace(member, status="active"))
    if all(other.status == "active" for other in draft.parts["members"].values()):
        draft.phase = "running"
        events.append(Event("founded", {"org": draft.org, "members": len(draft.parts["members"])}))

"""What a signer is asked for by somebody who is not in the house yet: that their passkey is signed into the record, with their kit.

The requests are made as those of every other act (``house/signing``), but kept nowhere: whoever has put a passkey of theirs into somebody's account must
not leave an act in that person's list.
"""

from __future__ import annotations

from dataclasses import dataclass

from commonhold.house.core import ledger
from commonhold.house.members import services
from commonhold.house.members.models import Passkey, User
from commonhold.house.signing.models import Draft
from commonhold.house.signing.services import DAY, proposal_body, request_for
from commonhold.kernel.errors import CommonholdError
from commonhold.kernel.record.request import link_text

MAX_CODE = 2_900


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to sign: which, the request for it, or why there is none just now."""

    what: str
    number: str = ""
    raw: bytes = b""
    trouble: str = ""

    @property
    def link(self) -> str:
        """What is copied into the signer."""
        return f"signer.html#{link_text(self.raw)}" if self.raw else ""


def enrolment_step(user: User, passkey: Passkey) -> Step | None:
    """What the member signs next so that the record knows this passkey: the proposal, then their own approval of it. None if they have no kit."""
    state = ledger.state()
    member = state.member(user.member)
    if member is None or not member.kit:
        return None
    waiting = [one for one in services.proposals_about(state, user.member, "rotate-key", passkey.key) if one.status == "open"]
    mine = [one for one in waiting if user.member not in one.approved]
    if mine:
        draft, what = Draft(user=user, type="approve", body={"proposal": mine[0].proposal}, texts={}), "approve"
    else:
        # To the day, so that the request and its number stay the same while somebody carries it to their signer.
        today = ledger.now() // DAY * DAY
        body = proposal_body("rotate-key", services.enrolment_payload(user, passkey), today)
        draft, what = Draft(user=user, type="propose", body=body, texts={}), "propose"
    try:
        request = request_for(state, user, draft)
        return Step(what, request.number, request.to_bytes())
    except CommonholdError as error:
        return Step(what, trouble=error.diagnostics())

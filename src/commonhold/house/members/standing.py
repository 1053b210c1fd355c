"""Who a signed-in browser is to the organisation: the record's word, asked at every request.

An account is a browser's way in, and no more. A session was begun with one passkey, and that passkey decides:

- **member**: the record has enrolled it for this very member, has not revoked it, and the member is in the register. Rights are those that the fold gives.
- **unproved**: the member is in the register, and the record knows nothing of this passkey yet. A founder before their first `rotate-key`, a second
  device, whoever lost everything and was invited again, and whoever says that they are one of these. They see their own page and nothing else.
- **applicant**: nobody of that name is in the record. They, too, see only their own page, which says who still has to admit them.
- **ended**: the passkey was revoked, the address it was used at is suspended, or the membership is over. The session ends at once.

So another passkey in somebody's account, however it came there, has none of the rights of the account's other passkeys. What no check here can see is
somebody who writes the house's own tables: they can make a session of anybody and read what a member reads. They can sign nothing with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from commonhold.kernel.record.state import State

MEMBER: Final = "member"
UNPROVED: Final = "unproved"
APPLICANT: Final = "applicant"
ENDED: Final = "ended"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a session is, and for an ended one why: ``revoked``, ``suspended`` or ``left``."""

    kind: str
    why: str = ""


def standing(state: State, member: str, key: str, origin: str) -> Standing:
    """Who somebody is who came in with the passkey *key* of the account of *member*, at the web origin *origin*."""
    found, enrolled = state.member(member), state.keyring.get(key)
    if origin in state.part("origins"):
        return Standing(ENDED, "suspended")
    if found is not None and found.status not in {"active", "invited"}:
        return Standing(ENDED, "left")
    if enrolled is None:
        return Standing(APPLICANT if found is None else UNPROVED)
    if enrolled.revoked >= 0 or enrolled.member != member:
        return Standing(ENDED, "revoked")
    return Standing(MEMBER)

"""Accounts: how one is made, what it is called, what it holds of its owner, and how it goes.

A pseudonym is for good: it stands in the record and is never used twice. The name that others see, and an address for notices, stay in the house.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any, Final

from django.db import transaction

from commonhold.house.core import ledger
from commonhold.house.members.models import Ceremony, Invitation, Passkey, User
from commonhold.kernel.errors import FormatError, RuleError
from commonhold.kernel.ids import parse_member_id
from commonhold.kernel.passkeys import user_id
from commonhold.kernel.record.state import State

MAX_NAME: Final = 80
_WORDS: Final = (
    "alder aspen beech birch bramble bunting buttercup campion cedar chaffinch clover coot cornflower cricket curlew dipper dove dunlin "
    "eider elder fern finch foxglove gannet goldcrest grebe hawthorn hazel heather hornbeam ivy juniper kestrel kite lapwing larch lark "
    "linnet lupin mallow maple marigold marten merlin mint moss nettle nightjar nuthatch oak osprey otter pipit plover poplar poppy quail "
    "redstart robin rowan rush sage sedge skylark snipe sorrel sparrow starling swallow swift tansy teal thistle thrush thyme vetch "
    "wagtail warbler willow wren yarrow yew"
)
SUGGESTED: Final = tuple(_WORDS.split())


def taken(state: State, invitation: int) -> set[str]:
    """Every pseudonym that is somebody's or ever was: in the record, in a proposal to admit, and in the house's accounts and half-made ones.

    Args:
        invitation: whose own half-made account is no obstacle: they said no, and try again.
    """
    proposed = {
        str(found.payload.get("member", "")) for found in map(state.proposal, state.opened) if found is not None and found.kind == "admit"
    }
    half = Ceremony.objects.filter(what="enrol").values_list("data", flat=True)
    waiting = {str(data.get("member", "")) for data in half if data.get("invitation") != invitation}
    return {*state.part("members"), *User.objects.values_list("member", flat=True), *proposed, *waiting}


def suggestion(used: Iterable[str]) -> str:
    """A pseudonym that nobody has."""
    used = set(used)
    free = [name for name in SUGGESTED if name not in used]
    if free:
        return secrets.choice(free)
    return next(name for name in (f"{secrets.choice(SUGGESTED)}-{secrets.randbelow(10_000)}" for _ in range(1_000)) if name not in used)


def check_pseudonym(text: str, used: Iterable[str]) -> str:
    """A pseudonym that somebody chose, if it may be theirs.

    Raises:
        FormatError: ``id/member`` if it is none. RuleError: ``member/taken`` if it is or was somebody's.
    """
    name = parse_member_id(text, "the pseudonym")
    if name in set(used):
        raise RuleError(f"the pseudonym {name} is somebody's", code="member/taken", next_step="Choose another.")
    return name


def check_name(text: str) -> str:
    """The name that other members see.

    Raises:
        FormatError: ``member/name`` if it is empty, too long, or holds what no line of text holds.
    """
    name = " ".join(text.split())
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise FormatError(f"a name has 1 to {MAX_NAME} characters, on one line", code="member/name")
    return name


def make(member: str, name: str, language: str) -> User:
    """A new account under a pseudonym; within a transaction that makes its first passkey, too."""
    return User.objects.create(member=member, name=name, language=language, handle=user_id(ledger.state().org, member))


def own_data(user: User) -> dict[str, Any]:
    """All that the house keeps of somebody beyond the record, as they download it."""
    return {
        "member": user.member,
        "name": user.name,
        "email": user.email,
        "language": user.language,
        "made": user.made.isoformat(),
        "passkeys": [
            {
                "name": found.name,
                "key": found.key,
                "address": found.origin,
                "synchronised": found.backed_up,
                "made": found.made.isoformat(),
                "used": found.used.isoformat() if found.used else "",
            }
            for found in user.passkeys.order_by("pk")
        ],
        "sessions": [
            {"browser": found.browser, "made": found.made, "seen": found.seen, "ended": found.ended} for found in user.visits.order_by("pk")
        ],
        "invitations": [
            {"name": found.name, "member": found.member, "made": found.made.isoformat()}
            for found in Invitation.objects.filter(by=user.member).order_by("pk")
        ],
    }


def remove_passkey(user: User, passkey: Passkey) -> None:
    """Take a passkey out of an account, with every session that it began. What the record has of it is revoked there, by its member's kit.

    Raises:
        RuleError: ``passkey/last`` for the last one: whoever wants to go leaves.
    """
    with transaction.atomic():
        if user.passkeys.count() < 2:
            raise RuleError("this is the only passkey of the account", code="passkey/last", next_step="Add another one first.")
        user.visits.filter(key=passkey.key, ended="").update(ended="removed")
        passkey.delete()


_last_swept: list[object] = []


def forget_departed() -> None:
    """Delete the accounts of those whom the record has let go, once after each change of the register."""
    members = ledger.state().part("members")
    if _last_swept and _last_swept[0] is members:
        return
    gone = [name for name, member in members.items() if member.status not in {"active", "invited"}]
    if gone:
        with transaction.atomic():
            Invitation.objects.filter(by__in=gone).delete()
            User.objects.filter(member__in=gone).delete()
    _last_swept[:] = [members]

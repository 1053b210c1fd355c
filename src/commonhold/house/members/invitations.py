"""Invitations: a link with 32 random bytes in it, by which one person makes one account, or adds one passkey to theirs.

Only the SHA-256 of the secret is kept, so the table invites nobody. A link ends after seven days, is used once, and can be withdrawn. It makes nobody a
member: whoever comes by it is an applicant, or unproved, until the record says more (:mod:`.standing`).
"""

from __future__ import annotations

import datetime
import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Final

from django.conf import settings

from commonhold.house.core import ledger
from commonhold.house.members.backends import is_member
from commonhold.house.members.models import Invitation, User
from commonhold.kernel.errors import FormatError, RuleError

SECRET_BYTES: Final = 32
DAYS: Final = 7
MOST_DAYS: Final = 30
MAX_OPEN: Final = 50
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{43}")

OPEN, USED, WITHDRAWN, OVER = "open", "used", "withdrawn", "over"


@dataclass(frozen=True, slots=True)
class Link:
    """An invitation and the secret that is known now and never again."""

    invitation: Invitation
    secret: str

    @property
    def url(self) -> str:
        """What is sent."""
        return f"{settings.CONFIG.url}/join/{self.secret}/"


def invite(by: str, *, member: str = "", name: str = "", days: int = DAYS) -> Link:
    """Make an invitation.

    Args:
        by: the member who invites; nobody, where whoever runs the server invites the first.
        member: for somebody who is in the record already; themselves, for another device.
        name: whom it is for, as a note to oneself.

    Raises:
        RuleError: ``invite/nobody`` for a member whom the record does not have, ``invite/many`` for a fifty-first open one. FormatError: ``invite/days``.
    """
    if not 1 <= days <= MOST_DAYS:
        raise FormatError(f"an invitation stands for 1 to {MOST_DAYS} days", code="invite/days")
    if member and not is_member(member):
        raise RuleError(f"{member} is not in the register", code="invite/nobody", next_step="Leave it empty for somebody new.")
    now = moment()
    if Invitation.objects.filter(by=by, used=None, withdrawn=None, ends__gt=now).count() >= MAX_OPEN:
        raise RuleError(f"{MAX_OPEN} invitations are open", code="invite/many", next_step="Withdraw some that nobody will use.")
    secret = secrets.token_urlsafe(SECRET_BYTES)
    made = Invitation.objects.create(
        secret=_kept(secret), by=by, member=member, name=" ".join(name.split())[:120], ends=now + datetime.timedelta(days=days)
    )
    return Link(made, secret)


def find(secret: str) -> Invitation | None:
    """The invitation of a link, whatever became of it."""
    return Invitation.objects.filter(secret=_kept(secret)).first() if _SECRET.fullmatch(secret) else None


def standing_of(invitation: Invitation | None) -> str:
    """What has become of an invitation; one that never was is like one that was withdrawn, and so is one whose inviter is gone."""
    if invitation is None or invitation.withdrawn or (invitation.by and not is_member(invitation.by)):
        return WITHDRAWN
    if invitation.member and not is_member(invitation.member):
        return WITHDRAWN
    if invitation.used:
        return USED
    return OPEN if moment() < invitation.ends else OVER


def use(invitation: Invitation, user: User) -> None:
    """Use it up; within the transaction that makes what it is for.

    Raises:
        RuleError: ``invite/used`` if somebody was quicker.
    """
    now = moment()
    left = Invitation.objects.filter(pk=invitation.pk, used=None, withdrawn=None, ends__gt=now)
    if not left.update(used=now, used_by=user):
        raise RuleError("this invitation does not stand any more", code="invite/used")


def withdraw(by: str, number: int) -> bool:
    """Withdraw an open one of one's own; whether there was one."""
    return bool(Invitation.objects.filter(pk=number, by=by, used=None, withdrawn=None).update(withdrawn=moment()))


def moment() -> datetime.datetime:
    """Now, by the house's clock."""
    return datetime.datetime.fromtimestamp(ledger.now(), datetime.UTC)


def _kept(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()

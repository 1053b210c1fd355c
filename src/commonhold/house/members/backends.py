"""Who may do what: the record's word, looked up in the fold at every question, and no table's."""

from __future__ import annotations

from typing import Any, Final

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from commonhold.house.core import ledger
from commonhold.house.members.models import User
from commonhold.house.members.standing import MEMBER

SHELL: Final = "wagtailadmin.access_admin"
"""The right to see the house from inside: every member has it, whoever else does not."""


class FromRecord(BaseBackend):
    """Rights from the fold. There are no passwords, so nothing is authenticated here; the ceremonies with passkeys do that."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> User | None:
        """Nobody: there is no password to check."""
        del request, credentials
        return None

    def get_user(self, user_id: int) -> User | None:
        """The account of a session."""
        return User.objects.filter(pk=user_id).first()

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        """Whether the record gives the member behind a session this right: their passkey was looked up when the request came in."""
        del obj
        return perm == SHELL and isinstance(user_obj, User) and user_obj.standing == MEMBER and is_member(user_obj.member)


def is_member(name: str) -> bool:
    """Whether the record has somebody in its register now, or as a founder who has yet to accept."""
    member = ledger.state().member(name)
    return member is not None and member.status in {"active", "invited"}

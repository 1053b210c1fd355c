"""Accounts, passkeys and invitations.

An account is a browser's way in and nothing more: a session is a member's because the record has enrolled the very passkey that began it (:mod:`.standing`).
Whoever writes these tables can read as anybody; nobody can sign an act with them.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models


class Users(BaseUserManager["User"]):
    """Accounts are made by services."""


class User(AbstractBaseUser, PermissionsMixin):
    """One person's account: their pseudonym in the record, and what only the house knows of them.

    *member* is unique; *name* and *email* never enter the record. Rights come from :mod:`.backends` alone: groups and permissions are what Wagtail asks
    its tables for, and stay empty.
    """

    member = models.CharField(max_length=32, unique=True)
    name = models.CharField(max_length=120, blank=True)
    email = models.EmailField(blank=True)
    language = models.CharField(max_length=8, blank=True)
    made = models.DateTimeField(auto_now_add=True)
    handle = models.BinaryField(max_length=32, unique=True)
    """What a passkey says of whom it belongs to (:func:`.kernel.passkeys.user_id`): 32 bytes that name nobody."""

    is_active = models.BooleanField(default=True)
    is_superuser = False  # nobody is, whatever a table says: the mixin's column is gone
    standing = ""
    """Who this session is to the organisation (:mod:`.standing`); no column, but found anew at every request."""

    objects: ClassVar[Users] = Users()
    USERNAME_FIELD = "member"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    password = None  # type: ignore[assignment] # there are none

    def __str__(self) -> str:
        return self.name or self.member

    def get_full_name(self) -> str:
        """The name that other members see."""
        return self.name or self.member

    def get_short_name(self) -> str:
        """The same: one name is enough."""
        return self.name or self.member

    def has_usable_password(self) -> bool:
        """Never: there are no passwords."""
        return False

    def get_session_auth_hash(self) -> str:
        """What ends all sessions of an account when it changes: its handle."""
        from django.utils.crypto import salted_hmac  # noqa: PLC0415 - only at sign-in

        return salted_hmac("commonhold.house.members.session", bytes(self.handle).hex(), algorithm="sha256").hexdigest()

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """What the backends say, without the exception that Django makes for superusers."""
        from django.contrib.auth import get_backends  # noqa: PLC0415 - apps must be loaded

        return any(backend.has_perm(self, perm, obj) for backend in get_backends() if hasattr(backend, "has_perm"))

    def has_module_perms(self, app_label: str) -> bool:
        """No app is open as a whole."""
        del app_label
        return False


class Passkey(models.Model):
    """A passkey that signs in: the public half of a credential, as the browser made it.

    *key* is the id that the record would know it by; *origin* the exact address it was made at.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="passkeys")
    credential = models.BinaryField(max_length=1023, unique=True)
    key = models.CharField(max_length=64, unique=True)
    alg = models.CharField(max_length=8)
    spki = models.BinaryField(max_length=2048)
    rp_id = models.CharField(max_length=253)
    origin = models.CharField(max_length=300)
    name = models.CharField(max_length=80, blank=True)
    transports = models.JSONField(default=list)
    backed_up = models.BooleanField(default=False)
    made = models.DateTimeField(auto_now_add=True)
    used = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.user.member}: {self.name or self.key[:12]}"


class Visit(models.Model):
    """One browser that is signed in, with one passkey. The session's cookie leads to it, and it ends when this does.

    *key* is the passkey's id; *browser* a few words by which its owner tells it from another. No address is kept, and no page that was read.
    Times are POSIX seconds.
    """

    mark = models.CharField(max_length=32, unique=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="visits")
    key = models.CharField(max_length=64)
    origin = models.CharField(max_length=300)
    browser = models.CharField(max_length=80, blank=True)
    made = models.BigIntegerField(db_index=True)
    seen = models.BigIntegerField()
    ended = models.CharField(max_length=16, blank=True)

    def __str__(self) -> str:
        return f"{self.user.member} in {self.browser}"


class Invitation(models.Model):
    """A link by which one person makes one account; only the hash of its secret is kept.

    *member* is set where somebody who is in the record already is invited, a founder say; otherwise whoever comes chooses a pseudonym.
    """

    secret = models.CharField(max_length=64, unique=True)
    by = models.CharField(max_length=32)
    member = models.CharField(max_length=32, blank=True)
    name = models.CharField(max_length=120, blank=True)
    made = models.DateTimeField(auto_now_add=True)
    ends = models.DateTimeField()
    used = models.DateTimeField(null=True, blank=True)
    used_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    withdrawn = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"invitation {self.pk} by {self.by}"


class Ceremony(models.Model):
    """A challenge that this house has offered a browser, until it is answered or five minutes have passed; each is answered once.

    *what* is ``enrol`` or ``sign-in``; *data* what the answer is held to.
    """

    challenge = models.BinaryField(max_length=32, unique=True)
    what = models.CharField(max_length=16)
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    data = models.JSONField(default=dict)
    ends = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.what} until {self.ends:%H:%M:%S}"

"""Beginning and ending a session: Django's own, with a visit behind it (:mod:`.visits`)."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.contrib.auth import login, logout
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from commonhold.house.core import ledger
from commonhold.house.members import visits
from commonhold.house.members.models import Passkey, User
from commonhold.house.members.standing import ENDED, Standing, standing

VISIT: Final = "visit"
BACKEND: Final = "commonhold.house.members.backends.FromRecord"


def enter(request: HttpRequest, passkey: Passkey) -> Standing:
    """Begin a session with a passkey that has just been used, under a new key; where the record has ended it, begin none. Gives what it is."""
    user = passkey.user
    found = standing(ledger.state(), user.member, passkey.key, passkey.origin)
    if found.kind == ENDED:
        return found
    leave(request)
    request.session.clear_expired()
    login(request, user, backend=BACKEND)
    request.session[VISIT] = visits.begin(user, passkey.key, passkey.origin, request.headers.get("User-Agent", "")[:400]).mark
    request.session.set_expiry(visits.LASTS)
    return found


def leave(request: HttpRequest) -> None:
    """End the session, if there is one: nothing of it is left in the table."""
    mark = request.session.get(VISIT)
    if isinstance(request.user, User):
        visits.end(request.user, str(mark), "out")
    if mark or request.user.is_authenticated:
        logout(request)


def safe_next(request: HttpRequest, given: Any) -> str:
    """Where somebody wanted to go, if that is a page of this very house; its first page otherwise."""
    text = given if isinstance(given, str) and len(given) <= 2_000 else ""
    if not text.startswith("/"):
        return "/"
    return text if url_has_allowed_host_and_scheme(text, {settings.CONFIG.host}, require_https=request.is_secure()) else "/"

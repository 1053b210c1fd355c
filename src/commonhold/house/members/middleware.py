"""At every request: is this session still somebody's, and whose?

The record is asked each time (:mod:`.standing`), so a revoked key, a suspended address or an ended membership ends a session before the next page is
shown, and says why. Whoever is no member sees their own page and nothing of the shell.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render

from commonhold.house.core import ledger
from commonhold.house.core.access import ACCOUNTS, EVERYBODY, is_for
from commonhold.house.core.speech import language_of
from commonhold.house.members import accounts, doors, visits
from commonhold.house.members.models import User, Visit
from commonhold.house.members.standing import ENDED, MEMBER, standing
from commonhold.house.members.words import ENDED as WORDS

Next = Callable[[HttpRequest], HttpResponse]

FURNITURE: Final = frozenset({"wagtailadmin_sprite", "wagtailadmin_javascript_catalog"})
"""Icons and words of the shell, which the door uses, too."""
UNSHOWN: Final = frozenset({"csrfmiddlewaretoken", "answer", "nonce"})
MAX_WORDS: Final = 200_000


class Sessions:
    """The account's standing beside it, and an end where it has ended."""

    def __init__(self, get_response: Next) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, if the session may still be answered."""
        accounts.forget_departed()
        if not request.user.is_authenticated:
            # An account that is gone leaves a session that leads to nobody.
            if doors.VISIT in request.session:
                logout(request)
                request.ended = "left"  # type: ignore[attr-defined] # for `process_view`, once the address is known
            return self._next(request)
        assert isinstance(request.user, User)  # noqa: S101 - the one model of accounts
        visit = visits.find(request.session.get(doors.VISIT))
        why = visits.why_over(visit) if visit is None or visit.user_id == request.user.pk else "old"
        kind = ""
        if visit is None and standing(ledger.state(), request.user.member, "", "").kind == ENDED:
            why = "left"
        if not why and visit is not None:
            found = standing(ledger.state(), request.user.member, visit.key, visit.origin)
            kind, why = found.kind, found.why
        if kind == ENDED and visit is not None:
            Visit.objects.filter(pk=visit.pk).update(ended=why)
        if why:
            logout(request)
            request.ended = why  # type: ignore[attr-defined] # as above
        elif visit is not None:
            request.user.standing = kind
            request.visit = visit  # type: ignore[attr-defined] # what this session is, for its own pages
            visits.note_seen(visit)
        return self._next(request)

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: dict[str, Any]) -> HttpResponse | None:
        """Turn away whoever may not see this page, with the reason."""
        del args, kwargs
        name = request.resolver_match.url_name if request.resolver_match is not None else ""
        if name in FURNITURE or is_for(view) == EVERYBODY:
            return None
        if why := getattr(request, "ended", ""):
            return _over(request, why)
        if not request.user.is_authenticated:
            return HttpResponseRedirect(f"/sign-in/?{urlencode({'next': request.get_full_path()})}")
        if getattr(request.user, "standing", "") != MEMBER and is_for(view) != ACCOUNTS:
            return HttpResponseRedirect("/welcome/")
        return None


def _over(request: HttpRequest, why: str) -> HttpResponse:
    """The end of a session; what was written into a form is shown once more, to be kept."""
    if request.headers.get("X-Requested-With") == "XMLHttpRequest":
        return JsonResponse({"said": language_of(request).say(WORDS[why])}, status=403)
    if request.method == "POST":
        words = [
            (name, value)
            for name, values in request.POST.lists()
            for value in values
            if name not in UNSHOWN and value.strip() and len(value) <= MAX_WORDS
        ]
        return render(request, "members/over.html", {"why": language_of(request).html(WORDS[why]), "words": words}, status=403)
    where = urlencode({"over": why, "next": request.get_full_path()})
    return HttpResponseRedirect(f"/sign-in/?{where}")

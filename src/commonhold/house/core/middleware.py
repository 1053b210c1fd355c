"""What happens around every page: headers that leave a browser little to be talked into, the language, and tables that are up to date."""

from __future__ import annotations

from collections.abc import Callable
from inspect import unwrap
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse

from commonhold.house.core.speech import activate, language_of

Next = Callable[[HttpRequest], HttpResponse]

POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
"""No script and no style but those of this very house, and none written into a page."""


SHELL: Final = frozenset({"home", "wagtailadmin_javascript_catalog", "wagtailadmin_sprite", "wagtailadmin_dismissibles"})
"""What is used of the shell's own pages: its words and icons, and what remembers that a hint was read. (Its guard around our front page hides whose that is.)"""


class SecurityHeaders:
    """The headers of every answer."""

    def __init__(self, get_response: Next) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, with the headers."""
        response = self._next(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("Permissions-Policy", "publickey-credentials-get=(self), publickey-credentials-create=(self)")
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if request.user.is_authenticated if hasattr(request, "user") else False:
            # What a member reads stays in no cache and in no history of a shared computer.
            response.headers.setdefault("Cache-Control", "no-store")
        return response


class OnlyOurs:
    """Nothing of the shell answers but what the house uses: its pages, users, groups, reports and interfaces for programs are nobody's here."""

    def __init__(self, get_response: Next) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        return self._next(request)

    def process_view(self, request: HttpRequest, view: Callable[..., HttpResponse], args: object, kwargs: object) -> None:
        """Say that there is no such page, whoever asks."""
        del args, kwargs
        match = request.resolver_match
        if not unwrap(view).__module__.startswith("commonhold.house.") and (match is None or match.url_name not in SHELL):
            raise Http404


class Spoken:
    """Every page in its reader's language."""

    def __init__(self, get_response: Next) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer in that language."""
        found = language_of(request)
        activate(found)
        response = self._next(request)
        response.headers.setdefault("Content-Language", found.tag)
        return response


class UpToDate:
    """The tables have taken every entry that the log has, before a page reads them."""

    def __init__(self, get_response: Next) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer from what the log has now."""
        from commonhold.house.record.services import catch_up  # noqa: PLC0415 - models are not there when middleware is imported

        catch_up()
        return self._next(request)

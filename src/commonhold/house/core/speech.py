"""The house's languages: the pages' catalogues and its own, for one request at a time (:mod:`commonhold.pages.language`)."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest
from django.utils import translation

from commonhold.pages.language import CODES, Language, preferred, speaking

PACKAGE: Final = "commonhold.house"
DJANGO: Final = {"zh": "zh-hans"}
"""What Django and Wagtail call a language that we call otherwise."""


def language(code: str) -> Language:
    """The language of a code, with the house's own sentences."""
    return speaking(PACKAGE, code)


def language_of(request: HttpRequest) -> Language:
    """The language of a request: what its member chose, else what their browser asks for."""
    found: Language | None = getattr(request, "spoken", None)
    if found is None:
        user = getattr(request, "user", None)
        chosen = getattr(user, "language", "") if user is not None and user.is_authenticated else request.COOKIES.get("language", "")
        found = language(chosen if chosen in CODES else preferred(request.headers.get("Accept-Language", "")).code)
        request.spoken = found  # type: ignore[attr-defined] # kept for the rest of the request
    return found


def activate(found: Language) -> None:
    """Let Django and Wagtail speak it, too."""
    translation.activate(DJANGO.get(found.code, found.code))

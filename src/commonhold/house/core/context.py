"""What every template has at hand."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from commonhold.house.core.naming import organisation
from commonhold.house.core.speech import language_of


def house(request: HttpRequest) -> dict[str, Any]:
    """The language in which sentences are said, and what the organisation is called."""
    return {"spoken": language_of(request), "organisation": organisation()}

"""What every template has at hand."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from commonhold.house.core.speech import language_of


def house(request: HttpRequest) -> dict[str, Any]:
    """The language, under which sentences are said."""
    return {"spoken": language_of(request)}

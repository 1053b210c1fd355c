"""What an act does, in the reader's language: the signer's own sentences (``reader/strings/signer``), so that house and signer say the same."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from commonhold.kernel.record.fact import Fact
from commonhold.pages.language import Language

_PLACE = re.compile(r"\{(\w+)\}")


def fact_html(spoken: Language, fact: Fact) -> SafeString:
    """One fact as HTML: what is put into its sentence escaped and isolated."""

    def put(place: re.Match[str]) -> str:
        value = fact.values.get(place[1], "")
        if place[1] == "time" and isinstance(value, int):
            return escape(spoken.moment(value))
        return f"<bdi>{escape(str(value))}</bdi>"

    return mark_safe(_PLACE.sub(put, escape(_sentence(spoken.code, fact.say))))  # noqa: S308 - sentence and values have been escaped


def fact_text(spoken: Language, fact: Fact) -> str:
    """One fact as plain text."""
    return _PLACE.sub(
        lambda place: (
            spoken.moment(value)
            if place[1] == "time" and isinstance(value := fact.values.get(place[1], ""), int)
            else str(fact.values.get(place[1], ""))
        ),
        _sentence(spoken.code, fact.say),
    )


def _sentence(code: str, name: str) -> str:
    return _sentences(code).get(name) or _sentences("en").get(name, name)


@cache
def _sentences(code: str) -> dict[str, str]:
    place = files("commonhold.pages").joinpath("reader", f"signer.{code}.json" if code != "en" else "signer.json")
    found: dict[str, str] = json.loads(place.read_text("utf-8"))
    return found

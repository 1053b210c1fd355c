"""``{% say "Sentence with %(name)s." name=value %}``: a sentence in the reader's language, its values escaped and isolated.

The sentences go into the house's catalogues by themselves (``python -m tools.messages write``).
"""

from __future__ import annotations

import datetime

from django import template
from django.utils.safestring import SafeString, mark_safe
from markupsafe import Markup

from commonhold.pages.language import Language, language

register = template.Library()


@register.simple_tag(takes_context=True)
def say(context: template.Context, message: str, **values: object) -> SafeString:
    """A sentence."""
    return mark_safe(spoken(context).html(message, **_marked(values)))  # noqa: S308 - `html` escapes message and values


@register.simple_tag(takes_context=True)
def say_count(context: template.Context, one: str, many: str, number: int, **values: object) -> SafeString:
    """A sentence in the form that goes with a number, which it has as ``%(n)s``."""
    return mark_safe(spoken(context).html_count(one, many, number, **_marked(values)))  # noqa: S308 - as above


@register.simple_tag(takes_context=True)
def moment(context: template.Context, time: int | None) -> SafeString:
    """A time of the record, to be read by people and programs; a dash for none."""
    if not time:
        return mark_safe("—")
    try:
        exact = datetime.datetime.fromtimestamp(time, datetime.UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        exact = ""
    return mark_safe(f'<time datetime="{exact}">{spoken(context).moment(time)}</time>')  # noqa: S308 - digits and a calendar's own words


@register.simple_tag(takes_context=True)
def listed(context: template.Context, names: list[str]) -> SafeString:
    """Names as a list in words."""
    return mark_safe(spoken(context).listed_html(names))  # noqa: S308 - each is escaped


def _marked(values: dict[str, object]) -> dict[str, object]:
    """Values for a sentence; what other tags have made HTML of (``{% moment until as end %}``) stays so."""
    return {name: Markup(value) if isinstance(value, SafeString) else value for name, value in values.items()}  # noqa: S704 - it is HTML already


def spoken(context: template.Context) -> Language:
    """The language of the page that is being written."""
    found: Language | None = context.get("spoken")
    return found or language("en")

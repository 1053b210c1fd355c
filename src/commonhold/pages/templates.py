"""Templates as files of this package: everything is escaped, a name that is missing is a fault, and nothing is read from anywhere else.

``base.html`` and ``style.css`` are what all pages share: system fonts, light and dark, paper, narrow screens, both directions of writing. A page
extends the base and fills its blocks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup, escape

from commonhold.pages.language import Language

_FIRST_STRONG, _POP = "\u2068", "\u2069"
_CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def render(name: str, language: Language, **values: object) -> str:
    """A page in a language; templates say their messages with ``html`` and ``html_count``."""
    return _environment().get_template(name).render(language=language, html=language.html, html_count=language.html_count, **values)


def sheet(name: str) -> Markup:
    """A style sheet of this package, to stand in a page."""
    return Markup(_text(name))  # noqa: S704 - a file of ours


def spoken(text: str) -> Markup:
    """A text in the page's language as HTML: the names that :meth:`Language.say` has isolated become ``<bdi>``, other controls vanish."""
    parts: list[Markup] = []
    depth = 0
    for piece in re.split(f"([{_FIRST_STRONG}{_POP}])", text):
        if piece == _FIRST_STRONG:
            depth += 1
            parts.append(Markup("<bdi>"))
        elif piece == _POP:
            # A stray end opens nothing and closes nothing.
            parts += [Markup("</bdi>")] if depth else []
            depth = max(depth - 1, 0)
        else:
            parts.append(escape(_CONTROLS.sub("", piece)))
    return Markup().join([*parts, *[Markup("</bdi>")] * depth])


def css_string(text: str) -> Markup:
    """A text as a string of CSS, every character that is no plain letter or digit written as its number (CSS Syntax 4.3.7)."""
    said = "".join(c if c.isascii() and c.isalnum() else f"\\{ord(c):x} " for c in text)
    return Markup(f'"{said}"')  # noqa: S704 - letters, digits and escapes


def _text(name: str) -> str:
    place = files("commonhold.pages")
    return place.joinpath(*name.split("/")).read_text("utf-8")


def _source(name: str) -> tuple[str, str, None]:
    return _text(name), name, None


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_source), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    filters: Mapping[str, object] = {"spoken": spoken, "css_string": css_string}
    environment.filters.update(filters)
    environment.globals["sheet"] = sheet
    return environment

"""What every secret on paper has in common: one A4 page of HTML that needs nothing else, with numbered words and a code.

The page holds no script and asks no network for anything (its own policy forbids both), so that opening it tells nobody.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from importlib import resources
from string import Template

import segno

_NARROW = 2
"""Columns of words on a phone."""


def render_paper(template: str, title: str, words: Sequence[str], values: Mapping[str, object], *, columns: int) -> str:
    """The page, a complete HTML file.

    Args:
        template: the file beside this module that has what stands on the page, with ``$words`` in it.
        title: who or what it is of, in the window's title; escaped here.
        values: what else the template needs; escaped by whoever brings it.
        columns: of words, on paper.
    """
    items = "\n".join(f'<li><span class="word">{html.escape(word)}</span></li>' for word in words)
    body = Template(_read(template)).substitute(values, words=items)
    rows, narrow = (-(-len(words) // count) for count in (columns, _NARROW))
    return Template(_read("paper.html")).substitute(title=html.escape(title), rows=rows, columns=columns, rows_narrow=narrow, body=body)


def code(text: str, title: str, *, level: str) -> str:
    """A code (QR) of *text* to stand in the page.

    Args:
        level: how much of it may be creased or stained, as QR has it: ``m`` an eighth, ``q`` a quarter.
    """
    made = segno.make(text, error=level, micro=False)
    return made.svg_inline(omitsize=True, border=4, svgclass=None, lineclass=None, light="#fff", title=title)


def _read(name: str) -> str:
    return resources.files("commonhold.cli").joinpath(name).read_text(encoding="utf-8")

"""The printable sheet of a kit: one A4 page of HTML that needs nothing else, with the 24 words, a QR code and what to do with it.

The page is a secret. It holds no script and asks no network for anything (its own policy forbids both), so that opening it tells nobody.
"""

from __future__ import annotations

import html
from importlib import resources
from string import Template

import segno

from commonhold.kernel.keys import fingerprint
from commonhold.kernel.kit import Kit

QR_LEVEL = "q"
"""A quarter of the code may be creased or stained and it still reads."""


def render_sheet(member: str, kit: Kit) -> str:
    """The sheet of *member*'s kit, a complete HTML page. Whoever holds it can act as that member."""
    template = Template(resources.files("commonhold.cli").joinpath("sheet.html").read_text(encoding="utf-8"))
    words = "\n".join(f'<li><span class="word">{word}</span></li>' for word in kit.words())
    return template.substitute(
        member=html.escape(member),
        words=words,
        fingerprint=" ".join(fingerprint(kit.keys)),
        key_id=kit.key_id,
        qr=segno.make(kit.text(), error=QR_LEVEL, micro=False).svg_inline(
            omitsize=True, border=4, svgclass=None, lineclass=None, light="#fff", title="The kit's secret"
        ),
        text=kit.text(),
    )

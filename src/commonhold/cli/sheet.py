"""The printable sheet of a kit: the 24 words, a QR code and what to do with it, on one page (:mod:`.paper`). The page is a secret."""

from __future__ import annotations

import html

from commonhold.cli.paper import code, render_paper
from commonhold.kernel.keys import fingerprint
from commonhold.kernel.kit import Kit


def render_sheet(member: str, kit: Kit) -> str:
    """The sheet of *member*'s kit, a complete HTML page. Whoever holds it can act as that member."""
    values = {
        "member": html.escape(member),
        "fingerprint": " ".join(fingerprint(kit.keys)),
        "key_id": kit.key_id,
        "qr": code(kit.text(), "The kit's secret", level="q"),
        "text": kit.text(),
    }
    return render_paper("sheet.html", f"Kit of {member}", kit.words(), values, columns=4)

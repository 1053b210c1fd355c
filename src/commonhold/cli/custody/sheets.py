"""The printable sheet of one share: A4, without scripts, that says truthfully what it opens and together with how many."""

from __future__ import annotations

import html

from commonhold.cli.paper import code, render_paper
from commonhold.kernel.custody.sealing.shares import Envelope, Manifest
from commonhold.kernel.custody.sealing.structure import Group, remarks
from commonhold.kernel.record.state import State


def render_share(share: Envelope, public: Manifest, state: State) -> str:
    """The sheet of a share, a complete HTML page. Whoever holds it has that share."""
    fewest = public.structure.fewest()
    values = {
        "organisation": html.escape(state.charter.name),
        "org": share.about.org,
        "resource": html.escape(share.about.resource),
        "seal": share.about.seal,
        "member": html.escape(share.member),
        "index": share.index + 1,
        "count": len(public.structure.people()),
        "fewest": "1 person" if fewest == 1 else f"{fewest} people",
        "groups": "\n".join(f"<li>{html.escape(line)}</li>" for line in group_lines(public.structure, share.member)),
        "remarks": "\n".join(
            f"<li>{html.escape(remark.words[:1].upper() + remark.words[1:])}.</li>" for remark in remarks(public.structure)
        ),
        "qr": code(share.words, "The words of the share", level="m"),
        "commitment": public.holdings[share.member].commitment,
    }
    title = f"Share of {share.member} in {share.about.resource}"
    return render_paper("custody/share.html", title, share.words.split(), values, columns=3)


def group_lines(structure: Group, member: str) -> list[str]:
    """Each group in a sentence, with its numbers; the reader's own is marked."""
    lines = []
    groups = list(structure.groups())
    for group in groups:
        names = [part if isinstance(part, str) else "a group of its own" for part in group.of]
        own = " (your group)" if member in group.of else ""
        many = "any one" if group.need == 1 and len(names) > 1 else "all" if group.need == len(names) > 1 else str(group.need)
        inner = [part for part in group.of if isinstance(part, Group)]
        if inner and len(inner) == len(group.of):
            lines.append(f"{group.need} of the {len(inner)} groups below must be met.")
        else:
            lines.append(f"{many} of {len(names)}: {', '.join(names)}{own}.")
    return lines

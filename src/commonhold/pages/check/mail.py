"""The mail that tells of a request to open a seal: the counter of the page, what to do, and what nobody will ask for. No secret, and nothing to click that asks."""

from __future__ import annotations

from collections.abc import Sequence

from commonhold.kernel.messages import N_
from commonhold.kernel.record.watching import Watched
from commonhold.pages.check.releases import counter, headline
from commonhold.pages.language import Language


def notice_text(language: Language, name: str, org: str, one: Watched, partners: Sequence[str]) -> tuple[str, str]:
    """The subject and the text of the mail, in plain text."""
    say = language.plainly
    head = _one_line(headline(language, one).striptags())
    lines = [
        say(N_("%(name)s (organisation %(org)s)"), name=name, org=org),
        head,
        "",
        *(line.striptags() for line in counter(language, one)),
        "",
        say(
            N_(
                "Do not believe a mail: anybody can write one. The same must stand on the pages of two partners, whom you know from elsewhere:"
            )
        ),
        *(f"    {url}/check?org={org}" for url in partners),
        "",
        say(
            N_("If word has reached you by this mail, sign that on your own device: %(notice)s"),
            notice=f"commonhold custody notice {one.id} --way mail",
        ),
        say(N_("If you do not want it, sign this: %(object)s"), object=f"commonhold object {one.id}"),
        "",
        say(
            N_(
                "Nobody will ever ask you for the words of your kit or of your share, by mail or on a page. Tell the others if somebody does."
            )
        ),
    ]
    return head, "\n".join(lines) + "\n"


def _one_line(text: str) -> str:
    return " ".join(text.split())

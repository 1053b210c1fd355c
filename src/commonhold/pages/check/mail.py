"""The mail that tells of a request to open a seal: the counter of the page, what to do, and what nobody will ask for. No secret, and nothing to click that asks.

A request for a phone may come with it, as a file: it is read by the member's own ``signer.html``, which believes nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from commonhold.kernel.messages import N_
from commonhold.kernel.record.watching import Watched
from commonhold.pages.check.releases import counter, headline
from commonhold.pages.language import Language

REQUEST: Final = "notice.request"
"""What the file for a phone is called, where one comes with the mail."""


def notice_text(
    language: Language, name: str, org: str, one: Watched, partners: Sequence[str], *, attached: bool = False
) -> tuple[str, str]:
    """The subject and the text of the mail, in plain text; *attached* if a request comes with it."""
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
        *_receipt(language, one, attached=attached),
        say(N_("If you do not want it, sign this: %(object)s"), object=f"commonhold object {one.id}"),
        "",
        say(
            N_(
                "Nobody will ever ask you for the words of your kit or of your share, by mail or on a page. Tell the others if somebody does."
            )
        ),
    ]
    return head, "\n".join(lines) + "\n"


def _receipt(language: Language, one: Watched, *, attached: bool) -> Iterator[str]:
    """How to sign that word has come, on a computer and on a phone; nothing where the rule does not ask for it."""
    say = language.plainly
    if one.told is None:
        return
    yield say(
        N_("If word has reached you by this mail, sign that on your own device: %(notice)s"),
        notice=f"commonhold custody notice {one.id} --way mail",
    )
    if attached:
        yield say(N_("For a phone, the file %(file)s comes with this mail."), file=REQUEST)
    else:
        yield say(
            N_("For a phone, whoever looks after the record makes a file with: %(request)s"), request=f"commonhold request notice {one.id}"
        )
    yield say(
        N_(
            "Open your own copy of signer.html, never one that a mail leads to, and give it your kit and that file. It shows what is asked for. Choose over which way word has reached you, sign, and hand it in."
        )
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())

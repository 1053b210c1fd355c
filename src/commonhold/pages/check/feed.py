"""The Atom feed (RFC 4287) of what is asked to be opened: custodians follow it at any partner, and no thief of a mailbox can stop it.

Each step of a release, and each receipt and objection, is an entry of its own, so that readers which show new entries show all of them.
"""

from __future__ import annotations

import datetime
import hashlib
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from markupsafe import Markup

from commonhold.kernel.messages import N_
from commonhold.kernel.record.watching import Watched
from commonhold.pages.check import releases
from commonhold.pages.check.facts import Organisation
from commonhold.pages.language import Language

TYPE: Final = "application/atom+xml; charset=utf-8"


def feed(language: Language, one: Organisation, node: str, address: str) -> str:
    """The feed of one organisation at the node of that name; *address* is where it is served."""
    now = one.signed.time
    title = language.plainly(N_("%(name)s: seals being opened, as %(node)s has it"), name=one.name, node=node)
    entries = "".join(_entry(language, one, each, now) for each in one.releases)
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{language.tag}">\n'
        f"<id>urn:commonhold:{one.id}:releases</id>\n<title>{escape(title)}</title>\n<updated>{_moment(now)}</updated>\n"
        f'<author><name>{escape(node)}</name></author>\n<link rel="self" href={quoteattr(address)}/>\n{entries}</feed>\n'
    )


def _entry(language: Language, one: Organisation, each: Watched, now: int) -> str:
    value = repr(sorted(each.as_value().items()))
    text = "\n".join(_plain(line) for line in releases.counter(language, each))
    return (
        f"<entry>\n<id>urn:commonhold:{one.id}:{each.id}:{hashlib.sha256(value.encode()).hexdigest()[:16]}</id>\n"
        f"<title>{escape(_plain(releases.headline(language, each)))}</title>\n<updated>{_moment(max(now, each.asked_at))}</updated>\n"
        f'<content type="text">{escape(text)}</content>\n</entry>\n'
    )


def _plain(text: Markup) -> str:
    return text.striptags()


def _moment(time: int) -> str:
    return datetime.datetime.fromtimestamp(time, tz=datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

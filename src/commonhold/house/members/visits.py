"""Browsers that are signed in: begun with a passkey, at most twelve hours long, ended one by one or all at once.

Each ends by itself when the record no longer knows its passkey (:mod:`.standing`); here is what the owner and the clock do.
"""

from __future__ import annotations

import re
import secrets
from typing import Final

from commonhold.house.core import ledger
from commonhold.house.members.models import User, Visit

LASTS: Final = 12 * 3600
SEEN_EVERY: Final = 600
"""Seconds between two notes of when a browser was last seen: nobody needs it finer, and nobody should have it finer."""
KEPT: Final = 7 * 86_400
"""How long an ended one is remembered, so that its browser can be told why."""
_BROWSERS: Final = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrom", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS: Final = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def begin(user: User, key: str, origin: str, agent: str) -> Visit:
    """Begin one; what ended long ago is forgotten on the way.

    Args:
        key: the id of the passkey that was used.
        agent: what the browser says that it is; two words of it are kept.
    """
    now = ledger.now()
    Visit.objects.filter(made__lt=now - LASTS - KEPT).delete()
    return Visit.objects.create(
        mark=secrets.token_hex(16), user=user, key=key, origin=origin, browser=browser_words(agent), made=now, seen=now
    )


def find(mark: object) -> Visit | None:
    """The visit that a session's cookie leads to, live or not."""
    return Visit.objects.filter(mark=mark).first() if isinstance(mark, str) and re.fullmatch(r"[0-9a-f]{32}", mark) else None


def why_over(visit: Visit | None) -> str:
    """Why a visit is over by its owner's word or the clock's: ``elsewhere``, ``old`` or a reason that was kept; empty while it is not."""
    if visit is None:
        return "old"
    now = ledger.now()
    return visit.ended or ("" if visit.made <= now < visit.made + LASTS else "old")


def note_seen(visit: Visit) -> None:
    """Remember that it was seen, to ten minutes."""
    now = ledger.now()
    if now - visit.seen >= SEEN_EVERY:
        Visit.objects.filter(pk=visit.pk).update(seen=now)


def live(user: User) -> list[Visit]:
    """Those of an account that go on, newest first."""
    return list(user.visits.filter(ended="", made__gt=ledger.now() - LASTS).order_by("-seen", "-pk"))


def end(user: User, mark: str, why: str = "elsewhere") -> bool:
    """End one of an account's own; whether there was one to end."""
    return bool(user.visits.filter(mark=mark, ended="").update(ended=why))


def end_others(user: User, mark: str) -> int:
    """End all of an account but one; how many there were."""
    return user.visits.filter(ended="").exclude(mark=mark).update(ended="elsewhere")


def browser_words(agent: str) -> str:
    """Browser and system in two words, by which people know their own devices; nothing by which one could be followed."""
    browser = next((name for sign, name in _BROWSERS if sign in agent), "")
    system = next((name for sign, name in _SYSTEMS if sign in agent), "")
    return ", ".join(word for word in (browser, system) if word)

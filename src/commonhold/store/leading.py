"""Being led on: from the address of one log at a partner to the logs after it that the partner holds (docs/formats/partner-node.md, Successors).

What a partner lists is only where to look. Everything is read from that partner's own copies, never from addresses that it names, and what the logs amount to
together the reader finds out (``kernel.record.history``): so a partner who lists too much costs some reading, and one who lists too little is
made up for by another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from commonhold.kernel.errors import CommonholdError
from commonhold.store.asking import MIRROR, SECONDS
from commonhold.store.fetch import foreign_json, is_url, url_fetch, url_front

MAX_LED: Final = 64
"""Logs that one partner's address leads to."""
MAX_SUCCESSORS: Final = 1 << 20
_HASH: Final = re.compile(r"[0-9a-f]{64}")


def led_from(place: str, org: str = "") -> list[str]:
    """*place*, and the copies to which it leads if it is a partner's: the logs after it, or, of the node's own address, all logs of *org*.

    Nothing is raised: a place that leads nowhere is itself.
    """
    place = place.rstrip("/")
    base, found, name = place.rpartition(MIRROR)
    if not is_url(place):
        return [place]
    if not found:
        rows = _front(place, org)
        return [f"{place}{MIRROR}{row}" for row in rows] if rows else [place]
    names = [name] if _HASH.fullmatch(name) else []
    for each in names:
        # The list grows while it is gone through, and holds nothing twice, so a circle ends.
        names += [one for one in _successors(f"{base}{MIRROR}{each}") if one not in names][: MAX_LED - len(names)]
    return [place, *(f"{base}{MIRROR}{each}" for each in names[1:])]


def lead(places: Iterable[str], org: str = "") -> list[str]:
    """All places to which these lead, each once, in order."""
    return list(dict.fromkeys(each for place in places for each in led_from(place, org)))


def _successors(mirror: str) -> list[str]:
    try:
        value = foreign_json(url_fetch(mirror, deadline=SECONDS)("successors", MAX_SUCCESSORS))
        return [row["hash"] for row in value["successors"] if isinstance(row["hash"], str) and _HASH.fullmatch(row["hash"])]
    except (CommonholdError, ValueError, KeyError, TypeError):
        return []


def _front(url: str, org: str) -> list[str]:
    """The logs of an organisation that a node follows, by its own front page; none if it is no node, or follows several that could be meant."""
    try:
        value = foreign_json(url_front(url, deadline=SECONDS))
        rows = [(row["org"], row["hash"]) for row in value["logs"] if row.get("org")]
    except (CommonholdError, ValueError, KeyError, TypeError, AttributeError):
        return []
    meant = {name for name, _ in rows if isinstance(name, str) and name.startswith(org)}
    if len(meant) != 1:
        return []
    return [name for owner, name in rows if owner in meant and isinstance(name, str) and _HASH.fullmatch(name)][:MAX_LED]

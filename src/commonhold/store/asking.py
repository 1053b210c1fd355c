"""Asking partners: for the pin of an organisation, and for brief proofs, which several of them sign together (docs/formats/partner-node.md).

Nothing that a partner answers is believed here but what ``check_brief`` believes. Partners follow a log each at their own pace, so two may speak of
two sizes for some seconds: then they are asked again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from commonhold.kernel.errors import CommonholdError, FormatError, ProofError, RuleError, StoreError
from commonhold.kernel.ids import parse_origin
from commonhold.kernel.notes import VerifierKey
from commonhold.kernel.record.brief import MAX_BRIEF_BYTES, Brief, CheckedBrief, check_brief, parse_brief
from commonhold.kernel.record.briefing import Key, merge_briefs
from commonhold.kernel.record.pin import MAX_PIN_BYTES, Pin, parse_pin
from commonhold.store.fetch import foreign_json, url_ask, url_front

SECONDS: Final = 15.0
TURNS: Final = 6
PAUSE_SECONDS: Final = 2.0
MIRROR: Final = "/mirror/"


def mirror_of(url: str, org: str = "") -> str:
    """The address of a partner's copy: as it was given, or the newest log of an organisation at a node whose own address was given.

    Args:
        org: the organisation's id, or the beginning of it; empty where the node follows only one.

    Raises:
        RuleError: ``partner/which`` if the node follows none or several that could be meant. FormatError: if it is no node.
        StoreError: if nobody answers there.
    """
    url = url.rstrip("/")
    if MIRROR in url:
        return url
    try:
        front = foreign_json(url_front(url, deadline=SECONDS))
        logs = [row for row in front["logs"] if row.get("org")]
        found = {row["org"] for row in logs if row["org"].startswith(org)}
        # Where the node finds that it lives; an epoch of a higher number may be one that nobody has decided.
        newest = next((row["hash"] for row in front.get("organisations", ()) if row["org"] in found), "")
        if not newest:
            newest = max(((parse_origin(row["origin"])[1], row["hash"]) for row in logs if row["org"] in found), default=(0, ""))[1]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormatError(
            f"{url} does not answer as a partner node ({type(error).__name__})", code="partner/form", next_step="Check the address."
        ) from None
    if len(found) != 1:
        raise RuleError(
            f"{url} follows {len(found)} organisations that could be meant",
            code="partner/which",
            next_step="Give the organisation's id with --org, or the whole address of its copy: ADDRESS/mirror/HASH.",
            data={"orgs": sorted(found)},
        )
    return f"{url}{MIRROR}{newest}"


def ask_pin(mirror: str) -> Pin:
    """The pin that one partner gives of the organisation whose copy is at this address; nobody else vouches for it.

    Raises:
        RuleError, FormatError, StoreError: as the partner refuses, as the pin is refused, or if nobody answers.
    """
    return parse_pin(_asked(f"{mirror}/pin", (), MAX_PIN_BYTES))


def lead_on(mirror: str) -> tuple[str, Pin]:
    """The address of a partner's copy of the log in which the organisation lives now, and the pin that the partner gives of it.

    An address that was kept in a pin leads to the log of its time; the partner knows when the members have gone on, and where.

    Raises:
        RuleError, FormatError, StoreError: as :func:`ask_pin` and :func:`mirror_of` do.
    """
    try:
        return mirror, ask_pin(mirror)
    except RuleError as error:
        node, found, _ = mirror.rpartition(MIRROR)
        if error.code != "brief/not-current" or not found:
            raise
        now = mirror_of(node, _org_of(node, mirror))
        return now, ask_pin(now)


def ask_brief(mirror: str, entry: str, keys: Sequence[Key]) -> Brief:
    """The brief proof that one partner gives, with that partner's signatures alone.

    Raises:
        RuleError, FormatError, StoreError: as the partner refuses, as the proof is refused, or if nobody answers.
    """
    query = [("entry", entry)] if entry else []
    for part, key in keys:
        query += [("part", part), ("key", key)]
    return parse_brief(_asked(f"{mirror}/brief", query, MAX_BRIEF_BYTES))


def ask_together(
    mirrors: Iterable[str],
    entry: str,
    keys: Sequence[Key],
    pin: Pin,
    later: Iterable[VerifierKey] = (),
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[Brief, CheckedBrief]:
    """The brief proof that partners give together, and what it shows under *pin*; asked again while they speak of different sizes.

    Args:
        later: mirror keys of partners who have followed those of the pin.
        sleep: waits for so many seconds.

    Raises:
        ProofError: ``brief/validators`` or ``brief/mirrors`` if too few of them agree; or as the last answer was refused.
        RuleError: if a partner says that there is no such entry. StoreError: if none answers.
    """
    places, known = list(mirrors), [key for key in later if all(key != party.key for party in pin.policy.witnesses.values())]
    problem = CommonholdError("no partner was asked")
    for turn in range(TURNS):
        if turn:
            sleep(PAUSE_SECONDS)
        briefs = []
        for mirror in places:
            try:
                briefs.append(ask_brief(mirror, entry, keys))
            except (StoreError, FormatError, ProofError) as error:
                problem = error
        for brief in merge_briefs(briefs, pin, known):
            try:
                return brief, check_brief(brief, pin)
            except CommonholdError as error:
                problem = error
                if error.code not in ("brief/validators", "brief/mirrors"):
                    raise
    raise problem


def _org_of(node: str, mirror: str) -> str:
    """The organisation of which a node keeps a copy at *mirror*; empty if it does not say."""
    try:
        rows = foreign_json(url_front(node, deadline=SECONDS))["logs"]
        return next((str(row["org"]) for row in rows if mirror.endswith(row["hash"])), "")
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""


def _asked(address: str, query: Sequence[tuple[str, str]], max_size: int) -> bytes:
    status, body = url_ask(address, query, max_size=max_size, deadline=SECONDS)
    if status == 200:
        return body
    told = _words(body)
    words = f"{address} answered {status}" + (f": {told['message']}" if told else "")
    step = told.get("next_step", "") or "Try again in a minute, or ask another partner."
    if told and 400 <= status < 500 and status not in (408, 429):
        raise RuleError(words, code=told.get("code", "") or "partner/refused", next_step=step)
    raise StoreError(words, code="store/absent" if status == 404 else "store/unreachable", next_step=step)


def _words(body: bytes) -> dict[str, Any]:
    """What a refusal says, if it is one of ours."""
    value = foreign_json(body)
    fields = ("code", "message", "next_step")
    return value if isinstance(value, dict) and all(isinstance(value.get(name), str) for name in fields) else {}

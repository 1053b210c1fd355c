"""Telling a partner where the log of the next epoch is served (``POST /epochs``, docs/formats/partner-node.md), believing nothing that it answers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from commonhold.kernel.errors import StoreError
from commonhold.store.fetch import foreign_json, url_post

ANNOUNCING_SECONDS: Final = 90.0
"""How long a partner has: it may fetch for a minute."""
MAX_ANSWER: Final = 1 << 16
_SHOWN: Final = 600


@dataclass(frozen=True, slots=True)
class Told:
    """What one partner said to an announcement: whether it follows the log (*ok*), since now (``taken``) or before (``known``), under which *hash*."""

    partner: str
    ok: bool
    status: str = ""
    hash: str = ""
    message: str = ""


def announce_to(partner: str, address: str, *, public_only: bool = False) -> Told:
    """Tell the partner at an address that the log of the next epoch is served at *address*; whatever happens is in the answer.

    Args:
        public_only: as for :func:`.store.fetch.url_post`.
    """
    base = partner.rstrip("/")
    try:
        status, raw = url_post(
            f"{base}/epochs",
            json.dumps({"url": address}).encode(),
            max_size=MAX_ANSWER,
            deadline=ANNOUNCING_SECONDS,
            public_only=public_only,
        )
    except StoreError as error:
        return Told(partner, ok=False, message=error.diagnostics())
    value = foreign_json(raw)
    if not isinstance(value, dict):
        return Told(partner, ok=False, message=f"it answered {status}, and not as a partner does")
    if status in (200, 202) and value.get("ok") is True:
        word, name = str(value.get("status"))[:_SHOWN], str(value.get("hash"))[:_SHOWN]
        return Told(partner, ok=True, status=word, hash=name, message=f"mirrored at {base}/mirror/{name}")
    said = [str(value.get(key) or "").strip().removesuffix(".") for key in ("message", "next_step")]
    words = ". ".join(part for part in said if part)
    return Told(partner, ok=False, status=str(value.get("code") or status)[:_SHOWN], message=words[:_SHOWN] or f"it answered {status}")

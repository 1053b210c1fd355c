"""Addresses that one concern's pages give of another's."""

from __future__ import annotations

from urllib.parse import quote, urlencode


def propose_url(kind: str, **fields: str) -> str:
    """Where a decision of *kind* is proposed, its form filled in with *fields* as far as they are known."""
    query = f"?{urlencode(fields)}" if fields else ""
    return f"/propose/{quote(kind, safe='')}/{query}"


def decision_url(proposal: str) -> str:
    """Where one decision is shown whole."""
    return f"/decisions/{quote(proposal, safe='')}/"


def member_url(member: str) -> str:
    """Where one member is shown."""
    return f"/people/{quote(member, safe='')}/"

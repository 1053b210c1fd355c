"""Members with passkeys in the record, for tests of what they sign."""

from __future__ import annotations

import json
from typing import Any

from commonhold.testing.authenticator import Device
from tests.house.sites import Site


def enrolled(site: Site, member: str) -> Device:
    """The device whose passkey the record has enrolled for a member, and their account knows."""
    site.passkey(member)
    return site.device(member)


def shown(answer: Any) -> Any:
    """What the page gives its script to sign; None where there is nothing."""
    text = answer.content.decode()
    start = text.find('<script id="everyday-entry" type="application/json">')
    return json.loads(text[start:].partition(">")[2].partition("</script>")[0]) if start >= 0 else None

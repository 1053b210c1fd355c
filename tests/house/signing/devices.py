"""Members with passkeys in the record, for tests of what they sign."""

from __future__ import annotations

import json
import secrets
from typing import Any

from commonhold.kernel import b64
from commonhold.testing.authenticator import Device, passkey_of
from tests.house.sites import URL, Site


def enrolled(site: Site, member: str) -> Device:
    """A device whose passkey the record has enrolled for a member, by their own kit, and the account knows."""
    from commonhold.house.members.models import Passkey

    device = Device(member, URL)
    user = site.user(member)
    made = device.enrol(
        {
            "nonce": b64.encode(secrets.token_bytes(32)),
            "rp_id": "localhost",
            "rp_name": "Saltmarsh",
            "user_id": b64.encode(bytes(user.handle)),
            "user_name": member,
        }
    )
    key = passkey_of(made, "localhost", URL)
    site.act(member, "approve", {"proposal": site.propose(member, "rotate-key", {"member": member, "add": [key.to_value()], "revoke": []})})
    Passkey.objects.create(
        user=user,
        credential=b64.decode(made["credential_id"]),
        key=key.key_id,
        alg=key.alg,
        spki=key.spki,
        rp_id=key.rp_id,
        origin=URL,
        transports=["internal"],
    )
    return device


def shown(answer: Any) -> Any:
    """What the page gives its script to sign; None where there is nothing."""
    text = answer.content.decode()
    start = text.find('<script id="everyday-entry" type="application/json">')
    return json.loads(text[start:].partition(">")[2].partition("</script>")[0]) if start >= 0 else None

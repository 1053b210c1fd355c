"""What tests of a house's ceremonies share: a site, a member, questions, and what a page posts."""

from __future__ import annotations

import hashlib
from typing import Any

from commonhold.kernel.passkeys import ENROL, Question, Site, enrolment_options, user_id
from commonhold.testing.authenticator import Device

NOW = 1_900_000_000
ORG = "a1" * 32
SITE = Site("saltmarsh.example", ("https://saltmarsh.example",))
HERON = user_id(ORG, "heron")


def asked(purpose: bytes, number: int = 1) -> Question:
    return Question(purpose, hashlib.sha256(b"nonce %d" % number).digest(), NOW)


def phone(name: str = "heron", **changes: Any) -> Device:
    return Device(name, SITE.origins[0], **changes)


def enrolled(device: Device, member: str = "heron", question: Question | None = None) -> dict[str, Any]:
    """What the page posts for a member's new passkey."""
    options = enrolment_options(
        question or asked(ENROL), SITE, site_name="Saltmarsh Radio", user=user_id(ORG, member), user_name=member, held=()
    )
    return device.enrol(options)

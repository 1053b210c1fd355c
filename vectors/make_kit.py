"""Makes kit.json: what follows from a kit's secret, byte for byte, for every program that reads or makes kits (docs/formats/keys.md).

Run it from the root of the checkout: ``python vectors/make_kit.py``. It uses no randomness, so making the file again changes nothing.
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from commonhold.kernel import bech32
from commonhold.kernel.card import Card
from commonhold.kernel.keys import fingerprint
from commonhold.kernel.kit import Kit

OUT = Path(__file__).with_name("kit.json")
MESSAGE = b"commonhold/entry/v1\n{}"
MEMBERS = ("heron", "tern", "plover", "curlew")

P = 2**255 - 19
SMALL_ORDER = (
    0,
    1,
    P - 1,
    0xB8495F16056286FDB1329CEB8D09DA6AC49FF1FAE35616AEB8413B7C7AEBE0,
    0x57119FD0DD4E22D8868E1C58C45C44045BEF839C55B1D0B1248C50A3BC959C5F,
)
"""The X25519 points of small order in canonical form (RFC 7748; twist included)."""
NOT_CANONICAL = (P, P + 1, 2**255 + 9)
"""Not reduced, or with the bit set that X25519 ignores: other spellings of points that have one."""


def recipient(point: int) -> str:
    """The age recipient of a point, however weak."""
    return bech32.encode("age", point.to_bytes(32, "little"))


def kit_vector(member: str, secret: bytes) -> dict[str, Any]:
    """Everything that follows from *secret*."""
    kit = Kit(secret)
    return {
        "member": member,
        "secret": secret.hex(),
        "words": " ".join(kit.words()),
        "text": kit.text(),
        "sign": base64.b64encode(kit.keys.sign).decode(),
        "age": kit.keys.age,
        "age_identity": kit.age_identity,
        "key": kit.key_id,
        "fingerprint": " ".join(fingerprint(kit.keys)),
        "signature": base64.b64encode(kit.sign(MESSAGE)).decode(),
        "card": Card(member, kit.keys).to_bytes().decode(),
    }


def refused_words(kit: Kit) -> list[dict[str, Any]]:
    """Typed words that must be refused, and why."""
    good = list(kit.words())
    return [
        {"why": "kit/word", "place": 7, "typed": " ".join([*good[:6], "helo", *good[7:]])},
        {"why": "kit/word-count", "typed": " ".join(good[:23])},
        {"why": "kit/word-count", "typed": " ".join([*good, good[0]])},
        {"why": "kit/checksum", "typed": " ".join([*good[:23], "zoo" if good[23] != "zoo" else "zone"])},
        {"why": "kit/not-random", "typed": " ".join(["abandon"] * 23 + ["art"])},
    ]


def render() -> str:
    """The file's content."""
    secrets = {member: hashlib.sha256(f"commonhold vectors: the kit of {member}".encode()).digest() for member in MEMBERS}
    secrets["avocet"] = bytes(range(32))
    value = {
        "about": "HKDF-SHA256 (no salt) of the secret; see docs/formats/keys.md. Never use these secrets for anything.",
        "message": MESSAGE.decode(),
        "kits": [kit_vector(member, secret) for member, secret in secrets.items()],
        "refused_words": refused_words(Kit(secrets["heron"])),
        "refused_recipients": [
            {"why": "key/weak" if point in SMALL_ORDER else "key/age-not-canonical", "age": recipient(point)}
            for point in (*SMALL_ORDER, *NOT_CANONICAL)
        ],
    }
    return json.dumps(value, indent=1, ensure_ascii=True) + "\n"


if __name__ == "__main__":
    OUT.write_text(render(), encoding="ascii")

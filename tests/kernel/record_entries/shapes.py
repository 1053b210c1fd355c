"""Entries to be bent: one well-formed example of each type, and a way to write JSON that nobody checks."""

from __future__ import annotations

import json
from typing import Any, Final

from commonhold.kernel.record.entries import attest_entry, unsigned_entry, with_signature

HEX: Final = "ab" * 32
KIT: Final = {"kind": "kit"}
BODIES: Final[dict[str, dict[str, Any]]] = {
    "found": {
        "charter": {},
        "log_key": "",
        "members": [{"member": "heron", "kit": KIT}],
        "seats": [{"office": "chair", "member": "heron"}],
    },
    "open": {
        "parent": {"origin": "an origin", "size": 3, "root": "a root"},
        "log_key": "",
        "policy": {"witnesses": {"reed": "a key"}, "groups": {"all": {"k": 1, "of": ["reed"]}}, "quorum": "all"},
    },
    "propose": {"kind": "statement", "payload": {"text": HEX, "language": "en"}, "not_after": 4_102_444_800},
    "approve": {"proposal": HEX},
    "object": {"proposal": HEX, "reason": HEX},
    "confirm": {"proposal": HEX},
    "withdraw": {"what": "proposal", "of": HEX},
    "accept": {"of": HEX},
    "acknowledge": {"what": "share", "of": HEX, "proof": HEX},
    "contribute": {"release": HEX, "envelope": "ab" * 30},
}


def unsigned(kind: str = "approve", **changes: Any) -> dict[str, Any]:
    """An unsigned entry of a type; *changes* replace its fields."""
    seen = None if kind == "found" else (3, bytes(32))
    return {
        **unsigned_entry(type=kind, org=HEX, epoch=0, by="heron", key=HEX, seen=seen, nonce=bytes(16), body=BODIES[kind]),
        **changes,
    }


def leaf(kind: str = "approve", **changes: Any) -> bytes:
    """A leaf with a signature of zeros, which has the right shape."""
    return with_signature(unsigned(kind, **changes), bytes(64))


def loose(value: Any) -> bytes:
    """JSON as any program writes it in sorted, compact form, with no check of what stands in it."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def value(kind: str = "approve") -> dict[str, Any]:
    """A whole entry as a plain object, to be bent."""
    parsed: dict[str, Any] = json.loads(attest() if kind == "attest" else leaf(kind))
    return parsed


def attest(note: str = "a note\n") -> bytes:
    return attest_entry(org=HEX, epoch=0, note=note)

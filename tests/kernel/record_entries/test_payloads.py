"""Payloads: every kind's shape, its bounds, and the keys in it."""

from __future__ import annotations

import copy
from typing import Any, Final

import pytest

from commonhold.kernel.errors import FormatError, RuleError
from commonhold.kernel.keys import KitKeys
from commonhold.kernel.kinds import (
    FUTURE_KINDS,
    IMPLIED_KINDS,
    KERNEL_KINDS,
    NEVER_EMERGENCY,
    NEVER_EVERYDAY,
    PROBATION_KINDS,
    STATE_KINDS,
    TOP_KINDS,
)
from commonhold.kernel.kit import Kit
from commonhold.kernel.record.payloads import MAX_KEYS, enrolled_keys, parse_payload
from commonhold.testing.house import derive
from tests.authenticator import Authenticator
from tests.kernel.record_entries.shapes import HEX

KIT: Final = Kit(derive("first")).keys.to_value()
OTHER: Final = Kit(derive("second")).keys.to_value()
PASSKEY: Final = Authenticator().passkey.to_value()
GOOD: Final[dict[str, dict[str, Any]]] = {
    "admit": {"member": "dunlin", "keys": [KIT, PASSKEY]},
    "amend": {"base": HEX, "result": HEX, "articles": [], "rules": []},
    "appoint": {"office": "chair", "member": "tern"},
    "channel": {"op": "move", "address": "https://a.example", "to": "https://b.example"},
    "delegate": {"rule": "spend_small", "to": "tern", "until": 1_700_000_000},
    "depart": {"member": "tern"},
    "dismiss": {"office": "chair", "member": "tern"},
    "entrust": {"resource": "transmitter", "holders": ["tern"]},
    "erase": {"objects": [HEX]},
    "expel": {"member": "tern"},
    "partner": {"witnesses": {"reed": "a key"}, "groups": {"all": {"k": 1, "of": ["reed"]}}, "quorum": "all"},
    "publish": {"work": HEX},
    "recover-member": {"member": "tern", "kit": KIT},
    "emergency-release": {"resource": "page", "seal": 1, "purpose": HEX, "recipient": KIT["age"], "until": 1_700_000_000},
    "release": {"resource": "page", "seal": 1, "purpose": HEX, "recipient": KIT["age"], "until": 1_700_000_000},
    "seal": {
        "resource": "page",
        "seal": 1,
        "structure": {"need": 1, "of": ["tern"]},
        "shares": {"tern": {"kit": HEX, "commitment": HEX, "chain": HEX, "envelope": HEX}},
        "key": HEX,
        "sealed": HEX,
    },
    "rotate-key": {"member": "tern", "add": [KIT], "revoke": [HEX]},
    "succeed": {"open": HEX, "unwitnessed": True},
    "statement": {"text": HEX, "language": "zh-Hant-TW"},
    "suspend-origin": {"origin": "https://a.example", "lift": True},
    "buy-a-mast": {"text": HEX, "amount": 10**12, "currency": "EUR"},
}


@pytest.mark.parametrize("kind", GOOD)
def test_every_kind_has_a_shape_and_no_other_field(kind: str) -> None:
    """A payload says what its kind takes, all of it, and nothing else that a later reader could take for a meaning."""
    parse_payload(kind, GOOD[kind])
    with pytest.raises(FormatError, match="unknown field `more`") as refusal:
        parse_payload(kind, {**GOOD[kind], "more": 1})
    assert refusal.value.code == "payload/shape"
    with pytest.raises(FormatError, match="missing required field"):
        parse_payload(kind, {})


BENT: Final[list[tuple[str, str, Any]]] = [
    ("admit", "member", "Dunlin"),
    ("admit", "member", "d" * 33),
    ("admit", "keys", [KIT] * (MAX_KEYS + 1)),
    ("admit", "keys", ["key"]),
    ("amend", "base", "ab"),
    ("amend", "title", "Saltmarsh"),
    ("amend", "articles", {}),
    ("appoint", "office", "The Chair"),
    ("channel", "op", "seize"),
    ("channel", "address", "x"),
    ("channel", "address", "https://a.example/with space"),
    ("channel", "address", "https://" + "a" * 400),
    ("channel", "to", "https://a.example/\u202e"),
    ("delegate", "until", True),
    ("delegate", "until", 2**53),
    ("entrust", "holders", []),
    ("entrust", "holders", ["tern"] * 33),
    ("partner", "witnesses", {}),
    ("partner", "witnesses", {f"w{n}": "k" for n in range(65)}),
    ("partner", "groups", {"all": {"k": 0, "of": ["reed"]}}),
    ("partner", "groups", {"all": {"k": 1, "of": []}}),
    ("partner", "groups", {"all": {"k": 1, "of": ["reed"], "or": 2}}),
    ("erase", "objects", []),
    ("erase", "objects", [HEX] * 33),
    ("erase", "objects", ["A" * 64]),
    ("publish", "work", 7),
    ("rotate-key", "revoke", [HEX] * (MAX_KEYS + 1)),
    ("statement", "text", "We are on air."),
    ("statement", "language", "english"),
    ("statement", "language", "EN"),
    ("suspend-origin", "lift", 1),
    ("buy-a-mast", "amount", -1),
    ("buy-a-mast", "amount", 10**12 + 1),
    ("buy-a-mast", "amount", True),
    ("buy-a-mast", "currency", "euro"),
]


@pytest.mark.parametrize(("kind", "field", "new"), BENT, ids=[f"{b[0]}-{b[1]}-{n}" for n, b in enumerate(BENT)])
def test_a_payload_out_of_its_bounds_is_refused_by_its_place(kind: str, field: str, new: Any) -> None:
    """Ids, digests and numbers within bounds, and no free text: the refusal names the kind and the field."""
    with pytest.raises(FormatError, match=rf"the payload of '{kind}' is wrong.*{field}") as refusal:
        parse_payload(kind, {**GOOD[kind], field: new})
    assert refusal.value.code == "payload/shape"
    assert len(str(refusal.value)) < 300


def test_a_key_in_a_payload_passes_enrolment_before_anybody_votes() -> None:
    """A weak key, a second kit, or a passkey where a kit is needed never gets as far as an approval."""
    weak = {**KIT, "sign": "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}
    for kind, payload, code in (
        ("admit", {"member": "dunlin", "keys": [weak]}, "key/weak"),
        ("rotate-key", {"member": "tern", "add": [weak], "revoke": []}, "key/weak"),
        ("recover-member", {"member": "tern", "kit": weak}, "key/weak"),
        ("recover-member", {"member": "tern", "kit": PASSKEY}, "payload/not-a-kit"),
        ("recover-member", {"member": "tern", "kit": {}}, "key/kind"),
        ("admit", {"member": "dunlin", "keys": [KIT, OTHER]}, "payload/two-kits"),
        ("rotate-key", {"member": "tern", "add": [KIT, PASSKEY, OTHER], "revoke": []}, "payload/two-kits"),
    ):
        with pytest.raises(FormatError) as refusal:
            parse_payload(kind, copy.deepcopy(payload))
        assert refusal.value.code == code


def test_a_payload_gives_the_keys_that_it_would_enrol() -> None:
    """In their order, and none for a kind that enrols nothing."""
    first, second = enrolled_keys(parse_payload("admit", GOOD["admit"]))
    assert isinstance(first, KitKeys)
    assert (first.to_value(), second.to_value()) == (KIT, PASSKEY)
    assert [key.to_value() for key in enrolled_keys(parse_payload("recover-member", GOOD["recover-member"]))] == [KIT]
    assert enrolled_keys(parse_payload("publish", GOOD["publish"])) == ()


@pytest.mark.parametrize("kind", sorted(FUTURE_KINDS))
def test_a_kind_of_the_design_that_is_not_built_cannot_be_judged(kind: str) -> None:
    """A reader that lacks a kind says so and guesses nothing."""
    with pytest.raises(RuleError, match="cannot judge") as refusal:
        parse_payload(kind, {"text": HEX})
    assert refusal.value.code == "kind/not-yet"
    assert refusal.value.next_step


def test_the_lists_of_kinds_hold_together() -> None:
    """Every list names kinds that exist, nothing that moves authority is ever everyday or an emergency, and every state kind has a shape."""
    assert STATE_KINDS.isdisjoint(FUTURE_KINDS)
    assert KERNEL_KINDS == STATE_KINDS | FUTURE_KINDS
    assert TOP_KINDS | PROBATION_KINDS | NEVER_EMERGENCY | NEVER_EVERYDAY | frozenset(IMPLIED_KINDS.values()) <= KERNEL_KINDS
    assert TOP_KINDS | PROBATION_KINDS <= NEVER_EMERGENCY & NEVER_EVERYDAY
    assert GOOD.keys() - {"buy-a-mast"} == STATE_KINDS

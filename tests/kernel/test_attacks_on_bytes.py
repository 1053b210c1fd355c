"""Attacks on the bytes themselves: forms that two programs could read in two ways, and keys under which anything verifies."""

from __future__ import annotations

import pytest

from commonhold.kernel import ed25519
from commonhold.kernel.canonical import parse_canonical
from commonhold.kernel.errors import FormatError
from tests.attacks import Mutation, attack

CANONICAL = "src/commonhold/kernel/canonical.py"
ED25519 = "src/commonhold/kernel/ed25519.py"


@attack("record-21", Mutation(CANONICAL, find="if _encoder.encode(value) != raw:", replace="if value is None:"))
def test_a_key_that_stands_twice_is_refused() -> None:
    """Two programs may keep two different ones of duplicate keys, so bytes that hold one twice stand for nothing."""
    with pytest.raises(FormatError, match="not in canonical form") as refusal:
        parse_canonical(b'{"by":"heron","by":"tern"}', max_size=100, what="the entry")
    assert refusal.value.code == "canonical/not-canonical"
    assert refusal.value.next_step


@attack("record-21", Mutation(CANONICAL, find="*range(0x202A, 0x202F),", replace=""))
def test_text_that_reorders_itself_is_refused() -> None:
    """A right-to-left override would show a reader another text than the one that was signed."""
    with pytest.raises(FormatError, match="U\\+202E") as refusal:
        parse_canonical('{"name":"\u202enoitcele"}'.encode(), max_size=100)
    assert refusal.value.code == "canonical/character"


@attack("record-03", Mutation(ED25519, find="if not bindings.crypto_core_ed25519_is_valid_point(public):", replace="if not any(public):"))
@pytest.mark.parametrize(
    "weak",
    [
        "0100000000000000000000000000000000000000000000000000000000000000",  # the identity
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  # order 2
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",  # order 8
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  # the identity, not reduced
    ],
)
def test_a_weak_key_is_refused_at_enrolment(weak: str) -> None:
    """Under a key of small order one signature fits every message, so nobody can be enrolled with one."""
    with pytest.raises(FormatError, match="weak") as refusal:
        ed25519.check_public_key(bytes.fromhex(weak))
    assert refusal.value.code == "key/weak"

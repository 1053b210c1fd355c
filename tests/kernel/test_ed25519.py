"""Ed25519 in its one definition: which keys may be enrolled, and which signatures count."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from commonhold.kernel import ed25519
from commonhold.kernel.errors import FormatError, ProofError
from tests.shared_data import shared_data

SEED = bytes(range(32))
ORDER = 2**252 + 27742317777372353535851937790883648493


def openssl_accepts(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def enrolable(public: bytes) -> bool:
    try:
        ed25519.check_public_key(public)
    except FormatError:
        return False
    return True


def test_a_signature_verifies_and_nothing_near_it_does() -> None:
    """A signature is one key's over one message; change any of the three and it is nothing."""
    public = ed25519.public_key(SEED)
    ed25519.check_public_key(public)
    signature = ed25519.sign(SEED, b"act")
    assert signature == ed25519.sign(SEED, b"act")
    ed25519.verify(public, b"act", signature)
    assert ed25519.is_valid(public, b"act", signature)
    for changed in (
        (ed25519.public_key(bytes(32)), b"act", signature),
        (public, b"act!", signature),
        (public, b"", signature),
        (public, b"act", signature[:-1] + bytes([signature[-1] ^ 1])),
        (public, b"act", signature[:63]),
        (public, b"act", signature + b"\x00"),
        (public[:31], b"act", signature),
        (b"", b"act", b""),
    ):
        assert not ed25519.is_valid(*changed)
        with pytest.raises(ProofError) as refusal:
            ed25519.verify(*changed)
        assert refusal.value.code == "signature/invalid"


def test_every_bit_of_a_signature_counts() -> None:
    """No bit of a signature can be turned without anybody noticing."""
    public, signature = ed25519.public_key(SEED), ed25519.sign(SEED, b"act")
    for bit in range(512):
        bent = bytearray(signature)
        bent[bit // 8] ^= 1 << bit % 8
        assert not ed25519.is_valid(public, b"act", bytes(bent))


def test_a_key_of_another_length_is_refused_by_its_length() -> None:
    """A key has 32 bytes, and the refusal says how many this one has."""
    for size in (0, 31, 33):
        with pytest.raises(FormatError, match=f"has 32 bytes, this one has {size}") as refusal:
            ed25519.check_public_key(bytes(size))
        assert refusal.value.code == "key/length"


def test_wycheproof_agrees() -> None:
    """Every case of Project Wycheproof comes out as it says, and every key in it may be enrolled."""
    cases = json.loads(shared_data("record", "ed25519", "wycheproof.json").read_text("utf-8"))
    count = 0
    for group in cases["testGroups"]:
        public = bytes.fromhex(group["publicKey"]["pk"])
        assert enrolable(public)
        for case in group["tests"]:
            expected = case["result"] == "valid"
            assert ed25519.is_valid(public, bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"])) == expected, case["tcId"]
            count += 1
    assert count == 151


def test_speccheck_accepts_only_what_our_definition_accepts() -> None:
    """Of the edge cases of "Taming the many EdDSAs" those that pass here are also passed by OpenSSL, and no key in them is weak."""
    cases: list[dict[str, Any]] = json.loads(shared_data("record", "ed25519", "speccheck.json").read_text("utf-8"))
    assert len(cases) == 12
    accepted = 0
    for case in cases:
        public, message, signature = (bytes.fromhex(case[field]) for field in ("pub_key", "message", "signature"))
        if enrolable(public) and ed25519.is_valid(public, message, signature):
            accepted += 1
            assert openssl_accepts(public, message, signature)
    assert accepted < 3


SMALL_ORDER = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
]


@pytest.mark.parametrize("point", SMALL_ORDER)
def test_no_signature_begins_with_a_point_of_small_order(point: str) -> None:
    """A weak key is not enrolled, and under it, or with such an R under a good key, nothing verifies, whatever OpenSSL says."""
    weak, good = bytes.fromhex(point), ed25519.public_key(SEED)
    assert not enrolable(weak)
    for message in (b"act", b"another act"):
        assert not ed25519.is_valid(weak, message, weak + bytes(32))
        assert not ed25519.is_valid(good, message, weak + bytes(32))

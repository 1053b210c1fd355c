"""The W3C's WebAuthn test vectors and an assertion from a real browser, verified offline from the public key alone."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from commonhold.kernel.errors import FormatError, ProofError
from commonhold.kernel.keys import Passkey, parse_key_value
from commonhold.kernel.webauthn import verify_assertion, verify_signature
from tests.authenticator import spki_of
from tests.shared_data import shared_data

UV = 0x04
COSE_ALG, COSE_CRV, COSE_X, COSE_Y = 3, -1, -2, -3


def w3c() -> list[dict[str, Any]]:
    vectors: list[dict[str, Any]] = json.loads(
        shared_data("custody", "vectors", "webauthn", "w3c_webauthn_vectors.json").read_text("utf-8")
    )
    return vectors


def cbor(raw: bytes) -> tuple[Any, bytes]:
    """The first item of *raw* and what follows it: integers, byte and text strings, arrays and maps of definite length."""
    kind, short, rest = raw[0] >> 5, raw[0] & 31, raw[1:]
    size = {24: 1, 25: 2, 26: 4, 27: 8}.get(short, 0)
    number, rest = (int.from_bytes(rest[:size], "big"), rest[size:]) if size else (short, rest)
    if kind == 0:
        return number, rest
    if kind == 1:
        return -1 - number, rest
    if kind in {2, 3}:
        piece = rest[:number]
        return (piece if kind == 2 else piece.decode()), rest[number:]
    items = []
    for _ in range(number * (2 if kind == 5 else 1)):
        item, rest = cbor(rest)
        items.append(item)
    return (dict(zip(items[::2], items[1::2], strict=True)) if kind == 5 else items), rest


def cose_of(registration: dict[str, Any]) -> dict[int, Any]:
    """The credential's public key out of an attestation object (WebAuthn 6.5.1)."""
    data = cbor(bytes.fromhex(registration["attestationObject"]))[0]["authData"]
    id_length = int.from_bytes(data[53:55], "big")
    key: dict[int, Any] = cbor(data[55 + id_length :])[0]
    return key


def passkey_of(vector: dict[str, Any]) -> Passkey | None:
    """The vector's key as a passkey, or None where its algorithm is not one of ours."""
    cose = cose_of(vector["registration"])
    match cose[COSE_ALG]:
        case -7:
            numbers = ec.EllipticCurvePublicNumbers(
                int.from_bytes(cose[COSE_X], "big"), int.from_bytes(cose[COSE_Y], "big"), ec.SECP256R1()
            )
            alg, public = "es256", spki_of(numbers.public_key())
        case -8 if cose[COSE_CRV] == 6:
            alg, public = "eddsa", spki_of(ed25519.Ed25519PublicKey.from_public_bytes(cose[COSE_X]))
        case -257:
            numbers_rsa = rsa.RSAPublicNumbers(int.from_bytes(cose[-2], "big"), int.from_bytes(cose[-1], "big"))
            alg, public = "rs256", spki_of(numbers_rsa.public_key())
        case _:
            return None
    value = {
        "kind": "passkey",
        "alg": alg,
        "spki": base64.b64encode(public).decode(),
        "rp_id": vector["rp_id"],
        "origins": [vector["origin"]],
    }
    key = parse_key_value(value)
    assert isinstance(key, Passkey)
    return key


def parts(vector: dict[str, Any]) -> Iterator[bytes]:
    for name in ("challenge", "authenticatorData", "clientDataJSON", "signature"):
        yield bytes.fromhex(vector["authentication"][name])


def test_every_w3c_signature_of_an_allowed_algorithm_verifies() -> None:
    """Ten ES256 keys, one RS256 and one Ed25519 verify; ES384, ES512 and Ed448 are not ours."""
    counted: dict[str, int] = {}
    for vector in w3c():
        key = passkey_of(vector)
        counted[key.alg if key else "none"] = counted.get(key.alg if key else "none", 0) + 1
        if key is not None:
            _, authenticator, client, signature = parts(vector)
            verify_signature(key, authenticator + hashlib.sha256(client).digest(), signature)
            with pytest.raises(ProofError):
                verify_signature(key, authenticator + hashlib.sha256(client + b" ").digest(), signature)
    assert counted == {"es256": 10, "rs256": 1, "eddsa": 1, "none": 3}


def test_a_w3c_assertion_counts_exactly_when_our_stricter_rules_hold() -> None:
    """Without user verification, or from a frame, an assertion is refused for that reason; every other one counts."""
    outcome: dict[str, list[str]] = {}
    for vector in w3c():
        key = passkey_of(vector)
        if key is None:
            continue
        challenge, authenticator, client, signature = parts(vector)
        try:
            verify_assertion(key, challenge, authenticator, client, signature)
            code = "counts"
        except ProofError as refusal:
            code = refusal.code
        outcome.setdefault(code, []).append(vector["id"].removeprefix("sctn-test-vectors-"))
        framed = json.loads(client).get("crossOrigin", False)
        assert code == ("webauthn/cross-origin" if framed else "counts" if authenticator[32] & UV else "webauthn/user-verified")
    assert sorted(outcome) == ["counts", "webauthn/cross-origin", "webauthn/user-verified"]
    assert outcome["counts"] == ["none-es256-long-credential-id", "packed-es256", "tpm-es256"]
    assert outcome["webauthn/cross-origin"] == ["none-es256-crossOrigin", "none-es256-topOrigin"]


@pytest.mark.parametrize("alg", ["es384", "es512", "ed448"])
def test_the_other_w3c_algorithms_are_refused_at_enrolment(alg: str) -> None:
    """A key of an algorithm that is not allowed never gets into the record, and the refusal names those that are."""
    vector = next(vector for vector in w3c() if vector["id"].endswith(alg))
    assert passkey_of(vector) is None
    value = {"kind": "passkey", "alg": alg, "spki": "MA==", "rp_id": vector["rp_id"], "origins": [vector["origin"]]}
    with pytest.raises(FormatError, match="only es256, eddsa and rs256") as refusal:
        parse_key_value(value)
    assert refusal.value.code == "key/algorithm"


# --------------------------------------------------------------------------------------------------------------------- real browser


def chromium() -> tuple[Passkey, bytes, bytes, bytes, bytes]:
    """The assertion that a Chromium made for an earlier form of the signed bytes: key, challenge, authenticator, client, signature."""
    found = json.loads(shared_data("custody", "vectors", "webauthn", "chromium_virtual_assertion.json").read_text("utf-8"))
    assert found["domain_sep"].endswith("\\0")
    challenge = hashlib.sha256(found["domain_sep"].removesuffix("\\0").encode() + b"\x00" + found["entry"].encode()).digest()
    value = {"kind": "passkey", "alg": "es256", "spki": found["spki_b64"], "rp_id": found["rp_id"], "origins": [found["origin"]]}
    key = parse_key_value(value)
    assert isinstance(key, Passkey)
    data, client, signature = (base64.b64decode(found[name]) for name in ("authenticatorData_b64", "clientDataJSON_b64", "signature_b64"))
    return key, challenge, data, client, signature


def test_an_assertion_of_a_real_browser_counts() -> None:
    """What Chromium signed verifies years later from the recorded public key, whatever its counter says."""
    verify_assertion(*chromium())


def test_a_real_assertion_counts_for_nothing_else() -> None:
    """Another entry, another domain, another recorded origin, no verification, a cut, a doubled key: each is refused for its reason."""
    key, challenge, data, client, signature = chromium()
    doubled = client[:-1] + b',"origin":"http://localhost:8765"}'
    cases = {
        "webauthn/challenge": (key, hashlib.sha256(b"tampered").digest(), data, client, signature),
        "webauthn/rp-id": (replace(key, rp_id="saltmarsh.example"), challenge, data, client, signature),
        "webauthn/origin": (replace(key, origins=("http://localhost:8766",)), challenge, data, client, signature),
        "webauthn/user-verified": (key, challenge, data[:32] + b"\x01" + data[33:], client, signature),
        "webauthn/authenticator-length": (key, challenge, data[:-1], client, signature),
        "webauthn/client": (key, challenge, data, doubled, signature),
        "webauthn/signature": (key, challenge, data[:-1] + b"\x63", client, signature),
    }
    for code, case in cases.items():
        with pytest.raises(ProofError) as refusal:
            verify_assertion(*case)
        assert refusal.value.code == code

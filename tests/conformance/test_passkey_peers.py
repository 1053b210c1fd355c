"""New passkeys and sign-ins held to others: the W3C's test vectors, and py_webauthn as an independent verifier of the same ceremonies."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import pytest
from webauthn import base64url_to_bytes, verify_authentication_response, verify_registration_response
from webauthn.helpers import bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException

from commonhold.kernel import cose
from commonhold.kernel.errors import CommonholdError
from commonhold.kernel.passkeys import (
    ENROL,
    SIGN_IN,
    Enrolment,
    Question,
    Site,
    enrolment_options,
    parse_answer,
    parse_enrolment,
    sign_in_options,
    user_id,
    verify_enrolment,
    verify_sign_in,
)
from commonhold.testing.authenticator import Device
from tests.authenticator import AT, BE, BS, UP, UV
from tests.conformance.test_webauthn_vectors import cbor, passkey_of, w3c

SITE = Site("saltmarsh.example", ("https://saltmarsh.example",))
HERON = user_id("a1" * 32, "heron")
NOW = 1_900_000_000


@dataclass(frozen=True)
class Given(Question):
    """A question whose challenge is a vector's, which knows nothing of our domain strings."""

    given: bytes = b""

    @property
    def challenge(self) -> bytes:
        return self.given


def test_every_w3c_registration_counts_exactly_when_our_stricter_rules_hold() -> None:
    """All twelve keys of our algorithms are written as we write them; without user verification, or from a frame, they are refused for that."""
    outcome: dict[str, list[str]] = {}
    for vector in w3c():
        key = passkey_of(vector)
        if key is None:
            continue
        registration = vector["registration"]
        data = cbor(bytes.fromhex(registration["attestationObject"]))[0]["authData"]
        assert data.endswith(cose.cose_key(key.alg, key.spki))
        credential, client = bytes.fromhex(registration["credential_id"]), bytes.fromhex(registration["clientDataJSON"])
        sent = Enrolment(credential, key.alg, key.spki, (), client, data)
        question = Given(ENROL, bytes(32), NOW, bytes.fromhex(registration["challenge"]))
        try:
            verify_enrolment(question, sent, Site(vector["rp_id"], (vector["origin"],)), NOW)
            code = "counts"
        except CommonholdError as refusal:
            code = refusal.code
        framed = json.loads(client).get("crossOrigin", False)
        assert code == ("webauthn/cross-origin" if framed else "counts" if data[32] & UV else "webauthn/user-verified")
        outcome.setdefault(code, []).append(vector["id"].removeprefix("sctn-test-vectors-"))
    assert sum(map(len, outcome.values())) == 12
    assert sorted(outcome) == ["counts", "webauthn/cross-origin", "webauthn/user-verified"]


def attestation_object(data: bytes) -> bytes:
    """The wrapper that a browser puts around authenticator data where no attestation was asked for: {"fmt": "none", "attStmt": {}, "authData": ...}."""
    return b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58" + bytes([len(data)]) + data


def library_says(question: Question, sent: Enrolment) -> str:
    """What py_webauthn thinks of a new passkey: nothing, or its error."""
    credential = {
        "id": bytes_to_base64url(sent.credential_id),
        "rawId": bytes_to_base64url(sent.credential_id),
        "type": "public-key",
        "response": {
            "clientDataJSON": bytes_to_base64url(sent.client),
            "attestationObject": bytes_to_base64url(attestation_object(sent.authenticator)),
        },
    }
    try:
        found = verify_registration_response(
            credential=credential,
            expected_challenge=question.challenge,
            expected_rp_id=SITE.rp_id,
            expected_origin=list(SITE.origins),
            require_user_verification=True,
        )
    except WebAuthnException as error:
        return type(error).__name__
    assert found.credential_id == sent.credential_id
    assert found.credential_public_key == cose.cose_key(sent.alg, sent.spki)
    return ""


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"flags": UP | UV | BE | BS},
        {"flags": UP},
        {"flags": UV},
        {"flags": UP | UV | BS},
        {"origin": "https://saltmarsh.example.evil.test"},
        {"asked": 2},
        {"rp_id": "evil.test"},
    ],
)
def test_py_webauthn_judges_a_new_passkey_as_we_do(changes: dict[str, Any]) -> None:
    """Both enrol what is right, and both refuse another origin, domain or question, and a person who is not there or not verified."""
    first, second = (Question(ENROL, hashlib.sha256(b"%d" % number).digest(), NOW) for number in (1, 2))
    device = Device("heron", changes.get("origin", SITE.origins[0]), flags=changes.get("flags", UP | UV))
    site = Site(changes.get("rp_id", SITE.rp_id), ())
    options = enrolment_options(second if changes.get("asked") else first, site, site_name="", user=HERON, user_name="heron")
    sent = parse_enrolment(device.enrol(options))
    try:
        verify_enrolment(first, sent, SITE, NOW)
        ours = True
    except CommonholdError:
        ours = False
    assert ours == (library_says(first, sent) == "") == (changes in ({}, {"flags": UP | UV | BE | BS}))


@pytest.mark.parametrize("flags", [UP | UV, UP, UV | BS, UP | UV | AT])
def test_py_webauthn_judges_a_sign_in_as_we_do(flags: int) -> None:
    """Both sign in whoever is present and verified."""
    question = Question(SIGN_IN, bytes(32), NOW)
    device = Device("heron", SITE.origins[0])
    options = enrolment_options(Question(ENROL, bytes(32), NOW), SITE, site_name="", user=HERON, user_name="heron")
    passkey = parse_enrolment(device.enrol(options)).passkey(SITE)
    device.flags = flags
    value = device.sign_in(sign_in_options(question, SITE))
    answer = parse_answer(value)
    try:
        verify_sign_in(question, answer, passkey, HERON, NOW)
        ours = True
    except CommonholdError:
        ours = False
    credential = {
        "id": bytes_to_base64url(answer.credential_id),
        "rawId": bytes_to_base64url(answer.credential_id),
        "type": "public-key",
        "response": {
            "clientDataJSON": bytes_to_base64url(answer.client),
            "authenticatorData": bytes_to_base64url(answer.authenticator),
            "signature": bytes_to_base64url(answer.signature),
            "userHandle": bytes_to_base64url(answer.user_id),
        },
    }
    assert base64url_to_bytes(credential["id"]) == answer.credential_id
    try:
        verify_authentication_response(
            credential=credential,
            expected_challenge=question.challenge,
            expected_rp_id=SITE.rp_id,
            expected_origin=list(SITE.origins),
            credential_public_key=cose.cose_key(passkey.alg, passkey.spki),
            credential_current_sign_count=0,
            require_user_verification=True,
        )
        theirs = True
    except WebAuthnException:
        theirs = False
    assert ours == theirs == (flags == UP | UV)

"""Laws about passkey signatures: what must hold for one to count, and that nothing else does."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from commonhold.kernel.errors import ProofError
from commonhold.kernel.keys import Passkey
from commonhold.kernel.webauthn import MAX_AUTHENTICATOR_BYTES, MAX_CLIENT_BYTES, verify_assertion, verify_signature
from tests.attacks import Mutation, attack
from tests.authenticator import AT, BE, BS, ED, UP, UV, Authenticator

CHALLENGE = hashlib.sha256(b"commonhold/entry/v1\n{}").digest()
ALGORITHMS = ("es256", "eddsa", "rs256")
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def refused(
    authenticator: Authenticator, data: bytes, client: bytes, *, challenge: bytes = CHALLENGE, signature: bytes | None = None
) -> ProofError:
    """The refusal of an assertion that is signed rightly, whatever it says."""
    with pytest.raises(ProofError) as refusal:
        verify_assertion(authenticator.passkey, challenge, data, client, signature or authenticator.sign(data, client))
    return refusal.value


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_passkey_s_signature_counts(alg: str) -> None:
    """Each of the three algorithms verifies from the public key alone."""
    key = Authenticator(alg)
    verify_assertion(key.passkey, CHALLENGE, *key.assertion(CHALLENGE))


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_signature_does_not_carry_over_to_another_act_key_or_text(alg: str) -> None:
    """One changed bit in challenge, authenticator data, client data or signature, or another key, and it does not count."""
    key, other = Authenticator(alg), Authenticator(alg, number=2)
    data, client, signature = key.assertion(CHALLENGE)
    assert refused(key, data, client, challenge=hashlib.sha256(b"another act").digest()).code == "webauthn/challenge"
    assert refused(key, data[:-1] + b"\x63", client, signature=signature).code == "webauthn/signature"
    assert refused(key, data, client + b" ", signature=signature).code == "webauthn/signature"
    assert refused(key, data, client, signature=signature[:-1]).code == "webauthn/signature"
    assert refused(key, data, client, signature=signature + b"\x00").code == "webauthn/signature"
    assert refused(key, data, client, signature=signature[:-1] + bytes([signature[-1] ^ 1])).code == "webauthn/signature"
    assert refused(other, data, client, signature=signature).code == "webauthn/signature"
    # What is left after all that: the assertion itself still counts.
    verify_assertion(key.passkey, CHALLENGE, data, client, signature)


@given(st.binary(max_size=600), st.binary(max_size=600), st.binary(max_size=200))
def test_garbage_is_refused_and_nothing_else_happens(data: bytes, client: bytes, signature: bytes) -> None:
    """No bytes make the verifier fail with anything but a refusal."""
    refused(Authenticator(), data, client, signature=signature or b"\x00")


@attack(
    "passkey-lookalike",
    Mutation(
        "src/commonhold/kernel/webauthn.py",
        find="    if not isinstance(origin, str) or origin not in passkey.origins:",
        replace="    if not isinstance(origin, str):",
    ),
)
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"type": "webauthn.create"}, "webauthn/type"),
        ({"type": None}, "webauthn/type"),
        ({"type": 5}, "webauthn/type"),
        ({"challenge": None}, "webauthn/challenge"),
        ({"challenge": "x" * 1_000}, "webauthn/challenge"),
        ({"origin": None}, "webauthn/origin"),
        ({"origin": ["https://saltmarsh.example"]}, "webauthn/origin"),
        ({"origin": "https://saltmarsh.example.evil.test"}, "webauthn/origin"),
        ({"origin": "https://saltmarsh.example/"}, "webauthn/origin"),
        ({"origin": "https://house.saltmarsh.example"}, "webauthn/origin"),
        ({"crossOrigin": True}, "webauthn/cross-origin"),
        ({"crossOrigin": 0}, "webauthn/cross-origin"),
        ({"crossOrigin": "false"}, "webauthn/cross-origin"),
        ({"topOrigin": "https://saltmarsh.example"}, "webauthn/cross-origin"),
    ],
)
def test_client_data_that_says_something_else_is_refused(changes: dict[str, Any], code: str) -> None:
    """Another type, challenge or origin, or a frame inside another page, does not count though the signature holds."""
    key = Authenticator()
    assert refused(key, key.data(), key.client(CHALLENGE, **changes)).code == code


def test_client_data_may_say_more_and_leave_out_cross_origin() -> None:
    """Browsers add members and older ones leave out crossOrigin; both still count."""
    key = Authenticator(origins=("https://saltmarsh.example", "https://house.saltmarsh.example"))
    client = key.client(CHALLENGE, crossOrigin=None, origin="https://house.saltmarsh.example", later={"a": [1, 2.5, None]})
    verify_assertion(key.passkey, CHALLENGE, key.data(), client, key.sign(key.data(), client))


def test_a_challenge_has_one_spelling() -> None:
    """base64url without padding, exactly: padded, standard or truncated forms of the right bytes are refused."""
    key = Authenticator()
    challenge = b"\xff\xef" * 16
    right = json.loads(key.client(challenge))["challenge"]
    assert "_" in right
    for wrong in (right + "=", right.replace("_", "/").replace("-", "+"), right[:-1], right + "A", right[:-1] + chr(ord(right[-1]) + 1)):
        assert refused(key, key.data(), key.client(challenge, challenge=wrong), challenge=challenge).code == "webauthn/challenge"


def test_a_challenge_that_is_no_hash_is_refused() -> None:
    """A challenge of another length than SHA-256 is no challenge of ours, even if the client data agrees."""
    key = Authenticator()
    for challenge in (b"", b"\x00" * 31, b"\x00" * 33):
        assert refused(key, key.data(), key.client(challenge), challenge=challenge).code == "webauthn/challenge"


def test_client_data_with_a_key_twice_is_refused() -> None:
    """Two readers could each believe another origin of the two, so the signature of such a text counts for neither."""
    key = Authenticator()
    right = key.client(CHALLENGE)
    for twice in (
        b'{"origin":"https://evil.test",' + right[1:],
        right[:-1] + b',"origin":"https://evil.test"}',
        right[:-1] + b',"x":{"a":1,"a":1}}',
    ):
        assert refused(key, key.data(), twice).code == "webauthn/client"


@pytest.mark.parametrize(
    ("client", "code"),
    [
        (b"", "webauthn/client"),
        (b"\xff", "webauthn/client"),
        (b"\xef\xbb\xbf{}", "webauthn/client"),
        (b"[]", "webauthn/client"),
        (b'"webauthn.get"', "webauthn/client"),
        (b'{"a":NaN}', "webauthn/client"),
        (b"{}{}", "webauthn/client"),
        (b"[" * MAX_CLIENT_BYTES, "webauthn/client"),
        (b'{"a":' * (MAX_CLIENT_BYTES // 5), "webauthn/client"),
        (b'{"a":' + b"9" * (MAX_CLIENT_BYTES - 5), "webauthn/client"),
        (b" " * (MAX_CLIENT_BYTES + 1), "webauthn/client-length"),
    ],
)
def test_client_data_that_is_not_one_small_object_is_refused(client: bytes, code: str) -> None:
    """Broken, endless, deeply nested and foreign JSON is refused before anything in it is believed."""
    key = Authenticator()
    assert refused(key, key.data(), client).code == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"flags": UV}, "webauthn/user-present"),
        ({"flags": UP}, "webauthn/user-verified"),
        ({"flags": UP | BE | BS}, "webauthn/user-verified"),
        ({"flags": UP | UV | BS}, "webauthn/backup"),
        ({"flags": UP | UV | AT}, "webauthn/attested"),
        ({"flags": UP | UV | ED}, "webauthn/extensions"),
        ({"extra": b"\xa0"}, "webauthn/extensions"),
        ({"flags": UP | UV | ED, "extra": b"\x80"}, "webauthn/extensions"),
        ({"flags": UP | UV | ED, "extra": b"\xa0" * MAX_AUTHENTICATOR_BYTES}, "webauthn/authenticator-length"),
        ({"rp_id": "evil.test"}, "webauthn/rp-id"),
    ],
)
def test_authenticator_data_that_says_something_else_is_refused(changes: dict[str, Any], code: str) -> None:
    """Nobody present, nobody verified, another domain, flags that contradict each other or the length: none of it counts."""
    key = Authenticator()
    assert refused(key, key.data(**changes), key.client(CHALLENGE)).code == code


def test_truncated_authenticator_data_is_refused() -> None:
    """Every shorter piece is refused by its length."""
    key = Authenticator()
    for size in range(37):
        assert refused(key, key.data()[:size], key.client(CHALLENGE)).code == "webauthn/authenticator-length"


def test_counters_backups_and_extensions_change_nothing() -> None:
    """A counter of zero or four billion, a synchronised passkey and extension data all count: none of it is authority."""
    key = Authenticator()
    for data in (
        key.data(counter=0),
        key.data(counter=2**32 - 1),
        key.data(flags=UP | UV | BE | BS),
        key.data(flags=UP | UV | ED, extra=b"\xa1\x61a\xf5"),
    ):
        client = key.client(CHALLENGE)
        verify_assertion(key.passkey, CHALLENGE, data, client, key.sign(data, client))


def test_a_suspended_origin_stops_counting_and_the_others_do_not() -> None:
    """While an origin is suspended nothing that was signed there counts; the same key on another origin does."""
    key = Authenticator(origins=("https://saltmarsh.example", "https://house.saltmarsh.example"))
    data, client, signature = key.assertion(CHALLENGE)
    with pytest.raises(ProofError) as refusal:
        verify_assertion(key.passkey, CHALLENGE, data, client, signature, frozenset({"https://saltmarsh.example"}))
    assert refusal.value.code == "webauthn/origin-suspended"
    verify_assertion(key.passkey, CHALLENGE, data, client, signature, frozenset({"https://house.saltmarsh.example"}))


def test_an_es256_signature_is_strict_der_of_either_s() -> None:
    """Padding, long lengths, negative numbers and zero are refused; the high S counts, since no id covers a signature."""
    key = Authenticator()
    data, client, signature = key.assertion(CHALLENGE)
    r, s = decode_dss_signature(signature)
    message = data + hashlib.sha256(client).digest()
    verify_signature(key.passkey, message, encode_dss_signature(r, ORDER - s))
    body = signature[2:]
    bad = [
        b"\x30\x81" + bytes([len(body)]) + body,
        b"\x30" + bytes([len(body) + 1]) + body + b"\x00",
        b"\x30" + bytes([len(body) + 1]) + b"\x02" + bytes([body[1] + 1]) + b"\x00" + body[2:],
        encode_dss_signature(0, 0),
        encode_dss_signature(r, 0),
        encode_dss_signature(r, s + ORDER),
        r.to_bytes(32, "big") + s.to_bytes(32, "big"),
        b"\x30\x06\x02\x01\xff\x02\x01\xff",
    ]
    for form in bad:
        assert refused(key, data, client, signature=form).code == "webauthn/signature"


@pytest.mark.parametrize("alg", [*ALGORITHMS, "es384", ""])
def test_a_key_that_never_passed_enrolment_verifies_nothing(alg: str) -> None:
    """A key that is malformed, or of an algorithm that is not allowed, is a refusal and not a crash."""
    with pytest.raises(ProofError) as refusal:
        verify_signature(Passkey(alg, b"\x30\x00", "saltmarsh.example", ()), b"message", encode_dss_signature(1, 1))
    assert refusal.value.code == "webauthn/signature"

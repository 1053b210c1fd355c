"""Passkey signatures, verified offline and years later from the public key alone (DESIGN 3.2, 3.7; Web Authentication Level 3, 7.2).

The challenge is SHA-256 of the entry's signed bytes. What must hold: the client data is of type ``webauthn.get``, has exactly that challenge,
comes from one of the origins recorded at enrolment, and not from inside a frame; the authenticator data is for the recorded domain, with a
person present *and* verified; the signature is the key's over authenticator data || SHA-256(client data).

The signature counter is ignored: an entry from years ago was made at a lower counter, and synchronised passkeys keep none. An ES256
signature is strict DER, but its S may be high: authenticators make both, and since no id covers a signature, nothing hangs on which.
A new passkey is ``passkeys``' business, which shares the checks below; that it counts is a decision of the members.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from commonhold.kernel import ed25519, spki
from commonhold.kernel.errors import CommonholdError, ProofError
from commonhold.kernel.keys import Passkey

MAX_CLIENT_BYTES: Final = 4_096
MAX_AUTHENTICATOR_BYTES: Final = 1_024
MIN_AUTHENTICATOR_BYTES: Final = 37
CHALLENGE_BYTES: Final = 32

USER_PRESENT: Final = 0x01
USER_VERIFIED: Final = 0x04
BACKUP_ELIGIBLE: Final = 0x08
BACKED_UP: Final = 0x10
ATTESTED: Final = 0x40
EXTENSIONS: Final = 0x80
_CBOR_MAP: Final = 5


def verify_assertion(
    passkey: Passkey,
    challenge: bytes,
    authenticator: bytes,
    client: bytes,
    signature: bytes,
    suspended_origins: AbstractSet[str] = frozenset(),
) -> None:
    """Pass in silence if the member behind *passkey* signed *challenge* on one of the recorded origins, present and verified.

    Args:
        challenge: SHA-256 of the signed bytes, 32 bytes.
        authenticator: the authenticator data as the browser gave it.
        client: the client data JSON as the browser gave it, at most 4 KB.
        signature: DER for ES256, 64 bytes for EdDSA, the modulus' length for RS256.
        suspended_origins: origins whose signatures do not count now.

    Raises:
        ProofError: if anything of that does not hold.
    """
    check_client(passkey, challenge, client, suspended_origins)
    check_authenticator(passkey, authenticator)
    verify_signature(passkey, authenticator + hashlib.sha256(client).digest(), signature)


def check_client(
    passkey: Passkey, challenge: bytes, client: bytes, suspended_origins: AbstractSet[str] = frozenset(), *, type: str = "webauthn.get"
) -> None:
    """Pass in silence if the browser says that it asked for *challenge* on a recorded origin, at the top of its window.

    Args:
        type: what it asked for, a signature or (``webauthn.create``) a new passkey.

    Raises:
        ProofError: if the client data is malformed, or says something else.
    """
    data = _parse_client(client)
    if data.get("type") != type:
        raise ProofError(f"the passkey's client data is of type {_shown(data.get('type'))}, not {type}", code="webauthn/type")
    expected = base64.urlsafe_b64encode(challenge).rstrip(b"=").decode()
    if len(challenge) != CHALLENGE_BYTES or data.get("challenge") != expected:
        raise ProofError(
            f"the passkey signed another act: its challenge is {_shown(data.get('challenge'))}, this act's is {expected}",
            code="webauthn/challenge",
            data={"expected": expected},
        )
    origin = data.get("origin")
    if not isinstance(origin, str) or origin not in passkey.origins:
        raise ProofError(
            f"the passkey was used on {_shown(origin)}, which is not among its recorded origins: {', '.join(passkey.origins)}",
            code="webauthn/origin",
            next_step="If that address imitates yours, warn the members: somebody was shown a false page.",
            data={"recorded": list(passkey.origins)},
        )
    if origin in suspended_origins:
        raise ProofError(
            f"the origin {origin} is suspended, and nothing signed there counts",
            code="webauthn/origin-suspended",
            next_step="Sign with your kit.",
            data={"origin": origin},
        )
    if data.get("crossOrigin", False) is not False or "topOrigin" in data:
        raise ProofError("the passkey was used in a frame inside another page", code="webauthn/cross-origin")


def check_authenticator(passkey: Passkey, authenticator: bytes) -> None:
    """Pass in silence if the authenticator says that it signed for the recorded domain, with its person present and verified.

    Raises:
        ProofError: if the authenticator data is malformed, or says something else.
    """
    check_flags(passkey, authenticator)
    if len(authenticator) > MAX_AUTHENTICATOR_BYTES:
        raise _length(authenticator)
    if authenticator[32] & ATTESTED:
        raise ProofError(
            "authenticator data of a signature holds a new credential, which belongs in an enrolment", code="webauthn/attested"
        )
    check_extensions(authenticator, MIN_AUTHENTICATOR_BYTES)


def check_flags(passkey: Passkey, authenticator: bytes) -> None:
    """Pass in silence if the authenticator acted for the recorded domain, with its person present and verified; what follows is left unread.

    Raises:
        ProofError: if it says something else, contradicts itself, or says too little.
    """
    if len(authenticator) < MIN_AUTHENTICATOR_BYTES:
        raise _length(authenticator)
    if authenticator[:32] != hashlib.sha256(passkey.rp_id.encode()).digest():
        raise ProofError(f"the passkey signed for another domain than {passkey.rp_id}", code="webauthn/rp-id")
    flags = authenticator[32]
    if not flags & USER_PRESENT:
        raise ProofError("the passkey signed without anybody present", code="webauthn/user-present")
    if not flags & USER_VERIFIED:
        raise ProofError(
            "the passkey signed without verifying its person (by PIN, finger or face)",
            code="webauthn/user-verified",
            next_step="Set a PIN on the security key, or use the phone's own passkey.",
        )
    if flags & BACKED_UP and not flags & BACKUP_ELIGIBLE:
        raise ProofError("the authenticator contradicts itself: backed up, yet not eligible for backup", code="webauthn/backup")


def check_extensions(authenticator: bytes, end: int) -> None:
    """Pass in silence if what stands after byte *end* is there exactly when it is announced, and starts a CBOR map.

    Its content changes nothing here, so it is left unread; the signature covers it all the same.

    Raises:
        ProofError: if not.
    """
    extensions = authenticator[end:]
    if bool(authenticator[32] & EXTENSIONS) != bool(extensions) or (extensions and extensions[0] >> 5 != _CBOR_MAP):
        raise ProofError("the authenticator data's length and its extension flag contradict each other", code="webauthn/extensions")


def _length(authenticator: bytes) -> ProofError:
    return ProofError(
        f"authenticator data has {MIN_AUTHENTICATOR_BYTES} to {MAX_AUTHENTICATOR_BYTES} bytes, this has {len(authenticator)}",
        code="webauthn/authenticator-length",
    )


def verify_signature(passkey: Passkey, message: bytes, signature: bytes) -> None:
    """Pass in silence if *signature* is the passkey's over *message* (authenticator data || SHA-256 of the client data).

    Raises:
        ProofError: if it is not, is not in its one form, or the key itself is malformed.
    """
    try:
        _verify(passkey, message, signature)
    except (InvalidSignature, CommonholdError, ValueError):
        raise ProofError(f"the passkey's {passkey.alg.upper()} signature does not match", code="webauthn/signature") from None


def _verify(passkey: Passkey, message: bytes, signature: bytes) -> None:
    match passkey.alg:
        case "es256":
            # OpenSSL encodes what it has read again and compares, so the DER is strict; a test holds every later library to that.
            _es256(passkey.spki).verify(signature, message, ec.ECDSA(SHA256()))
        case "eddsa":
            ed25519.verify(spki.raw_ed25519(passkey.spki), message, signature)
        case "rs256":
            _rs256(passkey.spki).verify(signature, message, padding.PKCS1v15(), SHA256())
        case _:
            raise InvalidSignature


@lru_cache(maxsize=4_096)
def _es256(der: bytes) -> ec.EllipticCurvePublicKey:
    return spki.load_es256(der)


@lru_cache(maxsize=1_024)
def _rs256(der: bytes) -> rsa.RSAPublicKey:
    return spki.load_rs256(der)


def _parse_client(client: bytes) -> dict[str, Any]:
    if len(client) > MAX_CLIENT_BYTES:
        raise ProofError(
            f"the passkey's client data has {len(client)} bytes, and at most {MAX_CLIENT_BYTES} are allowed", code="webauthn/client-length"
        )
    try:
        data = json.loads(client.decode(), object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise ProofError("the passkey's client data is not JSON in UTF-8 with every key once", code="webauthn/client") from None
    if not isinstance(data, dict):
        raise ProofError("the passkey's client data is not an object", code="webauthn/client")
    return data


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        # Two readers may each believe a different one of the two.
        raise ValueError("a key twice")
    return fields


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _shown(value: object) -> str:
    return ascii(value)[:120] if isinstance(value, str) else "missing"

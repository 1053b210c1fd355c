"""A passkey's public key as authenticators write it: COSE in the canonical CBOR of CTAP2 (WebAuthn Level 3, 6.5.1.1; RFC 9052, 9053, 8230, 8812).

Nothing is parsed here. A key that may be enrolled has exactly one COSE form, so it is written from the SubjectPublicKeyInfo and compared with what the
authenticator made. An algorithm, curve or coordinate that differs, a field more, or another order of them is another byte string.
"""

from __future__ import annotations

from typing import Final

from commonhold.kernel import spki

# A map of five: kind EC2, algorithm -7, curve P-256, x and y of 32 bytes each.
_ES256: Final = (bytes.fromhex("a5010203262001215820"), bytes.fromhex("225820"))
# A map of four: kind OKP, algorithm -8, curve Ed25519, x of 32 bytes.
_EDDSA: Final = bytes.fromhex("a4010103272006215820")
# A map of four: kind RSA, algorithm -257, then the modulus as a byte string with a length of two bytes, and the exponent 65537.
_RS256: Final = (bytes.fromhex("a401030339010020") + b"\x59", bytes.fromhex("2143010001"))


def cose_key(alg: str, der: bytes) -> bytes:
    """The one COSE form of a passkey's public key that may be enrolled.

    Raises:
        FormatError: if *der* is not such a key for *alg*.
    """
    spki.check_spki(alg, der)
    match alg:
        case "es256":
            point = der[len(spki.P256_HEADER) :]
            return _ES256[0] + point[:32] + _ES256[1] + point[32:]
        case "eddsa":
            return _EDDSA + spki.raw_ed25519(der)
        case _:
            key = spki.load_rs256(der)
            modulus = key.public_numbers().n.to_bytes((key.key_size + 7) // 8, "big")
            return _RS256[0] + len(modulus).to_bytes(2, "big") + modulus + _RS256[1]

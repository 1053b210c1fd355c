"""Public keys of passkeys as DER SubjectPublicKeyInfo: one form for each key, and none that is weak (DESIGN 3.2; RFC 5280, 5480, 8017, 8410).

ES256 is a point of P-256, uncompressed. EdDSA is an Ed25519 point of prime order. RS256 has a modulus of 2,048 to 8,192 bits and the
exponent 65537, as every authenticator makes it. ES256 and EdDSA keys are compared with their whole fixed form; an RSA key must come out
the same when it is encoded again. What a key signed is ``webauthn``'s business.
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from commonhold.kernel import ed25519
from commonhold.kernel.errors import FormatError

P256_HEADER: Final = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
"""Everything before X and Y in the SubjectPublicKeyInfo of an uncompressed P-256 point (RFC 5480)."""
ED25519_HEADER: Final = bytes.fromhex("302a300506032b6570032100")
"""Everything before the key in the SubjectPublicKeyInfo of an Ed25519 key (RFC 8410)."""
RSA_MIN_BITS: Final = 2048
RSA_MAX_BITS: Final = 8192
RSA_EXPONENT: Final = 65_537
MAX_SPKI_BYTES: Final = 1_100


def check_spki(alg: str, der: bytes) -> None:
    """Pass in silence if *der* is a passkey's public key for *alg* that may be enrolled.

    Raises:
        FormatError: if it is another kind of key, not in its one canonical form, not on its curve, or weak.
    """
    match alg:
        case "es256":
            load_es256(der)
        case "eddsa":
            ed25519.check_public_key(raw_ed25519(der))
        case _:
            load_rs256(der)


def raw_ed25519(der: bytes) -> bytes:
    """The 32 bytes of the Ed25519 key in *der*.

    Raises:
        FormatError: if *der* is not exactly the form of RFC 8410.
    """
    if len(der) != len(ED25519_HEADER) + ed25519.PUBLIC_KEY_BYTES or not der.startswith(ED25519_HEADER):
        raise FormatError("the passkey's public key is not an Ed25519 key in its DER form of 44 bytes", code="key/spki")
    return der[len(ED25519_HEADER) :]


def load_es256(der: bytes) -> ec.EllipticCurvePublicKey:
    """The P-256 key in *der*.

    Raises:
        FormatError: if *der* is not exactly the form of RFC 5480 for an uncompressed point, or the point is not on the curve.
    """
    if len(der) != len(P256_HEADER) + 64 or not der.startswith(P256_HEADER):
        raise FormatError("the passkey's public key is not an uncompressed P-256 key in its DER form of 91 bytes", code="key/spki")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), der[len(P256_HEADER) - 1 :])
    except ValueError:
        raise FormatError("the passkey's public key is not a point of P-256", code="key/weak") from None


def load_rs256(der: bytes) -> rsa.RSAPublicKey:
    """The RSA key in *der*.

    Raises:
        FormatError: if *der* is no RSA key in canonical DER, has fewer than 2,048 or more than 8,192 bits, an even modulus, or an exponent
            other than 65537.
    """
    if len(der) > MAX_SPKI_BYTES:
        raise FormatError(f"the passkey's public key has {len(der)} bytes, and at most {MAX_SPKI_BYTES} are allowed", code="key/spki")
    try:
        key = load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm):
        raise FormatError("the passkey's public key is not a DER SubjectPublicKeyInfo", code="key/spki") from None
    if not isinstance(key, rsa.RSAPublicKey):
        raise FormatError("the passkey says RS256, and its public key is no RSA key", code="key/spki")
    if key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != der:
        raise FormatError("the passkey's RSA key is not in canonical DER", code="key/spki")
    numbers = key.public_numbers()
    if not RSA_MIN_BITS <= key.key_size <= RSA_MAX_BITS:
        raise FormatError(
            f"an RSA key has {RSA_MIN_BITS} to {RSA_MAX_BITS} bits here, this one has {key.key_size}",
            code="key/weak",
            data={"bits": key.key_size, "min": RSA_MIN_BITS, "max": RSA_MAX_BITS},
        )
    if numbers.e != RSA_EXPONENT or numbers.n % 2 == 0:
        raise FormatError(f"an RSA key has an odd modulus and the exponent {RSA_EXPONENT} here, this one has not", code="key/weak")
    return key

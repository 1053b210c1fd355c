"""Ed25519 with one definition everywhere (DESIGN 3.2).

Cofactorless verification, S < L, R canonical and not of small order: libsodium's own check, through PyNaCl. OpenSSL and WebCrypto accept
degenerate public keys under which one signature verifies every message, so a key also passes :func:`check_public_key` once, when it is
enrolled: canonical encoding, on the curve, in the prime-order subgroup. After that check the libraries agree.

The functions release the interpreter lock while libsodium works, so a caller may verify on several threads.
"""

from __future__ import annotations

from nacl import bindings, exceptions

from commonhold.kernel.errors import FormatError, ProofError

PUBLIC_KEY_BYTES = 32
SEED_BYTES = 32
SIGNATURE_BYTES = 64


def check_public_key(public: bytes) -> None:
    """Pass in silence if *public* may be enrolled.

    Raises:
        FormatError: if it is not 32 bytes, or not the canonical encoding of a point of prime order.
    """
    if len(public) != PUBLIC_KEY_BYTES:
        raise FormatError(f"an Ed25519 public key has {PUBLIC_KEY_BYTES} bytes, this one has {len(public)}", code="key/length")
    if not bindings.crypto_core_ed25519_is_valid_point(public):
        raise FormatError(
            "this Ed25519 public key is weak: it is not a point of prime order in canonical form",
            code="key/weak",
            next_step="Make a new key; a key like this one lets a single signature pass for every message.",
        )


def is_valid(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether *signature* (64 bytes, R || S) is *public*'s over *message*; for hot paths that collect many answers."""
    if len(signature) != SIGNATURE_BYTES or len(public) != PUBLIC_KEY_BYTES:
        return False
    try:
        bindings.crypto_sign_open(signature + message, public)
    except exceptions.BadSignatureError:
        return False
    return True


def verify(public: bytes, message: bytes, signature: bytes) -> None:
    """Pass in silence if *signature* is *public*'s over *message*.

    Raises:
        ProofError: if it is not.
    """
    if not is_valid(public, message, signature):
        raise ProofError("the Ed25519 signature does not match", code="signature/invalid")


def public_key(seed: bytes) -> bytes:
    """The 32-byte public key of a 32-byte secret *seed* (RFC 8032)."""
    return bindings.crypto_sign_seed_keypair(seed)[0]


def sign(seed: bytes, message: bytes) -> bytes:
    """The 64-byte signature of *message* under the secret *seed*; deterministic (RFC 8032)."""
    public, secret = bindings.crypto_sign_seed_keypair(seed)
    del public
    return bindings.crypto_sign(message, secret)[:SIGNATURE_BYTES]

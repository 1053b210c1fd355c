"""A passkey's authenticator in software, for tests: it signs whatever it is told to, also wrongly."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from commonhold.kernel.keys import Passkey

UP, UV, BE, BS, AT, ED = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80


@lru_cache(maxsize=8)
def private_key(alg: str, number: int = 1) -> Any:
    """The *number*-th private key of an algorithm: the same one every time, but for RSA, which is new in each run."""
    seed = hashlib.sha256(f"{alg} {number}".encode()).digest()
    if alg == "es256":
        return ec.derive_private_key(int.from_bytes(seed, "big") >> 1, ec.SECP256R1())
    if alg == "eddsa":
        return ed25519.Ed25519PrivateKey.from_private_bytes(seed)
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def spki_of(public: Any) -> bytes:
    der: bytes = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return der


@dataclass(frozen=True)
class Authenticator:
    """One passkey and its private key."""

    alg: str = "es256"
    number: int = 1
    rp_id: str = "saltmarsh.example"
    origins: tuple[str, ...] = ("https://saltmarsh.example",)
    private: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "private", private_key(self.alg, self.number))

    @property
    def passkey(self) -> Passkey:
        return Passkey(self.alg, spki_of(self.private.public_key()), self.rp_id, self.origins)

    def client(self, challenge: bytes, /, **changes: Any) -> bytes:
        """The client data JSON for *challenge*; a change to None leaves the member out."""
        fields = {
            "type": "webauthn.get",
            "challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
            "origin": self.origins[0],
            "crossOrigin": False,
            **changes,
        }
        return json.dumps({name: value for name, value in fields.items() if value is not None}, separators=(",", ":")).encode()

    def data(self, *, flags: int = UP | UV, rp_id: str | None = None, counter: int = 7, extra: bytes = b"") -> bytes:
        """The authenticator data."""
        return hashlib.sha256((rp_id or self.rp_id).encode()).digest() + bytes([flags]) + counter.to_bytes(4, "big") + extra

    def sign(self, authenticator: bytes, client: bytes) -> bytes:
        """The signature over both."""
        message = authenticator + hashlib.sha256(client).digest()
        if self.alg == "es256":
            return bytes(self.private.sign(message, ec.ECDSA(SHA256())))
        if self.alg == "eddsa":
            return bytes(self.private.sign(message))
        return bytes(self.private.sign(message, padding.PKCS1v15(), SHA256()))

    def assertion(self, challenge: bytes) -> tuple[bytes, bytes, bytes]:
        """Authenticator data, client data and signature, all as they should be."""
        authenticator, client = self.data(), self.client(challenge)
        return authenticator, client, self.sign(authenticator, client)

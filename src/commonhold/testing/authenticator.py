"""A browser and its passkeys in software, for tests and demos without a browser: what ``passkey.js`` and a telephone do together.

:class:`Device` holds resident ES256 passkeys. :meth:`Device.create` and :meth:`Device.get` are the authenticator's half (options in, bytes out);
:meth:`Device.enrol`, :meth:`Device.sign_in` and :meth:`Device.sign_entry` take what a house's page gives to ``passkey.js`` and give what the page
posts. Keys are derived from a seed, so a failing test fails again; nothing here is a secret. Its person says yes to everything.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from commonhold.kernel import b64, webauthn
from commonhold.kernel.cose import cose_key
from commonhold.kernel.keys import TYPE_PASSKEY, Passkey, key_id
from commonhold.kernel.passkeys import ENROL, SIGN_IN
from commonhold.kernel.record import entries

ES256: Final = -7


class DeviceError(Exception):
    """The browser refuses, as it would refuse a page; ``name`` is the DOMException's."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(slots=True)
class Resident:
    """One passkey on the device."""

    id: bytes
    user: bytes
    rp_id: str
    private: ec.EllipticCurvePrivateKey

    @property
    def spki(self) -> bytes:
        """Its public key as DER."""
        return self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@dataclass(slots=True)
class Device:
    """A person's browser on one origin, with the passkeys that it holds.

    Args:
        seed: what its keys are derived from; give every person another.
        origin: where its window stands.
        flags: what every answer says of its person: by default present and verified.
    """

    seed: str
    origin: str = "http://localhost:8000"
    flags: int = webauthn.USER_PRESENT | webauthn.USER_VERIFIED
    held: list[Resident] = field(default_factory=list)
    made: int = 0

    # ------------------------------------------------------------------------------------------------------------- authenticator

    def create(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Make a resident passkey: ``navigator.credentials.create`` with ``publicKey`` *options*, their binary members as bytes.

        Raises:
            DeviceError: InvalidStateError if it holds an excluded one, NotSupportedError if ES256 is not asked for.
        """
        rp_id, user = options["rp"]["id"], options["user"]["id"]
        if any(known.id == other["id"] for known in self.held for other in options["excludeCredentials"]):
            raise DeviceError("InvalidStateError")
        if ES256 not in (each["alg"] for each in options["pubKeyCredParams"]):
            raise DeviceError("NotSupportedError")
        self.made += 1
        digest = hashlib.sha256(f"{self.seed}|{self.made}".encode()).digest()
        private = ec.derive_private_key(int.from_bytes(digest, "big") >> 1, ec.SECP256R1())
        made = Resident(hashlib.sha256(b"id" + digest).digest()[:16], user, rp_id, private)
        # As on a real one: a second passkey of the same member at the same site takes the place of the first.
        self.held = [known for known in self.held if (known.rp_id, known.user) != (rp_id, user)] + [made]
        attested = bytes(16) + len(made.id).to_bytes(2, "big") + made.id + cose_key("es256", made.spki)
        return {
            "id": made.id,
            "spki": made.spki,
            "authenticator": self._data(rp_id, self.flags | webauthn.ATTESTED) + attested,
            "client": self._client("webauthn.create", options["challenge"]),
        }

    def get(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Use a passkey: ``navigator.credentials.get`` with ``publicKey`` *options*, their binary members as bytes.

        Raises:
            DeviceError: NotAllowedError if it holds none that fits.
        """
        allowed = {each["id"] for each in options.get("allowCredentials", ())}
        found = [known for known in self.held if known.rp_id == options["rpId"] and (not allowed or known.id in allowed)]
        if not found:
            raise DeviceError("NotAllowedError")
        used = found[-1]
        authenticator, client = self._data(used.rp_id, self.flags), self._client("webauthn.get", options["challenge"])
        signature = used.private.sign(authenticator + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        return {"id": used.id, "user": used.user, "authenticator": authenticator, "client": client, "signature": signature}

    def _data(self, rp_id: str, flags: int) -> bytes:
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + bytes(4)

    def _client(self, type: str, challenge: bytes) -> bytes:
        said = {"type": type, "challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(), "origin": self.origin}
        return json.dumps({**said, "crossOrigin": False}, separators=(",", ":")).encode()

    # ----------------------------------------------------------------------------------------------------------------- passkey.js

    def enrol(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """As ``enrol`` of ``passkey.js``.

        Raises:
            DeviceError: as :meth:`create`.
        """
        made = self.create(
            {
                "challenge": _challenge(ENROL, options["nonce"]),
                "rp": {"id": options["rp_id"], "name": options["rp_name"]},
                "user": {"id": b64.decode(options["user_id"]), "name": options["user_name"]},
                "pubKeyCredParams": [{"type": "public-key", "alg": ES256}],
                "excludeCredentials": _descriptors(options.get("exclude", ())),
            }
        )
        return {
            "credential_id": b64.encode(made["id"]),
            "alg": "es256",
            "spki": b64.encode(made["spki"]),
            "transports": ["internal"],
            "backup_eligible": bool(self.flags & webauthn.BACKUP_ELIGIBLE),
            "backed_up": bool(self.flags & webauthn.BACKED_UP),
            "client": b64.encode(made["client"]),
            "authenticator": b64.encode(made["authenticator"]),
        }

    def sign_in(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """As ``signIn`` of ``passkey.js``; a device with several passkeys of this site uses the newest.

        Raises:
            DeviceError: as :meth:`get`.
        """
        used = self.get({"challenge": _challenge(SIGN_IN, options["nonce"]), "rpId": options["rp_id"]})
        return {
            "credential_id": b64.encode(used["id"]),
            "user_id": b64.encode(used["user"]),
            **{name: b64.encode(used[name]) for name in ("client", "authenticator", "signature")},
        }

    def sign_entry(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """As ``signEntry`` of ``passkey.js``, with its two refusals: of an entry other than the one that is offered, and of a key that is not there.

        Raises:
            DeviceError: those two, under the codes of ``passkey.js``; else as :meth:`get`.
        """
        unsigned = options["unsigned"]
        found = entries.entry_id(unsigned)
        if found != options["id"]:
            raise DeviceError("passkey/shown-differs")
        mine = [each for each in options["credentials"] if key_id(TYPE_PASSKEY[each["alg"]], b64.decode(each["spki"])) == unsigned["key"]]
        if not mine:
            raise DeviceError("passkey/key")
        challenge = hashlib.sha256(entries.signed_bytes(unsigned)).digest()
        used = self.get({"challenge": challenge, "rpId": options["rp_id"], "allowCredentials": _descriptors(mine)})
        leaf = entries.with_assertion(unsigned, authenticator=used["authenticator"], client=used["client"], signature=used["signature"])
        return {"id": found, "leaf": b64.encode(leaf)}


def passkey_of(enrolled: Mapping[str, Any], rp_id: str, *origins: str) -> Passkey:
    """The public half of what :meth:`Device.enrol` (or the page) gave, as a decision enrols it."""
    return Passkey(enrolled["alg"], b64.decode(enrolled["spki"]), rp_id, origins)


def _challenge(domain: bytes, nonce: str) -> bytes:
    return hashlib.sha256(domain + b64.decode(nonce, length=32)).digest()


def _descriptors(credentials: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{"type": "public-key", "id": b64.decode(each["credential_id"])} for each in credentials]

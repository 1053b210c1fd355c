"""Public keys of members: their kinds, their ids, their canonical form, and which are too weak to enrol (DESIGN 3.2, 3.7).

A *key id* is the lowercase hexadecimal SHA-256 of a type byte and the raw public key. A **kit** has two public halves, an Ed25519 signing
key and an age recipient; its id is that of the signing key. A **passkey** is a WebAuthn credential: ES256, EdDSA or RS256, as a DER
SubjectPublicKeyInfo, with the domain and the exact origins it was enrolled under.

:func:`parse_key_value` is enrolment's gate: a key that passes it may go into the record. ``webauthn`` verifies what a passkey signs, ``kit``
makes kits, and ``docs/formats/keys.md`` is this page in words.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from nacl import bindings

from commonhold.kernel import b64, bech32, ed25519, words
from commonhold.kernel.canonical import canonical_bytes
from commonhold.kernel.errors import FormatError, RuleError

TYPE_KIT: Final = 0x01
TYPE_PASSKEY: Final[Mapping[str, int]] = {"es256": 0x11, "eddsa": 0x12, "rs256": 0x13}

AGE_PREFIX: Final = "age"
FINGERPRINT_DOMAIN: Final = b"commonhold/fingerprint/v1\n"
FINGERPRINT_WORDS: Final = 6
MAX_ORIGINS: Final = 8
MAX_DOMAIN: Final = 253

_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# The last label starts with a letter, so an IPv4 address is no domain (browsers tie no passkey to one).
_DOMAIN: Final = re.compile(rf"(?:{_LABEL}\.)+(?=[a-z]){_LABEL}", re.ASCII)
_ORIGIN: Final = re.compile(r"(https?)://([a-z0-9.-]+)(?::([1-9][0-9]{0,4}))?", re.ASCII)
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_P25519: Final = 2**255 - 19


@dataclass(frozen=True, slots=True)
class KitKeys:
    """The public halves of a member's kit.

    Args:
        sign: the Ed25519 public key, 32 bytes.
        age: the age recipient, ``age1...``.
    """

    sign: bytes
    age: str

    @property
    def key_id(self) -> str:
        """The id of the signing key, by which entries name the kit."""
        return key_id(TYPE_KIT, self.sign)

    def to_value(self) -> dict[str, Any]:
        """The canonical JSON object that stands for this kit in the record."""
        return {"kind": "kit", "sign": b64.encode(self.sign), "age": self.age}


@dataclass(frozen=True, slots=True)
class Passkey:
    """The public half of a passkey and where it may be used.

    Args:
        alg: ``es256``, ``eddsa`` or ``rs256``.
        spki: the public key as DER SubjectPublicKeyInfo.
        rp_id: the domain that the passkey is tied to.
        origins: the exact web origins whose signatures count.
    """

    alg: str
    spki: bytes
    rp_id: str
    origins: tuple[str, ...]

    @property
    def key_id(self) -> str:
        """The id by which entries name this passkey; domain and origins are no part of it."""
        return key_id(TYPE_PASSKEY[self.alg], self.spki)

    def to_value(self) -> dict[str, Any]:
        """The canonical JSON object that stands for this passkey in the record."""
        return {"kind": "passkey", "alg": self.alg, "spki": b64.encode(self.spki), "rp_id": self.rp_id, "origins": list(self.origins)}


def key_id(kind: int, raw: bytes) -> str:
    """The id of the public key *raw* of type byte *kind*: 64 lowercase hexadecimal digits."""
    return hashlib.sha256(bytes([kind]) + raw).hexdigest()


def parse_key_value(value: object) -> KitKeys | Passkey:
    """The public key that a canonical JSON object stands for, if it is strong enough to be enrolled.

    Raises:
        FormatError: for a kind that is unknown, fields that are missing or unknown, or a key, domain or origin that is malformed or weak.
    """
    fields = _object(value, "the key")
    match fields.get("kind"):
        case "kit":
            return _parse_kit(fields)
        case "passkey":
            return _parse_passkey(fields)
        case kind:
            raise FormatError(f"a key of kind {ascii(kind)[:40]} is neither a kit nor a passkey", code="key/kind")


def parse_kit_value(value: object) -> KitKeys:
    """As :func:`parse_key_value`, where only a kit will do.

    Raises:
        FormatError: also for a passkey.
    """
    keys = parse_key_value(value)
    if not isinstance(keys, KitKeys):
        raise FormatError(
            "a kit is needed here, and this is a passkey",
            code="key/not-a-kit",
            next_step="Make a kit with `commonhold key new`; a passkey signs everyday acts only.",
        )
    return keys


def check_age_recipient(text: str) -> None:
    """Pass in silence if *text* is an age recipient to which a share may be encrypted.

    Raises:
        FormatError: if it is not lowercase bech32 of ``age`` and 32 bytes, or its point is not canonical or of small order.
    """
    prefix, point = bech32.decode(text, "the age recipient")
    if prefix != AGE_PREFIX or len(point) != bindings.crypto_scalarmult_BYTES or text != text.lower():
        raise FormatError("the age recipient is not the `age1...` form of an X25519 key of 32 bytes", code="key/age")
    if int.from_bytes(point, "little") >= _P25519:
        raise FormatError("the age recipient is not in canonical form", code="key/age-not-canonical")
    try:
        # Any scalar will do: it is a multiple of eight, so a point of small order gives zero, which libsodium refuses.
        bindings.crypto_scalarmult(bytes(31) + b"\x40", point)
    except RuntimeError:
        raise FormatError(
            "the age recipient is weak: its point has a small order, and anybody can read what is encrypted to it",
            code="key/weak",
            next_step="Make a new kit with `commonhold key new`.",
        ) from None


def fingerprint(key: KitKeys | Passkey) -> tuple[str, ...]:
    r"""Six words that stand for a key as it is enrolled, to be compared outside the house (by voice, face to face, on paper).

    They are the first 66 bits of SHA-256(``commonhold/fingerprint/v1\n`` || the canonical bytes of the key's value), as words of BIP-39's
    English list. A key id covers the signing key alone; the words also cover a kit's age recipient and a passkey's domain and origins, so
    that nobody can put their own beside somebody else's key.
    """
    return _six_words(key.to_value())


def recipient_fingerprint(age: str) -> tuple[str, ...]:
    """Six words that stand for a one-off age recipient, to be compared outside the house by whoever is asked to give it something."""
    return _six_words({"kind": "recipient", "age": age})


def _six_words(value: dict[str, Any]) -> tuple[str, ...]:
    digest = hashlib.sha256(FINGERPRINT_DOMAIN + canonical_bytes(value)).digest()
    bits = FINGERPRINT_WORDS * words.BITS_PER_WORD
    return words.words_of_int(int.from_bytes(digest, "big") >> (len(digest) * 8 - bits), FINGERPRINT_WORDS)


def match_fingerprint(key: KitKeys | Passkey, text: str) -> None:
    """Pass in silence if *text* is the fingerprint of *key*; case, commas and extra spaces do not matter.

    Raises:
        RuleError: if it is not. The message does not show the right words: whoever could copy them would have compared nothing.
    """
    said = text[:400].casefold().replace(",", " ").split()
    if len(said) != FINGERPRINT_WORDS:
        raise RuleError(
            f"a fingerprint has {FINGERPRINT_WORDS} words, and {len(said)} were given",
            code="fingerprint/count",
            next_step="Ask the member to read all six words from their own kit.",
            data={"expected": FINGERPRINT_WORDS, "found": len(said)},
        )
    for place, word in enumerate(said, 1):
        if word not in words.word_values():
            raise RuleError(
                f"word {place} of the fingerprint is not in the word list",
                code="fingerprint/word",
                next_step="Ask the member to spell that word.",
                data={"place": place},
            )
    if tuple(said) != fingerprint(key):
        raise RuleError(
            "the fingerprint does not match: this is another key than the one the words were read from",
            code="fingerprint/mismatch",
            next_step="Do not approve. Ask the member, in person or by voice, to read the words again; if they still differ, somebody has put in a key of their own.",
            data={"key": key.key_id},
        )


def _parse_kit(fields: Mapping[str, Any]) -> KitKeys:
    _check_fields(fields, {"kind", "sign", "age"}, "the kit")
    sign = b64.decode(_text(fields, "sign"), length=ed25519.PUBLIC_KEY_BYTES, what="kit's signing key")
    ed25519.check_public_key(sign)
    age = _text(fields, "age")
    check_age_recipient(age)
    return KitKeys(sign, age)


def _parse_passkey(fields: Mapping[str, Any]) -> Passkey:
    _check_fields(fields, {"kind", "alg", "spki", "rp_id", "origins"}, "the passkey")
    alg, rp_id, origins = _text(fields, "alg"), _text(fields, "rp_id"), fields["origins"]
    if alg not in TYPE_PASSKEY:
        raise FormatError(
            f"a passkey of algorithm {ascii(alg)[:40]} cannot be enrolled, only es256, eddsa and rs256",
            code="key/algorithm",
            next_step="Use another authenticator; every current phone and browser can make ES256.",
        )
    der = b64.decode(_text(fields, "spki"), what="passkey's public key")
    # Only passkeys need it, and it takes a while to import.
    from commonhold.kernel import spki  # noqa: PLC0415

    spki.check_spki(alg, der)
    _check_domain(rp_id)
    if not isinstance(origins, list | tuple) or not 1 <= len(origins) <= MAX_ORIGINS:
        raise FormatError(f"a passkey has 1 to {MAX_ORIGINS} origins", code="key/origins")
    for origin in origins:
        _check_origin(origin, rp_id)
    if len(set(origins)) != len(origins):
        raise FormatError("a passkey names the same origin twice", code="key/origins")
    return Passkey(alg, der, rp_id, tuple(origins))


def _check_domain(rp_id: str) -> None:
    if rp_id != "localhost" and (len(rp_id) > MAX_DOMAIN or not _DOMAIN.fullmatch(rp_id)):
        raise FormatError(
            f"the passkey's domain {ascii(rp_id)[:80]} is not a lowercase ASCII domain name",
            code="key/rp-id",
            next_step="Write an international domain in its xn-- form, without scheme, port or final dot.",
        )


def _check_origin(origin: object, rp_id: str) -> None:
    match = _ORIGIN.fullmatch(origin) if isinstance(origin, str) and len(origin) <= MAX_DOMAIN + 16 else None
    if match is None:
        raise FormatError(f"the origin {ascii(origin)[:80]} is not https://host or https://host:port", code="key/origin")
    scheme, host, port = match[1], match[2], int(match[3] or 0)
    if port > 65_535 or port == _DEFAULT_PORTS[scheme]:
        raise FormatError(
            f"the origin {origin} names the default port or one that does not exist; browsers never write it so", code="key/origin"
        )
    if scheme == "http" and host != "localhost":
        raise FormatError(f"the origin {origin} is not https, which only localhost may do without", code="key/origin")
    if host != rp_id:
        if not host.endswith("." + rp_id):
            raise FormatError(f"the origin {origin} is not under the passkey's domain {rp_id}", code="key/origin")
        if not _DOMAIN.fullmatch(host) and rp_id != "localhost":
            raise FormatError(f"the origin {origin} holds no proper domain name", code="key/origin")


def _object(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise FormatError(f"{what} is not an object", code="key/not-an-object")
    return value


def _check_fields(fields: Mapping[str, Any], expected: set[str], what: str) -> None:
    if fields.keys() != expected:
        unknown, missing = sorted(map(ascii, fields.keys() - expected)), sorted(expected - fields.keys())
        said = ", ".join([*(f"unknown field {name[:40]}" for name in unknown[:5]), *(f"missing field {name!r}" for name in missing)])
        raise FormatError(f"{what} has the wrong fields: {said}", code="key/fields")


def _text(fields: Mapping[str, Any], name: str) -> str:
    text = fields[name]
    if not isinstance(text, str):
        raise FormatError(f"the key's `{name}` is not a string", code="key/type")
    return text

"""A member's kit: 32 secret bytes, and the two keys that follow from them (DESIGN 3.7).

HKDF-SHA256 (RFC 5869, no salt) of the secret gives, under ``commonhold/kit/sign/v1``, the seed of an Ed25519 signing key and, under
``commonhold/kit/age/v1``, an X25519 age identity. The secret prints as 24 words of BIP-39's English list (256 bits and 8 of a checksum)
and as ``COMMONHOLD-KIT-1...`` (bech32, upper case, so that a QR code of it is small).

The kernel makes no randomness: the secret is passed in. Files are ``store.keyfile``'s. Python cannot erase ``bytes``, so a secret lives in
memory until the process ends; a kit is therefore used in the CLI, which is short, and never in a server.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Final

from nacl import bindings

from commonhold.kernel import bech32, ed25519, words
from commonhold.kernel.errors import CustodyError, FormatError
from commonhold.kernel.keys import AGE_PREFIX, KitKeys

SECRET_BYTES: Final = 32
SIGN_INFO: Final = b"commonhold/kit/sign/v1"
AGE_INFO: Final = b"commonhold/kit/age/v1"
AGE_SECRET_PREFIX: Final = "age-secret-key-"  # noqa: S105 - how every age identity begins; a prefix, not a password
TEXT_PREFIX: Final = "commonhold-kit-"
WORD_COUNT: Final = 24
_CHECKSUM_BITS: Final = 8
MAX_TYPED: Final = 4_096


@dataclass(frozen=True, slots=True)
class Kit:
    """A member's secret and what follows from it. Its ``repr`` shows the key id, never a secret.

    Args:
        secret: 32 random bytes.

    Raises:
        FormatError: if *secret* has another length.
        CustodyError: if it is one byte repeated, which no dice ever threw and every attacker tries first.
    """

    secret: bytes = field(repr=False)
    keys: KitKeys = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.secret) != SECRET_BYTES:
            raise FormatError(f"a kit's secret has {SECRET_BYTES} bytes, this one has {len(self.secret)}", code="kit/length")
        if len(set(self.secret)) == 1:
            raise CustodyError(
                "this kit's secret is one byte repeated: it was not made at random",
                code="kit/not-random",
                next_step="Make a new kit with `commonhold key new`.",
            )
        point = bindings.crypto_scalarmult_base(_derive(self.secret, AGE_INFO))
        object.__setattr__(self, "keys", KitKeys(ed25519.public_key(_derive(self.secret, SIGN_INFO)), bech32.encode(AGE_PREFIX, point)))

    def __repr__(self) -> str:
        return f"Kit(key_id={self.key_id!r})"

    @property
    def key_id(self) -> str:
        """The id of the kit's signing key."""
        return self.keys.key_id

    @property
    def age_identity(self) -> str:
        """The secret age identity, ``AGE-SECRET-KEY-1...``, as any age program reads it."""
        return bech32.encode(AGE_SECRET_PREFIX, _derive(self.secret, AGE_INFO)).upper()

    def sign(self, message: bytes) -> bytes:
        """The kit's 64-byte Ed25519 signature of *message*."""
        return ed25519.sign(_derive(self.secret, SIGN_INFO), message)

    def words(self) -> tuple[str, ...]:
        """The secret as 24 words, to be written on paper (BIP-39, English)."""
        checksum = hashlib.sha256(self.secret).digest()[0]
        return words.words_of_int(int.from_bytes(self.secret, "big") << _CHECKSUM_BITS | checksum, WORD_COUNT)

    def text(self) -> str:
        """The secret as ``COMMONHOLD-KIT-1...``, the content of the QR code."""
        return bech32.encode(TEXT_PREFIX, self.secret).upper()

    def check_recorded(self, recorded: KitKeys) -> None:
        """Pass in silence if the record holds exactly this kit's public halves.

        A key id covers the signing key alone. Whoever is about to sign checks here that nobody has put another age recipient beside it,
        to which this member's shares would be encrypted.

        Raises:
            CustodyError: if a half differs, saying which.
        """
        if recorded.sign != self.keys.sign:
            raise CustodyError(
                f"the record holds another kit for this member: {recorded.key_id}, not {self.key_id}",
                code="kit/not-recorded",
                next_step="Use the kit that was enrolled; if it is lost, ask for a `recover-member` decision.",
                data={"recorded": recorded.key_id, "own": self.key_id},
            )
        if recorded.age != self.keys.age:
            raise CustodyError(
                f"the record holds this kit's signing key beside a foreign age recipient: {recorded.age}, not {self.keys.age}",
                code="kit/foreign-recipient",
                next_step="Do not sign. Tell the other members: whoever made that entry could read shares that are meant for you.",
                data={"recorded": recorded.age, "own": self.keys.age},
            )


def kit_from_words(typed: str) -> Kit:
    """The kit that 24 typed words spell. Case, line breaks, commas and the numbers of a printed sheet do not matter.

    Raises:
        FormatError: saying which word is wrong and what it was likely meant to be, or that the words do not belong together. No message
            repeats what was typed.
        CustodyError: if they spell a secret that was not made at random.
    """
    found = [word for word in _bounded(typed).lower().replace(",", " ").split() if not word.rstrip(".):").isdecimal()]
    for place, word in enumerate(found[: WORD_COUNT + 1], 1):
        if word not in words.word_values():
            likely = words.suggestions(word)
            raise FormatError(
                f"word {place} is not in the list of words",
                code="kit/word",
                next_step=f"Did you mean {' or '.join(likely)}?" if likely else f"Look at word {place} on the sheet again.",
                data={"place": place, "suggestions": list(likely)},
            )
    if len(found) != WORD_COUNT:
        raise FormatError(
            f"a kit has {WORD_COUNT} words, and {len(found)} were given",
            code="kit/word-count",
            next_step="Type all the words of the sheet in their order, 1 to 24.",
            data={"expected": WORD_COUNT, "found": len(found)},
        )
    secret = _secret_of(found)
    if secret is None:
        doubtful = _doubtful(found)
        hint = f"Look first at word {' and word '.join(map(str, doubtful))}." if doubtful else ""
        raise FormatError(
            "the 24 words do not belong together: each is in the list, but one is wrong or two have changed places",
            code="kit/checksum",
            next_step=f"Compare every word and its place with the sheet. {hint}".strip(),
            data={"doubtful": list(doubtful)},
        )
    return Kit(secret)


def kit_from_text(typed: str) -> Kit:
    """The kit that the text of a QR code, ``COMMONHOLD-KIT-1...``, spells.

    Raises:
        FormatError: if it is not such a text, or a character of it is wrong.
        CustodyError: if it spells a secret that was not made at random.
    """
    prefix, secret = bech32.decode(_bounded(typed).strip(), "the kit's text")
    if prefix != TEXT_PREFIX:
        raise FormatError("this text is not a kit's: a kit's begins with COMMONHOLD-KIT-1", code="kit/text")
    return Kit(secret)


def _derive(secret: bytes, info: bytes) -> bytes:
    # Whoever only reads a record has no kit; this takes a while to import.
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: PLC0415

    return HKDF(algorithm=SHA256(), length=SECRET_BYTES, salt=None, info=info).derive(secret)


def _bounded(typed: str) -> str:
    if len(typed) > MAX_TYPED:
        raise FormatError(f"a kit is typed in fewer than {MAX_TYPED} characters, and {len(typed)} were given", code="kit/too-long")
    return typed


def _secret_of(found: list[str]) -> bytes | None:
    number = words.int_of_words(found)
    secret = (number >> _CHECKSUM_BITS).to_bytes(SECRET_BYTES, "big")
    return secret if hashlib.sha256(secret).digest()[0] == number & 0xFF else None


def _doubtful(found: list[str]) -> tuple[int, ...]:
    """Up to four places where a word that looks like the typed one would make the checksum right; a hint, never a repair."""
    places = (
        place
        for place, word in enumerate(found)
        if any(_secret_of([*found[:place], other, *found[place + 1 :]]) for other in words.suggestions(word) if other != word)
    )
    return tuple(place + 1 for place, _ in zip(places, range(4), strict=False))

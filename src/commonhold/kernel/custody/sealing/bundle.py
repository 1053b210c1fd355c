"""What is inside a seal: passwords, TOTP seeds, recovery codes and key files, as one canonical object (docs/formats/seal.md).

The bytes are padded to whole KiB before they are encrypted: the sealed object is public, and the length of a password is nobody's business.
A secret's value is a string; a key file's is the base64 of its bytes. No message here repeats a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from commonhold.kernel import b64
from commonhold.kernel.canonical import canonical_bytes, parse_canonical
from commonhold.kernel.errors import CommonholdError, CustodyError, FormatError

FORM: Final = "commonhold/secrets/v1"
KINDS: Final = ("codes", "file", "note", "password", "totp")
MAX_FILE: Final = 64 << 10
"""Bytes of a key file."""

MAX_BYTES: Final = 96 << 10
"""Bytes of the canonical object, so of all secrets of one seal together: room for one key file of the largest size in base64, and for more."""

MAX_SECRETS: Final = 100
MAX_NAME: Final = 100
BLOCK: Final = 1024
_LENGTH: Final = 4
_TOTP: Final = re.compile(r"[A-Z2-7]{8,256}=*")


@dataclass(frozen=True, slots=True)
class Secret:
    """One secret: its kind, a name that people know it by, and its value, which no ``repr`` shows."""

    kind: str
    name: str
    value: str = field(repr=False)


def bundle_bytes(secrets: Iterable[Secret]) -> bytes:
    """The padded bytes of *secrets*, sorted by name.

    Raises:
        CustodyError: ``secret/…``, naming the secret (never its value): none at all, an unknown kind, a name twice or without a line, a TOTP seed that is
            no base32, a key file that is no base64, more than 100 secrets, more than 96 KiB.
    """
    listed = sorted(secrets, key=lambda secret: secret.name)
    if not 1 <= len(listed) <= MAX_SECRETS:
        raise CustodyError(
            f"a seal holds 1 to {MAX_SECRETS} secrets, and these are {len(listed)}",
            code="secret/count",
            next_step="Give at least one, and put many codes into one secret of kind codes.",
        )
    for place, secret in enumerate(listed):
        _check(secret)
        if place and listed[place - 1].name == secret.name:
            raise CustodyError(f"two secrets are called {secret.name!r}", code="secret/name-twice", next_step="Give each its own name.")
    value = {"form": FORM, "secrets": [{"kind": secret.kind, "name": secret.name, "value": secret.value} for secret in listed]}
    raw = canonical_bytes(value)
    if len(raw) > MAX_BYTES:
        raise CustodyError(
            f"the secrets have {len(raw)} bytes together, and a seal holds at most {MAX_BYTES}",
            code="secret/too-large",
            next_step="Seal what unlocks the large file (its passphrase, its key), and keep the file itself in the store.",
        )
    whole = len(raw).to_bytes(_LENGTH, "big") + raw
    return whole + bytes(-len(whole) % BLOCK)


def parse_bundle(padded: bytes) -> tuple[Secret, ...]:
    """The secrets in the padded bytes of a bundle.

    Raises:
        FormatError: if they are not exactly what :func:`bundle_bytes` makes.
    """
    length = int.from_bytes(padded[:_LENGTH], "big")
    raw, rest = padded[_LENGTH : _LENGTH + length], padded[_LENGTH + length :]
    if len(padded) % BLOCK or len(raw) != length or length > MAX_BYTES or len(rest) >= BLOCK or any(rest):
        raise FormatError("the bundle of secrets is not padded as it should be", code="secret/padding")
    try:
        value = parse_canonical(raw, max_size=MAX_BYTES, what="the bundle of secrets")
        secrets = tuple(Secret(item["kind"], item["name"], item["value"]) for item in value["secrets"])
        if (
            all(isinstance(text, str) for secret in secrets for text in (secret.kind, secret.name, secret.value))
            and bundle_bytes(secrets) == padded
        ):
            return secrets
    except (CommonholdError, KeyError, TypeError):
        # Their words could repeat what is in it.
        pass
    raise FormatError("the bundle of secrets is not in the form that this version reads", code="secret/form")


def _check(secret: Secret) -> None:
    if secret.kind not in KINDS:
        raise CustodyError(f"a secret is one of {', '.join(KINDS)}, and not {secret.kind[:40]!r}", code="secret/kind")
    try:
        canonical_bytes([secret.name, secret.value])
    except FormatError:
        raise CustodyError(
            f"the secret {secret.name[:MAX_NAME]!a} holds a character that canonical JSON has not",
            code="secret/character",
            next_step="Put it into a file and seal that as a key file.",
        ) from None
    if not secret.name.strip() or len(secret.name) > MAX_NAME or "\n" in secret.name:
        raise CustodyError(f"a secret's name is one line of 1 to {MAX_NAME} characters", code="secret/name")
    if not secret.value:
        raise CustodyError(f"the secret {secret.name!r} is empty", code="secret/empty")
    if secret.kind == "totp" and not _TOTP.fullmatch(secret.value.replace(" ", "").upper()):
        raise CustodyError(
            f"the seed {secret.name!r} is not base32 (the letters A to Z and the digits 2 to 7)",
            code="secret/totp",
            next_step="It is the text that the provider shows beside the QR code, not the six digits that change.",
        )
    if secret.kind == "file":
        try:
            b64.decode(secret.value, what="a key file")
        except FormatError:
            raise CustodyError(f"the key file {secret.name!r} is not base64", code="secret/file") from None

"""Ids: the names that stand in the record, checked (DESIGN 3.2, 10).

A *digest*, an *entry id* and a *key id* are 32 bytes written as 64 lowercase hexadecimal digits. A *member id* is a pseudonym: 2 to 32
characters, lowercase letters, digits and single hyphens, starting with a letter. What an id refers to is for its readers to know.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from commonhold.kernel.errors import FormatError

_HEX: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_ORIGIN: Final = re.compile(r"commonhold/([0-9a-f]{64})/(0|[1-9][0-9]{0,9})/([0-9a-f]{64})", re.ASCII)
_MEMBER: Final = re.compile(r"(?=.{2,32}\Z)[a-z](?:-?[a-z0-9])+", re.ASCII)


def parse_digest(text: object, what: str = "the digest") -> str:
    """The 64 lowercase hexadecimal digits *text*, unchanged.

    Raises:
        FormatError: if it is anything else.
    """
    return _hex(text, what, "id/digest")


def parse_entry_id(text: object, what: str = "the entry id") -> str:
    """The entry id *text*, unchanged: SHA-256 of an entry's unsigned canonical bytes, in 64 lowercase hexadecimal digits.

    Raises:
        FormatError: if it is anything else.
    """
    return _hex(text, what, "id/entry")


def parse_key_id(text: object, what: str = "the key id") -> str:
    """The key id *text*, unchanged: SHA-256 of a type byte and the raw public key, in 64 lowercase hexadecimal digits.

    Raises:
        FormatError: if it is anything else.
    """
    return _hex(text, what, "id/key")


def parse_member_id(text: object, what: str = "the member id") -> str:
    """The member id *text*, unchanged.

    Raises:
        FormatError: if it is not 2 to 32 lowercase letters, digits and single hyphens that start with a letter and end with none.
    """
    if not isinstance(text, str) or not _MEMBER.fullmatch(text):
        raise FormatError(
            f"{what} {_shown(text)} is not a member id",
            code="id/member",
            next_step="Choose a pseudonym of 2 to 32 lowercase letters, digits and single hyphens that starts with a letter, such as heron or sea-holly.",
        )
    return text


def origin_of(org: str, epoch: int, log_key: bytes) -> str:
    """The origin of an epoch's log: organisation, number, and the SHA-256 of the 32-byte log key (DESIGN 3.4)."""
    return f"commonhold/{org}/{epoch}/{hashlib.sha256(log_key).hexdigest()}"


def parse_origin(origin: str) -> tuple[str, int, str]:
    """The organisation, epoch and hash of the log key that an origin of ours names.

    Raises:
        FormatError: if it is not exactly what :func:`origin_of` writes.
    """
    found = _ORIGIN.fullmatch(origin)
    if not found:
        raise FormatError(f"{_shown(origin)} is not the origin of a record", code="id/origin")
    return found[1], int(found[2]), found[3]


def _hex(text: object, what: str, code: str) -> str:
    if not isinstance(text, str) or not _HEX.fullmatch(text):
        raise FormatError(f"{what} {_shown(text)} is not 64 lowercase hexadecimal digits", code=code)
    return text


def _shown(text: object) -> str:
    """*text* for a message: escaped, and cut where it is long."""
    if not isinstance(text, str):
        return f"(a {type(text).__name__})"
    return ascii(text if len(text) <= 80 else text[:77] + "...")

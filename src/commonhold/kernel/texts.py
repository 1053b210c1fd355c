r"""Text objects: a text and a salt, as the bytes that a digest in the record stands for (docs/formats/text-object.md).

Entries hold digests, never texts. The object behind a digest is ``commonhold/text/v1\n``, the base64 of a 16-byte salt, an empty line, and
the text's own bytes. Once an object is erased, its digest says nothing about the text, because nobody can guess the salt. A charter's
articles are the exception: they are public for ever, and whoever compiles the same files must get the same digest, so they have none.
"""

from __future__ import annotations

import hashlib
from typing import Final

from commonhold.kernel import b64
from commonhold.kernel.errors import FormatError

HEADER: Final = b"commonhold/text/v1\n"
SALT_BYTES: Final = 16
MAX_TEXT_BYTES: Final = 4 << 20
_LEAD: Final = len(HEADER) + 24 + 2


def make_text(text: bytes, salt: bytes) -> bytes:
    """The object of *text* (UTF-8, not empty, at most 4 MiB) under a 16-byte *salt*.

    Raises:
        FormatError: for bytes that are not such a text, or a salt of another length.
    """
    if len(salt) != SALT_BYTES:
        raise FormatError(f"a text's salt has {SALT_BYTES} bytes, this one has {len(salt)}", code="text/salt")
    if len(text) > MAX_TEXT_BYTES:
        raise FormatError(f"the text has {len(text)} bytes, and at most {MAX_TEXT_BYTES} are allowed", code="text/too-large")
    _check_text(text)
    return HEADER + b64.encode(salt).encode() + b"\n\n" + text


def parse_text(raw: bytes) -> tuple[bytes, bytes]:
    """The salt and the text of an object.

    Raises:
        FormatError: if it is not a text object, or its text is empty or not UTF-8.
    """
    if not raw.startswith(HEADER) or raw[_LEAD - 2 : _LEAD] != b"\n\n" or len(raw) > _LEAD + MAX_TEXT_BYTES:
        raise FormatError("this object is not a text", code="text/form")
    try:
        salt = b64.decode(raw[len(HEADER) : _LEAD - 2].decode("ascii"), length=SALT_BYTES, what="salt")
    except UnicodeDecodeError:
        raise FormatError("this object is not a text", code="text/form") from None
    text = raw[_LEAD:]
    _check_text(text)
    return salt, text


def _check_text(text: bytes) -> None:
    if not text.strip():
        raise FormatError("the text is empty", code="text/empty", next_step="Write something to publish.")
    try:
        text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError(
            f"the text is not UTF-8: byte {error.start} is wrong", code="text/encoding", next_step="Save it as UTF-8."
        ) from None


def text_digest(raw: bytes) -> str:
    """The digest by which entries name an object: SHA-256 of its bytes, in hex."""
    return hashlib.sha256(raw).hexdigest()

"""Base64 with exactly one spelling for each byte string (RFC 4648 section 4, padded).

C2SP formats and the record compare, hash and sign text that holds base64. A decoder that forgives spaces, missing padding or loose bits
in the last character lets one signature be written in several ways, so everything is encoded again and compared.
"""

from __future__ import annotations

import binascii

from commonhold.kernel.errors import FormatError


def encode(raw: bytes) -> str:
    """The padded standard base64 of *raw*, on one line."""
    return binascii.b2a_base64(raw, newline=False).decode("ascii")


def decode(text: str, length: int | None = None, what: str = "value") -> bytes:
    """The bytes that *text* stands for, if it is their one canonical spelling.

    Args:
        text: padded standard base64, nothing else; the caller bounds its size.
        length: how many bytes it must stand for, if that is known.
        what: what to call the thing in messages.

    Raises:
        FormatError: for any other alphabet, spaces, missing padding, loose bits in the last character, or another length.
    """
    # a2b_base64 forgives much; writing its answer again and comparing is the whole check.
    try:
        raw = binascii.a2b_base64(text)
        canonical = binascii.b2a_base64(raw, newline=False).decode("ascii") == text
    except ValueError:
        raw, canonical = b"", False
    if not canonical:
        raise FormatError(f"the {what} is not canonical base64", code="base64/not-canonical")
    if length is not None and len(raw) != length:
        raise FormatError(
            f"the {what} has {len(raw)} bytes, and {length} are expected", code="base64/length", data={"size": len(raw), "expected": length}
        )
    return raw

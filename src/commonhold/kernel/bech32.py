"""Bech32, the text form of age keys and of a kit's QR code (BIP-173, the checksum constant 1; not bech32m).

Strict: one case throughout, at most 90 characters, zero padding bits of fewer than five. Which human-readable part and which length are
right is for the callers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from commonhold.kernel.errors import FormatError

MAX_CHARS: Final = 90
_ALPHABET: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_VALUES: Final = {character: value for value, character in enumerate(_ALPHABET)}
_GENERATOR: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CHECKSUM_CHARS: Final = 6


def encode(prefix: str, data: bytes) -> str:
    """*data* in bech32 under the human-readable part *prefix*, in lower case.

    Raises:
        FormatError: if the text would have more than 90 characters, or *prefix* is not lowercase printable ASCII.
    """
    if not prefix or prefix != prefix.lower() or not all("!" <= c <= "~" for c in prefix):
        raise FormatError(f"{prefix!r} cannot be the human-readable part of a bech32 text", code="bech32/prefix")
    values = _regroup(data)
    checksum = _polymod([*_expand(prefix), *values, *[0] * _CHECKSUM_CHARS]) ^ 1
    values += [checksum >> 5 * place & 31 for place in reversed(range(_CHECKSUM_CHARS))]
    text = prefix + "1" + "".join(_ALPHABET[value] for value in values)
    if len(text) > MAX_CHARS:
        raise FormatError(f"a bech32 text has at most {MAX_CHARS} characters, this one would have {len(text)}", code="bech32/length")
    return text


def decode(text: str, what: str = "the bech32 text") -> tuple[str, bytes]:
    """The human-readable part (in lower case) and the bytes of *text*.

    The text may be a secret, so no message repeats it.

    Raises:
        FormatError: if it is longer than 90 characters, in mixed case, misses a part, holds a foreign character, or its checksum is wrong.
    """
    if len(text) > MAX_CHARS:
        raise FormatError(f"{what} has {len(text)} characters, and bech32 allows {MAX_CHARS}", code="bech32/length")
    if not all("!" <= c <= "~" for c in text):
        raise FormatError(f"{what} holds a character that bech32 does not have", code="bech32/character")
    lower = text.lower()
    if text not in (lower, text.upper()):
        raise FormatError(f"{what} mixes upper and lower case", code="bech32/case")
    prefix, found, tail = lower.rpartition("1")
    if not found or not prefix or len(tail) < _CHECKSUM_CHARS:
        raise FormatError(f"{what} is not bech32: it has no prefix or is cut off", code="bech32/parts")
    try:
        values = [_VALUES[character] for character in tail]
    except KeyError:
        raise FormatError(f"{what} holds a character that bech32 does not have", code="bech32/character") from None
    if _polymod([*_expand(prefix), *values]) != 1:
        raise FormatError(f"{what} has a wrong checksum: a character is wrong or missing", code="bech32/checksum")
    return prefix, _bytes_of(values[:-_CHECKSUM_CHARS], what)


def _polymod(values: Iterable[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for place, term in enumerate(_GENERATOR):
            if top >> place & 1:
                check ^= term
    return check


def _expand(prefix: str) -> list[int]:
    return [*(ord(c) >> 5 for c in prefix), 0, *(ord(c) & 31 for c in prefix)]


def _regroup(data: bytes) -> list[int]:
    """Bytes as groups of five bits, the last filled up with zeros."""
    count = -(-len(data) * 8 // 5)
    number = int.from_bytes(data, "big") << (count * 5 - len(data) * 8)
    return [number >> 5 * place & 31 for place in reversed(range(count))]


def _bytes_of(values: list[int], what: str) -> bytes:
    padding = len(values) * 5 % 8
    number = 0
    for value in values:
        number = number << 5 | value
    if padding >= 5 or number & ((1 << padding) - 1):
        raise FormatError(f"{what} is not bech32: its last character holds bits that mean nothing", code="bech32/padding")
    return (number >> padding).to_bytes(len(values) * 5 // 8, "big")

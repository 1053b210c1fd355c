"""Canonical JSON: the one byte string that stands for a value (DESIGN 3.2).

The subset is small on purpose: strings, integers within +-(2**53 - 1), booleans, arrays and objects with ASCII keys. On it RFC 8785,
sorted msgspec, sorted orjson and plain ``json`` agree byte for byte, so a reader in any language can be held to it. There is no null and
no float, and a string is in Unicode normal form C without control characters (but for the newline) or bidirectional controls, so that
two texts that look alike are alike.

Decoders keep the last of duplicate keys silently (all of them, also with typed structures); the guard is to encode the value again and
compare the bytes.
"""

from __future__ import annotations

import unicodedata
from typing import Any, Final

import msgspec

from commonhold.kernel.errors import FormatError

MAX_INT: Final = 2**53 - 1
MAX_DEPTH: Final = 24

# Everything that reorders or hides text: bidi embeddings, overrides, isolates and marks (UAX 9), and the byte order mark.
_FORBIDDEN: Final = frozenset(
    [*range(0x0A), *range(0x0B, 0x20), *range(0x7F, 0xA0), 0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF]
)

_FORBIDDEN_TEXT: Final = frozenset(map(chr, _FORBIDDEN))

_unicode_3_2 = unicodedata.ucd_3_2_0
_encoder = msgspec.json.Encoder(order="sorted")
_decoder = msgspec.json.Decoder()


def canonical_bytes(value: Any) -> bytes:
    """The canonical bytes of *value*, after checking that it lies within the subset.

    Raises:
        FormatError: for a float, a null, an integer beyond +-(2**53 - 1), a key that is not ASCII, or a text that is not canonical.
    """
    _check(value, 0)
    return _encoder.encode(value)


def parse_canonical(raw: bytes, *, max_size: int, what: str = "value") -> Any:
    """The value of *raw*, which must be canonical to the byte.

    Args:
        raw: UTF-8 JSON.
        max_size: refuse more bytes than this before looking at them.
        what: what to call the thing in messages.

    Raises:
        FormatError: if *raw* is too long, is not JSON, holds something outside the subset, or differs from its own canonical form
            (duplicate keys, spaces, unsorted keys, needless escapes, a byte order mark).
    """
    if len(raw) > max_size:
        raise FormatError(
            f"{what} has {len(raw)} bytes, and at most {max_size} are allowed",
            code="canonical/too-large",
            data={"size": len(raw), "limit": max_size},
        )
    try:
        value = _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FormatError(
            f"{what} is not JSON: {error}",
            code="canonical/not-json",
            next_step="It was cut short or changed on its way, or is something else: get it once more, whole, from whoever made it.",
        ) from None
    _check(value, 0)
    if _encoder.encode(value) != raw:
        raise FormatError(
            f"{what} is not in canonical form (a key twice, unsorted keys, spaces or needless escapes)",
            code="canonical/not-canonical",
            next_step="Write it again with the program that made it; nothing that differs from its canonical form is ever accepted.",
        )
    return value


def check_canonical(value: Any, *, depth: int = 0) -> None:
    """Pass in silence if *value* lies within the subset that has a canonical form.

    Args:
        depth: how deep *value* will stand in the value whose part it is; that counts towards the limit on nesting.

    Raises:
        FormatError: as :func:`canonical_bytes` does.
    """
    _check(value, depth)


def check_text(text: str) -> None:
    """Pass in silence if *text* may stand in a canonical value.

    Raises:
        FormatError: if it holds control or bidirectional control characters, a lone surrogate, or is not in normal form C.
    """
    if text.isascii():
        # The common case: only control characters can be wrong, and printable text has none.
        if text.isprintable():
            return
        bad = next((c for c in text if ord(c) in _FORBIDDEN), "")
    else:
        bad = next((c for c in text if ord(c) in _FORBIDDEN or 0xD800 <= ord(c) < 0xE000), "")
    if bad:
        raise FormatError(
            f"a text holds the forbidden character U+{ord(bad):04X}", code="canonical/character", data={"codepoint": ord(bad)}
        )
    if not text.isascii() and not unicodedata.is_normalized("NFC", text):
        raise FormatError("a text is not in Unicode normal form C", code="canonical/not-nfc")


def check_words(text: str) -> None:
    """Pass in silence if *text* may stand in an object that people read, such as a work's title: as :func:`check_text`, in any script there will ever be.

    Characters younger than Unicode 3.2 are taken as they are, and each as a letter that nothing composes with, so that readers with different Unicode
    tables agree.

    Raises:
        FormatError: as :func:`check_text`.
    """
    check_text("".join("\ufffd" if c not in _FORBIDDEN_TEXT and _unicode_3_2.category(c) == "Cn" else c for c in text))


def _check_age(text: str) -> None:
    """Refuse characters younger than Unicode 3.2 (2002).

    Normal forms are stable only for characters that a table knows. Without this bound two readers with different Unicode tables could take
    one string for canonical and not canonical, and fold one record into two states. Texts for people are objects, which may hold anything.
    """
    young = "" if text.isascii() else next((c for c in text if _unicode_3_2.category(c) == "Cn"), "")
    if young:
        raise FormatError(
            f"a text holds U+{ord(young):04X}, which is younger than Unicode 3.2",
            code="canonical/young-character",
            next_step="Write it in a text object; entries and rules hold only characters that every reader knows.",
        )


def _check(value: Any, depth: int) -> None:
    kind = type(value)
    if kind is str:
        check_text(value)
        _check_age(value)
    elif kind is dict:
        if depth >= MAX_DEPTH:
            raise FormatError(f"a value is nested more than {MAX_DEPTH} deep", code="canonical/too-deep")
        for key, item in value.items():
            if type(key) is not str or not key.isascii() or not key.isprintable():
                shown = ascii(key[:40]) if type(key) is str else f"(of type {type(key).__name__})"
                raise FormatError(f"the key {shown} is not printable ASCII", code="canonical/key")
            _check(item, depth + 1)
    elif kind is int:
        if not -MAX_INT <= value <= MAX_INT:
            raise FormatError(f"an integer of {value.bit_length()} bits is beyond 2**53 - 1", code="canonical/integer")
    elif kind is list or kind is tuple:
        if depth >= MAX_DEPTH:
            raise FormatError(f"a value is nested more than {MAX_DEPTH} deep", code="canonical/too-deep")
        for item in value:
            _check(item, depth + 1)
    elif kind is not bool:
        name = "null" if value is None else kind.__name__
        raise FormatError(
            f"a {name} is not allowed in a canonical value", code="canonical/type", next_step="Use a string, an integer or nothing at all."
        )

"""An act on its way to a house: one signed entry, and the texts that it names (docs/formats/house-log.md).

An entry names texts by digest, and a house keeps them before it keeps the entry, so both travel together: canonical JSON,
``{"entry": base64, "form": "commonhold/act/v1", "texts": {digest: base64}}``. An act without texts travels as the entry's own bytes.

What an entry does not name is refused, so nobody can fill a disk with more than a member's own act stands for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from commonhold.kernel import b64
from commonhold.kernel.canonical import canonical_bytes, parse_canonical
from commonhold.kernel.errors import FormatError, RuleError
from commonhold.kernel.record.entries import Entry, parse_entry
from commonhold.kernel.texts import HEADER, MAX_TEXT_BYTES, parse_text, text_digest
from commonhold.kernel.tlog.tiles import MAX_ENTRY_BYTES

FORM: Final = "commonhold/act/v1"
MAX_ACT_BYTES: Final = 6 << 20
"""Room for a text of 4 MiB in base64, and its entry."""
MAX_QUOTES: Final = 4 * 512
"""Texts come as pairs of strings; a charter has a few hundred articles at most."""
_HEX: Final = frozenset("0123456789abcdef")


def pack(entry: bytes, texts: Mapping[str, bytes]) -> bytes:
    """The body in which an act is handed over.

    Raises:
        FormatError: ``act/too-large`` over 6 MiB.
    """
    if not texts:
        return entry
    value = {"entry": b64.encode(entry), "form": FORM, "texts": {digest: b64.encode(raw) for digest, raw in texts.items()}}
    raw = canonical_bytes(value)
    if len(raw) > MAX_ACT_BYTES:
        raise FormatError(
            f"the act and its texts have {len(raw)} bytes, and at most {MAX_ACT_BYTES} are taken over the network",
            code="act/too-large",
            next_step="Propose it in the organisation's own folder.",
        )
    return raw


def unpack(raw: bytes) -> tuple[bytes, Entry, dict[str, bytes]]:
    """The entry's bytes, the entry, and its texts by digest; each text is one, has its digest, and is named by the entry.

    Raises:
        FormatError: for anything else. RuleError: ``act/other-text`` for a text that the entry does not name.
    """
    if f'"form":"{FORM}"'.encode() not in raw[: MAX_ENTRY_BYTES * 2]:
        return raw, parse_entry(raw), {}
    # Counted before anything is built: a few long texts take a moment, and a million short ones would take seconds.
    if raw.count(b'"') > MAX_QUOTES:
        raise FormatError("the act has more parts than any act needs", code="act/form", next_step="Hand it over with fewer texts.")
    value = parse_canonical(raw, max_size=MAX_ACT_BYTES, what="the act")
    if (
        not isinstance(value, dict)
        or value.keys() != {"entry", "form", "texts"}
        or value["form"] != FORM
        or not isinstance(value["entry"], str)
        or not isinstance(value["texts"], dict)
        or not all(isinstance(text, str) for text in value["texts"].values())
    ):
        raise FormatError("this is no act with its texts", code="act/form", next_step="Hand it over with a program that knows this form.")
    leaf = b64.decode(value["entry"], what="entry")
    entry = parse_entry(leaf)
    named = frozenset(digests_in(entry.body.payload)) if entry.type == "propose" else frozenset()
    texts: dict[str, bytes] = {}
    for digest, text in value["texts"].items():
        if digest not in named:
            raise RuleError(f"the entry does not name the text {digest[:12]!r}", code="act/other-text")
        texts[digest] = b64.decode(text, what="text")
        check_object(digest, texts[digest])
    return leaf, entry, texts


def check_object(digest: str, raw: bytes) -> None:
    """Pass in silence if *raw* is a text, as an object or as a charter keeps its own, with this digest.

    Raises:
        FormatError: if it is none, or another.
    """
    if raw.startswith(HEADER):
        parse_text(raw)
    elif len(raw) > MAX_TEXT_BYTES:
        raise FormatError(f"the text has {len(raw)} bytes, and at most {MAX_TEXT_BYTES} are allowed", code="text/too-large")
    if text_digest(raw) != digest:
        raise FormatError(
            f"the text's digest is {text_digest(raw)[:12]}, and {digest[:12]} was named",
            code="text/other-digest",
            next_step="Send it again.",
        )


def digests_in(value: Any) -> Iterator[str]:
    """Everything in a payload that has the shape of a digest."""
    if isinstance(value, str):
        if len(value) == 64 and _HEX.issuperset(value):
            yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from digests_in(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from digests_in(part)

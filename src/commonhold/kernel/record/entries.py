"""Entries: one member's signed act, as bytes and as a value (DESIGN 3.2).

A leaf of the record is the canonical JSON of an object. This module turns those bytes into an :class:`Entry` and back, strictly: unknown
fields, wrong types, non-canonical forms and anything over 65,535 bytes are refused. It knows the shape of every act and the bytes that are
signed; it does not know who may act, which is ``fold``'s business, nor what a proposal's payload means (``payloads``).

The *signed bytes* are a domain string and the canonical bytes without ``sig``. The *entry id* is SHA-256 of the canonical bytes without
``sig``: whoever alters the signature alters nothing that counts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Final, Literal

import msgspec

from commonhold.kernel import b64
from commonhold.kernel.canonical import canonical_bytes, check_canonical, parse_canonical
from commonhold.kernel.errors import CommonholdError, FormatError
from commonhold.kernel.ids import parse_member_id
from commonhold.kernel.record.bodies import BODIES, Seen, Value

DOMAIN: Final = b"commonhold/entry/v1\n"
MAX_ENTRY_BYTES: Final = 65_535
MAX_EPOCH: Final = 2**31
MAX_SHOWN: Final = 40
"""Characters of a strange name, and strange names, that a message repeats."""

FUTURE_TYPES: Final = frozenset({"vote"})
"""Types of the design that this version answers with "cannot judge"."""

_SIGNED_FIELDS: Final = frozenset({"org", "epoch", "type", "by", "key", "seen", "nonce", "body", "sig"})
_FOUND_FIELDS: Final = _SIGNED_FIELDS - {"org", "seen"}
_ATTEST_FIELDS: Final = frozenset({"org", "epoch", "type", "body"})
_HEX: Final = frozenset("0123456789abcdef")


class Signature(msgspec.Struct, frozen=True, gc=False):
    """A signature as it stands in an entry: ``value`` and, for a passkey, what its authenticator signed."""

    kind: str
    value: bytes
    authenticator: bytes = b""
    client: bytes = b""


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A parsed entry. ``unsigned`` are its canonical bytes without ``sig``; ``id`` is their SHA-256 in hex."""

    type: str
    org: str
    epoch: int
    by: str
    key: str
    seen_size: int
    seen_root: bytes
    body: Any
    unsigned: bytes
    id: str
    sig: Signature | None

    @property
    def signed_bytes(self) -> bytes:
        """What the member's key signs: the domain and the unsigned bytes."""
        return DOMAIN + self.unsigned


def parse_entry(raw: bytes) -> Entry:
    """Read one leaf of the record.

    Raises:
        FormatError: if the bytes are not exactly one canonical entry of a type that this version knows.
    """
    return _parse_plain(raw) or _parse_any(raw)


def _parse_plain(raw: bytes) -> Entry | None:
    """The common case at full speed: printable ASCII without escapes, decoded straight into its type; None leaves it to :func:`_parse_any`.

    Nothing passes here that :func:`_parse_any` would refuse, which a property test holds it to. Canonical keys are sorted, so an entry ends
    with its type, and ``sig`` stands just before it; no string holds a quote here, so those two places cannot be imitated.
    """
    if len(raw) > MAX_ENTRY_BYTES or not raw.isascii() or b"\\" in raw or b"\x7f" in raw:
        return None
    kind = raw[raw.rfind(b'"', 0, -2) + 1 : -2].decode()
    envelope = _ENVELOPES.get(kind)
    if envelope is None:
        return None
    try:
        value = envelope.decode(raw)
        if _encoder.encode(value) != raw:
            return None
        _check_author(value.org, value.by, value.key)
        if kind in _PLAIN_TYPES:
            check_canonical(value.body.payload, depth=_PAYLOAD_DEPTH)
        sig = value.sig
        if type(sig) is _Plain:
            signature = Signature("ed25519", b64.decode(sig.value, length=64, what="signature"))
        else:
            signature = Signature("webauthn", *(b64.decode(text, what="assertion") for text in (sig.value, sig.authenticator, sig.client)))
        b64.decode(value.nonce, length=16, what="nonce")
        seen_root = b64.decode(value.seen.root, length=32, what="root in `seen`")
    except (msgspec.MsgspecError, CommonholdError, RecursionError):
        return None
    unsigned = raw[: raw.rfind(b',"sig":{"')] + raw[raw.rfind(b',"type":"') :]
    entry_id = hashlib.sha256(unsigned).hexdigest()
    return Entry(kind, value.org, value.epoch, value.by, value.key, value.seen.size, seen_root, value.body, unsigned, entry_id, signature)


@lru_cache(maxsize=4096)
def _check_author(org: str, by: str, key: str) -> None:
    """Hold the names that every entry begins with to their forms; a record repeats them, and patterns take longer than all other decoding."""
    if not _HEX.issuperset(org) or not _HEX.issuperset(key):
        raise FormatError("`org` or `key` is not hexadecimal", code="entry/key")
    parse_member_id(by, "the entry's author")


def _parse_any(raw: bytes) -> Entry:
    value = parse_canonical(raw, max_size=MAX_ENTRY_BYTES, what="the entry")
    if type(value) is not dict:
        raise FormatError("the entry is not an object", code="entry/not-an-object")
    kind = value.get("type")
    fields = _ATTEST_FIELDS if kind == "attest" else _FOUND_FIELDS if kind == "found" else _SIGNED_FIELDS
    if value.keys() != fields:
        _refuse_fields(value, fields)
    if not isinstance(kind, str):
        raise FormatError("the entry's type is not a string", code="entry/type")
    if kind not in BODIES:
        raise FormatError(
            f"this version does not know entries of type {kind[:MAX_SHOWN]!a}",
            code="entry/type-not-yet" if kind in FUTURE_TYPES else "entry/type",
            next_step="A newer version of the program may know it; until then nothing about it can be judged.",
        )
    epoch = value["epoch"]
    if type(epoch) is not int or not 0 <= epoch < MAX_EPOCH:
        raise FormatError("the entry's epoch is not a whole number", code="entry/epoch")
    org = "" if kind == "found" else _hex(value, "org")
    try:
        body = msgspec.convert(value["body"], BODIES[kind], strict=True)
    except msgspec.ValidationError as error:
        raise FormatError(f"the body of the {kind} entry is wrong: {error}", code="entry/body") from None
    if kind == "attest":
        return Entry(kind, org, epoch, "", "", 0, b"", body, raw, hashlib.sha256(raw).hexdigest(), None)
    sig = _parse_signature(value.pop("sig"))
    unsigned = canonical_bytes_unchecked(value)
    nonce = value["nonce"]
    if not isinstance(nonce, str):
        raise FormatError("the nonce is not a string", code="entry/nonce")
    b64.decode(nonce, length=16, what="nonce")
    by, key = parse_member_id(value["by"], "the entry's author"), _hex(value, "key")
    seen_size, seen_root = 0, b""
    if kind != "found":
        seen = value["seen"]
        if type(seen) is not dict or seen.keys() != {"size", "root"} or type(seen["size"]) is not int or not isinstance(seen["root"], str):
            raise FormatError("`seen` is not a size and a root", code="entry/seen")
        seen_size, seen_root = seen["size"], b64.decode(seen["root"], length=32, what="root in `seen`")
        if seen_size < 0:
            raise FormatError("the size in `seen` is negative", code="entry/seen")
    return Entry(kind, org, epoch, by, key, seen_size, seen_root, body, unsigned, hashlib.sha256(unsigned).hexdigest(), sig)


def canonical_bytes_unchecked(value: Any) -> bytes:
    """Canonical bytes of a value that came out of ``parse_canonical`` a moment ago, so its parts need no second check."""
    return _encoder.encode(value)


_encoder = msgspec.json.Encoder(order="sorted")


def unsigned_entry(
    *, type: str, org: str, epoch: int, by: str, key: str, seen: tuple[int, bytes] | None, nonce: bytes, body: Mapping[str, Any]
) -> dict[str, Any]:
    """An entry before it is signed, as a plain object.

    Args:
        org: entry id of the founding; ignored for ``found``.
        seen: size and 32-byte root of the checkpoint that the signer has before them; None only for ``found``.
        nonce: 16 random bytes from the caller.
    """
    value: dict[str, Any] = {"epoch": epoch, "type": type, "by": by, "key": key, "nonce": b64.encode(nonce), "body": dict(body)}
    if type != "found":
        if seen is None:
            raise FormatError(f"a {type} entry needs the checkpoint that its signer has seen", code="entry/seen")
        value["org"] = org
        value["seen"] = {"size": seen[0], "root": b64.encode(seen[1])}
    return value


def signed_bytes(unsigned: Mapping[str, Any]) -> bytes:
    """The bytes that the member's key signs for an entry made by :func:`unsigned_entry`."""
    return DOMAIN + canonical_bytes(dict(unsigned))


def entry_id(unsigned: Mapping[str, Any]) -> str:
    """The id that an entry made by :func:`unsigned_entry` will have, whoever signs it and however."""
    return hashlib.sha256(canonical_bytes(dict(unsigned))).hexdigest()


def with_signature(unsigned: Mapping[str, Any], signature: bytes) -> bytes:
    """The finished leaf: an unsigned entry with the 64-byte Ed25519 *signature* of its signed bytes."""
    return canonical_bytes({**unsigned, "sig": {"kind": "ed25519", "value": b64.encode(signature)}})


def with_assertion(unsigned: Mapping[str, Any], *, authenticator: bytes, client: bytes, signature: bytes) -> bytes:
    """The finished leaf of an everyday act: an unsigned entry with a passkey's assertion over its signed bytes."""
    sig = {"kind": "webauthn", "authenticator": b64.encode(authenticator), "client": b64.encode(client), "value": b64.encode(signature)}
    return canonical_bytes({**unsigned, "sig": sig})


def attest_entry(*, org: str, epoch: int, note: str) -> bytes:
    """The leaf that brings a cosigned checkpoint, *note*, into the record."""
    return canonical_bytes({"org": org, "epoch": epoch, "type": "attest", "body": {"note": note}})


def _hex(value: Mapping[str, Any], field: str) -> str:
    text = value[field]
    if not isinstance(text, str) or len(text) != 64 or not _HEX.issuperset(text):
        raise FormatError(f"`{field}` is not 64 lowercase hexadecimal digits", code=f"entry/{field}")
    return text


def _parse_signature(value: Any) -> Signature:
    if isinstance(value, dict):
        kind = value.get("kind")
        if kind == "ed25519" and len(value) == 2 and isinstance(value.get("value"), str):
            return Signature("ed25519", b64.decode(value["value"], length=64, what="signature"))
        if (
            kind == "webauthn"
            and value.keys() == {"kind", "authenticator", "client", "value"}
            and all(isinstance(v, str) for v in value.values())
        ):
            return Signature(
                "webauthn",
                b64.decode(value["value"], what="signature"),
                b64.decode(value["authenticator"], what="authenticator data"),
                b64.decode(value["client"], what="client data"),
            )
    raise FormatError("the signature is neither an ed25519 nor a webauthn one", code="entry/sig")


def _refuse_fields(value: Mapping[str, Any], fields: frozenset[str]) -> None:
    unknown = [name[:MAX_SHOWN] for name in sorted(value.keys() - fields)[:MAX_SHOWN]]
    missing = sorted(fields - value.keys())
    words = [f"unknown field {name!r}" for name in unknown] + [f"missing field {name!r}" for name in missing]
    raise FormatError(
        f"the entry has the wrong fields: {', '.join(words)}", code="entry/fields", data={"unknown": unknown, "missing": missing}
    )


class _Plain(Value, frozen=True, tag_field="kind", tag="ed25519"):
    value: str


class _Assertion(Value, frozen=True, tag_field="kind", tag="webauthn"):
    value: str
    authenticator: str
    client: str


_Long = Annotated[str, msgspec.Meta(min_length=64, max_length=64)]
"""A digest of which only the length is checked here, see :func:`_check_author`."""


def _envelope(kind: str) -> msgspec.json.Decoder[Any]:
    fields: list[Any] = [
        ("org", _Long),
        ("epoch", Annotated[int, msgspec.Meta(ge=0, lt=MAX_EPOCH)]),
        ("type", Literal[kind]),  # a literal made at run time, one for each type
        ("by", Annotated[str, msgspec.Meta(max_length=32)]),
        ("key", _Long),
        ("seen", Seen),
        ("nonce", str),
        ("body", BODIES[kind]),
        ("sig", _Plain | _Assertion),
    ]
    return msgspec.json.Decoder(msgspec.defstruct(f"_{kind}", fields, bases=(Value,)))


_ENVELOPES: Final = {kind: _envelope(kind) for kind in BODIES if kind not in ("found", "attest")}
_PLAIN_TYPES: Final = frozenset({"propose"})
"""Types whose body holds plain JSON, which the typed decoder does not look into."""
_PAYLOAD_DEPTH: Final = 2
"""How deep that JSON stands in the entry, which counts towards the limit on nesting."""

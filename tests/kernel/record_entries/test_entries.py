"""Entries as bytes: one form, bounded, refused with words, and the same by the fast way and the slow one."""

from __future__ import annotations

import copy
import hashlib
import json
import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from commonhold.kernel import b64
from commonhold.kernel.canonical import canonical_bytes
from commonhold.kernel.errors import FormatError
from commonhold.kernel.record import entries
from commonhold.kernel.record.entries import BODIES, MAX_ENTRY_BYTES, Entry, parse_entry
from tests.kernel.record_entries.shapes import HEX, attest, leaf, loose, unsigned, value

SIGNED = [kind for kind in BODIES if kind != "attest"]
FAST = [kind for kind in SIGNED if kind != "found"]


@pytest.mark.parametrize("kind", SIGNED)
def test_an_entry_parses_to_what_was_written(kind: str) -> None:
    """Every type comes back with its author, its key, what was seen, its body, and the id that was foretold."""
    entry = parse_entry(leaf(kind))
    assert (entry.type, entry.by, entry.key, entry.epoch) == (kind, "heron", HEX, 0)
    assert (entry.org, entry.seen_size, entry.seen_root) == (("", 0, b"") if kind == "found" else (HEX, 3, bytes(32)))
    assert isinstance(entry.body, BODIES[kind])
    assert entry.id == entries.entry_id(unsigned(kind)) == hashlib.sha256(entry.unsigned).hexdigest()
    assert entry.signed_bytes == entries.signed_bytes(unsigned(kind))
    assert entry.signed_bytes.startswith(b"commonhold/entry/v1\n{")
    assert entry.sig == entries.Signature("ed25519", bytes(64))


def test_an_attest_has_no_author_and_no_signature() -> None:
    """What makes an attest count are the cosignatures in its note, so it is organisation, epoch, type and note alone."""
    entry = parse_entry(attest("— reed abc\n"))
    assert (entry.by, entry.key, entry.sig, entry.body.note) == ("", "", None, "— reed abc\n")
    assert entry.unsigned == attest("— reed abc\n")


def test_the_id_of_an_entry_does_not_depend_on_its_signature() -> None:
    """Whoever signs an act again, with another signature or another kind of key, does not make another act of it."""
    plain = parse_entry(leaf())
    other = parse_entry(entries.with_signature(unsigned(), b"\x01" * 64))
    passkey = parse_entry(entries.with_assertion(unsigned(), authenticator=b"a", client=b"c", signature=b"s"))
    assert plain.id == other.id == passkey.id
    assert plain.unsigned == other.unsigned == passkey.unsigned
    assert passkey.sig == entries.Signature("webauthn", b"s", b"a", b"c")


def test_an_unsigned_entry_needs_what_its_signer_has_seen() -> None:
    """Without the checkpoint that the signer had before them an entry accuses nobody and proves nothing."""
    with pytest.raises(FormatError, match="approve entry needs the checkpoint") as refusal:
        entries.unsigned_entry(type="approve", org=HEX, epoch=0, by="heron", key=HEX, seen=None, nonce=bytes(16), body={})
    assert refusal.value.code == "entry/seen"


@pytest.mark.parametrize("kind", ["propose", "attest", "withdraw"])
def test_an_entry_of_65535_bytes_fits_and_one_more_byte_does_not(kind: str) -> None:
    """The limit is the length field of an entry bundle; it is named before anything is parsed."""

    def sized(padding: int) -> bytes:
        if kind == "attest":
            return attest("x" * padding)
        body: dict[str, Any] = {"kind": "statement", "payload": {"pad": "x" * padding}, "not_after": 1}
        return leaf("propose", body=body)

    exact = MAX_ENTRY_BYTES - len(sized(0))
    raw = sized(exact) if kind != "withdraw" else sized(exact - 2).replace(b'"pad":"', '"pad":"é'.encode())
    assert len(raw) == MAX_ENTRY_BYTES
    assert parse_entry(raw).type == ("attest" if kind == "attest" else "propose")
    with pytest.raises(FormatError, match="the entry has 65536 bytes, and at most 65535") as refusal:
        parse_entry(sized(exact + 1))
    assert refusal.value.code == "canonical/too-large"


def bend(raw: dict[str, Any], place: str, new: Any) -> dict[str, Any]:
    *outer, last = place.split("/")
    table = raw
    for key in outer:
        table = table[key]
    if new is None:
        del table[last]
    else:
        table[last] = new
    return raw


BENT: list[tuple[str, str, Any, str, str]] = [
    ("approve", "type", [], "entry/type", "type is not a string"),
    ("approve", "type", {"a": 1}, "entry/type", "type is not a string"),
    ("approve", "type", True, "entry/type", "type is not a string"),
    ("approve", "type", "seize", "entry/type", "entries of type 'seize'"),
    ("approve", "type", "x" * 5_000, "entry/type", "x{40}'"),
    ("approve", "type", "vote", "entry/type-not-yet", "entries of type 'vote'"),
    ("approve", "extra", 1, "entry/fields", "unknown field 'extra'"),
    ("approve", "nonce", None, "entry/fields", "missing field 'nonce'"),
    ("approve", "sig", None, "entry/fields", "missing field 'sig'"),
    ("approve", "seen", None, "entry/fields", "missing field 'seen'"),
    ("found", "org", HEX, "entry/fields", "unknown field 'org'"),
    ("attest", "by", "heron", "entry/fields", "unknown field 'by'"),
    ("approve", "epoch", -1, "entry/epoch", "epoch"),
    ("approve", "epoch", 2**31, "entry/epoch", "epoch"),
    ("approve", "epoch", True, "entry/epoch", "epoch"),
    ("approve", "epoch", "0", "entry/epoch", "epoch"),
    ("approve", "org", HEX[:-1], "entry/org", "`org` is not 64 lowercase"),
    ("approve", "org", HEX.upper(), "entry/org", "`org` is not 64 lowercase"),
    ("approve", "org", 1, "entry/org", "`org` is not 64 lowercase"),
    ("approve", "key", HEX + "0", "entry/key", "`key` is not 64 lowercase"),
    ("approve", "key", [], "entry/key", "`key` is not 64 lowercase"),
    ("approve", "by", 7, "id/member", "the entry's author"),
    ("approve", "by", "Heron", "id/member", "the entry's author 'Heron' is not a member id"),
    ("approve", "by", "x" * 60_000, "id/member", "the entry's author"),
    ("approve", "by", "a" + "-b" * 16, "id/member", "the entry's author"),
    ("approve", "nonce", 1, "entry/nonce", "nonce is not a string"),
    ("approve", "nonce", "AAAA", "base64/length", "nonce has 3 bytes, and 16"),
    ("approve", "nonce", "A" * 21 + "B==", "base64/not-canonical", "nonce"),
    ("approve", "seen", [], "entry/seen", "`seen` is not a size and a root"),
    ("approve", "seen/size", -1, "entry/seen", "negative"),
    ("approve", "seen/size", True, "entry/seen", "`seen` is not a size and a root"),
    ("approve", "seen/root", 1, "entry/seen", "`seen` is not a size and a root"),
    ("approve", "seen/more", 1, "entry/seen", "`seen` is not a size and a root"),
    ("approve", "seen/root", "AAAA", "base64/length", "root in `seen` has 3 bytes, and 32"),
    ("approve", "sig", [], "entry/sig", "neither an ed25519 nor a webauthn"),
    ("approve", "sig/kind", [], "entry/sig", "neither an ed25519 nor a webauthn"),
    ("approve", "sig/kind", "rsa", "entry/sig", "neither an ed25519 nor a webauthn"),
    ("approve", "sig/kind", "webauthn", "entry/sig", "neither an ed25519 nor a webauthn"),
    ("approve", "sig/value", 5, "entry/sig", "neither an ed25519 nor a webauthn"),
    ("approve", "sig/more", "x", "entry/sig", "neither an ed25519 nor a webauthn"),
    ("approve", "sig/value", "AAAA", "base64/length", "signature has 3 bytes, and 64"),
    ("approve", "body", [], "entry/body", "body of the approve entry is wrong"),
    ("approve", "body/proposal", HEX + "\n", "entry/body", r"\$.proposal"),
    ("approve", "body/more", 1, "entry/body", "unknown field `more`"),
    ("approve", "body/key", "", "entry/body", r"\$.key"),
    ("object", "body/reason", "", "entry/body", r"\$.reason"),
    ("propose", "body/emergency", "", "entry/body", r"\$.emergency"),
    ("propose", "body/not_after", True, "entry/body", "Expected `int`, got `bool`"),
    ("propose", "body/not_after", -1, "entry/body", r"\$.not_after"),
    ("propose", "body/not_after", "1", "entry/body", "Expected `int`, got `str`"),
    ("propose", "body/payload", [], "entry/body", "Expected `object`"),
    ("propose", "body/kind", "Publish", "entry/body", r"\$.kind"),
    ("propose", "body/kind", "x" * 65, "entry/body", r"\$.kind"),
    ("withdraw", "body/what", "everything", "entry/body", "Invalid enum value"),
    ("withdraw", "body/of", "x" * 65, "entry/body", r"\$.of"),
    ("found", "body/members", [{"member": "heron"}], "entry/body", "missing required field `kit`"),
    ("attest", "body/note", 1, "entry/body", r"\$.note"),
]


@pytest.mark.parametrize(("kind", "place", "new", "code", "words"), BENT, ids=[f"{b[0]}-{b[1]}-{str(b[2])[:12]}" for b in BENT])
def test_every_malformed_field_is_refused_and_named(kind: str, place: str, new: Any, code: str, words: str) -> None:
    """Whatever is wrong with an entry, the refusal names the place in a short message, and neither way of parsing lets it pass."""
    raw = loose(bend(value(kind), place, new))
    with pytest.raises(FormatError) as refusal:
        parse_entry(raw)
    assert refusal.value.code == code
    assert re.search(words, str(refusal.value))
    assert len(str(refusal.value)) < 400
    assert entries._parse_plain(raw) is None


def test_a_passkey_assertion_is_read_strictly() -> None:
    """All four parts of an assertion are canonical base64 strings, or it is none."""
    raw = json.loads(entries.with_assertion(unsigned(), authenticator=b"a", client=b"c", signature=b"s"))
    for part in ("value", "authenticator", "client"):
        for new, code in ((1, "entry/sig"), ("====", "base64/not-canonical")):
            bent = copy.deepcopy(raw)
            bent["sig"][part] = new
            with pytest.raises(FormatError) as refusal:
                parse_entry(loose(bent))
            assert refusal.value.code == code
    assert parse_entry(loose(raw)).sig is not None


def test_a_thousand_strange_fields_are_named_briefly() -> None:
    """A refusal never grows with what it refuses."""
    raw = loose({**value(), **{f"field-{i}-{'x' * 30}": 1 for i in range(1_000)}})
    with pytest.raises(FormatError) as refusal:
        parse_entry(raw)
    assert refusal.value.code == "entry/fields"
    assert len(str(refusal.value)) < 3_000
    assert len(refusal.value.data["unknown"]) == entries.MAX_SHOWN


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "canonical/not-json"),
        (b"7", "entry/not-an-object"),
        (b"[]", "entry/not-an-object"),
        (b"{}", "entry/fields"),
        (b'"approve"', "entry/not-an-object"),
        (b'"type":"approve"}', "canonical/not-json"),
        (b"[" * 60_000, "canonical/not-json"),
        (b'{"a":' * 12_000, "canonical/not-json"),
        (b"\xff\xfe", "canonical/not-json"),
        (b"9" * 65_000, "canonical/not-json"),
        (leaf() + b"\n", "canonical/not-canonical"),
        (leaf() + b"}", "canonical/not-json"),
        (b" " + leaf(), "canonical/not-canonical"),
        (b"\xef\xbb\xbf" + leaf(), "canonical/not-json"),
        (leaf().replace(b'"epoch":0', b'"epoch":0,"epoch":0'), "canonical/not-canonical"),
        (leaf().replace(b'"epoch":0', b'"epoch":0.0'), "canonical/type"),
        (leaf().replace(b'"epoch":0', b'"epoch":-0'), "canonical/not-canonical"),
        (leaf().replace(b'"epoch":0', b'"epoch":00'), "canonical/not-json"),
        (leaf().replace(b'"epoch":0', b'"epoch":1' + b"0" * 40), "canonical/integer"),
        (leaf().replace(b'"epoch":0', b'"epoch":null'), "canonical/type"),
        (leaf().replace(b'"heron"', b'"\\u0068eron"'), "canonical/not-canonical"),
        (leaf().replace(b'"heron"', b'"her\x7fon"'), "canonical/character"),
    ],
)
def test_bytes_that_are_no_canonical_entry_are_refused(raw: bytes, code: str) -> None:
    """Nothing but the one canonical form of an entry is an entry, and whatever else comes is refused in the same way."""
    with pytest.raises(FormatError) as refusal:
        parse_entry(raw)
    assert refusal.value.code == code
    assert len(str(refusal.value)) < 400


def test_nesting_counts_from_the_entry_itself() -> None:
    """A payload nested as deep as the limit allows passes both ways of parsing, and one level more passes neither."""

    def nested(depth: int) -> bytes:
        inner: Any = 1
        for _ in range(depth):
            inner = {"a": inner}
        return loose(bend(value("propose"), "body/payload", inner))

    assert entries._parse_plain(nested(22)) == entries._parse_any(nested(22))
    assert entries._parse_plain(nested(23)) is None
    with pytest.raises(FormatError, match="nested more than 24 deep"):
        parse_entry(nested(23))


TRICKY = st.sampled_from(
    [
        "",
        "heron",
        "é",
        "\u0301",
        "\u202e",
        "\n",
        '"',
        '","type":"propose"}',
        ',"sig":{"kind":"ed25519"}',
        ',"sig":{"',
        "\\",
        "\x7f",
        "🦆",
        HEX,
        "A" * 43 + "=",
        "approve",
        "ed25519",
        "webauthn",
    ]
)
JSON = st.recursive(
    st.one_of(TRICKY, st.integers(-(2**54), 2**54), st.booleans(), st.none(), st.floats(allow_nan=False, allow_infinity=False)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.one_of(TRICKY, st.sampled_from("abz")), inner, max_size=3)),
    max_leaves=6,
)
DEFAULTS = {"propose": ("emergency", ""), "approve": ("key", ""), "object": ("reason", "")}


@st.composite
def bent_entries(draw: st.DrawFn) -> bytes:
    """An entry of any type, whole or bent somewhere: another value, a field too many, and then bent bytes."""
    kind = draw(st.sampled_from([*BODIES]))
    if kind != "attest" and draw(st.booleans()):
        raw = json.loads(entries.with_assertion(unsigned(kind), authenticator=b"a" * draw(st.integers(0, 5)), client=b"c", signature=b"s"))
    else:
        raw = value(kind)
    if kind == "propose":
        raw["body"]["payload"] = draw(st.dictionaries(st.one_of(TRICKY, st.sampled_from("abz")), JSON, max_size=3))
    for _ in range(draw(st.integers(0, 2))):
        table = raw
        while draw(st.booleans()):
            below = [item for item in table.values() if isinstance(item, dict)]
            if not below:
                break
            table = draw(st.sampled_from(below))
        field = draw(st.sampled_from([*table, "extra"]))
        table[field] = draw(JSON)
    if kind in DEFAULTS and isinstance(raw["body"], dict) and draw(st.booleans()):
        raw["body"].setdefault(*DEFAULTS[kind])
    return draw(bent_bytes(loose(raw)))


@st.composite
def bent_bytes(draw: st.DrawFn, text: bytes) -> bytes:
    """The bytes of an entry, whole or bent: a byte changed, a key twice, more behind it."""
    match draw(st.sampled_from(["whole", "whole", "byte", "cut", "more", "twice", "escape", "spaces"])):
        case "byte":
            at = draw(st.integers(0, len(text) - 1))
            text = text[:at] + bytes([draw(st.integers(0, 255))]) + text[at + 1 :]
        case "cut":
            text = text[: draw(st.integers(0, len(text)))]
        case "more":
            text += draw(st.sampled_from([b"\n", b" ", b"}", b"\x00", b'"approve"}', text]))
        case "twice":
            at = draw(st.sampled_from([match.start() for match in re.finditer(rb'"[a-z_]+":', text)]))
            text = text[:at] + draw(st.sampled_from([b'"epoch":1,', b'"by":"tern",', b'"type":"object",', b'"value":"",'])) + text[at:]
        case "escape":
            text = text.replace(b"e", b"\\u0065", 1)
        case "spaces":
            text = text.replace(b":", b": ", 1)
    return text


@settings(max_examples=150)
@given(bent_entries())
@example(loose(bend(value("propose"), "body/emergency", "")))
@example(loose(bend(value("propose"), "body/payload", {"a": ',"sig":{"kind":"ed25519","value":"'})))
@example(leaf("propose", body={"kind": "x", "payload": {"sig": {"kind": "ed25519"}, "type": "approve"}, "not_after": 1}))
def test_the_fast_way_of_parsing_agrees_with_the_slow_one(raw: bytes) -> None:
    """The fast way never accepts what the slow way refuses, and what both accept they read alike, to the last byte of the id."""
    fast = entries._parse_plain(raw)
    try:
        slow: Entry | None = entries._parse_any(raw)
    except FormatError:
        slow = None
    if fast is not None:
        assert fast == slow
        assert type(fast.epoch) is type(fast.seen_size) is int
    if slow is not None:
        assert parse_entry(raw) == slow
        whole = json.loads(raw)
        assert canonical_bytes(whole) == raw
        whole.pop("sig", None)
        assert canonical_bytes(whole) == slow.unsigned


@pytest.mark.parametrize("kind", FAST)
def test_a_common_entry_takes_the_fast_way(kind: str) -> None:
    """The fast way is there for what honest members write, so that is what it must take."""
    assert entries._parse_plain(leaf(kind)) == entries._parse_any(leaf(kind))


@given(st.binary(max_size=200))
def test_any_bytes_are_an_entry_or_refused(raw: bytes) -> None:
    """Whatever a server puts in its log, parsing ends in an entry or in a refusal with a code, and in nothing else."""
    with pytest.raises(FormatError) as refusal:
        parse_entry(raw)
    assert refusal.value.code


def test_a_nonce_makes_two_equal_acts_two_entries() -> None:
    """The same words signed twice on purpose are two acts; only a copy is a copy."""
    first, second = (parse_entry(leaf(nonce=b64.encode(bytes([n]) * 16))) for n in (1, 2))
    assert first.id != second.id

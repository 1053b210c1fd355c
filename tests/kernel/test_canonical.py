"""Canonical JSON: one byte string for a value, one value for a byte string, the same as everybody else's."""

from __future__ import annotations

import json
import types
import unicodedata
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from commonhold.kernel.canonical import MAX_DEPTH, MAX_INT, canonical_bytes, check_canonical, check_text, parse_canonical
from commonhold.kernel.errors import CommonholdError, FormatError

OLD = st.characters(exclude_categories=["Cs", "Cc", "Cf", "Cn"]).filter(lambda c: unicodedata.ucd_3_2_0.category(c) != "Cn")
TEXT = st.text(OLD, max_size=20).map(lambda text: unicodedata.normalize("NFC", text))
KEYS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=8)
VALUES = st.recursive(
    st.one_of(TEXT, st.integers(-MAX_INT, MAX_INT), st.booleans()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=12,
)


@given(VALUES)
def test_a_value_and_its_bytes_stand_for_each_other(value: Any) -> None:
    """Reading what was written gives the value back, and on this subset RFC 8785 and plain json write the same bytes."""
    raw = canonical_bytes(value)
    assert parse_canonical(raw, max_size=len(raw)) == value
    assert raw == rfc8785.dumps(value) == json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_bytes_are_canonical_or_refused(raw: bytes) -> None:
    """Any bytes either are the canonical form of the value that they give, or are refused."""
    try:
        value = parse_canonical(raw, max_size=100)
    except FormatError:
        return
    assert canonical_bytes(value) == raw


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (1.0, "canonical/type"),
        (None, "canonical/type"),
        (b"bytes", "canonical/type"),
        ({1, 2}, "canonical/type"),
        (types.MappingProxyType({"a": 1}), "canonical/type"),
        (MAX_INT + 1, "canonical/integer"),
        (-MAX_INT - 1, "canonical/integer"),
        pytest.param(10**5000, "canonical/integer", id="huge"),
        ({"é": 1}, "canonical/key"),
        ({"a\n": 1}, "canonical/key"),
        ({"x" * 5000 + "\x00": 1}, "canonical/key"),
        ({1: 1}, "canonical/key"),
        pytest.param({10**5000: 1}, "canonical/key", id="huge-key"),
        ("a\tb", "canonical/character"),
        ("\x7f", "canonical/character"),
        ("\x85", "canonical/character"),
        ("\u200f", "canonical/character"),
        ("\u2066", "canonical/character"),
        ("\ufeff", "canonical/character"),
        ("\ud800", "canonical/character"),
        ("e\u0301", "canonical/not-nfc"),
        ([["e\u0301"]], "canonical/not-nfc"),
    ],
)
def test_what_has_no_canonical_form_is_refused(value: Any, code: str) -> None:
    """A value that two programs could write in two ways, or two people read in two ways, has no bytes at all."""
    for refuse in (canonical_bytes, check_canonical):
        with pytest.raises(FormatError) as refusal:
            refuse(value)
        assert refusal.value.code == code
        assert len(str(refusal.value)) < 200


def test_a_newline_and_every_script_may_stand_in_a_text() -> None:
    """Lines, accents in normal form, and the alphabets of the world are ordinary text."""
    for text in ("a\nb", "\n", "é", "слово", "中文", "עברית", "𝄞", ""):
        check_text(text)
        assert parse_canonical(canonical_bytes(text), max_size=100) == text


def test_a_character_younger_than_unicode_3_2_is_refused_in_a_value_and_not_in_a_text() -> None:
    """Readers with other Unicode tables could disagree about its normal form, and then about the whole record."""
    for text in ("🦆", "a\U0001e08f\u0323"):
        with pytest.raises(FormatError) as refusal:
            canonical_bytes([text])
        assert refusal.value.code == "canonical/young-character"
    check_text("🦆")


@pytest.mark.parametrize("wrap", [lambda inner: [inner], lambda inner: {"a": inner}])
def test_a_value_may_be_nested_24_deep_and_no_deeper(wrap: Any) -> None:
    """The limit is the same wherever a value stands, so that a part that passed alone never fails in its whole."""
    value: Any = 1
    for _ in range(MAX_DEPTH):
        value = wrap(value)
    raw = canonical_bytes(value)
    assert parse_canonical(raw, max_size=len(raw)) == value
    for refuse in (lambda: canonical_bytes(wrap(value)), lambda: check_canonical(value, depth=1)):
        with pytest.raises(FormatError, match="nested more than 24 deep") as refusal:
            refuse()
        assert refusal.value.code == "canonical/too-deep"
    check_canonical(value)


def test_too_many_bytes_are_refused_unread() -> None:
    """The size is looked at before the bytes are, and the refusal shows both numbers."""
    with pytest.raises(FormatError, match="the letter has 6 bytes, and at most 5") as refusal:
        parse_canonical(b"\xff" * 6, max_size=5, what="the letter")
    assert refusal.value.data == {"size": 6, "limit": 5}


def test_a_refusal_shows_its_next_step_to_a_person() -> None:
    """What goes to a terminal is the message and, where there is one, what to do next."""
    bare = CommonholdError("the lamp is out")
    assert (bare.code, bare.diagnostics(), dict(bare.data)) == ("error", "the lamp is out", {})
    full = FormatError("the lamp is out", code="lamp/out", next_step="Light it.", data={"oil": 0})
    assert (full.code, full.diagnostics(), dict(full.data)) == ("lamp/out", "the lamp is out\nLight it.", {"oil": 0})
    assert FormatError("x").code == "format"

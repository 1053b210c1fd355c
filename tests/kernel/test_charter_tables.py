"""``charter.toml``: TOML in, the canonical subset out, and back."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonhold.kernel.charter.tables import parse_tables, render_tables
from commonhold.kernel.errors import FormatError

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Cs", "Mn", "Lo", "Lm")), max_size=8)
KEY = st.text("abcXYZ019-_. \"'\\", max_size=6)
SCALAR = st.one_of(TEXT, st.integers(-(2**53) + 1, 2**53 - 1), st.booleans(), st.just('a "quoted" \\ line\nand more'))
VALUE = st.recursive(SCALAR, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEY, inner, max_size=3)), max_leaves=12)


@settings(max_examples=200)
@given(st.dictionaries(st.one_of(KEY, st.sampled_from(["charter", "decisions", "incompatible"])), VALUE, max_size=5))
def test_writing_and_reading_tables_gives_the_same_tables(tables: dict[str, Any]) -> None:
    """Any canonical value survives charter.toml."""
    try:
        written = render_tables(tables)
    except FormatError:
        return
    assert parse_tables(written) == tables
    assert tomllib.loads(written) == tables


def test_tables_are_written_as_people_write_them() -> None:
    """Sections in their order, lists of tables under double brackets, small things inline."""
    written = render_tables(
        {
            "from_article": {"decision.amend": "2.1"},
            "zebra": {},
            "charter": {"id": "club", "units": {"rounding": "exact"}},
            "incompatible": [{"name": "a", "offices": ["x", "y"]}],
            "decisions": {"amend": {"by": "assembly", "pass": {"all_of": [{"base": "register"}, {}]}, "everyday": False}},
        }
    )
    assert written == (
        '[charter]\nid = "club"\n\n[charter.units]\nrounding = "exact"\n\n[[incompatible]]\nname = "a"\noffices = ["x", "y"]\n\n'
        '[decisions.amend]\nby = "assembly"\neveryday = false\n\n[decisions.amend.pass]\nall_of = [{ base = "register" }, {}]\n\n'
        '[from_article]\n"decision.amend" = "2.1"\n\n[zebra]\n'
    )


@pytest.mark.parametrize(
    ("source", "code", "words"),
    [
        ("article = 1.10", "charter/unquoted-number", "article is the number 1.10"),
        ("[decisions.amend]\napplies_to = ['1.1', 1.1]", "charter/unquoted-number", "decisions.amend.applies_to"),
        ("[a.b]\nc = nan", "charter/unquoted-number", "a.b.c"),
        ("[charter]\nin_force_from = 2026-01-01", "charter/unquoted-date", "charter.in_force_from"),
        ("at = 12:30:00", "charter/unquoted-date", "at is a date or time"),
        ("a = 1\na = 2", "charter/toml", "not TOML"),
        ("a = ", "charter/toml", "end of document"),
        ("a = b", "charter/toml", "line 1"),
        ("a = " + "1" * 5000, "charter/toml", "digits"),
        ("a" + ".a" * 3000 + " = 1", "charter/toml", "nested"),
        ("a = " + "[" * 5000, "charter/toml", "not TOML"),
        ("a = 9007199254740992", "charter/toml", "beyond"),
        ("'é' = 1", "charter/toml", "not printable ASCII"),
        ('a = "\\u202e"', "charter/toml", "U+202E"),
        ('a = "\\u0007"', "charter/toml", "U+0007"),
        ("a = 'x\u202ey'", "charter/character", "line 1"),
        ("a = " + "[" * 30 + "]" * 30, "charter/toml", "nested"),
    ],
)
def test_what_the_canonical_form_has_not_is_refused(source: str, code: str, words: str) -> None:
    """A number with a point, a date, a key twice or a hiding character: refused with its place, never rounded or guessed."""
    with pytest.raises(FormatError) as refused:
        parse_tables(source)
    assert refused.value.code == code
    assert words in str(refused.value)

"""Laws of short codes: printed in groups, typed in any way, and never less than ten digits."""

from __future__ import annotations

import pytest

from commonhold.kernel.errors import FormatError
from commonhold.kernel.record.shortcode import parse_code, short_code

DIGEST = "3f9a12bc77de0a41" * 4


def test_a_code_is_printed_in_groups_and_read_back_however_it_is_typed() -> None:
    """Spaces, hyphens of any kind and capitals make no other code; the whole id is one, too."""
    assert short_code(DIGEST) == "3f9a-12bc-77de"
    for typed in ("3f9a-12bc-77de", " 3F9A 12BC 77DE ", "3f9a\u201112bc\u201377de", "3f9a12bc77de"):
        assert parse_code(typed) == DIGEST[:12]
    assert parse_code(DIGEST) == DIGEST


@pytest.mark.parametrize("typed", ["", "3f9a12bc7", "3f9a-12bc-77dg", DIGEST + "0", "3f9a12bc77de" + " " * 200, "\u0663f9a12bc77de"])
def test_what_is_no_code_is_refused(typed: str) -> None:
    """Too few digits, too many, or other letters."""
    with pytest.raises(FormatError) as refused:
        parse_code(typed)
    assert refused.value.code == "code/form"


def test_only_a_digest_has_a_code() -> None:
    """Anything else is refused as no digest."""
    with pytest.raises(FormatError):
        short_code("3f9a")

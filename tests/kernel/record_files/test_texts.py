"""Laws about text objects: the bytes that a digest in the record stands for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonhold.kernel.errors import FormatError
from commonhold.kernel.texts import HEADER, MAX_TEXT_BYTES, make_text, parse_text, text_digest

SALT = bytes(range(16))


@given(st.text(st.characters(codec="utf-8"), min_size=1).filter(str.strip), st.binary(min_size=16, max_size=16))
def test_a_text_comes_back_with_its_salt(text: str, salt: bytes) -> None:
    """What was made is what is read, for any text and any salt."""
    assert parse_text(make_text(text.encode(), salt)) == (salt, text.encode())


def test_the_object_is_its_header_the_salt_and_the_text() -> None:
    """The layout is three lines and the text, so that another program can make the same bytes."""
    assert make_text(b"Hello.\n", SALT) == b"commonhold/text/v1\nAAECAwQFBgcICQoLDA0ODw==\n\nHello.\n"
    assert text_digest(make_text(b"Hello.\n", SALT)) == "7c85d0819ee6f2268f128282aad4f66516cd262101826f079e733e2ae943f3d2"


def test_the_digest_is_that_of_the_bytes_and_hides_the_text_behind_its_salt() -> None:
    """Two objects of one text differ in salt and so in digest: nobody can guess a text from what the record holds."""
    one, other = make_text(b"Hello.\n", SALT), make_text(b"Hello.\n", bytes(16))
    assert text_digest(one) != text_digest(other)
    assert len(text_digest(one)) == 64


@pytest.mark.parametrize(
    ("text", "salt", "code"),
    [
        (b"Hello.", bytes(15), "text/salt"),
        (b"Hello.", bytes(17), "text/salt"),
        (b"", SALT, "text/empty"),
        (b" \n\t", SALT, "text/empty"),
        (b"caf\xe9", SALT, "text/encoding"),
        (b"x" * (MAX_TEXT_BYTES + 1), SALT, "text/too-large"),
    ],
    ids=["short-salt", "long-salt", "empty", "blank", "latin-1", "too-large"],
)
def test_what_is_no_text_is_not_made_into_one(text: bytes, salt: bytes, code: str) -> None:
    """An empty, oversized or wrongly encoded text is refused with a reason before anybody signs its digest."""
    with pytest.raises(FormatError) as refused:
        make_text(text, salt)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "text/form"),
        (b"commonhold/text/v2\n" + b"AAECAwQFBgcICQoLDA0ODw==\n\nHello.", "text/form"),
        (HEADER, "text/form"),
        (HEADER + b"AAECAwQFBgcICQoLDA0ODw==\nHello.", "text/form"),
        (HEADER + b"AAECAwQFBgcICQoLDA0ODw=\n\nHello.", "text/form"),
        (HEADER + b"AAECAwQFBgcICQoLDA0ODx==\n\nHello.", "base64/not-canonical"),
        (HEADER + b"\xff" * 24 + b"\n\nHello.", "text/form"),
        (HEADER + b"AAECAwQFBgcICQoLDA0ODw==\n\n", "text/empty"),
        (HEADER + b"AAECAwQFBgcICQoLDA0ODw==\n\ncaf\xe9", "text/encoding"),
        (HEADER + b"AAECAwQFBgcICQoLDA0ODw==\n\n" + b"x" * (MAX_TEXT_BYTES + 1), "text/form"),
    ],
    ids=["empty", "version", "header", "no-blank-line", "short-salt", "loose-bits", "not-ascii", "no-text", "latin-1", "too-large"],
)
def test_an_object_that_is_no_text_is_refused(raw: bytes, code: str) -> None:
    """A reader is handed a text or a reason, never bytes that a page could choke on."""
    with pytest.raises(FormatError) as refused:
        parse_text(raw)
    assert refused.value.code == code


def test_the_largest_text_is_still_a_text() -> None:
    """The limit is inclusive on both ways, so nothing can be made that cannot be read."""
    text = b"x" * MAX_TEXT_BYTES
    assert parse_text(make_text(text, SALT)) == (SALT, text)

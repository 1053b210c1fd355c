"""Laws about base64: one spelling for each byte string, and everything else refused."""

from __future__ import annotations

import base64
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonhold.kernel import b64
from commonhold.kernel.errors import FormatError
from tests.attacks import Mutation, attack


@given(st.binary(max_size=100))
def test_what_is_encoded_is_decoded_again(raw: bytes) -> None:
    """Encoding is RFC 4648 with padding, and decoding gives the bytes back."""
    text = b64.encode(raw)
    assert text == base64.b64encode(raw).decode()
    assert b64.decode(text) == b64.decode(text, len(raw)) == raw


@given(st.text(max_size=30) | st.text("AQgw+/=-_ \n", max_size=12))
def test_a_text_is_decoded_only_if_it_is_the_one_spelling_of_its_bytes(text: str) -> None:
    """Whatever decodes is written again in the same way, so no byte string has two spellings."""
    with contextlib.suppress(FormatError):
        assert b64.encode(b64.decode(text)) == text


@attack(
    "record-04",
    Mutation("src/commonhold/kernel/b64.py", find="if not canonical:", replace="if not canonical and not raw:"),
)
@pytest.mark.parametrize("text", ["AR==", "AQ", "AQ=", "A Q==", "AQ==\n", "-_8=", "AQ==AQ==", "=", "====", "é", "AQ=\n="])
def test_other_spellings_are_refused(text: str) -> None:
    """Loose bits, missing padding, spaces, another alphabet and anything after the end would spell one signature in several ways."""
    with pytest.raises(FormatError, match="the seal is not canonical base64") as refusal:
        b64.decode(text, what="seal")
    assert refusal.value.code == "base64/not-canonical"


def test_another_length_is_refused_with_both_lengths() -> None:
    """A message about a length says which was found and which was expected."""
    with pytest.raises(FormatError, match="the root has 1 bytes, and 32 are expected") as refusal:
        b64.decode("AQ==", 32, "root")
    assert refusal.value.data == {"size": 1, "expected": 32}

"""Laws about bech32: the text form of age keys and of a kit's QR code."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonhold.kernel import bech32
from commonhold.kernel.errors import FormatError


@settings(max_examples=50)
@given(st.text("abcxyz019-", min_size=1, max_size=12), st.binary(max_size=40))
def test_bech32_comes_back_in_either_case(prefix: str, data: bytes) -> None:
    """Whatever fits into 90 characters comes back, in lower or in upper case."""
    text = bech32.encode(prefix, data)
    assert bech32.decode(text) == bech32.decode(text.upper()) == (prefix, data)


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("A12UEL5L", ""),
        ("a12uel5l", ""),
        ("?1ezyfcl", ""),
        ("an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs", ""),
        ("abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw", "00443214c74254b635cf84653a56d7c675be77df"),
        ("11qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqc8247j", "00" * 51),
    ],
)
def test_the_valid_texts_of_bip173_are_read(text: str, data: str) -> None:
    """The specification's own examples are accepted."""
    assert bech32.decode(text)[1].hex() == data


REFUSED = [
    ("\x201nwldj5", "bech32/character"),
    ("\x7f1axkwrx", "bech32/character"),
    ("\u00801eym55h", "bech32/character"),
    ("an84characterslonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1569pvx", "bech32/length"),
    ("pzry9x0s0muk", "bech32/parts"),
    ("1pzry9x0s0muk", "bech32/parts"),
    ("x1b4n0q5v", "bech32/character"),
    ("li1dgmt3", "bech32/parts"),
    ("de1lg7wt\xff", "bech32/character"),
    ("A1G7SGD8", "bech32/checksum"),
    ("10a06t8", "bech32/parts"),
    ("1qzzfhee", "bech32/parts"),
    ("a12UEL5L", "bech32/case"),
    ("A1LQFN3A", "bech32/checksum"),  # bech32m
]
"""The specification's counterexamples, and a text under the checksum of its successor."""


@pytest.mark.parametrize(("text", "code"), REFUSED)
def test_the_invalid_texts_of_bip173_are_refused(text: str, code: str) -> None:
    """The specification's counterexamples, and its successor's checksum, are refused."""
    with pytest.raises(FormatError) as refusal:
        bech32.decode(text)
    assert refusal.value.code == code


def _spelled(values: list[int]) -> str:
    """Groups of five bits as a text whose checksum is right."""
    checksum = bech32._polymod([*bech32._expand("a"), *values, *[0] * 6]) ^ 1
    return "a1" + "".join(bech32._ALPHABET[v] for v in [*values, *(checksum >> 5 * place & 31 for place in reversed(range(6)))])


PADDED = [_spelled(values) for values in ([1], [0], [0, 1], [0, 0, 0])]


def test_bits_that_mean_nothing_are_refused() -> None:
    """A last character with bits beyond the last byte would be a second spelling of the same bytes."""
    for text in PADDED:
        with pytest.raises(FormatError) as refusal:
            bech32.decode(text)
        assert refusal.value.code == "bech32/padding"


@pytest.mark.parametrize(
    ("prefix", "data", "code"),
    [("", b"", "bech32/prefix"), ("Age", b"", "bech32/prefix"), ("a b", b"", "bech32/prefix"), ("a", bytes(60), "bech32/length")],
)
def test_bech32_makes_nothing_that_it_would_refuse(prefix: str, data: bytes, code: str) -> None:
    """A prefix in capitals or with spaces, or too many bytes, is refused on the way out too."""
    with pytest.raises(FormatError) as refusal:
        bech32.encode(prefix, data)
    assert refusal.value.code == code

"""Laws about ids and cards: what names a member or a key, and what a member hands to others."""

from __future__ import annotations

from typing import Any

import pytest

from commonhold.kernel.canonical import canonical_bytes
from commonhold.kernel.card import Card, parse_card
from commonhold.kernel.errors import FormatError, ProofError
from commonhold.kernel.ids import parse_digest, parse_entry_id, parse_key_id, parse_member_id
from commonhold.kernel.kit import Kit
from tests.authenticator import Authenticator

KIT = Kit(bytes(range(32))).keys


@pytest.mark.parametrize("parse", [parse_digest, parse_entry_id, parse_key_id])
def test_an_id_is_64_lowercase_hexadecimal_digits(parse: Any) -> None:
    """One byte string has one id, so capitals, spaces, other digits and other lengths are refused."""
    assert parse("0123456789abcdef" * 4) == "0123456789abcdef" * 4
    for wrong in ("", "0" * 63, "0" * 65, "A" * 64, "0" * 63 + "g", "0" * 64 + "\n", "\u0660" * 64, 7, None, b"0" * 64):
        with pytest.raises(FormatError, match="64 lowercase hexadecimal digits"):
            parse(wrong)


@pytest.mark.parametrize("name", ["heron", "a1", "sea-holly", "a-b-c", "m" + "0" * 31])
def test_a_pseudonym_is_a_member_id(name: str) -> None:
    """Two to 32 lowercase letters, digits and single hyphens, starting with a letter."""
    assert parse_member_id(name) == name


@pytest.mark.parametrize(
    "name", ["", "a", "1a", "-a", "a-", "a--b", "Heron", "h\u00e9ron", "a b", "a_b", "m" + "0" * 32, "heron\n", "x" * 500, 5]
)
def test_what_is_no_pseudonym_is_refused(name: object) -> None:
    """Anything else is refused, with words that say what a member id is, and never with 500 characters of it."""
    with pytest.raises(FormatError) as refusal:
        parse_member_id(name)
    assert refusal.value.code == "id/member"
    assert "heron" in refusal.value.next_step
    assert len(str(refusal.value)) < 160


def test_a_card_comes_back_from_its_bytes_with_or_without_a_newline() -> None:
    """A card is canonical JSON; one newline at its end is forgiven."""
    card = Card("heron", KIT)
    assert parse_card(card.to_bytes()) == parse_card(card.to_bytes() + b"\n") == card


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"form": "commonhold/card/v2"}, "card/form"),
        ({"more": 1}, "card/form"),
        ({"member": "Heron"}, "id/member"),
        ({"kit": Authenticator().passkey.to_value()}, "key/not-a-kit"),
        ({"key": "0" * 64}, "card/mismatch"),
        ({"fingerprint": ["zoo"] * 6}, "card/mismatch"),
        ({"fingerprint": "zoo"}, "card/mismatch"),
    ],
)
def test_a_card_that_contradicts_itself_is_refused(changes: dict[str, Any], code: str) -> None:
    """A card whose words or id are not those of its kit would make people compare the wrong key."""
    with pytest.raises((FormatError, ProofError)) as refusal:
        parse_card(canonical_bytes({**Card("heron", KIT).to_value(), **changes}))
    assert refusal.value.code == code


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{}", b"null", b"x" * 5_000, Card("heron", KIT).to_bytes() + b"\n\n", b" " + Card("heron", KIT).to_bytes()]
)
def test_what_is_no_card_is_refused(raw: bytes) -> None:
    """Anything that is not one canonical card is refused."""
    with pytest.raises(FormatError):
        parse_card(raw)

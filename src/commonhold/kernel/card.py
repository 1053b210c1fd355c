"""Cards: a member's public half on a page, to be handed to those who admit them (docs/formats/keys.md).

Canonical JSON: ``{"form": "commonhold/card/v1", "member", "kit", "key", "fingerprint"}``. Nothing in a card is secret, and nothing in it
proves who made it: whoever enrols it compares the six words with the member, outside the house.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from commonhold.kernel.canonical import canonical_bytes, parse_canonical
from commonhold.kernel.errors import FormatError, ProofError
from commonhold.kernel.ids import parse_member_id
from commonhold.kernel.keys import KitKeys, fingerprint, parse_kit_value

FORM: Final = "commonhold/card/v1"
MAX_CARD_BYTES: Final = 4_096
_FIELDS: Final = frozenset({"form", "member", "kit", "key", "fingerprint"})


@dataclass(frozen=True, slots=True)
class Card:
    """A member's pseudonym and the public halves of their kit."""

    member: str
    kit: KitKeys

    @property
    def key_id(self) -> str:
        """The id of the kit's signing key."""
        return self.kit.key_id

    @property
    def fingerprint(self) -> tuple[str, ...]:
        """The six words to compare outside the house."""
        return fingerprint(self.kit)

    def to_value(self) -> dict[str, Any]:
        """The card as a canonical value."""
        return {"form": FORM, "member": self.member, "kit": self.kit.to_value(), "key": self.key_id, "fingerprint": list(self.fingerprint)}

    def to_bytes(self) -> bytes:
        """The card as a file: canonical JSON, without a final newline."""
        return canonical_bytes(self.to_value())


def parse_card(raw: bytes) -> Card:
    """Read a card; one newline at its end is forgiven, since editors add it.

    Raises:
        FormatError: if it is not a card, or its kit may not be enrolled.
        ProofError: if its key id or its words are not those of its kit.
    """
    value = parse_canonical(raw.removesuffix(b"\n"), max_size=MAX_CARD_BYTES, what="the card")
    if not isinstance(value, dict) or value.keys() != _FIELDS or value["form"] != FORM:
        raise FormatError(
            f"this is not a card: a card is a JSON object of the form {FORM}",
            code="card/form",
            next_step="Make one with `commonhold key show --out FILE.card`.",
        )
    card = Card(parse_member_id(value["member"]), parse_kit_value(value["kit"]))
    if value["key"] != card.key_id or value["fingerprint"] != list(card.fingerprint):
        raise ProofError(
            "the card contradicts itself: its key id or its six words are not those of its kit",
            code="card/mismatch",
            next_step="Do not use it. Ask the member for a new card, and compare the words by voice.",
        )
    return card

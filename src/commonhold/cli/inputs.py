"""Reading small files that a person names on the command line, ``-`` for stdin: never more bytes than the format allows."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from commonhold.kernel.errors import CustodyError, FormatError, StoreError

if TYPE_CHECKING:
    from commonhold.kernel.card import Card

STDIN = "-"


def read_card(path: Path) -> Card:
    """The card in a file that a person named; a kit in its place is refused by name, before anybody else gets to see it.

    Raises:
        CustodyError: for a kit. FormatError, ProofError: if it is no card. StoreError: if it cannot be read.
    """
    from commonhold.kernel.card import MAX_CARD_BYTES, parse_card  # noqa: PLC0415 - kept out of `--help`
    from commonhold.store.keyfile import KIT_HEADER, read_small  # noqa: PLC0415

    raw = read_small(path, max_size=MAX_CARD_BYTES + 1, what="a card")
    if raw.startswith(KIT_HEADER.encode()):
        raise CustodyError(
            f"{path.name} is a secret kit: give the card, {path.with_suffix('.card').name}, and hand the kit to nobody",
            code="card/is-a-kit",
            next_step="`commonhold key show --kit FILE.kit --out FILE.card` writes the card of a kit again.",
        )
    return parse_card(raw)


def read_input(place: str, *, max_size: int, what: str) -> bytes:
    """The bytes of the file at *place*, or of stdin.

    Args:
        place: a path, or ``-``.
        max_size: refuse more bytes than this, having read one more and not the rest.
        what: what to call the thing in messages, with its article.

    Raises:
        StoreError: if it cannot be read.
        FormatError: if it is longer.
    """
    try:
        if place == STDIN:
            raw = sys.stdin.buffer.read(max_size + 1)
        else:
            with Path(place).open("rb") as file:
                raw = file.read(max_size + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "this is no path"
        raise StoreError(
            f"{what} at {place} cannot be read: {reason}", code="input/unreadable", next_step="Check the name and who may read it."
        ) from None
    if len(raw) > max_size:
        raise FormatError(f"{place} has more than {max_size} bytes and is not {what}", code="input/too-large", data={"limit": max_size})
    return raw


def in_words(time: int) -> str:
    """POSIX seconds as a date and time in UTC; the bare number where no calendar reaches."""
    try:
        return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (ValueError, OverflowError, OSError):
        return f"{time} seconds after 1970"

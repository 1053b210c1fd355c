"""A share on paper: its 33 words typed where nobody sees them, and found among the seals of the record (docs/guide/sealing.md).

At a terminal they are asked for a few at a time, so that one that is mistyped is typed again and not all of them. Nothing here repeats a word.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

import click

from commonhold.cli.output import note, printable
from commonhold.kernel.custody.sealing.shares import Envelope
from commonhold.kernel.custody.sealing.splitting import MAX_TYPED, WORD_COUNT, listed_words, parse_words
from commonhold.kernel.errors import CustodyError, FormatError
from commonhold.kernel.record.keeping import manifest
from commonhold.kernel.record.state import Seal, State

AT_A_TIME: Final = 3
TRIES: Final = 3
"""How often all words are asked for if they do not belong together."""


def typed_words() -> str:
    """The words of a sheet in their normal form, from the person at the terminal or from standard input.

    Raises:
        FormatError: as ``parse_words``; ``share/not-text`` if what came on standard input is no text.
    """
    if not sys.stdin.isatty():
        raw = sys.stdin.buffer.read(MAX_TYPED + 1)
        try:
            return parse_words(raw.decode("utf-8"))
        except UnicodeDecodeError:
            raise FormatError(
                "what was read from standard input is no text", code="share/not-text", next_step="Hand over the 33 words of the sheet."
            ) from None
    note(f"Type the {WORD_COUNT} words in their order, {AT_A_TIME} at a time (or more). They are not shown.")
    for left in reversed(range(TRIES)):
        try:
            return parse_words(" ".join(_asked()))
        except FormatError as error:
            if not left:
                raise
            note(f"error: {error}\n{error.next_step}\nOnce more, from the first word.")
    raise AssertionError("the last try raises or returns")


def _asked() -> list[str]:
    found: list[str] = []
    while len(found) < WORD_COUNT:
        first = len(found) + 1
        said: str = click.prompt(f"Words {first} to {min(first + AT_A_TIME - 1, WORD_COUNT)}", hide_input=True, err=True)
        try:
            found += listed_words(said, first)
        except FormatError as error:
            # What was right before stays.
            note(f"error: {error}\n{error.next_step}")
    return found


def share_on_sheet(state: State, member: str, seals: Sequence[Seal], words: str) -> tuple[Seal, Envelope]:
    """Which of *seals* the words are *member*'s share of, and the share.

    Raises:
        CustodyError: ``share/other-owner`` if they are somebody else's share of one of these, ``share/other-seal`` if of another seal, saying whose and which,
            or of none of this organisation.
    """
    for seal in seals:
        if member in (public := manifest(state, seal)).owners_of(words):
            return seal, public.share_in_words(member, words)
    everything: list[Seal] = sorted(state.parts["seals"].values(), key=lambda seal: -seal.index)
    for seal in everything:
        if owners := manifest(state, seal).owners_of(words):
            raise _other_sheet(
                seal, member if member in owners else owners[0], member, code="share/other-owner" if seal in seals else "share/other-seal"
            )
    raise CustodyError(
        "these words are a share, and of no seal of this organisation",
        code="share/other-seal",
        next_step="A sheet says at its top what it is of, and at its foot of which organisation. Look for another one.",
    )


def _other_sheet(seal: Seal, owner: str, member: str, *, code: str) -> CustodyError:
    whose = "your share" if owner == member else f"the share of {owner}"
    if owner != member:
        step = f"Only {owner} gives or proves it, with their own kit."
    elif seal.status == "retired":
        step = "Destroy this sheet: it still opens the old content. The sheet of the seal that counts now is written by `commonhold custody shares`."
    else:
        step = f"It is {seal.status}. Take the sheet of the seal that is meant, or name this one's resource: {printable(seal.resource)}."
    return CustodyError(f"these are the words of {whose} of seal {seal.number} of {printable(seal.resource)}", code=code, next_step=step)

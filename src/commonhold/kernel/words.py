"""Bits as words that people can read aloud: the English list of BIP-39, 2,048 words, 11 bits each.

Kits print as 24 of them (``kit``), fingerprints as six (``keys``). The list itself comes from the package ``mnemonic``; what the bits mean,
and every checksum, is for the callers. Words differ in their first four letters, which is what makes a useful guess at a mistyped one
possible.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

BITS_PER_WORD: Final = 11


@lru_cache(maxsize=1)
def word_list() -> tuple[str, ...]:
    """The 2,048 words, in the order of their values."""
    # Few runs show a word; this takes a while to import.
    from mnemonic import Mnemonic  # noqa: PLC0415

    return tuple(Mnemonic("english").wordlist)


@lru_cache(maxsize=1)
def word_values() -> Mapping[str, int]:
    """Each word's value, 0 to 2,047."""
    return {word: value for value, word in enumerate(word_list())}


def words_of_int(number: int, count: int) -> tuple[str, ...]:
    """*number* as exactly *count* words, the highest 11 bits first."""
    words = word_list()
    return tuple(words[(number >> (BITS_PER_WORD * place)) & 0x7FF] for place in reversed(range(count)))


def int_of_words(words: Iterable[str]) -> int:
    """The number that *words* spell; each must be in the list."""
    values = word_values()
    number = 0
    for word in words:
        number = number << BITS_PER_WORD | values[word]
    return number


def suggestions(word: str) -> tuple[str, ...]:
    """Up to three words of the list that *word* was likely meant to be, the likeliest first."""
    word = word[:16]
    same_start = [listed for listed in word_list() if len(word) >= 4 and listed[:4] == word[:4]]
    close = difflib.get_close_matches(word, word_list(), n=3, cutoff=0.7)
    return tuple(dict.fromkeys([*same_start, *close]))[:3]

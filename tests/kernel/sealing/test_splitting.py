"""Laws of splitting: SLIP-39 to the word, any structure of groups, and what a mistyped sheet is told."""

from __future__ import annotations

import json
from itertools import chain, combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from shamir_mnemonic import MnemonicError, combine_mnemonics

from commonhold.kernel.custody.sealing.splitting import MAX_TYPED, _suggestions, join_shares, parse_words, split_key, trial_sets
from commonhold.kernel.custody.sealing.structure import Group, parse_structure
from commonhold.kernel.errors import CustodyError, FormatError
from tests.kernel.sealing.seals import ABOUT, BOTH, DEEP, OFFICERS, dice, structures

KEY = bytes(range(32))
WHAT = ABOUT.to_value()
VECTORS = Path(__file__).resolve().parents[3] / "vectors"


@pytest.mark.conformance
def test_the_official_vectors_of_slip_39() -> None:
    """All 45: what must combine gives the secret with the passphrase TREZOR, and what must not is refused."""
    vectors = json.loads((VECTORS / "slip39" / "vectors.json").read_bytes())
    for words, mnemonics, secret, _ in vectors:
        if secret:
            assert combine_mnemonics(mnemonics, b"TREZOR").hex() == secret, words
        else:
            with pytest.raises(MnemonicError):
                combine_mnemonics(mnemonics, b"TREZOR")
    assert len(vectors) == 45


@settings(max_examples=25)
@given(structures())
def test_shares_give_the_key_exactly_if_the_structure_is_met(structure: Group) -> None:
    """For every set of people up to six, and every set that the structure lists."""
    shares = split_key(KEY, structure, WHAT, dice())
    assert tuple(shares) == structure.people()
    people = structure.people()[:6]
    tried = [frozenset(some) for some in chain.from_iterable(combinations(people, size) for size in range(len(people) + 1))]
    for some in (*tried, *structure.sets()[:40]):
        have = {name: shares[name] for name in some}
        if structure.is_met(some):
            assert join_shares(structure, WHAT, have) == KEY
        else:
            with pytest.raises(CustodyError) as caught:
                join_shares(structure, WHAT, have)
            assert caught.value.code == "seal/not-enough"


@given(structures())
def test_trials_take_in_every_share_and_always_open(structure: Group) -> None:
    """Each person's share takes part in a trial, and each trial is a set that opens."""
    sets = trial_sets(structure)
    assert frozenset().union(*sets) == frozenset(structure.people())
    assert all(structure.is_met(some) for some in sets)


@pytest.mark.parametrize("value", [OFFICERS, BOTH])
def test_two_levels_are_plain_slip_39(value: dict[str, object]) -> None:
    """Any other SLIP-39 program gives the same key from the same words, without this one."""
    structure = parse_structure(value)
    shares = split_key(KEY, structure, WHAT, dice())
    some = structure.sets()[0]
    assert combine_mnemonics([shares[name] for name in some]) == KEY
    assert all(len(words.split()) == 33 for words in shares.values())


def test_shares_of_two_seals_never_fit_together() -> None:
    """Their identifiers follow from what is sealed, so a mixture is refused instead of giving a wrong key."""
    structure = parse_structure(OFFICERS)
    old, new = (split_key(KEY, structure, {**WHAT, "seal": number}, dice()) for number in (1, 2))
    with pytest.raises(CustodyError) as caught:
        join_shares(structure, WHAT, {"heron": old["heron"], "tern": new["tern"]})
    assert caught.value.code == "seal/inconsistent"


def test_a_group_of_which_any_one_is_enough_gives_everybody_the_same_share() -> None:
    """SLIP-39 has no other 1-of-n; each copy alone fills the group."""
    structure = parse_structure(
        {"need": 2, "of": [{"need": 1, "of": ["heron", "tern"]}, {"need": 1, "of": [{"need": 2, "of": ["north", "east"]}, "west"]}]}
    )
    shares = split_key(KEY, structure, WHAT, dice())
    assert shares["heron"] == shares["tern"]
    for some in (("heron", "west"), ("tern", "north", "east")):
        assert join_shares(structure, WHAT, {name: shares[name] for name in some}) == KEY


def test_words_are_read_as_people_type_them() -> None:
    """Capitals, numbers, commas and line breaks of a sheet do not matter."""
    words = split_key(KEY, parse_structure(DEEP), WHAT, dice())["smith"]
    typed = "\n".join(f"{place}. {word.upper()}," for place, word in enumerate(words.split(), 1))
    assert parse_words(typed) == words


def test_a_mistyped_word_is_named_with_the_likely_right_one() -> None:
    """The place is said, and what it should be; never what was typed."""
    words = split_key(KEY, parse_structure(OFFICERS), WHAT, dice())["heron"].split()
    wrong = list(words)
    wrong[6] = words[6][:4] + "zz"
    with pytest.raises(FormatError, match="word 7 is not in the list") as caught:
        parse_words(" ".join(wrong))
    assert words[6] in caught.value.data["suggestions"]
    assert wrong[6] not in caught.value.diagnostics()
    with pytest.raises(FormatError) as caught:
        parse_words(" ".join(["xqxqxq", *words[1:]]))
    assert "Look at word 1" in caught.value.next_step


def test_words_that_do_not_belong_together_are_told_apart() -> None:
    """A torn sheet, two words exchanged, a word mistaken for one that looks like it, and a book."""
    words = split_key(KEY, parse_structure(OFFICERS), WHAT, dice())["heron"].split()
    with pytest.raises(FormatError) as caught:
        parse_words(" ".join(words[:16]))
    assert caught.value.code == "share/word-count"
    exchanged = [*words[:4], words[5], words[4], *words[6:]]
    with pytest.raises(FormatError) as caught:
        parse_words(" ".join(exchanged))
    assert caught.value.code == "share/checksum"
    for place, word in enumerate(words):
        if others := [other for other in _suggestions(word) if other != word]:
            with pytest.raises(FormatError) as caught:
                parse_words(" ".join([*words[:place], others[0], *words[place + 1 :]]))
            if caught.value.data["doubtful"]:
                assert "Look first at word" in caught.value.next_step
                break
    with pytest.raises(FormatError) as caught:
        parse_words("a" * (MAX_TYPED + 1))
    assert caught.value.code == "share/too-long"

"""The key of a seal, cut into SLIP-39 shares along a structure, and put together again (SLIP-0039, docs/formats/seal.md).

Two levels are SLIP-39's own: groups, and members of groups. Where a member of a group is itself a group, the *value* of that member's share is
split again as a secret of its own, so any number of levels is possible and each person still holds one share of 33 words. A group of which any one
member is enough holds one share, and each member a copy of it (SLIP-39 forbids other 1-of-n groups).

The identifier of each set follows from what is sealed, so shares of two seals never fit together. The passphrase is empty: a wrong passphrase
would give a wrong key in silence. SLIP-39's digest is 32 bits of integrity and no authenticity: whoever joins shares has checked each against its
commitment first (``shares``). Shares are made here with dice from outside; ``shamir-mnemonic`` puts them together, and does the arithmetic of both.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Final

from shamir_mnemonic import MnemonicError, combine_mnemonics  # type: ignore[import-untyped] # it has no stubs
from shamir_mnemonic.cipher import encrypt  # type: ignore[import-untyped] # no stubs, as above
from shamir_mnemonic.constants import DIGEST_INDEX, DIGEST_LENGTH_BYTES, SECRET_INDEX  # type: ignore[import-untyped] # no stubs, as above
from shamir_mnemonic.shamir import RawShare, _create_digest, _interpolate  # type: ignore[import-untyped] # splitting with dice from outside
from shamir_mnemonic.share import Share  # type: ignore[import-untyped] # no stubs, as above
from shamir_mnemonic.wordlist import WORDLIST  # type: ignore[import-untyped] # no stubs, as above

from commonhold.kernel.canonical import canonical_bytes
from commonhold.kernel.custody.sealing.structure import Group
from commonhold.kernel.errors import CustodyError, FormatError

KEY_BYTES: Final = 32
WORD_COUNT: Final = 33
MAX_TYPED: Final = 4_096
SET_DOMAIN: Final = b"commonhold/share-set/v1\n"
_IDENTIFIERS: Final = 1 << 15

Dice = Callable[[int], bytes]
"""So many random bytes."""


def split_key(key: bytes, structure: Group, about: Mapping[str, object], dice: Dice) -> dict[str, str]:
    """Everybody's share of a 32-byte *key*, as 33 words.

    Args:
        about: what is sealed (organisation, resource, number of the seal); the shares' identifiers follow from it.
    """
    shares: dict[str, str] = {}
    _split(key, structure, about, (), dice, shares)
    return shares


def join_shares(structure: Group, about: Mapping[str, object], shares: Mapping[str, str]) -> bytes:
    """The key that *shares* give; each must have been checked against its commitment before. More than needed are no error, and none is used twice.

    Raises:
        CustodyError: ``seal/not-enough`` if they do not meet the structure, ``seal/inconsistent`` if they were made so that they do not fit together.
    """
    if not structure.is_met(shares.keys()):
        raise CustodyError(
            f"{'1 share is here, and does' if len(shares) == 1 else f'{len(shares)} shares are here, and do'} not meet {structure.in_words()}",
            code="seal/not-enough",
            data={"have": sorted(shares)},
            next_step="Ask further custodians to contribute.",
        )
    try:
        return _join(structure, about, (), shares)
    except MnemonicError:
        raise CustodyError(
            "the shares are those that were sealed, and do not fit together: whoever sealed this made them so",
            code="seal/inconsistent",
            next_step="Try other custodians' shares. The record names who made the seal; make a new one.",
        ) from None


def trial_sets(structure: Group) -> tuple[frozenset[str], ...]:
    """Sets of people whose openings together take in every share, and show that any other set would open it as well.

    In a group that needs k, neighbouring windows of k members have k-1 shares and the secret in common, hence the whole polynomial: if every
    window gives the key, all shares lie on one polynomial.
    """
    inner = [(frozenset({part}),) if isinstance(part, str) else trial_sets(part) for part in structure.of]
    found: list[frozenset[str]] = []
    for first in range(len(inner) - structure.need + 1):
        window = inner[first : first + structure.need]
        turns = range(max(map(len, window)))
        found += [frozenset[str]().union(*(sets[min(turn, len(sets) - 1)] for sets in window)) for turn in turns]
    return tuple(dict.fromkeys(found))


def parse_words(typed: str) -> str:
    """The share that was typed from a sheet, in its normal form; case, commas, line breaks and the sheet's numbers do not matter.

    Raises:
        FormatError: ``share/word`` with the place of a word that is in no list and what it likely should be; ``share/word-count``;
            ``share/checksum`` if words were exchanged or mistaken for others. No message repeats what was typed.
    """
    found = listed_words(typed)
    if len(found) != WORD_COUNT:
        raise FormatError(
            f"a share has {WORD_COUNT} words, and {len(found)} were given",
            code="share/word-count",
            data={"expected": WORD_COUNT, "found": len(found)},
            next_step="Type all the words of one sheet in their order; if it is torn, its other half is needed.",
        )
    words = " ".join(found)
    if not is_share(words):
        doubtful = _doubtful(found)
        hint = f" Look first at word {' and word '.join(map(str, doubtful))}." if doubtful else ""
        raise FormatError(
            "the 33 words do not belong together: each is in the list, but one is wrong or two have changed places",
            code="share/checksum",
            data={"doubtful": list(doubtful)},
            next_step=f"Compare every word and its place with the sheet, and do not mix the words of two sheets.{hint}",
        )
    return words


def listed_words(typed: str, first: int = 1) -> list[str]:
    """Words of a sheet in their normal form, each of which is in the list; however many there are.

    Args:
        first: the place on the sheet of the first of them.

    Raises:
        FormatError: ``share/word``, ``share/too-long``, as :func:`parse_words`.
    """
    if len(typed) > MAX_TYPED:
        raise FormatError(f"a share is typed in fewer than {MAX_TYPED} characters, and {len(typed)} were given", code="share/too-long")
    found = [word for word in typed.lower().replace(",", " ").split() if not word.rstrip(".):").isdecimal()]
    for place, word in enumerate(found[: WORD_COUNT + 1], first):
        if word not in _words():
            likely = _suggestions(word)
            raise FormatError(
                f"word {place} is not in the list of words",
                code="share/word",
                data={"place": place, "suggestions": list(likely)},
                next_step=f"Did you mean {' or '.join(likely)}?" if likely else f"Look at word {place} on the sheet again.",
            )
    return found


def is_share(words: str) -> bool:
    """Whether these words are a SLIP-39 share by themselves; that says nothing about whose, or of what."""
    try:
        Share.from_mnemonic(words)
    except MnemonicError:
        return False
    return True


def _groups(node: Group) -> tuple[int, list[Group]]:
    """A node as SLIP-39 has it: how many groups are needed, and the groups. People alone are one group; one person among groups is a group of one."""
    if all(isinstance(part, str) for part in node.of):
        return 1, [node]
    return node.need, [Group(1, (part,)) if isinstance(part, str) else part for part in node.of]


def _identifier(about: Mapping[str, object], path: tuple[int, ...]) -> int:
    digest = hashlib.sha256(SET_DOMAIN + canonical_bytes({**about, "path": list(path)})).digest()
    return int.from_bytes(digest[:2], "big") % _IDENTIFIERS


def _polynomial(need: int, count: int, secret: bytes, dice: Dice) -> list[bytes]:
    """SLIP-39's SplitSecret: *count* values of which *need* give *secret*, with its digest at x = 254."""
    if need == 1:
        return [secret] * count
    values = [dice(len(secret)) for _ in range(need - 2)]
    random_part = dice(len(secret) - DIGEST_LENGTH_BYTES)
    base = [RawShare(x, value) for x, value in enumerate(values)]
    base += [RawShare(DIGEST_INDEX, _create_digest(random_part, secret) + random_part), RawShare(SECRET_INDEX, secret)]
    return [*values, *(_interpolate(base, x) for x in range(need - 2, count))]


def _share(about: Mapping[str, object], path: tuple[int, ...], place: tuple[int, int], needs: tuple[int, int, int], value: bytes) -> str:
    """The words of a value: in which set, at which group and member, and how many groups of how many and members are needed."""
    group, member = place
    need, count, members = needs
    words: str = Share(_identifier(about, path), True, 0, group, need, count, member, members, value).mnemonic()  # noqa: FBT003 - its own signature
    return words


def _standing(words: str, about: Mapping[str, object], path: tuple[int, ...], place: tuple[int, int], needs: tuple[int, int, int]) -> str:
    """*words*, if they are exactly those of their place: they say how they are put together and how long that takes, and whoever sealed could make it days."""
    value = Share.from_mnemonic(words).value
    if len(value) != KEY_BYTES or _share(about, path, place, needs, value) != words:
        raise MnemonicError("a share does not stand where the structure has it")
    return words


def _split(value: bytes, node: Group, about: Mapping[str, object], path: tuple[int, ...], dice: Dice, shares: dict[str, str]) -> None:
    need, groups = _groups(node)
    encrypted = encrypt(value, b"", 0, _identifier(about, path), True)  # noqa: FBT003 - its own signature
    for at, (group, group_value) in enumerate(zip(groups, _polynomial(need, len(groups), encrypted, dice), strict=True)):
        for place, (part, part_value) in enumerate(zip(group.of, _polynomial(group.need, len(group.of), group_value, dice), strict=True)):
            if isinstance(part, str):
                number = 0 if group.need == 1 else place
                shares[part] = _share(about, path, (at, number), (need, len(groups), group.need), part_value)
            else:
                _split(part_value, part, about, (*path, at, place), dice, shares)


def _join(node: Group, about: Mapping[str, object], path: tuple[int, ...], shares: Mapping[str, str]) -> bytes:
    need, groups = _groups(node)
    usable = [at for at, group in enumerate(groups) if group.is_met(shares.keys())]
    mnemonics: list[str] = []
    for at in usable[:need]:
        group = groups[at]
        able = [place for place, part in enumerate(group.of) if (part in shares if isinstance(part, str) else part.is_met(shares.keys()))]
        for place in able[: group.need]:
            part = group.of[place]
            stands = (at, 0 if group.need == 1 else place), (need, len(groups), group.need)
            if isinstance(part, str):
                mnemonics.append(_standing(shares[part], about, path, *stands))
            else:
                mnemonics.append(_share(about, path, *stands, _join(part, about, (*path, at, place), shares)))
    key: bytes = combine_mnemonics(mnemonics, b"")
    return key


@lru_cache(maxsize=1)
def _words() -> frozenset[str]:
    return frozenset(WORDLIST)


def _suggestions(word: str) -> tuple[str, ...]:
    word = word[:16]
    same_start = [listed for listed in WORDLIST if len(word) >= 4 and listed[:4] == word[:4]]
    close = difflib.get_close_matches(word, WORDLIST, n=3, cutoff=0.7)
    return tuple(dict.fromkeys([*same_start, *close]))[:3]


def _doubtful(found: Sequence[str]) -> tuple[int, ...]:
    """Up to four places where a word that looks like the typed one would make the checksum right; a hint, never a repair."""
    places = (
        place
        for place, word in enumerate(found)
        if any(is_share(" ".join([*found[:place], other, *found[place + 1 :]])) for other in _suggestions(word) if other != word)
    )
    return tuple(place + 1 for place, _ in zip(places, range(4), strict=False))

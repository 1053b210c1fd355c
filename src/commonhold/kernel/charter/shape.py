"""Small checks that a table of a charter is built from: each yields what is wrong with a value, and where.

A check takes a value and its place (``decisions.amend.pass``) and yields problems; ``schema.py`` puts them together to the form of
``charter.toml``. Nothing raises here, so that one reading shows everything that is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from commonhold.kernel.charter.articles import is_article_number
from commonhold.kernel.charter.rules import Fraction
from commonhold.kernel.durations import parse_duration
from commonhold.kernel.errors import FormatError

MAX_NAMED: Final = 200
MAX_LIST: Final = 100
MAX_NUMBER: Final = 10**12
MAX_DENOMINATOR: Final = 10_000

_FRACTION: Final = re.compile(r"([0-9]{1,5})/([0-9]{1,5})", re.ASCII)
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,63}", re.ASCII)
RESERVED: Final = frozenset({"member", "register", "seats", "present", "all"})


@dataclass(frozen=True, slots=True)
class Problem:
    """A value that is not what its place demands."""

    where: str
    words: str
    next_step: str = ""
    code: str = "charter/value"


Check = Callable[[object, str], Iterator[Problem]]


def shown(value: object) -> str:
    """A value as a message shows it: short, and never more than one line."""
    text = repr(value) if isinstance(value, (str, int)) else f"a {'table' if isinstance(value, Mapping) else 'list'}"
    return text if len(text) <= 60 else text[:57] + "..."


def table(required: Collection[str] = (), /, **keys: Check) -> Check:
    """A table with these keys and no others. A key that is a Python word is written with a trailing underscore."""
    known = {key.removesuffix("_"): check for key, check in keys.items()}

    def check(value: object, where: str) -> Iterator[Problem]:
        if not isinstance(value, Mapping):
            yield Problem(where, f"is {shown(value)} and must be a table", f"Write it as a table with the keys {', '.join(sorted(known))}.")
            return
        for key in sorted(value):
            if key in known:
                yield from known[key](value[key], _join(where, key))
            else:
                step = f"Known here: {', '.join(sorted(known))}."
                yield Problem(where, f"has the unknown key {key[:60]!r}", step, "charter/unknown-key")
        for key in sorted(set(required) - set(value)):
            yield Problem(where, f"lacks the key {key!r}", f"Add {key} = ... to the table.", "charter/missing-key")

    return check


def named(item: Check) -> Check:
    """A table of tables, each under a name that people chose."""

    def check(value: object, where: str) -> Iterator[Problem]:
        if not isinstance(value, Mapping):
            yield Problem(where, f"is {shown(value)} and must hold named tables", f"Write [{where}.name] above the keys.")
            return
        if len(value) > MAX_NAMED:
            yield Problem(where, f"holds {len(value)} tables, and at most {MAX_NAMED} are allowed")
            return
        for key in sorted(value):
            yield from name(key, where)
            yield from item(value[key], _join(where, key))

    return check


def name(value: object, where: str) -> Iterator[Problem]:
    """The name of a body, an office or a rule."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        yield Problem(where, f"has {shown(value)} where a name is needed", "Use small letters, digits, - and _, beginning with a letter.")
    elif value in RESERVED:
        yield Problem(where, f"uses {value!r} as a name, which has a meaning of its own", "Choose another name.")


def word(value: object, where: str) -> Iterator[Problem]:
    """A term such as ``secret`` or ``roll_call``."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        yield Problem(where, f"is {shown(value)} and must be a word in quotes")


def phrase(value: object, where: str) -> Iterator[Problem]:
    """A short text."""
    if not isinstance(value, str) or not 0 < len(value) <= 200:
        yield Problem(where, f"is {shown(value)} and must be a text of 1 to 200 characters in quotes")


def matches(pattern: str, words: str) -> Check:
    """A text of a fixed form."""
    compiled = re.compile(pattern, re.ASCII)

    def check(value: object, where: str) -> Iterator[Problem]:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            yield Problem(where, f"is {shown(value)} and must be {words}")

    return check


def one_of(*choices: str) -> Check:
    """One of a few fixed words."""

    def check(value: object, where: str) -> Iterator[Problem]:
        if value not in choices or not isinstance(value, str):
            yield Problem(where, f"is {shown(value)} and must be one of: {', '.join(choices)}")

    return check


def integer(low: int, high: int = MAX_NUMBER) -> Check:
    """A whole number within bounds."""

    def check(value: object, where: str) -> Iterator[Problem]:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            yield Problem(where, f"is {shown(value)} and must be a whole number from {low} to {high}")

    return check


def flag(value: object, where: str) -> Iterator[Problem]:
    """``true`` or ``false``."""
    if not isinstance(value, bool):
        yield Problem(where, f"is {shown(value)} and must be true or false")


def duration(value: object, where: str) -> Iterator[Problem]:
    """An ISO 8601 duration longer than nothing."""
    try:
        if not isinstance(value, str):
            yield Problem(
                where, f"is {shown(value)} and must be a duration in quotes", 'Write it as ISO 8601, such as "P30D".', "charter/duration"
            )
        elif parse_duration(value).is_zero:
            yield Problem(where, f"is the empty duration {value!r}", "Leave the key out, or give it a time.", "charter/duration")
    except FormatError as error:
        yield Problem(where, f"cannot be read: {error}", error.next_step, "charter/duration")


def fraction(value: object, where: str) -> Iterator[Problem]:
    """A fraction "p/q" above 0 and up to 1."""
    match = _FRACTION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        yield Problem(where, f"is {shown(value)} and must be a fraction in quotes", 'Write it as "2/3".', "charter/fraction")
    elif not 0 < int(match[1]) <= int(match[2]) <= MAX_DENOMINATOR:
        step = 'Write a fraction above 0 and up to 1, such as "2/3".'
        yield Problem(where, f"is {value!r}, which no part of a body can be", step, "charter/fraction")


def share_above(value: object, where: str) -> Iterator[Problem]:
    """A fraction that can be exceeded: above 0 and below 1."""
    found = list(fraction(value, where))
    yield from found
    if not found and read_fraction(str(value), strict=True).required(1) > 1:
        yield Problem(where, f"is {value!r}, and nobody can be more than all", 'Write at_least = "1/1" for unanimity.', "charter/fraction")


def count_or_fraction(value: object, where: str) -> Iterator[Problem]:
    """A number of people, or a fraction of them."""
    yield from (integer(1, 1_000_000) if isinstance(value, int) else fraction)(value, where)


def article(value: object, where: str) -> Iterator[Problem]:
    """An article number in quotes."""
    if not isinstance(value, str) or not is_article_number(value):
        step = 'Put the number in quotes: "1.10" and "1.1" are different articles, and 1.10 without quotes is neither.'
        yield Problem(where, f"is {shown(value)} and must be an article number in quotes", step, "charter/article-number")


def article_or_all(value: object, where: str) -> Iterator[Problem]:
    """An article number, or ``*`` for all of them."""
    if value != "*":
        yield from article(value, where)


def list_of(item: Check, *, at_least: int = 1) -> Check:
    """A list without repetitions."""

    def check(value: object, where: str) -> Iterator[Problem]:
        if not isinstance(value, (list, tuple)) or not at_least <= len(value) <= MAX_LIST:
            yield Problem(where, f"is {shown(value)} and must be a list of {at_least} to {MAX_LIST}")
            return
        seen: list[object] = []
        for part in value:
            yield from item(part, where)
            if part in seen:
                yield Problem(where, f"lists {shown(part)} twice", "Count people, not mentions: name each once.")
            seen.append(part)

    return check


def text_or(other: Check) -> Check:
    """A name, or what *other* accepts."""

    def check(value: object, where: str) -> Iterator[Problem]:
        yield from (name if isinstance(value, str) else other)(value, where)

    return check


def read_fraction(text: str, *, strict: bool) -> Fraction:
    """The typed value of a fraction that has been checked."""
    p, _, q = text.partition("/")
    return Fraction(int(p), int(q), strict)


def read_amount(table_: Mapping[str, Any], key: str = "at_least") -> Fraction | int:
    """The typed value of *key* or ``more_than`` in a table that has been checked."""
    if "more_than" in table_:
        return read_fraction(table_["more_than"], strict=True)
    value = table_[key]
    return value if isinstance(value, int) else read_fraction(value, strict=False)


def _join(where: str, key: str) -> str:
    return f"{where}.{key[:60]}" if where else key[:60]

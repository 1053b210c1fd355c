"""The answers of a custody interview, as an immutable value, and the ways to change it.

An answer is a tuple of tokens: ids of people (``p1``) and of things (``t1``), and the signs below. A question that nobody has answered is absent,
which is not the same as "nobody": what is not known is counted at its worst.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from commonhold.kernel.canonical import check_text
from commonhold.kernel.errors import FormatError

UNKNOWN: Final = "?"
"""Somebody or something that is not known."""
NONE: Final = "-"
"""Nobody, nothing; for a name on a contract: the organisation itself."""
TOGETHER: Final = "2+"
"""Nobody alone: two of those named open it together."""
YES: Final = "y"
NO: Final = "n"
SIGNS: Final = frozenset({UNKNOWN, NONE, TOGETHER, YES, NO})

MAX_PEOPLE: Final = 100
MAX_THINGS: Final = 60
MAX_NAME: Final = 80

# Beside the format characters (Cf): what Unicode calls default ignorable, and the fillers that look like a space.
_UNSEEN: Final = frozenset(
    map(chr, [0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), 0x2800, 0x3164, *range(0xFE00, 0xFE10), 0xFFA0])
)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can act. *inside* says whether they belong to the organisation today; those who left still count as takers."""

    id: str
    name: str
    inside: bool = True


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that the organisation depends on.

    Args:
        kind: one of :data:`~commonhold.kernel.custody.interview.kinds.KINDS`.
        answers: question -> tokens; a question that nobody answered is absent.
        assumptions: assumption -> whether it holds; only those that somebody has decided.
    """

    id: str
    kind: str
    name: str
    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    assumptions: Mapping[str, bool] = field(default_factory=dict)

    def answering(self, question: str, tokens: Iterable[str]) -> Thing:
        """The same thing with one question answered; with no tokens, it is open again."""
        answers = {name: found for name, found in self.answers.items() if name != question}
        if given := tuple(dict.fromkeys(tokens)):
            answers[question] = given
        return replace(self, answers=answers)


@dataclass(frozen=True, slots=True)
class Interview:
    """Everything that was answered, and the screen (*at*) on which people were."""

    title: str = ""
    language: str = ""
    at: str = ""
    people: tuple[Person, ...] = ()
    things: tuple[Thing, ...] = ()

    def thing(self, id_: str) -> Thing | None:
        """The thing with that id."""
        return next((thing for thing in self.things if thing.id == id_), None)

    def of_kind(self, kind: str) -> tuple[Thing, ...]:
        """The things of one kind, in their order."""
        return tuple(thing for thing in self.things if thing.kind == kind)

    def replacing(self, *things: Thing) -> Interview:
        """The same interview with these things in place of those of the same id."""
        new = {thing.id: thing for thing in things}
        return replace(self, things=tuple(new.get(thing.id, thing) for thing in self.things))

    def with_people(self, people: Iterable[Person]) -> Interview:
        """The same interview with these people, and without answers that name others."""
        return _only_known(replace(self, people=tuple(people)), {thing.id for thing in self.things})

    def with_things(self, things: Iterable[Thing]) -> Interview:
        """The same interview with these things, and without answers that name others, or what has become something else."""
        listed, kinds = tuple(things), {thing.id: thing.kind for thing in self.things}
        kept = {thing.id for thing in listed if kinds.get(thing.id, thing.kind) == thing.kind}
        return _only_known(replace(self, things=listed), kept)


def next_id(prefix: str, ids: Iterable[str]) -> str:
    """An id that none of *ids* is, nor was in their order: one above the highest number."""
    return f"{prefix}{1 + max((int(id_[1:]) for id_ in ids), default=0)}"


def clean_name(value: object, what: str, *, comma: bool = False) -> str:
    """A name as it is kept: Unicode form C, one line, spaces collapsed; empty where nothing was written that can be seen.

    Raises:
        FormatError: for a name that is too long, holds characters that could act on a page or a terminal, or a comma
            (which separates names) where none may stand.
    """
    if not isinstance(value, str):
        raise FormatError(f"{what} is no text", code="interview/name", next_step="Write it as words.")
    name = " ".join(unicodedata.normalize("NFC", value[: 10 * MAX_NAME]).split())
    if len(name) > MAX_NAME or len(value) > 10 * MAX_NAME:
        raise FormatError(f"{what} is longer than {MAX_NAME} characters", code="interview/name-long", next_step="Write a shorter one.")
    try:
        check_text(name)
    except FormatError as error:
        raise FormatError(f"{what}: {error}", code="interview/name", next_step="Write it again without that character.") from None
    if "," in name and not comma:
        raise FormatError(f"{what} has a comma, which separates names", code="interview/name-comma", next_step="Write it without one.")
    return name if _seen(name) else ""


def same_name(a: str, b: str) -> bool:
    """Whether a reader would take two names for one: letter case, width, ligatures and characters that nobody sees make no other person."""
    return _seen(a) == _seen(b)


def _seen(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFKC", "".join(c for c in folded if not (unicodedata.category(c) == "Cf" or c in _UNSEEN)))


def _only_known(interview: Interview, things_known: set[str]) -> Interview:
    known = {person.id for person in interview.people} | things_known | SIGNS
    things = []
    for thing in interview.things:
        kept = {question: tuple(token for token in tokens if token in known) for question, tokens in thing.answers.items()}
        # Two who open it together are meant by the people beside the sign; alone it says nothing.
        things.append(replace(thing, answers={question: tokens for question, tokens in kept.items() if set(tokens) - {TOGETHER}}))
    return replace(interview, things=tuple(things))

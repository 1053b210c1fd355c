"""From what a browser sends to a changed interview: one function for each screen, each touching only what that screen shows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from commonhold.kernel.custody.interview import KINDS, Interview, Person, Thing
from commonhold.kernel.custody.interview.answers import MAX_PEOPLE, MAX_THINGS, NONE, clean_name, same_name
from commonhold.kernel.custody.interview.answersfile import check_answer
from commonhold.kernel.errors import FormatError

Fields = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form: the last value of each, and all values of those that may stand several times."""

    one: Mapping[str, str]
    many: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, fields: Fields) -> Form:
        """The fields by name."""
        many: dict[str, list[str]] = {}
        for name, value in fields:
            many.setdefault(name, []).append(value)
        return cls(dict(fields), {name: tuple(values) for name, values in many.items()})


def with_title(interview: Interview, form: Form) -> Interview:
    """The start screen: the organisation's name.

    Raises:
        FormatError: as for every name.
    """
    return replace(interview, title=clean_name(form.one.get("title", interview.title), "the organisation's name", comma=True))


def with_people(interview: Interview, form: Form) -> Interview:
    """The people's screen: names changed, added, and removed with the button; a name that was emptied stays as it was.

    Raises:
        FormatError: for a name that stands twice or cannot be kept, or too many people.
    """
    names = {field.removeprefix("name-"): typed for field, typed in form.one.items() if field.startswith("name-")}
    known = {person.id: person for person in interview.people}
    people = []
    # Rows carry the id of the person that they become, so a form that arrives twice adds nobody twice.
    for id_ in dict.fromkeys([*known, *names]):
        before = known.get(id_)
        name = clean_name(names.get(id_, ""), "the name") or (before.name if before else "")
        if name and form.one.get("remove") != id_:
            inside = f"inside-{id_}" in form.one if id_ in names else bool(before and before.inside)
            people.append(Person(_checked_id(id_, "p"), name, inside))
    _check_names([person.name for person in people], MAX_PEOPLE)
    return interview.with_people(people)


def with_things(interview: Interview, form: Form) -> Interview:
    """The things' screen: names changed, added, and removed with the button.

    Raises:
        FormatError: for a name that stands twice or cannot be kept, a row that is another thing's, or too many things.
    """
    known = {thing.id: thing for thing in interview.things}
    things: list[Thing] = []
    # An id is one thing's, or the file could not be read again.
    taken: set[str] = set()
    # In the order of the kinds, as the screen shows them.
    for kind in KINDS:
        names = {field.removeprefix(f"{kind}-"): typed for field, typed in form.one.items() if field.startswith(f"{kind}-")}
        for id_ in dict.fromkeys([*(thing.id for thing in interview.of_kind(kind)), *names]):
            before = known.get(id_, Thing(_checked_id(id_, "t"), kind, ""))
            if before.kind != kind or id_ in taken:
                raise _no_row(id_)
            taken.add(id_)
            name = clean_name(names.get(id_, ""), "the name") or before.name
            if name and form.one.get("remove") != id_:
                things.append(replace(before, name=name))
    _check_names([thing.name for thing in things], MAX_THINGS)
    return interview.with_things(things)


def with_answers(interview: Interview, thing: Thing, form: Form) -> Interview:
    """The screen of one thing: its answers and its assumptions, and somebody who was missing.

    Raises:
        FormatError: for a token that is no answer, or a new name that cannot be kept.
    """
    if name := clean_name(form.one.get("new-person", ""), "the name"):
        id_ = _checked_id(form.one.get("new-id", ""), "p")
        people = [*(person for person in interview.people if person.id != id_), Person(id_, name, "new-inside" in form.one)]
        _check_names([person.name for person in people], MAX_PEOPLE)
        interview = interview.with_people(people)
    for question in KINDS[thing.kind].questions:
        tokens = form.many.get(question.id, ())
        if len(tokens) > 1:
            # Names beside "nobody" say more than it.
            tokens = tuple(token for token in tokens if token != NONE or question.id == "contract")
        check_answer(thing, question.id, tokens, interview)
        thing = thing.answering(question.id, tokens)
    return interview.replacing(_with_assumptions(thing, form, "assume-"))


def with_assumptions(interview: Interview, form: Form) -> Interview:
    """The last screen before the result: all assumptions at once."""
    return interview.replacing(*(_with_assumptions(thing, form, f"assume-{thing.id}-") for thing in interview.things))


def _with_assumptions(thing: Thing, form: Form, prefix: str) -> Thing:
    """A tick that is as usual says nothing; one that is not, or that was decided before, is kept as people's own word."""
    decided = dict(thing.assumptions)
    for item in KINDS[thing.kind].assumptions:
        ticked = f"{prefix}{item.id}" in form.one
        if ticked != decided.get(item.id, item.usual):
            decided[item.id] = ticked
    return replace(thing, assumptions=decided)


def _checked_id(id_: str, prefix: str) -> str:
    if not re.fullmatch(rf"{prefix}[0-9]{{1,6}}", id_):
        raise _no_row(id_)
    return id_


def _no_row(id_: str) -> FormatError:
    return FormatError(f"the row {id_[:20]!r} is none of this screen", code="interview/form", next_step="Open the screen again.")


def _check_names(names: Sequence[str], limit: int) -> None:
    if len(names) > limit:
        raise FormatError(f"these are {len(names)} names, and at most {limit} can be kept", code="interview/too-many")
    for place, name in enumerate(names):
        if any(same_name(name, other) for other in names[:place]):
            # One person is counted once, so each needs a name of their own.
            raise FormatError(
                f"{name} stands in the list twice",
                code="interview/name-twice",
                next_step="Give each a name of its own; add a letter or a number to one of them.",
                data={"name": name},
            )

"""From what a browser sends to a changed interview: one function for each screen, each touching only what that screen shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from commonhold.kernel.custody.interview import KINDS, Interview, Person, Thing
from commonhold.kernel.custody.interview.answers import MAX_PEOPLE, MAX_THINGS, NONE, clean_name, next_id, same_name
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
    people = []
    for person in interview.people:
        if form.one.get("remove") == person.id:
            continue
        if (typed := form.one.get(f"name-{person.id}")) is not None:
            name = clean_name(typed, "the name") or person.name
            person = Person(person.id, name, f"inside-{person.id}" in form.one)  # noqa: PLW2901 - the person as they are now
        people.append(person)
    for field, typed in form.one.items():
        if field.startswith("name-new") and (name := clean_name(typed, "the name")):
            people.append(_new_person(interview, people, name, inside=f"inside-{field.removeprefix('name-')}" in form.one))
    _check_names([person.name for person in people], "people", MAX_PEOPLE)
    return interview.with_people(people)


def with_things(interview: Interview, form: Form) -> Interview:
    """The things' screen: names changed, added, and removed with the button.

    Raises:
        FormatError: for a name that stands twice or cannot be kept, or too many things.
    """
    things = []
    for thing in interview.things:
        if form.one.get("remove") != thing.id:
            name = clean_name(form.one.get(f"thing-{thing.id}", ""), "the name") or thing.name
            things.append(replace(thing, name=name))
    for kind in KINDS:
        for field, typed in form.one.items():
            if field.startswith(f"new-{kind}-") and (name := clean_name(typed, "the name")):
                things.append(Thing(next_id("t", [thing.id for thing in (*interview.things, *things)]), kind, name))
    _check_names([thing.name for thing in things], "things", MAX_THINGS)
    # In the order of the kinds, as the screen shows them.
    place = {kind: number for number, kind in enumerate(KINDS)}
    return interview.with_things(sorted(things, key=lambda thing: place[thing.kind]))


def with_answers(interview: Interview, thing: Thing, form: Form) -> Interview:
    """The screen of one thing: its answers and its assumptions, and somebody who was missing.

    Raises:
        FormatError: for a token that is no answer, or a new name that cannot be kept.
    """
    if name := clean_name(form.one.get("new-person", ""), "the name"):
        people = [*interview.people, _new_person(interview, list(interview.people), name, inside="new-inside" in form.one)]
        _check_names([person.name for person in people], "people", MAX_PEOPLE)
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


def _new_person(interview: Interview, people: Sequence[Person], name: str, *, inside: bool) -> Person:
    return Person(next_id("p", [person.id for person in (*interview.people, *people)]), name, inside)


def _check_names(names: Sequence[str], what: str, limit: int) -> None:
    if len(names) > limit:
        raise FormatError(f"these are {len(names)} {what}, and at most {limit} can be kept", code="interview/too-many")
    for place, name in enumerate(names):
        if any(same_name(name, other) for other in names[:place]):
            raise FormatError(
                f"{name} stands in the list twice",
                code="interview/name-twice",
                next_step="One person is counted once, so each needs a name of their own. Add a letter or a number to one of them."
                if what == "people"
                else "Give each thing a name of its own.",
            )

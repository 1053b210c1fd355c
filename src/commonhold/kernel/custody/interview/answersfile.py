"""The file of an interview (docs/formats/custody-interview.md): JSON, read strictly, so that nothing that was answered is dropped in silence."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from reprlib import repr as shown
from typing import Any, Final, NoReturn

from commonhold.kernel.custody.interview.answers import (
    MAX_PEOPLE,
    MAX_THINGS,
    SIGNS,
    UNKNOWN,
    Interview,
    Person,
    Thing,
    clean_name,
    same_name,
)
from commonhold.kernel.custody.interview.kinds import KINDS
from commonhold.kernel.custody.registerfile import decode
from commonhold.kernel.errors import FormatError

SCHEMA: Final = "custody-interview/1"
MAX_BYTES: Final = 1 << 20
_TOP: Final = {"schema", "title", "language", "at", "people", "things"}


def interview_bytes(interview: Interview) -> bytes:
    """The file of an interview, indented for people and ending in a newline."""
    value = {
        "schema": SCHEMA,
        "title": interview.title,
        "language": interview.language,
        "at": interview.at,
        "people": [{"id": person.id, "name": person.name, "inside": person.inside} for person in interview.people],
        "things": [
            {
                "id": thing.id,
                "kind": thing.kind,
                "name": thing.name,
                "answers": {question: list(tokens) for question, tokens in thing.answers.items()},
                "assumptions": dict(thing.assumptions),
            }
            for thing in interview.things
        ],
    }
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


def is_interview(raw: bytes) -> bool:
    """Whether bytes call themselves an interview; nothing else about them is checked."""
    return f'"{SCHEMA}"'.encode() in raw[:200]


def parse_interview(raw: bytes) -> Interview:
    """The interview in a file's bytes.

    Raises:
        FormatError: naming what is wrong, for anything that is not as the format says.
    """
    if len(raw) > MAX_BYTES:
        _refuse(f"the interview has {len(raw)} bytes, and at most {MAX_BYTES} are allowed")
    value = decode(raw, "the interview")
    if value.get("schema") != SCHEMA:
        _refuse(
            f"this file's schema is {shown(value.get('schema'))}, and this version reads {SCHEMA}",
            "Read it with the version that wrote it.",
        )
    _keys("the interview", value, _TOP)
    people = tuple(_person(item) for item in _listed(value, "people", MAX_PEOPLE))
    things = tuple(_thing(item) for item in _listed(value, "things", MAX_THINGS))
    _different("person", people)
    _different("thing", things)
    known = {person.id for person in people}
    kinds = {thing.id: thing.kind for thing in things}
    for thing in things:
        for question, tokens in thing.answers.items():
            _check_tokens(thing, question, tokens, known, kinds)
    return Interview(_short(value, "title"), _short(value, "language"), _short(value, "at"), people, things)


def check_answer(thing: Thing, question: str, tokens: Sequence[str], interview: Interview) -> None:
    """Pass in silence if *tokens* can be an answer to one question about a thing.

    Raises:
        FormatError: naming the thing and the token, or the question that its kind does not have.
    """
    people = {person.id for person in interview.people}
    _check_tokens(thing, question, tokens, people, {other.id: other.kind for other in interview.things})


def _check_tokens(thing: Thing, question: str, tokens: Sequence[str], people: set[str], kinds: Mapping[str, str]) -> None:
    asked = KINDS[thing.kind].question(question)
    if asked is None:
        _refuse(f"{thing.name!r} answers {shown(question)}, and nothing of the kind {thing.kind} is asked that")
    signs = {UNKNOWN} | ({"-"} if asked.none else set()) | ({"2+"} if asked.together else set())
    if asked.takes == "yesno":
        allowed = {"y", "n", UNKNOWN}
    elif asked.takes == "people":
        allowed = signs | people
    else:
        allowed = signs | {id_ for id_, kind in kinds.items() if kind == asked.takes and id_ != thing.id}
        allowed |= people if asked.takes in ("mailbox", "phone") else set()
    if wrong := [token for token in tokens if token not in allowed]:
        _refuse(
            f"{thing.name!r} answers {question!r} with {shown(wrong[0])}, which is no answer to that, nor anybody or anything that it can name"
        )


def _person(item: Mapping[str, Any]) -> Person:
    _keys("a person", item, {"id", "name", "inside"})
    if not isinstance(inside := item.get("inside"), bool):
        _refuse(f"person {_id(item, 'p')!r} does not say true or false for 'inside'")
    return Person(_id(item, "p"), _name(item, "a person"), inside)


def _thing(item: Mapping[str, Any]) -> Thing:
    _keys("a thing", item, {"id", "kind", "name", "answers", "assumptions"})
    id_, name = _id(item, "t"), _name(item, "a thing")
    if not isinstance(kind := item.get("kind"), str) or kind not in KINDS:
        _refuse(f"{name!r} is of the kind {shown(kind)}, and the kinds are {', '.join(KINDS)}")
    answers, assumptions = item.get("answers"), item.get("assumptions")
    if not isinstance(answers, dict) or not all(_is_texts(tokens) for tokens in answers.values()):
        _refuse(f"{name!r} has no answers, each a list of texts")
    known = {assumption.id for assumption in KINDS[kind].assumptions}
    if not isinstance(assumptions, dict) or not all(key in known and isinstance(holds, bool) for key, holds in assumptions.items()):
        _refuse(f"{name!r} has assumptions that are not true or false, or that nothing of its kind has")
    return Thing(id_, kind, name, {question: tuple(tokens) for question, tokens in answers.items()}, assumptions)


def _is_texts(tokens: object) -> bool:
    return isinstance(tokens, list) and 0 < len(tokens) <= MAX_PEOPLE + MAX_THINGS + len(SIGNS) and all(isinstance(t, str) for t in tokens)


def _listed(value: Mapping[str, Any], key: str, limit: int) -> list[Mapping[str, Any]]:
    listed = value.get(key)
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        _refuse(f"the interview has no list {key!r} of objects")
    if len(listed) > limit:
        _refuse(f"the interview has {len(listed)} {key}, and at most {limit} are allowed")
    return listed


def _id(item: Mapping[str, Any], prefix: str) -> str:
    id_ = item.get("id")
    if not isinstance(id_, str) or not 2 <= len(id_) <= 7 or id_[0] != prefix or not id_[1:].isascii() or not id_[1:].isdigit():
        _refuse(f"the id {shown(id_)} is not {prefix!r} and a number")
    return id_


def _name(item: Mapping[str, Any], what: str) -> str:
    if not (name := clean_name(item.get("name"), f"the name of {what}")):
        _refuse(f"{what} has no name")
    return name


def _different(what: str, items: Sequence[Person | Thing]) -> None:
    for place, item in enumerate(items):
        for other in items[:place]:
            if item.id == other.id or same_name(item.name, other.name):
                _refuse(f"the {what} {item.name!r} stands in the interview twice", "Give each its own name and id.")


def _short(value: Mapping[str, Any], key: str) -> str:
    return clean_name(value.get(key, ""), f"the {key}", comma=True)


def _keys(where: str, item: Mapping[str, Any], known: set[str]) -> None:
    if odd := sorted(item.keys() - known):
        _refuse(f"{where} has the key {shown(odd[0])}, which this version does not know", "Read it with the version that wrote it.")


def _refuse(message: str, next_step: str = "Correct the file at that place, or begin a new one.") -> NoReturn:
    raise FormatError(message, code="interview/format", next_step=next_step)

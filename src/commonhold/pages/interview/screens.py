"""Every screen as a function: a frame that all share, and what stands in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from markupsafe import Markup

from commonhold.kernel.custody.interview import KINDS, Compiled, Interview, Plan, Standing, Thing
from commonhold.kernel.messages import N_
from commonhold.pages.interview.wording import follows, how_to_seal, names_of, row, step_in_words
from commonhold.pages.language import CODES, Language, language, plain
from commonhold.pages.templates import render

_FIXED = {"start": N_("Before we begin"), "people": N_("The people"), "things": N_("What you depend on")}
_LAST = {"check": N_("What is open, and what we assume"), "result": N_("The result")}


@dataclass(frozen=True, slots=True)
class Frame:
    """What every screen has around it.

    Args:
        token: goes with each form, so that no other page can send one.
        refused: what is wrong and what to do, above the questions.
    """

    language: Language
    interview: Interview
    token: str
    at: str
    refused: tuple[str, ...] = ()


def order(interview: Interview) -> list[str]:
    """The ids of the screens, in their order."""
    return [*_FIXED, *(thing.id for thing in interview.things), *_LAST]


def asset(name: str) -> bytes:
    """A file that the screens refer to: ``interview.css`` or ``interview.js``."""
    return files("commonhold.pages.interview").joinpath(name).read_bytes()


def start(frame: Frame, *, file: str, protected: bool, protecting: bool) -> str:
    """What it is for, the organisation's name, and the passphrase."""
    values = {"title": frame.interview.title}
    return _render("start", frame, _FIXED["start"], values=values, file=file, protected=protected, protecting=protecting)


def unlock(frame: Frame, file: str) -> str:
    """The passphrase of a protected file."""
    return _render("unlock", frame, N_("Your answers are locked"), file=file, framed=False)


def people(frame: Frame, fresh: Sequence[str], typed: Mapping[str, str] | None = None) -> str:
    """The list of people.

    Args:
        fresh: ids for empty rows. A row's id is the id of the person who will be written there, so sending a form twice adds nobody twice.
        typed: what was written and could not be kept.
    """
    rows = [{"id": person.id, "name": person.name, "inside": person.inside, "known": True} for person in frame.interview.people]
    known = {person.id for person in frame.interview.people}
    written = [name.removeprefix("name-") for name in typed or () if name.startswith("name-")]
    rows += [{"id": id_, "name": "", "inside": True, "known": False} for id_ in [id_ for id_ in written if id_ not in known] or fresh]
    if typed is not None:
        rows = [{**row, "name": typed.get(f"name-{row['id']}", ""), "inside": f"inside-{row['id']}" in typed} for row in rows]
    return _render("people", frame, _FIXED["people"], rows=rows)


def things(frame: Frame, fresh: Sequence[str], typed: Mapping[str, str] | None = None) -> str:
    """The kinds of things, each with the names of those that are there and an empty line; *fresh* has an id for each kind's."""
    listed = []
    for kind, id_ in zip(KINDS.values(), fresh, strict=True):
        rows = [
            {"id": thing.id, "field": f"{kind.id}-{thing.id}", "name": thing.name, "known": True}
            for thing in frame.interview.of_kind(kind.id)
        ]
        rows.append({"id": id_, "field": f"{kind.id}-{id_}", "name": "", "known": False})
        if typed is not None:
            rows = [{**row, "name": typed.get(str(row["field"]), "")} for row in rows]
            shown = {row["field"] for row in rows}
            more = [(name, text) for name, text in typed.items() if name.startswith(f"{kind.id}-") and text and name not in shown]
            rows += [{"id": "", "field": name, "name": text, "known": False} for name, text in more]
        listed.append({"id": kind.id, "text": kind.text, "examples": kind.examples, "rows": rows})
    return _render("things", frame, _FIXED["things"], kinds=listed)


def thing(
    frame: Frame,
    asked: Thing,
    compiled: Compiled,
    found: Standing,
    *,
    version: str,
    fresh: str,
    given: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """The questions about one thing, and what follows from the answers; *fresh* is the id of somebody who might be added."""
    kind = KINDS[asked.kind]
    assumed = {item.id: asked.assumptions.get(item.id, item.usual) for item in kind.assumptions}
    places = {
        question.id: [(other.id, other.name) for other in frame.interview.of_kind(question.takes) if other.id != asked.id]
        for question in kind.questions
    }
    return _render(
        "thing",
        frame,
        asked.name,
        thing=asked,
        kind=kind,
        people=frame.interview.people,
        places=places,
        given=asked.answers if given is None else given,
        assumed=assumed,
        open={item.question for item in compiled.open if item.thing == asked.id},
        follows=follows(frame.language, asked, found),
        picture=bool(asked.answers),
        version=version,
        new_id=fresh,
    )


def check(frame: Frame, compiled: Compiled) -> str:
    """What nobody has looked up, what was not answered, and every assumption."""
    names, say = names_of(frame.interview), frame.language
    by_id = {item.id: item for item in frame.interview.things}
    groups = [
        {
            "id": asked.id,
            "kind": asked.kind,
            "name": asked.name,
            "assumptions": [
                {"id": taken.assumption, "text": taken.text, "holds": taken.holds, "decided": taken.decided}
                for taken in compiled.assumptions
                if taken.thing == asked.id
            ],
        }
        for asked in frame.interview.things
    ]
    unknown = [
        {
            "screen": item.thing,
            "question": item.question,
            "text": _asked(say, by_id[item.thing], item.question, names),
            "holders": say.listed_html(item.holders) if item.holders else "",
        }
        for item in compiled.open
    ]
    seen = {(item.thing, item.question) for item in compiled.open}
    empty = [
        {"screen": asked.id, "question": question.id, "text": _asked(say, asked, question.id, names)}
        for asked in frame.interview.things
        for question in KINDS[asked.kind].questions
        if question.id not in asked.answers and not question.optional and (asked.id, question.id) not in seen
    ]
    return _render("check", frame, _LAST["check"], groups=groups, open=unknown, empty=empty)


def result(frame: Frame, found: Plan, *, version: str) -> str:
    """The three answers: who alone, whose absence, and what to do."""
    rows = [row(frame.language, item, found.now) for item in frame.interview.things]
    return _render(
        "result",
        frame,
        _LAST["result"],
        rows=rows,
        taken=sum(item["taken"] for item in rows),
        lost=sum(item["lost"] for item in rows),
        steps=[step_in_words(frame.language, step) for step in found.steps],
        sealing=how_to_seal(frame.language, found.steps),
        complete=found.complete,
        version=version,
    )


def told(frame: Frame, heading: str, lines: Sequence[str], *, last: bool = False) -> str:
    """A screen that only says something; the *last* one asks nothing more of a program that has ended."""
    return _render("plain", frame, heading, lines=lines, framed=False, last=last)


def _asked(language: Language, about: Thing, question: str, names: Mapping[str, str]) -> str:
    asked = KINDS[about.kind].question(question)
    text = language.say(asked.text, name=names[about.id]) if asked else ""
    return language.say("%(thing)s: %(question)s", thing=names[about.id], question=text)


def _render(name: str, frame: Frame, heading: str, *, framed: bool = True, last: bool = False, **values: Any) -> str:
    shown = _screens(frame) if framed else []
    number = next((place for place, screen in enumerate(shown, 1) if screen["id"] == frame.at), 0)
    say = frame.language
    return render(
        f"interview/{name}.html",
        say,
        languages=[language(code) for code in CODES],
        say=say.say,
        heading=plain(say.say(heading)),
        title=frame.interview.title,
        token=Markup('<input type="hidden" name="token" value="{}">').format(frame.token),
        at=frame.at,
        refused=frame.refused,
        screens=shown,
        number=number,
        last=last,
        **values,
    )


def _screens(frame: Frame) -> list[dict[str, Any]]:
    interview, say = frame.interview, frame.language.say
    done = {"start": bool(interview.title), "people": bool(interview.people), "things": bool(interview.things)}
    fixed = [{"id": id_, "name": say(name), "done": done[id_]} for id_, name in _FIXED.items()]
    each = [{"id": item.id, "name": item.name, "done": bool(item.answers)} for item in interview.things]
    return [*fixed, *each, *({"id": id_, "name": say(name), "done": False} for id_, name in _LAST.items())]

"""Laws about an interview's file: it comes back as it was, and whatever is not as the format says is refused in words, never half read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonhold.kernel.custody.interview import KINDS, Interview, Person, Thing, interview_bytes, parse_interview
from commonhold.kernel.custody.interview.answers import MAX_PEOPLE, MAX_THINGS
from commonhold.kernel.custody.interview.answersfile import MAX_BYTES, check_answer, is_interview
from commonhold.kernel.errors import CommonholdError, FormatError
from tests.attacks import Mutation, attack
from tests.kernel.interview.strategies import interviews, tokens

FILE = "src/commonhold/kernel/custody/interview/answersfile.py"


def small() -> dict[str, Any]:
    """A file with one of everything, to be spoilt."""
    return {
        "schema": "custody-interview/1",
        "title": "Saltmarsh",
        "language": "en",
        "at": "people",
        "people": [{"id": "p1", "name": "Heron", "inside": True}, {"id": "p2", "name": "Tern", "inside": False}],
        "things": [
            {"id": "t1", "kind": "page", "name": "page", "answers": {"admins": ["p1", "p2"], "reset_mail": ["t2"]}, "assumptions": {}},
            {"id": "t2", "kind": "mailbox", "name": "post", "answers": {"reset_mail": ["p1"]}, "assumptions": {"desk": True}},
        ],
    }


@given(interviews())
def test_an_interview_comes_back_from_its_file_as_it_was(found: Interview) -> None:
    """Bytes and value say the same, and the file ends in a newline and calls itself what it is."""
    raw = interview_bytes(found)
    assert parse_interview(raw) == found
    assert raw.endswith(b"}\n")
    assert is_interview(raw)
    assert not is_interview(b'{"schema": "custody-register/1"}')


@given(interviews(), st.data())
def test_every_answer_in_a_file_could_have_been_given(found: Interview, data: st.DataObject) -> None:
    """Whoever saves answer by answer is held to the same rule as whoever reads the file."""
    for thing in found.things:
        for question, given_ in thing.answers.items():
            check_answer(thing, question, given_, found)
        asked = data.draw(st.sampled_from(KINDS[thing.kind].questions))
        wrong = data.draw(st.sampled_from(["p99", "t99", thing.id, "", "yes", "-", "2+", "y"]))
        if wrong not in tokens(asked, thing, found.people, found.things):
            with pytest.raises(FormatError, match=thing.name[:5]):
                check_answer(thing, asked.id, [wrong], found)


def test_half_a_file_is_refused_wherever_it_ends() -> None:
    """A file that was cut short while it was written is never taken for a shorter one."""
    raw = interview_bytes(parse_interview(json.dumps(small()).encode())).rstrip()
    for end in range(len(raw)):
        with pytest.raises(FormatError):
            parse_interview(raw[:end])


def _set(*path: Any) -> Callable[[dict[str, Any]], None]:
    *way, last, new = path

    def spoil(value: Any) -> None:
        for step in way:
            value = value[step]
        value[last] = new

    return spoil


def _people(number: int) -> list[dict[str, Any]]:
    return [{"id": f"p{n}", "name": f"x{n}", "inside": True} for n in range(number)]


def _things(number: int) -> list[dict[str, Any]]:
    return [{"id": f"t{n}", "kind": "page", "name": f"x{n}", "answers": {}, "assumptions": {}} for n in range(number)]


HOSTILE: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "another schema": (_set("schema", "custody-interview/2"), "custody-interview/1"),
    "an endless schema": (_set("schema", "x" * 100_000), "custody-interview/1"),
    "an unknown key": (_set("plan", []), "'plan'"),
    "no people": (_set("people", None), "'people'"),
    "people that are no objects": (_set("people", ["p1"]), "'people'"),
    "too many people": (_set("people", _people(MAX_PEOPLE + 1)), f"at most {MAX_PEOPLE}"),
    "too many things": (_set("things", _things(MAX_THINGS + 1)), f"at most {MAX_THINGS}"),
    "a person's unknown key": (_set("people", 0, "role", "chair"), "'role'"),
    "a person neither in nor out": (_set("people", 0, "inside", 1), "'inside'"),
    "a person without a name": (_set("people", 0, "name", " "), "no name"),
    "a name that turns the page around": (_set("people", 0, "name", "Her\u202eon"), "U\\+202E"),
    "a name with a control character": (_set("people", 0, "name", "Her\x1bon"), "U\\+001B"),
    "a name that is half a character": (_set("people", 0, "name", "Her\ud800on"), "U\\+D800"),
    "a thing's id on a person": (_set("people", 0, "id", "t1"), "'p' and a number"),
    "an id that is no text": (_set("people", 0, "id", ["p1"]), "'p' and a number"),
    "an id in other digits": (_set("people", 0, "id", "p\u0661"), "'p' and a number"),
    "an endless id": (_set("people", 0, "id", "p" + "1" * 9), "'p' and a number"),
    "one id twice": (_set("people", 1, "id", "p1"), "twice"),
    "one thing twice": (_set("things", 1, "name", "PAGE"), "twice"),
    "an unknown kind": (_set("things", 0, "kind", "moon"), "the kinds are page"),
    "a kind that is no text": (_set("things", 0, "kind", {}), "the kinds are page"),
    "an unknown question": (_set("things", 0, "answers", {"pin": ["y"]}), "nothing of the kind page is asked that"),
    "answers in a list": (_set("things", 0, "answers", []), "no answers"),
    "an empty answer": (_set("things", 0, "answers", {"admins": []}), "no answers"),
    "an answer that is no text": (_set("things", 0, "answers", {"admins": [1]}), "no answers"),
    "an endless answer": (_set("things", 0, "answers", {"admins": ["p1"] * 999}), "no answers"),
    "a person who is not there": (_set("things", 0, "answers", {"admins": ["p9"]}), "'p9'"),
    "a thing that is not there": (_set("things", 0, "answers", {"reset_mail": ["t9"]}), "'t9'"),
    "a thing of another kind": (_set("things", 1, "answers", {"domain": ["t1"]}), "'t1'"),
    "a mailbox that resets itself": (_set("things", 1, "answers", {"reset_mail": ["t2"]}), "'t2'"),
    "nobody, where that is no answer": (_set("things", 0, "answers", {"admins": ["-"]}), "'-'"),
    "two together, where that is no answer": (_set("things", 0, "answers", {"copy": ["2+", "p1", "p2"]}), "'2\\+'"),
    "an unknown assumption": (_set("things", 0, "assumptions", {"moon": True}), "assumptions"),
    "an assumption that is no yes or no": (_set("things", 0, "assumptions", {"remove": "yes"}), "assumptions"),
    "no assumptions": (_set("things", 0, "assumptions", None), "assumptions"),
    "a title that is no text": (_set("title", 7), "title"),
    "a title with a bidirectional control": (_set("title", "a\u2067b"), "U\\+2067"),
}


@attack(
    "custody-03",
    Mutation(FILE, find="if wrong := [token for token in tokens if token not in allowed]:", replace="if wrong := list[str]():"),
    Mutation(FILE, find="    if len(listed) > limit:", replace="    if len(listed) > 10 * limit:"),
    Mutation(FILE, find="if odd := sorted(item.keys() - known):", replace="if odd := list[str]():"),
)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_interview_is_refused_in_words(name: str) -> None:
    """Each is refused naming what is wrong, in a short message that says what to do; the same file without it is read."""
    value = small()
    assert parse_interview(json.dumps(value).encode()).people == (Person("p1", "Heron"), Person("p2", "Tern", inside=False))
    spoil, says = HOSTILE[name]
    spoil(value)
    with pytest.raises(FormatError, match=says) as refused:
        parse_interview(json.dumps(value).encode())
    assert refused.value.next_step
    assert len(str(refused.value)) < 500
    str(refused.value).encode()


@attack("custody-03", Mutation(FILE, find="    if len(raw) > MAX_BYTES:", replace="    if len(raw) > 10 * MAX_BYTES:"))
def test_a_file_is_weighed_before_it_is_read() -> None:
    """One byte above the limit and nothing of it is parsed."""
    raw = json.dumps(small()).encode()
    assert parse_interview(raw.ljust(MAX_BYTES)).title == "Saltmarsh"
    with pytest.raises(FormatError, match="at most"):
        parse_interview(raw.ljust(MAX_BYTES + 1))


@pytest.mark.parametrize("raw", [b"", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"schema": "custody-interview/1", "schema": "x"}'])
def test_what_is_no_object_is_refused(raw: bytes) -> None:
    """Not JSON, another shape, nested without end, a key that stands twice."""
    with pytest.raises(FormatError):
        parse_interview(raw)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["p1", "t1", "?", "-", "2+", "page"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "name", "kind", "admins", "x"]), inner, max_size=3),
    max_leaves=5,
)


@given(st.data())
def test_a_file_spoilt_anywhere_is_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    """No other exception comes out, and what is read after all means the same when it is written again."""
    value: Any = small()
    at, last = value, data.draw(st.sampled_from(sorted(value)))
    while isinstance(inner := at[last], dict | list) and inner and data.draw(st.booleans()):
        at, last = inner, data.draw(st.sampled_from(sorted(inner) if isinstance(inner, dict) else range(len(inner))))
    at[last] = data.draw(ANYTHING)
    try:
        found = parse_interview(json.dumps(value).encode())
    except CommonholdError:
        return
    assert parse_interview(interview_bytes(found)) == found


def test_a_file_may_leave_out_where_its_people_were() -> None:
    """Title, language and place are remarks."""
    value = small()
    for key in ("title", "language", "at"):
        del value[key]
    assert parse_interview(json.dumps(value).encode()).things[1] == Thing("t2", "mailbox", "post", {"reset_mail": ("p1",)}, {"desk": True})

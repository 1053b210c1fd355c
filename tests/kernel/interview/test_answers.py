"""Laws about answers as a value: names that a reader would confuse are one, and whoever goes leaves no answer behind that names them."""

from __future__ import annotations

import pytest
from hypothesis import given

from commonhold.kernel.custody.interview import Interview, Person, Thing, compile_register, interview_bytes, parse_interview
from commonhold.kernel.custody.interview.answers import MAX_NAME, TOGETHER, UNKNOWN, clean_name, next_id, same_name
from commonhold.kernel.errors import FormatError
from commonhold.kernel.messages import N_, in_english
from tests.attacks import Mutation, attack
from tests.kernel.interview.strategies import interviews

ANSWERS = "src/commonhold/kernel/custody/interview/answers.py"


@given(interviews())
def test_who_and_what_is_removed_is_named_nowhere(found: Interview) -> None:
    """After people or things are taken out, the rest can be saved, read again and made a register of."""
    few = found.with_people(found.people[1:]).with_things(found.things[1:])
    left = {person.id for person in few.people} | {thing.id for thing in few.things}
    for thing in few.things:
        for tokens in thing.answers.values():
            assert not {token for token in tokens if token[0] in "pt"} - left
            assert set(tokens) != {TOGETHER}
    assert parse_interview(interview_bytes(few)) == few
    compile_register(few)


@given(interviews())
def test_who_stays_keeps_every_answer(found: Interview) -> None:
    """Setting the same people and things again loses nothing, but for a "two of them together" that names nobody."""
    again = found.with_people(found.people).with_things(found.things)
    for thing in found.things:
        said = {question: tokens for question, tokens in thing.answers.items() if set(tokens) != {TOGETHER}}
        assert (kept := again.thing(thing.id)) is not None
        assert kept.answers == said


def test_a_thing_that_becomes_another_kind_is_named_no_more_where_it_was() -> None:
    """A reset mailbox that turns out to be a phone leaves the question open, so that the file can still be read."""
    shop = Thing("t1", "other", "shop", {"reset_mail": ("t2",)})
    found = Interview(things=(shop, Thing("t2", "mailbox", "post")))
    changed = found.with_things((shop, Thing("t2", "phone", "post")))
    assert changed.things[0].answers == {}
    assert parse_interview(interview_bytes(changed)) == changed


def test_an_answer_is_a_set_of_tokens_and_none_at_all_opens_the_question_again() -> None:
    """Answering twice with one token is answering once; an empty answer is no answer."""
    thing = Thing("t1", "page", "page").answering("admins", ["p1", "p1", "p2"])
    assert thing.answers == {"admins": ("p1", "p2")}
    assert thing.answering("admins", []).answers == {}
    found = Interview(things=(thing,))
    assert found.replacing(thing.answering("admins", [])).things[0].answers == {}
    assert found.of_kind("page") == (thing,)
    assert found.thing("t2") is None


def test_a_new_id_is_above_all_others() -> None:
    """Ids are numbers behind a letter, and the next is one more than the highest."""
    assert next_id("p", []) == "p1"
    assert next_id("t", ["t3", "t1"]) == "t4"


@pytest.mark.parametrize(
    ("written", "kept"), [("  Heron \t of\nSaltmarsh ", "Heron of Saltmarsh"), ("Zoe\u0308", "Zoë"), ("", ""), ("\u200b\u2060", "")]
)
def test_a_name_is_one_line_in_form_c(written: str, kept: str) -> None:
    """Spaces are collapsed and accents composed; what cannot be seen is no name."""
    assert clean_name(written, "a name") == kept


@pytest.mark.parametrize("written", [7, None, "x" * (MAX_NAME + 1), " " * 900 + "x", "a\u202eb", "a\x00b", "a\ud800", "Heron, Tern"])
def test_a_name_that_could_mislead_is_refused(written: object) -> None:
    """No text, too long, control or bidirectional characters, half a character, a comma: refused, with what to do."""
    with pytest.raises(FormatError) as refused:
        clean_name(written, "the name")
    assert refused.value.next_step
    assert clean_name("Heron, Tern", "the title", comma=True) == "Heron, Tern"


@attack(
    "custody-02",
    Mutation(ANSWERS, find="    return _seen(a) == _seen(b)", replace="    return a == b"),
    Mutation(ANSWERS, find='unicodedata.category(c) == "Cf" or c in _UNSEEN', replace="False"),
)
@pytest.mark.parametrize("other", ["HERON", "ｈｅｒｏｎ", "He\u200bron", "He\u00adron", "Heron\ufe0f", "he\u034fron"])
def test_one_person_under_two_spellings_is_refused(other: str) -> None:
    """Whoever stands in an interview twice would count as two people whom it takes together."""
    assert same_name("Heron", other)
    assert not same_name("Heron", "Herons")
    twice = Interview(people=(Person("p1", "Heron"), Person("p2", other)))
    with pytest.raises(FormatError, match="twice"):
        parse_interview(interview_bytes(twice))


def test_without_a_page_a_message_is_said_in_english() -> None:
    """A marked message is itself; its values are put in; a percent sign is written twice."""
    assert N_("%(name)s: use it") == "%(name)s: use it"
    assert in_english("%(name)s: use it", name="page") == "page: use it"
    assert in_english("100%% sure") == "100% sure"
    assert UNKNOWN == "?"

"""Laws about what to do first: every number is that of the analysis, no step opens anything, and nothing in a step is idle."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings

from commonhold.kernel.custody.interview import KINDS, Interview, Person, Plan, Thing, compile_register, parse_interview, plan, standing
from commonhold.kernel.custody.interview.answersfile import check_answer, interview_bytes
from commonhold.kernel.custody.interview.remedies import remedies
from commonhold.kernel.custody.interview.standing import Standing
from tests.interviews import CASES, Case
from tests.kernel.interview.strategies import interviews, same

PEOPLE = (Person("p1", "Heron"), Person("p2", "Tern"), Person("p3", "Plover"))


def _exposed(found: Standing) -> int:
    return len(found.taken()) + len(found.lost())


def _check(found: Interview, made: Plan) -> None:
    """Every law about a plan."""
    assert same(made.now, compile_register(found).register)
    before, stands = found, made.now
    for step in made.steps:
        assert step.before == stands
        then = before
        for remedy in step.remedies:
            then = remedy.done(then)
            for id_, question, tokens in remedy.changes:
                thing = before.thing(id_)
                assert thing is not None
                check_answer(thing, question, tokens, before)
        assert step.then == then
        assert same(step.after, compile_register(then).register)
        assert set(step.after.taken()) <= set(step.before.taken())
        assert set(step.after.destroyed()) <= set(step.before.destroyed())
        assert step.after.weight < step.before.weight
        assert step.hoped == any(remedy.hoped for remedy in step.remedies)
        for one in step.remedies if len(step.remedies) > 1 else ():
            fewer = before
            for remedy in step.remedies:
                fewer = fewer if remedy == one else remedy.done(fewer)
            assert _exposed(standing(compile_register(fewer).register)) > _exposed(step.after)
        before, stands = then, step.after
    assert parse_interview(interview_bytes(before)) == before


@given(interviews())
@settings(max_examples=40, deadline=None)
def test_every_number_of_a_plan_is_that_of_the_analysis(found: Interview) -> None:
    """For each step: the changed answers compiled and analysed anew say the same; nothing becomes takeable by one; each remedy is needed."""
    made = plan(found)
    assert made.complete
    _check(found, made)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_follows_from_the_answers_is_what_was_worked_out_by_hand(case: Case) -> None:
    """Five organisations: who alone takes what, what is lost with whom, and what a friend who knows such things would say first."""
    found = standing(compile_register(case.interview).register)
    assert {node.removesuffix(".exclusive"): set(who) for node, who in found.takers.items() if node.endswith(".exclusive")} == case.takers
    assert {node: None if (who := found.losses[node]) is None else set(who) for node in found.lost()} == case.lost
    made = plan(case.interview)
    _check(case.interview, made)
    texts = [remedy.text for remedy in made.steps[0].remedies]
    assert len(texts) == len(case.first)
    assert all(text.startswith(begins) for text, begins in zip(texts, case.first, strict=True))
    # Three steps, and nobody takes or loses anything alone any more.
    assert _exposed(made.steps[-1].after) == 0
    assert made.complete


def _page(**answers: str) -> Interview:
    page = Thing(
        "t1", "page", "page", {"editors": ("-",), "others": ("-",), "portfolio": ("-",), "copy": ("p2", "p3"), "reset_mail": ("-",)}
    )
    for question, tokens in answers.items():
        page = page.answering(question, tokens.split())
    return Interview(people=PEOPLE, things=(page,))


def test_where_there_are_two_doors_both_are_closed_in_one_step() -> None:
    """No single change ends the takeover, so the smallest group that does is one step."""
    found = _page(admins="p1", reset_mail="p2", editors="p3")
    for remedy in remedies(found, found.things[0]):
        assert standing(compile_register(remedy.done(found)).register).taken()
    (step,) = plan(found, steps=1).steps
    assert len(step.remedies) == 2
    assert not step.after.taken()


def test_a_second_door_in_another_thing_is_closed_with_the_first() -> None:
    """The mailbox stands at a domain that one person holds: sealing the mailbox alone would help nobody."""
    box = Thing(
        "t1",
        "mailbox",
        "post",
        {"password": ("p1",), "second_step": ("-",), "reset_mail": ("-",), "reset_phone": ("-",), "admins": ("-",), "domain": ("t2",)},
    )
    domain = Thing(
        "t2",
        "domain",
        "saltmarsh.example",
        {
            "contract": ("-",),
            "password": ("p2",),
            "second_step": ("-",),
            "reset_mail": ("-",),
            "reset_phone": ("-",),
            "dns": ("p2",),
            "lock": ("y",),
        },
    )
    found = Interview(people=PEOPLE, things=(box, domain))
    made = plan(found)
    assert any({remedy.thing for remedy in step.remedies} == {"t1", "t2"} for step in made.steps)
    assert not made.steps[-1].after.taken()


def test_a_plan_stops_where_nothing_helps() -> None:
    """One person alone has nobody to share with; an empty interview has nothing to do; a safe one neither."""
    lonely = Interview(people=PEOPLE[:1], things=_page(admins="p1", copy="p1").things)
    assert plan(lonely).steps == ()
    assert plan(Interview()).steps == ()
    safe = _page(admins="2+ p1 p2 p3", editors="p1 p2 p3")
    assert plan(safe) == Plan(standing(compile_register(safe).register), (), complete=True)


def test_what_nobody_has_looked_up_is_looked_up_first() -> None:
    """It costs an evening, and what comes of it is a hope that the step says."""
    found = _page(admins="2+ p1 p2 p3", editors="p1", reset_mail="?")
    (step,) = plan(found).steps
    assert step.hoped
    assert [remedy.cost for remedy in step.remedies] == [0]
    assert step.after.weight == 0


def test_those_who_have_left_are_asked_to_hand_over() -> None:
    """Where nobody inside can sign in any more, no advice pretends that somebody could change the password."""
    gone = (*PEOPLE[:2], Person("p3", "Curlew", inside=False))
    found = Interview(people=gone, things=_page(admins="p3", copy="p1 p2").things)
    (step,) = plan(found, steps=1).steps
    assert step.remedies[0].text.startswith("Ask those who have left")


def test_reset_messages_may_go_to_a_mailbox_that_nobody_opens_alone() -> None:
    """Where one is sealed already, it is an answer as good as none, and the way back in that the organisation keeps."""
    page = _page(admins="2+ p1 p2 p3", editors="p1", reset_mail="t2").things[0]
    sealed = Thing("t3", "mailbox", "vault", {"password": ("2+", "p1", "p2")})
    found = Interview(people=PEOPLE, things=(page, Thing("t2", "mailbox", "post"), sealed))
    offered = {remedy.changes: remedy.other for remedy in remedies(found, page)}
    assert offered[(("t1", "reset_mail", ("t3",)),)] == "t3"
    assert offered[(("t1", "reset_mail", ("-",)),)] == ""


@given(interviews())
@settings(max_examples=60)
def test_a_remedy_is_a_change_of_answers_that_could_be_given(found: Interview) -> None:
    """Every remedy for every thing names people and things that are there, and answers that the questions allow."""
    for thing in found.things:
        for remedy in remedies(found, thing):
            assert set(remedy.people) <= {person.id for person in found.people}
            assert remedy.thing == thing.id
            assert remedy.other == "" or found.thing(remedy.other) is not None
            for id_, question, tokens in remedy.changes:
                assert id_ == thing.id
                check_answer(thing, question, tokens, found)
            assert remedy.text % {"thing": "T", "people": "P", "other": "O"}
            assert ("%(people)s" in remedy.text) <= bool(remedy.people)
            assert ("%(other)s" in remedy.text) == bool(remedy.other)


def crowd(things: int, people: int) -> Interview:
    """As much as an interview can hold: everybody has everything, and every thing leans on others."""
    kinds = list(KINDS)
    bare = [Thing(f"t{n}", kinds[n % len(kinds)], f"Thing {n}") for n in range(1, things + 1)]
    crowded = tuple(Person(f"p{n}", f"Person {n}", n % 7 != 0) for n in range(1, people + 1))
    made = []
    for thing in bare:
        answers = {}
        for place, asked in enumerate(KINDS[thing.kind].questions):
            leaning = [other.id for other in bare if other.kind == asked.takes and other.id != thing.id]
            some = [person.id for number, person in enumerate(crowded) if number % (place + 2) == 0]
            answers[asked.id] = ("n",) if asked.takes == "yesno" else tuple(leaning or some)
        del answers[KINDS[thing.kind].questions[-1].id]
        made.append(Thing(thing.id, thing.kind, thing.name, {key: tokens for key, tokens in answers.items() if tokens}))
    return Interview(people=crowded, things=tuple(made))


def test_a_large_interview_gets_an_answer_that_says_it_is_not_complete() -> None:
    """The work is bounded: what was not tried is said, and the steps that were found are right."""
    found = crowd(12, 9)
    made = plan(found, tried=50)
    assert not made.complete
    _check(found, made)


def test_remedies_of_one_thing_are_tried_in_pairs_at_least() -> None:
    """The bound leaves room for every pair of what one thing can do."""
    for thing in crowd(11, 9).things:
        assert len(list(combinations(remedies(crowd(11, 9), thing), 2))) < 1_000

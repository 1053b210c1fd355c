"""Laws about the register of an interview: every kind becomes one, what is not known is counted at its worst, and knowing more never looks worse."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from commonhold.kernel.custody import NodeRef, Register, as_json, parse_register
from commonhold.kernel.custody.interview import KINDS, Interview, Person, Thing, compile_register, standing
from commonhold.kernel.custody.interview.answers import NONE, TOGETHER, UNKNOWN
from commonhold.kernel.custody.interview.compiling import nodes_of
from tests.attacks import Mutation, attack
from tests.kernel.interview.strategies import answered, interviews, takers

BUILDING = "src/commonhold/kernel/custody/interview/building.py"
FAMILIES = "src/commonhold/kernel/custody/interview/families.py"

THREE = (Person("p1", "Heron"), Person("p2", "Tern"), Person("p3", "Plover"))
RECOVERIES = [(kind.id, asked.id) for kind in KINDS.values() for asked in kind.questions if asked.recovery]
SOMEBODY = "somebody we do not know"


def again(found: Register) -> Register:
    """A register written as JSON and read again."""
    parties = [{"id": party.id, "kind": party.kind, "org": party.org} for party in found.parties.values()]
    value = {
        "schema": "custody-register/1",
        "title": found.title,
        "parties": parties,
        "nodes": [as_json(node) for node in found.nodes.values()],
    }
    return parse_register(json.dumps(value).encode())


def alone(*things: Thing, people: tuple[Person, ...] = THREE) -> dict[str, set[str]]:
    """For each power who can take it alone."""
    return dict(takers(compile_register(Interview(people=people, things=things)).register))


def known(kind: str, **answers: str) -> Thing:
    """A thing of which everything is known and nobody has anything, but for these answers."""
    thing = Thing("t1", kind, "It", {asked.id: (NONE,) for asked in KINDS[kind].questions if asked.none})
    for question, tokens in answers.items():
        thing = thing.answering(question, tokens.split())
    return thing


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", ["nothing", "unknown", "everything"])
def test_every_kind_becomes_a_register_that_survives_its_file(kind: str, how: str) -> None:
    """With no answer, with nothing but "we do not know" and with every question answered: nothing is noted, nothing lost, nothing dangling."""
    helpers = tuple(Thing(f"t{number}", other, other) for number, other in enumerate(("mailbox", "phone", "domain", "server"), 2))
    thing = answered(kind, THREE, *helpers) if how == "everything" else Thing("t1", kind, "It")
    if how == "unknown":
        thing = replace(thing, answers={asked.id: (UNKNOWN,) for asked in KINDS[kind].questions})
    compiled = compile_register(Interview("Saltmarsh", people=THREE, things=(thing, *helpers)))
    found = again(compiled.register)
    assert found.notes == ()
    assert found.parties == compiled.register.parties
    unmarked = {
        id_: replace(node, ways=tuple(replace(way, assumed=False) for way in node.ways)) for id_, node in compiled.register.nodes.items()
    }
    assert found.nodes == unmarked
    assert {"It.use", "It.exclusive"} <= found.nodes.keys()
    assert ("It.destroy" in found.nodes) == KINDS[kind].destroy
    assert [taken.assumption for taken in compiled.assumptions if taken.thing == "t1"] == [item.id for item in KINDS[kind].assumptions]


@given(interviews())
def test_any_interview_becomes_a_register_that_its_file_holds(found: Interview) -> None:
    """Whatever the names, the answers and the cycles are; and a thing's own nodes do not depend on what is said about others."""
    compiled = compile_register(found)
    assert again(compiled.register).parties == compiled.register.parties
    apart = [node for thing in found.things for node in nodes_of(found, thing.id)]
    assert {node.id: node for node in apart} == dict(compiled.register.nodes)


@attack(
    "custody-01",
    Mutation(
        BUILDING,
        find="                if tokens is None or UNKNOWN in tokens:\n",
        replace="                if UNKNOWN in (tokens or ()):\n",
    ),
    Mutation(BUILDING, find="for holder in holders if isinstance(holder, PartyRef))))", replace="for holder in holders[:0])))"),
    Mutation(BUILDING, find="return [Way(UNDECLARED, (holder,), assumed=True) for holder in holders]", replace="return []"),
    Mutation(FAMILIES, find="[way for way in around if way.assumed]", replace="[]"),
)
@pytest.mark.parametrize("others_stay", [True, False])
@pytest.mark.parametrize("answer", [None, UNKNOWN])
@pytest.mark.parametrize(("kind", "question"), RECOVERIES)
def test_a_recovery_path_that_nobody_looked_up_lets_each_holder_take_it_alone(
    kind: str, question: str, answer: str | None, others_stay: bool
) -> None:
    """For every kind that has one, whatever else is sealed, and whether it was left open or not known; the path is listed as open."""
    holding = {"group": "admins", "primary": "owner"}.get(KINDS[kind].family, "password")
    thing = known(kind, **{holding: f"{TOGETHER} p1 p2"})
    if KINDS[kind].question("second_step"):
        thing = thing.answering("second_step", ["p3"])
    if KINDS[kind].question("root"):
        thing = thing.answering("root", [TOGETHER, "p1", "p2"])
    thing = replace(thing, assumptions={item.id: others_stay for item in KINDS[kind].assumptions if item.id in ("remove", "reset_enough")})
    assert alone(thing)["It.exclusive"] == set()
    opened = thing.answering(question, [answer] if answer else [])
    assert alone(opened)["It.exclusive"] == {"Heron", "Tern"}
    if TOGETHER in thing.answers[holding]:
        apart = opened.answering(holding, ["p1", "p2"])
        assert alone(apart)["It.exclusive"] >= {"Heron", "Tern"}
    compiled = compile_register(Interview(people=THREE, things=(opened,)))
    assert [(item.thing, item.question, item.holders) for item in compiled.open] == [("t1", question, ("Heron", "Tern"))]


@attack("custody-01", Mutation(FAMILIES, find='if UNKNOWN in thing.answers.get("contract", (UNKNOWN,)):', replace="if False:"))
@pytest.mark.parametrize("answer", [[], [UNKNOWN]])
def test_a_phone_of_which_nobody_knows_the_contract_is_its_holders_alone(answer: list[str]) -> None:
    """Whoever holds the SIM card counts as able to keep the number, until somebody has looked up whose contract it is."""
    phone = known("phone", holder="p1", pin="y")
    assert alone(phone)["It.exclusive"] == set()
    assert alone(phone.answering("contract", answer))["It.exclusive"] == {"Heron", SOMEBODY}


def _not_known(tokens: tuple[str, ...] | None) -> bool:
    return tokens is None or tokens == (UNKNOWN,)


@given(interviews(), st.data())
def test_learning_that_there_is_nobody_never_adds_a_taker(found: Interview, data: st.DataObject) -> None:
    """What is not known is counted at its worst: once it is known to be nobody, nobody can take what they could not take before."""
    open_ = [
        (thing, asked)
        for thing in found.things
        for asked in KINDS[thing.kind].questions
        if asked.none and _not_known(thing.answers.get(asked.id))
    ]
    # In an organisation of one, whatever is its own is that person's.
    assume(open_ and sum(person.inside for person in found.people) > 1)
    thing, asked = data.draw(st.sampled_from(open_))
    before, after = (standing(compile_register(one).register) for one in (found, found.replacing(thing.answering(asked.id, [NONE]))))
    for power, who in after.takers.items():
        assert set(who) <= set(before.takers[power])


def test_an_answer_that_contradicts_itself_is_counted_at_its_worst() -> None:
    """ "Nobody" beside a name is the name, "yes" beside "no" is no, "two together" of whom nobody is named is not known."""
    domain = known("domain", password=f"{TOGETHER} p1 p2", contract="- p3", lock="y n")
    assert alone(domain)["It.exclusive"] == {"Plover"}
    titles = compile_register(Interview(people=THREE, things=(domain.answering("contract", ["-"]),))).register.nodes["It.exclusive"].ways
    assert [len(way.all) for way in titles] == [1, 1, 2]
    assert alone(known("other", password="2+"))["It.exclusive"] == {SOMEBODY}
    assert alone(known("other", password="p1", second_step="p2 ?"))["It.exclusive"] == {"Heron"}
    assert alone(known("other", password="p1", second_step="p2 -"))["It.exclusive"] == {"Heron"}
    assert alone(known("other", password="p1", second_step="p2"))["It.exclusive"] == set()


def test_administrators_who_cannot_remove_each_other_take_a_page_together() -> None:
    """Unless there is one of them only, or they share one sealed account, or it stands on a server of ours."""
    keep = {"remove": False}
    page = replace(known("page", admins="p1 p2"), assumptions=keep)
    assert alone(page)["It.exclusive"] == set()
    assert alone(page)["It.use"] == {"Heron", "Tern"}
    assert alone(page.answering("admins", ["p1"]))["It.exclusive"] == {"Heron"}
    assert alone(page.answering("others", ["p3"]))["It.exclusive"] == set()
    assert alone(page.answering("admins", ["p1"]).answering("others", ["p3"]))["It.exclusive"] == {"Heron", "Plover"}
    sealed = page.answering("admins", [TOGETHER, "p1", "p2", "p3"])
    ways = compile_register(Interview(people=THREE, things=(sealed,))).register.nodes["It.exclusive"].ways
    assert ways[0].all == (NodeRef("It.admin"),)
    server = Thing("t2", "server", "box", {**known("server", password="2+ p1 p2", root="p3").answers})
    listed = replace(known("list", admins="p1 p2", server="t2"), assumptions=keep)
    assert alone(listed, server)["It.exclusive"] == {"Plover"}


def test_those_with_a_copy_must_be_won_over_to_destroy_a_thing() -> None:
    """Only then is what is in it gone for good; the provider too needs them."""
    channel = known("channel", owner="p1", managers="p2", copy="p3")
    assert alone(channel)["It.destroy"] == set()
    assert alone(channel.answering("copy", ["p1"]))["It.destroy"] == {"Heron"}
    assert alone(channel.answering("copy", ["-"]))["It.destroy"] == {"Heron", "Tern"}


@pytest.mark.parametrize(
    ("kind", "answers", "assumption", "expected"),
    [
        ("channel", {"owner": "p1", "managers": "p2"}, "primary", {"Heron", "Tern"}),
        ("domain", {"password": "2+ p1 p2", "contract": "p3"}, "papers", set()),
        ("phone", {"holder": "p1", "contract": "p3"}, "new_sim", {"Plover"}),
        ("other", {"password": "p1", "second_step": "p2", "reset_mail": "p3"}, "reset_enough", set()),
    ],
)
def test_an_assumption_can_be_changed_and_is_shown_as_decided(
    kind: str, answers: dict[str, str], assumption: str, expected: set[str]
) -> None:
    """How things usually are is a proposal; the register follows what people know better."""
    thing = replace(known(kind, **answers), assumptions={assumption: False})
    assert alone(thing)["It.exclusive"] == expected
    taken = compile_register(Interview(people=THREE, things=(thing,))).assumptions
    assert [(item.assumption, item.holds) for item in taken if item.decided] == [(assumption, False)]


def test_a_registry_lock_makes_the_account_ask_the_holder() -> None:
    """Then whoever has the account needs whoever has the name, and a stranger at the support desk gets nowhere."""
    domain = known("domain", password="p1", contract="-", lock="n")
    assert alone(domain)["It.exclusive"] == {"Heron"}
    assert alone(domain.answering("lock", ["y"]))["It.exclusive"] == set()


def test_a_support_desk_is_no_way_for_one_alone() -> None:
    """It takes the provider's mistake beside the stranger, so the two stand in the register together."""
    register = compile_register(
        Interview(people=THREE, things=(replace(known("mailbox", password="2+ p1 p2"), assumptions={"desk": True}),))
    )
    ways = [way.all for way in register.register.nodes["It.exclusive"].ways]
    assert [[item.id for item in way if hasattr(item, "id")] for way in ways] == [
        ["It.login"],
        ["the mail service of It", "a stranger with a good story"],
    ]


def test_two_mailboxes_that_reset_each_other_open_nothing_by_themselves() -> None:
    """A cycle does not support itself; whoever has one has both."""
    first = known("mailbox", password="2+ p1 p2", reset_mail="t2")
    second = replace(known("mailbox", password="2+ p2 p3", reset_mail="t1"), id="t2", name="Other")
    assert alone(first, second)["It.exclusive"] == set()
    assert alone(first, second.answering("password", ["p3"]))["It.exclusive"] == {"Plover"}


def test_a_person_called_like_a_provider_is_somebody_else() -> None:
    """Parties whom a page would call the same stay apart."""
    page = known("page", admins="p1 ?")
    odd = (Person("p1", "the network of It"), Person("p2", SOMEBODY), Person("p3", f"{SOMEBODY}*"))
    register = compile_register(Interview(people=odd, things=(page,))).register
    assert {party.id: party.kind for party in register.parties.values()} == {
        "the network of It": "person",
        SOMEBODY: "person",
        f"{SOMEBODY}*": "person",
        f"{SOMEBODY}**": "outsider",
        "the network of It*": "platform",
    }

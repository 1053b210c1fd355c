"""Interviews for tests: every kind of thing, any answer that its questions allow, left open as often as not; and brute force beside them."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import strategies as st

from commonhold.kernel.custody import Finding, Register, analyse
from commonhold.kernel.custody.interview import KINDS, Interview, Person, Standing, Thing
from commonhold.kernel.custody.interview.answers import NONE, TOGETHER, UNKNOWN
from commonhold.kernel.custody.interview.questions import Question

NAMES = st.text(st.sampled_from("abß éж한鳥ن.*-'<&%"), min_size=1, max_size=8).map(lambda text: f"x{' '.join(text.split())}")


def tokens(asked: Question, thing: Thing, people: tuple[Person, ...], things: tuple[Thing, ...]) -> list[str]:
    """Everything that may stand in an answer to one question."""
    if asked.takes == "yesno":
        return ["y", "n", UNKNOWN]
    found = [UNKNOWN] + [NONE] * bool(asked.none) + [TOGETHER] * asked.together
    if asked.takes in ("people", "mailbox", "phone"):
        found += [person.id for person in people]
    return found + [other.id for other in things if other.kind == asked.takes and other.id != thing.id]


@st.composite
def interviews(draw: st.DrawFn, kinds: tuple[str, ...] = tuple(KINDS), most: int = 4) -> Interview:
    """Up to four people, of whom any may have left, and a few things that lean on each other, cycles included."""
    people = tuple(
        Person(f"p{number}", f"Person {number}{draw(NAMES)}", draw(st.booleans())) for number in range(1, 1 + draw(st.integers(0, 4)))
    )
    bare = tuple(
        Thing(f"t{number}", draw(st.sampled_from(kinds)), f"Thing {number}{draw(NAMES)}")
        for number in range(1, 1 + draw(st.integers(0, most)))
    )
    things = []
    for thing in bare:
        answers = {}
        for asked in KINDS[thing.kind].questions:
            if draw(st.booleans()):
                allowed = st.sampled_from(tokens(asked, thing, people, bare))
                answers[asked.id] = tuple(draw(st.lists(allowed, min_size=1, max_size=3, unique=True)))
        assumptions = {item.id: draw(st.booleans()) for item in KINDS[thing.kind].assumptions if draw(st.integers(0, 3)) == 0}
        things.append(Thing(thing.id, thing.kind, thing.name, answers, assumptions))
    return Interview(draw(NAMES), "en", "", people, tuple(things))


def answered(kind: str, people: tuple[Person, ...], *others: Thing) -> Thing:
    """A thing of a kind with every question answered: by all people, by the other things, or with yes."""
    thing = Thing("t1", kind, "It")
    answers: dict[str, tuple[str, ...]] = {}
    for asked in KINDS[kind].questions:
        of = [other.id for other in others if other.kind == asked.takes]
        answers[asked.id] = ("y",) if asked.takes == "yesno" else tuple(of or [person.id for person in people])
        if asked.takes in ("domain", "server") and not of:
            answers[asked.id] = (NONE,)
    return Thing(thing.id, kind, thing.name, answers)


def _resources(found: Register) -> Mapping[str, Finding]:
    wanted = [node.id for node in found.nodes.values() if node.kind == "resource"]
    # No target at all would mean every node.
    return analyse(found, wanted) if wanted else {}


def takers(found: Register) -> Mapping[str, set[str]]:
    """For each power who can take it alone, providers aside: the sets of one that the analysis finds."""
    people = {party.id for party in found.parties.values() if party.kind != "platform"}
    alone = {}
    for target, finding in _resources(found).items():
        assert finding.complete
        alone[target] = people if finding.seize.sets == ((),) else {one[0] for one in finding.seize.sets if len(one) == 1} & people
    return alone


def losses(found: Register) -> Mapping[str, set[str] | None]:
    """For each power whose loss alone locks the organisation out, as the analysis finds it; None where it is locked out already."""
    alone: dict[str, set[str] | None] = {}
    for target, finding in _resources(found).items():
        alone[target] = None if finding.lockout.sets == ((),) else {one[0] for one in finding.lockout.sets if len(one) == 1}
    return alone


def same(found: Standing, register: Register) -> bool:
    """Whether a standing says what the analysis of a register says."""
    resources = [node.id for node in register.nodes.values() if node.kind == "resource"]
    assert list(found.takers) == list(found.losses) == resources
    told = {node: set(who) for node, who in found.takers.items()}
    lost = {node: None if who is None else set(who) for node, who in found.losses.items()}
    return told == takers(register) and lost == losses(register)

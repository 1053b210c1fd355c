"""What of a record concerns a member: theirs, naming them, and what was done about it; and nothing of others'."""

from __future__ import annotations

from commonhold.kernel.record.concerning import ABOUT, ACTED_ON, BY, NAMES, concerning, mentions, state_concerning
from tests.attacks import Mutation, attack
from tests.kernel.record.helpers import Club, text

CONCERNING = "src/commonhold/kernel/record/concerning.py"


@attack(
    "export-01",
    Mutation(CONCERNING, find="ABOUT if _proposal(body) in proposals else", replace="ABOUT if _proposal(body) else"),
    Mutation(CONCERNING, find="if not why and entry.id in acted_on:", replace="if not why and not acted_on:"),
)
def test_everything_by_and_about_a_member_and_nothing_of_others() -> None:
    """Their proposal and the votes on it, a proposal that names them and the votes on that; not what others decided about others."""
    club = Club()
    theirs = club.propose("dunlin", "ordinary", {"text": text("theirs")})
    club.approve(theirs, "heron")
    others = club.propose("heron", "ordinary", {"text": text("others")})
    club.approve(others, "tern")
    named = club.propose("heron", "expel", {"member": "dunlin"})
    club.approve(named, "curlew")
    club.do("dunlin", "object", proposal=others)
    entries = [outcome.entry for outcome in club.outcomes]
    found = {concern.entry.id: concern.why for concern in concerning([None, *entries], "dunlin")}
    whys = {entry.id: found.get(entry.id, "") for entry in entries if entry is not None}
    proposals = {entry.id: entry.body.proposal for entry in entries if entry is not None and entry.type == "approve"}
    assert (whys[theirs], whys[others], whys[named]) == (BY, ACTED_ON, NAMES)
    assert {(proposals[entry], whys[entry]) for entry in proposals} == {(theirs, ABOUT), (others, ""), (named, ABOUT)}
    assert entries[0] is not None
    assert whys[entries[0].id] == NAMES
    state = state_concerning(club.state, "dunlin", frozenset(found))
    assert set(state["members"]) == {"dunlin"}
    assert set(state["proposals"]) >= {theirs, named}


@attack("export-01", Mutation(CONCERNING, find="return value == member", replace="return member in value"))
def test_a_member_is_found_wherever_they_stand() -> None:
    """As a text, a name, in a list, deep down; never as a part of a word."""
    assert mentions({"a": [{"b": ("x", "heron")}]}, "heron")
    assert mentions({"heron": 1}, "heron")
    assert not mentions({"a": ["heron-hill", 1, None]}, "heron")


def test_what_follows_from_a_decision_about_a_member_is_in_it() -> None:
    """A value that only names the proposal that it rests on."""
    club = Club(clocked=True)
    key = club.propose("heron", "channel", {"op": "add", "address": "https://club.example/"})
    club.approve(key, "heron")
    club.tick()
    assert "channels" in state_concerning(club.state, "nobody", frozenset({key}))

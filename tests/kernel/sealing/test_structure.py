"""Laws of structures: who opens a seal, what is refused, and what is said plainly before anybody relies on it."""

from __future__ import annotations

from itertools import chain, combinations
from typing import Any

import pytest
from hypothesis import given

from commonhold.kernel.custody.sealing.structure import MAX_SETS, Group, parse_structure, remarks
from commonhold.kernel.errors import CommonholdError, CustodyError
from tests.attacks import Mutation, attack
from tests.kernel.sealing.seals import BOTH, DEEP, OFFICERS, structures

FILE = "src/commonhold/kernel/custody/sealing/structure.py"


def test_a_structure_is_read_as_it_is_written() -> None:
    """A structure and its canonical object say the same, and a person's place is the number of their share."""
    for value in (OFFICERS, BOTH, DEEP):
        assert parse_structure(value).to_value() == value
    assert parse_structure(BOTH).people() == ("heron", "tern", "plover", "north", "east", "south", "west", "coast")
    assert len(list(parse_structure(DEEP).groups())) == 6


def test_two_of_the_officers_and_three_of_the_regions_open_and_nobody_else() -> None:
    """Groups are joined by AND: no number of officers stands in for a region."""
    structure = parse_structure(BOTH)
    assert structure.is_met({"heron", "tern", "north", "east", "coast"})
    assert not structure.is_met({"heron", "tern", "plover", "north", "east"})
    assert not structure.is_met({"heron", "north", "east", "south", "west", "coast"})
    assert structure.fewest() == 5
    assert structure.count_sets() == len(structure.sets()) == 30
    assert structure.in_words() == "2 of (2 of (heron, tern, plover), 3 of (north, east, south, west, coast))"
    assert Group(1, ("heron",)).in_words() == "heron"


@given(structures())
def test_the_listed_sets_are_exactly_the_minimal_ones(structure: Group) -> None:
    """Every listed set opens, no part of one does, and whoever opens includes one of them."""
    people = structure.people()
    sets = structure.sets()
    assert len(sets) == structure.count_sets() == len(set(sets))
    assert min(map(len, sets)) == structure.fewest()
    for chosen in sets:
        assert structure.is_met(chosen)
        assert not any(structure.is_met(chosen - {person}) for person in chosen)
    if len(people) <= 10:
        for some in chain.from_iterable(combinations(people, size) for size in range(len(people) + 1)):
            assert structure.is_met(set(some)) == any(chosen <= set(some) for chosen in sets)


def test_sets_without_end_are_counted_and_not_listed() -> None:
    """Eight groups of eight have far more openings than anybody could read, and that is said at once."""
    structure = parse_structure({"need": 8, "of": [{"need": 4, "of": [f"m{place}-{at}" for at in range(8)]} for place in range(8)]})
    assert structure.count_sets() > MAX_SETS
    with pytest.raises(CustodyError, match="sets of people could open") as caught:
        structure.sets()
    assert caught.value.code == "seal/too-many-sets"


@attack(
    "seal-person-twice",
    Mutation(FILE, find="        if people.count(person) > 1:", replace="        if people.count(person) > 2:"),
)
def test_nobody_holds_two_shares() -> None:
    """One person in two groups would turn 2 and 3 people into 4, and no mathematics could tell."""
    value = {"need": 2, "of": [OFFICERS, {"need": 2, "of": ["heron", "north", "east"]}]}
    with pytest.raises(CustodyError, match="heron stands in two groups") as caught:
        parse_structure(value)
    assert caught.value.code == "seal/person-twice"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({"need": 4, "of": ["heron", "tern", "plover"]}, "seal/threshold"),
        ({"need": 0, "of": ["heron"]}, "seal/threshold"),
        ({"need": True, "of": ["heron"]}, "seal/threshold"),
        ({"need": "2", "of": ["heron", "tern"]}, "seal/threshold"),
        ({"need": 1, "of": []}, "seal/too-large"),
        ({"need": 1, "of": [f"m{at}" for at in range(17)]}, "seal/too-large"),
        ({"need": 1, "of": [{"need": 1, "of": [f"m{place}-{at}" for at in range(13)]} for place in range(5)]}, "seal/too-large"),
        (
            {"need": 1, "of": [{"need": 1, "of": [{"need": 1, "of": [{"need": 1, "of": [{"need": 1, "of": ["heron"]}]}]}]}]},
            "seal/too-large",
        ),
        ({"need": 1, "of": "heron"}, "seal/structure"),
        ({"need": 1}, "seal/structure"),
        ({"need": 1, "of": [7]}, "seal/structure"),
        (["heron"], "seal/structure"),
        ({"need": 1, "of": ["Heron!"]}, "id/member"),
    ],
)
def test_a_structure_that_cannot_be_is_refused(value: Any, code: str) -> None:
    """m above n, empty groups, groups beyond SLIP-39, and what is no structure at all."""
    with pytest.raises(CommonholdError) as caught:
        parse_structure(value)
    assert caught.value.code == code


def test_what_a_structure_means_is_said_plainly() -> None:
    """A group of one, a group that any one fills, no spare, a person whom nobody can do without, and one person alone."""
    value = {"need": 3, "of": [{"need": 1, "of": ["heron"]}, {"need": 1, "of": ["tern", "plover"]}, {"need": 2, "of": ["north", "east"]}]}
    found = [(remark.code, remark.words) for remark in remarks(parse_structure(value))]
    assert ("one-member", "heron is a group of one: without heron that group can never be met") in found
    assert ("any-one", "any one of tern, plover fills their group alone") in found
    assert any(code == "no-spare" and "2 of (north, east)" in words for code, words in found)
    assert [words.split()[-10] for code, words in found if code == "veto"]
    assert {code for code, _ in found} == {"one-member", "any-one", "no-spare", "veto"}
    alone = remarks(parse_structure({"need": 1, "of": ["heron", "tern"]}))
    assert [(remark.code, remark.words) for remark in alone] == [("one-person", "one person alone opens it: heron, tern")]
    assert remarks(parse_structure(BOTH)) == ()
    assert [remark.code for remark in remarks(parse_structure({"need": 1, "of": ["heron"]}))] == ["one-person"]

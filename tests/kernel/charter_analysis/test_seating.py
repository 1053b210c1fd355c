"""Who sits where: by name, or filled."""

from __future__ import annotations

import pytest

from commonhold.kernel.charter.seating import Group, Seating, seat_everybody, seat_named
from commonhold.kernel.errors import RuleError
from tests.kernel.charters import load


def test_seats_are_filled_by_people_of_their_own_where_there_are_enough() -> None:
    """Four seats and eight others, and only a single seat goes without a number."""
    seating = seat_everybody(load(), 12)
    assert [(sorted(group.offices), group.size) for group in seating.groups] == [
        (["chair"], 1),
        (["editor"], 2),
        (["treasurer"], 1),
        ([], 8),
    ]
    assert [group.people(group.size) for group in seating.groups[:3]] == [("chair",), ("editor 1", "editor 2"), ("treasurer",)]
    assert seating.groups[3].people(2) == ("member 1", "member 2")
    assert seating.members == 12


def test_few_people_hold_several_seats_as_far_as_the_charter_allows() -> None:
    """Chair and treasurer stay apart, and what nobody may take stays empty."""
    three = seat_everybody(load(), 3)
    assert three.members == 3
    assert three.holding(frozenset({"chair"})) == three.holding(frozenset({"treasurer"})) == 1
    assert not any({"chair", "treasurer"} <= group.offices for group in three.groups)
    one = seat_everybody(load(), 1)
    assert one == Seating((Group(frozenset({"chair", "editor"}), 1, ("member 1",)), Group(frozenset(), 0)))


def test_members_by_name_are_grouped_by_what_they_hold() -> None:
    """Named twice is once."""
    seating = seat_named(load(), ["heron", "tern", "plover", "heron"], {"chair": ["heron"], "editor": ["heron", "tern", "tern"]})
    assert seating.groups == (
        Group(frozenset({"chair", "editor"}), 1, ("heron",)),
        Group(frozenset({"editor"}), 1, ("tern",)),
        Group(frozenset(), 1, ("plover",)),
    )


@pytest.mark.parametrize(
    ("members", "seats", "words"),
    [
        ([], {}, "there are no members"),
        (["heron"], {"king": ["heron"]}, "no office 'king'"),
        (["heron"], {"chair": ["tern"]}, "'tern' holds chair and is not among the members"),
        (["heron", "tern"], {"chair": ["heron", "tern"]}, "2 people hold chair, which has 1 seats"),
        (["heron"], {"chair": ["heron"], "treasurer": ["heron"]}, "'heron' would hold chair and treasurer"),
    ],
)
def test_seats_that_the_charter_does_not_allow_are_refused(members: list[str], seats: dict[str, list[str]], words: str) -> None:
    """The refusal names the office or the member, and says what to do."""
    with pytest.raises(RuleError) as refused:
        seat_named(load(), members, seats)
    assert words in str(refused.value)
    assert refused.value.code == "charter/seating"
    assert refused.value.next_step

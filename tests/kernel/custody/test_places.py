"""Laws of places: where a quorum lives under one roof, one visit is enough, and the analysis says so."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonhold.kernel.custody import Effort, Register, one_visit, parse_register
from commonhold.kernel.errors import CustodyError, FormatError
from tests.attacks import Mutation, attack
from tests.kernel.custody.graphs import obtained, value

FILE = "src/commonhold/kernel/custody/places.py"
THREE: list[Any] = [{"atleast": 2, "of": ["party:heron", "party:tern", "party:plover"]}]


def register(nodes: dict[str, Any], places: dict[str, str]) -> Register:
    found = value(nodes)
    for party in found["parties"]:
        if party["id"] in places:
            party["place"] = places[party["id"]]
    return parse_register(json.dumps(found).encode())


@attack(
    "coercion-one-place",
    Mutation(FILE, find="for id_ in register.parties} | {id_: place for", replace="for id_ in register.parties} | {id_: id_ for"),
    Mutation("src/commonhold/kernel/custody/registerfile.py", find='        place = item.get("place", "")', replace='        place = ""'),
)
def test_a_quorum_under_one_roof_is_one_visit() -> None:
    """Two of three custodians live together: whoever comes to that door has the page, and in two places it takes two visits."""
    together = register(
        {"page": [THREE], "home": [["node:page", "party:plover"]]}, {"heron": "Quay 4", "tern": "Quay 4", "plover": "Hill 1"}
    )
    found = one_visit(together)
    assert (found["page"].places, found["page"].known) == ({"Quay 4": ("heron", "tern")}, True)
    assert (found["home"].places, found["home"].known) == ({}, True)
    assert one_visit(together, ["page"], without=["tern"])["page"].places == {}
    apart = register({"page": [THREE]}, {"heron": "Quay 4", "tern": "Mill 2", "plover": "Hill 1"})
    assert one_visit(apart)["page"].places == {}
    assert one_visit(register({"page": [THREE]}, {})) == {}


def test_places_and_people_are_never_taken_for_each_other() -> None:
    """A place that is called as a person is not that person, and somebody who can do it alone where they live is a visit, too."""
    found = register({"page": [["party:heron"], ["party:tern", "party:plover"]]}, {"tern": "heron", "plover": "heron", "curlew": "Quay 4"})
    assert one_visit(found)["page"].places == {"heron": ("tern", "plover")}
    assert one_visit(register({"page": [["party:heron"]], "open": [[]]}, {"heron": "Quay 4"}))["open"].places == {}
    assert one_visit(register({"page": [["party:heron"]]}, {"heron": "Quay 4"}))["page"].places == {"Quay 4": ("heron",)}
    with pytest.raises(FormatError, match="the place of party 'heron'"):
        register({"page": []}, {"heron": " "})
    with pytest.raises(CustodyError):
        one_visit(found, without=["nobody"])


@given(st.dictionaries(st.sampled_from(["heron", "tern", "plover", "curlew"]), st.sampled_from(["Quay 4", "Hill 1"])), st.integers(1, 4))
def test_one_visit_is_enough_exactly_where_those_who_live_there_can_take_it(places: dict[str, str], need: int) -> None:
    """The same as asking the plain fixpoint about everybody of each place."""
    of = ["party:heron", "party:tern", "node:box", "party:curlew"]
    found = register({"page": [[{"atleast": need, "of": of}]], "box": [["party:plover"], ["node:page"]]}, places)
    for target, visits in one_visit(found).items():
        people = {place: tuple(name for name in found.parties if places.get(name) == place) for place in places.values()}
        assert visits.places == {place: names for place, names in people.items() if target in obtained(found, names)}


def test_too_much_work_is_unknown_and_never_safe() -> None:
    """Where nobody looked there may be such a place."""
    found = register({"page": [THREE]}, {"heron": "Quay 4", "tern": "Quay 4"})
    visits = one_visit(found, effort=Effort(exact=0, bounded=-1))["page"]
    assert (visits.places, visits.known) == ({}, False)

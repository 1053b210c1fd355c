"""Policies for copies, and plans: as many as were asked for, at as many operators, where there is room, and nothing moved without need."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonhold.kernel.errors import FormatError
from commonhold.kernel.works import replicas
from commonhold.kernel.works.replicas import FORM, Policy, Sized, parse_policy, plan, policy_bytes
from tests.attacks import Mutation, attack

REPLICAS = "src/commonhold/kernel/works/replicas.py"


def policy(places: dict[str, tuple[str, int]], rules: dict[str, tuple[int, int]] | None = None) -> Policy:
    value = {
        "form": FORM,
        "places": {name: {"at": f"s3://{name}", "operator": operator, "capacity": room} for name, (operator, room) in places.items()},
        "rules": {kind: {"copies": copies, "operators": operators} for kind, (copies, operators) in (rules or {"*": (3, 2)}).items()},
    }
    return parse_policy(json.dumps(value, indent=1).encode())


def work(name: str, size: int = 10, kind: str = "article") -> Sized:
    return Sized(hashlib.sha256(name.encode()).hexdigest(), kind, size)


FOUR = {"a": ("avocet", 1000), "b": ("avocet", 1000), "c": ("avocet", 1000), "d": ("dunlin", 1000)}


@attack(
    "store-08",
    Mutation(REPLICAS, find="        name = elsewhere[0] if wanted and elsewhere else left[0]", replace="        name = left[0]"),
    Mutation(REPLICAS, find="    if copies >= rule.copies and len(operators) >= rule.operators:", replace="    if copies >= rule.copies:"),
)
def test_copies_at_one_operator_are_never_enough() -> None:
    """Three copies at two operators go to two operators, however the places are ranked; three at one are still short."""
    for name in map(str, range(30)):
        (short,) = plan(policy(FOUR), [work(name)], {}).short
        assert len(short.to) == 3
        assert "d" in short.to
        assert (short.copies_lacking, short.operators_lacking) == (0, 0)
    (short,) = plan(policy(FOUR), [work("x")], {work("x").id: ["a", "b", "c", "elsewhere"]}).short
    assert (short.have, short.to) == (("a", "b", "c"), ("d",))
    assert plan(policy(FOUR), [work("x")], {work("x").id: ["a", "b", "d"]}).short == ()


def test_what_there_is_no_room_for_is_said() -> None:
    """A place is never filled beyond what it has room for, and a work that finds none is listed with what it lacks."""
    places = {"a": ("avocet", 15), "d": ("dunlin", 5)}
    made = plan(policy(places), [work("x"), work("y")], {})
    assert sorted(short.copies_lacking for short in made.short) == [2, 3]
    assert made.room == {"a": 5, "d": 5}
    (short,) = plan(policy({"a": ("avocet", 99), "b": ("avocet", 99)}, {"*": (1, 1), "article": (2, 2)}), [work("x")], {}).short
    assert (len(short.to), short.copies_lacking, short.operators_lacking) == (2, 0, 1)
    (short,) = plan(policy({"a": ("avocet", 99), "b": ("avocet", 99)}, {"*": (2, 2)}), [work("x")], {work("x").id: "ab"}).short
    assert (short.to, short.operators_lacking) == ((), 1)
    three = {"a": ("avocet", 99), "b": ("avocet", 99), "c": ("avocet", 99)}
    (short,) = plan(policy(three, {"*": (2, 2)}), [work("x")], {work("x").id: "ab"}).short
    assert (short.to, short.copies_lacking, short.operators_lacking) == ((), 0, 1)
    (short,) = plan(policy({}), [work("x")], {}).short
    assert (short.to, short.copies_lacking, short.operators_lacking) == ((), 3, 2)


def test_a_kind_has_its_own_rule() -> None:
    """What is irreplaceable may be kept more often than what is not."""
    rules = policy(FOUR, {"*": (1, 1), "minutes": (4, 2)})
    made = {short.kind: len(short.to) for short in plan(rules, [work("x"), work("m", kind="minutes")], {}).short}
    assert made == {"article": 1, "minutes": 4}


@given(st.sets(st.integers(0, 60), max_size=20), st.integers(1, 9))
def test_a_new_place_moves_nothing_between_the_others(names: set[int], count: int) -> None:
    """With room everywhere, a work's places change only by what the new place takes; and the order of works changes nothing."""
    places = {f"p{number}": (f"o{number % 3}", 10**9) for number in range(count)}
    works = [work(str(name)) for name in names]
    before = {short.work: set(short.to) for short in plan(policy(places, {"*": (2, 1)}), works, {}).short}
    after = {short.work: set(short.to) for short in plan(policy(places | {"new": ("o0", 10**9)}, {"*": (2, 1)}), works[::-1], {}).short}
    for name, chosen in after.items():
        assert chosen - before[name] <= {"new"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"form": "commonhold/replicas/v2"}, "replicas/shape"),
        ({"more": 1}, "replicas/shape"),
        ({"rules": {"article": {"copies": 1, "operators": 1}}}, "replicas/no-rule"),
        ({"rules": {"*": {"copies": 2, "operators": 3}}}, "replicas/rule"),
        ({"rules": {"*": {"copies": 0, "operators": 0}}}, "replicas/shape"),
        ({"places": {"a": {"at": "a b", "operator": "x", "capacity": 1}}}, "replicas/shape"),
        ({"places": {"a": {"at": "ab", "operator": "x", "capacity": -1}}}, "replicas/shape"),
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused(change: dict[str, Any], code: str) -> None:
    """Nothing in it is ignored, and nothing impossible is asked for."""
    value = json.loads(policy_bytes(policy(FOUR))) | change
    with pytest.raises(FormatError) as refused:
        parse_policy(json.dumps(value).encode())
    assert refused.value.code == code


def test_a_policy_has_one_spelling_to_compare_and_any_to_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """However it is laid out, its canonical bytes are the same; its size is bounded before it is read."""
    raw = policy_bytes(policy(FOUR))
    assert policy_bytes(parse_policy(json.dumps(json.loads(raw), indent=4).encode())) == raw
    monkeypatch.setattr(replicas, "MAX_POLICY", 10)
    with pytest.raises(FormatError, match="at most 10"):
        parse_policy(raw)

"""Registers for tests: built in a line, drawn by Hypothesis, and answered by brute force."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from itertools import combinations
from typing import Any

from hypothesis import strategies as st

from commonhold.kernel.custody import AtLeast, PartyRef, Register, parse_register
from commonhold.kernel.custody.register import Input


def value(
    nodes: Mapping[str, Any], parties: Iterable[str] = ("heron", "tern", "plover", "curlew"), outside: Iterable[str] = ()
) -> dict[str, Any]:
    """A register's JSON: each node is a list of ways, and a way a list of inputs (or a whole node, or a whole way, as objects)."""

    def way(found: Any) -> Any:
        return found if isinstance(found, dict) else {"via": "asks", "all": found}

    def node(name: str, found: Any) -> dict[str, Any]:
        if isinstance(found, dict):
            return {"id": name, "kind": "resource", "label": name, **found}
        return {"id": name, "kind": "resource", "label": name, "obtain": [way(item) for item in found]}

    listed = [{"id": name, "kind": "person", "org": True} for name in parties]
    listed += [{"id": name, "kind": "outsider", "org": False} for name in outside]
    return {"schema": "custody-register/1", "title": "Saltmarsh", "parties": listed, "nodes": [node(*item) for item in nodes.items()]}


def register(nodes: Mapping[str, Any], **more: Any) -> Register:
    return parse_register(json.dumps(value(nodes, **more)).encode())


def obtained(found: Register, parties: Iterable[str]) -> set[str]:
    """The least fixpoint, by going round until nothing changes: slow and plain."""
    have, acting = set[str](), set(parties)

    def met(item: Input) -> bool:
        if isinstance(item, AtLeast):
            return sum(met(part) for part in item.of) >= item.need
        return item.id in acting if isinstance(item, PartyRef) else item.id in have

    while True:
        more = {node.id for node in found.nodes.values() if any(all(map(met, way.all)) for way in node.ways)}
        if more == have:
            return have
        have = more


def minimal(parties: Iterable[str], works: Callable[[frozenset[str]], bool]) -> set[tuple[str, ...]]:
    """All minimal sets that work, by trying all sets, small ones first."""
    found: list[frozenset[str]] = []
    names = sorted(parties)
    for size in range(len(names) + 1):
        for chosen in map(frozenset, combinations(names, size)):
            if not any(smaller <= chosen for smaller in found) and works(chosen):
                found.append(chosen)
    return {tuple(sorted(item)) for item in found}


def hitting_sets(families: Iterable[Iterable[str]], allowed: frozenset[str]) -> set[tuple[str, ...]]:
    """The minimal sets that meet every family (Berge 1989), without a look at the register."""
    found: set[frozenset[str]] = {frozenset()}
    for family in families:
        wider = {one | {name} for one in found for name in allowed.intersection(family)}
        found = {one for one in wider if not any(other < one for other in wider)}
    return {tuple(sorted(item)) for item in found}


def _key(found: Any) -> str:
    """Two inputs that mean the same have one key."""
    if isinstance(found, str):
        return found
    of = found.get("any") or found["of"]
    return f"{found.get('atleast', 1)} of {','.join(map(_key, of))}"


@st.composite
def registers(draw: st.DrawFn) -> Register:
    """Up to six parties and seven nodes; any node may need any other, so cycles are common."""
    people = [f"p{number}" for number in range(draw(st.integers(1, 5)))]
    outside = [f"x{number}" for number in range(draw(st.integers(0, 1)))]
    names = [f"n{number}" for number in range(draw(st.integers(1, 7)))]
    leaf = st.sampled_from([f"party:{name}" for name in people + outside] + [f"node:{name}" for name in names])

    def choice(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        parts = st.lists(inner, min_size=1, max_size=4, unique_by=_key)
        return st.one_of(
            parts.map(lambda of: {"any": of}),
            parts.flatmap(lambda of: st.integers(1, len(of)).map(lambda need: {"atleast": need, "of": of})),
        )

    item = st.one_of(leaf, leaf, choice(st.one_of(leaf, choice(leaf))))
    ways = st.lists(st.lists(item, max_size=3), max_size=3)
    return register({name: draw(ways) for name in names}, parties=people, outside=outside)

"""Laws about registers: what is read, what caution adds, and how each mistake is refused by the name of its node."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonhold.kernel.custody import AtLeast, Node, NodeRef, PartyRef, Way, analyse, as_json, in_words, parse_register
from commonhold.kernel.custody import registerfile as limits
from commonhold.kernel.errors import CommonholdError, CustodyError, FormatError
from tests.kernel.custody.graphs import register, registers, value


def refused(found: Any, code: str, *words: str) -> None:
    """Assert that a register is refused with this code, and that the message names these."""
    raw = found if isinstance(found, bytes) else json.dumps(found).encode()
    with pytest.raises(CommonholdError) as error:
        parse_register(raw)
    assert error.value.code == f"custody/{code}"
    for word in words:
        assert word in str(error.value)


def test_a_register_is_read_as_it_says() -> None:
    """Ways, choices, times and what can be seen, in the order of the file."""
    way = {"via": "reset by mail", "all": ["party:heron", {"any": ["node:page", {"atleast": 2, "of": ["party:heron", "party:tern"]}]}]}
    found = register({"page": {"obtain": [{**way, "latency_days": 2.5, "visible": True}], "label": "صفحتنا"}})
    assert (found.title, list(found.parties)[:2]) == ("Saltmarsh", ["heron", "tern"])
    choice = AtLeast(1, (NodeRef("page"), AtLeast(2, (PartyRef("heron"), PartyRef("tern")))))
    assert found.nodes["page"] == Node(
        "page", "resource", "صفحتنا", (Way("reset by mail", (PartyRef("heron"), choice), 2.5, visible=True),)
    )
    assert in_words(choice) == "any of (page, all of (heron, tern))"
    assert in_words(AtLeast(2, (NodeRef("a"), NodeRef("b"), NodeRef("c")))) == "2 of (a, b, c)"
    assert found.notes == ()


@given(registers())
def test_a_node_written_down_again_is_the_same_node(found: Any) -> None:
    """What a fix prints can be put into the register as it is."""
    for node in found.nodes.values():
        again = parse_register(
            json.dumps({**value({}, parties=found.parties), "nodes": [as_json(item) for item in found.nodes.values()]}).encode()
        )
        assert again.nodes[node.id] == node


def test_what_is_written_again_keeps_time_and_sight() -> None:
    """The days and the visibility of a way come back."""
    node = {
        "id": "page",
        "kind": "resource",
        "label": "page",
        "obtain": [{"via": "desk", "all": ["party:heron"], "latency_days": 3, "visible": True}],
    }
    assert as_json(register({"page": node}).nodes["page"]) == node


def test_an_undeclared_recovery_path_counts_as_its_holder_alone() -> None:
    """Whoever holds the recovery phone of an account that needs two can take it alone, until the path is declared; the way says that it is assumed."""
    nodes: dict[str, Any] = {"account": {"obtain": [{"via": "both", "all": ["party:heron", "party:tern"]}], "holders": ["party:plover"]}}
    assert analyse(register(nodes))["account"].seize.sets == (("heron", "tern"),)
    nodes["account"]["recovery"] = "unknown"
    found = register(nodes)
    assert analyse(found)["account"].seize.sets == (("plover",), ("heron", "tern"))
    assert [way.assumed for way in found.nodes["account"].ways] == [False, True]
    nodes["account"] = {"obtain": [], "recovery": "unknown", "holders": ["party:plover"]}
    assert register(nodes).notes == ()
    refused(value({"account": {"obtain": [], "recovery": "unknown"}}), "recovery", "'account'")
    refused(value({"account": {"obtain": [], "recovery": "perhaps"}}), "recovery", "'perhaps'")
    refused(value({"account": {"obtain": [], "holders": "party:heron"}}), "shape", "'account'")


def test_remarks_name_what_was_not_read_and_what_nobody_can_reach() -> None:
    """A misspelt key changes nothing in silence, and neither does a node without a way."""
    found = value({"page": {"obtain": [], "holder": []}})
    found["colour"] = "green"
    assert parse_register(json.dumps(found).encode()).notes == (
        "the register has keys that are not read: 'colour'",
        "node 'page' has keys that are not read: 'holder'",
        "node 'page' has no way to obtain it, so it counts as out of everybody's reach",
    )
    del found["title"], found["nodes"][0]["label"]
    assert parse_register(json.dumps(found).encode()).nodes["page"].label == "page"
    found["nodes"][0]["label"] = ""
    found["nodes"][0]["obtain"] = [{"all": []}]
    assert parse_register(json.dumps(found).encode()).nodes["page"] == Node("page", "resource", "page", (Way("", ()),))


@pytest.mark.parametrize(
    ("nodes", "code", "words"),
    [
        ({"page": [["party:hreon"]]}, "missing-party", ["'page'", "'hreon'"]),
        ({"page": [[{"any": ["party:heron", "node:mail"]}]]}, "missing-node", ["'page'", "'mail'"]),
        ({"page": [[{"atleast": 3, "of": ["party:heron", "party:tern"]}]]}, "threshold", ["way 1 of node 'page'", "3 of 2"]),
        ({"page": [[{"atleast": 0, "of": ["party:heron"]}]]}, "threshold", ["'page'", "0"]),
        ({"page": [[{"atleast": True, "of": ["party:heron"]}]]}, "threshold", ["'page'", "True"]),
        ({"page": [[{"any": []}]]}, "threshold", ["'page'", "1 of 0"]),
        ({"page": [[{"atleast": 2, "of": ["party:heron", "party:heron"]}]]}, "duplicate-input", ["'page'"]),
        ({"page": [[{"any": "party:heron"}]]}, "input", ["'page'"]),
        ({"page": [[{"not": "party:heron"}]]}, "input", ["'page'", "'not'"]),
        ({"page": [["heron"]]}, "input", ["'page'", "'heron'"]),
        ({"page": [[7]]}, "input", ["'page'", "7"]),
        ({"page": [["party:"]]}, "text", ["'page'"]),
        ({"page": [{"via": "x", "any": []}]}, "way", ["way 1 of node 'page'"]),
        ({"page": [{"via": "x", "all": [], "any": []}]}, "way", ["'any' beside 'all'"]),
        ({"page": [{"via": "x", "all": [], "latency_days": -1}]}, "days", ["'page'", "-1"]),
        ({"page": [{"via": "x", "all": [], "latency_days": True}]}, "days", ["'page'"]),
        ({"page": [{"via": "x", "all": [], "latency_days": float("nan")}]}, "days", ["nan"]),
        ({"page": [{"via": "x", "all": [], "visible": "yes"}]}, "visible", ["'yes'"]),
        ({"page": {"obtain": "all"}}, "shape", ["'page'"]),
        ({"page": {"obtain": [], "kind": "boat"}}, "kind", ["'page'", "'boat'"]),
        ({"page": {"obtain": [], "label": "our\u202epage"}}, "character", ["the label of node 'page'", "U+202E"]),
        ({"page": {"obtain": [], "label": "our\x07page"}}, "character", ["'page'", "U+0007"]),
        ({"page": {"obtain": [], "label": "our\npage"}}, "character", ["'page'", "line"]),
        ({"page": {"obtain": [], "label": 7}}, "text", ["'page'", "7"]),
        ({"our\u200fpage": []}, "character", ["node number 1", "U+200F"]),
        ({"x" * 201: []}, "text", ["node number 1"]),
    ],
)
def test_a_mistake_is_refused_by_the_name_of_its_node(nodes: dict[str, Any], code: str, words: list[str]) -> None:
    """Whoever mends the register must not search for the place."""
    refused(value(nodes), code, *words)


def test_mistakes_outside_of_nodes_are_refused_by_their_place() -> None:
    """Duplicate ids and keys, unknown kinds, half a file, another format."""
    good = value({"page": [["party:heron"]]})
    raw = json.dumps(good).encode()
    refused({**good, "nodes": good["nodes"] * 2}, "duplicate", "node 'page'")
    refused({**good, "parties": good["parties"] + good["parties"][:1]}, "duplicate", "party 'heron'")
    refused({**good, "parties": [{"id": "heron", "kind": "bird", "org": True}]}, "kind", "'heron'", "'bird'")
    refused({**good, "parties": [{"id": "heron", "kind": "person"}]}, "org", "'heron'")
    refused({**good, "parties": [7]}, "shape", "party number 1")
    refused({**good, "parties": {}}, "shape", "'parties'")
    refused({**good, "nodes": [{"kind": "resource"}]}, "text", "the id of node number 1")
    refused({**good, "schema": "custody-register/9"}, "schema", "custody-register/9")
    refused({**good, "title": "x" * 3000}, "text", "title")
    refused(raw.replace(b'"label"', b'"kind": "account", "label"'), "duplicate-key", "'page'", "'kind'")
    refused(raw.replace(b'"title"', b'"schema": "x", "title"'), "duplicate-key", "an object", "'schema'")
    refused(raw[: len(raw) // 2], "not-json")
    refused(b"\xff" + raw, "not-json")
    refused(b"[]", "shape")
    refused(b"[" * 100_000, "too-deep")
    nested: Any = "party:heron"
    for _ in range(limits.MAX_NESTING + 1):
        nested = {"any": [nested]}
    refused(value({"page": [[nested]]}), "too-deep", "'page'")


def test_sizes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes, parties, nodes, inputs and remarks: each has a limit, and the message says which."""
    good = value({"page": [["party:heron", "party:tern"]]})
    for name, limit, words in (
        ("MAX_BYTES", 10, "bytes"),
        ("MAX_PARTIES", 3, "4 parties"),
        ("MAX_NODES", 0, "1 nodes"),
        ("MAX_INPUTS", 1, "'page'"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(limits, name, limit)
            refused(good, "too-large", words)
    many = value({f"n{number}": {"obtain": [], "odd": 1} for number in range(200)})
    assert sum("not read" in note for note in parse_register(json.dumps(many).encode()).notes) <= 100


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
)
def test_any_json_is_read_or_refused(found: Any) -> None:
    """No foreign exception leaves the reader, whatever stands where nodes should be."""
    for whole in (
        found,
        {"parties": [], "nodes": found},
        value({"page": {"obtain": [{"via": "x", "all": found}]}}),
        value({"page": {"obtain": found}}),
    ):
        with suppress(FormatError, CustodyError):
            parse_register(json.dumps(whole).encode())


def test_nodes_can_be_replaced_and_their_references_are_checked() -> None:
    """The register that was there stays as it was."""
    found = register({"page": [["party:heron"]]})
    new = Node("page", "resource", "page", (Way("", (NodeRef("mail"),)),))
    with pytest.raises(CustodyError) as refusal:
        found.replacing([new])
    assert refusal.value.code == "custody/missing-node"
    mail = Node("mail", "mailbox", "mail", (Way("", (PartyRef("tern"),)),))
    assert analyse(found.replacing([new, mail]), ["page"])["page"].seize.sets == (("tern",),)
    assert analyse(found)["page"].seize.sets == (("heron",),)

"""Laws about bad registers and bad fault trees at the command line: a reason that names the node, or a bounded "unknown"; never a traceback.

Each case goes through the real command line, whose helper looks for tracebacks. No time is measured: what would take for ever does not end.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from commonhold.kernel.custody import fixes, openpsa
from tests.cli.houses import Done, command, refused
from tests.kernel.custody.graphs import value
from tests.shared_data import shared_data

MANY = 100_000
GOOD: dict[str, Any] = {"mail": [["party:heron"], ["node:page"]], "page": [["node:mail"], ["party:tern", "party:plover"]]}
PEOPLE = [f"p{number}" for number in range(50)]
VERBS = (["analyse", "FILE"], ["explain", "FILE", "page", "--by", "heron"], ["fix", "FILE"])


def written(tmp_path: Path, found: object) -> Path:
    place = tmp_path / "register.json"
    place.write_bytes(found if isinstance(found, bytes) else json.dumps(found).encode())
    return place


def every_verb(place: Path, code: int, *words: str) -> None:
    """Assert that each verb refuses this file in these words, and leaves it as it is."""
    before = place.read_bytes()
    for verb in VERBS:
        done = command("custody", *(str(place) if word == "FILE" else word for word in verb))
        refused(done, code, *words)
        assert done.out == ""
    assert place.read_bytes() == before


# ------------------------------------------------------------------------------------------------------------------------ much


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hundred thousand nodes in a ring with one way in: each is recovered by the one before and one more person."""
    nodes: dict[str, Any] = {f"n{number}": [[f"node:n{number - 1}", f"party:p{number % 50}"]] for number in range(1, MANY)}
    nodes["n0"] = [["party:p0"], [f"node:n{MANY - 1}"]]
    return written(tmp_path_factory.mktemp("chain"), value(nodes, parties=PEOPLE))


def test_a_hundred_thousand_nodes_are_analysed_as_far_as_it_goes(chain: Path) -> None:
    """All fifty are needed in the end, which is more than three: "at least 4", not complete, and never "safe"; a size asked for is kept to."""
    far = f"n{MANY - 1}"
    said = command("custody", "analyse", chain, "--target", far, "--target", "n2", "--size", 3)
    assert "can be taken by\n    p0 + p1 + p2\n" in said.out
    assert "at least 4 parties: larger sets than 3 parties are not listed; how many there are is unknown" in said.out
    assert "safe" not in said.said


def test_a_path_through_a_hundred_thousand_nodes_is_told(chain: Path) -> None:
    """Step after step, to the last."""
    found = command("custody", "explain", chain, f"n{MANY - 1}", "--by", ",".join(PEOPLE), "--json").json
    assert (found["possible"], len(found["quickest"]["steps"])) == (True, MANY)


def test_fixes_in_a_register_of_many_resources_are_looked_for_at_the_weakest(tmp_path: Path) -> None:
    """Twenty of them in a register of people's size, fewer in a vast one; how many were left out is said, and any can be named."""
    nodes = {f"n{number:03}": [["party:heron", "party:tern", "party:plover"]] for number in range(40)}
    place = written(tmp_path, value({**nodes, "weak": [["party:heron"]], "never": [], "open": [[]]}))
    done = command("custody", "fix", place, "--json")
    assert list(done.json["targets"])[:3] == ["open", "weak", "n000"]
    assert len(done.json["targets"]) == 20
    assert "at 20 of 43 resources" in done.err
    assert list(command("custody", "fix", place, "--target", "n039", "--json").json["targets"]) == ["n039"]


def test_a_search_for_fixes_that_grows_too_long_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five hundred accounts between a page and its people: not every change is weighed, that is said, and no fix is invented."""
    monkeypatch.setattr(fixes, "MAX_WALKED", 200_000)
    size = 500
    nodes: dict[str, Any] = {f"a{number}": [[f"node:a{number - 1}"]] for number in range(1, size)}
    nodes |= {"a0": [["party:heron"], ["party:tern"]], "page": [[f"node:a{size - 1}"]]}
    place = written(tmp_path, value({name: {"kind": "account", "obtain": [{"all": way} for way in ways]} for name, ways in nodes.items()}))
    found = command("custody", "fix", place, "--target", "page", "--json").json["targets"]["page"]
    assert found["complete"] is False
    assert found["seize"]
    assert all(len(fix["after"]["seize"][0]) == 2 for fix in found["seize"])


def test_all_nodes_in_one_cycle_support_nobody(tmp_path: Path) -> None:
    """A ring without a way in is out of everybody's reach, however long; nobody holds it, and the organisation is locked out."""
    size = 20_000
    ring = {f"n{number}": [[f"node:n{(number + 1) % size}"]] for number in range(size)}
    place = written(tmp_path, value(ring))
    assert command("custody", "analyse", place, "--target", "n7", "--json").json["targets"] == {
        "n7": {"seize": [], "lockout": [[]], "complete": True}
    }
    assert command("custody", "explain", place, "n7", "--by", "heron").code == 0


def test_too_much_is_refused_before_it_is_analysed(tmp_path: Path) -> None:
    """More nodes or parties than a register may have."""
    many = [{"id": f"n{number}", "kind": "resource", "obtain": []} for number in range(200_001)]
    every_verb(written(tmp_path, {"parties": [], "nodes": many}), 2, "200001 nodes", "at most 200000")
    many = [{"id": f"p{number}", "kind": "person", "org": True} for number in range(200_001)]
    every_verb(written(tmp_path, {"parties": many, "nodes": []}), 2, "200001 parties", "at most 200000")


# ----------------------------------------------------------------------------------------------------------------------- wrong


def nested(depth: int) -> Any:
    found: Any = "party:heron"
    for _ in range(depth):
        found = {"any": [found, "party:tern"]}
    return found


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"page": [["node:mial"]]}, ["'page'", "'mial'"]),
        ({"page": [["party:hreon"]]}, ["'page'", "'hreon'"]),
        ({"page": [[{"atleast": 3, "of": ["party:heron", "party:tern"]}]]}, ["'page'", "3 of 2"]),
        ({"page": [[{"atleast": 10**30, "of": ["party:heron"]}]]}, ["'page'", "of 1"]),
        ({"page": [[nested(40)]]}, ["'page'", "nested more than 32 deep"]),
        ({"page": [[nested(400)]]}, ["'page'", "nested more than 32 deep"]),
        ({"page": {"obtain": [], "label": "safe\u202egnp"}}, ["the label of node 'page'", "U+202E"]),
        ({"page": {"obtain": [], "label": "\u2066page"}}, ["the label of node 'page'", "U+2066"]),
        ({"page": {"obtain": [], "label": "page\x1b[2J"}}, ["the label of node 'page'", "U+001B"]),
        ({"page": {"obtain": [], "label": "page\x00"}}, ["the label of node 'page'", "U+0000"]),
        ({"page": {"obtain": [], "label": "page\ud800"}}, ["'page'"]),
        ({"page": [{"via": "asks\x07", "all": []}]}, ["'via' in way 1 of node 'page'", "U+0007"]),
        ({"page\u200f": []}, ["node number 2", "U+200F"]),
    ],
    ids=lambda found: None if isinstance(found, list) else ascii(next(iter(found.values())))[:40],
)
def test_a_mistake_is_refused_by_the_name_of_its_node(tmp_path: Path, change: dict[str, Any], words: list[str]) -> None:
    """By every verb, with a next step, and without the character that could act on the terminal."""
    nodes = {"mail": GOOD["mail"][:1], **change}
    place = written(tmp_path, value(nodes))
    every_verb(place, 2, *words)
    said = command("custody", "analyse", place).said
    assert not any(bad in said for bad in ("\u202e", "\u2066", "\u200f", "\x1b", "\x00", "\x07"))


def test_right_to_left_letters_are_welcome(tmp_path: Path) -> None:
    """They are a language and no attack: the label is shown as it is."""
    place = written(tmp_path, value({"page": {"obtain": [{"all": ["party:heron"]}], "label": "صفحتنا"}}))
    assert "صفحتنا" in command("custody", "analyse", place).out


def test_an_id_or_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    """Neither of the two is chosen in silence."""
    good = value(GOOD)
    every_verb(written(tmp_path, {**good, "nodes": [*good["nodes"], good["nodes"][1]]}), 2, "node 'page'", "twice")
    every_verb(written(tmp_path, {**good, "parties": [*good["parties"], good["parties"][0]]}), 2, "party 'heron'", "twice")
    raw = json.dumps(good).replace('"id": "page"', '"id": "page", "label": "x"')
    every_verb(written(tmp_path, raw.encode()), 2, "'page'", "'label'", "twice")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["analyse", "FILE", "--among", "heron,hreon"], "no party 'hreon'"),
        (["analyse", "FILE", "--without", "hreon"], "no party 'hreon'"),
        (["analyse", "FILE", "--among", "page"], "no party 'page'"),
        (["explain", "FILE", "page", "--by", "tern,hreon"], "no party 'hreon'"),
        (["explain", "FILE", "page", "--by", "her\u202eon"], "no party 'her\\u202eon'"),
        (["explain", "FILE", "heron", "--by", "heron"], "no node 'heron'"),
        (["fix", "FILE", "--target", "\x1b[2J"], "no node '\\x1b[2J'"),
    ],
)
def test_an_unknown_name_is_named_and_the_known_ones_are_told(tmp_path: Path, arguments: list[str], words: str) -> None:
    """A slip is never an empty answer; its characters are shown and not obeyed."""
    done = command("custody", *(str(written(tmp_path, value(GOOD))) if word == "FILE" else word for word in arguments))
    refused(done, 2, words, "begin with")


def test_a_file_that_was_cut_anywhere_is_refused(tmp_path: Path) -> None:
    """Half a file is no register, wherever it ends; nothing of it is analysed."""
    raw = json.dumps(value(GOOD)).encode()
    for end in range(0, len(raw), 7):
        done: Done = command("custody", "analyse", written(tmp_path, raw[:end]))
        assert (done.code, done.out) == (2, "")
        assert "JSON" in done.err
    every_verb(written(tmp_path, raw[: len(raw) // 2]), 2, "is not JSON", "take the copy before it")
    every_verb(written(tmp_path, b"\xff\xfe" + raw), 2, "is not JSON")
    every_verb(written(tmp_path, b"[" * MANY), 2, "nested too deep")
    every_verb(written(tmp_path, b'{"parties": [], "nodes": ' + b"[" * MANY), 2, "nested too deep")


# ------------------------------------------------------------------------------------------------------------------ fault trees


def tree(tmp_path: Path, body: str, before: str = "") -> Path:
    place = tmp_path / "tree.xml"
    place.write_text(f'{before}<opsa-mef><define-fault-tree name="t">{body}</define-fault-tree></opsa-mef>', "utf-8")
    return place


@pytest.mark.parametrize("inner", ["", "SYSTEM 'file:///etc/hostname'"], ids=["swelling", "external"])
def test_a_tree_with_a_document_type_is_refused(tmp_path: Path, inner: str) -> None:
    """A billion laughs, or a file of this machine: the entity is not declared, and so never opened."""
    swelling = "".join(f'<!ENTITY e{number} "{f"&e{number - 1};" * 10 if number else "laugh"}">' for number in range(12))
    place = tree(tmp_path, "&e11;", f"<!DOCTYPE x {f'[<!ENTITY e11 {inner}>]' if inner else f'[{swelling}]'}>")
    for count in ([], ["--count"]):
        refused(command("custody", "import-openpsa", place, *count), 2, "document type", "line 1")


def test_what_a_tree_may_not_say_is_named(tmp_path: Path) -> None:
    """The gate, the construct, and the line."""
    place = tree(tmp_path, '\n<define-gate name="top">\n<cardinality min="1" max="2"><basic-event name="a"/></cardinality></define-gate>')
    refused(command("custody", "import-openpsa", place), 2, "'top'", "<cardinality>", "line 3")
    refused(command("custody", "import-openpsa", tree(tmp_path, ""), "--top", "x"), 2, "no gate")
    good = tree(tmp_path, '<define-gate name="top"><basic-event name="a"/></define-gate>')
    refused(command("custody", "import-openpsa", good, "--top", "tpo"), 2, "no node 'tpo'")


def test_a_tree_that_was_cut_anywhere_is_refused(tmp_path: Path) -> None:
    """No count is better than the count of a half."""
    raw = shared_data("custody", "aralia", "chinese.xml").read_bytes().rstrip()
    place = tmp_path / "cut.xml"
    for end in range(0, len(raw), 997):
        place.write_bytes(raw[:end])
        refused(command("custody", "import-openpsa", place, "--count"), 2, "not XML")


def test_a_large_tree_is_counted(tmp_path: Path) -> None:
    """Twenty thousand gates in a chain and as many events: one set for each, and the sizes are bounded by name."""
    size = 20_000
    gates = [f'<or><basic-event name="e{n}"/><gate name="g{n + 1}"/></or>' for n in range(size)] + ['<basic-event name="last"/>']
    place = tree(tmp_path, "".join(f'<define-gate name="g{n}">{gate}</define-gate>' for n, gate in enumerate(gates)))
    assert command("custody", "import-openpsa", place, "--count", "--json").json == {"minimal_sets": size + 1}


def test_a_tree_of_too_many_elements_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it is kept in memory."""
    monkeypatch.setattr(openpsa, "MAX_ELEMENTS", 100)
    place = tree(tmp_path, "".join(f'<define-gate name="g{n}"><basic-event name="e"/></define-gate>' for n in range(60)))
    refused(command("custody", "import-openpsa", place), 2, "more than 100 elements")

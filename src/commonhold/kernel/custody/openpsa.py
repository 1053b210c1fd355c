"""Fault trees in the Open-PSA Model Exchange Format as registers: a cut set of a tree is a coalition that takes its top event.

Read are fault trees with the gates ``and``, ``or``, ``atleast`` and gates that stand for another; that is all that registers can say. Whatever denies
something (``not``, ``xor``, ``nand``, ...) is refused, for who lacks a power never takes one. Probabilities are passed over. The published
counts of the Aralia trees hold the engine to its word.

Bytes from outside: the size is bounded, a document type (the only way to declare an entity) is refused before anything is built, and so is
deep nesting.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Final, NoReturn
from xml.parsers import expat

from commonhold.kernel.custody.register import AtLeast, Input, Node, NodeRef, Party, PartyRef, Register, Way, leaves
from commonhold.kernel.errors import FormatError

MAX_BYTES: Final = 64 << 20
MAX_ELEMENTS: Final = 2_000_000
MAX_DEPTH: Final = 64
MAX_NAME: Final = 200

_CONNECTIVES: Final = frozenset({"and", "or", "atleast"})
_EVENTS: Final = frozenset({"gate", "basic-event", "event", "house-event"})
_PASSED_OVER: Final = frozenset({"label", "attributes"})


class _Element:
    """An element with its attributes and children; text is of no interest."""

    __slots__ = ("attributes", "children", "line", "tag")

    def __init__(self, tag: str, attributes: Mapping[str, str], line: int) -> None:
        self.tag, self.attributes, self.line = tag, attributes, line
        self.children: list[_Element] = []


def parse_openpsa(raw: bytes) -> tuple[Register, tuple[str, ...]]:
    """The register of a fault tree's bytes, and its top events: the gates that no other gate uses.

    Raises:
        FormatError: naming the gate or the line, for anything that is no such tree.
    """
    definitions: dict[str, _Element] = {}
    houses: dict[str, bool] = {}
    stack = [_elements(raw)]
    while stack:
        element = stack.pop()
        stack += reversed(element.children)
        if element.tag == "define-gate":
            if (name := _name(element)) in definitions:
                _refuse("duplicate", f"gate {name!r} is defined twice, the second time in line {element.line}")
            definitions[name] = element
        elif element.tag == "define-house-event":
            houses[_name(element)] = any(child.attributes.get("value") == "true" for child in element.children if child.tag == "constant")
    if not definitions:
        _refuse("empty", "the file defines no gate")
    reader = _Reader(definitions.keys(), houses)
    nodes = {name: reader.node(name, element) for name, element in definitions.items()}
    used = {leaf.id for node in nodes.values() for way in node.ways for leaf in leaves(way.all) if isinstance(leaf, NodeRef)}
    # Where every gate is used by another there are only cycles; the first one is as good a top as any.
    tops = tuple(name for name in nodes if name not in used) or tuple(nodes)[:1]
    return Register("", {name: Party(name, "person", org=True) for name in reader.events}, nodes), tops


class _Reader:
    """Turns formulas into inputs, and collects the basic events."""

    def __init__(self, gates: Set[str], houses: Mapping[str, bool]) -> None:
        self.gates, self.houses = gates, houses
        self.events: dict[str, None] = {}

    def node(self, name: str, element: _Element) -> Node:
        found = [child for child in element.children if child.tag not in _PASSED_OVER]
        if len(found) != 1:
            _refuse("gate", f"gate {name!r} has {len(found)} formulas and needs one (line {element.line})")
        return Node(name, "role", name, (Way("", (self.formula(name, found[0]),)),))

    def formula(self, gate: str, element: _Element) -> Input:
        if element.tag in _CONNECTIVES:
            return self.connective(gate, element)
        if element.tag == "constant":
            return _constant(element.attributes.get("value") == "true")
        if element.tag not in _EVENTS:
            _refuse(
                "connective",
                f"gate {gate!r} has a <{element.tag}> in line {element.line}, and only and, or, atleast and events can be read",
                "A register cannot say that somebody must lack something; rewrite the tree without it.",
            )
        name = _name(element)
        if name in self.gates and element.tag != "basic-event":
            return NodeRef(name)
        if "gate" in (element.tag, element.attributes.get("type")):
            _refuse("missing-gate", f"gate {gate!r} uses the gate {name!r}, which is not defined (line {element.line})")
        if name in self.houses and element.tag != "basic-event":
            return _constant(self.houses[name])
        if "house-event" in (element.tag, element.attributes.get("type")):
            _refuse("missing-house-event", f"gate {gate!r} uses the house event {name!r}, which is not defined (line {element.line})")
        self.events[name] = None
        return PartyRef(name)

    def connective(self, gate: str, element: _Element) -> Input:
        parts = [self.formula(gate, child) for child in element.children if child.tag not in _PASSED_OVER]
        inputs = tuple(dict.fromkeys(parts))
        if not inputs:
            _refuse("gate", f"gate {gate!r} has an empty <{element.tag}> in line {element.line}")
        if element.tag != "atleast":
            return AtLeast(len(inputs) if element.tag == "and" else 1, inputs)
        least = element.attributes.get("min", "")
        need = int(least) if least.isascii() and least.isdigit() and len(least) < 10 else 0
        if len(inputs) < len(parts):
            _refuse("duplicate-input", f"gate {gate!r} names one input twice in the <atleast> of line {element.line}")
        if not 1 <= need <= len(inputs):
            _refuse("threshold", f"gate {gate!r} needs {least[:20]!r} of {len(inputs)} inputs (line {element.line})")
        return AtLeast(need, inputs)


def _constant(value: bool) -> AtLeast:  # noqa: FBT001 - it is the value
    """What always holds needs none of none, and what never does, one of none."""
    return AtLeast(0 if value else 1, ())


def _elements(raw: bytes) -> _Element:
    if len(raw) > MAX_BYTES:
        _refuse("too-large", f"the file has {len(raw)} bytes, and at most {MAX_BYTES} are allowed")
    parser = expat.ParserCreate()
    root = _Element("", {}, 0)
    stack, count = [root], 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        line = parser.CurrentLineNumber
        if count > MAX_ELEMENTS:
            _refuse("too-large", f"the file has more than {MAX_ELEMENTS} elements (line {line})")
        if len(stack) > MAX_DEPTH:
            _refuse(
                "too-deep", f"the file is nested more than {MAX_DEPTH} deep in line {line}", "Give the inner formulas gates of their own."
            )
        element = _Element(tag, attributes, line)
        stack[-1].children.append(element)
        stack.append(element)

    def end(_tag: str) -> None:
        stack.pop()

    def doctype(*_: object) -> None:
        _refuse("doctype", f"the file declares a document type in line {parser.CurrentLineNumber}, which could make it grow without end")

    parser.StartElementHandler, parser.EndElementHandler, parser.StartDoctypeDeclHandler = start, end, doctype
    try:
        parser.Parse(raw, True)  # noqa: FBT003 - expat takes it by place only
    except (expat.ExpatError, ValueError, LookupError) as error:
        _refuse("not-xml", f"the file is not XML: {error}", "If it was cut short while it was written, take another copy.")
    if root.children[0].tag != "opsa-mef":
        _refuse("root", f"the file begins with <{root.children[0].tag[:80]}>, and an Open-PSA file with <opsa-mef>")
    return root


def _name(element: _Element) -> str:
    name = element.attributes.get("name", "")
    if not name.strip() or len(name) > MAX_NAME or not name.isprintable():
        _refuse(
            "name",
            f"the <{element.tag}> in line {element.line} has the name {name[:60]!a}, and needs one of 1 to {MAX_NAME} characters",
        )
    return name


def _refuse(code: str, message: str, next_step: str = "Correct the file at that place.") -> NoReturn:
    raise FormatError(message, code=f"openpsa/{code}", next_step=next_step)

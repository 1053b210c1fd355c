"""Reading a custody register from its JSON (docs/formats/custody-register.md); the incident fixtures ``custody-incident/1`` are read as they are.

Strict about what changes an answer (ids, references, thresholds, ways, inputs), lenient about remarks: a key that is not read is named in
:attr:`Register.notes`. Every size is bounded, and every refusal names the node it is about.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, Final, NoReturn

from commonhold.kernel.canonical import check_text
from commonhold.kernel.custody.register import (
    NODE_KINDS,
    PARTY_KINDS,
    UNDECLARED,
    AtLeast,
    Input,
    Node,
    NodeRef,
    Party,
    PartyRef,
    Register,
    Way,
    check_references,
)
from commonhold.kernel.errors import FormatError

MAX_BYTES: Final = 64 << 20
MAX_NODES: Final = 200_000
MAX_PARTIES: Final = 200_000
MAX_INPUTS: Final = 2_000_000
MAX_NESTING: Final = 32
MAX_ID: Final = 200
MAX_TEXT: Final = 2_000
MAX_DAYS: Final = 36_525
SCHEMAS: Final = ("custody-register/1", "custody-incident/1")

_REMARKS: Final = frozenset(
    {"schema", "id", "title", "year", "what_happened", "structure", "sources", "assumed", "queries", "fix", "note", "notes"}
)
_TOP: Final = _REMARKS | {"parties", "nodes"}
_PARTY: Final = frozenset({"id", "kind", "org", "place", "label", "note"})
_NODE: Final = frozenset({"id", "kind", "label", "obtain", "recovery", "holders", "note"})
_WAY: Final = frozenset({"via", "all", "latency_days", "visible", "note"})
# Beside "all", these would look as if they were obeyed.
_NO_WAY: Final = frozenset({"any", "atleast", "of", "not", "none"})


def parse_register(raw: bytes) -> Register:
    """The register of a file's bytes, every reference checked.

    Raises:
        FormatError: naming the party or node, for anything that is not as the format says.
        CustodyError: naming the node, if a way leads to a party or node that is not there.
    """
    if len(raw) > MAX_BYTES:
        _refuse("too-large", f"the register has {len(raw)} bytes, and at most {MAX_BYTES} are allowed")
    value = decode(raw, "the register")
    reader = _Reader()
    if (schema := value.get("schema", SCHEMAS[0])) not in SCHEMAS:
        _refuse("schema", f"this register's schema is {_shown(schema)}, and this version reads {' and '.join(SCHEMAS)}")
    reader.unread("the register", value, _TOP)
    title = value.get("title", "")
    title = reader.text(title, "the register's title") if title != "" else ""
    parties = reader.all("parties", value, reader.party, MAX_PARTIES)
    nodes = reader.all("nodes", value, reader.node, MAX_NODES)
    check_references(parties, nodes)
    return Register(title, parties, nodes, tuple(reader.notes))


class _Reader:
    """The counts and remarks of one reading."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.inputs = 0

    def all(self, key: str, value: Mapping[str, Any], read: Any, limit: int) -> dict[str, Any]:
        listed = value.get(key)
        if not isinstance(listed, list):
            _refuse("shape", f"the register has no list {key!r}")
        if len(listed) > limit:
            _refuse("too-large", f"the register has {len(listed)} {key}, and at most {limit} are allowed")
        found: dict[str, Any] = {}
        what = {"parties": "party", "nodes": "node"}[key]
        for index, item in enumerate(listed):
            if not isinstance(item, dict):
                _refuse("shape", f"{what} number {index + 1} is no object")
            id_ = self.text(item.get("id"), f"the id of {what} number {index + 1}", MAX_ID)
            if id_ in found:
                _refuse(
                    "duplicate", f"{what} {id_!r} stands in the register twice", "Give each its own id, or merge the two.", **{what: id_}
                )
            found[id_] = read(id_, item)
        return found

    def party(self, id_: str, item: Mapping[str, Any]) -> Party:
        where = f"party {id_!r}"
        self.unread(where, item, _PARTY)
        if (kind := item.get("kind")) not in PARTY_KINDS:
            _refuse("kind", f"{where} is of the kind {_shown(kind)}, and the kinds are {', '.join(PARTY_KINDS)}", party=id_)
        if not isinstance(org := item.get("org"), bool):
            _refuse(
                "org", f"{where} does not say true or false for 'org'", "Say true where it counts as the organisation itself.", party=id_
            )
        place = item.get("place", "")
        return Party(id_, kind, org, self.text(place, f"the place of {where}", MAX_ID) if place != "" else "")

    def node(self, id_: str, item: Mapping[str, Any]) -> Node:
        where = f"node {id_!r}"
        self.unread(where, item, _NODE)
        if (kind := item.get("kind")) not in NODE_KINDS:
            _refuse("kind", f"{where} is of the kind {_shown(kind)}, and the kinds are {', '.join(NODE_KINDS)}", node=id_)
        if not isinstance(obtain := item.get("obtain"), list):
            _refuse("shape", f"{where} has no list 'obtain'", "Write [] where nobody can obtain it.", node=id_)
        ways = tuple(self.way(f"way {index} of {where}", way) for index, way in enumerate(obtain, 1))
        assumed = self.assumed(where, item)
        if not ways and not assumed:
            self.notes.append(f"{where} has no way to obtain it, so it counts as out of everybody's reach")
        label = item.get("label", id_)
        return Node(id_, kind, self.text(label, f"the label of {where}") if label != "" else id_, ways + assumed)

    def assumed(self, where: str, item: Mapping[str, Any]) -> tuple[Way, ...]:
        """An undeclared recovery path counts as: its holder alone can take it."""
        holders, recovery = item.get("holders", []), item.get("recovery", "declared")
        if recovery not in ("declared", "unknown"):
            _refuse("recovery", f"{where} says {_shown(recovery)} for 'recovery', which is 'declared' or 'unknown'")
        if not isinstance(holders, list):
            _refuse("shape", f"{where} has something else than a list under 'holders'")
        if recovery == "unknown" and not holders:
            _refuse(
                "recovery",
                f"{where} has an unknown recovery and names no 'holders'",
                "Say who holds it; each counts as able to take it alone.",
            )
        inputs = tuple(self.input(where, holder, 0) for holder in holders)
        return tuple(Way(UNDECLARED, (holder,), assumed=True) for holder in inputs) if recovery == "unknown" else ()

    def way(self, where: str, item: object) -> Way:
        if not isinstance(item, dict) or not isinstance(inputs := item.get("all"), list):
            _refuse("way", f"{where} has no list 'all'", 'A way is {"via": "...", "all": [...]}; write one way for each alternative.')
        if wrong := sorted(_NO_WAY & item.keys()):
            _refuse("way", f"{where} has {wrong[0]!r} beside 'all'", f'Put it inside: "all": [{{"{wrong[0]}": ...}}].')
        self.unread(where, item, _WAY)
        days = item.get("latency_days", 0)
        if isinstance(days, bool) or not isinstance(days, int | float) or not 0 <= days <= MAX_DAYS:
            _refuse("days", f"{where} takes {_shown(days)} days, and 0 to {MAX_DAYS} are allowed")
        if not isinstance(visible := item.get("visible", False), bool):
            _refuse("visible", f"{where} says {_shown(visible)} for 'visible', which is true or false")
        via = item.get("via", "")
        return Way(self.text(via, f"'via' in {where}") if via != "" else "", self.inputs_of(where, inputs, 0), days, visible)

    def inputs_of(self, where: str, listed: Iterable[object], depth: int) -> tuple[Input, ...]:
        return tuple(dict.fromkeys(self.input(where, item, depth) for item in listed))

    def input(self, where: str, item: object, depth: int) -> Input:
        self.inputs += 1
        if self.inputs > MAX_INPUTS:
            _refuse("too-large", f"{where} has the register's input number {MAX_INPUTS + 1}, and {MAX_INPUTS} are allowed")
        if depth > MAX_NESTING:
            _refuse("too-deep", f"{where} is nested more than {MAX_NESTING} deep", "Give the inner parts nodes of their own.")
        if isinstance(item, str):
            kind, _, name = item.partition(":")
            if kind in ("party", "node"):
                id_ = self.text(name, f"a {kind} in {where}", MAX_ID)
                return PartyRef(id_) if kind == "party" else NodeRef(id_)
        elif isinstance(item, dict) and item.keys() == {"any"}:
            return self.threshold(where, 1, item["any"], depth)
        elif isinstance(item, dict) and item.keys() == {"atleast", "of"}:
            return self.threshold(where, item["atleast"], item["of"], depth)
        return _refuse(
            "input",
            f"{where} has the input {_shown(item)}",
            'Inputs are "party:ID", "node:ID", {"any": [...]} and {"atleast": 2, "of": [...]}.',
        )

    def threshold(self, where: str, need: object, of: object, depth: int) -> AtLeast:
        if not isinstance(of, list):
            _refuse("input", f"{where} has a choice that is no list")
        found = self.inputs_of(where, of, depth + 1)
        if need != 1 and len(found) != len(of):
            _refuse(
                "duplicate-input", f"{where} names one input twice in a choice of {len(of)}", "Count people, not entries: name each once."
            )
        if isinstance(need, bool) or not isinstance(need, int) or need < 1:
            _refuse("threshold", f"{where} needs at least {_shown(need)} inputs, and it must be a whole number from 1")
        if need > len(found):
            _refuse(
                "threshold",
                f"{where} needs {need} of {len(found)} inputs, which nobody can ever give",
                "Lower the number or name more inputs.",
            )
        return AtLeast(need, found)

    def text(self, value: object, where: str, limit: int = MAX_TEXT) -> str:
        if not isinstance(value, str) or not value.strip() or len(value) > limit:
            _refuse("text", f"{where} is {_shown(value)}, and must be a text of 1 to {limit} characters")
        normal = unicodedata.normalize("NFC", value)
        try:
            check_text(normal)
            if "\n" in normal:
                _refuse("text", "a text has more than one line")
        except FormatError as error:
            _refuse("character", f"{where}: {error}", f"It reads {_shown(value)}; write it again without that character.")
        return normal

    def unread(self, where: str, item: Mapping[str, Any], known: frozenset[str]) -> None:
        if (odd := sorted(item.keys() - known)) and len(self.notes) < 100:
            self.notes.append(f"{where} has keys that are not read: {', '.join(map(_shown, odd[:5]))}")


def decode(raw: bytes, what: str) -> dict[str, Any]:
    """The JSON object in some bytes, in which no key stands twice; *what* is what to call it, with its article.

    Raises:
        FormatError: if it is none.
    """
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_once)
    except RecursionError:
        _refuse("too-deep", f"{what} is nested too deep to be read", "Give the inner parts nodes of their own.")
    except ValueError as error:
        _refuse("not-json", f"{what} is not JSON in UTF-8: {error}", "If it was cut short while it was written, take the copy before it.")
    if not isinstance(value, dict):
        _refuse("shape", f"{what} is not a JSON object")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value] # add() gives None, which is the point
        owner = found.get("id")
        _refuse("duplicate-key", f"{f'the object with the id {_shown(owner)}' if owner else 'an object'} has the key {_shown(twice)} twice")
    return found


def _shown(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _refuse(code: str, message: str, next_step: str = "Correct the register at that place.", **data: object) -> NoReturn:
    raise FormatError(message, code=f"custody/{code}", next_step=next_step, data=data)

"""Every parser under bent and random bytes: a value, or an error of ours with a reason; never another exception, never for long.

Each parser starts from things that it accepts, so that the bending reaches behind the first check: bytes are flipped, cut, doubled and moved,
and JSON is bent as a value, keeping it canonical. Whatever is still accepted must come back as the same bytes where the format has one form.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonhold.kernel import durations, ids
from commonhold.kernel.canonical import canonical_bytes, parse_canonical
from commonhold.kernel.card import Card, parse_card
from commonhold.kernel.charter import check_charter, compile_charter, load_charter
from commonhold.kernel.charter.redline import apply_amendment
from commonhold.kernel.errors import CommonholdError
from commonhold.kernel.keys import parse_key_value
from commonhold.kernel.kit import Kit, kit_from_text, kit_from_words
from commonhold.kernel.mirrors.filelist import list_bytes, parse_list
from commonhold.kernel.mirrors.note import MirrorNote, parse_mirror_note
from commonhold.kernel.notes import parse_note
from commonhold.kernel.record.brief import parse_brief
from commonhold.kernel.record.entries import parse_entry
from commonhold.kernel.record.fold import apply
from commonhold.kernel.record.payloads import parse_payload
from commonhold.kernel.record.pin import parse_pin
from commonhold.kernel.record.prooffile import make_proof_file, parse_proof_file
from commonhold.kernel.texts import make_text, parse_text
from commonhold.kernel.tlog.checkpoint import parse_checkpoint
from commonhold.kernel.tlog.policy import parse_policy
from commonhold.kernel.tlog.proof import parse_proof
from commonhold.kernel.tlog.tiles import encode_bundle, parse_bundle, parse_tile_path
from commonhold.store.journal import Base, Batch, encode_record, parse_journal
from tests.kernel.attacks.saltmarsh import amendment, charter, house, statement

FOLDER: Final = Path(__file__).resolve().parents[2] / "examples" / "saltmarsh"
HOUSE: Final = house()
HOUSE.approve(HOUSE.propose("heron", "statement", statement("we move")), "heron", "tern")
KIT: Final = Kit(bytes(range(32)))
PARTNERS: Final = HOUSE.make_partners("reed", "sedge", k=1)
NOTE: Final = HOUSE.note(1_700_000_000).encode()
ENTRY: Final = HOUSE.outcomes[-1].entry
assert ENTRY is not None
PROOF: Final = make_proof_file(HOUSE.state, HOUSE.tree, tuple(HOUSE.leaves), HOUSE.checkpoint(), 8, ENTRY, {})
MD: Final = (FOLDER / "charter.md").read_bytes()
TOML: Final = (FOLDER / "charter.toml").read_bytes()
MIRROR: Final = MirrorNote(HOUSE.state.origin, 8, HOUSE.tree.root(8), "0" * 64, 162, 1_700_000_000)
POLICY: Final = (
    f"log {HOUSE.log.verifier}\nwitness reed {PARTNERS['witnesses']['reed']}\nwitness sedge {PARTNERS['witnesses']['sedge']}\ngroup all any reed sedge\nquorum all\n"
).encode()


VECTORS: Final = FOLDER.parents[1] / "vectors"
BRIEFS: Final = [case for case in json.loads((VECTORS / "brief.json").read_text("ascii"))["briefs"] if case["expect"] == "accept"]
PINS: Final = [
    case["pin"].encode() for case in json.loads((VECTORS / "pin.json").read_text("ascii"))["cases"] if case["expect"] == "accept"
]


def journal() -> bytes:
    first, chain = encode_record(Base("saltmarsh", str(HOUSE.log.verifier), 0, 0, HOUSE.tree.root(0)))
    second, _ = encode_record(Batch(0, (b"\x00\x04tern",)), chain)
    return first + second


def text(parse: Callable[[str], Any]) -> Callable[[bytes], Any]:
    """A parser of text, given any bytes: what is not UTF-8 never reaches it."""
    return lambda raw: parse(raw.decode("utf-8", "replace"))


def value(parse: Callable[[Any], Any]) -> Callable[[bytes], Any]:
    """A parser of a canonical value, given any bytes."""
    return lambda raw: parse(parse_canonical(raw, max_size=1 << 20))


def a_dict(parse: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda found: parse(found) if isinstance(found, dict) else None


AMENDMENT: Final = canonical_bytes(amendment(HOUSE, ("decisions/statement/by", {"office": "chair"})))

PARSERS: Final[dict[str, tuple[Callable[[bytes], Any], list[bytes]]]] = {
    "entry": (parse_entry, list(HOUSE.leaves[1:])),
    "fold": (lambda raw: apply(HOUSE.state, raw, HOUSE.tree.root), list(HOUSE.leaves[1:])),
    "note": (parse_note, [NOTE]),
    "checkpoint": (text(parse_checkpoint), [NOTE.partition(b"\n\n")[0] + b"\n"]),
    "policy": (parse_policy, [POLICY]),
    "tlog-proof": (parse_proof, [PROOF.proof.format()]),
    "proof-file": (parse_proof_file, [PROOF.to_bytes()]),
    "pin": (parse_pin, PINS),
    "brief": (parse_brief, [case["brief"].encode() for case in BRIEFS]),
    "card": (parse_card, [Card("heron", KIT.keys).to_bytes()]),
    "canonical": (lambda raw: parse_canonical(raw, max_size=1 << 20), [HOUSE.leaves[1], b'[1,true,"a",{"b":[]}]']),
    "key": (value(parse_key_value), [canonical_bytes(KIT.keys.to_value())]),
    "payload-partner": (value(a_dict(partial(parse_payload, "partner"))), [canonical_bytes(PARTNERS)]),
    "payload-admit": (value(a_dict(partial(parse_payload, "admit"))), [canonical_bytes({"keys": [KIT.keys.to_value()], "member": "ruff"})]),
    "payload-resolution": (
        value(a_dict(partial(parse_payload, "spend"))),
        [canonical_bytes({"amount": 5, "currency": "EUR", "text": "0" * 64})],
    ),
    "bundle": (lambda raw: parse_bundle(raw, 3), [encode_bundle([b"tern", b"plover" * 50, b"heron"])]),
    "tile-path": (text(parse_tile_path), [b"tile/1/x001/234.p/5", b"tile/entries/000"]),
    "charter": (value(a_dict(load_charter)), [canonical_bytes(charter())]),
    "charter-check": (value(a_dict(check_charter)), [canonical_bytes(charter())]),
    "charter.md": (lambda raw: compile_charter(raw.decode("utf-8", "replace"), TOML.decode()), [MD]),
    "charter.toml": (lambda raw: compile_charter(MD.decode(), raw.decode("utf-8", "replace")), [TOML]),
    "amendment": (value(a_dict(lambda found: apply_amendment(charter(), found))), [AMENDMENT]),
    "kit-words": (text(kit_from_words), [" ".join(KIT.words()).encode()]),
    "kit-text": (text(kit_from_text), [KIT.text().encode()]),
    "text": (parse_text, [make_text(b"We move.\n", bytes(16))]),
    "journal": (parse_journal, [journal()]),
    "duration": (text(durations.parse_duration), [b"P1Y2M3DT4H5M6S", b"P2W"]),
    "mirror-note": (text(parse_mirror_note), [MIRROR.text().encode()]),
    "mirror-list": (
        parse_list,
        [list_bytes({"settings/partners": "0" * 64, "site/about/밀물.html": "1" * 64, "site/index.html": "2" * 64})],
    ),
    "member-id": (text(ids.parse_member_id), [b"sea-holly"]),
}
ONE_FORM: Final = {"canonical": canonical_bytes, "mirror-list": lambda files: list_bytes(files).removesuffix(b"\n")} | dict.fromkeys(
    ("card", "proof-file", "pin", "brief"), lambda file: file.to_bytes()
)
SLOW: Final = frozenset({"charter", "charter-check", "charter.md", "charter.toml", "amendment", "fold"})


@st.composite
def bent_bytes(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    """Something that was accepted, with a few bytes flipped, cut, doubled, moved or put in."""
    raw = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, 4))):
        start, stop = sorted(draw(st.tuples(*[st.integers(0, len(raw))] * 2)))
        way = draw(st.sampled_from(["flip", "cut", "double", "end", "insert"]))
        if way == "flip" and start < len(raw):
            raw[start] ^= draw(st.integers(1, 255))
        elif way == "cut":
            del raw[start:stop]
        elif way == "double":
            raw[start:start] = raw[start:stop][:5_000]
        elif way == "end":
            del raw[start:]
        else:
            raw[start:start] = draw(
                st.binary(max_size=8) | st.sampled_from([b"\n", b"\xc2\x85", b"\xe2\x80\xae", b"null", b"-1", b'"', b"[" * 300])
            )
    return bytes(raw)


JUNK: Final = st.recursive(
    st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=12) | st.sampled_from(["heron", "0" * 64, "all", "1/2", "P1D"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcdefkmorstuy_", max_size=9), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def bent_values(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    """A JSON value that was accepted, with some of its parts replaced, removed or added, written as canonically as it can be."""
    found = json.loads(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 3))):
        at, parent, key = found, None, None
        while isinstance(at, dict | list) and at and (parent is None or draw(st.booleans()) or draw(st.booleans())):
            parent, key = at, draw(st.sampled_from(sorted(at))) if isinstance(at, dict) else draw(st.integers(0, len(at) - 1))
            at = parent[key]
        if parent is None:
            return json.dumps(draw(JUNK)).encode()
        if draw(st.booleans()):
            parent[key] = draw(JUNK)
        elif isinstance(parent, dict):
            parent[draw(st.text("abcdefkmorstuy_", min_size=1, max_size=9))] = draw(JUNK)
        else:
            del parent[key]
    return json.dumps(found, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8", "surrogatepass")


def is_json(seeds: list[bytes]) -> bool:
    return all(seed[:1] in b"{[" for seed in seeds)


def check(name: str, raw: bytes) -> None:
    parse, _ = PARSERS[name]
    try:
        found = parse(raw)
    except CommonholdError as error:
        assert str(error), error.code  # noqa: PT017 - a value and an error are both right
        assert error.code  # noqa: PT017
        return
    if name in ONE_FORM:
        assert ONE_FORM[name](found) == raw.removesuffix(b"\n")


def fuzz(name: str, examples: int) -> None:
    seeds = PARSERS[name][1]
    for seed in seeds:
        check(name, seed)
    sources = st.binary(max_size=200) | bent_bytes(seeds)
    if is_json(seeds):
        sources |= bent_values(seeds)

    @settings(max_examples=examples)
    @given(sources)
    def search(raw: bytes) -> None:
        check(name, raw)

    search()


@pytest.mark.drill
@pytest.mark.parametrize("name", PARSERS)
def test_no_bytes_make_a_parser_fail(name: str) -> None:
    """Each of many cases gives a value in its one form, or an error of ours with a code and a reason."""
    fuzz(name, 500 if name in SLOW else 2_000)


@pytest.mark.drill
@pytest.mark.smoke
@pytest.mark.parametrize("name", PARSERS)
def test_few_bytes_make_no_parser_fail(name: str) -> None:
    """The same with a few cases, for every change to the code."""
    fuzz(name, 25 if name in SLOW else 100)


@pytest.mark.drill
@pytest.mark.smoke
def test_every_parser_accepts_what_it_starts_from() -> None:
    """A seed that is refused would leave everything behind the first check unsearched."""
    for parse, seeds in PARSERS.values():
        for seed in seeds:
            parse(seed)

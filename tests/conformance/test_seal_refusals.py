"""What of a seal is refused: the same cases, the same codes, in Python and in the reader's JavaScript; and they agree on what is drawn at random."""

from __future__ import annotations

import json
import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shamir_mnemonic.wordlist import WORDLIST  # type: ignore[import-untyped] # it has no stubs

from commonhold.kernel import b64
from commonhold.kernel.custody.sealing.bundle import Secret, bundle_bytes, parse_bundle
from commonhold.kernel.custody.sealing.opening import check_contributions, open_seal
from commonhold.kernel.custody.sealing.shares import About, Holding, Manifest, check_contribution, check_proof, next_proof, parse_envelope
from commonhold.kernel.custody.sealing.splitting import _suggestions, join_shares, parse_words, split_key, trial_sets
from commonhold.kernel.custody.sealing.structure import Group, parse_structure, remarks
from commonhold.kernel.errors import CommonholdError
from tests.kernel.sealing.seals import ABOUT, structures
from tests.reader.node import Reader, RefusedError, verdict

pytestmark = pytest.mark.conformance
ROOT: Final = Path(__file__).resolve().parents[2]
VECTORS: Final = ROOT / "vectors"
VALUE: Final[Any] = json.loads((VECTORS / "seal-refusals.json").read_text("ascii"))
REFUSALS: Final = VALUE["refusals"]
WORDS: Final = [case["typed"] for case in REFUSALS if case["op"] == "words"]
WITHIN: Final = {"seal/key"}
"""Codes that no caller sees: opening turns them into others."""


def public(case: Any) -> Manifest:
    holdings = {share["member"]: Holding("", share["commitment"], "", "") for share in case["shares"]}
    return Manifest(About(**case["about"]), parse_structure(case["structure"]), holdings, case["key"], case["digest"])


def envelopes(case: Any) -> list[Any]:
    return [parse_envelope(one.encode()) for one in case["envelopes"]]


def listed(case: Any) -> list[Any]:
    """The secrets of a case, each value as often as it stands there."""
    return [{"kind": one["kind"], "name": one["name"], "value": one["value"] * one.get("times", 1)} for one in case["secrets"]]


PYTHON: Final[dict[str, Callable[[Any], object]]] = {
    "structure": lambda case: parse_structure(case["value"]),
    "sets": lambda case: parse_structure(case["value"]).sets(),
    "secrets": lambda case: bundle_bytes([Secret(**one) for one in listed(case)]),
    "bundle": lambda case: parse_bundle(bytes.fromhex(case["bundle"])),
    "words": lambda case: parse_words(case["typed"]),
    "envelope": lambda case: parse_envelope(case["envelope"].encode()),
    "contribution": lambda case: check_contribution(parse_envelope(case["envelope"].encode()), case["by"], case["release"]),
    "proof": lambda case: check_proof(case["proof"], case["last"]),
    "next": lambda case: next_proof(About(**case["about"]), case["index"], case["member"], case["words"], case["last"]),
    "share": lambda case: public(case).check_share(parse_envelope(case["envelope"].encode())),
    "sheet": lambda case: public(case).share_in_words(case["member"], case["words"]),
    "open": lambda case: open_seal(public(case), bytes.fromhex(case["sealed"]), envelopes(case)),
}
MANIFEST: Final = ("about", "structure", "shares", "key", "digest")


def half(case: Any) -> dict[str, Any]:
    return {name: case[name] for name in MANIFEST}


def contributed(case: Any) -> list[bytes]:
    return [one.encode() for one in case["envelopes"]]


READER: Final[dict[str, Callable[[Reader, Any], object]]] = {
    "structure": lambda reader, case: reader.ask("structure", value=case["value"]),
    "sets": lambda reader, case: reader.ask("structure-sets", value=case["value"]),
    "secrets": lambda reader, case: reader.ask("secrets-bytes", secrets=listed(case)),
    "bundle": lambda reader, case: reader.ask("secrets-parse", raw=bytes.fromhex(case["bundle"])),
    "words": lambda reader, case: reader.ask("share-words", typed=case["typed"]),
    "envelope": lambda reader, case: reader.ask("envelope", raw=case["envelope"].encode()),
    "contribution": lambda reader, case: reader.ask(
        "check-contribution", raw=case["envelope"].encode(), by=case["by"], release=case["release"]
    ),
    "proof": lambda reader, case: reader.ask("check-proof", proof=case["proof"], last=case["last"]),
    "next": lambda reader, case: reader.ask("next-proof", **{name: case[name] for name in ("about", "index", "member", "words", "last")}),
    "share": lambda reader, case: reader.ask("check-share", **half(case), envelope=case["envelope"].encode()),
    "sheet": lambda reader, case: reader.ask("share-in-words", **half(case), member=case["member"], words=case["words"]),
    "open": lambda reader, case: reader.ask("open-seal", **half(case), object=bytes.fromhex(case["sealed"]), envelopes=contributed(case)),
}


def test_the_refusals_are_what_their_script_makes() -> None:
    """To the byte."""
    made = runpy.run_path(str(VECTORS / "make_seal_refusals.py"))["render"]()
    assert made == (VECTORS / "seal-refusals.json").read_text("ascii")


def test_every_code_of_sealing_has_a_case() -> None:
    """A refusal that no vector shows could be another one in another program."""
    folder = ROOT / "src" / "commonhold" / "kernel" / "custody" / "sealing"
    raised = {
        code
        for path in folder.glob("*.py")
        for code in re.findall(r'(?:code=|, )"((?:seal|secret|share)/[a-z-]+)"', path.read_text("utf-8"))
    }
    shown = {case["code"] for case in REFUSALS} | {code for case in VALUE["verdicts"] for _, code in case["verdicts"]}
    assert raised - WITHIN == shown & raised
    assert {"seal/inconsistent", "seal/other-content", "share/used-up", "secret/form", "share/duplicate"} <= raised - WITHIN


@pytest.mark.parametrize("case", REFUSALS, ids=lambda case: f"{case['op']}: {case['name']}")
def test_both_programs_refuse_with_one_code(case: Any, reader: Reader) -> None:
    """And with the same data where a page needs it."""
    with pytest.raises(CommonholdError) as here:
        PYTHON[case["op"]](case)
    with pytest.raises(RefusedError) as there:
        READER[case["op"]](reader, case)
    assert (here.value.code, there.value.code) == (case["code"], case["code"])
    for found in (here.value.data, there.value.data):
        assert found == {**found, **case.get("data", {})}
    if case["op"] == "words" and case["code"] != "share/too-long":
        assert dict(here.value.data) == there.value.data
    if "refused" in case:
        assert here.value.data["refused"] == case["refused"]
        assert {one["member"]: one["code"] for one in there.value.data["refused"]} == case["refused"]
        assert here.value.data["have"] == there.value.data["have"]


def test_both_programs_take_everybodys_own_sheet(reader: Reader) -> None:
    """The words on paper are the share that the envelope holds; where any one of a group is enough they all have the same words, and each is the owner."""
    for vector in json.loads((VECTORS / "seal.json").read_text("ascii"))["seals"]:
        found = public(vector)
        for share in vector["shares"]:
            here = found.share_in_words(share["member"], share["words"])
            assert here == parse_envelope(share["envelope"].encode())
            there = reader.ask("share-in-words", **half(vector), member=share["member"], words=share["words"])
            assert (there["index"], there["member"], there["words"]) == (here.index, here.member, here.words)


def test_both_programs_take_the_largest_key_file(reader: Reader) -> None:
    """64 KiB of bytes, a third more in base64; to the byte."""
    one = Secret("file", "tls", b64.encode(bytes(range(256)) * 256))
    made = reader.ask("secrets-bytes", secrets=[{"kind": one.kind, "name": one.name, "value": one.value}])
    assert made == b64.encode(bundle_bytes([one]))


@pytest.mark.parametrize("case", VALUE["verdicts"], ids=lambda case: case["name"])
def test_both_programs_use_the_same_shares(case: Any, reader: Reader) -> None:
    """The earliest that meet the structure, each person once."""
    shares, found = check_contributions(public(case), envelopes(case))
    assert [[one.member, one.code] for one in found] == case["verdicts"]
    there = reader.ask("check-contributions", **half(case), envelopes=contributed(case))
    assert [[one["member"], one["code"]] for one in there["verdicts"]] == case["verdicts"]
    assert there["shares"] == shares
    opened = reader.ask("open-seal", **half(case), object=bytes.fromhex(case["sealed"]), envelopes=contributed(case))
    python = open_seal(public(case), bytes.fromhex(case["sealed"]), envelopes(case)).secrets
    assert opened["secrets"] == [{"kind": one.kind, "name": one.name, "value": one.value} for one in python]


@settings(max_examples=25)
@given(structures(), st.integers(0, 2**32))
def test_both_programs_cut_and_join_any_structure_alike(reader: Reader, structure: Group, seed: int) -> None:
    """People, sets, trials, remarks, and every word of every share."""
    value = structure.to_value()
    found = reader.ask("structure", value=value)
    assert (found["value"], found["people"]) == (value, list(structure.people()))
    assert (found["fewest"], found["count"], found["words"]) == (structure.fewest(), structure.count_sets(), structure.in_words())
    assert [(one["code"], one["people"]) for one in found["remarks"]] == [
        (remark.code, list(remark.people)) for remark in remarks(structure)
    ]
    assert [sorted(people) for people in reader.ask("trial-sets", value=value)] == [sorted(people) for people in trial_sets(structure)]
    if structure.count_sets() <= 200:
        assert [sorted(people) for people in reader.ask("structure-sets", value=value)] == [sorted(people) for people in structure.sets()]
    thrown: list[str] = []

    def dice(size: int) -> bytes:
        thrown.append(bytes((seed >> (8 * (at % 4))) + 31 * at + len(thrown) & 0xFF for at in range(size)).hex())
        return bytes.fromhex(thrown[-1])

    about = ABOUT.to_value()
    key = bytes(range(32))
    shares = split_key(key, structure, about, dice)
    assert reader.ask("split-key", key=key.hex(), structure=value, about=about, dice=thrown) == shares
    people = min(structure.sets(), key=sorted) if structure.count_sets() <= 200 else frozenset(structure.people())
    have = {name: shares[name] for name in structure.people() if name in people}
    assert reader.ask("join-shares", structure=value, about=about, shares=have) == join_shares(structure, about, have).hex() == key.hex()


@settings(max_examples=60)
@given(
    st.sampled_from(WORDLIST),
    st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyz\u00e9"), max_size=2),
    st.integers(0, 9),
    st.integers(0, 3),
)
def test_both_programs_suggest_the_same_words(reader: Reader, word: str, put: str, at: int, cut: int) -> None:
    """In the same order, for any slip of the finger."""
    typed = word[:at] + put + word[at + cut :]
    assert reader.ask("likely-words", typed=typed) == list(_suggestions(typed))


@settings(max_examples=40)
@given(st.sampled_from(WORDS), st.integers(0, 32), st.sampled_from([*WORDLIST[:40], "zz", "7.", ",", "\n", ""]), st.booleans())
def test_both_programs_read_the_same_sheets(reader: Reader, typed: str, at: int, word: str, shouted: bool) -> None:
    """Whatever is put in the place of a word."""
    words = typed.split(" ")
    bent = " ".join([*words[:at], word, *words[at + 1 :]])
    bent = bent.upper() if shouted else bent
    assert verdict(lambda: parse_words(bent)) == verdict(lambda: reader.ask("share-words", typed=bent))

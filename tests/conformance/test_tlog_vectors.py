"""The project's own vectors for the log: current, and judged from the files alone as another program would judge them."""

from __future__ import annotations

import base64
import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from commonhold.kernel.canonical import canonical_bytes, parse_canonical
from commonhold.kernel.errors import CommonholdError
from commonhold.kernel.notes import VerifierKey, cosigned_message, open_note, parse_signature
from commonhold.kernel.record.statements import open_frozen, open_vouched
from commonhold.kernel.tlog.checkpoint import verify_cosignature
from commonhold.kernel.tlog.merkle import Frontier, Tree, leaf_hash, verify_consistency, verify_inclusion
from commonhold.kernel.tlog.policy import parse_policy
from commonhold.kernel.tlog.proof import parse_proof, verify_proof
from commonhold.kernel.tlog.tiles import Tile, encode_bundle, parse_bundle, parse_tile_path, tiles_for

pytestmark = pytest.mark.conformance

VECTORS = Path(__file__).resolve().parents[2] / "vectors"
FILES = (
    "canonical.json",
    "cosignature.json",
    "merkle.json",
    "notes.json",
    "policy.json",
    "statements.json",
    "tiles.json",
    "tlog-proof.json",
)
Case = dict[str, Any]


def load(name: str) -> Case:
    value: Case = json.loads((VECTORS / name).read_text("ascii"))
    return value


def raw(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def judge(cases: list[Case], verify: Callable[[Case], None]) -> None:
    """Hold *verify* to each case: it passes, or is refused with the code that stands there."""
    assert {case["expect"] for case in cases} == {"accept", "refuse"}
    assert len({case["name"] for case in cases}) == len(cases)
    for case in cases:
        if case["expect"] == "accept":
            verify(case)
        else:
            with pytest.raises(CommonholdError) as refusal:
                verify(case)
            assert refusal.value.code == case["code"], case["name"]


def test_the_vectors_are_those_that_their_script_makes() -> None:
    """The files in the checkout are current, and small enough for any program's tests."""
    rendered: dict[str, str] = {}
    for script in ("make_canonical.py", "make_log.py", "make_notes.py", "make_statements.py"):
        rendered |= runpy.run_path(str(VECTORS / script))["render"]()
    assert set(rendered) == set(FILES)
    for name, text in rendered.items():
        assert (VECTORS / name).read_text("ascii") == text, "run python vectors/make.py"
        assert len(text) < 40_000
        assert json.loads(text)["about"]


def test_statements_are_judged_as_the_vectors_say() -> None:
    """A statement counts under the keys of its own kind, and tells who signed it when."""

    def verify(case: Case) -> None:
        keys = [VerifierKey.parse(key) for key in case["keys"]]
        note = case["note"].encode()
        told = open_frozen(note, keys).times if case["form"] == "frozen" else open_vouched(note, keys).times
        assert {key.name: time for key, time in told.items()} == case["times"]

    judge(load("statements.json")["cases"], verify)


def test_canonical_json_is_judged_as_the_vectors_say() -> None:
    """Each value has its bytes, and each refused string of bytes stands for nothing."""

    def verify(case: Case) -> None:
        if case["expect"] == "accept":
            assert canonical_bytes(case["value"]) == case["canonical"].encode()
            assert parse_canonical(case["canonical"].encode(), max_size=10_000) == case["value"]
        else:
            parse_canonical(raw(case["raw_base64"]), max_size=10_000)

    judge(load("canonical.json")["cases"], verify)


def test_notes_are_judged_as_the_vectors_say() -> None:
    """Each note opens with its text and signers, or is refused."""

    def verify(case: Case) -> None:
        opened = open_note(raw(case["note_base64"]), [VerifierKey.parse(vkey) for vkey in case["vkeys"]])
        assert (opened.text, [key.name for key, _ in opened.verified], opened.unknown) == (case["text"], case["signers"], case["unknown"])

    judge(load("notes.json")["cases"], verify)


def test_vkeys_are_judged_as_the_vectors_say() -> None:
    """Each vkey has its name, kind and id, or is refused."""

    def verify(case: Case) -> None:
        key = VerifierKey.parse(case["vkey"])
        assert (key.name, key.kind, key.key_id.hex()) == (case["key_name"], case["kind"], case["key_id"])

    judge(load("notes.json")["vkeys"], verify)


def test_cosignatures_are_judged_as_the_vectors_say() -> None:
    """Each cosignature gives its time, over exactly the message that stands there, or is refused."""
    vectors = load("cosignature.json")
    key = VerifierKey.parse(vectors["vkey"])

    def verify(case: Case) -> None:
        time = verify_cosignature(case["text"], key, parse_signature(case["line"].removesuffix("\n")))
        assert time == int(case["time"])
        assert cosigned_message(time, case["text"].encode()) == raw(case["message_base64"])

    judge(vectors["cases"], verify)


def test_the_tree_has_the_roots_of_the_vectors() -> None:
    """The tree and the frontier have each root that stands there."""
    vectors = load("merkle.json")
    leaves = [leaf_hash(raw(entry)) for entry in vectors["entries_base64"]]
    tree = Tree(leaves)
    for size, root in enumerate(vectors["roots"]):
        assert tree.root(size) == Frontier().extend(leaves[:size]).root() == raw(root)


def test_proofs_are_judged_as_the_vectors_say() -> None:
    """Each inclusion and consistency proof holds, or is refused."""
    vectors = load("merkle.json")
    judge(
        vectors["inclusion"],
        lambda case: verify_inclusion(case["index"], case["size"], raw(case["leaf"]), list(map(raw, case["proof"])), raw(case["root"])),
    )
    judge(
        vectors["consistency"],
        lambda case: verify_consistency(
            case["old"], case["new"], raw(case["old_root"]), raw(case["new_root"]), list(map(raw, case["proof"]))
        ),
    )


def test_tiles_are_those_of_the_vectors() -> None:
    """Each path names its tile or is refused, each log has its tiles, and the bundle its entries."""
    vectors = load("tiles.json")

    def verify(case: Case) -> None:
        assert parse_tile_path(case["name"]) == Tile(case["level"], case["index"], case["width"])

    judge(vectors["paths"], verify)
    for log in vectors["logs"]:
        levels: dict[int, list[int]] = {}
        for tile in tiles_for(log["size"]):
            counts = levels.setdefault(tile.level, [0, 0])
            if tile.width == 256:
                counts[0] += 1
            else:
                counts[1] = tile.width
        assert list(levels.values()) == log["levels"]
    entries = list(map(raw, vectors["bundle"]["entries_base64"]))
    assert encode_bundle(entries) == raw(vectors["bundle"]["raw_base64"])
    assert parse_bundle(raw(vectors["bundle"]["raw_base64"]), len(entries)) == entries


def test_policies_are_judged_as_the_vectors_say() -> None:
    """Each set of times meets the policy at its time, or does not; each malformed policy is refused."""
    vectors = load("policy.json")
    policy = parse_policy(vectors["policy"].encode())

    def verify(case: Case) -> None:
        assert policy.time(case["times"]) == case["time"]
        policy.require(case["times"].keys())

    judge(vectors["cases"], verify)
    for case in vectors["malformed"]:
        with pytest.raises(CommonholdError) as refusal:
            parse_policy(case["policy"].encode())
        assert refusal.value.code == case["code"], case["name"]


def test_offline_proofs_are_judged_as_the_vectors_say() -> None:
    """Each proof shows its entry in the log under the policy, or is refused."""
    vectors = load("tlog-proof.json")
    policy = parse_policy(vectors["policy"].encode())

    def verify(case: Case) -> None:
        proof = parse_proof(case["proof"].encode())
        verified = verify_proof(proof, leaf_hash(raw(case["entry_base64"])), policy)
        assert (proof.index, verified.checkpoint.size, verified.time) == (case["index"], case["size"], case["time"])
        assert proof.format().decode() == case["proof"]

    judge(vectors["cases"], verify)

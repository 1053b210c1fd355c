"""Vectors that others wrote: notes, Merkle proofs, a whole log, JCS, Ed25519, and Sigsum policies.

They are read from the shared data beside the checkout; where each comes from stands in its SOURCES.txt.
"""

from __future__ import annotations

import base64
import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from commonhold.kernel import ed25519
from commonhold.kernel.canonical import canonical_bytes, parse_canonical
from commonhold.kernel.errors import CommonholdError, FormatError, ProofError
from commonhold.kernel.notes import COSIGNATURE, VerifierKey, open_note, parse_note
from commonhold.kernel.tlog.checkpoint import open_checkpoint, parse_checkpoint
from commonhold.kernel.tlog.merkle import EMPTY_ROOT, Frontier, Tree, leaf_hash, verify_consistency, verify_inclusion
from commonhold.kernel.tlog.policy import parse_policy
from commonhold.kernel.tlog.tilereader import HashReader
from commonhold.kernel.tlog.tiles import entries_path, parse_bundle, parse_tile_path, tile_path, tiles_for
from tests.shared_data import shared_data

pytestmark = pytest.mark.conformance

TESSERA_KEY = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"
TESSERA_SIZES = range(16)
SIGSUM = ("sigsum-generic-2025-1", "sigsum-test-2025-3", "sigsum-test1-2025", "sigsum-test2-2025")


def load(*parts: str) -> Any:
    return json.loads(shared_data("record", *parts).read_text("utf-8"))


# ------------------------------------------------------------------------------------------------------------------------- notes


def test_every_shared_note_is_judged_as_its_source_judges_it() -> None:
    """Real and hand-made notes open, or are refused, exactly as Go's and Tessera's programs say."""
    notes = load("notes.json")
    assert len(notes) >= 18
    for case in notes:
        raw = case["note"].encode()
        if case["expect"] == "reject":
            with pytest.raises(CommonholdError):
                open_note(raw, [VerifierKey.parse(vkey) for vkey in case["vkeys"]])
            continue
        keys = [VerifierKey.parse(vkey) for vkey in case["vkeys"]]
        assert [str(key) for key in keys] == case["vkeys"]
        opened = open_note(raw, keys)
        lines = raw.decode().rpartition("\n\n")[2].splitlines()
        names = {line.split(" ")[1] for line in lines}
        assert {key.name for key, _ in opened.verified} == names & {key.name for key in keys}, case["id"]
        assert opened.unknown == sum(line.split(" ")[1] not in {key.name for key in keys} for line in lines)


def test_a_log_may_sign_with_a_key_of_another_name_only_where_that_was_expected() -> None:
    """Go's checksum database signs as sum.golang.org for the origin "go.sum database tree": a reader must say that it expects this."""
    case = next(case for case in load("notes.json") if case["id"] == "sumdb-6476701")
    key, raw = VerifierKey.parse(case["vkeys"][0]), case["note"].encode()
    with pytest.raises(ProofError) as refusal:
        open_checkpoint(raw, [key])
    assert refusal.value.code == "checkpoint/origin"
    checkpoint, _ = open_checkpoint(raw, [key], origin="go.sum database tree")
    assert checkpoint.size == 6476701


# -------------------------------------------------------------------------------------------------------------------- Merkle proofs


def proof_files(kind: str) -> list[Path]:
    return sorted(shared_data("record", "merkle-proofs", kind).rglob("*.json"))


def binary(text: str | None) -> bytes:
    return base64.b64decode(text or "")


def test_every_inclusion_proof_is_judged_as_expected() -> None:
    """The good inclusion proofs of transparency-dev/merkle verify, and every bent one is refused."""
    files = proof_files("inclusion")
    judged = {True: 0, False: 0}
    for file in files:
        case = json.loads(file.read_text("utf-8"))
        arguments = (
            case["leafIdx"],
            case["treeSize"],
            binary(case["leafHash"]),
            [binary(h) for h in case["proof"] or []],
            binary(case["root"]),
        )
        judged[case["wantErr"]] += 1
        if case["wantErr"]:
            with pytest.raises(ProofError):
                verify_inclusion(*arguments)
        else:
            verify_inclusion(*arguments)
    assert len(files) >= 50
    assert all(judged.values())


def test_every_consistency_proof_is_judged_as_expected() -> None:
    """The good consistency proofs of transparency-dev/merkle verify, and every bent one is refused."""
    files = proof_files("consistency")
    judged = {True: 0, False: 0}
    for file in files:
        case = json.loads(file.read_text("utf-8"))
        proof = [binary(h) for h in case["proof"] or []]
        arguments = (case["size1"], case["size2"], binary(case["root1"]), binary(case["root2"]), proof)
        judged[case["wantErr"]] += 1
        if case["wantErr"]:
            with pytest.raises(ProofError):
                verify_consistency(*arguments)
        else:
            verify_consistency(*arguments)
    assert len(files) >= 40
    assert all(judged.values())


# -------------------------------------------------------------------------------------------------------------------- a whole log


def tessera(path: str) -> bytes:
    return shared_data("record", "tessera-log", *path.split("/")).read_bytes()


def tessera_entries() -> list[bytes]:
    return parse_bundle(tessera("tile/entries/000.p/15"), 15)


@pytest.mark.parametrize("size", TESSERA_SIZES)
def test_every_checkpoint_of_the_tessera_log_has_the_root_of_its_entries(size: int) -> None:
    """At each size the signed root is the one that the tree, the frontier and the tiles give."""
    checkpoint, opened = open_checkpoint(tessera(f"checkpoint.{size}"), [VerifierKey.parse(TESSERA_KEY)])
    assert (checkpoint.origin, checkpoint.size) == ("example.com/log/testdata", size)
    assert checkpoint.text() == opened.text
    leaves = [leaf_hash(entry) for entry in tessera_entries()[:size]]
    assert Tree(leaves).root() == Frontier().extend(leaves).root() == checkpoint.root
    reader = HashReader(size, checkpoint.root, lambda *tile: tessera(tile_path(*tile)))
    assert [reader.leaf(index) for index in range(size)] == leaves
    if size:
        assert reader.bundle(0, tessera(entries_path(0, size))) == tessera_entries()[:size]
        assert [tile.path for tile in tiles_for(size)] == [f"tile/0/000.p/{size}"]


def test_the_tessera_log_is_consistent_with_itself_at_every_size() -> None:
    """Between any two of its checkpoints there is a proof that the newer tree begins with the older one."""
    roots = [parse_checkpoint(parse_note(tessera(f"checkpoint.{size}")).text).root for size in TESSERA_SIZES]
    reader = HashReader(15, roots[15], lambda *tile: tessera(tile_path(*tile)))
    assert roots[0] == EMPTY_ROOT
    for new in TESSERA_SIZES:
        for old in range(1, new + 1):
            verify_consistency(old, new, roots[old], roots[new], reader.consistency_proof(old, new))
        for index in range(new):
            verify_inclusion(index, new, reader.leaf(index), reader.inclusion_proof(index, new), roots[new])


def test_every_path_of_the_tessera_log_is_a_path() -> None:
    """The names of the log's own files parse and are written again in the same way."""
    folder = shared_data("record", "tessera-log")
    paths = [str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file() and "checkpoint" not in file.name]
    assert len(paths) == 30
    assert [parse_tile_path(path).path for path in paths] == paths


# ----------------------------------------------------------------------------------------------------------------------------- JCS


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("arrays", "canonical/type"),
        ("french", "canonical/key"),
        ("structures", "canonical/key"),
        ("unicode", "canonical/not-nfc"),
        ("values", "canonical/type"),
        ("weird", "canonical/key"),
    ],
)
def test_the_jcs_examples_lie_outside_the_subset_and_are_refused(name: str, code: str) -> None:
    """Null, floats, keys that are not ASCII and text that is not NFC have a form in RFC 8785 and none here, not even RFC 8785's own."""
    expected = shared_data("record", "jcs", "output", f"{name}.json").read_bytes()
    for refused in (lambda: canonical_bytes(json.loads(expected)), lambda: parse_canonical(expected, max_size=4096)):
        with pytest.raises(FormatError) as refusal:
            refused()
        assert refusal.value.code == code


def parts(value: Any) -> Iterator[Any]:
    """*value* and everything inside it."""
    yield value
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in inside:
        yield from parts(part)


def test_the_parts_of_jcs_examples_that_lie_in_the_subset_have_rfc_8785s_bytes() -> None:
    """Whatever part of an example is in the subset is encoded exactly as it stands in RFC 8785's output."""
    found = 0
    for file in sorted(shared_data("record", "jcs", "output").glob("*.json")):
        whole = file.read_bytes()
        for part in parts(json.loads(whole)):
            try:
                ours = canonical_bytes(part)
            except FormatError:
                continue
            assert ours in whole
            assert parse_canonical(ours, max_size=4096) == part
            found += 1
    assert found >= 20


@given(
    st.recursive(
        st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text().map(lambda text: unicodedata.normalize("NFC", text)),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)), inner),
        max_leaves=12,
    )
)
def test_on_the_subset_our_bytes_are_those_of_an_rfc_8785_library(value: Any) -> None:
    """A value either has no canonical form here, or the one that an independent library of RFC 8785 gives it."""
    try:
        ours = canonical_bytes(value)
    except FormatError:
        return
    assert ours == rfc8785.dumps(value)


# ------------------------------------------------------------------------------------------------------------------------- Ed25519


def test_every_wycheproof_signature_is_judged_as_expected() -> None:
    """All keys of the set may be enrolled, and each signature is valid exactly where Wycheproof says so."""
    count = 0
    for group in load("ed25519", "wycheproof.json")["testGroups"]:
        public = bytes.fromhex(group["publicKey"]["pk"])
        ed25519.check_public_key(public)
        for test in group["tests"]:
            message, signature = bytes.fromhex(test["msg"]), bytes.fromhex(test["sig"])
            if test["result"] == "valid":
                ed25519.verify(public, message, signature)
            else:
                with pytest.raises(ProofError):
                    ed25519.verify(public, message, signature)
            count += 1
    assert count >= 150


def test_the_edge_cases_on_which_libraries_disagree_have_one_answer_here() -> None:
    """Of the twelve edge cases one verifies, under a mixed-order key that cannot be enrolled; the two ordinary keys fail only for S >= L."""
    verified, enrolled = [], []
    for number, case in enumerate(load("ed25519", "speccheck.json")):
        public, message, signature = (bytes.fromhex(case[field]) for field in ("pub_key", "message", "signature"))
        if ed25519.is_valid(public, message, signature):
            verified.append(number)
        try:
            ed25519.check_public_key(public)
        except FormatError:
            continue
        enrolled.append(number)
    assert verified == [3]
    assert enrolled == [6, 7]


def test_the_identity_as_a_key_cannot_be_enrolled_in_any_vkey() -> None:
    """Under the identity one signature fits every message, so no vkey can hold it, whatever its kind and id."""
    identity = bytes([1]) + bytes(31)
    for kind in (1, 4):
        with pytest.raises(FormatError) as refusal:
            VerifierKey.of("witness.example", identity, kind)
        assert refusal.value.code == "key/weak"


# -------------------------------------------------------------------------------------------------------------------------- Sigsum


def as_vkeys(raw: str) -> bytes:
    """A Sigsum policy, which has raw keys in hexadecimal, in the form of C2SP, which has vkeys."""
    logs = 0
    lines = []
    for line in raw.splitlines():
        words = line.split()
        match words:
            case ["log", key, *rest]:
                logs += 1
                vkey = VerifierKey.of(f"log-{logs}.example", bytes.fromhex(key))
                lines.append(" ".join(["log", str(vkey), *rest]))
            case ["witness", name, key, *rest]:
                lines.append(" ".join(["witness", name, str(VerifierKey.of(name, bytes.fromhex(key), COSIGNATURE)), *rest]))
            case _:
                lines.append(line)
    return "".join(f"{line}\n" for line in lines).encode()


@pytest.mark.parametrize("name", SIGSUM)
def test_the_real_policies_of_sigsum_mean_what_they_say(name: str) -> None:
    """Each of Sigsum's builtin policies is met by all its witnesses, by no less than its groups ask for, and survives a round trip."""
    policy = parse_policy(as_vkeys(shared_data("record", "sigsum", f"{name}.builtin-policy").read_text("utf-8")))
    everyone = set(policy.witnesses)
    policy.require(everyone)
    with pytest.raises(ProofError):
        policy.require(set())
    # Taking witnesses away one by one must fail at some point, and never come back.
    met = []
    for gone in range(len(everyone) + 1):
        try:
            policy.require(set(sorted(everyone)[gone:]))
            met.append(True)
        except ProofError:
            met.append(False)
    assert met == sorted(met, reverse=True)
    assert parse_policy(policy.format()) == policy
    assert policy.logs
    assert policy.logs[0].url.startswith("https://")


def test_a_nested_sigsum_policy_counts_one_operators_witnesses_as_one() -> None:
    """In the nested policy several witnesses of one operator are one voice in the outer group, however many of them sign."""
    policy = parse_policy(as_vkeys(shared_data("record", "sigsum", "sigsum-test-2025-3.builtin-policy").read_text("utf-8")))
    outer = policy.groups[policy.quorum]
    inner = next(member for member in outer.members if member in policy.groups)
    operator = set(policy.groups[inner].members)
    others = [member for member in outer.members if member != inner]
    needed = outer.threshold
    with pytest.raises(ProofError) as refusal:
        policy.require(operator | set(others[: needed - 2]))
    assert refusal.value.data["have"] == needed - 1
    policy.require(operator | set(others[: needed - 1]))

"""What Python makes, read by the reader's JavaScript: entries, state proofs and proof files, and what they must not be made to say."""

from __future__ import annotations

import base64
import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from commonhold.kernel import b64
from commonhold.kernel.canonical import canonical_bytes
from commonhold.kernel.kit import Kit
from commonhold.kernel.notes import SignerKey
from commonhold.kernel.record.digest import StateProof, StateTree
from commonhold.kernel.record.entries import parse_entry
from commonhold.kernel.record.founding import origin_of
from commonhold.kernel.record.prooffile import ProofFile, make_proof_file
from commonhold.kernel.texts import make_text, text_digest
from commonhold.kernel.tlog.checkpoint import Checkpoint
from commonhold.kernel.tlog.merkle import Tree, leaf_hash
from commonhold.kernel.tlog.proof import TlogProof
from commonhold.testing.house import derive
from tests.attacks import Mutation, attack
from tests.kernel.attacks.saltmarsh import house
from tests.reader.node import Reader, verdict

READER = Path(__file__).resolve().parents[2] / "reader"
HUGE = 4_000_000
HOSTILE = {
    "nothing but openings": b"{" * HUGE,
    "one endless string": b'{"form":"' + b"a" * HUGE + b'"}',
    "one endless number": b'{"form":' + b"9" * HUGE + b"}",
    "no UTF-8": b"{" + b"\xff" * HUGE,
    "zeros": bytes(HUGE),
    "a note of 10,000 signatures": b"x\n\n" + b"\xe2\x80\x94 gull.example AAAAAAAA\n" * 10_000,
    "a note of one endless line": b"x" * HUGE + b"\n\n\xe2\x80\x94 gull.example AAAAAAAA\n",
    "a proof of 80,000 hashes": b"c2sp.org/tlog-proof@v1\nindex 1\n" + (b"A" * 43 + b"=\n") * 80_000 + b"\n",
    "an endless index": b"c2sp.org/tlog-proof@v1\nindex " + b"9" * HUGE + b"\n\n",
}


def test_the_table_of_unicode_3_2_is_pythons() -> None:
    """The two programs call the same characters young, so that no text is canonical in one of them alone."""
    ranges: list[list[int]] = []
    for point in range(0x110000):
        if unicodedata.ucd_3_2_0.category(chr(point)) != "Cn":
            if ranges and ranges[-1][1] == point - 1:
                ranges[-1][1] = point
            else:
                ranges.append([point, point])
    source = (READER / "src" / "unicode32.js").read_text("utf-8")
    written = source.partition("RANGES = `")[2].partition("`")[0].split()
    found, last = [], 0
    for word in written:
        step, _, more = word.partition("-")
        first = last + int(step, 16)
        last = first + int(more or "0", 16)
        found.append([first, last])
    assert found == ranges


def test_young_characters_are_found_at_every_border(reader: Reader) -> None:
    """The search through the table gives Python's answer at each end of each range and beside it."""
    points = sorted({point for number in (0x80, 0x220, 0x221, 0x223, 0x250, 0xE01EF, 0x10FFFD, 0x10FFFF) for point in (number, number + 1)})
    points = [point for point in [*points, *range(0, 0x3000, 7), *range(0x10000, 0x110000, 997)] if point < 0x110000]
    assert reader.ask("young", points=points) == [unicodedata.ucd_3_2_0.category(chr(point)) == "Cn" for point in points]


def a_proof() -> ProofFile:
    """The proof of a statement that a house decided, with its text."""
    living = house()
    text = make_text("We move to the mill. Мы переезжаем.\n".encode(), bytes(range(16)))
    proposal = living.propose("heron", "statement", {"text": text_digest(text), "language": "en"})
    living.approve(proposal, "heron", "tern")
    index = next(outcome.index for outcome in living.outcomes if outcome.entry is not None and outcome.entry.id == proposal)
    entry = living.outcomes[index].entry
    assert entry is not None
    checkpoint = living.checkpoint()
    return make_proof_file(living.state, living.tree, tuple(living.leaves), checkpoint, index, entry, {text_digest(text): text})


def test_entries_are_read_as_python_reads_them(reader: Reader) -> None:
    """Each leaf of a house's record gives the same type, author, id and unsigned bytes."""
    living = house()
    living.approve(living.propose("heron", "statement", {"text": "0" * 64, "language": "en"}), "heron", "tern")
    living.make_partners("reed", "sedge", k=1)
    for raw in living.leaves:
        entry = parse_entry(raw)
        found = reader.ask("entry", raw=raw)
        assert (found["type"], found["org"], found["by"], found["key"], found["id"]) == (
            entry.type,
            entry.org,
            entry.by,
            entry.key,
            entry.id,
        )
        assert (found["epoch"], found["seenSize"], base64.b64decode(found["unsigned"])) == (entry.epoch, entry.seen_size, entry.unsigned)


def test_state_proofs_are_judged_as_python_judges_them(reader: Reader) -> None:
    """What is in a state is proved present and never absent, and the reverse; a bent proof is refused."""
    state = house().state
    tree = StateTree.of(state)
    digest = tree.root()

    def plain(proof: StateProof) -> dict[str, Any]:
        leaves = [
            {"leaf": b64.encode(leaf.leaf), "index": leaf.index, "hashes": list(map(b64.encode, leaf.hashes))} for leaf in proof.leaves
        ]
        return {"count": proof.count, "leaves": leaves}

    for part, key in (("members", "heron"), ("rules", "charter"), ("seats", "aaa"), ("aaa", "aaa"), ("zzz", "zzz"), ("members", "héron")):
        present = key in state.part(part) if part in state.parts else False
        proof = plain(tree.prove(part, key))
        asked = {"proof": proof, "digest": digest, "part": part, "key": key}
        if present:
            reader.ask("present", **asked)
            assert verdict(lambda asked=asked: reader.ask("absent", **asked)) == "state/not-absent"
            assert verdict(lambda asked=asked: reader.ask("present", **{**asked, "key": "other"})) == "state/other-key"
        else:
            reader.ask("absent", **asked)
        assert verdict(lambda asked=asked: reader.ask("absent", **{**asked, "digest": bytes(32)})) in {"proof/root", "state/not-absent"}
        shorter = {**proof, "leaves": proof["leaves"][:-1]}
        assert verdict(lambda asked=asked, shorter=shorter: reader.ask("absent", **{**asked, "proof": shorter})) == "state/absent"


def test_a_proof_file_shows_its_entry_and_no_more_than_was_checked(reader: Reader) -> None:
    """Signatures, tree and texts are checked; whether the entry counts takes a replay, and the answer says so."""
    proof = a_proof()
    raw = proof.to_bytes()
    found = reader.ask("check-proof-file", raw=raw, org=proof.org)
    assert (found["org"], found["size"], found["index"]) == (proof.org, len(proof.leaves), proof.proof.index)
    assert (found["signature"], found["approvals"]) == ("founder", ["heron", "tern"])
    assert sorted(found["founders"]["accepted"]) == sorted(found["founders"]["listed"])
    assert found["texts"] == ["We move to the mill. Мы переезжаем.\n"]
    answer = reader.ask("judge", raw=raw)
    assert answer["verdict"] == "cannot-judge"
    assert {"no-replay", "org-unknown", "rests-file"} <= {fact["say"] for fact in answer["facts"]}


def test_a_bent_proof_file_is_refused_for_its_reason(reader: Reader) -> None:
    """Another organisation, a changed leaf, a foreign text and a state proof of another state are each refused by name."""
    proof = a_proof()
    value = json.loads(proof.to_bytes())

    def bent(**changes: Any) -> str:
        return verdict(lambda: reader.ask("check-proof-file", raw=canonical_bytes({**value, **changes})))

    assert bent() == ""
    assert bent(leaves=value["leaves"][:-1]) == "record/root"
    assert bent(leaves=[*value["leaves"][:-2], value["leaves"][-1], value["leaves"][-2]]) == "record/root"
    assert bent(org="0" * 64) == "record/other-org"
    assert bent(texts={"0" * 64: b64.encode(make_text(b"another", bytes(16)))}) == "prooffile/text"
    assert bent(proof=value["proof"].replace(f"index {proof.proof.index}\n", f"index {proof.proof.index + 1}\n")) == "proof/root"
    assert bent(state=[{**value["state"][0], "key": "0" * 64}]) == "state/other-key"
    assert bent(state=[{**value["state"][0], "hashes": []}, *value["state"][1:]]) == "proof/length"
    assert bent(extra=1) == "prooffile/form"
    assert verdict(lambda: reader.ask("check-proof-file", raw=proof.to_bytes(), org="1" * 64)) == "record/other-org"


@attack(
    "reader-03",
    Mutation(
        "reader/src/prooffile.js",
        find="const hasOwnKey = ({ by, key }) => founders.get(by)?.id === key;",
        replace="const hasOwnKey = ({ by }) => founders.has(by);",
    ),
    Mutation(
        "reader/src/prooffile.js",
        find="    if (!hasOwnKey(entry)) return false;",
        replace="    if (!hasOwnKey(entry)) return founders.has(entry.by);",
    ),
)
def test_a_key_that_a_proposal_merely_mentions_makes_nobody_a_signer(reader: Reader) -> None:
    """Whoever runs the log can have a key mentioned and sign with it in anybody's name: no approval, no acceptance, and said so."""
    living, gull = house(), Kit(bytes(range(7, 39)))
    living.propose("heron", "admit", {"member": "gull", "keys": [gull.keys.to_value()]})
    proposal = living.propose("heron", "statement", {"text": "0" * 64, "language": "en"})
    for kit, name in ((gull, "tern"), (gull, "plover"), (None, "curlew"), (None, "curlew")):
        living.append(living.sign(name, "approve", {"proposal": proposal}, kit=kit))

    def shown(index: int) -> Any:
        entry = parse_entry(living.leaves[index])
        proof = make_proof_file(living.state, living.tree, tuple(living.leaves), living.checkpoint(), index, entry, {})
        return reader.ask("check-proof-file", raw=proof.to_bytes())

    index = living.tree.size - 4
    assert [shown(index + step)["signature"] for step in range(4)] == ["named", "named", "founder", "founder"]
    assert shown(index)["approvals"] == ["curlew"]


def stuffed(more: bytes, times: int) -> ProofFile:
    """The proof of a statement that waits, in a record whose log has appended one entry again and again."""
    living = house()
    proposal = living.propose("heron", "statement", {"text": "0" * 64, "language": "en"})
    approval = json.loads(living.sign("tern", "approve", {"proposal": proposal}))
    leaf = canonical_bytes({**approval, "sig": {"kind": "ed25519", "value": b64.encode(more)}}) if more else canonical_bytes(approval)
    leaves = (*living.leaves, *[leaf] * times)
    tree, index = Tree(map(leaf_hash, leaves)), len(living.leaves) - 1
    origin = origin_of(living.org, 0, living.log.verifier.public)
    signed = Checkpoint(origin, tree.size, tree.root()).sign(SignerKey(origin, derive(living.seed, "log")))
    return ProofFile(living.org, TlogProof(None, index, tuple(tree.inclusion_proof(index)), signed), leaves, (), {})


@attack(
    "reader-05",
    Mutation("reader/src/prooffile.js", find="demand(checked <= MAX_CHECKED,", replace="demand(true,"),
    Mutation("reader/src/prooffile.js", find=" && !who.has(entry.by) && isFounders(entry)", replace=" && isFounders(entry)"),
)
def test_a_file_full_of_signatures_is_answered_before_its_reader_gives_up(reader: Reader) -> None:
    """A voice that is there twice is checked once; forged ones are checked up to a bound, and then the page says that it cannot judge."""
    found = reader.ask("check-proof-file", raw=stuffed(b"", 2_000).to_bytes())
    assert found["approvals"] == ["tern"]
    forged = stuffed(bytes(31) + b"\x01" + bytes(32), 2_000).to_bytes()
    assert verdict(lambda: reader.ask("check-proof-file", raw=forged)) == "prooffile/signatures"
    answer = reader.ask("judge", raw=forged)
    assert answer["verdict"] == "cannot-judge"
    assert [fact["say"] for fact in answer["facts"]] == ["too-many-signatures", "rests-nothing"]


def test_an_entry_whose_signature_is_bad_counts_for_nothing(reader: Reader) -> None:
    """An act in a founder's name with another's signature is "not official", and no text is shown with it."""
    living = house()
    entry = json.loads(
        living.sign("heron", "propose", {"kind": "statement", "payload": {"text": "0" * 64, "language": "en"}, "not_after": 9})
    )
    living.append(canonical_bytes({**entry, "sig": {"kind": "ed25519", "value": b64.encode(bytes(64))}}))
    last = living.tree.size - 1
    for index, verdict_then in ((last, "not-official"), (0, "cannot-judge")):
        parsed = parse_entry(living.leaves[index])
        proof = make_proof_file(living.state, living.tree, tuple(living.leaves), living.checkpoint(), index, parsed, {})
        assert reader.ask("judge", raw=proof.to_bytes())["verdict"] == verdict_then


def test_a_text_beside_the_one_that_was_decided_is_not_shown_as_it(reader: Reader) -> None:
    """A file may hold any text under its own digest; only the one that the entry's proposal names is shown."""
    value = json.loads(a_proof().to_bytes())
    other = make_text(b"We stay.\n", bytes(16))
    raw = canonical_bytes({**value, "texts": {**value["texts"], text_digest(other): b64.encode(other)}})
    assert reader.ask("check-proof-file", raw=raw)["texts"] == ["We move to the mill. Мы переезжаем.\n"]
    raw = canonical_bytes({**value, "texts": {text_digest(other): b64.encode(other)}})
    assert reader.ask("check-proof-file", raw=raw)["texts"] == []


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_is_made_to_exhaust_a_parser_is_refused_in_few_words(reader: Reader, name: str) -> None:
    """Endless strings, numbers, lines and lists end in a refusal with a code, and what was given is not repeated."""
    answer = reader.ask("judge", raw=HOSTILE[name])
    assert answer["verdict"] == "unreadable"
    assert answer["texts"] == []
    assert len(answer["detail"]) < 300

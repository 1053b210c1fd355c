"""Attacks on the log, its checkpoints, its clock and its proofs: older ones, other ones, too large ones, altered ones."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from commonhold.kernel import b64
from commonhold.kernel.canonical import canonical_bytes
from commonhold.kernel.errors import FormatError, ProofError, StoreError
from commonhold.kernel.notes import ED25519, SignerKey, parse_note
from commonhold.kernel.record import entries
from commonhold.kernel.record.digest import StateTree, verify_present
from commonhold.kernel.record.fold import fold
from commonhold.kernel.record.verdict import NOT_OFFICIAL, judge_decided, judge_record
from commonhold.kernel.tlog.checkpoint import open_checkpoint
from commonhold.kernel.tlog.hashes import leaf_hash
from commonhold.kernel.tlog.merkle import verify_consistency
from commonhold.kernel.tlog.proof import TlogProof, parse_proof, verify_proof
from commonhold.store.files import DirectoryFiles
from commonhold.store.log import Log
from commonhold.store.objects.directory import ObjectDirectory
from commonhold.store.reader import StaticReader
from commonhold.testing.house import FAR, MemoryHouse, derive
from tests.attacks import Mutation, attack
from tests.kernel.attacks.saltmarsh import DAY, START, digest, house, partnered, statement

RECORD: Final = "src/commonhold/kernel/record"
TLOG: Final = "src/commonhold/kernel/tlog"


def root_of(made: MemoryHouse) -> bytes:
    return StateTree.of(made.state).root()


def spoken(text: str) -> MemoryHouse:
    """A house whose officers have made one statement."""
    made = house()
    proposal = made.propose("heron", "statement", statement(text))
    made.approve(proposal, "heron", "tern")
    return made


def log_key(made: MemoryHouse) -> SignerKey:
    return SignerKey(made.state.origin, derive(made.seed, "log"), ED25519)


@attack(
    "record-15",
    Mutation(
        f"{TLOG}/merkle.py",
        find="if not 0 <= old_size <= new_size <= MAX_SIZE:",
        replace="if new_size < old_size:\n        return\n    if not 0 <= old_size <= new_size <= MAX_SIZE:",
    ),
)
def test_an_older_checkpoint_is_no_newer_one() -> None:
    """A reader who keeps the checkpoint of eight entries is served that of six: no proof leads back, and both sizes are shown."""
    made = spoken("on air")
    size = made.tree.size
    with pytest.raises(ProofError, match=f"cannot grow from size {size} to size {size - 2}") as refusal:
        verify_consistency(size, size - 2, made.tree.root(), made.tree.root(size - 2), [])
    assert refusal.value.data == {"old": size, "new": size - 2}
    verify_consistency(size - 2, size, made.tree.root(size - 2), made.tree.root(), made.tree.consistency_proof(size - 2, size))


@attack("record-17", Mutation(f"{RECORD}/fold.py", find="if roots(entry.seen_size) != entry.seen_root:", replace="if entry.seen_size < 0:"))
def test_an_act_over_another_log_is_refused_and_names_the_evidence() -> None:
    """The server showed heron a log in which something else stood: heron's act does not fit the other log, and the refusal says what to keep."""
    made, other = house(), house()
    other.propose("tern", "statement", statement("only heron is shown this"))
    made.propose("tern", "statement", statement("everybody else is shown this"))
    raw = other.sign("heron", "withdraw", {"what": "seat", "of": "chair"})
    before = root_of(made)
    outcome = made.append(raw)
    assert outcome.code == "entry/seen-other"
    assert "keep the checkpoint" in outcome.next_step
    assert root_of(made) == before


@attack(
    "record-17", Mutation(f"{RECORD}/clock.py", find="if roots(checkpoint.size) != checkpoint.root:", replace="if checkpoint.size < 0:")
)
def test_no_time_is_taken_from_another_log() -> None:
    """Partners cosigned the log's other face: that checkpoint is signed by log and partners, and moves no clock in this one."""
    made = partnered()
    outcome = made.attest(START + DAY, root=digest("another face").encode()[:32])
    assert outcome.code == "attest/root"
    assert "two faces" in outcome.next_step
    assert made.state.clock == START


@attack(
    "record-18",
    Mutation(f"{TLOG}/policy.py", find="if self.quorum == NONE or self.quorum in done:", replace="if done:"),
    Mutation(f"{RECORD}/clock.py", find="time = policy.time(times)", replace="time = max(times.values())"),
)
def test_fewer_partners_than_the_policy_asks_for_move_nothing() -> None:
    """One of three partners signs whatever it is shown, alone or with a time in the far future: the clock goes by two of them."""
    made = partnered()
    assert made.attest({"reed": START + DAY}).code == "policy/not-met"
    assert made.state.clock == START
    assert made.attest({"reed": START + 1000 * DAY, "sedge": START + 60, "rush": START + 30}).counts
    assert made.state.clock == START + 60


@attack(
    "record-18", Mutation(f"{RECORD}/clock.py", find="now = time if draft.clock is None else max(time, draft.clock)", replace="now = time")
)
def test_the_clock_never_goes_back() -> None:
    """Partners that lost their memory cosign an earlier time: what was over stays over."""
    made = partnered()
    assert made.attest(START + DAY).counts
    assert made.attest(START + 60).counts
    assert made.state.clock == START + DAY
    assert made.attest(START + 60, made.state.covered).code == "attest/stale"


@attack(
    "record-20",
    Mutation(
        f"{TLOG}/merkle.py",
        find='    _check_roots(old_result, old_root, f"the consistency proof does not lead to the root at size {old_size}: ")\n',
        replace="",
    ),
)
def test_a_second_history_signed_with_old_keys_does_not_begin_with_the_known_one() -> None:
    """A majority of keys that were rotated since sign another past: however long it is, it does not begin with what the reader keeps."""
    made = spoken("on air")
    kept_size, kept_root = made.tree.size, made.tree.root()
    fork = house()
    for n in range(6):
        fork.propose("heron", "statement", statement(f"another past {n}"))
    assert fork.org == made.org
    assert fork.tree.size > kept_size
    open_checkpoint(fork.checkpoint(), [log_key(fork).verifier])
    with pytest.raises(ProofError) as refusal:
        verify_consistency(kept_size, fork.tree.size, kept_root, fork.tree.root(), fork.tree.consistency_proof(kept_size, fork.tree.size))
    assert refusal.value.code == "proof/root"


@attack("record-23", Mutation(f"{TLOG}/tilereader.py", find="if leaf_hash(entry) != self._node(0, place):", replace="if not entry:"))
def test_an_entry_that_is_altered_on_the_disk_is_found(tmp_path: Path) -> None:
    """The administrator changes one stored entry: whoever reads the log is told which, and gets nothing behind it."""
    made = spoken("on air")
    with Log.create(DirectoryFiles(tmp_path), made.state.origin, log_key(made)) as log:
        log.append(made.leaves)
    reader = StaticReader.from_directory(tmp_path)
    assert list(reader.read_all([log_key(made).verifier])[1]) == made.leaves
    bundle = next(path for path in tmp_path.rglob("entries/**/*") if path.is_file())
    raw = bundle.read_bytes()
    assert raw.count(b'"heron"') > 1
    bundle.write_bytes(raw[::-1].replace(b'"noreh"', b'"noret"', 1)[::-1])
    _, served = reader.read_all([log_key(made).verifier])
    with pytest.raises(ProofError) as refusal:
        list(served)
    assert refusal.value.code == "tile/entry"
    assert refusal.value.next_step


@attack("record-23", Mutation(f"{TLOG}/tilereader.py", find="        if found != root:", replace="        if not found:"))
def test_a_tile_that_is_altered_with_its_entry_is_found(tmp_path: Path) -> None:
    """The administrator changes the tile as well: the root no longer fits the signed checkpoint, and neither reading nor opening goes on."""
    made = spoken("on air")
    with Log.create(DirectoryFiles(tmp_path), made.state.origin, log_key(made)) as log:
        log.append(made.leaves)
    tile = next(path for path in tmp_path.rglob("tile/0/**/*") if path.is_file())
    raw = bytearray(tile.read_bytes())
    raw[5] ^= 1
    tile.write_bytes(bytes(raw))
    with pytest.raises(ProofError):
        StaticReader.from_directory(tmp_path).read_all([log_key(made).verifier])
    with pytest.raises(StoreError):
        Log.open(DirectoryFiles(tmp_path), made.state.origin, log_key(made))


@attack("record-27", Mutation(f"{RECORD}/digest.py", find="if found[:2] != [part, key]:", replace="if len(found) != 3:"))
def test_the_proof_of_one_statement_is_none_for_another() -> None:
    """Somebody puts the proof of a true statement beside another text: the record knows no statement with that digest."""
    made = spoken("the station goes on")
    true, false = digest("the station goes on"), digest("the station is closed")
    tree = StateTree.of(made.state)
    proof = tree.prove("statements", true)
    assert verify_present(proof, tree.root(), "statements", true)["approvers"] == ["heron", "tern"]
    with pytest.raises(ProofError) as refusal:
        verify_present(proof, tree.root(), "statements", false)
    assert refusal.value.code == "state/other-key"
    assert judge_decided(judge_record(made.state, made.outcomes), made.state.parts["statements"].get(false)).code == NOT_OFFICIAL


@attack(
    "record-27",
    Mutation(
        f"{TLOG}/proof.py",
        find="verify_inclusion(proof.index, checkpoint.size, leaf_hash, proof.hashes, checkpoint.root)",
        replace="proof.extra or verify_inclusion(proof.index, checkpoint.size, leaf_hash, proof.hashes, checkpoint.root)",
    ),
)
def test_what_a_proof_carries_beside_itself_is_never_believed() -> None:
    """A proof of one entry with words about another in its extra data proves the one and not the other."""
    made = spoken("on air")
    proof = TlogProof(b"entry 7: the station is closed", 7, tuple(made.tree.inclusion_proof(7)), made.checkpoint())
    proof = parse_proof(proof.format())
    verify_proof(proof, leaf_hash(made.leaves[7]), [log_key(made).verifier])
    for other in (leaf_hash(made.leaves[6]), leaf_hash(b"the station is closed")):
        with pytest.raises(ProofError):
            verify_proof(proof, other, [log_key(made).verifier])


@attack(
    "record-29", Mutation("src/commonhold/kernel/notes.py", find="if count > MAX_SIGNATURES:", replace="if count > MAX_SIGNATURES << 10:")
)
def test_ten_thousand_signature_lines_are_refused_before_one_is_read() -> None:
    """The lines are counted before any is decoded, and an attest that brings them changes nothing."""
    made = partnered()
    line = "— partner.example/reed " + b64.encode(bytes(76)) + "\n"
    raw = made.note(START + 60) + line * 10_000
    with pytest.raises(FormatError, match="10004 signatures, and at most 100") as refusal:
        parse_note(raw.encode(), max_size=1 << 21)
    assert refusal.value.code == "note/too-many-signatures"
    assert (
        made.append(entries.attest_entry(org=made.org, epoch=0, note=made.note(START + 60) + line * 400)).code == "note/too-many-signatures"
    )
    assert made.state.clock == START


@attack("record-29", Mutation("src/commonhold/kernel/notes.py", find="if len(raw) > max_size:", replace="if len(raw) > max_size << 4:"))
def test_a_note_beyond_the_limit_is_refused_by_its_length() -> None:
    """A note of a megabyte and more is refused before anything in it is looked for."""
    with pytest.raises(FormatError, match="at most 1048576") as refusal:
        parse_note(b"x" * ((1 << 20) + 1))
    assert refusal.value.code == "note/too-large"


@attack("record-29", Mutation(f"{TLOG}/proof.py", find="if len(hashes) > MAX_PROOF:", replace="if len(hashes) > MAX_PROOF << 4:"))
def test_a_proof_of_64_lines_is_refused() -> None:
    """No log is so large that an entry's proof takes 64 hashes."""
    made = house()
    whole = TlogProof(None, 0, (bytes(32),) * 63, made.checkpoint()).format()
    assert len(parse_proof(whole).hashes) == 63
    with pytest.raises(FormatError) as refusal:
        parse_proof(whole.replace(b"index 0\n", b"index 0\n" + b64.encode(bytes(32)).encode() + b"\n"))
    assert refusal.value.code == "tlog-proof/too-many-hashes"


@attack(
    "record-30",
    Mutation(f"{RECORD}/payloads.py", find="    text: Digest\n    language: Language\n", replace="    text: str\n    language: Language\n"),
)
def test_the_record_takes_no_text_where_a_digest_belongs() -> None:
    """What cannot be forgotten must not be told: a statement's words are refused, and only their digest is recorded."""
    made = house()
    before = root_of(made)
    payload = {"text": "Curlew has been ill since May.", "language": "en"}
    outcome = made.act("heron", "propose", kind="statement", payload=payload, not_after=FAR)
    assert outcome.code == "payload/shape"
    assert root_of(made) == before


@attack(
    "record-30",
    Mutation(f"{RECORD}/digest.py", find="value = parse_canonical(leaf.leaf,", replace="value = parse_canonical(leaf.leaf[:-2],"),
)
def test_a_text_can_be_erased_and_every_proof_still_holds(tmp_path: Path) -> None:
    """The salted text lies beside the record; once it is erased, replay, root and proof are what they were, and the text is gone."""
    objects = ObjectDirectory(tmp_path)
    text = canonical_bytes({"salt": b64.encode(derive("salt")[:16]), "text": "Curlew has been ill since May."})
    name = objects.put(text)
    made = house()
    proposal = made.propose("heron", "statement", {"text": name, "language": "en"})
    made.approve(proposal, "heron", "tern")
    tree = StateTree.of(made.state)
    proof, root, log_root = tree.prove("statements", name), tree.root(), made.tree.root()
    assert objects.get(name) == text
    for path in [path for path in tmp_path.rglob("*") if path.is_file()]:
        path.unlink()
    assert not objects.has(name)
    again = fold(made.leaves)
    assert StateTree.of(again).root() == root
    assert made.tree.root() == log_root
    assert verify_present(proof, root, "statements", name)["proposal"] == proposal
    assert not any(b"ill since" in leaf for leaf in made.leaves)

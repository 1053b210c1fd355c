"""Laws about proof files as a stranger checks them: replayed under what the log signed, and compared with texts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from commonhold.kernel.errors import CommonholdError, FormatError, ProofError
from commonhold.kernel.record.prooffile import ProofFile, check_proof_file, make_proof_file, parse_proof_file
from commonhold.kernel.record.verdict import judge_entry, judge_record
from commonhold.kernel.texts import make_text, text_digest
from commonhold.store.objects.directory import ObjectDirectory
from commonhold.store.proving import Comparison, find_statement, replay_proof
from commonhold.testing.house import MemoryHouse
from tests.kernel.attacks.saltmarsh import house, statement

BODY = b"We move on Monday.\n"
TEXT = make_text(BODY, bytes(16))
DIGEST = text_digest(TEXT)


def decided(seed: str = "saltmarsh") -> tuple[MemoryHouse, ProofFile]:
    made = house(seed=seed)
    proposal = made.propose("heron", "statement", {"text": DIGEST, "language": "en"})
    made.approve(proposal, "heron", "tern")
    index = len(made.leaves) - 3
    entry = made.outcomes[index].entry
    assert entry is not None
    return made, make_proof_file(made.state, made.tree, tuple(made.leaves), made.checkpoint(), index, entry, {DIGEST: TEXT})


HOUSE, FILE = decided()


def test_a_proof_file_is_enough_to_replay_the_record() -> None:
    """From the bytes alone a stranger comes to the state, the verdict and the text, with nobody's word for any of it."""
    file = parse_proof_file(FILE.to_bytes())
    read = replay_proof(file, org=HOUSE.org)
    check_proof_file(file, read.state, read.tree)
    assert judge_entry(judge_record(read.state, read.outcomes), read.state, read.outcomes[file.proof.index]).is_yes


def test_a_proof_of_another_organisation_is_refused() -> None:
    """Whoever knows the id is not fooled by a perfect proof of somebody else's record, nor by a file that lies about whose it is."""
    with pytest.raises(ProofError) as refused:
        replay_proof(FILE, org="0" * 64)
    assert refused.value.code == "record/other-org"
    with pytest.raises(ProofError) as lied:
        replay_proof(replace(FILE, org="0" * 64))
    assert lied.value.code == "record/other-org"


def test_leaves_that_do_not_begin_with_a_founding_are_no_record() -> None:
    """There is nobody whose proof it could be."""
    with pytest.raises(FormatError) as refused:
        replay_proof(replace(FILE, leaves=FILE.leaves[1:]))
    assert refused.value.code == "record/no-founding"


OTHER, OTHER_FILE = decided("another")
LEAVES = FILE.leaves


@pytest.mark.parametrize(
    "file",
    [
        replace(FILE, leaves=LEAVES[:-1]),
        replace(FILE, leaves=(*LEAVES, LEAVES[-1])),
        replace(FILE, leaves=(*LEAVES[:-2], LEAVES[-1], LEAVES[-2])),
        replace(FILE, leaves=(*LEAVES[:-1], LEAVES[-1].replace(b"tern", b"tarn"))),
        replace(FILE, proof=replace(FILE.proof, checkpoint_raw=OTHER_FILE.proof.checkpoint_raw)),
        replace(FILE, proof=replace(FILE.proof, checkpoint_raw=HOUSE.checkpoint(len(LEAVES) - 1))),
        replace(FILE, proof=replace(FILE.proof, checkpoint_raw=HOUSE.checkpoint().replace(b"\n9\n", b"\n8\n"))),
    ],
    ids=["dropped", "repeated", "reordered", "changed", "other-checkpoint", "older-checkpoint", "altered-checkpoint"],
)
def test_leaves_that_the_log_did_not_sign_are_refused(file: ProofFile) -> None:
    """Drop, repeat, swap or change one leaf, or swap the checkpoint, and the root that the log signed is not reached."""
    with pytest.raises(CommonholdError) as refused:
        replay_proof(file)
    assert isinstance(refused.value, ProofError)


def test_a_statement_is_found_by_its_exact_text(tmp_path: Path) -> None:
    """Only its salt tells which digest a text has, so each statement's object is opened and compared to the byte."""
    ObjectDirectory(tmp_path).put(TEXT)
    assert find_statement(HOUSE.state, str(tmp_path), BODY) == Comparison(DIGEST, 0)
    assert find_statement(HOUSE.state, str(tmp_path), BODY + b"more") == Comparison(None, 0)


@pytest.mark.parametrize(
    "text", [b"We move on Monday.\r\n", b"\xef\xbb\xbfWe move on Monday.\n", b"We move on Monday. \t\n\n", b"We move on Monday."]
)
def test_a_text_with_other_line_ends_is_told_from_other_words(tmp_path: Path, text: bytes) -> None:
    """It is not the statement, and it is not said either that the organisation never used these words."""
    ObjectDirectory(tmp_path).put(TEXT)
    assert find_statement(HOUSE.state, str(tmp_path), text) == Comparison(None, 0, DIGEST)
    assert find_statement(HOUSE.state, str(tmp_path), b" " + text).alike is None


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_text_that_is_not_there_could_not_be_compared(tmp_path: Path) -> None:
    """An erased, altered or unserved text is counted, so that nobody takes its absence for a no."""
    made, _ = decided()
    made.approve(made.propose("heron", "statement", statement("erased")), "heron", "tern")
    ObjectDirectory(tmp_path).put(TEXT)
    assert find_statement(made.state, str(tmp_path), b"something else") == Comparison(None, 1)
    assert find_statement(made.state, "http://127.0.0.1:1/", BODY) == Comparison(None, 2)
    assert find_statement(made.state, str(tmp_path), BODY)[0] == DIGEST

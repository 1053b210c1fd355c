"""The note of a mirror: by the log's key alone, about its own log, and never to be taken for a checkpoint."""

from __future__ import annotations

import pytest

from commonhold.kernel.errors import CommonholdError, FormatError, ProofError
from commonhold.kernel.mirrors.filelist import MAX_LIST
from commonhold.kernel.mirrors.note import MAX_NOTE, MirrorNote, open_mirror_note, parse_mirror_note
from commonhold.kernel.notes import SignerKey, note_of
from commonhold.kernel.tlog.checkpoint import Checkpoint, open_checkpoint
from tests.attacks import Mutation, attack

NOTE = "src/commonhold/kernel/mirrors/note.py"
LOG = SignerKey("log.example/1", b"\x01" * 32)
OTHER = SignerKey("log.example/2", b"\x02" * 32)
MADE = MirrorNote("log.example/1", 11, b"\x07" * 32, "ab" * 32, 162, 1_700_000_000)


def test_a_note_says_what_was_signed() -> None:
    """Signed and opened it is the same value, and its text parses to itself."""
    assert open_mirror_note(MADE.sign(LOG), LOG.verifier) == MADE
    assert parse_mirror_note(MADE.text()) == MADE
    assert MADE.age < MirrorNote("log.example/1", 11, b"\x07" * 32, "ab" * 32, 162, 1_700_000_001).age


@attack("mirror-forged-note", Mutation(NOTE, find="    if note.origin != log_key.name:", replace="    if log_key is None:"))
def test_a_note_by_anybody_else_is_refused() -> None:
    """Another key's, an altered one, and one that the right key signed about another log: none says what this house wrote."""
    for raw in (
        MirrorNote("log.example/2", 11, b"\x07" * 32, "ab" * 32, 162, 1).sign(OTHER),
        note_of(MADE.text().replace("162", "163"), [LOG.sign(MADE.text())]),
        note_of(MADE.text().replace("/1", "/2"), [LOG.sign(MADE.text().replace("/1", "/2"))]),
    ):
        with pytest.raises(ProofError):
            open_mirror_note(raw, LOG.verifier)
    with pytest.raises(FormatError) as refused:
        MADE.sign(OTHER)
    assert refused.value.code == "mirror/note-key"


def test_a_note_and_a_checkpoint_are_never_one_another() -> None:
    """The log signs both with one key, so neither text parses as the other."""
    checkpoint = Checkpoint("log.example/1", 11, b"\x07" * 32).sign(LOG)
    with pytest.raises(FormatError):
        open_mirror_note(checkpoint, LOG.verifier)
    with pytest.raises(CommonholdError):
        open_checkpoint(MADE.sign(LOG), [LOG.verifier])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("mirror/v1", "mirror/v2"),
        ("\n11\n", "\n011\n"),
        ("\n11\n", "\n-1\n"),
        ("ab" * 32, "AB" * 32),
        ("ab" * 32, "ab" * 31),
        ("\n162\n", f"\n{MAX_LIST + 1}\n"),
        ("\n162\n", "\n162\n\n"),
        ("1700000000\n", "1700000000\nmore\n"),
        ("1700000000\n", "1700000000"),
        ("1700000000", "soon"),
        ("log.example/1", ""),
        ("BwcH", "BwcI*"),
    ],
)
def test_anything_else_is_no_note(old: str, new: str) -> None:
    """One spelling, bounded numbers, and not a line more."""
    assert old in MADE.text()
    with pytest.raises(FormatError):
        parse_mirror_note(MADE.text().replace(old, new, 1))


def test_a_note_is_small() -> None:
    """Whoever serves a large one is not read to its end."""
    with pytest.raises(FormatError) as refused:
        open_mirror_note(MADE.sign(LOG) + b"x" * MAX_NOTE, LOG.verifier)
    assert refused.value.code == "note/too-large"

"""Checking what a record says against files: proof files, and texts that may be official statements."""

from __future__ import annotations

from typing import NamedTuple

from commonhold.kernel import b64, ed25519
from commonhold.kernel.errors import CommonholdError, FormatError, ProofError
from commonhold.kernel.notes import VerifierKey
from commonhold.kernel.record.entries import parse_entry
from commonhold.kernel.record.founding import origin_of
from commonhold.kernel.record.prooffile import ProofFile
from commonhold.kernel.record.state import State
from commonhold.kernel.texts import parse_text
from commonhold.kernel.tlog.checkpoint import open_checkpoint
from commonhold.store.objects.remote import objects_at
from commonhold.store.record import Progress, ReadRecord, quiet, replay_leaves


def replay_proof(file: ProofFile, *, org: str = "", progress: Progress = quiet) -> ReadRecord:
    """Replay the leaves of a proof file under the checkpoint that its log signed.

    Raises:
        ProofError: if the log did not sign it, the leaves do not fold to it, or it is not the organisation *org*.
        FormatError: if the file does not begin with a founding.
    """
    founding = parse_entry(file.leaves[0])
    if founding.type != "found":
        raise FormatError(f"the record begins with a {founding.type} entry, not with a founding", code="record/no-founding")
    if founding.id != (org or file.org):
        raise ProofError(
            f"this is a proof from the record of {founding.id}, not of {org or file.org}",
            code="record/other-org",
            next_step="Compare the organisation's id with one that you have on paper or from a partner.",
        )
    public = b64.decode(founding.body.log_key, length=ed25519.PUBLIC_KEY_BYTES, what="log key")
    log_key = VerifierKey.of(origin_of(founding.id, 0, public), public)
    checkpoint, _ = open_checkpoint(file.proof.checkpoint_raw, [log_key], origin=log_key.name)
    return replay_leaves(file.leaves, checkpoint, file.proof.checkpoint_raw, log_key, progress)


class Comparison(NamedTuple):
    """What came of comparing a text with a record's statements.

    Args:
        digest: the statement with exactly this text, or None.
        missing: how many statements could not be compared.
        alike: where there is none, the first statement with the same words and other line ends, spaces at line ends or byte order mark.
    """

    digest: str | None
    missing: int
    alike: str | None = None


def find_statement(state: State, place: str, text: bytes) -> Comparison:
    """The digest of the official statement with exactly this *text*, and how many statements could not be compared.

    Args:
        place: the house folder or address that holds the texts, in ``objects``.
    """
    objects, missing, alike, said = objects_at(place), 0, None, words_of(text)
    for digest in state.part("statements"):
        try:
            found = parse_text(objects.get(digest))[1]
        except CommonholdError:
            missing += 1
            continue
        if found == text:
            return Comparison(digest, missing)
        if alike is None and words_of(found) == said:
            alike = digest
    return Comparison(None, missing, alike)


def words_of(text: bytes) -> bytes:
    """A text without what editors and mail programs change unseen: a byte order mark, line ends, and spaces or empty lines at ends."""
    lines = text.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    return b"\n".join(line.rstrip(b" \t") for line in lines).rstrip(b"\n")

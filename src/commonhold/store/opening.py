"""What is checked before a log is opened for writing, while nothing has been written or signed yet.

The journal, the tree and the published checkpoint each say what the log is. They must agree, with the journal never behind.
"""

from __future__ import annotations

from typing import Final

from commonhold.kernel.errors import FormatError, ProofError, StoreError
from commonhold.kernel.notes import VerifierKey
from commonhold.kernel.tlog.checkpoint import open_checkpoint
from commonhold.kernel.tlog.hashes import leaf_hash
from commonhold.kernel.tlog.merkle import Frontier
from commonhold.kernel.tlog.tilereader import HashReader
from commonhold.store.files import Files
from commonhold.store.journal import Base, Batch, Journal
from commonhold.store.reader import CHECKPOINT, MAX_CHECKPOINT

MAX_JOURNAL: Final = 64 << 20


def check_owner(base: Base, origin: str, key: VerifierKey) -> None:
    """Pass in silence if the journal is of the log *origin* and of its key.

    Raises:
        StoreError: ``store/wrong-log`` or ``store/wrong-key``.
    """
    if base.origin != origin:
        raise StoreError(
            f"this is the log {base.origin}, and {origin} was to be opened", code="store/wrong-log", next_step="check the folder."
        )
    if base.vkey != str(key):
        raise StoreError(
            f"this log is signed with {base.vkey}, and the key given is {key}",
            code="store/wrong-key",
            next_step="give the log's own key; if it is lost, the members open a new epoch.",
        )


def check_published(files: Files, journal: Journal, hashes: HashReader, key: VerifierKey) -> bytes:
    """Compare the published checkpoint with the log at its size; give the note if it is whole, and nothing if it is absent or torn.

    A note that the log's key did not sign is taken for torn: a power failure may leave anything, and the journal knows better.

    Args:
        files: where the checkpoint lies.
        journal: as it was parsed.
        hashes: of the tree at the journal's base.
        key: the log's.

    Raises:
        ProofError: if the journal contradicts itself or the checkpoint. StoreError: if the checkpoint cannot be read for another reason.
    """
    roots, frontier = _replayed(journal, hashes.frontier())
    try:
        raw = files.read(CHECKPOINT, MAX_CHECKPOINT)
        head = open_checkpoint(raw, [key], origin=journal.base.origin)[0]
    except (FormatError, ProofError, StoreError) as exc:
        if exc.code == "checkpoint/origin" or (isinstance(exc, StoreError) and exc.code not in {"store/absent", "store/too-big"}):
            raise
        return b""
    root = hashes.root(head.size) if head.size < hashes.size else roots.get(head.size)
    if head.root != root:
        raise ProofError(
            f"the published checkpoint has size {head.size} and root {head.root.hex()}; the journal leads to size {frontier.size} "
            f"and root {frontier.root().hex()}"
        )
    return raw


def exists(files: Files, name: str) -> bool:
    """Whether there is such a file.

    Raises:
        StoreError: if that cannot be told.
    """
    try:
        files.read(name, MAX_JOURNAL)
    except StoreError as exc:
        if exc.code == "store/absent":
            return False
        raise
    return True


def no_journal(*, published: bool) -> StoreError:
    """Why a folder without a journal is not opened; *published* tells whether there is a checkpoint."""
    if not published:
        return StoreError("there is no log here", code="store/absent", next_step="check the path, or create a log.")
    return StoreError(
        "this is a published log without its journal: it can be read and not written",
        code="store/no-journal",
        next_step="write where the journal is; if that is lost, the members open a new epoch, because an older copy could contradict a later head.",
    )


def _replayed(journal: Journal, frontier: Frontier) -> tuple[dict[int, bytes], Frontier]:
    """The root at every size that the journal passes, and the frontier at its end."""
    roots = {frontier.size: frontier.root()}
    for place, record in enumerate(journal.records, 1):
        at = record.start if isinstance(record, Batch) else record.size
        if at != frontier.size:
            raise ProofError(f"record {place} of the journal begins at size {at}, and the log then had {frontier.size}")
        if isinstance(record, Batch):
            frontier = frontier.extend(leaf_hash(entry[2:]) for entry in record.framed)
            roots[frontier.size] = frontier.root()
    return roots, frontier

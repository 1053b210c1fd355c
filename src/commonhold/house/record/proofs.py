"""What members take away from the record: proof files, inclusion proofs, entries as they were signed (docs/formats/proof-file.md)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import Final

from commonhold.house.core import ledger
from commonhold.kernel.errors import FormatError, StoreError
from commonhold.kernel.notes import parse_note
from commonhold.kernel.record.entries import parse_entry
from commonhold.kernel.record.prooffile import MAX_LEAVES, check_provable, make_proof_file, texts_of
from commonhold.kernel.record.state import State
from commonhold.kernel.tlog.checkpoint import parse_checkpoint
from commonhold.kernel.tlog.merkle import Tree, leaf_hash
from commonhold.kernel.tlog.proof import TlogProof

TRIES: Final = 5


def is_provable(state: State) -> bool:
    """Whether a proof file can be made of this log's entries: of the first epoch's, up to so many."""
    return not state.base and state.size <= MAX_LEAVES


def proof_file(index: int) -> bytes:
    """The proof file of an entry, as ``commonhold prove`` writes it, with the texts that it names as far as they are kept.

    Raises:
        FormatError: if there is no such entry, or none that a proof file can hold. StoreError, ProofError: if the log cannot be read.
    """
    log = ledger.log()
    state, note, size = _moment()
    check_provable(state)
    leaves = tuple(log.reader().entries(0, size, size))
    entry = parse_entry(leaves[index] if index < size else b"")
    texts = {}
    for digest in texts_of(state, entry):
        # An erased text stays erased; the entry can be proved without it.
        with contextlib.suppress(StoreError):
            texts[digest] = log.objects.get(digest)
    return make_proof_file(state, _tree(leaves), leaves, note, index, entry, texts).to_bytes() + b"\n"


def inclusion(index: int) -> bytes:
    """A C2SP tlog-proof that an entry is in this epoch's log, for any verifier of such logs; raises as :func:`proof_file` does."""
    state, note, size = _moment()
    leaves = ledger.log().reader().entries(0, size, size)
    return TlogProof(None, index - state.base, tuple(_tree(leaves).inclusion_proof(index - state.base, size)), note).format()


def _tree(leaves: Iterable[bytes]) -> Tree:
    return Tree(leaf_hash(raw) for raw in leaves)


def _moment() -> tuple[State, bytes, int]:
    """State and checkpoint of one moment, though somebody may sign meanwhile."""
    log = ledger.log()
    for _ in range(TRIES):
        note = log.checkpoint()
        state, size, _root = log.head()
        if parse_checkpoint(parse_note(note).text).size == size:
            return state, note, size
    raise StoreError("the record grew faster than it could be read", code="record/moving", next_step="Try again in a moment.")


def raw_entry(index: int) -> bytes:
    """The bytes of one entry as they were signed.

    Raises:
        FormatError: ``entry/absent`` if the log has no such entry. StoreError, ProofError: if it cannot be read.
    """
    state, size, _ = ledger.log().head()
    if not state.base <= index < state.base + size:
        raise FormatError(f"the record has no entry {index}", code="entry/absent", next_step="Look for it in the record's timeline.")
    return ledger.leaf(index)

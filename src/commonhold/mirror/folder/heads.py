"""Heads of logs, compared: may the record at a place take the place of the one that is held (docs/formats/mirror.md)?

What is held never gets less: an older record, an earlier epoch and another history are refused, and of the last the proof is kept. A later epoch comes
in only if its own record shows that the members decided it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from commonhold.kernel import b64, ed25519
from commonhold.kernel.errors import ProofError, RuleError, StoreError
from commonhold.kernel.ids import origin_of
from commonhold.kernel.notes import VerifierKey, parse_note
from commonhold.kernel.record.state import State
from commonhold.kernel.tlog.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint
from commonhold.kernel.tlog.equivocation import Equivocation, show_equivocation
from commonhold.kernel.tlog.merkle import Tree
from commonhold.kernel.tlog.tilereader import HashReader
from commonhold.mirror.folder.place import MirrorFolder
from commonhold.store.epochs import first_entry
from commonhold.store.reader import StaticReader

_KEEP: Final = "What is held was left as it is."


@dataclass(frozen=True, slots=True)
class Head:
    """What a log's own key has signed, of which organisation and epoch; whether the entries are there and lead to it, others check."""

    org: str
    epoch: int
    key: VerifierKey
    checkpoint: Checkpoint
    raw: bytes


def head_of(reader: StaticReader) -> Head:
    """The signed head of the log at a place; its first entry names the key.

    Raises:
        ProofError, FormatError, StoreError: if it does not verify, is none, or cannot be read.
    """
    raw = reader.checkpoint_raw()
    entry, _ = first_entry(reader)
    org = entry.id if entry.type == "found" else entry.org
    public = b64.decode(entry.body.log_key, length=ed25519.PUBLIC_KEY_BYTES, what="log key")
    key = VerifierKey.of(origin_of(org, entry.epoch, public), public)
    return Head(org, entry.epoch, key, open_checkpoint(raw, [key], origin=key.name)[0], raw)


def held_head(folder: MirrorFolder, offered: Head) -> Head | None:
    """The head of the record that a mirror holds; None while it holds none.

    Args:
        offered: what it is to be brought up to. Where it is of the same log, damage to the files below the head that is held is healed later.

    Raises:
        ProofError, FormatError, StoreError: if what lies there is damaged.
    """
    reader = folder.record()
    try:
        raw = reader.checkpoint_raw()
    except StoreError as error:
        if error.code == "store/absent":
            return None
        raise
    if parse_checkpoint(parse_note(raw).text).origin == offered.key.name:
        return replace(offered, checkpoint=open_checkpoint(raw, [offered.key])[0], raw=raw)
    return head_of(reader)


def check_offered(folder: MirrorFolder, held: Head, offered: Head, place: object) -> None:
    """Pass in silence if the log at a place may be what comes after the one that is held, as far as their heads tell.

    Raises:
        RuleError: ``mirror/older``, ``mirror/earlier-epoch``. ProofError: ``mirror/other-log``, or ``mirror/two-faces`` after the proof was kept.
    """
    if offered.epoch < held.epoch:
        raise RuleError(
            f"{place} serves epoch {offered.epoch} of the record, and epoch {held.epoch} is held",
            code="mirror/earlier-epoch",
            next_step=f"{_KEEP} The place has not followed the organisation; read from another mirror.",
        )
    if offered.epoch > held.epoch:
        return
    if offered.key.name != held.key.name:
        raise ProofError(
            f"{place} serves the log {offered.key.name}, and {held.key.name} is held: two logs of epoch {held.epoch}",
            code="mirror/other-log",
            next_step=f"{_KEEP} Find out which of them stands: commonhold epoch show {held.org} PLACE...",
        )
    old, new = held.checkpoint, offered.checkpoint
    if new.size > old.size or new == old:
        return
    hashes = folder.record().hashes(old.size, old.root)
    if hashes.root(new.size) != new.root:
        _two_faces(folder, held, offered, hashes, place)
    if new.size < old.size:
        raise RuleError(
            f"{place} serves an older record than you hold: {new.size} entries, and {old.size} are held",
            code="mirror/older",
            next_step=f"{_KEEP} Try another mirror, or this one later.",
            data={"offered": new.size, "held": old.size},
        )


def check_replayed(folder: MirrorFolder, held: Head, offered: Head, tree: Tree, place: object) -> None:
    """Pass in silence if the replayed tree of the same log begins with what is held.

    Raises:
        ProofError: ``mirror/two-faces`` after the proof was kept.
    """
    if offered.key.name == held.key.name and tree.root(held.checkpoint.size) != held.checkpoint.root:
        _two_faces(folder, held, offered, tree, place)


def check_lineage(folder: MirrorFolder, held: Head, reader: StaticReader, place: object) -> Head:
    """The head of the held log as the record of a later epoch keeps it: its own past must hold the log that is held.

    Raises:
        ProofError: ``mirror/other-log`` if it rests on another log; ``mirror/two-faces`` after the proof was kept.
    """
    kept = head_of(reader.earlier(held.epoch))
    if kept.key.name != held.key.name:
        raise ProofError(
            f"the record at {place} rests on the log {kept.key.name} of epoch {held.epoch}, and {held.key.name} is held",
            code="mirror/other-log",
            next_step=f"{_KEEP} Find out which of them stands: commonhold epoch show {held.org} PLACE...",
        )
    small, large = sorted((kept.checkpoint, held.checkpoint), key=lambda head: head.size)
    source = folder.record() if large is held.checkpoint else reader.earlier(held.epoch)
    hashes = source.hashes(large.size, large.root)
    if hashes.root(small.size) != small.root:
        _two_faces(folder, held, kept, hashes, place)
    return kept


def check_decided(state: State, place: object) -> None:
    """Pass in silence unless the record is of a later epoch that the members have not decided to live in.

    Raises:
        RuleError: ``mirror/undecided``.
    """
    if state.epoch and state.phase != "running":
        raise RuleError(
            f"{place} serves epoch {state.epoch}, and its record does not show that the members decided to go on there",
            code="mirror/undecided",
            next_step=f"{_KEEP} Try again when the succession is decided.",
        )


def _two_faces(folder: MirrorFolder, held: Head, offered: Head, hashes: Tree | HashReader, place: object) -> None:
    """Keep the proof that one key signed two histories, and refuse the second.

    Args:
        hashes: of the larger of the two.
    """
    small, large = sorted((held.checkpoint.size, offered.checkpoint.size))
    same = small == large
    evidence: Equivocation = show_equivocation(
        held.key, held.raw, offered.raw, b"" if same else hashes.root(small), () if same else hashes.consistency_proof(small, large)
    )
    kept = folder.keep_evidence(evidence.canonical_bytes())
    raise ProofError(
        f"{place} serves another history than you hold, signed by the same key {held.key.name}",
        code="mirror/two-faces",
        next_step=f"{_KEEP} The proof, for everybody, is in {kept}; check it with: commonhold verify {kept}",
        data={"evidence": str(kept)},
    )

"""Proof that members decided two successions that exclude each other: who signed for which, in two signed logs (docs/formats/two-successions.md).

Of each log: the checkpoint that its key signed, its ``open``, the proposal of its succession, and the approvals that are laid to it, each proved to be in it.
Whoever stands in both signed twice, with the same key: that much is proved to anybody, offline. That they are members, and that each succession meets its
rule, only the record tells (``history``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from commonhold.kernel import b64, ed25519
from commonhold.kernel.canonical import canonical_bytes, parse_canonical
from commonhold.kernel.errors import FormatError, ProofError
from commonhold.kernel.ids import origin_of
from commonhold.kernel.keys import parse_kit_value
from commonhold.kernel.notes import VerifierKey
from commonhold.kernel.record.entries import Entry, parse_entry
from commonhold.kernel.tlog.checkpoint import open_checkpoint
from commonhold.kernel.tlog.hashes import HASH_BYTES
from commonhold.kernel.tlog.merkle import MAX_PROOF, leaf_hash, verify_inclusion
from commonhold.kernel.tlog.tiles import MAX_ENTRY_BYTES

TYPE: Final = "commonhold/two-successions/v1"
MAX_FILE: Final = 8 << 20
MAX_APPROVALS: Final = 1024
_LOG: Final = {"log": str, "note": str, "entries": list}
_ENTRY: Final = {"index": int, "leaf": str, "hashes": list}


@dataclass(frozen=True, slots=True)
class Proved:
    """One entry of a log, and the hashes that prove it at its *index* under the log's checkpoint."""

    index: int
    leaf: bytes
    hashes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Succession:
    """One of the two: the key of its log, a checkpoint with its signature, and its ``open``, its proposal and approvals, in this order."""

    log: VerifierKey
    note: str
    entries: tuple[Proved, ...]


@dataclass(frozen=True, slots=True)
class TwoSuccessions:
    """Two successions of one organisation, and the kits that signed for them, by the id of their key; nothing is verified."""

    org: str
    successions: tuple[Succession, Succession]
    keys: Mapping[str, Mapping[str, Any]]

    def canonical_bytes(self) -> bytes:
        """The file."""
        logs = [
            {
                "log": str(one.log),
                "note": one.note,
                "entries": [
                    {"index": entry.index, "leaf": b64.encode(entry.leaf), "hashes": [b64.encode(each) for each in entry.hashes]}
                    for entry in one.entries
                ],
            }
            for one in self.successions
        ]
        return canonical_bytes({"type": TYPE, "org": self.org, "logs": logs, "keys": {name: dict(key) for name, key in self.keys.items()}})


def is_two_successions(value: Any) -> bool:
    """Whether a parsed JSON value says that it is such a proof."""
    return isinstance(value, dict) and value.get("type") == TYPE


def parse_two_successions(raw: bytes) -> TwoSuccessions:
    """The proof in a file.

    Raises:
        FormatError: if it is none.
    """
    value = parse_canonical(raw, max_size=MAX_FILE, what="the proof of two successions")
    if (
        not is_two_successions(value)
        or value.keys() != {"type", "org", "logs", "keys"}
        or not isinstance(value["org"], str)
        or not isinstance(value["keys"], dict)
        or not isinstance(value["logs"], list)
        or len(value["logs"]) != 2
        or len(value["keys"]) > 2 * MAX_APPROVALS
    ):
        raise _no_form()
    one, other = (_succession(each) for each in value["logs"])
    return TwoSuccessions(value["org"], (one, other), value["keys"])


def check_two_successions(file: TwoSuccessions) -> tuple[frozenset[str], frozenset[str]]:
    """The members who signed for the one and for the other.

    Raises:
        FormatError, ProofError: if anything of it is not proved, or the two do not exclude each other.
    """
    one, other = file.successions
    (first, voices), (second, others) = _check(file, one), _check(file, other)
    if first.epoch != second.epoch or one.log.name == other.log.name:
        raise ProofError(
            f"epochs {first.epoch} and {second.epoch} of {one.log.name} and {other.log.name} do not exclude each other",
            code="two-successions/none",
        )
    return voices, others


def _check(file: TwoSuccessions, one: Succession) -> tuple[Entry, frozenset[str]]:
    checkpoint, _ = open_checkpoint(one.note.encode(), [one.log])
    read: list[Entry] = []
    for proved in one.entries:
        verify_inclusion(proved.index, checkpoint.size, leaf_hash(proved.leaf), proved.hashes, checkpoint.root)
        read.append(parse_entry(proved.leaf))
    opening, proposal, *approvals = read
    if one.entries[0].index or opening.type != "open" or opening.org != file.org:
        raise ProofError("the log does not begin with an entry that opens an epoch of this organisation", code="two-successions/open")
    if origin_of(file.org, opening.epoch, b64.decode(opening.body.log_key, length=32, what="log key")) != one.log.name:
        raise ProofError(f"the log that was opened is not {one.log.name}", code="two-successions/open")
    kind = proposal.body.kind if proposal.type == "propose" else ""
    if kind != "succeed" or proposal.body.payload.get("open") != opening.id:
        raise ProofError("the second entry does not propose to go on in this log", code="two-successions/proposal")
    for entry in approvals:
        if entry.type != "approve" or entry.body.proposal != proposal.id:
            raise ProofError("an entry is laid to the succession that does not approve it", code="two-successions/approval")
        public = parse_kit_value(file.keys.get(entry.key, {}))
        if (
            public.key_id != entry.key
            or entry.sig is None
            or entry.sig.kind != "ed25519"
            or not ed25519.is_valid(public.sign, entry.signed_bytes, entry.sig.value)
        ):
            raise ProofError(f"the signature is not {entry.by}'s over this entry", code="signature/invalid")
    return opening, frozenset(entry.by for entry in approvals)


def _succession(value: Any) -> Succession:
    if not _has(value, _LOG) or not 2 <= len(value["entries"]) <= MAX_APPROVALS + 2:
        raise _no_form()
    return Succession(VerifierKey.parse(value["log"]), value["note"], tuple(_entry(each) for each in value["entries"]))


def _entry(value: Any) -> Proved:
    if not _has(value, _ENTRY) or len(value["hashes"]) > MAX_PROOF or not all(isinstance(each, str) for each in value["hashes"]):
        raise _no_form()
    leaf = b64.decode(value["leaf"], None, "leaf")
    if len(leaf) > MAX_ENTRY_BYTES:
        raise _no_form()
    return Proved(value["index"], leaf, tuple(b64.decode(each, HASH_BYTES, "hash of the proof") for each in value["hashes"]))


def _has(value: Any, fields: Mapping[str, type]) -> bool:
    return isinstance(value, dict) and value.keys() == fields.keys() and all(type(value[name]) is kind for name, kind in fields.items())


def _no_form() -> FormatError:
    return FormatError("this is no proof of two successions: it does not have the fields of one", code="two-successions/form")

"""Proof files: everything that a stranger needs to check one entry offline, in one file (DESIGN 3.5, docs/formats/proof-file.md).

A proof file holds a C2SP tlog-proof of the entry (so any tlog verifier can check that it is in the log), the leaves of the record up to that
checkpoint (so that the reader can replay what the entry amounted to, and need not take anybody's word), proofs that the state holds what it
brought about, and the texts that it names. In a house with partners their signatures over the state digest can stand in for the leaves; that
comes with the partner nodes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from commonhold.kernel import b64
from commonhold.kernel.canonical import canonical_bytes, parse_canonical
from commonhold.kernel.errors import FormatError, ProofError
from commonhold.kernel.record.digest import LeafProof, StateProof, StateTree, verify_present
from commonhold.kernel.record.entries import MAX_ENTRY_BYTES, Entry
from commonhold.kernel.record.state import State
from commonhold.kernel.texts import text_digest
from commonhold.kernel.tlog.merkle import Tree, leaf_hash
from commonhold.kernel.tlog.proof import TlogProof, parse_proof

FORM: Final = "commonhold/proof/v1"
MAX_PROOF_FILE_BYTES: Final = 64 << 20
MAX_LEAVES: Final = 100_000
MAX_NESTED: Final = 10_000
"""Objects and lists in a proof file: its leaves and texts are plain strings, so only state proofs and their few hashes nest."""
MAKE_ONE: Final = "Ask for another copy, or make one with `commonhold prove ENTRY -o FILE`."
_FIELDS: Final = frozenset({"form", "org", "proof", "leaves", "state", "texts"})


@dataclass(frozen=True, slots=True)
class StateLeaf:
    """One value of the state with its proof."""

    part: str
    key: str
    proof: StateProof


@dataclass(frozen=True, slots=True)
class ProofFile:
    """A parsed proof file; nothing in it is believed until :func:`check_proof_file` has passed."""

    org: str
    proof: TlogProof
    leaves: tuple[bytes, ...] = field(repr=False)
    state: tuple[StateLeaf, ...]
    texts: Mapping[str, bytes] = field(repr=False)

    def to_bytes(self) -> bytes:
        """The file, canonical JSON."""
        value = {
            "form": FORM,
            "org": self.org,
            "proof": self.proof.format().decode(),
            "leaves": [b64.encode(leaf) for leaf in self.leaves],
            "state": [_state_value(leaf) for leaf in self.state],
            "texts": {digest: b64.encode(text) for digest, text in self.texts.items()},
        }
        return canonical_bytes(value)


def check_provable(state: State) -> None:
    """Pass in silence if entries of this record's log can stand in a proof file of this form.

    Raises:
        FormatError: for the log of a later epoch.
    """
    if state.base:
        raise FormatError(
            f"the record is that of epoch {state.epoch}, and a proof file of this form holds the leaves of the first alone",
            code="prooffile/epoch",
            next_step="Hand over a copy of the record's folder instead.",
        )


def make_proof_file(
    state: State, tree: Tree, leaves: tuple[bytes, ...], checkpoint_raw: bytes, index: int, entry: Entry, texts: Mapping[str, bytes]
) -> ProofFile:
    """The proof of the entry at *index*, out of a record that was replayed.

    Raises:
        FormatError: if the record has more entries than a proof file may hold, or is not the organisation's first log.
    """
    check_provable(state)
    if len(leaves) > MAX_LEAVES:
        raise FormatError(
            f"the record has {len(leaves)} entries, and a proof file holds at most {MAX_LEAVES}",
            code="prooffile/too-large",
            next_step="Hand over a copy of the record's folder instead.",
        )
    state_tree = StateTree.of(state)
    proved = tuple(StateLeaf(part, key, state_tree.prove(part, key)) for part, key in what_came_of(state, entry))
    proof = TlogProof(None, index, tuple(tree.inclusion_proof(index, len(leaves))), checkpoint_raw)
    return ProofFile(state.org, proof, leaves, proved, dict(texts))


def what_came_of(state: State, entry: Entry) -> tuple[tuple[str, str], ...]:
    """The keys of the state that say what an entry amounted to: its proposal, and what that decided."""
    if entry.type == "found":
        return (("rules", "charter"),)
    proposal_id = entry.id if entry.type == "propose" else getattr(entry.body, "proposal", "") or getattr(entry.body, "of", "")
    proposal = state.proposal(proposal_id)
    if proposal is None:
        return ()
    keys = [("proposals", proposal_id)]
    if proposal.kind == "channel":
        # Named by its address: a later decision about the same channel has taken its place in the state.
        named = (proposal.payload["address"], proposal.payload.get("to", ""))
        return (*keys, *(("channels", address) for address in dict.fromkeys(named) if address in state.part("channels")))
    for part in ("statements", "works", "resolutions", "resources", "erasures"):
        keys += sorted((part, key) for key, decided in state.part(part).items() if decided.proposal == proposal_id)
    return tuple(keys)


def texts_of(state: State, entry: Entry) -> tuple[str, ...]:
    """The digests of the texts that an entry's proposal names."""
    digests = []
    for part, key in what_came_of(state, entry):
        if part == "proposals":
            text = state.parts[part][key].payload.get("text")
            digests += [text] if isinstance(text, str) else []
    return tuple(digests)


def parse_proof_file(raw: bytes) -> ProofFile:
    """Read a proof file.

    Raises:
        FormatError: if it is not one, or is larger than 64 MiB.
    """
    # Counted before anything is built: a file of a million empty lists would take thirty times its size in memory.
    if raw.count(b"{") + raw.count(b"[") > MAX_NESTED or raw.count(b",") > MAX_LEAVES + MAX_NESTED:
        raise FormatError("the proof file has more parts than any proof needs", code="prooffile/parts", next_step=MAKE_ONE)
    try:
        value = parse_canonical(raw.removesuffix(b"\n"), max_size=MAX_PROOF_FILE_BYTES, what="the proof file")
    except FormatError as error:
        raise FormatError(str(error), code=error.code, next_step=error.next_step or MAKE_ONE, data=error.data) from None
    if not isinstance(value, dict) or value.get("form") != FORM or value.keys() != _FIELDS:
        raise FormatError("this is not a proof file", code="prooffile/form", next_step=MAKE_ONE)
    try:
        org, proof = value["org"], parse_proof(value["proof"].encode())
        leaves = tuple(b64.decode(leaf, what="leaf") for leaf in _listed(value["leaves"]))
        state = tuple(_parse_state_leaf(leaf) for leaf in _listed(value["state"]))
        texts = {digest: b64.decode(text, what="text") for digest, text in value["texts"].items()}
    except (TypeError, AttributeError, KeyError, ValueError) as error:
        raise FormatError(f"the proof file has a part of the wrong shape ({type(error).__name__})", code="prooffile/shape") from None
    if not isinstance(org, str) or not leaves or len(leaves) > MAX_LEAVES:
        raise FormatError("the proof file names no organisation or holds no leaves", code="prooffile/shape")
    longest = max(map(len, leaves))
    if longest > MAX_ENTRY_BYTES:
        raise FormatError(
            f"the proof file holds a leaf of {longest} bytes, and an entry has at most {MAX_ENTRY_BYTES}", code="prooffile/leaf"
        )
    return ProofFile(org, proof, leaves, state, texts)


def check_proof_file(file: ProofFile, state: State, tree: Tree) -> tuple[Any, ...]:
    """The values that the proof file proves, after its leaves were replayed to *state* and *tree* under its verified checkpoint.

    Raises:
        ProofError: if the entry is not where the file says, a state proof does not hold against the replayed state, or a text is not the
            one that its digest names.
    """
    if file.org != state.org:
        raise ProofError(f"the proof file says {file.org}, and its record is that of {state.org}", code="prooffile/org")
    if file.proof.index >= len(file.leaves):
        raise ProofError(f"the proof file is about entry {file.proof.index}, and holds {len(file.leaves)}", code="prooffile/index")
    if list(file.proof.hashes) != tree.inclusion_proof(file.proof.index, len(file.leaves)):
        raise ProofError("the inclusion proof is not the one of this entry", code="prooffile/inclusion")
    digest = StateTree.of(state).root()
    for name, text in file.texts.items():
        if text_digest(text) != name:
            raise ProofError(f"a text in the proof file is not the one that the record names {name[:12]}", code="prooffile/text")
    return tuple(verify_present(leaf.proof, digest, leaf.part, leaf.key) for leaf in file.state)


def leaf_of(file: ProofFile) -> bytes:
    """The leaf hash of the entry that the file is about."""
    return leaf_hash(file.leaves[file.proof.index])


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _state_value(leaf: StateLeaf) -> dict[str, Any]:
    found = leaf.proof.leaves[0]
    return {
        "part": leaf.part,
        "key": leaf.key,
        "leaf": b64.encode(found.leaf),
        "index": found.index,
        "count": leaf.proof.count,
        "hashes": [b64.encode(node) for node in found.hashes],
    }


def _parse_state_leaf(value: Mapping[str, Any]) -> StateLeaf:
    if value.keys() != {"part", "key", "leaf", "index", "count", "hashes"}:
        raise FormatError("a state proof has the wrong fields", code="prooffile/state")
    hashes = tuple(b64.decode(node, length=32, what="hash") for node in _listed(value["hashes"]))
    part, key, index, count = (value[name] for name in ("part", "key", "index", "count"))
    if not isinstance(part, str) or not isinstance(key, str) or type(index) is not int or type(count) is not int:
        raise FormatError("a state proof has a part of the wrong shape", code="prooffile/state")
    return StateLeaf(part, key, StateProof(count, (LeafProof(b64.decode(value["leaf"], what="leaf"), index, hashes),)))

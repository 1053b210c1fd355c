"""What a node vouches for: the state of the record that it has replayed, signed with its validating key, and brief proofs of it (DESIGN 3.5).

The order is the mirror's (:mod:`.follower`): leaves are held and flushed, the mirror's signature is remembered, and only then is the state of that
very checkpoint signed. A statement follows from the entries alone, so it may be made again at any time and says the same.

A state's tree is kept in step with it, change by change; trees of more than :data:`KEPT_LEAVES` values together are forgotten, the longest unused
first, and made again when somebody asks.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from commonhold.kernel.errors import FormatError, RuleError
from commonhold.kernel.notes import SignerKey
from commonhold.kernel.record.brief import PAIRS, Brief
from commonhold.kernel.record.briefing import Key, keys_to_show, make_brief
from commonhold.kernel.record.digest import LeafProof, StateTree
from commonhold.kernel.record.entries import parse_entry
from commonhold.kernel.record.state import PARTS, State
from commonhold.kernel.record.statements import Vouched, sign_statement
from commonhold.kernel.tlog.merkle import Tree
from commonhold.store.reader import StaticReader

KEPT_LEAVES: Final = 50_000
"""Values of states whose trees are kept, over all records together: about 50 MB."""
VOUCHED_PHASES: Final = frozenset({"running", "succeeding"})
"""A record whose founding is not complete says nothing that anybody should be told."""
MAX_KEY: Final = 400


@dataclass(frozen=True, slots=True)
class Stance:
    """What a node stands behind: one checkpoint that its mirror key has signed, and what that record amounts to.

    Args:
        checkpoint: the note with the log's and the mirror's signatures.
        statement: what is said of the state, and *note* the same with the signature of the validating key; both empty where nothing is said.
        tree: of the log, whole; it may have grown since.
    """

    state: State
    size: int
    checkpoint: bytes = field(repr=False)
    statement: Vouched | None
    note: bytes = field(repr=False)
    tree: Tree = field(repr=False)


class Voucher:
    """One node's validating key over any number of records. Threads may call at once.

    Args:
        signer: of kind 0x04.
        kept: how many values of states to keep trees over.
    """

    def __init__(self, signer: SignerKey, *, kept: int = KEPT_LEAVES) -> None:
        self._signer, self._kept = signer, kept
        self._trees: OrderedDict[str, tuple[State, StateTree]] = OrderedDict()
        self._turn = threading.Lock()

    def stand(self, before: Stance | None, state: State, tree: Tree, size: int, checkpoint: bytes, time: int) -> Stance:
        """Stand behind a checkpoint of which every leaf is held and was replayed to *state*.

        Args:
            before: what this node stood behind last, whose statement is signed again where nothing has changed.
            time: POSIX seconds of the mirror's signature.
        """
        statement = None
        if state.phase in VOUCHED_PHASES:
            statement = before.statement if before is not None and before.size == size else None
            if statement is None:
                with self._turn:
                    values = self._tree_of(state)
                    statement = Vouched(state.origin, size, tree.root(size), values.root(), values.count)
        note = b"" if statement is None else sign_statement(statement, self._signer, time)
        return Stance(state, size, checkpoint, statement, note, tree)

    def brief(self, stance: Stance, reader: StaticReader, held: int, entry: str, asked: Sequence[Key]) -> Brief:
        """The brief proof of an entry and of some keys of the state.

        Args:
            reader: of this node's own copy, which holds *held* leaves.
            entry: an entry's id, or its number in this log; or empty.
            asked: at most 16 keys, each of a part of the state.

        Raises:
            RuleError: ``brief/nothing`` if nothing is vouched for yet, ``entry/absent`` if the log has no such entry, ``brief/too-many``.
            FormatError: ``brief/query`` for a key that cannot be.
            StoreError: if the copy cannot be read.
        """
        if stance.statement is None:
            raise RuleError(
                "this node does not vouch for the state of this record yet", code="brief/nothing", next_step="Try again in a minute."
            )
        check_asked(asked)
        proof = _entry(stance, reader, held, entry) if entry else None
        keys = keys_to_show(stance.state, parse_entry(proof.leaf) if proof is not None else None, asked)
        with self._turn:
            tree = self._tree_of(stance.state)
            return make_brief(stance.state.org, (stance.checkpoint, stance.note), tree, keys, proof)

    def _tree_of(self, state: State) -> StateTree:
        """The tree of a state, brought in step from the one before it."""
        known = self._trees.pop(state.origin, None)
        if known is None:
            tree = StateTree.of(state)
        else:
            before, tree = known
            tree.update(_changes(before, state))
        self._trees[state.origin] = (state, tree)
        while len(self._trees) > 1 and sum(tree.count for _, tree in self._trees.values()) > self._kept:
            self._trees.popitem(last=False)
        return tree


def check_asked(asked: Sequence[Key]) -> None:
    """Pass in silence if these may be asked for.

    Raises:
        FormatError: ``brief/query`` otherwise.
    """
    if len(asked) > PAIRS or any(part not in PARTS or not 1 <= len(key) <= MAX_KEY for part, key in asked):
        raise FormatError(
            "the question is none that a brief proof answers",
            code="brief/query",
            next_step=f"Ask for ?entry=ID, or for at most {PAIRS} pairs ?part=PART&key=KEY of the parts {', '.join(PARTS)}.",
        )


def _changes(before: State, state: State) -> dict[Key, Any]:
    """The keys whose values are not the very same; maps are persistent, so a part that nothing touched is one and the same."""
    changes: dict[Key, Any] = {}
    for part in PARTS:
        old, new = before.parts[part], state.parts[part]
        if old is not new:
            changes |= {(part, key): value for key, value in new.items() if old.get(key) is not value}
            changes |= {(part, key): None for key in old if key not in new}
    return changes


def _entry(stance: Stance, reader: StaticReader, held: int, entry: str) -> LeafProof:
    place = int(entry) if entry.isascii() and entry.isdecimal() and len(entry) <= 12 else -1
    known = stance.state.ids.get(entry)
    index = place if known is None else known - stance.state.base
    if not 0 <= index < stance.size:
        raise RuleError(
            f"this log has no entry {entry[:64]!r}",
            code="entry/absent",
            next_step="Give the entry's id with all 64 digits, or its number in this log. An entry of an earlier epoch stands in that epoch's log.",
        )
    leaf = next(reader.entries(index, index + 1, held))
    return LeafProof(leaf, index, tuple(stance.tree.inclusion_proof(index, stance.size)))

"""The fold: from the record's leaves to its state, one entry at a time (DESIGN 3.2, 3.3).

``apply(state, raw, roots)`` is a pure function. An entry that breaks a rule stays in the log, keeps its index and changes nothing; the
:class:`Outcome` says why in words. Two states that have folded the same leaves are the same, byte for byte of their digest.

The checks come in this order, and the order matters: shape, organisation, key, signature; then the entry's id is consumed, whatever comes
next, so that nobody can bring the same signed act a second time; then epoch, the checkpoint that the signer had seen, the caps, and the act
itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

import immutables
import msgspec

from commonhold.kernel import ed25519
from commonhold.kernel.errors import CommonholdError, ProofError, RuleError
from commonhold.kernel.keys import KitKeys
from commonhold.kernel.record.acts import HANDLERS
from commonhold.kernel.record.clock import Roots, attest
from commonhold.kernel.record.decide import Event, judge
from commonhold.kernel.record.effects import void_open
from commonhold.kernel.record.entries import Entry, parse_entry
from commonhold.kernel.record.founding import accept_founding, found
from commonhold.kernel.record.keeping import settle
from commonhold.kernel.record.state import Draft, State, empty_state
from commonhold.kernel.record.succession import check_act, open_epoch
from commonhold.kernel.record.tally import is_unwitnessed
from commonhold.kernel.tlog.merkle import Tree, leaf_hash

BLOCK: Final = 1000
"""Entries per block for the cap on one member's entries."""

MAX_OPENINGS_PER_BLOCK: Final = 400
"""Proposals and withdrawals that one member may make in a block. What others answer is bounded by what is open, so this bounds everything: a
stolen kit cannot fill the log, and a busy chair who proposes every second act is not stopped."""

CAPPED: Final = frozenset({"propose", "withdraw"})


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What became of one entry.

    Args:
        index: where it stands in the log.
        entry: the parsed entry, or None if its bytes are none.
        code: empty when it counts; otherwise the stable name of the reason.
        words: the reason in words, and what to do next.
        events: what it brought about.
        changed: the (part, key) pairs whose leaves of the state digest it changed, for whoever keeps that tree in step.
    """

    index: int
    entry: Entry | None
    code: str = ""
    words: str = ""
    next_step: str = ""
    events: tuple[Event, ...] = ()
    changed: frozenset[tuple[str, str]] = frozenset()

    @property
    def counts(self) -> bool:
        """Whether the entry changed the state."""
        return not self.code


def apply(state: State, raw: bytes | Entry, roots: Roots, *, signature_ok: bool | None = None) -> tuple[State, Outcome]:
    """The state after one more entry, and what became of it.

    Args:
        raw: the leaf's bytes, or the entry that was parsed from them.
        roots: the log's own root after n leaves, for every n up to ``state.size``.
        signature_ok: the answer of :func:`check_signature`'s mathematics for a kit, if the caller has worked it out already (on another
            core, say); it depends on nothing but the entry and the key that its id names.
    """
    index = state.size
    entry: Entry | None = None
    events: list[Event] = []
    draft: Draft | None = None
    consumed = False
    try:
        entry = parse_entry(raw) if isinstance(raw, bytes) else raw
        if state.phase == "empty":
            if state.size:
                raise RuleError("this record does not begin with a founding, so nothing in it can count", code="found/none")
            state = found(entry)
            changed = frozenset((part, key) for part, values in state.parts.items() for key in values)
            return state, Outcome(0, entry, events=(Event("found", {"org": entry.id}),), changed=changed)
        if state.phase == "branched" and state.size > state.base:
            raise RuleError("this log does not begin by opening an epoch, so nothing in it can count", code="epoch/none")
        if entry.type == "found":
            raise RuleError("a record has one founding, its first entry", code="found/again")
        if entry.org != state.org:
            raise RuleError(
                f"the entry is for the organisation {entry.org[:12]}, and this is {state.org[:12]}",
                code="entry/other-org",
                next_step="Sign it for this organisation; a signature for one never counts in another.",
            )
        draft = state.thaw()
        if entry.type == "attest":
            _check_epoch(state, entry)
            if state.phase == "branched":
                raise RuleError("an epoch begins with its `open` entry, and this is an attest", code="epoch/first")
            attest(draft, entry, roots, events)
        else:
            check_signature(state, entry, signature_ok=signature_ok)
            _check_unused(state, entry)
            consumed = True
            _check_epoch(state, entry)
            _check_seen(state, entry, roots)
            _check_cap(state, entry)
            _act(draft, entry, events)
    except CommonholdError as error:
        return _refused(state, entry if consumed else None), Outcome(index, entry, error.code, str(error), error.next_step)
    if draft.parts["seals"]:
        settle(draft)
    _consume(draft, entry)
    return draft.freeze(), Outcome(index, entry, events=tuple(events), changed=frozenset(draft.changed))


def fold(leaves: Iterable[bytes], start: State | None = None) -> State:
    """The state after all *leaves* of one log; for records that fit in memory and for tests.

    ``replay`` does the same with progress and both cores.

    Args:
        start: where an epoch's log begins, from ``succession.branch``; the founding's begins with nothing.
    """
    state, tree = start or empty_state(), Tree()
    for raw in leaves:
        state, _ = apply(state, raw, tree.root)
        tree.append(leaf_hash(raw))
    return state


def check_signature(state: State, entry: Entry, *, signature_ok: bool | None = None) -> None:
    """Pass in silence if the entry is signed by a key that was enrolled for its author and has not been revoked.

    Raises:
        RuleError: for a key that is unknown, somebody else's, or revoked.
        ProofError: for a signature that does not match.
    """
    enrolled = state.keyring.get(entry.key)
    if enrolled is None:
        raise RuleError(
            f"the key {entry.key[:12]} is not enrolled in this organisation",
            code="key/unknown",
            data={"key": entry.key},
            next_step="A key counts once a decision (found, admit, rotate-key, recover-member) has enrolled it.",
        )
    if enrolled.member != entry.by:
        raise RuleError(f"the entry says it is by {entry.by}, and its key belongs to {enrolled.member}", code="key/other-member")
    public, sig = state.public[entry.key], entry.sig
    if sig is None:
        raise ProofError("the entry is not signed", code="signature/absent")
    if isinstance(public, KitKeys):
        if sig.kind != "ed25519":
            raise ProofError("a kit signs with ed25519, and this is a passkey's assertion", code="signature/kind")
        if not (ed25519.is_valid(public.sign, entry.signed_bytes, sig.value) if signature_ok is None else signature_ok):
            raise ProofError(f"the signature is not {entry.by}'s over this entry", code="signature/invalid")
    else:
        if sig.kind != "webauthn":
            raise ProofError("a passkey signs with an assertion, and this is a bare signature", code="signature/kind")
        # Most records hold no passkey; this takes a while to import.
        from commonhold.kernel import webauthn  # noqa: PLC0415

        challenge = hashlib.sha256(entry.signed_bytes).digest()
        webauthn.verify_assertion(public, challenge, sig.authenticator, sig.client, sig.value, frozenset(state.parts["origins"]))
    if enrolled.revoked >= 0:
        raise RuleError(
            f"the key {entry.key[:12]} of {entry.by} was revoked at entry {enrolled.revoked}",
            code="key/revoked",
            next_step="Sign with the key that took its place; the order of the log counts, not the time that a signer claims.",
        )


def _check_unused(state: State, entry: Entry) -> None:
    earlier = state.ids.get(entry.id)
    if earlier is not None:
        raise RuleError(f"the same act is already in the record, at entry {earlier}", code="entry/replayed", data={"index": earlier})


def _check_epoch(state: State, entry: Entry) -> None:
    if entry.epoch != state.epoch:
        raise RuleError(
            f"the entry is meant for epoch {entry.epoch}, and this is epoch {state.epoch}",
            code="entry/other-epoch",
            next_step="Sign it again for this epoch if it should count here.",
        )


def _check_seen(state: State, entry: Entry, roots: Roots) -> None:
    there = state.size - state.base
    if entry.seen_size > there:
        raise RuleError(f"the signer claims to have seen {entry.seen_size} entries, and there are {there}", code="entry/seen-future")
    if state.base and not entry.seen_size and entry.type != "open":
        # The root over nothing is every log's; only what covers the `open` entry says which of several epochs of one number is meant.
        raise RuleError(
            "the signer had seen nothing of this epoch, so nothing says that it is the one they meant",
            code="entry/seen-nothing",
            next_step="Fetch the new epoch's record and sign what it says.",
        )
    if roots(entry.seen_size) != entry.seen_root:
        raise RuleError(
            f"the signer had seen another log: its root at size {entry.seen_size} is not this one's",
            code="entry/seen-other",
            next_step="The signer should keep the checkpoint they saw: with this log's own it proves that the log showed two faces.",
        )


def _check_cap(state: State, entry: Entry) -> None:
    if entry.type in CAPPED and state.size % BLOCK and state.block.get(entry.by, 0) >= MAX_OPENINGS_PER_BLOCK:
        raise RuleError(
            f"{entry.by} has made {MAX_OPENINGS_PER_BLOCK} proposals and withdrawals since entry {state.size // BLOCK * BLOCK}, the most for one member",
            code="entry/too-many",
            next_step=f"The count starts again at entry {(state.size // BLOCK + 1) * BLOCK}.",
        )


def _act(draft: Draft, entry: Entry, events: list[Event]) -> None:
    member = draft.member(entry.by)
    if member is None or member.status not in ("active", "invited"):
        raise RuleError(f"{entry.by} is not a member any more", code="act/not-a-member")
    if draft.phase == "founding":
        accept_founding(draft, entry, member, events)
        return
    if draft.phase == "branched":
        open_epoch(draft, entry)
        void_open(draft, draft.size, "the organisation goes on in a new epoch")
        events.append(Event("opened", {"epoch": draft.epoch, "origin": draft.origin}))
        return
    if entry.type == "open":
        raise RuleError("an epoch is opened once, by the first entry of its log", code="epoch/again")
    if draft.phase == "succeeding":
        check_act(draft, entry)
    proposal_id = HANDLERS[entry.type](draft, entry, member)
    # In a house with partners nothing happens before an attest covers it, but for a succession that says that none are left.
    if proposal_id and (draft.clock is None or is_unwitnessed(draft.parts["proposals"][proposal_id])):
        judge(draft, proposal_id, draft.size, draft.size + 1, events)


def _refused(state: State, consumed: Entry | None) -> State:
    draft = state.thaw()
    _consume(draft, consumed)
    return draft.freeze()


def _consume(draft: Draft, entry: Entry | None) -> None:
    """Count the entry: its place in the log, and its id and author if its signature was valid."""
    if draft.size % BLOCK == 0:
        draft.block = immutables.Map()
    if entry is not None and entry.by:
        draft.ids = draft.ids.set(entry.id, draft.size)
        if entry.type in CAPPED:
            draft.block = draft.block.set(entry.by, draft.block.get(entry.by, 0) + 1)
    draft.size += 1


__all__ = ["BLOCK", "Event", "Outcome", "apply", "check_signature", "fold"]

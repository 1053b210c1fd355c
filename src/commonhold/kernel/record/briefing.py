"""Making brief proofs: what must stand in one, taking it out of a record that was replayed, and putting partners' answers together.

One partner's answer is signed by that partner alone. Where a policy asks for two, whoever asks puts the answers on one and the same
checkpoint together (:func:`merge_briefs`), which takes nobody's word for it: each signature is checked under the pin, and what is none is left out, so that
one damaged or hostile answer spoils nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from commonhold.kernel.errors import CommonholdError, ProofError, RuleError
from commonhold.kernel.kinds import STATE_KINDS
from commonhold.kernel.notes import Signature, VerifierKey, note_of, parse_note
from commonhold.kernel.record.brief import MAX_EPOCHS, MAX_VALUES, Brief, Shown
from commonhold.kernel.record.digest import LeafProof, StateTree
from commonhold.kernel.record.entries import Entry
from commonhold.kernel.record.payloads import parse_payload
from commonhold.kernel.record.pin import Pin
from commonhold.kernel.record.state import Proposal, State

Key = tuple[str, str]
MAX_MOVES: Final = 16
"""How many moves of one channel are followed."""
ACTS: Final = frozenset({"propose", "approve", "object", "confirm"})
"""Acts on a decision of which its proposal shows whether they count."""


def proposal_of(entry: Entry) -> str:
    """The id of the proposal that an entry makes or acts on; empty if it is about none."""
    if entry.type == "accept":
        return str(entry.body.of) if entry.body.of != entry.org else ""
    return entry.id if entry.type == "propose" else str(entry.body.proposal) if entry.type in ACTS else ""


def wanted(entry: Entry, proposal: Proposal | None) -> tuple[Key, ...]:
    """The keys of the state without which nobody can say what an entry amounts to now.

    Args:
        proposal: that :func:`proposal_of` names, as the state has it.

    Raises:
        FormatError, RuleError: if the payload of an enacted proposal is none that this version knows.
    """
    if entry.type == "found":
        return (("rules", "charter"),)
    if entry.type == "accept" and entry.body.of == entry.org:
        return (("members", entry.by),)
    about = proposal_of(entry)
    if not about:
        return ()
    return wanted_of(about, proposal)


def wanted_of(proposal_id: str, proposal: Proposal | None) -> tuple[Key, ...]:
    """The keys of the state without which nobody can say what a proposal amounts to now.

    Raises:
        FormatError, RuleError: if the payload of an enacted proposal is none that this version knows.
    """
    first = ("proposals", proposal_id)
    if proposal is None or proposal.status != "enacted":
        return (first,)
    return (first, *_decided(proposal_id, proposal))


def _decided(proposal_id: str, proposal: Proposal) -> tuple[Key, ...]:
    """Where the state says what became of what a proposal decided."""
    kind, payload = proposal.kind, parse_payload(proposal.kind, proposal.payload)
    if kind == "channel":
        return tuple(("channels", address) for address in (payload.address, payload.to) if address)
    if kind == "statement":
        return (("statements", payload.text),)
    if kind == "publish":
        return (("works", payload.work),)
    if kind == "erase":
        return tuple(("erasures", digest) for digest in payload.objects)
    if kind == "entrust":
        return (("resources", payload.resource),)
    if kind == "appoint":
        return (("seats", f"{payload.office}/{payload.member}"),)
    if kind in ("admit", "recover-member"):
        return (("members", payload.member),)
    return () if kind in STATE_KINDS else (("resolutions", proposal_id),)


def keys_to_show(state: State, entry: Entry | None, asked: Iterable[Key]) -> tuple[Key, ...]:
    """Everything that a brief proof about an entry and the keys that were asked for has to show, those first.

    That is, too: what an enacted proposal decided; where a channel has moved to; and how a later epoch came about.

    Raises:
        RuleError: ``brief/too-many`` for more than 256.
    """
    keys = [*(wanted(entry, state.proposal(proposal_of(entry))) if entry is not None else ()), *asked]
    for part, key in tuple(keys):
        keys += wanted_of(key, state.proposal(key)) if part == "proposals" else ()
    for part, key in tuple(keys):
        keys += [("channels", address) for address in _moves(state, key)] if part == "channels" else []
    keys += [("epochs", str(number)) for number in range(max(1, state.epoch - MAX_EPOCHS + 1), state.epoch + 1)]
    found = tuple(dict.fromkeys(keys))
    if len(found) > MAX_VALUES:
        raise RuleError(f"{len(found)} values were asked for, and a brief proof shows at most {MAX_VALUES}", code="brief/too-many")
    return found


def _moves(state: State, address: str) -> list[str]:
    moves: list[str] = []
    at = state.part("channels").get(address)
    while at is not None and at.status == "moved" and len(moves) < MAX_MOVES:
        moves.append(at.value["to"])
        at = state.part("channels").get(moves[-1])
    return moves


def make_brief(
    org: str,
    notes: tuple[bytes, bytes],
    tree: StateTree,
    keys: Iterable[Key],
    entry: LeafProof | None = None,
    texts: Mapping[str, bytes] | None = None,
) -> Brief:
    """The brief proof of these keys, and of an entry.

    Args:
        notes: the signed checkpoint, and the statement about the state of that very size.
        tree: of that state.
    """
    return Brief(org, *notes, tuple(Shown(part, key, tree.prove(part, key)) for part, key in keys), entry, dict(texts or {}))


def merge_briefs(briefs: Iterable[Brief], pin: Pin, mirrors: Iterable[VerifierKey] = ()) -> tuple[Brief, ...]:
    """One brief proof for each thing that was said, with the signatures of all who said it and all that they show; the most signed first.

    Partners who grow at different moments speak of different sizes: ask again, and they will agree. An answer that cannot be read is left out,
    and so is every signature that is not valid under a key of *pin* or of *mirrors*.

    Args:
        mirrors: further mirror keys, such as those of a policy that followed the pin's.
    """
    said: dict[tuple[str, str, str], list[Brief]] = {}
    for brief in briefs:
        try:
            said.setdefault((brief.org, parse_note(brief.checkpoint).text, parse_note(brief.state).text), []).append(brief)
        except CommonholdError:
            continue
    cosigners = [VerifierKey.of(pin.origin, pin.log_key), *(party.key for party in pin.policy.witnesses.values()), *mirrors]
    merged = []
    for group in said.values():
        checkpoint, _ = _gathered([brief.checkpoint for brief in group], cosigners)
        state, signers = _gathered([brief.state for brief in group], pin.validators.values())
        values = {(shown.part, shown.key): shown for brief in group for shown in brief.values}
        entry = next((brief.entry for brief in group if brief.entry is not None), None)
        texts = {name: text for brief in group for name, text in brief.texts.items()}
        merged.append((signers, Brief(group[0].org, checkpoint, state, tuple(values.values()), entry, texts)))
    return tuple(brief for _, brief in sorted(merged, key=lambda item: -item[0]))


def _gathered(notes: Sequence[bytes], keys: Iterable[VerifierKey]) -> tuple[bytes, int]:
    """The notes of one text as one, with the newest valid signature of each key and the log's own, and how many keys signed."""
    known = {(key.name, key.key_id): key for key in keys}
    opened = [parse_note(raw) for raw in notes]
    text, origin = opened[0].text, opened[0].text.split("\n", 1)[0]
    found: dict[tuple[str, bytes], Signature] = {}
    signers = 0
    for signature in (signature for note in opened for signature in note.signatures):
        place = (signature.name, signature.key_id)
        key = known.get(place)
        if key is None:
            # The log of a later epoch, whose key the pin does not know; its line is kept for those who do.
            if signature.name == origin and not any(name == origin for name, _ in found):
                found[place] = signature
        elif _is_valid(key, text, signature):
            signers += place not in found
            if place not in found or (key.signed_time(signature) or 0) > (key.signed_time(found[place]) or 0):
                found[place] = signature
    return (note_of(text, list(found.values())) if found else notes[0]), signers


def _is_valid(key: VerifierKey, text: str, signature: Signature) -> bool:
    try:
        key.verify(text, signature)
    except ProofError:
        return False
    return True

"""Brief proofs: a few values of an organisation's state and one entry, on the word of the partners that a reader has pinned (DESIGN 3.5).

The file (docs/formats/brief-proof.md) holds a checkpoint that mirrors have cosigned, the statement of validators of what that record amounts
to, and tree proofs that lead from there to each value, and to the entry. It is small, because nothing in it is replayed; so nothing in it is
believed but what partners of the reader's pin have signed, as many as the pin's policy asks for: for the *state* with their validating keys,
for the *time* with their mirror keys. The log's own signature grants nothing.

What validators sign follows from the entries alone, so an old statement stays true, and its own time says nothing; how old the answer is
say the mirrors alone.

Not here: verdicts (``briefverdict``); making briefs, and what must stand in one (``briefing``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal

import msgspec

from commonhold.kernel import b64
from commonhold.kernel.canonical import canonical_bytes, parse_canonical
from commonhold.kernel.errors import FormatError, ProofError
from commonhold.kernel.ids import parse_origin
from commonhold.kernel.notes import VerifierKey, open_note
from commonhold.kernel.record.bodies import Digest, Partner, Time, Value
from commonhold.kernel.record.digest import LeafProof, StateProof, prefix_of, verify_absent, verify_present
from commonhold.kernel.record.entries import MAX_ENTRY_BYTES
from commonhold.kernel.record.partners import IN_FORCE, times_under
from commonhold.kernel.record.pin import Pin
from commonhold.kernel.record.state import Decided, Epoch, Member, Proposal, Release, Rotation, Seal, Seat
from commonhold.kernel.record.statements import Vouched, open_vouched
from commonhold.kernel.texts import text_digest
from commonhold.kernel.tlog.checkpoint import Checkpoint, open_cosigned, parse_checkpoint
from commonhold.kernel.tlog.merkle import leaf_hash, verify_inclusion
from commonhold.kernel.tlog.policy import Policy

FORM: Final = "commonhold/brief/v1"
MAX_BRIEF_BYTES: Final = 8 << 20
MAX_VALUES: Final = 256
"""Values of the state in one proof: to seal for as many people as a seal has, each with a kit and with the seat that they hold."""
PAIRS: Final = 16
"""Values that a partner shows in one answer; several answers of one size of the record are put together."""
MAX_TEXTS: Final = 16
MAX_NESTED: Final = 2_000
MAX_COMMAS: Final = 20_000
MAX_EPOCHS: Final = 16
"""How many epochs may lie between a pin and what is checked with it."""
MAKE_ONE: Final = "Ask a partner for another: `commonhold prove ENTRY --partner ADDRESS -o FILE`."


class _Leaf(Value, frozen=True):
    leaf: str
    index: Time
    hashes: list[str]


class _Shown(Value, frozen=True):
    part: str
    key: str
    count: Time
    leaves: Annotated[list[_Leaf], msgspec.Meta(max_length=2)]


class _File(Value, frozen=True):
    form: Literal["commonhold/brief/v1"]
    org: Digest
    checkpoint: str
    state: str
    values: Annotated[list[_Shown], msgspec.Meta(max_length=MAX_VALUES)]
    texts: Annotated[dict[Digest, str], msgspec.Meta(max_length=MAX_TEXTS)]
    entry: _Leaf | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """One key of the state, with the proof of its value or of its absence."""

    part: str
    key: str
    proof: StateProof


@dataclass(frozen=True, slots=True)
class Brief:
    """A parsed brief proof; nothing in it is believed until :func:`check_brief` has passed.

    Args:
        org: the organisation's id, as the file has it.
        checkpoint: the signed checkpoint note, with mirrors' cosignatures.
        state: the signed note ``commonhold/state/v1``.
        values: what is shown of the state; what the file is about comes first.
        entry: a leaf of the log with its index and inclusion proof.
        texts: text objects by digest.
    """

    org: str
    checkpoint: bytes = field(repr=False)
    state: bytes = field(repr=False)
    values: tuple[Shown, ...]
    entry: LeafProof | None = None
    texts: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    def to_value(self) -> dict[str, Any]:
        """The file as a value, as it may stand in another file."""
        value: dict[str, Any] = {
            "form": FORM,
            "org": self.org,
            "checkpoint": self.checkpoint.decode(),
            "state": self.state.decode(),
            "values": [_shown_value(shown) for shown in self.values],
            "texts": {digest: b64.encode(text) for digest, text in self.texts.items()},
        }
        return value if self.entry is None else {**value, "entry": _leaf_value(self.entry)}

    def to_bytes(self) -> bytes:
        """The file, canonical JSON."""
        return canonical_bytes(self.to_value())


@dataclass(frozen=True, slots=True)
class CheckedBrief:
    """What a brief proof shows, on the word of the pin's partners.

    Args:
        size: of the log; *root* is its root there.
        origin: of the log, and *epoch* its number.
        time: the policy's own time of the checkpoint, in POSIX seconds.
        values: by (part, key), in the file's order; None where the state holds nothing.
        entry: the leaf's bytes and its index in this log; None if the file holds no entry.
        validators: who vouches for the state, by their names in the pin's policy; *mirrors* when each partner last signed the checkpoint.
        lives: whether the members have decided that the organisation goes on in this epoch; in the pin's own they had.
        pin: what it was checked against.
    """

    size: int
    root: bytes
    origin: str
    epoch: int
    time: int
    values: Mapping[tuple[str, str], Any]
    entry: LeafProof | None
    texts: Mapping[str, bytes] = field(repr=False)
    validators: tuple[str, ...]
    mirrors: Mapping[str, int]
    lives: bool
    pin: Pin = field(repr=False)


def parse_brief(raw: bytes) -> Brief:
    """Read a brief proof; one newline after it is forgiven.

    Raises:
        FormatError: if it is not one, or is larger than 8 MiB.
    """
    # Counted before anything is built: a file of a million empty lists would take thirty times its size in memory.
    if raw.count(b"{") + raw.count(b"[") > MAX_NESTED or raw.count(b",") > MAX_COMMAS:
        raise FormatError("the brief proof has more parts than any proof needs", code="brief/parts", next_step=MAKE_ONE)
    try:
        value = parse_canonical(raw.removesuffix(b"\n"), max_size=MAX_BRIEF_BYTES, what="the brief proof")
    except FormatError as error:
        raise FormatError(str(error), code=error.code, next_step=error.next_step or MAKE_ONE, data=error.data) from None
    return brief_of(value)


def brief_of(value: Any) -> Brief:
    """The brief proof of a canonical value, as it stands in a file or inside another.

    Raises:
        FormatError: if it is none.
    """
    if not isinstance(value, dict) or value.get("form") != FORM:
        raise FormatError("this is not a brief proof", code="brief/form", next_step=MAKE_ONE)
    try:
        file = msgspec.convert(value, _File, strict=True)
    except msgspec.ValidationError as error:
        raise FormatError(f"the brief proof has a part of the wrong shape: {error}", code="brief/shape", next_step=MAKE_ONE) from None
    values = tuple(Shown(shown.part, shown.key, StateProof(shown.count, tuple(map(_leaf, shown.leaves)))) for shown in file.values)
    if len({(shown.part, shown.key) for shown in values}) != len(values):
        raise FormatError("the brief proof shows one key of the state twice", code="brief/twice", next_step=MAKE_ONE)
    entry = None if file.entry is None else _leaf(file.entry)
    if entry is not None and len(entry.leaf) > MAX_ENTRY_BYTES:
        raise FormatError(
            f"the brief proof holds an entry of {len(entry.leaf)} bytes, and one has at most {MAX_ENTRY_BYTES}", code="brief/leaf"
        )
    texts = {digest: b64.decode(text, what="text") for digest, text in sorted(file.texts.items())}
    return Brief(file.org, file.checkpoint.encode(), file.state.encode(), values, entry, texts)


def check_brief(brief: Brief, pin: Pin) -> CheckedBrief:
    """What a brief proof shows, if the partners of *pin* have signed for it as its policy asks.

    Raises:
        ProofError: ``brief/other-org``, ``brief/other-log``, ``brief/other-checkpoint`` if it is of something else; ``brief/validators``
            or ``brief/mirrors`` if too few partners have signed; ``brief/epochs`` if it does not show how a later epoch came about;
            ``brief/text``; or as its signatures and proofs are refused.
        FormatError: if a part of it is malformed.
    """
    vouched, validators, epoch = _check_state(brief, pin)
    values = _check_values(brief, vouched)
    lives = _check_epochs(values, vouched.origin, pin.epoch, epoch)
    checkpoint, mirrors, time = _check_checkpoint(brief, pin, vouched.origin, values.get(("partners", IN_FORCE)))
    if (checkpoint.origin, checkpoint.size, checkpoint.root) != (vouched.origin, vouched.size, vouched.root):
        raise ProofError(
            f"the checkpoint is of size {checkpoint.size} and the statement about the state of size {vouched.size}, or their roots or logs differ",
            code="brief/other-checkpoint",
            next_step=MAKE_ONE,
        )
    if brief.entry is not None:
        verify_inclusion(brief.entry.index, vouched.size, leaf_hash(brief.entry.leaf), brief.entry.hashes, vouched.root)
    for name, text in brief.texts.items():
        if text_digest(text) != name:
            raise ProofError(f"a text in the brief proof is not the one that the record names {name[:12]}", code="brief/text")
    return CheckedBrief(
        vouched.size, vouched.root, vouched.origin, epoch, time, values, brief.entry, brief.texts, validators, mirrors, lives, pin
    )


def _check_state(brief: Brief, pin: Pin) -> tuple[Vouched, tuple[str, ...], int]:
    """What the validators say, who of them, and the epoch that they speak of."""
    if brief.org != pin.org:
        raise _other_org(brief.org, pin)
    signed = open_vouched(brief.state, pin.validators.values())
    vouched = signed.statement
    org, epoch, _ = parse_origin(vouched.origin)
    if org != pin.org:
        raise _other_org(org, pin)
    if epoch == pin.epoch and vouched.origin != pin.origin:
        raise ProofError(
            f"this is of another log of epoch {epoch} than your pin's: {vouched.origin}, not {pin.origin}",
            code="brief/other-log",
            next_step="Two logs claim the same epoch. Ask the organisation's partners which one the members have chosen.",
            data={"origin": vouched.origin, "pinned": pin.origin},
        )
    names = tuple(sorted(name for name, key in pin.validators.items() if key in signed.times))
    if pin.policy.time(dict.fromkeys(names, 0)) is None:
        raise _too_few(names, "vouched for this state", "brief/validators")
    return vouched, names, epoch


def _check_values(brief: Brief, vouched: Vouched) -> dict[tuple[str, str], Any]:
    values: dict[tuple[str, str], Any] = {}
    for shown in brief.values:
        if shown.proof.count != vouched.count:
            raise ProofError(f"a proof is of a state with {shown.proof.count} values, and this one has {vouched.count}", code="brief/count")
        prefix = prefix_of(shown.part, shown.key)
        if any(leaf.leaf.startswith(prefix) for leaf in shown.proof.leaves):
            values[shown.part, shown.key] = verify_present(shown.proof, vouched.digest, shown.part, shown.key)
        else:
            verify_absent(shown.proof, vouched.digest, shown.part, shown.key)
            values[shown.part, shown.key] = None
    return values


def _check_epochs(values: Mapping[tuple[str, str], Any], origin: str, pinned: int, epoch: int) -> bool:
    """Whether the members decided each epoch after the pinned one.

    An epoch that somebody has opened has the whole state of the branch in it, and partners follow it before anything is decided, so their
    statement about it does not say that the organisation lives there. Its state does.
    """
    later = range(pinned + 1, epoch + 1)
    if len(later) > MAX_EPOCHS or any(values.get(("epochs", str(number))) is None for number in later):
        raise ProofError(
            f"your pin is of epoch {pinned}, and the proof is of epoch {epoch} without showing how the members got there",
            code="brief/epochs",
            next_step="Ask for a proof that shows the values `epochs/<number>` of every epoch after yours, or for a newer pin.",
            data={"pinned": pinned, "epoch": epoch},
        )
    epochs = [read_value("epochs", values["epochs", str(number)]) for number in later]
    if epochs and epochs[-1].origin != origin:
        raise ProofError(
            f"the state is of the log {origin}, and says that its epoch is that of {epochs[-1].origin}", code="brief/other-log"
        )
    return all(each.proposal for each in epochs)


def _check_checkpoint(brief: Brief, pin: Pin, origin: str, in_force: Any) -> tuple[Checkpoint, dict[str, int], int]:
    """The checkpoint, when partners signed it, and the time that this gives.

    Where the state shows the policy that is in force by now, it is that policy's time: the pinned partners vouch for who follows them. Those of
    the pin are heard too, for a policy that nobody of it has met yet must not silence the partners whom the reader knows.
    """
    policies = [pin.policy]
    if in_force is not None:
        payload: Partner = read_value("partners", in_force)
        groups = {name: (group.k, group.of) for name, group in payload.groups.items()}
        policies.insert(0, Policy.build((), payload.witnesses, groups, payload.quorum))
    keys = tuple(dict.fromkeys(party.key for policy in policies for party in policy.witnesses.values()))
    if origin == pin.origin:
        signed = open_cosigned(brief.checkpoint, [VerifierKey.of(pin.origin, pin.log_key)], keys, origin=origin)
        checkpoint, cosignatures = signed.checkpoint, signed.cosignatures
    else:
        # The key of a later log is not known here. A mirror signs nothing that the log has not signed.
        note = open_note(brief.checkpoint, keys)
        checkpoint = parse_checkpoint(note.text)
        cosignatures = {key: key.signed_time(signature) or 0 for key, signature in note.verified}
    heard = [(times, policy.time(times)) for policy in policies for times in [times_under(policy, cosignatures)]]
    for times, time in heard:
        if time is not None:
            return checkpoint, times, time
    raise _too_few(heard[-1][0], "cosigned this checkpoint", "brief/mirrors")


def read_value(part: str, value: Any) -> Any:
    """A value of the state in its own type, for the parts that have one; another part's value as it is.

    Raises:
        FormatError: ``brief/value`` if it has not the form of that part, as in a state of a later version.
    """
    kind = _TYPES.get(part)
    if kind is None:
        return value
    try:
        return msgspec.convert(value, kind, strict=True)
    except msgspec.ValidationError as error:
        raise FormatError(f"a value of the part {part} has a form that this version does not know: {error}", code="brief/value") from None


_TYPES: Final[Mapping[str, type[Value]]] = {
    **dict.fromkeys(("channels", "erasures", "resolutions", "resources", "statements", "works"), Decided),
    "epochs": Epoch,
    "members": Member,
    "partners": Partner,
    "proposals": Proposal,
    "releases": Release,
    "rotations": Rotation,
    "seals": Seal,
    "seats": Seat,
}


def _too_few(names: Iterable[str], did: str, code: str) -> ProofError:
    have = sorted(names)
    return ProofError(
        f"too few of the partners of your pin have {did}: {', '.join(have) or 'none of them'}",
        code=code,
        next_step="Ask the other partners, too, and put their answers together: `commonhold prove ENTRY --partner ADDRESS --partner ADDRESS`.",
        data={"have": have},
    )


def _other_org(org: str, pin: Pin) -> ProofError:
    return ProofError(
        f"this is of the organisation {org[:12]}, and your pin is of {pin.org[:12]}",
        code="brief/other-org",
        next_step="Take the pin of the organisation that you mean, from somebody you trust.",
        data={"org": org, "pinned": pin.org},
    )


def _leaf(leaf: _Leaf) -> LeafProof:
    return LeafProof(b64.decode(leaf.leaf, what="leaf"), leaf.index, tuple(b64.decode(one, 32, "hash") for one in leaf.hashes))


def _leaf_value(proof: LeafProof) -> dict[str, Any]:
    return {"leaf": b64.encode(proof.leaf), "index": proof.index, "hashes": [b64.encode(one) for one in proof.hashes]}


def _shown_value(shown: Shown) -> dict[str, Any]:
    return {"part": shown.part, "key": shown.key, "count": shown.proof.count, "leaves": [_leaf_value(leaf) for leaf in shown.proof.leaves]}

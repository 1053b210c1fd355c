"""What partner nodes sign beside checkpoints: that an epoch is closed, and what a record amounts to (DESIGN 3.4, 3.5).

``commonhold/frozen/v1`` says: I hold this log up to this size, have replayed the succession that leads from it to that log, and sign for the
old one no more. It is signed with the node's *mirror* key. ``commonhold/state/v1`` says: I have replayed this log up to this size, and its
state has this digest. It is signed with the node's *validating* key, which is another. Both are signed notes (C2SP signed-note) under keys of
kind 0x04, so the time is the signature's, and one text gathers the signatures of many partners.

Neither can be taken for a checkpoint, whose second line is a number. Whether the signers suffice is a policy's business; a frozen statement
makes no successor, for that takes the members (``history``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from commonhold.kernel import b64
from commonhold.kernel.errors import FormatError, ProofError
from commonhold.kernel.ids import parse_origin
from commonhold.kernel.notes import SignerKey, VerifierKey, note_of, open_note
from commonhold.kernel.tlog.checkpoint import SignedCheckpoint, check_cosigner, parse_decimal
from commonhold.kernel.tlog.hashes import HASH_BYTES, check_hash, check_size

FROZEN: Final = "commonhold/frozen/v1"
STATE: Final = "commonhold/state/v1"
MAX_STATEMENT_BYTES: Final = 1 << 17


@dataclass(frozen=True, slots=True)
class Frozen:
    """That the log *origin* ends for its mirrors at *size* and *root*, and the organisation goes on in *successor*.

    Raises:
        FormatError: for sizes, hashes or origins that cannot be, or a successor that is not the next epoch of the same organisation.
    """

    origin: str
    size: int
    root: bytes
    successor: str

    def __post_init__(self) -> None:
        _check_head(self.size, self.root)
        (org, epoch, _), (other, following, _) = parse_origin(self.origin), parse_origin(self.successor)
        if (other, following) != (org, epoch + 1):
            raise FormatError(f"{self.successor} is not the next epoch after {self.origin}", code="frozen/successor")

    def text(self) -> str:
        """The text that is signed; parsing it gives the same statement."""
        return _lines(FROZEN, self.origin, self.size, b64.encode(self.root), self.successor)


@dataclass(frozen=True, slots=True)
class Vouched:
    """That the log *origin*, replayed up to *size* and *root*, has a state of *count* leaves with this *digest*.

    Raises:
        FormatError: for sizes, hashes or an origin that cannot be.
    """

    origin: str
    size: int
    root: bytes
    digest: bytes
    count: int

    def __post_init__(self) -> None:
        _check_head(self.size, self.root)
        check_hash(self.digest, "state digest")
        check_size(self.count)
        parse_origin(self.origin)

    def text(self) -> str:
        """The text that is signed; parsing it gives the same statement."""
        return _lines(STATE, self.origin, self.size, b64.encode(self.root), b64.encode(self.digest), self.count)


S = TypeVar("S", Frozen, Vouched)


@dataclass(frozen=True, slots=True)
class Signed(Generic[S]):
    """A statement, and when each known key signed it, in POSIX seconds."""

    statement: S
    times: dict[VerifierKey, int]


def sign_statement(statement: Frozen | Vouched, signer: SignerKey, time: int) -> bytes:
    """The note of a statement, signed at *time* (POSIX seconds); more signatures join it with ``notes.append_signatures``.

    Whether it is true is for the signer to know: a node signs only what it holds and has replayed.

    Raises:
        FormatError: if *signer* is not of kind 0x04, or *time* is out of range.
    """
    check_cosigner(signer.verifier)
    return note_of(statement.text(), [signer.sign(statement.text(), time)])


def open_frozen(raw: bytes, mirrors: Iterable[VerifierKey]) -> Signed[Frozen]:
    """A frozen statement that at least one of the *mirrors* signed.

    Raises:
        FormatError: if it is malformed.
        ProofError: if none of *mirrors* signed, or the signature of one does not match.
    """
    return _open(raw, mirrors, parse_frozen)


def open_vouched(raw: bytes, validators: Iterable[VerifierKey]) -> Signed[Vouched]:
    """A state statement that at least one of the *validators* signed.

    Raises:
        FormatError: if it is malformed.
        ProofError: if none of *validators* signed, or the signature of one does not match.
    """
    return _open(raw, validators, parse_vouched)


def parse_frozen(text: str) -> Frozen:
    """The frozen statement of a note's text; nothing is verified.

    Raises:
        FormatError: if it is none.
    """
    origin, size, root, successor = _fields(text, FROZEN, 4)
    return Frozen(origin, parse_decimal(size, "size"), _hash(root, "root"), successor)


def parse_vouched(text: str) -> Vouched:
    """The state statement of a note's text; nothing is verified.

    Raises:
        FormatError: if it is none.
    """
    origin, size, root, digest, count = _fields(text, STATE, 5)
    return Vouched(origin, parse_decimal(size, "size"), _hash(root, "root"), _hash(digest, "state digest"), parse_decimal(count, "count"))


def check_kept(frozen: Signed[Frozen], signed: SignedCheckpoint) -> None:
    """Pass in silence unless a mirror that froze a log has cosigned a checkpoint of it afterwards.

    Raises:
        ProofError: naming who did; the two notes together prove it to anybody.
    """
    if signed.checkpoint.origin != frozen.statement.origin:
        return
    late = sorted(key.name for key, time in signed.cosignatures.items() if time > frozen.times.get(key, time))
    if late:
        raise ProofError(
            f"{', '.join(late)} froze the log {frozen.statement.origin} and signed for it afterwards",
            code="frozen/broken",
            next_step="Keep both notes: together they prove it. Do not count these partners until their operators explain it.",
            data={"partners": late},
        )


def _open(raw: bytes, keys: Iterable[VerifierKey], parse: Callable[[str], S]) -> Signed[S]:
    known = list(keys)
    for key in known:
        check_cosigner(key)
    note = open_note(raw, known, max_size=MAX_STATEMENT_BYTES)
    return Signed(parse(note.text), {key: key.signed_time(signature) or 0 for key, signature in note.verified})


def _check_head(size: int, root: bytes) -> None:
    check_size(size)
    check_hash(root, "root")
    if not size:
        raise FormatError("a statement about a log without entries says nothing", code="statement/empty")


def _lines(*lines: str | int) -> str:
    return "".join(f"{line}\n" for line in lines)


def _fields(text: str, form: str, count: int) -> list[str]:
    first, *fields = text[:-1].split("\n") if text.endswith("\n") else [""]
    if first != form or len(fields) != count:
        raise FormatError(f"the text is not a statement of the form {form} with {count} lines after it", code="statement/form")
    return fields


def _hash(text: str, what: str) -> bytes:
    return b64.decode(text, HASH_BYTES, what)

"""What an object store promises: content-addressed, verified, never silently less (DESIGN section 6).

An object's name is the SHA-256 of its bytes, 64 lower-case hexadecimal digits. So a store needs no trust: every whole read is hashed, a second writer of
the same object writes the same bytes, and a copy from anywhere is as good as any other once it has been hashed. Nothing here ever removes an object but
:meth:`Objects.erase`, which carries out a decision of the organisation and leaves a tombstone.

Beside the objects a store keeps two sets of digests: the *works*, which are the objects that are manifests (``docs/formats/work.md``), and the *erased*.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator
from typing import Final, Protocol

from commonhold.kernel.errors import CommonholdError, FormatError, ProofError, RuleError, StoreError

FOLDER: Final = "objects"
MAX_OBJECT: Final = 1 << 40
"""A tebibyte: the largest object that is put, whatever its size is said to be."""
MAX_IN_MEMORY: Final = 64 << 20
"""The largest object that :meth:`Objects.get` gives as one string of bytes."""
PIECE: Final = 1 << 20
"""How many bytes are held at once of an object that is copied or hashed."""

_DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Readable(Protocol):
    """Something with bytes to read, such as an open file."""

    def read(self, size: int, /) -> bytes:
        """At most *size* bytes; none at the end."""


Source = bytes | Readable | Iterable[bytes]
"""Where an object comes from: its bytes, an open file, or pieces one after the other."""


class Putting(Protocol):
    """What objects are put into: a store, where each is durable at once, or a batch."""

    def put(self, source: Source, *, digest: str = "", size: int = -1) -> str:
        """Keep an object and give its digest; it is hashed while it is written, in bounded memory.

        *Atomic*: at every instant, and through a kill or a power failure, the object is there whole or not at all; a damaged copy that lay there stays until
        the whole one takes its place. *Durable* when this returns (in a batch: when the batch ends). *Idempotent*: putting again what is there does nothing, and any number of processes may put
        the same object at once.

        Args:
            digest: what it must hash to; "" for whatever it hashes to.
            size: how many bytes it must have; -1 for as many as come, up to the store's bound. Reading stops at the first byte too many.

        Raises:
            ProofError: ``object/altered`` if it hashes to another digest. FormatError: ``object/too-big``, ``object/short``, ``object/digest``.
            RuleError: ``object/erased`` if it was decided that it goes. StoreError: if the place refuses. Nothing of the object is left then.
        """
        ...


class Objects(Putting, Protocol):
    """A place for objects. Any number of processes may use one at once, without a lock.

    Every method raises FormatError ``object/digest`` for a digest that is none, and StoreError ``store/...`` when the place refuses; no error of a disk, a
    network or a library leaves it as it is.
    """

    def batch(self) -> contextlib.AbstractContextManager[Putting]:
        """Put many objects at the price of few flushes: they are durable, and there for readers, when the ``with`` block ends, some of them before.

        If the block raises, what was put in it may be there or not; each object whole or not at all. What is written last must be put after the batch: a
        manifest, whose objects must be durable before it.
        """
        ...

    def get(self, digest: str) -> bytes:
        """The object's bytes, verified; at most 64 MiB.

        Raises:
            StoreError: ``store/absent``, or ``store/too-big``. ProofError: ``object/altered``. RuleError: ``object/erased``.
        """
        ...

    def stream(self, digest: str) -> Iterator[bytes]:
        """The object's bytes piece by piece, hashed on the way. The last piece is given only after the whole was verified.

        Raises:
            As :meth:`get`, but for the size; ProofError may come after pieces were given: what was made of them must then be thrown away.
        """
        ...

    def range(self, digest: str, start: int, length: int) -> bytes:
        """Up to *length* bytes from *start* (fewer at the end), at most 64 MiB, **not verified**: only the whole can be hashed.

        Raises:
            As :meth:`get`, but for ProofError. FormatError: ``object/range``.
        """
        ...

    def size(self, digest: str) -> int:
        """How many bytes lie there under this name; they are not verified.

        Raises:
            StoreError: ``store/absent``. RuleError: ``object/erased``.
        """
        ...

    def verify(self, digest: str) -> int:
        """Pass if a whole copy is here, and give its size; reads all of it, in bounded memory.

        Raises:
            As :meth:`stream`.
        """
        ...

    def has(self, digest: str) -> bool:
        """Whether a whole copy is here; a damaged one does not count. Reads all of it."""
        ...

    def list(self, after: str = "") -> Iterator[str]:
        """The digests of the objects here that sort after *after*, in order and in bounded memory; their bytes are not verified.

        What is put or erased meanwhile may be given or not.
        """
        ...

    def mark_work(self, digest: str) -> None:
        """Remember that an object is the manifest of a work; durable when this returns. Call it when the manifest itself is durable."""
        ...

    def works(self, after: str = "") -> Iterator[str]:
        """The digests of the manifests here that sort after *after*, in order."""
        ...

    def erase(self, digest: str, decision: str) -> None:
        """Let the bytes go for good, as was decided; the digest stays, with the id of the *decision*.

        From the first durable write on no put takes the object again, also when the process dies before the bytes are gone: a second call then removes them. A copy in
        a backup, or on a disk's free blocks, is not reached.

        Args:
            decision: the id of the proposal that was enacted, 64 hexadecimal digits.
        """
        ...

    def erased(self, digest: str) -> str:
        """The decision by which an object was erased; "" if it was not."""
        ...

    def erasures(self) -> Iterator[str]:
        """The digests that were erased, in order."""
        ...


def check_digest(digest: str) -> str:
    """The digest, unchanged.

    Raises:
        FormatError: ``object/digest`` if it is not 64 lower-case hexadecimal digits.
    """
    if not _DIGEST.fullmatch(digest):
        shown = ascii(digest if len(digest) <= 80 else digest[:77] + "...")
        raise FormatError(f"{shown} is not a digest: 64 lower-case hexadecimal digits are needed", code="object/digest")
    return digest


def nothing(*_told: object) -> None:
    """What is told to nobody."""


def is_digest(text: str) -> bool:
    """Whether a text is a digest."""
    return _DIGEST.fullmatch(text) is not None


def check_decision(decision: str) -> None:
    """Refuse what is not the id of a proposal.

    Raises:
        FormatError: ``object/decision``.
    """
    if not is_digest(decision):
        raise FormatError(f"{decision[:80]!a} is not the id of a decision", code="object/decision")


def name_of(digest: str, under: str = FOLDER) -> str:
    """Where an object lies below a store: the first two digits, then the other 62; the same in a folder, a bucket and at an address.

    Raises:
        FormatError: ``object/digest``.
    """
    check_digest(digest)
    return f"{under}/{digest[:2]}/{digest[2:]}"


def pieces_of(source: Source) -> Iterator[bytes]:
    """The bytes of a source, piece by piece; none is larger than the source made it, and a file's are at most a mebibyte."""
    if isinstance(source, bytes):
        yield source
    elif hasattr(source, "read"):
        while piece := source.read(PIECE):
            yield piece
    else:
        yield from source


def absent(digest: str, where: object) -> StoreError:
    """An object is not there."""
    return StoreError(
        f"the object {digest} is not in {where}",
        code="store/absent",
        next_step="Fetch it from a mirror; its digest proves it.",
        data={"digest": digest},
    )


def altered(digest: str, found: str, where: object = "") -> ProofError:
    """Bytes hash to something else than their name says."""
    return ProofError(
        f"the object {digest} was altered{f' in {where}' if where else ''}: its bytes have digest {found}",
        code="object/altered",
        next_step="Fetch it again from a mirror and put it; that replaces the altered copy.",
        data={"digest": digest, "found": found},
    )


def was_erased(digest: str, decision: str) -> RuleError:
    """An object was erased by a decision."""
    return RuleError(
        f"the object {digest} was erased by the decision {decision}",
        code="object/erased",
        next_step="Nothing brings it back here; the digest and the decision stay.",
        data={"digest": digest, "decision": decision},
    )


def is_whole(objects: Objects, digest: str) -> bool:
    """Whether an object is there, every byte of it as it should be: what :meth:`Objects.has` says of a place that can be read.

    Raises:
        ProofError, StoreError: as :meth:`Objects.verify` says, but for an object that is not there.
    """
    try:
        objects.verify(digest)
    except CommonholdError as error:
        if is_absence(error):
            return False
        raise
    return True


def is_absence(error: CommonholdError) -> bool:
    """Whether an error says that no whole copy is here, rather than that the place cannot be read."""
    return isinstance(error, ProofError | RuleError) or error.code in {"store/absent", "store/too-big"}

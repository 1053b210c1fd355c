"""Repair: what a scrub found wrong is fetched from any replica that has it, hashed while it comes, and only then put in its place.

A replica that gives other bytes than the digest says is not asked again until a scrub of all of it found nothing altered: it is in quarantine. One that
does not answer, or is too slow, is passed over for the rest of the run after a few tries.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from commonhold.kernel.errors import CommonholdError, FormatError, ProofError, RuleError, StoreError
from commonhold.store.objects.ledger import Ledger
from commonhold.store.objects.protocol import Objects, Putting, is_absence, nothing
from commonhold.store.objects.works import is_manifest

PATIENCE: Final = 3
"""After so many failures a replica that cannot be reached is left alone for the rest of a run."""


class Replica(Protocol):
    """Any place to read objects from: a folder, a bucket, a partner's address."""

    def stream(self, digest: str) -> Iterator[bytes]:
        """As :meth:`.protocol.Objects.stream`."""
        ...


@dataclass
class Repaired:
    """What came of a repair: the objects that are whole again, with the place they came from; those that no replica had; what was said by whom."""

    healed: dict[str, str] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    quarantined: dict[str, str] = field(default_factory=dict)
    unreachable: dict[str, str] = field(default_factory=dict)


class Fetcher:
    """Fetches objects from replicas, and remembers which of them can be believed and reached.

    Args:
        replicas: by name, in the order in which they are asked.
        now: seconds since 1970.
    """

    def __init__(self, replicas: Mapping[str, Replica], ledger: Ledger, now: Callable[[], float]) -> None:
        self._replicas, self._ledger, self._now = replicas, ledger, now
        self._failures: Counter[str] = Counter()
        self.quarantined = {name: found.why for name, found in ledger.quarantined().items() if name in replicas}
        self.unreachable: dict[str, str] = {}

    def fetch(self, digest: str, into: Putting, size: int = -1, *, ours: bool = False) -> str:
        """Put an object into *into* from the first replica that has it whole, and give that replica's name; "" if none has.

        Args:
            size: how many bytes it is said to have; no more are read. Where there are others, nobody is in quarantine: it may have been said falsely.
            ours: whether *into* has a bound of its own, which an honest replica may well exceed.

        Raises:
            StoreError, RuleError: if *into* refuses it.
        """
        for name, replica in self._replicas.items():
            if name in self.quarantined or self._failures[name] >= PATIENCE:
                continue
            source = Watched(replica, digest)
            try:
                into.put(source.pieces(), digest=digest, size=size)
            except CommonholdError as error:
                if source.error is None and not isinstance(error, ProofError | FormatError):
                    raise
                self._judge(name, digest, source.error or error, said=ours or size >= 0)
            else:
                return name
        return ""

    def _judge(self, name: str, digest: str, error: CommonholdError, *, said: bool) -> None:
        if isinstance(error, FormatError) and said:
            self.unreachable[name] = str(error)
        elif isinstance(error, ProofError | FormatError):
            self.quarantined[name] = str(error)
            self._ledger.quarantine(name, digest, str(error), int(self._now()))
        elif not is_absence(error):
            self._failures[name] += 1
            self.unreachable[name] = str(error)


class Watched:
    """A replica's stream that remembers whether it was the replica that failed, or whoever wrote what came."""

    def __init__(self, replica: Replica, digest: str) -> None:
        self._replica, self._digest = replica, digest
        self.error: CommonholdError | None = None

    def pieces(self) -> Iterator[bytes]:
        """The object's bytes."""
        try:
            yield from self._replica.stream(self._digest)
        except CommonholdError as error:
            self.error = error
            raise


def repair(
    objects: Objects,
    ledger: Ledger,
    place: str,
    replicas: Mapping[str, Replica],
    *,
    now: Callable[[], float],
    told: Callable[..., None] = nothing,
) -> Repaired:
    """Heal what the ledger says is wrong at *place*, from *replicas*; what none of them has stays as it is, damaged bytes too.

    Raises:
        StoreError: if *objects* cannot be written.
    """
    fetcher, done = Fetcher(replicas, ledger, now), Repaired()
    for fault in ledger.faults(place):
        try:
            source = fetcher.fetch(fault.digest, objects)
        except RuleError:
            # Erased since: there is nothing to heal.
            source = ""
            ledger.healed(place, fault.digest)
        else:
            if source:
                done.healed[fault.digest] = source
                if is_manifest(objects, fault.digest):
                    objects.mark_work(fault.digest)
                ledger.healed(place, fault.digest)
            else:
                done.lost.append(fault.digest)
        told(1)
    done.quarantined, done.unreachable = dict(fetcher.quarantined), dict(fetcher.unreachable)
    return done


def all_lost(done: Repaired) -> StoreError:
    """What to say when some objects are nowhere."""
    return StoreError(
        f"{len(done.lost)} objects were found at no replica that could be asked, {done.lost[0]} first",
        code="store/lost",
        next_step="Name further replicas with --from, or wait until one that is away is back; what lies here was left as it is.",
        data={"lost": done.lost},
    )

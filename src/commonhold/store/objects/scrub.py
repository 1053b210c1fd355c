"""Scrubbing: every object of a place is read and hashed, and every work is looked at for what is missing of it.

It goes on where it was stopped, whatever stopped it, and changes nothing but the ledger: healing is :mod:`.repair`'s business.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from commonhold.kernel.errors import CommonholdError, ProofError, RuleError
from commonhold.store.objects.ledger import Fault, Ledger, Run
from commonhold.store.objects.pace import Pace
from commonhold.store.objects.protocol import Objects, nothing
from commonhold.store.objects.works import load_work

SAVE_SECONDS: Final = 2.0
SAVE_OBJECTS: Final = 4096
Told = Callable[[int, int], None]
"""``told(objects, bytes)``: so many more were looked at."""


@dataclass(frozen=True)
class Scrubbed:
    """What a scrub of a whole place came to; *whole* counts works of which nothing is missing or altered."""

    run: Run
    resumed: bool
    faults: int
    works: int
    whole: int


def scrub(
    objects: Objects,
    ledger: Ledger,
    place: str,
    *,
    now: Callable[[], float],
    pace: Pace | None = None,
    told: Told = nothing,
    anew: bool = False,
) -> Scrubbed:
    """Look at everything in *objects*, from where the last scrub of *place* was stopped, and keep in the ledger what is wrong.

    A place that was in quarantine is believed again when a scrub that began after it found nothing altered there.

    Args:
        now: seconds since 1970.
        anew: from the first object, also where an unfinished scrub could go on.

    Raises:
        StoreError: if the place cannot be listed or the ledger written. One object that cannot be read is a fault, and no error.
    """
    run, pace = ledger.run(place), pace or Pace()
    resumed = run is not None and not run.finished and not anew
    if run is None or not resumed:
        run = Run("", int(now()), 0, 0, 0)
        ledger.save_run(place, run)
    faults: list[Fault] = []
    healed: list[str] = []
    saved, wrong_before = now(), ledger.count_faults(place) > 0
    for digest in objects.list(run.cursor):
        size, what = _look(objects, digest)
        pace.took(size)
        run = replace(run, cursor=digest, objects=run.objects + 1, bytes=run.bytes + size)
        if what:
            faults.append(Fault(place, digest, what, int(now())))
        elif wrong_before:
            healed.append(digest)
        told(1, size)
        if run.objects % SAVE_OBJECTS == 0 or now() - saved > SAVE_SECONDS:
            ledger.save_run(place, run, faults, healed)
            faults, healed, saved = [], [], now()
    ledger.save_run(place, run, faults, healed)
    works, whole = _look_at_works(objects, ledger, place, int(now()))
    run = replace(run, finished=int(now()))
    ledger.save_run(place, run)
    quarantined = ledger.quarantined().get(place)
    if quarantined and run.started >= quarantined.since and not any(fault.what == "altered" for fault in ledger.faults(place)):
        ledger.release(place)
    return Scrubbed(run, resumed, ledger.count_faults(place), works, whole)


def _look(objects: Objects, digest: str) -> tuple[int, str]:
    try:
        return objects.verify(digest), ""
    except ProofError:
        return 0, "altered"
    except RuleError:
        # Erased while the scrub went on.
        return 0, ""
    except CommonholdError as error:
        return 0, "missing" if error.code == "store/absent" else "unreadable"


def _look_at_works(objects: Objects, ledger: Ledger, place: str, now: int) -> tuple[int, int]:
    """Find what is missing of each work; an object that was found wrong before and has gone since is missing too."""
    works = whole = 0
    bad = {fault.digest for fault in ledger.faults(place)}
    for digest in bad:
        if objects.erased(digest):
            ledger.healed(place, digest)
    for work in objects.works():
        works += 1
        try:
            parts = load_work(objects, work).objects()
        except CommonholdError as error:
            what = "altered" if isinstance(error, ProofError) else "missing"
            ledger.faulty(Fault(place, work, what, now))
            ledger.lost(place, work)
            continue
        wrong = False
        for digest in parts:
            if objects.erased(digest):
                continue
            try:
                objects.size(digest)
            except CommonholdError:
                ledger.faulty(Fault(place, digest, "missing", now))
                wrong = True
            wrong = wrong or digest in bad
        if wrong:
            ledger.lost(place, work)
        else:
            ledger.holds(place, work, now)
            whole += 1
    return works, whole

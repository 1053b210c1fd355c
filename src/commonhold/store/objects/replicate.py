"""Replicating: works go to the places where the policy wants them, objects first, each read back, the manifest last.

Whatever stopped a run, the next goes on: what a place has whole is not sent again. A place that does not answer, or is full, is left for the next run, and the
works that it should have had stay in the queue.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from commonhold.kernel.errors import CommonholdError
from commonhold.kernel.works.manifest import Work, work_bytes
from commonhold.kernel.works.replicas import Plan, Policy, Short, Sized, plan
from commonhold.store.objects.ledger import Ledger
from commonhold.store.objects.protocol import Objects, nothing
from commonhold.store.objects.works import all_works, load_work, put_work


@dataclass
class Replicated:
    """What a run did: copies made by place, places that were left and why, works that could not be read here and why."""

    copies: dict[str, int] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)


def sized(objects: Objects) -> Iterable[Sized]:
    """The works here that can be read, as plans know them."""
    for digest, work in all_works(objects):
        if isinstance(work, Work):
            yield Sized(digest, work.kind, work.size() + len(work_bytes(work)))


def queue(policy: Policy, objects: Objects, ledger: Ledger) -> Plan:
    """What is under-replicated, as far as the ledger knows; a place in quarantine holds nothing, and gets nothing."""
    trusted = {name: place for name, place in policy.places.items() if name not in ledger.quarantined()}
    return plan(Policy(policy.form, trusted, policy.rules), sized(objects), ledger.holdings())


def replicate(
    objects: Objects,
    ledger: Ledger,
    short: Iterable[Short],
    open_place: Callable[[str], Objects],
    *,
    now: Callable[[], float],
    told: Callable[..., None] = nothing,
) -> Replicated:
    """Work off a queue.

    Args:
        open_place: gives the store at a place, by its name.

    Raises:
        StoreError: if the ledger cannot be written.
    """
    done, opened = Replicated(), dict[str, Objects]()
    for item in short:
        for name in item.to:
            if name in done.left or item.work in done.unread:
                continue
            try:
                if name not in opened:
                    opened[name] = open_place(name)
                _copy(objects, opened[name], item.work)
            except _HereError as error:
                done.unread[item.work] = str(error)
            except CommonholdError as error:
                done.left[name] = str(error)
            else:
                ledger.holds(name, item.work, int(now()))
                done.copies[name] = done.copies.get(name, 0) + 1
        told(1)
    return done


class _HereError(Exception):
    """It was our own copy that failed."""


def _copy(objects: Objects, there: Objects, digest: str) -> None:
    try:
        work = load_work(objects, digest)
    except CommonholdError as error:
        raise _HereError(str(error)) from None
    with there.batch() as batch:
        for part, size in work.objects().items():
            if objects.erased(part):
                continue
            if not there.has(part):
                batch.put(_ours(objects, part), digest=part, size=size)
    put_work(there, work) if not any(objects.erased(part) for part in work.objects()) else _put_rest(there, work, digest)


def _put_rest(there: Objects, work: Work, digest: str) -> None:
    """A work of which something was erased has no whole copy any more; its manifest goes where the rest is."""
    there.put(work_bytes(work), digest=digest)
    there.mark_work(digest)


def _ours(objects: Objects, digest: str) -> Iterable[bytes]:
    try:
        yield from objects.stream(digest)
    except CommonholdError as error:
        raise _HereError(str(error)) from None


def places_health(policy: Policy | None, ledger: Ledger, queued: Plan | None) -> dict[str, Mapping[str, object]]:
    """What is known of each place: the last scrub, faults, quarantine, copies, room."""
    holdings = ledger.holdings()
    quarantined = ledger.quarantined()
    found: dict[str, Mapping[str, object]] = {}
    for name in ["here", *(policy.places if policy else ())]:
        run, place = ledger.run(name), policy.places.get(name) if policy else None
        kept = quarantined.get(name)
        found[name] = {
            "operator": place.operator if place else "",
            "capacity": place.capacity if place else 0,
            "room": queued.room.get(name, 0) if queued else 0,
            "works": sum(name in places for places in holdings.values()),
            "scrubbed": run.finished if run else 0,
            "scrubbing": bool(run and not run.finished),
            "objects": run.objects if run else 0,
            "bytes": run.bytes if run else 0,
            "faults": ledger.count_faults(name),
            **({"quarantine": {"digest": kept.digest, "why": kept.why, "since": kept.since}} if kept else {}),
        }
    return found

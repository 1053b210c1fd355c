"""What goes along into the house of a next epoch (docs/formats/epochs.md): the texts that its record names before it begins, works and everything else after.

A film may take hours, and the members who go on in another log on their worst day do not wait for it: :func:`bring_texts` is bounded in bytes and time, and
:func:`bring_works` can be done again, and goes on where it was stopped. Objects pass through in pieces, each hashed before it is kept; nothing that was erased comes along.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from commonhold.kernel.errors import CommonholdError, ProofError
from commonhold.kernel.record.state import State
from commonhold.store.epochs import texts_named
from commonhold.store.fetch import is_url
from commonhold.store.objects.directory import ObjectDirectory
from commonhold.store.objects.ledger import HERE, Ledger
from commonhold.store.objects.protocol import Putting, nothing
from commonhold.store.objects.remote import RemoteObjects
from commonhold.store.objects.repair import Fetcher, Replica, Watched
from commonhold.store.objects.taking import HELD, take_work
from commonhold.store.objects.works import load_work

MAX_TEXTS: Final = 4096
"""Texts that are fetched along from an address."""


@dataclass
class Brought:
    """How many works are whole here, and of which something could not be had, with the reason; *objects* counts what else came from a folder."""

    works: int = 0
    objects: int = 0
    left: dict[str, str] = field(default_factory=dict)


def bring_texts(place: str, state: State, into: ObjectDirectory) -> None:
    """Bring the texts and sealed objects that a record names, as far as they are at a folder or an address; durable when this returns.

    Raises:
        StoreError: if *into* cannot be written.
    """
    gone = state.part("erasures")
    remote = RemoteObjects(place, fetches=MAX_TEXTS) if is_url(place) else None
    with into.batch() as batch:
        for digest in texts_named(state):
            if digest in gone:
                continue
            if remote is None:
                _copied(ObjectDirectory(place), digest, batch, Brought())
                continue
            try:
                raw = remote.get(digest)
            except CommonholdError:
                # A partner has the words of statements, and what seals need; the rest is where the members are.
                continue
            batch.put(raw)


def bring_works(places: Mapping[str, Replica], state: State, into: ObjectDirectory, told: Callable[..., None] = nothing) -> Brought:
    """Bring every work that a record has published and that is not whole here, from whichever of *places* has it.

    Raises:
        StoreError: if *into* cannot be written.
    """
    done, gone = Brought(), state.part("erasures")
    with Ledger.of(into.path) as ledger:
        fetcher = Fetcher(places, ledger, time.time)
        for work in sorted(state.part("works"), key=lambda digest: state.part("works")[digest].index):
            if work not in gone:
                taken = take_work(into, fetcher, work, room=lambda _size: True)
                if taken.outcome == HELD:
                    done.works += 1
                    ledger.holds(HERE, work, int(time.time()))
                else:
                    done.left[work] = taken.why
            told(1)
    return done


def bring_all(place: Path, state: State, into: ObjectDirectory, told: Callable[..., None] = nothing) -> Brought:
    """Bring everything that lies in the store of a house's folder, published or not, but for what was erased; manifests last.

    Raises:
        StoreError: if the folder cannot be listed, or *into* cannot be written.
    """
    done, gone, source = Brought(), state.part("erasures"), ObjectDirectory(place)
    with into.batch() as batch:
        works = source.works()
        marked = next(works, "")
        for digest in source.list():
            while marked and marked < digest:
                marked = next(works, "")
            if digest != marked and digest not in gone and into.size_there(digest) < 0:
                done.objects += _copied(source, digest, batch, done)
                told(1)
    for work in source.works():
        if work not in gone:
            done.works += _brought(source, work, into, gone, done)
            told(1)
    return done


def _brought(source: ObjectDirectory, work: str, into: ObjectDirectory, gone: Container[str], done: Brought) -> bool:
    """Write the manifest of a work whose objects have come; whether all of them have."""
    try:
        parts = load_work(source, work).objects()
    except CommonholdError as error:
        done.left[work] = str(error)
        return False
    lacking = [part for part, size in parts.items() if part not in gone and into.size_there(part) != size]
    if lacking:
        done.left[work] = f"{len(lacking)} of its objects are not whole there, {lacking[0]} first"
        return False
    if not _copied(source, work, into, done):
        return False
    into.mark_work(work)
    return True


def _copied(source: ObjectDirectory, digest: str, into: Putting, done: Brought) -> bool:
    coming = Watched(source, digest)
    try:
        into.put(coming.pieces(), digest=digest)
    except CommonholdError as error:
        if coming.error is None and not isinstance(error, ProofError):
            raise
        done.left[digest] = str(coming.error or error)
        return False
    return True

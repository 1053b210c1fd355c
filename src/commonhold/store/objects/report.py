"""What lies in a store and is named by nothing: reported, and never deleted.

An object is *named* when it is a manifest, when a manifest names it, or when its digest stands anywhere in the record.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from commonhold.kernel.errors import CommonholdError
from commonhold.store.objects.digestset import DigestSet
from commonhold.store.objects.protocol import Objects, nothing
from commonhold.store.objects.works import is_manifest, load_work

_NAMED: Final = re.compile(rb'"([0-9a-f]{64})"')


@dataclass
class Report:
    """Counts of what lies here; *unnamed* gives the digests and sizes of what nothing names, in order."""

    objects: int = 0
    bytes: int = 0
    works: int = 0
    unmarked: int = 0
    unnamed: int = 0
    unnamed_bytes: int = 0
    missing: int = 0
    erased: int = 0


def named_in(entries: Iterable[bytes]) -> Iterator[str]:
    """Every digest that stands in entries, whatever it is the digest of: rather too many than one too few."""
    for raw in entries:
        for found in _NAMED.findall(raw):
            yield found.decode()


def report(
    objects: Objects,
    entries: Iterable[bytes],
    unnamed: Callable[[str, int], None],
    missing: Callable[..., None] = nothing,
    told: Callable[..., None] = nothing,
) -> Report:
    """Count what is here, and hand each object that nothing names to *unnamed*, and each that a manifest names and is not here to *missing*.

    Manifests that were not marked as works, by a process that was killed before it could, are marked.

    Args:
        entries: the raw entries of the record.

    Raises:
        StoreError: if the store or the record cannot be read.
    """
    done = Report()
    with DigestSet() as named, DigestSet() as parts:
        named.update(named_in(entries))
        for digest in _unmarked(objects, done, told):
            objects.mark_work(digest)
        for digest in objects.works():
            named.update([digest])
            try:
                work = load_work(objects, digest)
            except CommonholdError:
                # Damaged, or gone: the scrub's business. It is a manifest all the same, and named.
                continue
            done.works += 1
            parts.update(work.objects())
        for digest in objects.list():
            if digest not in named and digest not in parts:
                size = _size(objects, digest)
                done.unnamed += 1
                done.unnamed_bytes += size
                unnamed(digest, size)
        for digest in parts:
            if not objects.erased(digest) and not _here(objects, digest):
                done.missing += 1
                missing(digest)
    done.erased = sum(1 for _ in objects.erasures())
    return done


def _unmarked(objects: Objects, done: Report, told: Callable[[int], None]) -> Iterator[str]:
    """Manifests that lie here and are not marked as works, while all is counted; both listings are in order, so they are walked side by side."""
    works = objects.works()
    marked = next(works, "")
    for digest in objects.list():
        done.objects += 1
        done.bytes += _size(objects, digest)
        told(1)
        while marked and marked < digest:
            marked = next(works, "")
        if digest != marked and is_manifest(objects, digest):
            done.unmarked += 1
            yield digest


def _size(objects: Objects, digest: str) -> int:
    try:
        return objects.size(digest)
    except CommonholdError:
        # It went while it was listed.
        return 0


def _here(objects: Objects, digest: str) -> bool:
    try:
        objects.size(digest)
    except CommonholdError:
        return False
    return True

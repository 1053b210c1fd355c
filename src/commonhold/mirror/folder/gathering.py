"""What a record names, into a mirror: its texts and its published works; and what it erased, out of it (docs/formats/mirror.md).

Nothing else: works that nobody published, and objects that nothing names, are the house's own. Of a work the objects come first and the manifest last, so
that where a manifest is, everything it names was there before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Final, Protocol

from commonhold.kernel.custody.sealing.opening import MAX_SEALED
from commonhold.kernel.errors import CommonholdError, FormatError
from commonhold.kernel.record.state import State
from commonhold.kernel.texts import MAX_TEXT_BYTES
from commonhold.kernel.works.manifest import MAX_MANIFEST, Work, parse_work
from commonhold.mirror.folder.fetching import Fetching, Item
from commonhold.store.epochs import texts_named
from commonhold.store.objects.directory import WORKS, ObjectDirectory
from commonhold.store.objects.erasing import decided
from commonhold.store.objects.protocol import name_of

MAX_TEXT: Final = max(MAX_TEXT_BYTES + 64, MAX_SEALED)
_GROUP_BYTES: Final = MAX_MANIFEST
_GROUP_OBJECTS: Final = 2048


class Bar(Protocol):
    """Something that is told of progress."""

    def update(self, n: int = 1) -> None:
        """So many more are done."""


Show = Callable[[int, str], AbstractContextManager[Bar]]
"""``show(total, what)``: a piece of long work begins."""


class _Quiet:
    def update(self, n: int = 1) -> None:
        """Nobody watches."""


def quiet(total: int, what: str) -> AbstractContextManager[Bar]:
    """Progress that nobody watches."""
    del total, what
    return nullcontext(_Quiet())


@dataclass
class Gathered:
    """What became of works: how many are whole here, and of which something is missing."""

    works: int = 0
    incomplete: list[str] = field(default_factory=list)
    erased: int = 0


@dataclass(frozen=True)
class Wanted:
    """What a record names: texts and works that are to be in a mirror, and what was erased, with the decision of each."""

    texts: tuple[str, ...]
    works: tuple[str, ...]
    erased: Mapping[str, str]

    @classmethod
    def of(cls, state: State) -> Wanted:
        """What the record amounts to now says of objects.

        The manifests and objects that a proposal to publish or to erase names are not texts: until it is decided, nothing of a work leaves the house.
        """
        erased = decided(state)
        named = [digest for digest in texts_named(state) if digest not in erased]
        return cls(tuple(named), tuple(digest for digest in sorted(state.part("works")) if digest not in erased), erased)


def gather(wanted: Wanted, objects: ObjectDirectory, fetching: Fetching, *, verify: bool = False, show: Show = quiet) -> Gathered:
    """Bring into a mirror what a record names, after letting go what it erased; all of it is durable when this returns.

    Args:
        verify: hash what is held instead of believing its size.

    Raises:
        StoreError: if this machine's disk refuses. What the place does wrong is among what *fetching* says failed.
    """
    done = Gathered()
    for digest, decision in wanted.erased.items():
        done.erased += not objects.erased(digest)
        # Also where the tombstone stands: whoever set it may have died before the bytes were gone.
        objects.erase(digest, decision)
    texts = [Item(digest, -1, MAX_TEXT) for digest in wanted.texts if not _held(objects, digest, -1, verify=verify)]
    if texts:
        with show(len(texts), "texts") as bar:
            fetching.fetch(texts, bar.update, optional=True)
    for group in _groups(wanted, objects, fetching, done):
        _finish(group, wanted, objects, fetching, done, verify=verify, show=show)
    return done


def _groups(wanted: Wanted, objects: ObjectDirectory, fetching: Fetching, done: Gathered) -> Iterator[dict[str, tuple[bytes, Work]]]:
    """Works a few at a time, as many as their manifests fit in the room of the largest one."""
    group: dict[str, tuple[bytes, Work]] = {}
    size = parts = 0
    for digest, raw in fetching.ahead(lambda name: _manifest(name, objects, fetching), wanted.works):
        try:
            work = None if raw is None else parse_work(raw)
        except FormatError as error:
            fetching.done.fail(digest, f"the record publishes {digest}, which is no manifest: {error}")
            work = None
        if raw is None or work is None:
            done.incomplete.append(digest)
            continue
        if group and size + len(raw) > _GROUP_BYTES:
            yield group
            group, size, parts = {}, 0, 0
        group[digest] = (raw, work)
        size, parts = size + len(raw), parts + len(work.files) + len(work.texts)
        if parts >= _GROUP_OBJECTS:
            yield group
            group, size, parts = {}, 0, 0
    if group:
        yield group


def _manifest(digest: str, objects: ObjectDirectory, fetching: Fetching) -> bytes | None:
    if 0 <= objects.size_there(digest) <= MAX_MANIFEST:
        try:
            return objects.get(digest)
        except CommonholdError as error:
            if error.code not in {"object/altered", "store/absent"}:
                raise
    return fetching.bytes_of(Item(digest, -1, MAX_MANIFEST))


def _finish(
    group: dict[str, tuple[bytes, Work]],
    wanted: Wanted,
    objects: ObjectDirectory,
    fetching: Fetching,
    done: Gathered,
    *,
    verify: bool,
    show: Show,
) -> None:
    """Objects of some works, then the manifests of those that are whole, then their marks."""
    missing: dict[str, int] = {}
    for _, work in group.values():
        for digest, size in work.objects().items():
            if digest not in wanted.erased and digest not in missing and not _held(objects, digest, size, verify=verify):
                missing[digest] = size
    if missing:
        with show(len(missing), "objects") as bar:
            fetching.fetch((Item(digest, size, size) for digest, size in missing.items()), bar.update)
    whole = []
    for name, (raw, work) in group.items():
        if all(digest in wanted.erased or objects.size_there(digest) == size for digest, size in work.objects().items()):
            whole.append((name, raw))
        else:
            done.incomplete.append(name)
    with objects.batch() as batch:
        for _, raw in whole:
            batch.put(raw)
    for name, _ in whole:
        if not (objects.path / name_of(name, WORKS)).is_file():
            objects.mark_work(name)
    done.works += len(whole)


def _held(objects: ObjectDirectory, digest: str, size: int, *, verify: bool) -> bool:
    there = objects.size_there(digest)
    if there < 0 or size not in (-1, there):
        return False
    return objects.has(digest) if verify else True

"""Works in a store: their objects first, their manifest last."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from commonhold.kernel.errors import CommonholdError, RuleError, StoreError
from commonhold.kernel.works.manifest import BEGINNING, MAX_MANIFEST, Work, parse_work, work_bytes
from commonhold.store.objects.protocol import Objects

NOT_HERE: Final = "Put these objects first; a manifest is written last."


def put_work(objects: Objects, work: Work) -> str:
    """Write the manifest of a work whose objects are all there, and give its id; durable when this returns.

    Raises:
        StoreError: ``work/incomplete`` if an object is absent or has another size. FormatError: if the work breaks a rule. RuleError: if it was erased.
    """
    raw = work_bytes(work)
    for digest, size in work.objects().items():
        try:
            found = objects.size(digest)
        except (StoreError, RuleError) as error:
            if isinstance(error, RuleError) or error.code == "store/absent":
                raise StoreError(f"the work names {digest}, which is not here", code="work/incomplete", next_step=NOT_HERE) from None
            raise
        if found != size:
            raise StoreError(
                f"the work says that {digest} has {size} bytes, and {found} lie here", code="work/incomplete", next_step=NOT_HERE
            )
    digest = objects.put(raw)
    objects.mark_work(digest)
    return digest


def load_work(objects: Objects, digest: str) -> Work:
    """The work with this id.

    Raises:
        StoreError, ProofError, RuleError: as :meth:`.protocol.Objects.get`. FormatError: if the object is no manifest.
    """
    return parse_work(objects.get(digest))


def is_manifest(objects: Objects, digest: str) -> bool:
    """Whether an object is a manifest, whoever put it; damaged ones are none."""
    try:
        if objects.range(digest, 0, len(BEGINNING)) != BEGINNING or objects.size(digest) > MAX_MANIFEST:
            return False
        load_work(objects, digest)
    except CommonholdError:
        return False
    return True


def all_works(objects: Objects) -> Iterator[tuple[str, Work | CommonholdError]]:
    """Every work that is marked here, or what is wrong with its manifest."""
    for digest in objects.works():
        try:
            yield digest, load_work(objects, digest)
        except CommonholdError as error:
            yield digest, error

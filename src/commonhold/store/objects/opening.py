"""Which store an address means: a folder, a bucket, or a web server that is only read."""

from __future__ import annotations

from pathlib import Path

from commonhold.kernel.errors import StoreError
from commonhold.store.fetch import is_url
from commonhold.store.objects.directory import ObjectDirectory
from commonhold.store.objects.protocol import Objects
from commonhold.store.objects.repair import Replica


def open_objects(place: Path | str) -> Objects:
    """The objects in a folder or a bucket (``s3://...``), to read and write.

    Raises:
        StoreError: ``store/read-only`` for the address of a web server; as :class:`.bucket.ObjectBucket` for a bucket.
    """
    if is_url(place):
        raise StoreError(f"{place} can only be read", code="store/read-only", next_step="Give a folder, or a bucket as s3://BUCKET/PREFIX.")
    if str(place).startswith("s3:"):
        from commonhold.store.objects.bucket import ObjectBucket  # noqa: PLC0415 - an extra

        return ObjectBucket(str(place))
    return ObjectDirectory(place)


def open_replica(place: Path | str) -> Replica:
    """A place to read objects from: a folder, a bucket, or the address below which ``objects/`` lies.

    Raises:
        StoreError: as :func:`open_objects`; ``store/url`` if the address is not plain.
    """
    if is_url(place):
        from commonhold.store.objects.remote import RemoteReplica  # noqa: PLC0415 - HTTP takes a while to import

        return RemoteReplica(str(place))
    return open_objects(place)

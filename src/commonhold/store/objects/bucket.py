"""Objects in a bucket: S3, or whatever speaks its protocol, through obstore (the extra ``s3``).

The keys are the names that the same objects have in a folder (``objects/ab/cdef...``). Nothing that a server says about what it stored is believed: S3
servers differ, and some verify no checksum. So an object is hashed on its way to a temporary file, uploaded, read back and hashed again; and neither does anything
rest on conditional writes, which some servers ignore: two writers of one digest write the same bytes.

An upload appears under its key whole or not at all (S3's own promise, also for uploads in parts). Durable is what the server acknowledged and gave back.
"""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, Final, TypeVar
from urllib.parse import parse_qs, urlsplit

from commonhold.kernel.errors import CommonholdError, StoreError
from commonhold.store.objects.directory import ERASED, WORKS, check_range
from commonhold.store.objects.incoming import Incoming
from commonhold.store.objects.protocol import (
    FOLDER,
    MAX_IN_MEMORY,
    MAX_OBJECT,
    PIECE,
    Putting,
    Source,
    absent,
    altered,
    check_decision,
    is_absence,
    is_digest,
    is_whole,
    name_of,
    was_erased,
)

IN_MEMORY: Final = 8 << 20
"""An object that is larger waits for its upload in a temporary file."""
_TRY: Final = "Try again; if it stays so, look at the address, the keys (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY) and the server."
T = TypeVar("T")


class ObjectBucket:
    """The objects in one bucket, below a prefix, as :class:`.protocol.Objects` promises.

    Args:
        place: ``s3://BUCKET/PREFIX?endpoint=ADDRESS&region=REGION``; prefix, endpoint and region may be left out. Keys come from the environment, as
            for every program that speaks S3.

    Raises:
        StoreError: ``store/url`` if *place* is no such address; ``store/extra`` if obstore is not installed.
    """

    def __init__(self, place: str, *, max_size: int = MAX_OBJECT) -> None:
        try:
            import obstore  # noqa: PLC0415 - an extra, and most stores are folders
            from obstore.exceptions import BaseError  # noqa: PLC0415
            from obstore.store import S3Store  # noqa: PLC0415
        except ImportError:
            raise StoreError(
                "a bucket takes the package obstore, which is not installed", code="store/extra", next_step="pip install 'commonhold[s3]'"
            ) from None
        parts = urlsplit(place)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        if parts.scheme != "s3" or not parts.hostname or "@" in parts.netloc or query.keys() - {"endpoint", "region"}:
            raise StoreError(
                f"{place[:200]!r} is no address of a bucket",
                code="store/url",
                next_step="Give s3://BUCKET/PREFIX?endpoint=https://s3.example.org, and the keys in the environment.",
            )
        options: dict[str, Any] = {"region": query.get("region", "us-east-1")}
        if endpoint := query.get("endpoint"):
            options |= {"endpoint": endpoint, "virtual_hosted_style_request": False}
        self._place, self._max_size = place, max_size
        self._api, self._failures = obstore, (BaseError, OSError)
        self._store = S3Store(
            parts.hostname,
            prefix=parts.path.strip("/") or None,
            client_options={"allow_http": bool(endpoint and endpoint.startswith("http://")), "timeout": "60s", "connect_timeout": "10s"},
            retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=20)},
            **options,
        )

    def __str__(self) -> str:
        return self._place

    def put(self, source: Source, *, digest: str = "", size: int = -1) -> str:
        """As :meth:`.protocol.Putting.put`."""
        if isinstance(source, bytes) and not digest:
            digest = hashlib.sha256(source).hexdigest()
        if digest and isinstance(source, bytes) and size in {-1, len(source)} and self._kept(digest, len(source)):
            if (found := hashlib.sha256(source).hexdigest()) != digest:
                raise altered(digest, found)
            return digest
        coming = Incoming(source, digest=digest, size=size, max_size=self._max_size)
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as spool:
            try:
                for piece in coming.pieces():
                    spool.write(piece)
            except OSError as error:
                raise StoreError(
                    f"cannot keep an object before its upload: {error}", code="store/full", next_step="Free some space."
                ) from None
            found = coming.digest
            if self._kept(found, coming.seen):
                return found
            spool.seek(0)
            self._try(f"put the object {found}", lambda: self._api.put(self._store, name_of(found), spool))
        # The server's word that it kept the bytes is worth nothing: they are read back.
        self.verify(found)
        if decision := self.erased(found):
            self.erase(found, decision)
            raise was_erased(found, decision)
        return found

    @contextlib.contextmanager
    def batch(self) -> Iterator[Putting]:
        """As :meth:`.protocol.Objects.batch`; here each object is durable at once."""
        yield self

    def get(self, digest: str) -> bytes:
        """As :meth:`.protocol.Objects.get`."""
        limit = min(self._max_size, MAX_IN_MEMORY)
        if self.size(digest) > limit:
            raise StoreError(f"the object {digest} in {self} is longer than {limit} bytes", code="store/too-big", data={"max_size": limit})
        return b"".join(self.stream(digest))

    def stream(self, digest: str) -> Iterator[bytes]:
        """As :meth:`.protocol.Objects.stream`."""
        hashed, held, left = hashlib.sha256(), b"", self._max_size
        found = self._ask(digest, lambda: self._api.get(self._store, name_of(digest)))
        pieces = self._ask(digest, lambda: iter(found.stream(min_chunk_size=PIECE)))
        while (piece := self._ask(digest, lambda: next(pieces, None))) is not None:
            view = memoryview(piece)
            left -= len(view)
            if left < 0:
                raise StoreError(f"the object {digest} in {self} is longer than {self._max_size} bytes", code="store/too-big")
            for at in range(0, len(view), PIECE):
                part = bytes(view[at : at + PIECE])
                hashed.update(part)
                if held:
                    yield held
                held = part
        if hashed.hexdigest() != digest:
            raise altered(digest, hashed.hexdigest(), self)
        yield held

    def range(self, digest: str, start: int, length: int) -> bytes:
        """As :meth:`.protocol.Objects.range`."""
        check_range(start, length)
        stop = min(self.size(digest), start + length)
        if start >= stop:
            return b""
        return bytes(self._ask(digest, lambda: self._api.get_range(self._store, name_of(digest), start=start, end=stop)))

    def size(self, digest: str) -> int:
        """As :meth:`.protocol.Objects.size`."""
        name = name_of(digest)
        return int(self._ask(digest, lambda: self._api.head(self._store, name))["size"])

    def verify(self, digest: str) -> int:
        """As :meth:`.protocol.Objects.verify`."""
        return sum(map(len, self.stream(digest)))

    def has(self, digest: str) -> bool:
        """As :meth:`.protocol.Objects.has`."""
        return is_whole(self, digest)

    def list(self, after: str = "") -> Iterator[str]:
        """As :meth:`.protocol.Objects.list`: a page of the listing is in memory at a time."""
        return self._listed(FOLDER, after)

    def mark_work(self, digest: str) -> None:
        """As :meth:`.protocol.Objects.mark_work`."""
        name = name_of(digest, WORKS)
        self._try(f"mark the work {digest}", lambda: self._api.put(self._store, name, b""))

    def works(self, after: str = "") -> Iterator[str]:
        """As :meth:`.protocol.Objects.works`."""
        return self._listed(WORKS, after)

    def erase(self, digest: str, decision: str) -> None:
        """As :meth:`.protocol.Objects.erase`; earlier versions that a bucket keeps by itself are its keeper's to remove."""
        check_decision(decision)
        if not self.erased(digest):
            self._try(
                f"write the tombstone of {digest}", lambda: self._api.put(self._store, name_of(digest, ERASED), decision.encode() + b"\n")
            )
        for name in (name_of(digest, WORKS), name_of(digest)):
            self._delete(name)

    def erased(self, digest: str) -> str:
        """As :meth:`.protocol.Objects.erased`."""
        name = name_of(digest, ERASED)
        found = self._try(f"ask whether {digest} was erased", lambda: self._read(name))
        return "" if found is None else found.decode("ascii", "replace").strip()[:64] or "unknown"

    def erasures(self) -> Iterator[str]:
        """As :meth:`.protocol.Objects.erasures`."""
        return self._listed(ERASED, "")

    def _kept(self, digest: str, size: int) -> bool:
        if decision := self.erased(digest):
            raise was_erased(digest, decision)
        try:
            return self.size(digest) == size and self.verify(digest) == size
        except CommonholdError as error:
            if is_absence(error):
                return False
            raise

    def _read(self, name: str) -> bytes | None:
        try:
            return bytes(self._api.get(self._store, name).bytes())
        except FileNotFoundError:
            return None

    def _delete(self, name: str) -> None:
        """One plain signed DELETE: obstore deletes in bulk, which not every server can."""
        address = self._try(f"sign the deletion of {name}", lambda: self._api.sign(self._store, "DELETE", name, timedelta(minutes=5)))
        request = urllib.request.Request(address, method="DELETE")  # noqa: S310 - signed for the endpoint, which is http or https
        try:
            with urllib.request.urlopen(request, timeout=60):  # noqa: S310 - the same
                return
        except urllib.error.HTTPError as error:
            with error:
                if error.code != 404:
                    raise self._refusal(f"delete {name}", error) from None
        except OSError as error:
            raise self._refusal(f"delete {name}", error) from None

    def _listed(self, under: str, after: str) -> Iterator[str]:
        offset = f"{under}/{after[:2]}/{after[2:]}" if after else None
        pages = self._try(f"list {under}", lambda: iter(self._api.list(self._store, prefix=f"{under}/", offset=offset)))
        while (page := self._try(f"list {under}", lambda: next(pages, None))) is not None:
            for item in page:
                digest = str(item["path"]).removeprefix(f"{under}/").replace("/", "", 1)
                # Not every server takes the place to begin at at its word.
                if is_digest(digest) and digest > after and item["path"] == name_of(digest, under):
                    yield digest

    def _ask(self, digest: str, call: Callable[[], T]) -> T:
        """Call the server about one object; that it is not there is told apart from every other refusal."""
        name_of(digest)
        try:
            return call()
        except FileNotFoundError:
            if decision := self.erased(digest):
                raise was_erased(digest, decision) from None
            raise absent(digest, self) from None
        except self._failures as error:
            raise self._refusal(f"read the object {digest}", error) from None

    def _try(self, doing: str, call: Callable[[], T]) -> T:
        try:
            return call()
        except self._failures as error:
            raise self._refusal(doing, error) from None

    def _refusal(self, doing: str, error: Exception) -> StoreError:
        said = " ".join(str(error).split())[:300]
        code = "store/denied" if type(error).__name__ in {"PermissionDeniedError", "UnauthenticatedError"} else "store/unreachable"
        return StoreError(f"cannot {doing} in {self}: {said}", code=code, next_step=_TRY)

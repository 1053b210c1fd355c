"""Objects over HTTP: their paths, how long they may be kept on the way, and what is said of one that was erased (docs/adr/0028).

An object's bytes never change under its name, but it can be decided that they go. So no answer says ``immutable``: a cache that asks again after minutes
is told, and 410 with the decision is another answer than 404. Asking again costs little, because the digest is the ``ETag``.

A short object is hashed before it leaves. A long one is hashed on the way, and its last piece leaves only if the whole was right; what was damaged ends early, and no
client takes that for the object. A part of one (``Range``, one at a time) cannot be hashed; whoever asks for parts hashes the whole.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Final

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from commonhold.kernel.errors import CommonholdError, FormatError, ProofError, RuleError
from commonhold.mirror.web import HEADERS, TILE, CutError, in_thread, json_answer, static, told
from commonhold.store.objects.directory import ObjectDirectory
from commonhold.store.objects.protocol import PIECE, is_digest, nothing, was_erased

OBJECT: Final = "public, max-age=300"
"""How long an object, or word of its erasure, is kept on the way to a reader."""
STREAMS: Final = 64
"""Long answers that are under way at a time; whoever comes then is asked to try again."""
_RANGE: Final = re.compile(r"bytes=(?:(?P<start>[0-9]{1,15})-(?P<end>[0-9]{1,15})?|-(?P<last>[0-9]{1,15}))", re.ASCII)


def object_path(first: str, rest: str) -> str:
    """The digest in an object's path, ``ab/cdef...``.

    Raises:
        FormatError: if it is none.
    """
    digest = first + rest
    if len(first) != 2 or not is_digest(digest):
        raise FormatError("an object's path is the first two digits of its digest, a slash, and the other 62", code="object/digest")
    return digest


def gone(digest: str, decision: str) -> Response:
    """410: an object was erased, by which decision."""
    return json_answer({**told(was_erased(digest, decision)), "digest": digest, "decision": decision}, 410, OBJECT)


class ObjectAnswers:
    """Answers with objects from a directory. All of it belongs to one event loop."""

    def __init__(self) -> None:
        self._streams = 0

    async def answer(self, request: Request, objects: ObjectDirectory, digest: str, damaged: Callable[..., None] = nothing) -> Response:
        """The object, or a part of it, or why not.

        Args:
            damaged: told the digest of an object that was found altered.

        Raises:
            RuleError: ``objects/busy`` while too many are under way. StoreError: if the disk refuses.
        """
        try:
            size = await in_thread(objects.size, digest)
        except RuleError as error:
            return gone(digest, error.data["decision"])
        except CommonholdError as error:
            if error.code != "store/absent":
                raise
            return static(None, TILE, OBJECT)
        tag = f'"{digest}"'
        headers = {**HEADERS, "Cache-Control": OBJECT, "Content-Type": TILE, "ETag": tag, "Accept-Ranges": "bytes"}
        if tag in request.headers.get("if-none-match", ""):
            return Response(None, 304, headers=headers)
        wanted = _range(request, size, tag)
        if wanted is not None and wanted.start >= wanted.stop:
            return Response(None, 416, headers={**headers, "Content-Range": f"bytes */{size}"})
        if wanted is not None:
            part = {**headers, "Content-Range": f"bytes {wanted.start}-{wanted.stop - 1}/{size}", "Content-Length": str(len(wanted))}
            return self._stream(request, _part(objects, digest, wanted), 206, part)
        if size <= PIECE:
            try:
                return Response(await in_thread(objects.get, digest), headers=headers)
            except ProofError:
                damaged(digest)
                return static(None, TILE, OBJECT)
        return self._stream(request, _whole(objects, digest, damaged), 200, {**headers, "Content-Length": str(size)})

    def _stream(self, request: Request, pieces: Iterator[bytes], status: int, headers: dict[str, str]) -> Response:
        if request.method == "HEAD":
            return Response(None, status, headers=headers)
        if self._streams >= STREAMS:
            raise RuleError("others are being sent long files", code="objects/busy", next_step="Try again in a minute.")
        return StreamingResponse(self._sent(pieces), status, headers=headers)

    async def _sent(self, pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
        self._streams += 1
        try:
            while piece := await to_thread.run_sync(next, pieces, b""):
                yield piece
        finally:
            self._streams -= 1


def _range(request: Request, size: int, tag: str) -> range | None:
    """The bytes that are asked for; None for all, also where it is not said in a way that is understood."""
    found = _RANGE.fullmatch(request.headers.get("range", "").replace(" ", ""))
    if found is None or request.headers.get("if-range", tag) != tag:
        return None
    if found["last"] is not None:
        return range(max(0, size - int(found["last"])), size)
    start, end = int(found["start"]), int(found["end"] or size)
    return range(start, min(size, end + 1)) if start <= end or not found["end"] else None


def _part(objects: ObjectDirectory, digest: str, wanted: range) -> Iterator[bytes]:
    for start in range(wanted.start, wanted.stop, PIECE):
        try:
            yield objects.range(digest, start, min(PIECE, wanted.stop - start))
        except CommonholdError as error:
            raise CutError(str(error), code=error.code) from None


def _whole(objects: ObjectDirectory, digest: str, damaged: Callable[..., None]) -> Iterator[bytes]:
    try:
        yield from objects.stream(digest)
    except ProofError as error:
        damaged(digest)
        raise CutError(str(error), code=error.code) from None
    except CommonholdError as error:
        raise CutError(str(error), code=error.code) from None

"""Objects over HTTP: their paths, how long they may be kept on the way, and what is said of one that was erased (docs/adr/0028).

An object's bytes never change under its name, but it can be decided that they go. So no answer says ``immutable``: a cache that asks again after minutes
is told, and 410 with the decision is another answer than 404.
"""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from commonhold.kernel.errors import FormatError
from commonhold.mirror.web import json_answer, told
from commonhold.store.objects.protocol import is_digest, was_erased

OBJECT: Final = "public, max-age=300"
"""How long an object, or word of its erasure, is kept on the way to a reader."""


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

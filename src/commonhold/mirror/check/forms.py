"""Forms as browsers send them: fields of text and one file, bounded and parsed in one pass (WHATWG HTML, multipart/form-data; RFC 7578)."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qsl

from commonhold.kernel.errors import FormatError

MAX_PARTS: Final = 16
URLENCODED: Final = "application/x-www-form-urlencoded"
_BOUNDARY: Final = re.compile(r'multipart/form-data\s*;\s*boundary="?([0-9A-Za-z\'()+_,./:=?-]{1,70})"?\s*', re.IGNORECASE)
_NAME: Final = re.compile(rb'\bname="([a-z]{1,20})"')


def parse_form(kind: str, body: bytes) -> dict[str, bytes]:
    """The fields of a form by name, the last of each.

    Args:
        kind: the Content-Type of the request.

    Raises:
        FormatError: ``http/form`` if it is no form.
    """
    if kind.partition(";")[0].strip().lower() == URLENCODED:
        try:
            fields = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MAX_PARTS)
        except ValueError:
            raise _no_form() from None
        return {name: value.encode("utf-8", "replace") for name, value in fields}
    found = _BOUNDARY.fullmatch(kind)
    if found is None:
        raise _no_form()
    fence = b"\r\n--" + found[1].encode()
    parts = (b"\r\n" + body).split(fence, MAX_PARTS + 1)
    if len(parts) < 2 or not parts[-1].startswith(b"--"):
        raise _no_form()
    out: dict[str, bytes] = {}
    for part in parts[1:-1]:
        head, ended, content = part.partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if not ended or name is None:
            raise _no_form()
        out[name[1].decode()] = content
    return out


def _no_form() -> FormatError:
    return FormatError("this is no form", code="http/form", next_step="Go back, and send it again.")

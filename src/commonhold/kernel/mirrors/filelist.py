"""The list of the settings, the site and the sealed snapshots in a mirror: ``files.sha256``, as ``sha256sum --check`` reads it (docs/formats/mirror.md).

Whoever copies a mirror writes files under these names, so a name is refused that could lead anywhere else, hide, or fall together with another on some
file system: links have no line, and no part begins with a dot.

Not here: reading or writing any of these files.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final

from commonhold.kernel.canonical import check_words
from commonhold.kernel.errors import FormatError

FOLDERS: Final = ("settings", "site", "snapshots")
"""Everything that is listed lies below one of these."""
MAX_LIST: Final = 16 << 20
MAX_FILES: Final = 100_000
MAX_PATH: Final = 1024
"""Bytes of a path in UTF-8."""
MAX_PART: Final = 255
MAX_DEPTH: Final = 32
_LINE: Final = re.compile(r"([0-9a-f]{64})  ([^\n]+)", re.ASCII)


def list_bytes(files: Mapping[str, str]) -> bytes:
    """The list of *files*, which gives the digest of each path.

    Raises:
        FormatError: as :func:`parse_list`.
    """
    raw = "".join(f"{digest}  {path}\n" for path, digest in sorted(files.items(), key=lambda item: _order(item[0]))).encode(
        errors="surrogateescape"
    )
    parse_list(raw)
    return raw


def parse_list(raw: bytes) -> dict[str, str]:
    """The digest of each path in a list, in its order.

    Raises:
        FormatError: ``mirror/list`` for what is no such list, ``mirror/list-order`` where it is not sorted or names a path twice, ``mirror/list-large``,
            and as :func:`check_paths`.
    """
    count = raw.count(b"\n")
    if len(raw) > MAX_LIST or count > MAX_FILES:
        raise FormatError(
            f"the list of files has {len(raw)} bytes and {count} lines; at most {MAX_LIST} and {MAX_FILES} are allowed",
            code="mirror/list-large",
            next_step="Make the site smaller; films and pictures are works.",
        )
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise FormatError(
            "the list of files is not UTF-8", code="mirror/list", next_step="Give every file of the site a name in UTF-8."
        ) from None
    lines = text.split("\n")
    if lines.pop():
        raise FormatError("the list of files was cut: it does not end with a newline", code="mirror/list")
    found: dict[str, str] = {}
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None:
            raise FormatError(f"{line[:120]!a} is no line of digest, two spaces and path", code="mirror/list")
        found[match[2]] = match[1]
    if list(found) != sorted(found, key=_order) or len(found) != len(lines):
        raise FormatError("the list of files is not sorted by the bytes of its paths, or names one twice", code="mirror/list-order")
    check_paths(found)
    return found


def check_paths(paths: Iterable[str]) -> None:
    """Pass in silence if all *paths* can lie in one folder, on any file system, and nowhere else.

    Raises:
        FormatError: ``mirror/path`` for one that may not be, ``mirror/paths-alike`` for two that some file systems take for one.
    """
    files: set[str] = set()
    spelled: dict[str, str] = {}
    for path in paths:
        _check_path(path)
        files.add(path)
        at = len(path)
        while at > 0:
            whole = path[:at]
            first = spelled.setdefault(_folded(whole), whole)
            if first != whole:
                raise FormatError(
                    f"{first!a} and {whole!a} differ only by case, and some file systems take them for one",
                    code="mirror/paths-alike",
                    next_step="Give one of them another name.",
                )
            at = path.rfind("/", 0, at)
    for path in files:
        at = path.rfind("/")
        while at > 0:
            if path[:at] in files:
                raise FormatError(f"{path[:at]!a} is a file and a folder", code="mirror/paths-alike")
            at = path.rfind("/", 0, at)


def _check_path(path: str) -> None:
    parts = path.split("/")
    why = ""
    if len(path.encode(errors="replace")) > MAX_PATH or len(parts) > MAX_DEPTH:
        why = f"it is longer than {MAX_PATH} bytes, or deeper than {MAX_DEPTH} folders"
    elif parts[0] not in FOLDERS or len(parts) == 1:
        why = f"it does not lie below {', '.join(FOLDERS[:-1])} or {FOLDERS[-1]}"
    elif not all(parts) or any(part.startswith(".") or len(part.encode(errors="replace")) > MAX_PART for part in parts):
        why = f"a part of it is empty, begins with a dot, or is longer than {MAX_PART} bytes"
    elif "\\" in path or "\n" in path:
        why = "it holds a backslash or a newline"
    else:
        try:
            check_words(path)
        except FormatError as error:
            why = str(error)
    if why:
        raise FormatError(f"{path[:200]!a} is no path of a mirror: {why}", code="mirror/path", next_step="Rename the file.")


def _order(path: str) -> bytes:
    return path.encode(errors="surrogateescape")


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", path).casefold())

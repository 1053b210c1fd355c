"""Works as bags (BagIt 1.0, RFC 8493): which files a bag holds, what its tag files say, and what of a stranger's bag is refused.

In a bag a work lies at ``data/works/ID/``: ``manifest.json`` is its manifest to the byte, so that it has the same id when it comes back; texts lie at
``texts/LANGUAGE.EXT``, files at ``files/NAME`` or, without a name that every system takes, at ``objects/DIGEST``.

Left to others: folders, archives and bytes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from commonhold.kernel.errors import FormatError, ProofError
from commonhold.kernel.works.manifest import Work, parse_work, work_bytes, work_id

DECLARATION: Final = "bagit.txt"
INFO: Final = "bag-info.txt"
MANIFEST: Final = "manifest-sha256.txt"
TAG_MANIFEST: Final = "tagmanifest-sha256.txt"
FETCH: Final = "fetch.txt"
DECLARED: Final = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
MAX_ENTRIES: Final = 1 << 18
"""Files in one bag, at most."""
MAX_TAG_FILE: Final = 1 << 26
MAX_PATH: Final = 512

_EXTENSIONS: Final = {"text/markdown": ".md", "text/plain": ".txt", "text/html": ".html"}
_VERSION: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?BagIt-Version:[ \t]*(?:0\.9[3-7]|1\.0)[ \t]*\r?\nTag-File-Character-Encoding:[ \t]*UTF-8[ \t]*\r?\n?"
)
_LINE: Final = re.compile(r"([0-9A-Fa-f]{64})[ \t]+\*?(.+)")
_WORK: Final = re.compile(r"data/works/([0-9a-f]{64})/manifest\.json")
_ESCAPE: Final = re.compile(r"%(0[AaDd]|25)")
_DEVICE: Final = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)
_SHOWN: Final = 5


class Entry(NamedTuple):
    """One file of a bag's payload: the object that it is, and how many bytes that has."""

    digest: str
    size: int


def payload_of(work: Work) -> dict[str, Entry]:
    """The payload files of a work's bag by their paths, the manifest first. Paths are ASCII, and no two meet in any file system."""
    raw = work_bytes(work)
    base = f"data/works/{work_id(raw)}"
    found = {f"{base}/manifest.json": Entry(work_id(raw), len(raw))}
    for language, text in work.texts.items():
        found[f"{base}/texts/{language}{_EXTENSIONS.get(text.type, '')}"] = Entry(text.digest, text.size)
    for file in work.files:
        place = f"files/{file.name}" if file.name and is_safe(file.name) else f"objects/{file.digest}"
        found[f"{base}/{place}"] = Entry(file.digest, file.size)
    return found


def manifest_bytes(digests: Mapping[str, str]) -> bytes:
    """A manifest or tag manifest: path to digest, in the order of the paths."""
    return "".join(f"{digest}  {path}\n" for path, digest in sorted(digests.items())).encode()


def info_bytes(labels: Iterable[tuple[str, str]]) -> bytes:
    """A ``bag-info.txt`` of labels and values, each value on one line; one that says nothing is left out."""
    return "".join(f"{label}: {' '.join(value.split())}\n" for label, value in labels if value.strip()).encode()


def check_paths(paths: Iterable[str]) -> frozenset[str]:
    """The names of the files of a stranger's bag, which lead nowhere but into the bag and are different files on every system.

    Raises:
        FormatError: ``bag/path`` for a name that leads out, or means something else elsewhere; ``bag/names`` for two that some systems take for one;
            ``bag/too-many``.
    """
    found: dict[str, str] = {}
    folders: set[str] = set()
    for count, path in enumerate(paths, 1):
        if count > MAX_ENTRIES:
            raise FormatError(f"the bag holds more than {MAX_ENTRIES} files", code="bag/too-many", next_step="Ask for it in several bags.")
        if not is_safe(path):
            raise FormatError(
                f"the bag holds a file called {path[:80]!a}, which leads out of it or means something else on another system",
                code="bag/path",
                next_step="Nothing was taken. Ask whoever made it for a bag with plain relative names.",
            )
        folded = _folded(path)
        if folded in found:
            raise FormatError(
                f"the bag holds {found[folded][:80]!a} and {path[:80]!a}, which are one file on some systems",
                code="bag/names",
                next_step="Nothing was taken. Ask whoever made it to rename one of them.",
            )
        found[folded] = path
        folders |= {folded[:at] for at in range(len(folded)) if folded[at] == "/"}
    if meeting := sorted(folders & found.keys()):
        raise FormatError(
            f"the bag holds {found[meeting[0]][:80]!a} as a file and as a folder", code="bag/names", next_step="Nothing was taken."
        )
    return frozenset(found.values())


def is_safe(path: str) -> bool:
    """Whether a path is relative, stays below its folder, and names the same file on every system."""
    parts = path.split("/")
    return (
        0 < len(path) <= MAX_PATH
        and not any(not part or part.endswith((".", " ")) or _DEVICE.fullmatch(part) for part in parts)
        and not any(unicodedata.category(letter) in ("Cc", "Cf", "Cs") or letter in '\\:*?"<>|' for letter in path)
    )


def check_declaration(raw: bytes) -> None:
    """Pass in silence if *raw* is the ``bagit.txt`` of a bag that can be read here.

    Raises:
        FormatError: ``bag/version``.
    """
    if not _VERSION.fullmatch(raw):
        raise FormatError(
            f"{DECLARATION} is not that of a BagIt bag of version 0.93 to 1.0 in UTF-8",
            code="bag/version",
            next_step="Check that this is the bag's own folder.",
        )


def parse_manifest(raw: bytes, name: str = MANIFEST) -> dict[str, str]:
    """A manifest's digests by path.

    Raises:
        FormatError: ``bag/manifest`` for a line that is none; ``bag/path`` and ``bag/names`` as :func:`check_paths`.
    """
    try:
        lines = raw.decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise FormatError(f"{name} is not UTF-8 at byte {error.start}", code="bag/manifest", next_step="Ask for the bag again.") from None
    rows: list[tuple[str, str]] = []
    for number, line in enumerate(lines, 1):
        found = _LINE.fullmatch(line)
        if found is None:
            raise FormatError(
                f"line {number} of {name} is not a digest and a path: {line[:80]!a}",
                code="bag/manifest",
                next_step="Ask for a bag with SHA-256 manifests.",
            )
        rows.append((_ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), found[2]), found[1].lower()))
    check_paths(path for path, _ in rows)
    return dict(rows)


def check_complete(digests: Mapping[str, str], files: frozenset[str]) -> None:
    """Pass in silence if a manifest names exactly the payload that is there.

    Raises:
        FormatError: ``bag/incomplete``, ``bag/extra``.
    """
    payload = {path for path in files if path.startswith("data/")}
    if missing := sorted(digests.keys() - payload):
        raise FormatError(
            f"{MANIFEST} names {_some(missing)}, and the bag does not hold {'it' if len(missing) == 1 else 'them'}",
            code="bag/incomplete",
            next_step="Nothing was taken. Get the whole bag again.",
        )
    if extra := sorted(payload - digests.keys()):
        raise FormatError(
            f"the bag holds {_some(extra)}, of which {MANIFEST} says nothing",
            code="bag/extra",
            next_step="Nothing was taken. Get the bag again.",
        )


def works_in(digests: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The works of a bag: their ids, and the paths of their manifests, in order.

    Raises:
        FormatError: ``bag/no-work``.
    """
    found = sorted((match[1], path) for path in digests if (match := _WORK.fullmatch(path)))
    if not found:
        raise FormatError(
            "there is no work in this bag",
            code="bag/no-work",
            next_step="Make works of its files with `commonhold work add`, which asks for rights and origin.",
        )
    yield from found


def read_manifest(raw: bytes, work: str) -> Work:
    """The work with the id *work*, of its manifest in a bag.

    Raises:
        ProofError: ``bag/altered`` if it has another id. FormatError: as :func:`.manifest.parse_work`.
    """
    if work_id(raw) != work:
        raise ProofError(
            f"the manifest in the bag under {work} is that of {work_id(raw)}",
            code="bag/altered",
            next_step="Nothing was taken. Get the bag again.",
        )
    return parse_work(raw)


def check_payload(payload: Mapping[str, Entry], digests: Mapping[str, str], sizes: Mapping[str, int]) -> None:
    """Hold a bag to what the manifests of its works say: nothing less, nothing else, no other size.

    Args:
        payload: the files of all its works.
        digests: what the bag's own manifest says.
        sizes: how long its files are said to be.

    Raises:
        FormatError: ``bag/incomplete``, ``bag/extra``, ``bag/size``. ProofError: ``bag/altered``.
    """
    if missing := sorted(payload.keys() - digests.keys()):
        raise FormatError(
            f"the bag lacks {_some(missing)} of its works", code="bag/incomplete", next_step="Nothing was taken. Get the whole bag again."
        )
    if extra := sorted(digests.keys() - payload.keys()):
        raise FormatError(
            f"the bag holds {_some(extra)}, which belongs to none of its works",
            code="bag/extra",
            next_step="Nothing was taken. Take these files out of the bag and of its manifests.",
        )
    for path, entry in payload.items():
        if digests[path] != entry.digest:
            raise ProofError(
                f"{path} has the digest {digests[path]} by the bag, and {entry.digest} by the work",
                code="bag/altered",
                next_step="Nothing was taken. Get the bag again.",
            )
        if sizes[path] != entry.size:
            raise FormatError(
                f"{path} has {sizes[path]} bytes in the bag, and {entry.size} by the work",
                code="bag/size",
                next_step="Nothing was taken. Get the bag again.",
            )


def _folded(path: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", path).casefold())


def _some(paths: list[str]) -> str:
    shown = ", ".join(ascii(path[:80]) for path in paths[:_SHOWN])
    return shown if len(paths) <= _SHOWN else f"{shown} and {len(paths) - _SHOWN} more"

"""Where an organisation's partners are: the file ``partners`` in the house's folder, beside ``record/`` and never served.

Addresses are nobody's decision: the record names partners by their keys, and a node may move. The file is canonical JSON,
``{"form": "commonhold/partners/v1", "urls": [...]}``, in the order in which they were added; whoever writes it wrong asks nobody, and is told.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from commonhold.kernel.canonical import canonical_bytes, parse_canonical
from commonhold.kernel.errors import FormatError, RuleError, StoreError
from commonhold.store.fetch import check_plain
from commonhold.store.files import DirectoryFiles

FILE: Final = "partners"
FORM: Final = "commonhold/partners/v1"
MAX_PARTNERS: Final = 64
"""As many as a policy may name."""
_MAX_BYTES: Final = 1 << 16
_SCRATCH: Final = "objects/.tmp"
_MAKE_ANEW: Final = "Remove the file, and add the partners again with `commonhold house partner add URL`."


def read_partners(house: Path) -> tuple[str, ...]:
    """The addresses that the house in a folder remembers, without a slash at their ends; none where there is no such file.

    Raises:
        FormatError: ``partners/form`` if the file is damaged. StoreError: if it cannot be read.
    """
    try:
        raw = DirectoryFiles(house).read(FILE, _MAX_BYTES)
    except StoreError as error:
        if error.code == "store/absent":
            return ()
        raise
    try:
        value = parse_canonical(raw.removesuffix(b"\n"), max_size=_MAX_BYTES, what="the file of partners")
    except FormatError as error:
        raise FormatError(f"{house / FILE} is damaged: {error}", code="partners/form", next_step=_MAKE_ANEW) from None
    urls = value.get("urls") if isinstance(value, dict) and value.keys() == {"form", "urls"} and value["form"] == FORM else None
    if not isinstance(urls, list) or len(urls) > MAX_PARTNERS or not all(isinstance(url, str) for url in urls):
        raise FormatError(f"{house / FILE} is no list of partners", code="partners/form", next_step=_MAKE_ANEW)
    for url in urls:
        check_plain(url)
    return tuple(dict.fromkeys(url.rstrip("/") for url in urls))


def add_partners(house: Path, urls: Iterable[str]) -> tuple[str, ...]:
    """Remember these addresses beside the others, and give them all; durable when this returns.

    Raises:
        StoreError: ``store/url`` for what is no plain address; or if the disk refuses. RuleError: ``partners/too-many`` over 64.
        FormatError: as :func:`read_partners`.
    """
    known = read_partners(house)
    wanted = [url.rstrip("/") for url in urls]
    for url in wanted:
        check_plain(url)
    found = tuple(dict.fromkeys((*known, *wanted)))
    if found != known:
        _write(house, found)
    return found


def drop_partner(house: Path, url: str) -> tuple[str, ...]:
    """Forget one address, and give those that are left.

    Raises:
        RuleError: ``partners/unknown`` if it is not remembered. StoreError, FormatError: as :func:`add_partners`.
    """
    known = read_partners(house)
    left = tuple(one for one in known if one != url.rstrip("/"))
    if left == known:
        raise RuleError(
            f"{url[:200]} is not remembered here",
            code="partners/unknown",
            next_step="`commonhold house partner list` shows the addresses that are.",
        )
    _write(house, left)
    return left


def _write(house: Path, urls: tuple[str, ...]) -> None:
    if len(urls) > MAX_PARTNERS:
        raise RuleError(
            f"{len(urls)} partners would be remembered, and a policy names at most {MAX_PARTNERS}",
            code="partners/too-many",
            next_step="Forget those that are gone: `commonhold house partner drop URL`.",
        )
    DirectoryFiles(house, scratch=_SCRATCH).replace(FILE, canonical_bytes({"form": FORM, "urls": list(urls)}) + b"\n")

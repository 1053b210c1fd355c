"""Texts by digest from an address: of a house's log, or of a partner's mirror, which holds those of statements (docs/formats/house-log.md).

Nothing that comes is believed: every text is hashed.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from commonhold.kernel.errors import ProofError, StoreError
from commonhold.kernel.texts import MAX_TEXT_BYTES
from commonhold.store.fetch import check_plain, is_private_address, is_url, url_fetch, url_pieces
from commonhold.store.objects.directory import ObjectDirectory
from commonhold.store.objects.protocol import MAX_OBJECT, altered, name_of

SECONDS: Final = 30.0
LEAST_RATE: Final = 1 << 15
MAX_FETCHES: Final = 1024
"""As many as a charter has articles, and some statements."""
ALL_SECONDS: Final = 120.0
"""How long one run spends on texts altogether, however slowly they come."""


class RemoteObjects:
    """The texts at an address.

    Args:
        fetches: how many are asked for at most.
    """

    def __init__(self, url: str, *, fetches: int = MAX_FETCHES) -> None:
        self._fetch = url_fetch(url.rstrip("/"), deadline=SECONDS)
        self._left, self._end = fetches, 0.0

    def get(self, digest: str) -> bytes:
        """The text with this digest.

        Raises:
            StoreError: ``store/absent`` if it is not there, or the server no longer answers. ProofError: ``object/altered``.
        """
        self._end = self._end or time.monotonic() + ALL_SECONDS
        if self._left <= 0 or time.monotonic() > self._end:
            raise StoreError("no more texts are fetched in one run", code="store/absent", next_step="Look at them one by one.")
        self._left -= 1
        try:
            raw = self._fetch(f"objects/{digest[:2]}/{digest[2:]}", MAX_TEXT_BYTES + 64)
        except StoreError as error:
            if error.code != "store/absent":
                # A server that hangs is not asked for the next one too.
                self._left = 0
            raise
        if hashlib.sha256(raw).hexdigest() != digest:
            raise ProofError(
                f"the text {digest[:12]} was altered on its way", code="object/altered", next_step="Fetch it from another copy."
            )
        return raw


def objects_at(place: Path | str) -> ObjectDirectory | RemoteObjects:
    """The texts of the house in a folder, or at the address of its log."""
    return RemoteObjects(str(place).rstrip("/")) if is_url(place) else ObjectDirectory(place)


class RemoteReplica:
    """Objects at an address, of any size, read piece by piece: a static mirror, a partner, whatever serves ``objects/`` below *url*.

    A server that drips is left: after the first half minute at least 32 KiB must have come for every second, where nothing else is said.

    Args:
        grace: seconds before slowness counts.
        least: bytes that must have come for each second since then.
        public_only: speak with public addresses alone; where it is not given, unless *url* itself is a number in a private network.

    Raises:
        StoreError: ``store/url`` if the address is not plain.
    """

    def __init__(self, url: str, *, grace: float = SECONDS, least: int = LEAST_RATE, public_only: bool | None = None) -> None:
        check_plain(url)
        self._url, self._grace, self._least = url.rstrip("/"), grace, least
        # Whoever named an address outside does not mean this machine's own network, wherever a name or a redirect leads.
        self._public = not is_private_address(url) if public_only is None else public_only

    def __str__(self) -> str:
        return self._url

    def stream(self, digest: str) -> Iterator[bytes]:
        """As :meth:`.protocol.Objects.stream`; an object that was erased is absent here, since a static server knows no reason."""
        hashed, held = hashlib.sha256(), b""
        for piece in url_pieces(
            f"{self._url}/{name_of(digest)}", MAX_OBJECT, grace=self._grace, least=self._least, public_only=self._public
        ):
            hashed.update(piece)
            if held:
                yield held
            held = piece
        if hashed.hexdigest() != digest:
            raise altered(digest, hashed.hexdigest(), self)
        yield held

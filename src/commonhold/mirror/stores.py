"""The objects that a node keeps beside the records that it follows: stores of their own for each organisation, and what was erased there.

Of their own, because a decision to erase is one organisation's: it must not reach what another one keeps, even where both name the same digest.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Final

from commonhold.kernel.errors import StoreError
from commonhold.kernel.record.state import State
from commonhold.store.objects.directory import ObjectDirectory
from commonhold.store.objects.erasing import decided, erase_decided

TEXTS: Final = "texts"
WORKS: Final = "works"
MAX_TEXT: Final = 128 << 10
"""Bytes of a statement's object that are fetched; a longer one is compared by nobody here."""


class Stores:
    """The stores of all organisations in one folder. Threads may call at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._texts: dict[str, ObjectDirectory] = {}
        self._works: dict[str, ObjectDirectory] = {}
        self._obeyed: dict[str, Any] = {}

    def texts(self, org: str) -> ObjectDirectory:
        """The texts of an organisation's statements, and what its seals need."""
        with self._lock:
            if org not in self._texts:
                self._texts[org] = ObjectDirectory(self._folder / TEXTS / org, max_size=MAX_TEXT)
            return self._texts[org]

    def works(self, org: str) -> ObjectDirectory:
        """The works that an organisation has published, as far as this node has room: manifests and their objects, and nothing else."""
        with self._lock:
            if org not in self._works:
                self._works[org] = ObjectDirectory(self._folder / WORKS / org)
            return self._works[org]

    def obey(self, org: str, state: State) -> tuple[str, ...]:
        """Let the bytes go of all that an organisation has decided to erase, and give the digests of which that is new; nothing brings them back here.

        Idempotent and cheap while nothing new is decided. Also what this node never held gets its tombstone, so that it takes it from nobody.

        Args:
            state: of the log in which the organisation lives.

        Raises:
            StoreError: if the disk refuses; the rest is erased all the same, and this is to be called again.
        """
        part = state.part("erasures")
        if not part or self._obeyed.get(org) is part:
            return ()
        done = erase_decided(decided(state), {TEXTS: lambda: self.texts(org), WORKS: lambda: self.works(org)})
        if done.left:
            raise StoreError(
                f"not everything that was decided to be erased is gone from this node: {'; '.join(done.left.values())}",
                code="mirror/not-erased",
                next_step="It is tried again by itself; look at this node's disk.",
            )
        self._obeyed[org] = part
        return tuple({*done.erased.get(TEXTS, ()), *done.erased.get(WORKS, ())})

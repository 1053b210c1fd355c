"""A record that comes in: read from here as far as it is held, from a place for the rest, and kept aside so that a killed run fetches nothing twice.

Tiles never change, so what came once is as good as what would come now, if it proves; if it does not, everything that came is forgotten and fetched again.
"""

from __future__ import annotations

import contextlib
import shutil
from typing import Final

from commonhold.kernel.errors import FormatError, ProofError, StoreError
from commonhold.mirror.folder.gathering import Show, quiet
from commonhold.mirror.folder.heads import Head
from commonhold.mirror.folder.place import OWN, MirrorFolder
from commonhold.mirror.folder.source import From
from commonhold.mirror.witness import origin_hash
from commonhold.store.epochs import EPOCHS
from commonhold.store.fetch import Fetch
from commonhold.store.files import DirectoryFiles, Refusals
from commonhold.store.objects.pace import Pace
from commonhold.store.reader import CHECKPOINT, StaticReader
from commonhold.store.record import RECORD, ReadRecord, read_record, telling

COMING: Final = f"{OWN}/coming"


class Coming:
    """One run's view of a record that comes in.

    Args:
        offered: the signed head of the record at the place; its checkpoint is the one that is read, however the place goes on.
        fetch: gives the record's files there.
        held: whether the same log is held here up to some size.
        pace: waits where bytes come too fast.
    """

    def __init__(self, folder: MirrorFolder, offered: Head, fetch: Fetch, *, held: bool, pace: Pace) -> None:
        self._folder, self._offered, self._fetch, self._pace = folder, offered, fetch, pace
        self._kept = f"{COMING}/{origin_hash(offered.key.name)[:16]}"
        self._record = DirectoryFiles(folder.path / RECORD) if held else None
        self._earlier: dict[str, bytes] = {}
        self.reused = False
        """Whether anything was read from here."""
        self.anew = False
        """Whether what is held here did not prove, and all of it came again."""
        self.bytes = 0
        """How many bytes came."""

    def reader(self) -> StaticReader:
        """A reader of the record."""
        return StaticReader(self._read)

    def forget(self) -> None:
        """Let go of everything that was kept aside or is held; from now on all of it is fetched."""
        self._record, self.reused, self.anew = None, False, True
        forget_coming(self._folder)

    def _read(self, name: str, max_size: int) -> bytes:
        if name == CHECKPOINT:
            return self._offered.raw
        if name.startswith(f"{EPOCHS}/") and name.endswith(f"/{CHECKPOINT}"):
            # The only other files that may change while they are read.
            if name not in self._earlier:
                self._earlier[name] = self._came(name, max_size)
            return self._earlier[name]
        kept = f"{self._kept}/{name}"
        for files, where in ((self._record, name), (self._folder.files, kept)):
            if files is not None:
                with contextlib.suppress(StoreError):
                    raw = files.read(where, max_size)
                    self.reused = True
                    return raw
        raw = self._came(name, max_size)
        self._folder.files.write(kept, raw)
        return raw

    def _came(self, name: str, max_size: int) -> bytes:
        raw = self._fetch(name, max_size)
        self.bytes += len(raw)
        self._pace.took(len(raw))
        return raw


def forget_coming(folder: MirrorFolder) -> None:
    """Remove what was kept aside.

    Raises:
        StoreError: if the disk refuses.
    """
    with Refusals(f"clear {folder.path / COMING}"), contextlib.suppress(FileNotFoundError):
        shutil.rmtree(folder.path / COMING)


def replay(coming: Coming, offered: Head, source: From, *, show: Show = quiet) -> ReadRecord:
    """Read and replay the record that comes in; where what was read from here does not prove, once more without it.

    Raises:
        ProofError, FormatError: if the record at the place does not verify. StoreError: ``mirror/half-written`` if files are not there that its checkpoint
            covers; or if the place cannot be read.
    """
    while True:
        try:
            with show(offered.checkpoint.size, "entries") as bar:
                return read_record(coming.reader(), org=offered.org, progress=bar.update, keep=telling)
        except (ProofError, FormatError):
            if not coming.reused:
                coming.forget()
                raise
            coming.forget()
        except StoreError as error:
            raise half_written(error, offered, source) from None


def half_written(error: StoreError, offered: Head, source: From) -> StoreError:
    """What it means that a file of a record is not there."""
    if error.code != "store/absent":
        return error
    return StoreError(
        f"{source} is half-written: its checkpoint covers {offered.checkpoint.size} entries, and {error}",
        code="mirror/half-written",
        next_step="What is held was left as it is. Try again later; if it stays so, tell its keeper, and read from another mirror.",
    )

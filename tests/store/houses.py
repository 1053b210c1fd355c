"""Real houses in folders for the store's tests: a record in memory, put on a disk by the record's own writer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from commonhold.kernel.notes import SignerKey
from commonhold.store.files import DirectoryFiles
from commonhold.store.keyfile import save_log_key
from commonhold.store.log import Log
from commonhold.store.record import LOG_KEY, RECORD, Record
from commonhold.testing.house import MemoryHouse, derive
from tests.kernel.attacks.saltmarsh import house


def log_seed(made: MemoryHouse) -> bytes:
    """The secret of the log key that a house in memory names in its founding."""
    return derive(made.seed, "log")


def small(seed: str = "saltmarsh") -> MemoryHouse:
    """A founded house with nothing decided."""
    return house(seed=seed)


def on_disk(made: MemoryHouse, path: Path) -> Path:
    """Write a house by its own writer, which refuses what the fold refuses."""
    with Record.found(path, made.leaves[0], log_seed(made), {}) as record:
        for leaf in made.leaves[1:]:
            record.submit(leaf)
    return path


def served(made: MemoryHouse, path: Path, leaves: Sequence[bytes] | None = None) -> Path:
    """Write any leaves under the house's log key, as a server can that has dropped every check of its own."""
    (path / LOG_KEY).parent.mkdir(parents=True, mode=0o700)
    save_log_key(path / LOG_KEY, log_seed(made))
    signer = SignerKey(made.state.origin, log_seed(made))
    with Log.create(DirectoryFiles(path / RECORD), made.state.origin, signer) as log:
        log.append(list(leaves if leaves is not None else made.leaves))
    return path

"""Reading a record as a stranger does, for the verbs that report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from commonhold.cli.output import progress

if TYPE_CHECKING:
    from commonhold.store.record import ReadRecord


def read_place(place: str | Path, *, org: str = "", always_show: bool = False) -> ReadRecord:
    """The verified record at a folder or address, with progress where it takes long.

    Raises:
        ProofError, FormatError, StoreError: as :func:`commonhold.store.record.read_record` does.
    """
    from commonhold.store.record import open_reader, read_record, record_size  # noqa: PLC0415 - kept out of `--help`

    reader = open_reader(str(place))
    size = record_size(reader)
    if size < LONG and not always_show:
        return read_record(reader, org=org)
    with progress(size, "verifying entries") as bar:
        return read_record(reader, org=org, progress=bar.update)


LONG = 2_000
"""Entries from which on a replay takes long enough to show progress."""

"""Reading a record as a stranger does, for the verbs that report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from commonhold.cli.output import progress

if TYPE_CHECKING:
    from commonhold.store.record import ReadRecord


def read_place(place: str | Path, *, org: str = "", always_show: bool = False, whole: bool = False) -> ReadRecord:
    """The verified record at a folder or address, with progress where it takes long.

    Args:
        whole: keep what became of each entry, and its bytes; otherwise only the outcomes that tell something, which spares memory.

    Raises:
        ProofError, FormatError, StoreError: as :func:`commonhold.store.record.read_record` does.
    """
    from commonhold.store.record import every, open_reader, read_record, record_size, telling  # noqa: PLC0415 - kept out of `--help`

    reader = open_reader(str(place))
    size, keep = record_size(reader), every if whole else telling
    if size < LONG and not always_show:
        return read_record(reader, org=org, keep=keep, keep_leaves=whole)
    with progress(size, "verifying entries") as bar:
        return read_record(reader, org=org, progress=bar.update, keep=keep, keep_leaves=whole)


LONG = 2_000
"""Entries from which on a replay takes long enough to show progress."""

"""A hostile server for the demo, which holds the log's key and writes what it likes.

It is made of the same functions that the program is made of. The command line would refuse every entry that it appends.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from commonhold.kernel.kit import Kit
from commonhold.kernel.notes import SignerKey
from commonhold.kernel.record.entries import signed_bytes, unsigned_entry, with_signature
from commonhold.store.files import DirectoryFiles
from commonhold.store.keyfile import load_kit, load_log_key
from commonhold.store.log import Log
from commonhold.store.reader import StaticReader
from commonhold.store.record import LOG_KEY, RECORD, ReadRecord, read_record


class HostileServer:
    """Whoever holds a copy of the house with the log's key can append any bytes and sign the log's new head over them."""

    def __init__(self, house: Path) -> None:
        self.house = house

    def read(self) -> ReadRecord:
        """The record as the server finds it."""
        return read_record(StaticReader.from_directory(self.house / RECORD), keep_leaves=True)

    def approval(self, proposal: str, *, by: str, kit: Kit, key_id: str) -> bytes:
        """An approval in the name of *by* under the key *key_id*, signed with whatever *kit* is at hand."""
        read = self.read()
        unsigned = unsigned_entry(
            type="approve",
            org=read.state.org,
            epoch=read.state.epoch,
            by=by,
            key=key_id,
            seen=(read.tree.size, read.tree.root()),
            nonce=secrets.token_bytes(16),
            body={"proposal": proposal},
        )
        return with_signature(unsigned, kit.sign(signed_bytes(unsigned)))

    def old_approval(self, by: str) -> bytes:
        """The newest approval that *by* really signed, as it stands in the log."""
        read = self.read()
        mine = [o.index for o in read.outcomes if o.entry is not None and o.entry.type == "approve" and o.entry.by == by and o.counts]
        return read.leaves[mine[-1]]

    def append(self, leaf: bytes) -> int:
        """Append bytes to the log and sign its new head; gives the entry's number."""
        origin = self.read().state.origin
        with Log.open(DirectoryFiles(self.house / RECORD), origin, SignerKey(origin, load_log_key(self.house / LOG_KEY))) as log:
            log.append([leaf])
            return log.size - 1


def kit_of(name: str) -> Kit:
    """A member's kit, as its file holds it."""
    return load_kit(Path(f"kits/{name}.kit"))[1]

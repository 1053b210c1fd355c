"""What the tests of the log share: a key that remembers what it signed, and the laws that hold for every log, whatever happened to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from commonhold.kernel.notes import Signature, SignerKey
from commonhold.kernel.tlog.checkpoint import parse_checkpoint
from commonhold.kernel.tlog.hashes import leaf_hash
from commonhold.kernel.tlog.merkle import Tree
from commonhold.store.files import Files
from commonhold.store.log import Log
from commonhold.store.reader import StaticReader

ORIGIN = "commonhold/saltmarsh/0"


class RememberingKey(SignerKey):
    """A log key that keeps every text it ever signed."""

    signed: ClassVar[list[str]] = []

    def sign(self, text: str, time: int | None = None) -> Signature:
        self.signed.append(text)
        return super().sign(text, time)


KEY = RememberingKey(ORIGIN, bytes(range(32)))
WITNESS = SignerKey("witness.example/curlew", bytes(range(1, 33)), 0x04)


def entries(start: int, count: int) -> list[bytes]:
    """Entries that say their index, of differing lengths."""
    return [b"%d heron" % index + b"." * (index % 7) for index in range(start, start + count)]


def check_laws(files: Files, acknowledged: Sequence[bytes], attempted: Sequence[bytes] = (), *, more: int = 3) -> None:
    """Open the log by the normal path and hold it to its laws; leaves it closed, *more* entries longer.

    Everything acknowledged is there; a batch that was only attempted is there whole or not at all; every head that was ever signed is
    the root of the log at that size; the log goes on; and a stranger with the static files alone can verify it all.
    """
    with Log.open(files, ORIGIN, KEY) as log:
        kept = list(log.entries(0, log.size))
        assert kept in ([*acknowledged], [*acknowledged, *attempted])
        log.append(entries(10_000_000, more))
    expected = [*kept, *entries(10_000_000, more)]
    tree = Tree(map(leaf_hash, expected))
    for text in KEY.signed:
        head = parse_checkpoint(text)
        assert head.root == tree.root(head.size), f"an inconsistent head of size {head.size} was signed"
    checkpoint, found = StaticReader(files.read).read_all([KEY.verifier])
    assert (checkpoint.size, list(found)) == (len(expected), expected)

"""A partner node: its keys and memory, the logs that it was told of, and what it does for each of them (DESIGN 3.4).

One node serves any number of organisations. Every log is witnessed (:mod:`.witness`); one whose address is known is also followed and mirrored
(:mod:`.follower`). Nothing here knows HTTP but as :class:`.witness.Answer`; :mod:`.app` does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from commonhold.kernel.errors import FormatError
from commonhold.kernel.notes import ED25519, VerifierKey, parse_note
from commonhold.kernel.tlog.checkpoint import parse_checkpoint
from commonhold.kernel.tlog.equivocation import show_equivocation
from commonhold.mirror.alarms import UNPROVED, Alarms
from commonhold.mirror.database import Database
from commonhold.mirror.keys import NodeKeys, open_state
from commonhold.mirror.witness import Clock, Witness


@dataclass(frozen=True, slots=True)
class LogSource:
    """A log that a node is told of: its key, whose name is its origin, and the address where it is served, if it is known."""

    key: VerifierKey
    url: str = ""

    @classmethod
    def parse(cls, text: str) -> LogSource:
        """The source of ``VKEY`` or ``VKEY=URL``.

        Raises:
            FormatError: if it is neither, or the key is not of kind 0x01.
        """
        for scheme in ("=https://", "=http://"):
            vkey, found, rest = text.partition(scheme)
            if found:
                return cls(_log_key(vkey), found[1:] + rest.rstrip("/"))
        return cls(_log_key(text))


def _log_key(vkey: str) -> VerifierKey:
    key = VerifierKey.parse(vkey)
    if key.kind != ED25519:
        raise FormatError(
            f"{key.name} is a key of kind 0x{key.kind:02x}, and a log signs with 0x01",
            code="log/key-kind",
            next_step="Give the log's own key; `commonhold status` shows it.",
        )
    return key


class Node:
    """A node in a folder. Close it when done.

    Args:
        folder: made on the first start, see :func:`.keys.open_state`.
        name: that its keys carry.
        sources: the logs; each origin once.
        clock: POSIX seconds.
    """

    def __init__(self, folder: Path, name: str, sources: Iterable[LogSource], clock: Clock) -> None:
        self.name, self.clock = name, clock
        self.sources = {source.key.name: source for source in sources}
        self.keys: NodeKeys
        self.database: Database
        self.keys, self.database = open_state(folder, name)
        self.alarms = Alarms(self.database)
        logs = {origin: (source.key,) for origin, source in self.sources.items()}
        self.witness = Witness(self.database, self.keys.witness, logs, clock, self._suspect)

    def close(self) -> None:
        """Let the database go."""
        self.database.close()

    def _suspect(self, origin: str, note: bytes, cosigned: bytes, code: str) -> None:
        """Keep what a refused request says against its log."""
        seen, key = parse_checkpoint(parse_note(note).text), self.sources[origin].key
        known = parse_checkpoint(parse_note(cosigned).text) if cosigned else None
        if known is not None and known.size == seen.size and known.root != seen.root:
            self.alarms.two_faces(show_equivocation(key, cosigned, note), self.clock())
        elif code == "witness/proof":
            words = f"somebody brought a checkpoint of size {seen.size} without proof that it leads on from what was cosigned; that accuses nobody"
            self.alarms.sound(origin, UNPROVED, self.clock(), words, note)

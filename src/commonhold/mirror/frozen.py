"""That a log has ended for this mirror: signed once, remembered for ever, and never signed for again (DESIGN 3.4).

A mirror that has replayed a satisfied succession signs ``commonhold/frozen/v1`` with its mirror key: up to where it holds the old log, and
which log the organisation goes on in. From the transaction that remembers it, its mirror key signs nothing of the old origin: no answer, no
heartbeat, no state. The witness key is another matter: it tells the public witness world that a log only ever grew, which is as true of a
log that nobody lives in any more, and says nothing about who speaks (docs/adr).

Not here: whether a succession is satisfied (:mod:`.standing`), and that the statement makes no successor (the kernel's ``statements``).
"""

from __future__ import annotations

import sqlite3

from commonhold.kernel.errors import RuleError
from commonhold.kernel.notes import SignerKey
from commonhold.kernel.record.statements import Frozen, sign_statement
from commonhold.mirror.database import Database


class FrozenLogs:
    """The logs that one mirror key has signed to have ended. Threads may call at once."""

    def __init__(self, database: Database, signer: SignerKey) -> None:
        self._database, self._signer = database, signer

    def note(self, origin: str) -> bytes:
        """The signed statement about a log; empty if there is none."""
        found = self._database.read("SELECT note FROM frozen WHERE origin = ?", origin)
        return found[0][0] if found else b""

    def successor(self, origin: str) -> str:
        """The log that a frozen one leads to; empty if it is not frozen."""
        found = self._database.read("SELECT successor FROM frozen WHERE origin = ?", origin)
        return found[0][0] if found else ""

    def freeze(self, origin: str, size: int, root: bytes, successor: str, now: int) -> bytes:
        """The statement that *origin* ends here, with *successor* after it; the one that was signed first, if there is one.

        Durable when this returns. Its time is never before that of a signature that this mirror gave for *origin*, whatever the clock does: the
        two would convict it of having signed afterwards.

        Args:
            size: of the log as it is held, with its *root*.
            now: POSIX seconds.

        Raises:
            FormatError: if *successor* is not the next epoch of the same organisation.
            StoreError: if the database cannot be changed; nothing is signed then.
        """
        statement = Frozen(origin, size, root, successor)
        with self._database.changing() as rows:
            found = rows.execute("SELECT note FROM frozen WHERE origin = ?", (origin,)).fetchone()
            if found:
                known: bytes = found[0]
                return known
            last = rows.execute("SELECT coalesce(max(time), 0) FROM copies WHERE origin = ?", (origin,)).fetchone()[0]
            note = sign_statement(statement, self._signer, max(1, now, last))
            rows.execute("INSERT INTO frozen VALUES (?, ?, ?)", (origin, successor, note))
        return note

    def check(self, origin: str) -> None:
        """Pass in silence if the mirror may still sign for *origin*.

        Raises:
            RuleError: ``mirror/frozen`` once it has signed that it ended, with its ``successor``.
        """
        if successor := self.successor(origin):
            raise _refusal(origin, successor)


def check_not_frozen(rows: sqlite3.Connection, origin: str) -> None:
    """As :meth:`FrozenLogs.check`, within the transaction that is to remember a signature.

    Raises:
        RuleError: ``mirror/frozen``.
    """
    found = rows.execute("SELECT successor FROM frozen WHERE origin = ?", (origin,)).fetchone()
    if found:
        raise _refusal(origin, found[0])


def _refusal(origin: str, successor: str) -> RuleError:
    return RuleError(
        f"this mirror signs no more for {origin}: its members have decided to go on in {successor}",
        code="mirror/frozen",
        next_step="Read /mirror/HASH/successors of this node, and go on in that log.",
        data={"origin": origin, "successor": successor},
    )

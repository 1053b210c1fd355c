"""Entries that members gave to a partner, for a log that may not want them (DESIGN 3.3: no act passes by silence).

A node takes an entry of a record that it follows if the fold accepts it now, keeps it, and hands it on. If ten minutes later the log still has not
taken it, and the fold would still accept it, the mirror key signs nothing more for that log: a server that drops entries loses its clock.

What is kept is bounded for each member and each record, so a stolen kit can fill no disk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from commonhold.kernel.errors import RuleError
from commonhold.kernel.record.clock import Roots
from commonhold.kernel.record.entries import Entry
from commonhold.kernel.record.fold import Outcome, apply
from commonhold.kernel.record.state import State
from commonhold.mirror.asking import check_not_ahead
from commonhold.mirror.copy import Copy
from commonhold.mirror.database import Database
from commonhold.store.record import refusal_of

LEFT_OUT_SECONDS: Final = 600
MAX_OF_MEMBER: Final = 16
MAX_OF_RECORD: Final = 512


@dataclass(frozen=True, slots=True)
class Waiting:
    """An entry that its log has not taken yet; *since* in POSIX seconds of this node."""

    id: str
    origin: str
    member: str
    since: int


class Pending:
    """The entries that one node holds for the logs that it follows. Threads may call at once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, origin: str, state: State, roots: Roots, entry: Entry, raw: bytes, now: int) -> Outcome | None:
        """Keep an entry, durably, if the fold accepts it now; what would become of it, or None if the record has it already.

        Raises:
            RuleError, ProofError, FormatError: with the fold's own words if it is refused, ``partner/clock`` for an attest from the future, or
                ``pending/too-many``; nothing is kept then.
            StoreError: if the database cannot be changed.
        """
        if state.ids.get(entry.id) is not None:
            return None
        after, outcome = apply(state, entry, roots)
        if not outcome.counts:
            raise refusal_of(outcome)
        if entry.type == "attest":
            # A log does well to leave out one from the future, and no partner may hold that against it.
            check_not_ahead(after.clock or 0, now)
        with self._database.changing() as rows:
            if rows.execute("SELECT 1 FROM entries WHERE id = ?", (entry.id,)).fetchone():
                return outcome
            of_record, of_member = rows.execute(
                "SELECT count(*), coalesce(sum(member = ?), 0) FROM entries WHERE origin = ?", (entry.by, origin)
            ).fetchone()
            if of_member >= MAX_OF_MEMBER or of_record >= MAX_OF_RECORD:
                raise RuleError(
                    f"{of_member} entries of {entry.by or 'nobody'} and {of_record} of this record wait already, "
                    f"and {MAX_OF_MEMBER} and {MAX_OF_RECORD} are kept",
                    code="pending/too-many",
                    next_step="Wait until the log has taken some, or give it to another partner.",
                )
            rows.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?)", (entry.id, origin, entry.by, now, raw))
        return outcome

    def all(self, origin: str = "") -> list[Waiting]:
        """Every entry that waits, or those of one log, the oldest first."""
        query = "SELECT id, origin, member, since FROM entries WHERE ? IN (origin, '') ORDER BY since, id"
        return [Waiting(*row) for row in self._database.read(query, origin)]

    def raw(self, entry_id: str) -> bytes | None:
        """The bytes of one of them; None if it does not wait here."""
        found = self._database.read("SELECT raw FROM entries WHERE id = ?", entry_id)
        return found[0][0] if found else None

    def left_out(self, origin: str, copy: Copy, now: int) -> list[tuple[Waiting, bytes]]:
        """The entries that have waited too long, once those that the record has or would now refuse are forgotten.

        Raises:
            StoreError: if the database cannot be changed.
        """
        late, over = [], []
        for entry_id, member, since, raw in self._database.read(
            "SELECT id, member, since, raw FROM entries WHERE origin = ? ORDER BY since", origin
        ):
            # `apply` tells both: an id that the record has is refused as replayed, and of two acts that exclude each other one was taken.
            if not apply(copy.state, raw, copy.tree.root)[1].counts:
                over.append((entry_id,))
            elif now - since >= LEFT_OUT_SECONDS:
                late.append((Waiting(entry_id, origin, member, since), raw))
        if over:
            with self._database.changing() as rows:
                rows.executemany("DELETE FROM entries WHERE id = ?", over)
        return late

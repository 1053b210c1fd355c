"""What a node knows about all organisations that it follows, ready to be asked: made again when something has changed, and otherwise kept.

Answering costs a few look-ups, so a page full of readers does not slow down what the node is there for. The board is a few seconds old at most.
"""

from __future__ import annotations

import hashlib
import threading
import time
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from commonhold.kernel.addresses import HANDLE, WEB, Address, address_of
from commonhold.kernel.errors import CommonholdError
from commonhold.kernel.record.state import State
from commonhold.mirror.alarms import Alarm
from commonhold.mirror.check.sight import organisation_of
from commonhold.mirror.standing import Standing, freshen
from commonhold.pages.check.facts import Channel, Organisation, Statement
from commonhold.store.proving import words_of

if TYPE_CHECKING:
    from commonhold.mirror.node import Node

FRESH: Final = 2.0
"""Seconds for which a board is used without a look at the node."""
TELL_SECONDS: Final = 15
"""How long what depends on time alone is told as it was."""


@dataclass(frozen=True, slots=True)
class Board:
    """All organisations, and where to find what people ask for."""

    organisations: tuple[Organisation, ...] = ()
    standings: dict[str, Standing] = field(default_factory=dict)
    channels: dict[tuple[str, str], list[tuple[Organisation, Channel]]] = field(default_factory=dict)
    hosts: dict[str, list[tuple[Organisation, Channel, Address]]] = field(default_factory=dict)
    texts: dict[bytes, list[tuple[Organisation, Statement]]] = field(default_factory=dict)
    codes: tuple[tuple[str, str], ...] = ()
    """Hexadecimal ids and the organisation in whose record they are, sorted."""

    @classmethod
    def of(cls, organisations: Iterable[Organisation], standings: dict[str, Standing]) -> Board:
        """The board of these organisations, whose *standings* are given by their ids."""
        board = cls(tuple(sorted(organisations, key=lambda one: (one.name, one.id))), standings)
        codes: set[tuple[str, str]] = set()
        for one in board.organisations:
            for channel in one.channels:
                address = address_of(channel.address)
                board.channels.setdefault((address.kind, address.key), []).append((one, channel))
                if address.kind in (WEB, HANDLE):
                    host = address.host or address.key.rpartition("@")[2]
                    board.hosts.setdefault(host, []).append((one, channel, address))
            for statement in one.statements:
                codes.add((statement.digest, one.id))
                if statement.text is not None:
                    board.texts.setdefault(same_words(statement.text.encode()), []).append((one, statement))
            codes.add((one.id, one.id))
            codes.update((proposal, one.id) for proposal in standings[one.id].state.part("proposals"))
        return Board(board.organisations, standings, board.channels, board.hosts, board.texts, tuple(sorted(codes)))

    def organisation(self, org: str) -> Organisation | None:
        """The organisation with that id."""
        return next((one for one in self.organisations if one.id == org), None)

    def lacking(self) -> list[str]:
        """The organisations of which this node lacks the text of a statement that may be there elsewhere."""
        gone = {one.id: self.standings[one.id].state.part("erasures") for one in self.organisations}
        return [
            one.id for one in self.organisations if any(each.text is None and each.digest not in gone[one.id] for each in one.statements)
        ]

    def state(self, org: str) -> State:
        """The replayed state of one of the organisations."""
        return self.standings[org].state

    def with_prefix(self, digits: str) -> list[tuple[str, str]]:
        """The ids that begin with these digits, each with its organisation; at most a dozen."""
        at = bisect_left(self.codes, (digits, ""))
        return [one for one in self.codes[at : at + 12] if one[0].startswith(digits)]


def same_words(text: bytes) -> bytes:
    """A digest of a text that forgives what editors, mail and forms change unseen: line ends, and space at the ends of lines and of the text."""
    return hashlib.sha256(words_of(text).lstrip(b"\n \t")).digest()


@dataclass(frozen=True, slots=True)
class _Seen:
    """An organisation as it was made: of what had grown so far, what was known of it then, and what came of that."""

    grown: object
    known: object
    standing: Standing
    organisation: Organisation


class Boards:
    """The newest :class:`Board` of a node. Threads may call at once."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._lock = threading.Lock()
        self._seen: dict[str, _Seen] = {}
        self._board = Board()
        self._made = float("-inf")

    @property
    def newest(self) -> Board | None:
        """The board, if it is fresh enough to answer from."""
        return self.no_older_than(FRESH)

    def no_older_than(self, seconds: float) -> Board | None:
        """The board, unless it is older."""
        return self._board if time.monotonic() - self._made < seconds else None

    def forget(self) -> None:
        """Look again for the next question."""
        self._made = float("-inf")

    def look(self) -> Board:
        """The board, made again if it is not fresh.

        Raises:
            StoreError: if the node's memory cannot be read.
        """
        with self._lock:
            if (board := self.newest) is None:
                board = self._look()
                self._board, self._made = board, time.monotonic()
            return board

    def _look(self) -> Board:
        alarms: dict[str, list[Alarm]] = {}
        for alarm in self._node.alarms.all():
            alarms.setdefault(alarm.origin, []).append(alarm)
        found: dict[str, _Seen] = {}
        for org in self._node.standings.organisations():
            before = self._seen.get(org)
            try:
                found[org] = self._one(org, before, alarms)
            except CommonholdError:
                # Not held yet, or just being caught up with: what was known of it stays, and it is asked for again.
                if before is not None:
                    found[org] = before
        self._seen = found
        organisations = tuple(sorted((one.organisation for one in found.values()), key=lambda one: (one.name, one.id)))
        if organisations == self._board.organisations:
            return self._board
        return Board.of(organisations, {org: one.standing for org, one in found.items()})

    def _one(self, org: str, before: _Seen | None, alarms: Mapping[str, list[Alarm]]) -> _Seen:
        node, logs = self._node, self._node.standings.followers_of(org)
        now, grown = node.clock(), tuple((log.origin, log.held()) for log in logs)
        heard = {log.origin: log.answers() for log in logs}
        noticed = [alarm for log in logs for alarm in alarms.get(log.origin, ())]
        trouble = {log.origin: log.trouble for log in logs}
        known = (heard, noticed, trouble, node.keeping.texts.version, now // TELL_SECONDS)
        if before is not None and before.grown == grown:
            if before.known == known:
                return before
            # Nobody wrote anything: only how fresh it is has to be judged again.
            standing = freshen(before.standing, heard, noticed, now, node.name)
        else:
            standing = node.standing(org)
        said = trouble.get(standing.history.current.origin, "")
        return _Seen(grown, known, standing, organisation_of(standing, text_of=partial(node.keeping.texts.text, org), trouble=said))

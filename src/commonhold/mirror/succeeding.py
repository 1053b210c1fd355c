"""The bad day at a partner: it takes in the logs of later epochs, and leaves the old one when the members have decided (DESIGN 3.4).

Three things. *Announcing*: somebody names an address, and if a member's ``open`` stands there that fits a branch which this node holds, its log is followed
from then on. *Beginning*: the log of a later epoch starts with the state of its branch, from this node's own copy of the log before it; where the old
server withheld entries from this node, they are fetched from where the new epoch is served, under the old log's own signature. *Settling*: once the
line through everything that is held says that the organisation lives elsewhere, the node looks everywhere once more, and then signs that the old log
has ended. A contradiction ends nothing.

Not here: the rules (the kernel's ``history``); who may announce how much (:mod:`.later`); what is signed (:mod:`.frozen`).
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from commonhold.kernel.errors import CommonholdError, ProofError, RuleError, StoreError
from commonhold.kernel.ids import parse_origin
from commonhold.kernel.notes import VerifierKey, parse_note
from commonhold.kernel.record.state import State
from commonhold.kernel.tlog.checkpoint import open_checkpoint, parse_checkpoint
from commonhold.mirror.alarms import Alarms
from commonhold.mirror.contradicting import contradiction_of
from commonhold.mirror.follower import Follower
from commonhold.mirror.frozen import FrozenLogs
from commonhold.mirror.held import org_of
from commonhold.mirror.later import MAX_OF_ORG, LaterEpochs, Opening, check_kit, check_opens, read_opening
from commonhold.mirror.others import Others
from commonhold.mirror.standing import Standings
from commonhold.mirror.witness import Clock, origin_hash
from commonhold.store.fetch import Fetch, check_plain, foreign_json, is_private_address
from commonhold.store.reader import StaticReader

MAX_URL: Final = 2048
MAX_LISTED: Final = 1 << 18
_HASH: Final = re.compile(r"[0-9a-f]{64}")
ANNOUNCED_SECONDS: Final = 60.0
"""How long one announcement may fetch, all files together."""
GATHERED_BYTES: Final = 64 << 20
"""What is taken at a time of a log from another place than its own address."""


@dataclass(frozen=True, slots=True)
class Announced:
    """What came of an announcement: the log that is followed, and whether it is *new* here."""

    follower: Follower
    epoch: int
    new: bool


class Successions:
    """The later epochs of one node, and the end of the earlier ones. Threads may call at once.

    Args:
        followers: the node's, by hash; *follow* adds one, and *forget* takes one out.
        alarms: where evidence goes.
        others: the partners whom the operator named: they may have more of a log, and know epochs that nobody has told this node of.
        fetch: how an address that a stranger named is read.
        private: whether such an address may be in a private network.
    """

    def __init__(
        self,
        followers: Mapping[str, Follower],
        later: LaterEpochs,
        frozen: FrozenLogs,
        standings: Standings,
        alarms: Alarms,
        clock: Clock,
        others: Others,
        fetch: Callable[[str], Fetch],
        *,
        private: bool,
        follow: Callable[[VerifierKey], Follower],
        forget: Callable[[str], None],
    ) -> None:
        self._followers, self._later, self._frozen, self._standings = followers, later, frozen, standings
        self._clock, self._fetch, self._private, self._follow, self._forget = clock, fetch, private, follow, forget
        self._others, self._compared = others, dict[tuple[str, str], bytes]()
        self._alarms, self._told = alarms, dict[str, list[str]]()
        self._admitting = threading.Lock()

    def announce(self, url: str) -> Announced:
        """Follow the log of a later epoch that is served at *url*, if its first entry is an ``open`` that fits a branch held here.

        Raises:
            RuleError: if it is no later epoch of an organisation that is followed here, the fold refuses its ``open``, its member has had another
                one followed this week, or the address is in a private network. ProofError, FormatError, StoreError: if it cannot be read.
        """
        url = url.rstrip("/")
        fetch = self._others.fetch_of(url)
        if fetch is None:
            self._check_address(url)
            fetch = self._fetch(url)
        reader = StaticReader(within(fetch, ANNOUNCED_SECONDS))
        opening = read_opening(reader)
        name = origin_hash(opening.key.name)
        known = self._followers.get(name)
        if known is not None:
            # Whoever has a copy of a log, old or as new as this node's, may not push out the address that leads on.
            ahead = opening.size - known.held()[0]
            if ahead > 0:
                self._later.remember(opening.key.name, url, self._clock())
            elif ahead == 0:
                self._later.keep_spare(opening.key.name, url)
            return Announced(known, opening.entry.epoch, new=False)
        self._later.check_free(opening, self._clock())
        self._check(opening, reader)
        with self._admitting:
            self._later.check_free(opening, self._clock())
            follower = self._take_in(opening, url)
        return Announced(follower, opening.entry.epoch, new=True)

    def begin(self, key: VerifierKey, readers: Callable[[], list[StaticReader]]) -> State | None:
        """The state in which a log begins: nothing for a founding, or the branch that its first entry names.

        Raises:
            RuleError: if the log before it is not followed here, or its ``open`` does not fit.
            ProofError, FormatError, StoreError: if it cannot be read.
        """
        if not _is_later(key.name):
            return None
        later = self._later.find(key.name)
        if later is None:
            # The operator named this log, so its first entry is still to be seen.
            reader = (readers() or [_nowhere(key.name)])[0]
            opening = read_opening(reader)
            if opening.key != key:
                raise ProofError(f"the log that is served there is {opening.key.name}, and {key.name} is followed", code="epochs/other-log")
            self._check(opening, reader)
            with self._admitting:
                for gone in self._later.keep(opening, "", self._clock(), told=False, is_decided=self._is_decided):
                    self._forget(gone)
            later = self._later.find(key.name)
            assert later is not None, "it was kept just now"  # noqa: S101 - for the types
        state: State = self._parent(later.parent).branch_state(later.size, later.root)
        return state

    def settle(self, org: str) -> list[str]:
        """Sign that logs have ended, where the line of *org* leads out of them; gives their origins.

        Raises:
            CommonholdError: if the logs cannot be read as one now; nothing is signed then.
        """
        if len(self._standings.followers_of(org)) < 2:
            return []
        self._accuse(org)
        if not self._due(org):
            return []
        # What was decided in the old log since the branch may displace the succession: look everywhere once more before leaving it.
        for follower in self._standings.followers_of(org):
            with contextlib.suppress(CommonholdError):
                follower.pull()
            self.compare(follower)
        ended = []
        for old, successor in self._due(org):
            self._followers[origin_hash(old)].freeze(successor)
            ended.append(old)
        return ended

    def _accuse(self, org: str) -> None:
        """Keep the proof of two successions that exclude each other."""
        standing = self._standings.of(org)
        origins = sorted(set(standing.history.contradiction))
        if len(origins) < 2 or self._told.get(org) == origins:
            return
        logs = []
        for origin in origins:
            follower = self._followers[origin_hash(origin)]
            if (chapter := follower.chapter()) is not None:
                logs.append((follower, chapter))
        proof = contradiction_of(org, logs)
        if proof is not None:
            self._alarms.two_successions(standing.history.current.origin, proof, self._clock())
            self._told[org] = origins

    def compare(self, follower: Follower) -> None:
        """Hold a log against what other partners have of it: take what is more, keep proof of what is another history, hear of later epochs.

        Whoever does not answer, or lies, changes nothing: all of it is proved under the log's own signature, and an epoch by its first entry.
        """
        for place, fetch, note in self._others.places(follower.origin):
            reader = StaticReader(within(fetch, ANNOUNCED_SECONDS))
            if note and self._compared.get((follower.origin, place)) != note:
                with contextlib.suppress(CommonholdError):
                    self.gather(follower, reader)
                self._compared[(follower.origin, place)] = note
            for name in _listed(fetch):
                if name not in self._followers:
                    with contextlib.suppress(CommonholdError):
                        self.announce(f"{place.rpartition('/')[0]}/{name}")

    def successors(self, origin: str) -> dict[str, Any]:
        """What this node knows of the logs after one, as plain data (docs/formats/partner-node.md)."""
        standing = None
        with contextlib.suppress(CommonholdError):
            standing = self._standings.of(org_of(origin))
        rows = []
        for later in self._later.after(origin):
            told = standing.log(later.origin) if standing is not None else None
            rows.append(
                {
                    "epoch": parse_origin(later.origin)[1],
                    "origin": later.origin,
                    "hash": origin_hash(later.origin),
                    "vkey": later.vkey,
                    "url": next(iter(self._later.addresses(later.origin)), ""),
                    "status": told.status if told is not None else "unread",
                }
            )
        return {"origin": origin, "frozen": self._frozen.note(origin).decode(), "successors": rows}

    def earlier(self, origin: str, epoch: int) -> Follower | None:
        """The follower of the log of an earlier *epoch* that a log rests on; None if there is none."""
        while _is_later(origin):
            later = self._later.find(origin)
            if later is None or parse_origin(origin)[1] <= epoch:
                return None
            origin = later.parent
            if parse_origin(origin)[1] == epoch:
                return self._followers.get(origin_hash(origin))
        return None

    def _check_address(self, url: str) -> None:
        if len(url) > MAX_URL:
            raise StoreError(f"the address has {len(url)} characters, and {MAX_URL} are read", code="store/url")
        check_plain(url)
        if not self._private and is_private_address(url):
            raise RuleError(
                f"{url} is in a private network, into which nobody is let through this node",
                code="epochs/private",
                next_step="Serve the epoch at a public address; or its operator starts this node with --allow-private.",
            )

    def _check(self, opening: Opening, reader: StaticReader) -> None:
        """Pass in silence if an ``open`` fits a branch that is held, or that is served with it.

        Raises:
            CommonholdError: why not.
        """
        entry, (origin, size, root) = opening.entry, opening.parent
        parent = self._parent(origin)
        check_kit(parent.view()[0], entry)
        if size > parent.held()[0]:
            self.gather(parent, reader.earlier(entry.epoch - 1))
        check_opens(parent.branch_state(size, root), entry)

    def gather(self, follower: Follower, reader: StaticReader) -> None:
        """Take what another place than a log's own address has of it, as far as the log has signed that; bounded in bytes.

        It is all fetched before the log's turn is taken, so that a place that drips holds up nobody else.

        Raises:
            CommonholdError: if it cannot be read, or is not the log's.
        """
        raw = reader.checkpoint_raw()
        checkpoint, _ = open_checkpoint(raw, [follower.log])
        held = follower.held()[0]
        if checkpoint.size <= held:
            follower.judge(raw)
            return
        kept, budget = {"checkpoint": raw}, GATHERED_BYTES

        def fetch(name: str, max_size: int) -> bytes:
            nonlocal budget
            if name not in kept:
                kept[name] = reader.fetch(name, min(max_size, budget))
                budget -= len(kept[name])
            return kept[name]

        reading = StaticReader(fetch)
        hashes = reading.hashes(checkpoint.size, checkpoint.root)
        # The same questions that the follower will ask.
        for size in {held, *self._known_size(follower, checkpoint.size)}:
            hashes.root(size)
        for _ in reading.proved_entries(held, checkpoint.size, hashes):
            pass
        follower.pull_from(StaticReader(fetch))

    def _known_size(self, follower: Follower, most: int) -> Iterator[int]:
        known = follower.known()
        if known and (size := parse_checkpoint(parse_note(known).text).size) <= most:
            yield size

    def _take_in(self, opening: Opening, url: str) -> Follower:
        for gone in self._later.keep(opening, url, self._clock(), told=True, is_decided=self._is_decided):
            self._forget(gone)
        return self._follow(opening.key)

    def _is_decided(self, origin: str) -> bool:
        follower = self._followers.get(origin_hash(origin))
        return follower is not None and follower.view()[0].phase == "running"

    def _parent(self, origin: str) -> Follower:
        found = self._followers.get(origin_hash(origin))
        if found is None:
            raise RuleError(
                f"this node does not follow {origin[:200]}, which that epoch branches off",
                code="mirror/unknown-log",
                next_step="Announce the epochs in their order, or give it to one of the organisation's own partners. A node's operator can name "
                "the log before it: it lies at epochs/N of the later one's address.",
            )
        return found

    def _due(self, org: str) -> list[tuple[str, str]]:
        standing = self._standings.of(org)
        if standing.history.contradiction or standing.incomplete:
            return []
        line = [chapter.origin for chapter in standing.history.line]
        return [(old, new) for old, new in pairwise(line) if not self._frozen.successor(old)]


def _listed(fetch: Fetch) -> list[str]:
    """The hashes of the logs that another partner lists after one; none where it does not answer as a partner does."""
    try:
        rows = foreign_json(fetch("successors", MAX_LISTED))["successors"]
        return [row["hash"] for row in rows[:MAX_OF_ORG] if _HASH.fullmatch(row["hash"])]
    except (CommonholdError, ValueError, KeyError, TypeError):
        return []


def within(fetch: Fetch, seconds: float) -> Fetch:
    """*fetch*, until so many *seconds* from now are over."""
    end = time.monotonic() + seconds

    def bounded(name: str, max_size: int) -> bytes:
        if time.monotonic() > end:
            raise StoreError(
                f"the address took more than {seconds:g} seconds", code="store/unreachable", next_step="Serve it from a faster place."
            )
        return fetch(name, max_size)

    return bounded


def _is_later(origin: str) -> bool:
    try:
        return parse_origin(origin)[1] > 0
    except CommonholdError:
        return False


def _nowhere(origin: str) -> StaticReader:
    def fetch(name: str, _max_size: int) -> bytes:
        raise StoreError(f"nobody has said where {origin} is served, and {name} is needed", code="store/absent")

    return StaticReader(fetch)

"""A partner node: its keys and memory, the logs that it was told of, and what it does for each of them (DESIGN 3.4).

One node serves any number of organisations. Every log is witnessed (:mod:`.witness`). A partner also follows those whose address it knows
(:mod:`.follower`): it looks at each now and then, hands on what members gave it (:mod:`.pending`), and signs again what it holds, so that
readers see that it still stands (a heartbeat). Nothing here knows HTTP but as a client; :mod:`.app` serves.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from commonhold.kernel.errors import CommonholdError, ProofError, RuleError
from commonhold.kernel.notes import VerifierKey, parse_note
from commonhold.kernel.record.entries import parse_entry
from commonhold.kernel.record.fold import Outcome
from commonhold.kernel.tlog.checkpoint import parse_checkpoint
from commonhold.kernel.tlog.equivocation import show_equivocation
from commonhold.mirror.alarms import Alarms
from commonhold.mirror.follower import Follower
from commonhold.mirror.frozen import FrozenLogs
from commonhold.mirror.held import org_of
from commonhold.mirror.keeping import Keeping, Known
from commonhold.mirror.keys import open_state
from commonhold.mirror.later import LaterEpochs
from commonhold.mirror.others import Others
from commonhold.mirror.pending import Pending
from commonhold.mirror.sources import LogSource, fetch_announced, fetch_from, post_to, replica_at
from commonhold.mirror.standing import Standing, Standings
from commonhold.mirror.succeeding import Successions
from commonhold.mirror.tending import Tending, rounds
from commonhold.mirror.vouching import Voucher
from commonhold.mirror.witness import Clock, Witness, origin_hash
from commonhold.store.fetch import Fetch
from commonhold.store.files import DirectoryFiles, Files
from commonhold.store.objects.repair import Replica
from commonhold.store.reader import StaticReader

MIRROR: Final = "mirror"
LOCK: Final = ".lock"
LOOK_AGAIN_SECONDS: Final = 3.0
"""How often a reader's question may bring a look forward."""
HEARTBEAT_SECONDS: Final = 60


class Node:
    """A node in a folder. Close it when done.

    Args:
        folder: made on the first start, see :func:`.keys.open_state`; one process at a time.
        name: that its keys carry.
        sources: the logs.
        clock: POSIX seconds.
        follow: whether to mirror the logs whose address is known; a bare witness does not.
        fetch: how an address is read, and *post* how something is sent to one.
        files: where the copy of the log with a given name lies.
        partners: addresses of other partners, who are asked for their signatures of the same logs.
        announced: how an address that a stranger named is read.
        allow_private: whether such an address may be in a private network, or on this machine.
        capacity: bytes of works that are kept of each organisation.
        replica: how objects at an address are read.

    Raises:
        FormatError, CustodyError, StoreError: as :func:`.keys.open_state`; ``store/locked`` if another process serves this folder.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        sources: Iterable[LogSource],
        clock: Clock,
        *,
        follow: bool = False,
        fetch: Callable[[str], Fetch] = fetch_from,
        post: Callable[[str, bytes], None] = post_to,
        files: Callable[[Path], Files] = DirectoryFiles,
        partners: Iterable[str] = (),
        announced: Callable[..., Fetch] = fetch_announced,
        allow_private: bool = False,
        capacity: int = 0,
        replica: Callable[..., Replica] = replica_at,
    ) -> None:
        self.name, self.clock, self._post = name, clock, post
        self.sources = {source.key.name: source for source in sources}
        self.keys, self.database = open_state(folder, name)
        try:
            self._lock = DirectoryFiles(folder).lock(LOCK)
        except CommonholdError:
            self.database.close()
            raise
        self.alarms, self.pending = Alarms(self.database), Pending(self.database)
        self.later, self.frozen = LaterEpochs(self.database), FrozenLogs(self.database, self.keys.mirror)
        self._keys_of_logs = {origin: (source.key,) for origin, source in self.sources.items()}
        self.witness = Witness(self.database, self.keys.witness, self._keys_of_logs, clock, self._suspect)
        self._folder, self._files, self._fetch, self.voucher = folder, files, fetch, Voucher(self.keys.validator)
        self._announced = partial(announced, private=allow_private)
        self.follow = follow
        self.followers: dict[str, Follower] = {}
        self.standings = Standings(self.followers, self.alarms, clock, name)
        self._looked: dict[str, float] = {}
        self.others = Others(partners, fetch, clock)
        known = Known(self.sources, self.later, self.others, fetch, self._announced, replica, private=allow_private)
        self.keeping = Keeping(folder, clock, self.standings, known, capacity)
        self.successions = Successions(
            self.followers,
            self.later,
            self.frozen,
            self.standings,
            self.alarms,
            clock,
            self.others,
            self._announced,
            private=allow_private,
            follow=self._follow,
            forget=self._forget,
        )
        self._tending = Tending(self.followers, self.tend, self._sign_if_due, self._due, self._lanes)
        self._compare_at: dict[str, int] = {}
        if follow:
            for source in list(self.sources.values()):
                if source.url:
                    self._follow(source.key)
            for later in self.later.all():
                self._follow(VerifierKey.parse(later.vkey))

    def close(self) -> None:
        """Let the database and the folder go."""
        self.keeping.works.stop()
        self.database.close()
        self._lock.release()

    def standing(self, org: str) -> Standing:
        """Who speaks for an organisation now, by all its logs that this node holds; cheap while nothing changes.

        Raises:
            RuleError, ProofError, StoreError: as :meth:`.standing.Standings.of`.
        """
        return self.standings.of(org)

    def follower(self, name: str) -> Follower:
        """The follower of the log with this *name*, the SHA-256 of its origin in hexadecimal.

        Raises:
            RuleError: ``mirror/unknown-log`` if there is none.
        """
        found = self.followers.get(name)
        if found is None:
            raise RuleError("this node does not follow a log of that name", code="mirror/unknown-log")
        return found

    def take_entry(self, raw: bytes) -> tuple[Follower, Outcome | None]:
        """Keep an entry for the record of its organisation, see :meth:`.pending.Pending.take`: for the log of its epoch that takes it.

        Raises:
            RuleError: ``mirror/unknown-log`` if no such record is followed, ``mirror/frozen`` if that log has ended; and as ``take``.
        """
        entry = parse_entry(raw)
        refused: CommonholdError | None = None
        logs = self.standings.followers_of(entry.org)
        for follower in [log for log in logs if log.view()[0].epoch == entry.epoch] or logs[:1]:
            try:
                self.frozen.check(follower.origin)
                return follower, follower.take_entry(raw)
            except CommonholdError as error:
                refused = refused or error
        raise refused or RuleError(
            f"this node does not follow the record of the organisation {entry.org[:12]}",
            code="mirror/unknown-log",
            next_step="Give the entry to one of the organisation's own partners.",
        )

    def tend(self, follower: Follower) -> None:
        """Look at one log once: fetch what is new, hand on what waits, and sign what is held if that is due."""
        follower.trouble = ""
        self._pull(follower)
        if self._forward(follower):
            # Whoever handed in an act waits for it to be seen here.
            self._pull(follower)
        self._sign_if_due(follower)
        self._ask_others(follower)
        try:
            self.successions.settle(org_of(follower.origin))
        except CommonholdError as error:
            follower.trouble = follower.trouble or error.diagnostics()
        self.keeping.gather(follower)

    def _pull(self, follower: Follower) -> None:
        try:
            follower.pull()
        except CommonholdError as error:
            follower.trouble = follower.trouble or error.diagnostics()

    def _ask_others(self, follower: Follower) -> None:
        """Hear what other partners have signed of a log, and now and then hold it against what is here."""
        follower.heard = self.others.ask(follower.origin)
        now = self.clock()
        if now >= self._compare_at.get(follower.origin, 0):
            self._compare_at[follower.origin] = now + HEARTBEAT_SECONDS
            self.successions.compare(follower)

    def _sign_if_due(self, follower: Follower) -> None:
        head = follower.head()
        if head is not None and head[0] == follower.size() and self.clock() - head[2] < HEARTBEAT_SECONDS:
            return
        try:
            follower.sign()
        except (ProofError, RuleError) as error:
            # A mirror that has nothing yet has told the reason above, and a log that has ended is no trouble.
            if error.code != "mirror/frozen":
                follower.trouble = follower.trouble or error.diagnostics()

    async def run(self) -> None:
        """Tend every log for as long as the node lives; see :mod:`.tending`."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tending.run())
            if self.keeping.works.capacity and self.follow:
                group.create_task(rounds(self.standings.organisations, self.keeping.take_works))

    def soon(self, follower: Follower) -> None:
        """Look at one log at once; to be called from the event loop."""
        self._tending.soon(follower)

    def _due(self) -> list[Follower]:
        """The logs whose signature is to be made again, but for those that are being caught up with."""
        query = "SELECT origin FROM copies WHERE note != x'' AND time <= ? AND origin NOT IN (SELECT origin FROM frozen)"
        rows = self.database.read(query, self.clock() - HEARTBEAT_SECONDS)
        found = [self.followers.get(origin_hash(origin)) for (origin,) in rows]
        return [follower for follower in found if follower is not None and not follower.busy]

    def look_again(self, org: str) -> None:
        """Look at an organisation's logs because a reader asks and the answer is not fresh; at most every few seconds, however many ask.

        To be called from the event loop.
        """
        now = time.monotonic()
        if now - self._looked.get(org, -LOOK_AGAIN_SECONDS) >= LOOK_AGAIN_SECONDS and (logs := self.standings.followers_of(org)):
            self._looked[org] = now
            for follower in logs:
                self.soon(follower)

    def _lanes(self, follower: Follower) -> list[str]:
        """What a log has in common with others: its organisation, and the hosts from which it is fetched."""
        source = self.sources.get(follower.origin)
        urls = [*([source.url] if source is not None and source.url else []), *self.later.addresses(follower.origin)]
        return [f"org {org_of(follower.origin) or follower.origin}", *(f"host {urlsplit(url).hostname}" for url in urls)]

    def _follow(self, key: VerifierKey) -> Follower:
        """Follow a log from now on: one of the operator's, or of a later epoch that was taken in."""
        origin, name = key.name, origin_hash(key.name)
        if name in self.followers:
            return self.followers[name]
        source = self.sources.setdefault(origin, LogSource(key))
        self._keys_of_logs.setdefault(origin, (key,))
        readers = partial(self._readers, origin)
        self.followers[name] = Follower(
            key,
            readers,
            self._files(self._folder / MIRROR / name),
            self.database,
            self.keys.mirror,
            self.clock,
            self.alarms,
            self.pending,
            self.voucher,
            self.frozen,
            own=bool(source.url),
            begins=partial(self.successions.begin, key, readers),
            places=partial(self.later.places, origin),
        )
        return self.followers[name]

    def _forget(self, origin: str) -> None:
        """Follow a log no more; what was signed of it stays remembered."""
        self.followers.pop(origin_hash(origin), None)
        self.sources.pop(origin, None)

    def _readers(self, origin: str) -> list[StaticReader]:
        """How a log is read: from the address that the operator gave, and from those that strangers named."""
        source = self.sources.get(origin)
        own = [StaticReader(self._fetch(source.url))] if source is not None and source.url else []
        fetches = {url: self.others.fetch_of(url) or self._announced(url) for url in self.later.addresses(origin)}
        return own + [StaticReader(self.later.tried(origin, url, fetch)) for url, fetch in fetches.items()]

    def _forward(self, follower: Follower) -> bool:
        """Hand what waits to the log itself; what it says is its business, and whether it takes it is seen in the record.

        Gives whether anything reached it.
        """
        source = self.sources.get(follower.origin)
        url = source.url if source is not None and source.url else next(iter(self.later.addresses(follower.origin)), "")
        reached = False
        for waiting in self.pending.all(follower.origin) if url else []:
            raw = self.pending.raw(waiting.id)
            if raw is None:
                continue
            try:
                self._post(f"{url}/entry", raw)
            except CommonholdError as error:
                follower.trouble = follower.trouble or error.diagnostics()
                break
            reached = True
        return reached

    def _suspect(self, origin: str, note: bytes, cosigned: bytes, code: str) -> None:
        """Keep what a refused request says against its log."""
        seen, key = parse_checkpoint(parse_note(note).text), self._keys_of_logs[origin][0]
        known = parse_checkpoint(parse_note(cosigned).text) if cosigned else None
        follower = self.followers.get(origin_hash(origin))
        if known is not None and known.size == seen.size and known.root != seen.root:
            self.alarms.two_faces(show_equivocation(key, cosigned, note), self.clock())
        elif follower is not None and follower.judge(note):
            return
        elif code == "witness/proof" and cosigned:
            # With nothing cosigned before, there are no two checkpoints that would have to lead on to each other.
            self.alarms.unproved(key, cosigned, note, self.clock())

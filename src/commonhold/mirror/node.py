"""A partner node: its keys and memory, the logs that it was told of, and what it does for each of them (DESIGN 3.4).

One node serves any number of organisations. Every log is witnessed (:mod:`.witness`). A partner also follows those whose address it knows
(:mod:`.follower`): it looks at each now and then, hands on what members gave it (:mod:`.pending`), and signs again what it holds, so that
readers see that it still stands (a heartbeat). Nothing here knows HTTP but as a client; :mod:`.app` serves.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from anyio import CapacityLimiter, to_thread

from commonhold.kernel.errors import CommonholdError, FormatError, ProofError, RuleError
from commonhold.kernel.notes import ED25519, VerifierKey, parse_note
from commonhold.kernel.record.entries import parse_entry
from commonhold.kernel.record.fold import Outcome
from commonhold.kernel.tlog.checkpoint import parse_checkpoint
from commonhold.kernel.tlog.equivocation import show_equivocation
from commonhold.mirror.alarms import UNPROVED, Alarms
from commonhold.mirror.follower import Follower, OneEpoch, Succession
from commonhold.mirror.keys import open_state
from commonhold.mirror.others import Others
from commonhold.mirror.pending import Pending
from commonhold.mirror.standing import Standing, Standings
from commonhold.mirror.texts import Texts
from commonhold.mirror.vouching import Voucher
from commonhold.mirror.witness import Clock, Witness, origin_hash
from commonhold.store.fetch import Fetch, is_private_address, url_fetch, url_post
from commonhold.store.files import DirectoryFiles, Files
from commonhold.store.reader import StaticReader

MIRROR: Final = "mirror"
LOCK: Final = ".lock"
TEXTS: Final = "texts"
POLL_SECONDS: Final = 20.0
HEARTBEAT_SECONDS: Final = 60
WORKERS: Final = 16
"""Logs that are looked at at a time; one that drips its answers holds one of them up, and then waits in proportion."""
FETCH_SECONDS: Final = 20.0
MAX_ANSWER: Final = 1 << 16


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
            next_step="Give the log's own key; whoever serves the record has it.",
        )
    return key


def fetch_from(url: str) -> Fetch:
    """How a node fetches: never into a private network, unless the log's own address was given as a number in one."""
    return url_fetch(url, deadline=FETCH_SECONDS, public_only=not is_private_address(url))


def post_to(address: str, body: bytes) -> None:
    """How a node hands something to a log; what the log says to it is not heard.

    Raises:
        StoreError: if nobody answers there.
    """
    url_post(address, body, max_size=MAX_ANSWER, deadline=FETCH_SECONDS, public_only=not is_private_address(address))


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
        succession: what later epochs say.
        partners: addresses of other partners, who are asked for their signatures of the same logs.

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
        succession: Succession | None = None,
        partners: Iterable[str] = (),
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
        self.voucher = Voucher(self.keys.validator)
        logs = {origin: (source.key,) for origin, source in self.sources.items()}
        self.witness = Witness(self.database, self.keys.witness, logs, clock, self._suspect)
        self.followers = {
            origin_hash(origin): Follower(
                source.key,
                StaticReader(fetch(source.url)),
                files(folder / MIRROR / origin_hash(origin)),
                self.database,
                self.keys.mirror,
                clock,
                self.alarms,
                self.pending,
                succession or OneEpoch(),
                self.voucher,
            )
            for origin, source in self.sources.items()
            if follow and source.url
        }
        self.standings = Standings(self.followers, self.alarms, clock, name)
        self.texts = Texts(folder / TEXTS, clock)
        self.others = Others(partners, fetch, clock)
        self._fetch = fetch
        self._wakes = {follower.origin: asyncio.Event() for follower in self.followers.values()}

    def close(self) -> None:
        """Let the database and the folder go."""
        self.database.close()
        self._lock.release()

    def standing(self, org: str) -> Standing:
        """Who speaks for an organisation now, by all its logs that this node holds; cheap while nothing changes.

        Raises:
            RuleError, ProofError, StoreError: as :meth:`.standing.Standings.of`.
        """
        return self.standings.of(org)

    def take_entry(self, raw: bytes) -> tuple[Follower, Outcome | None]:
        """Keep an entry for the record of its organisation, see :meth:`.pending.Pending.take`.

        Raises:
            RuleError: ``mirror/unknown-log`` if no record of that organisation is followed; and as ``take``.
        """
        org = parse_entry(raw).org
        for follower in self.followers.values():
            if org and follower.org() == org:
                return follower, follower.take_entry(raw)
        raise RuleError(
            f"this node does not follow the record of the organisation {org[:12]}",
            code="mirror/unknown-log",
            next_step="Give the entry to one of the organisation's own partners.",
        )

    def tend(self, follower: Follower) -> None:
        """Look at one log once: fetch what is new, hand on what waits, and sign what is held if that is due."""
        follower.trouble = ""
        try:
            follower.pull()
        except CommonholdError as error:
            follower.trouble = error.diagnostics()
        self._forward(follower)
        self._sign_if_due(follower)
        follower.heard = self.others.ask(follower.origin)
        self.texts.gather(follower.state, self._places_of_texts(follower.origin))

    def _places_of_texts(self, origin: str) -> list[Callable[[], Fetch]]:
        """Where a log's texts may lie: beside what its address serves, or, of a house's own folder ``record``, beside that."""
        url = self.sources[origin].url
        prefixes = [url, *([url.removesuffix("/record")] if url.endswith("/record") else [])]
        return [partial(self._fetch, prefix) for prefix in prefixes]

    def _sign_if_due(self, follower: Follower) -> None:
        head = follower.head()
        if head is not None and head[0] == follower.size() and self.clock() - head[2] < HEARTBEAT_SECONDS:
            return
        try:
            follower.sign()
        except (ProofError, RuleError) as error:
            # A mirror that has nothing yet has told the reason above.
            follower.trouble = follower.trouble or error.diagnostics()

    async def run(self) -> None:
        """Tend every log for as long as the node lives. A log that is slow or broken holds up itself, and nobody else for long."""
        slots = CapacityLimiter(WORKERS)
        async with asyncio.TaskGroup() as group:
            for follower in self.followers.values():
                group.create_task(self._watch(follower, slots))

    def soon(self, follower: Follower) -> None:
        """Look at one log at once; to be called from the event loop."""
        self._wakes[follower.origin].set()

    async def _watch(self, follower: Follower, slots: CapacityLimiter) -> None:
        wake = self._wakes[follower.origin]
        while True:
            began = time.monotonic()
            wake.clear()
            try:
                await to_thread.run_sync(self.tend, follower, limiter=slots, abandon_on_cancel=True)
            except CommonholdError as error:
                # This node's own disk or memory: said where it can be seen, and tried again.
                follower.trouble = error.diagnostics()
            took = time.monotonic() - began
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS + 4 * took):
                    await wake.wait()

    def _forward(self, follower: Follower) -> None:
        """Hand what waits to the log itself; what it says is its business, and whether it takes it is seen in the record."""
        url = self.sources[follower.origin].url
        for waiting in self.pending.all(follower.origin):
            raw = self.pending.raw(waiting.id)
            if raw is None:
                continue
            try:
                self._post(f"{url}/entry", raw)
            except CommonholdError as error:
                follower.trouble = follower.trouble or error.diagnostics()
                return

    def _suspect(self, origin: str, note: bytes, cosigned: bytes, code: str) -> None:
        """Keep what a refused request says against its log."""
        seen, key = parse_checkpoint(parse_note(note).text), self.sources[origin].key
        known = parse_checkpoint(parse_note(cosigned).text) if cosigned else None
        follower = self.followers.get(origin_hash(origin))
        if known is not None and known.size == seen.size and known.root != seen.root:
            self.alarms.two_faces(show_equivocation(key, cosigned, note), self.clock())
        elif follower is not None and follower.judge(note):
            return
        elif code == "witness/proof":
            words = f"somebody brought a checkpoint of size {seen.size} without proof that it leads on from what was cosigned; that accuses nobody"
            self.alarms.sound(origin, UNPROVED, self.clock(), words, note)

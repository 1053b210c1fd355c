"""An organisation's own log, kept and served by one process, with its partners asked (DESIGN 3.3; docs/formats/house-log.md).

Whoever brings an entry that the fold accepts gets it into the record, durably, before they are answered. Partners are asked off that path: shortly
after each entry and once a minute. What they sign becomes an attest where that is worth an entry (:mod:`.attesting`). A partner who is dead, slow
or hostile holds up nothing, and is said.

One thing stops it: a partner that shows, under this very log's signature, entries that are not here. The folder is then an older copy, and one more
entry would be a second history.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from anyio import to_thread

from commonhold.kernel.errors import CommonholdError, RuleError, StoreError
from commonhold.kernel.notes import VerifierKey, parse_note
from commonhold.kernel.record.due import next_due
from commonhold.kernel.record.fold import apply
from commonhold.kernel.record.partners import mirror_keys
from commonhold.kernel.record.state import State, value_of
from commonhold.kernel.tlog.checkpoint import parse_checkpoint
from commonhold.mirror.asking import SEEKS, Asker, check_not_ahead
from commonhold.mirror.attesting import Round, attest_round, has_acts, is_worth, older_copy, partner_row, rest
from commonhold.mirror.witness import Clock, origin_hash
from commonhold.store.files import DirectoryFiles
from commonhold.store.handing import check_object, digests_in, unpack
from commonhold.store.objects.directory import ObjectDirectory
from commonhold.store.partnerfile import FILE, read_partners
from commonhold.store.reader import CHECKPOINT, MAX_CHECKPOINT, StaticReader
from commonhold.store.record import RECORD, Record, Watch, refusal_of, unwatched

HEARTBEAT_SECONDS: Final = 60.0
RETRY_SECONDS: Final = 10.0
"""How soon partners are asked again when too few have signed: one may be back, or done with catching up."""
LOOK_SECONDS: Final = 1.0
"""How often the file of partners is looked at: `commonhold house partner add` works while this runs."""
DEBOUNCE_SECONDS: Final = 0.1
"""How long a burst of entries is waited for before the partners are asked about all of it."""
FIRST_SECONDS: Final = 5.0
"""How long the first entry waits for the partners' first word on whether this folder is the newest."""
ATTEST_EVERY: Final = 300.0
"""Seconds between two attests that strangers bring and that change nothing but the clock."""
ANNOUNCE_EVERY: Final = 30.0
"""Seconds between two times that a partner is told where a later epoch's log is."""
_log = logging.getLogger(__name__)
_RELOAD: Final = frozenset({"store/stopped", "store/io", "store/full", "store/denied"})

Say = Callable[[str], None]


class HouseLog:
    """The record in a house's folder, open for writing for as long as this lives. Threads may call at once.

    Args:
        house: the folder.
        clock: POSIX seconds.
        say: told, in a line, whatever changes with a partner or with the log itself.
        asker: how partners are asked.
        watch: as :meth:`.store.record.Record.open` has it. After a disk that refused, the whole record is read again, and told again from its beginning.

    ``address`` is where this is served, once that is known: a later epoch's log tells it to partners who do not follow it yet.

    Raises:
        StoreError, ProofError, FormatError: as :meth:`.store.record.Record.open`.
    """

    def __init__(self, house: Path, clock: Clock, say: Say, asker: Asker | None = None, watch: Watch = unwatched) -> None:
        self.house, self._clock, self._say, self._watch = house, clock, say, watch
        self.partners = read_partners(house)
        self.asker = asker or Asker()
        self.trouble = ""
        self._turn = threading.RLock()
        self._first = threading.Event()
        self._record: Record | None = Record.open(house, watch=watch)
        self._files, self.objects = DirectoryFiles(house / RECORD), ObjectDirectory(house)
        self._named: set[str] | None = None
        self._attested = -ATTEST_EVERY
        self._older = b""
        self._round: dict[str, Any] = {"size": 0, "enough": False}
        self._said: dict[str, str] = {}
        self._wake: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.address = ""
        self._announced: dict[str, float] = {}
        self._heard_last: dict[str, str] = {}
        state = self._record.state
        self.origin, self.org, self.log_key = state.origin, state.org, VerifierKey.of(state.origin, state.log_key)

    @property
    def state(self) -> State:
        """What the record amounts to now.

        Raises:
            StoreError: if the log cannot be opened.
        """
        with self._open() as record:
            return record.state

    def head(self) -> tuple[State, int, bytes]:
        """The state, and the size and root of this epoch's log that go with it; raises as :attr:`state` does."""
        with self._open() as record:
            return record.state, record.tree.size, record.tree.root()

    def root(self, size: int) -> bytes:
        """The root of this epoch's log when it had *size* entries. Raises FormatError if it never had so many; and as :attr:`state` does."""
        with self._open() as record:
            return record.tree.root(size)

    def reader(self) -> StaticReader:
        """The record as a stranger reads it, who believes nothing that this process holds."""
        return StaticReader(self._files.read)

    def close(self) -> None:
        """Settle the log and let other processes write."""
        with self._turn:
            if self._record is not None:
                self._record.close()

    def checkpoint(self) -> bytes:
        """The newest checkpoint, with partners' signatures where it has them. A disk that takes nothing more still gives what was published.

        Raises:
            StoreError: if it cannot be read.
        """
        try:
            with self._open() as record:
                return record.checkpoint
        except StoreError:
            published = self.file(CHECKPOINT, MAX_CHECKPOINT)
            if published is None:
                raise
            return published

    def file(self, name: str, limit: int) -> bytes | None:
        """One file of the record's tree; None if it is not there.

        Raises:
            StoreError: if it cannot be read.
        """
        try:
            return self._files.read(name, limit)
        except StoreError as error:
            if error.code == "store/absent":
                return None
            raise

    def erased(self, digest: str) -> str:
        """The decision by which an object was erased, whether its keeper has let the bytes go yet or not; "" if there is none."""
        record = self._record
        found = record.state.part("erasures").get(digest) if record is not None else None
        return found.proposal if found is not None else self.objects.erased(digest)

    def take(self, raw: bytes) -> tuple[str, int, bool]:
        """Append an act that the fold accepts, its texts first; gives its id, its index, and whether it is new. Durable when this returns.

        Raises:
            RuleError, ProofError, FormatError: with the fold's own words if it is refused, ``log/attest-soon`` for an attest that says nothing new so
                shortly after another; the record is unchanged then.
            StoreError: if the disk refuses, or this folder is an older copy of the log.
        """
        leaf, entry, texts = unpack(raw)
        self._first.wait(FIRST_SECONDS)
        with self._open() as record:
            known = record.state.ids.get(entry.id)
            if known is not None:
                return entry.id, known, False
            self._check_newest()
            if entry.type == "attest":
                self._check_attest(record, leaf)
            outcome = record.submit(leaf, texts)
            if entry.type == "attest":
                self._attested = time.monotonic()
            if self._named is not None and entry.type == "propose":
                self._named.update(digests_in(entry.body.payload))
        self.soon()
        return entry.id, outcome.index, True

    def take_text(self, digest: str, raw: bytes) -> bool:
        """Keep a text that a proposal in the record names; whether it was missing.

        Raises:
            RuleError: ``text/not-named`` if none does. FormatError: if it is no text, or another. StoreError: if the disk refuses.
        """
        check_object(digest, raw)
        with self._open() as record:
            if self._named is None:
                proposals = record.state.part("proposals").values()
                self._named = {found for proposal in proposals for found in digests_in(proposal.payload)}
            if digest not in self._named:
                raise RuleError(
                    f"no proposal in the record names the text {digest[:12]}",
                    code="text/not-named",
                    next_step="Hand in the proposal first, or both together.",
                )
        if self.objects.has(digest):
            return False
        self.objects.put(raw)
        return True

    def attend(self) -> Round:
        """Ask the partners once, and append and publish what comes of it.

        Raises:
            StoreError: if the disk refuses.
        """
        if self._older:
            # Not one more signature with this key: an attest would be a second history as much as any other entry.
            return Round()
        try:
            self.partners = read_partners(self.house)
            with self._open() as record:
                pass
            done = attest_round(record, self.asker, self.partners, self._clock, self._turn)
        except StoreError as error:
            self._reload(error)
            raise
        finally:
            self._first.set()
        if done.older and done.older != self._older:
            held = parse_checkpoint(parse_note(done.older).text)
            self._older = done.older
            self._say(f"stopped: a partner holds {held.size} entries that this log has signed; this folder is an older copy")
        if done.outcomes:
            self._attested = time.monotonic()
        if done.size:
            self._round = {"size": done.size, "enough": done.met}
        self._report(done)
        self._announce()
        return done

    def _announce(self) -> None:
        """Tell partners who do not know a later epoch's log, or cannot read it where they were told, where it is: ``POST /epochs``.

        Whether they follow it is theirs to decide.
        """
        state = self._record.state if self._record is not None else None
        if state is None or not state.epoch or not self.address:
            return
        for url, reply in self.asker.newest().items():
            if reply.code in SEEKS and time.monotonic() - self._announced.get(url, -ANNOUNCE_EVERY) >= ANNOUNCE_EVERY:
                self._announced[url] = time.monotonic()
                self.asker.announce(url, self.address, self._heard)

    def _heard(self, url: str, words: str) -> None:
        if self._heard_last.get(url) != words:
            self._say(f"partner {url}: {f'it does not follow this epoch: {words}' if words else 'follows this epoch now'}")
        self._heard_last[url] = words
        if not words:
            self.soon()

    async def run(self) -> None:
        """Ask the partners for as long as the log is served: at once, after each entry, and every minute."""
        self._loop, self._wake = asyncio.get_running_loop(), asyncio.Event()
        while True:
            self._wake.clear()
            try:
                await to_thread.run_sync(self.attend, abandon_on_cancel=True)
                self.trouble = ""
            except CommonholdError as error:
                if self.trouble != error.diagnostics():
                    self.trouble = error.diagnostics()
                    self._say(f"trouble: {error}")
            except Exception as error:  # noqa: BLE001 - a fault that one answer brings out must not stop the organisation's clock for good
                self.trouble = f"a fault of this program's own: {type(error).__name__}"
                _log.exception("a fault in asking the partners")
            await self._until_next(self._wake)

    async def _until_next(self, wake: asyncio.Event) -> None:
        """Wait until an entry came, the file of partners changed, something is due, or a minute has passed; not so long while too few have signed."""
        usual = HEARTBEAT_SECONDS if self._round["enough"] or not self._round["size"] else RETRY_SECONDS
        record = self._record
        known, end = self._changed(), time.monotonic() + (rest(record.state, self._clock(), usual) if record is not None else usual)
        while time.monotonic() < end and self._changed() == known:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await wake.wait()
                    await asyncio.sleep(DEBOUNCE_SECONDS)
                    return

    def _changed(self) -> int:
        """When the file of partners was last written, in nanoseconds; 0 if there is none."""
        try:
            return (self.house / FILE).stat().st_mtime_ns
        except OSError:
            return 0

    def soon(self) -> None:
        """Ask the partners in a moment; from any thread."""
        if self._loop is not None and self._wake is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._wake.set)

    def describe(self) -> dict[str, Any]:
        """Who this is, how far the record is, and how the partners stand, as plain data.

        Raises:
            StoreError: if the log cannot be opened.
        """
        with self._open() as record:
            state, size = record.state, record.tree.size
        newest, keys = self.asker.newest(), mirror_keys(state)
        return {
            "org": self.org,
            "epoch": state.epoch,
            "origin": self.origin,
            "hash": origin_hash(self.origin),
            "vkey": str(self.log_key),
            "size": size,
            "clock": value_of(state.part("clock").get("clock", {})),
            "due": next_due(state),
            "asked": self._round,
            "partners": [partner_row(url, newest.get(url), state, asked=bool(keys)) for url in self.partners],
            "stopped": self._stopped_words(),
            "trouble": self.trouble,
        }

    @contextlib.contextmanager
    def _open(self) -> Iterator[Record]:
        with self._turn:
            if self._record is None:
                # After a disk that refused: only what is read back from it counts.
                self._record = Record.open(self.house, watch=self._watch)
            try:
                yield self._record
            except StoreError as error:
                self._reload(error)
                raise

    def _reload(self, error: StoreError) -> None:
        with self._turn:
            if error.code in _RELOAD and self._record is not None:
                with contextlib.suppress(StoreError):
                    self._record.close()
                self._record, self._named = None, None

    def _check_newest(self) -> None:
        if self._older:
            raise older_copy(self._older)

    def _stopped_words(self) -> str:
        if not self._older:
            return ""
        held = parse_checkpoint(parse_note(self._older).text)
        return (
            f"a partner holds {held.size} entries that this log has signed and that are not all here, so this folder is an older copy of it"
        )

    def _check_attest(self, record: Record, leaf: bytes) -> None:
        """Pass in silence if an attest that somebody brings says something new, or the last one is some minutes old.

        Raises:
            RuleError: ``log/attest-soon``; or with the fold's words if it is refused. ProofError: ``partner/clock`` if its time is ahead of this
                machine's clock: whoever has as many keys as the policy asks for must not set the record's clock ahead for ever.
        """
        state = record.state
        after, outcome = apply(state, leaf, record.tree.root)
        if not outcome.counts:
            raise refusal_of(outcome)
        check_not_ahead(after.clock or 0, self._clock())
        adopts = state.next_policy is not None and after.next_policy is None
        acts = has_acts(record, after.covered - state.base)
        if not is_worth(state, acts=acts, time=after.clock or 0, adopts=adopts) and time.monotonic() - self._attested < ATTEST_EVERY:
            raise RuleError(
                "this attest brings nothing about, and the last one is only minutes old",
                code="log/attest-soon/busy",
                next_step=f"Bring it again once {ATTEST_EVERY:.0f} seconds have passed since the last.",
            )

    def _report(self, done: Round) -> None:
        """Say what has changed with each partner since it was last said; never the same thing twice in a row."""
        for outcome in done.outcomes:
            events = ", ".join(event.name for event in outcome.events)
            self._say(f"attested at entry {outcome.index}{f': {events}' if events else ''}")
        if not done.size:
            return
        for url, reply in self.asker.newest().items():
            words = reply.trouble or "signs"
            if self._said.get(url) != reply.code and (reply.code or url in self._said):
                self._say(f"partner {url}: {words}")
            self._said[url] = reply.code

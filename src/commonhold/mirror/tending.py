"""When a node looks at its logs, and when it signs again what it holds: each log in its own time, and none at another's cost (DESIGN 3.4).

Two things that go on side by side. *Looking* waits for other people's servers: so many logs at a time, of which only a few are of one organisation
or lie on one host, for a host that falls silent, or an organisation whose logs drip, must leave room for the others. A log waits four times as long as
its last look took. *Signing again* (a heartbeat) waits for nobody: readers are to see that a partner still stands above all on the day on
which everybody's server is gone.

What goes wrong with one log, foreseen or not, is said of that log and stops nothing else. What looking and signing are is said by :mod:`.node`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Final

from anyio import CapacityLimiter, to_thread

from commonhold.kernel.errors import CommonholdError
from commonhold.mirror.follower import Follower

POLL_SECONDS: Final = 20.0
WORKERS: Final = 32
"""Logs that are looked at at a time."""
ALIKE: Final = 4
"""Of these, those of one organisation, and those on one host."""
BEAT_SECONDS: Final = 5.0
"""How often those logs are sought whose signature has to be made again."""
BEATING: Final = 2
TAKE_SECONDS: Final = 5.0
"""How often it is looked whether an organisation has published a work."""
TAKING: Final = 4
"""Organisations whose works are taken at a time."""
_log = logging.getLogger(__name__)

Work = Callable[[Follower], None]


class Lanes:
    """So many at a time of everything that has a name in common; the others wait in line."""

    def __init__(self, each: int) -> None:
        self._each = each
        self._lanes: dict[str, CapacityLimiter] = {}

    @contextlib.asynccontextmanager
    async def through(self, *names: str) -> AsyncIterator[None]:
        """Hold a place in the lane of every name. In one order, so that nobody waits in a circle; no place in one is kept while nobody needs it."""
        async with contextlib.AsyncExitStack() as stack:
            for name in sorted(set(names)):
                lane = self._lanes.setdefault(name, CapacityLimiter(self._each))
                await stack.enter_async_context(lane)
            yield
        for name in names:
            if name in self._lanes and not self._lanes[name].statistics().tasks_waiting and not self._lanes[name].borrowed_tokens:
                del self._lanes[name]


class Tending:
    """The rounds of one node. All of it belongs to one event loop; the work is done in threads.

    Args:
        followers: by the hash of the log's origin; logs come and go.
        look: fetches, hands on and signs; may wait long.
        sign: signs again, and waits for nobody.
        due: those whose signature is old.
        lanes: what a log has in common with others: its organisation and the hosts that it is fetched from.
    """

    def __init__(
        self,
        followers: Mapping[str, Follower],
        look: Work,
        sign: Work,
        due: Callable[[], Iterable[Follower]],
        lanes: Callable[[Follower], Iterable[str]],
    ) -> None:
        self._followers, self._look, self._sign, self._due, self._lanes_of = followers, look, sign, due, lanes
        self._lanes = Lanes(ALIKE)
        self._wakes: dict[str, asyncio.Event] = {}
        self._watching: set[str] = set()
        self._group: tuple[asyncio.TaskGroup, CapacityLimiter] | None = None

    async def run(self) -> None:
        """Look and sign for as long as the node lives."""
        async with asyncio.TaskGroup() as group:
            self._group = group, CapacityLimiter(WORKERS)
            self._watch_all()
            await self._beat(CapacityLimiter(BEATING))

    def soon(self, follower: Follower) -> None:
        """Look at one log at once; to be called from the event loop."""
        self._watch_all()
        self._wakes.setdefault(follower.origin, asyncio.Event()).set()

    def _watch_all(self) -> None:
        """Begin to look at those logs that nobody looks at yet."""
        if self._group is not None:
            group, slots = self._group
            for name, follower in list(self._followers.items()):
                if name not in self._watching:
                    self._watching.add(name)
                    group.create_task(self._watch(name, follower, slots))

    async def _watch(self, name: str, follower: Follower, slots: CapacityLimiter) -> None:
        wake = self._wakes.setdefault(follower.origin, asyncio.Event())
        while self._followers.get(name) is follower:
            wake.clear()
            async with self._lanes.through(*self._lanes_of(follower)):
                began = time.monotonic()
                await self._done(self._look, follower, slots)
                took = time.monotonic() - began
            # What was read may have named further logs.
            self._watch_all()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS + 4 * took):
                    await wake.wait()
        self._watching.discard(name)

    async def _beat(self, slots: CapacityLimiter) -> None:
        while True:
            try:
                due = await to_thread.run_sync(lambda: list(self._due()))
            except CommonholdError:
                # The node's own disk; each log that is looked at says so.
                due = []
            async with asyncio.TaskGroup() as group:
                for follower in due:
                    group.create_task(self._done(self._sign, follower, slots))
            await asyncio.sleep(BEAT_SECONDS)

    async def _done(self, work: Work, follower: Follower, slots: CapacityLimiter) -> None:
        try:
            await to_thread.run_sync(work, follower, limiter=slots, abandon_on_cancel=True)
        except CommonholdError as error:
            # This node's own disk or memory: said where it can be seen, and tried again.
            follower.trouble = error.diagnostics()
        except Exception as error:  # noqa: BLE001 - a fault that one record brings out must not end the signatures for all others
            follower.trouble = f"a fault of this node's own: {type(error).__name__}. Its keeper finds the details where it was started."
            _log.exception("a fault in tending %s", follower.origin)


async def rounds(organisations: Callable[[], Iterable[str]], take: Callable[[str], None]) -> None:
    """Take works for as long as the node lives: a few organisations at a time, each in its turn, and none at the cost of looking and signing.

    Args:
        take: may take hours; it says itself what went wrong.
    """
    slots, busy = CapacityLimiter(TAKING), set[str]()

    async def one(org: str) -> None:
        try:
            await to_thread.run_sync(take, org, limiter=slots, abandon_on_cancel=True)
        except CommonholdError:
            # Not to be told just now, or this node's own disk: it comes round again.
            return
        except Exception:  # noqa: BLE001 - a fault that one organisation brings out must not end the rounds for all others
            _log.exception("a fault in taking works of %s", org)
        finally:
            busy.discard(org)

    async with asyncio.TaskGroup() as group:
        while True:
            for org in organisations():
                if org not in busy:
                    busy.add(org)
                    group.create_task(one(org))
            await asyncio.sleep(TAKE_SECONDS)

"""What a node keeps beside the records that it follows: texts, what seals need, and works; where they are taken from, and whose erasures are obeyed.

Only the log in which an organisation lives decides: what is decided in a log that it has left, or does not go on in, erases nothing and publishes nothing, because
nothing is as final as an erasure and a server that was taken must not order one (docs/adr/0028).

Not here: how each kind is kept (:mod:`.texts`, :mod:`.works`), and when (:mod:`.tending`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from commonhold.kernel.errors import CommonholdError
from commonhold.kernel.record.state import State, empty_state
from commonhold.mirror.follower import Follower
from commonhold.mirror.held import org_of
from commonhold.mirror.later import LaterEpochs
from commonhold.mirror.others import Others
from commonhold.mirror.sources import LogSource
from commonhold.mirror.standing import Standings
from commonhold.mirror.stores import Stores
from commonhold.mirror.texts import Texts
from commonhold.mirror.witness import Clock
from commonhold.mirror.works import Works
from commonhold.store.fetch import Fetch, is_private_address
from commonhold.store.objects.repair import Replica


@dataclass(frozen=True, slots=True)
class Known:
    """The addresses that a node knows, and how each is read.

    Args:
        sources: the logs that its operator named; *fetch* reads their addresses.
        later: the logs that others named; *announced* reads theirs.
        others: other partners.
        replica: how objects at an address are read piece by piece.
        private: whether what strangers named may be in a private network.
    """

    sources: Mapping[str, LogSource]
    later: LaterEpochs
    others: Others
    fetch: Callable[[str], Fetch]
    announced: Callable[[str], Fetch]
    replica: Callable[..., Replica]
    private: bool

    def files(self, origin: str) -> list[Callable[[], Fetch]]:
        """Where a log's texts may lie: beside what its address serves, or, of a house's own folder ``record``, beside that; and at other partners."""
        source = self.sources.get(origin)
        known: list[tuple[Callable[[str], Fetch], str]] = [(self.announced, url) for url in self.later.addresses(origin)]
        if source is not None and source.url:
            known.insert(0, (self.fetch, source.url))
        places: list[Callable[[], Fetch]] = []
        for fetch, url in known:
            prefixes = [url, *([url.removesuffix("/record")] if url.endswith("/record") else [])]
            places += [partial(fetch, prefix) for prefix in prefixes]
        return places + self.others.files_of(origin)

    def replicas(self, origin: str) -> dict[str, Replica]:
        """The same places for works, by address."""
        source = self.sources.get(origin)
        own = [source.url] if source is not None and source.url else []
        known = {url: is_private_address(url) for url in (*self.others.addresses_of(origin), *own)}
        known = dict.fromkeys(self.later.addresses(origin), self.private) | known
        # The log's own address first, partners last.
        ordered = sorted(known, key=lambda url: (url not in own, url in self.others.addresses_of(origin)))
        return {place: self.replica(place, private=known[url]) for url in ordered for place in (url, url.removesuffix("/record"))}


class Keeping:
    """What one node keeps. Threads may call at once.

    Args:
        folder: the node's own.
        capacity: bytes of works that are kept of each organisation.
    """

    def __init__(self, folder: Path, clock: Clock, standings: Standings, known: Known, capacity: int) -> None:
        self._standings, self._known = standings, known
        self.stores = Stores(folder)
        self.texts, self.works = Texts(self.stores, clock), Works(self.stores, capacity, clock)

    def gather(self, follower: Follower) -> None:
        """Fetch texts of statements and objects of seals that are not here whole, see :meth:`.texts.Texts.gather`, and let go what was decided to go."""
        org = org_of(follower.origin)
        if not org:
            return
        try:
            state = self._deciding(org)
            self._obey(org, state)
            self.texts.gather(org, follower.view()[0], self._known.files(follower.origin), state.part("erasures"))
        except CommonholdError as error:
            follower.trouble = follower.trouble or error.diagnostics()

    def take_works(self, org: str) -> None:
        """Take works that an organisation has published, see :meth:`.works.Works.look`; may take hours.

        Raises:
            CommonholdError: if who speaks for it cannot be told just now, or this node's disk refuses.
        """
        state = self._standings.of(org).state
        self._obey(org, state)
        replicas: dict[str, Replica] = {}
        for follower in reversed(self._standings.followers_of(org)):
            replicas |= {url: place for url, place in self._known.replicas(follower.origin).items() if url not in replicas}
        logs = self._standings.followers_of(org)
        before = [log.state.part("works") for log in logs]
        self.works.look(
            org, state, replicas, more=lambda: any(log.state.part("works") is not part for log, part in zip(logs, before, strict=True))
        )

    def erased(self, org: str, digest: str) -> str:
        """The decision by which an organisation erased an object; "" if it did not.

        Raises:
            CommonholdError: if that cannot be told just now; nothing is to be given out then.
        """
        found = self._deciding(org).part("erasures").get(digest)
        return found.proposal if found is not None else self.stores.texts(org).erased(digest)

    def _obey(self, org: str, state: State) -> None:
        if self.texts.obey(org, state):
            self.works.look_anew(org)

    def _deciding(self, org: str) -> State:
        """The state whose decisions to erase are obeyed: of the log in which the organisation lives, once one of its logs has any."""
        states = [log.view()[0] for log in self._standings.followers_of(org)]
        return self._standings.of(org).state if any(state.part("erasures") for state in states) else states[0] if states else empty_state()

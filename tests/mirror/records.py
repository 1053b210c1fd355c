"""A club's record as its server publishes it, honestly or not, and a partner node that follows it, without sockets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from commonhold.kernel.errors import StoreError
from commonhold.kernel.notes import SignerKey
from commonhold.mirror.app import create_app
from commonhold.mirror.follower import Follower
from commonhold.mirror.node import Node
from commonhold.mirror.sources import LogSource
from commonhold.mirror.witness import origin_hash
from commonhold.store.fetch import Fetch
from commonhold.store.files import DirectoryFiles
from commonhold.store.log import Log
from commonhold.store.memory import MemoryFiles
from commonhold.testing.house import MemoryHouse, derive
from tests.kernel.record.helpers import Club
from tests.mirror.helpers import NAME, FakeClock

URL = "https://club.example/record"


class Published:
    """A club and its log; what the server does with the club's acts is up to the test.

    *fetched* lists the names that were asked for and *sent* what was posted; *away* makes the server unreachable after so many more answers.
    """

    def __init__(self, club: MemoryHouse | None = None, *before: Published, origin: str = "") -> None:
        """*before*: the logs of the epochs before it, which are served with it as they are now."""
        self.club = club or Club()
        self.files = MemoryFiles()
        self.signer = SignerKey(origin or self.club.state.origin, derive(self.club.seed, "log"))
        self.log = Log.create(self.files, self.signer.name, self.signer)
        self.fetched: list[str] = []
        self.sent: list[tuple[str, bytes]] = []
        self.away = -1
        for epoch, record in enumerate(before):
            for name in record.files.names():
                if name == "checkpoint" or name.startswith("tile/"):
                    self.files.write(f"epochs/{epoch}/{name}", record.files.read(name, 1 << 25))
        self.publish()

    @property
    def hash(self) -> str:
        return origin_hash(self.signer.name)

    @property
    def source(self) -> LogSource:
        return LogSource(self.signer.verifier, URL)

    def publish(self, *, up_to: int | None = None) -> bytes:
        """Append the club's new acts to the log; gives the checkpoint."""
        leaves = self.club.leaves[self.log.size : up_to]
        return self.log.append(leaves) if leaves else self.log.checkpoint

    def write(self, count: int) -> None:
        """So many proposals more, published together."""
        for turn in range(count):
            name = tuple(self.club.kits)[turn % len(self.club.kits)]
            self.club.act(
                name, "propose", kind="channel", payload={"op": "add", "address": f"https://club.example/{turn}"}, not_after=2**40
            )
        self.publish()

    def replace_by(self, other: Published) -> None:
        """From now on the server shows another history."""
        self.files, self.log, self.club = other.files, other.log, other.club

    def fetch(self, name: str, max_size: int) -> bytes:
        self.fetched.append(name)
        if self.away == 0:
            raise StoreError("cannot reach the club's server", code="store/unreachable", next_step="try again later.")
        self.away -= 1
        return self.files.read(name, max_size)

    def post(self, address: str, body: bytes) -> None:
        self.sent.append((address, body))


@contextmanager
def following(
    folder: Path,
    *records: Published,
    clock: FakeClock | None = None,
    files: dict[str, MemoryFiles] | None = None,
    elsewhere: Mapping[str, Published] | None = None,
    partners: Mapping[str, TestClient] | None = None,
    **options: Any,
) -> Iterator[tuple[Node, TestClient]]:
    """A partner node that follows *records*, tended by hand; *files* keeps its copies in memory, *elsewhere* are addresses to announce, and
    *partners* other nodes that it asks."""
    by_url = {f"{URL}/{number}": record for number, record in enumerate(records)}
    sources = [LogSource(record.signer.verifier, url) for url, record in by_url.items()]

    def place(path: Path) -> DirectoryFiles | MemoryFiles:
        return DirectoryFiles(path) if files is None else files.setdefault(path.name, MemoryFiles())

    def post(address: str, body: bytes) -> None:
        {**by_url, **(elsewhere or {})}[address.removesuffix("/entry")].post(address, body)

    def announced(url: str, *, private: bool) -> Fetch:
        del private

        def fetch(name: str, max_size: int) -> bytes:
            if url not in (elsewhere or {}):
                raise StoreError(f"cannot reach {url}", code="store/unreachable")
            return (elsewhere or {})[url].fetch(name, max_size)

        return fetch

    node = Node(
        folder,
        NAME,
        sources,
        clock or FakeClock(),
        follow=True,
        fetch=lambda url: by_url[url].fetch if url in by_url else from_client((partners or {})[url]),
        partners=tuple(partners or ()),
        post=post,
        files=place,
        announced=announced,
        **options,
    )
    try:
        with TestClient(create_app(node, tend=False), raise_server_exceptions=False) as client:
            yield node, client
    finally:
        node.close()


def from_client(client: TestClient) -> Fetch:
    """How one node fetches from another."""

    def fetch(name: str, max_size: int) -> bytes:
        answer = client.get(f"/{name}")
        if answer.status_code != 200:
            raise StoreError(f"{name} is not there: {answer.status_code}", code="store/absent")
        assert len(answer.content) <= max_size
        return answer.content

    return fetch


def follower(node: Node, record: Published) -> Follower:
    return node.followers[record.hash]

"""What the tests of the node share: a log that can show any face, a clock that is set by hand, and a node with its app in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from starlette.testclient import TestClient

from commonhold.kernel import b64
from commonhold.kernel.notes import SignerKey
from commonhold.kernel.tlog.checkpoint import Checkpoint
from commonhold.kernel.tlog.merkle import Tree, leaf_hash
from commonhold.mirror.app import create_app
from commonhold.mirror.node import Node
from commonhold.mirror.sources import LogSource

NOW = 1_900_000_000
ORIGIN = "commonhold/saltmarsh/0"
NAME = "heron.example"


@dataclass
class FakeClock:
    """POSIX seconds that move when the test says so."""

    now: int = NOW

    def __call__(self) -> int:
        return self.now


@dataclass
class FakeLog:
    """A log as whoever holds its key can present it: any size, any root, any proof."""

    signer: SignerKey = field(default_factory=lambda: SignerKey(ORIGIN, bytes([1]) * 32))
    tree: Tree = field(default_factory=lambda: Tree(leaf_hash(b"%d heron" % index) for index in range(600)))

    def fork(self, at: int) -> FakeLog:
        """Another face of the same log, which parts after *at* leaves."""
        leaves = [self.tree.leaf(index) for index in range(at)]
        return FakeLog(self.signer, Tree([*leaves, *(leaf_hash(b"%d tern" % index) for index in range(at, self.tree.size))]))

    def note(self, size: int, root: bytes | None = None) -> bytes:
        return Checkpoint(self.signer.name, size, self.tree.root(size) if root is None else root).sign(self.signer)

    def request(self, old: int, size: int, *, proof: list[bytes] | None = None, note: bytes | None = None) -> bytes:
        """The body of add-checkpoint."""
        if proof is None:
            proof = self.tree.consistency_proof(old, size) if old <= size else []
        lines = "".join(f"{b64.encode(one)}\n" for one in proof)
        return f"old {old}\n{lines}\n".encode() + (self.note(size) if note is None else note)


@contextmanager
def running(folder: Path, *sources: LogSource, clock: FakeClock | None = None) -> Iterator[tuple[Node, TestClient]]:
    """A node in *folder* and a client of its app, without sockets."""
    node = Node(folder, NAME, sources or (LogSource(FakeLog().signer.verifier),), clock or FakeClock())
    try:
        with TestClient(create_app(node), raise_server_exceptions=False) as client:
            yield node, client
    finally:
        node.close()

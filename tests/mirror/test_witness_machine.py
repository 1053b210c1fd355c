"""A witness among honest and hostile clients, restarts and clocks that jump: two laws hold whatever happens."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from commonhold.kernel.tlog.checkpoint import open_cosigned
from commonhold.kernel.tlog.merkle import verify_consistency
from commonhold.mirror.node import Node
from commonhold.mirror.sources import LogSource
from tests.mirror.helpers import NAME, FakeClock, FakeLog

HONEST = FakeLog()
FACES = (HONEST, HONEST.fork(0), HONEST.fork(3), HONEST.fork(100))
SIZES = st.integers(0, 40) | st.sampled_from([255, 256, 257, 600])


class WitnessMachine(RuleBasedStateMachine):
    """Every 200 is remembered here, and held against every other."""

    notes = Bundle("notes")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = FakeClock()
        self.signed: list[tuple[int, bytes]] = []
        self.node = self.start()

    def start(self) -> Node:
        return Node(Path(self.folder.name) / "node", NAME, [LogSource(HONEST.signer.verifier)], self.clock)

    @property
    def size(self) -> int:
        return self.signed[-1][0] if self.signed else 0

    @rule(target=notes, face=st.sampled_from(FACES), size=SIZES)
    def sign(self, face: FakeLog, size: int) -> bytes:
        """Whoever holds the log's key signs any checkpoint."""
        return face.note(size)

    @rule(note=notes, old=SIZES | st.none(), face=st.sampled_from(FACES), junk=st.lists(st.binary(min_size=32, max_size=32), max_size=2))
    def bring(self, note: bytes, old: int | None, face: FakeLog, junk: list[bytes]) -> None:
        """Somebody brings it, with the right proof of some face or with junk."""
        old = self.size if old is None else old
        size = int(note.split(b"\n")[1])
        answer = self.node.witness.add_checkpoint(face.request(old, size, proof=junk or None, note=note))
        if answer.status == 200:
            signed = open_cosigned(note + answer.body, [HONEST.signer.verifier], [self.node.keys.witness.verifier])
            assert signed.cosignatures[self.node.keys.witness.verifier] == max(1, self.clock.now)
            assert signed.checkpoint.size >= self.size
            self.signed.append((signed.checkpoint.size, signed.checkpoint.root))
        elif answer.status == 409:
            assert answer.body == b"%d\n" % self.size

    @rule(by=st.integers(-(10**9) * 3, 10**9))
    def tick(self, by: int) -> None:
        """Time passes, or somebody sets the clock."""
        self.clock.now += by

    @rule()
    def restart(self) -> None:
        """The node stops and starts."""
        self.node.close()
        self.node = self.start()

    @invariant()
    def no_two_heads_contradict(self) -> None:
        """All that was signed is of one log: each head's tree is the beginning of the next."""
        grown = [head for head in dict.fromkeys(self.signed) if head[0]]
        for (old, old_root), (new, new_root) in itertools.pairwise(grown):
            assert old < new, "two roots of one size, or a smaller size after a larger one"
            proofs = [face.tree.consistency_proof(old, new) for face in FACES if face.tree.root(new) == new_root]
            verify_consistency(old, new, old_root, new_root, proofs[0])

    def teardown(self) -> None:
        self.node.close()
        self.folder.cleanup()


TestWitness = WitnessMachine.TestCase
TestWitness.settings = settings(max_examples=25, stateful_step_count=30)

"""The log as a state machine: any order of appending, cosigning, reading, settling, closing and crashing, held to the same laws."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from commonhold.kernel.tlog.checkpoint import Checkpoint, cosign, open_checkpoint, parse_checkpoint
from commonhold.kernel.tlog.hashes import leaf_hash
from commonhold.kernel.tlog.merkle import Tree
from commonhold.store.log import Log
from commonhold.store.memory import Fault, Instant, Killed, Loss, MemoryFiles
from commonhold.store.reader import StaticReader
from tests.store.logs import KEY, ORIGIN, WITNESS, entries


class LogMachine(RuleBasedStateMachine):
    """The model is a list of entries and the heads that were seen; the log must agree with it after every step."""

    @initialize(settle=st.integers(1, 4))
    def begin(self, settle: int) -> None:
        KEY.signed.clear()
        self.settle = settle
        self.files = MemoryFiles()
        self.log: Log | None = Log.create(self.files, ORIGIN, KEY, settle_batches=settle)
        self.model: list[bytes] = []
        self.tree = Tree()
        self.seen: list[Checkpoint] = []

    def keep(self, batch: list[bytes]) -> None:
        self.model += batch
        self.tree.extend(map(leaf_hash, batch))

    @precondition(lambda self: self.log is not None)
    @rule(count=st.sampled_from([1, 2, 40, 255, 256, 257, 600]))
    def append(self, count: int) -> None:
        assert self.log is not None
        batch = entries(len(self.model), count)
        raw = self.log.append(batch)
        self.keep(batch)
        self.seen.append(open_checkpoint(raw, [KEY.verifier])[0])

    @precondition(lambda self: self.log is not None)
    @rule(time=st.integers(1, 1000))
    def cosign(self, time: int) -> None:
        assert self.log is not None
        line = cosign(self.log.checkpoint, WITNESS, time).line
        assert line in self.log.add_signatures([line]).decode()

    @precondition(lambda self: self.log is not None)
    @rule(count=st.sampled_from([1, 200, 300]), later=st.integers(0, 12), instant=st.sampled_from(Instant), loss=st.sampled_from(Loss))
    def crash(self, count: int, later: int, instant: Instant, loss: Loss) -> None:
        assert self.log is not None
        batch = entries(len(self.model), count)
        self.files.fault = Fault(len(self.files.steps) + later, instant)
        try:
            raw = self.log.append(batch)
            self.keep(batch)
            self.seen.append(open_checkpoint(raw, [KEY.verifier])[0])
            batch = []
            self.log.close()
        except Killed:
            pass
        self.files = self.files.reboot(loss)
        self.log = Log.open(self.files, ORIGIN, KEY, settle_batches=self.settle)
        if self.log.size != len(self.model):
            self.keep(batch)

    @precondition(lambda self: self.log is not None)
    @rule()
    def close(self) -> None:
        assert self.log is not None
        self.log.close()
        self.log = None

    @precondition(lambda self: self.log is None)
    @rule()
    def open(self) -> None:
        self.log = Log.open(self.files, ORIGIN, KEY, settle_batches=self.settle)

    @precondition(lambda self: self.log is not None)
    @rule(data=st.data())
    def read(self, data: st.DataObject) -> None:
        assert self.log is not None
        start = data.draw(st.integers(0, len(self.model)))
        stop = data.draw(st.integers(start, len(self.model)))
        assert list(self.log.entries(start, stop)) == self.model[start:stop]

    @invariant()
    def the_log_is_the_model(self) -> None:
        if getattr(self, "log", None) is not None:
            assert self.log is not None
            assert (self.log.size, self.log.root) == (len(self.model), self.tree.root())

    @invariant()
    def no_head_contradicts_another(self) -> None:
        for head in (*getattr(self, "seen", ()), *map(parse_checkpoint, KEY.signed)):
            assert head.root == self.tree.root(head.size)

    def teardown(self) -> None:
        if hasattr(self, "files"):
            checkpoint, found = StaticReader(self.files.read).read_all([KEY.verifier])
            assert (checkpoint.size, list(found)) == (len(self.model), self.model)


TestLogMachine = LogMachine.TestCase
TestLogMachine.settings = settings(max_examples=25, stateful_step_count=20)

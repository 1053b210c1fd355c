"""Real processes, really killed: the log's writer dies by SIGKILL at every change it makes to the disk, and at random moments.

The writer is a script in a process of its own. It founds or opens the log, appends, and tells on a pipe what was acknowledged. To die at
an exact change it uses a :class:`DirectoryFiles` whose changes are counted; to die at a random moment it is shot from outside. What the
next process finds is opened by the normal path, and verified by a stranger from the static files.

A kill keeps what the system's page cache holds; what a power failure loses is the business of tests/store/test_log_crash.py.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from commonhold.kernel.errors import StoreError
from commonhold.kernel.notes import SignerKey
from commonhold.kernel.tlog.checkpoint import Checkpoint, open_checkpoint
from commonhold.kernel.tlog.hashes import leaf_hash
from commonhold.kernel.tlog.merkle import Tree
from commonhold.store.files import DirectoryFiles
from commonhold.store.log import JOURNAL, Log
from commonhold.store.reader import StaticReader

ORIGIN = "commonhold/saltmarsh/0"
KEY = SignerKey(ORIGIN, bytes(range(32)))
RANDOM_KILLS = 40

WRITER = '''
import os, signal, sys
from commonhold.kernel.notes import SignerKey
from commonhold.store import files as store_files
from commonhold.store.files import DirectoryFiles
from commonhold.store.log import JOURNAL, Log

folder, origin, step, instant, batches = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], int(sys.argv[5])
count = 0

class Killing(DirectoryFiles):
    """Dies by SIGKILL before, within or after the change number *step*."""

    def _dying(self, change, *args, **more):
        global count
        fatal, count = count == step, count + 1
        if fatal and instant == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        if fatal and instant == "within":
            # Half of the first write of bytes, or none of the first flush, renaming or removal.
            write = os.write
            def half(fd, data):
                write(fd, data[: len(data) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            os.write = half
            os.fsync = os.unlink = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        change(*args, **more)
        if fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    def write(self, *args): self._dying(super().write, *args)
    def replace(self, *args): self._dying(super().replace, *args)
    def append(self, *args, **more): self._dying(super().append, *args, **more)
    def sync(self, *args): self._dying(super().sync, *args)
    def delete(self, *args): self._dying(super().delete, *args)

key = SignerKey(origin, bytes(range(32)))
started = os.path.exists(os.path.join(folder, JOURNAL))
with (Log.open if started else Log.create)(Killing(folder), origin, key, settle_batches=3) as log:
    print("size", log.size, flush=True)
    for _ in range(batches):
        size = log.size
        amount = (7, 130, 1, 260)[size % 4]
        raw = log.append([b"%d tern" % index for index in range(size, size + amount)])
        print("kept", raw.hex(), flush=True)
print("steps", count, flush=True)
'''


class Story:
    """One log, killed again and again, and all that was ever acknowledged about it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.heads: list[Checkpoint] = []
        self.kills = 0

    def run(self, step: int, instant: str, batches: int, shoot_after: float | None = None) -> str:
        """Let a writer run until it is done or dead; give its last words."""
        command = [sys.executable, "-c", WRITER, str(self.folder), ORIGIN, str(step), instant, str(batches)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as writer:
            if shoot_after is not None:
                assert writer.stdout is not None
                first = writer.stdout.readline()
                time.sleep(shoot_after)
                writer.kill()
            else:
                first = ""
            out, err = writer.communicate(timeout=120)
        assert writer.returncode in {0, -signal.SIGKILL}, err
        self.kills += writer.returncode == -signal.SIGKILL
        lines = (first + out).split("\n")
        # A last line without its end was cut by the kill, and so was never heard.
        for line in lines[:-1]:
            if line.startswith("kept "):
                self.heads.append(open_checkpoint(bytes.fromhex(line.removeprefix("kept ")), [KEY.verifier])[0])
        return lines[-2] if len(lines) > 1 else ""

    def check(self) -> None:
        """The log opens by the normal path, holds all that was acknowledged, goes on, and a stranger can verify it."""
        try:
            Log.create(DirectoryFiles(self.folder), ORIGIN, KEY).close()
        except StoreError as exc:
            assert exc.code == "store/exists", exc.diagnostics()  # noqa: PT017 - both outcomes are right
        with Log.open(DirectoryFiles(self.folder), ORIGIN, KEY) as log:
            assert log.size >= max((head.size for head in self.heads), default=0)
            self.heads.append(open_checkpoint(log.append([b"%d tern" % log.size]), [KEY.verifier])[0])
        checkpoint, entries = StaticReader.from_directory(self.folder).read_all([KEY.verifier])
        tree = Tree()
        for index, entry in enumerate(entries):
            assert entry == b"%d tern" % index
            tree.append(leaf_hash(entry))
        assert tree.size == checkpoint.size == self.heads[-1].size
        for head in self.heads:
            assert tree.root(head.size) == head.root
        assert list((self.folder / ".staging/tmp").iterdir()) == []


@pytest.mark.drill
@pytest.mark.parametrize("instant", ["before", pytest.param("within", marks=pytest.mark.smoke), "after"])
def test_a_writer_killed_at_every_change_leaves_a_log_that_opens(tmp_path: Path, instant: str, capsys: pytest.CaptureFixture[str]) -> None:
    """At each change to the disk a real process dies by SIGKILL; each time the log opens, has everything acknowledged, and goes on."""
    counting = Story(tmp_path / "counting")
    steps = int(counting.run(-1, instant, 8).removeprefix("steps "))
    kills = heads = 0
    for step in range(steps):
        story = Story(tmp_path / f"{step}")
        story.run(step, instant, 8)
        assert story.kills == 1, f"change {step} killed nobody"
        heads += len(story.heads)
        story.check()
        kills += story.kills
    with capsys.disabled():
        print(f"\n{kills} writers killed {instant} each of {steps} changes; {heads} acknowledged heads, none lost")  # noqa: T201


@pytest.mark.drill
def test_a_writer_shot_at_random_moments_leaves_a_log_that_opens(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One log survives forty random SIGKILLs in a row, some of them during the recovery from the one before."""
    dice = random.Random(2026)
    story = Story(tmp_path / "log")
    for _ in range(RANDOM_KILLS):
        story.run(-1, "never", 100_000, shoot_after=dice.uniform(0, 0.08))
        if dice.random() < 0.5:
            story.check()
    story.check()
    assert story.kills == RANDOM_KILLS
    with capsys.disabled():
        print(f"\n{story.kills} writers shot at random; {len(story.heads)} acknowledged heads up to size {story.heads[-1].size}, none lost")  # noqa: T201
    assert (tmp_path / "log" / JOURNAL).is_file()

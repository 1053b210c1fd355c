"""Laws of the second core: it outlives nobody."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

STORY = """
import sys, threading, time
from commonhold.store.workers import signature_workers
if {threads}:
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
with signature_workers(10_000) as verify:
    verify([])()
    print("begun", flush=True)
    time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc for the children of a process")
@pytest.mark.parametrize("threads", [False, True], ids=["forked", "spawned"])
def test_a_worker_ends_with_the_process_that_started_it(*, threads: bool) -> None:
    """Also where that is killed: a worker that went on waiting would keep its memory for ever, one for each death."""
    with subprocess.Popen([sys.executable, "-c", STORY.format(threads=threads)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        found: list[int] = []
        end = time.monotonic() + 30
        while not found and time.monotonic() < end:
            found = [
                int(pid) for task in Path(f"/proc/{process.pid}/task").iterdir() for pid in (task / "children").read_text("ascii").split()
            ]
            time.sleep(0.02)
        assert found
        # A worker that is still being imported begins to watch when it is there.
        time.sleep(0.5)
        process.kill()
    end = time.monotonic() + 20
    while any(map(lives, found)) and time.monotonic() < end:
        time.sleep(0.02)
    assert not any(map(lives, found))


def lives(pid: int) -> bool:
    """Whether a process runs; one that only waits to be counted does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text("ascii")
    except FileNotFoundError:
        return False

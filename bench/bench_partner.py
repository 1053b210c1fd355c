"""How fast does a partner catch up with a record, and how fast does a witness cosign with a memory that survives a kill?

    python bench/bench_partner.py [--entries 10000] [--rounds 3] [--requests 300]

The first peer is ``read_record`` over the same folder: a stranger's full local verification. Ours fetches the record over HTTP on loopback,
verifies and replays it, writes and flushes its own copy, and signs. Target (issue 04, "Speed"): at least 60 % of the peer's rate. The second
peer is the disk: one append and ``fsync`` for each request, which is the least that an answer that must not be forgotten can cost.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

TARGET = 0.6
LINE = 200
"""Bytes of a signed checkpoint with one signature, about."""


def main() -> None:
    """Measure, print a line of JSON and rows of a table; exit 1 if the target is missed."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--entries", type=int, default=10_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--requests", type=int, default=300)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ours, local = catch_up(Path(folder), chosen.entries, chosen.rounds)
        cosigned, disk = cosign(Path(folder), chosen.requests)
    ratio = ours / local
    print(json.dumps({"catch_up": ours, "local": local, "ratio": ratio, "add_checkpoint": cosigned, "fsync": disk}))
    print(
        f"| a partner catches up on {chosen.entries} entries, by the side of local verification | {ours:.0f}/s | {local:.0f}/s | {ratio:.2f} |"
    )
    print(
        f"| add-checkpoint, each remembered durably, by the side of bare fsync | {cosigned:.0f}/s | {disk:.0f}/s | {cosigned / disk:.2f} |"
    )
    sys.exit(ratio < TARGET)


def catch_up(folder: Path, entries: int, rounds: int) -> tuple[float, float]:
    """Entries per second of a node's first look at a record, and of local verification; medians of rounds in turn."""
    from build_record import build_house, write_record  # noqa: PLC0415 - a worker imports the main module again, and this one is light

    from commonhold.kernel.notes import VerifierKey  # noqa: PLC0415
    from commonhold.kernel.record.founding import origin_of  # noqa: PLC0415
    from commonhold.mirror.node import Node  # noqa: PLC0415
    from commonhold.mirror.sources import LogSource  # noqa: PLC0415
    from commonhold.store.reader import StaticReader  # noqa: PLC0415
    from commonhold.store.record import read_record  # noqa: PLC0415

    house = build_house(entries)
    write_record(house, folder / "record", entries)
    key = VerifierKey.of(origin_of(house.org, 0, house.log.verifier.public), house.log.verifier.public)
    serve = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(folder / "record")]
    ours, local = [], []
    with subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            port = re.search(r"port (\d+)", server.stdout.readline())
            assert port is not None
            for turn in range(rounds):
                node = Node(folder / f"node{turn}", "heron.example", [LogSource(key, f"http://127.0.0.1:{port[1]}")], clock, follow=True)
                [follower] = node.followers.values()
                ours.append(seconds(lambda node=node, follower=follower: node.tend(follower)))
                head = follower.head()
                assert head is not None, follower.trouble
                assert head[0] == entries
                node.close()
                local.append(seconds(lambda: read_record(StaticReader.from_directory(folder / "record"))))
        finally:
            server.kill()
    return entries / statistics.median(ours), entries / statistics.median(local)


def cosign(folder: Path, requests: int) -> tuple[float, float]:
    """Answers per second of add-checkpoint to one client, and of appending as much to a file and flushing it."""
    from commonhold.kernel import b64  # noqa: PLC0415
    from commonhold.kernel.notes import SignerKey  # noqa: PLC0415
    from commonhold.kernel.tlog.checkpoint import Checkpoint  # noqa: PLC0415
    from commonhold.kernel.tlog.merkle import Tree, leaf_hash  # noqa: PLC0415
    from commonhold.mirror.node import Node  # noqa: PLC0415
    from commonhold.mirror.sources import LogSource  # noqa: PLC0415

    log, tree = SignerKey("bench.example/log", bytes([1]) * 32), Tree(leaf_hash(b"%d" % index) for index in range(requests + 1))
    bodies = []
    for size in range(1, requests + 1):
        proof = "".join(f"{b64.encode(one)}\n" for one in (tree.consistency_proof(size - 1, size) if size > 1 else []))
        bodies.append(f"old {size - 1}\n{proof}\n".encode() + Checkpoint(log.name, size, tree.root(size)).sign(log))
    node = Node(folder / "witness", "heron.example", [LogSource(log.verifier)], clock)

    def answer() -> None:
        for body in bodies:
            assert node.witness.add_checkpoint(body).status == 200

    def flush() -> None:
        with (folder / "flushed").open("wb", buffering=0) as file:
            for _ in bodies:
                file.write(bytes(LINE))
                os.fsync(file.fileno())

    disk = seconds(flush)
    ours = seconds(answer)
    node.close()
    return requests / ours, requests / disk


def seconds(work: Callable[[], object]) -> float:
    """How long it takes, by the clock."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def clock() -> int:
    """POSIX seconds."""
    return int(time.time())


if __name__ == "__main__":
    main()

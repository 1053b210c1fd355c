"""How fast is the full verification of a record, beside nothing but its signatures?

    python bench/bench_verify.py [--entries 10000] [--rounds 5]

The peer is PyNaCl's verify over the same keys, messages and signatures, in one process, ready in memory. Ours is ``read_record`` from a folder, as a
stranger does it: files, tiles, parsing, Merkle root, every signature, every rule. Both in turn, the medians compared. Targets (issue 01,
"Speed"): at least 60 % of the peer's rate by the clock; the same on one core is shown beside it, in CPU time.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from build_record import build_house, write_record
from nacl import bindings

from commonhold.kernel.record.entries import parse_entry
from commonhold.kernel.record.replay import Replay
from commonhold.store.reader import StaticReader
from commonhold.store.record import read_record

TARGET = 0.6


def main() -> None:
    """Measure, print a line of JSON and rows of a table; exit 1 if the target is missed."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--entries", type=int, default=10_000)
    options.add_argument("--rounds", type=int, default=5)
    chosen = options.parse_args()
    house = build_house(chosen.entries)
    leaves = house.leaves[: chosen.entries]
    jobs = []
    for leaf in leaves:
        entry = parse_entry(leaf)
        assert entry.sig is not None
        jobs.append((entry.sig.value + entry.signed_bytes, house.kits[entry.by].keys.sign))

    def raw() -> None:
        for signed, public in jobs:
            bindings.crypto_sign_open(signed, public)

    def one_core() -> None:
        replay = Replay()
        for _ in replay.run(leaves):
            pass
        assert replay.state.size == len(leaves)

    with tempfile.TemporaryDirectory() as folder:
        write_record(house, Path(folder), len(leaves))
        reader = StaticReader.from_directory(folder)

        def whole() -> None:
            assert read_record(reader).state.size == len(leaves)

        wall: dict[str, list[float]] = {"raw": [], "whole": []}
        cpu: dict[str, list[float]] = {"raw": [], "one_core": []}
        for _ in range(chosen.rounds):
            wall["raw"].append(timed(raw, time.perf_counter))
            wall["whole"].append(timed(whole, time.perf_counter))
            cpu["raw"].append(timed(raw, time.process_time))
            cpu["one_core"].append(timed(one_core, time.process_time))
    count = len(leaves)
    clock, core = ratio(wall["raw"], wall["whole"]), ratio(cpu["raw"], cpu["one_core"])
    rates = {name: round(count / statistics.median(times)) for name, times in {**cpu, **wall}.items()}
    print(
        json.dumps(
            {
                "bench": "verify",
                "entries": count,
                "rounds": chosen.rounds,
                "per_second": rates,
                "ratio": clock,
                "ratio_one_core": core,
                "target": TARGET,
            }
        )
    )
    print(
        f"| verify {count} entries from a folder | {rates['whole']}/s | {rates['raw']}/s, PyNaCl verify alone in one process | {clock} (>= {TARGET}) |"
    )
    print(f"| the same in memory on one core, CPU time | {rates['one_core']}/s | the same | {core} |")
    raise SystemExit(0 if clock >= TARGET else 1)


def timed(work: Callable[[], None], clock: Callable[[], float]) -> float:
    """Seconds of *clock* that *work* takes."""
    began = clock()
    work()
    return clock() - began


def ratio(peer: list[float], ours: list[float]) -> float:
    """The median over the rounds of how fast we are for each unit of the peer's speed."""
    return round(statistics.median(a / b for a, b in zip(peer, ours, strict=True)), 2)


if __name__ == "__main__":
    main()

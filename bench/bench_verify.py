"""How fast is the full verification of a record, beside nothing but its signatures?

    python bench/bench_verify.py [--entries 10000] [--rounds 5]

The peer is PyNaCl's verify over the same keys, messages and signatures, in one process, ready in memory. Ours is ``read_record`` from a
folder, as a stranger does it: files, tiles, parsing, Merkle root, every signature, every rule. Both in turn, the medians compared. Target
(issue 01, "Speed"): at least 60 % of the peer's rate by the clock. Whoever else keeps a core busy spoils that, so the same is shown in CPU
time: of the busier of the two processes (what the clock would say with nobody else there), and of a replay on one core.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

TARGET = 0.6


def main() -> None:
    """Measure, print a line of JSON and rows of a table; exit 1 if the target is missed."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--entries", type=int, default=10_000)
    options.add_argument("--rounds", type=int, default=5)
    chosen = options.parse_args()
    # A worker imports the main module again; the command line's is light, and so is this one.
    from build_record import build_house, write_record  # noqa: PLC0415
    from nacl import bindings  # noqa: PLC0415

    from commonhold.kernel.record.entries import parse_entry  # noqa: PLC0415
    from commonhold.kernel.record.replay import Replay  # noqa: PLC0415
    from commonhold.store.reader import StaticReader  # noqa: PLC0415
    from commonhold.store.record import read_record, telling  # noqa: PLC0415

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
            assert read_record(reader, keep=telling).state.size == len(leaves)

        wall: dict[str, list[float]] = {"raw": [], "whole": []}
        cpu: dict[str, list[float]] = {"raw": [], "one_core": [], "busier": []}
        for _ in range(chosen.rounds):
            wall["raw"].append(timed(raw, time.perf_counter))
            worker, mine = children(), time.process_time()
            wall["whole"].append(timed(whole, time.perf_counter))
            cpu["busier"].append(max(time.process_time() - mine, children() - worker))
            cpu["raw"].append(timed(raw, time.process_time))
            cpu["one_core"].append(timed(one_core, time.process_time))
    count = len(leaves)
    clock, busier, core = (
        ratio(peer, ours) for peer, ours in ((wall["raw"], wall["whole"]), (cpu["raw"], cpu["busier"]), (cpu["raw"], cpu["one_core"]))
    )
    rates = {name: round(count / statistics.median(times)) for name, times in {**cpu, **wall}.items()}
    ratios = {"ratio": clock, "ratio_busier_process": busier, "ratio_one_core": core, "target": TARGET}
    print(json.dumps({"bench": "verify", "entries": count, "rounds": chosen.rounds, "per_second": rates, **ratios}))
    print(
        f"| verify {count} entries from a folder, by the clock | {rates['whole']}/s | {rates['raw']}/s, PyNaCl verify alone in one process | {clock} (>= {TARGET}) |"
    )
    print(f"| the same, CPU time of the busier of two processes | {rates['busier']}/s | the same | {busier} |")
    print(f"| replay in memory on one core, CPU time | {rates['one_core']}/s | the same | {core} |")
    raise SystemExit(0 if clock >= TARGET else 1)


def children() -> float:
    """Seconds of CPU used by processes that this one has started and seen end."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


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

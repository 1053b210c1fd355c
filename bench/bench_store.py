"""What does it cost to keep files by their digest, and to find out whether they are whole? Against cp, sha256sum and bagit, in one run, in turn.

    python bench/bench_store.py [--megabytes 512] [--objects 10000,100000] [--folder DIR]

Ingest: `cp` of files of 4 MiB, then `sha256sum` of the copies, against one batch put of the same files. Both once as they are, and once until the disk has
everything (`sync -f`), which ours promises and cp does not. Scrub: bare `sha256sum` of a hot tree, and bagit's validation of the same files, against a scrub of
the store. Cost per object: objects of 1 KiB, put and scrubbed, as many as --objects says, one count after the other; 1,000,000 is an option, since it takes a quarter of an hour.
`sha256sum` of some systems does not use the processor's instructions for SHA, so `openssl dgst` stands beside it.
Targets: ingest 1.3 times, scrub 1.15 times sha256sum and no slower than bagit, cost per object flat (at most 1.3 times from the smallest count to the largest).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from commonhold.store.objects.directory import ObjectDirectory
from commonhold.store.objects.ledger import Ledger
from commonhold.store.objects.scrub import scrub

PIECE, SMALL = 4 << 20, 1024
INGEST, SCRUB, FLAT = 1.3, 1.15, 1.3


def timed(work: Callable[[], object]) -> float:
    """Seconds of one piece of work."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def run(*words: str | Path) -> None:
    """A peer's command."""
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def put_all(folder: Path, files: list[Path]) -> None:
    """One batch of files, as `commonhold store put` does it."""
    with ObjectDirectory(folder).batch() as batch:
        for path in files:
            with path.open("rb", buffering=0) as file:
                batch.put(file)


def look(folder: Path) -> None:
    """One scrub of everything."""
    with Ledger.of(folder) as ledger:
        done = scrub(ObjectDirectory(folder), ledger, "here", now=time.time, anew=True)
    assert not done.faults


def main() -> None:
    """Measure; print rows; exit 1 if a target is missed."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--megabytes", type=int, default=512)
    options.add_argument("--objects", default="10000,100000")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--folder", default=None, help="where to write; a real disk, not a tmpfs")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        good = large(Path(folder), chosen.megabytes, chosen.rounds)
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        good &= small(Path(folder), [int(count) for count in chosen.objects.split(",")])
    raise SystemExit(0 if good else 1)


def large(base: Path, megabytes: int, rounds: int) -> bool:
    """Files of 4 MiB: ingest and scrub."""
    source = base / "source"
    source.mkdir()
    files = []
    for number in range(megabytes * (1 << 20) // PIECE):
        files.append(source / f"{number:05}")
        files[-1].write_bytes(os.urandom(PIECE))
    run("sync", "-f", base)
    times: dict[str, list[float]] = {
        name: [] for name in ("ours", "peer", "ours synced", "peer synced", "scrub", "sha256sum", "openssl", "bagit")
    }

    def peer(to: Path) -> None:
        run("cp", "-r", source, to)
        run("sh", "-c", f"find '{to}' -type f -print0 | xargs -0 sha256sum")

    for number in range(rounds):
        kept, copied = base / f"store{number}", base / f"copy{number}"
        for order in ((0, 1), (1, 0))[number % 2]:
            if order:
                mine = timed(lambda to=kept: put_all(to, files))  # type: ignore[misc] # the default binds this turn's folder
                times["ours"].append(mine)
                times["ours synced"].append(mine + timed(lambda: run("sync", "-f", base)))
            else:
                theirs = timed(lambda to=copied: peer(to))  # type: ignore[misc] # the same
                times["peer"].append(theirs)
                times["peer synced"].append(theirs + timed(lambda: run("sync", "-f", base)))
        if number < rounds - 1:
            shutil.rmtree(kept)
            shutil.rmtree(copied)
    make_bag = "import bagit, logging, sys; logging.disable(50); bagit.make_bag(sys.argv[1], checksums=['sha256'])"
    run(sys.executable, "-c", make_bag, copied)
    objects = kept / "objects"
    for _ in range(rounds):
        times["sha256sum"].append(timed(lambda: run("sh", "-c", f"find '{objects}' -type f -print0 | xargs -0 sha256sum")))
        times["openssl"].append(timed(lambda: run("sh", "-c", f"find '{objects}' -type f -print0 | xargs -0 openssl dgst -sha256")))
        times["scrub"].append(timed(lambda: look(kept)))
        times["bagit"].append(timed(lambda: run(sys.executable, "-m", "bagit", "--validate", copied)))
    mid = {name: statistics.median(values) for name, values in times.items()}
    print(json.dumps({"bench": "store", "megabytes": megabytes, **{f"{name}_s": round(value, 3) for name, value in mid.items()}}))
    rate = {name: f"{megabytes / value:.0f} MiB/s" for name, value in mid.items()}
    plain, durable = mid["ours"] / mid["peer"], mid["ours synced"] / mid["peer synced"]
    bare, bag = mid["scrub"] / mid["sha256sum"], mid["scrub"] / mid["bagit"]
    print(
        f"| ingest {megabytes} MiB in files of 4 MiB, both until the disk has them | {rate['ours synced']} | {rate['peer synced']}, cp, sha256sum, sync | {durable:.2f} times, target {INGEST} |"
    )
    print(f"| ingest, ours durable, the peer's in the page cache | {rate['ours']} | {rate['peer']}, cp, sha256sum | {plain:.2f} times |")
    print(f"| scrub of a hot tree | {rate['scrub']} | {rate['sha256sum']}, sha256sum | {bare:.2f} times, target {SCRUB} |")
    print(
        f"| the same, against a program that uses the processor's SHA instructions | {rate['scrub']} | {rate['openssl']}, openssl dgst | {mid['scrub'] / mid['openssl']:.2f} times |"
    )
    print(f"| the same | {rate['scrub']} | {rate['bagit']}, bagit --validate | {bag:.2f} times, target 1 |")
    return durable <= INGEST and bare <= SCRUB and bag <= 1


def small(base: Path, counts: list[int]) -> bool:
    """Objects of 1 KiB: what one costs, among few and among many."""
    costs = []
    folder, there = base / "store", 0
    for count in counts:
        began = there
        put = timed(partial(put_numbers, folder, began, count))
        look(folder)
        read = timed(partial(look, folder))
        put_us, read_us = put / (count - began) * 1e6, read / count * 1e6
        there = count
        costs.append((put_us, read_us))
        bare = timed(lambda: run("sh", "-c", f"find '{folder / 'objects'}' -type f -print0 | xargs -0 sha256sum"))
        print(
            f"| one object of 1 KiB among {count}: put (durable) {put_us:.0f} us, scrub | {read_us:.0f} us | {bare / count * 1e6:.0f} us, sha256sum | {read / bare:.2f} times |"
        )
    growth = [costs[-1][way] / costs[0][way] for way in (0, 1)]
    print(
        f"| cost per object, {counts[-1]} against {counts[0]}: put {growth[0]:.2f} times, scrub | {costs[-1][1]:.0f} us | {costs[0][1]:.0f} us | {growth[1]:.2f} times, target {FLAT} |"
    )
    return max(growth) <= FLAT


def put_numbers(folder: Path, first: int, last: int) -> None:
    """Objects of 1 KiB, each different."""
    with ObjectDirectory(folder).batch() as batch:
        for number in range(first, last):
            batch.put(f"{number:010}".encode() + bytes(SMALL - 10))


if __name__ == "__main__":
    main()

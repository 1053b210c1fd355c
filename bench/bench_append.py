"""How much dearer is a batch in the log than the bare write and fsync of the same bytes? Both in one run, in turn, on the same disk.

    python bench/bench_append.py [--batches 300] [--folder DIR]

A batch is 64 entries of 600 bytes. The log's time holds everything: hashing, signing, the journal's flush, the static tree, settling
every 128 batches and on closing. Target: the median of the one is at most 3 times that of the other. (On ext4 without a journal, making a
file takes longer the more files were removed in the last half minute: there, let the disk rest before measuring.)
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

from commonhold.kernel.notes import SignerKey
from commonhold.store.files import DirectoryFiles
from commonhold.store.log import Log

ENTRIES, ENTRY_BYTES, TARGET = 64, 600, 3.0


def main() -> None:
    """Measure; print a line of JSON, a row and a sentence; exit 1 if the target is missed."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--batches", type=int, default=300)
    options.add_argument("--folder", default=None, help="where to write; a real disk, not a tmpfs")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        bare, logged, making = measure(Path(folder), chosen.batches)
    ratio, total = statistics.median(logged) / statistics.median(bare), sum(logged) / sum(bare)
    result = {
        "bench": "append",
        "batches": chosen.batches,
        "entries_per_batch": ENTRIES,
        "entry_bytes": ENTRY_BYTES,
        "bare_ms": round(statistics.median(bare) * 1e3, 3),
        "log_ms": round(statistics.median(logged) * 1e3, 3),
        "ratio_of_medians": round(ratio, 2),
        "ratio_of_quickest_tenths": round(statistics.quantiles(logged, n=10)[0] / statistics.quantiles(bare, n=10)[0], 2),
        "ratio_of_totals_with_settling": round(total, 2),
        "entries_per_second": round(ENTRIES * chosen.batches / sum(logged)),
        "making_three_files_ms": round(statistics.median(making) * 1e3, 3),
        "target": TARGET,
    }
    print(json.dumps(result))
    what = f"append a durable batch of {ENTRIES} entries of {ENTRY_BYTES} bytes, against a bare write and fsync of the same bytes (medians)"
    print(f"| {what} | {result['log_ms']} ms | {result['bare_ms']} ms | {ratio:.2f} times, target {TARGET} |")
    print(f"append with durability costs {ratio:.2f} times a bare write and fsync; {total:.2f} times in all, with every settling and pause")
    raise SystemExit(0 if ratio <= TARGET else 1)


def measure(folder: Path, batches: int) -> tuple[list[float], list[float], list[float]]:
    """Seconds of each bare batch, of each logged one (the last is closing), and of making three small files, as each batch must."""
    origin = "bench.example/append"
    log = Log.create(DirectoryFiles(folder / "log"), origin, SignerKey(origin, bytes(range(32))))
    fd = os.open(folder / "bare", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    bare, logged, making = [], [], []
    for index in range(batches):
        data = os.urandom(ENTRIES * ENTRY_BYTES)
        entries = [data[at : at + ENTRY_BYTES] for at in range(0, len(data), ENTRY_BYTES)]
        began = time.perf_counter()
        os.write(fd, data)
        os.fsync(fd)
        between = time.perf_counter()
        log.append(entries)
        logged.append(time.perf_counter() - between)
        bare.append(between - began)
        began = time.perf_counter()
        for place in range(3):
            (folder / f"made-{index}-{place}").write_bytes(b"x")
        making.append(time.perf_counter() - began)
    os.close(fd)
    began = time.perf_counter()
    log.close()
    logged.append(time.perf_counter() - began)
    return bare, logged, making


if __name__ == "__main__":
    main()

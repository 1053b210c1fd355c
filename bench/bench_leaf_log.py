"""Does the writer's memory stay flat over a million entries? Peak RSS at 100,000 and at the end, and the rate.

    python bench/bench_leaf_log.py [--entries 1000000] [--batch 2000] [--folder DIR]

Small entries (32 bytes) through the durable log, in batches, then every one of them read back from the static files and proved.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time

from commonhold.kernel.notes import SignerKey
from commonhold.store.files import DirectoryFiles
from commonhold.store.log import Log
from commonhold.store.reader import StaticReader

FIRST, ALLOWED_MB = 100_000, 16.0


def main() -> None:
    """Measure; print a line of JSON, a row and a sentence; exit 1 if memory grew by more than 16 MB after the first 100,000."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--entries", type=int, default=1_000_000)
    options.add_argument("--batch", type=int, default=2_000)
    options.add_argument("--folder", default=None)
    chosen = options.parse_args()
    origin = "bench.example/leaves"
    signer = SignerKey(origin, bytes(range(32)))
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        began, early = time.perf_counter(), 0.0
        with Log.create(DirectoryFiles(folder), origin, signer) as log:
            while log.size < chosen.entries:
                count = min(chosen.batch, chosen.entries - log.size)
                log.append([b"%032d" % index for index in range(log.size, log.size + count)])
                if not early and log.size >= FIRST:
                    early = peak_mb()
            late = peak_mb()
        written = time.perf_counter()
        _, entries = StaticReader.from_directory(folder).read_all([signer.verifier])
        read = sum(1 for _ in entries)
        done = time.perf_counter()
    result = {
        "bench": "leaf_log",
        "entries": read,
        "batch": chosen.batch,
        "peak_mb_at_100k": round(early, 1),
        "peak_mb_at_end": round(late, 1),
        "peak_mb_after_reading": round(peak_mb(), 1),
        "appended_per_second": round(read / (written - began)),
        "proved_per_second": round(read / (done - written)),
    }
    print(json.dumps(result))
    what = f"a log of {read:,} small entries: peak memory at the end, against at {FIRST:,}"
    print(f"| {what} | {late:.1f} MB | {early:.1f} MB | {late / early:.2f}, {result['appended_per_second']:,} appended per second |")
    print(f"{read} entries: peak memory {early:.1f} MB at {FIRST}, {late:.1f} MB at the end, {peak_mb():.1f} MB after reading all")
    raise SystemExit(0 if peak_mb() - early <= ALLOWED_MB and read == chosen.entries else 1)


def peak_mb() -> float:
    """The most memory that this process ever held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()

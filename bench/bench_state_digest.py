"""Does a changed value cost the state digest O(log n), and an insertion its share of a batch?

    python bench/bench_state_digest.py [--largest 65536]

Counts the node hashes (which no other load on the machine can change) and the CPU time of one changed value, and of a batch of insertions as a checkpoint
brings them, in states of growing size. The limit for a change is the height of the tree; the peer of a batch is the whole tree made anew.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import time

from commonhold.kernel.record import digest
from commonhold.kernel.record.digest import StateTree

SAMPLES, BATCH = 200, 256
hashes = 0


def main() -> None:
    """Measure, print lines of JSON and rows of a table; exit 1 if a change takes more hashes than the tree is high."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--largest", type=int, default=65_536)
    largest = options.parse_args().largest
    plain = digest.node_hash

    def counted(left: bytes, right: bytes) -> bytes:
        global hashes  # noqa: PLW0603 - one counter for the whole bench
        hashes += 1
        return plain(left, right)

    digest.node_hash = counted
    good, size = True, 1_024
    while size <= largest:
        good &= measure(size)
        size *= 8
    raise SystemExit(0 if good else 1)


def measure(size: int) -> bool:
    """Print what a change and a batch cost in a state of *size* leaves; whether a change stays within the height."""
    tree = StateTree()
    _, whole_ms, whole = cost(tree, {("statements", name(i)): {"value": i} for i in range(size)})
    height = math.ceil(math.log2(size))
    changes = [cost(tree, {("statements", name(i * 7919 % size)): {"value": -i}}) for i in range(SAMPLES)]
    worst = max(count for count, _, _ in changes)
    change_ms = statistics.median(ms for _, ms, _ in changes)
    batch, batch_ms, count = cost(tree, {("statements", name(size + i)): {"value": i} for i in range(BATCH)})
    assert count == size + BATCH
    result = {"bench": "state_digest", "leaves": whole, "hashes_per_change": worst, "height": height, "change_ms": round(change_ms, 4)}
    print(json.dumps({**result, "batch": BATCH, "batch_ms": round(batch_ms, 2), "batch_hashes": batch, "whole_ms": round(whole_ms, 2)}))
    print(
        f"| one changed value among {size} | {worst} hashes, {change_ms:.3f} ms CPU | {height}, the height of the tree | {worst / height:.2f} |"
    )
    print(
        f"| {BATCH} insertions in one batch among {size} | {batch_ms:.1f} ms CPU | {whole_ms:.1f} ms, the tree made anew | {batch_ms / whole_ms:.2f} |"
    )
    return worst <= height


def cost(tree: StateTree, changes: dict[tuple[str, str], dict[str, int]]) -> tuple[int, float, int]:
    """Node hashes, milliseconds of CPU, and the number of leaves afterwards."""
    global hashes  # noqa: PLW0603
    hashes = 0
    began = time.process_time()
    tree.update(changes)
    tree.root()
    return hashes, (time.process_time() - began) * 1e3, tree.count


def name(i: int) -> str:
    """A key that spreads over the whole order, as digests do."""
    return f"{i * 2654435761 % 2**32:08x}"


if __name__ == "__main__":
    main()

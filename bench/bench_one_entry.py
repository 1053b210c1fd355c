"""What does one more entry cost a reader who knows the rest?

    python bench/bench_one_entry.py [--entries 10000] [--samples 500]

A reader holds the state, the tree and the digest tree of a long record, and is handed the next entry: parse it, check its signature and every rule, append
it to the tree, compute the root, and bring the state digest in step. CPU time of each, over the last entries of the record. Target: under 5 ms.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time

from build_record import build_house
from nacl import bindings

from commonhold.kernel.record.digest import StateTree
from commonhold.kernel.record.entries import parse_entry
from commonhold.kernel.record.fold import apply
from commonhold.kernel.record.replay import Replay
from commonhold.kernel.tlog.merkle import leaf_hash

LIMIT_MS = 5.0


def main() -> None:
    """Measure, print a line of JSON and rows of a table; exit 1 if the limit is passed."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--entries", type=int, default=10_000)
    options.add_argument("--samples", type=int, default=500)
    chosen = options.parse_args()
    house = build_house(chosen.entries)
    leaves = house.leaves[: chosen.entries]
    replay = Replay()
    for _ in replay.run(leaves[: -chosen.samples]):
        pass
    state, tree, digest = replay.state, replay.tree, StateTree.of(replay.state)
    checked, digested, raw = [], [], []
    for leaf in leaves[-chosen.samples :]:
        began = time.process_time()
        state, outcome = apply(state, leaf, tree.root)
        tree.append(leaf_hash(leaf))
        tree.root()
        between = time.process_time()
        digest.update({(part, key): state.parts[part].get(key) for part, key in outcome.changed})
        digest.root()
        done = time.process_time()
        entry = parse_entry(leaf)
        assert entry.sig is not None
        began_raw = time.process_time()
        bindings.crypto_sign_open(entry.sig.value + entry.signed_bytes, house.kits[entry.by].keys.sign)
        raw.append(time.process_time() - began_raw)
        checked.append(between - began)
        digested.append(done - between)
    assert digest.root() == StateTree.of(state).root()
    both = [a + b for a, b in zip(checked, digested, strict=True)]
    result = {
        "bench": "one_entry",
        "entries": len(leaves),
        "check_ms": round(statistics.median(checked) * 1e3, 3),
        "check_ms_worst": round(max(checked) * 1e3, 3),
        "with_digest_ms": round(statistics.median(both) * 1e3, 3),
        "with_digest_ms_worst": round(max(both) * 1e3, 3),
        "signature_ms": round(statistics.median(raw) * 1e3, 3),
        "limit_ms": LIMIT_MS,
    }
    print(json.dumps(result))
    for what, times in (("checked", checked), ("checked, with the state digest at once", both)):
        cost = statistics.median(times) * 1e3
        print(
            f"| one more entry after {len(leaves) - chosen.samples}, {what}, CPU | {cost:.2f} ms (worst {max(times) * 1e3:.2f}) "
            f"| {LIMIT_MS:.0f} ms; its signature alone {statistics.median(raw) * 1e3:.2f} ms | {cost / LIMIT_MS:.2f} of the limit |"
        )
    raise SystemExit(0 if statistics.median(checked) * 1e3 < LIMIT_MS else 1)


if __name__ == "__main__":
    main()

"""How long does it take to know who could take what? Registers of 1,000 and 10,000 nodes, the best fix, and fault trees against SCRAM.

    python bench/bench_custody.py [--trees DIR]

The registers are drawn at random with a fixed seed: one to three ways of one to three inputs, choices of 2 of 3, 3 of 5 and 2 of 4, one input in
forty pointing forward, so that nearly all nodes stand in one cycle. Targets are those of issue 3. DIR holds Open-PSA trees (by default the shared test
data); SCRAM (Debian's package `scram`) is the peer where it is installed, and counts the same sets.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from commonhold.kernel.custody import Effort, Register, advise, analyse, minimal_sets, parse_openpsa, parse_register

SHARED = Path(os.environ.get("COMMONHOLD_SHARED_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")
LIMITS = {1_000: 0.5, 10_000: 5.0}


def main() -> None:
    """Measure; print rows and a line of JSON; exit 1 if a target of the issue is missed."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--trees", type=Path, default=SHARED / "custody" / "aralia")
    chosen = options.parse_args()
    sys.setrecursionlimit(300_000)
    rows: list[tuple[str, float, float]] = []
    for nodes, people in ((1_000, 200), (10_000, 500)):
        register = parse_register(json.dumps(drawn(nodes, people, seed=1)).encode())
        took, usual = times_of(lambda found=register: analyse(found, size=3), 5, time.process_time)
        print(
            f"all {nodes:,} nodes and {people} people: median of 5 runs {usual:.2f} s of one core, of which who can take each (best of 2)",
            end=" ",
        )
        print(f"{times_of(lambda found=register: analyse(without_members(found), size=3), 2, time.process_time)[0]:.2f} s")
        rows.append(
            (f"all {nodes:,} nodes and {people} people, coalitions and losses to size 3, CPU seconds of one core", took, LIMITS[nodes])
        )
    register = parse_register(json.dumps(drawn(1_000, 200, seed=1)).encode())
    rows.append(
        (
            "best fixes for one of 1,000 nodes, CPU seconds of one core",
            times_of(lambda: advise(register, "n999"), 3, time.process_time)[0],
            5.0,
        )
    )
    for what, took, limit in rows:
        print(f"| {what} | {took:.2f} s | {limit:.2f} s (the target) | {took / limit:.2f} |")
    missed = [what for what, took, limit in rows if took > limit]
    for tree in sorted(chosen.trees.glob("*.xml")):
        missed += against_scram(tree)
    if not any(chosen.trees.glob("*.xml")):
        print("the fault trees are not here: set COMMONHOLD_SHARED_DATA, or name a folder with --trees")
    print(json.dumps({"bench": "custody", "missed": missed}))
    raise SystemExit(1 if missed else 0)


def without_members(register: Register) -> Register:
    """The register of an organisation without members, so that there is nobody whose loss could be asked about."""
    return replace(register, parties={id_: replace(party, org=False) for id_, party in register.parties.items()})


def against_scram(tree: Path) -> list[str]:
    """Count the minimal sets of one tree, ours from its bytes on; SCRAM as a program of its own."""
    raw = tree.read_bytes()
    counts: list[int | None] = []

    def ours() -> None:
        register, tops = parse_openpsa(raw)
        counts.append(minimal_sets(register, tops[0], effort=Effort(exact=8_000_000, listed=0)).count)

    took, _ = times_of(ours)
    what = f"{tree.stem}: {counts[-1]:,} minimal sets" if counts[-1] is not None else f"{tree.stem}: unknown"
    if (scram := shutil.which("scram")) is None:
        print(f"{what} in {took:.3f} s; SCRAM is not installed (Debian: apt install scram)")
    else:
        with tempfile.NamedTemporaryFile(suffix=".xml") as report:
            theirs, _ = times_of(
                lambda: subprocess.run([scram, "--limit-order", "100", "-o", report.name, str(tree)], check=True, capture_output=True)
            )
            found = re.search(r'products="(\d+)"', Path(report.name).read_text("utf-8"))
        same = found is not None and int(found[1]) == counts[-1]
        print(
            f"| {what}, against SCRAM{'' if same else f' ({found[1] if found else None}!)'} | {took:.3f} s | {theirs:.3f} s | {took / theirs:.2f} |"
        )
        if not same:
            return [f"{tree.stem} differs from SCRAM"]
    return [f"{tree.stem} takes {took:.2f} s"] if took > 1 else []


def drawn(nodes: int, people: int, *, seed: int) -> dict[str, Any]:
    """A register of this many nodes, the same for the same seed."""
    dice = random.Random(seed)

    def leaf(index: int) -> str:
        luck = dice.random()
        if index < 6 or luck < 0.4:
            return f"party:p{dice.randrange(people)}"
        return f"node:n{dice.randrange(nodes) if luck < 0.425 else dice.randrange(max(0, index - 200), index)}"

    def choice(index: int) -> Any:
        luck = dice.random()
        if luck < 0.65:
            return leaf(index)
        need, of = (1, dice.choice((2, 3))) if luck < 0.85 else dice.choice(((2, 3), (3, 5), (2, 4)))
        leaves: dict[str, None] = {}
        while len(leaves) < of:
            leaves[leaf(index)] = None
        return {"any": list(leaves)} if need == 1 else {"atleast": need, "of": list(leaves)}

    return {
        "parties": [{"id": f"p{number}", "kind": "person", "org": True} for number in range(people)],
        "nodes": [
            {
                "id": f"n{index}",
                "kind": "resource",
                "obtain": [{"via": "", "all": [choice(index) for _ in range(dice.randint(1, 3))]} for _ in range(dice.randint(1, 3))],
            }
            for index in range(nodes)
        ],
    }


def times_of(work: Callable[[], object], times: int = 3, clock: Callable[[], float] = time.perf_counter) -> tuple[float, float]:
    """The seconds of the quickest run and of the middle one; registers are measured in seconds of one core, programs by the wall's clock."""
    found = []
    for _ in range(times):
        began = clock()
        work()
        found.append(clock() - began)
    return min(found), statistics.median(found)


if __name__ == "__main__":
    main()

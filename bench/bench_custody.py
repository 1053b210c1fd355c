"""How long does it take to know who could take what? Registers of 1,000 and 10,000 nodes, the best fix, and fault trees against SCRAM.

    python bench/bench_custody.py [--trees DIR]

The registers are drawn at random with a fixed seed: one to three ways of one to three inputs, choices of 2 of 3, 3 of 5 and 2 of 4, one input in
forty pointing forward, so that nearly all nodes stand in one cycle. Targets are those of issue 3. DIR holds Open-PSA trees (by default the shared test
data), to which a drawn one with tens of thousands of minimal sets is added; SCRAM (Debian's package `scram`) is the peer where it is installed, and
must find as many. Both list all sets. Everything is measured in CPU seconds, so that other work on the machine does not count.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
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
        took, usual = times_of(lambda found=register: analyse(found, size=3), 5)
        print(
            f"all {nodes:,} nodes and {people} people: median of 5 runs {usual:.2f} s of one core, of which who can take each (best of 2)",
            end=" ",
        )
        print(f"{times_of(lambda found=register: analyse(without_members(found), size=3), 2)[0]:.2f} s")
        rows.append(
            (f"all {nodes:,} nodes and {people} people, coalitions and losses to size 3, CPU seconds of one core", took, LIMITS[nodes])
        )
    register = parse_register(json.dumps(drawn(1_000, 200, seed=1)).encode())
    rows.append(
        (
            "best fixes for one of 1,000 nodes, CPU seconds of one core",
            times_of(lambda: advise(register, "n999"), 3)[0],
            5.0,
        )
    )
    for what, took, limit in rows:
        print(f"| {what} | {took:.2f} s | {limit:.2f} s (the target) | {took / limit:.2f} |")
    missed = [what for what, took, limit in rows if took > limit]
    for tree in sorted(chosen.trees.glob("*.xml")):
        missed += against_scram(tree.stem, tree.read_bytes(), limit=1.0)
    if not any(chosen.trees.glob("*.xml")):
        print("the fault trees are not here: set COMMONHOLD_SHARED_DATA, or name a folder with --trees")
    missed += against_scram("drawn", drawn_tree(60, (1, 6, 8, 20, 25, 30), seed=7), limit=None)
    print(json.dumps({"bench": "custody", "missed": missed}))
    raise SystemExit(1 if missed else 0)


def without_members(register: Register) -> Register:
    """The register of an organisation without members, so that there is nobody whose loss could be asked about."""
    return replace(register, parties={id_: replace(party, org=False) for id_, party in register.parties.items()})


def against_scram(name: str, raw: bytes, *, limit: float | None) -> list[str]:
    """List the minimal sets of one tree, ours from its bytes on; SCRAM as a program of its own, its start included."""
    found: list[int | None] = []

    def ours() -> None:
        register, tops = parse_openpsa(raw)
        answer = minimal_sets(register, tops[0], effort=Effort(exact=8_000_000, listed=1_000_000))
        found.append(answer.count if answer.complete else None)

    took, _ = times_of(ours)
    what = f"{name}: {'unknown' if found[-1] is None else f'{found[-1]:,} minimal sets'}"
    missed = [f"{name} takes {took:.2f} s"] if limit is not None and took > limit else []
    if (scram := shutil.which("scram")) is None:
        print(f"{what} in {took:.3f} s; SCRAM is not installed (Debian: apt install scram)")
        return missed
    with tempfile.NamedTemporaryFile(suffix=".xml") as tree, tempfile.NamedTemporaryFile(suffix=".xml") as report:
        tree.write(raw)
        tree.flush()
        asked = [scram, "--limit-order", "100", "-o", report.name, tree.name]
        theirs, _ = times_of(lambda: subprocess.run(asked, check=True, capture_output=True))
        number = re.search(r'products="(\d+)"', Path(report.name).read_text("utf-8"))
    if number is None or int(number[1]) != found[-1]:
        missed.append(f"{name} differs from SCRAM, which finds {number and number[1]}")
    print(f"| {what}, against SCRAM, CPU seconds | {took:.3f} s | {theirs:.3f} s | {took / theirs:.2f} |")
    return missed


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


def drawn_tree(events: int, widths: tuple[int, ...], *, seed: int) -> bytes:
    """An Open-PSA tree in layers of that many gates, AND and OR by turns and a few "2 of them", whose parts are shared; the same for the same seed."""
    dice = random.Random(seed)
    gates: dict[str, tuple[list[str], str]] = {}
    for level, width in enumerate(widths):
        below = [f'<gate name="g{level + 1}-{place}"/>' for place in range(widths[level + 1])] if level + 1 < len(widths) else []
        for place in range(width):
            pool = (
                below if (below and dice.random() < 0.9) or level == 0 else [f'<basic-event name="e{event}"/>' for event in range(events)]
            )
            inputs = dice.sample(pool, min(len(pool), dice.randint(2, 4)))
            kind, least = ("and" if level % 2 == 0 else "or"), ""
            if len(inputs) > 2 and dice.random() < 0.15:
                kind, least = "atleast", ' min="2"'
            name = f"g{level}-{place}"
            gates[name] = inputs, f'<define-gate name="{name}"><{kind}{least}>{"".join(inputs)}</{kind}></define-gate>'
    # What the top does not use would be tops of their own.
    used: dict[str, str] = {}
    stack = ["g0-0"]
    while stack:
        if (name := stack.pop()) not in used:
            used[name] = gates[name][1]
            stack += [part.split('"')[1] for part in gates[name][0] if part.startswith("<gate")]
    rates = "".join(f'<define-basic-event name="e{event}"><float value="0.01"/></define-basic-event>' for event in range(events))
    return f"<opsa-mef><define-fault-tree name='drawn'>{''.join(used.values())}{rates}</define-fault-tree></opsa-mef>".encode()


def spent() -> float:
    """The CPU seconds of this process and of the programs that it ran."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def times_of(work: Callable[[], object], times: int = 3) -> tuple[float, float]:
    """The CPU seconds of the quickest run and of the middle one."""
    found = []
    for _ in range(times):
        began = spent()
        work()
        found.append(spent() - began)
    return min(found), statistics.median(found)


if __name__ == "__main__":
    main()

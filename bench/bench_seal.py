"""How long does it take to cut a seal's key for 18 people in three levels of groups, and to put it together again?

    python bench/bench_seal.py [--samples 15]

Two of three officers, and three of five regions by two of their three. Targets: under 100 ms in Python, and under 1 s in a Chromium whose CPU is
slowed down to a quarter, about a phone's. Nearly all of it is PBKDF2, of which SLIP-39 asks 10,000 rounds for each set of shares that is made or
opened; the bare PBKDF2 of as many rounds, in the same run and the same page, is the limit. In Python the peer is the plain two levels of
shamir-mnemonic for as many people. Beside it the whole of sealing: content, shares, a trial in which every share takes part, commitments and chains.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import secrets
import shutil
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright
from shamir_mnemonic import combine_mnemonics, generate_mnemonics

from commonhold.kernel.custody.sealing.bundle import Secret
from commonhold.kernel.custody.sealing.opening import seal
from commonhold.kernel.custody.sealing.shares import About
from commonhold.kernel.custody.sealing.splitting import join_shares, split_key
from commonhold.kernel.custody.sealing.structure import parse_structure

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tools.inline import bundle

REGIONS = ("north", "east", "south", "west", "coast")
STRUCTURE: dict[str, Any] = {
    "need": 2,
    "of": [
        {"need": 2, "of": ["heron", "tern", "plover"]},
        {"need": 3, "of": [{"need": 2, "of": [f"{region}-{at}" for at in "abc"]} for region in REGIONS]},
    ],
}
OPENERS = ("heron", "tern", *(f"{region}-{at}" for region in REGIONS[:3] for at in "ab"))
SETS = 6 + 4
"""Sets of shares that are made (the outermost and one for each region) and opened (the outermost and three)."""

ITERATIONS = SETS * 10_000
ABOUT = About("5a" * 32, "page", 1)
SECRET = Secret("password", "page", "curlew-sings-at-dusk")
LIMIT_PYTHON_MS, LIMIT_PHONE_MS = 100.0, 1000.0
SLOWDOWN = 4


def times(samples: int, work: Callable[[], object]) -> list[float]:
    """Milliseconds of CPU of each of so many runs, so that other work on the machine does not count."""
    found = []
    for _ in range(samples):
        began = time.process_time()
        work()
        found.append((time.process_time() - began) * 1e3)
    return found


def in_python(samples: int) -> dict[str, float]:
    """Medians: cut and joined, sealed whole, the plain two levels, and the bare PBKDF2."""
    structure, about = parse_structure(STRUCTURE), ABOUT.to_value()

    def split() -> None:
        key = secrets.token_bytes(32)
        shares = split_key(key, structure, about, secrets.token_bytes)
        assert join_shares(structure, about, {name: shares[name] for name in OPENERS}) == key

    def whole() -> None:
        people = structure.people()
        seal((SECRET,), structure, ABOUT, secrets.token_bytes).manifest(dict.fromkeys(people, ""), dict.fromkeys(people, ""))

    def plain() -> None:
        key = secrets.token_bytes(32)
        groups = generate_mnemonics(2, [(2, 3), (9, 15)], key, iteration_exponent=0)
        assert combine_mnemonics([*groups[0][:2], *groups[1][:9]]) == key

    def bare() -> None:
        hashlib.pbkdf2_hmac("sha256", b"x", bytes(16), ITERATIONS, 16)

    return {
        name: statistics.median(times(samples, work))
        for name, work in (("split", split), ("seal", whole), ("plain", plain), ("bare", bare))
    }


def in_chromium(program: str, samples: int, slowdown: int) -> dict[str, float]:
    """Milliseconds of CPU, the slowing included, in a page that is slowed down that many times: medians, and the first, when nothing is compiled yet."""
    given = {
        "structure": STRUCTURE,
        "about": ABOUT.to_value(),
        "people": OPENERS,
        "secrets": [{"kind": SECRET.kind, "name": SECRET.name, "value": SECRET.value}],
        "iterations": ITERATIONS,
    }
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_context(offline=True).new_page()
        page.add_script_tag(content=bundle("testing/benchseal.js"))
        devtools = page.context.new_cdp_session(page)
        devtools.send("Emulation.setCPUThrottlingRate", {"rate": slowdown})
        devtools.send("Performance.enable", {"timeDomain": "threadTicks"})

        def spent() -> float:
            metrics = devtools.send("Performance.getMetrics")["metrics"]
            return float(next(one["value"] for one in metrics if one["name"] == "TaskDuration")) * 1e3

        def timed(what: str) -> float:
            began = spent()
            page.evaluate("([what, given]) => timed[what](given)", [what, given])
            return spent() - began

        found = {what: [timed(what) for _ in range(samples)] for what in ("split", "seal", "bare")}
        browser.close()
    return {name: statistics.median(each) for name, each in found.items()} | {f"{name}_first": each[0] for name, each in found.items()}


def main() -> int:
    """Measure, print a line of JSON and rows of a table; 1 if a limit is passed."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--samples", type=int, default=15)
    chosen = options.parse_args()
    python = in_python(chosen.samples)
    print(
        f"| a key cut for {len(parse_structure(STRUCTURE).people())} people in 3 levels and joined, in Python | {python['split']:.1f} ms | "
        f"{LIMIT_PYTHON_MS:.0f} ms; two plain levels of shamir-mnemonic {python['plain']:.1f} ms; bare PBKDF2 {python['bare']:.1f} ms | "
        f"{python['split'] / python['bare']:.1f} times the bare PBKDF2, {python['split'] / LIMIT_PYTHON_MS:.2f} of the limit |"
    )
    print(
        f"| the whole of sealing for them, trial, commitments and chains included, in Python | {python['seal']:.0f} ms | cut and joined {python['split']:.0f} ms | {python['seal'] / python['split']:.1f} times |"
    )
    result: dict[str, Any] = {"bench": "seal", "python": {name: round(each, 1) for name, each in python.items()}}
    good = python["split"] < LIMIT_PYTHON_MS
    program = os.environ.get("COMMONHOLD_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        print("There is no Chromium here, so nothing was measured in a browser.")
    else:
        phone = in_chromium(program, chosen.samples, SLOWDOWN)
        result["phone"] = {name: round(each, 1) for name, each in phone.items()}
        print(
            f"| the same key cut and joined in Chromium, its CPU slowed down {SLOWDOWN} times | {phone['split']:.0f} ms (the first {phone['split_first']:.0f}) | "
            f"{LIMIT_PHONE_MS:.0f} ms; bare PBKDF2 {phone['bare']:.0f} ms | "
            f"{phone['split'] / phone['bare']:.1f} times the bare PBKDF2, {phone['split'] / LIMIT_PHONE_MS:.2f} of the limit |"
        )
        print(
            f"| the whole of sealing there | {phone['seal']:.0f} ms (the first {phone['seal_first']:.0f}) | cut and joined {phone['split']:.0f} ms | {phone['seal'] / phone['split']:.1f} times |"
        )
        good = good and phone["split"] < LIMIT_PHONE_MS
    print(json.dumps(result))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

"""How long do sealing and opening take, in Python, in a browser as slow as a phone's, and in `commonhold custody status` of a house with 200 seals?

    python bench/bench_sealing.py [--resources 200] [--samples 15]

A key for 18 people in three levels (both of: 2 of 3 officers, 3 of 5 regions of which each is 2 of 3), cut and joined as `custody seal` and `unseal` do it, the
trial opening left out. Nearly all of it is PBKDF2, of which SLIP-39 asks 10,000 rounds for each set of shares that is made or opened: the bare PBKDF2 of as many
rounds, in the same run and the same page, is the limit. In Python the peer is the plain two levels of shamir-mnemonic for as many people. Beside it the whole of
sealing: content, shares, a trial in which every share takes part, commitments and chains. Status is the whole command as people type it, a process with its start and
the replay of the record in a real folder; beside it, what such a process takes to say its version.

Targets: 0.1 s of one core for cutting and joining, 1 s in a Chromium whose CPU is slowed down to a quarter (about a phone's), 0.5 s for the command. All in CPU
time, so that other work on the machine counts for little: the best of the samples, and in the page their median and the first, when nothing is compiled yet.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import json
import os
import resource
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from build_record import EXAMPLE, MEMBERS, OFFICERS, write_record
from playwright.sync_api import sync_playwright
from shamir_mnemonic import combine_mnemonics, generate_mnemonics

from commonhold.kernel.charter import compile_charter
from commonhold.kernel.custody.sealing.bundle import Secret
from commonhold.kernel.custody.sealing.opening import seal
from commonhold.kernel.custody.sealing.shares import About, next_proof
from commonhold.kernel.custody.sealing.splitting import join_shares, split_key
from commonhold.kernel.custody.sealing.structure import parse_structure
from commonhold.kernel.record.keeping import structure_for
from commonhold.testing.house import MemoryHouse, derive

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
LIMIT_PYTHON_MS, LIMIT_PHONE_MS, LIMIT_STATUS_S = 100.0, 1000.0, 0.5
SLOWDOWN = 4
RUN = "from commonhold.cli.main import main; main()"


def in_python(samples: int) -> dict[str, float]:
    """Milliseconds of CPU: cut and joined, sealed whole, the plain two levels, and the bare PBKDF2."""
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

    works = {"split": split, "seal": whole, "plain": plain, "bare": bare}
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(samples):
        # Side by side, so that a machine that grows slower does so for all of them.
        for name, work in works.items():
            found[name].append(cpu(work) * 1e3)
    return {name: min(each) for name, each in found.items()}


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


def in_commands(samples: int, resources: int) -> dict[str, float]:
    """Seconds of CPU: `custody status`, `verify` of the same record, and the start of a process; and how many entries the record has."""
    with tempfile.TemporaryDirectory() as folder:
        house = sealed_house(resources)
        write_record(house, Path(folder, "record"), house.tree.size)
        assert json.loads(command("custody", "status", "--house", folder, "--json"))["resources"][0]["live"]["opens"]
        commands = {"status": ("custody", "status", "--house", folder), "start": ("--version",), "verify": ("verify", folder)}
        found = {name: min(children_cpu(lambda words=words: command(*words)) for _ in range(samples)) for name, words in commands.items()}
    return found | {"entries": house.tree.size}


def main() -> int:
    """Measure, print a line of JSON and rows of a table; 1 if a limit is passed."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--samples", type=int, default=15)
    options.add_argument("--resources", type=int, default=200)
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
    result: dict[str, Any] = {"bench": "sealing", "python": {name: round(each, 1) for name, each in python.items()}}
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
    commands = in_commands(chosen.samples, chosen.resources)
    result["commands"] = {name: round(each, 3) for name, each in commands.items()}
    took = commands["status"]
    print(
        f"| `custody status` of {chosen.resources} sealed resources ({commands['entries']:,.0f} entries), the whole command, of which {commands['start']:.2f} s are "
        f"the start of a process | {took:.2f} s | {LIMIT_STATUS_S:.2f} s; `verify` of the same record {commands['verify']:.2f} s | "
        f"{took / commands['verify']:.2f} times `verify`, {took / LIMIT_STATUS_S:.2f} of the limit |"
    )
    good = good and took < LIMIT_STATUS_S
    print(json.dumps(result))
    return 0 if good else 1


def dice(turn: int) -> Callable[[int], bytes]:
    """Dice that fall the same way each time."""
    count = 0

    def throw(size: int) -> bytes:
        nonlocal count
        count += 1
        return hashlib.shake_256(b"%d|%d" % (turn, count)).digest(size)

    return throw


def sealed_house(resources: int) -> MemoryHouse:
    """The example's house with so many resources, each sealed for its three officers and taken up by them."""
    compiled = compile_charter((EXAMPLE / "charter.md").read_text("utf-8"), (EXAMPLE / "charter.toml").read_text("utf-8"))
    value = copy.deepcopy(dict(compiled.value))
    names = [f"thing-{number}" for number in range(resources)]
    (clause,) = value["rules"]["custody"].values()
    # A list of a charter has at most 100 items.
    value["rules"]["custody"] = {f"keys-{at}": {**clause, "resources": names[at : at + 100]} for at in range(0, resources, 100)}
    house = MemoryHouse(value, MEMBERS[:5])
    house.accept_all()
    for office, name in OFFICERS.items():
        seat = house.propose("heron", "appoint", {"office": office, "member": name})
        for approver in MEMBERS[:5]:
            if house.status(seat) == "open":
                house.approve(seat, approver)
        house.do(name, "accept", of=seat)
    structure = structure_for(house.state, names[0])
    for turn, name in enumerate(names):
        made = seal([Secret("password", "admin", name)], structure, About(house.org, name, 1), dice(turn))
        members = {person: house.state.member(person) for person in structure.people()}
        kits = {person: member.kit for person, member in members.items() if member is not None}
        public = made.manifest(kits, {person: derive("envelope", name, person).hex() for person in kits})
        shares = {person: holding.to_value() for person, holding in public.holdings.items()}
        payload = {
            "resource": name,
            "seal": 1,
            "structure": structure.to_value(),
            "shares": shares,
            "key": public.key,
            "sealed": public.sealed,
        }
        proposal = house.propose("heron", "seal", payload)
        for officer in OFFICERS.values():
            if house.status(proposal) == "open":
                house.approve(proposal, officer)
        for index, person in enumerate(structure.people()):
            last = public.holdings[person].chain
            proof = next_proof(made.about, index, person, made.words[person], last)
            house.do(person, "acknowledge", what="share", of=proposal, proof=proof)
    return house


def command(*arguments: str) -> str:
    """What one command line says."""
    return subprocess.run([sys.executable, "-c", RUN, *arguments], capture_output=True, text=True, check=True).stdout


def cpu(work: Callable[[], object]) -> float:
    """Seconds of one core that some work of this process takes."""
    start = time.process_time()
    work()
    return time.process_time() - start


def children_cpu(work: Callable[[], object]) -> float:
    """Seconds of all cores that the processes take which some work starts and waits for."""

    def used() -> float:
        found = resource.getrusage(resource.RUSAGE_CHILDREN)
        return found.ru_utime + found.ru_stime

    start = used()
    work()
    return used() - start


if __name__ == "__main__":
    sys.exit(main())

"""How long after a member hands an act in have an organisation's partners attested it, and how many acts a second does its log take?

    python bench/bench_house.py [--entries 10000] [--acts 40]

Three real processes on loopback: the log (``commonhold house log serve``) with a record of so many entries, and two partners of whom it takes both. An act is
*attested* when the record's clock covers it. The peer is the least that it can cost in the same run: two of the same requests for a signature, one
after the other, to one partner that has nothing to fetch. The second peer is the disk: two appends with ``fsync`` for each act, which an act and its
answer cannot do without (the journal of the log, and the partner's memory of what it has signed).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

RUN = "import sys; from commonhold.cli.main import run; sys.exit(run(sys.argv[1:]))"
TARGET = 2.0
"""Seconds from an act to its attest at the median."""


def main() -> None:
    """Measure, print a line of JSON and rows of a table; exit 1 if the target is missed."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--entries", type=int, default=10_000)
    options.add_argument("--acts", type=int, default=40)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        attested, floor, taken, disk = measure(Path(folder), chosen.entries, chosen.acts)
    print(json.dumps({"attested": attested, "two_requests": floor, "taken": taken, "fsync": disk}))
    print(
        f"| an act is attested by two partners, in a record of {chosen.entries}, by the side of two requests to one | "
        f"{attested * 1000:.0f} ms | {floor * 1000:.0f} ms | {attested / floor:.1f} |"
    )
    print(
        f"| acts handed in, each durable before it is answered, by the side of bare fsync | {taken:.0f}/s | {disk:.0f}/s | {taken / disk:.2f} |"
    )
    sys.exit(attested > TARGET)


def measure(folder: Path, entries: int, acts: int) -> tuple[float, float, float, float]:
    """Seconds from act to attest and of two bare requests (medians), and acts and bare fsyncs a second."""
    from build_record import MEMBERS, build_house, decide, write_record  # noqa: PLC0415 - a worker imports the main module again

    from commonhold.store.keyfile import save_log_key  # noqa: PLC0415
    from commonhold.testing.house import FAR, derive  # noqa: PLC0415

    house = build_house(entries)
    entries = house.tree.size
    write_record(house, folder / "house" / "record", entries)
    (folder / "house" / "keys").mkdir(mode=0o700)
    save_log_key(folder / "house" / "keys" / "log.key", derive(house.seed, "log"))
    with contextlib.ExitStack() as stack:
        log = stack.enter_context(process("house", "log", "serve", "--house", str(folder / "house")))
        url = log["url"]
        nodes = [
            stack.enter_context(
                process("partner", "serve", "--state", str(folder / name), "--name", f"{name}.example", "--log", f"{log['log']}={url}")
            )
            for name in ("gull", "knot")
        ]
        witnesses = {name: node["vkeys"]["mirror"] for name, node in zip(("gull", "knot"), nodes, strict=True)}
        made = house.propose(
            "heron", "partner", {"witnesses": witnesses, "groups": {"both": {"k": 2, "of": ["gull", "knot"]}}, "quorum": "both"}
        )
        decide(house, made)
        for leaf in house.leaves[entries:]:
            post(f"{url}/entry", leaf)
        (folder / "house" / "partners").write_text(
            json.dumps({"form": "commonhold/partners/v1", "urls": [node["url"] for node in nodes]}, separators=(",", ":")) + "\n"
        )
        until(url, len(house.leaves))

        def act(turn: int) -> bytes:
            name = MEMBERS[turn % len(MEMBERS)]
            # Signed by a member who has seen what the log began with here: attests stand behind it.
            return house.sign(
                name, "propose", {"kind": "channel", "payload": {"op": "add", "address": f"https://a.example/{turn}"}, "not_after": FAR}
            )

        times, floors, mirror = [], [], f"{nodes[0]['url']}/mirror/{get(url)['hash']}/cosign"
        for turn in range(acts):
            raw, began = act(turn), time.perf_counter()
            index = json.loads(post(f"{url}/entry", raw))["index"]
            until(url, index + 1)
            times.append(time.perf_counter() - began)
            time.sleep(0.3)
            note, began = read(f"{url}/checkpoint"), time.perf_counter()
            post(mirror, note)
            post(mirror, note)
            floors.append(time.perf_counter() - began)
        raws = [act(acts + turn) for turn in range(200)]
        began = time.perf_counter()
        for raw in raws:
            post(f"{url}/entry", raw)
        taken = len(raws) / (time.perf_counter() - began)
    return statistics.median(times), statistics.median(floors), taken, flushed(folder / "flushed", 200)


@contextlib.contextmanager
def process(*arguments: str) -> Iterator[dict[str, Any]]:
    """A server in a process of its own; gives what it says when it is ready."""
    with subprocess.Popen(
        [sys.executable, "-c", RUN, *arguments, "--listen", "127.0.0.1:0", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as running:
        try:
            assert running.stdout is not None
            yield json.loads(running.stdout.readline())
        finally:
            running.kill()


def until(url: str, covers: int) -> None:
    """Wait until the log's clock covers so many entries."""
    end = time.monotonic() + 120
    while (get(url)["clock"] or {"covers": 0})["covers"] < covers:
        assert time.monotonic() < end, get(url)
        time.sleep(0.005)


def get(url: str) -> dict[str, Any]:
    """What the log says of itself."""
    value: dict[str, Any] = json.loads(read(f"{url}/"))
    return value


def read(url: str) -> bytes:
    """The body at an address."""
    with urllib.request.urlopen(url, timeout=60) as answer:
        data: bytes = answer.read()
        return data


def post(url: str, body: bytes) -> bytes:
    """Send a body, and give the answer's."""
    with urllib.request.urlopen(urllib.request.Request(url, body, method="POST"), timeout=60) as answer:
        data: bytes = answer.read()
        return data


def flushed(path: Path, count: int) -> float:
    """Acts a second of a disk that flushes an entry, and then something as long."""
    with path.open("ab") as file:
        began = time.perf_counter()
        for _ in range(2 * count):
            file.write(b"x" * 600)
            file.flush()
            os.fsync(file.fileno())
        return count / (time.perf_counter() - began)


if __name__ == "__main__":
    main()

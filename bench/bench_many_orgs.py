"""How much does a node cost that is partner of a thousand small organisations, on two cores?

    python bench/bench_many_orgs.py [--orgs 1000] [--entries 40] [--seconds 75]

Each organisation is a record of its own: a charter, twelve members with kits, seats, and what they decided. One process serves them all from memory
on loopback; the node is the real `commonhold partner serve`, in a process of its own. What is measured: the first catch-up, a restart, what an hour of
standing still costs in seconds of processor time (each log is looked at every 20 seconds and signed again every 60), memory, and what `add-checkpoint`
takes while that goes on. Then the most heartbeats a second, by the side of bare `fsync`, which each of them needs at least once.

Target (issue 04, "Speed"): no organisation goes without its heartbeat, on half of the machine or less.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CORES = 2
SHARE = 0.5
LINE = 200
"""Bytes of a signed checkpoint with one signature, about."""
RUN = "import sys; from commonhold.cli.main import run; sys.exit(run(sys.argv[1:]))"


def main() -> None:
    """Measure, print a line of JSON and rows of a table; exit 1 if the target is missed."""
    if sys.argv[1:2] == ["--serve"]:
        asyncio.run(serve(Path(sys.argv[2])))
        return
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--orgs", type=int, default=1000)
    options.add_argument("--entries", type=int, default=40)
    options.add_argument("--seconds", type=int, default=75)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        vkeys = found(folder / "records", chosen.orgs, chosen.entries)
        size = sum(path.stat().st_size for path in (folder / "records").rglob("*") if path.is_file())
        with server(folder / "records") as url:
            logs = [f"{vkey}={url}/{at}" for at, vkey in enumerate(vkeys)]
            told = live(folder, logs, url, chosen.seconds)
            told |= most(folder, logs)
    told |= {"orgs": chosen.orgs, "entries": chosen.entries, "record_bytes": size // chosen.orgs}
    print(json.dumps(told))
    show(told)
    sys.exit(told["missed"] > 0 or told["cores"] > SHARE * CORES)


def show(told: dict[str, float]) -> None:
    """The rows."""
    orgs, share = told["orgs"], told["cores"] / CORES
    cost = told["cores"] / orgs
    print(f"| {orgs} organisations looked after, in cores busy, by the side of {CORES} | {told['cores']:.2f} | {CORES} | {share:.2f} |")
    print(
        f"| memory of one organisation more, by the side of its record on the disk "
        f"| {told['each'] / 1024:.0f} KiB | {told['record_bytes'] / 1024:.0f} KiB | {told['each'] / told['record_bytes']:.1f} |"
    )
    print(
        f"| heartbeats, each remembered durably, by the side of bare fsync "
        f"| {told['heartbeats']:.0f}/s | {told['fsync']:.0f}/s | {told['heartbeats'] / told['fsync']:.2f} |"
    )
    print(
        f"The node caught up with all in {told['catch_up']:.0f} s, and after a restart served all in {told['restart']:.0f} s. It holds "
        f"{told['rss'] / 2**20:.0f} MiB. In {told['watched']:.0f} s of standing still {told['missed']:.0f} organisations went without a heartbeat of the "
        f"last 90 s. add-checkpoint meanwhile: {told['p50']:.1f} ms at the median, {told['p99']:.1f} ms at the 99th of 100 (ratio {told['p99'] / told['p50']:.1f})."
    )
    print(
        f"A million organisations at this rate: {1e6 * cost:.0f} cores and {1e6 * told['each'] / 2**30:.0f} GiB for each partner that all of "
        f"them share, {1e6 / orgs * told['share_of_node']:.0f} nodes of {CORES} cores that are busy by half."
    )


# ------------------------------------------------------------------------------------------------------------- records and their server


def found(folder: Path, orgs: int, entries: int) -> list[str]:
    """Write so many records below *folder*; gives the vkeys of their logs."""
    from build_record import build_house, write_record  # noqa: PLC0415 - a server of its own imports this module, and needs none of it

    from commonhold.kernel.notes import VerifierKey  # noqa: PLC0415
    from commonhold.kernel.record.founding import origin_of  # noqa: PLC0415

    vkeys = []
    for at in range(orgs):
        house = build_house(entries, seed=f"bench {at}")
        write_record(house, folder / str(at), house.tree.size)
        public = house.log.verifier.public
        vkeys.append(str(VerifierKey.of(origin_of(house.org, 0, public), public)))
    return vkeys


async def serve(folder: Path) -> None:
    """Answer GET requests from memory, as fast as one core goes, and say the port."""
    files = {f"/{path.relative_to(folder)}".encode(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    asked: set[bytes] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            name = head.split(b" ", 2)[1]
            body = files.get(name)
            if name == b"/asked":
                # How many records were looked at since somebody last wanted to know and forget.
                body = b"%d" % len(asked)
            elif name == b"/forget":
                asked.clear()
            elif name.endswith(b"/checkpoint"):
                asked.add(name)
            status = b"404 Not Found" if body is None else b"200 OK"
            writer.write(b"HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (status, len(body or b""), body or b""))
            await writer.drain()
        writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=512)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await listening.serve_forever()


@contextlib.contextmanager
def server(folder: Path) -> Iterator[str]:
    """The server, in a process of its own; gives its address."""
    with subprocess.Popen([sys.executable, __file__, "--serve", str(folder)], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


# -------------------------------------------------------------------------------------------------------------------------- the node


@dataclass
class Living:
    """A node's process, and what can be seen of it from outside."""

    process: subprocess.Popen[str]
    url: str

    def cpu(self) -> float:
        """Seconds of processor time that it has used, with those of its helpers that have ended."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")

    def rss(self) -> int:
        """Bytes that it holds in memory."""
        [line] = [line for line in Path(f"/proc/{self.process.pid}/status").read_text("ascii").splitlines() if line.startswith("VmRSS")]
        return int(line.split()[1]) * 1024

    def signed(self, since: int) -> int:
        """How many logs it has signed since a time, in POSIX seconds, by its own word."""
        rows = json.loads(get(f"{self.url}/") or b'{"logs": []}')["logs"]
        return sum(row["signed"] is not None and row["signed"]["time"] >= since for row in rows)

    def until(self, since: int, orgs: int) -> float:
        """Seconds until it has signed all since then."""
        began = time.monotonic()
        while self.signed(since) < orgs:
            assert self.process.poll() is None, "the node died"
            time.sleep(1)
        return time.monotonic() - began


@contextlib.contextmanager
def node(state: Path, logs: list[str]) -> Iterator[Living]:
    """``commonhold partner serve`` for all *logs*."""
    options = [
        "--state",
        str(state),
        "--name",
        "heron.example",
        "--listen",
        "127.0.0.1:0",
        "--json",
        *(x for log in logs for x in ("--log", log)),
    ]
    with subprocess.Popen([sys.executable, "-c", RUN, "partner", "serve", *options], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Living(process, json.loads(process.stdout.readline())["url"])
        finally:
            process.kill()


def live(folder: Path, logs: list[str], url: str, seconds: int) -> dict[str, float]:
    """Catch up, restart, stand still, and answer add-checkpoint meanwhile."""
    told: dict[str, float] = {}
    with node(folder / "empty", logs[:1]) as living:
        living.until(0, 1)
        alone = living.rss()
    get(f"{url}/forget")
    began = time.time()
    with node(folder / "node", logs) as living:
        # Asked once it has looked at each log, for the answer itself would have it load every copy.
        until_asked(url, len(logs))
        living.until(0, len(logs))
        told["catch_up"] = time.time() - began
        told["catch_up_cpu"] = living.cpu()
    get(f"{url}/forget")
    began = time.time()
    with node(folder / "node", logs) as living:
        # A node looks at a log after it has loaded and replayed its own copy.
        until_asked(url, len(logs))
        told["restart"] = time.time() - began
        told["restart_cpu"] = living.cpu()
        time.sleep(20)
        before, start = living.cpu(), time.monotonic()
        time.sleep(seconds)
        told["watched"] = time.monotonic() - start
        told["cores"] = (living.cpu() - before) / told["watched"]
        told["missed"] = len(logs) - living.signed(int(time.time()) - 90)
        told["rss"] = living.rss()
        told["each"] = (told["rss"] - alone) / max(1, len(logs) - 1)
        told["share_of_node"] = told["cores"] / (SHARE * CORES)
        times = sorted(ask(living.url, folder / "records", len(logs)))
        told["p50"], told["p99"] = statistics.median(times), times[len(times) * 99 // 100]
    return told


def until_asked(url: str, orgs: int) -> None:
    """Wait until somebody has asked for the checkpoint of so many records."""
    while int(get(f"{url}/asked")) < orgs:
        time.sleep(0.2)


def get(address: str) -> bytes:
    """What stands there; nothing if nothing does."""
    with contextlib.suppress(urllib.error.HTTPError, TimeoutError), urllib.request.urlopen(address, timeout=60) as answer:
        found: bytes = answer.read()
        return found
    return b""


def ask(url: str, records: Path, orgs: int) -> list[float]:
    """Milliseconds that add-checkpoint took for each organisation's log, four at a time."""

    def one(at: int) -> float:
        body = b"old 0\n\n" + (records / str(at) / "checkpoint").read_bytes()
        began = time.perf_counter()
        with urllib.request.urlopen(urllib.request.Request(f"{url}/add-checkpoint", body, method="POST"), timeout=60) as answer:
            assert answer.read()
        return 1000 * (time.perf_counter() - began)

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(one, range(orgs)))


def most(folder: Path, logs: list[str]) -> dict[str, float]:
    """Heartbeats per second that two threads make with nothing else to do, and bare fsync."""
    from commonhold.mirror.node import Node  # noqa: PLC0415
    from commonhold.mirror.sources import LogSource  # noqa: PLC0415

    made = Node(folder / "node", "heron.example", [LogSource.parse(log) for log in logs], lambda: int(time.time()), follow=True)
    followers = list(made.followers.values())
    beat: Any = lambda follower: follower.sign()  # noqa: E731 - what each thread does
    with ThreadPoolExecutor(CORES) as pool:
        # The first time each copy is loaded.
        list(pool.map(beat, followers))
        began = time.perf_counter()
        list(pool.map(beat, followers))
        ours = len(followers) / (time.perf_counter() - began)
    made.close()
    began = time.perf_counter()
    with (folder / "flushed").open("wb", buffering=0) as file:
        for _ in followers:
            file.write(bytes(LINE))
            os.fsync(file.fileno())
    return {"heartbeats": ours, "fsync": len(followers) / (time.perf_counter() - began)}


if __name__ == "__main__":
    main()

"""How long does a reader wait at a partner's `/check` while fifty of them ask?

    python bench/bench_check.py [--orgs 20] [--readers 50] [--seconds 10] [--pause 0.25]

The node is the real `commonhold partner serve` in a process of its own; the readers are connections of this process, kept open, on loopback. Each asks
something else every time (the page itself, an official address, a false one, a text, a code, an organisation) and waits *pause* seconds before the
next question; then the same without any pause, which is as many questions as the node can answer on its core. Beside it, in the same run and the same way, a static
file of the same server: what HTTP itself costs there.

Target (issue 04, "Speed"): under 50 ms at the median under a load of 50 readers.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from bench_many_orgs import found, server

TARGET: Final = 0.050
RUN: Final = "import sys; from commonhold.cli.main import run; sys.exit(run(sys.argv[1:]))"


def main() -> None:
    """Measure, print a line of JSON and rows of a table; exit 1 if the target is missed."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--orgs", type=int, default=20)
    options.add_argument("--readers", type=int, default=50)
    options.add_argument("--seconds", type=float, default=10.0)
    options.add_argument("--pause", type=float, default=0.25)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        vkeys = found(folder / "records", chosen.orgs, 40)
        with server(folder / "records") as url:
            logs = [part for at, vkey in enumerate(vkeys) for part in ("--log", f"{vkey}={url}/{at}")]
            command = [
                "partner",
                "serve",
                "--state",
                str(folder / "node"),
                "--name",
                "bench.example",
                "--listen",
                "127.0.0.1:0",
                "--json",
                *logs,
            ]
            with subprocess.Popen([sys.executable, "-c", RUN, *command], stdout=subprocess.PIPE, text=True) as node:
                try:
                    assert node.stdout is not None
                    address = json.loads(node.stdout.readline())["url"]
                    told = asyncio.run(measure(address, chosen))
                finally:
                    node.terminate()
    print(json.dumps(told))
    p50, static = told["paused"]["p50"], told["static"]["p50"]
    print(
        f"| `/check` while {chosen.readers} readers ask every {chosen.pause:g} s, median, by the side of a static file of the same server "
        f"| {p50 * 1e3:.1f} ms | {static * 1e3:.1f} ms | {p50 / static:.1f} |"
    )
    print(
        f"| `/check`, questions a second when {chosen.readers} readers never pause, by the side of the static file "
        f"| {told['unpaused']['rate']:.0f}/s | {told['static_unpaused']['rate']:.0f}/s | {told['unpaused']['rate'] / told['static_unpaused']['rate']:.2f} |"
    )
    print(
        f"With {told['paused']['rate']:.0f} questions a second: {p50 * 1e3:.1f} ms at the median, {told['paused']['p95'] * 1e3:.1f} ms at the 95th of 100. "
        f"Without a pause a reader waits {told['unpaused']['p50'] * 1e3:.0f} ms at the median, and {told['static_unpaused']['p50'] * 1e3:.0f} ms for the static file "
        f"(ratio {told['unpaused']['p50'] / told['static_unpaused']['p50']:.1f})."
    )
    sys.exit(p50 > TARGET)


async def measure(address: str, chosen: argparse.Namespace) -> dict[str, dict[str, float]]:
    """The four loads, once the node knows all organisations."""
    orgs = await asyncio.to_thread(known, address, chosen.orgs)
    host, port = address.removeprefix("http://").split(":")
    asked = questions(orgs)
    static = [get("/check/check.css")]
    told = {}
    for name, requests, pause in (
        ("static", static, chosen.pause),
        ("paused", asked, chosen.pause),
        ("static_unpaused", static, 0.0),
        ("unpaused", asked, 0.0),
    ):
        await load(host, int(port), requests, chosen.readers, 1.0, pause)
        told[name] = await load(host, int(port), requests, chosen.readers, chosen.seconds, pause)
    return told


def known(address: str, count: int) -> list[dict[str, Any]]:
    """Wait until the node shows so many organisations; gives what it says of them."""
    request = urllib.request.Request(f"{address}/check", headers={"Accept": "application/json"})
    end = time.monotonic() + 300
    while time.monotonic() < end:
        with urllib.request.urlopen(request, timeout=60) as answer:
            orgs: list[dict[str, Any]] = json.loads(answer.read())["organisations"]
        if len(orgs) >= count:
            return orgs
        time.sleep(0.5)
    raise SystemExit("the node has not caught up")


def questions(orgs: list[dict[str, Any]]) -> list[bytes]:
    """One of each sort."""
    one = orgs[0]
    channels = [channel["address"] for channel in one["channels"]] or ["https://bench.example/"]
    return [
        get("/check"),
        post({"q": channels[0]}),
        post({"q": "https://saltrnarsh.example/news/42"}),
        post({"q": "Our studio moves on Monday.\n\nThe frequency stays the same.\n" * 5}),
        get(f"/check?{urlencode({'q': str(one['org'])[:12]})}"),
        get(f"/check?{urlencode({'org': one['org']})}"),
    ]


def get(path: str) -> bytes:
    """A request for a page, as a browser that speaks Spanish sends it."""
    return f"GET {path} HTTP/1.1\r\nHost: bench.example\r\nAccept: text/html\r\nAccept-Language: es,en;q=0.5\r\n\r\n".encode()


def post(fields: dict[str, object]) -> bytes:
    """A form."""
    body = urlencode(fields).encode()
    head = "POST /check HTTP/1.1\r\nHost: bench.example\r\nAccept: text/html\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def load(host: str, port: int, requests: list[bytes], readers: int, seconds: float, pause: float) -> dict[str, float]:
    """What *readers* connections see for some *seconds*."""
    waits: list[float] = []
    end = time.monotonic() + seconds

    async def reader(number: int) -> None:
        incoming, outgoing = await asyncio.open_connection(host, port)
        # Not all in the same moment, as people do not.
        await asyncio.sleep(pause * number / readers)
        turn = number
        while time.monotonic() < end:
            began = time.perf_counter()
            outgoing.write(requests[turn % len(requests)])
            head = await incoming.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            await incoming.readexactly(int(head.lower().split(b"content-length: ", 1)[1].split(b"\r\n", 1)[0]))
            waits.append(time.perf_counter() - began)
            turn += 1
            await asyncio.sleep(pause)
        outgoing.close()

    await asyncio.gather(*(reader(number) for number in range(readers)))
    cuts = statistics.quantiles(waits, n=100)
    return {"p50": cuts[49], "p95": cuts[94], "rate": len(waits) / seconds}


if __name__ == "__main__":
    main()

"""What does it cost to copy a mirror from a plain web server, checked and durable? Against curl of the same files and sha256sum, in one run, in turn.

    python bench/bench_mirror.py [--megabytes 512] [--objects 1000,10000] [--entries 10000] [--folder DIR]

A house publishes a work of objects of 4 MiB and is mirrored; nginx serves the mirror over loopback. Ours: `commonhold mirror sync` into an empty folder, which replays the record, hashes everything and flushes
it to the disk. The peer: one curl that fetches the same objects one after the other over one connection, and `sha256sum --check` of them, which promises nothing about the disk; once as it is, and once until the disk
has everything (`sync -f`). Then the cost of one object of 1 KiB among few and among many, and `commonhold restore` of a record of 10,000 entries with as many megabytes against `mirror sync` of the same mirror. Targets: at least half of
the peer's rate, flat (at most 1.3 times from the smallest count to the largest), and a restore at 80 % of the rate of a sync.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from commonhold.kernel.charter import compile_charter
from commonhold.kernel.works.manifest import File, Provenance, Rights, make_work
from commonhold.mirror.folder.build import build
from commonhold.store.objects.directory import ObjectDirectory
from commonhold.store.objects.works import put_work
from commonhold.store.record import Record
from commonhold.testing.house import MemoryHouse, derive

HERE = Path(__file__).resolve().parents[1]
PIECE, SMALL = 4 << 20, 1024
RATE, FLAT, RESTORE = 0.5, 1.3, 0.8
CONF = """
{user} daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; events {{}}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi; sendfile on; keepalive_requests 1000000;
  server {{ listen 127.0.0.1:{port}; root {root}; }}
}}
"""


def timed(work: Callable[[], object]) -> float:
    """Seconds of one piece of work."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def run(*words: str | Path) -> None:
    """A peer's command."""
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def mirrored(base: Path, count: int, size: int, entries: int = 0) -> tuple[Path, list[str]]:
    """The mirror of a house that publishes one work of so many objects, and has so many entries at least; gives it, and the objects' digests."""
    folder = HERE / "examples" / "saltmarsh"
    charter = compile_charter((folder / "charter.md").read_text("utf-8"), (folder / "charter.toml").read_text("utf-8")).value
    names = ("heron", "tern", "plover", "curlew", "avocet")
    made = MemoryHouse(charter, names, {"chair": "heron", "treasurer": "tern", "editor": "plover"})
    made.accept_all()
    house, objects = base / "house", ObjectDirectory(base / "house")
    with Record.found(house, made.leaves[0], derive(made.seed, "log"), {}) as record:
        digests = []
        while len(digests) < count:
            with objects.batch() as batch:
                digests += [batch.put(os.urandom(size)) for _ in range(min(256, count - len(digests)))]
        for start in range(0, count, 60_000):
            files = [File(digest, "segment", size, "video/mp4") for digest in digests[start : start + 60_000]]
            work = put_work(
                objects,
                make_work("programme", {"en": "The tide"}, rights=Rights("Made by members."), provenance=Provenance("heron"), files=files),
            )
            made.approve(made.propose("heron", "publish", {"work": work}), "plover")
        while len(made.leaves) < entries:
            by, address = names[len(made.leaves) % len(names)], f"https://saltmarsh.example/{len(made.leaves)}"
            made.do(by, "withdraw", what="proposal", of=made.propose(by, "channel", {"op": "add", "address": address}))
        for leaf in made.leaves[1:]:
            record.submit(leaf)
    build(house, base / "mirror", None, now=time.time)
    return base / "mirror", digests


@contextmanager
def nginx(root: Path, folder: Path) -> Iterator[str]:
    """A folder served by nginx."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        sys.exit("there is no nginx")
    folder.mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "conf").write_text(CONF.format(user="user root;" if os.geteuid() == 0 else "", folder=folder, port=port, root=root))
    with subprocess.Popen([program, "-c", str(folder / "conf"), "-e", str(folder / "error.log")]) as server:
        try:
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                except OSError:
                    time.sleep(0.05)
                else:
                    break
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def curl(url: str, digests: list[str], to: Path) -> None:
    """One curl for all, then the digests."""
    to.mkdir()
    (to / "list").write_text("".join(f'url = "{url}/objects/{one[:2]}/{one[2:]}"\noutput = "{to}/{one}"\n' for one in digests))
    (to / "sums").write_text("".join(f"{one}  {to}/{one}\n" for one in digests))
    run("curl", "-sf", "-K", to / "list")
    run("sha256sum", "--check", "--quiet", to / "sums")


def ours(url: str, to: Path) -> None:
    """One sync, as a command."""
    run(sys.executable, "-c", "from commonhold.cli.main import main; main()", "mirror", "sync", url, to)


def again(url: str, to: Path) -> None:
    """One restore, as a command."""
    run(sys.executable, "-c", "from commonhold.cli.main import main; main()", "restore", url, to)


def main() -> None:
    """Measure; print rows; exit 1 if a target is missed."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--megabytes", type=int, default=512)
    options.add_argument("--objects", default="1000,10000")
    options.add_argument("--entries", type=int, default=10_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--folder", default=None, help="where to write; a real disk, not a tmpfs")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        good = large(Path(folder), chosen.megabytes, chosen.rounds)
    costs = []
    for count in map(int, chosen.objects.split(",")):
        with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
            costs.append(small(Path(folder), count))
    growth = costs[-1] / costs[0]
    print(f"| one object of 1 KiB, {chosen.objects.replace(',', ' to ')} of them | {growth:.2f} times | | target {FLAT} |")
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        good &= restored(Path(folder), chosen.megabytes, chosen.entries, chosen.rounds)
    raise SystemExit(0 if good and growth <= FLAT else 1)


def large(base: Path, megabytes: int, rounds: int) -> bool:
    """Objects of 4 MiB."""
    mirror, digests = mirrored(base, megabytes * (1 << 20) // PIECE, PIECE)
    times: dict[str, list[float]] = {name: [] for name in ("ours", "peer", "peer synced")}
    with nginx(mirror, base / "nginx") as url:
        run("sync", "-f", base)
        for number in range(rounds):
            for order in ((0, 1), (1, 0))[number % 2]:
                to = base / f"copy{order}"
                if order:
                    times["ours"].append(timed(lambda to=to: ours(url, to)))  # type: ignore[misc] # the default binds this turn's folder
                else:
                    took = timed(lambda to=to: curl(url, digests, to))  # type: ignore[misc] # the same
                    times["peer"].append(took)
                    times["peer synced"].append(took + timed(lambda: run("sync", "-f", base)))
                shutil.rmtree(to)
                run("sync", "-f", base)
    mid = {name: statistics.median(values) for name, values in times.items()}
    print(json.dumps({"bench": "mirror", "megabytes": megabytes, **{f"{name}_s": round(value, 3) for name, value in mid.items()}}))
    rate = {name: f"{megabytes / value:.0f} MiB/s" for name, value in mid.items()}
    plain, durable = mid["peer"] / mid["ours"], mid["peer synced"] / mid["ours"]
    print(
        f"| sync of {megabytes} MiB in objects of 4 MiB over loopback, checked and durable | {rate['ours']} | {rate['peer']}, curl and sha256sum | {plain:.2f} of its rate, target {RATE} |"
    )
    print(
        f"| the same, both until the disk has them | {rate['ours']} | {rate['peer synced']}, curl, sha256sum, sync | {durable:.2f} of its rate |"
    )
    return plain >= RATE


def restored(base: Path, megabytes: int, entries: int, rounds: int) -> bool:
    """A house out of a mirror, against another mirror out of it; both are checked and durable."""
    mirror, _ = mirrored(base, megabytes * (1 << 20) // PIECE, PIECE, entries)
    times: dict[str, list[float]] = {"restore": [], "sync": []}
    with nginx(mirror, base / "nginx") as url:
        for number in range(rounds):
            for verb in (("restore", "sync"), ("sync", "restore"))[number % 2]:
                run("sync", "-f", base)
                work = again if verb == "restore" else ours
                times[verb].append(timed(partial(work, url, base / "copy")))
                shutil.rmtree(base / "copy")
    mid = {name: statistics.median(values) for name, values in times.items()}
    print(
        json.dumps(
            {
                "bench": "restore",
                "megabytes": megabytes,
                "entries": entries,
                **{f"{name}_s": round(value, 3) for name, value in mid.items()},
            }
        )
    )
    ratio = mid["sync"] / mid["restore"]
    print(
        f"| restore of {entries} entries and {megabytes} MiB from nginx | {mid['restore']:.1f} s | {mid['sync']:.1f} s, mirror sync | {ratio:.2f} of its rate, target {RESTORE} |"
    )
    return ratio >= RESTORE


def small(base: Path, count: int) -> float:
    """What one object of 1 KiB costs among so many, in microseconds."""
    mirror, digests = mirrored(base, count, SMALL)
    with nginx(mirror, base / "nginx") as url:
        run("sync", "-f", base)
        mine = timed(lambda: ours(url, base / "copy"))
        again = timed(lambda: ours(url, base / "copy"))
        theirs = timed(lambda: curl(url, digests, base / "curl"))
    cost, peer = mine / count * 1e6, theirs / count * 1e6
    print(
        f"| one object of 1 KiB among {count}: sync (durable) | {cost:.0f} us | {peer:.0f} us, curl and sha256sum | {mine / theirs:.2f} times |"
    )
    print(f"| a second sync of {count} objects, of which nothing is new | {again:.2f} s | | |")
    return cost


if __name__ == "__main__":
    main()

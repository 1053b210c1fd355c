"""Laws of works at partners, with real processes: a house's log, a partner, a film, and nothing but HTTP between them."""

from __future__ import annotations

import hashlib
import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from commonhold.store.objects.directory import ObjectDirectory
from tests.cli.houses import command, found
from tests.mirror.processes import SECONDS, Running, Serving, house_process, node_process

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

FILM = 50 << 20
MOST = 24 << 20
"""How much more memory a partner, and a house's log, may take for a film of twice that."""


def peak(pid: int) -> int:
    """The most memory that a process has had at once, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM:"))


def until(node: Running, done: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Wait until what a node says of an organisation's works is as it should be."""
    end, told = time.monotonic() + SECONDS, None
    while time.monotonic() < end:
        organisations = json.loads(node.get(""))["organisations"]
        told = organisations[0]["works"] if organisations else None
        if told is not None and done(told):
            return dict(told)
        time.sleep(0.1)
    raise AssertionError(f"it never came to that: {told}; {node.log()}")


def tell(log: Serving, node: Running) -> None:
    """Let a node look at a log at once, as the log's own server does after each entry."""
    with urllib.request.urlopen(f"{log.url}/checkpoint", timeout=SECONDS) as answer:
        note = answer.read()
    with urllib.request.urlopen(f"{node.url}/mirror/{node.log()['hash']}/cosign", note, timeout=SECONDS) as answer:
        assert answer.read()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc for the memory of a process")
def test_a_film_passes_through_a_house_and_its_partner_in_little_memory(tmp_path: Path) -> None:
    """It is published at the house's log, kept by a partner, given out whole, in parts and as a mirror when the house is gone, and let go when that is decided."""
    house, film = found(tmp_path / "saltmarsh"), tmp_path / "film.mp4"
    with film.open("wb") as file:
        for number in range(FILM >> 20):
            file.write(hashlib.sha256(b"%d" % number).digest() * (1 << 15))
    files = ("--file", f"master={film}", "--rights", "Made by members.", "--by", "heron")
    added = command("work", "add", "--at", house.path, "--kind", "programme", "--title", "en=Tide", *files, "--json")
    work = added.json["work"]
    digest = hashlib.sha256(film.read_bytes()).hexdigest()

    def act(name: str, *arguments: object) -> Any:
        done = command(*arguments, "--house", log.url, "--kit", house.kit(name), "--json")
        assert done.code == 0, done.said
        return done.json

    with house_process(house.path) as log, node_process("partner", tmp_path / "node", f"{log.log}={log.url}", "--capacity", "60M") as node:
        org = log.about()["org"]
        until(node, lambda told: told["published"] == 0)
        before = {"house": peak(log.process.pid), "partner": peak(node.process.pid)}
        act("plover", "propose", "publish", f"work={work}", "--approve")
        tell(log, node)
        told = until(node, lambda told: told["held"] == 1)
        assert (told["trouble"], told["capacity"]) == ("", 60_000_000)
        assert ObjectDirectory(tmp_path / "node" / "works" / org).verify(digest) == FILM
        name = node.log()["hash"]
        mirror = f"{node.url}/mirror/{name}"
        grown = {"house": peak(log.process.pid) - before["house"]}
        log.process.kill()
        got = command("store", "get", digest, "--at", mirror, "-o", tmp_path / "got.mp4")
        assert got.code == 0, got.said
        assert hashlib.sha256((tmp_path / "got.mp4").read_bytes()).hexdigest() == digest
        address = f"{mirror}/objects/{digest[:2]}/{digest[2:]}"
        asked = urllib.request.Request(address, headers={"Range": f"bytes={FILM - 64}-"})
        with urllib.request.urlopen(asked, timeout=SECONDS) as part:
            assert (part.status, part.read()) == (206, film.read_bytes()[-64:])
        copied = command("mirror", "sync", mirror, tmp_path / "copy", "--org", org, "--json")
        assert (copied.code, copied.json["works"], copied.json["failed"]) == (0, 1, {}), copied.said
        assert ObjectDirectory(tmp_path / "copy").verify(digest) == FILM
        grown["partner"] = peak(node.process.pid) - before["partner"]
        assert max(grown.values()) < MOST, f"{grown} bytes more"
    decision = house.propose("plover", "erase", f"objects={digest}")
    house.approve(decision, "plover", "tern")
    listen = log.url.removeprefix("http://")
    with house_process(house.path, listen=listen) as log, node_process("partner", tmp_path / "node", f"{log.log}={log.url}") as node:
        end = time.monotonic() + SECONDS
        while (status := answered(f"{node.url}/mirror/{name}/objects/{digest[:2]}/{digest[2:]}")) != 410 and time.monotonic() < end:
            time.sleep(0.2)
        assert status == 410
        while ObjectDirectory(tmp_path / "node" / "works" / org).size_there(digest) >= 0 and time.monotonic() < end:
            time.sleep(0.2)
        assert ObjectDirectory(tmp_path / "node" / "works" / org).erased(digest) == decision
        assert answered(f"{log.url}/objects/{digest[:2]}/{digest[2:]}") == 410


def answered(address: str) -> int:
    """The status that an address answers with."""
    try:
        with urllib.request.urlopen(address, timeout=SECONDS) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code

"""Laws of a node's rounds: no host, no organisation and no fault holds up the looks and the heartbeats of the others."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from commonhold.kernel.errors import StoreError
from commonhold.kernel.ids import origin_of
from commonhold.kernel.notes import SignerKey, VerifierKey
from commonhold.mirror import tending
from commonhold.mirror.app import create_app
from commonhold.mirror.node import HEARTBEAT_SECONDS, Node
from commonhold.mirror.sources import LogSource
from commonhold.mirror.tending import WORKERS
from commonhold.store.fetch import Fetch
from commonhold.store.files import DirectoryFiles
from commonhold.store.log import Log
from commonhold.testing.house import derive
from tests.attacks import Mutation, attack
from tests.kernel.record.helpers import Club
from tests.mirror.helpers import NAME, NOW, FakeClock
from tests.mirror.processes import node_process, web_server
from tests.mirror.records import Published

pytestmark = pytest.mark.slow

TENDING = "src/commonhold/mirror/tending.py"
MANY = WORKERS + 8


def strangers(count: int, org: str = "") -> list[VerifierKey]:
    """So many logs: of one organisation's later epochs, or each of its own."""
    seeds = [derive("stranger", number) for number in range(count)]
    names = [origin_of(org, 1, SignerKey("key", seed).verifier.public) if org else f"log.example/{seed.hex()[:8]}" for seed in seeds]
    return [SignerKey(name, seed).verifier for name, seed in zip(names, seeds, strict=True)]


@attack(
    "partner-silent-host",
    Mutation(
        TENDING,
        find="            async with self._lanes.through(*self._lanes_of(follower)):",
        replace="            async with self._lanes.through():",
    ),
)
@pytest.mark.allow_hosts(["127.0.0.1"])
@pytest.mark.parametrize("alike", ["one host", "one organisation"])
def test_what_falls_silent_together_leaves_room_for_every_other_record(tmp_path: Path, alike: str) -> None:
    """More logs than a node looks at in one go accept connections and say nothing; another record is followed as if they were not there."""
    club = Club()
    origin = club.state.origin
    log = Log.create(DirectoryFiles(tmp_path / "record"), origin, SignerKey(origin, derive(club.seed, "log")))
    log.append(club.leaves)
    with socket.create_server(("0.0.0.0", 0), backlog=512) as silent, web_server(tmp_path / "record") as url:
        port = silent.getsockname()[1]
        dead = [
            f"{key}=http://127.0.0.{2 if alike == 'one host' else 2 + number}:{port}"
            for number, key in enumerate(strangers(MANY, "f" * 64 if alike == "one organisation" else ""))
        ]
        more = [part for one in (*dead, f"{VerifierKey.of(origin, club.state.log_key)}={url}") for part in ("--log", one)][1:]
        began = time.monotonic()
        with node_process("partner", tmp_path / "node", more[0], *more[1:]) as node:
            while (row := next(row for row in node.logs() if row["origin"] == origin))["signed"] is None:
                assert time.monotonic() - began < 7, row
                time.sleep(0.1)
            assert row["signed"]["size"] == log.size


@contextmanager
def tended(folder: Path, clock: FakeClock, fetch: Callable[[], bytes], record: Published) -> Iterator[tuple[Node, TestClient]]:
    """A node that signed *record* at NOW and now tends it by itself, after many logs that are fetched as *fetch* says."""
    sources = [LogSource(key, f"https://host{number}.example") for number, key in enumerate(strangers(MANY))]

    def place(url: str) -> Fetch:
        # What lies beside a record, its texts, is asked for at the folder above it too.
        return record.fetch if record.source.url.startswith(url) else lambda _name, _max_size: fetch()

    node = Node(folder, NAME, [*sources, record.source], clock, follow=True, fetch=place, post=record.post)
    node.tend(node.followers[record.hash])
    assert node.followers[record.hash].head()[2] == NOW  # type: ignore[index] # it was signed just now
    clock.now += HEARTBEAT_SECONDS
    with TestClient(create_app(node), raise_server_exceptions=False) as client:
        yield node, client


def until(done: Callable[[], bool]) -> None:
    """Wait a few seconds until it is so."""
    end = time.monotonic() + 5
    while not done():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.05)


@contextmanager
def closing(over: threading.Event) -> Iterator[None]:
    """Whatever comes of the block, what waits is let go."""
    try:
        yield
    finally:
        over.set()


@attack(
    "partner-late-heartbeat",
    Mutation(
        TENDING,
        find="                due = await to_thread.run_sync(lambda: list(self._due()))",
        replace="                due: list[Follower] = []",
    ),
)
def test_what_is_held_is_signed_again_while_every_server_is_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hosts fall silent by the dozen, and the node waits for all of them at once: its heartbeat for another record comes on time."""
    monkeypatch.setattr(tending, "BEAT_SECONDS", 0.05)
    record, over = Published(), threading.Event()

    def silent() -> bytes:
        over.wait(20)
        raise StoreError("nobody answers", code="store/unreachable")

    with tended(tmp_path / "node", FakeClock(), silent, record) as (node, client), closing(over):
        follower = node.followers[record.hash]
        until(lambda: follower.head()[2] == NOW + HEARTBEAT_SECONDS)  # type: ignore[index] # it has one
        # Its own look still waits in line.
        assert record.fetched.count("checkpoint") == 1
        assert client.get("/").status_code == 200


@attack(
    "partner-faulty-record",
    Mutation(TENDING, find="        except Exception as error:", replace="        except ZeroDivisionError as error:"),
)
def test_a_fault_that_one_record_brings_out_stops_no_other(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What nobody foresaw is said of the record that it came with, with the details for the keeper, and the node goes on for all others."""
    record = Published()

    def faulty() -> bytes:
        raise KeyError("unforeseen")

    with tended(tmp_path / "node", FakeClock(), faulty, record) as (node, client):
        follower = node.followers[record.hash]
        until(lambda: follower.head()[2] == NOW + HEARTBEAT_SECONDS)  # type: ignore[index] # it has one
        record.write(2)
        node.clock.now += HEARTBEAT_SECONDS  # type: ignore[attr-defined] # a FakeClock
        until(lambda: "KeyError" in next(row["trouble"] for row in client.get("/").json()["logs"] if row["origin"] != record.signer.name))
        client.portal.call(node.soon, follower)  # type: ignore[union-attr] # it is running
        until(lambda: follower.head()[0] == record.club.tree.size)  # type: ignore[index] # it has one
    assert "unforeseen" in caplog.text

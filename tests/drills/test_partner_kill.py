"""Real partner nodes, really killed: one follows a record that grows while it is read, and dies by SIGKILL at random moments.

Each life starts the node over the same folder, asks it for mirror signatures of what is newest, and shoots it. What was answered before the
shot must be held, signed and served by the next life, and an honest log must never be accused of anything.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import threading
import urllib.request
from pathlib import Path

import pytest

from commonhold.kernel.notes import SignerKey, VerifierKey
from commonhold.kernel.tlog.checkpoint import open_cosigned
from commonhold.mirror.witness import origin_hash
from commonhold.store.files import DirectoryFiles
from commonhold.store.log import Log
from commonhold.store.reader import StaticReader
from commonhold.store.record import read_record
from commonhold.testing.house import derive
from tests.kernel.record.helpers import Club
from tests.mirror.processes import node_process, web_server

LIVES = 25
SMOKE_LIVES = 6
FIRST = 5_000
GROWTH = 60


def grow(club: Club, log: Log, count: int) -> None:
    for turn in range(count):
        name = tuple(club.kits)[turn % len(club.kits)]
        club.act(name, "propose", kind="channel", payload={"op": "add", "address": f"https://club.example/{turn}"}, not_after=2**40)
    log.append(club.leaves[log.size :])


def tell(base: Path, lives: int, dice: random.Random) -> str:
    club = Club()
    origin = club.state.origin
    log = Log.create(DirectoryFiles(base / "record"), origin, SignerKey(origin, derive(club.seed, "log")))
    grow(club, log, FIRST)
    vkey, name = VerifierKey.of(origin, club.state.log_key), origin_hash(origin)
    answered: list[tuple[int, bytes]] = []
    # Each file comes late, so that shots also fall into the first catch-up.
    with web_server(base / "record", pause=0.02) as url:
        for life in range(lives):
            with node_process("partner", base / "node", f"{vkey}={url}") as node:
                if answered:
                    assert node.log()["signed"]["size"] >= answered[-1][0]
                shot = threading.Timer(dice.uniform(0.0, 2.0), node.process.kill)
                # Every second node first has an answer to give, so that the record grows, and dies while it follows that.
                if life % 2 == 0:
                    shot.start()
                while node.process.poll() is None:
                    note = log.checkpoint
                    # Refused while it catches up, or cut off by the shot.
                    with contextlib.suppress(OSError, http.client.HTTPException):
                        request = urllib.request.Request(f"{node.url}/mirror/{name}/cosign", note, method="POST")
                        with urllib.request.urlopen(request, timeout=60) as answer:
                            answered.append((log.size, note + answer.read()))
                        grow(club, log, GROWTH)
                        if life % 2 and shot.ident is None:
                            shot.start()
                shot.join()
        with node_process("partner", base / "node", f"{vkey}={url}") as node:
            node.until_signed(log.size)
            assert json.loads(node.get("alarms")) == {"alarms": []}
            read = read_record(StaticReader.from_url(f"{node.url}/mirror/{name}"), org=club.org)
            assert read.checkpoint.size == log.size
            mirror = VerifierKey.parse(node.vkeys["mirror"])
    for size, note in answered:
        signed = open_cosigned(note, [vkey], [mirror])
        assert (set(signed.cosignatures), signed.checkpoint.root) == ({mirror}, club.tree.root(size))
    assert len(answered) > lives
    return f"{lives} nodes killed; {len(answered)} mirror signatures of sizes up to {log.size}, each of leaves that were held"


@pytest.mark.drill
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_partner_killed_at_random_moments_loses_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """However often a node dies while it follows, every signature that it gave is of leaves that its next life holds and serves."""
    told = tell(tmp_path, LIVES, random.Random(2026))
    with capsys.disabled():
        print(f"\n{told}")  # noqa: T201


@pytest.mark.drill
@pytest.mark.smoke
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_few_killed_partners_lose_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same story with six deaths, for every change to the code."""
    told = tell(tmp_path, SMOKE_LIVES, random.Random(7))
    with capsys.disabled():
        print(f"\n{told}")  # noqa: T201

"""Real partner nodes, killed while they leave a log: whatever moment the shot falls into, what was signed to have ended is never signed again.

Each round begins with a node that holds a club's log. The next epoch is announced to it, its succession is published, and the node is shot at a random
moment of taking it in, reading it, and signing that the old log has ended; then once more, and once more. All the while it is asked to sign the old log,
which grows.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from commonhold.kernel.notes import SignerKey, VerifierKey
from commonhold.kernel.record.statements import check_kept, open_frozen
from commonhold.kernel.tlog.checkpoint import open_cosigned
from commonhold.mirror.witness import origin_hash
from commonhold.store.epochs import write_earlier
from commonhold.store.files import DirectoryFiles
from commonhold.store.log import Log
from commonhold.testing.house import MemoryHouse, derive
from tests.kernel.record.helpers import FLOCK, T0, Club
from tests.kernel.record.test_succession import opened
from tests.mirror.processes import Running, node_process, web_server

ROUNDS = 12
SMOKE_ROUNDS = 2
LIVES = 4


def publish(folder: Path, house: MemoryHouse) -> Log:
    origin = house.state.origin
    log = Log.create(DirectoryFiles(folder), origin, SignerKey(origin, derive(house.seed, "log")))
    log.append(house.leaves)
    return log


class Story:
    """One club, its old log and its next, and all that a node ever said of the old one."""

    def __init__(self, base: Path) -> None:
        self.club = Club(clocked=True)
        self.old = publish(base / "old", self.club)
        self.house = opened(self.club)
        self.new = publish(base / "new", self.house)
        write_earlier(DirectoryFiles(base / "new"), [self.club.held()])
        self.name, self.vkey = origin_hash(self.club.state.origin), VerifierKey.of(self.club.state.origin, self.club.state.log_key)
        self.frozen: set[bytes] = set()
        self.signed: list[bytes] = []

    def decide(self) -> None:
        """The members decide, and the new log says so."""
        self.house.succeed(*FLOCK[:3])
        assert self.house.attest(T0 + 50).counts
        self.new.append(self.house.leaves[self.new.size :])

    def grow(self) -> None:
        self.club.act("tern", "propose", kind="channel", payload={"op": "add", "address": "https://club.example/"}, not_after=2**40)
        self.old.append(self.club.leaves[self.old.size :])

    def ask(self, node: Running) -> None:
        """Whether the old log has ended, and then a signature for it: one thing after the other, so that the order is known."""
        self.frozen |= {note.encode() for note in [node.successors(self.name)["frozen"]] if note}
        note, ended = self.old.checkpoint, bool(self.frozen)
        request = urllib.request.Request(f"{node.url}/mirror/{self.name}/cosign", note, method="POST")
        line, refused = b"", 0
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                line = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                refused = error.code
        assert not ended or refused == 410, f"the log was said to have ended, and then {refused or 'a signature'}"
        if not line:
            return
        self.signed.append(note + line)
        self.grow()


def announce(node: Running, url: str) -> None:
    request = urllib.request.Request(f"{node.url}/epochs", json.dumps({"url": url}).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=60):
        pass


def tell(base: Path, rounds: int, dice: random.Random) -> str:
    signed = told_early = 0
    for turn in range(rounds):
        story = Story(base / f"{turn}")
        with web_server(base / f"{turn}" / "old") as url, web_server(base / f"{turn}" / "new", pause=0.01) as next_url:
            options = (base / f"{turn}" / "node", f"{story.vkey}={url}", "--allow-private")
            with node_process("partner", *options) as node:
                node.until_signed(1)
                story.ask(node)
            for life in range(LIVES):
                with node_process("partner", *options) as node:
                    if life == 1:
                        story.decide()
                    shot = threading.Timer(dice.uniform(0.05, 1.2), node.process.kill)
                    shot.start()
                    while node.process.poll() is None:
                        # Cut off by the shot, or refused while it is being caught up with.
                        with contextlib.suppress(OSError, http.client.HTTPException):
                            announce(node, next_url)
                            story.ask(node)
                    shot.join()
            told_early += len(story.frozen)
            with node_process("partner", *options) as node:
                announce(node, next_url)
                story.frozen.add(node.until_frozen(story.name)["frozen"].encode())
                story.ask(node)
                mirror = VerifierKey.parse(node.vkeys["mirror"])
        [note] = story.frozen
        statement = open_frozen(note, [mirror])
        assert statement.statement.successor == story.house.state.origin
        assert statement.statement.root == story.club.tree.root(statement.statement.size)
        for line in story.signed:
            check_kept(statement, open_cosigned(line, [story.vkey], [mirror]))
        signed += len(story.signed)
    return f"{rounds * LIVES} nodes killed while they left a log, {told_early} had said so before; {signed} signatures before that, and none after"


@pytest.mark.drill
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_node_killed_while_it_leaves_a_log_never_signs_it_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """There is one statement that the log ended, the same in every life, and no signature of it after that."""
    told = tell(tmp_path, ROUNDS, random.Random(2026))
    with capsys.disabled():
        print(f"\n{told}")  # noqa: T201


@pytest.mark.drill
@pytest.mark.smoke
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_few_nodes_killed_while_they_leave_a_log_never_sign_it_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same story in two rounds, for every change to the code."""
    told = tell(tmp_path, SMOKE_ROUNDS, random.Random(7))
    with capsys.disabled():
        print(f"\n{told}")  # noqa: T201

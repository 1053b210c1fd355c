"""Real disks, really full: a partner node and an organisation's own log on a file system of a few megabytes that somebody else fills.

While nothing can be written, nothing is signed that was not remembered, what is held is served on, and whoever asks is told in words. With space again
everything goes on without a restart and without a hand. What was answered is there after a kill.
"""

from __future__ import annotations

import json
import os
import shutil
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from commonhold.kernel.notes import SignerKey, VerifierKey
from commonhold.kernel.record.entries import parse_entry
from commonhold.kernel.tlog.checkpoint import open_checkpoint, open_cosigned
from commonhold.mirror.witness import origin_hash
from commonhold.store.files import DirectoryFiles
from commonhold.store.log import Log
from commonhold.store.reader import StaticReader
from commonhold.store.record import read_record
from commonhold.testing.house import FAR, derive
from tests.drills.disks import Disk, Kind, disk
from tests.kernel.record.helpers import Club
from tests.mirror.processes import HERE, RUN, Running, node_process, web_server

pytestmark = [pytest.mark.drill, pytest.mark.allow_hosts(["127.0.0.1"])]

AMPLE = 2 << 20
KINDS = [pytest.param("tmpfs", marks=pytest.mark.smoke), "ext4"]
GROWTH = 700
"""Entries that take some 400 KiB, more than any of the drills leaves."""


def ask(url: str, body: bytes | None = None) -> tuple[int, bytes]:
    """What an address answers."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, method="POST" if body else "GET"), timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def assert_words(status: int, body: bytes) -> None:
    """A full disk is said: 503, what happened, and what to do."""
    told = json.loads(body)
    assert (status, told["ok"]) == (503, False), told
    assert told["code"].startswith("store/"), told
    assert told["message"]
    assert told["next_step"], told


class Followed:
    """A club's record on the ordinary disk, and everything that a partner on the small one ever answered."""

    def __init__(self, folder: Path) -> None:
        self.club = Club()
        self.origin = self.club.state.origin
        self.log = Log.create(DirectoryFiles(folder), self.origin, SignerKey(self.origin, derive(self.club.seed, "log")))
        self.vkey, self.hash = VerifierKey.of(self.origin, self.club.state.log_key), origin_hash(self.origin)
        self.mirrored: list[tuple[int, bytes]] = []
        self.witnessed = 0
        self.taken: list[str] = []
        self.grow(60)
        self.opened = sorted(self.club.state.opened)

    def grow(self, count: int) -> None:
        for _ in range(count):
            turn = self.club.tree.size
            name = tuple(self.club.kits)[turn % len(self.club.kits)]
            self.club.act(name, "propose", kind="channel", payload={"op": "add", "address": f"https://club.example/{turn}"}, not_after=FAR)
        self.log.append(self.club.leaves[self.log.size :])

    def cosign(self, node: Running) -> tuple[int, bytes]:
        note = self.log.checkpoint
        status, body = ask(f"{node.url}/mirror/{self.hash}/cosign", note)
        if status == 200:
            self.mirrored.append((self.log.size, note + body))
        return status, body

    def witness(self, node: Running) -> tuple[int, bytes]:
        proof = self.club.tree.consistency_proof(self.witnessed, self.log.size) if self.witnessed else []
        lines = "".join(f"{base64(one)}\n" for one in proof)
        status, body = ask(f"{node.url}/add-checkpoint", f"old {self.witnessed}\n{lines}\n".encode() + self.log.checkpoint)
        if status == 200:
            self.witnessed = self.log.size
        return status, body

    def hand_in(self, node: Running, seen: int) -> tuple[int, bytes]:
        """Give the node an entry of a member who has seen so many."""
        opened = self.opened.pop()
        by = self.club.state.parts["proposals"][opened].by
        entry = self.club.sign(by, "withdraw", {"what": "proposal", "of": opened}, seen=seen)
        status, body = ask(f"{node.url}/entry", entry)
        if status == 202:
            self.taken.append(parse_entry(entry).id)
            # An entry that the log leaves out for ten minutes ends the mirror's signatures; this drill is shorter.
        return status, body

    def check(self, node: Running) -> None:
        """Everything that was answered is there: every signature is of this history, every entry waits, and the whole can be read."""
        mirror = VerifierKey.parse(node.vkeys["mirror"])
        for size, note in self.mirrored:
            signed = open_cosigned(note, [self.vkey], [mirror])
            assert (set(signed.cosignatures), signed.checkpoint.root) == ({mirror}, self.club.tree.root(size))
        read = read_record(StaticReader.from_url(f"{node.url}/mirror/{self.hash}"), org=self.club.org)
        assert read.checkpoint.size >= max(size for size, _ in self.mirrored)
        assert set(self.taken) <= {one["id"] for one in json.loads(node.get("pending"))["entries"]}
        assert json.loads(node.get("alarms")) == {"alarms": []}
        if self.witnessed:
            assert open_checkpoint(node.get(f"{self.hash}/checkpoint"), [self.vkey])[0].size == self.witnessed


def base64(value: bytes) -> str:
    from commonhold.kernel import b64

    return b64.encode(value)


@pytest.mark.parametrize("kind", KINDS)
def test_a_partner_whose_disk_is_full_signs_nothing_it_has_not_remembered_and_goes_on(
    tmp_path: Path, kind: Kind, capsys: pytest.CaptureFixture[str]
) -> None:
    """Full to the last byte, or in the middle of a tile: 503 in words, what is held is served, and with space it goes on by itself."""
    record = Followed(tmp_path / "record")
    waits, refusals = [], 0
    with disk(tmp_path, kind) as small, web_server(tmp_path / "record") as url:
        state, source = small.path / "node", f"{record.vkey}={url}"
        with node_process("partner", state, source, run=small.python(RUN)) as node:
            node.until_signed(record.log.size)
            assert record.cosign(node)[0] == record.witness(node)[0] == 200
            assert record.hand_in(node, record.log.size)[0] == 202
            for left in (0, 5_000, 60_000, 200_000):
                small.fill(left)
                before = node.log()["signed"]["size"]
                record.grow(GROWTH)
                status, body = record.cosign(node)
                assert_words(status, body)
                for _ in range(5):
                    for status, body in (record.witness(node), record.hand_in(node, before)):
                        if status not in (200, 202):
                            assert_words(status, body)
                            refusals += 1
                # What is held is served on.
                assert open_checkpoint(node.get(f"mirror/{record.hash}/checkpoint"), [record.vkey])[0].size == before
                read = read_record(StaticReader.from_url(f"{node.url}/mirror/{record.hash}"), org=record.club.org)
                assert read.checkpoint.size == before
                assert node.process.poll() is None
                small.free()
                began = time.monotonic()
                node.until_signed(record.log.size, well=True)
                waits.append(time.monotonic() - began)
                assert record.cosign(node)[0] == record.witness(node)[0] == 200
            record.check(node)
            small.fill()
            record.grow(GROWTH)
            assert_words(*record.cosign(node))
        check_restart(record, small, state, source)
    with capsys.disabled():
        print(f"\n{kind}: {refusals} refusals in words; on again by itself {max(waits):.0f} s after there was space, at the latest")  # noqa: T201


def check_restart(record: Followed, small: Disk, state: Path, source: str) -> None:
    """Killed on a full disk, a node starts there or says why not; with space it starts, and has all that it ever answered."""
    options = ["--state", state, "--name", "heron.example", "--log", source, "--listen", "127.0.0.1:0"]
    small.start_refused("partner", "serve", *options)
    small.free()
    with node_process("partner", state, source, run=small.python(RUN)) as again:
        again.until_signed(record.log.size)
        record.check(again)


@pytest.mark.smoke
def test_a_partner_whose_copy_becomes_read_only_signs_nothing_new_and_goes_on(tmp_path: Path) -> None:
    """The node's memory can still be written and its copy cannot: what is not held is not signed, and nobody has to start it again."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("SKIPPED: taking a process the right to write everywhere needs root and setpriv, so no folder became read-only")
    record, state = Followed(tmp_path / "record"), tmp_path / "node"
    # Root without the capability that makes modes meaningless to it.
    run = ["setpriv", "--inh-caps", "-all", "--bounding-set", "-dac_override,-dac_read_search", *HERE]
    with web_server(tmp_path / "record") as url, node_process("partner", state, f"{record.vkey}={url}", run=run) as node:
        node.until_signed(record.log.size)
        before, copy = record.log.size, state / "mirror" / record.hash
        folders = [copy, *(path for path in copy.rglob("*") if path.is_dir())]
        for folder in folders:
            folder.chmod(0o555)
        try:
            record.grow(GROWTH)
            status, body = record.cosign(node)
            assert_words(status, body)
            assert json.loads(body)["code"] == "store/denied"
            assert open_checkpoint(node.get(f"mirror/{record.hash}/checkpoint"), [record.vkey])[0].size == before
        finally:
            for folder in folders:
                folder.chmod(0o755)
        node.until_signed(record.log.size, well=True)
        assert record.cosign(node)[0] == 200
        record.check(node)

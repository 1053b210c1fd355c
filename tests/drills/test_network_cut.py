"""Real hosts, really cut off: a log, partners and a reader in network namespaces of their own, whose links break while they work.

Whatever breaks, a partner signs nothing that it does not hold, one side goes on without the other, and what was cut off goes on by itself once the
link is there again. In milder weather: a link that is silent holds up nobody but who hangs on it, and a slow one works.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from commonhold.kernel.notes import SignerKey, VerifierKey
from commonhold.kernel.tlog.checkpoint import open_cosigned
from commonhold.mirror.witness import origin_hash
from commonhold.store.files import DirectoryFiles
from commonhold.store.log import Log
from commonhold.testing.house import derive
from tests.drills.networks import Host, network
from tests.kernel.record.helpers import FLOCK, Club

AWAY = 150
"""Seconds within which a partner is back by itself: it waits four times as long as its last attempt took, which is 20 seconds at most."""


class Record:
    """A club's record in a folder, which a web server serves and members go on writing."""

    def __init__(self, folder: Path, members: Sequence[str] = FLOCK) -> None:
        self.folder, self.club = folder, Club(members=members)
        self.origin = self.club.state.origin
        self.log = Log.create(DirectoryFiles(folder), self.origin, SignerKey(self.origin, derive(self.club.seed, "log")))
        self.vkey = VerifierKey.of(self.origin, self.club.state.log_key)
        self.hash = origin_hash(self.origin)
        self.answered: list[tuple[VerifierKey, int, bytes]] = []
        self.write(0)

    def write(self, count: int) -> int:
        """So many acts more; gives the size."""
        for _ in range(count):
            turn = self.club.tree.size
            name = tuple(self.club.kits)[turn % len(self.club.kits)]
            self.club.act(
                name, "propose", kind="channel", payload={"op": "add", "address": f"https://club.example/{turn}"}, not_after=2**40
            )
        self.log.append(self.club.leaves[self.log.size :])
        return self.log.size

    def ask(self, server: Host, partner: Host, ready: dict[str, dict[str, str]], seconds: float = 60) -> int:
        """Ask a partner for its signature of what is newest, as the log's server would; gives the status."""
        note = self.log.checkpoint
        answer = server.ask(f"{partner.url}/mirror/{self.hash}/cosign", note, seconds)
        if answer.status == 200:
            self.answered.append((VerifierKey.parse(ready["vkeys"]["mirror"]), self.log.size, note + answer.body))
        return answer.status

    def check(self) -> int:
        """Every signature that was ever given is of this history; gives how many there were."""
        for mirror, size, note in self.answered:
            signed = open_cosigned(note, [self.vkey], [mirror])
            assert (set(signed.cosignatures), signed.checkpoint.root) == ({mirror}, self.club.tree.root(size))
        return len(self.answered)


def read(reader: Host, partner: Host, record: Record) -> int:
    """How many entries a stranger verifies at a partner's address; 0 if it cannot be reached."""
    code, told = reader.commonhold("verify", f"{partner.url}/mirror/{record.hash}", "--org", record.club.org)
    if code == 2:
        assert told["next_step"], told
        return 0
    assert code == 0, told
    return int(told["entries"])


@pytest.mark.drill
@pytest.mark.smoke
def test_a_partner_that_was_cut_off_loses_nothing_and_goes_on_by_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One of two partners loses its link while the record grows: the other goes on, and the first catches up when the link is back."""
    record = Record(tmp_path / "record")
    with network("log", "kestrel", "merlin", "reader") as net:
        log, kestrel, merlin, reader = (net.hosts[name] for name in ("log", "kestrel", "merlin", "reader"))
        source = f"{record.vkey}={log.url}"
        with (
            log.web_server(record.folder),
            kestrel.partner(tmp_path / "kestrel", source) as kestrel_ready,
            merlin.partner(tmp_path / "merlin", source) as merlin_ready,
        ):
            before = record.write(20)
            assert record.ask(log, kestrel, kestrel_ready) == record.ask(log, merlin, merlin_ready) == 200
            net.cut(kestrel)
            after = record.write(300)
            assert record.ask(log, merlin, merlin_ready) == 200
            assert record.ask(log, kestrel, kestrel_ready, seconds=5) == 0
            assert (read(reader, merlin, record), read(reader, kestrel, record)) == (after, 0)
            assert kestrel.row(record.origin)["signed"]["size"] == before
            net.mend(kestrel)
            took = kestrel.until_signed(record.origin, after, AWAY)
            assert record.ask(log, kestrel, kestrel_ready) == 200
            assert read(reader, kestrel, record) == after
            for host in (kestrel, merlin):
                assert host.ask(f"{host.url}/alarms").json == {"alarms": []}
                assert host.row(record.origin)["trouble"] == ""
    count = record.check()
    with capsys.disabled():
        print(f"\na partner was back by itself {took:.0f} s after its link; {count} mirror signatures, all of one history")  # noqa: T201


@pytest.mark.drill
def test_a_log_whose_link_is_silent_holds_up_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A connection that is half open, in the middle of a transfer, costs its own log some time and the other log of the node nothing."""
    silent, other = Record(tmp_path / "silent"), Record(tmp_path / "other", FLOCK[::-1])
    with network("silent", "other", "kestrel") as net:
        far, near, kestrel = (net.hosts[name] for name in ("silent", "other", "kestrel"))
        with (
            far.web_server(silent.folder),
            near.web_server(other.folder),
            kestrel.partner(tmp_path / "kestrel", f"{silent.vkey}={far.url}", f"{other.vkey}={near.url}") as ready,
        ):
            assert silent.ask(kestrel, kestrel, ready) == other.ask(kestrel, kestrel, ready) == 200
            words = net.slow(far, 256, 50)
            held, size = silent.log.size, silent.write(2_000)
            began = time.monotonic()
            # A transfer of some 40 seconds begins, and the link falls silent within it.
            answer = kestrel.ask(f"{kestrel.url}/mirror/{silent.hash}/cosign", silent.log.checkpoint, 3)
            assert answer.status == 0
            net.silence(far)
            slowest = 0.0
            while time.monotonic() - began < 45:
                other.write(3)
                asked = time.monotonic()
                assert other.ask(kestrel, kestrel, ready) == 200
                slowest = max(slowest, time.monotonic() - asked)
                time.sleep(1)
            row = kestrel.row(silent.origin)
            assert row["signed"]["size"] == held
            assert row["trouble"]
            net.mend(far)
            took = kestrel.until_signed(silent.origin, size, 2 * AWAY)
            assert kestrel.ask(f"{kestrel.url}/alarms").json == {"alarms": []}
            assert silent.ask(kestrel, kestrel, ready) == 200
    assert slowest < 3
    count = silent.check() + other.check()
    with capsys.disabled():
        print(f"\nover {words}: silent for 45 s, whole {took:.0f} s after it spoke again; the other log waited {slowest:.1f} s at most")  # noqa: T201
        print(f"{count} mirror signatures, all of their own histories")  # noqa: T201


@pytest.mark.drill
def test_a_slow_link_is_slow_and_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A partner behind a link of 256 kbit/s catches up with a record of a thousand entries, and answers a reader behind another such link."""
    record = Record(tmp_path / "record")
    size = record.write(1_000)
    with network("log", "kestrel", "reader") as net:
        log, kestrel, reader = (net.hosts[name] for name in ("log", "kestrel", "reader"))
        net.slow(reader, 256, 150)
        words = net.slow(kestrel, 256, 150)
        with log.web_server(record.folder), kestrel.partner(tmp_path / "kestrel", f"{record.vkey}={log.url}") as ready:
            took = kestrel.until_signed(record.origin, size, 300)
            assert record.ask(log, kestrel, ready) == 200
            began = time.monotonic()
            assert read(reader, kestrel, record) == size
            reading = time.monotonic() - began
    record.check()
    with capsys.disabled():
        print(f"\n{size} entries over {words}: held and signed in {took:.0f} s, read by a stranger in {reading:.0f} s")  # noqa: T201

"""An organisation's own log on a disk that somebody else fills, with two partners that are well: real processes, and nothing but HTTP between them.

What the log answered for is in the record and stays there; what it cannot keep it refuses in words; what is published is served on, and partners are
never shown a second history. With space again members go on acting, without a restart and without a hand.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cli.houses import command, found
from tests.drills.disks import Kind, disk
from tests.mirror.processes import RUN, house_process, node_process
from tests.mirror.test_houselog import Federation

pytestmark = [pytest.mark.drill, pytest.mark.allow_hosts(["127.0.0.1"])]

PARTNERS = ("gull", "knot")
KINDS = [pytest.param("tmpfs", marks=pytest.mark.smoke), "ext4"]


class Members:
    """What members do through the log's address, and what it answered for."""

    def __init__(self, one: Federation) -> None:
        self.one, self.count, self.acted, self.refused = one, 0, list[str](), 0

    def act(self) -> bool:
        """A proposal; whether it was taken. A refusal is in words."""
        self.count += 1
        done = self.one.by("heron", "propose", "channel", "op=add", f"address=https://saltmarsh.example/{self.count}")
        if done.code == 0:
            self.acted.append(done.json["entry"])
            # So that nobody has too many open.
            withdrawn = self.one.by("heron", "withdraw", "proposal", done.json["entry"])
            if withdrawn.code == 0:
                return True
            done = withdrawn
        self.refused += 1
        assert done.json["code"].startswith("store/"), done.said
        assert done.json["next_step"], done.said
        return False

    def check(self) -> None:
        """Everything that was answered for is in the record, wherever it is read, and nobody is accused of anything."""
        one = self.one
        about = one.log.until(lambda about: all(row["signed"] and row["signed"]["size"] == about["size"] for row in about["partners"]))
        assert (about["trouble"], about["stopped"]) == ("", "")
        told = command("verify", one.log.url, "--json")
        assert (told.code, told.json["verdict"], told.json["entries"]) == (0, "official", about["size"])
        for name, node in one.nodes.items():
            assert json.loads(node.get("alarms")) == {"alarms": []}
            for entry in self.acted:
                assert command("status", entry, "--house", one.mirror(name), "--json").code == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_log_whose_disk_is_full_answers_for_nothing_it_has_not_kept_and_goes_on(
    tmp_path: Path, kind: Kind, capsys: pytest.CaptureFixture[str]
) -> None:
    """Full to the last byte, or within an append: nothing that was answered for is lost, and with space the next act is taken."""
    house = found(tmp_path / "saltmarsh")
    with disk(tmp_path, kind) as small, ExitStack() as stack:
        shutil.copytree(house.path, small.outside / "house")
        folder, run = small.path / "house", small.python(RUN)
        log = stack.enter_context(house_process(folder, run=run))
        nodes = {
            name: stack.enter_context(node_process("partner", tmp_path / name, f"{log.log}={log.url}", name=f"{name}.example"))
            for name in PARTNERS
        }
        for node in nodes.values():
            subprocess.run([*run, "house", "partner", "add", node.url, "--house", str(folder)], check=True, capture_output=True)
        one = Federation(house, log, nodes)
        one.name_partners(2)
        members = Members(one)
        assert members.act()
        for left in (0, 2_000, 9_000, 120_000):
            small.fill(left)
            while members.act():
                pass
            assert not members.act()
            # What is published is served on.
            told = command("verify", log.url, "--json")
            assert told.code == 0, told.said
            small.free()
            assert members.act()
        members.check()
        small.fill()
        while members.act():
            pass
        log.process.kill()
        log.process.wait()
        address = log.url.removeprefix("http://")
        refused = small.start_refused("house", "log", "serve", "--house", folder, "--listen", address)
        small.free()
        one = Federation(house, stack.enter_context(house_process(folder, run=run, listen=address)), nodes)
        members.one = one
        assert members.act()
        members.check()
    with capsys.disabled():
        print(  # noqa: T201
            f"\n{kind}: {len(members.acted)} acts answered for, none lost; {members.refused} refused in words"
            f"{'; not started on a full disk, in words' if refused else ''}"
        )

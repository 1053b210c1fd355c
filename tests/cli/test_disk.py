"""Laws about several writers and about full disks: nothing acknowledged is lost, and everybody is told what to do."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from commonhold.store.files import DirectoryFiles
from commonhold.store.log import LOCK
from tests.cli.houses import EXAMPLE, MEMBERS, House, command, refused

PROGRAM = [sys.executable, "-c", "from commonhold.cli.main import main; main()"]


def test_a_second_writer_is_told_to_wait(house: House) -> None:
    """Exit 2 while another process writes; reading goes on, and once the lock is free so does writing."""
    lock = DirectoryFiles(house.record).lock(LOCK)
    try:
        refused(
            command("propose", "depart", "--yes", "--house", house.path, "--kit", house.kit("heron")),
            2,
            "another process is writing",
            "wait",
        )
        assert command("verify", house.path).code == 0
    finally:
        lock.release()
    house.do("heron", "propose", "depart", "--yes")


@pytest.mark.slow
def test_writers_at_once_lose_nothing(house: House) -> None:
    """Six processes propose at the same time: each either has its entry in the record or was told to wait, and the record is whole."""
    command_line = [*PROGRAM, "propose", "channel", "op=add", "--json", "--house", str(house.path)]
    running = [
        subprocess.Popen(
            [*command_line, "--kit", str(house.kit(MEMBERS[n % 5])), f"address=https://saltmarsh.example/{n}"],
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(6)
    ]
    answers = [(json.loads(process.communicate(timeout=120)[0]), process.returncode) for process in running]
    kept = {answer["entry"] for answer, code in answers if code == 0}
    assert {answer["code"] for answer, code in answers if code} <= {"store/locked"}
    assert kept
    assert kept == {row["id"] for row in house.ask("status")["proposals"]}
    assert command("verify", house.path).code == 0


def limited(size: int, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a command that may write no file longer than *size* bytes: what a full disk answers, without filling one."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    code = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); from commonhold.cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False, preexec_fn=limit
    )


@pytest.mark.slow
@pytest.mark.parametrize("room", [0, 100, 2_000, 8_000])
def test_a_full_disk_loses_nothing(house: House, room: int) -> None:
    """Exit 2 and a reason; once there is room again the house opens by the normal path and holds all that was ever acknowledged."""
    proposal = house.statement(approved=False)
    done = limited(room, "approve", proposal, "--house", house.path, "--kit", house.kit("tern"))
    assert "Traceback" not in done.stderr
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("error: cannot ")
    assert len(done.stderr.strip().splitlines()) >= 2
    # Whether it was kept is not known until the house is opened again; either way the member can go on.
    again = house.by("tern", "approve", proposal)
    assert again.code == 0 or again.json["code"] == "act/closed", again.said
    assert house.ask("status", proposal)["approved"] == ["heron", "tern"]
    assert command("verify", house.path).code == 0


@pytest.mark.slow
def test_a_founding_on_a_full_disk_can_be_done_again(house: House, tmp_path: Path) -> None:
    """Exit 2; what is left is no organisation, says so, and another folder takes the founding."""
    members = [part for name in MEMBERS for part in ("--member", house.card(name))]
    arguments = ["--charter", EXAMPLE, *members, "--kit", house.kit("heron")]
    for number, room in enumerate((0, 300, 4_000)):
        place = tmp_path / f"{number}"
        done = limited(room, "found", place, *arguments)
        assert done.returncode == 2, done.stderr
        assert "Traceback" not in done.stderr
        after = command("verify", place)
        assert after.code == 2, after.said
        again = command("found", place, *arguments)
        assert (again.code, "already a house" in again.err) == (2, True)
    assert command("found", tmp_path / "other", *arguments).code == 0

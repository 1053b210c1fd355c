"""Real command lines, really killed: members propose and approve without pause, and the process dies by SIGKILL at random moments.

Each life of the writer runs the command line again and again in one process and tells on a pipe what was acknowledged: what a member was
shown. After each death the house is opened by the normal path, a stranger verifies it, and everything acknowledged must be there.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from commonhold.store.objects.directory import ObjectDirectory
from tests.cli.houses import MEMBERS, House, command, found

LIVES = 25
SMOKE_LIVES = 6

WRITER = """
import contextlib, io, json, sys
from commonhold.cli.main import run

base, life = sys.argv[1:]
with contextlib.redirect_stdout(io.StringIO()):
    # Everything is imported once, so that the shot falls while entries are written.
    assert run(["withdraw", "seat", "none", "--house", f"{base}/house", "--kit", f"{base}/curlew.kit", "--json"]) == 1
print("ready", flush=True)
for turn in range(10_000):
    name = ("heron", "tern", "plover")[turn % 3]
    text = f"{base}/{life}.md"
    open(text, "w").write(f"Statement {life}.{turn}\\n")
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = run(["statement", "publish", text, "--house", f"{base}/house", "--kit", f"{base}/{name}.kit", "--json"])
    report = json.loads(out.getvalue())
    if code == 1 and report["code"] == "act/too-many-open":
        break
    assert code == 0, report
    print("kept", report["proposal"]["id"], report["entry"], report["text"], flush=True)
    with contextlib.redirect_stdout(out := io.StringIO()):
        other = ("tern", "plover", "heron")[turn % 3]
        code = run(["approve", report["proposal"]["id"], "--house", f"{base}/house", "--kit", f"{base}/{other}.kit", "--json"])
    assert code == 0, out.getvalue()
    print("kept", report["proposal"]["id"], json.loads(out.getvalue())["entry"], "", flush=True)
"""


def live_and_die(house: House, life: int, after: float) -> tuple[list[list[str]], int]:
    """One life of a writer, shot *after* so many seconds; gives what it acknowledged, and how it ended."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(house.base), str(life)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        time.sleep(after)
        writer.kill()
        out, err = writer.communicate(timeout=120)
    assert writer.returncode in {0, -signal.SIGKILL}, err
    # A last line without its end was cut by the kill, and so was never heard.
    return [line.split(" ")[1:] for line in out.split("\n")[:-1]], writer.returncode


def check(house: House, acknowledged: list[list[str]]) -> None:
    """Open by the normal path, as the next member does; verify as a stranger does; miss nothing that was acknowledged."""
    assert house.by("avocet", "withdraw", "seat", "chair").json["code"] == "act/no-seat"
    verdict = command("verify", house.path, "--json")
    assert (verdict.code, verdict.json["refused"]) == (0, [])
    entries = {row["id"] for row in house.ask("log")["entries"]}
    objects = ObjectDirectory(house.path)
    for proposal, entry, text in acknowledged:
        assert {proposal, entry} <= entries
        if text:
            assert objects.has(text)


def tell(house: House, base: Path, lives: int, dice: random.Random) -> str:
    acknowledged: list[list[str]] = []
    killed = 0
    for life in range(lives):
        kept, code = live_and_die(house, life, dice.uniform(0.05, 0.7))
        acknowledged += kept
        killed += code == -signal.SIGKILL
        if life % 3 == 2:
            check(house, acknowledged)
    check(house, acknowledged)
    assert killed >= lives // 2
    assert len(acknowledged) > lives
    # And the house goes on: every member can still act.
    for name in MEMBERS:
        house.do(name, "propose", "channel", "op=add", f"address=https://saltmarsh.example/{name}")
    (base / "told.json").write_text(json.dumps(acknowledged))
    return f"{killed} of {lives} writers killed; {len(acknowledged)} acknowledged entries of {house.size()}, none lost"


@pytest.mark.drill
def test_a_command_line_killed_at_random_moments_loses_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """However many processes die while they act, the house opens, a stranger's verdict is official, and every acknowledged entry is there."""
    told = tell(found(tmp_path / "house"), tmp_path, LIVES, random.Random(2026))
    with capsys.disabled():
        print(f"\n{told}")  # noqa: T201


@pytest.mark.drill
@pytest.mark.smoke
def test_a_few_killed_command_lines_lose_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same story with six deaths, for every change to the code."""
    told = tell(found(tmp_path / "house"), tmp_path, SMOKE_LIVES, random.Random(7))
    with capsys.disabled():
        print(f"\n{told}")  # noqa: T201

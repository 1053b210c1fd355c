"""The demo and the guide: what we tell people about the program is what it does."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from commonhold.cli.main import run
from tests.cli import houses

ROOT = Path(__file__).resolve().parents[2]
SALTMARSH = ROOT / "examples" / "saltmarsh"
GUIDE = ROOT / "docs" / "guide"


def tell(out: Path, script: Path = SALTMARSH / "demo.py", *options: str) -> subprocess.CompletedProcess[str]:
    """Run the demo as on a bare machine: no home, no terminal, an old-fashioned locale."""
    environment = {"HOME": "", "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    command = [sys.executable, str(script), "--out", str(out), *options]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=out.parent, timeout=600)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    out = tmp_path_factory.mktemp("demo") / "demo-out"
    return out, tell(out)


@pytest.mark.slow
def test_the_demo_holds_every_claim_that_it_makes(told: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    """The demo exits with 0, says how many claims it checked, and leaves the folder that it promises."""
    out, done = told
    assert (done.returncode, done.stderr) == (0, "")
    found = re.search(r"All (\d+) claims hold", done.stdout)
    assert found is not None
    assert done.stdout.count("✓") == int(found[1]) >= 138
    assert "\x1b" not in done.stdout
    assert (out / "TRY.md").read_text("utf-8") in done.stdout
    assert "*five seconds*" in done.stdout
    assert "lost         nothing" in done.stdout
    assert "simulated" in done.stdout
    assert not {"page.key", "kits/tern-share.html", "server", "public"} & {str(path.relative_to(out)) for path in out.rglob("*")}
    assert {"radio", "stranger", "attacks", "kits", "statement.proof", "next", "lapwing", "two-faces.proof"} <= {
        path.name for path in out.iterdir()
    }


@pytest.mark.slow
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_the_radio_to_play_with_is_up_before_it_says_so_and_ends_by_itself(tmp_path: Path) -> None:
    """`make try` waits until both partners vouch for the record, says what to open and what to type, and stops everything after its time."""
    done = tell(tmp_path / "try-out", SALTMARSH / "tryout.py", "--seconds", "1")
    assert (done.returncode, done.stderr) == (0, "")
    ports = {int(port) for port in re.findall(r"http://127\.0\.0\.1:(\d+)", done.stdout)}
    assert done.stdout.count("/check ") == 2
    assert re.search(r"http://localhost:\d+/join/[A-Za-z0-9_-]{43}/", done.stdout)
    assert "commonhold custody unseal ID --key teal.key" in done.stdout
    assert "commonhold restore --check my-copy" in done.stdout
    assert {"signer.html", "verifier.html", "radio.pin"} <= {path.name for path in (tmp_path / "try-out").iterdir()}
    for port in ports:
        with socket.socket() as free:
            assert free.connect_ex(("127.0.0.1", port)) != 0, "it answers still"


@pytest.mark.slow
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_what_the_demo_starts_ends_with_it_however_it_is_ended(tmp_path: Path) -> None:
    """SIGTERM, as a service manager or `kill` sends it, leaves no server behind."""
    house = houses.found(tmp_path / "club", accepted=False)
    code = (
        "import sys, time\nfrom running import programs\nwith programs() as start:\n"
        "    print(start('house', 'log', 'serve', '--house', sys.argv[1], '--listen', '127.0.0.1:0').url, flush=True)\n    time.sleep(60)"
    )
    words = [sys.executable, "-c", code, str(house.path)]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, text=True, cwd=SALTMARSH, env={**os.environ, "PYTHONPATH": str(SALTMARSH)}
    ) as running:
        assert running.stdout is not None
        port = int(running.stdout.readline().rpartition(":")[2])
        running.terminate()
        assert running.wait(30) == 143
    with socket.socket() as free:
        assert free.connect_ex(("127.0.0.1", port)) != 0, "it answers still"


def run_page(page: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> int:
    """Run the commands of a page of the guide here, PROPOSAL being the newest open one; gives how many there were."""
    ran = 0
    for block in re.findall(r"^```sh$(.*?)^```$", (GUIDE / page).read_text("utf-8"), re.MULTILINE | re.DOTALL):
        for line in block.strip().splitlines():
            words = shlex.split(line, comments=True)
            if words[0] == "export":
                monkeypatch.setenv(*words[1].split("=", 1))
                continue
            assert words[0] == "commonhold"
            if "PROPOSAL" in words:
                words[words.index("PROPOSAL")] = newest(capfd)
            assert run(words[1:]) == 0, f"{page}: {line}: {capfd.readouterr().err}"
            ran += 1
    return ran


def newest(capfd: pytest.CaptureFixture[str]) -> str:
    """The newest open proposal, as a reader of the guide takes it from what `status` prints."""
    capfd.readouterr()
    assert run(["status"]) == 0
    return re.findall(r"^proposal +(\w+)$", capfd.readouterr().out, re.MULTILINE)[-1][:8]


@pytest.mark.slow
def test_an_open_proposal_is_shown_with_what_it_is_about(
    told: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whoever is about to sign sees the text, or the redline of the charter; and where a text was erased, that it is not there."""
    house = tmp_path / "radio"
    shutil.copytree(told[0] / "radio", house)

    def status(*more: str) -> str:
        assert run(["status", "--house", str(house), *more]) == 0
        return capfd.readouterr().out

    spending, amendment = json.loads(status("--json"))["proposals"]
    text = (told[0] / "texts" / "mast.md").read_text("utf-8")
    assert text.rstrip() in status(spending["id"])
    assert json.loads(status(spending["id"], "--json"))["text"] == text
    assert "[-two thirds-]{+more than half+}" in status(amendment["id"])
    assert json.loads(status(amendment["id"], "--json"))["redline"]

    shutil.rmtree(house / "objects")
    assert "is not here" in status(spending["id"])
    assert "text" not in json.loads(status(spending["id"], "--json"))
    assert "cannot be shown" in status(amendment["id"])
    assert "redline" not in json.loads(status(amendment["id"], "--json"))


@pytest.mark.slow
def test_a_misspelt_kind_is_named_with_the_kinds_that_there_are(
    told: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A kind that the charter does not have is refused as that, with those it has, and the record stays as it was."""
    shutil.copytree(told[0] / "radio", tmp_path / "radio")
    before = (tmp_path / "radio" / "record" / "checkpoint").read_bytes()
    kit = str(told[0] / "kits" / "teal.kit")
    assert run(["propose", "picnic", "--house", str(tmp_path / "radio"), "--kit", kit]) == 1
    said = capfd.readouterr().err
    assert "no rule for 'picnic'" in said
    assert "spend_large" in said
    assert (tmp_path / "radio" / "record" / "checkpoint").read_bytes() == before


def test_a_folder_without_a_record_is_named_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whoever stands in the wrong folder is told so, and how to name the right one."""
    monkeypatch.chdir(tmp_path)
    for verb in (["status"], ["state"], ["log"], ["verify", "."]):
        assert run(verb) == 2
        said = capfd.readouterr().err
        assert "the current folder holds no organisation's record" in said
        # `verify` takes its place as an argument.
        assert ("COMMONHOLD_HOUSE" in said) == (verb[0] != "verify")
    assert run(["status", "--house", "elsewhere"]) == 2
    assert "there is no folder elsewhere" in capfd.readouterr().err


@pytest.mark.slow
def test_every_command_of_the_quickstart_works(
    told: tuple[Path, subprocess.CompletedProcess[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Whoever types the commands of the quickstart after the demo is told yes each time."""
    shutil.copytree(told[0], tmp_path / "demo-out")
    monkeypatch.chdir(tmp_path / "demo-out")
    monkeypatch.setenv("COMMONHOLD_HOUSE", "radio")
    assert run_page("quickstart.md", monkeypatch, capfd) == 18


@pytest.mark.slow
def test_every_command_of_the_first_organisation_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whoever follows the page from top to bottom has an organisation that strangers can check."""
    for name, source in (("charter", SALTMARSH), ("amended", SALTMARSH / "amended")):
        (tmp_path / name).mkdir()
        for file in ("charter.md", "charter.toml"):
            shutil.copy(source / file, tmp_path / name)
    shutil.copy(SALTMARSH / "statement-en.md", tmp_path / "statement.md")
    monkeypatch.chdir(tmp_path)
    assert run_page("first-organisation.md", monkeypatch, capfd) > 30


def test_the_demo_removes_nothing_that_it_did_not_write(tmp_path: Path) -> None:
    """A folder without the demo's mark is somebody's: the demo says so and leaves everything in it."""
    theirs = tmp_path / "radio"
    theirs.mkdir()
    (theirs / "thesis.txt").write_text("the only copy", "utf-8")
    done = tell(tmp_path)
    assert done.returncode == 2
    assert "did not write" in done.stderr
    assert (theirs / "thesis.txt").read_text("utf-8") == "the only copy"
    assert [path.name for path in tmp_path.iterdir()] == ["radio"]


@pytest.mark.slow
def test_the_demo_stops_at_the_first_claim_that_is_not_so(tmp_path: Path) -> None:
    """With a charter that asks for one signature fewer, "six are not enough" is wrong, and the demo says that and exits with 1."""
    copy = tmp_path / "saltmarsh"
    shutil.copytree(SALTMARSH, copy)
    rules = (copy / "charter.toml").read_text("utf-8")
    elect = '[decisions.elect]\narticle = "1.3.1"\nby = "assembly"\npass = { base = "register", '
    (copy / "charter.toml").write_text(rules.replace(f'{elect}more_than = "1/2"', f'{elect}at_least = "1/2"'), "utf-8")
    done = tell(tmp_path / "out", copy / "demo.py")
    assert done.returncode == 1
    assert done.stderr.startswith("\nNOT SO: ")
    assert "claims hold" not in done.stdout

"""The house's verbs of the command line, as real processes: each has one Django for one house."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from commonhold.house.config import DATABASE
from tests.cli.houses import House
from tests.house.sites import Site

PROGRAM = Path(sys.executable).with_name("commonhold")


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(PROGRAM), *map(str, arguments)], capture_output=True, text=True, timeout=120)


@pytest.mark.slow
def test_a_house_is_made_once_and_says_what_to_do_next(tmp_path: Path, radio: House, site: Site) -> None:
    """`init` writes its file and the tables; a second time it refuses, and on a folder without a record too."""
    folder = tmp_path / "radio"
    shutil.copytree(radio.path, folder)
    (folder / "web").mkdir(mode=0o700)
    shutil.copy(site.folder / DATABASE, folder / DATABASE)
    done = run("house", "init", folder, "--url", "http://localhost:8123", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["url"] == "http://localhost:8123"
    again = run("house", "init", folder, "--url", "http://localhost:8123")
    assert again.returncode == 2
    assert "--force" in again.stderr
    (tmp_path / "empty").mkdir()
    assert run("house", "init", tmp_path / "empty", "--url", "http://localhost:8123").returncode == 2
    wrong = run("house", "init", folder, "--url", "http://radio.example", "--force")
    assert wrong.returncode != 0
    assert "https" in wrong.stderr
    invited = run("house", "invite", "heron", "--house", folder)
    assert re.search(r"http://localhost:8123/join/[A-Za-z0-9_-]{43}/", invited.stdout), invited.stderr
    nobody = run("house", "invite", "pelican", "--house", folder)
    assert nobody.returncode == 1
    assert "not in the register" in nobody.stderr
    built = run("house", "rebuild", "--house", folder, "--json")
    assert json.loads(built.stdout)["entries"] == site.log.head()[1], built.stderr


def test_nothing_but_the_house_starts_django() -> None:
    """`commonhold --help`, and the help of the house's own verbs, start without it."""
    code = "import sys; from commonhold.cli.main import run; run(sys.argv[1:]); assert 'django' not in sys.modules, 'django'"
    for words in (["--help"], ["house", "--help"], ["house", "serve", "--help"]):
        done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr

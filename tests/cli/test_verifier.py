"""Laws about ``commonhold verifier``: what is handed out is the page that was committed, in a checkout and in a wheel."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from commonhold.cli.main import UNREADABLE, run
from tools.inline import DIST, ROOT

PAGE = DIST / "verifier.html"


def test_the_page_is_written_as_it_was_committed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a person saves is what reviewers read, byte for byte, and its digest is told so that two can compare it."""
    out = tmp_path / "verifier.html"
    assert run(["verifier", "-o", str(out), "--json"]) == 0
    assert out.read_bytes() == PAGE.read_bytes()
    assert json.loads(capsys.readouterr().out)["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()


def test_the_digest_stands_in_the_words_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Somebody on the telephone reads out what the program said."""
    assert run(["verifier", "-o", str(tmp_path / "verifier.html")]) == 0
    assert hashlib.sha256(PAGE.read_bytes()).hexdigest() in capsys.readouterr().out


def test_nothing_is_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is there already stays as it is, and the refusal names it."""
    out = tmp_path / "verifier.html"
    out.write_text("mine", "utf-8")
    assert run(["verifier", "-o", str(out)]) == UNREADABLE
    assert out.read_text("utf-8") == "mine"
    assert "verifier.html" in capsys.readouterr().err


@pytest.mark.slow
def test_the_page_is_in_the_wheel(tmp_path: Path) -> None:
    """Whoever installs the package without a checkout can hand the page out."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)], cwd=ROOT, check=True, capture_output=True
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read("commonhold/pages/reader/verifier.html") == PAGE.read_bytes()

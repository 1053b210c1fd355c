"""Laws about what the project depends on: nothing unexplained, nothing unlocked."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def name_of(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[\s\[<>=!~;]", requirement, maxsplit=1)[0]).lower()


EXTRAS = [line for extra in PROJECT["project"]["optional-dependencies"].values() for line in extra]
RUNTIME = {name_of(line) for line in [*PROJECT["project"]["dependencies"], *EXTRAS]}
GROUPS = {name_of(line) for group in PROJECT["dependency-groups"].values() for line in group if isinstance(line, str)}


def test_each_dependency_has_its_line_in_the_decision_record() -> None:
    """A dependency comes with what it is for, who keeps it and what else was looked at, and its line goes when it goes."""
    page = (ROOT / "docs" / "adr" / "0001-dependencies.md").read_text("utf-8")
    explained = {name_of(name) for name in re.findall(r"^\| `([\w.-]+)` \|", page, re.MULTILINE)}
    assert explained == RUNTIME | GROUPS


@pytest.mark.parametrize(("lock", "wanted"), [("base.txt", RUNTIME), ("dev.txt", RUNTIME | GROUPS)])
def test_each_dependency_is_locked_with_hashes(lock: str, wanted: set[str]) -> None:
    """Every package that is installed was chosen once, byte for byte: each stands in the lock file, and each there has a hash."""
    text = (ROOT / "requirements" / lock).read_text("utf-8")
    blocks = re.split(r"^(?=[a-z])", text, flags=re.MULTILINE)[1:]
    assert wanted <= {name_of(block) for block in blocks}
    assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_both_locks_agree() -> None:
    """What is tested is what is run: a package that stands in both locks has one version."""

    def versions(lock: str) -> set[str]:
        return set(re.findall(r"^[a-z][\w.-]*==\S+", (ROOT / "requirements" / lock).read_text("utf-8"), re.MULTILINE))

    assert versions("base.txt") <= versions("dev.txt")


def test_the_lock_names_no_index() -> None:
    """A lock binds bytes, never an address: any index or mirror that serves the same files will do."""
    for lock in (ROOT / "requirements").glob("*.txt"):
        assert not re.search(r"://|^\s*--(?:index|extra|find|trusted)", lock.read_text("utf-8"), re.MULTILINE)

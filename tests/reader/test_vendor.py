"""Laws of what is vendored: every file is the one that its manifest names, from npm's own archive, with its licence."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.attacks import Mutation, attack
from tools.vendor import ENTRIES, MANIFEST, PINNED, VENDOR, _reached, faults


def manifest() -> dict[str, dict[str, object]]:
    packages: dict[str, dict[str, object]] = json.loads(MANIFEST.read_text("utf-8"))["packages"]
    return packages


def test_every_vendored_file_is_the_one_of_its_manifest() -> None:
    """Nothing was changed, added or lost since `tools/vendor.py` compared the archives with npm's integrity hashes."""
    assert list(faults()) == []


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    place = tmp_path / "vendor"
    shutil.copytree(VENDOR, place)
    return place


@attack(
    "reader-06",
    Mutation("tools/vendor.py", find="!= expected[name]:", replace='== "":'),
)
def test_a_changed_an_added_and_a_lost_file_are_each_named(copied: Path) -> None:
    """Whoever alters one byte of what the reader is built from is named by the check."""
    changed, lost, added = copied / "@noble/curves/ed25519.js", copied / "@noble/hashes/sha2.js", copied / "gull.js"
    changed.write_bytes(changed.read_bytes() + b" ")
    lost.unlink()
    added.write_text("", "utf-8")
    found = "\n".join(faults(copied))
    assert "@noble/curves/ed25519.js has the hash" in found
    assert "@noble/hashes/sha2.js is missing" in found
    assert "gull.js is not in the manifest" in found
    assert found.count("\n") == 2


def test_another_version_than_the_pinned_one_is_named(copied: Path) -> None:
    """The manifest and the tool agree on what is pinned."""
    place = copied / "manifest.json"
    value = json.loads(place.read_text("utf-8"))
    value["packages"]["@scure/base"]["version"] = "0.0.1"
    place.write_text(json.dumps(value), "utf-8")
    assert list(faults(copied)) == [f"@scure/base is 0.0.1 in the manifest, and {PINNED['@scure/base']} in tools/vendor.py"]


def test_the_manifest_says_where_each_package_is_from_and_names_no_registry() -> None:
    """Version, licence and npm's hash are enough for anybody to fetch the same archive from wherever they like."""
    assert manifest().keys() == PINNED.keys()
    for package in manifest().values():
        assert re.fullmatch(r"sha512-[A-Za-z0-9+/]{86}==", str(package["integrity"]))
        assert str(package["licence"]) in {"MIT", "BSD-3-Clause", "(MIT OR Apache-2.0)"}
    assert "://" not in MANIFEST.read_text("utf-8")


def test_each_vendored_package_has_its_line_in_the_decision_record() -> None:
    """What runs in people's browsers is explained like any dependency: what for, who keeps it, what else was looked at."""
    page = (VENDOR.parents[1] / "docs" / "adr" / "0001-dependencies.md").read_text("utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| npm ")]
    assert {name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])} == PINNED.keys()


def test_only_files_that_the_reader_can_reach_are_vendored() -> None:
    """A file that no entry imports is nobody's to review, so it is not there."""
    packages = manifest()
    archives = {
        name: {file: (VENDOR / name / file).read_bytes() for file in package["files"]}  # type: ignore[attr-defined] # the manifest is JSON
        for name, package in packages.items()
    }
    there = {(name, file) for name, files in archives.items() for file in files}
    assert _reached(archives, packages) == there
    assert len(ENTRIES) == len(set(ENTRIES))

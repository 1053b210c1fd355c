"""What any release wrote is restored by the newest: the mirrors in vectors/mirrors, one of each version, against what is written down beside them."""

from __future__ import annotations

import json
import runpy
import zipfile
from pathlib import Path
from typing import Any

import pytest

from commonhold.cli.opening import open_epoch
from commonhold.kernel import b64
from commonhold.kernel.kit import Kit
from commonhold.mirror.folder.restore import Recovery, restore
from commonhold.store.keyfile import save_kit
from commonhold.store.objects.directory import ObjectDirectory
from commonhold.store.reader import StaticReader
from commonhold.store.record import Record, read_record
from tests.mirror.towns import tree

VECTORS = Path(__file__).resolve().parents[2] / "vectors"
RELEASES = sorted(VECTORS.glob("mirrors/*.zip"))
MOST = 100_000
pytestmark = pytest.mark.conformance


def unpacked(release: Path, folder: Path) -> tuple[Path, dict[str, Any]]:
    """The mirror of a release as a folder, and what must come out of it."""
    with zipfile.ZipFile(release) as archive:
        archive.extractall(folder)
    told: dict[str, Any] = json.loads(release.with_suffix(".json").read_text("ascii"))
    return folder, told


def test_this_version_has_its_mirror_and_makes_it_again() -> None:
    """Byte for byte. If it does not, the format has changed: then this is a new version, and the mirrors of the others stay as they are."""
    for name, raw in runpy.run_path(str(VECTORS / "make_mirror.py"))["render"]().items():
        assert (VECTORS / "mirrors" / name).read_bytes() == raw, name
    assert all(release.stat().st_size < MOST for release in RELEASES)
    assert {path.stem for path in VECTORS.glob("mirrors/*.json")} == {release.stem for release in RELEASES}


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.stem)
def test_a_mirror_of_any_release_restores_in_this_one(release: Path, tmp_path: Path) -> None:
    """Record, works, texts, settings, site and what was erased are as the release wrote them down, and it is known who stood behind it."""
    mirror, told = unpacked(release, tmp_path / "mirror")
    done = restore([str(mirror)], tmp_path / "new", org=told["org"])
    assert (done.whole, done.texts, done.settings, done.works) == (True, [], True, len(told["works"]))
    point = told["recovery"]
    assert done.recovery == Recovery(told["entries"], point["entries"], point["time"], tuple(point["by"]))
    assert {name: digest for name, digest in tree(tmp_path / "new").items() if not name.startswith("objects/.")} == told["files"]
    read = read_record(StaticReader.from_directory(tmp_path / "new" / "record"), org=told["org"])
    assert (read.tree.size, b64.encode(read.tree.root())) == (told["entries"], told["root"])
    objects = ObjectDirectory(tmp_path / "new")
    assert sorted(objects.works()) == told["works"]
    assert {digest: objects.erased(digest) for digest in told["erased"]} == told["erased"]
    for digest in objects.list():
        objects.verify(digest)


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.stem)
def test_the_members_of_any_release_go_on_in_this_one(release: Path, tmp_path: Path) -> None:
    """A kit of then opens the next epoch now."""
    mirror, told = unpacked(release, tmp_path / "mirror")
    kit = tmp_path / "member.kit"
    save_kit(kit, told["kit"]["member"], Kit(b64.decode(told["kit"]["secret"], what="kit")))

    def open_next(mirror: Path, house: Path) -> None:
        open_epoch(house, str(mirror), kit, lambda _start, _objects: None)

    assert restore([str(mirror)], tmp_path / "new", org=told["org"], open_next=open_next).whole
    with Record.open(tmp_path / "new") as record:
        assert (record.state.org, record.state.epoch, record.state.phase) == (told["org"], 1, "succeeding")

"""Building a mirror and bringing one up to date, really killed at every single change that is made to the disk.

After each death whoever reads the mirror finds a whole record, whole works and the files that the house signed for or the ones before; and the same done again comes to the same digests.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from commonhold.kernel.works.manifest import File, Provenance, Rights, make_work
from commonhold.mirror.folder.build import build
from commonhold.mirror.folder.heads import head_of
from commonhold.mirror.folder.sync import sync
from commonhold.store.objects.directory import ObjectDirectory
from commonhold.store.objects.works import put_work
from commonhold.store.reader import StaticReader
from commonhold.store.record import read_record
from tests.drills.disks import Disk, disk
from tests.drills.killing import Tell
from tests.drills.test_store_kill import drill, sound
from tests.kernel.record.helpers import FLOCK, Club
from tests.kernel.record.test_history import moved
from tests.mirror.test_folder_epochs import next_house
from tests.mirror.test_folder_sync import whole
from tests.mirror.towns import NOW, Town, tree

STRIDES = [pytest.param(41, marks=pytest.mark.smoke, id="some"), pytest.param(1, id="every")]
pytestmark = pytest.mark.drill


def town(base: Path) -> Town:
    made = Town(base / "house")
    made.publish("tide", segments=2)
    return made


def older(base: Path) -> None:
    """A house that has gone on since its mirror was built: a new work, an erasure, another site."""
    made = town(base)
    _, parts = made.publish("dune", segments=2)
    made.build(base / "mirror")
    sync(str(base / "mirror"), base / "copy")
    made.publish("reed", segments=2)
    made.erase(parts[1])
    (made.site / "index.html").write_text("new")
    shutil.rmtree(made.site / "about")
    (made.site / "about").write_text("a file now")


def newer(base: Path) -> None:
    older(base)
    building(base)


def fresh(base: Path) -> None:
    town(base)


def served(base: Path) -> None:
    town(base).build(base / "mirror")


def building(base: Path, _tell: Tell | None = None) -> None:
    build(base / "house", base / "mirror", base / "house-site", now=lambda: NOW + 60)


def syncing(base: Path, _tell: Tell | None = None) -> None:
    done = sync(str(base / "mirror"), base / "copy", jobs=1)
    assert whole(done), done


def readable(mirror: Path, *, empty: bool) -> None:
    """What a reader asks of a mirror at any moment."""
    if not (mirror / "record" / "checkpoint").exists():
        assert empty, "there was a record, and there is none"
    else:
        read = read_record(StaticReader.from_directory(mirror / "record"))
        # The tiles above the leaves too.
        reader = StaticReader.from_directory(mirror / "record")
        assert reader.hashes(read.checkpoint.size, read.checkpoint.root).root() == read.tree.root()
    sound(ObjectDirectory(mirror))


@pytest.mark.parametrize("stride", STRIDES)
@pytest.mark.parametrize(
    ("start", "story", "name"),
    [(fresh, building, "mirror"), (older, building, "mirror"), (served, syncing, "copy"), (newer, syncing, "copy")],
    ids=["built first", "built again", "copied first", "copied again"],
)
def test_a_mirror_killed_at_any_change_is_whole_and_ends_the_same(
    tmp_path: Path, start: Callable[[Path], None], story: Callable[..., None], name: str, stride: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """No checkpoint without its tiles, no manifest without its objects, and a rerun reaches the digests of a run that nobody killed."""
    start(tmp_path / "done")
    story(tmp_path / "done")
    wanted = tree(tmp_path / "done" / name)

    def check(folder: Path, _facts: list[dict[str, Any]]) -> None:
        if (folder / name).exists():
            readable(folder / name, empty=start in (fresh, served))
        story(folder)
        readable(folder / name, empty=False)
        assert tree(folder / name) == wanted
        assert not list((folder / name / ".mirror").rglob("coming/*"))
        assert not list((folder / name / ".mirror" / "writing").iterdir())

    told = drill(tmp_path, stride, story, start, check)
    with capsys.disabled():
        print(f"\na mirror, {start.__name__} {story.__name__}: {told}")  # noqa: T201


@pytest.mark.parametrize("stride", STRIDES)
def test_a_change_of_epoch_killed_at_any_change_leaves_one_whole_record(
    tmp_path: Path, stride: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """The old one or the new one, at every moment, and after a rerun the new one."""
    club = Club(clocked=True)
    house = moved(club, *FLOCK[:3])

    def start(base: Path) -> None:
        Town(base / "house", club).build(base / "mirror")
        sync(str(base / "mirror"), base / "copy")
        next_house(house, club, base / "next")

    def story(base: Path, _tell: Tell | None = None) -> None:
        sync(str(base / "next"), base / "copy", jobs=1)

    def check(folder: Path, _facts: list[dict[str, Any]]) -> None:
        copy = folder / "copy"
        readable(copy, empty=False)
        story(folder)
        readable(copy, empty=False)
        assert head_of(StaticReader.from_directory(copy / "record")).key.name == house.state.origin
        assert not (copy / ".mirror" / "record.next").exists()

    told = drill(tmp_path, stride, story, start, check)
    with capsys.disabled():
        print(f"\na later epoch into a mirror: {told}")  # noqa: T201


SYNCING = """
import json, sys
from pathlib import Path
from commonhold.kernel.errors import CommonholdError
from commonhold.mirror.folder.sync import sync
from tests.drills.test_mirror_kill import readable
from tests.mirror.towns import tree
target = Path(sys.argv[2])
try:
    done = sync(sys.argv[1], target)
    told = {"code": "", "works": done.gathered.works, "failed": done.fetched.count, "refused": done.files_refused}
except CommonholdError as error:
    told = {"code": error.code, "next": error.next_step}
readable(target, empty=False)
print(json.dumps(told | {"tree": tree(target)}))
"""


@pytest.mark.smoke
def test_a_disk_that_fills_ends_a_copy_and_takes_nothing(tmp_path: Path) -> None:
    """The run says so and leaves what is there whole; once there is room the next one ends it."""
    made = town(tmp_path)
    made.build(tmp_path / "mirror")

    def copy(small: Disk) -> dict[str, Any]:
        here = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
        ran = subprocess.run(
            small.python(SYNCING, tmp_path / "mirror", small.path / "copy"), capture_output=True, text=True, env=here, check=False
        )
        assert ran.returncode == 0, ran.stderr
        told: dict[str, Any] = json.loads(ran.stdout)
        return told

    with disk(tmp_path, "tmpfs", "16M") as small:
        first = copy(small)
        assert (first["code"], first["works"], first["tree"]) == ("", 1, tree(tmp_path / "mirror"))
        for name in "dune", "reed", "sedge":
            put_large(made, name)
        made.build(tmp_path / "mirror")
        small.fill(6 << 20)
        full = copy(small)
        assert full["code"] == "store/full", full
        assert "free some space" in full["next"]
        assert first["tree"].items() <= full["tree"].items()
        small.free()
        last = copy(small)
        assert (last["code"], last["works"], last["tree"]) == ("", 4, tree(tmp_path / "mirror"))


def put_large(made: Town, name: str) -> None:
    """A work of three mebibytes, published."""
    digest = made.objects.put(name.encode() * ((3 << 20) // len(name)))
    size = made.objects.size(digest)
    work = put_work(
        made.objects,
        make_work(
            "programme",
            {"en": name},
            rights=Rights("Made by members."),
            provenance=Provenance("heron"),
            files=[File(digest, "master", size, "video/mp4")],
        ),
    )
    made.decide("plover", "publish", {"work": work}, "plover")

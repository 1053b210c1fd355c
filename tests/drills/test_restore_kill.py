"""Restoring, really killed at every single change that is made to the disk: while objects come, while the next epoch is opened, while the parts move.

After each death the house is there whole or not yet, no log's key can be read by others or stands for two logs, and the same done again comes to the same digests.
"""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from commonhold.cli.opening import open_epoch
from commonhold.kernel import ed25519
from commonhold.kernel.errors import StoreError
from commonhold.mirror.folder.heads import head_of
from commonhold.mirror.folder.restore import READY, STAGE, restore
from commonhold.store.keyfile import load_log_key, save_kit
from commonhold.store.objects.directory import ObjectDirectory
from commonhold.store.reader import StaticReader
from commonhold.store.record import Record, read_record
from tests.drills.killing import Tell
from tests.drills.test_mirror_kill import STRIDES, town
from tests.drills.test_store_kill import drill, sound
from tests.mirror.towns import tree

pytestmark = pytest.mark.drill


def start(base: Path) -> None:
    """A house with two works, one object erased, a statement, settings and a site; all that is left of it is a mirror, and a member's kit."""
    made = town(base)
    _, parts = made.publish("dune", segments=2)
    made.erase(parts[1])
    made.say("Our studio moves on Monday.")
    made.build(base / "mirror")
    save_kit(base / "tern.kit", "tern", made.made.kits["tern"])


def copying(base: Path, _tell: Tell | None = None) -> None:
    done = restore([str(base / "mirror")], base / "new", jobs=1)
    assert (done.whole, done.works, done.settings) == (True, 2, True)


def opening(base: Path, _tell: Tell | None = None) -> None:
    def open_next(mirror: Path, house: Path) -> None:
        open_epoch(house, str(mirror), base / "tern.kit", lambda _state, _objects: None)

    done = restore([str(base / "mirror")], base / "new", jobs=1, open_next=open_next)
    assert (done.whole, done.works, done.settings) == (True, 2, True)


def public(house: Path) -> dict[str, str]:
    """The digests of all but the new epoch's own log, which is another one each time."""
    return {name: digest for name, digest in tree(house).items() if not name.startswith(("record/", "keys/", f"{STAGE}/"))}


def whole(new: Path, mirror: Path, *, next_epoch: bool) -> None:
    """A house of which nothing is missing, and which can go on if it was to."""
    sound(ObjectDirectory(new))
    before, here = StaticReader.from_directory(mirror / "record"), StaticReader.from_directory(new / "record")
    read = read_record(here)
    if not next_epoch:
        assert {name: digest for name, digest in tree(mirror).items() if name.startswith("record/")} == {
            name: digest for name, digest in tree(new).items() if name.startswith("record/")
        }
        assert not (new / "keys").exists()
        return
    assert (read.state.epoch, read.tree.size) == (1, 1)
    assert head_of(here.earlier(0)).checkpoint == head_of(before).checkpoint
    key = new / "keys" / "log.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert ed25519.public_key(load_log_key(key)) == read.log_key.public
    with Record.open(new) as record:
        assert record.state.phase == "succeeding"


def secrets_in(folder: Path) -> list[tuple[bytes, str]]:
    """Every key of a log that lies anywhere, whole or half, with the origin of the log beside it; none may be read by others."""
    found = []
    for path in folder.rglob("*"):
        if path.parent.name == "keys" and path.is_file():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
            assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700, path
            note = path.parent.parent / "record" / "checkpoint"
            if path.name == "log.key":
                found.append((load_log_key(path), note.read_text().split("\n")[0] if note.is_file() else ""))
    return found


@pytest.mark.parametrize("stride", STRIDES)
@pytest.mark.parametrize("story", [copying, opening], ids=["a copy", "the next epoch"])
def test_a_restore_killed_at_any_change_is_whole_or_not_yet_and_ends_the_same(
    tmp_path: Path, story: Any, stride: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """The record is there only with everything else, no key is another log's too, and the next run ends at the digests of a run that nobody killed."""
    start(tmp_path / "done")
    story(tmp_path / "done")
    opens = story is opening
    done = tmp_path / "done" / "new"
    whole(done, tmp_path / "done" / "mirror", next_epoch=opens)
    keys: dict[bytes, set[str]] = {}
    ended = 0

    def check(folder: Path, _facts: list[dict[str, Any]]) -> None:
        nonlocal ended
        new, mirror = folder / "new", folder / "mirror"
        for seed, origin in secrets_in(new):
            keys.setdefault(seed, set()).update({origin} - {""})
        there = (new / "record").exists()
        if (new / STAGE / "mirror").exists():
            sound(ObjectDirectory(new / STAGE / "mirror"))
        if there:
            whole(new, mirror, next_epoch=opens)
            assert public(new) == public(done)
        before = tree(new / "record") if there else {}
        if there and not (new / STAGE / READY).exists():
            # It had ended, and says so.
            with pytest.raises(StoreError, match="there is a house in it"):
                story(folder)
            ended += 1
        else:
            story(folder)
        whole(new, mirror, next_epoch=opens)
        assert public(new) == public(done)
        assert not there or tree(new / "record") == before
        assert list((new / STAGE).rglob("*")) in ([], [new / STAGE / "lock"])
        for seed, origin in secrets_in(new):
            keys.setdefault(seed, set()).update({origin} - {""})

    told = drill(tmp_path, stride, story, start, check)
    assert all(len(origins) <= 1 for origins in keys.values())
    assert bool(keys) == opens
    with capsys.disabled():
        print(f"\na restore, {story.__name__}: {told}; {len(keys)} keys, none for two logs; {ended} had ended")  # noqa: T201

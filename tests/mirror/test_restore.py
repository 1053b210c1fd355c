"""Laws of restoring: any mirror is enough, what one lacks another gives, nothing missing is passed over in silence, and whatever stops it the next run ends it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from commonhold.kernel.errors import CommonholdError, StoreError
from commonhold.mirror.folder import restore as restoring
from commonhold.mirror.folder.restore import gather_mirrors, restore
from commonhold.mirror.folder.sync import sync
from commonhold.store.objects.directory import ObjectDirectory
from commonhold.store.reader import StaticReader
from commonhold.store.record import read_record
from tests.attacks import Mutation, attack
from tests.mirror.towns import NOW, Town, tree
from tests.mirror.webs import bent, nginx

RESTORE = "src/commonhold/mirror/folder/restore.py"
pytestmark = [pytest.mark.allow_hosts(["127.0.0.1"]), pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")]


@pytest.fixture
def town(tmp_path: Path) -> Town:
    made = Town(tmp_path / "house")
    made.publish("tide")
    made.publish("dune")
    made.say("Our studio moves on Monday.")
    made.build(tmp_path / "mirror")
    return made


def parts_of(mirror: Path) -> list[Path]:
    """The files of segments, which no record names."""
    return [path for path in sorted((mirror / "objects").glob("??/*")) if len(path.name) == 62 and b" 1 " in path.read_bytes()[:12]]


def flip(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(b"?" + path.read_bytes()[1:])


def objects(folder: Path) -> set[str]:
    return set(ObjectDirectory(folder).list())


def test_one_mirror_is_enough(town: Town, tmp_path: Path) -> None:
    """The server's folder is deleted; out of what nginx serves comes a house with record, works, settings and site, and it makes the same mirror again."""
    wanted = objects(tmp_path / "mirror")
    works = set(town.objects.works())
    shutil.rmtree(town.path)
    with nginx(tmp_path / "mirror", tmp_path / "nginx") as (url, _):
        done = restore([url], tmp_path / "new", org=town.org)
    assert (done.whole, done.works, done.settings) == (True, 2, True)
    # The charter's articles were never in this house's store: that is told, too.
    assert done.texts
    assert not set(done.texts) & wanted
    assert done.recovery.entries == town.made.tree.size
    assert objects(tmp_path / "new") == wanted
    assert set(ObjectDirectory(tmp_path / "new").works()) == works
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["objects", "partners", "record", "site"]
    assert read_record(StaticReader.from_directory(tmp_path / "new" / "record"), org=town.org).tree.root() == town.made.tree.root()
    sync(str(tmp_path / "new"), tmp_path / "again")
    assert objects(tmp_path / "again") == wanted


def test_what_one_mirror_lacks_another_gives(town: Town, tmp_path: Path) -> None:
    """One lost an object, the next has other bytes under a name, the third is old: together they are whole. What nobody needs is not asked for."""
    mirrors = [tmp_path / name for name in ("a", "b", "c", "d")]
    for mirror in mirrors:
        shutil.copytree(tmp_path / "mirror", mirror)
    first, second = parts_of(mirrors[0])[:2]
    first.unlink()
    flip(mirrors[1] / first.relative_to(mirrors[0]))
    flip(mirrors[0] / second.relative_to(mirrors[0]))
    town.publish("new")
    town.build(mirrors[0], now=NOW + 9)
    first.unlink()
    flip(second) if second.exists() else None
    done = restore([str(tmp_path / "nowhere"), *map(str, mirrors)], tmp_path / "new")
    assert done.whole
    assert done.recovery.entries == town.made.tree.size
    assert set(done.places) == {str(tmp_path / "nowhere"), *map(str, mirrors[1:])}
    assert objects(tmp_path / "new") == objects(tmp_path / "mirror") | objects(mirrors[0]) | {first.parent.name + first.name}


@attack(
    "restore-01",
    Mutation(RESTORE, find="    if not done.whole and not anyway:", replace="    if False:"),
    Mutation(RESTORE, find="        return not self.incomplete and not self.failed", replace="        return True"),
)
def test_nothing_is_lost_in_silence(town: Town, tmp_path: Path) -> None:
    """An object that no mirror has is named, no house is made, and what came is kept for the next run; --anyway makes it, and says what is lost."""
    mirror, target = tmp_path / "mirror", tmp_path / "new"
    lost = parts_of(mirror)[0]
    raw = lost.read_bytes()
    lost.unlink()
    digest = lost.parent.name + lost.name
    with pytest.raises(StoreError) as refused:
        restore([str(mirror)], target)
    assert refused.value.code == "restore/incomplete"
    assert digest in refused.value.data["objects"]
    assert not (target / "record").exists()
    shutil.copytree(target, tmp_path / "anyway")
    done = restore([str(mirror)], tmp_path / "anyway", anyway=True)
    assert (list(done.failed), len(done.incomplete)) == ([digest], 1)
    assert (tmp_path / "anyway" / "record" / "checkpoint").is_file()
    lost.write_bytes(raw)
    assert restore([str(mirror)], target).objects == 2
    assert objects(target) == objects(mirror)
    # A manifest that is missing is a work that is not whole, and no object of a manifest.
    work = next(ObjectDirectory(mirror).works())
    (mirror / "objects" / work[:2] / work[2:]).unlink()
    with pytest.raises(StoreError) as missing:
        restore([str(mirror)], tmp_path / "third")
    assert missing.value.data["works"] == [work]


@attack("restore-02", Mutation(RESTORE, find='org=org or (best.org if best else "")', replace='org=best.org if best else ""'))
def test_another_organisations_mirror_makes_no_house(town: Town, tmp_path: Path) -> None:
    """By the id that is known from elsewhere; and a second mirror of another organisation gives nothing."""
    other = Town(tmp_path / "other", seed="another")
    other.build(tmp_path / "other-mirror")
    for places in ([tmp_path / "other-mirror"], [tmp_path / "nowhere", tmp_path / "other-mirror"]):
        with pytest.raises(CommonholdError) as refused:
            restore(list(map(str, places)), tmp_path / "new", org=town.org)
        assert refused.value.code == "record/other-org"
        assert not (tmp_path / "new" / "record").exists()
    parts_of(tmp_path / "mirror")[0].unlink()
    with pytest.raises(StoreError):
        restore([str(tmp_path / "mirror"), str(tmp_path / "other-mirror")], tmp_path / "newer")


def test_a_folder_that_holds_something_stays_as_it_is(town: Town, tmp_path: Path) -> None:
    """A house, a mirror, anything."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary").write_text("dear")
    for folder in ("mine", "house", "mirror"):
        before = tree(tmp_path / folder)
        with pytest.raises(StoreError) as refused:
            restore([str(tmp_path / "mirror")], tmp_path / folder)
        assert refused.value.code == "restore/not-empty"
        assert tree(tmp_path / folder) == before
    assert town.path.is_dir()


@attack(
    "restore-settings",
    Mutation(RESTORE, find=".lossless and done.settings:", replace=".lossless:"),
    Mutation(RESTORE, find="len(listed), note is not None", replace="len(best.files.listed), best.files.signed"),
)
def test_settings_and_site_come_from_whichever_mirror_has_them(town: Town, tmp_path: Path) -> None:
    """A file of the site that one keeper changed, or a mirror without any, costs nothing: the next mirror is asked, and what one gave stays."""
    town.put_charter()
    town.build(tmp_path / "mirror")
    changed, bare, few = tmp_path / "changed", tmp_path / "bare", tmp_path / "few"
    for mirror in changed, bare, few:
        shutil.copytree(tmp_path / "mirror", mirror)
    flip(changed / "site" / "index.html")
    (bare / "mirror").unlink()
    parts_of(few)[0].unlink()
    for number, places in enumerate([[changed, tmp_path / "mirror"], [bare, tmp_path / "mirror"], [few, bare]]):
        done = restore([str(place) for place in places], tmp_path / f"new-{number}")
        assert (done.whole, done.texts, done.settings, done.files) == (True, [], True, 3)
        assert (tmp_path / f"new-{number}" / "site" / "index.html").read_text() == "<p>Saltmarsh</p>"
        assert (tmp_path / f"new-{number}" / "partners").is_file()


@attack("restore-other", Mutation(RESTORE, find="    if org and found != org:", replace="    if False:"))
def test_a_stopped_restore_of_another_organisation_is_not_ended(town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder says whose it is and stays as it was; the run that it belongs to ends it."""

    def stopped(_target: Path) -> None:
        raise StoreError("the power went")

    target = tmp_path / "new"
    with monkeypatch.context() as patched:
        patched.setattr(restoring, "_move", stopped)
        with pytest.raises(StoreError):
            restore([str(tmp_path / "mirror")], target)
    before = tree(target)
    with pytest.raises(CommonholdError) as refused:
        restore([str(tmp_path / "mirror")], target, org="b" * 64)
    assert refused.value.code == "record/other-org"
    assert town.org in str(refused.value)
    assert tree(target) == before
    with pytest.raises(StoreError) as read_only:
        restore([str(tmp_path / "mirror")], target, org=town.org, open_next=lambda _mirror, _house: None)
    assert read_only.value.code == "restore/read-only"
    assert (target / "record" / "checkpoint").is_file()
    assert not (target / ".restoring" / "ready").exists()


@attack(
    "restore-alone",
    Mutation(
        RESTORE, find="    lock = DirectoryFiles(stage).lock(LOCK)", replace='    lock = DirectoryFiles(stage).lock(f"{LOCK}{id(stage)}")'
    ),
)
def test_two_restores_into_one_folder_are_one_too_many(town: Town, tmp_path: Path) -> None:
    """The second is told to wait, and takes nothing from the first; after it there is a house; and where nothing came, nothing is left."""
    codes: list[str] = []

    def open_next(_mirror: Path, house: Path) -> None:
        with pytest.raises(StoreError) as second:
            restore([str(tmp_path / "mirror")], tmp_path / "new")
        codes.append(second.value.code)
        (house / "record").mkdir(parents=True)
        (house / "record" / "checkpoint").write_text("new")

    assert restore([str(tmp_path / "mirror")], tmp_path / "new", open_next=open_next).whole
    with pytest.raises(StoreError) as third:
        restore([str(tmp_path / "mirror")], tmp_path / "new")
    assert (codes, third.value.code) == (["store/locked"], "restore/not-empty")
    assert "there is a house in it" in str(third.value)
    assert (tmp_path / "new" / "record" / "checkpoint").read_text() == "new"
    with pytest.raises(StoreError):
        restore([str(tmp_path / "nowhere")], tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_bad_server_gives_what_is_good_of_it(town: Town, tmp_path: Path) -> None:
    """500s, half objects, objects without end and redirects inside: the rest comes, each is named, and another mirror gives these."""
    bad = parts_of(tmp_path / "mirror")
    ways = dict(zip([f"/{path.relative_to(tmp_path / 'mirror')}" for path in bad], [500, "cut"], strict=False))
    with bent(tmp_path / "mirror", ways.get) as url:
        with pytest.raises(StoreError) as refused:
            restore([url], tmp_path / "new", grace=1)
        assert len(refused.value.data["objects"]) == len(ways) == 2
        done = restore([url, str(tmp_path / "mirror")], tmp_path / "new", grace=1)
    assert done.whole
    assert objects(tmp_path / "new") == objects(tmp_path / "mirror")


@pytest.mark.parametrize("opens", [False, True])
def test_a_house_is_there_whole_or_not_yet(town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opens: bool) -> None:
    """Stopped at any move: the record is there only when all else is, and the next run ends it with the same files."""

    def open_next(mirror: Path, house: Path) -> None:
        shutil.copytree(mirror / "record", house / "record")
        (house / "keys").mkdir()
        (house / "keys" / "log.key").write_text("new")

    given: Callable[[Path, Path], None] | None = open_next if opens else None
    whole = restore([str(tmp_path / "mirror")], tmp_path / "whole", open_next=given)
    steps: list[Any] = []
    real = os.rename

    for stop in range(20):
        target = tmp_path / f"new-{stop}"
        steps.clear()

        def rename(source: Any, place: Any, stop: int = stop, target: Path = target) -> None:
            if Path(place).parent == target:
                steps.append(place)
                if len(steps) > stop:
                    raise OSError(5, "Input/output error")
            real(source, place)

        monkeypatch.setattr(restoring.os, "rename", rename)
        stopped = False
        try:
            restore([str(tmp_path / "mirror")], target, open_next=given)
        except StoreError:
            stopped = True
            assert not (target / "record").exists()
        monkeypatch.setattr(restoring.os, "rename", real)
        if not stopped:
            assert stop == (5 if opens else 4)
            break
        again = restore([str(tmp_path / "mirror")], target, open_next=given)
        assert (again.org, again.recovery, again.works) == (whole.org, whole.recovery, whole.works)
        assert tree(target) == tree(tmp_path / "whole")
        assert not (target / ".restoring").exists()


def test_partners_who_stood_behind_it_are_named(tmp_path: Path) -> None:
    """The recovery point is the checkpoint where enough partners cosigned it, and otherwise what the newest attest covers."""
    town = Town(tmp_path / "house")
    town.publish("tide")
    town.build(tmp_path / "mirror")
    done = gather_mirrors([str(tmp_path / "mirror")], tmp_path / "copy")
    clock = town.made.state.clock
    assert (done.recovery.size, done.recovery.time, done.recovery.by) == ((town.made.state.covered, clock, ()) if clock else (0, 0, ()))

"""Laws of a mirror that is built: what the record names and nothing else, whole at every moment, and the same however often it is built."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from commonhold.kernel.errors import CommonholdError, FormatError, ProofError, RuleError, StoreError
from commonhold.mirror.folder.build import build
from commonhold.mirror.folder.files import held_files
from commonhold.mirror.folder.heads import head_of
from commonhold.mirror.folder.place import MirrorFolder, opened, owner_of
from commonhold.store.objects.directory import ObjectDirectory
from commonhold.store.reader import StaticReader
from commonhold.store.record import read_record
from tests.attacks import Mutation, attack
from tests.mirror.towns import NOW, Town, tree
from tests.store.places import flip

EPOCHS = "src/commonhold/store/epochs.py"
PLACE = "src/commonhold/mirror/folder/place.py"


def test_a_mirror_holds_what_the_record_names(town: Town, tmp_path: Path) -> None:
    """Record, texts, works with their marks, settings, site and hint; and it verifies as any record does."""
    work, parts = town.publish("dune")
    text = town.say("The frequency stays the same.")
    target = tmp_path / "built"
    built = town.build(target)
    assert (built.org, built.size, built.gathered.works, built.gathered.incomplete) == (town.org, town.made.tree.size, 2, [])
    read = read_record(StaticReader.from_directory(target / "record"), org=town.org)
    assert read.tree.root() == town.made.tree.root()
    objects = ObjectDirectory(target)
    assert all(objects.has(digest) for digest in (work, text, *parts))
    assert work in set(objects.works())
    assert sorted(built.files.listed) == ["settings/partners", "site/about/밀물.html", "site/index.html"]
    hint = json.loads((target / ".well-known" / "commonhold.json").read_text())
    assert hint == {"org": town.org, "partners": ["https://reed.example"]}
    assert subprocess.run(["sha256sum", "--check", "--quiet", "files.sha256"], cwd=target).returncode == 0
    assert all(path.stat().st_mode & 0o044 for path in target.rglob("*") if path.is_file() and ".mirror" not in path.parts)


@attack(
    "mirror-unpublished",
    Mutation(EPOCHS, find="if proposal.kind in _WITH_TEXTS or proposal.kind not in STATE_KINDS:", replace="if proposal.kind:"),
)
def test_what_nobody_published_never_leaves_the_house(town: Town, tmp_path: Path) -> None:
    """Neither a work that is only proposed, nor its objects, nor what a proposal to erase names, nor a stray object, nor a key."""
    from tests.store.works import put_programme

    secret, parts = put_programme(town.objects, "secret")
    stray = town.objects.put(b"a draft")
    town.made.propose("heron", "publish", {"work": secret})
    town.made.propose("plover", "erase", {"objects": [stray, parts[1]]})
    town.settle()
    town.build(tmp_path / "built")
    there = set(ObjectDirectory(tmp_path / "built").list())
    assert not there & {secret, stray, *parts}
    key = (town.path / "keys" / "log.key").read_bytes().splitlines()[-1]
    for path in (tmp_path / "built").rglob("*"):
        assert path.name != "log.key"
        assert not path.is_file() or key not in path.read_bytes()


def test_building_again_changes_nothing_and_brings_only_what_is_new(town: Town, tmp_path: Path) -> None:
    """The same digests, the note included; then a new work comes, and files of the site that are gone go."""
    target = tmp_path / "built"
    town.build(target)
    first = tree(target)
    again = town.build(target, now=NOW + 60)
    assert (again.fetched.objects, again.files.taken, tree(target)) == (0, 0, first)
    (town.site / "index.html").write_text("<p>Saltmarsh Radio</p>")
    shutil.rmtree(town.site / "about")
    (town.site / "about").write_text("now a file")
    _, parts = town.publish("dune")
    more = town.build(target, now=NOW + 90)
    assert (more.fetched.objects, more.files.taken) == (len(parts) + 1, 2)
    assert sorted(more.files.listed) == ["settings/partners", "site/about", "site/index.html"]
    assert not (target / "site" / "about" / "밀물.html").exists()
    fresh = tmp_path / "fresh"
    town.build(fresh, now=NOW + 90)
    assert tree(fresh) == tree(target)
    # Without --site the one that is there stays; settings that changed come.
    (town.path / "store.json").write_text('{"form": "commonhold/replicas/v1", "places": {}, "rules": {}}')
    kept = town.build(target, site=False, now=NOW)
    assert sorted(kept.files.listed) == ["settings/partners", "settings/store.json", "site/about", "site/index.html"]
    with opened(target, town.org) as folder:
        note = held_files(folder, head_of(folder.record()).key)[0]
    assert note is not None
    assert note.time == NOW + 91, "an older clock still writes a later note"


def test_what_was_erased_goes_from_the_mirror_and_stays_gone(town: Town, tmp_path: Path) -> None:
    """The bytes go, the tombstone stays, the manifest and the other objects stay; and the house's older copy brings nothing back."""
    target = tmp_path / "built"
    work, parts = town.publish("dune")
    town.build(target)
    decision = town.erase(parts[2])
    built = town.build(target)
    objects = ObjectDirectory(target)
    assert (built.gathered.erased, built.gathered.incomplete, objects.erased(parts[2])) == (1, [], decision)
    assert not (target / "objects" / parts[2][:2] / parts[2][2:]).exists()
    assert objects.has(work)
    assert objects.has(parts[1])
    assert town.build(target).gathered.erased == 0
    town.build(tmp_path / "fresh")
    assert ObjectDirectory(tmp_path / "fresh").erased(parts[2]) == decision


def test_a_work_that_is_not_whole_in_the_house_is_named_and_not_served(town: Town, tmp_path: Path) -> None:
    """A missing or damaged object: no manifest without its objects; the rest is built, and the next build takes it."""
    work, parts = town.publish("dune")
    damaged, others = town.publish("reed")
    gone = town.path / "objects" / parts[1][:2] / parts[1][2:]
    aside = gone.read_bytes()
    gone.unlink()
    flip(town.path / "objects" / others[1][:2] / others[1][2:])
    target = tmp_path / "built"
    built = town.build(target)
    assert sorted(built.gathered.incomplete) == sorted([work, damaged])
    assert set(built.fetched.failed) == {parts[1], others[1]}
    objects = ObjectDirectory(target)
    assert not objects.has(work)
    assert not objects.has(others[1])
    assert set(objects.works()).isdisjoint({work, damaged})
    assert built.gathered.works == 1
    gone.write_bytes(aside)
    assert town.build(target).gathered.incomplete == [damaged]
    assert objects.has(work)


def test_a_house_without_keys_has_a_mirror_without_settings_and_site(town: Town, tmp_path: Path) -> None:
    """Nobody says that a house wrote them; a mirror that has signed ones keeps them."""
    copy = tmp_path / "copy"
    shutil.copytree(town.path, copy, ignore=shutil.ignore_patterns("keys"))
    bare = build(copy, tmp_path / "bare", town.site, now=lambda: NOW)
    assert (bare.files.signed, sorted(path.name for path in (tmp_path / "bare").iterdir())) == (
        False,
        [".mirror", ".well-known", "objects", "record"],
    )
    town.build(tmp_path / "built")
    before = tree(tmp_path / "built")
    build(copy, tmp_path / "built", None, now=lambda: NOW)
    assert tree(tmp_path / "built") == before


@attack(
    "mirror-other-org",
    Mutation(PLACE, find="    if found and found != org:", replace="    if org is None:"),
)
def test_another_organisations_mirror_or_any_other_folder_is_left_alone(town: Town, tmp_path: Path) -> None:
    """Whatever lies in the folder stays as it was, to the byte."""
    other = Town(tmp_path / "other", seed="dunes")
    other.build(tmp_path / "built")
    before = tree(tmp_path / "built")
    with pytest.raises(ProofError) as refused:
        town.build(tmp_path / "built")
    assert (refused.value.code, tree(tmp_path / "built")) == ("mirror/other-org", before)
    full = tmp_path / "full"
    full.mkdir()
    (full / "thesis.txt").write_text("years of work")
    with pytest.raises(StoreError) as busy:
        town.build(full)
    assert (busy.value.code, sorted(path.name for path in full.iterdir())) == ("mirror/not-empty", ["thesis.txt"])
    with pytest.raises(StoreError):
        town.build(town.path)
    for target in (town.site / "mirror", tmp_path):
        with pytest.raises(StoreError) as inside:
            town.build(target)
        assert inside.value.code == "mirror/inside"
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError):
        town.build(tmp_path / "file")


def test_a_mirror_that_was_copied_without_dot_names_is_known_again(town: Town, tmp_path: Path) -> None:
    """By its hint and its own record; what only looks like one is not."""
    town.build(tmp_path / "built")
    copy = tmp_path / "copy"
    shutil.copytree(tmp_path / "built", copy, ignore=shutil.ignore_patterns(".mirror", ".works", ".tmp", ".staging"))
    assert owner_of(copy) == town.org
    town.build(copy)
    assert tree(copy) == tree(tmp_path / "built")
    (copy / ".mirror" / "folder").write_text("something else\n")
    (copy / "record" / "checkpoint").write_text("no note")
    with pytest.raises(StoreError):
        owner_of(copy)


def test_a_house_that_is_an_older_copy_takes_nothing_back(town: Town, tmp_path: Path) -> None:
    """The mirror holds more than the house: that is said, and nothing changes."""
    shutil.copytree(town.path, tmp_path / "older")
    town.publish("dune")
    town.build(tmp_path / "built")
    before = tree(tmp_path / "built")
    with pytest.raises(RuleError) as refused:
        build(tmp_path / "older", tmp_path / "built", None, now=lambda: NOW)
    assert (refused.value.code, tree(tmp_path / "built")) == ("mirror/older", before)


def test_one_writer_at_a_time(town: Town, tmp_path: Path) -> None:
    """A second run while the first one writes is told so."""
    with opened(tmp_path / "built", town.org), pytest.raises(StoreError) as refused:
        town.build(tmp_path / "built")
    assert refused.value.code == "store/locked"


@pytest.mark.parametrize("bad", ["link", "alike", "backslash"])
def test_a_site_that_cannot_be_copied_as_it_is_is_refused(town: Town, tmp_path: Path, bad: str) -> None:
    """Links, and names that fall together; the site that was there stays. What begins with a dot is left out, and said."""
    town.build(tmp_path / "built")
    before = tree(tmp_path / "built")
    if bad == "link":
        (town.site / "all").symlink_to("/etc")
    elif bad == "alike":
        (town.site / "INDEX.html").write_text("")
    else:
        (town.site / "a\\b").write_text("")
    with pytest.raises(CommonholdError) as refused:
        town.build(tmp_path / "built")
    assert refused.value.code in {"mirror/link", "mirror/paths-alike", "mirror/path"}
    assert tree(tmp_path / "built") == before


def test_dot_names_of_a_site_are_left_out_and_said(town: Town, tmp_path: Path) -> None:
    """No mirror serves them."""
    (town.site / ".git").mkdir()
    (town.site / ".git" / "config").write_text("secret")
    (town.site / ".htpasswd").write_text("secret")
    built = town.build(tmp_path / "built")
    assert sorted(built.files.left_out) == [".git", ".htpasswd"]
    assert not list((tmp_path / "built" / "site").rglob(".*"))


def test_links_in_the_mirrors_own_folders_are_never_followed(town: Town, tmp_path: Path) -> None:
    """Whoever can write there could lead the next build anywhere; the link goes, and what it leads to stays."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "keep").write_text("mine")
    target = tmp_path / "built"
    town.build(target)
    (target / "site" / "stray").symlink_to(outside)
    town.build(target)
    assert not (target / "site" / "stray").is_symlink()
    shutil.rmtree(target / "site" / "about")
    (target / "site" / "about").symlink_to(outside)
    with pytest.raises(StoreError) as refused:
        town.build(target)
    assert refused.value.code == "store/name"
    assert sorted(path.name for path in outside.iterdir()) == ["keep"]


def test_a_file_is_put_whole_or_not_at_all(tmp_path: Path) -> None:
    """Wrong or endless bytes leave what was there."""
    folder = MirrorFolder(tmp_path, "a" * 64)
    digest = folder.put("site/a", b"heron", max_size=5)
    with pytest.raises(ProofError):
        folder.put("site/a", b"stork", digest=digest, max_size=5)
    with pytest.raises(StoreError) as large:
        folder.put("site/a", iter([b"heron"] * 3), max_size=9)
    assert large.value.code == "store/too-big"
    assert (tmp_path / "site" / "a").read_bytes() == b"heron"
    assert list((tmp_path / ".mirror" / "writing").iterdir()) == []
    assert folder.size("site") == -1
    with pytest.raises(FormatError):
        ObjectDirectory(tmp_path).size("../site/a")

"""Laws of what a mirror holds while it is brought up to date: it gets no less and no worse, whatever the place serves and whenever a run ends."""

from __future__ import annotations

import shutil
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from commonhold.kernel.errors import RuleError, StoreError
from commonhold.mirror.folder.sync import Synced, sync
from commonhold.mirror.objects import OBJECT
from commonhold.store.fetch import url_fetch
from commonhold.store.objects.directory import ObjectDirectory
from commonhold.store.reader import StaticReader
from commonhold.store.record import read_record
from tests.attacks import Mutation, attack
from tests.mirror.towns import NOW, Town, tree
from tests.mirror.webs import nginx
from tests.store.places import flip

HEADS = "src/commonhold/mirror/folder/heads.py"
FILES = "src/commonhold/mirror/folder/files.py"
pytestmark = [pytest.mark.allow_hosts(["127.0.0.1"]), pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")]


def path_of(digest: str) -> str:
    return f"/objects/{digest[:2]}/{digest[2:]}"


def whole(done: Synced) -> bool:
    return not (done.fetched.count or done.fetched.left or done.gathered.incomplete or done.files.failed or done.files_refused)


@attack(
    "mirror-rollback",
    Mutation(HEADS, find="    if new.size < old.size:", replace="    if new.size < 0:"),
    Mutation(FILES, find="    if held is not None and note.age < held.age:", replace="    if held is None and note.time < 0:"),
)
def test_an_older_record_and_an_older_site_take_nothings_place(town: Town, tmp_path: Path) -> None:
    """A stale or restored mirror is told apart, and what is held stays to the byte; so is last week's site beside the same record."""
    older, copy = tmp_path / "older", tmp_path / "copy"
    shutil.copytree(tmp_path / "mirror", older)
    town.publish("dune")
    town.build(tmp_path / "mirror", now=NOW + 5)
    sync(str(tmp_path / "mirror"), copy)
    before = tree(copy)
    with pytest.raises(RuleError) as refused:
        sync(str(older), copy)
    assert refused.value.code == "mirror/older"
    assert "older record than you hold" in str(refused.value)
    assert tree(copy) == before
    shutil.rmtree(older)
    shutil.copytree(tmp_path / "mirror", older)
    (town.site / "index.html").write_text("newer")
    town.build(tmp_path / "mirror", now=NOW + 9)
    assert whole(sync(str(tmp_path / "mirror"), copy))
    before = tree(copy)
    done = sync(str(older), copy)
    assert "older site" in done.files_refused
    assert tree(copy) == before


@attack(
    "mirror-forged-note",
    Mutation(
        FILES, find="    if len(listed) != note.length or hashlib.sha256(listed).hexdigest() != note.files:", replace="    if not note:"
    ),
    Mutation(
        FILES,
        find="        folder.put(path, pieces(), digest=digest, max_size=_limit(path))",
        replace="        folder.put(path, pieces(), max_size=MAX_FILE)",
    ),
)
def test_settings_and_site_are_taken_only_as_the_house_signed_for_them(town: Town, tmp_path: Path) -> None:
    """A changed file, a changed list, a note by another key: none of it replaces what is held, and the record comes all the same."""
    mirror, copy = tmp_path / "mirror", tmp_path / "copy"
    sync(str(mirror), copy)
    held = {name: digest for name, digest in tree(copy).items() if name.startswith(("site", "settings", "mirror", "files"))}
    town.publish("dune")
    (town.site / "index.html").write_text("new")
    town.build(mirror, now=NOW + 5)
    good = (mirror / "site" / "index.html").read_bytes()
    (mirror / "site" / "index.html").write_text("give us your money")
    done = sync(str(mirror), copy)
    assert list(done.files.failed) == ["site/index.html"]
    assert {name: tree(copy)[name] for name in held} == held
    assert done.size == town.made.tree.size
    (mirror / "site" / "index.html").write_bytes(good)
    listed = (mirror / "files.sha256").read_bytes()
    (mirror / "files.sha256").write_bytes(listed.replace(b"site/index.html", b"site/other.html"))
    refused = sync(str(mirror), copy)
    assert refused.files_refused
    (mirror / "files.sha256").write_bytes(listed)
    other = Town(tmp_path / "other", seed="dunes")
    other.build(tmp_path / "false")
    note = (mirror / "mirror").read_bytes()
    (mirror / "mirror").write_bytes((tmp_path / "false" / "mirror").read_bytes())
    assert sync(str(mirror), copy).files_refused
    assert {name: tree(copy)[name] for name in held} == held
    (mirror / "mirror").write_bytes(note)
    assert whole(sync(str(mirror), copy))
    assert tree(copy) == tree(mirror)


def test_a_line_that_somebody_adds_to_a_checkpoint_goes_no_further(tmp_path: Path) -> None:
    """A signature in a partner's name that does not match would make readers refuse the note; one that matches is kept, also where a later mirror lacks it."""
    from commonhold.kernel.notes import parse_note
    from tests.kernel.attacks.saltmarsh import START, partnered

    town = Town(tmp_path / "house", partnered())
    town.build(tmp_path / "mirror")
    bare = (tmp_path / "mirror" / "record" / "checkpoint").read_bytes()
    signed = town.made.note(START + 5).encode()
    assert len(parse_note(signed).signatures) == 4
    (tmp_path / "mirror" / "record" / "checkpoint").write_bytes(signed)
    copy = tmp_path / "copy"
    sync(str(tmp_path / "mirror"), copy)
    assert (copy / "record" / "checkpoint").read_bytes() == signed
    other = town.made.note(START + 9, town.made.tree.size - 1).encode().splitlines(keepends=True)[-1]
    for served in (bare, bare + other):
        (tmp_path / "mirror" / "record" / "checkpoint").write_bytes(served)
        sync(str(tmp_path / "mirror"), copy)
        assert (copy / "record" / "checkpoint").read_bytes() == signed
    sync(str(tmp_path / "mirror"), tmp_path / "new")
    assert (tmp_path / "new" / "record" / "checkpoint").read_bytes() == bare


def test_what_is_damaged_here_comes_again(town: Town, tmp_path: Path) -> None:
    """A flipped bit in the record that is held is found by the replay of the next run; in an object or a file of the site, by --verify."""
    copy, mirror = tmp_path / "copy", tmp_path / "mirror"
    sync(str(mirror), copy)
    good = tree(copy)
    (bundle,) = (
        (copy / "record" / "tile" / "entries").rglob("*[0-9]")
        if False
        else [path for path in (copy / "record" / "tile" / "entries").rglob("*") if path.is_file()]
    )
    flip(bundle)
    town.publish("dune")
    work, parts = town.publish("reed")
    town.build(mirror)
    sync(str(mirror), copy)
    flip(copy / "objects" / parts[1][:2] / parts[1][2:])
    flip(copy / "objects" / work[:2] / work[2:])
    flip(copy / "site" / "index.html")
    done = sync(str(mirror), copy, verify=True)
    assert whole(done)
    assert ObjectDirectory(copy).has(parts[1])
    assert ObjectDirectory(copy).has(work)
    assert tree(copy)["site/index.html"] == good["site/index.html"]
    assert read_record(StaticReader.from_directory(copy / "record")).tree.root() == town.made.tree.root()


def test_what_was_erased_at_the_house_goes_from_every_copy(town: Town, tmp_path: Path) -> None:
    """The decision is in the record; a source that still has the bytes is not asked for them."""
    _, parts = town.publish("dune")
    town.build(tmp_path / "mirror")
    copy = tmp_path / "copy"
    sync(str(tmp_path / "mirror"), copy)
    kept = (tmp_path / "mirror" / "objects" / parts[2][:2] / parts[2][2:]).read_bytes()
    decision = town.erase(parts[2])
    town.build(tmp_path / "mirror")
    with nginx(tmp_path / "mirror", tmp_path / "nginx") as (url, asked):
        at = tmp_path / "mirror" / "objects" / parts[2][:2] / parts[2][2:]
        at.write_bytes(kept)
        done = sync(url, copy)
        assert path_of(parts[2]) not in asked()
        with pytest.raises(StoreError):
            url_fetch(url)("objects/.erased/aa/bb", 100)
    assert whole(done)
    assert done.gathered.erased == 1
    assert ObjectDirectory(copy).erased(parts[2]) == decision
    assert not (copy / "objects" / parts[2][:2] / parts[2][2:]).exists()


def test_the_guides_web_server_lets_nobody_keep_an_object_for_good_and_says_what_is_gone(town: Town, tmp_path: Path) -> None:
    """What the guide tells keepers to write: minutes in a cache, 410 for what was erased even where its bytes lie there, 404 for the tombstones and for what never was."""
    _, parts = town.publish("dune")
    town.erase(parts[2])
    town.build(tmp_path / "mirror")
    at = tmp_path / "mirror" / "objects" / parts[2][:2] / parts[2][2:]
    at.parent.mkdir(exist_ok=True)
    at.write_bytes(b"put back by hand")

    def answer(path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"{url}{path}", timeout=30) as found:
                return found.status, found.headers["Cache-Control"]
        except urllib.error.HTTPError as error:
            return error.code, ""

    with nginx(tmp_path / "mirror", tmp_path / "nginx") as (url, _):
        assert answer(path_of(parts[1])) == (200, OBJECT)
        assert answer(path_of(parts[2])) == (410, "")
        assert answer(path_of("0" * 64)) == (404, "")
        assert answer(f"/objects/.erased/{parts[2][:2]}/{parts[2][2:]}") == (404, "")


def test_a_killed_run_fetches_nothing_of_the_record_twice(town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles that came before the death are read from where they were kept aside; a false one among them is forgotten and fetched again."""
    from commonhold.mirror.folder import sync as module

    copy = tmp_path / "copy"

    def dies(*_args: object, **_more: object) -> None:
        raise KeyboardInterrupt

    with nginx(tmp_path / "mirror", tmp_path / "nginx") as (url, asked):
        with monkeypatch.context() as patched:
            patched.setattr(module, "gather", dies)
            with pytest.raises(KeyboardInterrupt):
                sync(url, copy)
        first = [name for name in asked() if "/tile/" in name]
        with monkeypatch.context() as patched:
            patched.setattr(module, "gather", dies)
            with pytest.raises(KeyboardInterrupt):
                sync(url, copy)
        # The head is looked at once more, before anything here is touched.
        assert sorted([name for name in asked() if "/tile/" in name]) == sorted(set(first))
        for path in (copy / ".mirror" / "coming").rglob("*"):
            if path.is_file():
                flip(path)
        assert whole(sync(url, copy))
    assert tree(copy) == tree(tmp_path / "mirror")
    assert not (copy / ".mirror" / "coming").exists()

"""Laws of a mirror that is brought up to date: nothing is believed, nothing that is held gets less, and whatever is wrong is named while the rest goes on."""

from __future__ import annotations

import itertools
import shutil
import socket
import time
from pathlib import Path

import pytest

from commonhold.kernel.errors import ProofError, StoreError
from commonhold.mirror.folder.sync import Synced, sync
from commonhold.store.objects.directory import ObjectDirectory
from commonhold.store.reader import StaticReader
from commonhold.store.record import read_record
from tests.attacks import Mutation, attack
from tests.mirror.towns import NOW, Town, tree
from tests.mirror.webs import bent, nginx

FETCHING = "src/commonhold/mirror/folder/fetching.py"
GATHERING = "src/commonhold/mirror/folder/gathering.py"
HEADS = "src/commonhold/mirror/folder/heads.py"
SYNC = "src/commonhold/mirror/folder/sync.py"
SOURCE = "src/commonhold/mirror/folder/source.py"
pytestmark = [pytest.mark.allow_hosts(["127.0.0.1"]), pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")]


def path_of(digest: str) -> str:
    return f"/objects/{digest[:2]}/{digest[2:]}"


def whole(done: Synced) -> bool:
    return not (done.fetched.count or done.fetched.left or done.gathered.incomplete or done.files.failed or done.files_refused)


def test_a_mirror_is_copied_from_a_plain_nginx_and_brought_up_to_date(town: Town, tmp_path: Path) -> None:
    """All of it comes, checked; a second run asks for next to nothing, and a later one for what is new."""
    mirror, copy = tmp_path / "mirror", tmp_path / "copy"
    with nginx(mirror, tmp_path / "nginx") as (url, asked):
        first = sync(url, copy, org=town.org)
        assert whole(first)
        assert (first.before, first.size) == (0, town.made.tree.size)
        assert tree(copy) == tree(mirror)
        asked()
        again = sync(url + "/", copy)
        assert whole(again)
        assert (again.fetched.objects, again.files.taken) == (0, 0)
        # Texts that nobody has are asked for each time, somebody may have brought them.
        held = {path_of(digest) for digest in ObjectDirectory(copy).list()}
        assert not [name for name in asked() if name in held or name.startswith(("/site", "/settings"))]
        assert tree(copy) == tree(mirror)
        work, parts = town.publish("dune")
        (town.site / "news.html").write_text("new")
        town.build(mirror, now=NOW + 5)
        asked()
        more = sync(url, copy)
        assert whole(more)
        assert (more.before, more.fetched.objects, more.files.taken) == (first.size, len(parts) + 1, 1)
        named = asked()
        assert {path_of(digest) for digest in (work, *parts)} <= set(named)
        assert not held & set(named)
        assert [name for name in named if name.startswith("/site")] == ["/site/news.html"]
    assert ObjectDirectory(copy).has(work)
    assert read_record(StaticReader.from_directory(copy / "record"), org=town.org).tree.root() == town.made.tree.root()
    assert tree(copy) == tree(mirror)


def test_a_folder_serves_as_well_and_so_does_a_house(town: Town, tmp_path: Path) -> None:
    """A stick that somebody brings; from a house's own folder only what the record names is taken."""
    from tests.store.works import put_programme

    secret, _ = put_programme(town.objects, "secret")
    sync(str(tmp_path / "mirror"), tmp_path / "copy")
    assert tree(tmp_path / "copy") == tree(tmp_path / "mirror")
    sync(str(town.path), tmp_path / "from-house")
    assert not ObjectDirectory(tmp_path / "from-house").has(secret)
    assert set(ObjectDirectory(tmp_path / "from-house").list()) == set(ObjectDirectory(tmp_path / "mirror").list())
    assert not (tmp_path / "from-house" / "keys").exists()
    with pytest.raises(StoreError) as itself:
        sync(str(tmp_path / "copy"), tmp_path / "copy")
    assert itself.value.code == "mirror/inside"
    for place in (str(tmp_path / "nowhere"), str(town.site)):
        with pytest.raises(StoreError) as nothing:
            sync(place, tmp_path / "new")
        assert nothing.value.code in {"store/absent", "mirror/none"}
    assert not (tmp_path / "new").exists()


def test_a_partners_address_has_the_record_at_its_top(town: Town, tmp_path: Path) -> None:
    """`checkpoint` and `objects/` lie beside each other, and there are no settings: what it lacks of works is named."""
    place = tmp_path / "partner"
    shutil.copytree(tmp_path / "mirror" / "record", place)
    shutil.copytree(tmp_path / "mirror" / "objects", place / "objects", ignore=shutil.ignore_patterns(".*"))
    with nginx(place, tmp_path / "nginx") as (url, _):
        done = sync(url, tmp_path / "copy")
    assert whole(done)
    assert done.files.listed == {}
    assert not (tmp_path / "copy" / "settings").exists()


@attack(
    "mirror-wrong-bytes",
    Mutation(FETCHING, find="            into.put(pieces(), digest=item.digest, size=item.size)", replace="            into.put(pieces())"),
    Mutation(
        GATHERING,
        find="        if all(digest in wanted.erased or objects.size_there(digest) == size for digest, size in work.objects().items()):",
        replace="        if work:",
    ),
)
@pytest.mark.parametrize("mood", ["other", "shorter", "longer", "endless", "drip", "cut", "500", "404"])
def test_an_object_that_comes_wrong_is_named_and_the_rest_goes_on(town: Town, tmp_path: Path, mood: str) -> None:
    """Other bytes, more or fewer than declared, without end, in drips, cut, an error: nothing of it is kept, its work waits, and the next run takes it."""
    work, parts = town.publish("dune")
    town.publish("reed")
    town.build(tmp_path / "mirror")
    bad = parts[1]
    size = town.objects.size(bad)
    moods = {"other": b"y" * size, "shorter": b"y", "longer": b"y" * (size + 1), "500": 500, "404": 404}
    began = time.monotonic()
    copy = tmp_path / "copy"
    with bent(tmp_path / "mirror", lambda path: moods.get(mood, mood) if path == path_of(bad) else None) as url:
        done = sync(url, copy, grace=0.3)
    assert time.monotonic() - began < 15
    assert (list(done.fetched.failed), done.gathered.incomplete, done.gathered.works) == ([bad], [work], 2)
    assert bool(done.wrong) == (mood in {"other", "shorter", "longer", "endless"})
    objects = ObjectDirectory(copy)
    assert not objects.has(bad)
    assert not objects.has(work)
    assert work not in set(objects.works())
    assert (copy / "record" / "checkpoint").read_bytes() == (tmp_path / "mirror" / "record" / "checkpoint").read_bytes()
    assert whole(sync(str(tmp_path / "mirror"), copy))
    assert tree(copy) == tree(tmp_path / "mirror")


@attack(
    "mirror-declared-size",
    Mutation(GATHERING, find="Item(digest, size, size) for digest", replace="Item(digest, -1, 1 << 40) for digest"),
)
def test_no_more_is_read_than_a_manifest_declares(town: Town, tmp_path: Path) -> None:
    """A server that sends without end is left with the first byte too many, not when its time is over."""
    _, parts = town.publish("dune")
    town.build(tmp_path / "mirror")
    sent = itertools.count()

    def bend(path: str) -> object:
        if path == path_of(parts[1]):
            next(sent)
            return "endless"
        return None

    with bent(tmp_path / "mirror", bend) as url:
        done = sync(url, tmp_path / "copy")
    assert list(done.fetched.failed) == [parts[1]]
    assert "longer than" in done.fetched.failed[parts[1]]


@attack(
    "mirror-private-redirect",
    Mutation(SOURCE, find="self._public = not is_private_address(url)", replace="self._public = False"),
)
def test_a_mirror_outside_never_leads_into_this_machines_network(town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name, or a redirect, that leads to this machine is not even knocked at."""
    knocked: list[str] = []
    with bent(tmp_path / "mirror", knocked.append) as url:
        port = int(url.rpartition(":")[2])

        def inside(*_args: object, **_more: object) -> list[tuple[object, ...]]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

        monkeypatch.setattr("commonhold.store.fetch.getaddrinfo", inside)
        with pytest.raises(StoreError) as refused:
            sync(f"http://mirror.example:{port}", tmp_path / "copy")
    assert refused.value.code == "store/private"
    assert knocked == []
    assert not (tmp_path / "copy").exists()


def test_a_server_that_falls_silent_is_not_asked_for_everything(town: Town, tmp_path: Path) -> None:
    """After some objects in a row without an answer the run ends, says how many were not asked for, and the next takes them."""
    town.publish("dune", segments=60)
    town.build(tmp_path / "mirror")
    asked: list[str] = []

    def bend(path: str) -> object:
        if path.startswith("/objects/"):
            asked.append(path)
            return 503
        return None

    with bent(tmp_path / "mirror", bend) as url:
        done = sync(url, tmp_path / "copy", jobs=2)
    assert len(asked) <= 17, "neither objects nor manifests are asked for after that"
    assert done.gathered.works == 0
    assert done.fetched.count + done.fetched.left > 0
    assert whole(sync(str(tmp_path / "mirror"), tmp_path / "copy"))


@attack("mirror-two-faces", Mutation(HEADS, find="    if hashes.root(new.size) != new.root:", replace="    if new is None:"))
@pytest.mark.parametrize("more", [-1, 0, 1])
def test_another_history_under_the_same_key_is_refused_and_convicted(town: Town, tmp_path: Path, more: int) -> None:
    """Shorter, as long or longer: what is held stays, and a file is kept that proves to anybody that the log signed both."""
    from commonhold.kernel.tlog.equivocation import check_equivocation, parse_equivocation

    copy = tmp_path / "copy"
    other = Town(tmp_path / "other")
    assert other.org == town.org
    for turn in range(town.made.tree.size - other.made.tree.size + more):
        other.made.do("heron", "propose", kind="statement", payload={"text": f"{turn:064}", "language": "en"}, not_after=4_102_444_800)
    other.settle()
    assert other.made.tree.size == town.made.tree.size + more
    other.build(tmp_path / "false")
    sync(str(tmp_path / "mirror"), copy)
    before = tree(copy)
    with pytest.raises(ProofError) as refused:
        sync(str(tmp_path / "false"), copy)
    assert refused.value.code == "mirror/two-faces"
    assert tree(copy) == before
    (evidence,) = (copy / ".mirror" / "evidence").iterdir()
    assert str(evidence) == refused.value.data["evidence"]
    check_equivocation(parse_equivocation(evidence.read_bytes()))
    # A build from the false house is refused as well.
    with pytest.raises(ProofError):
        other.build(copy)
    assert tree(copy) == before


@attack("mirror-other-org", Mutation(SYNC, find="    if org and offered.org != org:", replace="    if org is None:"))
def test_another_organisation_is_refused_before_anything_is_written(town: Town, tmp_path: Path) -> None:
    """By the id that was given, and by what the folder holds."""
    other = Town(tmp_path / "other", seed="dunes")
    other.build(tmp_path / "false")
    with pytest.raises(ProofError) as refused:
        sync(str(tmp_path / "false"), tmp_path / "copy", org=town.org)
    assert refused.value.code == "record/other-org"
    assert not (tmp_path / "copy").exists()
    sync(str(tmp_path / "mirror"), tmp_path / "copy")
    before = tree(tmp_path / "copy")
    with pytest.raises(ProofError) as held:
        sync(str(tmp_path / "false"), tmp_path / "copy")
    assert held.value.code == "mirror/other-org"
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("years of work")
    with pytest.raises(StoreError) as busy:
        sync(str(tmp_path / "mirror"), tmp_path / "full")
    assert busy.value.code == "mirror/not-empty"
    assert tree(tmp_path / "copy") == before
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("missing", ["tile/entries/000.p/*", "tile/0/000.p/*"])
def test_a_half_written_mirror_is_called_that(town: Town, tmp_path: Path, missing: str) -> None:
    """Its checkpoint covers what is not there: said with what is missing, and nothing that is held is touched."""
    copy = tmp_path / "copy"
    sync(str(tmp_path / "mirror"), copy)
    town.publish("dune")
    town.build(tmp_path / "mirror")
    for path in (tmp_path / "mirror" / "record").glob(missing):
        path.unlink()
    before = tree(copy)
    for target in (copy, tmp_path / "new"):
        with pytest.raises(StoreError) as refused:
            sync(str(tmp_path / "mirror"), target)
        assert refused.value.code == "mirror/half-written"
    assert tree(copy) == before

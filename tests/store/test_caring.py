"""Scrub, repair, report and replicate: everything wrong is found, healed from whoever has it, and nothing is lost on the way."""

from __future__ import annotations

import hashlib
import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from commonhold.kernel.errors import CommonholdError, StoreError
from commonhold.kernel.works.manifest import work_bytes
from commonhold.kernel.works.replicas import FORM, parse_policy
from commonhold.store.objects.directory import ObjectDirectory
from commonhold.store.objects.ledger import Ledger
from commonhold.store.objects.pace import Pace
from commonhold.store.objects.protocol import Objects
from commonhold.store.objects.repair import Replica, repair
from commonhold.store.objects.replicate import queue, replicate
from commonhold.store.objects.report import named_in, report
from commonhold.store.objects.scrub import scrub
from commonhold.store.objects.works import load_work, put_work
from tests.attacks import Mutation, attack
from tests.store.places import PLACES, Folder, Place
from tests.store.works import put_programme

REPAIR = "src/commonhold/store/objects/repair.py"
WORKS = "src/commonhold/store/objects/works.py"
DECISION = "d0" * 32
pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
tick = itertools.count(1_700_000_000).__next__


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.of(tmp_path / "house") as opened:
        yield opened


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> Place:
    found: Place = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def replica(tmp_path: Path) -> ObjectDirectory:
    return ObjectDirectory(tmp_path / "replica")


class Broken:
    """A replica that fails in its own way."""

    def __init__(self, kind: str, inner: Objects) -> None:
        self.kind, self.inner, self.asked = kind, inner, 0

    def stream(self, digest: str) -> Iterator[bytes]:
        self.asked += 1
        if self.kind == "lying":
            # And it does not look at them itself, as no stranger's program has to.
            yield b"other bytes"
            return
        if self.kind == "endless":
            while True:
                yield bytes(1 << 20)
        if self.kind == "cut":
            yield b"half"
        raise StoreError("503", code="store/unreachable")


def test_a_scrub_finds_each_kind_of_damage_and_a_repair_heals_it(place: Place, replica: ObjectDirectory, ledger: Ledger) -> None:
    """A flipped bit, a lost object and a lost manifest are found, named, healed byte for byte, and then nothing is wrong any more."""
    objects = place.objects
    work, parts = put_programme(objects, "tide")
    put_programme(replica, "tide")
    stray = objects.put(b"stray")
    place.flip(parts[1])
    place.lose(parts[2])
    done = scrub(objects, ledger, "here", now=tick)
    assert (done.faults, done.works, done.whole) == (2, 1, 0)
    assert {fault.digest: fault.what for fault in ledger.faults("here")} == {parts[1]: "altered", parts[2]: "missing"}
    healed = repair(objects, ledger, "here", {"replica": replica}, now=tick)
    assert (healed.healed, healed.lost) == ({parts[1]: "replica", parts[2]: "replica"}, [])
    place.flip(work)
    assert scrub(objects, ledger, "here", now=tick).faults == 1
    repair(objects, ledger, "here", {"replica": replica}, now=tick)
    done = scrub(objects, ledger, "here", now=tick)
    assert (done.faults, done.works, done.whole) == (0, 1, 1)
    assert objects.has(stray)
    assert load_work(objects, work).objects().keys() == set(parts)


def test_a_scrub_goes_on_where_it_was_stopped(tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was looked at before it was stopped is not looked at again, what was found is kept, and the counts are of the whole."""
    monkeypatch.setattr("commonhold.store.objects.scrub.SAVE_OBJECTS", 1)
    place = Folder(tmp_path / "house")
    digests = sorted(place.objects.put(b"%d" % number) for number in range(40))
    place.flip(digests[3])

    def told(_objects: int, _size: int) -> None:
        nonlocal seen
        seen += 1
        if seen == 20:
            raise KeyboardInterrupt

    seen = 0
    with pytest.raises(KeyboardInterrupt):
        scrub(place.objects, ledger, "here", now=tick, told=told)
    looked: list[int] = []
    done = scrub(place.objects, ledger, "here", now=tick, told=lambda count, _size: looked.append(count))
    assert done.resumed
    assert len(looked) <= 22
    assert (done.run.objects, done.faults) == (40, 1)
    assert not scrub(place.objects, ledger, "here", now=tick).resumed
    scrub(place.objects, ledger, "here", now=tick, anew=True)


@attack(
    "store-09",
    Mutation(REPAIR, find="into.put(source.pieces(), digest=digest, size=size)", replace="into.put(source.pieces())"),
    Mutation(REPAIR, find="            self._ledger.quarantine(name, digest, str(error), int(self._now()))", replace="            pass"),
    Mutation(
        REPAIR,
        find="            if name in self.quarantined or self._failures[name] >= PATIENCE:",
        replace="            if self._failures[name] >= PATIENCE:",
    ),
)
def test_a_lying_replica_is_asked_no_more_and_nothing_of_it_is_kept(tmp_path: Path, replica: ObjectDirectory, ledger: Ledger) -> None:
    """It is in quarantine from its first wrong byte on, through later runs too, until a scrub of all of it has found nothing altered."""
    place = Folder(tmp_path / "house")
    digests = sorted(place.objects.put(b"%d" % number) for number in range(4))
    for number, digest in enumerate(digests):
        replica.put(place.objects.get(digest))
        if number:
            place.flip(digest)
    before = {digest: (place.path / "objects" / digest[:2] / digest[2:]).read_bytes() for digest in digests}
    scrub(place.objects, ledger, "here", now=tick)
    liar = Broken("lying", replica)
    done = repair(place.objects, ledger, "here", {"liar": liar}, now=tick)
    assert (liar.asked, sorted(done.lost), done.healed) == (1, digests[1:], {})
    assert {digest: (place.path / "objects" / digest[:2] / digest[2:]).read_bytes() for digest in digests} == before
    assert list(place.objects.list()) == digests
    assert ledger.quarantined()["liar"].digest in digests
    done = repair(place.objects, ledger, "here", {"liar": liar, "replica": replica}, now=tick)
    assert (liar.asked, len(done.healed), done.lost) == (1, 3, [])
    scrub(replica, ledger, "liar", now=tick)
    assert ledger.quarantined() == {}


@pytest.mark.parametrize("kind", ["away", "cut"])
def test_a_replica_that_is_away_is_passed_over_after_a_few_tries(
    tmp_path: Path, replica: ObjectDirectory, ledger: Ledger, kind: str
) -> None:
    """Two of three replicas gone, and all heals from the third; whoever is away is not in quarantine."""
    place = Folder(tmp_path / "house")
    digests = sorted(place.objects.put(b"%d" % number) for number in range(8))
    for digest in digests:
        replica.put(place.objects.get(digest))
        place.flip(digest)
    scrub(place.objects, ledger, "here", now=tick)
    away, gone = Broken(kind, replica), ObjectDirectory(tmp_path / "nowhere")
    done = repair(place.objects, ledger, "here", {"away": away, "gone": gone, "replica": replica}, now=tick)
    assert (away.asked, len(done.healed), done.lost, list(done.unreachable)) == (3, 8, [], ["away"])
    assert ledger.quarantined() == {}


def test_an_endless_replica_is_left(tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes without end are the wrong bytes: it is in quarantine, and nothing of them is left."""
    place = Folder(tmp_path / "house")
    digest = place.objects.put(b"heron")
    place.flip(digest)
    scrub(place.objects, ledger, "here", now=tick)
    endless: Replica = Broken("endless", place.objects)
    done = repair(ObjectDirectory(place.path, max_size=5 << 20), ledger, "here", {"endless": endless}, now=tick)
    assert (done.lost, list(done.quarantined)) == ([digest], ["endless"])
    assert list((place.path / "objects" / ".tmp").iterdir()) == []


@attack(
    "store-10",
    Mutation(WORKS, find="        if found != size:", replace="        if found < 0:"),
    Mutation(WORKS, find="            found = objects.size(digest)", replace="            found = size"),
)
def test_a_manifest_is_never_written_without_its_objects(place: Place) -> None:
    """A work whose object is absent or of another size is refused, and no manifest of it lies there."""
    objects = place.objects
    work, parts = put_programme(objects, "tide")
    raw = objects.get(work)
    manifest = load_work(objects, work)
    other = Folder(Path(str(objects)) / "other").objects if isinstance(objects, ObjectDirectory) else None
    target = other or objects
    if other is None:
        place.lose(parts[1])
        place.lose(work)
    else:
        for part in parts[:1] + parts[2:]:
            other.put(objects.get(part))
    with pytest.raises(StoreError) as refused:
        put_work(target, manifest)
    assert refused.value.code == "work/incomplete"
    assert not target.has(work)
    target.put(b"tide 0 " * 500)
    assert put_work(target, manifest) == work
    assert work_bytes(manifest) == raw
    wrong = manifest.files[0].__class__(parts[0], "segment", 1, "video/mp4")
    with pytest.raises(StoreError):
        put_work(
            target, manifest.__class__([wrong], manifest.form, manifest.kind, manifest.provenance, manifest.rights, {}, manifest.titles)
        )


def test_a_report_lists_what_nothing_names_and_deletes_nothing(tmp_path: Path) -> None:
    """Objects of works, manifests and whatever the record mentions are named; the rest is listed; an unmarked manifest is found and marked."""
    objects = ObjectDirectory(tmp_path)
    work, parts = put_programme(objects, "tide")
    stray, mentioned, missing = objects.put(b"stray"), objects.put(b"mentioned"), parts[1]
    (tmp_path / "objects" / ".works" / work[:2] / work[2:]).unlink()
    (tmp_path / "objects" / missing[:2] / missing[2:]).unlink()
    objects.put(b'{"files":[]}')
    found: dict[str, int] = {}
    gone: list[str] = []
    entry = json.dumps({"body": {"text": mentioned}}).encode()
    done = report(objects, [entry], found.__setitem__, gone.append)
    assert found == {stray: 5, sha(b'{"files":[]}'): 12}
    assert (done.objects, done.works, done.unmarked, done.unnamed, gone) == (7, 1, 1, 2, [missing])
    assert list(objects.works()) == [work]
    assert objects.has(stray)
    assert list(named_in([entry])) == [mentioned]


def policy_of(places: dict[str, str], copies: int = 2) -> str:
    return json.dumps(
        {
            "form": FORM,
            "places": {name: {"at": at, "operator": name, "capacity": 10**9} for name, at in places.items()},
            "rules": {"*": {"copies": copies, "operators": copies}},
        }
    )


def test_works_come_to_where_the_policy_wants_them_and_catch_up_after_an_outage(place: Place, tmp_path: Path, ledger: Ledger) -> None:
    """Objects first, the manifest last; a place that is away keeps its works in the queue, and gets them in the next run."""
    home = ObjectDirectory(tmp_path / "house")
    works = [put_programme(home, name)[0] for name in ("tide", "dune")]
    policy = parse_policy(policy_of({"here": str(tmp_path / "house"), "coast": str(place.objects), "away": "s3://nowhere"}, 3).encode())
    for work in works:
        ledger.holds("here", work, 1)
    stores: dict[str, Objects] = {"here": home, "coast": place.objects}

    def opened(name: str) -> Objects:
        if name not in stores:
            raise StoreError("away", code="store/unreachable")
        return stores[name]

    before = queue(policy, home, ledger)
    assert [set(short.to) for short in before.short] == [{"away", "coast"}] * 2
    done = replicate(home, ledger, before.short, opened, now=tick)
    assert (done.copies, list(done.left)) == ({"coast": 2}, ["away"])
    assert sorted(place.objects.works()) == sorted(works)
    scrubbed = scrub(place.objects, ledger, "coast", now=tick)
    assert (scrubbed.faults, scrubbed.whole) == (0, 2)
    stores["away"] = ObjectDirectory(tmp_path / "away")
    done = replicate(home, ledger, queue(policy, home, ledger).short, opened, now=tick)
    assert (done.copies, queue(policy, home, ledger).short) == ({"away": 2}, ())
    assert scrub(stores["away"], ledger, "away", now=tick).whole == 2


def test_a_place_that_lost_an_object_is_short_again(tmp_path: Path, ledger: Ledger) -> None:
    """A copy counts until a scrub says otherwise; a place in quarantine holds nothing."""
    home = ObjectDirectory(tmp_path / "house")
    work, parts = put_programme(home, "tide")
    policy = parse_policy(policy_of({"here": str(tmp_path / "house")}, 1).encode())
    assert scrub(home, ledger, "here", now=tick).whole == 1
    assert queue(policy, home, ledger).short == ()
    Folder(tmp_path / "house").lose(parts[0])
    scrub(home, ledger, "here", now=tick)
    assert [short.work for short in queue(policy, home, ledger).short] == [work]
    home.put(b"About tide.")
    scrub(home, ledger, "here", now=tick)
    ledger.quarantine("here", parts[0], "lied", tick())
    assert queue(policy, home, ledger).short[0].to == ()


def test_an_erased_object_is_no_fault(tmp_path: Path, ledger: Ledger) -> None:
    """What was decided to go is not missing, is not fetched again, and the rest of its work is still cared for."""
    home, replica = Folder(tmp_path / "house"), ObjectDirectory(tmp_path / "replica")
    work, parts = put_programme(home.objects, "tide")
    put_programme(replica, "tide")
    home.flip(parts[1])
    scrub(home.objects, ledger, "here", now=tick)
    home.objects.erase(parts[1], DECISION)
    assert repair(home.objects, ledger, "here", {"replica": replica}, now=tick).lost == []
    assert scrub(home.objects, ledger, "here", now=tick).faults == 0
    away = ObjectDirectory(tmp_path / "away")
    policy = parse_policy(policy_of({"away": str(tmp_path / "away")}, 1).encode())
    replicate(home.objects, ledger, queue(policy, home.objects, ledger).short, lambda _name: away, now=tick)
    assert list(away.works()) == [work]
    assert not away.has(parts[1])
    with pytest.raises(CommonholdError):
        home.objects.get(parts[1])


def test_a_scrub_keeps_to_its_pace() -> None:
    """So many bytes a second on average, and no waiting where none is due; stepping back is no error anywhere."""
    slept: list[float] = []
    pace = Pace(1000, clock=lambda: sum(slept), sleep=slept.append)
    for _ in range(10):
        pace.took(500)
    assert sum(slept) == pytest.approx(5, abs=0.1)
    Pace().took(1 << 40)
    told = subprocess.run(
        [sys.executable, "-c", "import os; from commonhold.store.objects.pace import step_back as s; s(); print(os.nice(0))"],
        capture_output=True,
        text=True,
    )
    assert told.stdout.strip().isdigit(), told.stderr

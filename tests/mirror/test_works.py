"""Laws of the works that a partner keeps: as far as it has room, whole or not at all, from whoever has them, and served in pieces."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.testclient import TestClient

from commonhold.kernel.errors import StoreError
from commonhold.kernel.works.manifest import File, Provenance, Rights, make_work, work_bytes
from commonhold.mirror.app import create_app
from commonhold.mirror.check.routes import check_routes
from commonhold.mirror.node import Node
from commonhold.mirror.objects import OBJECT
from commonhold.mirror.works import AGAIN_SECONDS, DISTRUST_SECONDS, RESERVE, SCRUB_EVERY
from commonhold.store.objects.directory import ObjectDirectory
from commonhold.store.objects.protocol import absent
from commonhold.store.objects.works import load_work, put_work
from tests.attacks import Mutation, attack
from tests.kernel.record.helpers import Club
from tests.mirror.helpers import FakeClock
from tests.mirror.records import URL, Published, following
from tests.mirror.test_erasing import BY_ITS_EDITOR, erase
from tests.store.works import put_programme

WORKS = "src/commonhold/mirror/works.py"
TAKING = "src/commonhold/store/objects/taking.py"
REPAIR = "src/commonhold/store/objects/repair.py"
HOUSE = f"{URL}/0"
KESTREL = "https://kestrel.example"
ROOM = 1 << 24


class Shelf:
    """A place as a node reads it: a folder's objects, or whatever *lies* says in place of some; *asked* lists the digests."""

    def __init__(self, objects: ObjectDirectory) -> None:
        self.objects, self.asked = objects, list[str]()
        self.lies: dict[str, Callable[[], Iterator[bytes]]] = {}
        self.away = False

    def stream(self, digest: str) -> Iterator[bytes]:
        self.asked.append(digest)
        if self.away:
            raise StoreError("nobody answers", code="store/unreachable")
        yield from self.lies[digest]() if digest in self.lies else self.objects.stream(digest)


class Scene:
    """A house with works, and a partner that keeps them; *other* is another partner that it knows."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.record = Published(Club(BY_ITS_EDITOR))
        self.house, self.other = Shelf(ObjectDirectory(folder / "house")), Shelf(ObjectDirectory(folder / "kestrel"))
        self.clock = FakeClock()
        self.node: Node
        self.client: TestClient

    @property
    def org(self) -> str:
        return self.record.club.org

    @property
    def kept(self) -> ObjectDirectory:
        return self.node.keeping.stores.works(self.org)

    @contextmanager
    def open(self, capacity: int = ROOM) -> Iterator[Scene]:
        def replica(url: str, *, private: bool) -> Shelf:
            del private
            return self.other if url.startswith(KESTREL) else self.house

        silent = {KESTREL: TestClient(create_app_of_nobody())}
        options: dict[str, Any] = {"clock": self.clock, "capacity": capacity, "replica": replica, "partners": silent}
        with (
            following(self.folder / "node", self.record, **options) as (self.node, _),
            TestClient(create_app(self.node, tend=False, more=check_routes(self.node)), raise_server_exceptions=False) as self.client,
        ):
            self.look()
            yield self

    def publish(self, *works: str) -> None:
        for work in works:
            self.record.club.decide("publish", {"work": work}, "plover")
        self.record.publish()

    def look(self) -> None:
        for follower in list(self.node.followers.values()):
            self.node.tend(follower)
        self.node.keeping.take_works(self.org)

    def about(self) -> dict[str, Any]:
        told: dict[str, Any] = self.client.get("/").json()["organisations"][0]["works"]
        return told

    def get(self, digest: str, **headers: str) -> Any:
        return self.client.get(f"/mirror/{self.record.hash}/objects/{digest[:2]}/{digest[2:]}", headers=headers)

    def works(self) -> list[str]:
        return list(self.kept.works())


def create_app_of_nobody() -> Any:
    """An application that answers everything with 404."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return app


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def film(scene: Scene, raw: bytes, *, said: int = -1) -> tuple[str, str]:
    """A work of one file in the house's store; gives its id and the file's digest. *said*: the size that the manifest claims, if it is false."""
    digest = scene.house.objects.put(raw)
    files = [File(digest, "master", len(raw) if said < 0 else said, "video/mp4", "", "film.mp4")]
    work = make_work("programme", {"en": "Film"}, rights=Rights("Ours."), provenance=Provenance(by="heron"), files=files)
    if said >= 0:
        return scene.house.objects.put(work_bytes(work)), digest
    return put_work(scene.house.objects, work), digest


def test_a_partner_takes_what_was_published_and_serves_it_in_parts(scene: Scene) -> None:
    """Every object of a published work, the manifest last, and nothing of what was not published; whole, or any range of it, or that it has not changed."""
    mine, parts = put_programme(scene.house.objects, "Tide")
    draft, hidden = put_programme(scene.house.objects, "Draft")
    big, picture = film(scene, bytes(range(256)) * 10_000)
    scene.publish(mine, big)
    with scene.open():
        assert sorted(scene.works()) == sorted([mine, big])
        assert scene.house.asked[: len(parts) + 1] == [mine, *parts]
        assert set(scene.kept.list()) == {mine, *parts, big, picture}
        assert not {draft, *hidden} & set(scene.kept.list())
        about = scene.about()
        assert (about["held"], about["published"], about["trouble"]) == (2, 2, "")
        assert about["bytes"] == sum(scene.kept.size(digest) for digest in scene.kept.list())
        whole = scene.get(picture)
        assert (whole.status_code, hashlib.sha256(whole.content).hexdigest()) == (200, picture)
        assert (whole.headers["cache-control"], whole.headers["accept-ranges"]) == (OBJECT, "bytes")
        assert scene.get(draft).status_code == 404
        raw, tag = whole.content, whole.headers["etag"]
        for asked, found in {
            "bytes=0-9": raw[:10],
            "bytes=2559990-": raw[-10:],
            "bytes=-5": raw[-5:],
            "bytes=100-99999999": raw[100:],
        }.items():
            part = scene.get(picture, Range=asked)
            assert (part.status_code, part.content, int(part.headers["content-length"])) == (206, found, len(found))
        assert scene.get(picture, Range="bytes=7-3").status_code == 200
        assert scene.get(picture, Range="bytes=0-1,5-6").status_code == 200
        assert scene.get(picture, **{"Range": "bytes=0-9", "If-Range": '"another"'}).status_code == 200
        assert scene.get(picture, Range="bytes=2560000-").headers["content-range"] == "bytes */2560000"
        again = scene.get(picture, **{"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
        head = scene.client.head(f"/mirror/{scene.record.hash}/objects/{picture[:2]}/{picture[2:]}")
        assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", "2560000")
        scene.house.asked.clear()
        scene.clock.now += SCRUB_EVERY
        scene.look()
        assert scene.house.asked == []


@attack(
    "mirror-works-fill-disk",
    Mutation(WORKS, find="if size > room or not self._has_disk(objects, size):", replace="if not self._has_disk(objects, size):"),
    Mutation(WORKS, find="if size > room or not self._has_disk(objects, size):", replace="if size > room:"),
    Mutation(REPAIR, find="into.put(source.pieces(), digest=digest, size=size)", replace="into.put(source.pieces(), digest=digest)"),
    Mutation(TAKING, find="max_size=MAX_MANIFEST)", replace="max_size=1 << 40)"),
)
def test_nobody_fills_a_partners_disk(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than its keeper gave room for, of each organisation; of an object no byte more than its manifest says, however many a server sends."""
    monkeypatch.setattr("commonhold.store.objects.taking.MAX_MANIFEST", 1 << 16)
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 50 << 20:
            sent += 1 << 16
            yield bytes(1 << 16)

    first, _ = film(scene, b"a" * 60_000)
    large, far = film(scene, b"b" * 50_000)
    small, _ = film(scene, b"c" * 20_000)
    scene.publish(first, large, small)
    with scene.open(capacity=100_000):
        assert sorted(scene.works()) == sorted([first, small]), "in the order of their publication, as far as they fit"
        assert scene.about()["bytes"] <= 100_000
        assert "no room" in scene.about()["trouble"]
        assert not scene.kept.size_there(far) >= 0
        grown, digest = film(scene, b"d" * 1000)
        scene.house.lies[digest] = endless
        junk = scene.house.objects.put(b"e")
        scene.house.lies[junk] = endless
        scene.publish(grown, junk)
        scene.look()
        assert sent <= 1 << 19
        assert sum(path.stat().st_size for path in (scene.kept.path / "objects").rglob("*") if path.is_file()) <= 100_000
        assert scene.about()["held"] == 2
        # A disk that others have filled: the node needs what is left, to remember what it signs.
        monkeypatch.setattr("commonhold.mirror.works.shutil.disk_usage", lambda _path: SimpleNamespace(free=RESERVE + 5))
        tiny, _ = film(scene, b"z" * 10)
        scene.publish(tiny)
        scene.look()
        assert tiny not in scene.works()


@attack(
    "mirror-works-wrong-bytes",
    Mutation(
        "src/commonhold/store/objects/incoming.py",
        find="        if self._expected and found != self._expected:",
        replace="        if not found:",
    ),
    Mutation(REPAIR, find="        elif isinstance(error, ProofError | FormatError):", replace="        elif error is None:"),
)
def test_wrong_bytes_are_refused_and_whoever_gave_them_is_named(scene: Scene) -> None:
    """Nothing of them is kept; another place heals the work at once, and the liar is asked for nothing more for an hour."""
    work, digest = film(scene, b"right" * 1000)
    scene.house.lies[digest] = lambda: iter([b"wrong" * 1000])
    scene.publish(work)
    with scene.open():
        trouble = scene.about()["trouble"]
        assert "gave wrong bytes" in trouble
        assert HOUSE in trouble
        assert (scene.works(), scene.kept.size_there(digest)) == ([], -1)
        scene.other.objects.put(b"right" * 1000)
        scene.other.objects.put(scene.house.objects.get(work))
        scene.clock.now += AGAIN_SECONDS
        scene.house.asked.clear()
        scene.look()
        assert (scene.works(), scene.about()["trouble"], scene.house.asked) == ([work], "", [])
        later, _ = film(scene, b"later")
        scene.publish(later)
        scene.clock.now += DISTRUST_SECONDS
        scene.look()
        assert sorted(scene.works()) == sorted([work, later])


def test_a_manifest_that_says_a_size_falsely_discredits_nobody(scene: Scene) -> None:
    """Else whoever may publish could keep a partner from believing the honest house."""
    wrong = [film(scene, b"%d" % turn * 500, said=said)[0] for turn, said in enumerate((10, 10_000))]
    right, _ = film(scene, b"right")
    thing = scene.house.objects.put(b"x" * 100)
    scene.publish(*wrong, thing, right)
    with scene.open():
        assert scene.works() == [right]
        assert (scene.about()["held"], scene.about()["published"]) == (1, 4)
        assert "gave wrong bytes" not in scene.about()["trouble"]


def test_what_could_not_be_had_is_tried_again_later_each_time(scene: Scene) -> None:
    """A house that is away is not besieged, and a work that was half taken is gone on with where it stopped."""
    work, parts = put_programme(scene.house.objects, "Tide")
    scene.house.lies[parts[-1]] = lambda: iter(_gone(parts[-1]))
    scene.publish(work)
    with scene.open():
        assert (scene.works(), set(scene.kept.list())) == ([], set(parts[:-1]))
        waits = []
        for _turn in range(3):
            begun = scene.clock.now
            scene.house.asked.clear()
            while not scene.house.asked:
                scene.clock.now += 10
                scene.look()
            waits.append(scene.clock.now - begun)
        assert waits == [AGAIN_SECONDS, 2 * AGAIN_SECONDS, 4 * AGAIN_SECONDS]
        assert scene.house.asked == [work, parts[-1]]
        del scene.house.lies[parts[-1]]
    with scene.open():
        assert scene.works() == [work], "a restart forgets nothing but the waiting"


def _gone(digest: str) -> Iterator[bytes]:
    raise absent(digest, "the house")
    yield b""


@attack(
    "mirror-keeps-erased",
    Mutation("src/commonhold/mirror/stores.py", find=", WORKS: lambda: self.works(org)}", replace="}"),
)
def test_what_was_erased_of_a_work_is_not_taken_again_and_gives_room(scene: Scene) -> None:
    """A file, or the manifest: the rest of the work stays where only a file was erased, and what is gone takes no room."""
    one, first = film(scene, b"f" * 50_000)
    two, second = film(scene, b"g" * 40_000)
    three, third = film(scene, b"h" * 45_000)
    scene.publish(one, two, three)
    with scene.open(capacity=100_000):
        assert sorted(scene.works()) == sorted([one, two])
        decision = erase(scene.record, first)
        scene.look()
        assert scene.kept.size_there(first) == -1
        assert scene.get(first).json()["decision"] == decision
        assert sorted(scene.works()) == sorted([one, two, three]), "there is room for the third now"
        erase(scene.record, two)
        scene.house.asked.clear()
        scene.look()
        scene.clock.now += 7 * 86_400
        scene.look()
        assert sorted(scene.works()) == sorted([one, three])
        assert (scene.get(two).status_code, scene.get(second).status_code, scene.get(third).status_code) == (410, 200, 200)
        assert not {first, two} & set(scene.house.asked)
    (scene.folder / "node" / "works" / scene.org / "objects" / ".erased").rename(scene.folder / "away")
    scene.house.asked.clear()
    with scene.open(capacity=100_000):
        # Not even where the tombstones are lost: the decision is in the record.
        assert not {first, two} & set(scene.house.asked)


def test_what_the_disk_lost_or_spoilt_is_found_and_taken_again(scene: Scene) -> None:
    """Once a day all is read; and a reader who is given a damaged file gets an end that is none, whereupon it is looked at at once."""
    work, digest = film(scene, b"mast" * 600_000)
    lost, parts = put_programme(scene.house.objects, "Tide")
    scene.publish(work, lost)
    with scene.open():
        path = scene.kept.path / "objects" / digest[:2] / digest[2:]
        (scene.kept.path / "objects" / parts[1][:2] / parts[1][2:]).unlink()
        path.write_bytes(b"Mast" + b"mast" * 599_999)
        scene.look()
        assert not scene.kept.has(digest), "nobody has looked yet"
        assert served_short(scene, digest)
        scene.look()
        scene.look()
        assert scene.kept.has(digest)
        assert scene.kept.has(parts[1])
        assert load_work(scene.kept, work) == load_work(scene.house.objects, work)
        path.unlink()
        scene.clock.now += SCRUB_EVERY
        scene.look()
        scene.look()
        assert scene.kept.has(digest)
        assert scene.about()["trouble"] == ""


def served_short(scene: Scene, digest: str) -> bool:
    """Whether the answer breaks off before its announced end."""
    try:
        answer = scene.get(digest)
    except Exception:  # noqa: BLE001 - whatever the test's client makes of an answer that never ends
        return True
    return len(answer.content) < int(answer.headers["content-length"])


def test_a_partner_without_room_takes_nothing(scene: Scene) -> None:
    """Which is how a node is started where nothing else is said."""
    work, _ = put_programme(scene.house.objects, "Tide")
    scene.publish(work)
    with scene.open(capacity=0):
        assert (scene.house.asked, scene.about()["held"]) == ([], 0)


def test_a_node_that_is_stopped_ends_what_is_under_way(scene: Scene) -> None:
    """A film of hours does not hold up its end, and what was half taken is no object."""
    work, digest = film(scene, b"reel" * 1000)
    begun = 0

    def slow() -> Iterator[bytes]:
        nonlocal begun
        for _turn in range(1000):
            begun += 1
            scene.node.keeping.works.stop()
            yield b"reel"

    scene.house.lies[digest] = slow
    scene.publish(work)
    with scene.open():
        assert (begun, scene.works(), scene.kept.size_there(digest)) == (1, [], -1)


def test_seeing_whether_all_is_whole_waits_for_what_was_just_published(scene: Scene) -> None:
    """And goes on afterwards from where it was."""
    work, _ = put_programme(scene.house.objects, "Tide")
    scene.publish(work)
    with scene.open():
        scene.clock.now += SCRUB_EVERY
        looks = iter([False, True])
        state = scene.node.standing(scene.org).state
        scene.node.keeping.works.look(scene.org, state, {}, more=lambda: next(looks, True))
        assert scene.node.keeping.works._kept[scene.org].rest is None
        scene.look()
        assert scene.node.keeping.works._kept[scene.org].rest is not None

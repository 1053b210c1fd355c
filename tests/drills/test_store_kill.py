"""The store, really killed at every single change that it makes to the disk; replicas that are gone, lie, drip, answer 500; disks that are full.

After each death the same is done again: it comes to the same digests, nothing that was acknowledged is gone, no object is half there, and there is never a
manifest without its objects.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from commonhold.kernel.works.replicas import FORM, parse_policy
from commonhold.store.objects.directory import ObjectDirectory
from commonhold.store.objects.ledger import HERE, Ledger
from commonhold.store.objects.remote import RemoteReplica
from commonhold.store.objects.repair import Fetcher, repair
from commonhold.store.objects.replicate import queue, replicate
from commonhold.store.objects.scrub import scrub
from commonhold.store.objects.taking import HELD, take_work
from commonhold.store.objects.works import is_manifest, load_work
from tests.drills.disks import Disk, disk
from tests.drills.killing import Instant, Tell, live
from tests.store.buckets import Server, serving
from tests.store.places import Folder
from tests.store.servers import served
from tests.store.works import put_programme

INSTANTS: tuple[Instant, ...] = ("before", "within", "after")
STRIDES = [pytest.param(11, marks=pytest.mark.smoke, id="some"), pytest.param(1, id="every")]
DECISION = "d0" * 32
NAMES = ("tide", "dune", "reed")


def sound(objects: ObjectDirectory) -> None:
    """Everything that lies there is whole, and every manifest has its objects, those that were erased left out."""
    for digest in objects.list():
        objects.verify(digest)
        if is_manifest(objects, digest):
            for part in load_work(objects, digest).objects():
                assert objects.erased(part) or objects.has(part), f"the manifest {digest} is there without {part}"
    for digest in objects.works():
        assert objects.has(digest)


def look(objects: ObjectDirectory) -> tuple[list[str], list[str], list[str]]:
    return list(objects.list()), list(objects.works()), list(objects.erasures())


def putting(folder: Path, tell: Tell) -> None:
    objects = ObjectDirectory(folder)
    for name in NAMES:
        work, _ = put_programme(objects, name)
        tell("work", id=work)
    stray = objects.put(b"what has to go")
    objects.erase(stray, DECISION)
    tell("erased", id=stray)


def again(folder: Path) -> None:
    """The same once more by the normal path, as the next command would do it."""
    objects = ObjectDirectory(folder)
    for name in NAMES:
        put_programme(objects, name)
    stray = next(objects.erasures(), "")
    if not stray:
        stray = objects.put(b"what has to go")
    objects.erase(stray, DECISION)


def drill(
    tmp_path: Path,
    stride: int,
    story: Callable[[Path, Tell], None],
    start: Callable[[Path], None],
    check: Callable[[Path, list[dict[str, Any]]], None],
) -> str:
    """Tell a story in as many lives as it makes changes, each of which dies at one of them; *check* opens what is left."""
    began = time.monotonic()
    base = tmp_path / "base"
    start(base)
    whole = tmp_path / "whole"
    shutil.copytree(base, whole)
    life = live(lambda tell: story(whole, tell))
    assert not life.killed, life.facts
    check(whole, life.facts)
    killed = 0
    for step in range(0, life.changes, stride):
        for instant in INSTANTS:
            folder = tmp_path / f"life-{step}-{instant}"
            shutil.copytree(base, folder)
            one = live(lambda tell, at=folder: story(at, tell), step, instant)  # type: ignore[misc] # the default binds this turn's folder
            killed += one.killed
            check(folder, one.facts)
            shutil.rmtree(folder)
    assert killed
    return f"{killed} lives of {life.changes} changes ended by SIGKILL; nothing lost; {time.monotonic() - began:.0f} s"


def half_taken(base: Path) -> None:
    """A partner's store that has some of a work, one object of it damaged; and a house that has all of them."""
    home, house = Folder(base / "partner"), ObjectDirectory(base / "house")
    for name in NAMES:
        _, parts = put_programme(house, name)
        home.objects.put(house.get(parts[0]))
    home.flip(parts[0])


def taking(folder: Path, tell: Tell) -> None:
    objects, house = ObjectDirectory(folder / "partner"), ObjectDirectory(folder / "house")
    with Ledger.of(folder / "partner") as ledger:
        fetcher = Fetcher({"house": house}, ledger, lambda: 1.0)
        for work in house.works():
            doubtful = {part for part in load_work(house, work).objects() if objects.size_there(part) >= 0 and not objects.has(part)}
            taken = take_work(objects, fetcher, work, room=lambda _size: True, doubtful=doubtful)
            assert taken.outcome == HELD, taken
            ledger.holds(HERE, work, 1)
            tell("work", id=work)


@pytest.mark.drill
@pytest.mark.parametrize("stride", STRIDES)
def test_a_partner_killed_while_it_takes_works_has_whole_ones_or_none(
    tmp_path: Path, stride: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it said to hold is whole; no manifest is there without its objects; and the next look ends at the house's own digests."""

    def check(folder: Path, facts: list[dict[str, Any]]) -> None:
        objects, house = ObjectDirectory(folder / "partner"), ObjectDirectory(folder / "house")
        for work in objects.works():
            assert all(objects.has(part) for part in (work, *load_work(objects, work).objects()))
        with Ledger.of(folder / "partner") as ledger:
            held = set(ledger.holdings())
        assert {fact["id"] for fact in facts} <= held <= set(objects.works())
        taking(folder, lambda *_words, **_facts: None)
        sound(objects)
        assert look(objects) == look(house)

    told = drill(tmp_path, stride, taking, half_taken, check)
    with capsys.disabled():
        print(f"\nworks at a partner: {told}")  # noqa: T201


@pytest.mark.drill
@pytest.mark.parametrize("stride", STRIDES)
def test_a_put_killed_at_any_change_leaves_whole_objects_or_none(tmp_path: Path, stride: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Objects, manifests, marks and tombstones: what was acknowledged is there, what is there is whole, and doing it again ends at the same digests."""
    done = ObjectDirectory(tmp_path / "done")
    again(tmp_path / "done")

    def check(folder: Path, facts: list[dict[str, Any]]) -> None:
        objects = ObjectDirectory(folder)
        sound(objects)
        for fact in facts:
            assert objects.has(fact["id"]) if fact["what"] == "work" else objects.erased(fact["id"]) == DECISION, fact
        again(folder)
        sound(objects)
        assert look(objects) == look(done)

    told = drill(tmp_path, stride, putting, lambda base: base.mkdir(), check)
    with capsys.disabled():
        print(f"\nput, mark and erase: {told}")  # noqa: T201


def damaged(base: Path) -> None:
    home, replica = Folder(base / "house"), ObjectDirectory(base / "replica")
    for name in NAMES:
        _, parts = put_programme(home.objects, name)
        put_programme(replica, name)
        home.flip(parts[1])
        home.lose(parts[2])


def caring(folder: Path, tell: Tell) -> None:
    objects = ObjectDirectory(folder / "house")
    tick = itertools.count(1_700_000_000).__next__
    with Ledger.of(folder / "house") as ledger:
        done = scrub(objects, ledger, "here", now=tick)
        tell("scrubbed", faults=done.faults)
        healed = repair(objects, ledger, "here", {"replica": ObjectDirectory(folder / "replica")}, now=tick)
        tell("repaired", healed=sorted(healed.healed), lost=healed.lost)


@pytest.mark.drill
@pytest.mark.parametrize("stride", STRIDES)
def test_a_scrub_and_a_repair_killed_at_any_change_end_the_same(
    tmp_path: Path, stride: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was not healed before the death is found and healed after it, and the damaged bytes stay until whole ones take their place."""
    monkeypatch.setattr("commonhold.store.objects.scrub.SAVE_OBJECTS", 4)

    def check(folder: Path, facts: list[dict[str, Any]]) -> None:
        objects, replica = ObjectDirectory(folder / "house"), ObjectDirectory(folder / "replica")
        sound(replica)
        if any(fact["what"] == "scrubbed" for fact in facts):
            assert facts[0]["faults"] == 6
        caring(folder, lambda *_what, **_facts: None)
        sound(objects)
        assert look(objects) == look(replica)
        with Ledger.of(folder / "house") as ledger:
            done = scrub(objects, ledger, "here", now=time.time)
        assert (done.faults, done.whole) == (0, 3)

    told = drill(tmp_path, stride, caring, damaged, check)
    with capsys.disabled():
        print(f"\nscrub and repair: {told}")  # noqa: T201


@pytest.mark.drill
@pytest.mark.smoke
@pytest.mark.allow_hosts(["127.0.0.1"])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("mood", ["gone", "500", "lying", "slow", "cut"])
def test_two_of_three_replicas_fail_and_everything_heals_from_the_third(
    tmp_path: Path, mood: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One is away, one fails in its own way, one is well: all is healed, in bounded time, and only a liar is in quarantine."""
    began = time.monotonic()
    damaged(tmp_path)
    house, tick = Folder(tmp_path / "house"), itertools.count(1_700_000_000).__next__
    with served(tmp_path / "replica", mood) as bad, served(tmp_path / "replica", "well") as well, Ledger.of(house.path) as ledger:
        places = {"away": "http://127.0.0.1:9", "bad": "http://127.0.0.1:9" if mood == "gone" else bad, "well": well}
        scrub(house.objects, ledger, "here", now=tick)
        done = repair(house.objects, ledger, "here", {name: RemoteReplica(url, grace=0.5) for name, url in places.items()}, now=tick)
        assert (len(done.healed), done.lost) == (6, [])
        assert list(ledger.quarantined()) == (["bad"] if mood == "lying" else [])
        assert scrub(house.objects, ledger, "here", now=tick).faults == 0
    sound(house.objects)
    assert look(house.objects) == look(ObjectDirectory(tmp_path / "replica"))
    with capsys.disabled():
        print(f"\none replica away, one {mood}: 6 of 6 healed, nothing lost, {time.monotonic() - began:.1f} s")  # noqa: T201


NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; events {{}}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port}; root {root}; location ~ /\\. {{ return 404; }} }}
}}
"""


@pytest.mark.drill
@pytest.mark.smoke
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_house_heals_from_a_plain_nginx(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A real web server that knows nothing of us serves a copy of the folder: everything heals from it, and one flipped bit there is found too."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("SKIPPED: there is no nginx, so nothing was healed from one")
    began = time.monotonic()
    damaged(tmp_path)
    # Its workers may be another user's, who must be able to read what is served.
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    house, replica, tick = Folder(tmp_path / "house"), Folder(tmp_path / "replica"), itertools.count(1_700_000_000).__next__
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (tmp_path / "nginx.conf").write_text(NGINX.format(folder=tmp_path, port=port, root=replica.path))
    with (
        subprocess.Popen([program, "-c", str(tmp_path / "nginx.conf"), "-e", str(tmp_path / "error.log")]) as server,
        Ledger.of(house.path) as ledger,
    ):
        try:
            scrub(house.objects, ledger, "here", now=tick)
            wrong = [fault.digest for fault in ledger.faults("here")]
            replica.flip(wrong[-1])
            nginx = {"nginx": RemoteReplica(f"http://127.0.0.1:{port}")}
            wait_for(port)
            done = repair(house.objects, ledger, "here", nginx, now=tick)
            assert (len(done.healed), done.lost, list(done.quarantined)) == (5, wrong[-1:], ["nginx"])
            good = ObjectDirectory(tmp_path / "good")
            for name in NAMES:
                put_programme(good, name)
            done = repair(house.objects, ledger, "here", nginx | {"good": good}, now=tick)
            assert (done.healed, done.lost) == ({wrong[-1]: "good"}, [])
            assert scrub(house.objects, ledger, "here", now=tick).faults == 0
        finally:
            server.terminate()
    with capsys.disabled():
        print(f"\nfrom a plain nginx with one flipped bit: 5 of 6 healed, the sixth from another, {time.monotonic() - began:.1f} s")  # noqa: T201


def wait_for(port: int) -> None:
    end = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < end, "nginx does not answer"
            time.sleep(0.05)
        else:
            return


FILLING = """
import json, sys
from pathlib import Path
from commonhold.kernel.errors import StoreError
from commonhold.store.objects.directory import ObjectDirectory
from tests.drills.test_store_kill import sound
from tests.store.works import put_programme
folder, most, done, code = Path(sys.argv[1]), int(sys.argv[2]), 0, ""
objects = ObjectDirectory(folder)
try:
    for number in range(most):
        put_programme(objects, f"{number:04}" * 60)
        done += 1
except StoreError as error:
    code = error.code
sound(objects)
half = [path for path in (folder / "objects" / ".tmp").iterdir() if path.is_file()]
print(json.dumps({"done": done, "code": code, "half": len(half), "works": len(list(objects.works()))}))
"""


@pytest.mark.drill
@pytest.mark.smoke
def test_a_full_disk_takes_nothing_of_what_is_there(tmp_path: Path) -> None:
    """The put that finds no room says so and leaves nothing half; what is there stays whole, and once there is room, the same put ends well."""

    def fill(small: Disk, most: int) -> dict[str, Any]:
        # Where the disk is, the working folder is another one, and these helpers are not installed.
        here = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
        ran = subprocess.run(small.python(FILLING, small.path, most), capture_output=True, text=True, env=here)
        assert ran.returncode == 0, ran.stderr
        told: dict[str, Any] = json.loads(ran.stdout)
        return told

    with disk(tmp_path, "tmpfs", "16M") as small:
        small.fill(4 << 20)
        told = fill(small, 2000)
        assert told == {"done": told["done"], "code": "store/full", "half": 0, "works": told["done"]}
        assert told["done"] > 0
        small.free()
        assert fill(small, told["done"] + 1) == {"done": told["done"] + 1, "code": "", "half": 0, "works": told["done"] + 1}


@pytest.mark.drill
@pytest.mark.smoke
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_bucket_whose_server_is_killed_catches_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """kill -9 of a real S3 server while works go there: the run says so, and after it is back the next run ends with as many whole copies as are wanted."""
    began = time.monotonic()
    home = ObjectDirectory(tmp_path / "house")
    works = [put_programme(home, f"{name}{number}")[0] for name in NAMES for number in range(8)]
    with serving("localbucket", tmp_path / "s3") as server, Ledger.of(tmp_path / "house") as ledger:
        bucket = server.bucket()
        policy = parse_policy(
            json.dumps(
                {
                    "form": FORM,
                    "places": {"coast": {"at": bucket.address, "operator": "avocet", "capacity": 10**9}},
                    "rules": {"*": {"copies": 1, "operators": 1}},
                }
            ).encode()
        )
        scrub(home, ledger, "here", now=time.time)
        count = 0

        def killing(_count: int) -> None:
            nonlocal count
            count += 1
            if count == 5:
                server.kill()

        first = replicate(home, ledger, queue(policy, home, ledger).short, lambda _name: bucket.objects, now=time.time, told=killing)
        assert first.copies == {"coast": 5}
        assert list(first.left) == ["coast"]
        restart(server)
        second = replicate(home, ledger, queue(policy, home, ledger).short, lambda _name: bucket.objects, now=time.time)
        assert second.copies == {"coast": len(works) - 5}
        assert queue(policy, home, ledger).short == ()
        done = scrub(bucket.objects, ledger, "coast", now=time.time)
        assert (done.faults, done.whole) == (0, len(works))
    with capsys.disabled():
        told = f"a bucket's server killed after 5 of {len(works)} works: all whole after the next run, {time.monotonic() - began:.1f} s"
        print(f"\n{told}")  # noqa: T201


def restart(server: Server) -> None:
    server.start()

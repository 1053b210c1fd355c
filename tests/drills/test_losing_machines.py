"""Losing any machine loses nothing: mirrors of which a byte was flipped, that are gone, lie, drip, fail or fill up, and a house whose disk is gone.

A web server is a real nginx, a partner a real node, whoever restores a process of its own. Each drill says what was lost, and how long it took.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from commonhold.mirror.folder.restore import restore
from commonhold.store.objects.directory import ObjectDirectory
from tests.cli.houses import command, found
from tests.drills.disks import disk
from tests.drills.test_mirror_kill import put_large
from tests.drills.test_store_kill import sound
from tests.mirror.processes import HERE, SECONDS, house_process, node_process
from tests.mirror.test_houselog import Federation
from tests.mirror.test_works_processes import answered
from tests.mirror.towns import Town, tree
from tests.mirror.webs import bent, nginx

pytestmark = [
    pytest.mark.drill,
    pytest.mark.allow_hosts(["127.0.0.1"]),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
]
NOWHERE = "http://127.0.0.1:9"
BOUND = 90.0
"""Seconds within which a restore is over, whatever the servers do."""
RESTORING = """
import dataclasses, json, sys
from pathlib import Path
from commonhold.kernel.errors import CommonholdError
from commonhold.mirror.folder.restore import restore
*places, target = sys.argv[1:]
try:
    done = restore(places, Path(target), grace=0.5)
    told = {"code": "", "whole": done.whole and not done.texts and done.settings, **dataclasses.asdict(done)}
except CommonholdError as error:
    told = {"code": error.code, "next": error.next_step, **error.data}
print(json.dumps(told))
"""


def town(base: Path) -> Town:
    made = Town(base / "house")
    made.put_charter()
    _, parts = made.publish("tide", segments=2)
    made.publish("dune", segments=1)
    made.erase(parts[1])
    made.say("Our studio moves on Monday.")
    return made


def run(*words: object) -> dict[str, Any]:
    """What a process says that restores."""
    paths = [str(Path(__file__).resolve().parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    here = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    ran = subprocess.run([str(word) for word in words], capture_output=True, text=True, env=here, check=False, timeout=2 * BOUND)
    assert ran.stdout, ran.stderr
    told: dict[str, Any] = json.loads(ran.stdout)
    return told


def house_of(mirror: Path) -> dict[str, str]:
    """The digests of what a house has that was made of a mirror: records, objects and site where they were, settings at the top."""
    moved = {name.removeprefix("settings/"): digest for name, digest in tree(mirror).items()}
    return {
        name: digest for name, digest in moved.items() if name not in ("mirror", "files.sha256") and not name.startswith(".well-known/")
    }


@pytest.mark.parametrize("stride", [pytest.param(13, marks=pytest.mark.smoke, id="some"), pytest.param(1, id="every")])
def test_one_flipped_byte_in_any_file_of_any_mirror_loses_nothing(tmp_path: Path, stride: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Three mirrors; each byte that is flipped is in another file, and the mirror that has it is asked first. The house is the same every time."""
    began, flipped = time.monotonic(), 0
    town(tmp_path).build(tmp_path / "mirror")
    mirrors = [tmp_path / name for name in ("a", "b", "c")]
    for mirror in mirrors:
        shutil.copytree(tmp_path / "mirror", mirror)
    names = [name for name in tree(tmp_path / "mirror") if (tmp_path / "mirror" / name).stat().st_size]
    wanted = house_of(tmp_path / "mirror")
    with ExitStack() as stack:
        urls = [stack.enter_context(nginx(mirror, tmp_path / f"nginx-{mirror.name}", log=False))[0] for mirror in mirrors]
        for turn, mirror in enumerate(mirrors):
            for name in names[turn % stride :: stride]:
                path, target = mirror / name, tmp_path / "new"
                raw = path.read_bytes()
                at = int(hashlib.sha256(f"{turn} {name}".encode()).hexdigest(), 16) % len(raw)
                path.chmod(0o644)
                path.write_bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
                done = restore([*urls[turn:], *urls[:turn]], target)
                assert (done.whole, done.texts, done.settings) == (True, [], True), (name, at, done)
                assert tree(target) == wanted, (name, at)
                path.write_bytes(raw)
                shutil.rmtree(target)
                flipped += 1
    with capsys.disabled():
        print(f"\n{flipped} flipped bytes in files of three mirrors: nothing lost, {(time.monotonic() - began) / flipped:.2f} s each")  # noqa: T201


@pytest.mark.smoke
@pytest.mark.parametrize("mood", [500, "lying", "drip", "cut", "endless", 404])
def test_two_of_three_mirrors_fail_and_the_third_is_enough(tmp_path: Path, mood: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """One is gone, one gives its record and fails with every object in its own way, the third is well: all is there, in bounded time."""
    town(tmp_path).build(tmp_path / "mirror")
    way = b"stork" if mood == "lying" else mood
    with (
        bent(tmp_path / "mirror", lambda path: way if path.startswith("/objects/") else None) as bad,
        nginx(tmp_path / "mirror", tmp_path / "nginx", log=False) as (well, _),
    ):
        began = time.monotonic()
        alone = run(sys.executable, "-c", RESTORING, NOWHERE, bad, tmp_path / "alone")
        assert alone["code"] == "restore/incomplete"
        assert alone["works"] or alone["objects"]
        assert not (tmp_path / "alone" / "record").exists()
        done = run(sys.executable, "-c", RESTORING, NOWHERE, bad, well, tmp_path / "new")
        took = time.monotonic() - began
    assert (done["code"], done["whole"], list(done["places"])) == ("", True, [NOWHERE])
    assert tree(tmp_path / "new") == house_of(tmp_path / "mirror")
    assert took < BOUND
    with capsys.disabled():
        print(f"\none mirror gone, one {mood}: nothing lost, {took:.1f} s for both tries")  # noqa: T201


@pytest.mark.parametrize("kind", [pytest.param("gone", marks=pytest.mark.smoke), pytest.param("500", marks=pytest.mark.smoke), "silent"])
def test_two_of_three_mirrors_are_away(tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing answers, or only with errors, or one with a byte now and then: the third is enough."""
    town(tmp_path).build(tmp_path / "mirror")
    with ExitStack() as stack:
        way = {"gone": None, "500": 500, "silent": "drip"}[kind]
        away = [NOWHERE, f"{NOWHERE}/b" if way is None else stack.enter_context(bent(tmp_path, lambda _path: way))]
        well, _ = stack.enter_context(nginx(tmp_path / "mirror", tmp_path / "nginx", log=False))
        began = time.monotonic()
        done = run(sys.executable, "-c", RESTORING, *away, well, tmp_path / "new")
        took = time.monotonic() - began
    assert (done["code"], done["whole"], sorted(done["places"])) == ("", True, sorted(away))
    assert tree(tmp_path / "new") == house_of(tmp_path / "mirror")
    assert took < BOUND
    with capsys.disabled():
        print(f"\ntwo of three mirrors {kind}: nothing lost, {took:.1f} s")  # noqa: T201


@pytest.mark.smoke
def test_a_disk_that_fills_ends_a_restore_and_the_next_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No house is made, it is said what to do, what came is not fetched again, and once there is room the house is whole."""
    made = town(tmp_path)
    for name in "dusk", "reed", "sedge":
        put_large(made, name)
    made.build(tmp_path / "mirror")
    with nginx(tmp_path / "mirror", tmp_path / "nginx") as (url, asked), disk(tmp_path, "tmpfs", "24M") as small:
        small.fill(7 << 20)
        full = run(*small.python(RESTORING, url, small.path / "new"))
        assert full["code"] == "store/full", full
        assert "free some space" in full["next"]
        assert not (small.outside / "new" / "record").exists()
        small.free()
        first = {path for path in asked() if path.startswith("/objects/")}
        began = time.monotonic()
        done = run(*small.python(RESTORING, url, small.path / "new"))
        took = time.monotonic() - began
        second = {path for path in asked() if path.startswith("/objects/")}
        assert (done["code"], done["whole"]) == ("", True)
        assert tree(small.outside / "new") == house_of(tmp_path / "mirror")
        assert 0 < len(second) < len(first | second)
    with capsys.disabled():
        print(f"\na disk that filled: nothing lost, {took:.1f} s once there was room")  # noqa: T201


@contextmanager
def federation(base: Path) -> Iterator[Federation]:
    """A founded house whose log is served, and two partners that keep its works and make its clock."""
    house = found(base / "saltmarsh")
    with ExitStack() as stack:
        log = stack.enter_context(house_process(house.path))
        nodes = {
            name: stack.enter_context(
                node_process("partner", base / name, f"{log.log}={log.url}", "--allow-private", "--capacity", "60M", name=f"{name}.example")
            )
            for name in ("gull", "knot")
        }
        for node in nodes.values():
            assert command("house", "partner", "add", node.url, "--house", house.path, "--json").code == 0
        one = Federation(house, log, nodes)
        one.name_partners(2)
        yield one


def live_and_publish(one: Federation, films: int) -> list[str]:
    """Works, a statement and settings; gives the works' ids, once partners hold them and have signed the last entry."""
    works = []
    for number in range(films):
        film = one.house.base / f"film-{number}.mp4"
        film.write_bytes(hashlib.sha256(b"%d" % number).digest() * (1 << 15))
        files = ("--file", f"master={film}", "--rights", "Made by members.", "--by", "heron")
        added = command("work", "add", "--at", one.house.path, "--kind", "programme", "--title", f"en=Tide {number}", *files, "--json")
        assert added.code == 0, added.said
        works.append(added.json["work"])
        one.do("plover", "propose", "publish", f"work={works[-1]}", "--approve")
    text = one.house.write("statement.md", "Our studio moves on Monday.\n")
    published = one.do("heron", "statement", "publish", text)
    one.do("tern", "approve", published["proposal"]["id"])
    one.log.until(lambda about: all(row["signed"] and row["signed"]["size"] == about["size"] for row in about["partners"]))
    for node in one.nodes.values():
        wait(lambda node=node: (json.loads(node.get(""))["organisations"][0]["works"] or {}).get("held") == films)  # type: ignore[misc] # the default binds this turn's node
    return works


def wait(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 2 * SECONDS
    while not done():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.2)


@pytest.mark.smoke
@pytest.mark.parametrize("left", ["a plain nginx", "a partner"])
def test_the_houses_disk_is_gone_and_one_mirror_is_left(tmp_path: Path, left: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Its folder is deleted while it runs; a member restores with a kit to the last checkpoint that partners cosigned, and the members go on."""
    films = 4
    with federation(tmp_path) as one, ExitStack() as stack:
        works = live_and_publish(one, films)
        about, org = one.log.about(), one.ask("state")["org"]
        kits = {name: shutil.copy(one.house.kit(name), tmp_path) for name in ("heron", "tern", "plover", "curlew")}
        assert command("mirror", "build", tmp_path / "mirror", "--at", one.house.path).code == 0
        wanted = set(ObjectDirectory(tmp_path / "mirror").list())
        place = (
            stack.enter_context(nginx(tmp_path / "mirror", tmp_path / "nginx", log=False))[0] if left != "a partner" else one.mirror("gull")
        )
        gull = one.mirror("gull")
        wait(lambda: all(answered(f"{gull}/objects/{digest[:2]}/{digest[2:]}") == 200 for digest in wanted))
        one.log.process.kill()
        shutil.rmtree(one.house.path)
        if left == "a partner":
            shutil.rmtree(tmp_path / "mirror")
            one.nodes["knot"].process.kill()
        began = time.monotonic()
        done = run(*HERE, "restore", place, tmp_path / "new", "--org", org, "--kit", kits["tern"], "--json")
        restored = time.monotonic() - began
        assert (done["ok"], done["lost"], done["incomplete"], done["texts_nowhere"]) == (True, {}, [], [])
        assert (done["entries"], done["works"]) == (about["size"], films)
        # Whoever gives both signatures vouches for the last entry; a partner has its own, and the other's are in the record.
        assert done["recovery_point"]["entries"] == about["size"] if left != "a partner" else about["clock"]["covers"]
        objects = ObjectDirectory(tmp_path / "new")
        sound(objects)
        assert set(objects.list()) == wanted
        assert set(works) <= set(objects.works())
        made = command("epoch", "succeed", "--unwitnessed", "--approve", "--house", tmp_path / "new", "--kit", kits["tern"], "--json")
        assert made.code == 0, made.said
        for name in ("heron", "plover", "curlew"):
            assert command("approve", made.json["proposal"]["id"], "--house", tmp_path / "new", "--kit", kits[name]).code == 0
        verdict = command("verify", tmp_path / "new", "--org", org, "--json").json["verdict"]
        official = time.monotonic() - began
        assert verdict.startswith("official")
    with capsys.disabled():
        print(  # noqa: T201
            f"\nthe house's disk gone, {left} left: nothing lost, {done['recovery_point']['entries']} of {about['size']} entries cosigned, all came; "
            f"{restored:.1f} s, and {official:.1f} s until the members had decided"
        )

"""A process that writes works into a bucket, killed before and after every request that changes something there, on two real S3 servers."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import pytest

from commonhold.store.objects.bucket import ObjectBucket
from commonhold.store.objects.protocol import Objects
from commonhold.store.objects.works import is_manifest, load_work
from tests.store.buckets import Bucket, serving
from tests.store.works import put_programme

NAMES: Final = ("heron", "tern")
DECISION: Final = "d" * 64
pytestmark = [pytest.mark.allow_hosts(["127.0.0.1"]), pytest.mark.drill]

STORY: Final = """
import json, os, signal, sys
from commonhold.store.objects.bucket import ObjectBucket
from tests.store.works import put_programme

address, step, instant = sys.argv[1], int(sys.argv[2]), sys.argv[3]
count = 0

def deadly(call):
    def called(*args, **more):
        global count
        fatal, count = count == step, count + 1
        if fatal and instant == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        done = call(*args, **more)
        if fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        return done
    return called

bucket = ObjectBucket(address)

class Api:
    put = staticmethod(deadly(bucket._api.put))
    def __getattr__(self, name):
        return getattr(real, name)

real, bucket._api = bucket._api, Api()
bucket._delete = deadly(bucket._delete)

def tell(**fact):
    os.write(1, json.dumps(fact).encode() + b"\\n")

for name in ("heron", "tern"):
    tell(work=put_programme(bucket, name)[0])
stray = bucket.put(b"what has to go")
bucket.erase(stray, "d" * 64)
tell(erased=stray)
tell(changes=count)
"""


def told(bucket: Bucket, step: int = -1, instant: str = "before") -> tuple[int, list[dict[str, str]]]:
    """One life of a process that puts works and erases an object: its exit code, and what it acknowledged."""
    done = subprocess.run(
        [sys.executable, "-c", STORY, bucket.address, str(step), instant],
        capture_output=True, timeout=120, cwd=Path(__file__).resolve().parents[2],
    )  # fmt: skip
    assert done.returncode in (0, -9), done.stderr.decode()
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def sound(objects: Objects) -> None:
    """Everything that lies there is whole, and every manifest has its objects."""
    for digest in objects.list():
        objects.verify(digest)
        if is_manifest(objects, digest):
            for part in load_work(objects, digest).objects():
                assert objects.has(part), f"the manifest {digest} is there without {part}"
    for digest in objects.works():
        assert objects.has(digest)


@pytest.mark.parametrize("stride", [pytest.param(7, marks=pytest.mark.smoke, id="some"), pytest.param(1, id="every")])
@pytest.mark.parametrize("kind", ["localbucket", "moto"])
def test_a_put_into_a_bucket_killed_at_any_request_leaves_whole_objects_or_none(
    tmp_path: Path, kind: str, stride: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was acknowledged is there, what is there is whole, no manifest lies without its objects, and doing it again ends at the same digests."""
    began, lives = time.monotonic(), 0
    with serving(kind, tmp_path / "s3") as server:
        whole = server.bucket()
        code, facts = told(whole)
        assert code == 0
        changes = int(facts[-1]["changes"])
        wanted = [list(found) for found in (whole.objects.list(), whole.objects.works(), whole.objects.erasures())]
        for step, instant in itertools.product(range(0, changes, stride), ("before", "after")):
            bucket = server.bucket()
            code, facts = told(bucket, step, instant)
            assert code == -9, (step, instant)
            objects: ObjectBucket = bucket.objects
            sound(objects)
            for fact in facts:
                assert objects.has(fact["work"]) if "work" in fact else objects.erased(fact["erased"]) == DECISION, fact
            for name in NAMES:
                put_programme(objects, name)
            stray = next(objects.erasures(), "") or objects.put(b"what has to go")
            objects.erase(stray, DECISION)
            sound(objects)
            assert [list(found) for found in (objects.list(), objects.works(), objects.erasures())] == wanted
            lives += 1
    assert lives
    told_so = f"{lives} lives ended by SIGKILL over {changes} requests, nothing lost, {time.monotonic() - began:.0f} s"
    with capsys.disabled():
        print(f"\nput, mark and erase on {kind}: {told_so}")  # noqa: T201

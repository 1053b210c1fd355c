"""`commonhold store` and `commonhold work` as people use them: a house's files in, out, broken, found and healed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from commonhold.store.objects.directory import ObjectDirectory
from tests.attacks import Mutation, attack
from tests.cli.houses import command, found
from tests.store.buckets import serving
from tests.store.places import Folder


def add(house: Path | str, base: Path, name: str) -> str:
    (base / "about.md").write_text(f"About {name}.\n", "utf-8")
    (base / "film.mp4").write_bytes(name.encode() * 5000)
    done = command(
        *(
            "work",
            "add",
            "--at",
            house,
            "--kind",
            "programme",
            "--title",
            f"en={name}",
            "--title",
            "ko=밀물",
            "--text",
            f"en={base / 'about.md'}",
        ),
        *("--file", f"master={base / 'film.mp4'}", "--rights", "Made by members.", "--by", "heron", "--json"),
    )
    assert done.code == 0, done
    return str(done.json["work"])


def ask(*words: object, code: int = 0) -> Any:
    done = command(*words, "--json")
    assert done.code == code, done
    return done.json


def test_files_go_in_and_come_out(tmp_path: Path) -> None:
    """A folder of files is put by digest, listed in order, and each file comes out as it was, never over another."""
    (tmp_path / "in").mkdir()
    for name in ("a", "b"):
        (tmp_path / "in" / name).write_text(name)
    (tmp_path / "in" / "link").symlink_to("/etc/passwd")
    house = tmp_path / "house"
    rows = ask("store", "put", tmp_path / "in", "--at", house)["objects"]
    digests = {hashlib.sha256(name.encode()).hexdigest() for name in ("a", "b")}
    assert {row["digest"] for row in rows} == digests
    listed = command("store", "list", "--at", house, "--json").out
    assert [json.loads(line)["digest"] for line in listed.splitlines()] == sorted(digests)
    assert len(command("store", "list", "--at", house, "--limit", "1").out.splitlines()) == 1
    digest = hashlib.sha256(b"a").hexdigest()
    assert command("store", "get", digest, "--at", house, "-o", tmp_path / "out").code == 0
    assert (tmp_path / "out").read_bytes() == b"a"
    again = command("store", "get", digest, "--at", house, "-o", tmp_path / "out")
    assert (again.code, (tmp_path / "out").read_bytes()) == (2, b"a")
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".part")] == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["put", "nowhere"], "store/absent"),
        (["put", "FILE", "--digest", "A" * 64], "object/digest"),
        (["put", "FILE", "--digest", "a" * 64], "object/altered"),
        (["put", "FILE", "--at", "https://partner.example"], "store/read-only"),
        (["put", "FILE", "--at", "s3://key:secret@bucket"], "store/url"),
        (["scrub", "--place", "nowhere"], "store/no-place"),
        (["repair"], "store/no-replica"),
        (["repair", "--from", "."], "store/no-scrub"),
        (["replicate"], "store/no-policy"),
    ],
)
def test_a_slip_is_told_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], code: str) -> None:
    """Each has its code and its next step, and leaves nothing."""
    monkeypatch.chdir(tmp_path)
    Path("FILE").write_text("x")
    done = command("store", *words, "--json")
    assert (done.code, done.json["code"]) == (1 if code == "object/altered" else 2, code)
    assert done.json["next_step"] or code == "object/digest"
    assert list(ObjectDirectory(tmp_path).list()) == []


@attack(
    "store-11",
    Mutation("src/commonhold/cli/store/moving.py", find="os.link(part, out)", replace="os.rename(part, out)"),
)
def test_a_damaged_object_is_never_written_to_a_file(tmp_path: Path) -> None:
    """The file appears only when all of it was hashed, and never over one that came meanwhile."""
    place = Folder(tmp_path / "house")
    digest = place.objects.put(b"heron" * 100_000)
    out = tmp_path / "out"

    def meanwhile(*_pieces: object) -> None:
        out.write_text("somebody else's")

    from commonhold.cli.store.moving import _write_new
    from commonhold.kernel.errors import StoreError

    def pieces() -> Any:
        yield b"x"
        meanwhile()

    with pytest.raises(StoreError):
        _write_new(out, pieces())
    assert out.read_text() == "somebody else's"
    out.unlink()
    place.flip(digest)
    done = command("store", "get", digest, "--at", place.path, "-o", out, "--json")
    assert (done.code, done.json["code"]) == (1, "object/altered")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["house"]


def test_a_house_is_scrubbed_healed_and_replicated(tmp_path: Path) -> None:
    """The whole story on a real house: a work, a policy, a second copy, a flipped bit, quarantine, and health as data."""
    made = found(tmp_path / "base")
    house = made.path
    work = add(house, tmp_path, "tide")
    assert ask("work", "show", work, "--at", house)["manifest"]["titles"]["ko"] == "밀물"
    assert [row["work"] for row in ask("work", "list", "--house", house)["works"]] == [work]
    coast = tmp_path / "coast"
    places = {name: {"at": str(at), "operator": name, "capacity": 10**9} for name, at in (("here", house), ("coast", coast))}
    (house / "store.json").write_text(
        json.dumps({"form": "commonhold/replicas/v1", "places": places, "rules": {"*": {"copies": 2, "operators": 2}}}, indent=1)
    )
    report = ask("store", "report", "--house", house)
    assert (report["unnamed"], report["works"], report["missing"]) == (0, 1, 0)
    scrubbed = ask("store", "scrub", "--house", house, "--no-polite")
    assert (scrubbed["faults"], scrubbed["whole_works"]) == (0, 1)
    health = ask("store", "health", "--house", house, code=1)
    assert (health["short"], health["queue"][0]["to"]) == (1, ["coast"])
    assert ask("store", "replicate", "--house", house)["copies"] == {"coast": 1}
    assert ask("store", "health", "--house", house)["places"]["coast"]["works"] == 1
    film = hashlib.sha256(b"tide" * 5000).hexdigest()
    Folder(house).flip(film)
    found_bad = ask("store", "scrub", "--house", house, "--no-polite", code=1)
    assert found_bad["found"] == [{"digest": film, "what": "altered"}]
    assert ask("store", "repair", "--house", house)["from"] == {"coast": 1}
    assert ask("store", "scrub", "--house", house, "--no-polite", "--rate", "500")["faults"] == 0
    Folder(coast).flip(film)
    Folder(house).lose(film)
    ask("store", "scrub", "--house", house, "--no-polite", code=1)
    lost = ask("store", "repair", "--house", house, code=1)
    assert (lost["lost"], list(lost["quarantined"])) == ([film], ["coast"])
    assert ask("store", "health", "--house", house, code=1)["places"]["coast"]["quarantine"]["digest"] == film
    for verb in ("scrub --no-polite", "repair", "health", "report", "replicate"):
        told = command("store", *verb.split(), "--house", house)
        assert told.out
        assert "Traceback" not in told.err
    ObjectDirectory(house).put(b"tide" * 5000)
    ObjectDirectory(coast).put(b"tide" * 5000)
    ask("store", "scrub", "--house", house, "--no-polite")
    ask("store", "scrub", "--house", house, "--place", "coast", "--no-polite")
    assert ask("store", "health", "--house", house)["short"] == 0


def test_what_the_record_decides_to_erase_goes_everywhere(tmp_path: Path) -> None:
    """Nothing goes before it is decided; then the bytes go here and at the other places, and no later copy, repair or replica brings them back."""
    made = found(tmp_path / "base")
    house, coast = made.path, tmp_path / "coast"
    work = add(house, tmp_path, "tide")
    film = hashlib.sha256(b"tide" * 5000).hexdigest()
    places = {name: {"at": str(at), "operator": name, "capacity": 10**9} for name, at in (("here", house), ("coast", coast))}
    (house / "store.json").write_text(
        json.dumps({"form": "commonhold/replicas/v1", "places": places, "rules": {"*": {"copies": 2, "operators": 2}}})
    )
    ask("store", "scrub", "--house", house, "--no-polite")
    ask("store", "replicate", "--house", house)
    assert ask("store", "erase", "--house", house) == {"ok": True, "decided": 0, "erased": {}, "left": {}}
    assert ObjectDirectory(house).has(film)
    proposal = made.propose("plover", "erase", f"objects={film}")
    assert ask("store", "erase", "--house", house)["decided"] == 0
    made.approve(proposal, "plover", "tern")
    assert ask("store", "erase", "--house", house)["erased"] == {"here": [film], "coast": [film]}
    for place in (house, coast):
        assert ObjectDirectory(place).erased(film) == proposal
        refused = command("store", "put", tmp_path / "film.mp4", "--at", place, "--json")
        assert (refused.code, refused.json["code"]) == (1, "object/erased")
        got = command("store", "get", film, "--at", place, "-o", tmp_path / "out", "--json")
        assert (got.code, got.json["code"], (tmp_path / "out").exists()) == (1, "object/erased", False)
    assert ask("store", "erase", "--house", house)["erased"] == {}
    assert ask("store", "scrub", "--house", house, "--no-polite")["faults"] == 0
    assert ask("work", "show", work, "--at", house)["work"] == work
    assert film in ask("state", "--house", house)["erasures"]


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_the_same_verbs_use_a_bucket(tmp_path: Path) -> None:
    """A work goes into a bucket of a real S3 server, is shown, listed and fetched from there, and a wrong address is told what to do."""
    (tmp_path / "a").write_text("heron")
    digest = hashlib.sha256(b"heron").hexdigest()
    with serving("localbucket", tmp_path / "s3") as server:
        bucket = server.bucket().address
        assert ask("store", "put", tmp_path / "a", "--at", bucket)["objects"][0]["digest"] == digest
        work = add(bucket, tmp_path, "tide")
        assert ask("work", "show", work, "--at", bucket)["manifest"]["kind"] == "programme"
        assert len(command("store", "list", "--at", bucket).out.splitlines()) == 4
        assert ask("store", "get", digest, "--at", bucket, "-o", tmp_path / "b")["size"] == 5
        missing = command("store", "list", "--at", bucket.replace("saltmarsh", "nobody"), "--json")
    assert (missing.code, missing.json["code"]) == (2, "store/unreachable")
    assert "AWS_ACCESS_KEY_ID" in missing.json["next_step"]

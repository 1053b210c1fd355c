"""`commonhold restore` as people use it on the bad day: the server's folder is gone, one mirror is left, and the organisation goes on from it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from commonhold.store.objects.directory import ObjectDirectory
from commonhold.store.objects.works import load_work
from commonhold.store.reader import StaticReader
from commonhold.store.record import read_record
from tests.cli.houses import EXAMPLE, MEMBERS, House, command, found, refused
from tests.mirror.cosigners import Cosigner
from tests.mirror.webs import nginx
from tests.store.works import put_programme


@pytest.fixture
def house(tmp_path: Path) -> House:
    made = found(tmp_path / "base")
    work, _ = put_programme(ObjectDirectory(made.path), "tide")
    made.by("plover", "approve", made.propose("heron", "publish", f"work={work}"))
    made.statement()
    (made.path / "store.json").write_text('{"form":"commonhold/replicas/v1","places":{},"rules":{"*":{"copies":1,"operators":1}}}')
    assert command("mirror", "build", tmp_path / "mirror", "--at", made.path).code == 0
    return made


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_the_servers_folder_is_deleted_and_the_members_go_on(house: House, tmp_path: Path) -> None:
    """Restored from a plain web server with one member's kit; four of five decide; the new house acts, has the work, and makes a mirror of its own."""
    org = house.ask("state")["org"]
    shutil.rmtree(house.path)
    new = tmp_path / "new"
    with nginx(tmp_path / "mirror", tmp_path / "nginx") as (url, _):
        done = command("restore", url, new, "--org", org, "--kit", house.kit("tern"))
    assert done.code == 0, done.said
    assert "lost         nothing" in done.out
    assert (new / "keys" / "log.key").stat().st_mode & 0o777 == 0o600
    assert (new / "store.json").is_file()
    assert not (new / ".restoring").exists()

    def act(name: str, *words: object) -> object:
        told = command(*words, "--house", new, "--kit", house.kit(name), "--json")
        assert told.code == 0, told.said
        return told.json

    made = command("epoch", "succeed", "--unwitnessed", "--approve", "--house", new, "--kit", house.kit("tern"), "--json")
    assert made.code == 0, made.said
    for name in ("heron", "plover", "curlew"):
        act(name, "approve", made.json["proposal"]["id"])
    text = house.write("news.md", "We are back.\n")
    act("heron", "statement", "publish", text, "--language", "en")
    assert "unwitnessed succession in epoch 1" in command("verify", new).out
    assert "tide" in command("work", "list", "--house", new).out
    again = command("mirror", "build", tmp_path / "mirror-2", "--at", new, "--json")
    assert (again.code, again.json["works"], again.json["signed"]) == (0, 1, True)
    assert command("restore", "--check", tmp_path / "mirror-2", "--org", org).code == 0


def test_partners_and_an_amended_charter_come_along(tmp_path: Path) -> None:
    """The next epoch has the partners that there were, though nobody names them anew; a charter that was changed lacks no text."""
    made = found(tmp_path / "base")
    amend = made.do("heron", "propose", "amend", "--charter", EXAMPLE / "amended")["entry"]
    made.approve(amend, "heron", "tern", "plover", "curlew")
    gull = Cosigner("gull")
    witness = str(gull.signer.verifier)
    policy = made.write("partners.json", json.dumps({"witnesses": {"gull": witness}, "groups": {}, "quorum": "gull"}))
    made.approve(made.do("heron", "propose", "partner", "--payload", policy)["entry"], "heron", "tern", "plover", "curlew")
    assert made.ask("state")["charter"]["version"] == 1
    assert command("mirror", "build", tmp_path / "mirror", "--at", made.path).code == 0
    done = command("restore", tmp_path / "mirror", tmp_path / "new", "--kit", made.kit("tern"), "--json")
    assert done.code == 0, done.said
    assert done.json["texts_nowhere"] == []
    opening = read_record(StaticReader.from_directory(tmp_path / "new" / "record")).outcomes[0].entry
    assert opening is not None
    assert opening.body.policy.witnesses == {"gull": witness}


def test_the_recovery_point_is_the_best_that_any_mirror_shows(house: House, tmp_path: Path) -> None:
    """One mirror has the partner's signature and lacks an object, the other has the object alone: nothing is lost, the signature neither."""
    gull = Cosigner("gull")
    payload = {"witnesses": {"gull": str(gull.signer.verifier)}, "groups": {}, "quorum": "gull"}
    policy = house.write("partners.json", json.dumps(payload))
    house.approve(house.do("heron", "propose", "partner", "--payload", policy)["entry"], "heron", "tern", "plover", "curlew")
    for name in ("mirror", "other"):
        assert command("mirror", "build", tmp_path / name, "--at", house.path).code == 0
    checkpoint = tmp_path / "mirror" / "record" / "checkpoint"
    note = checkpoint.read_bytes()
    checkpoint.write_bytes(note + gull.sign(note))
    work = load_work(ObjectDirectory(tmp_path / "mirror"), next(ObjectDirectory(tmp_path / "mirror").works()))
    digest = next(iter(work.objects()))
    (tmp_path / "mirror" / "objects" / digest[:2] / digest[2:]).unlink()
    done = command("restore", "--check", tmp_path / "mirror", tmp_path / "other", "--json")
    assert (done.code, done.json["lost"]) == (0, {})
    assert done.json["recovery_point"] | {"time": 0} == {"entries": house.size(), "time": 0, "cosigned_by": ["gull"]}


def test_the_drill_takes_no_notice_of_a_kit_in_the_environment(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A member who has named their kit once for all commands tries a restore like anybody else."""
    monkeypatch.setenv("COMMONHOLD_KIT", str(house.kit("tern")))
    assert command("restore", "--check", tmp_path / "mirror", "--json").code == 0


def test_a_text_that_no_mirror_has_fails_the_drill(house: House, tmp_path: Path) -> None:
    """The words of a statement are gone: the drill fails and names them; a house is made all the same, with exit code 1."""
    assert command("restore", "--check", tmp_path / "mirror").code == 0
    proposals = house.read().state.part("proposals").values()
    text = next(proposal.payload["text"] for proposal in proposals if proposal.kind == "statement")
    (tmp_path / "mirror" / "objects" / text[:2] / text[2:]).unlink()
    refused(command("restore", "--check", tmp_path / "mirror"), 2, "1 texts could not be had")
    done = command("restore", tmp_path / "mirror", tmp_path / "new", "--json")
    assert (done.code, done.json["ok"], done.json["texts_nowhere"]) == (1, False, [text])
    assert command("verify", tmp_path / "new").code == 0


def test_the_drill_says_what_would_be_lost_and_leaves_nothing(house: House, tmp_path: Path) -> None:
    """Anybody can run it, without a kit; a mirror that lacks something fails it, with exit code 2, naming it; slips are told."""
    room = tmp_path / "room"
    room.mkdir()
    ok = command("restore", "--check", tmp_path / "mirror", "--within", room, "--json")
    assert (ok.code, ok.json["works"], ok.json["lost"], ok.json["folder"]) == (0, 1, {}, "")
    assert ok.json["entries"] == house.size()
    assert list(room.iterdir()) == []
    work = next(ObjectDirectory(tmp_path / "mirror").works())
    (tmp_path / "mirror" / "objects" / work[:2] / work[2:]).unlink()
    bad = command("restore", "--check", tmp_path / "mirror", "--within", room)
    refused(bad, 2, work)
    assert "lost         1 works" in bad.out
    assert list(room.iterdir()) == []
    assert command("restore", tmp_path / "mirror").code == 2
    assert command("restore", "--check", tmp_path / "mirror", "--kit", house.kit("tern")).code == 2
    refused(command("restore", tmp_path / "mirror", house.path), 2, "is not empty")
    refused(command("restore", tmp_path / "mirror", tmp_path / "new", "--kit", tmp_path / "no.kit"), 2, "no.kit")
    assert not (tmp_path / "new").exists()
    assert len(MEMBERS) == 5

"""`commonhold mirror` as people use it: built from a house, served, copied, checked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from commonhold.store.objects.directory import ObjectDirectory
from tests.cli.houses import command, found, refused
from tests.mirror.webs import nginx
from tests.store.works import put_programme


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_house_is_mirrored_copied_and_verified(tmp_path: Path) -> None:
    """Build, serve, sync, verify; an object that goes missing is named, with exit code 1, and so is a folder that is no mirror."""
    house = found(tmp_path / "base")
    work, parts = put_programme(ObjectDirectory(house.path), "tide")
    house.by("plover", "approve", house.propose("heron", "publish", f"work={work}"))
    house.statement()
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").write_text("<p>Saltmarsh</p>")
    (site / ".htpasswd").write_text("secret")
    mirror, copy = tmp_path / "mirror", tmp_path / "copy"
    built = command("mirror", "build", mirror, "--at", house.path, "--site", site)
    assert built.code == 0, built.said
    assert "1 whole" in built.out
    assert "begin with a dot" in built.out
    org = house.ask("state")["org"]
    with nginx(mirror, tmp_path / "nginx") as (url, _):
        done = command("mirror", "sync", url, copy, "--org", org, "--json")
        assert (done.code, done.json["ok"], done.json["works"], done.json["failures"]) == (0, True, 1, 0), done.said
        assert command("verify", url, "--org", org).code == 0
        assert command("verify", copy, "--org", org, "--json").json["org"] == org
        (mirror / "objects" / parts[1][:2] / parts[1][2:]).unlink()
        new = command("mirror", "sync", url, tmp_path / "new", "--rate", "100", "--jobs", "2")
        assert new.code == 1
        assert parts[1] in new.out
        assert "on paper" in new.err
        bad = command("mirror", "sync", url, house.path)
    refused(bad, 2, "is not empty, and no mirror")
    again = command("mirror", "build", mirror, "--at", house.path, "--json")
    assert (again.code, again.json["objects"]) == (0, 1)
    text = json.dumps(command("mirror", "sync", mirror, tmp_path / "new", "--json").json)
    assert '"ok": true' in text


def test_a_copy_without_keys_says_so(tmp_path: Path) -> None:
    """A mirror without settings and site is built, and the reason is told."""
    house = found(tmp_path / "base")
    (house.path / "keys" / "log.key").unlink()
    done = command("mirror", "build", tmp_path / "mirror", "--at", house.path, "--json")
    assert (done.code, done.json["signed"]) == (0, False)
    assert "no keys/" in done.err
    refused(command("mirror", "build", tmp_path / "other", "--at", tmp_path), 2, "holds no organisation's record")

"""`commonhold export`: everything by and about one member, as they would get it."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import bagit

from commonhold.cli.store.places import entries_of
from commonhold.store.objects.directory import ObjectDirectory
from tests.cli.custodians import sealed
from tests.cli.houses import House, command


def test_a_member_gets_everything_by_and_about_them(house: House, tmp_path: Path) -> None:
    """Entries to the byte, texts with their words, works, shares and the state; a valid bag, and nothing of others' votes on others."""
    sealed(house)
    statement = house.statement()
    (house.base / "film.mp4").write_bytes(b"film" * 1000)
    for by in ("tern", "heron"):
        made = command(
            *(
                "work",
                "add",
                "--at",
                house.path,
                "--kind",
                "programme",
                "--title",
                f"en=By {by}",
                "--file",
                f"master={house.base / 'film.mp4'}",
            ),
            *("--rights", "Made by members.", "--by", by, "--json"),
        )
        assert made.code == 0
    out = tmp_path / "tern"
    said = house.ask("export", "tern", "-o", out)
    logging.disable()
    assert bagit.Bag(str(out)).validate()
    logging.disable(logging.NOTSET)
    about = json.loads((out / "data" / "about.json").read_text())
    assert (said["works"], said["shares"], said["missing"]) == (1, 1, [])
    assert said["texts"] >= 1
    assert any(b"Our studio moves on Monday." in path.read_bytes() for path in (out / "data" / "texts").glob("*.md"))
    raw = list(entries_of(house.path))
    assert all((out / "data" / row["file"]).read_bytes() in raw for row in about["entries"])
    assert {row["why"] for row in about["entries"]} == {"by", "names", "about", "acted-on"}
    assert set(about["state"]["members"]) == {"tern"}
    assert statement in about["state"]["proposals"]
    assert "tern" in (out / "data" / "README.txt").read_text()
    film = next(digest for digest in ObjectDirectory(house.path).list() if ObjectDirectory(house.path).get(digest).startswith(b"filmfilm"))
    path = house.path / "objects" / film[:2] / film[2:]
    path.chmod(0o644)
    path.write_bytes(b"?" + path.read_bytes()[1:])
    damaged = house.ask("export", "tern", "-o", tmp_path / "damaged")
    assert (damaged["entries"], len(damaged["missing"])) == (said["entries"], 1)
    again = command("export", "tern", "-o", out, "--house", house.path, "--json")
    assert (again.code, again.json["code"]) == (2, "store/exists")


def test_whom_nobody_knows_is_told_how_to_look(house: House, tmp_path: Path) -> None:
    """No file is written."""
    done = command("export", "nobody", "-o", tmp_path / "out", "--house", house.path, "--json")
    assert (done.code, done.json["code"]) == (1, "export/no-member")
    assert not (tmp_path / "out").exists()

"""Laws of what goes along into the next epoch: all that the old house has, in little memory, and never what was erased."""

from __future__ import annotations

import hashlib
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

import commonhold.store.fetch  # noqa: F401 - before a test without sockets is the first to import it
from commonhold.store.objects.directory import ObjectDirectory
from tests.attacks import Mutation, attack
from tests.cli.houses import House, command, found
from tests.cli.test_store import add, ask
from tests.mirror.processes import house_process, web_server

BRINGING = "src/commonhold/store/bringing.py"
FILM = 40 << 20


def opened(house: House, folder: Path, place: object = "") -> Any:
    done = command("epoch", "open", folder, "--from", place or house.path, "--kit", house.kit("tern"), "--json")
    assert done.code == 0, done.said
    return done.json


def publish(house: House, work: str) -> None:
    house.approve(house.propose("plover", "publish", f"work={work}"), "plover")


def everything(place: Path) -> set[str]:
    return set(ObjectDirectory(place).list())


def test_a_house_with_a_film_goes_on_in_little_memory(tmp_path: Path) -> None:
    """Works and drafts come along, objects first, without any of them ever being in memory whole."""
    house = found(tmp_path / "base")
    film = tmp_path / "film"
    with film.open("wb") as file:
        for number in range(FILM >> 20):
            file.write(hashlib.sha256(b"%d" % number).digest() * (1 << 15))
    added = command(
        "work",
        "add",
        "--at",
        house.path,
        "--kind",
        "programme",
        "--title",
        "en=Tide",
        "--file",
        f"master={film}",
        "--rights",
        "Ours.",
        "--by",
        "heron",
        "--json",
    )
    draft = ObjectDirectory(house.path).put(b"a draft")
    tracemalloc.start()
    try:
        told = opened(house, tmp_path / "next")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < FILM // 2, f"{most} bytes"
    assert (told["works"], told["left"]) == (1, {})
    assert everything(tmp_path / "next") == everything(house.path)
    assert list(ObjectDirectory(tmp_path / "next").works()) == [added.json["work"]]
    assert ObjectDirectory(tmp_path / "next").has(draft)
    assert ask("store", "scrub", "--house", tmp_path / "next", "--no-polite")["whole_works"] == 1


@attack(
    "store-06",
    Mutation(
        BRINGING, find="            if digest != marked and digest not in gone and into", replace="            if digest != marked and into"
    ),
    Mutation(BRINGING, find="            if digest in gone:\n                continue\n", replace=""),
    Mutation(BRINGING, find="        if work not in gone:\n            done.works", replace="        if work:\n            done.works"),
)
def test_what_was_decided_to_go_does_not_come_along(tmp_path: Path) -> None:
    """Also where the old house's keeper has not let go of it yet: an epoch is no way back for a file, a manifest or a text."""
    house = found(tmp_path / "base")
    house.statement()
    objects = ObjectDirectory(house.path)
    work, other = add(house.path, tmp_path, "tide"), add(house.path, tmp_path, "ebb")
    film = hashlib.sha256(b"tide" * 5000).hexdigest()
    publish(house, work)
    text = next(iter(house.ask("state")["statements"]))
    assert all(objects.has(digest) for digest in (film, other, text))
    house.approve(house.propose("plover", "erase", f"objects={film},{other},{text}"), "plover", "tern")
    told = opened(house, tmp_path / "next")
    assert everything(tmp_path / "next") == everything(house.path) - {film, other, text}
    assert (told["works"], told["left"]) == (1, {}), "nothing is lacking of a work of which something was erased"


def test_what_is_damaged_in_the_old_house_is_said_and_brought_later(tmp_path: Path) -> None:
    """The epoch is open all the same; `work take` brings the work from whoever has it whole, and goes on where it was stopped."""
    house = found(tmp_path / "base")
    work, sound = add(house.path, tmp_path, "tide"), add(house.path, tmp_path, "ebb")
    for each in (work, sound):
        publish(house, each)
    copy = house.copy(tmp_path / "copy")
    film = hashlib.sha256(b"tide" * 5000).hexdigest()
    (house.path / "objects" / film[:2] / film[2:]).write_bytes(b"spoilt")
    told = opened(house, tmp_path / "next")
    assert told["works"] == 1
    assert set(told["left"]) == {work, film}
    again = command("work", "take", "--house", tmp_path / "next", "--from", house.path, "--json")
    assert (again.code, set(again.json["left"])) == (1, {work})
    assert ask("work", "take", "--house", tmp_path / "next", "--from", copy.path) == {"ok": True, "works": 2, "left": {}}
    assert ObjectDirectory(tmp_path / "next").has(film)
    assert list(ObjectDirectory(tmp_path / "next").works()) == sorted([work, sound])


@pytest.mark.slow
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_published_works_come_along_from_an_address(tmp_path: Path) -> None:
    """From a house's log or any web server over its folder: what was published, and not the drafts; and if nobody serves works, the epoch is open all the same."""
    house = found(tmp_path / "base")
    work, draft = add(house.path, tmp_path, "tide"), add(house.path, tmp_path, "ebb")
    publish(house, work)
    with house_process(house.path) as log:
        told = opened(house, tmp_path / "next", log.url)
        assert (told["works"], told["left"]) == (1, {})
        assert list(ObjectDirectory(tmp_path / "next").works()) == [work]
        assert draft not in everything(tmp_path / "next")
    with web_server(house.record) as url:
        told = opened(house, tmp_path / "bare", url)
        assert (told["works"], list(told["left"])) == (0, [work])
        shown = command("work", "take", "--house", tmp_path / "bare", "--from", url)
        assert (shown.code, work in shown.out) == (1, True)

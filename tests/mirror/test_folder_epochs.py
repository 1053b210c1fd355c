"""Laws of mirrors and epochs: a later one takes the place of the earlier only if the members decided it, in one step, and loses nothing."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from commonhold.kernel.errors import ProofError, RuleError
from commonhold.mirror.folder import logs
from commonhold.mirror.folder.build import build
from commonhold.mirror.folder.sync import sync
from commonhold.store.reader import StaticReader
from commonhold.store.record import Record, read_record
from commonhold.testing.house import MemoryHouse
from tests.attacks import Mutation, attack
from tests.kernel.record.helpers import FLOCK, Club
from tests.kernel.record.test_history import moved
from tests.kernel.record.test_succession import opened
from tests.mirror.towns import NOW, Town, tree
from tests.store.houses import log_seed

HEADS = "src/commonhold/mirror/folder/heads.py"


def next_house(made: MemoryHouse, old: MemoryHouse, path: Path, size: int | None = None) -> Path:
    """The folder of a later epoch's house, with the log before it as it was at *size*."""
    assert made.start is not None
    with Record.open_epoch(path, made.start, made.leaves[0], log_seed(made), [old.held(size=size)], lambda _objects: None) as record:
        for leaf in made.leaves[1:]:
            record.submit(leaf)
    return path


def mirrored(house: Path, target: Path) -> Path:
    build(house, target, None, now=lambda: NOW)
    return target


def origin(mirror: Path) -> str:
    return (mirror / "record" / "checkpoint").read_text().split("\n")[0]


@attack("mirror-undecided-epoch", Mutation(HEADS, find='    if state.epoch and state.phase != "running":', replace="    if state is None:"))
def test_an_epoch_that_nobody_decided_takes_nothings_place(tmp_path: Path) -> None:
    """Any member can open one; until the members have decided to live there a mirror stays where it is, and a new one is not begun."""
    club = Club(clocked=True)
    Town(tmp_path / "old", club)
    mirror = mirrored(tmp_path / "old", tmp_path / "mirror")
    copy = tmp_path / "copy"
    sync(str(mirror), copy)
    before = tree(copy)
    alone = next_house(opened(club, FLOCK[0]), club, tmp_path / "alone")
    for target in (copy, tmp_path / "new"):
        with pytest.raises(RuleError) as refused:
            sync(str(alone), target)
        assert refused.value.code == "mirror/undecided"
    assert tree(copy) == before
    with pytest.raises(RuleError):
        mirrored(alone, copy)
    assert tree(copy) == before


@pytest.mark.parametrize("system", ["swaps", "does not"])
def test_a_later_epoch_takes_the_place_of_the_earlier_and_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: str) -> None:
    """The record that the members live in is the one that is served; of the log before, the longer copy stays; and there is no way back."""
    if system == "does not":
        monkeypatch.setattr(logs, "_swap", lambda *_paths: False)
    club = Club(clocked=True)
    town = Town(tmp_path / "old", club)
    house = moved(club, *FLOCK[:3])
    branch = club.tree.size
    # The old log goes on; this mirror holds more of it than the new record took along.
    club.decide("channel", {"op": "add", "address": "https://club.example/late"}, "heron")
    town.settle()
    mirror = mirrored(tmp_path / "old", tmp_path / "mirror")
    copy = tmp_path / "copy"
    sync(str(mirror), copy)
    new = next_house(house, club, tmp_path / "new-house", branch)
    sync(str(new), copy)
    assert origin(copy) == house.state.origin
    read = read_record(StaticReader.from_directory(copy / "record"), org=club.org)
    assert (read.state.epoch, read.tree.root()) == (1, house.tree.root())
    earlier = (copy / "record" / "epochs" / "0" / "checkpoint").read_text().split("\n")
    assert int(earlier[1]) == club.tree.size > branch
    assert not (copy / ".mirror" / "record.next").exists()
    assert not (copy / ".mirror" / "record.last").exists()
    before = tree(copy)
    with pytest.raises(RuleError) as back:
        sync(str(mirror), copy)
    assert (back.value.code, tree(copy)) == ("mirror/earlier-epoch", before)
    # It grows, is built, and comes again from its own mirror, which a new copy can begin with.
    house.decide("channel", {"op": "add", "address": "https://club.example/new"}, "heron")
    with Record.open(new) as record:
        for leaf in house.leaves[record.tree.size :]:
            record.submit(leaf)
    mirrored(new, mirror)
    done = sync(str(mirror), copy)
    assert (done.epoch, done.size) == (1, house.tree.size)
    sync(str(mirror), tmp_path / "fresh")
    assert origin(tmp_path / "fresh") == house.state.origin


@attack("mirror-undecided-epoch", Mutation(HEADS, find="    if offered.key.name != held.key.name:", replace="    if held is None:"))
def test_of_two_epochs_of_one_number_the_one_that_is_held_stays(tmp_path: Path) -> None:
    """Which of them stands is not for a mirror to say; and a later epoch that rests on another log than the one held is no successor."""
    club = Club(clocked=True)
    one = next_house(moved(club, *FLOCK[:3]), club, tmp_path / "one")
    other = next_house(moved(club, *FLOCK[2:], seed="rival"), club, tmp_path / "other")
    sync(str(one), tmp_path / "copy")
    before = tree(tmp_path / "copy")
    with pytest.raises(ProofError) as refused:
        sync(str(other), tmp_path / "copy")
    assert (refused.value.code, tree(tmp_path / "copy")) == ("mirror/other-log", before)


def test_a_swap_that_died_in_the_middle_is_settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system cannot exchange two folders there is a moment without a record; the next run ends it, whichever it is."""
    club = Club(clocked=True)
    Town(tmp_path / "old", club)
    house = moved(club, *FLOCK[:3])
    new = next_house(house, club, tmp_path / "new-house")
    copy = tmp_path / "copy"
    sync(str(mirrored(tmp_path / "old", tmp_path / "mirror")), copy)
    monkeypatch.setattr(logs, "_swap", lambda *_paths: False)
    rename, count = logs.os.rename, itertools.count()

    def dies(*paths: object) -> None:
        if str(paths[0]).endswith("record.next") and next(count) == 0:
            raise KeyboardInterrupt
        rename(*paths)  # type: ignore[arg-type] # as it was called

    monkeypatch.setattr(logs.os, "rename", dies)
    with pytest.raises(KeyboardInterrupt):
        sync(str(new), copy)
    assert not (copy / "record").exists()
    sync(str(new), copy)
    assert origin(copy) == house.state.origin

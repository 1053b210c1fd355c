"""Laws about going on in another log from the command line: who can, what it takes, and what readers are told of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.houses import MEMBERS, TEXT, Done, House, command, found, refused


def in_folder(folder: Path, house: House, name: str, *arguments: object) -> Done:
    """A command of a member on the folder of another epoch."""
    return command(*arguments, "--house", folder, "--kit", house.kit(name))


def opened(house: House, folder: Path, name: str = "tern", *arguments: object) -> Path:
    done = command("epoch", "open", folder, "--from", house.path, "--kit", house.kit(name), *arguments)
    assert done.code == 0, done.said
    return folder


def moved(house: House, folder: Path, *names: str) -> Path:
    """The next epoch, decided by these members."""
    opened(house, folder, names[0])
    made = in_folder(folder, house, names[0], "epoch", "succeed", "--unwitnessed", "--approve", "--json")
    assert made.code == 0, made.said
    for name in names[1:]:
        done = in_folder(folder, house, name, "approve", made.json["proposal"]["id"])
        assert done.code == 0, done.said
    return folder


def org(house: House) -> str:
    answer: str = house.ask("state")["org"]
    return answer


def test_four_of_five_go_on_in_another_folder_and_readers_are_told(house: House, tmp_path: Path) -> None:
    """Three are not enough without witnesses; with four the old log is struck, and every verdict names the unwitnessed step."""
    statement = house.write("s.md", TEXT)
    assert house.by("heron", "statement", "publish", statement, "--language", "en").code == 0
    three = moved(house, tmp_path / "three", *MEMBERS[:3])
    answer = command("epoch", "show", org(house), house.path, three, "--json")
    assert (answer.code, answer.json["verdict"]) == (0, "official-unwitnessed")
    assert [each["epoch"] for each in answer.json["line"]] == [0]
    assert [each["code"] for each in answer.json["passed_over"].values()] == ["history/not-decided"]
    assert command("verify", three).code == 1
    four = moved(house, tmp_path / "four", *MEMBERS[:4])
    assert "unwitnessed succession in epoch 1" in command("verify", four).out
    alone = command("verify", house.path)
    assert alone.code == 0, "whoever looks at the old log alone is told what it says"
    both = command("verify", house.path, "--also", four, "--also", three)
    assert both.code == 1
    assert "struck since entry" in both.out
    assert "the organisation is now in epoch 1" in both.out
    told = command("verify", four, "--also", house.path, "--json").json
    assert told["verdict"] == "official-unwitnessed"
    assert [each["epoch"] for each in told["history"]["line"]] == [0, 1]


def test_the_next_epoch_is_a_house_like_any_other(house: House, tmp_path: Path) -> None:
    """It lists, decides, opens again and goes on once more; its folder holds the logs before it, and proves nothing alone."""
    first = moved(house, tmp_path / "first", *MEMBERS[:4])
    text = house.write("s.md", TEXT)
    made = in_folder(first, house, "heron", "statement", "publish", text, "--language", "en", "--json")
    assert made.code == 0, made.said
    assert in_folder(first, house, "tern", "approve", made.json["proposal"]["id"]).code == 0
    listed = command("log", "--house", first)
    assert "tern opens this epoch" not in listed.out
    assert "heron opens this epoch, after entry 5 of commonhold/" in listed.out
    assert "go on in this epoch, without a witness" in listed.out
    assert command("verify", first, "--text", text).code == 0
    refused(command("prove", made.json["entry"], "--house", first, "--out", tmp_path / "p"), 2, "epoch 1")
    refused(command("custody", "dossier", "page", "--record", first, "--out", tmp_path / "d"), 2, "epoch 1")
    copy = tmp_path / "copy"
    shutil.copytree(first, copy, ignore=shutil.ignore_patterns("keys"))
    done = command("epoch", "open", tmp_path / "second", "--from", copy, "--kit", house.kit("plover"))
    assert done.code == 0, done.said
    assert "epoch        2" in done.out
    lived = command("epoch", "show", org(house), tmp_path / "second", "--json").json
    assert [each["epoch"] for each in lived["line"]] == [0, 1], "one folder holds all logs before it"


def test_two_epochs_that_the_same_members_signed_are_a_contradiction(house: House, tmp_path: Path) -> None:
    """Nobody guesses a winner, and whoever asks is told of both."""
    left, right = moved(house, tmp_path / "left", *MEMBERS[:4]), moved(house, tmp_path / "right", *MEMBERS[1:])
    answer = command("epoch", "show", org(house), left, right)
    assert answer.code == 1
    assert "contradictory" in answer.out
    assert answer.out.count("excludes  ") == 2


def test_a_place_that_cannot_be_read_takes_nothing_from_the_others(house: House, tmp_path: Path) -> None:
    """It is named and skipped; if no place has the first log, nothing can be said."""
    gone = tmp_path / "gone"
    answer = command("epoch", "show", org(house), gone, house.path)
    assert answer.code == 0
    assert f"{gone} says nothing" in answer.err
    refused(command("epoch", "show", org(house), gone), 1, "none of the 0 logs")
    refused(command("epoch", "show", "ab" * 32, house.path), 1, "none of the 1 logs")


def test_what_an_epoch_cannot_begin_with_leaves_no_folder(house: House, tmp_path: Path) -> None:
    """A stranger's kit, a place that the log does not have, a policy that is none and a folder that is in use are refused."""
    assert command("key", "new", "ruff", "-o", house.kit("ruff")).code == 0
    nowhere = tmp_path / "nowhere"
    policy = house.write("p.json", "[]")
    for arguments, code, words in (
        (("--kit", house.kit("ruff")), 1, "not enrolled"),
        (("--kit", house.kit("tern"), "--at", 99), 1, "99"),
        (("--kit", house.kit("tern"), "--at", 3), 1, "epoch 0 is founding"),
    ):
        refused(command("epoch", "open", nowhere, "--from", house.path, *arguments), code, words)
        assert not nowhere.exists()
    assert command("epoch", "open", nowhere, "--from", house.path, "--kit", house.kit("tern"), "--partners", policy).code == 2
    assert not nowhere.exists()
    refused(command("epoch", "open", house.path, "--from", house.path, "--kit", house.kit("tern")), 2, "already")
    refused(in_folder(house.path, house, "tern", "epoch", "succeed"), 1, "first log")


@pytest.mark.parametrize("damage", ["root", "gone", "shorter"])
def test_an_epoch_whose_past_was_altered_is_not_believed(house: House, tmp_path: Path, damage: str) -> None:
    """Its folder keeps the logs that it rests on, and whoever changes those changes what it is."""
    folder = moved(house, tmp_path / "next", *MEMBERS[:4])
    past = folder / "record" / "epochs" / "0"
    if damage == "gone":
        shutil.rmtree(past)
    elif damage == "root":
        other = found(tmp_path / "another")
        shutil.rmtree(past)
        shutil.copytree(other.record, past)
    else:
        (past / "checkpoint").write_text((past / "checkpoint").read_text().replace("\n6\n", "\n5\n", 1))
    refused(command("verify", folder), 1 if damage == "root" else 2)

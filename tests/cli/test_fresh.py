"""Laws of asking partners how fresh a record is: what each says is told, and the answer follows the policy and not the server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from commonhold.kernel.notes import append_signatures, parse_note
from tests.attacks import Mutation, attack
from tests.cli.houses import Done, House, command, found
from tests.mirror.cosigners import Cosigner, cosigners, name_partners

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


@pytest.fixture
def house(tmp_path: Path) -> House:
    return found(tmp_path / "saltmarsh")


@pytest.fixture
def partners(house: House) -> Iterator[dict[str, Cosigner]]:
    """Two partners of three make the clock, which has begun."""
    with cosigners("gull", "knot", "crow") as partners:
        name_partners(house, partners, 2)
        house.ask("house", "partner", "ask")
        yield partners


def hold(house: House, *partners: Cosigner, ahead: int = 0) -> None:
    """Let partners hold the record as it is in *house* now, with their own signature."""
    note = (house.record / "checkpoint").read_bytes()
    text = parse_note(note).text
    bare = note[: len(text.encode()) + 1] + note[len(text.encode()) + 1 :].splitlines(keepends=True)[0]
    for one in partners:
        one.held = append_signatures(bare, parse_note(bare + one.sign(bare, ahead)).signatures[-1])


def verify(place: Path, partners: dict[str, Cosigner]) -> Done:
    return command("verify", place, *(part for one in partners.values() for part in ("--partner", one.url)), "--json")


def test_enough_partners_behind_exactly_this_make_it_official(house: House, partners: dict[str, Cosigner]) -> None:
    """Two of three stand behind it: official, and it is told who, and what is wrong with the third."""
    hold(house, partners["gull"], partners["knot"])
    told = verify(house.path, partners)
    assert (told.code, told.json["verdict"]) == (0, "official")
    says = {row["url"]: row["says"] for row in told.json["partners"]}
    assert "stands behind exactly this" in says[partners["gull"].url]
    assert "404" in says[partners["crow"].url]


@attack(
    "house-frozen-copy",
    Mutation(
        "src/commonhold/cli/fresh.py",
        find="            answers.vouching.pop(name, None)",
        replace="            continue",
    ),
)
def test_a_server_that_shows_yesterdays_record_is_found_out(house: House, partners: dict[str, Cosigner], tmp_path: Path) -> None:
    """The partners hold more than the server shows: stale, whatever fresh signatures stand under the old checkpoint."""
    frozen = house.copy(tmp_path / "frozen")
    house.do("heron", "propose", "channel", "op=add", "address=https://a.example")
    hold(house, *partners.values())
    told = verify(frozen.path, partners)
    assert (told.code, told.json["verdict"]) == (1, "stale")
    assert "more than there are here" in told.json["partners"][0]["says"]


def test_partners_behind_another_history_make_it_contradictory(house: House, partners: dict[str, Cosigner], tmp_path: Path) -> None:
    """A log that showed its partners another history than this one is told as that."""
    other = house.copy(tmp_path / "other")
    for one in partners.values():
        one.mood = "dead"
    house.do("heron", "propose", "channel", "op=add", "address=https://a.example")
    other.do("heron", "propose", "channel", "op=add", "address=https://b.example")
    hold(other, *partners.values())
    told = verify(house.path, partners)
    assert (told.code, told.json["verdict"]) == (1, "contradictory")
    assert "another history" in told.json["partners"][0]["says"]


def test_one_partner_of_two_makes_nothing_fresh(house: House, partners: dict[str, Cosigner]) -> None:
    """Fewer than the policy asks for, a forged answer and an old one: official as of its clock, and no fresher."""
    (house.record / "checkpoint").write_bytes(bare_note(house))
    hold(house, partners["gull"])
    partners["knot"].held = b"no note at all"
    hold(house, partners["crow"], ahead=-7200)
    told = verify(house.path, partners)
    assert (told.code, told.json["verdict"]) == (0, "official-freshness-unknown")
    assert "says nothing that counts" in {row["url"]: row["says"] for row in told.json["partners"]}[partners["knot"].url]


def bare_note(house: House) -> bytes:
    """The checkpoint without partners' signatures, as an older server would have published it."""
    note = (house.record / "checkpoint").read_bytes()
    head = len(parse_note(note).text.encode()) + 1
    return note[:head] + note[head:].splitlines(keepends=True)[0]


def test_a_partner_that_is_away_is_said(house: House, partners: dict[str, Cosigner]) -> None:
    """The others are enough, and it is told whom nobody could reach."""
    hold(house, partners["gull"], partners["knot"])
    places = (partners["gull"].url, f"{partners['knot'].url}/mirror/{'a' * 64}", "http://127.0.0.1:1")
    told = command("verify", house.path, *(part for url in places for part in ("--partner", url)), "--json")
    assert told.json["verdict"] == "official"
    assert (told.json["partners"][2]["signed"], "cannot reach" in told.json["partners"][2]["says"]) == ({}, True)
    words = command("verify", house.path, "--partner", partners["gull"].url)
    assert f"partner      {partners['gull'].url}: gull stands behind exactly this" in words.out


def test_a_proof_file_has_no_partners_to_ask(house: House) -> None:
    """It is as old as it is."""
    done = command("verify", house.prove(0), "--partner", "https://gull.example", "--json")
    assert (done.code, done.json["code"]) == (2, "usage")

"""Small proofs as people meet them: pins, proofs and their verdicts on the command line, from two partner nodes as real processes."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from commonhold.kernel.canonical import canonical_bytes
from tests.cli.houses import Done, command, refused
from tests.mirror.test_houselog import Federation, federation

pytestmark = [pytest.mark.allow_hosts(["127.0.0.1"]), pytest.mark.slow]

TEXT = "Our studio moves on Monday.\n"
ADDRESS = "https://saltmarsh.example/"


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    """A house with two partners, both of whom its members asked for, an official statement and a channel that was struck."""
    with federation(tmp_path_factory.mktemp("briefs")) as one:
        one.name_partners(2)
        text = one.house.write("statement.md", TEXT)
        statement = one.do("heron", "statement", "publish", text)["proposal"]["id"]
        one.do("tern", "approve", statement)
        for op in ("add", "strike"):
            channel = one.do("heron", "propose", "channel", f"op={op}", f"address={ADDRESS}", "--approve")["proposal"]["id"]
            one.do("tern", "approve", channel)
        one.house.write("statement.id", statement)
        pinned = command("pin", one.log.url, one.mirror("gull"), one.mirror("knot"), "-o", one.house.base / "pin", "--json")
        assert pinned.code == 0, pinned.said
        assert pinned.json["validators"] == ["gull", "knot"]
        assert pinned.json["urls"] == [one.mirror("gull"), one.mirror("knot")]
        yield one


def pin(one: Federation) -> Path:
    return one.house.base / "pin"


def statement(one: Federation) -> str:
    return (one.house.base / "statement.id").read_text("utf-8")


def prove(one: Federation, what: str, name: str, *more: object) -> Done:
    partners = [part for node in one.nodes.values() for part in ("--partner", node.url)]
    return command("prove", what, "-o", one.house.base / name, *partners, "--house", one.log.url, "--json", *more)


def test_a_statement_is_proved_by_two_partners_and_checked_offline(one: Federation) -> None:
    """`prove --partner` puts their answers together with the text; `verify --pin` says official, on whose word, and compares a text."""
    done = prove(one, statement(one), "statement.brief")
    assert done.code == 0, done.said
    assert done.json["partners"] == ["gull", "knot"]
    assert done.json["bytes"] < 8_000
    file = one.house.base / "statement.brief"
    told = command("verify", file, "--pin", pin(one), "--json")
    assert (told.code, told.json["verdict"], told.json["rests_on"]) == (0, "official", "replayed by 2 partners (gull, knot)")
    assert told.json["text"] == TEXT
    assert told.json["entry"]["by"] == "heron"
    same = command("verify", file, "--pin", pin(one), "--text", one.house.write("same.md", TEXT))
    assert (same.code, "is the text that this proof is about" in same.out) == (0, True)
    other = command("verify", file, "--pin", pin(one), "--text", one.house.write("other.md", "We have a new chair.\n"))
    refused(other, 1, "is not the text")


def test_a_channel_that_was_struck_and_one_that_never_was(one: Federation) -> None:
    """A key of the state is asked for as PART/KEY; the pin's own addresses will do."""
    done = command("prove", f"channels/{ADDRESS}", "-o", one.house.base / "channel.brief", "--pin", pin(one), "--json")
    assert done.code == 0, done.said
    told = command("verify", one.house.base / "channel.brief", "--pin", pin(one), "--json")
    assert (told.code, told.json["verdict"]) == (1, "struck")
    assert told.json["words"].startswith("struck since entry ")
    assert prove(one, "channels/https://false.example/", "absent.brief").code == 0
    told = command("verify", one.house.base / "absent.brief", "--pin", pin(one))
    assert (told.code, "not official: the record never decided this" in told.out) == (1, True)


def test_a_proof_of_absence_says_that_it_is_about_one_spelling(one: Federation) -> None:
    """A short number is looked up in the record, or refused: never asked of partners, who would prove that nothing has that name."""
    whole, file = statement(one), one.house.base / "short.brief"
    asking = ["prove", f"proposals/{whole[:8]}", "-o", file, "--pin", pin(one), "--house"]
    refused(command(*asking, one.house.base / "no"), 2, "64 digits")
    assert command(*asking, one.log.url).code == 0
    assert command("verify", file, "--pin", pin(one)).code == 0
    done = command("prove", f"channels/{ADDRESS[:-1]}", "-o", one.house.base / "other.brief", "--pin", pin(one))
    assert done.code == 0, done.said
    assert f"nothing under exactly channels/{ADDRESS[:-1]}" in done.err
    assert "spelt exactly so" in command("verify", one.house.base / "other.brief", "--pin", pin(one)).out


def test_a_file_that_is_not_there_is_not_just_called_not_official(one: Federation) -> None:
    """A slip in a file's name looks like an address, and the answer says that it was taken for one."""
    done = command("check", "statment.txt", "--partner", one.nodes["gull"].url)
    assert (done.code, "no file statment.txt here" in done.err) == (1, True)


def test_a_partner_is_no_house_and_the_answer_says_what_is(one: Federation) -> None:
    """Who acts at a partner's bare address, or takes the organisation's id for the log's hash, is told where the record is."""
    url = one.nodes["gull"].url
    for place in (url, f"{url}/mirror/{'0' * 64}"):
        refused(command("status", "--house", place), 2, "there is no record at", "/mirror/HASH")


def test_a_pin_says_whose_word_is_taken(one: Federation) -> None:
    """Without one nothing is said; the six words are the same wherever it is made; a file that is none is named."""
    prove(one, "0", "founding.brief")
    file = one.house.base / "founding.brief"
    refused(command("verify", file), 2, "only a pin says whose word you take")
    assert command("verify", file, "--pin", pin(one)).code == 0
    again = command("pin", one.nodes["gull"].url, "-o", one.house.base / "again", "--json")
    assert again.code == 0, again.said
    other = {**json.loads(pin(one).read_bytes()), "urls": []}
    assert json.loads((one.house.base / "again").read_bytes()) == {**other, "urls": [one.mirror("gull")]}
    words = command("verify", file, "--pin", one.house.base / "again", "--json").json["pin"]
    assert again.json["words"] == words
    refused(command("verify", file, "--pin", one.house.base / "statement.md"), 2, "the pin is not JSON")
    refused(command("verify", file, "--pin", pin(one), "--org", "0" * 64), 1, "is the pin of")


def test_one_partner_alone_proves_nothing(one: Federation) -> None:
    """The policy asks for two, so one partner's answer is no proof, and whoever asks is told to ask the other."""
    done = command("prove", statement(one), "-o", one.house.base / "alone.brief", "--partner", one.nodes["gull"].url, "--json")
    assert (done.code, done.json["code"]) == (1, "brief/validators")
    assert "other partners" in done.json["next_step"]
    assert not (one.house.base / "alone.brief").exists()


def test_what_cannot_be_proved_is_said(one: Federation) -> None:
    """An entry that is not there, a partner that is none, a question that is none."""
    for entry in ("9999", "f" * 64):
        done = prove(one, entry, "x")
        assert (done.code, done.json["code"]) == (1, "entry/absent")
    done = command("prove", "0", "-o", one.house.base / "x", "--partner", one.log.url)
    assert (done.code, "partner" in done.said) == (2, True)
    refused(
        command("prove", "abcd", "-o", one.house.base / "x", "--partner", one.nodes["gull"].url, "--house", one.house.base / "no"),
        2,
        "64 digits",
    )


def test_a_brief_proof_that_was_altered_is_refused(one: Federation) -> None:
    """Any other value, and any other organisation's pin, ends in a no."""
    prove(one, f"channels/{ADDRESS}", "altered.brief")
    file = one.house.base / "altered.brief"
    value = json.loads(file.read_bytes())
    [leaf] = value["values"][0]["leaves"]
    stands = base64.b64decode(leaf["leaf"]).replace(b"struck", b"stands")
    leaf["leaf"] = base64.b64encode(stands).decode()
    file.write_bytes(canonical_bytes(value))
    done = command("verify", file, "--pin", pin(one), "--json")
    assert (done.code, done.json["code"]) == (1, "proof/root")

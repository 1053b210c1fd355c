"""Laws about what a new user meets: a slip of the hand is caught before it counts, and every answer says what to do with it."""

from __future__ import annotations

import io
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from commonhold.cli.describing import MAX_OPENING, Openings, first_line
from commonhold.cli.output import printable
from commonhold.cli.words import proposal_words
from commonhold.kernel.errors import StoreError
from commonhold.store.record import Record
from tests.cli.houses import EXAMPLE, MEMBERS, TEXT, House, command, refused


class Terminal(io.StringIO):
    """A keyboard at which somebody sits."""

    def isatty(self) -> bool:
        return True


def shown(house: House, *arguments: object) -> str:
    done = command(*arguments, "--house", house.path)
    assert done.code == 0, done.said
    return done.out


# ------------------------------------------------------------------------------------------------------------------------- leaving


def test_leaving_takes_a_yes_where_nobody_can_be_asked(house: House) -> None:
    """Without a terminal it is wrong usage until --yes stands there; then it is done, and --approve beside it is no error."""
    size = house.size()
    done = command("propose", "depart", "--house", house.path, "--kit", house.kit("curlew"))
    refused(done, 2, "never used again", "--yes")
    assert house.by("curlew", "propose", "expel", "member=tern", "--yes").code == 2
    assert house.size() == size
    done = command("propose", "depart", "--yes", "--approve", "--house", house.path, "--kit", house.kit("curlew"))
    assert done.code == 0, done.said
    assert "approved  nobody else (leaving needs no one's leave)" in done.out
    assert house.ask("state")["members"]["curlew"]["status"] == "departed"
    assert house.size() == size + 1


@pytest.mark.parametrize(("typed", "code"), [("curlew\n", 0), ("yes\n", 2), ("\n", 2)])
def test_leaving_is_asked_about_at_a_terminal(house: House, monkeypatch: pytest.MonkeyPatch, typed: str, code: int) -> None:
    """Whoever types their own name leaves; any other answer leaves everything as it was."""
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    done = command("propose", "depart", "--house", house.path, "--kit", house.kit("curlew"))
    assert done.code == code, done.said
    assert "You leave saltmarsh now and for ever" in done.err
    assert "Type curlew to go on" in done.err
    assert house.ask("state")["members"]["curlew"]["status"] == ("departed" if code == 0 else "active")


def test_a_rotation_without_keys_is_told_how(house: House) -> None:
    """Nothing to add and nothing to revoke: wrong usage, with the two ways to say something."""
    size = house.size()
    refused(
        command("propose", "rotate-key", "--house", house.path, "--kit", house.kit("curlew")), 2, "commonhold key new", "--card", "revoke="
    )
    assert house.size() == size


# ------------------------------------------------------------------------------------------------------------------------ objecting


def test_an_objector_whose_approval_still_counts_is_told(house: House) -> None:
    """Approval and objection by one person: the first still counts, the report says so, and everybody sees it until it is taken back."""
    proposal = house.statement(approved=False)
    done = command("object", proposal, "--house", house.path, "--kit", house.kit("heron"))
    assert f"Your approval still counts. Take it back with: commonhold withdraw approval {proposal[:12]}" in done.out
    assert "objected  heron (whose approval still counts)" in done.out
    assert "note" not in house.do("curlew", "object", proposal)
    assert "objected  curlew, heron (whose approval still counts)" in shown(house, "status")
    house.do("heron", "withdraw", "approval", proposal)
    assert "objected  curlew, heron\n" in shown(house, "status")


def test_an_approval_that_no_longer_counts_is_marked_and_nobody_is_invented(house: House) -> None:
    """An officer who left is shown as one who no longer counts; where nobody is left who could approve, that is said with the way out."""
    proposal = house.statement(approved=False)
    for name in ("heron", "tern", "plover"):
        house.do(name, "propose", "depart", "--yes")
    said = shown(house, "status", proposal)
    assert "approved  heron (no longer counts)" in said
    assert "nobody is left who could: it can only be withdrawn or end, unless somebody new takes office" in said
    report = house.ask("status", proposal)
    assert report["no_longer_counts"] == ["heron"]
    assert report["needs"][0]["nobody_left"] is True


def test_a_register_that_is_empty_waits_for_nobody(house: House) -> None:
    """Where the register of a proposal has left, or objects, it says who alone could still turn it."""
    proposal = house.propose("heron", "appoint", "office=editor", "member=curlew")
    house.do("avocet", "object", proposal)
    for name in ("tern", "plover", "curlew", "heron"):
        house.do(name, "propose", "depart", "--yes")
    need = house.ask("status", proposal)["needs"][0]
    assert (need["nobody_left"], need["if_appointed"]) == (True, False)
    assert "can only be withdrawn or end, unless avocet approves after all" in shown(house, "status")


# ---------------------------------------------------------------------------------------------------------------------------- needs


def test_what_stands_in_for_waiting_is_called_so(house: House) -> None:
    """A majority that replaces a waiting period has a label of its own, and the reason is the organisation's missing partners."""
    assert command("key", "new", "ruff", "-o", house.kit("ruff")).code == 0
    house.propose("heron", "admit", "--card", house.card("ruff"))
    said = shown(house, "status")
    assert "needs (in place of waiting) 3 of the assembly" in said
    assert "this organisation has no partners, so no clock" in said


def test_the_same_need_is_shown_once() -> None:
    """Two rules that ask for the same people are one line."""
    need = {"what": "chair", "required": 1, "counted": [], "missing": 1, "who_still_can": ["heron"]}
    found: dict[str, Any] = {
        "id": "0" * 64, "kind": "statement", "payload": {}, "articles": [], "by": "heron", "index": 1, "status": "open",
        "approved": [], "objected": [], "needs": [need, dict(need)], "pending": [], "not_after": 2**60, "note": "no-clock-majority",
    }  # fmt: skip
    lines = [line for line in proposal_words(found).splitlines() if line.startswith("needs")]
    assert lines == ["needs     1 of the chair: 0 so far, 1 missing; still can: heron"]


# ---------------------------------------------------------------------------------------------------------------------------- texts


@pytest.mark.parametrize(
    ("text", "opening"),
    [
        ("\n# Our transmitter stays\n\nMore.\n", "Our transmitter stays"),
        ('He said "stop" (de)', "He said 'stop' (de)"),
        ("\ufeff\r\n", ""),
        ("x" * 200, "x" * (MAX_OPENING - 3) + "..."),
    ],
)
def test_a_text_is_known_by_its_first_line(text: str, opening: str) -> None:
    """Headings lose their marks, a long line its end, and a quotation mark cannot end the quotation."""
    assert first_line(text) == opening


def test_the_first_line_stands_beside_the_digest(house: House) -> None:
    """In status, log, state and verify, where the text is at hand; control characters stay escaped, and an absent text shows its digest."""
    proposal = house.statement("# Our \x1b[2Jtransmitter stays\n")
    digest = house.ask("status", proposal)["payload"]["text"]
    words = f'{digest[:12]} "{printable("Our " + chr(27) + "[2Jtransmitter stays")}" (en)'
    for verb in (["status", "--all"], ["log"], ["state"]):
        assert words in shown(house, *verb), verb
    assert words in command("verify", house.path).out
    assert words in command("verify", house.prove(proposal)).out
    shutil.rmtree(house.path / "objects")
    assert f"{digest[:12]} (en)" in command("verify", house.path).out
    assert Openings(house.path)(7) == ""


def test_the_same_text_waits_once(house: House) -> None:
    """A second proposal of a text that waits already would split its signatures: it is refused, and points to the first."""
    proposal = house.statement(approved=False)
    size, text = house.size(), house.base / "statement.md"
    refused(
        command("statement", "publish", text, "--house", house.path, "--kit", house.kit("tern")),
        1,
        f"the same text already waits as {proposal[:12]}: commonhold approve {proposal[:12]}",
    )
    again = house.by("heron", "statement", "publish", text)
    assert (again.code, f"commonhold status {proposal[:12]}" in again.json["message"]) == (1, True)
    assert house.size() == size
    house.do("plover", "propose", "channel", "op=add", "address=https://saltmarsh.example/")
    shutil.rmtree(house.path / "objects")
    house.do("tern", "statement", "publish", text)


def test_verify_says_which_statement_a_text_is(house: House) -> None:
    """Right under the verdict: the statement's entry, article and signers; or that it is none, or the words of one with other line ends."""
    line = lambda done: done.out.splitlines()[1]  # noqa: E731 - the line under the verdict
    other = house.write("o.md", "Another.\n")
    assert "no statement of this organisation: it has made none" in line(command("verify", house.path, "--text", other))
    house.statement()
    text = house.base / "statement.md"
    done = command("verify", house.path, "--text", text)
    assert line(done) == f"text         {text} is the statement of entry 8: article 3.1, signed by heron, tern"
    assert (
        line(command("verify", house.path, "--text", other))
        == f"text         {other} is not the one statement that this organisation has made"
    )
    house.statement("Second.\n")
    assert line(command("verify", house.path, "--text", other)) == f"text         {other} is none of this organisation's 2 statements"
    crlf = house.base / "crlf.md"
    crlf.write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    done = command("verify", house.path, "--text", crlf)
    assert done.code == 1
    assert "the words are those of entry 8; only line ends or spaces differ: compare with the original file" in line(done)
    assert command("verify", house.path, "--text", crlf, "--json").json["text_says"] in line(done)
    proof = house.prove(8)
    refused(command("verify", proof, "--text", crlf), 1, "not the text that this proof is about", "only line ends or spaces differ")
    refused(command("verify", proof, "--text", other), 1, "not the text that this proof is about", "--text is left out")
    text = house.write("first.md", TEXT)
    assert line(command("verify", proof, "--text", text)) == f"text         {text} is the text that this proof is about"
    shutil.rmtree(house.path / "objects")
    done = command("verify", house.path, "--text", other)
    assert (done.code, "the texts of 2 of 2 are not" in line(done)) == (2, True)


# ---------------------------------------------------------------------------------------------------------------------------- files


def test_a_kit_in_place_of_a_card_is_refused_by_name(house: House) -> None:
    """Wherever a card is asked for: it is said that this is the secret half, and which file to give."""
    assert command("key", "new", "fir", "-o", house.kit("fir")).code == 0
    for done in (
        command("key", "check", house.kit("fir")),
        command("propose", "admit", "--card", house.kit("fir"), "--house", house.path, "--kit", house.kit("heron")),
        command("found", house.base / "h", "--charter", EXAMPLE, "--member", house.kit("fir"), "--kit", house.kit("fir")),
    ):
        refused(done, 2, "fir.kit is a secret kit: give the card, fir.card, and hand the kit to nobody")
    assert not (house.base / "h").exists()


def test_a_text_in_place_of_a_proof_is_told_how_to_ask(house: House, tmp_path: Path) -> None:
    """A text, and a folder without a record, are answered with the command that was meant, and with no option that verify lacks."""
    text = house.write("statement.md", TEXT)
    refused(command("verify", text), 2, f"{text} is no proof file; to check a text: commonhold verify FOLDER --text {text}")
    (tmp_path / "none").mkdir()
    done = command("verify", tmp_path / "none")
    refused(done, 2, "holds no organisation's record", "an address")
    assert "--house" not in done.err


def test_an_id_is_typed_as_it_stands_on_paper(house: House) -> None:
    """Case and spaces do not matter; too few digits, other signs or an empty value are wrong usage and never "any organisation"."""
    org = house.ask("state")["org"]
    spaced = " ".join(org[i : i + 8] for i in range(0, 64, 8)).upper()
    assert command("verify", house.path, "--org", spaced).code == 0
    for typed in (org[:12], "", org[:-1] + "g", org + "0"):
        refused(command("verify", house.path, "--org", typed), 2, "give all 64 digits, as on the paper")


# -------------------------------------------------------------------------------------------------------------------------- folders


def test_a_house_is_founded_in_an_empty_folder_only(house: House) -> None:
    """What lies there, a kit perhaps, would be copied and served with the record: nothing is written, and an empty folder will do."""
    cards = [part for name in MEMBERS for part in ("--member", house.card(name))]
    place = house.base / "new"
    place.mkdir()
    (place / "notes.txt").write_text("ours")
    found = ["found", place, "--charter", EXAMPLE, *cards, "--kit", house.kit("heron")]
    refused(command(*found), 2, "is not empty")
    assert [path.name for path in place.iterdir()] == ["notes.txt"]
    (place / "notes.txt").unlink()
    assert command(*found).code == 0


def test_verify_says_who_is_there_to_decide(house: House) -> None:
    """How many members, who holds which office, which is vacant; and that nobody is left, where that is so."""
    said = command("verify", house.path).out
    assert "members      5 active\n" in said
    assert "chair heron" in said
    house.do("heron", "withdraw", "seat", "chair")
    assert "chair vacant" in command("verify", house.path).out
    report = command("verify", house.path, "--json").json
    assert (report["members"], report["officers"]["chair"], report["officers"]["treasurer"]) == (5, [], ["tern"])
    for name in MEMBERS:
        house.do(name, "propose", "depart", "--yes")
    said = command("verify", house.path).out
    assert "members      nobody is left: no member can decide anything any more" in said


def test_a_copy_without_keys_is_read_and_not_written(house: House) -> None:
    """Acting on it is refused with where to act; reading goes on."""
    shutil.rmtree(house.path / "keys")
    done = command("propose", "depart", "--yes", "--house", house.path, "--kit", house.kit("heron"))
    refused(done, 2, "a copy without keys/: it can be read and verified, not added to", "original folder")
    assert command("verify", house.path).code == 0


# ------------------------------------------------------------------------------------------------------------------------- the help


def test_examples_and_choices_are_shown_as_they_are_typed() -> None:
    """Each example of `propose` stands on a line of its own, and choices on one line, without escapes."""
    done = command("propose", "--help")
    assert "\\b" not in done.out
    assert "  commonhold propose admit --card ruff.card\n" in done.out
    done = command("withdraw")
    refused(done, 2, "proposal, approval, objection, delegation, seat")
    assert "\\u{" not in done.err


def test_a_disk_that_fails_between_proposal_and_approval_is_told_with_both_ways_on(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proposal stands by then: its author learns its id, how to approve it, and the whole command that takes it back."""
    submit, calls = Record.submit, []

    def failing(record: Record, raw: bytes, texts: Any = None) -> Any:
        calls.append(raw)
        if len(calls) == 2:
            raise StoreError("no space left", code="store/full")
        return submit(record, raw, texts)

    monkeypatch.setattr(Record, "submit", failing)
    done = house.by("heron", "statement", "publish", house.write("s.md", TEXT))
    monkeypatch.undo()
    proposal = done.json["data"]["proposal"]
    assert (done.code, done.json["code"]) == (2, "store/full")
    assert f"commonhold withdraw proposal {proposal[:12]}" in done.json["next_step"]
    assert house.ask("status", proposal)["approved"] == []


# ------------------------------------------------------------------------------------------------------------------------- asking


def test_asking_to_accept_asks_for_what_waits(house: House) -> None:
    """Without an appointment, a request to accept is for the one seat that is offered; where nothing waits, nobody is asked in vain."""
    asking = ["request", "accept", "--house", house.path]
    refused(command(*asking, "--for", "curlew"), 1, "nothing waits for curlew", "commonhold status")
    proposal = house.propose("heron", "appoint", "office=editor", "member=curlew")
    house.approve(proposal, "tern", "plover", "heron")
    out = house.base / "seat.request"
    done = command(*asking, "--for", "curlew", "-o", out)
    assert done.code == 0, done.said
    assert "next      send it" in done.out
    assert json.loads(out.read_text("utf-8"))["act"] == {"type": "accept", "body": {"of": proposal}}
    refused(command(*asking, "--for", "tern"), 1, "nothing waits for tern")


def test_an_address_without_its_beginning_is_told_what_is_missing(house: House) -> None:
    """HOST:PORT alone is taken for a folder, and the answer says how an address begins."""
    refused(command("status", "--house", "127.0.0.1:9"), 2, "there is no folder 127.0.0.1:9", "https:// or http://")


def test_a_file_that_is_in_the_way_is_no_kit_unless_it_is_one(house: House) -> None:
    """Whoever writes a request over another is not warned about keys; whoever makes a kit is."""
    proposal = house.propose("heron", "appoint", "office=editor", "member=curlew")
    out = house.base / "twice.request"
    asking = ["request", "approve", proposal, "--house", house.path, "-o", out]
    assert command(*asking).code == 0
    done = command(*asking)
    refused(done, 2, "is there already", "Choose another name")
    assert "enrolled" not in done.said
    refused(command("key", "new", "heron", "--out", house.kit("heron")), 2, "is there already", "ever enrolled")

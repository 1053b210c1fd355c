"""Laws of asking, signing and handing in at the command line: what `request` makes, `sign` shows and signs, and `submit` records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from commonhold.kernel.record.request import given_bytes, link_text
from tests.cli.houses import Done, House, command, found, refused


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> House:
    return found(tmp_path_factory.mktemp("house") / "saltmarsh")


@pytest.fixture
def house(founded: House, tmp_path: Path) -> House:
    return founded.copy(tmp_path / "saltmarsh")


def asked(house: House, *arguments: object) -> Any:
    done = command("request", *arguments, "--house", house.path, "--json")
    assert done.code == 0, done.said
    return done.json


def signed(house: House, name: str, request: object, *more: object) -> Done:
    entry = house.base / f"{name}.entry"
    entry.unlink(missing_ok=True)
    return command("sign", request, "--kit", house.kit(name), "--unvouched", "--yes", "-o", entry, *more)


def submitted(house: House, name: str) -> Done:
    return command("submit", house.base / f"{name}.entry", "--house", house.path, "--json")


def through(house: House, name: str, *arguments: object) -> Any:
    """Ask, sign and hand in; gives the report."""
    done = signed(house, name, asked(house, *arguments)["link"])
    assert done.code == 0, done.said
    done = submitted(house, name)
    assert done.code == 0, done.said
    return done.json


def test_an_approval_goes_from_a_link_into_the_record(house: House) -> None:
    """The words are shown before it is signed, with the text; the number is the same on both sides."""
    proposal = house.statement(approved=False)
    made = asked(house, "approve", proposal)
    done = signed(house, "tern", made["link"], "--json")
    assert done.code == 0, done.said
    assert done.json["number"] == made["number"]
    for line in ("You approve this proposal by heron:", "The frequency stays the same.", "Article 3.1:", "Nobody vouches for this."):
        assert line in done.err
    assert submitted(house, "tern").json["proposal"]["status"] == "enacted"
    again = command("submit", house.base / "tern.entry", "--house", house.path)
    refused(again, 1, "already in the record")


def test_a_request_is_a_file_a_link_or_a_code(house: House) -> None:
    """A file holds what the link holds; the code is drawn where it fits, and otherwise says that it does not."""
    proposal, out = house.statement(approved=False), house.base / "approve.request"
    done = command("request", "approve", proposal, "--for", "tern", "--house", house.path, "-o", out, "--qr")
    assert done.code == 0, done.said
    assert "too large for one code" in done.out or "█" in done.out
    link = asked(house, "approve", proposal, "--for", "tern")["link"]
    assert given_bytes(link) == given_bytes(out.read_text())
    assert signed(house, "tern", out).code == 0
    seat = command("request", "withdraw", "seat", "chair", "--for", "heron", "--house", house.path, "--qr")
    assert "█" in seat.out or "▀" in seat.out


def test_every_act_can_be_asked_for(house: House) -> None:
    """Propose, approve, object with a reason, take back, accept and give up: each is signed elsewhere and counts."""
    spend = through(house, "tern", "propose", "spend_large", "amount=900", "currency=EUR", "--text", house.write("mast.md", "A mast.\n"))
    proposal = spend["proposal"]["id"]
    assert spend["proposal"]["opening"] == "A mast."
    assert through(house, "curlew", "object", proposal, "--reason", house.write("why.md", "Too dear.\n"))["proposal"]["objected"] == [
        "curlew"
    ]
    through(house, "curlew", "withdraw", "objection", proposal)
    assert through(house, "heron", "approve", proposal)["proposal"]["approved"] == ["heron"]
    through(house, "tern", "withdraw", "proposal", proposal)
    offer = house.propose("heron", "appoint", "office=editor", "member=curlew")
    house.approve(offer, "heron", "tern", "plover")
    through(house, "curlew", "accept", offer)
    through(house, "curlew", "withdraw", "seat", "editor")
    assert through(house, "avocet", "propose", "depart", "--for", "avocet")["events"]


def test_the_founding_can_be_asked_for(tmp_path: Path) -> None:
    """A founder who was not there accepts what they are shown: the members, the offices and the articles."""
    house = found(tmp_path / "new", accepted=False)
    done = signed(house, "avocet", asked(house, "accept")["link"])
    assert "You found the organisation saltmarsh together with the others." in done.err
    assert "avocet, curlew, heron, plover, tern" in done.err
    assert submitted(house, "avocet").code == 0


def test_a_key_is_compared_by_its_six_words(house: House) -> None:
    """Without the words, with wrong ones, and where there is nothing to compare: refused; with the right ones it is approved."""
    assert command("key", "new", "ruff", "-o", house.kit("ruff")).code == 0
    link = asked(house, "approve", house.propose("heron", "admit", "--card", house.card("ruff")))["link"]
    six = " ".join(json.loads(house.card("ruff").read_text())["fingerprint"])
    refused(signed(house, "tern", link), 1, "has not been compared")
    assert signed(house, "tern", link, "--fingerprint", "abandon " * 6).code == 1
    assert signed(house, "tern", link, "--fingerprint", six).code == 0
    assert submitted(house, "tern").code == 0
    plain = asked(house, "withdraw", "seat", "chair", "--for", "heron")["link"]
    refused(signed(house, "heron", plain, "--fingerprint", six), 2, "no fingerprint")


def test_nothing_is_signed_by_accident(house: House) -> None:
    """Nobody's word, no answer, another kit, no request: each is refused, and no entry is written."""
    proposal, out = house.statement(approved=False), house.base / "x.entry"
    link, kit = asked(house, "approve", proposal)["link"], ("--kit", house.kit("tern"), "-o", out)
    refused(command("sign", link, *kit, "--yes"), 2, "nobody vouches")
    refused(command("sign", link, *kit, "--unvouched"), 2, "--yes")
    refused(command("sign", f"x#{link_text(b'{}')}", *kit, "--yes"), 2, "not a request")
    refused(command("sign", house.base / "absent", *kit), 2, "cannot be read")
    half = house.write("half.request", given_bytes(link).decode()[:500])
    refused(command("sign", half, *kit), 2, "the request is not JSON", "get it once more, whole")
    assert command("key", "new", "gull", "-o", house.kit("gull")).code == 0
    refused(command("sign", link, "--kit", house.kit("gull"), "-o", out, "--unvouched", "--yes"), 1, "gull")
    assert not out.exists()
    refused(command("request", "approve", "0000", "--house", house.path), 1, "no proposal")
    refused(command("request", "accept", "--for", "gull", "--house", house.path), 1, "nothing waits for gull")
    refused(command("request", "approve", proposal, "--url", "http://knot.example", "--house", house.path), 2, "no address")
    refused(command("submit", "{}", "--house", house.path), 2)

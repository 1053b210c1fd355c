"""Laws of emergencies as people meet them at the command line, under the rules that are shipped: Saltmarsh's own, and the one printed in the guide."""

from __future__ import annotations

import email
import email.policy
import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from commonhold.kernel.canonical import canonical_bytes
from commonhold.kernel.record.request import given_bytes, parse_given
from tests.attacks import Mutation, attack
from tests.cli.custodians import CANARY, act, must, process, sealed, status, unseal
from tests.cli.houses import EXAMPLE, MEMBERS, Done, House, command, found, refused
from tests.cli.mailserver import mail_server
from tests.mirror.cosigners import Cosigner, cosigners, name_partners

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

GUIDE: Final = EXAMPLE.parents[1] / "docs" / "guide" / "sealing.md"
RULE: Final = re.compile(r"\[decisions\.emergency-release\]\n(?:.+\n)+")
TWELVE: Final = (*MEMBERS, "dunlin", "gannet", "knot", "linnet", "merlin", "redshank", "siskin")
DAY: Final = 86_400


def printed(path: Path) -> str:
    """The one rule for emergencies that a file prints."""
    (rule,) = RULE.findall(path.read_text("utf-8"))
    block: str = rule.split("```")[0]
    return block


def with_rule(folder: Path, rule: str) -> Path:
    """Saltmarsh's charter with a rule for emergencies in place of its own."""
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("*.py", "amended"))
    toml = folder / "charter.toml"
    toml.write_text(RULE.sub(lambda _: rule + "\n", toml.read_text("utf-8")), "utf-8")
    return folder


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> House:
    """Saltmarsh as it is."""
    return found(tmp_path_factory.mktemp("five") / "saltmarsh")


@pytest.fixture(scope="module")
def twelve(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A club of twelve under the guide's rule, and otherwise Saltmarsh's charter."""
    base = tmp_path_factory.mktemp("twelve")
    return found(base / "club", charter=with_rule(base / "charter", printed(GUIDE)), more=TWELVE[len(MEMBERS) :])


@pytest.fixture
def partners() -> Iterator[dict[str, Cosigner]]:
    with cosigners("gull", "knot") as found:
        yield found


@pytest.fixture
def house(five: House, partners: dict[str, Cosigner], tmp_path: Path) -> House:
    return clocked(five, partners, tmp_path, MEMBERS[:4])


@pytest.fixture
def club(twelve: House, partners: dict[str, Cosigner], tmp_path: Path) -> House:
    return clocked(twelve, partners, tmp_path, TWELVE[:8])


def clocked(founded: House, partners: dict[str, Cosigner], base: Path, by: tuple[str, ...]) -> House:
    """A copy whose partners give it a clock, and in which the page is sealed."""
    house = founded.copy(base / "house")
    name_partners(house, partners, 2, by)
    house.ask("house", "partner", "ask")
    sealed(house)
    return house


Later = Callable[[House, int], None]
"""Lets so many seconds pass, for this machine and for the partners, and so on the record's clock."""


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    real, ahead = time.time, [0]
    monkeypatch.setattr(time, "time", lambda: real() + ahead[0])

    def pass_(house: House, seconds: int) -> None:
        ahead[0] += seconds
        house.ask("house", "partner", "ask")

    return pass_


def asked(house: House, by: str = "curlew") -> Any:
    """Somebody asks for the page by the rule for emergencies; gives the report."""
    purpose = house.write("purpose.txt", "The page was hacked, and half of us are away.\n")
    more = ("--purpose", purpose, "--key", house.base / f"{by}.key", "--until", "P20D", "--within", "P20D")
    return must(act(house, by, "release", "page", "--emergency", *more))


def opens(house: House, request: str, *custodians: str, by: str = "curlew") -> None:
    """It was decided: so many custodians give their share, the asker opens, and the page is red until it has changed."""
    found = status(house)
    assert (found["requests"], [one["release"] for one in found["releases"]]) == ([], [request])
    for name in custodians:
        must(act(house, name, "contribute", request, "--yes"))
    assert CANARY in unseal(house, request, key=f"{by}.key").out
    assert status(house)["rotation"]["reasons"] == [f"release/{request}"]


def ordinary(house: House, later: Later, confirm: tuple[str, ...]) -> None:
    """The same people ask by the ordinary rule; its day passes, they confirm who can, and it is not decided."""
    purpose = house.write("purpose.txt", "The page was hacked, and half of us are away.\n")
    made = must(act(house, "curlew", "release", "page", "--purpose", purpose, "--key", house.base / "ordinary.key", "--within", "P20D"))
    request = made["proposal"]["id"]
    house.approve(request, "tern", "plover")
    later(house, DAY + 1)
    for name in confirm:
        house.do(name, "confirm", request)
    for name in ("curlew", "tern", "plover"):
        assert "cannot confirm" in house.by(name, "confirm", request).said
    later(house, 9 * DAY)
    found = status(house)["requests"][0]
    assert (found["release"], found["step"], status(house)["releases"]) == (request, "confirming", [])
    assert len(found["confirmed"]["by"]) < found["confirmed"]["needed"]
    house.do("curlew", "withdraw", "proposal", request)


def test_three_of_saltmarshs_five_open_in_an_emergency_what_they_cannot_otherwise(house: House, later: Later) -> None:
    """Heron is in hospital and avocet at sea: nobody is left to confirm an ordinary release. One asks, one approves, the third was told and confirms."""
    ordinary(house, later, confirm=())
    made = asked(house)
    request = made["proposal"]["id"]
    assert "over two ways" in made["notice"]
    assert made["proposal"]["kind"] == "emergency-release"
    assert "is not decided yet" in act(house, "plover", "contribute", request, "--yes").json["message"]
    house.do("tern", "approve", request)
    waiting = status(house)["requests"][0]
    assert (waiting["release"], waiting["step"], waiting["emergency"]) == (request, "asked", True)
    assert waiting["told"] == {"people": [], "needed": 1, "ways": [], "ways_needed": 2}
    assert "does not ask whether word has reached tern" in act(house, "tern", "notice", request, "--way", "mail").json["message"]
    later(house, 4 * DAY)
    must(act(house, "plover", "notice", request, "--way", "mail"))
    assert status(house)["requests"][0]["step"] == "asked", "one way is not two, however long it lies there"
    done = must(act(house, "plover", "notice", request, "--way", "phone"))
    assert done["proposal"]["waiting"]["until"] > 0
    said = process("custody", "status", "page", "--house", house.path).out
    assert "EMERGENCY: the opening of seal 1 is asked for by curlew" in said
    assert "told: 1 of 1 people over mail, phone" in said
    assert "objections: 0 of 2 that stop it (nobody)" in said
    shown = command("status", request, "--house", house.path)
    assert "needs     1 of those who may object, that word has reached them: 1 so far, met" in shown.out
    assert "needs     2 of different ways of that word: 2 so far, met" in shown.out
    later(house, 3 * DAY - 60)
    assert house.by("plover", "confirm", request).code == 1
    later(house, 120)
    shown = command("status", request, "--house", house.path)
    assert "waits     for 1 more to confirm it, of avocet, heron, plover" in shown.out
    house.do("plover", "confirm", request)
    opens(house, request, "tern", "plover")


def test_an_officer_may_ask_and_another_approves(house: House, later: Later) -> None:
    """The rule holds whoever of the three is there: tern asks, plover approves, curlew was told and confirms."""
    request = asked(house, "tern")["proposal"]["id"]
    assert house.by("tern", "approve", request).code == 1
    house.do("plover", "approve", request)
    for way in ("person", "phone"):
        must(act(house, "curlew", "notice", request, "--way", way))
    later(house, 3 * DAY + 1)
    house.do("curlew", "confirm", request)
    opens(house, request, "tern", "plover", by="tern")


def test_four_of_twelve_open_in_an_emergency_by_the_rule_that_the_guide_prints(club: House, later: Later) -> None:
    """Seven would have to confirm an ordinary release, and one is there; by the guide's rule two confirm, and fewer do not do."""
    ordinary(club, later, confirm=("avocet",))
    request = asked(club)["proposal"]["id"]
    club.do("tern", "approve", request)
    must(act(club, "plover", "notice", request, "--way", "phone"))
    must(act(club, "avocet", "notice", request, "--way", "phone"))
    later(club, 4 * DAY)
    assert status(club)["requests"][0]["told"] == {"people": ["avocet", "plover"], "needed": 2, "ways": ["phone"], "ways_needed": 2}
    must(act(club, "avocet", "notice", request, "--way", "partner"))
    later(club, 3 * DAY + 1)
    club.do("plover", "confirm", request)
    later(club, DAY)
    found = status(club)
    assert (found["requests"][0]["confirmed"], found["releases"]) == ({"by": ["plover"], "needed": 2}, [])
    assert "the wait is over; 1 of 2 have confirmed it" in process("custody", "status", "page", "--house", club.path).out
    club.do("avocet", "confirm", request)
    opens(club, request, "tern", "plover")


@pytest.mark.parametrize("which", ["house", "club"])
def test_what_waits_is_stopped_by_two_objections_and_the_counter_shows_it(which: str, request: pytest.FixtureRequest, later: Later) -> None:
    """Until it is confirmed any two members stop it, and nothing was opened; those who ask and approve can do nothing about it."""
    house: House = request.getfixturevalue(which)
    asked_for = asked(house)["proposal"]["id"]
    house.do("tern", "approve", asked_for)
    for name, way in (("plover", "person"), ("avocet", "paper")):
        must(act(house, name, "notice", asked_for, "--way", way))
    later(house, 3 * DAY + 1)
    needed = {"house": 1, "club": 2}[which]
    assert f"the wait is over; 0 of {needed} have confirmed it" in process("custody", "status", "page", "--house", house.path).out
    for name in ("curlew", "tern"):
        assert house.by(name, "confirm", asked_for).code == 1
    house.do("heron", "object", asked_for)
    assert status(house)["requests"][0]["objections"] == {"by": ["heron"], "needed": 2}
    assert house.do("plover", "object", asked_for)["proposal"]["status"] == "blocked"
    assert (status(house)["requests"], status(house)["releases"]) == ([], [])


@attack(
    "notice-for-others",
    Mutation(
        "src/commonhold/kernel/record/custodyrequest.py",
        find='    what: Literal["share", "changed", "notice"]\n    of: Digest\n',
        replace='    what: Literal["share", "changed", "notice"]\n    of: Digest\n    way: str = ""\n',
    ),
    Mutation("src/commonhold/kernel/record/noticereview.py", find="    if way not in left:", replace="    if way in left and not way:"),
    Mutation("src/commonhold/kernel/record/noticereview.py", find='    if found["by"] == member or member in', replace="    if member in"),
)
def test_word_is_acknowledged_by_request_and_the_way_is_said_by_whoever_it_reached(house: House, later: Later) -> None:
    """For those who have no record: the request names no way and can name none; each way is said once, by nobody who asks or approves."""
    request = asked(house)["proposal"]["id"]
    house.do("tern", "approve", request)
    link = house.ask("request", "notice", request)["link"]
    assert parse_given(link).body == {"what": "notice", "of": request}
    bent = json.loads(given_bytes(link))
    bent["act"]["body"]["way"] = "phone"
    named = house.write("named.request", canonical_bytes(bent).decode())
    out = house.base / "signed.entry"

    def sign(name: str, *more: object, asks: object = link) -> Done:
        out.unlink(missing_ok=True)
        return command("sign", asks, "--kit", house.kit(name), "--unvouched", "--yes", "-o", out, *more)

    refused(sign("plover", "--way", "phone", asks=named), 2, "the body of the acknowledge act is wrong")
    refused(
        sign("plover"), 1, "none of the ways that are left to be said: mail, paper, partner, person, phone", "once for each way that did"
    )
    refused(
        sign("curlew", "--way", "mail", asks=house.ask("request", "notice", request, "--for", "curlew")["link"]),
        1,
        "only the others are asked",
    )
    assert not out.exists()
    done = sign("plover", "--way", "mail")
    assert "Word has reached you that curlew asks for this:" in done.err
    assert "The page was hacked, and half of us are away." in done.err
    assert command("submit", out, "--house", house.path).code == 0
    link = house.ask("request", "notice", request, "--for", "plover")["link"]
    again = sign("plover", "--way", "mail", asks=link)
    refused(again, 1, "none of the ways that are left to be said: paper, partner, person, phone")
    done = sign("plover", "--way", "phone", asks=link)
    assert "Word has reached so far: plover." in done.err
    assert command("submit", out, "--house", house.path).code == 0
    later(house, 3 * DAY + 1)
    house.do("plover", "confirm", request)
    refused(command("request", "notice", request, "--house", house.path), 1, "it is enacted", "custody status")
    refused(sign("heron", "--way", "mail", asks=house.ask("request", "drill", "page")["link"]), 2, "does not ask over which way")
    opens(house, request, "tern", "plover")


def test_the_mail_brings_what_a_phone_signs(house: House, tmp_path: Path) -> None:
    """What to open, what to give it and what to choose; the file is the request for this notice and no other."""
    request = asked(house)["proposal"]["id"]
    house.write("addresses", "plover plover@post.example\n")
    place = house.base / "notice.request"
    house.ask("request", "notice", request, "-o", place)
    other = house.base / "other.request"
    house.ask("request", "object", request, "-o", other)
    with mail_server(tmp_path / "mail", "plain") as server:
        words = ("custody", "notify", request, "--addresses", house.base / "addresses", "--smtp", f"127.0.0.1:{server.port}")
        words = (*words, "--from", "curlew@post.example", "--security", "none", "--house", house.path)
        refused(command(*words, "--request", other), 1, "does not ask whether word of", "commonhold request notice")
        assert server.mails() == []
        assert command(*words).code == 0
        assert command(*words, "--request", place).code == 0
        bare, full = (email.message_from_string(raw, policy=email.policy.default) for raw in server.mails())
    said = bare.get_content()
    assert f"commonhold custody notice {request} --way mail" in said
    assert f"For a phone, whoever looks after the record makes a file with: commonhold request notice {request}" in said
    assert "Open your own copy of signer.html, never one that a mail leads to, and give it your kit and that file." in said
    body, file = full.iter_parts()
    assert "For a phone, the file notice.request comes with this mail." in body.get_content()
    assert (file.get_filename(), parse_given(file.get_content().decode()).body) == ("notice.request", {"what": "notice", "of": request})


def test_whoever_asks_alone_gets_nowhere(house: House, later: Later) -> None:
    """An officer who asks neither approves, nor is told, nor confirms; and without an approval no wait begins, whoever was told."""
    request = asked(house, "tern")["proposal"]["id"]
    for words in (("approve", request), ("confirm", request), ("custody", "notice", request, "--way", "mail")):
        assert house.by("tern", *words).code == 1
    for way in ("mail", "phone"):
        must(act(house, "heron", "notice", request, "--way", way))
    later(house, 6 * DAY)
    found = status(house)
    assert (found["requests"][0]["step"], found["releases"]) == ("asked", [])
    assert act(house, "tern", "contribute", request, "--yes").code == 1


@pytest.mark.parametrize("bent", [("confirm = 2 }", "confirm = 11 }"), ("people = 2", "people = 11")])
def test_a_rule_that_twelve_cannot_meet_is_named_before_anybody_founds_under_it(bent: tuple[str, str], tmp_path: Path) -> None:
    """The guide's rule is in order for twelve and for five; one that asks for all but one of them is not, and the check says what is left."""
    folder = with_rule(tmp_path / "good", printed(GUIDE))
    for members in (12, 5):
        assert command("charter", "check", folder, "--members", members).code == 0
        assert command("charter", "check", EXAMPLE, "--members", members).code == 0
    done = command("charter", "check", with_rule(tmp_path / "bad", printed(GUIDE).replace(*bent)), "--members", 12)
    assert done.code == 1
    assert "10 of 12 are left beside whoever asks and approves" in done.said
    assert "Ask for fewer people" in done.said


def test_a_silent_custodian_is_asked_and_then_replaced_by_named_decisions(house: House, later: Later) -> None:
    """`custody status` says who has missed the drill, with what to ask them, and by which decisions of the charter they are replaced."""
    later(house, 90 * DAY + 1)
    for name in ("heron", "plover"):
        must(act(house, name, "drill", "page"))
    found = status(house)["live"]
    assert (found["strength"], found["lost"]) == ("2 of 3 on paper, 2 of 2 in truth", {"tern": "late"})
    said = process("custody", "status", "page", "--house", house.path).out
    assert "not counted: tern has missed the drill" in said
    assert "ask tern to run `commonhold custody drill page`; who is dead or does not answer is replaced:" in said
    assert "`commonhold propose dismiss office=treasurer member=tern` (rule dismiss, article 1.3.5)" in said
    assert "`commonhold propose appoint office=treasurer member=WHO` (rule elect, article" in said
    assert "then `commonhold custody rotate page`; until then the old seal opens" in said
    must(act(house, "tern", "drill", "page"))
    assert status(house)["live"]["replace"] == {}

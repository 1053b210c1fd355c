"""Laws about the verbs that act: what each one signs, what it refuses, and what it says of both."""

from __future__ import annotations

from pathlib import Path

import pytest

from commonhold.kernel.card import Card, parse_card
from commonhold.kernel.keys import KitKeys, fingerprint
from commonhold.kernel.kit import Kit
from commonhold.store.keyfile import load_kit
from tests.cli.houses import EXAMPLE, MEMBERS, TEXT, House, command, found

PAGE = "https://saltmarsh.example/"
ALL = [part for name in MEMBERS for part in ("--member", name)]


def newcomer(house: House, name: str = "ruff") -> str:
    """A new kit and card; gives the six words that its owner would read aloud."""
    assert command("key", "new", name, "-o", house.kit(name)).code == 0
    return " ".join(parse_card(house.card(name).read_bytes()).fingerprint)


def with_foreign_recipient(card: Path) -> None:
    """The card as an attacker would hand it on: the right signing key beside the attacker's own age recipient."""
    value = parse_card(card.read_bytes())
    foreign = KitKeys(value.kit.sign, Kit(bytes(range(1, 33))).keys.age)
    card.write_bytes(Card(value.member, foreign).to_bytes())


# ------------------------------------------------------------------------------------------------------------------------ founding


def test_a_founding_waits_for_every_founder(tmp_path: Path) -> None:
    """Until the last founder has accepted, nothing else counts, status names who is missing, and no reader calls it official."""
    house = found(tmp_path, accepted=False)
    assert house.ask("status")["founding_waits_for"] == sorted(MEMBERS)
    early = house.by("heron", "propose", "statement", "--text", house.write("s.md", TEXT), "language=en")
    assert early.code == 1
    assert early.json["code"] == "found/waiting"
    assert "commonhold accept" in early.json["next_step"]
    verdict = command("verify", house.path)
    assert verdict.code == 1
    assert "must accept it first" in verdict.out
    for name in MEMBERS:
        events = house.do(name, "accept")["events"]
    assert events == [{"name": "founded", "org": house.ask("state")["org"], "members": 5}]
    assert command("verify", house.path).code == 0
    assert house.by("heron", "accept").json["code"] == "act/no-offer"


def test_a_founding_says_whose_words_to_compare(tmp_path: Path) -> None:
    """The report names each founder with the six words of their kit, and where the house is."""
    for name in MEMBERS:
        assert command("key", "new", name, "-o", tmp_path / f"{name}.kit").code == 0
    cards = [part for name in MEMBERS for part in ("--member", tmp_path / f"{name}.card")]
    done = command("found", tmp_path / "house", "--charter", EXAMPLE, *cards, "--kit", tmp_path / "heron.kit", "--json")
    assert done.code == 0, done.said
    report = done.json
    assert report.keys() == {"ok", "org", "origin", "folder", "charter", "members"}
    assert report["members"]["tern"] == " ".join(fingerprint(load_kit(tmp_path / "tern.kit")[1].keys))
    assert report["origin"].startswith(f"commonhold/{report['org']}/0/")


def test_a_founder_does_not_sign_a_card_that_hides_a_foreign_recipient(tmp_path: Path) -> None:
    """One's own card may have been altered on its way: the founding is not signed, and no house is made."""
    for name in MEMBERS:
        assert command("key", "new", name, "-o", tmp_path / f"{name}.kit").code == 0
    with_foreign_recipient(tmp_path / "heron.card")
    cards = [part for name in MEMBERS for part in ("--member", tmp_path / f"{name}.card")]
    done = command("found", tmp_path / "house", "--charter", EXAMPLE, *cards, "--kit", tmp_path / "heron.kit")
    assert done.code == 2
    assert "foreign age recipient" in done.err
    assert "Do not sign" in done.err
    assert not (tmp_path / "house").exists()


def test_a_member_signs_nothing_where_the_record_hides_a_foreign_recipient(tmp_path: Path) -> None:
    """Whoever finds their own key beside somebody else's recipient is stopped at every verb, and told to tell the others."""
    house = House(tmp_path)
    for name in MEMBERS:
        assert command("key", "new", name, "-o", house.kit(name)).code == 0
    with_foreign_recipient(house.card("tern"))
    cards = [part for name in MEMBERS for part in ("--member", house.card(name))]
    assert command("found", house.path, "--charter", EXAMPLE, *cards, "--kit", house.kit("heron")).code == 0
    size = house.size()
    verbs = [
        ["accept"],
        ["propose", "depart", "--yes"],
        ["approve", "0000"],
        ["object", "0000"],
        ["confirm", "0000"],
        ["withdraw", "seat", "chair"],
    ]
    for verb in [*verbs, ["statement", "publish", house.write("s.md", TEXT)]]:
        done = house.by("tern", *verb)
        assert (done.code, done.json["code"]) == (2, "kit/foreign-recipient"), verb
        assert "Tell the other members" in done.json["next_step"]
    assert house.size() == size


@pytest.mark.parametrize("seat", ["chair", "=heron", "chair="])
def test_a_seat_is_an_office_and_a_member(house: House, tmp_path: Path, seat: str) -> None:
    """A seat that names only one of the two is wrong usage, and nothing is founded."""
    done = command(
        "found", tmp_path / "h", "--charter", EXAMPLE, "--member", house.card("heron"), "--seat", seat, "--kit", house.kit("heron")
    )
    assert done.code == 2
    assert "OFFICE=MEMBER" in done.err
    assert not (tmp_path / "h").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--member", "heron"], ""),
        ([*ALL, "--member", "tern"], "each member once"),
        ([*ALL[2:], "--member", "ruff"], "give your own card too: --member"),
        ([*ALL, "--seat", "bosun=heron"], "no office 'bosun'"),
        ([*ALL, "--seat", "chair=ruff"], "whom it does not list"),
        ([*ALL, "--seat", "chair=heron", "--seat", "treasurer=heron"], "at once"),
    ],
    ids=["one-founder", "twice", "not-a-founder", "no-office", "no-member", "incompatible"],
)
def test_a_founding_that_the_charter_forbids_makes_no_house(house: House, tmp_path: Path, arguments: list[str], said: str) -> None:
    """Founders, offices and incompatible seats are checked before a byte is written."""
    newcomer(house)
    given = [house.card(text) if text in (*MEMBERS, "ruff") else text for text in arguments]
    done = command("found", tmp_path / "h", "--charter", EXAMPLE, *given, "--kit", house.kit("heron"))
    assert done.code in (1, 2)
    assert said in done.err
    assert not (tmp_path / "h").exists()


# ------------------------------------------------------------------------------------------------------------------------- deciding


def test_a_statement_is_official_once_two_officers_have_approved(house: House) -> None:
    """One officer's publication is a proposal; the second approval enacts it, and the report says under which article and by whom."""
    report = house.do("heron", "statement", "publish", house.write("s.md", TEXT))
    proposal = report["proposal"]
    assert (proposal["status"], proposal["approved"], proposal["articles"]) == ("open", ["heron"], ["3.1"])
    assert proposal["needs"] == [
        {"what": "chair or treasurer or editor", "required": 2, "counted": ["heron"], "missing": 1, "who_still_can": ["plover", "tern"]}
    ]
    done = house.do("tern", "approve", proposal["id"][:12])
    assert [event["name"] for event in done["events"]] == ["enacted"]
    assert done["events"][0]["approvers"] == ["heron", "tern"]
    assert done["proposal"]["status"] == "enacted"
    statements = house.ask("state")["statements"]
    assert statements[report["text"]]["approvers"] == ["heron", "tern"]


def test_an_approval_that_cannot_count_is_refused_before_anything_is_recorded(house: House) -> None:
    """A member without an office may propose a statement and not approve it: they learn so, and the record is as it was."""
    text, size = house.write("s.md", TEXT), house.size()
    done = house.by("avocet", "statement", "publish", text)
    assert (done.code, done.json["code"]) == (1, "act/cannot-count")
    assert "nothing was recorded" in done.json["message"]
    assert "--no-approve" in done.json["next_step"]
    assert house.size() == size
    proposal = house.do("avocet", "statement", "publish", text, "--no-approve")["proposal"]["id"]
    assert [open_["id"] for open_ in house.ask("status")["proposals"]] == [proposal]
    house.do("avocet", "withdraw", "proposal", proposal[:4])
    assert house.ask("status")["proposals"] == []


def test_an_approval_of_a_new_member_takes_the_words_that_they_read_aloud(house: House) -> None:
    """Without the fingerprint, or with another one, nobody is admitted; the right words are never shown to whoever lacks them."""
    words = newcomer(house)
    proposal = house.propose("heron", "admit", "--card", house.card("ruff"))
    size = house.size()
    missing = house.by("heron", "approve", proposal)
    assert (missing.code, missing.json["code"]) == (1, "act/fingerprint")
    wrong = house.by("heron", "approve", proposal, "--fingerprint", "zoo zoo zoo zoo zoo zoo")
    assert wrong.code == 1
    assert words not in missing.said + wrong.said
    assert house.size() == size
    for name in ("heron", "tern", "plover", "curlew"):
        report = house.do(name, "approve", proposal, "--fingerprint", words)
    assert report["proposal"]["status"] == "enacted"
    assert house.ask("state")["members"]["ruff"]["status"] == "active"
    at_once = house.by("heron", "propose", "admit", "--card", house.card("ruff"), "--approve")
    assert (at_once.code, at_once.json["code"]) == (2, "usage")


def test_words_are_compared_only_where_a_key_is_enrolled(house: House) -> None:
    """A fingerprint on any other approval is a mistake that is said, not ignored."""
    proposal = house.statement(approved=False)
    done = house.by("tern", "approve", proposal, "--fingerprint", "zoo zoo zoo zoo zoo zoo")
    assert (done.code, done.json["code"]) == (2, "usage")


def test_an_office_is_offered_accepted_and_given_up(house: House) -> None:
    """An appointment confers nothing until its member accepts; a seat can be given back."""
    proposal = house.propose("heron", "appoint", "office=editor", "member=curlew")
    house.approve(proposal, "heron", "tern", "plover")
    assert house.ask("status")["offers"] == [{"office": "editor", "member": "curlew", "appointment": proposal}]
    assert house.ask("state")["members"]["curlew"]["offices"] == []
    assert house.by("avocet", "accept").json["code"] == "act/no-offer"
    assert house.by("avocet", "accept", proposal).json["code"] == "act/no-offer"
    house.do("curlew", "accept")
    assert house.ask("state")["members"]["curlew"]["offices"] == ["editor"]
    house.do("curlew", "withdraw", "seat", "editor")
    assert house.ask("state")["members"]["curlew"]["offices"] == []
    assert house.by("curlew", "withdraw", "seat", "editor").json["code"] == "act/no-seat"


def test_two_offers_are_told_apart_by_their_appointment(house: House) -> None:
    """Where two seats are offered, accepting without saying which is refused with both ids, and four digits choose."""
    proposals = []
    for office in ("editor", "chair"):
        if office == "chair":
            house.do("heron", "withdraw", "seat", "chair")
        proposals.append(house.propose("tern", "appoint", f"office={office}", "member=curlew"))
        house.approve(proposals[-1], "heron", "tern", "plover")
    done = house.by("curlew", "accept")
    assert done.code == 2
    assert all(proposal[:12] in done.json["message"] for proposal in proposals)
    house.do("curlew", "accept", proposals[0][:12])
    house.do("curlew", "accept", proposals[1][:12])
    assert house.ask("state")["members"]["curlew"]["offices"] == ["chair", "editor"]


def test_dissent_is_recorded_and_can_be_taken_back(house: House) -> None:
    """Where the charter gives no right to stop a statement, an objection is recorded beside it and stops nothing."""
    proposal = house.statement(approved=False)
    report = house.do("curlew", "object", proposal[:8])
    assert report["proposal"]["objected"] == ["curlew"]
    assert house.by("curlew", "object", proposal).json["code"] == "act/objected"
    house.do("curlew", "withdraw", "objection", proposal[:8])
    assert house.ask("status", proposal[:8])["objected"] == []
    house.do("heron", "withdraw", "approval", proposal)
    assert house.ask("status", proposal)["approved"] == []


def test_enough_objections_stop_an_admission(house: House) -> None:
    """Where the charter gives the right, a quarter of the assembly stops the act, whoever has approved."""
    words = newcomer(house)
    proposal = house.propose("heron", "admit", "--card", house.card("ruff"))
    house.do("heron", "approve", proposal, "--fingerprint", words)
    house.do("curlew", "object", proposal)
    report = house.do("avocet", "object", proposal)
    assert report["proposal"]["status"] == "blocked"
    assert house.by("tern", "approve", proposal, "--fingerprint", words).json["code"] == "act/closed"


def test_confirming_what_does_not_wait_is_refused(house: House) -> None:
    """There is nothing to confirm before a waiting period is over, and this house has no clock to wait by."""
    proposal = house.statement(approved=False)
    done = house.by("curlew", "confirm", proposal)
    assert (done.code, done.json["code"]) == (1, "act/still-waiting")


def test_only_its_author_takes_a_proposal_back(house: House) -> None:
    """Anybody else may object instead, and is told so."""
    proposal = house.statement(approved=False)
    done = house.by("tern", "withdraw", "proposal", proposal)
    assert (done.code, done.json["code"]) == (1, "act/not-yours")
    assert "object" in done.json["next_step"]
    assert house.ask("status", proposal)["status"] == "open"
    assert house.by("tern", "withdraw", "approval", proposal).json["code"] == "act/nothing-to-withdraw"
    assert house.by("tern", "withdraw", "delegation", proposal).json["code"] == "act/nothing-to-withdraw"


def test_keys_change_by_their_owners_own_decision(house: House) -> None:
    """After a rotation only the new kit signs; the old one is told that the record holds another."""
    assert command("key", "new", "curlew", "-o", house.base / "new.kit").code == 0
    report = house.do("curlew", "propose", "rotate-key", "--card", house.base / "new.card", "--approve")
    assert report["proposal"]["status"] == "enacted"
    done = house.by("curlew", "propose", "depart", "--yes")
    assert (done.code, done.json["code"]) == (2, "kit/not-recorded")
    (house.kit("curlew")).unlink()
    (house.base / "new.kit").rename(house.kit("curlew"))
    house.do("curlew", "propose", "depart", "--yes")
    assert house.ask("state")["members"]["curlew"]["status"] == "departed"
    assert house.by("curlew", "propose", "depart", "--yes").code == 1


def test_a_charter_is_amended_by_what_the_folder_says(house: House) -> None:
    """The redline is made from two folders, judged by the old charter, and gives exactly the new one."""
    size = house.size()
    proposal = house.propose("heron", "amend", "--charter", EXAMPLE / "amended")
    assert house.approve(proposal, "heron", "tern", "plover", "curlew")["proposal"]["status"] == "enacted"
    assert house.ask("state")["charter"]["digest"] == house.ask("status", proposal)["payload"]["result"]
    same = house.by("heron", "propose", "amend", "--charter", EXAMPLE / "amended")
    assert same.code == 1
    assert house.size() == size + 5


def test_every_kind_of_field_is_typed_as_its_payload_needs(house: House) -> None:
    """Numbers, lists and yes-or-no are read as such; a channel, a resource and money come out as they were meant."""
    house.approve(house.propose("heron", "channel", "op=add", f"address={PAGE}"), "heron", "tern")
    house.approve(house.propose("heron", "entrust", "resource=domain", "holders=heron,tern"), "heron", "tern", "plover")
    spent = house.do(
        "tern", "propose", "spend_small", "amount=40", "currency=EUR", "--text", house.write("s.md", "A cable.\n"), "--approve"
    )
    house.approve(house.propose("heron", "suspend-origin", f"origin={PAGE}"), "heron", "tern")
    house.approve(house.propose("heron", "suspend-origin", f"origin={PAGE}", "lift=yes"), "heron", "tern")
    state = house.ask("state")
    assert state["channels"][PAGE]["status"] == "stands"
    assert state["resources"]["domain"]["payload_holders"] == ["heron", "tern"]
    assert state["resolutions"][spent["proposal"]["id"]]["payload_amount"] == 40


# ----------------------------------------------------------------------------------------------------------------------------- ids


def test_four_digits_of_an_id_are_enough_and_three_are_not(house: House) -> None:
    """Ids are typed by hand: upper case counts, and what is too short, ambiguous or unknown is said."""
    proposal = house.statement(approved=False)
    assert house.ask("status", proposal[:4].upper())["id"] == proposal
    short = command("status", proposal[:3], "--house", house.path)
    assert (short.code, "four digits" in short.err) == (2, True)
    unknown = command("status", "g" * 12, "--house", house.path)
    assert unknown.code == 1
    assert "no proposal gggggggggggg" in unknown.err
    assert "commonhold status" in unknown.err
    hostile = command("status", "\x1b[2J\u202e1234", "--house", house.path)
    assert hostile.code == 1
    assert "\x1b" not in hostile.err
    assert "\u202e" not in hostile.err

"""Laws about the verbs that only read: status, log and state tell what the record holds, and nothing in it can act on a terminal."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest

from commonhold.cli.words import MAX_PHRASE, entry_words, event_words, moment, payload_words
from commonhold.kernel.kinds import STATE_KINDS
from commonhold.kernel.record.state import empty_state
from tests.cli.houses import MEMBERS, House, command

PAGE = "https://saltmarsh.example/"
HOSTILE: list[Any] = [5, [], [5], {}, {"a": 5}, True, "\u202e" * 3, "x" * 60_000, ["x" * 10_000] * 5]


def is_calm(text: str) -> bool:
    """Whether nothing in *text* moves a cursor, hides or turns anything around."""
    return all(c == "\n" or unicodedata.category(c) not in {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"} for c in text)


def test_the_log_lists_every_entry_with_what_it_did(house: House) -> None:
    """In order, by whom, and what came of it; the newest alone with --last."""
    proposal = house.statement()
    report = house.ask("log")
    assert [row["index"] for row in report["entries"]] == list(range(report["size"]))
    assert [row["type"] for row in report["entries"]] == ["found", *["accept"] * 5, "propose", "approve", "approve"]
    assert report["entries"][6]["id"] == proposal
    assert report["entries"][-1]["events"][0]["name"] == "enacted"
    assert [row["index"] for row in house.ask("log", "--last", 2)["entries"]] == [7, 8]
    said = command("log", "--house", house.path).out
    assert f"publish the statement {report['entries'][6]['body']['payload']['text'][:12]} " + '"Our studio moves on Monday." (en)' in said
    assert "enacted under article 3.1, approved by heron, tern" in said
    assert command("log", "--last", 0, "--house", house.path).code == 2


def test_the_state_names_members_offices_and_what_was_decided(house: House) -> None:
    """Everything that was decided stands there with its article, its approvers and its entry; so does the digest that partners can sign."""
    house.statement()
    house.approve(house.propose("heron", "channel", "op=add", f"address={PAGE}"), "heron", "tern")
    house.approve(house.propose("heron", "entrust", "resource=domain", "holders=heron,tern"), "heron", "tern", "plover")
    report = house.ask("state")
    assert report["phase"] == "running"
    assert sorted(report["members"]) == sorted(MEMBERS)
    assert report["members"]["heron"]["offices"] == ["chair"]
    assert report["channels"][PAGE]["articles"] == ["3.2"]
    assert len(report["state_digest"]) == 64
    assert report["clock"] == {}
    said = command("state", "--house", house.path).out
    for words in (
        "channels of record",
        "statements",
        "resources",
        f"make {PAGE} a channel of record",
        report["state_digest"],
        "no partners yet",
    ):
        assert words in said


def test_the_state_digest_is_the_same_for_every_reader(house: House, tmp_path: Any) -> None:
    """Two readers of two copies come to one digest."""
    copy = house.copy(tmp_path / "copy")
    assert house.ask("state")["state_digest"] == copy.ask("state")["state_digest"]


def test_status_shows_open_proposals_and_the_ended_ones_when_asked(house: House) -> None:
    """Who approved, who still can and what is missing, in the order in which they were proposed."""
    ended = house.statement()
    first, second = (house.propose("heron", "channel", "op=add", f"address={PAGE}{n}") for n in range(2))
    assert [row["id"] for row in house.ask("status")["proposals"]] == [first, second]
    assert [row["id"] for row in house.ask("status", "--all")["proposals"]] == [ended, first, second]
    said = command("status", "--house", house.path).out
    assert "2 missing; still can: heron, plover, tern" in said
    assert "enacted" not in said
    assert "nothing is open" not in said
    assert "enacted" in command("status", ended, "--house", house.path).out


def test_an_empty_status_says_that_nothing_is_open(house: House) -> None:
    """Silence could be a mistake, so it is put into words."""
    assert "nothing is open" in command("status", "--house", house.path).out
    assert "nothing was ever proposed" in command("status", "--all", "--house", house.path).out


@pytest.mark.parametrize("kind", sorted(STATE_KINDS | {"spend_small", "x"}))
def test_no_payload_breaks_the_words_for_it(kind: str) -> None:
    """A refused proposal may carry anything at any length; a line about it is short, calm and never a fault."""
    fields = (
        "member",
        "office",
        "holders",
        "resource",
        "text",
        "work",
        "witnesses",
        "articles",
        "rules",
        "op",
        "address",
        "to",
        "origin",
        "amount",
    )
    for value in HOSTILE:
        for payload in [{}, dict.fromkeys(fields, value), *({field: value} for field in fields)]:
            said = payload_words(kind, payload)
            assert is_calm(said)
            assert len(said) <= MAX_PHRASE + 3


def test_refused_proposals_of_any_shape_are_listed(house: House) -> None:
    """Whoever holds the server can append signed or forged nonsense; the log lists it with reasons, and no reader stumbles."""
    leaves = []
    for number, (kind, payload) in enumerate(
        [
            ("entrust", {"holders": 5}),
            ("statement", {"text": 7}),
            ("partner", {"witnesses": [5]}),
            ("amend", {"articles": [1], "rules": [2]}),
        ]
    ):
        leaves.append(house.sign("heron", "propose", {"kind": kind, "payload": payload, "not_after": 2**53 - 1 - number}))
    leaves += [house.sign("heron", "withdraw", {"what": "seat", "of": "x" * 64}), b"\x1b[2Jjunk", b"\x00"]
    house.append(*leaves)
    done = command("log", "--house", house.path)
    assert done.code == 0
    assert is_calm(done.out)
    assert done.out.count("refused: ") == len(leaves)
    assert "with a payload of the wrong shape" in done.out
    assert "unreadable" in done.out
    rows = house.ask("log")["entries"][-len(leaves) :]
    assert all(not row["counts"] and row["code"] and row["words"] for row in rows)
    verdict = command("verify", house.path, "--json")
    assert (verdict.code, len(verdict.json["refused"])) == (0, len(leaves))


def test_what_the_record_says_cannot_act_on_a_terminal(house: House) -> None:
    """Text of a statement or of an entry may hold any character; on a terminal the dangerous ones are shown escaped."""
    proposal = house.statement("Hear \u202ethis\u2066 and \x1b[2J that.\n")
    file = house.prove(proposal)
    done = command("verify", file)
    assert done.code == 0
    assert is_calm(done.out)
    assert "\\u{202e}this" in done.out
    assert "\\u{1b}[2J" in done.out


@pytest.mark.parametrize(("time", "said"), [(0, "1970-01-01 00:00 UTC"), (253402300799, "9999-12-31 23:59 UTC"), (2**53 - 1, "never")])
def test_a_time_beyond_the_calendar_is_never(time: int, said: str) -> None:
    """The record allows times that no calendar has; they are words, not a fault."""
    assert moment(time) == said


def test_every_event_and_every_act_has_its_words() -> None:
    """What can come of an entry is said in a phrase, also for names that are newer than these words."""
    state = empty_state()
    for name, data in {
        "enacted": {"articles": [], "approvers": []},
        "found": {"org": "0"},
        "founded": {"members": 3},
        "carried": {"until": 0},
        "waited": {},
        "term-ended": {"member": "heron", "office": "chair"},
        "expired": {"why": "late\u202e"},
        "newer": {},
    }.items():
        assert event_words(name, data)
        assert is_calm(event_words(name, data))
    bodies: dict[str, dict[str, Any]] = {
        "approve": {"proposal": "0" * 64},
        "object": {"proposal": "0" * 64},
        "confirm": {"proposal": "0" * 64},
        "accept": {"of": "0" * 64},
        "withdraw": {"what": "seat", "of": "\u202echair"},
        "attest": {"note": ""},
        "found": {},
        "newer": {},
    }
    for kind, body in bodies.items():
        assert is_calm(entry_words(kind, "heron", body, state))

"""Laws of the answers that pages and --json show: who approved, who still can, what is missing."""

from __future__ import annotations

import pytest

from commonhold.kernel.canonical import canonical_bytes
from commonhold.kernel.errors import RuleError
from commonhold.kernel.record.queries import describe_decided, describe_proposal, describe_state
from commonhold.kernel.record.state import value_of
from tests.kernel.record.helpers import DAY, T0, Club, text


def test_a_proposal_says_what_is_missing_and_who_can_give_it() -> None:
    """Counted, missing and able: the three lists that people act on."""
    club = Club()
    proposal = club.propose("heron", "ordinary", {"text": text("o")})
    club.approve(proposal, "heron")
    club.do("dunlin", "object", proposal=proposal)
    answer = describe_proposal(club.state, proposal)
    need = {"what": "assembly", "required": 3, "counted": ["heron"], "missing": 2, "who_still_can": ["curlew", "plover", "tern"]}
    assert answer["needs"] == [need]
    assert (answer["approved"], answer["objected"], answer["pending"]) == (["heron"], ["dunlin"], [])
    assert "objection" not in answer
    assert "note" not in answer


def test_a_refused_decision_has_a_code_for_programs_and_words_for_people() -> None:
    """The code stands in the state and so in its digest; the words stand beside it, and may be mended."""
    club = Club(clocked=True)
    address = {"op": "add", "address": "https://club.example/"}
    first, second = (club.propose("heron", "channel", address) for _ in range(2))
    club.approve(first, "heron")
    club.approve(second, "heron")
    club.tick()
    answer = describe_proposal(club.state, second)
    assert (answer["status"], answer["code"]) == ("refused", "effect/channel-exists")
    assert answer["why"] == "https://club.example/ is already a channel of record"
    assert b"already a channel" not in canonical_bytes(value_of(club.proposal(second)))


def test_a_closed_proposal_says_how_and_when_it_ended() -> None:
    """Nobody is asked for anything any more."""
    club = Club()
    proposal = club.propose("heron", "ordinary", {"text": text("o")})
    club.do("heron", "withdraw", what="proposal", of=proposal)
    answer = describe_proposal(club.state, proposal)
    assert (answer["status"], answer["why"], answer["needs"]) == ("withdrawn", "withdrawn by heron", [])
    assert answer["closed"] == {"index": club.state.size - 1, "time": 0}
    assert "short_code" not in answer, "a code leads to what was decided"


def test_a_decided_proposal_has_a_short_code_to_be_printed_under_it() -> None:
    """The first twelve digits of its id, in groups."""
    club = Club()
    proposal = club.decide("channel", {"op": "add", "address": "https://club.example/"}, "heron")
    assert describe_proposal(club.state, proposal)["short_code"].replace("-", "") == proposal[:12]


def test_a_wait_says_until_when_and_who_must_confirm() -> None:
    """And who may still object, how many objections are needed, and what no attest covers yet."""
    club = Club(clocked=True)
    proposal = club.decide("contested", {"text": text("c")})
    answer = describe_proposal(club.state, proposal)
    assert answer["pending"] == ["heron", "plover", "tern"]
    assert answer["needs"][0]["counted"] == []
    assert answer["objection"] == {"needed": 2, "who_can": sorted(club.kits)}
    assert "waiting" not in answer
    club.tick()
    answer = describe_proposal(club.state, proposal)
    assert answer["waiting"] == {"until": T0 + 1 + 7 * DAY, "over": False}
    assert answer["pending"] == []
    club.tick(7 * DAY)
    club.do("curlew", "confirm", proposal=proposal)
    answer = describe_proposal(club.state, proposal)
    assert answer["waiting"] == {"until": T0 + 1 + 7 * DAY, "over": True, "who_must_confirm": ["dunlin"], "confirms_needed": 1}
    assert (answer["pending"], answer["confirmed"]) == (["curlew"], ["curlew"])


def test_where_nobody_may_object_the_approvers_confirm_and_no_number_is_said() -> None:
    """After a notice and a time lock the approvers sign again, and have to meet the rule by themselves."""
    club = Club(clocked=True)
    proposal = club.decide("slow", {"text": text("s")})
    club.tick()
    club.tick(3 * DAY)
    found = describe_proposal(club.state, proposal)["waiting"]
    assert (found["over"], found["who_must_confirm"], found["confirms_needed"]) == (True, ["heron", "plover", "tern"], 0)


def test_a_majority_that_stands_in_for_a_wait_is_said() -> None:
    """A house without a clock says why more people are needed than the rule names."""
    club = Club()
    proposal = club.propose("heron", "slow", {"text": text("s")})
    assert describe_proposal(club.state, proposal)["note"] == "no-clock-majority"


def test_an_unknown_proposal_is_refused_in_words() -> None:
    """No foreign exception leaves a question."""
    with pytest.raises(RuleError) as refused:
        describe_proposal(Club().state, text("none"))
    assert refused.value.code == "act/no-proposal"


def test_the_whole_state_is_plain_data() -> None:
    """What `state --json` prints can be written in canonical form, and names members, seats, decisions and the clock."""
    club = Club(clocked=True)
    club.admit("gannet")
    club.decide("statement", {"text": text("s"), "language": "en"}, "heron", "tern")
    club.tick()
    later = club.propose("heron", "ordinary", {"text": text("o")})
    earlier = club.propose("heron", "ordinary", {"text": text("p")})
    answer = describe_state(club.state)
    assert canonical_bytes(answer)
    assert answer["open"] == [later, earlier]
    assert answer["members"]["gannet"]["counts_from"] == T0 + 1 + 30 * DAY
    assert "counts_from" not in answer["members"]["heron"]
    assert answer["members"]["heron"]["offices"] == ["chair"]
    assert answer["clock"]["time"] == T0 + 2
    assert answer["statements"][text("s")] == describe_decided(club.state.part("statements")[text("s")])
    assert answer["statements"][text("s")]["payload_language"] == "en"

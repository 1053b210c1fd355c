"""Laws that a reviewer's attacks became: keys that are spoken for, confirmations, vetoes, and what the excluded member may not do."""

from __future__ import annotations

from tests.kernel.record.helpers import DAY, Club, text

WEEK = 7 * DAY


def test_a_key_that_an_open_proposal_names_is_kept_for_it() -> None:
    """Nobody copies the key of a recovery into a change of their own keys, to have it refused as used."""
    club = Club()
    new = club.new_kit("dunlin")
    club.propose("heron", "recover-member", {"member": "dunlin", "kit": new.keys.to_value()})
    stolen = {"kind": "kit", "sign": club.new_kit("curlew").keys.to_value()["sign"], "age": new.keys.age}
    for value in (new.keys.to_value(), stolen):
        club.refused_proposal("curlew", "rotate-key", {"member": "curlew", "add": [value], "revoke": []}, "enrol/reserved")
    own = club.new_kit("curlew").keys.to_value()
    club.propose("curlew", "rotate-key", {"member": "curlew", "add": [own], "revoke": []})


def test_a_member_confirms_once() -> None:
    """A second confirmation with a key that still counts is refused, and the record does not grow by it."""
    club = Club(clocked=True)
    proposal = club.decide("contested", {"text": text("c")})
    club.tick()
    club.tick(WEEK)
    club.do("curlew", "confirm", proposal=proposal)
    club.refused("curlew", "confirm", "act/confirmed", proposal=proposal)


def test_a_member_who_does_not_count_blocks_nothing_by_counting_against() -> None:
    """Where the charter leaves the subject out, their dissent takes nobody's majority out of reach."""
    club = Club()
    proposal = club.propose("heron", "expel", {"member": "dunlin"})
    club.do("dunlin", "object", proposal=proposal)
    club.do("curlew", "object", proposal=proposal)
    assert club.status(proposal) == "open"


def test_what_the_ordinary_rule_would_have_blocked_is_not_ratified() -> None:
    """An emergency has no time to wait for objections; they still decide whether it stands, and it lapses when its time is over."""
    veto = {"of": "assembly", "at_least": 1, "within": "P7D"}
    club = Club({"decisions/statement/objection": veto}, clocked=True)
    proposal = club.propose("heron", "statement", {"text": text("s"), "language": "en"}, emergency="storm")
    club.do("curlew", "object", proposal=proposal)
    club.approve(proposal, "heron")
    club.tick()
    assert club.status(proposal) == "enacted"
    club.approve(proposal, "plover")
    club.tick()
    assert club.state.undo, "two officers approve, and one member objects"
    club.tick(15 * DAY)
    assert club.status(proposal) == "lapsed"
    assert not club.state.part("statements")

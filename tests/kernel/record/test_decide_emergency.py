"""Laws of emergency: who may, for how long, and everything put back that nobody ratified."""

from __future__ import annotations

from commonhold.kernel.record.queries import describe_proposal
from tests.kernel.record.helpers import DAY, Club, text

SITE = "https://club.example/"


def say(name: str) -> dict[str, str]:
    return {"text": text(name), "language": "en"}


def storm(club: Club, kind: str, payload: dict[str, object]) -> str:
    """The chair alone uses the power."""
    proposal = club.decide(kind, payload, "heron", emergency="storm")
    club.tick()
    return proposal


def test_the_holder_acts_alone_and_nobody_else_does() -> None:
    """One chair in place of two officers; for anybody else it is an ordinary proposal that they may only ratify."""
    club = Club(clocked=True)
    proposal = club.propose("plover", "statement", say("s"), emergency="storm")
    club.approve(proposal, "plover", "tern")
    club.tick()
    assert club.status(proposal) == "open", "two officers who may ratify do not hold the power"
    club.refused("dunlin", "approve", "act/cannot-count", proposal=proposal)
    club.approve(proposal, "heron")
    club.tick()
    assert club.status(proposal) == "enacted"
    assert club.proposal(proposal).ratify_until == club.now + 14 * DAY


def test_an_emergency_act_stands_once_the_ordinary_rule_is_met() -> None:
    """Its ratification is the approval that the rule asks for; the power is free again."""
    club = Club(clocked=True)
    proposal = storm(club, "statement", say("s"))
    assert describe_proposal(club.state, proposal)["ratification"] == {"until": club.now + 14 * DAY}
    assert describe_proposal(club.state, proposal)["needs"][0]["missing"] == 1
    club.tick(DAY)
    assert club.state.undo
    club.refused("tern", "object", "act/closed", proposal=proposal)
    club.approve(proposal, "plover")
    outcome = club.tick()
    assert [event.name for event in outcome.events] == ["ratified"]
    assert (club.status(proposal), club.why(proposal)) == ("enacted", "ratified")
    assert not club.state.undo
    assert not club.state.part("emergencies")
    club.tick(30 * DAY)
    assert text("s") in club.state.part("statements")
    club.refused("tern", "approve", "act/closed", proposal=proposal)


def test_what_nobody_ratifies_is_put_back_one_second_after_its_time() -> None:
    """A statement, a trustee and a suspension go back to what stood before; the time itself is still in time."""
    club = Club(clocked=True)
    before = club.decide("entrust", {"resource": "transmitter", "holders": ["tern"]})
    club.tick()
    acts = [
        club.decide("statement", say("s"), "heron", emergency="storm"),
        club.decide("entrust", {"resource": "transmitter", "holders": ["heron"]}, "heron", emergency="storm"),
        club.decide("suspend-origin", {"origin": SITE}, "heron", emergency="storm"),
        club.decide("spend_small", {"text": text("pump"), "amount": 150, "currency": "EUR"}, "heron", emergency="storm"),
    ]
    club.tick()
    assert {club.status(act) for act in acts} == {"enacted"}
    club.tick(13 * DAY)
    club.tick(DAY)
    assert {club.status(act) for act in acts} == {"enacted"}
    assert club.state.part("resources")["transmitter"].value["holders"] == ["heron"]
    outcome = club.tick()
    assert [event.name for event in outcome.events] == ["lapsed"] * 4
    assert {club.status(act) for act in acts} == {"lapsed"}
    assert not club.state.part("statements")
    assert not club.state.part("origins")
    assert not club.state.part("resolutions")
    assert club.state.part("resources")["transmitter"].proposal == before
    club.refused_proposal("tern", "spend_small", {"text": text("more"), "amount": 100, "currency": "EUR"}, "effect/limit")


def test_a_ratification_that_comes_with_a_later_attest_is_too_late() -> None:
    """Its time is the attest's, however early it was signed."""
    club = Club(clocked=True)
    proposal = storm(club, "statement", say("s"))
    club.approve(proposal, "plover")
    club.tick(14 * DAY + 1)
    assert club.status(proposal) == "lapsed"
    assert not club.state.part("statements")


def test_what_an_ordinary_decision_has_changed_since_is_not_put_back() -> None:
    """The members' own decision stands above the one that lapses."""
    club = Club(clocked=True)
    proposal = storm(club, "entrust", {"resource": "transmitter", "holders": ["heron"]})
    own = club.decide("entrust", {"resource": "transmitter", "holders": ["plover"]})
    club.tick(14 * DAY + 1)
    # The attest lapses the older act first and enacts the ordinary one after it.
    assert (club.status(proposal), club.status(own)) == ("lapsed", "enacted")
    early = storm(club, "publish", {"work": text("w")})
    assert club.status(early) == "refused", "the power is spent"
    assert club.state.part("resources")["transmitter"].proposal == own


def test_of_two_emergency_acts_on_one_thing_neither_survives_in_the_others_undoing() -> None:
    """What comes back is what stood before both."""
    club = Club(clocked=True)
    club.decide("entrust", {"resource": "transmitter", "holders": ["tern"]})
    club.tick()
    first = storm(club, "entrust", {"resource": "transmitter", "holders": ["heron"]})
    other = storm(club, "entrust", {"resource": "mast", "holders": ["heron"]})
    second = storm(club, "entrust", {"resource": "transmitter", "holders": ["plover"]})
    club.tick(14 * DAY + 3)
    assert {club.status(act) for act in (first, other, second)} == {"lapsed"}
    assert club.state.part("resources")["transmitter"].value["holders"] == ["tern"]
    assert "mast" not in club.state.part("resources")


def test_the_power_expires_and_is_renewed_as_often_as_its_article_says() -> None:
    """Within seven days it may be used again; after that a renewal is spent, and without one it waits for ratification."""
    club = Club(clocked=True)
    first = storm(club, "publish", {"work": text("1")})
    club.tick(7 * DAY - 1)
    within = storm(club, "publish", {"work": text("2")})
    after = storm(club, "publish", {"work": text("3")})
    assert [club.status(act) for act in (first, within, after)] == ["enacted", "enacted", "refused"]
    assert "ran out" in club.why(after)
    assert text("3") not in club.state.part("works")
    club.approve(first, "plover")
    club.tick()
    assert club.state.part("emergencies"), "one act is still not ratified"
    club.approve(within, "plover")
    club.tick()
    assert not club.state.part("emergencies")
    assert club.status(storm(club, "publish", {"work": text("4")})) == "enacted"


def test_a_power_with_a_renewal_can_be_used_in_a_second_window_and_no_third() -> None:
    """Renewals are counted; without a time of its own, ratification is due when the power runs out."""
    club = Club(clocked=True)
    uses = []
    for n in range(3):
        proposal = club.decide("channel", {"op": "add", "address": f"{SITE}{n}"}, "tern", "plover", "curlew", emergency="flood")
        club.tick()
        uses.append(club.status(proposal))
        club.tick(7 * DAY + 1)
    assert uses == ["enacted", "enacted", "refused"]
    assert not club.state.part("channels")


def test_an_amendment_of_the_power_voids_what_is_open_under_it() -> None:
    """Nobody acts under a power that was abolished or given to others meanwhile, and nothing else is voided."""
    assembly = {
        "article": "2",
        "holder": "assembly",
        "pass": {"base": "register", "more_than": "1/2"},
        "may": ["statement"],
        "expires": "P7D",
    }
    for change in (None, assembly):
        club = Club(clocked=True)
        proposal = club.propose("heron", "statement", say("s"), emergency="storm")
        plain = club.propose("heron", "statement", say("p"))
        amendment = club.decide("amend", club.amendment({"emergency/storm": change}))
        club.tick()
        assert club.status(amendment) == "enacted", club.why(amendment)
        assert (club.status(proposal), club.status(plain)) == ("void", "open")
        assert "emergency storm" in club.why(proposal)


def test_a_delegation_lends_one_rule_and_never_an_emergency() -> None:
    """The treasurer's delegate spends in their place; the treasurer's power in a storm is not theirs."""
    club = Club({"emergency/storm/holder": {"office": "treasurer"}}, clocked=True)
    club.approve(club.propose("tern", "delegate", {"rule": "spend_small", "to": "curlew", "until": club.now + DAY}), "tern")
    club.tick()
    payload = {"text": text("pump"), "amount": 1, "currency": "EUR"}
    proposal = club.propose("curlew", "spend_small", payload, emergency="storm")
    club.refused("curlew", "approve", "act/cannot-count", proposal=proposal)
    assert describe_proposal(club.state, proposal)["needs"][0]["who_still_can"] == ["tern"]

"""Laws of acts: who may propose, approve, object and withdraw, and what a refused act leaves behind."""

from __future__ import annotations

import pytest

from commonhold.kernel.record import fold
from commonhold.kernel.record.acts import MAX_OPEN_PER_MEMBER
from tests.kernel.record.helpers import FAR, FLOCK, T0, Club, text


def ordinary(name: str = "motion") -> dict[str, str]:
    return {"text": text(name)}


def test_a_majority_of_the_frozen_register_enacts_at_the_entry_that_completes_it() -> None:
    """Without a clock the third approval of five enacts, at that entry, with every approver named."""
    club = Club()
    proposal = club.propose("heron", "ordinary", ordinary())
    club.approve(proposal, "heron", "tern")
    assert club.status(proposal) == "open"
    club.approve(proposal, "plover")
    assert club.status(proposal) == "enacted"
    decided = club.state.part("resolutions")[proposal]
    assert decided.approvers == ("heron", "plover", "tern")
    assert decided.index == club.proposal(proposal).closed == club.last.index


def test_proposing_is_not_approving() -> None:
    """The proposer's own voice counts only once they approve."""
    club = Club()
    proposal = club.propose("heron", "channel", {"op": "add", "address": "https://club.example/"})
    assert club.status(proposal) == "open"
    club.approve(proposal, "heron")
    assert club.status(proposal) == "enacted"


def test_one_person_approves_once() -> None:
    """A second approval by the same person is refused, whatever they sign it with."""
    club = Club()
    proposal = club.propose("heron", "ordinary", ordinary())
    club.approve(proposal, "heron")
    club.refused("heron", "approve", "act/approved", proposal=proposal)
    assert club.proposal(proposal).approvals.keys() == {"heron"}


def test_a_kind_that_the_charter_does_not_list_is_refused() -> None:
    """Nothing is decided by a rule that is not there, nor by one that this version cannot apply."""
    club = Club()
    club.refused_proposal("heron", "picnic", ordinary(), "charter/no-rule-for-kind")
    club.refused_proposal("heron", "meeting", ordinary(), "act/rule-not-yet")
    club.refused_proposal("heron", "part", ordinary(), "charter/no-rule-for-kind")


def test_a_payload_of_the_wrong_shape_is_refused() -> None:
    """A payload has exactly its kind's fields."""
    club = Club()
    club.refused_proposal("heron", "ordinary", {"words": "no digest"}, "payload/shape")


def test_a_proposal_whose_time_is_over_is_refused() -> None:
    """By the record's clock; in a house without one, times that a signer claims are decoration."""
    clocked = Club(clocked=True)
    clocked.refused_proposal("heron", "ordinary", ordinary(), "act/too-late", not_after=T0)
    clocked.propose("heron", "ordinary", ordinary(), not_after=T0 + 1)
    assert Club().propose("heron", "ordinary", ordinary(), not_after=0)


def test_a_member_has_at_most_twenty_open_proposals_and_can_always_leave() -> None:
    """Nobody buries the others' work; withdrawing one makes room, and leaving is never refused for the number."""
    club = Club()
    proposals = [club.propose("heron", "ordinary", ordinary(str(n))) for n in range(MAX_OPEN_PER_MEMBER)]
    club.refused_proposal("heron", "ordinary", ordinary("one more"), "act/too-many-open")
    club.propose("tern", "ordinary", ordinary("another's"))
    club.do("heron", "withdraw", what="proposal", of=proposals[0])
    club.propose("heron", "ordinary", ordinary("one more"))
    club.propose("heron", "depart", {"member": "heron"})
    assert club.member("heron").status == "departed"


def test_proposals_and_withdrawals_of_one_member_are_capped_within_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stolen kit cannot fill the log: refused entries count as well, and the count starts again with the next block."""
    monkeypatch.setattr(fold, "MAX_OPENINGS_PER_BLOCK", 4)
    monkeypatch.setattr(fold, "BLOCK", 30)
    club = Club()
    for n in range(2):
        proposal = club.propose("heron", "ordinary", ordinary(str(n)))
        club.do("heron", "withdraw", what="proposal", of=proposal)
    club.refused_proposal("heron", "ordinary", ordinary("more"), "entry/too-many")
    club.propose("tern", "ordinary", ordinary("another's"))
    while club.state.size < 30:
        club.append(b"noise")
    assert club.propose("heron", "ordinary", ordinary("in the next block"))


def test_whoever_has_not_seen_a_proposal_cannot_answer_it() -> None:
    """`seen` must cover what the act is about: approvals, objections and withdrawals alike."""
    club = Club()
    proposal = club.propose("heron", "ordinary", ordinary())
    blind = club.proposal(proposal).index
    for name, type_, body in (
        ("tern", "approve", {"proposal": proposal}),
        ("tern", "object", {"proposal": proposal}),
        ("heron", "withdraw", {"what": "proposal", "of": proposal}),
    ):
        outcome = club.append(club.sign(name, type_, body, seen=blind))
        assert outcome.code == "act/seen-too-little"
        assert club.append(club.sign(name, type_, body, seen=blind + 1)).counts


def test_a_proposal_that_the_record_does_not_have_cannot_be_answered() -> None:
    """Answers name a proposal by its id, and a withdrawal too."""
    club = Club()
    for type_, body in (
        ("approve", {"proposal": text("none")}),
        ("object", {"proposal": text("none")}),
        ("confirm", {"proposal": text("none")}),
        ("withdraw", {"what": "approval", "of": text("none")}),
        ("withdraw", {"what": "proposal", "of": "x"}),
    ):
        club.refused("tern", type_, "act/no-proposal", **body)


def test_a_closed_proposal_cannot_be_answered() -> None:
    """What is decided is decided; the refusal says how it ended."""
    club = Club()
    enacted = club.decide("ordinary", ordinary())
    withdrawn = club.propose("heron", "ordinary", ordinary("other"))
    club.do("heron", "withdraw", what="proposal", of=withdrawn)
    for proposal in (enacted, withdrawn):
        club.refused("curlew", "approve", "act/closed", proposal=proposal)
        club.refused("curlew", "object", "act/closed", proposal=proposal)
    assert "withdrawn by heron" in club.refused("curlew", "approve", "act/closed", proposal=withdrawn).words


def test_only_those_who_can_count_may_approve() -> None:
    """An approval that could never count is refused, so that nobody believes it does."""
    club = Club()
    proposal = club.propose("curlew", "statement", {"text": text("s"), "language": "en"})
    club.refused("curlew", "approve", "act/cannot-count", proposal=proposal)
    expulsion = club.propose("heron", "expel", {"member": "curlew"})
    outcome = club.refused("curlew", "approve", "act/cannot-count", proposal=expulsion)
    assert "whom it is about" in outcome.words


def test_a_member_takes_back_what_is_theirs_and_nothing_else() -> None:
    """Proposals, approvals and objections are withdrawn by their own authors."""
    club = Club()
    proposal = club.propose("heron", "ordinary", ordinary())
    club.approve(proposal, "heron", "tern")
    club.do("plover", "object", proposal=proposal)
    club.refused("plover", "object", "act/objected", proposal=proposal)
    club.refused("tern", "withdraw", "act/not-yours", what="proposal", of=proposal)
    club.refused("curlew", "withdraw", "act/nothing-to-withdraw", what="approval", of=proposal)
    club.refused("curlew", "withdraw", "act/nothing-to-withdraw", what="objection", of=proposal)
    club.do("tern", "withdraw", what="approval", of=proposal)
    club.do("plover", "withdraw", what="objection", of=proposal)
    left = club.proposal(proposal)
    assert left.approvals.keys() == {"heron"}
    assert not left.objections
    club.do("heron", "withdraw", what="proposal", of=proposal)
    assert club.status(proposal) == "withdrawn"
    assert proposal not in club.state.opened


def test_a_withdrawn_approval_does_not_enact() -> None:
    """Two approvals and one taken back are not three."""
    club = Club()
    proposal = club.propose("heron", "ordinary", ordinary())
    club.approve(proposal, "heron", "tern")
    club.do("tern", "withdraw", what="approval", of=proposal)
    club.approve(proposal, "plover")
    assert club.status(proposal) == "open"
    club.approve(proposal, "tern")
    assert club.status(proposal) == "enacted"


def test_a_seat_is_given_back_by_its_holder() -> None:
    """Stepping down needs nobody's leave, and a seat that one does not hold cannot be given back."""
    club = Club()
    club.do("heron", "withdraw", what="seat", of="chair")
    assert club.state.offices_of("heron") == ()
    club.refused("heron", "withdraw", "act/no-seat", what="seat", of="chair")


def test_a_delegation_needs_a_rule_that_lends_it() -> None:
    """Nobody acts in another's place but under a delegation of the charter, in a house with a clock, and given by a holder."""
    payload = {"rule": "spend_small", "to": "curlew", "until": T0 + 60}
    Club().refused_proposal("tern", "delegate", payload, "effect/needs-clock")
    club = Club(clocked=True)
    club.refused_proposal("tern", "delegate", {**payload, "rule": "ordinary"}, "effect/no-delegation")
    club.refused_proposal("heron", "delegate", payload, "effect/not-holder")
    club.refused_proposal("tern", "delegate", {**payload, "to": "gannet"}, "effect/not-a-member")
    club.refused_proposal("tern", "delegate", {**payload, "until": T0}, "effect/too-long")
    club.refused_proposal("tern", "delegate", {**payload, "until": T0 + 30 * 86_400 + 1}, "effect/too-long")
    assert club.propose("tern", "delegate", {**payload, "until": T0 + 30 * 86_400})


def test_a_delegation_that_would_lend_one_of_several_signatures_is_refused() -> None:
    """Two treasurers must both sign: one of them cannot sign for both through a friend."""
    club = Club(
        {
            "decisions/pay": {"article": "1.4", "by": {"signatures": {"of": ["editor"], "m": 2}}},
            "delegation/pay": {"article": "1.4", "from": "editor", "to": "member", "max": "P30D"},
        },
        clocked=True,
    )
    club.refused_proposal("plover", "delegate", {"rule": "pay", "to": "curlew", "until": T0 + 60}, "act/rule-not-yet")


def test_a_delegation_is_revoked_by_its_giver_where_the_charter_allows_it() -> None:
    """The giver ends it at once; nobody else can, and what is not revocable stays."""
    for changes, revocable in (({}, True), ({"delegation/spend_small/revocable": False}, False)):
        club = Club(changes, clocked=True)
        proposal = club.propose("tern", "delegate", {"rule": "spend_small", "to": "curlew", "until": T0 + 86_400})
        club.approve(proposal, "tern")
        club.tick()
        assert club.state.part("delegations")["spend_small/curlew"].by == "tern"
        club.refused("curlew", "withdraw", "act/nothing-to-withdraw", what="delegation", of=proposal)
        if revocable:
            club.do("tern", "withdraw", what="delegation", of=proposal)
        else:
            club.refused("tern", "withdraw", "act/not-revocable", what="delegation", of=proposal)
        assert ("spend_small/curlew" in club.state.part("delegations")) is not revocable


def test_an_emergency_power_reaches_only_what_its_article_says() -> None:
    """An unknown, unusable or overreaching power is refused, and so is any in a house without a clock."""
    club = Club(clocked=True)
    add = {"op": "add", "address": "https://club.example/"}
    club.refused_proposal("heron", "statement", {"text": text("s"), "language": "en"}, "emergency/unknown", emergency="fire")
    club.refused_proposal("heron", "channel", add, "emergency/not-yet", emergency="fog")
    club.refused_proposal("heron", "channel", add, "emergency/kind", emergency="storm")
    Club().refused_proposal("heron", "channel", add, "emergency/needs-clock", emergency="flood")
    large = {"text": text("mast"), "amount": 201, "currency": "EUR"}
    club.refused_proposal("heron", "spend_small", large, "emergency/limit", emergency="storm")


def test_a_founding_member_who_has_left_can_do_nothing() -> None:
    """Leaving ends every key; a later act with it is refused, and the others go on."""
    club = Club()
    club.propose("dunlin", "depart", {"member": "dunlin"})
    club.refused_proposal("dunlin", "ordinary", ordinary(), "key/revoked")
    assert [name for name in FLOCK if club.member(name).status == "active"] == list(FLOCK[:4])
    assert club.propose("heron", "ordinary", ordinary(), not_after=FAR)

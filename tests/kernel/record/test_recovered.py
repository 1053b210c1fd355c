"""Laws about members whose keys were recovered: thirty days without a voice, and no day without weight."""

from __future__ import annotations

from typing import Any

from commonhold.kernel.record import tally
from commonhold.kernel.record.queries import describe_proposal
from tests.attacks import Mutation, attack
from tests.authenticator import Authenticator
from tests.kernel.record.helpers import DAY, FLOCK, MAJORITY, Club


def recovered(rules: dict[str, Any], *names: str) -> Club:
    """A club in which the chair alone has given new kits to *names*."""
    club = Club({"decisions/recover-member": {"article": "1.1", "by": {"office": "chair"}}, **rules}, clocked=True)
    for name in names:
        kit = club.new_kit(name)
        club.decide("recover-member", {"member": name, "kit": kit.keys.to_value()}, "heron")
        club.tick()
        club.kits[name] = kit
    return club


def admit(club: Club, by: str) -> str:
    """A proposal to admit gannet."""
    club.kits["gannet"] = club.new_kit("gannet")
    return club.propose(by, "admit", {"member": "gannet", "keys": [club.kits["gannet"].keys.to_value()]})


def test_a_recovered_holder_of_an_office_stays_in_the_denominator_of_its_body() -> None:
    """Half of a desk of two is one; the chair who recovers the other's key is no majority of it."""
    club = recovered({"decisions/admit": {"article": "1.1", "by": "desk", "pass": MAJORITY}}, "plover")
    club.install("editor", "dunlin")
    admission = admit(club, "dunlin")
    assert club.proposal(admission).bases == {"desk": 2}
    club.approve(admission, "dunlin")
    club.refused("plover", "approve", "act/cannot-count", proposal=admission, key=club.kits["gannet"].key_id)
    standing = tally.standings(club.state, admission, club.proposal(admission), club.state.size)[0]
    assert (standing.missing, standing.candidates) == (1, ())


def test_a_recovered_key_makes_up_no_quorum() -> None:
    """Who has no voice takes no part."""
    rule = {"article": "1.1", "by": {"office": "chair"}, "quorum": {"of": "assembly", "at_least": 2}}
    club = recovered({"decisions/admit": rule}, "tern")
    admission = admit(club, "heron")
    club.approve(admission, "heron")
    club.do("tern", "object", proposal=admission)
    quorum = tally.standings(club.state, admission, club.proposal(admission), club.state.size)[1]
    assert (quorum.counted, quorum.missing) == (("heron",), 1)
    club.do("plover", "object", proposal=admission)
    club.tick()
    assert club.status(admission) == "enacted"


@attack(
    "recovery-denominator",
    Mutation(
        "src/commonhold/kernel/record/tally.py",
        find="    return max(1, len(confirmers(state, proposal_id, proposal)) - threshold + 1)",
        replace="    return max(1, len(voices(state, proposal, confirmers(state, proposal_id, proposal))) - threshold + 1)",
    ),
)
def test_recovering_the_keys_of_those_who_might_object_is_no_consent() -> None:
    """Holders of the objection right who may not use it yet are silent, and no act passes by silence; nor do their objections count."""
    right = {"of": "assembly", "at_least": "2/5", "within": "P7D"}
    rule = {"article": "1.1", "by": {"office": "chair"}, "objection": right}
    club = recovered({"decisions/partner": rule}, "tern", "plover", "curlew")
    partner = club.propose("heron", "partner", club.make_partners("kestrel", k=1))
    assert club.proposal(partner).bases[tally.OBJECTION_BASE] == 5
    club.approve(partner, "heron")
    for name in ("tern", "plover"):
        club.do(name, "object", proposal=partner)
    club.tick()
    assert describe_proposal(club.state, partner)["objection"]["who_can"] == ["dunlin", "heron"]
    club.tick(7 * DAY)
    assert describe_proposal(club.state, partner)["waiting"]["who_must_confirm"] == ["dunlin"]
    for name in ("heron", "tern"):
        club.refused(name, "confirm", "act/cannot-confirm", proposal=partner)
    club.do("dunlin", "confirm", proposal=partner)
    club.tick()
    assert club.status(partner) == "open", "three who might have objected have said nothing"


@attack(
    "recovery-denominator",
    Mutation(
        "src/commonhold/kernel/record/tally.py",
        find="    return voices(state, proposal, can) if can else proposal.approvals.keys()",
        replace="    return voices(state, proposal, can) or proposal.approvals.keys()",
    ),
)
def test_who_silences_everybody_else_does_not_confirm_their_own_act() -> None:
    """Approvers sign again only where nobody holds the right to object, not where its holders have been given new keys."""
    right = {"of": "assembly", "at_least": "2/5", "within": "P7D"}
    club = recovered({"decisions/partner": {"article": "1.1", "by": {"office": "chair"}, "objection": right}}, *FLOCK[1:])
    partner = club.propose("heron", "partner", club.make_partners("kestrel", k=1))
    club.approve(partner, "heron")
    club.tick()
    club.tick(7 * DAY)
    assert describe_proposal(club.state, partner)["waiting"]["who_must_confirm"] == []
    club.refused("heron", "confirm", "act/cannot-confirm", proposal=partner)


@attack(
    "recovery-denominator",
    Mutation(
        "src/commonhold/kernel/record/effects.py",
        find="member.counts_from > max(draft.clock, member.weighs_from)",
        replace="not member.keys",
    ),
    Mutation("src/commonhold/kernel/kinds.py", find='"amend", "expel", "partner"', replace='"amend", "partner"'),
)
def test_a_recovered_key_takes_nobody_out_of_the_register() -> None:
    """It neither departs nor expels nor gives up its kit, until it counts; keys in good standing do."""
    club = recovered({}, "tern")
    phone = Authenticator("eddsa", 5).passkey.to_value()
    rotate = {"member": "tern", "add": [phone], "revoke": [club.kits["tern"].key_id]}
    club.refused_proposal("tern", "depart", {"member": "tern"}, "effect/key-recovered")
    club.refused_proposal("tern", "rotate-key", rotate, "effect/key-recovered")
    expulsion = club.propose("heron", "expel", {"member": "dunlin"})
    club.refused("tern", "approve", "act/cannot-count", proposal=expulsion)
    other = club.new_kit("tern")
    club.decide("rotate-key", {"member": "tern", "add": [other.keys.to_value()], "revoke": []}, "tern")
    club.tick()
    club.kits["tern"] = other
    club.refused_proposal("tern", "depart", {"member": "tern"}, "effect/key-recovered")
    club.tick(30 * DAY)
    assert club.decide("rotate-key", {**rotate, "revoke": [other.key_id]}, "tern")
    club.propose("plover", "depart", {"member": "plover"})
    club.tick()
    assert club.member("plover").status == "departed"
    assert club.member("tern").kit == ""

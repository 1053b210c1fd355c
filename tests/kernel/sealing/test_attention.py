"""Laws of attention: whoever is asked could act, whoever could act is asked, and what is at risk is told before it happens."""

from __future__ import annotations

from commonhold.kernel.record.attention import (
    EXPIRES,
    SOON,
    Need,
    Risk,
    may_approve,
    must_confirm,
    needs_of,
    risks_of,
    standings,
    waiting_of,
)
from commonhold.kernel.record.queries import describe_proposal
from commonhold.testing.house import MemoryHouse
from tests.authenticator import Authenticator
from tests.kernel.record.helpers import DAY, FLOCK, T0, Club, charter, text
from tests.kernel.sealing.test_record_emergency import Watch
from tests.kernel.sealing.vault import Vault

WEEK = 7 * DAY


def asked(club: Club, name: str) -> list[tuple[str, str]]:
    return [(need.what, need.proposal) for need in needs_of(club.state, name)]


def agree(club: Club) -> None:
    """Hold who is asked to approve against who the kernel says still can."""
    for key in club.state.opened:
        found, proposal = describe_proposal(club.state, key), club.proposal(key)
        can = {name for need in found["needs"] for name in need["who_still_can"]}
        pending = set(found["pending"])
        for name in FLOCK:
            assert may_approve(club.state, key, proposal, name) == (name in can - pending), (name, found)


def test_whoever_is_asked_to_approve_is_whoever_still_can() -> None:
    """In offices, in bodies, under delegations, before and after acts, for every kind of need."""
    for clocked in (False, True):
        club = Club(clocked=clocked)
        club.propose("heron", "statement", {"text": text("a"), "language": "en"})
        club.propose("plover", "both", {"text": text("b")})
        club.propose("curlew", "layout", {"text": text("l")})
        ordinary = club.propose("curlew", "ordinary", {"text": text("o")})
        expel = club.propose("curlew", "expel", {"member": "dunlin"})
        agree(club)
        club.do("heron", "object", proposal=ordinary)
        club.approve(expel, "tern")
        agree(club)
        if clocked:
            club.tick()
            agree(club)
            club.decide("delegate", {"rule": "spend_small", "to": "plover", "until": club.now + 3 * DAY}, "tern")
            club.propose("heron", "spend_small", {"text": text("s"), "amount": 100, "currency": "EUR"})
            club.tick()
            agree(club)


def test_whoever_has_acted_is_asked_no_more() -> None:
    """An approval, an objection: said is said, also while no attest covers it."""
    club = Club(clocked=True)
    proposal = club.propose("curlew", "ordinary", {"text": text("o")})
    for name in FLOCK:
        assert asked(club, name) == [("approve", proposal)]
    club.approve(proposal, "heron")
    club.do("tern", "object", proposal=proposal)
    assert asked(club, "heron") == asked(club, "tern") == []
    assert standings(club.state, proposal, club.proposal(proposal))[0].counted == ()
    club.tick()
    assert standings(club.state, proposal, club.proposal(proposal))[0].counted == ("heron",)


def test_strangers_and_those_who_left_are_asked_for_nothing() -> None:
    """Nor are they somebody whose approval could count."""
    club = Club()
    proposal = club.propose("curlew", "ordinary", {"text": text("o")})
    club.propose("dunlin", "depart", {"member": "dunlin"})
    assert needs_of(club.state, "dunlin") == needs_of(club.state, "nobody") == ()
    assert not may_approve(club.state, proposal, club.proposal(proposal), "nobody")


def test_a_member_without_a_kit_is_not_asked_for_an_act_of_authority() -> None:
    """Their approval would be refused."""
    club = Club(clocked=True)
    club.admit("ruff", *FLOCK[:3], key=Authenticator().passkey.to_value(), kit=False)
    club.propose("curlew", "ordinary", {"text": text("o")})
    assert needs_of(club.state, "ruff") == ()
    assert Risk("no-kit", members=("ruff",)) in risks_of(club.state)


def test_what_ends_first_stands_first() -> None:
    """And what nothing ends stands last."""
    club = Club(clocked=True)
    late = club.propose("curlew", "ordinary", {"text": text("l")}, not_after=T0 + 60 * DAY)
    soon = club.propose("curlew", "ordinary", {"text": text("s")}, not_after=T0 + 20 * DAY)
    club.decide("appoint", {"office": "editor", "member": "dunlin"})
    club.tick()
    assert [need.what for need in needs_of(club.state, "dunlin")] == ["approve", "approve", "seat"]
    assert [need.proposal for need in needs_of(club.state, "dunlin")][:2] == [soon, late]
    assert [need.until for need in needs_of(club.state, "dunlin")] == [T0 + 20 * DAY, T0 + 60 * DAY, 0]
    assert needs_of(club.state, "dunlin")[2].name == "editor"


def test_without_a_clock_nothing_ends() -> None:
    """A time that nothing judges is told as none."""
    club = Club()
    club.propose("curlew", "ordinary", {"text": text("l")}, not_after=T0)
    assert [need.until for need in needs_of(club.state, "heron")] == [0]
    assert not [risk for risk in risks_of(club.state) if risk.what in {"expires", "term-ends"}]


def test_after_the_wait_those_who_must_not_be_silent_are_asked() -> None:
    """Once, and not before."""
    club = Club(clocked=True)
    proposal = club.decide("contested", {"text": text("c")})
    club.tick()
    assert asked(club, "curlew") == []
    club.tick(WEEK)
    assert asked(club, "curlew") == asked(club, "dunlin") == [("confirm", proposal)]
    assert asked(club, "heron") == []
    assert must_confirm(club.state, proposal, club.proposal(proposal), "curlew")
    club.do("curlew", "confirm", proposal=proposal)
    assert asked(club, "curlew") == []


def test_an_emergency_act_is_brought_to_those_who_can_ratify_it() -> None:
    """Until when it lapses."""
    club = Club(clocked=True)
    proposal = club.decide("statement", {"text": text("s"), "language": "en"}, "heron", emergency="storm", by="heron")
    club.tick()
    assert needs_of(club.state, "tern") == (Need("ratify", proposal, until=club.proposal(proposal).ratify_until),)
    assert needs_of(club.state, "curlew") == ()


def test_a_founding_asks_its_members_and_nothing_else() -> None:
    """Until everybody has accepted."""
    house = MemoryHouse(charter(), FLOCK)
    assert needs_of(house.state, "heron") == (Need("found", ""),)
    assert risks_of(house.state)[0] == Risk("founding", members=tuple(sorted(FLOCK)))


def test_custodians_are_asked_to_show_their_share_and_to_give_it() -> None:
    """Who has shown it, who has given it, and who asked for it, is not."""
    vault = Vault(clocked=True)
    offered = vault.offer_seal()
    for name in vault.officers():
        assert ("share", offered) in asked(vault, name)
    vault.prove(offered, vault.officers()[0])
    assert ("share", offered) not in asked(vault, vault.officers()[0])
    for name in vault.officers()[1:]:
        vault.prove(offered, name)
    vault.tick()
    release = vault.release(until=vault.now + DAY)
    vault.tick()
    assert ("contribute", release) in asked(vault, "tern")
    assert ("contribute", release) not in asked(vault, "curlew") + asked(vault, "dunlin")
    vault.contribute(release, "tern")
    assert ("contribute", release) not in asked(vault, "tern")
    assert [risk for risk in risks_of(vault.state) if risk.what == "rotation"] == [Risk("rotation", "page")]
    vault.tick(2 * DAY)
    assert ("contribute", release) not in asked(vault, "plover")


def test_whom_word_must_reach_is_asked_whether_it_has() -> None:
    """Those who may object to an emergency release, until they have said so."""
    watch = Watch()
    request = watch.ask()
    told = {name for name in FLOCK if ("notice", request) in asked(watch, name)}
    assert told
    name = min(told)
    watch.told(request, f"{name}/mail")
    watch.tick()
    assert ("notice", request) not in asked(watch, name)


def test_ones_own_proposals_are_found_in_their_order() -> None:
    """Open ones alone."""
    club = Club()
    first, second = (club.propose("curlew", "ordinary", {"text": text(name)}) for name in "ab")
    club.propose("heron", "ordinary", {"text": text("c")})
    assert waiting_of(club.state, "curlew") == (first, second)
    club.do("curlew", "withdraw", what="proposal", of=first)
    assert waiting_of(club.state, "curlew") == (second,)


def test_empty_offices_and_ends_that_are_near_are_told() -> None:
    """Two months before a term's end, a week before a proposal's, and from the first day where nobody holds an office."""
    club = Club(clocked=True, seats={"chair": "heron"})
    proposal = club.propose("curlew", "ordinary", {"text": text("o")}, not_after=T0 + 30 * DAY)
    club.tick()
    names = [risk.name for risk in risks_of(club.state) if risk.what == "office-empty"]
    assert names == ["editor", "treasurer"]
    end = club.state.parts["seats"]["chair/heron"].until
    assert not [risk for risk in risks_of(club.state) if risk.what in {"term-ends", "expires"}]
    club.tick(T0 + 30 * DAY - EXPIRES - club.now)
    assert Risk("expires", proposal, ("curlew",), T0 + 30 * DAY) in risks_of(club.state)
    club.tick(end - SOON - club.now)
    assert Risk("term-ends", "chair", ("heron",), end) in risks_of(club.state)


def test_a_house_without_partners_and_one_without_a_clock_are_told_apart() -> None:
    """First that nobody keeps a copy, then that nobody has signed yet."""
    club = Club()
    assert Risk("no-partners") in risks_of(club.state)
    made = club.propose("heron", "partner", club.make_partners("gull", "knot", k=2))
    club.approve(made, *FLOCK[:3])
    assert Risk("no-clock") in risks_of(club.state)
    club.attest(T0)
    assert not {"no-partners", "no-clock"} & {risk.what for risk in risks_of(club.state)}

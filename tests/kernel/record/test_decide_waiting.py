"""Laws of waiting: no act passes by silence, and nobody confirms their own."""

from __future__ import annotations

from commonhold.kernel.record import tally
from tests.authenticator import Authenticator
from tests.kernel.record.helpers import DAY, T0, Club, text

WEEK = 7 * DAY


def contested(club: Club) -> str:
    """A contested act that three of five have carried, before any attest covers it."""
    return club.decide("contested", {"text": text("c")})


def test_no_act_passes_by_silence() -> None:
    """After the wait it stays open until so many of the others confirm that fewer remain than an objection needs."""
    club = Club(clocked=True)
    proposal = contested(club)
    club.tick()
    assert club.proposal(proposal).waits_until == T0 + 1 + WEEK
    club.refused("curlew", "confirm", "act/still-waiting", proposal=proposal)
    club.tick(WEEK - 1)
    club.refused("curlew", "confirm", "act/still-waiting", proposal=proposal)
    outcome = club.tick()
    assert [event.name for event in outcome.events] == ["waited"]
    club.tick(9 * WEEK)
    assert club.status(proposal) == "open", "nobody has said a word"
    # Two objections are needed and two could still object: one confirmation leaves one.
    club.do("curlew", "confirm", proposal=proposal)
    assert club.status(proposal) == "open"
    club.tick()
    assert club.status(proposal) == "enacted"


def test_even_where_too_few_are_left_to_object_one_of_them_must_confirm() -> None:
    """Fewer independent people than an objection takes cannot stop the act, and still their silence does not carry it."""
    club = Club(clocked=True)
    proposal = club.decide("contested", {"text": text("c")}, "heron", "tern", "plover", "dunlin")
    club.tick()
    club.tick(WEEK)
    assert tally.confirmers(club.state, proposal, club.proposal(proposal)) == {"curlew"}
    assert tally.objection_threshold(club.proposal(proposal), club.state.frozen[proposal].rules) == 2
    club.tick(WEEK)
    assert club.status(proposal) == "open", "nobody has said a word"
    club.do("curlew", "confirm", proposal=proposal)
    club.tick()
    assert club.status(proposal) == "enacted"


def test_nobody_who_is_involved_confirms() -> None:
    """Neither proposer nor approver nor the member whom it is about nor whoever gains by it counts as an independent voice."""
    club = Club({"decisions/expel/objection": {"of": "assembly", "at_least": 2, "within": "P7D"}}, clocked=True)
    proposal = club.propose("curlew", "expel", {"member": "dunlin"})
    club.approve(proposal, "heron", "tern", "plover")
    club.tick()
    club.tick(WEEK)
    assert tally.confirmers(club.state, proposal, club.proposal(proposal)) == frozenset()
    club.refused("curlew", "confirm", "act/cannot-confirm", proposal=proposal)
    club.refused("dunlin", "confirm", "act/cannot-confirm", proposal=proposal)
    trust = {"objection": {"of": "assembly", "at_least": 1, "within": "P7D"}, "by": {"office": "chair"}, "article": "1.1"}
    other = Club({"decisions/entrust": trust}, clocked=True)
    given = other.propose("heron", "entrust", {"resource": "transmitter", "holders": ["tern"]})
    other.approve(given, "heron")
    other.tick()
    other.tick(WEEK)
    assert tally.confirmers(other.state, given, other.proposal(given)) == {"plover", "curlew", "dunlin"}
    other.refused("tern", "confirm", "act/cannot-confirm", proposal=given)


def test_a_confirmation_has_seen_the_attest_that_ended_the_wait() -> None:
    """Whoever signed before that attest was before them has confirmed something else."""
    club = Club(clocked=True)
    proposal = contested(club)
    club.tick()
    club.tick(WEEK)
    ended = club.proposal(proposal).waited_at
    assert ended == club.last.index
    assert club.append(club.sign("curlew", "confirm", {"proposal": proposal}, seen=ended)).code == "act/seen-too-little"
    assert club.append(club.sign("curlew", "confirm", {"proposal": proposal}, seen=ended + 1)).counts


def test_where_nobody_is_left_to_confirm_the_approvers_sign_again() -> None:
    """A wait without a right to object, or one in which everybody approved, ends with the approvers' second signatures."""
    for kind, names in (("slow", ("heron", "tern", "plover")), ("contested", ("heron", "tern", "plover", "curlew", "dunlin"))):
        club = Club(clocked=True)
        proposal = club.propose("heron", kind, {"text": text("s")})
        club.approve(proposal, *names)
        club.tick()
        club.tick(WEEK)
        club.tick(WEEK)
        assert club.status(proposal) == "open"
        club.do("heron", "confirm", proposal=proposal)
        club.do("tern", "confirm", proposal=proposal)
        club.tick()
        assert club.status(proposal) == "open"
        club.do("plover", "confirm", proposal=proposal)
        club.tick()
        assert club.status(proposal) == "enacted"


def test_notice_begins_at_the_attest_that_shows_the_proposal_and_the_lock_when_it_is_carried() -> None:
    """The longest of notice, time lock and objection window decides."""
    club = Club(clocked=True)
    proposal = club.propose("heron", "slow", {"text": text("s")})
    club.tick()
    assert club.proposal(proposal).noticed == T0 + 1
    club.approve(proposal, "heron", "tern", "plover")
    club.tick()
    assert club.proposal(proposal).waits_until == T0 + 1 + 3 * DAY, "three days of notice outlast two of lock"
    late = club.propose("heron", "slow", {"text": text("t")})
    club.tick()
    club.tick(2 * DAY)
    club.approve(late, "heron", "tern", "plover")
    club.tick()
    assert club.proposal(late).waits_until == club.now + 2 * DAY


def test_an_objection_during_or_after_the_wait_blocks() -> None:
    """The right to stop it lasts until it is enacted."""
    for pause in (DAY, 2 * WEEK):
        club = Club(clocked=True)
        proposal = contested(club)
        club.tick()
        club.tick(pause)
        club.do("curlew", "object", proposal=proposal)
        club.do("dunlin", "object", proposal=proposal)
        club.tick()
        assert club.status(proposal) == "blocked"
        assert not club.state.part("resolutions")


def test_a_voice_that_is_lost_during_the_wait_starts_it_anew_with_its_confirmations() -> None:
    """Confirmations that had seen an earlier wait end say nothing about the later one."""
    club = Club(clocked=True)
    proposal = contested(club)
    club.tick()
    club.tick(WEEK)
    club.do("curlew", "confirm", proposal=proposal)
    club.do("plover", "withdraw", what="approval", of=proposal)
    club.tick()
    again = club.proposal(proposal)
    assert (again.status, again.carried, again.waited_at, again.confirms) == ("open", 0, -1, {})
    club.approve(proposal, "plover")
    club.tick()
    club.tick(WEEK)
    assert club.status(proposal) == "open"
    club.do("curlew", "confirm", proposal=proposal)
    club.tick()
    assert club.status(proposal) == "enacted"


def test_a_confirmation_by_a_key_that_was_revoked_does_not_count() -> None:
    """Confirmations count as approvals do: by a key that is still its owner's when it is judged."""
    club = Club(clocked=True)
    proposal = contested(club)
    club.tick()
    club.tick(WEEK)
    new = club.new_kit("curlew")
    club.approve(club.propose("curlew", "rotate-key", {"member": "curlew", "add": [new.keys.to_value()], "revoke": []}), "curlew")
    club.do("curlew", "confirm", proposal=proposal)
    # The change of keys is older than the confirmation, and covered by the same attest, but judged after the contested act.
    club.tick()
    assert club.status(proposal) == "enacted"
    second = contested(club)
    club.kits["curlew"] = new
    club.tick()
    club.tick(WEEK)
    club.do("curlew", "confirm", proposal=second)
    club.propose("curlew", "depart", {"member": "curlew"})
    club.attest(club.now, size=club.tree.size)
    assert club.status(second) == "enacted"


def test_an_everyday_kind_is_confirmed_by_members_without_a_kit() -> None:
    """A wait on an everyday kind asks those who may object to it, and their telephones are enough for that."""
    passkey = Authenticator("eddsa", 3)
    right = {"of": "assembly", "at_least": 1, "within": "P7D"}
    rule = {"article": "1.4", "by": {"office": "editor"}, "everyday": True, "objection": right}
    club = Club({"decisions/publish": rule}, clocked=True)
    club.admit("gannet", key=passkey.passkey.to_value(), kit=False)
    proposal = club.propose("plover", "publish", {"work": text("w")})
    club.approve(proposal, "plover")
    club.tick()
    club.tick(WEEK)
    for name in ("heron", "tern", "curlew", "dunlin"):
        club.do(name, "confirm", proposal=proposal)
    club.tick()
    assert club.status(proposal) == "open", "one objection is enough, and gannet could still raise it"
    assert club.press("gannet", passkey, "confirm", proposal=proposal).counts
    club.tick()
    assert club.status(proposal) == "enacted"

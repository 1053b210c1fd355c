"""Laws of counting: people and never signatures, frozen registers, one place for each person."""

from __future__ import annotations

from itertools import combinations, permutations, product

from hypothesis import given
from hypothesis import strategies as st

from commonhold.kernel.record import tally
from commonhold.kernel.record.matching import assign
from tests.authenticator import Authenticator
from tests.kernel.record.helpers import DAY, T0, Club, text

PEOPLE = "abcdef"
groups = st.lists(st.tuples(st.frozensets(st.sampled_from(PEOPLE)), st.integers(1, 3)), min_size=1, max_size=4)


def best(wanted: list[tuple[frozenset[str], int]]) -> int:
    """How many places can be filled by different people, by trying everything."""
    places = [people for people, m in wanted for _ in range(m)]
    for size in range(min(len(places), len(PEOPLE)), 0, -1):
        for chosen in combinations(places, size):
            if any(len(set(who)) == size for who in product(*chosen)):
                return size
    return 0


@given(groups)
def test_each_person_fills_one_place_and_as_many_places_as_possible_are_filled(wanted: list[tuple[frozenset[str], int]]) -> None:
    """Whoever is chair and treasurer at once is one of two signatures, and nobody's signature is wasted."""
    filled = assign(wanted)
    if len(wanted) == 1:
        assert filled == [wanted[0][0]]
        return
    assert all(people <= wanted[i][0] and len(people) <= wanted[i][1] for i, people in enumerate(filled))
    assert sum(map(len, filled)) == len(frozenset().union(*filled)) == best(wanted)


@given(groups, st.randoms(use_true_random=False))
def test_the_assignment_does_not_depend_on_the_order_of_sets(wanted: list[tuple[frozenset[str], int]], random: object) -> None:
    """Two readers whose sets iterate differently count the same."""
    for order in list(permutations(PEOPLE))[:3]:
        shuffled = [(frozenset(sorted(people, key=order.index)), m) for people, m in wanted]
        assert assign(shuffled) == assign(wanted)


def test_thousands_of_places_do_not_exhaust_the_stack() -> None:
    """A founding charter may ask for more signatures than Python has stack for."""
    people = [f"m{n:05}" for n in range(3_000)]
    # Every group but the last can take its own person and the next one; only a chain through all of them frees a place for the last.
    wanted = [(frozenset(people[n : n + 2]), 1) for n in range(2_000)]
    wanted.append((frozenset(people[:1]), 1))
    assert sum(map(len, assign(wanted))) == 2_001


def test_the_register_and_its_denominator_freeze_when_the_proposal_is_made() -> None:
    """Whoever joins later is counted neither above nor below the line; whoever leaves drops from the numerator only."""
    club = Club()
    proposal = club.propose("heron", "ordinary", {"text": text("o")})
    club.admit("gannet")
    club.refused("gannet", "approve", "act/cannot-count", proposal=proposal)
    club.approve(proposal, "heron", "tern")
    club.propose("tern", "depart", {"member": "tern"})
    club.approve(proposal, "plover")
    assert club.proposal(proposal).bases == {"assembly": 5}
    assert club.status(proposal) == "open"
    club.approve(proposal, "curlew")
    assert club.status(proposal) == "enacted"
    assert club.state.part("resolutions")[proposal].approvers == ("curlew", "heron", "plover")


def test_the_register_of_an_everyday_act_freezes_too() -> None:
    """A telephone that was enrolled after the proposal is no voice in it."""
    passkey = Authenticator("eddsa", 5)
    rule = {"article": "1.4", "by": "assembly", "pass": {"base": "register", "more_than": "1/2"}, "everyday": True}
    club = Club({"decisions/publish": rule})
    before = club.propose("heron", "publish", {"work": text("before")})
    club.admit("gannet", key=passkey.passkey.to_value(), kit=False)
    after = club.propose("heron", "publish", {"work": text("after")})
    assert [club.proposal(proposal).bases["assembly"] for proposal in (before, after)] == [5, 6]
    assert club.press("gannet", passkey, "approve", proposal=before).code == "act/cannot-count"
    assert club.press("gannet", passkey, "approve", proposal=after).counts


def test_the_register_of_a_body_of_office_holders_freezes_too() -> None:
    """An editor who was seated after the proposal is no part of the desk that decides it, nor is one who came back."""
    club = Club()
    proposal = club.propose("heron", "layout", {"text": text("l")})
    assert club.proposal(proposal).bases == {"desk": 1}
    club.install("editor", "dunlin")
    club.refused("dunlin", "approve", "act/cannot-count", proposal=proposal)
    later = club.propose("heron", "layout", {"text": text("l2")})
    assert club.proposal(later).bases == {"desk": 2}
    club.approve(later, "dunlin")
    assert club.status(later) == "open"
    assert [standing.candidates for standing in tally.standings(club.state, later, club.proposal(later), club.state.size)] == [
        ("plover",),
        (),
    ]
    club.approve(later, "plover")
    assert club.status(later) == "enacted"


def test_an_approver_holds_the_seat_when_approving_and_when_it_is_enacted() -> None:
    """Neither a seat that was lost before the enactment nor one that came after the approval counts."""
    club = Club()
    statement = {"text": text("s"), "language": "en"}
    proposal = club.propose("plover", "statement", statement)
    club.approve(proposal, "plover")
    club.do("plover", "withdraw", what="seat", of="editor")
    club.approve(proposal, "heron")
    assert club.status(proposal) == "open"
    club.approve(proposal, "tern")
    assert club.status(proposal) == "enacted"
    assert club.state.part("statements")[text("s")].approvers == ("heron", "tern"), "an approval that does not count is not named"
    seatless = club.propose("dunlin", "statement", {**statement, "text": text("s2")})
    club.refused("dunlin", "approve", "act/cannot-count", proposal=seatless)
    club.install("editor", "dunlin")
    club.approve(seatless, "heron")
    assert club.status(seatless) == "open"
    club.approve(seatless, "dunlin")
    assert club.status(seatless) == "enacted"


def test_one_person_in_two_offices_is_one_signature() -> None:
    """Chair and editor in one person are not the two people that a statement takes."""
    club = Club()
    club.install("editor", "heron")
    proposal = club.propose("heron", "statement", {"text": text("s"), "language": "en"})
    both = club.propose("heron", "both", {"text": text("b")})
    club.approve(proposal, "heron")
    club.approve(both, "heron")
    assert (club.status(proposal), club.status(both)) == ("open", "open")
    standings = tally.standings(club.state, both, club.proposal(both), club.state.size)
    assert sorted(standing.missing for standing in standings) == [0, 1]
    club.approve(both, "plover")
    assert club.status(both) == "enacted"


def test_new_members_and_recovered_keys_wait_thirty_days_for_the_acts_that_decide_who_decides() -> None:
    """They count at once for everyday matters, in no office for amend, succeed, partner, admit or recover-member, and founders at once."""
    club = Club({"decisions/partner": {"article": "1.1", "by": {"office": "chair"}}}, clocked=True)
    kit = club.new_kit("heron")
    recovery = club.propose("tern", "recover-member", {"member": "heron", "kit": kit.keys.to_value()})
    club.approve(recovery, "tern", "plover", "curlew")
    club.tick()
    club.kits["heron"] = kit
    club.admit("gannet", "tern", "plover", "curlew")
    assert club.member("heron").counts_from == T0 + 1 + 30 * DAY
    young = club.propose("tern", "amend", club.amendment({"decisions/slow/notice": "P4D"}))
    # Heron lost a key and is a member all along: no voice, but a weight. Gannet has neither.
    assert club.proposal(young).bases == {"assembly": 5}
    for name in ("heron", "gannet"):
        club.refused(name, "approve", "act/cannot-count", proposal=young)
    partner = club.propose("heron", "partner", club.make_partners("kestrel", k=1))
    club.refused("heron", "approve", "act/cannot-count", proposal=partner)
    assert tally.standings(club.state, partner, club.proposal(partner), club.state.size)[0].candidates == ()
    ordinary = club.propose("heron", "ordinary", {"text": text("o")})
    club.tick(30 * DAY - 2)
    assert club.proposal(club.propose("tern", "amend", club.amendment({"decisions/slow/notice": "P5D"}))).bases == {"assembly": 5}
    club.tick()
    # A proposal that was made before stays judged by the register of its time.
    club.refused("heron", "approve", "act/cannot-count", proposal=young)
    club.approve(ordinary, "heron", "gannet")
    club.tick()
    assert club.proposal(club.propose("tern", "amend", club.amendment({"decisions/slow/notice": "P6D"}))).bases == {"assembly": 6}


def test_without_a_clock_new_members_count_at_once() -> None:
    """Thirty days of a clock that is not there would never end; a majority of the register stood in for them."""
    club = Club()
    club.admit("gannet")
    assert club.member("gannet").counts_from == 0
    assert club.proposal(club.propose("tern", "amend", club.amendment({"decisions/slow/notice": "P4D"}))).bases == {"assembly": 6}


def test_without_a_clock_a_majority_of_the_register_stands_in_for_waiting_periods() -> None:
    """Waiting, and the thirty days that an admission starts, are replaced by more than half of all members."""
    alone = {"by": {"office": "chair"}, "article": "1.1"}
    club = Club({"decisions/admit": alone, "decisions/slow": {**alone, "notice": "P3D"}})
    kit = club.kits["gannet"] = club.new_kit("gannet")
    admission = club.propose("heron", "admit", {"member": "gannet", "keys": [kit.keys.to_value()]})
    slow = club.propose("heron", "slow", {"text": text("s")})
    for proposal in (admission, slow):
        club.approve(proposal, "heron", "tern")
        assert club.status(proposal) == "open"
        club.approve(proposal, "plover")
        assert club.status(proposal) == "enacted"


def test_a_majority_without_the_office_that_the_rule_names_is_not_enough() -> None:
    """What stands in for a wait comes on top of the rule, never in its place."""
    club = Club({"decisions/slow": {"by": {"office": "chair"}, "article": "1.1", "notice": "P3D"}})
    proposal = club.propose("tern", "slow", {"text": text("s")})
    club.approve(proposal, "tern", "plover", "curlew", "dunlin")
    assert club.status(proposal) == "open"
    club.approve(proposal, "heron")
    assert club.status(proposal) == "enacted"


def test_a_delegate_counts_in_the_holders_place_until_the_delegation_ends() -> None:
    """Under the one rule that was lent, while the giver holds the office, and until the time that was set."""
    club = Club(clocked=True)

    def spend(n: int) -> str:
        proposal = club.propose("curlew", "spend_small", {"text": text(str(n)), "amount": 1, "currency": "EUR"})
        outcome = club.act("curlew", "approve", proposal=proposal)
        assert outcome.code in ("", "act/cannot-count")
        return proposal if outcome.counts else ""

    assert not spend(0)
    delegation = club.propose("tern", "delegate", {"rule": "spend_small", "to": "curlew", "until": T0 + 10})
    assert tally.subject(club.proposal(delegation)) == "curlew"
    club.approve(delegation, "tern")
    club.tick()
    waiting = club.propose("tern", "spend_small", {"text": text("w"), "amount": 1, "currency": "EUR"})
    assert tally.standings(club.state, waiting, club.proposal(waiting), club.state.size)[0].candidates == ("curlew", "tern")
    spent = spend(1)
    club.tick()
    assert club.status(spent) == "enacted"
    large = club.propose("curlew", "spend_large", {"text": text("l"), "amount": 1, "currency": "EUR"})
    club.refused("curlew", "approve", "act/cannot-count", proposal=large)
    assert tally.standings(club.state, large, club.proposal(large), club.state.size)[0].candidates == ("heron", "tern")
    late = spend(2)
    club.tick(8)
    assert club.status(late) == "open", "the delegation had ended when it was judged"
    assert not club.state.part("delegations")
    assert not spend(3)


def test_a_delegation_falls_with_its_givers_seat_and_with_either_member() -> None:
    """Nobody acts for an office-holder who is none any more, and who leaves takes their delegations along."""
    for ending in ("seat", "giver", "delegate"):
        club = Club(clocked=True)
        club.approve(club.propose("tern", "delegate", {"rule": "spend_small", "to": "curlew", "until": T0 + DAY}), "tern")
        club.tick()
        proposal = club.propose("curlew", "spend_small", {"text": text("w"), "amount": 1, "currency": "EUR"})
        club.approve(proposal, "curlew")
        if ending == "seat":
            club.do("tern", "withdraw", what="seat", of="treasurer")
        else:
            leaver = "tern" if ending == "giver" else "curlew"
            club.propose(leaver, "depart", {"member": leaver})
            club.tick()
            assert not club.state.part("delegations")
        club.tick()
        # Departures come later in the record than the spending, and due proposals enact in the order of their index.
        assert club.status(proposal) == ("open" if ending == "seat" else "enacted")


def test_an_amendment_of_a_rule_or_its_delegation_ends_what_was_lent() -> None:
    """A delegation was given under a rule as it stood."""
    for changes in ({"delegation/spend_small/max": "P20D"}, {"decisions/spend_small/limit/amount": 100}):
        club = Club(clocked=True)
        club.approve(club.propose("tern", "delegate", {"rule": "spend_small", "to": "curlew", "until": T0 + DAY}), "tern")
        club.tick()
        amendment = club.decide("amend", club.amendment(changes))
        club.tick()
        assert club.status(amendment) == "enacted", club.why(amendment)
        assert not club.state.part("delegations")


def test_what_others_lent_stays_when_somebody_leaves_or_another_rule_changes() -> None:
    """A delegation ends for its own reasons only; one that the charter has abolished before it was enacted is refused."""
    club = Club(clocked=True)
    lent = {"rule": "spend_small", "to": "curlew", "until": T0 + DAY}
    club.approve(club.propose("tern", "delegate", lent), "tern")
    club.propose("dunlin", "depart", {"member": "dunlin"})
    club.decide("amend", club.amendment({"decisions/slow/notice": "P4D"}))
    club.tick()
    assert club.member("dunlin").status == "departed"
    assert list(club.state.part("delegations")) == ["spend_small/curlew"]
    abolished = club.decide("amend", club.amendment({"delegation/spend_small": None}))
    late = club.propose("tern", "delegate", {**lent, "to": "plover"})
    club.approve(late, "tern")
    club.tick()
    assert club.status(abolished) == "enacted"
    assert club.status(late) == "refused"
    assert not club.state.part("delegations")


def test_a_quorum_counts_those_who_took_part() -> None:
    """Approvals and objections both make up a quorum; only approvals make up a majority."""
    club = Club({"decisions/layout": {"article": "1.4", "by": {"office": "chair"}, "quorum": {"of": "assembly", "at_least": 3}}})
    proposal = club.propose("heron", "layout", {"text": text("l")})
    club.approve(proposal, "heron")
    club.do("tern", "object", proposal=proposal)
    quorum = tally.standings(club.state, proposal, club.proposal(proposal), club.state.size)[1]
    assert (quorum.what, quorum.counted, quorum.missing) == ("quorum of assembly", ("heron", "tern"), 1)
    assert club.status(proposal) == "open"
    club.do("plover", "object", proposal=proposal)
    assert club.status(proposal) == "enacted"


def test_the_member_whom_an_act_is_about_counts_neither_above_nor_below_the_line() -> None:
    """Two thirds of the four others expel; where the charter lets the subject vote, they do."""
    club = Club()
    proposal = club.propose("heron", "expel", {"member": "dunlin"})
    assert club.proposal(proposal).bases == {"assembly": 4}
    club.approve(proposal, "heron", "tern", "plover")
    assert club.status(proposal) == "enacted"
    assert club.member("dunlin").status == "expelled"
    voting = Club({"decisions/expel/subject_votes": True})
    own = voting.propose("heron", "expel", {"member": "dunlin"})
    assert voting.proposal(own).bases == {"assembly": 5}
    voting.approve(own, "dunlin")

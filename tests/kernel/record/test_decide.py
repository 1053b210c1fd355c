"""Laws of a decision's life: carried, blocked, failed, expired, judged by the charter of its time."""

from __future__ import annotations

from tests.kernel.record.helpers import FAR, T0, Club, text


def test_a_pending_approval_is_not_judged_before_an_attest_covers_it() -> None:
    """In a house with partners nothing happens at the entry; the attest that covers the last voice it needs decides, at its time."""
    club = Club(clocked=True)
    proposal = club.decide("ordinary", {"text": text("o")})
    assert club.status(proposal) == "open"
    club.attest(T0 + 5, size=club.tree.size - 1)
    assert club.status(proposal) == "open"
    club.attest(T0 + 9)
    closed = club.proposal(proposal)
    assert (closed.status, closed.closed, closed.closed_at) == ("enacted", club.last.index, T0 + 9)


def test_a_proposal_that_no_attest_covers_is_not_judged() -> None:
    """Its clock has not begun, so it cannot even expire."""
    club = Club(clocked=True)
    proposal = club.propose("heron", "ordinary", {"text": text("o")}, not_after=T0 + 1)
    club.attest(T0 + 5, size=club.tree.size - 1)
    assert club.status(proposal) == "open"
    club.attest(T0 + 5)
    assert club.status(proposal) == "expired"


def test_a_decision_at_the_second_of_its_end_is_in_time_and_one_second_later_is_not() -> None:
    """`not_after` is the last second that counts, by the record's clock."""
    for late, status in ((0, "enacted"), (1, "expired")):
        club = Club(clocked=True)
        proposal = club.decide("ordinary", {"text": text("o")}, not_after=T0 + 100)
        club.tick(100 + late)
        assert club.status(proposal) == status
        assert bool(club.state.part("resolutions")) is (status == "enacted")


def test_objections_block_at_the_threshold_and_not_before() -> None:
    """Two of five may stop a contested act; dissent from whoever lacks the right is recorded and stops nothing."""
    for clocked in (False, True):
        club = Club(clocked=clocked)
        proposal = club.propose("heron", "contested", {"text": text("c")})
        club.do("curlew", "object", proposal=proposal)
        if clocked:
            club.tick()
        assert club.status(proposal) == "open"
        club.do("dunlin", "object", proposal=proposal, reason=text("why"))
        if clocked:
            assert club.status(proposal) == "open"
            club.tick()
        assert club.status(proposal) == "blocked"
        assert club.why(proposal) == "objected to by curlew, dunlin"
        assert proposal not in club.state.opened


def test_an_objection_right_belongs_to_those_whom_the_charter_names() -> None:
    """An objection by anybody else is dissent: it stands in the record and blocks nothing."""
    right = {"of": ["chair", "desk"], "at_least": 1, "within": "P7D"}
    club = Club({"decisions/contested/objection": right})
    proposal = club.propose("heron", "contested", {"text": text("c")})
    club.do("curlew", "object", proposal=proposal)
    assert club.status(proposal) == "open"
    club.do("plover", "object", proposal=proposal)
    assert club.status(proposal) == "blocked"


def test_a_share_of_an_empty_body_is_nobody_and_blocks_nothing() -> None:
    """Where nobody held the right when the proposal was made, one later objection is still needed to stop it."""
    right = {"of": "desk", "at_least": "1/2", "within": "P7D"}
    club = Club({"decisions/contested/objection": right}, seats={"chair": "heron"})
    proposal = club.propose("heron", "contested", {"text": text("c")})
    assert club.proposal(proposal).bases["objection"] == 0
    club.approve(proposal, "heron", "tern")
    assert club.status(proposal) == "open"
    club.approve(proposal, "plover")
    assert club.status(proposal) == "enacted"


def test_a_proposal_fails_once_so_many_object_that_it_is_out_of_reach() -> None:
    """Three of five against leave two, and three are needed."""
    club = Club()
    proposal = club.propose("heron", "ordinary", {"text": text("o")})
    for name in ("tern", "plover"):
        club.do(name, "object", proposal=proposal)
    assert club.status(proposal) == "open"
    club.do("curlew", "object", proposal=proposal)
    assert club.status(proposal) == "failed"
    assert "3 of the assembly" in club.why(proposal)


def test_whoever_approves_is_counted_as_that_also_when_they_objected_before() -> None:
    """Somebody who was won over does not put the proposal out of reach."""
    club = Club()
    proposal = club.propose("heron", "ordinary", {"text": text("o")})
    for name in ("tern", "plover"):
        club.do(name, "object", proposal=proposal)
    club.approve(proposal, "tern")
    club.do("curlew", "object", proposal=proposal)
    assert club.status(proposal) == "open"
    club.approve(proposal, "heron", "dunlin")
    assert club.status(proposal) == "enacted"


def test_due_proposals_enact_in_ascending_index_on_the_state_that_the_one_before_left() -> None:
    """Of two that contradict each other the first holds, and the second is refused with the reason and changes nothing."""
    club = Club(clocked=True)
    first = club.propose("heron", "channel", {"op": "add", "address": "https://club.example/"})
    second = club.propose("heron", "channel", {"op": "add", "address": "https://club.example/"})
    club.approve(second, "heron")
    club.approve(first, "heron")
    outcome = club.tick()
    assert [event.name for event in outcome.events] == ["enacted", "refused"]
    assert (club.status(first), club.status(second)) == ("enacted", "refused")
    assert "already a channel" in club.why(second)
    assert club.state.part("channels")["https://club.example/"].proposal == first


def test_a_decision_is_judged_by_the_charter_in_force_when_it_was_proposed() -> None:
    """An amendment of another rule leaves it open and judged as before; one of its own rule voids it."""
    club = Club()
    other = club.propose("heron", "ordinary", {"text": text("o")})
    own = club.propose("heron", "contested", {"text": text("c")})
    rival = club.propose("heron", "amend", club.amendment({"decisions/slow/notice": "P9D"}))
    amendment = club.decide("amend", club.amendment({"decisions/contested/pass": {"base": "register", "at_least": "4/5"}}))
    assert club.status(amendment) == "enacted"
    assert (club.status(other), club.status(own), club.status(rival)) == ("open", "void", "void")
    assert "contested" in club.why(own)
    assert club.proposal(other).charter != club.state.charter.digest.hex()
    club.approve(other, "heron", "tern", "plover")
    assert club.status(other) == "enacted"


def test_an_amendment_never_voids_a_dismissal_nor_takes_its_body_away() -> None:
    """Officers who rewrite the rules, and rename the very body that judges them, are dismissed by the rule that stood."""
    club = Club()
    dismissal = club.propose("curlew", "dismiss", {"office": "chair", "member": "heron"})
    club.approve(dismissal, "curlew")
    renamed: dict[str, object] = {"bodies/assembly": None, "bodies/everybody": {"article": "1.1", "members": "all(member)"}}
    for name in (
        "ordinary",
        "elect",
        "dismiss",
        "admit",
        "expel",
        "recover-member",
        "partner",
        "entrust",
        "amend",
        "slow",
        "contested",
        "meeting",
    ):
        renamed[f"decisions/{name}/by"] = "everybody"
    renamed |= {f"offices/{office}/elected_by": "everybody" for office in ("chair", "treasurer", "editor")}
    renamed |= {f"decisions/{name}/by/signatures/of": ["everybody"] for name in ("rotate-key", "suspend-origin")}
    renamed |= {
        "decisions/contested/objection/of": "everybody",
        "emergency/flood/holder": "everybody",
        "emergency/fog/renewal_by": "everybody",
    }
    renamed["decisions/dismiss/pass"] = {"base": "register", "at_least": "4/5"}
    assert club.status(club.decide("amend", club.amendment(renamed))) == "enacted"
    assert club.status(dismissal) == "open"
    club.approve(dismissal, "tern", "plover")
    assert club.status(dismissal) == "enacted"
    assert club.seat("chair", "heron") is None


def test_an_amendment_is_judged_by_the_old_charter_and_never_by_itself() -> None:
    """Lowering the threshold takes the threshold that is being lowered."""
    club = Club()
    amendment = club.propose("heron", "amend", club.amendment({"decisions/amend/pass": {"base": "register", "more_than": "1/2"}}))
    club.approve(amendment, "heron", "tern", "plover")
    assert club.status(amendment) == "open"
    club.approve(amendment, "curlew")
    assert club.status(amendment) == "enacted"


def test_an_amendment_that_makes_a_rule_unreachable_is_refused() -> None:
    """More people than there are members, a top act by everybody, an article without amendment: the refusal names the rule."""
    club = Club()
    for changes, code in (
        ({"decisions/slow/by": {"signatures": {"of": ["assembly"], "m": 6}}, "decisions/slow/pass": None}, "charter/too-few-members"),
        ({"decisions/dismiss/pass": {"base": "register", "at_least": "1/1"}}, "charter/top-act-everybody"),
        ({"decisions/dismiss/by": {"office": "chair"}, "decisions/dismiss/pass": None}, "charter/top-act"),
        ({"decisions/amend/applies_to": ["2.1"]}, "charter/amend-gap"),
    ):
        club.refused_proposal("heron", "amend", club.amendment(changes), code)


def test_a_dismissal_takes_members_alone_so_that_an_empty_office_cannot_stop_it() -> None:
    """With nobody in any office the register still dismisses, and its own victim has no veto."""
    club = Club(seats={"chair": "heron"})
    dismissal = club.decide("dismiss", {"office": "chair", "member": "heron"}, "tern", "plover", "curlew")
    assert club.status(dismissal) == "enacted"
    assert club.state.offices_of("heron") == ()


def test_rules_for_partnered_houses_apply_to_proposals_made_after_the_first_attest() -> None:
    """A proposal from before has no wait: a majority stood in for it; but it ends by the clock that has come."""
    club = Club()
    early = club.propose("heron", "slow", {"text": text("s")})
    short = club.propose("heron", "slow", {"text": text("t")}, not_after=T0 - 1)
    club.decide("partner", club.make_partners("kestrel", k=1))
    club.now = T0 - 1
    club.tick()
    assert (club.status(early), club.status(short)) == ("open", "expired")
    club.approve(early, "heron", "tern", "plover")
    club.tick()
    assert club.status(early) == "enacted"
    assert not club.proposal(early).clocked
    late = club.decide("slow", {"text": text("u")}, not_after=FAR)
    club.tick()
    assert club.status(late) == "open"


def test_leaving_is_nobody_elses_to_allow_and_waits_only_for_the_clock() -> None:
    """One's own act is enough, whatever the charter says of it; nobody leaves in another's name, and twice is once."""
    for changes in ({}, {"decisions/depart": {"article": "1.2", "by": {"office": "chair"}, "notice": "P9D"}}):
        club = Club(changes, clocked=True)
        club.refused_proposal("heron", "depart", {"member": "tern"}, "effect/not-yours")
        first = club.propose("heron", "depart", {"member": "heron"})
        second = club.propose("heron", "depart", {"member": "heron"})
        assert club.member("heron").status == "active"
        club.tick()
        assert (club.status(first), club.status(second)) == ("enacted", "refused")
        assert club.member("heron").status == "departed"
        assert club.state.offices_of("heron") == ()
        assert club.proposal(first).articles == (("1.2",) if changes else ())

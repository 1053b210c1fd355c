"""Laws of seats: offers, vacancies, terms, renewals, and offices that exclude one another."""

from __future__ import annotations

import pytest

from commonhold.kernel.errors import RuleError
from commonhold.kernel.record import clock
from tests.kernel.record.helpers import DAY, T0, Club

YEAR = 365 * DAY


def test_a_seat_is_offered_only_to_somebody_who_can_hold_it() -> None:
    """The office exists, and an offer that waits is not doubled."""
    club = Club({"offices/steward": {"article": "1.2", "seats": {"per": 10, "of": "members"}}})
    club.refused_proposal("heron", "appoint", {"office": "admiral", "member": "curlew"}, "effect/no-office")
    club.refused_proposal("heron", "appoint", {"office": "steward", "member": "curlew"}, "effect/office-not-yet")
    club.refused_proposal("heron", "dismiss", {"office": "editor", "member": "curlew"}, "effect/no-seat")
    club.offer("editor", "curlew")
    club.refused_proposal("heron", "appoint", {"office": "editor", "member": "curlew"}, "effect/offered")
    club.offer("editor", "dunlin")
    club.refused_proposal("heron", "appoint", {"office": "editor", "member": "heron"}, "effect/offered")


def test_an_offer_can_be_declined_or_taken_back() -> None:
    """The appointed member gives it back, or a dismissal takes it; neither counts as a term served."""
    club = Club()
    offer = club.offer("editor", "curlew")
    club.do("curlew", "withdraw", what="seat", of="editor")
    club.refused("curlew", "accept", "act/no-offer", of=offer)
    club.offer("editor", "curlew")
    club.decide("dismiss", {"office": "editor", "member": "curlew"})
    assert club.seat("editor", "curlew") is None
    assert "editor/curlew" not in club.state.tenures


def test_seats_never_exceed_the_charters_number() -> None:
    """A successor may be elected early, and is seated only when a seat is free."""
    club = Club()
    offer = club.offer("chair", "curlew")
    club.refused("curlew", "accept", "effect/full", of=offer)
    assert club.state.holders["chair"] == {"heron"}
    club.do("heron", "withdraw", what="seat", of="chair")
    club.do("curlew", "accept", of=offer)
    assert club.state.holders["chair"] == {"curlew"}


def test_two_acceptances_between_two_attests_do_not_share_a_seat() -> None:
    """A seat that is accepted and waits for the clock is taken."""
    club = Club(clocked=True)
    first, second = club.offer("editor", "curlew"), club.offer("editor", "dunlin")
    club.do("curlew", "accept", of=first)
    club.refused("dunlin", "accept", "effect/full", of=second)
    club.tick()
    assert club.state.holders["editor"] == {"plover", "curlew"}


def test_nobody_holds_offices_that_exclude_one_another() -> None:
    """Not by appointment, not by acceptance, and not by two acceptances between two attests."""
    club = Club()
    club.refused_proposal("curlew", "appoint", {"office": "treasurer", "member": "heron"}, "effect/incompatible")
    clocked = Club(seats={}, clocked=True)
    chair, treasurer = clocked.offer("chair", "curlew"), clocked.offer("treasurer", "curlew")
    clocked.do("curlew", "accept", of=chair)
    clocked.refused("curlew", "accept", "effect/incompatible", of=treasurer)
    clocked.tick()
    assert clocked.state.offices_of("curlew") == ("chair",)


def test_an_acceptance_is_looked_at_again_when_the_clock_reaches_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A seat that is no longer to be had is not given, and the event says why."""
    club = Club({"offices/editor/max_consecutive": 1}, clocked=True)
    club.do("curlew", "accept", of=club.offer("editor", "curlew"))

    def full(draft: object, office: str, name: str) -> None:
        raise RuleError("the office is full", code="effect/full")

    monkeypatch.setattr(clock, "check_vacancy", full)
    outcome = club.tick()
    assert [(event.name, event.data["member"]) for event in outcome.events] == [("seat-refused", "curlew")]
    assert club.seat("editor", "curlew") is None
    assert club.state.holders["editor"] == {"plover"}


def test_a_pause_between_excluding_offices_lasts_as_long_as_the_charter_says() -> None:
    """Thirty days of the clock; where there is no clock it cannot end, and the first attest dates it."""
    club = Club()
    club.do("heron", "withdraw", what="seat", of="chair")
    club.do("tern", "withdraw", what="seat", of="treasurer")
    club.refused_proposal("curlew", "appoint", {"office": "treasurer", "member": "heron"}, "effect/cooling-off")
    club.decide("partner", club.make_partners("kestrel", k=1))
    club.now = T0
    club.attest(T0)
    club.tick(30 * DAY - 1)
    club.refused_proposal("curlew", "appoint", {"office": "treasurer", "member": "heron"}, "effect/cooling-off")
    club.tick()
    club.install("treasurer", "heron")
    free = Club({"incompatible": [{"name": "apart", "article": "1.3", "offices": ["chair", "treasurer"]}]})
    free.do("heron", "withdraw", what="seat", of="chair")
    free.do("tern", "withdraw", what="seat", of="treasurer")
    free.install("treasurer", "heron")
    assert free.state.offices_of("heron") == ("treasurer",)


def test_a_seat_is_held_from_the_attest_that_covers_its_acceptance() -> None:
    """Its term begins at that time and ends exactly a year later."""
    club = Club(clocked=True)
    offer = club.offer("editor", "curlew")
    club.do("curlew", "accept", of=offer)
    size = club.tree.size - 1
    club.attest(club.now + 1, size=size)
    seat = club.seat("editor", "curlew")
    assert seat is not None
    assert seat.status == "accepted"
    assert club.state.offices_of("curlew") == ()
    club.tick(10)
    seat = club.seat("editor", "curlew")
    assert seat is not None
    assert (seat.status, seat.since) == ("held", club.now)
    club.tick(seat.until - club.now - 1)
    assert club.state.offices_of("curlew") == ("editor",)
    outcome = club.tick()
    assert {"office": "editor", "member": "curlew"} in [event.data for event in outcome.events if event.name == "term-ended"]
    assert club.state.offices_of("curlew") == ()


def test_the_first_attest_dates_the_seats_of_the_founding() -> None:
    """Their terms begin with the clock; an office without a term goes on."""
    club = Club(clocked=True)
    assert club.seat("chair", "heron").since == T0  # type: ignore[union-attr] # without the seat the test fails here
    outcome = club.tick(2 * YEAR)
    assert [event.data["office"] for event in outcome.events] == ["chair", "editor"], "in the order of their names"
    assert club.state.offices_of("tern") == ("treasurer",)


def test_another_term_follows_the_one_that_runs_and_terms_in_a_row_are_counted() -> None:
    """A renewal adds a term to the end of the present one; the third in a row is refused until a whole term has passed."""
    club = Club(clocked=True)
    seat = club.seat("chair", "heron")
    assert seat is not None
    renewal = club.offer("chair", "heron")
    club.refused_proposal("heron", "appoint", {"office": "chair", "member": "heron"}, "effect/offered")
    club.do("heron", "accept", of=renewal)
    renewed = club.seat("chair", "heron")
    assert renewed is not None
    assert (renewed.terms, renewed.renewal, renewed.by) == (2, "", renewal)
    assert renewed.until - seat.until in (YEAR, YEAR + DAY)
    club.refused_proposal("tern", "appoint", {"office": "chair", "member": "heron"}, "effect/terms")
    club.tick(renewed.until - club.now)
    assert club.state.offices_of("heron") == ()
    club.refused_proposal("tern", "appoint", {"office": "chair", "member": "heron"}, "effect/terms")
    club.tick(YEAR - DAY)
    club.refused_proposal("tern", "appoint", {"office": "chair", "member": "heron"}, "effect/terms")
    club.tick(2 * DAY)
    club.install("chair", "heron")
    assert club.seat("chair", "heron").terms == 1  # type: ignore[union-attr] # without the seat the test fails here


def test_without_a_clock_terms_in_a_row_are_counted_and_no_pause_ends_them() -> None:
    """Leaving the seat and coming back is another term."""
    club = Club()
    club.do("heron", "withdraw", what="seat", of="chair")
    club.install("chair", "heron")
    assert club.seat("chair", "heron").terms == 2  # type: ignore[union-attr] # without the seat the test fails here
    club.do("heron", "withdraw", what="seat", of="chair")
    club.refused_proposal("tern", "appoint", {"office": "chair", "member": "heron"}, "effect/terms")
    editor = Club()
    editor.do("plover", "accept", of=editor.offer("editor", "plover"))
    assert editor.seat("editor", "plover").until == 0  # type: ignore[union-attr] # without the seat the test fails here


def test_an_office_that_an_amendment_abolishes_cannot_be_accepted_any_more() -> None:
    """The offer outlives the office, and confers nothing."""
    warden = {"offices/warden": {"article": "1.2", "elected_by": "assembly", "seats": 1}}
    club = Club(warden)
    offer = club.offer("warden", "curlew")
    assert club.status(club.decide("amend", club.amendment({}))) == "enacted"
    club.refused("curlew", "accept", "effect/no-office", of=offer)
    assert club.seat("warden", "curlew") is not None
    assert club.state.offices_of("curlew") == ()

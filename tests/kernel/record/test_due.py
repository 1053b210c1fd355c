"""Laws of what waits on time: an attest before it changes nothing but the clock, and the one after it does."""

from __future__ import annotations

from commonhold.kernel.record.due import next_due
from commonhold.kernel.record.state import State
from tests.kernel.record.helpers import DAY, FLOCK, T0, Club


def changes(club: Club, moment: int) -> bool:
    """Whether an attest of that time brings anything about, or takes something out of the state."""
    before = _without_clock(club.state)
    outcome = club.attest(moment)
    assert outcome.counts, outcome.words
    return bool(outcome.events) or _without_clock(club.state) != before


def _without_clock(state: State) -> dict[str, dict[str, object]]:
    return {part: dict(values) for part, values in state.parts.items() if part != "clock"}


def test_a_house_without_a_clock_waits_for_no_moment() -> None:
    """Nothing there is judged by time, so no moment is worth an entry."""
    assert next_due(Club().state) is None


def test_nothing_is_due_where_nothing_waits() -> None:
    """A club whose offices are vacant and whose proposals are closed waits for nothing."""
    assert next_due(Club(seats={}, clocked=True).state) is None


def test_a_term_ends_at_the_moment_that_is_due_and_not_before() -> None:
    """The chair's term is a year: an attest a second earlier ends nothing."""
    club = Club(clocked=True)
    due = next_due(club.state)
    assert due is not None
    assert not changes(club, due - 1)
    assert next_due(club.state) == due
    assert changes(club, due)
    assert club.state.holders.get("chair", frozenset()) == frozenset()


def test_a_waiting_period_and_an_expiry_are_due() -> None:
    """A proposal that is carried is due when it has waited, one that is not when it expires."""
    club = Club(clocked=True)
    club.propose("heron", "channel", {"op": "add", "address": "https://a.example"}, not_after=T0 + 30 * DAY)
    slow = club.decide("slow", {"text": "a" * 64})
    club.tick()
    due = next_due(club.state)
    assert due == club.proposal(slow).waits_until
    assert not changes(club, due - 1)
    assert changes(club, due)
    assert club.status(slow) == "open"
    assert next_due(club.state) == T0 + 30 * DAY + 1
    assert not changes(club, T0 + 30 * DAY)
    assert changes(club, T0 + 30 * DAY + 1)


def test_an_emergency_act_a_delegation_and_a_suspension_are_due_when_they_end() -> None:
    """Each of them ends by time alone."""
    club = Club(clocked=True, seats={"chair": "heron", "treasurer": "tern"})
    club.decide("statement", {"text": "a" * 64, "language": "en"}, "heron", emergency="storm", by="heron")
    club.tick()
    assert next_due(club.state) == club.now + 14 * DAY + 1
    club.decide("suspend-origin", {"origin": "https://a.example"}, "heron", "plover")
    club.tick()
    assert next_due(club.state) == min(club.state.parts["origins"].values())
    until = club.now + 3 * DAY
    club.decide("delegate", {"rule": "spend_small", "to": "plover", "until": until}, "tern")
    club.tick()
    assert next_due(club.state) == until


def test_a_new_members_voice_is_due() -> None:
    """No attest gives it to them, but a proposal is judged by the clock that it meets, which must not be older than their day."""
    club = Club(clocked=True, seats={})
    club.admit("ruff", *FLOCK[:3])
    assert next_due(club.state) == club.member("ruff").counts_from == club.now + 30 * DAY

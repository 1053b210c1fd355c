"""Durations: ISO 8601 in, calendar arithmetic in UTC out."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonhold.kernel.durations import Duration, parse_duration
from commonhold.kernel.errors import FormatError

DURATIONS = st.builds(
    Duration,
    months=st.integers(0, 600),
    days=st.integers(0, 9_999),
    seconds=st.integers(0, 99_999_999),
)


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("text", "canonical", "parts"),
    [
        ("P1Y2M3DT4H5M6S", "P1Y2M3DT4H5M6S", (14, 3, 14706)),
        ("P2W", "P14D", (0, 14, 0)),
        ("PT24H", "PT24H", (0, 0, 86400)),
        ("PT90M", "PT1H30M", (0, 0, 5400)),
        ("P18M", "P1Y6M", (18, 0, 0)),
        ("P0D", "PT0S", (0, 0, 0)),
        ("P100Y", "P100Y", (1200, 0, 0)),
    ],
)
def test_a_duration_is_read_and_written_canonically(text: str, canonical: str, parts: tuple[int, int, int]) -> None:
    """Every written form of a duration has one canonical text and one meaning."""
    duration = parse_duration(text)
    assert (duration.months, duration.days, duration.seconds) == parts
    assert str(duration) == canonical
    assert duration.is_zero == (canonical == "PT0S")


@pytest.mark.parametrize(
    "text",
    ["", "P", "PT", "P1YT", "1Y", "P-1D", "P1.5D", "P1D2W", "P1W2D", "P1M1Y", "p1d", "P1D ", "P1D\n", "P١D", "P1Y1Y", "P" + "1" * 60 + "D"],
)
def test_what_is_not_a_duration_is_refused(text: str) -> None:
    """Whole numbers in the standard's order and nothing else; the refusal shows how to write one."""
    with pytest.raises(FormatError) as refused:
        parse_duration(text)
    assert refused.value.code == "duration/format"
    assert "P30D" in refused.value.next_step
    assert len(str(refused.value)) < 120


@pytest.mark.parametrize("text", ["P101Y", "P100YT1S", "P5219W", "PT9999999H"])
def test_a_duration_of_more_than_a_hundred_years_is_refused(text: str) -> None:
    """No charter waits longer than a hundred years."""
    with pytest.raises(FormatError) as refused:
        parse_duration(text)
    assert refused.value.code == "duration/too-long"


@pytest.mark.parametrize(
    ("start", "text", "end"),
    [
        ("2026-01-31T12:00:00", "P1M", "2026-02-28T12:00:00"),
        ("2028-01-31T00:00:00", "P1M", "2028-02-29T00:00:00"),
        ("2028-02-29T00:00:00", "P1Y", "2029-02-28T00:00:00"),
        ("2026-12-31T23:59:59", "PT1S", "2027-01-01T00:00:00"),
        ("2026-01-31T00:00:00", "P1M1D", "2026-03-01T00:00:00"),
        ("2026-11-23T08:00:00", "P30D", "2026-12-23T08:00:00"),
        ("2026-11-23T08:00:00", "P14M", "2028-01-23T08:00:00"),
        ("1969-12-31T23:00:00", "PT2H", "1970-01-01T01:00:00"),
    ],
)
def test_a_duration_ends_where_the_calendar_says(start: str, text: str, end: str) -> None:
    """Months move the calendar and stop at the month's last day; days and seconds follow."""
    assert parse_duration(text).after(at(start)) == at(end)


@pytest.mark.parametrize("time", [10**18, -(10**18), at("9999-12-31T00:00:00"), at("9999-12-31T23:59:59") - 86400])
def test_a_time_outside_the_calendar_is_refused(time: int) -> None:
    """A time that no calendar shows is a clear refusal and no foreign exception."""
    with pytest.raises(FormatError) as refused:
        parse_duration("P1DT1S").after(time)
    assert refused.value.code == "duration/time"


@settings(max_examples=100)
@given(DURATIONS)
def test_the_canonical_text_says_the_same_duration(duration: Duration) -> None:
    """Writing a duration and reading it again changes nothing."""
    assert parse_duration(str(duration)) == duration


@settings(max_examples=100)
@given(DURATIONS, st.integers(0, 4_000_000_000), st.integers(0, 10_000_000))
def test_a_later_start_never_ends_earlier(duration: Duration, start: int, later: int) -> None:
    """Waiting periods keep the order of what they start from, and never end before they start, whatever the month's length."""
    day = start - start % 86400
    assert duration.after(day) >= day
    assert duration.after(day + later - later % 86400) >= duration.after(day)

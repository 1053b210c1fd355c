"""ISO 8601 durations: how a charter says "a year", "thirty days", "twenty-four hours" (ISO 8601-1, 5.5.2).

A duration keeps months, days and seconds apart, because a month has no fixed length. Adding one is calendar arithmetic in UTC, in the order
months, days, seconds; the 31st of January and one month is the last day of February. Whose time a duration starts from is decided by the
record (DESIGN 3.3), never here.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from commonhold.kernel.errors import FormatError

MAX_YEARS: Final = 100
MAX_LENGTH: Final = 40

_MONTH: Final = 2_629_746  # seconds in a mean Gregorian month; used for the bound alone
_DAY: Final = 86_400
_EPOCH: Final = date(1970, 1, 1).toordinal()

_SHAPE: Final = re.compile(
    r"P(?:([0-9]{1,5})W|(?:([0-9]{1,3})Y)?(?:([0-9]{1,4})M)?(?:([0-9]{1,5})D)?(?:T(?:([0-9]{1,7})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,10})S)?)?)",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time as a charter writes it. Two durations are equal when they are written with the same months, days and seconds."""

    months: int
    days: int
    seconds: int

    @property
    def is_zero(self) -> bool:
        """True for ``P0D`` and its like."""
        return not (self.months or self.days or self.seconds)

    def after(self, t: int) -> int:
        """The moment that lies this long after *t*.

        Args:
            t: POSIX seconds.

        Returns:
            POSIX seconds.

        Raises:
            FormatError: if *t* or the result lies outside the years 1 to 9999.
        """
        day, rest = divmod(t, _DAY)
        try:
            start = date.fromordinal(_EPOCH + day)
            year, month = divmod(start.year * 12 + start.month - 1 + self.months, 12)
            moved = date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))
            result = (moved.toordinal() - _EPOCH + self.days) * _DAY + rest + self.seconds
            date.fromordinal(_EPOCH + result // _DAY)
        except (ValueError, OverflowError):
            raise FormatError(
                f"the time {t} and {self} reach outside the years 1 to 9999", code="duration/time", data={"time": t}
            ) from None
        return result

    def __str__(self) -> str:
        """The canonical text: no weeks, no zero parts, minutes and seconds below 60."""
        years, months = divmod(self.months, 12)
        minutes, seconds = divmod(self.seconds, 60)
        hours, minutes = divmod(minutes, 60)
        day_part = "".join(f"{n}{unit}" for n, unit in ((years, "Y"), (months, "M"), (self.days, "D")) if n)
        time_part = "".join(f"{n}{unit}" for n, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if n)
        if not day_part and not time_part:
            return "PT0S"
        return f"P{day_part}{'T' if time_part else ''}{time_part}"


def parse_duration(text: str) -> Duration:
    """The duration that *text* writes, such as ``P1Y``, ``P30D``, ``PT24H`` or ``P2W``.

    Whole numbers only, each part at most once and in the standard's order; at most a hundred years.

    Raises:
        FormatError: if *text* is not such a duration or is longer than a hundred years.
    """
    match = _SHAPE.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if match is None or text.endswith(("P", "T")):
        shown = text if len(text) <= MAX_LENGTH else text[:MAX_LENGTH] + "..."
        raise FormatError(
            f"{shown!r} is not an ISO 8601 duration",
            code="duration/format",
            next_step='Write whole numbers after a P, such as "P1Y" (a year), "P30D" (thirty days), "P2W" (two weeks) or "PT24H" (24 hours).',
        )
    weeks, years, months, days, hours, minutes, seconds = (int(group or 0) for group in match.groups())
    result = Duration(years * 12 + months, weeks * 7 + days, hours * 3600 + minutes * 60 + seconds)
    if result.months * _MONTH + result.days * _DAY + result.seconds > MAX_YEARS * 12 * _MONTH:
        raise FormatError(
            f"the duration {text!r} is longer than {MAX_YEARS} years", code="duration/too-long", data={"limit_years": MAX_YEARS}
        )
    return result

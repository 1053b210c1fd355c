"""The public counter of a release that is asked for, as ``custody status`` prints it and a notice carries it: no secret, and no link."""

from __future__ import annotations

from typing import Any

from commonhold.cli.words import moment, short
from commonhold.kernel.record.watching import CONFIRMING


def request_lines(request: dict[str, Any]) -> list[str]:
    """A release that is asked for (``Watched.as_value``), in words."""
    what = "EMERGENCY: the opening of" if request["emergency"] else "the opening of"
    lines = [f"     {what} seal {request['seal']} is asked for by {request['by']}: {short(request['release'])}"]
    if request["not_before"]:
        lines.append(f"       asked on {moment(request['asked'])}, cannot be decided before {moment(request['not_before'])}")
    if (told := request["told"]) is not None:
        ways = f" over {', '.join(told['ways'])}" if told["ways"] else ""
        lines.append(
            f"       told: {len(told['people'])} of {told['needed']} people{ways}; {told['ways_needed']} ways are needed before it waits"
        )
    if needed := request["objections"]["needed"]:
        names = ", ".join(request["objections"]["by"]) or "nobody"
        lines.append(
            f"       objections: {len(request['objections']['by'])} of {needed} that stop it ({names}); object with `commonhold object`"
        )
    if request["step"] == CONFIRMING:
        confirmed = request["confirmed"]
        lines.append(f"       the wait is over; {len(confirmed['by'])} of {confirmed['needed']} have confirmed it")
    return lines

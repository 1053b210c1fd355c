"""What both ways of asking for a release share, `custody release` and `request release`: their options, of which seal, and until when."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from commonhold.kernel.record.state import Seal, State

F = TypeVar("F", bound=Callable[..., Any])


def release_options(function: F) -> F:
    """``--purpose``, ``--seal``, ``--emergency`` and ``--until``; the verb gets ``purpose``, ``number``, ``emergency`` and ``until``."""
    for option in reversed(
        (
            click.option(
                "--purpose",
                required=True,
                type=click.Path(dir_okay=False, path_type=Path),
                help="The file that says what for; every custodian reads it.",
            ),
            click.option(
                "--seal",
                "number",
                type=click.IntRange(1),
                help="An earlier seal, as long as two members have not attested that it is worth nothing.",
            ),
            click.option(
                "--emergency",
                is_flag=True,
                help="Ask by the charter's rule for emergencies: fewer approve, the others are told over two ways, and it waits.",
            ),
            click.option("--until", default="P7D", show_default=True, help="How long custodians may contribute, as an ISO 8601 duration."),
        )
    ):
        function = option(function)
    return function


def seal_to_open(state: State, resource: str, number: int | None) -> Seal:
    """The seal whose release is asked for: the live one, or an earlier one that is named.

    Raises:
        RuleError: ``seal/none``; ``release/not-live`` for an earlier one that is worth nothing any more, or was never there.
    """
    from commonhold.cli.custody.holding import require_live  # noqa: PLC0415 - kept out of `--help`
    from commonhold.kernel.errors import RuleError  # noqa: PLC0415
    from commonhold.kernel.record.keeping import openable_seal  # noqa: PLC0415

    live = require_live(state, resource)
    found = live if number is None else openable_seal(state, resource, number)
    if found is None:
        raise RuleError(
            f"seal {number} of {resource} cannot be released any more: seal {live.number} is live",
            code="release/not-live",
            next_step="Ask without --seal; `commonhold custody status` shows every seal.",
        )
    return found


def after(state: State, duration: str) -> int:
    """The time that is *duration* from now, by the record's clock if it has one, and else by this machine's; POSIX seconds."""
    from commonhold.kernel.durations import parse_duration  # noqa: PLC0415

    return parse_duration(duration).after(state.clock or int(time.time()))


def release_kind(*, emergency: bool) -> str:
    """The kind of decision that is asked for."""
    return "emergency-release" if emergency else "release"

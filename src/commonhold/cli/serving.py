"""What the verbs that serve have in common: their options, the clock, and what they say when they are ready."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from commonhold.cli.output import note, printable

if TYPE_CHECKING:
    from commonhold.mirror.sources import LogSource

F = TypeVar("F", bound=Callable[..., Any])

state_option = click.option(
    "--state",
    "state",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="The node's own folder, for its keys and all that it must never forget; made on the first start.",
)
name_option = click.option(
    "--name", required=True, help="What the node is called, for good: its keys carry it. A domain that you keep is best."
)
log_option = click.option(
    "--log",
    "logs",
    metavar="VKEY[=URL]",
    multiple=True,
    required=True,
    help="A log to serve for: its key, and the address where its record is served. Give it again for more.",
)


def listen_option(default: str) -> Callable[[F], F]:
    """``--listen HOST:PORT``; the verb gets ``listen: str``."""
    return click.option(
        "--listen", metavar="HOST:PORT", default=default, show_default=True, help="Where to answer; other machines reach 0.0.0.0 or a name."
    )


_SIZE: Final = re.compile(r"(?P<number>[0-9]{1,12})(?P<unit>[KMGT]?)", re.ASCII)


def parse_size(text: str) -> int:
    """Bytes, as people write them: ``500G``, ``2T``, ``1048576``; in thousands, not in 1,024s.

    Raises:
        FormatError: ``size/form`` for anything else.
    """
    from commonhold.kernel.errors import FormatError  # noqa: PLC0415 - kept out of `--help`

    found = _SIZE.fullmatch(text)
    if found is None:
        raise FormatError(
            f"{text[:40]!r} is no size",
            code="size/form",
            next_step="Give a number of bytes, or one with K, M, G or T behind it, such as 500G.",
        )
    return int(found["number"]) * int(1000 ** " KMGT".index(found["unit"] or " "))


def clock() -> int:
    """POSIX seconds."""
    return int(time.time())


def sources_of(logs: tuple[str, ...]) -> list[LogSource]:
    """The logs of ``--log`` options.

    Raises:
        FormatError: for one that is no log's key.
    """
    from commonhold.mirror.sources import LogSource  # noqa: PLC0415 - kept out of `--help`

    return [LogSource.parse(text) for text in logs]


def say_ready(as_json: bool, value: Mapping[str, Any], lines: list[str]) -> None:  # noqa: FBT001 - the verb's own --json flag, passed on
    """Say on stdout, at once, that the server answers: one line of JSON, or lines for people."""
    if as_json:
        click.echo(json.dumps({"ok": True, **value}))
    else:
        click.echo("\n".join(printable(line) for line in lines))
        note("Ctrl-C stops it.")

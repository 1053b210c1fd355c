"""The options that verbs share, so that each is called, explained and looked up in the same way everywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


class Session:
    """What one run knows about itself; :mod:`commonhold.cli.main` makes one and reads it when a verb fails.

    ``as_json`` is set as soon as the verb's ``--json`` has been read, so that its errors are JSON too. ``secret`` is set by verbs that are about to hold a
    secret: a report of a fault then quotes nothing.
    """

    as_json = False
    secret = False


def _remember(context: click.Context, _parameter: click.Parameter, value: bool) -> bool:  # noqa: FBT001 - click's own signature
    session = context.find_object(Session)
    if session is not None and value:
        session.as_json = True
    return value


json_option = click.option("--json", "as_json", is_flag=True, is_eager=True, callback=_remember, help="Report as JSON, errors too.")
"""``--json`` of every verb that reports; the verb gets ``as_json: bool``."""


class Place(click.Path):
    """A folder, or the address at which a record is served; an address stays the text that it is."""

    name = "place"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The address as it was typed, without a slash at its end; or the folder, as click has it."""
        if isinstance(value, str) and value.startswith(("http://", "https://")):
            return value.rstrip("/")
        return super().convert(value, param, ctx)


house_option = click.option(
    "--house",
    type=Place(file_okay=False, path_type=Path),
    default=Path(),
    metavar="DIR_OR_URL",
    envvar="COMMONHOLD_HOUSE",
    show_envvar=True,
    help="The organisation's folder, or the address of its log or of a partner's mirror; where it is not given, the current folder.",
)
"""``--house DIR_OR_URL``; the verb gets ``house: Path | str``, text where it is an address."""

folder_option = click.option(
    "--house",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    envvar="COMMONHOLD_HOUSE",
    show_envvar=True,
    help="The organisation's folder; where it is not given, the current one.",
)
"""``--house DIR`` where only a folder will do; the verb gets ``house: Path``."""


def kit_option(*, required: bool = True) -> Callable[[F], F]:
    """``--kit FILE``; the verb gets ``kit: Path`` (or ``Path | None`` where it is not required)."""
    return click.option(
        "--kit",
        type=click.Path(dir_okay=False, path_type=Path),
        envvar="COMMONHOLD_KIT",
        show_envvar=True,
        required=required,
        help="Your kit file, made by `commonhold key new`.",
    )


def out_option(text: str, *, required: bool = False) -> Callable[[F], F]:
    """``-o/--out FILE``, a file that is never written over; the verb gets ``out: Path`` (or ``Path | None``)."""
    return click.option("-o", "--out", type=click.Path(dir_okay=False, path_type=Path), required=required, help=text)


ID_DIGITS: Final = 64


def _org_digits(context: click.Context, parameter: click.Parameter, value: str | None) -> str:
    """The organisation's id as it was typed from paper; an empty one is a mistake, never "any organisation"."""
    if value is None:
        return ""
    digits = "".join(value.split()).lower()
    if len(digits) != ID_DIGITS or not set(digits) <= set("0123456789abcdef"):
        raise click.BadParameter("give all 64 digits, as on the paper", context, parameter)
    return digits


org_option = click.option(
    "--org", callback=_org_digits, help="The organisation's id as you know it from elsewhere; anything else is refused."
)
"""``--org ID``; the verb gets ``org: str``, 64 digits or nothing."""

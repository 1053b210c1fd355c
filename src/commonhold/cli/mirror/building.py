"""``commonhold mirror build``: what of a house is public, as a folder."""

from __future__ import annotations

import time
from pathlib import Path

import click

from commonhold.cli.mirror.reporting import lines_of_run, value_of_run
from commonhold.cli.options import json_option
from commonhold.cli.output import emit, note, progress


@click.command("build")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), metavar="DIR")
@click.option(
    "--at",
    "house",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    envvar="COMMONHOLD_HOUSE",
    show_envvar=True,
    metavar="HOUSE",
    help="The folder of the house; where it is not given, the current one.",
)
@click.option(
    "--site",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder of the organisation's site, to be copied along; where it is not given, the site that DIR has stays.",
)
@json_option
def build_command(folder: Path, house: Path, site: Path | None, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Build the mirror of a house in DIR, or bring it up to date: its record, the texts and published works that the record names, its settings and its site.

    What nobody published, what nothing names, and keys are never in it. What the record erased goes from DIR too. It can be stopped at any moment and run again,
    also while DIR is served. Exit code 1 says that a published work is not whole in the house.
    """
    from commonhold.mirror.folder.build import NO_KEY, build  # noqa: PLC0415 - kept out of `--help`

    built = build(house, folder, site, now=time.time, show=progress)
    value = {"org": built.org, "origin": built.origin, "size": built.size, "signed": built.files.signed}
    value |= value_of_run(built.fetched, built.gathered, built.files)
    if not built.files.signed:
        note(NO_KEY)
    lines = [f"organisation {built.org}", f"entries      {built.size}", *lines_of_run(value), f"serve        {folder}"]
    emit(as_json, value, lambda: "\n".join(lines))
    if not value["ok"]:
        raise click.exceptions.Exit(1)

"""``commonhold mirror sync``: a copy of a mirror, brought up to date and checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from commonhold.cli.mirror.reporting import lines_of_run, value_of_run
from commonhold.cli.options import json_option, org_option
from commonhold.cli.output import emit, note, printable, progress


@click.command("sync")
@click.argument("place", metavar="FROM")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), metavar="DIR")
@org_option
@click.option("--jobs", type=click.IntRange(1, 32), default=4, show_default=True, help="How many objects are fetched at a time.")
@click.option("--rate", type=click.FloatRange(min=0), default=0.0, help="At most so many megabytes a second; 0 for as fast as it goes.")
@click.option("--verify", is_flag=True, help="Hash what DIR holds too, and fetch again what is damaged; otherwise its size is believed.")
@json_option
def sync_command(
    place: str,
    folder: Path,
    org: str,
    jobs: int,
    rate: float,
    verify: bool,  # noqa: FBT001 - click passes flags so
    as_json: bool,  # noqa: FBT001 - the same
) -> None:
    """Bring the mirror in DIR up to date from FROM, or begin one there: the address of a mirror or of a partner's mirror (https://PARTNER/mirror/HASH), or a folder.

    Nothing that FROM gives is believed: the record is replayed, and every object hashed. An older record, another history and another organisation are refused, and
    what DIR holds stays. It can be stopped at any moment and run again; the next run takes what was left. Exit code 1 says that something is missing or wrong at FROM.
    """
    from commonhold.mirror.folder.sync import sync  # noqa: PLC0415 - kept out of `--help`

    done = sync(place, folder, org=org, jobs=jobs, rate=rate * 1e6, verify=verify, show=progress)
    value: dict[str, Any] = {
        "org": done.org,
        "origin": done.origin,
        "epoch": done.epoch,
        "size": done.size,
        "new_entries": done.size - done.before,
    }
    value |= value_of_run(done.fetched, done.gathered, done.files)
    value["bytes"] += done.record_bytes
    value |= {"wrong": done.wrong, "files_refused": done.files_refused}
    value["ok"] = value["ok"] and not done.files_refused
    lines = [
        f"organisation {done.org}",
        f"entries      {done.size}, {value['new_entries']} new, every signature and rule checked",
        *lines_of_run(value),
        *([printable(f"not taken    settings and site: {done.files_refused}")] if done.files_refused else []),
        *(
            [
                printable(
                    f"wrong bytes  {place} gave {done.wrong} files with other bytes than they have. Tell its keeper, and read from another mirror."
                )
            ]
            if done.wrong
            else []
        ),
    ]
    emit(as_json, value, lambda: "\n".join(lines))
    if not org and not done.before and not as_json:
        note(
            "This names the organisation by its own record. Compare the id with one that you have on paper or from somebody you trust (--org)."
        )
    if not value["ok"]:
        raise click.exceptions.Exit(1)

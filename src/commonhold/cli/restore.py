"""``commonhold restore``: a new house out of any mirror (docs/guide/restore.md)."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from commonhold.cli.options import json_option, kit_option, org_option
from commonhold.cli.output import emit, note, printable, progress

if TYPE_CHECKING:
    from commonhold.mirror.folder.restore import Restored

SHOWN = 20


@click.command("restore")
@click.argument("places", nargs=-1, required=True, metavar="FROM... [DIR]")
@org_option
@kit_option(required=False)
@click.option(
    "--check", is_flag=True, help="Only try: restore into a folder that is thrown away, and say what would be lost. Takes no DIR."
)
@click.option("--within", type=click.Path(file_okay=False, exists=True, path_type=Path), help="Where --check has room for all of it.")
@click.option("--anyway", is_flag=True, help="Go on although something of a published work is in none of the mirrors.")
@click.option("--jobs", type=click.IntRange(1, 32), default=4, show_default=True, help="How many objects are fetched at a time.")
@click.option("--rate", type=click.FloatRange(min=0), default=0.0, help="At most so many megabytes a second; 0 for as fast as it goes.")
@json_option
def command(
    places: tuple[str, ...],
    org: str,
    kit: Path | None,
    check: bool,  # noqa: FBT001 - click passes flags so
    within: Path | None,
    anyway: bool,  # noqa: FBT001
    jobs: int,
    rate: float,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Make a new house in DIR out of mirrors: addresses, folders, partners' mirrors (https://PARTNER/mirror/HASH). One is enough; what it lacks the others give.

    Nothing that they give is believed: the record is replayed, and every object hashed. With --kit the next epoch is opened in DIR, with a log key of its own, because
    the old one is gone or in other hands; it counts once the members have decided it. Without, DIR can be read, verified and served. It can be stopped at any moment and run
    again. --check is the drill for it, which anybody can run.
    """
    from commonhold.mirror.folder.restore import gather_mirrors, incomplete, restore  # noqa: PLC0415 - kept out of `--help`

    began = time.monotonic()
    if check:
        # Whoever has named a kit once, in COMMONHOLD_KIT, tries like anybody.
        if click.get_current_context().get_parameter_source("kit") is ParameterSource.COMMANDLINE:
            raise click.UsageError("--check opens nothing, so it takes no --kit")
        with tempfile.TemporaryDirectory(prefix="commonhold-restore-", dir=within) as folder:
            done = gather_mirrors(places, Path(folder) / "mirror", org=org, jobs=jobs, rate=rate * 1e6, show=progress)
        _report(done, time.monotonic() - began, "", None, org, as_json=as_json)
        if not done.lossless:
            raise incomplete(done, "Tell the mirror's keeper, and sync another one; these mirrors would not restore everything.")
        return
    if len(places) < 2:
        raise click.UsageError("name the mirror, then the folder for the new house: commonhold restore FROM DIR")
    target = Path(places[-1])

    def open_next(mirror: Path, house: Path) -> None:
        from commonhold.cli.opening import open_epoch  # noqa: PLC0415

        assert kit is not None  # noqa: S101 - given only then
        # Its objects are the mirror's, and move with them.
        open_epoch(house, str(mirror), kit, lambda _start, _objects: None)

    if kit is not None:
        from commonhold.store.keyfile import load_kit  # noqa: PLC0415

        # Before anything is fetched, not an hour later.
        load_kit(kit)
    done = restore(
        places[:-1],
        target,
        org=org,
        open_next=open_next if kit is not None else None,
        anyway=anyway,
        jobs=jobs,
        rate=rate * 1e6,
        show=progress,
    )
    _report(done, time.monotonic() - began, str(target), kit, org, as_json=as_json)
    if not done.lossless:
        raise click.exceptions.Exit(1)


def _report(done: Restored, seconds: float, target: str, kit: Path | None, org: str, *, as_json: bool) -> None:
    from commonhold.cli.words import moment  # noqa: PLC0415 - kept out of `--help`

    recovery = done.recovery
    after = recovery.entries - recovery.size
    value: dict[str, Any] = {
        "ok": done.lossless,
        "org": done.org,
        "epoch": done.epoch,
        "entries": recovery.entries,
        "recovery_point": {"entries": recovery.size, "time": recovery.time, "cosigned_by": list(recovery.by)},
        "objects": done.objects,
        "bytes": done.bytes,
        "works": done.works,
        "incomplete": done.incomplete,
        "lost": done.failed,
        "texts_nowhere": done.texts,
        "files": done.files,
        "settings": done.settings,
        "snapshots": done.snapshots,
        "not_taken": done.places,
        "seconds": round(seconds, 2),
        "folder": target,
    }
    lost = len(done.incomplete)
    point = (
        f"all {recovery.entries} entries, cosigned by {', '.join(map(printable, recovery.by))} as of {moment(recovery.time)}"
        if recovery.by
        else f"entry {recovery.size} of {recovery.entries}, as of {moment(recovery.time)}; the {after} after it rest on the log's own signature"
        if recovery.time
        else f"all {recovery.entries} entries on the log's own signature: the record names no partners"
    )
    lines = [
        f"organisation {done.org}, epoch {done.epoch}",
        f"recovered to {point}",
        f"objects      {done.objects} came with {done.bytes} bytes, every one hashed",
        f"works        {done.works} whole" + (f", {lost} not" if lost else ""),
        f"lost         {'nothing' if done.lossless else f'{lost} works, {len(done.failed)} objects, {len(done.texts)} texts'}",
        *(printable(f"  no mirror had {digest}: {why}") for digest, why in list(done.failed.items())[:SHOWN]),
        *(f"  no mirror had the text {digest}" for digest in done.texts[:SHOWN]),
        f"settings     {done.files} files of settings, site and snapshots"
        + ("" if done.settings else ": no mirror had any that the house signed"),
        *(
            [f"snapshots    {done.snapshots}, sealed: the custodians open them together (commonhold snapshot open)"]
            if done.snapshots
            else []
        ),
        *(printable(f"not taken    {place}: {why}") for place, why in done.places.items()),
        f"took         {seconds:.1f} s",
    ]
    if target and kit is not None:
        lines += [
            f"next         commonhold epoch succeed --house {printable(target)} --kit {printable(kit)} --approve, and the others approve",
            f"             commonhold house log serve --house {printable(target)}, and commonhold epoch announce for the partners",
        ]
    elif target:
        lines.append(
            "next         this can be read, verified and served; to go on, restore with --kit into another folder, even out of this one"
        )
    emit(as_json, value, lambda: "\n".join(lines))
    if not org and not as_json:
        note(
            "This names the organisation by its own record. Compare the id with one that you have on paper or from somebody you trust (--org)."
        )

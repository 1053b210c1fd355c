"""``commonhold store scrub``, ``repair`` and ``report``: is everything whole, and what is it that nobody names."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commonhold.cli.options import folder_option, json_option
from commonhold.cli.output import emit, printable, progress
from commonhold.kernel.errors import StoreError

if TYPE_CHECKING:
    from commonhold.store.objects.repair import Replica

SHOWN = 1000
"""So many digests stand in a report; the rest are counted."""


@click.command("scrub")
@folder_option
@click.option("--place", "name", default="here", help="A place of store.json to look at in place of the house's own store.")
@click.option("--rate", type=click.FloatRange(min=0), default=0.0, help="At most so many megabytes a second; 0 for as fast as it goes.")
@click.option("--anew", is_flag=True, help="Begin anew where a scrub was stopped; otherwise it goes on.")
@click.option("--polite/--no-polite", default=True, help="Let every other program go first, at the disk and the processor.")
@json_option
def scrub_command(house: Path, name: str, rate: float, anew: bool, polite: bool, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Read and hash every object, and look for what is missing of each work. Changes nothing; what it finds, `commonhold store repair` heals.

    It goes on where it was stopped. Exit code 1 says that something is altered, missing or unreadable.
    """
    from commonhold.cli.store.places import place_of  # noqa: PLC0415 - kept out of `--help`
    from commonhold.store.objects.ledger import Ledger  # noqa: PLC0415
    from commonhold.store.objects.opening import open_objects  # noqa: PLC0415
    from commonhold.store.objects.pace import Pace, step_back  # noqa: PLC0415
    from commonhold.store.objects.scrub import scrub  # noqa: PLC0415

    if polite:
        step_back()
    objects = open_objects(place_of(house, name))
    with Ledger.of(house) as ledger:
        last = ledger.run(name)
        with progress(last.objects if last and last.finished else 0, "scrub") as bar:
            done = scrub(
                objects, ledger, name, now=time.time, pace=Pace(rate * 1e6), told=lambda count, _size: bar.update(count), anew=anew
            )
        faults = [{"digest": fault.digest, "what": fault.what} for fault, _ in zip(ledger.faults(name), range(SHOWN), strict=False)]
    value = {
        "ok": not done.faults,
        "place": name,
        "objects": done.run.objects,
        "bytes": done.run.bytes,
        "resumed": done.resumed,
        "works": done.works,
        "whole_works": done.whole,
        "faults": done.faults,
        "found": faults,
    }
    lines = [
        f"{done.run.objects} objects with {done.run.bytes} bytes were read{' (going on from where the last scrub was stopped)' if done.resumed else ''}",
        f"{done.whole} of {done.works} works are whole",
        *(f"{fault['what']:<10} {fault['digest']}" for fault in faults),
        f"{done.faults} faults. Heal them with: commonhold store repair --from PLACE" if done.faults else "no fault",
    ]
    emit(as_json, value, lambda: "\n".join(lines))
    if done.faults:
        raise click.exceptions.Exit(1)


@click.command("repair")
@folder_option
@click.option("--place", "name", default="here", help="A place of store.json to heal in place of the house's own store.")
@click.option(
    "--from",
    "sources",
    multiple=True,
    metavar="PLACE",
    help="A folder, a bucket or an address to heal from; before the places of store.json.",
)
@json_option
def repair_command(house: Path, name: str, sources: tuple[str, ...], as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Fetch what the last scrub found altered or missing from any replica that has it whole. Nothing is replaced but by bytes with the right digest.

    A replica that gives other bytes is in quarantine until a scrub of it finds nothing altered. Exit code 1 says that something was found nowhere.
    """
    from commonhold.cli.store.places import place_of, replicas_of  # noqa: PLC0415 - kept out of `--help`
    from commonhold.store.objects.ledger import Ledger  # noqa: PLC0415
    from commonhold.store.objects.opening import open_objects, open_replica  # noqa: PLC0415
    from commonhold.store.objects.repair import repair  # noqa: PLC0415

    replicas: dict[str, Replica] = {source: open_replica(source) for source in sources}
    replicas |= {other: replica for other, replica in replicas_of(house).items() if other != name}
    if not replicas:
        raise StoreError("no replica is known", code="store/no-replica", next_step="Name one with --from PLACE, or several in store.json.")
    with Ledger.of(house) as ledger:
        if ledger.run(name) is None:
            raise StoreError(
                f"{name} was never scrubbed", code="store/no-scrub", next_step="Find out what is wrong with: commonhold store scrub"
            )
        with progress(ledger.count_faults(name), "repair") as bar:
            done = repair(open_objects(place_of(house, name)), ledger, name, replicas, now=time.time, told=bar.update)
    value = {
        "ok": not done.lost,
        "healed": len(done.healed),
        "from": {source: list(done.healed.values()).count(source) for source in sorted(set(done.healed.values()))},
        "lost": done.lost[:SHOWN],
        "quarantined": done.quarantined,
        "unreachable": done.unreachable,
    }
    lines = [
        f"{len(done.healed)} healed",
        *(f"in quarantine: {printable(source)}: {printable(why)}" for source, why in done.quarantined.items()),
        *(f"not reached: {printable(source)}: {printable(why)}" for source, why in done.unreachable.items()),
        *(f"nowhere    {digest}" for digest in done.lost[:SHOWN]),
    ]
    if done.lost:
        lines.append(
            f"{len(done.lost)} were found at no replica that could be asked. Name others with --from; what lies here was left as it is."
        )
    emit(as_json, value, lambda: "\n".join(lines))
    if done.lost:
        raise click.exceptions.Exit(1)


@click.command("report")
@folder_option
@json_option
def report_command(house: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Say what lies in the house's store, and what of it neither a manifest nor the record names. Nothing is deleted: whoever put it may still want it.

    What a manifest names and is not here is listed too.
    """
    from commonhold.cli.store.places import entries_of  # noqa: PLC0415 - kept out of `--help`
    from commonhold.store.objects.directory import ObjectDirectory  # noqa: PLC0415
    from commonhold.store.objects.report import report  # noqa: PLC0415

    unnamed: list[dict[str, object]] = []
    missing: list[str] = []

    def stray(digest: str, size: int) -> None:
        if len(unnamed) < SHOWN:
            unnamed.append({"digest": digest, "size": size})

    def gone(digest: str) -> None:
        if len(missing) < SHOWN:
            missing.append(digest)

    with progress(0, "report") as bar:
        done = report(ObjectDirectory(house), entries_of(house), stray, gone, bar.update)
    value = {**vars(done), "unnamed_objects": unnamed, "missing_objects": missing}
    lines = [
        f"{done.objects} objects with {done.bytes} bytes, {done.works} works, {done.erased} erased",
        f"{done.unnamed} objects with {done.unnamed_bytes} bytes are named by nothing",
        *(f"unnamed    {row['digest']}  {row['size']}" for row in unnamed),
        *(f"missing    {digest}" for digest in missing),
    ]
    if done.missing:
        lines.append(f"{done.missing} objects are missing. Find and heal them with: commonhold store scrub, then repair")
    emit(as_json, value, lambda: "\n".join(lines))

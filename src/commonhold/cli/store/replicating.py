"""``commonhold store replicate`` and ``health``: as many copies as the policy wants, and how everything is."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import click

from commonhold.cli.options import folder_option, json_option
from commonhold.cli.output import emit, printable, progress, table
from commonhold.kernel.errors import StoreError

SHOWN = 1000


@click.command("replicate")
@folder_option
@json_option
def replicate_command(house: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Copy works to the places of store.json until every work has the copies that its kind's rule wants. What was stopped goes on.

    A place that does not answer or is full is left for the next run. Exit code 1 says that some works still have too few copies.
    """
    from commonhold.cli.store.places import place_of, policy_of  # noqa: PLC0415 - kept out of `--help`
    from commonhold.store.objects.directory import ObjectDirectory  # noqa: PLC0415
    from commonhold.store.objects.ledger import Ledger  # noqa: PLC0415
    from commonhold.store.objects.opening import open_objects  # noqa: PLC0415
    from commonhold.store.objects.replicate import queue, replicate  # noqa: PLC0415

    policy, objects = policy_of(house), ObjectDirectory(house)
    if policy is None:
        raise StoreError(
            "there is no policy", code="store/no-policy", next_step=f"Write {house / 'store.json'}; see docs/formats/replicas.md."
        )
    with Ledger.of(house) as ledger:
        before = queue(policy, objects, ledger)
        with progress(len(before.short), "replicate") as bar:
            done = replicate(
                objects, ledger, before.short, lambda name: open_objects(place_of(house, name)), now=time.time, told=bar.update
            )
        after = queue(policy, objects, ledger)
    value = {
        "ok": not after.short,
        "works": after.works,
        "queued": len(before.short),
        "short": len(after.short),
        "copies": done.copies,
        "left": done.left,
        "unread": done.unread,
    }
    lines = [
        *(f"{count} copies made at {name}" for name, count in done.copies.items()),
        *(f"left for the next run: {name}: {printable(why)}" for name, why in done.left.items()),
        *(f"cannot be read here: {work}: {printable(why)}" for work, why in done.unread.items()),
        f"{after.works - len(after.short)} of {after.works} works have as many copies as they are to have",
    ]
    emit(as_json, value, lambda: "\n".join(lines))
    if after.short:
        raise click.exceptions.Exit(1)


@click.command("health")
@folder_option
@json_option
def health_command(house: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Say what the last scrubs found, which places are believed, and which works have too few copies. Reads no object, and asks nobody."""
    from commonhold.cli.store.places import policy_of  # noqa: PLC0415 - kept out of `--help`
    from commonhold.cli.words import moment  # noqa: PLC0415
    from commonhold.store.objects.directory import ObjectDirectory  # noqa: PLC0415
    from commonhold.store.objects.ledger import Ledger  # noqa: PLC0415
    from commonhold.store.objects.replicate import places_health, queue  # noqa: PLC0415

    policy, objects = policy_of(house), ObjectDirectory(house)
    with Ledger.of(house) as ledger:
        queued = queue(policy, objects, ledger) if policy else None
        places = places_health(policy, ledger, queued)
    disk = shutil.disk_usage(house)
    short = [vars(item) for item in queued.short[:SHOWN]] if queued else []
    healthy = not any(place["faults"] or "quarantine" in place for place in places.values()) and not short
    value = {
        "ok": healthy,
        "disk": {"free": disk.free, "size": disk.total},
        "works": queued.works if queued else sum(1 for _ in objects.works()),
        "short": len(queued.short) if queued else 0,
        "queue": short,
        "places": places,
    }
    rows = [
        (
            name,
            place["operator"],
            place["works"],
            place["objects"],
            moment(int(str(place["scrubbed"]))) if place["scrubbed"] else "never",
            place["faults"],
            "in quarantine" if "quarantine" in place else "",
        )
        for name, place in places.items()
    ]
    emit(
        as_json,
        value,
        lambda: (
            table(["place", "operator", "works", "objects", "scrubbed", "faults", ""], rows)
            + f"\n{value['short']} of {value['works']} works have too few copies"
            + ("" if policy else " (there is no policy: store.json)")
        ),
    )
    if not healthy:
        raise click.exceptions.Exit(1)

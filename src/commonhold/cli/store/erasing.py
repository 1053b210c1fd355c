"""``commonhold store erase``: what the record decided to erase goes, here and at the places that can be written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commonhold.cli.options import folder_option, json_option
from commonhold.cli.output import emit, printable, progress

if TYPE_CHECKING:
    from commonhold.store.objects.protocol import Objects


@click.command("erase")
@folder_option
@json_option
def erase_command(house: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Let the bytes go of every object that a decision of the record erased: here, and at every place of store.json that can be written.

    Nothing else is ever deleted. To decide it: commonhold propose erase objects=DIGEST. Exit code 1 says that a place could not be reached; run it again.
    """
    from commonhold.cli.reading import read_place  # noqa: PLC0415 - kept out of `--help`
    from commonhold.cli.store.places import policy_of  # noqa: PLC0415
    from commonhold.store.fetch import is_url  # noqa: PLC0415
    from commonhold.store.objects.directory import ObjectDirectory  # noqa: PLC0415
    from commonhold.store.objects.erasing import decided, erase_decided  # noqa: PLC0415
    from commonhold.store.objects.opening import open_objects  # noqa: PLC0415

    decisions = decided(read_place(house).state)
    places: dict[str, Callable[[], Objects]] = {"here": lambda: ObjectDirectory(house)}
    policy = policy_of(house)
    for name, place in policy.places.items() if policy else ():
        if name != "here" and not is_url(place.at):
            places[name] = lambda at=place.at: open_objects(at)  # type: ignore[misc] # the default binds this turn's address
    with progress(len(decisions) * len(places), "erase") as bar:
        done = erase_decided(decisions, places, bar.update)
    lines = [
        f"{len(decisions)} objects were decided to go",
        *(f"erased at {name}: {len(digests)}" for name, digests in done.erased.items()),
        *(f"not reached: {name}: {printable(why)}. Run this again." for name, why in done.left.items()),
    ]
    emit(
        as_json,
        {"ok": not done.left, "decided": len(decisions), "erased": done.erased, "left": done.left},
        lambda: "\n".join(lines),
    )
    if done.left:
        raise click.exceptions.Exit(1)

"""``commonhold work take``: bring the works here that the record has published, from a partner or wherever else they are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from commonhold.cli.options import folder_option, json_option
from commonhold.cli.output import emit, printable, progress

if TYPE_CHECKING:
    from commonhold.kernel.record.state import State
    from commonhold.store.bringing import Brought

SHOWN = 100
"""So many works of which something is missing are named on the screen; all of them are in the report."""


@click.command("take")
@folder_option
@click.option(
    "--from",
    "sources",
    multiple=True,
    required=True,
    metavar="PLACE",
    help="A folder, a bucket or an address (of a partner: https://PARTNER/mirror/HASH); again for more.",
)
@json_option
def take_command(house: Path, sources: tuple[str, ...], as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Bring every work that the record has published and that is not whole here: its objects first, each verified, the manifest last.

    It goes on where it was stopped. Exit code 1 says that something of a work was found nowhere.
    """
    from commonhold.cli.reading import read_place  # noqa: PLC0415 - kept out of `--help`
    from commonhold.store.bringing import bring_works  # noqa: PLC0415
    from commonhold.store.objects.directory import ObjectDirectory  # noqa: PLC0415
    from commonhold.store.objects.opening import open_replica  # noqa: PLC0415

    state = read_place(house).state
    places = {source: open_replica(source) for source in sources}
    with progress(len(state.part("works")), "works") as bar:
        done = bring_works(places, state, ObjectDirectory(house), bar.update)
    lines = [f"{done.works} works are whole here", *(f"missing  {work}: {printable(why)}" for work, why in list(done.left.items())[:SHOWN])]
    if done.left:
        lines.append(f"{len(done.left)} works are not; name further places with --from")
    emit(as_json, {"ok": not done.left, "works": done.works, "left": done.left}, lambda: "\n".join(lines))
    if done.left:
        raise click.exceptions.Exit(1)


def bring_along(place: str, state: State, folder: Path) -> Brought:
    """Bring into a new house what lies in the store of the one before: all of a folder's, and of an address the published works.

    Raises:
        StoreError: if the new folder cannot be written; what came is kept.
    """
    from commonhold.store.bringing import bring_all, bring_works  # noqa: PLC0415 - kept out of `--help`
    from commonhold.store.fetch import is_url  # noqa: PLC0415
    from commonhold.store.objects.directory import ObjectDirectory  # noqa: PLC0415
    from commonhold.store.objects.opening import open_replica  # noqa: PLC0415

    with progress(0 if not is_url(place) else len(state.part("works")), "objects") as bar:
        if is_url(place):
            return bring_works({place: open_replica(place)}, state, ObjectDirectory(folder), bar.update)
        return bring_all(Path(place), state, ObjectDirectory(folder), bar.update)

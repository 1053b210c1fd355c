"""``commonhold custody notice``: say that word of a request to open a seal has reached you, and how (DESIGN 5)."""

from __future__ import annotations

from pathlib import Path

import click

from commonhold.cli.acting import find_proposal, open_actor, report, submit
from commonhold.cli.options import house_option, json_option, kit_option
from commonhold.kernel.charter.rules import WAYS


@click.command("notice")
@click.argument("release")
@click.option(
    "--way", required=True, type=click.Choice(WAYS), help="Over what word has reached you: say what is true, and each way that did."
)
@house_option
@kit_option()
@json_option
def notice_command(release: str, way: str, house: Path | str, kit: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Say that word of RELEASE (its id, or at least four digits of it) has reached you.

    The waiting period of an emergency begins only once enough of those who may object have said so, over different ways. You agree to nothing by it: object
    with `commonhold object` if you do not want it.
    """
    actor = open_actor(house, kit)
    with actor.record:
        found = find_proposal(actor.state, release)
        outcome = submit(actor, "acknowledge", {"what": "notice", "of": found, "way": way})
        report(actor, outcome, found, as_json=as_json)

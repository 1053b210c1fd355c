"""``commonhold withdraw``: take back one's own proposal, approval, objection, delegation or seat (DESIGN 3.3)."""

from __future__ import annotations

from pathlib import Path

import click

from commonhold.cli.acting import find_proposal, open_actor, report, submit
from commonhold.cli.options import house_option, json_option, kit_option


@click.command()
@click.argument("what", type=click.Choice(["proposal", "approval", "objection", "delegation", "seat"]))
@click.argument("of")
@house_option
@kit_option()
@json_option
def command(what: str, of: str, house: Path | str, kit: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Take back your own WHAT in OF: the id of a proposal (four digits do), or the name of an office for a seat."""
    actor = open_actor(house, kit)
    with actor.record:
        target = of if what == "seat" else find_proposal(actor.state, of)
        outcome = submit(actor, "withdraw", {"what": what, "of": target})
        report(actor, outcome, target, as_json=as_json)

"""``commonhold confirm``: confirm a proposal after its waiting period (DESIGN 3.3)."""

from __future__ import annotations

from pathlib import Path

import click

from commonhold.cli.acting import find_proposal, open_actor, report, submit
from commonhold.cli.options import house_option, json_option, kit_option


@click.command()
@click.argument("proposal")
@house_option
@kit_option()
@json_option
def command(proposal: str, house: Path | str, kit: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Let PROPOSAL pass after its waiting period: silence never does."""
    actor = open_actor(house, kit)
    with actor.record:
        found = find_proposal(actor.state, proposal)
        outcome = submit(actor, "confirm", {"proposal": found})
        report(actor, outcome, found, as_json=as_json)

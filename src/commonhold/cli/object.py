"""``commonhold object``: object to a proposal (DESIGN 3.3)."""

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
    """Object to PROPOSAL (its id, or at least four digits of it).

    Where the charter gives you the right of objection, enough objections stop the proposal. Where it does not, your dissent is recorded.
    """
    from commonhold.cli.describing import describe  # noqa: PLC0415 - kept out of `--help`
    from commonhold.cli.words import counted_approvers, short  # noqa: PLC0415

    actor = open_actor(house, kit)
    with actor.record:
        found = find_proposal(actor.state, proposal)
        outcome = submit(actor, "object", {"proposal": found})
        approves = actor.member in counted_approvers(describe(actor.state, found))
        advice = f"Your approval still counts. Take it back with: commonhold withdraw approval {short(found)}"
        report(actor, outcome, found, as_json=as_json, extra={"note": advice} if approves else None)

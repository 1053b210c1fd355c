"""``commonhold accept``: consent to the founding, or to a seat that a decision offers (DESIGN 3.3)."""

from __future__ import annotations

from pathlib import Path

import click

from commonhold.cli.acting import Actor, find_proposal, open_actor, report, submit
from commonhold.cli.options import house_option, json_option, kit_option


@click.command()
@click.argument("appointment", required=False)
@house_option
@kit_option()
@json_option
def command(appointment: str | None, house: Path | str, kit: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Accept the founding, or the seat that APPOINTMENT (a proposal's id) offers you.

    Without APPOINTMENT it accepts what waits for you: the founding, or the one seat that is offered.
    """
    actor = open_actor(house, kit)
    with actor.record:
        target = find_proposal(actor.state, appointment) if appointment else _what_waits(actor)
        outcome = submit(actor, "accept", {"of": target})
        report(actor, outcome, "", as_json=as_json)


def _what_waits(actor: Actor) -> str:
    from commonhold.kernel.errors import RuleError  # noqa: PLC0415

    state = actor.state
    if state.phase == "founding":
        return state.org
    offers = [
        seat.renewal or seat.by
        for seat in state.part("seats").values()
        if seat.member == actor.member and (seat.status == "offered" or seat.renewal)
    ]
    if not offers:
        raise RuleError(
            f"nothing waits for {actor.member} to accept", code="act/no-offer", next_step="`commonhold status` shows what is open."
        )
    if len(offers) > 1:
        raise click.UsageError(
            f"{len(offers)} seats are offered to {actor.member}: name one of {', '.join(sorted(offer[:12] for offer in offers))}"
        )
    only: str = offers[0]
    return only

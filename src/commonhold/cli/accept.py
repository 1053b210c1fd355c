"""``commonhold accept``: consent to the founding, or to a seat that a decision offers (DESIGN 3.3)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from commonhold.cli.acting import find_proposal, open_actor, report, submit
from commonhold.cli.options import house_option, json_option, kit_option

if TYPE_CHECKING:
    from commonhold.kernel.record.state import State


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
        target = find_proposal(actor.state, appointment) if appointment else what_waits(actor.state, (actor.member,))
        outcome = submit(actor, "accept", {"of": target})
        report(actor, outcome, "", as_json=as_json)


def what_waits(state: State, members: tuple[str, ...]) -> str:
    """What waits for one of *members*, or for anybody where none is named, to be accepted: the organisation's id, or an appointment's.

    Raises:
        RuleError: ``act/no-offer`` if nothing does. click.UsageError: if more than one seat does.
    """
    from commonhold.kernel.errors import RuleError  # noqa: PLC0415

    if state.phase == "founding":
        return state.org
    offers = sorted(
        {
            seat.renewal or seat.by
            for seat in state.part("seats").values()
            if (seat.member in members or not members) and (seat.status == "offered" or seat.renewal)
        }
    )
    who = ", ".join(members) or "anybody"
    if not offers:
        raise RuleError(f"nothing waits for {who} to accept", code="act/no-offer", next_step="`commonhold status` shows what is open.")
    if len(offers) > 1:
        raise click.UsageError(f"{len(offers)} seats are offered to {who}: name one of {', '.join(offer[:12] for offer in offers)}")
    only: str = offers[0]
    return only

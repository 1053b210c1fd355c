"""``commonhold status``: what is open, who still can act, what is missing, until when."""

from __future__ import annotations

from pathlib import Path

import click

from commonhold.cli.options import house_option, json_option
from commonhold.cli.output import emit, printable
from commonhold.cli.reading import read_place


@click.command()
@click.argument("proposal", required=False)
@click.option("--all", "everything", is_flag=True, help="Show the proposals that have ended, too.")
@house_option
@json_option
def command(proposal: str | None, everything: bool, house: Path | str, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Show the open proposals, or one PROPOSAL, open or ended, with the text or the redline that it is about."""
    from commonhold.cli.acting import find_proposal  # noqa: PLC0415 - kept out of `--help`
    from commonhold.cli.content import proposal_content  # noqa: PLC0415
    from commonhold.cli.describing import Openings, describe  # noqa: PLC0415
    from commonhold.cli.words import proposal_words  # noqa: PLC0415

    state, openings = read_place(house).state, Openings(house)
    if proposal is not None:
        found = describe(state, find_proposal(state, proposal), openings)
        content, shown_content = proposal_content(state, found, house)
        words = f"{proposal_words(found)}\n\n{shown_content}".rstrip()
        emit(as_json, {**found, **content}, lambda: words)
        return
    order = {key: value.index for key, value in state.part("proposals").items() if everything or value.status == "open"}
    shown = [describe(state, key, openings) for key in sorted(order, key=order.__getitem__)]
    waiting = sorted(name for name, member in state.part("members").items() if member.status == "invited")
    offers = [
        {"office": seat.office, "member": seat.member, "appointment": seat.renewal or seat.by}
        for _, seat in sorted(state.part("seats").items())
        if seat.status == "offered" or seat.renewal
    ]

    def render() -> str:
        lines = [f"organisation {state.org}", f"charter      {printable(state.charter.name)}, {state.size} entries"]
        if waiting:
            lines.append(f"founding     waits for {', '.join(waiting)} to accept (`commonhold accept`)")
        lines += [
            f"offered      {offer['office']} to {offer['member']}, who must accept it ({offer['appointment'][:12]})" for offer in offers
        ]
        if not shown:
            lines.append("nothing is open" if not everything else "nothing was ever proposed")
        lines += [f"\n{proposal_words(found)}" for found in shown]
        return "\n".join(lines)

    emit(as_json, {"org": state.org, "size": state.size, "founding_waits_for": waiting, "offers": offers, "proposals": shown}, render)

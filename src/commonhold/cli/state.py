"""``commonhold state``: what the record amounts to now."""

from __future__ import annotations

from pathlib import Path

import click

from commonhold.cli.options import house_option, json_option
from commonhold.cli.output import emit, printable, table
from commonhold.cli.reading import read_place


@click.command()
@house_option
@json_option
def command(house: Path | str, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Show members, seats, channels, statements, and the state digest that partners can sign."""
    from commonhold.cli.describing import Openings  # noqa: PLC0415 - kept out of `--help`
    from commonhold.cli.words import articles_words, moment, payload_words  # noqa: PLC0415
    from commonhold.kernel.notekeys import VerifierKey  # noqa: PLC0415
    from commonhold.kernel.record.digest import StateTree  # noqa: PLC0415
    from commonhold.kernel.record.queries import describe_state  # noqa: PLC0415

    state = read_place(house).state
    tree, openings = StateTree.of(state), Openings(house)
    log_key = str(VerifierKey.of(state.origin, state.log_key))
    value = {**describe_state(state), "log": log_key, "state_digest": tree.root().hex(), "leaves": tree.count}

    def render() -> str:
        clock = (
            moment(state.clock)
            if state.clock is not None
            else "none: no partners yet, so nothing here has a time that outsiders should believe"
        )
        lines = [
            f"organisation {state.org}",
            f"entries      {state.size}",
            f"charter      {printable(state.charter.name)} {state.charter.digest.hex()}",
            f"clock        {clock}",
            f"log key      {log_key}",
            f"state digest {tree.root().hex()} ({tree.count} leaves)",
            "",
            table(
                ["member", "status", "offices"],
                [(name, row["status"], ", ".join(row["offices"])) for name, row in value["members"].items()],
            ),
        ]
        for title, part, kind in (
            ("channels of record", "channels", "channel"),
            ("statements", "statements", "statement"),
            ("resolutions", "resolutions", ""),
            ("resources", "resources", "entrust"),
        ):
            for decided in state.part(part).values():
                if title:
                    lines += ["", title]
                    title = ""  # noqa: PLW2901 - the heading stands once
                opening = openings(decided.value.get("text"))
                what = payload_words(kind or state.parts["proposals"][decided.proposal].kind, decided.value, opening)
                lines.append(
                    f"  {what}; {articles_words(decided.articles)}; approved by {', '.join(decided.approvers)}; entry {decided.index}"
                )
        return "\n".join(lines)

    emit(as_json, value, render)

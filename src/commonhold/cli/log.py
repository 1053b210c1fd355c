"""``commonhold log``: the record's entries, and what each one did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from commonhold.cli.options import house_option, json_option
from commonhold.cli.output import emit, printable
from commonhold.cli.reading import read_place


@click.command()
@click.option("--last", type=click.IntRange(min=1), help="Only the newest N entries.")
@house_option
@json_option
def command(last: int | None, house: Path | str, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """List the record's entries in order: who did what, and what came of it. Refused entries stay, and say why they count for nothing."""
    from commonhold.cli.describing import Openings  # noqa: PLC0415 - kept out of `--help`
    from commonhold.cli.words import entry_words, event_words  # noqa: PLC0415
    from commonhold.kernel.record.state import value_of  # noqa: PLC0415

    read = read_place(house, whole=True)
    outcomes = read.outcomes[-last:] if last else read.outcomes
    openings = Openings(house)
    rows = []
    lines = []
    for outcome in outcomes:
        entry = outcome.entry
        row: dict[str, Any] = {
            "index": outcome.index,
            "counts": outcome.counts,
            "events": [{"name": event.name, **event.data} for event in outcome.events],
        }
        words = "unreadable"
        if entry is not None:
            row |= {"id": entry.id, "type": entry.type, "by": entry.by, "body": value_of(entry.body)}
            words = entry_words(entry.type, entry.by, row["body"], read.state, openings) + f"  [{entry.id[:12]}]"
        if not outcome.counts:
            row |= {"code": outcome.code, "words": outcome.words}
        rows.append(row)
        lines.append(f"{outcome.index:>5}  {words}")
        lines += [f"       {event_words(event.name, event.data)}" for event in outcome.events]
        if not outcome.counts:
            lines.append(f"       refused: {printable(outcome.words)}")
    emit(as_json, {"org": read.state.org, "size": read.checkpoint.size, "entries": rows}, lambda: "\n".join(lines))

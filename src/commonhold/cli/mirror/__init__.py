"""``commonhold mirror``: an organisation as a folder that any web server serves (docs/formats/mirror.md, docs/guide/mirrors.md)."""

from __future__ import annotations

from typing import Final

import click

from commonhold.cli.main import LazyGroup, Verb

VERBS: Final = {
    "build": Verb("commonhold.cli.mirror.building:build_command", "Build a house's mirror, or bring it up to date."),
    "sync": Verb("commonhold.cli.mirror.syncing:sync_command", "Bring a copy of a mirror up to date from any place that serves one."),
}


@click.group("mirror", cls=LazyGroup, table=VERBS)
def command() -> None:
    """Keep an organisation as a folder of files: its record, what the record names, its settings and its site.

    Any web server serves it, and any one copy is enough to stand the organisation up again. See docs/guide/mirrors.md.
    """

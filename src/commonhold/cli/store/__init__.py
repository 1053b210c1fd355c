"""``commonhold store``: the objects and works of a house, and whether they are whole, here and at their replicas.

Formats: docs/formats/record-folder.md, docs/formats/work.md and docs/formats/replicas.md.
"""

from __future__ import annotations

from typing import Final

import click

from commonhold.cli.main import LazyGroup, Verb

VERBS: Final = {
    "put": Verb("commonhold.cli.store.moving:put_command", "Keep files as objects, by their digest."),
    "get": Verb("commonhold.cli.store.moving:get_command", "Write an object to a file, verified."),
    "list": Verb("commonhold.cli.store.moving:list_command", "List the objects that lie here."),
    "erase": Verb("commonhold.cli.store.erasing:erase_command", "Let the bytes go of what the record decided to erase."),
    "report": Verb("commonhold.cli.store.caring:report_command", "Say what lies here and is named by nothing."),
    "scrub": Verb("commonhold.cli.store.caring:scrub_command", "Read everything, and find what is altered or missing."),
    "repair": Verb("commonhold.cli.store.caring:repair_command", "Heal what a scrub found, from any replica."),
    "replicate": Verb("commonhold.cli.store.replicating:replicate_command", "Bring works to where the policy wants them."),
    "health": Verb("commonhold.cli.store.replicating:health_command", "Say how the store and its replicas are."),
}


@click.group("store", cls=LazyGroup, table=VERBS)
def command() -> None:
    """Keep the organisation's files by their SHA-256, find out whether they are whole, and heal them from any copy.

    Nothing is ever deleted but what a decision of the record erases. See docs/guide/store.md.
    """

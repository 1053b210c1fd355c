"""``commonhold statement``: publish an official statement by the charter's rule (DESIGN 3.3)."""

from __future__ import annotations

from pathlib import Path

import click

from commonhold.cli.acting import open_actor
from commonhold.cli.options import house_option, json_option, kit_option
from commonhold.cli.propose import make_proposal, text_object


@click.group()
def command() -> None:
    """Publish an official statement by the charter's rule."""


@command.command(short_help="Propose a statement, and approve it yourself.")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--language", default="en", show_default=True, help="The language of the text, as a tag such as en or zh-Hans.")
@click.option("--within", default="P30D", show_default=True, help="How long it may be decided, as an ISO 8601 duration.")
@click.option("--approve/--no-approve", default=True, show_default=True, help="Approve it yourself at once.")
@house_option
@kit_option()
@json_option
def publish(file: Path, language: str, within: str, approve: bool, house: Path, kit: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Propose FILE, a UTF-8 text, as an official statement, and approve it yourself.

    It is official once everybody has approved whom the charter's rule asks for: `commonhold approve`. What they approve is exactly these
    bytes; the record holds their salted digest, and the text itself stands beside it.
    """
    digest, raw = text_object(file)
    actor = open_actor(house, kit)
    with actor.record:
        payload = {"text": digest, "language": language}
        make_proposal(actor, "statement", payload, {digest: raw}, within=within, approve=approve, as_json=as_json, extra={"text": digest})

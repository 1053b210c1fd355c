"""``commonhold statement``: publish an official statement by the charter's rule (DESIGN 3.3)."""

from __future__ import annotations

from pathlib import Path

import click

from commonhold.cli.acting import Actor, open_actor
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
def publish(file: Path, language: str, within: str, approve: bool, house: Path | str, kit: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Propose FILE, a UTF-8 text, as an official statement, and approve it yourself.

    It is official once everybody has approved whom the charter's rule asks for: `commonhold approve`. What they approve is exactly these
    bytes; the record holds their salted digest, and the text itself stands beside it.
    """
    digest, raw = text_object(file)
    actor = open_actor(house, kit)
    with actor.record:
        _check_not_waiting(actor, raw)
        payload = {"text": digest, "language": language}
        make_proposal(actor, "statement", payload, {digest: raw}, within=within, approve=approve, as_json=as_json, extra={"text": digest})


def _check_not_waiting(actor: Actor, raw: bytes) -> None:
    """Pass in silence unless an open proposal is about the very same text: its salt is another, so only the texts can be compared.

    Raises:
        RuleError: if one is.
    """
    from commonhold.kernel.errors import CommonholdError, RuleError  # noqa: PLC0415 - kept out of `--help`
    from commonhold.kernel.texts import parse_text  # noqa: PLC0415

    body, proposals = parse_text(raw)[1], actor.state.parts["proposals"]
    for waiting in sorted(actor.state.opened, key=actor.state.opened.__getitem__):
        proposal = proposals[waiting]
        if proposal.kind != "statement":
            continue
        try:
            same = parse_text(actor.record.objects.get(proposal.payload["text"]))[1] == body
        except CommonholdError:
            # A text that is not here cannot be compared, and hinders nobody.
            continue
        if same:
            mine = actor.member in proposal.approvals
            raise RuleError(
                f"the same text already waits as {waiting[:12]}: commonhold {'status' if mine else 'approve'} {waiting[:12]}",
                code="statement/waits",
                data={"proposal": waiting},
                next_step="You have approved it already." if mine else "Approve that one, so that all signatures stand under one proposal.",
            )

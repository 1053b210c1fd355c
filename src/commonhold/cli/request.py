"""``commonhold request``: ask a member to sign an act with their kit, by link, file or code (DESIGN 3.7, docs/formats/request.md).

What is made here is read by ``signer.html`` and by ``commonhold sign``. It asks and proves nothing by itself: whoever signs sees what it says, and
whether partners vouch for it.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commonhold.cli.requestcustody import VERBS as CUSTODY
from commonhold.cli.requesting import Asked, asked_of, hand_out, request_options

if TYPE_CHECKING:
    from commonhold.store.record import ReadRecord


@click.group(name="request")
def command() -> None:
    """Ask members to sign an act with their kit: a link, a file or a code for signer.html and `commonhold sign`."""


for _verb in CUSTODY:
    command.add_command(_verb)


def _about(type: str, proposal: str, options: dict[str, Any]) -> tuple[Asked, ReadRecord, dict[str, str]]:
    from commonhold.cli.acting import find_proposal  # noqa: PLC0415 - kept out of `--help`

    asked, read = asked_of(options)
    field = "of" if type == "accept" else "proposal"
    return asked, read, {field: find_proposal(read.state, proposal)}


@command.command()
@click.argument("proposal")
@request_options
def approve(proposal: str, **options: Any) -> None:
    """Ask for approvals of PROPOSAL (its id, or at least four digits of it)."""
    asked, read, body = _about("approve", proposal, options)
    hand_out(asked, read, "approve", body)


@command.command(name="object")
@click.argument("proposal")
@click.option(
    "--reason", type=click.Path(dir_okay=False, path_type=Path), help="A file with the reason, as a text that may be erased later."
)
@request_options
def object_(proposal: str, reason: Path | None, **options: Any) -> None:
    """Ask for objections to PROPOSAL."""
    from commonhold.cli.propose import text_object  # noqa: PLC0415

    asked, read, body = _about("object", proposal, options)
    if reason is None:
        hand_out(asked, read, "object", body)
        return
    digest, raw = text_object(reason)
    hand_out(asked, read, "object", {**body, "reason": digest}, {digest: raw})


@command.command()
@click.argument("proposal")
@request_options
def confirm(proposal: str, **options: Any) -> None:
    """Ask for confirmations of PROPOSAL after its waiting period."""
    asked, read, body = _about("confirm", proposal, options)
    hand_out(asked, read, "confirm", body)


@command.command()
@click.argument("what", type=click.Choice(["proposal", "approval", "objection", "delegation", "seat"]))
@click.argument("of")
@request_options
def withdraw(what: str, of: str, **options: Any) -> None:
    """Ask somebody to take back their WHAT in OF: a proposal's id, or the name of an office or rule."""
    from commonhold.cli.acting import find_proposal  # noqa: PLC0415

    asked, read = asked_of(options)
    target = of if what in ("seat", "delegation") else find_proposal(read.state, of)
    hand_out(asked, read, "withdraw", {"what": what, "of": target})


@command.command()
@click.argument("appointment", required=False)
@request_options
def accept(appointment: str | None, **options: Any) -> None:
    """Ask to accept the seat that APPOINTMENT (a proposal's id) offers; without it, what waits: the founding, or the one seat that is offered."""
    if appointment is not None:
        asked, read, body = _about("accept", appointment, options)
        hand_out(asked, read, "accept", body)
        return
    from commonhold.cli.accept import what_waits  # noqa: PLC0415

    asked, read = asked_of(options)
    hand_out(asked, read, "accept", {"of": what_waits(read.state, asked.members)})


@command.command()
@click.argument("kind")
@click.argument("fields", nargs=-1, metavar="[FIELD=VALUE]...")
@click.option("--text", type=click.Path(dir_okay=False, path_type=Path), help="The file with the text of a statement or resolution.")
@click.option("--card", type=click.Path(dir_okay=False, path_type=Path), help="The card of the member to admit or recover, or a new one.")
@click.option("--payload", type=click.Path(dir_okay=False, path_type=Path), help="The whole payload as a JSON file, instead of fields.")
@click.option("--emergency", default="", help="The emergency power of the charter that is invoked.")
@click.option("--within", default="P30D", show_default=True, help="How long the proposal may be decided, as an ISO 8601 duration.")
@request_options
def propose(
    kind: str,
    fields: tuple[str, ...],
    text: Path | None,
    card: Path | None,
    payload: Path | None,
    emergency: str,
    within: str,
    **options: Any,
) -> None:
    """Ask somebody to propose a decision of KIND, with fields as for `commonhold propose`.

    `succeed` needs none: the organisation goes on in the epoch that the record at --house has opened.
    """
    from commonhold.cli.propose import fields_payload  # noqa: PLC0415
    from commonhold.kernel.durations import parse_duration  # noqa: PLC0415
    from commonhold.kernel.record.payloads import parse_payload  # noqa: PLC0415
    from commonhold.kernel.record.succession import epoch_of  # noqa: PLC0415

    asked, read = asked_of(options)
    content, texts = fields_payload(kind, fields, text=text, card=card, payload=payload)
    epoch = epoch_of(read.state)
    if kind == "succeed" and epoch is not None:
        content.setdefault("open", epoch.open)
    if kind in {"depart", "rotate-key"} and len(asked.members) == 1:
        content.setdefault("member", asked.members[0])
    parse_payload(kind, content)
    end = parse_duration(within).after(read.state.clock or int(time.time()))
    body = {"kind": kind, "payload": content, "not_after": end, **({"emergency": emergency} if emergency else {})}
    hand_out(asked, read, "propose", body, texts)

"""``commonhold custody drill``, ``shares`` and ``contribute``: what a custodian does (DESIGN 5, docs/guide/sealing.md)."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from commonhold.cli.acting import open_actor, submit
from commonhold.cli.custody.discipline import keep_in_memory
from commonhold.cli.custody.holding import (
    check_not_over,
    find_release,
    own_holding,
    own_seals,
    own_share,
    quoted,
    read_purpose,
    require_live,
    sheet_option,
)
from commonhold.cli.custody.sheets import render_share
from commonhold.cli.custody.sheetwords import share_on_sheet, typed_words
from commonhold.cli.options import house_option, json_option, kit_option, out_option
from commonhold.cli.output import emit, note, printable
from commonhold.cli.words import moment, short
from commonhold.kernel import b64
from commonhold.kernel.custody.sealing.shares import Envelope, envelope_bytes, next_proof
from commonhold.kernel.errors import RuleError
from commonhold.kernel.keys import recipient_fingerprint
from commonhold.kernel.record.keeping import manifest
from commonhold.store.keyfile import MODE, write_new
from commonhold.store.sealedfile import seal_to


@click.command("drill")
@click.argument("resources", nargs=-1, metavar="[RESOURCE]...")
@sheet_option
@house_option
@kit_option()
@json_option
def drill_command(
    resources: tuple[str, ...],
    sheet: bool,  # noqa: FBT001 - click passes flags so
    house: Path | str,
    kit: Path,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Prove that your shares still open: of a new seal, to acknowledge it, and now and then of every other.

    Each share is opened, held against its commitment, and proved in the record by a hash that only somebody who has the share can show; it shows nothing of
    the share. Without RESOURCE every seal is proved in which you have a share.
    """
    keep_in_memory()
    actor = open_actor(house, kit)
    with actor.record:
        seals = own_seals(actor.state, actor.member, resources)
        if not seals:
            raise RuleError(
                f"{actor.member} has no share in {', '.join(map(printable, resources)) or 'any seal'}",
                code="share/not-custodian",
                next_step="`commonhold custody status` shows whose shares there are.",
            )
        done: list[dict[str, Any]] = []
        shares: dict[str, Envelope] = {}
        if sheet:
            found, share = share_on_sheet(actor.state, actor.member, seals, typed_words())
            seals, shares = [found], {found.proposal: share}
        for found in seals:
            share = shares.get(found.proposal) or own_share(actor, found)
            public = manifest(actor.state, found)
            last = found.proved[actor.member].link if actor.member in found.proved else public.holdings[actor.member].chain
            proof = next_proof(share.about, share.index, share.member, share.words, last)
            outcome = submit(actor, "acknowledge", {"what": "share", "of": found.proposal, "proof": proof})
            current = actor.state.parts["seals"][f"{found.resource}/{found.number}"]
            waits = sorted(set(public.holdings) - set(current.proved))
            done.append(
                {"resource": found.resource, "seal": found.number, "index": outcome.index, "status": current.status, "waits_for": waits}
            )

        def render() -> str:
            lines = []
            for row in done:
                state = "it is live" if row["status"] == "live" else f"it waits for {', '.join(row['waits_for'])}"
                lines.append(
                    printable(f"entry {row['index']}  the share of seal {row['seal']} of {row['resource']} opens and is proved; {state}")
                )
            return "\n".join(lines)

        emit(as_json, {"proved": done}, render)


@click.command("shares")
@click.argument("resource", required=False)
@out_option("Write the sheet of your share to print: an HTML page. It is as secret as the share.")
@house_option
@kit_option()
@json_option
def shares_command(resource: str | None, out: Path | None, house: Path | str, kit: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """List the seals in which you have a share; with --out write the sheet of one to print.

    The sheet says what it opens, together with whom, and how many it takes; it holds the 33 words of your share and nothing of what is sealed.
    """
    keep_in_memory()
    actor = open_actor(house, kit)
    with actor.record:
        seals = own_seals(actor.state, actor.member, [resource] if resource else [])
        if out is not None:
            if resource is None:
                raise click.UsageError("name the resource whose sheet is to be written")
            if not seals:
                require_live(actor.state, resource)
                raise RuleError(
                    f"{actor.member} has no share in {printable(resource)}",
                    code="share/not-custodian",
                    next_step="`commonhold custody status` shows whose shares there are.",
                )
            found = seals[-1]
            page = render_share(own_share(actor, found), manifest(actor.state, found), actor.state)
            write_new(out, page.encode(), mode=MODE)
            note("This page is a secret: open it in your browser, print it, then delete the file.")
        rows = [
            {
                "resource": found.resource,
                "seal": found.number,
                "status": found.status,
                "opened_by": manifest(actor.state, found).structure.in_words(),
                "proved": actor.member in found.proved,
            }
            for found in seals
        ]

        def render() -> str:
            lines = [
                printable(
                    f"seal {row['seal']} of {row['resource']} ({row['status']}), opened by {row['opened_by']} together; "
                    f"your share is {'proved' if row['proved'] else 'not acknowledged: run `commonhold custody drill`'}"
                )
                for row in rows
            ]
            return "\n".join(lines or ["you have no share in any seal"]) + (f"\nsheet        {printable(out)}" if out else "")

        emit(as_json, {"shares": rows, **({"sheet": str(out)} if out else {})}, render)


@click.command("contribute")
@click.argument("release")
@click.option("--yes", is_flag=True, help="Contribute without being asked once more: you have read the purpose and know who opens it.")
@sheet_option
@house_option
@kit_option()
@json_option
def contribute_command(
    release: str,
    yes: bool,  # noqa: FBT001 - click passes flags so
    sheet: bool,  # noqa: FBT001
    house: Path | str,
    kit: Path,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Give your share to RELEASE (its id, or at least four digits of it): encrypted to its one-off key, for nobody else.

    You are shown what for, for whom, until when, and who has contributed. Compare the recipient's six words with whoever asked, outside the house.
    """
    keep_in_memory()
    actor = open_actor(house, kit)
    with actor.record:
        key = find_release(actor.state, release)
        found = actor.state.parts["releases"][key]
        seal = actor.state.parts["seals"][f"{found.resource}/{found.number}"]
        purpose = read_purpose(actor.record.objects, actor.state.parts["proposals"][key].payload["purpose"])
        words = " ".join(recipient_fingerprint(found.recipient))
        for line in (
            f"release      {key}",
            f"of           seal {found.number} of {found.resource}, opened by {manifest(actor.state, seal).structure.in_words()} together",
            f"asked by     {found.by}",
            f"recipient    {words}",
            f"until        {moment(found.until)}",
            f"given so far {', '.join(sorted(found.contributions)) or 'by nobody'}",
            "purpose:",
        ):
            note(line)
        note(quoted(purpose))
        check_not_over(found.until, int(time.time()))
        own_holding(actor, seal)
        if not yes:
            if not sys.stdin.isatty():
                raise click.UsageError("nobody was asked: give --yes once you have read the purpose and compared the six words")
            # Once more, below the purpose: however long that is, this is what stands last before the answer.
            note(f"recipient    {words}")
            if not click.confirm(
                f"Give your share of seal {found.number} of {printable(found.resource)} to {found.by}?", default=False, err=True
            ):
                raise click.UsageError("you did not say yes, so nothing was given")
        share = share_on_sheet(actor.state, actor.member, [seal], typed_words())[1] if sheet else own_share(actor, seal)
        envelope = seal_to(envelope_bytes(replace(share, release=key)), [found.recipient])
        outcome = submit(actor, "contribute", {"release": key, "envelope": b64.encode(envelope)})
        given = sorted(actor.state.parts["releases"][key].contributions)
        enough = manifest(actor.state, seal).structure.is_met(set(given))
        value = {"release": key, "index": outcome.index, "given": given, "enough": enough, "recipient": words}
        said = f"entry {outcome.index}  your share is given to the release {short(key)}; given by {', '.join(given)}"
        emit(as_json, value, lambda: f"{said}{': enough to open it' if enough else ''}")

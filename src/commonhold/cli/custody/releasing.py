"""``commonhold custody release`` and ``unseal``: ask for a seal to be opened, and open it with what its custodians gave (DESIGN 5)."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from commonhold.cli.acting import open_actor
from commonhold.cli.custody.discipline import keep_in_memory, refuse_regular_file
from commonhold.cli.custody.holding import find_release
from commonhold.cli.custody.releaseoptions import after, release_kind, release_options, seal_to_open
from commonhold.cli.options import house_option, json_option, kit_option
from commonhold.cli.output import json_text, note, printable
from commonhold.kernel import b64
from commonhold.kernel.custody.sealing.bundle import Secret
from commonhold.kernel.custody.sealing.opening import open_seal
from commonhold.kernel.custody.sealing.shares import Envelope, check_contribution
from commonhold.kernel.errors import CommonholdError, CustodyError, RuleError
from commonhold.kernel.keys import recipient_fingerprint
from commonhold.kernel.kinds import RELEASES
from commonhold.kernel.record.keeping import manifest
from commonhold.kernel.record.state import State
from commonhold.store.envelopes import open_envelope
from commonhold.store.keyfile import MODE, read_with_mode, write_new
from commonhold.store.sealedfile import new_identity, recipient_of

_MAX_KEY = 4_096


@click.command("release")
@click.argument("resource")
@release_options
@click.option(
    "--key", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Where to keep the release's one-off key: a new file."
)
@click.option("--within", default="P7D", show_default=True, help="How long the proposal may be decided, as an ISO 8601 duration.")
@house_option
@kit_option()
@json_option
def release_command(
    resource: str,
    purpose: Path,
    key: Path,
    number: int | None,
    emergency: bool,  # noqa: FBT001 - click passes flags so
    until: str,
    within: str,
    house: Path | str,
    kit: Path,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Ask that the live seal of RESOURCE be opened for you: by the charter's rule, in which you have no voice.

    The key file is written first; with it, and with nothing else, you open what the custodians give. The six words stand for it: read them to the custodians
    outside the house. A file that was left by an attempt that broke off is used again.

    With --seal an earlier seal is asked for: what it holds is what the provider accepts if the change broke off half-way, or if the new seal does not open.
    """
    from commonhold.cli.propose import make_proposal, text_object  # noqa: PLC0415

    keep_in_memory()
    actor = open_actor(house, kit)
    with actor.record:
        found = seal_to_open(actor.state, resource, number)
        digest, raw = text_object(purpose)
        if key.exists():
            identity = _read_key(key)
            _check_unused(actor.state, recipient_of(identity), key)
        else:
            identity = new_identity()
            write_new(key, f"# one-off key of a release of {found.resource}, seal {found.number}\n{identity}\n".encode(), mode=MODE)
        recipient = recipient_of(identity)
        payload = {
            "resource": resource,
            "seal": found.number,
            "purpose": digest,
            "recipient": recipient,
            "until": after(actor.state, until),
        }
        words = " ".join(recipient_fingerprint(recipient))
        extra = {"recipient": words, "key": str(key)}
        kind = release_kind(emergency=emergency)
        if emergency:
            extra["notice"] = (
                "tell the others now, over two ways or more: `commonhold custody notify`; each says so with `commonhold custody notice`"
            )
        make_proposal(actor, kind, payload, {digest: raw}, within=within, as_json=as_json, extra=extra)


@click.command("unseal")
@click.argument("release")
@click.option("--key", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The release's key file.")
@click.option("--name", help="Print this one secret and nothing else, as it is; a key file as its bytes.")
@house_option
@json_option
def unseal_command(release: str, key: Path, name: str | None, house: Path | str, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Open what the custodians gave to RELEASE (its id, or at least four digits of it), and show the secrets.

    Every share is held against its commitment first; a wrong one is named, and the others still count. Nothing is written to a file. What was opened must be
    changed: `commonhold custody rotate` says how.
    """
    from commonhold.cli.reading import read_place  # noqa: PLC0415
    from commonhold.store.objects.remote import objects_at  # noqa: PLC0415

    keep_in_memory()
    refuse_regular_file()
    read = read_place(house, whole=True)
    state = read.state
    proposal = find_release(state, release)
    found = state.parts["releases"][proposal]
    identity = _read_key(key)
    if recipient_of(identity) != found.recipient:
        raise CustodyError(
            f"this is not the key of the release {proposal[:12]}",
            code="unseal/other-key",
            next_step="Give the file that `commonhold custody release` wrote for it with --key.",
        )
    public = manifest(state, state.parts["seals"][f"{found.resource}/{found.number}"])
    given, refused = [], {}
    for outcome in (*read.earlier, *read.outcomes):
        entry = outcome.entry
        if entry is None or not outcome.counts or entry.type != "contribute" or entry.body.release != proposal:
            continue
        try:
            given.append(_contribution(b64.decode(entry.body.envelope), identity, entry.by, proposal))
        except CommonholdError as error:
            refused[entry.by] = error.code
            note(f"refused: what {entry.by} gave: {error}")
    opened = open_seal(public, objects_at(house).get(public.sealed), given)
    for verdict in opened.verdicts:
        if verdict.code not in ("used", "surplus"):
            refused[verdict.member] = verdict.code
            note(f"refused: {verdict.words}")
    used = [verdict.member for verdict in opened.verdicts if verdict.code == "used"]
    note(f"opened with the shares of {', '.join(used)}")
    note("What is shown now stays in this terminal's memory. Change it at the provider and seal it again: `commonhold custody rotate`.")
    note(f"Whoever gets {key} can open it again, for what was given stands in the record: delete that file when you are done.")
    _show(opened.secrets, name, used, refused, as_json=as_json)


def _contribution(raw: bytes, identity: str, by: str, release: str) -> Envelope:
    found = open_envelope(raw, identity)
    check_contribution(found, by, release)
    return found


def _show(found: tuple[Secret, ...], name: str | None, used: list[str], refused: dict[str, str], *, as_json: bool) -> None:
    if name is not None:
        one = next((secret for secret in found if secret.name == name), None)
        if one is None:
            raise RuleError(
                f"there is no secret called {printable(name)!r} in it",
                code="unseal/no-such-secret",
                next_step=f"There are: {', '.join(printable(secret.name) for secret in found)}.",
            )
        shown = sys.stdout.isatty()
        if one.kind != "file":
            # Whoever sealed it could have put anything in; a program wants it as it is, and a terminal would obey it.
            click.echo(printable(one.value, multiline=True) if shown else one.value, nl=shown)
        elif shown:
            raise CustodyError(
                "a key file is nothing that a terminal can show",
                code="unseal/terminal",
                next_step=f"Pipe it into the program that needs it: --name {printable(name)} | program.",
            )
        else:
            sys.stdout.buffer.write(b64.decode(one.value))
        return
    if as_json:
        secrets: list[dict[str, Any]] = [{"kind": secret.kind, "name": secret.name, "value": secret.value} for secret in found]
        click.echo(json_text({"ok": True, "secrets": secrets, "used": used, "refused": refused}))
        return
    for secret in found:
        value = f"(a key file: print it with --name {secret.name})" if secret.kind == "file" else secret.value
        click.echo(f"{secret.kind:9} {printable(secret.name)}\n          {printable(value)}")


def _check_unused(state: State, recipient: str, key: Path) -> None:
    """Pass in silence unless another release has this key already.

    Raises:
        RuleError: ``release/recipient-used``, naming it.
    """
    for name, proposal in state.part("proposals").items():
        if proposal.kind in RELEASES and proposal.payload["recipient"] == recipient:
            raise RuleError(
                f"{printable(key)} is the key of the release {name[:12]}, and each release takes one of its own",
                code="release/recipient-used",
                next_step="Name a file that is not there yet with --key.",
            )


def _read_key(place: Path) -> str:
    """The identity in a key file that only its owner can read."""
    raw, mode = read_with_mode(place, max_size=_MAX_KEY, what="a release's key")
    if mode & 0o077:
        raise CustodyError(
            f"others can read {place}",
            code="keyfile/mode",
            next_step=f"Run `chmod 600 {os.fspath(place)}`. If others use this machine, ask for another release with a new key.",
        )
    lines = [line for line in raw.decode("utf-8", "replace").splitlines() if line.strip() and not line.startswith("#")]
    if len(lines) != 1:
        raise CustodyError(f"{place} holds no release's key", code="unseal/key-file", next_step="It has one line AGE-SECRET-KEY-1...")
    return lines[0].strip()

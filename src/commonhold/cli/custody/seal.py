"""``commonhold custody seal``: seal secrets for the charter's custodians (DESIGN 5, docs/formats/seal.md)."""

from __future__ import annotations

import hashlib
import secrets as dice
import sys
from pathlib import Path
from typing import Final

import click

from commonhold.cli.acting import open_actor
from commonhold.cli.custody.discipline import keep_in_memory
from commonhold.cli.options import house_option, json_option, kit_option
from commonhold.cli.output import note, printable
from commonhold.kernel import b64
from commonhold.kernel.custody.sealing.bundle import KINDS, MAX_BYTES, MAX_FILE, Secret, bundle_bytes
from commonhold.kernel.custody.sealing.opening import seal
from commonhold.kernel.custody.sealing.shares import About
from commonhold.kernel.custody.sealing.structure import remarks
from commonhold.kernel.errors import CommonholdError, CustodyError, FormatError
from commonhold.kernel.record.keeping import seals_of, structure_for
from commonhold.store.sealedfile import seal_to

MAX_LINES: Final = 200
_UNLOCKS: Final = "Seal what unlocks the large file (its passphrase, its key), and keep the file itself in the store."


@click.command("seal")
@click.argument("resource")
@click.option("--stdin", "from_stdin", is_flag=True, help="Read the secrets from standard input, a line each: KIND NAME=VALUE.")
@click.option("--key-file", "key_files", multiple=True, metavar="NAME=FILE", help="Seal the bytes of a file, such as a TLS key; repeat it.")
@click.option("--within", default="P30D", show_default=True, help="How long the proposal may be decided, as an ISO 8601 duration.")
@click.option("--approve", is_flag=True, help="Approve it yourself at once.")
@house_option
@kit_option()
@json_option
def command(
    resource: str,
    from_stdin: bool,  # noqa: FBT001 - click passes flags so
    key_files: tuple[str, ...],
    within: str,
    approve: bool,  # noqa: FBT001
    house: Path | str,
    kit: Path,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Seal what opens RESOURCE for the custodians whom the charter names, and propose the seal.

    The secrets are asked for and never shown; --stdin takes them from another program. They are encrypted on this machine, and opened once again in
    every way that it takes for each share to have taken part, before anything is proposed. Nothing readable leaves it. The seal counts once every
    custodian has run `commonhold custody drill`.

    \b
    commonhold custody seal page --approve
    printf 'password admin=%s' "$PASSWORD" | commonhold custody seal page --stdin
    """  # noqa: D301 - click wants the control character itself: it keeps the lines below it apart
    from commonhold.cli.propose import make_proposal  # noqa: PLC0415

    keep_in_memory()
    actor = open_actor(house, kit)
    with actor.record:
        state = actor.state
        structure = structure_for(state, resource)
        earlier = seals_of(state, resource)
        about = About(state.org, resource, (earlier[0].number if earlier else 0) + 1)
        note(f"seal {about.seal} of {resource}, opened by {structure.in_words()} together")
        for remark in remarks(structure):
            note(f"note: {remark.words}")
        found = [*_key_files(key_files), *(_from_stdin() if from_stdin else () if key_files and not sys.stdin.isatty() else _asked())]
        made = seal(found, structure, about, dice.token_bytes)
        kits, envelopes, objects = {}, {}, {hashlib.sha256(made.sealed).hexdigest(): made.sealed}
        for name in structure.people():
            member = state.member(name)
            assert member is not None, "a custodian is a member"  # noqa: S101 - for the types; structure_for looked them up
            public = state.public[member.kit]
            raw = seal_to(made.envelope(name), [public.to_value()["age"]])
            kits[name], envelopes[name] = member.kit, hashlib.sha256(raw).hexdigest()
            objects[envelopes[name]] = raw
        manifest = made.manifest(kits, envelopes)
        payload = {
            "resource": resource,
            "seal": about.seal,
            "structure": structure.to_value(),
            "shares": {name: holding.to_value() for name, holding in manifest.holdings.items()},
            "key": manifest.key,
            "sealed": manifest.sealed,
        }
        make_proposal(
            actor, "seal", payload, objects, within=within, as_json=as_json, approve=approve,
            extra={
                "custodians": f"{structure.in_words()}: each runs `commonhold custody drill {resource}` once this is enacted",
            },
        )  # fmt: skip


def _key_files(named: tuple[str, ...]) -> list[Secret]:
    from commonhold.store.keyfile import read_small  # noqa: PLC0415

    found = []
    for text in named:
        name, equals, path = text.partition("=")
        if not equals:
            raise click.UsageError(f"--key-file takes NAME=FILE, and not {printable(text[:60])!r}")
        try:
            raw = read_small(Path(path), max_size=MAX_FILE, what="a key file")
        except FormatError as error:
            raise CustodyError(str(error), code="secret/too-large", next_step=_UNLOCKS) from None
        found.append(Secret("file", name, b64.encode(raw)))
    return found


def _from_stdin() -> list[Secret]:
    """The secrets that another program hands over; no message repeats a value."""
    raw = sys.stdin.buffer.read(2 * MAX_BYTES + 1)
    if len(raw) > 2 * MAX_BYTES:
        raise CustodyError(
            f"standard input has more than {2 * MAX_BYTES} bytes, and a seal holds {MAX_BYTES}",
            code="secret/too-large",
            next_step=_UNLOCKS,
        )
    try:
        # Not at every character that Unicode calls a line's end: a secret may hold one, and would be cut there.
        lines = [line.removesuffix("\r") for line in raw.decode("utf-8").split("\n") if line.strip()]
    except UnicodeDecodeError:
        raise FormatError(
            "standard input is not text in UTF-8", code="secret/not-text", next_step="Seal what is no text with --key-file NAME=FILE."
        ) from None
    found = []
    for number, line in enumerate(lines[:MAX_LINES], 1):
        kind, _, rest = line.partition(" ")
        name, equals, value = rest.partition("=")
        if kind not in KINDS or kind == "file" or not equals:
            raise FormatError(
                f"line {number} of standard input is not KIND NAME=VALUE",
                code="secret/line",
                next_step=f"A kind is one of {', '.join(kind for kind in KINDS if kind != 'file')}; files are sealed with --key-file NAME=FILE.",
            )
        found.append(Secret(kind, name.strip(), value))
    return found


def _asked() -> list[Secret]:
    if not sys.stdin.isatty():
        raise CustodyError(
            "there is no terminal at which to ask for the secrets",
            code="secret/nobody-to-ask",
            next_step="Hand them over with --stdin, a line each: KIND NAME=VALUE. They are never taken from the command line, which others can read.",
        )
    found: list[Secret] = []
    try:
        while not found or click.confirm("One more", default=False, err=True):
            found.append(_asked_one(found))
    except (click.Abort, KeyboardInterrupt):
        note("\nnothing was sealed, and nothing of what was typed is kept")
        raise
    return found


def _asked_one(before: list[Secret]) -> Secret:
    """One more secret that can be sealed together with those *before*; asked for again, and they not, until it can be."""
    kinds = [kind for kind in KINDS if kind != "file"]
    while True:
        kind: str = click.prompt("Kind", type=click.Choice(kinds), default="password", err=True)
        name: str = click.prompt("Name, such as admin", err=True)
        value: str = click.prompt("Secret (not shown)", hide_input=True, confirmation_prompt=kind == "password", err=True)
        one = Secret(kind, name.strip(), value)
        try:
            bundle_bytes([*before, one])
        except CommonholdError as error:
            note(f"error: {error}\n{error.next_step}".rstrip())
        else:
            return one

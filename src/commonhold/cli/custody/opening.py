"""``commonhold custody open``: decrypt what ``custody report`` encrypted, or any other age file."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from commonhold.cli.custody.sealing import known_passphrase, passphrase_option
from commonhold.cli.inputs import read_input
from commonhold.cli.output import note, printable
from commonhold.kernel.errors import CustodyError
from commonhold.store.keyfile import MODE, write_new
from commonhold.store.sealedfile import MAX_SEALED, check_sealed, unseal, unseal_with


@click.command("open")
@click.argument("file", metavar="FILE.age", type=click.Path(allow_dash=True))
@click.option("--out", "-o", type=click.Path(dir_okay=False, path_type=Path), help="The new file to write; otherwise it is printed.")
@click.option("--identity", type=click.Path(dir_okay=False), help="The age identity file of a recipient, in place of a passphrase.")
@passphrase_option
def open_command(file: str, out: Path | None, identity: str | None, passphrase_file: Path | None) -> None:
    """Decrypt a report, or another file that was encrypted here.

    The passphrase is asked for, or read from --passphrase-file. A file written with --out can be read by you alone; delete it when it is printed.
    """
    if identity and passphrase_file:
        raise click.UsageError("--identity and --passphrase-file exclude each other")
    raw = read_input(file, max_size=MAX_SEALED, what="a sealed file")
    check_sealed(raw)
    data = unseal_with(raw, _identities(identity)) if identity else unseal(raw, known_passphrase(passphrase_file))
    if out is not None:
        write_new(out, data, mode=MODE)
        note(f"written: {out}; it is not encrypted now, and for members only")
        return
    _print(data)


def _print(data: bytes) -> None:
    """To a pipe as it is; to a terminal only what it can show, for whoever sealed it could have put anything in."""
    shown = sys.stdout.isatty()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        if shown:
            raise CustodyError(
                "this is nothing that a terminal can show", code="sealed/binary", next_step="Name a file with --out."
            ) from None
        sys.stdout.buffer.write(data)
    else:
        click.echo(printable(text, multiline=True) if shown else text, nl=False)


def _identities(place: str) -> list[str]:
    """The lines of an identity file that hold a key."""
    text = read_input(place, max_size=1 << 16, what="an age identity file").decode("utf-8", "replace")
    return [line for item in text.splitlines() if (line := item.strip()) and not line.startswith("#")]

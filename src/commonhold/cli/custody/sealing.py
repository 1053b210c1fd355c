"""Passphrases on the command line: from a prompt that shows nothing, or from a file for scripts; never from an argument, which others can read."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import click

from commonhold.cli.inputs import read_input
from commonhold.kernel.errors import CustodyError, FormatError
from commonhold.store.sealedfile import MAX_PASSPHRASE, check_passphrase

_MOST_BYTES: Final = 8 * MAX_PASSPHRASE

passphrase_option = click.option(
    "--passphrase-file", type=click.Path(dir_okay=False, path_type=Path), help="Take the passphrase from the first line of this file."
)
"""``--passphrase-file FILE``; the verb gets ``passphrase_file: Path | None``."""


def new_passphrase(place: Path | None) -> str:
    """A passphrase to seal with, asked for twice, or the first line of a file.

    Raises:
        CustodyError: if it is too weak, or there is nobody to ask.
        StoreError, FormatError: if the file cannot be read.
    """
    found = _first_line(place) if place else _asked("Passphrase for the file", twice=True)
    check_passphrase(found)
    return found


def known_passphrase(place: Path | None) -> str:
    """A passphrase to open with, asked for once, or the first line of a file.

    Raises:
        CustodyError: if there is nobody to ask.
        StoreError, FormatError: if the file cannot be read.
    """
    return _first_line(place) if place else _asked("Passphrase", twice=False)


def _asked(text: str, *, twice: bool) -> str:
    if not sys.stdin.isatty():
        raise CustodyError(
            "there is no terminal at which to ask for a passphrase",
            code="sealed/nobody-to-ask",
            next_step="Name a file with --passphrase-file; its first line is the passphrase.",
        )
    said: str = click.prompt(text, hide_input=True, confirmation_prompt=twice, err=True)
    return said


def _first_line(place: Path) -> str:
    try:
        text = read_input(str(place), max_size=_MOST_BYTES, what="a file with a passphrase").decode("utf-8-sig")
    except UnicodeDecodeError:
        # What is in it is not repeated: it may be the passphrase.
        raise FormatError(
            f"{place} is not a text in UTF-8",
            code="sealed/passphrase-file",
            next_step="Save it as UTF-8, the passphrase in its first line.",
        ) from None
    return text.split("\n", 1)[0].removesuffix("\r")

"""What the verbs of ``commonhold custody`` share: reading a register, and room for the analysis."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

from commonhold.cli.custody.sealing import known_passphrase
from commonhold.cli.inputs import read_input
from commonhold.cli.output import note
from commonhold.kernel.custody import Effort, Register, parse_register
from commonhold.kernel.custody.interview import Interview, compile_register, parse_interview
from commonhold.kernel.custody.interview.answersfile import is_interview
from commonhold.kernel.custody.registerfile import MAX_BYTES
from commonhold.kernel.errors import CustodyError
from commonhold.store.sealedfile import is_sealed, unseal

# Diagrams are as deep as there are parties. Python's own frames lie on the heap, so this costs memory and no stack.
DEPTH: Final = 300_000

register_argument = click.argument("register", metavar="REGISTER.json", type=click.Path(allow_dash=True))

opening_option = click.option(
    "--passphrase-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the register is encrypted: take its passphrase from the first line of this file.",
)
"""``--passphrase-file FILE`` of a verb that only reads; it gets ``passphrase_file: Path | None``."""


beside_option = click.option(
    "--house",
    metavar="DIR_OR_URL",
    help="Count what is sealed in this organisation's record: its live seals are the nodes seal:RESOURCE, and its members parties.",
)
"""``--house DIR_OR_URL`` of a verb that asks a register; it gets ``house: str | None``."""


def beside(register: Register, house: str | None) -> Register:
    """The register with what is sealed in an organisation's record, where one is named.

    Raises:
        CustodyError: if the register then names what is not there. As reading a record does.
    """
    if house is None:
        return register
    from commonhold.cli.reading import read_place  # noqa: PLC0415 - a register needs no record
    from commonhold.kernel.record.strength import with_seals  # noqa: PLC0415 - as above

    return with_seals(register, read_place(house).state)


def unsealed(place: str, passphrase_file: Path | None = None) -> tuple[bytes, bool]:
    """The bytes of a register's file or of stdin, decrypted where they are encrypted, and whether they were.

    Raises:
        CustodyError: as decrypting does. StoreError: if it cannot be read.
    """
    raw = read_input(place, max_size=MAX_BYTES, what="a custody register")
    return (unseal(raw, known_passphrase(passphrase_file)), True) if is_sealed(raw) else (raw, False)


def parsed(raw: bytes) -> Register | Interview:
    """The register, or the interview, in these bytes; remarks about it go to stderr.

    Raises:
        FormatError, CustodyError: as parsing does, and if an interview has nothing to ask about.
    """
    if is_interview(raw):
        interview = parse_interview(raw)
        if not interview.things:
            raise CustodyError(
                "this interview names nothing yet that could be taken",
                code="custody/no-resource",
                next_step="Go on with it: `commonhold custody interview FILE`.",
            )
        return interview
    read = parse_register(raw)
    for remark in read.notes[:20]:
        note(f"note: {remark}")
    if len(read.notes) > 20:
        note(f"note: and {len(read.notes) - 20} more remarks")
    return read


def read_register(place: str, passphrase_file: Path | None = None) -> Register:
    """The register of a file, or the one that follows from an interview's answers.

    Raises:
        As :func:`unsealed` and :func:`parsed` do.
    """
    read = parsed(unsealed(place, passphrase_file)[0])
    return compile_register(read).register if isinstance(read, Interview) else read


def effort(times: int) -> Effort:
    """The usual effort, so many times."""
    usual = Effort()
    return Effort(exact=usual.exact * times, bounded=usual.bounded * times)


@contextmanager
def deep() -> Iterator[None]:
    """Room for diagrams over many parties; set after everything has been parsed, for parsers written in C recurse on the stack."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, DEPTH))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)

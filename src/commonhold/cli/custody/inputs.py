"""What the verbs of ``commonhold custody`` share: reading a register, and room for the analysis."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import click

from commonhold.cli.inputs import read_input
from commonhold.cli.output import note
from commonhold.kernel.custody import Effort, Register, parse_register
from commonhold.kernel.custody.registerfile import MAX_BYTES

# Diagrams are as deep as there are parties. Python's own frames lie on the heap, so this costs memory and no stack.
DEPTH: Final = 300_000

register_argument = click.argument("register", metavar="REGISTER.json", type=click.Path(allow_dash=True))


def read_register(place: str) -> Register:
    """The register of a file or of stdin; remarks about it go to stderr.

    Raises:
        FormatError, CustodyError: as parsing does. StoreError: if it cannot be read.
    """
    read = parse_register(read_input(place, max_size=MAX_BYTES, what="a custody register"))
    for remark in read.notes[:20]:
        note(f"note: {remark}")
    if len(read.notes) > 20:
        note(f"note: and {len(read.notes) - 20} more remarks")
    return read


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

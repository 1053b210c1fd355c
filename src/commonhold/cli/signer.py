"""``commonhold signer``: hands out the page with which members sign in a browser, and compares a copy of it (docs/guide/signer.md)."""

from __future__ import annotations

from pathlib import Path

import click

from commonhold.cli.options import json_option
from commonhold.cli.output import emit, printable
from commonhold.cli.verifier import digest_of, page, write

PAGE = "signer.html"
MAX_PAGE = 8 << 20


@click.command()
@click.option("-o", "--out", type=click.Path(dir_okay=False, path_type=Path), help="Where to write the page, such as signer.html.")
@click.option(
    "--check", type=click.Path(dir_okay=False, path_type=Path), help="Compare a copy that somebody has with the page of this version."
)
@json_option
def command(out: Path | None, check: Path | None, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Write the page with which members sign requests with their kit, in a browser.

    It is one file that works from the disk, on a phone too, in six languages. Save it before you need it, and never take it from those whose record you
    want to protect. --check says whether a copy is the very same page, to the byte.
    """
    if (out is None) == (check is None):
        raise click.UsageError("give either --out, to write the page, or --check, to compare a copy with it")
    if out is not None:
        write(PAGE, out, as_json=as_json)
    elif check is not None:
        _compare(check, as_json=as_json)


def _compare(path: Path, *, as_json: bool) -> None:
    from commonhold.kernel.errors import ProofError  # noqa: PLC0415
    from commonhold.store.keyfile import read_small  # noqa: PLC0415

    own, found = digest_of(page(PAGE)), digest_of(read_small(path, max_size=MAX_PAGE, what="a page"))
    if own != found:
        raise ProofError(
            f"{path} is not the {PAGE} of this version: its SHA-256 is {found}, and not {own}",
            code="signer/other",
            next_step="Do not use it, unless it is of another version that you trust. `commonhold signer -o FILE` writes this version's.",
            data={"found": found, "expected": own},
        )
    emit(as_json, {"file": str(path), "sha256": own}, lambda: f"{printable(path)} is the {PAGE} of this version, to the byte ({own})")

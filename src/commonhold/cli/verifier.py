"""``commonhold verifier``: hands out the page with which anybody checks a proof in a browser (docs/guide/verifier.md).

``tools/inline.py`` makes the pages of ``reader/``, and they lie in this package as they were committed. Nothing is put into them here: whoever has this version
writes the same bytes, so that two people can compare the digest.
"""

from __future__ import annotations

from pathlib import Path

import click

from commonhold.cli.options import json_option, out_option
from commonhold.cli.output import emit, printable


@click.command()
@out_option("Where to write the page, such as verifier.html.", required=True)
@json_option
def command(out: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Write the page that checks proof files, signed notes and offline proofs in a browser.

    It is one file that works from the disk and without a network, in six languages. Hand it on together with the proof, and read its digest to whoever
    got it another way.
    """
    write("verifier.html", out, as_json=as_json)


def page(name: str) -> bytes:
    """The page of this version, as it was committed."""
    from importlib.resources import files  # noqa: PLC0415 - kept out of `--help`

    return files("commonhold.pages").joinpath("reader", name).read_bytes()


def write(name: str, out: Path, *, as_json: bool) -> None:
    """Write the page to a new file, and say its digest."""
    from commonhold.store.keyfile import write_new  # noqa: PLC0415

    raw = page(name)
    digest = digest_of(raw)
    write_new(out, raw)
    emit(
        as_json,
        {"file": str(out), "bytes": len(raw), "sha256": digest},
        lambda: f"wrote {printable(out)} ({len(raw)} bytes); open it in any browser. Its SHA-256 is {digest}",
    )


def digest_of(raw: bytes) -> str:
    """SHA-256 in hexadecimal, as `sha256sum` prints it."""
    import hashlib  # noqa: PLC0415

    return hashlib.sha256(raw).hexdigest()

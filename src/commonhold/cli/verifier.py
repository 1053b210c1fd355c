"""``commonhold verifier``: hands out the page with which anybody checks a proof in a browser (docs/guide/verifier.md).

``tools/inline.py`` makes the page of ``reader/``, and it lies in this package as it was committed. Nothing is put into it here: whoever has this version
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
    import hashlib  # noqa: PLC0415 - kept out of `--help`
    from importlib.resources import files  # noqa: PLC0415

    from commonhold.store.keyfile import write_new  # noqa: PLC0415

    raw = files("commonhold.pages").joinpath("reader", "verifier.html").read_bytes()
    digest = hashlib.sha256(raw).hexdigest()
    write_new(out, raw)
    emit(
        as_json,
        {"file": str(out), "bytes": len(raw), "sha256": digest},
        lambda: f"wrote {printable(out)} ({len(raw)} bytes); open it in any browser. Its SHA-256 is {digest}",
    )

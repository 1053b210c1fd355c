"""``commonhold submit``: bring an entry that was signed elsewhere (in signer.html, or by `commonhold sign`) into the record."""

from __future__ import annotations

from pathlib import Path

import click

from commonhold.cli.acting import Author, open_record, open_remote, report
from commonhold.cli.options import house_option, json_option
from commonhold.cli.sign import given


@click.command()
@click.argument("entry")
@house_option
@json_option
def command(entry: str, house: Path | str, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Hand in ENTRY: a file, - for stdin, or the signed text itself.

    It is held against the record's rules first; what they refuse is not recorded and not sent.
    """
    from commonhold.kernel.errors import FormatError, RuleError  # noqa: PLC0415 - kept out of `--help`
    from commonhold.kernel.record.request import given_bytes, target_of  # noqa: PLC0415
    from commonhold.kernel.record.state import value_of  # noqa: PLC0415
    from commonhold.store.handing import unpack  # noqa: PLC0415

    try:
        raw, parsed, texts = unpack(given_bytes(given(entry)))
    except FormatError as error:
        error.next_step = error.next_step or "Give the whole signed text, or the file that `commonhold sign` or signer.html wrote."
        raise
    with open_remote(house) if isinstance(house, str) else open_record(house) as record:
        try:
            outcome = record.submit(raw, texts)
        except RuleError as error:
            error.next_step = error.next_step or "`commonhold log` shows what the record holds, and `commonhold status` what is open."
            raise
        about = parsed.id if parsed.type == "propose" else target_of(parsed.type, value_of(parsed.body)) if parsed.by else ""
        report(Author(record, parsed.by), outcome, about, as_json=as_json)

"""``commonhold note``: who signed a note (C2SP signed-note; the rules are in :mod:`commonhold.kernel.notes`)."""

from __future__ import annotations

import click

from commonhold.cli.inputs import in_words, read_input
from commonhold.cli.options import json_option
from commonhold.cli.output import emit, printable


@click.group()
def command() -> None:
    """Verify a signed note against keys you trust.

    A note is a text with signature lines below it, such as a log's checkpoint.
    """


@command.command()
@click.option(
    "--vkey",
    "vkeys",
    multiple=True,
    required=True,
    help="A key you trust, as name+id+base64; give it again for more. Cosigners' keys (kind 0x04) count too.",
)
@click.argument("file")
@json_option
def verify(vkeys: tuple[str, ...], file: str, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Verify the note in FILE (- for stdin) and show its text and which of your keys signed it.

    At least one of them must have signed. Signatures by other keys are counted and ignored; a bad signature by one of yours refuses the
    note.
    """
    from commonhold.kernel.notes import MAX_NOTE_BYTES, VerifierKey, open_note  # noqa: PLC0415 - kept out of `--help`

    keys = [VerifierKey.parse(vkey) for vkey in vkeys]
    opened = open_note(read_input(file, max_size=MAX_NOTE_BYTES, what="a note"), keys)
    signers = [(key, key.signed_time(signature)) for key, signature in opened.verified]
    value = {
        "text": opened.text,
        "signers": [
            {"name": key.name, "key_id": key.key_id.hex(), "vkey": str(key), **({} if time is None else {"time": time})}
            for key, time in signers
        ],
        "unknown": opened.unknown,
    }
    lines = [
        printable(opened.text, multiline=True),
        *(f"signed by    {printable(key.name)}" + ("" if time is None else f" at {in_words(time)}") for key, time in signers),
        f"unknown      {opened.unknown} other signature{'' if opened.unknown == 1 else 's'}",
    ]
    emit(as_json, value, lambda: "\n".join(lines))

"""``commonhold prove``: a file with which anybody can check one entry offline (DESIGN 3.5)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from commonhold.cli.options import house_option, json_option, org_option, out_option
from commonhold.cli.output import emit, printable
from commonhold.cli.reading import read_place

if TYPE_CHECKING:
    from commonhold.store.record import ReadRecord


@click.command()
@click.argument("entry")
@out_option("Where to write the proof file.", required=True)
@house_option
@click.option("--partner", "partners", metavar="URL", multiple=True, help="Ask this partner for a small proof instead; again for more.")
@click.option(
    "--pin",
    type=click.Path(dir_okay=False, path_type=Path),
    help="With --partner: whose signatures to gather; else those that the partners name.",
)
@org_option
@json_option
def command(
    entry: str,
    out: Path,
    house: Path | str,
    partners: tuple[str, ...],
    pin: Path | None,
    org: str,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Write a proof of ENTRY (its number, or its id or at least four digits of it).

    The file holds the record up to now, so whoever has it needs nothing else: no network, no server, and nobody's word.

    With --partner it is a brief proof, a few kilobytes that rest on the word of those partners, as many as the organisation's policy asks for; it is
    checked with `commonhold verify FILE --pin PIN`. ENTRY may then also be PART/KEY, such as channels/https://club.example/.
    """
    if partners or pin is not None:
        from commonhold.cli.briefs import prove_by_partners  # noqa: PLC0415 - kept out of `--help`

        prove_by_partners(entry, out, house, partners, pin, org, as_json=as_json)
        return
    from commonhold.kernel.errors import StoreError  # noqa: PLC0415 - kept out of `--help`
    from commonhold.kernel.record.prooffile import check_provable, make_proof_file, texts_of  # noqa: PLC0415
    from commonhold.store.keyfile import write_new  # noqa: PLC0415
    from commonhold.store.objects.remote import objects_at  # noqa: PLC0415

    read = read_place(house, org=org, whole=True)
    check_provable(read.state)
    index = find_entry(read, entry)
    found = read.outcomes[index].entry
    if found is None:
        raise click.UsageError(f"entry {index} is unreadable, so there is nothing to prove about it")
    objects, texts = objects_at(house), {}
    for digest in texts_of(read.state, found):
        try:
            texts[digest] = objects.get(digest)
        except StoreError as error:
            # An erased text stays erased; the entry can be proved without it.
            if error.code != "store/absent":
                raise
    raw = make_proof_file(read.state, read.tree, read.leaves, read.checkpoint_raw, index, found, texts).to_bytes()
    write_new(out, raw + b"\n")
    value = {"entry": found.id, "index": index, "file": str(out), "bytes": len(raw) + 1, "org": read.state.org}
    emit(
        as_json,
        value,
        lambda: (
            f"wrote the proof of entry {index} to {printable(out)} ({len(raw) + 1} bytes); check it with: commonhold verify {printable(out)}"
        ),
    )


def find_entry(read: ReadRecord, typed: str) -> int:
    """The index of the entry that was typed, as a number or as the beginning of an id.

    Raises:
        RuleError: if there is none. click.UsageError: if it is ambiguous.
    """
    from commonhold.kernel.errors import RuleError  # noqa: PLC0415

    absent = RuleError(f"the record has no entry {printable(typed)}", code="entry/absent", next_step="`commonhold log` lists them.")
    if typed.isdecimal() and typed.isascii() and len(typed) < 12:
        if int(typed) < len(read.outcomes):
            return int(typed)
        # Digits alone may also begin an id.
        if len(typed) < 4:
            raise absent
    if len(typed) < 4:
        raise click.UsageError("give the entry's number, or at least four digits of its id")
    found = [outcome.index for outcome in read.outcomes if outcome.entry is not None and outcome.entry.id.startswith(typed.lower())]
    if not found:
        raise absent
    ids = {entry.id for index in found if (entry := read.outcomes[index].entry) is not None}
    if len(ids) > 1:
        raise click.UsageError(f"{len(found)} entries begin with {typed}: give more digits")
    return found[0]

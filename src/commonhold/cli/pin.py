"""``commonhold pin``: what a reader keeps of an organisation, so that small proofs can be checked against it (docs/formats/pin.md)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from commonhold.cli.options import json_option, org_option, out_option
from commonhold.cli.output import emit, printable
from commonhold.cli.reading import read_place


@click.command()
@click.argument("places", metavar="PLACE...", nargs=-1, required=True)
@out_option("Where to write the pin.", required=True)
@org_option
@json_option
def command(places: tuple[str, ...], out: Path, org: str, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Write the pin of an organisation, out of its record at each PLACE: a folder, the address of its log, or a partner's.

    The record is replayed here, so nobody's word is taken for what it says. Whose record it is only you can know: give --org, or compare the six
    words with somebody whom you trust. Partners' addresses are kept in the pin, to be asked later.
    """
    from commonhold.kernel.errors import ProofError  # noqa: PLC0415 - kept out of `--help`
    from commonhold.kernel.record.pin import MAX_URLS, make_pin, parse_pin  # noqa: PLC0415
    from commonhold.store.asking import MIRROR  # noqa: PLC0415
    from commonhold.store.fetch import is_url  # noqa: PLC0415
    from commonhold.store.keyfile import write_new  # noqa: PLC0415

    pins = {}
    for place in places:
        where = record_at(place, org)
        pins[where] = make_pin(read_place(where, org=org).state)
    words = {where: " ".join(pin.fingerprint()) for where, pin in pins.items()}
    if len(set(words.values())) > 1:
        raise ProofError(
            f"these places do not give one pin: {'; '.join(f'{where}: {said}' for where, said in words.items())}",
            code="pin/disagree",
            next_step="One of them is behind or of another organisation. Look at each with `commonhold verify`, or take the pin of one.",
            data={"words": words},
        )
    first = next(iter(pins.values()))
    urls = [where for where in pins if is_url(where) and MIRROR in where][:MAX_URLS]
    pin = parse_pin(replace(first, urls=tuple(urls)).to_bytes())
    write_new(out, pin.to_bytes() + b"\n")
    value = {
        "file": str(out),
        "org": pin.org,
        "epoch": pin.epoch,
        "words": " ".join(pin.fingerprint()),
        "partners": sorted(pin.policy.witnesses),
        "validators": sorted(pin.validators),
        "urls": urls,
    }
    emit(
        as_json,
        value,
        lambda: "\n".join(
            [
                f"wrote the pin to {printable(out)}",
                f"organisation {pin.org}",
                f"partners     {printable(', '.join(sorted(pin.validators)))} vouch for what was decided",
                f"six words    {value['words']}",
                "Compare the words with somebody you trust; whoever has the same words has the same partners.",
            ]
        ),
    )


def record_at(place: str, org: str) -> str:
    """The place of a record: as it was given, or the copy that a partner holds whose own address was given."""
    from commonhold.kernel.errors import FormatError, StoreError  # noqa: PLC0415 - kept out of `--help`
    from commonhold.store.asking import mirror_of  # noqa: PLC0415
    from commonhold.store.fetch import is_url  # noqa: PLC0415

    if not is_url(place):
        return place
    try:
        return mirror_of(place, org)
    except (FormatError, StoreError):
        # The address of a log: its server is no partner node.
        return place

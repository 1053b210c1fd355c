"""``commonhold export``: everything by and about one member, for that member (DESIGN 10; docs/guide/store.md)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from commonhold.cli.options import folder_option, json_option
from commonhold.cli.output import emit, json_text, printable, progress
from commonhold.kernel.errors import CommonholdError, RuleError

if TYPE_CHECKING:
    from commonhold.kernel.record.concerning import Concern
    from commonhold.kernel.record.state import State
    from commonhold.store.objects.bags import BagFile
    from commonhold.store.objects.directory import ObjectDirectory

README: Final = """Everything that {name}'s organisation holds by and about {member}
================================================================

Organisation  {org}
Record        {size} entries, epoch {epoch}
Written       {now}

about.json    what the record amounts to where {member} stands in it, and a list of the entries below, each with why it is here: by {member},
              naming {member}, an act on a proposal that is one of these, or a proposal on which {member} acted
entries/      these entries, to the byte, as EPOCH-NUMBER.json, numbered through all epochs; the whole record proves their signatures
texts/        the texts that they name and that the house holds: DIGEST is the object as the record names it, DIGEST.md its words
works/        works that {member} added, each with its manifest and its files
sealed/       {member}'s shares of seals, encrypted to {member}'s kit

The record is public; whoever has a copy has these entries too. Nothing is kept of what {member} read or searched: there is nothing to export of that.
This is a BagIt bag: any program that validates bags says whether it is whole. `commonhold work unbag` does not take it: it is more than works.
"""


@click.command("export")
@click.argument("member")
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="The folder to write, or a file that ends in .zip; nothing may be there yet.",
)
@folder_option
@json_option
def command(member: str, out: Path, house: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Write everything by and about MEMBER, for that member: entries, texts, works, shares, and what the record says of them.

    Also of somebody who has left. Who may be given it is the organisation's to decide: it holds texts about the member that others wrote.
    """
    from commonhold.cli.reading import read_place  # noqa: PLC0415 - kept out of `--help`
    from commonhold.kernel.record.concerning import concerning, state_concerning  # noqa: PLC0415
    from commonhold.store.objects.bags import write_files  # noqa: PLC0415
    from commonhold.store.objects.directory import ObjectDirectory  # noqa: PLC0415

    read = read_place(house, whole=True)
    state, objects = read.state, ObjectDirectory(house)
    if member not in state.part("members"):
        raise RuleError(
            f"{printable(member)} is not, and never was, in the register",
            code="export/no-member",
            next_step="`commonhold state` lists everybody, also those who left.",
        )
    told = {outcome.entry.id: outcome for outcome in (*read.earlier, *read.outcomes) if outcome.entry is not None}
    raws = list(_entries(house))
    found = list(concerning([entry for _, entry in raws], member))
    about: dict[str, Any] = {
        "org": state.org,
        "member": member,
        "size": read.checkpoint.size,
        "made": int(time.time()),
        "entries": [_row(concern, told.get(concern.entry.id)) for concern in found],
        "state": state_concerning(state, member, frozenset(concern.entry.id for concern in found)),
        "missing": [],
    }
    with progress(len(found), "export") as bar:
        written = write_files(
            out, _files(about, found, raws, state, objects), [("External-Description", f"Everything by and about {member}")], bar.update
        )
    value = {
        "out": str(out),
        "member": member,
        "entries": len(found),
        "texts": sum(path.startswith("data/texts/") and path.endswith(".md") for path in written),
        "works": sum(path.endswith("/manifest.json") for path in written),
        "shares": sum(path.startswith("data/sealed/") for path in written),
        "missing": about["missing"],
    }
    emit(
        as_json,
        value,
        lambda: "\n".join(
            [
                f"wrote {printable(out)}: {value['entries']} entries, {value['texts']} texts, {value['works']} works, {value['shares']} shares",
                *(f"not here    {digest}" for digest in about["missing"]),
            ]
        ),
    )


def _entries(house: Path) -> Iterator[tuple[bytes, Any]]:
    from commonhold.cli.store.places import entries_of  # noqa: PLC0415 - kept out of `--help`
    from commonhold.kernel.record.entries import parse_entry  # noqa: PLC0415

    for raw in entries_of(house):
        try:
            yield raw, parse_entry(raw)
        except CommonholdError:
            yield raw, None


def _row(concern: Concern, outcome: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "file": _name(concern),
        "id": concern.entry.id,
        "type": concern.entry.type,
        "by": concern.entry.by,
        "why": concern.why,
    }
    if outcome is not None:
        row |= {"index": outcome.index, "counts": outcome.counts}
        if not outcome.counts:
            row |= {"code": outcome.code, "words": outcome.words}
    return row


def _name(concern: Concern) -> str:
    return f"entries/{concern.entry.epoch}-{concern.place:06}.json"


def _files(
    about: dict[str, Any], found: list[Concern], raws: list[tuple[bytes, Any]], state: State, objects: ObjectDirectory
) -> Iterator[BagFile]:
    """All files of the export; *about* comes last, because it names what was missing on the way."""
    from commonhold.kernel.record.state import value_of  # noqa: PLC0415 - kept out of `--help`
    from commonhold.kernel.texts import HEADER, MAX_TEXT_BYTES, parse_text  # noqa: PLC0415
    from commonhold.kernel.works.bags import payload_of  # noqa: PLC0415
    from commonhold.kernel.works.manifest import Work  # noqa: PLC0415
    from commonhold.store.handing import digests_in  # noqa: PLC0415
    from commonhold.store.objects.bags import BagFile  # noqa: PLC0415
    from commonhold.store.objects.works import all_works  # noqa: PLC0415

    member = about["member"]
    for concern in found:
        raw = raws[concern.place][0]
        yield BagFile(f"data/{_name(concern)}", [raw], len(raw))
    for digest in dict.fromkeys(digest for concern in found for digest in digests_in(value_of(concern.entry.body))):
        try:
            if objects.size(digest) > MAX_TEXT_BYTES + 64 or not (raw := objects.get(digest)).startswith(HEADER):
                continue
            words = parse_text(raw)[1]
        except CommonholdError as error:
            # Most digests in entries name no object; what was erased is named, with the decision.
            if error.code == "object/erased":
                about["missing"].append(f"{digest}: {error}")
            continue
        yield BagFile(f"data/texts/{digest}", [raw], len(raw))
        yield BagFile(f"data/texts/{digest}.md", [words], len(words))
    for digest in sorted({seal.shares[member].envelope for seal in _seals(state) if member in seal.shares}):
        try:
            raw = objects.get(digest)
        except CommonholdError as error:
            about["missing"].append(f"{digest}: {error}")
            continue
        yield BagFile(f"data/sealed/{digest}", [raw], len(raw))
    for work_id, work in all_works(objects):
        if not isinstance(work, Work) or work.provenance.by != member:
            continue
        for path, entry in payload_of(work).items():
            try:
                # Read twice, so that one damaged file is named and the rest still goes to whom it belongs.
                objects.verify(entry.digest)
            except CommonholdError as error:
                about["missing"].append(f"{work_id}: {error}")
                continue
            yield BagFile(path, objects.stream(entry.digest), entry.size)
    readme = README.format(
        member=member,
        name=" ".join(state.charter.name.split()),
        org=state.org,
        size=about["size"],
        epoch=state.epoch,
        now=time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(about["made"])),
    ).encode()
    yield BagFile("data/README.txt", [readme], len(readme))
    listed = (json_text(about) + "\n").encode()
    yield BagFile("data/about.json", [listed], len(listed))


def _seals(state: State) -> Iterator[Any]:
    for seal in state.part("seals").values():
        if seal.status != "retired":
            yield state.frozen[seal.proposal].payload

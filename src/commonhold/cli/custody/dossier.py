"""``commonhold custody dossier``: what a support desk or a court asks for after a takeover, as one document with its proofs beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commonhold.cli.custody.sealing import new_passphrase
from commonhold.cli.options import json_option
from commonhold.cli.output import emit, note, printable
from commonhold.cli.reading import read_place
from commonhold.kernel.errors import CustodyError, FormatError, ProofError, RuleError
from commonhold.pages.language import CODES, language

if TYPE_CHECKING:
    from commonhold.kernel.custody import Finding, Register
    from commonhold.kernel.record.dossier import Dossier, Subject
    from commonhold.pages.dossier import Evidence
    from commonhold.store.evidence import Names
    from commonhold.store.record import ReadRecord

MAX_TO = 200
_TO_SEND = (
    "next: print the document, fill in what is left open by hand (date, names, signatures, case number), and send it",
    '      together with the folder "evidence". Read it to the end first: what you sign is yours.',
)
_TO_SAY = (
    "tip:  no official statement names it yet. If the officers publish one (commonhold statement publish FILE) that says what they ask for,",
    "      and you make the dossier again, it proves that they said so.",
)
_FOR_MEMBERS = (
    "next: keep it among the members: it holds a map for burglars. `commonhold custody open FILE --out NAME.zip` opens it. For the desk",
    "      or the court, make another one without --with-map.",
)


def _addresses(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if not (3 <= len(value) <= 400 and value.isascii() and value.isprintable() and " " not in value):
            raise click.BadParameter("an address has 3 to 400 plain characters and no spaces", context, parameter)
    return values


def _line(context: click.Context, parameter: click.Parameter, value: str) -> str:
    if len(value) > MAX_TO or printable(value) != value:
        raise click.BadParameter(f"give one line of at most {MAX_TO} characters", context, parameter)
    return value.strip()


@click.command("dossier")
@click.argument("resource")
@click.option(
    "--record",
    "place",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    envvar="COMMONHOLD_HOUSE",
    show_envvar=True,
    help="The organisation's folder, or a copy of it; where it is not given, the current one.",
)
@click.option("--address", "addresses", multiple=True, callback=_addresses, help="An address of the resource; repeat it for several.")
@click.option(
    "--to", default="", callback=_line, metavar='"NAME OF THE DESK"', help="Who the letter goes to; otherwise a line is left open."
)
@click.option("--lang", type=click.Choice(CODES), default="en", show_default=True, help="The language of the document.")
@click.option("--register", "register_place", type=click.Path(), help="A custody register: who could have taken it is shown here.")
@click.option(
    "--with-map", is_flag=True, help="Put that into the document, too: a map for burglars, so all of it becomes one encrypted file."
)
@click.option("--format", "form", type=click.Choice(("html", "pdf")), default="html", show_default=True, help="The form of the document.")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="A new folder, or a new file that ends in .zip (in .zip.age, with the map).",
)
@click.option(
    "--passphrase-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Take the passphrase from the first line of this file: for a dossier with the map, and for a register that is encrypted.",
)
@json_option
def dossier_command(
    resource: str,
    place: Path,
    addresses: tuple[str, ...],
    to: str,
    lang: str,
    register_place: str | None,
    with_map: bool,  # noqa: FBT001 - click passes flags so
    form: str,
    out: Path,
    passphrase_file: Path | None,
    as_json: bool,  # noqa: FBT001 - click passes flags so
) -> None:
    """Write a dossier on RESOURCE: a covering letter, the charter, the officers, what was decided about it, and the proofs.

    RESOURCE is what the members entrust to somebody, or the address of an official channel. The whole record is verified first; if that fails,
    there is no dossier. Nothing is written over, and nothing is sent anywhere.
    """
    from commonhold.kernel.record.gathering import gather, subject_of, texts_wanted  # noqa: PLC0415 - kept out of `--help`
    from commonhold.kernel.record.prooffile import check_provable  # noqa: PLC0415
    from commonhold.store.evidence import check_free, prove_all, sums, texts_at, write_folder, zipped  # noqa: PLC0415
    from commonhold.store.keyfile import MODE, write_new  # noqa: PLC0415
    from commonhold.store.sealedfile import seal  # noqa: PLC0415

    if with_map and register_place is None:
        raise click.UsageError("--with-map puts a part of a register into the document: name it with --register")
    if with_map and not out.name.lower().endswith(".zip.age"):
        raise click.UsageError("--with-map makes one encrypted file: let the name of --out end in .zip.age")
    check_free(out)
    passphrase = new_passphrase(passphrase_file) if with_map else ""
    read = _verified(place)
    check_provable(read.state)
    subject = subject_of(read.state, resource, addresses)
    found = _could_take(register_place, subject, passphrase_file) if register_place is not None else None
    texts = texts_at(place, texts_wanted(read.state, read.outcomes))
    dossier = gather(read.state, read.outcomes, subject, texts)
    files, names = prove_all(read, dossier, texts)
    document = _document(dossier, _evidence(read, files, names), lang, to, form, found if with_map else None)
    files = {f"dossier.{form}": document, **files}
    files["SHA256SUMS"] = sums(files)
    if with_map:
        write_new(out, seal(zipped(out.name.split(".", 1)[0] or "dossier", files), passphrase), mode=MODE)
    elif out.suffix.lower() == ".zip":
        write_new(out, zipped(out.stem, files), mode=MODE)
    else:
        write_folder(out, files)
    _report(dossier, found, out, form, len(files), as_json=as_json, with_map=with_map)


def _verified(place: Path) -> ReadRecord:
    """The record, verified whole.

    Raises:
        ProofError, FormatError, StoreError: as reading it does. RuleError: ``dossier/not-official``.
    """
    from commonhold.kernel.record.verdict import judge_record  # noqa: PLC0415

    try:
        read = read_place(place, whole=True)
    except (ProofError, FormatError) as error:
        said = f"no dossier was made, because the record does not verify: {error}"
        raise type(error)(said, code=error.code, next_step=error.next_step, data=error.data) from None
    verdict = judge_record(read.state, read.outcomes)
    if not verdict.is_yes:
        raise RuleError(
            f"no dossier was made, because the record does not verify as official: {printable(verdict.words)}",
            code="dossier/not-official",
            next_step="`commonhold verify FOLDER` says more.",
        )
    return read


def _could_take(place: str, subject: Subject, passphrase_file: Path | None) -> tuple[Register, dict[str, Finding]]:
    """The register, and who could take each power that it has over the subject.

    Raises:
        CustodyError: ``dossier/not-in-register``, with what there is.
    """
    from commonhold.cli.custody.inputs import deep, read_register  # noqa: PLC0415
    from commonhold.kernel.custody import analyse  # noqa: PLC0415

    register = read_register(place, passphrase_file)
    names = {subject.resource, *subject.addresses} - {""}
    targets = [
        node.id
        for node in register.nodes.values()
        if {node.id, node.label} & names or any(node.id.startswith(f"{name}.") for name in names)
    ]
    if not targets:
        there = [printable(node.id) for node in register.nodes.values() if node.kind == "resource"]
        raise CustodyError(
            f"the register has no node for {printable(subject.name)}; its resources are {', '.join(there[:20]) or 'none'}",
            code="dossier/not-in-register",
            next_step=f"Call its powers {printable(subject.name)}.use, {printable(subject.name)}.exclusive and so on, or leave --register out.",
        )
    with deep():
        return register, analyse(register, targets)


def _evidence(read: ReadRecord, files: Mapping[str, bytes], names: Mapping[str, Names]) -> Evidence:
    from commonhold.pages.dossier import Evidence, Exhibit, File  # noqa: PLC0415

    return Evidence(
        tuple(File(name, len(data), hashlib.sha256(data).hexdigest()) for name, data in sorted(files.items())),
        {entry: Exhibit(found.proof, found.leaf, found.inclusion) for entry, found in names.items()},
        read.checkpoint_raw.decode("utf-8"),
        str(read.log_key),
    )


def _document(
    dossier: Dossier, evidence: Evidence, lang: str, to: str, form: str, found: tuple[Register, dict[str, Finding]] | None
) -> bytes:
    from commonhold.pages.dossier import Reach, render_dossier  # noqa: PLC0415

    reach = tuple(Reach(target, finding.seize) for target, finding in found[1].items()) if found is not None else ()
    page = render_dossier(dossier, evidence, language(lang), to=to, reach=reach, paper=form == "pdf")
    if form == "pdf":
        from commonhold.pages.pdf import render_pdf  # noqa: PLC0415 - an extra

        return render_pdf(page)
    return page.encode()


def _report(
    dossier: Dossier,
    found: tuple[Register, dict[str, Finding]] | None,
    out: Path,
    form: str,
    files: int,
    *,
    as_json: bool,
    with_map: bool,
) -> None:
    from commonhold.cli.custody.words import analysed  # noqa: PLC0415

    value = {
        "dossier": str(out),
        "document": f"dossier.{form}",
        "files": files,
        "org": dossier.org,
        "resource": dossier.subject.resource,
        "addresses": list(dossier.subject.addresses),
        "decisions": [{"entry": decision.entry, "index": decision.index, "kind": decision.kind} for decision in dossier.decisions],
        "missing_articles": [article.number for article in dossier.articles if not article.found],
        "with_map": with_map,
    }
    if found is not None:
        value["could_take"] = {target: finding.seize.sets for target, finding in found[1].items()}

    def render() -> str:
        lines = [
            f"wrote {printable(out)}: dossier.{form}, and {files - 1} files beside it that prove {len(dossier.decisions)} decisions",
            *(_FOR_MEMBERS if with_map else _TO_SEND),
            *(() if any(decision.kind == "statement" for decision in dossier.history) else _TO_SAY),
        ]
        if found is not None:
            lines += ["", *analysed(found[0], found[1].values())]
        return "\n".join(lines)

    emit(as_json, value, render)
    if found is not None and not with_map:
        note("The register's part is shown here only. The document does not hold it.")

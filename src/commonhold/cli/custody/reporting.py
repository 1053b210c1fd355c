"""``commonhold custody report``: the report of a register as a file, encrypted unless somebody insists on a readable one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from commonhold.cli.custody.inputs import beside, beside_option, deep, parsed, register_argument, unsealed
from commonhold.cli.custody.sealing import new_passphrase
from commonhold.cli.options import json_option
from commonhold.cli.output import emit, note, printable
from commonhold.kernel.custody import Finding, Register, analyse
from commonhold.kernel.custody.interview import Interview, compile_register, plan
from commonhold.kernel.errors import CustodyError, StoreError

if TYPE_CHECKING:
    from commonhold.pages.custody import Report
    from commonhold.pages.language import Language

_CODES: Final = ("en", "ru", "ko", "zh", "es", "ar")
_READABLE: Final = "warning: {} is readable by whoever gets hold of it, and it is a map for burglars: for members only. Do not mail it; delete it when it is printed."


@click.command("report")
@register_argument
@click.option("--out", "-o", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The new file to write.")
@click.option("--lang", type=click.Choice(_CODES), default="en", show_default=True, help="The language of the report.")
@click.option("--full", is_flag=True, help="Everything: pictures, all minimal sets, paths step by step. Otherwise one page.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["html", "pdf", "svg"]),
    default="html",
    show_default=True,
    help="A page, a print, or the picture alone.",
)
@beside_option
@click.option("--recipient", "recipients", multiple=True, metavar="age1...", help="Encrypt to this age recipient; repeat it for several.")
@click.option("--plain", is_flag=True, help="Do not encrypt. Whoever gets hold of the file can read it.")
@click.option(
    "--passphrase-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Take the passphrase from the first line of this file: for the report, and for a register that is encrypted.",
)
@json_option
def report_command(
    register: str,
    out: Path,
    lang: str,
    full: bool,  # noqa: FBT001 - click passes flags so
    form: str,
    house: str | None,
    recipients: tuple[str, ...],
    plain: bool,  # noqa: FBT001 - as above
    passphrase_file: Path | None,
    as_json: bool,  # noqa: FBT001 - as above
) -> None:
    """Write who could take what, whose absence locks you out, and what to do, as a file to print or to hand on.

    The file is encrypted (age) with a passphrase that you are asked for twice, or to --recipient. `commonhold custody open` decrypts it, and so
    does every age program.
    """
    from commonhold.pages.language import language  # noqa: PLC0415 - languages and templates cost what --help should not
    from commonhold.store.keyfile import MODE, write_new  # noqa: PLC0415 - as above
    from commonhold.store.sealedfile import seal, seal_to  # noqa: PLC0415 - as above

    raw, sealed = unsealed(register, passphrase_file)
    # The passphrase of an encrypted register says nothing about the report.
    if plain + bool(recipients) + (passphrase_file is not None and not sealed) > 1:
        raise click.UsageError("--plain, --recipient and --passphrase-file exclude each other")
    read = parsed(raw)
    if house is not None:
        # The register that follows from an interview's answers; its plan speaks of the answers alone.
        read = beside(compile_register(read).register if isinstance(read, Interview) else read, house)
    if out.exists():
        raise StoreError(
            f"{out} is there already, and is left as it is", code="keyfile/exists", next_step="Choose another name with --out."
        )
    # Asked for before the work, so that nobody waits only to mistype.
    passphrase = None if plain or recipients else new_passphrase(passphrase_file)
    data = _made(read, language(lang), full=full, form=form)
    if recipients:
        data = seal_to(data, recipients)
    elif passphrase is not None:
        data = seal(data, passphrase)
    write_new(out, data, mode=MODE)
    if plain:
        note(_READABLE.format(out))
    emit(
        as_json,
        {"out": str(out), "format": form, "encrypted": not plain},
        lambda: f"{'written' if plain else 'encrypted'}: {printable(out)}" + ("" if plain else "\nOpen it with `commonhold custody open`."),
    )


def _made(read: Register | Interview, language: Language, *, full: bool, form: str) -> bytes:
    """The report as bytes, not yet encrypted; nothing of it has touched the disk."""
    from commonhold.pages import custody as pages  # noqa: PLC0415 - as above
    from commonhold.pages.custody.facts import facts_of  # noqa: PLC0415 - as above
    from commonhold.pages.custody.report import widest  # noqa: PLC0415 - as above
    from commonhold.pages.pdf import render_pdf  # noqa: PLC0415 - as above

    with deep():
        if form == "svg":
            register, findings = _analysed(compile_register(read, language.plainly).register if isinstance(read, Interview) else read)
            who, _ = widest(register, facts_of(register, findings))
            return pages.draw(register, language=language, highlight=who or None).encode()
        report = _report(read, language, paper=form == "pdf")
        page = pages.full(report) if full else pages.one_page(report)
    return render_pdf(page) if form == "pdf" else page.encode()


def _report(read: Register | Interview, language: Language, *, paper: bool) -> Report:
    """An interview's report has its plan and its assumptions; a register's, the changes that help most."""
    from commonhold.pages.custody import Report, actions_of_advice  # noqa: PLC0415 - as above
    from commonhold.pages.interview.reporting import report_of  # noqa: PLC0415 - as above

    day = datetime.now(UTC).astimezone().date()
    if isinstance(read, Interview):
        return report_of(read, plan(read), language, day, paper=paper)
    register, findings = _analysed(read)
    return Report(register, findings, actions_of_advice(register, language), (), day, language, paper=paper)


def _analysed(register: Register) -> tuple[Register, Mapping[str, Finding]]:
    targets = [node.id for node in register.nodes.values() if node.kind == "resource"]
    if not targets:
        raise CustodyError(
            "the register has no resource", code="custody/no-resource", next_step='Give what you depend on the kind "resource".'
        )
    return register, analyse(register, targets)

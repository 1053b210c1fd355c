"""``commonhold signer``: hands out the page with which members sign in a browser, and compares a copy of it (docs/guide/signer.md)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from commonhold.cli.options import json_option
from commonhold.cli.output import emit, printable
from commonhold.cli.verifier import digest_of, page, write

if TYPE_CHECKING:
    from commonhold.kernel.record.state import Decided

PAGE: Final = "signer.html"
MAX_PAGE: Final = 8 << 20
_LINE: Final = re.compile(r"^signer\.html sha256:([0-9a-f]{64})$", re.MULTILINE)


@click.command()
@click.option("-o", "--out", type=click.Path(dir_okay=False, path_type=Path), help="Where to write the page, such as signer.html.")
@click.option(
    "--check", type=click.Path(dir_okay=False, path_type=Path), help="Compare a copy that somebody has with the page of this version."
)
@click.option(
    "--record",
    "place",
    metavar="DIR_OR_URL",
    help="With --check: also ask this record whether the organisation has named this page in a statement, by its digest.",
)
@click.option("--org", default="", help="With --record: the organisation's id as you know it from elsewhere; anything else is refused.")
@json_option
def command(out: Path | None, check: Path | None, place: str | None, org: str, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Write the page with which members sign requests with their kit, in a browser.

    It is one file that works from the disk, on a phone too, in six languages. Save it before you need it, and never take it from those whose record you
    want to protect. --check says whether a copy is the very same page, to the byte.

    An organisation puts the page into its record by a statement in which a line of its own says `signer.html sha256:DIGEST`; the newest one counts.
    """
    if (out is None) == (check is None) or (place is not None and check is None):
        raise click.UsageError("give either --out, to write the page, or --check, to compare a copy with it; --record goes with --check")
    if out is not None:
        write(PAGE, out, as_json=as_json)
    elif check is not None and place is not None:
        _ask_record(check, place, org, as_json=as_json)
    elif check is not None:
        _compare(check, as_json=as_json)


def _digest(path: Path) -> str:
    from commonhold.store.keyfile import read_small  # noqa: PLC0415 - kept out of `--help`

    return digest_of(read_small(path, max_size=MAX_PAGE, what="a page"))


def _compare(path: Path, *, as_json: bool) -> None:
    from commonhold.kernel.errors import ProofError  # noqa: PLC0415

    own, found = digest_of(page(PAGE)), _digest(path)
    if own != found:
        raise ProofError(
            f"{path} is not the {PAGE} of this version: its SHA-256 is {found}, and not {own}",
            code="signer/other",
            next_step="Do not use it, unless it is of another version that you trust. `commonhold signer -o FILE` writes this version's.",
            data={"found": found, "expected": own},
        )
    emit(as_json, {"file": str(path), "sha256": own}, lambda: f"{printable(path)} is the {PAGE} of this version, to the byte ({own})")


def _ask_record(path: Path, place: str, org: str, *, as_json: bool) -> None:
    """Hold a page against the newest statement of a record that names one."""
    from commonhold.cli.reading import read_place  # noqa: PLC0415
    from commonhold.cli.words import moment  # noqa: PLC0415
    from commonhold.kernel.errors import ProofError, RuleError  # noqa: PLC0415
    from commonhold.kernel.record.verdict import judge_record  # noqa: PLC0415

    found, read = _digest(path), read_place(place, org=org)
    whole = judge_record(read.state, read.outcomes)
    if not whole.is_yes:
        raise RuleError(f"the record is {whole.words}, so it vouches for no page", code="signer/record")
    named, missing = _named(read.state.part("statements").items(), place)
    said = f" ({missing} statements were not looked at: their texts are not there)" if missing else ""
    if not named:
        raise RuleError(
            f"no statement in this record names a {PAGE}{said}",
            code="signer/not-named",
            next_step=f"Compare the page with another copy, or decide a statement with the line `{PAGE} sha256:{found}`.",
        )
    index, digest, decided = max(named)
    if digest != found:
        older = "; an older statement named this one" if found in {other for _, other, _ in named} else ""
        raise ProofError(
            f"{path} is not the {PAGE} that the organisation has named: its SHA-256 is {found}, and entry {index} says {digest}{older}{said}",
            code="signer/other",
            next_step="Do not use it. Take the page from somebody whom you trust, and compare it again.",
            data={"found": found, "expected": digest, "entry": index},
        )
    who = ", ".join(decided["by"])
    when = moment(decided["time"]) if decided["time"] else "at a time that nobody witnessed"
    value = {"file": str(path), "sha256": found, "org": read.state.org, "entry": index, **decided}
    emit(
        as_json,
        value,
        lambda: printable(
            f"{path} is the {PAGE} that the organisation has named: entry {index}, {when}, under article {', '.join(decided['articles'])}, by {who}{said}"
        ),
    )


def _named(statements: Iterable[tuple[str, Decided]], place: str) -> tuple[list[tuple[int, str, dict[str, Any]]], int]:
    """Each standing statement's entry, the digest of the page that it names, and who decided it; and of how many the text is not at hand."""
    from commonhold.kernel.errors import CommonholdError  # noqa: PLC0415
    from commonhold.kernel.texts import parse_text  # noqa: PLC0415
    from commonhold.store.objects.remote import objects_at  # noqa: PLC0415

    objects, named, missing = objects_at(place if "://" in place else Path(place)), [], 0
    for text, decided in statements:
        if decided.status != "stands":
            continue
        try:
            words = parse_text(objects.get(text))[1].decode()
        except CommonholdError:
            missing += 1
            continue
        about = {"by": list(decided.approvers), "articles": list(decided.articles), "time": decided.time}
        named += [(decided.index, digest, about) for digest in _LINE.findall(words)[-1:]]
    return named, missing

"""``commonhold charter``: show, check, analyse and compare charters in folders of ``charter.md`` and ``charter.toml`` (docs/formats/charter.md).

Nothing is signed or sent here; an amendment is proposed with ``commonhold propose amend``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from commonhold.cli.analysing import command as analyse
from commonhold.cli.options import F, Place, json_option
from commonhold.cli.output import emit, printable, table
from commonhold.kernel.charter import (
    Finding,
    Source,
    changed_rules,
    charter_digest,
    cheaper_routes,
    check_charter,
    check_founding,
    draft_amendment,
    load_charter,
    parse_charter,
    render_charter,
    rules_for,
    touched_articles,
)
from commonhold.kernel.charter.articles import MAX_SOURCE, heading_level
from commonhold.kernel.charter.rules import Charter
from commonhold.kernel.charter.wording import redline, render_redline, rule_in_words
from commonhold.kernel.errors import FormatError, StoreError

RECORD_FOLDER = "record"
_HEADINGS = {
    "error": "Errors: the charter cannot work",
    "unusable": "Kept, and not carried out by this version",
    "warning": "Warnings",
}


def charter_dir(name: str) -> Callable[[F], F]:
    """An argument that names a folder with a charter, or an organisation by its folder or address."""
    return click.argument(name, type=Place(file_okay=False, path_type=Path))


@click.group("charter")
def command() -> None:
    """Show, check, analyse and compare charters.

    A charter is a folder with charter.md (numbered articles) and charter.toml (the rules that come from them).
    """


@command.command()
@charter_dir("folder")
@click.option(
    "-o", "--out", type=click.Path(file_okay=False, path_type=Path), help="Also write charter.md and charter.toml there, to be amended."
)
@json_option
def show(folder: Path | str, out: Path | None, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Show the charter in FOLDER: its hash, its articles, and what each of its rules asks for."""
    source = load_charter_folder(folder)
    charter = load_charter(source.value)
    if out is not None:
        _write(source, out)
    value = {
        "charter": charter.name,
        "digest": charter.digest.hex(),
        "title": source.heading()[0],
        "preamble": source.heading()[1],
        "articles": [{"number": number, "title": title, "text": text} for number, title, text in _articles(source)],
        "rules": [_rule_json(charter, name) for name in sorted(charter.rules)],
        "value": source.value,
    }
    emit(as_json, value, lambda: _shown(source, charter))


@command.command()
@charter_dir("folder")
@click.option(
    "--members",
    type=click.IntRange(1, 1_000_000),
    help="How many members would found under it: then everything is checked that founding needs.",
)
@json_option
@click.pass_context
def check(context: click.Context, folder: Path | str, members: int | None, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Check the charter in FOLDER and say what cannot work, under which article, and what to do about it.

    The answer is yes (exit code 0) where there is no error, also with things that this version keeps and does not carry out yet.
    """
    source = load_charter_folder(folder)
    findings = check_charter(source.value)
    if members is not None and not _errors(findings):
        charter = load_charter(source.value)
        findings = (*check_founding(charter, members), *cheaper_routes(charter, [members]))
    errors = _errors(findings)
    value = {
        "ok": not errors,
        "digest": charter_digest(source.value),
        "errors": errors,
        "members": members or 0,
        "findings": [finding.as_json() for finding in findings],
    }
    emit(as_json, value, lambda: _report(findings))
    context.exit(1 if errors else 0)


@command.command()
@charter_dir("old")
@charter_dir("new")
@json_option
def diff(old: Path | str, new: Path | str, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Show what would change from the charter in OLD to the one in NEW, and which rule decides about it.

    The hashes are what is voted on: applying the amendment must give the result, to the bit.
    """
    before, after = load_charter_folder(old), load_charter_folder(new)
    charter, amended = load_charter(before.value), load_charter(after.value)
    amendment = draft_amendment(before.value, after.value)
    touched = sorted(touched_articles(charter, amendment), key=_order)
    judged = rules_for(charter, "amend", touched=frozenset(touched))
    changed = sorted(changed_rules(charter, amended))
    changes = redline(before, after)
    value = {
        "amendment": amendment,
        "redline": changes.as_json(),
        "touched_articles": touched,
        "changed_rules": changed,
        "decided_by": [_rule_json(charter, rule.name) for rule in judged],
    }
    lines = [
        f"{'Base':<11}{amendment['base']}",
        f"{'Result':<11}{amendment['result']}",
        f"{'Touches':<11}{_or_none(f'article {number}' for number in touched)}",
        f"{'Changes':<11}{_or_none(changed)}",
        *(f"{'Decided by':<11}article {rule.article or '(none)'} ({rule.name}): {rule_in_words(rule)}" for rule in judged),
    ]
    emit(as_json, value, lambda: printable(render_redline(changes) + "\n" + "\n".join(lines), multiline=True))


command.add_command(analyse)


def load_charter_folder(path: Path | str) -> Source:
    """The charter in a folder of ``charter.md`` and ``charter.toml``, or in force in an organisation's folder or at its log's address.

    Nobody has asked yet whether it can work.

    Raises:
        StoreError: if the folder or one of the files is missing or cannot be read.
        FormatError: naming file and place, if one of them is too large, is not UTF-8 or is not in the form of docs/formats/charter.md.
    """
    if isinstance(path, str):
        return _charter_in_force(path)
    if (path / RECORD_FOLDER).is_dir() and not (path / "charter.md").exists():
        return _charter_in_force(path)
    return parse_charter(_read(path / "charter.md"), _read(path / "charter.toml"))


def _charter_in_force(house: Path | str) -> Source:
    """The charter of an organisation's verified record, with its texts out of ``objects``.

    Raises:
        ProofError, FormatError, StoreError: if the record does not verify, or a text is not there.
    """
    from commonhold.cli.reading import read_place  # noqa: PLC0415 - a charter in a folder of its own needs no record
    from commonhold.store.objects.remote import objects_at  # noqa: PLC0415

    value = read_place(house).state.charter.value
    objects = objects_at(house)
    articles: Any = value["articles"]
    return Source(value, {digest: objects.get(digest) for digest in {value["title"], *articles.values()}})


def _write(source: Source, out: Path) -> None:
    from commonhold.store.keyfile import write_new  # noqa: PLC0415

    md, toml = render_charter(source.value, source.texts)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"the folder {out} cannot be made: {(error.strerror or str(error)).lower()}", code="charter/unwritable") from None
    write_new(out / "charter.md", md.encode())
    write_new(out / "charter.toml", toml.encode())


def _read(path: Path) -> str:
    step = "Name a folder that holds charter.md and charter.toml, such as examples/saltmarsh."
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_SOURCE + 1)
    except OSError as error:
        raise StoreError(
            f"{path} cannot be read: {(error.strerror or str(error)).lower()}", code="charter/unreadable", next_step=step
        ) from None
    if len(raw) > MAX_SOURCE:
        raise FormatError(f"{path} has more than {MAX_SOURCE} bytes", code="charter/too-large", next_step=step)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError(
            f"{path} is not UTF-8 text at byte {error.start}", code="charter/not-utf8", next_step="Save it as UTF-8."
        ) from None


def _articles(source: Source) -> list[tuple[str, str, str]]:
    return [(number, *source.article(number)) for number in source.numbers]


def _rule_json(charter: Charter, name: str) -> dict[str, Any]:
    rule = charter.rules[name]
    return {
        "rule": name,
        "article": rule.article,
        "enacts": list(rule.kinds),
        "words": rule_in_words(rule),
        "usable": not rule.unusable,
        "everyday": rule.everyday,
    }


def _shown(source: Source, charter: Charter) -> str:
    title, preamble = source.heading()
    lines = [title, "", *([preamble, ""] if preamble else [])]
    for number, heading, text in _articles(source):
        indent = "  " * (heading_level(number) - 2)
        lines.append(f"{indent}{number} {heading}".rstrip())
        lines += [f"{indent}    {line}".rstrip() for line in text.split("\n")] if text else []
        lines.append("")
    rows = [(rule.article or "(none)", name, ", ".join(rule.kinds), rule_in_words(rule)) for name, rule in charter.rules.items()]
    rows.sort(key=lambda row: (_order(row[0]), row[1]))
    lines += [printable(line) for line in table(("Article", "Rule", "Decides", "Who"), rows).split("\n")]
    lines += ["", f"Charter {charter.name}, hash {charter.digest.hex()}"]
    return printable("\n".join(lines), multiline=True)


def _report(findings: Iterable[Finding]) -> str:
    found = sorted(findings, key=lambda finding: (_order(finding.article), finding.rule))
    lines: list[str] = []
    for level, heading in _HEADINGS.items():
        group = [finding for finding in found if finding.level == level]
        if group:
            lines += [f"{heading} ({len(group)})", ""]
        for finding in group:
            lines.append(f"  {str(finding) if finding.article else f'(no article): {finding}'}")
            lines += [f"      {finding.next_step}"] if finding.next_step else []
        lines += [""] if group else []
    errors = _errors(found)
    lines.append(f"{errors} errors: the charter cannot work as it stands." if errors else "No errors: the charter can work.")
    return printable("\n".join(lines), multiline=True)


def _errors(findings: Iterable[Finding]) -> int:
    return sum(finding.level == "error" for finding in findings)


def _order(number: str) -> tuple[int, ...]:
    # What no article cites comes last.
    return tuple(int(part) for part in number.split(".")) if number[:1].isdigit() else (10_000,)


def _or_none(words: Iterable[str]) -> str:
    return ", ".join(words) or "(none)"

"""``commonhold check``: who speaks now, asked of partners and believed of nobody: their records are fetched and replayed here (DESIGN 3.6)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from commonhold.cli.options import json_option, org_option
from commonhold.cli.output import emit, note, printable

if TYPE_CHECKING:
    from commonhold.mirror.check.board import Board
    from commonhold.mirror.check.gathering import Gathered
    from commonhold.mirror.standing import Standing
    from commonhold.pages.check.facts import Answer, Decision, Finding

HINT = ".well-known/commonhold.json"
HINT_WORDS = (
    "cannot judge: the page itself said whom to ask, and its own word counts for nothing; give the organisation's id from paper or from somebody you "
    "trust (--org), or partners whom you know (--partner)"
)


class Sources(NamedTuple):
    """Whom to ask: *partners*, *places* of records themselves, the *org* and the *origin* that a pin names; *hinted* if only the page said so."""

    partners: tuple[str, ...]
    places: tuple[str, ...]
    org: str
    origin: str = ""
    hinted: bool = False


@click.command()
@click.argument("what")
@click.option("--partner", "partners", metavar="URL", multiple=True, help="A partner to ask; again for more. Two say more than one.")
@click.option("--house", "places", metavar="DIR_OR_URL", multiple=True, help="A record itself: a folder, or the address of a log.")
@click.option(
    "--pin", type=click.Path(dir_okay=False, path_type=Path), help="The organisation and its partners, as you keep them in a pin."
)
@org_option
@json_option
@click.pass_context
def command(
    context: click.Context,
    what: str,
    partners: tuple[str, ...],
    places: tuple[str, ...],
    pin: Path | None,
    org: str,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Say whether WHAT is official: an address, a short code, or a file (a text, a proof, evidence; - for stdin).

    The records are fetched from the partners, every signature and every rule is checked here, and later epochs are followed; so no partner is simply
    believed, and none learns what was asked. Exit code 0: official; 1: not; 2: cannot judge.
    """
    import time  # noqa: PLC0415 - kept out of `--help`

    from commonhold.mirror.check.gathering import check_pinned, gather  # noqa: PLC0415

    sources = _sources(what, partners, places, pin, org)
    found = gather(sources.partners, sources.places, sources.org, int(time.time()))
    if sources.origin and sources.org in found.standings:
        check_pinned(found.standings[sources.org], sources.origin)
    for place, words in found.trouble:
        note(f"{place} says nothing: {words}")
    if not found.standings:
        raise _nothing(sources)
    board = _board(found, texts=not _is_address(what))
    answer = _answer(board, what)
    value, lines = _told(answer, found, sources)
    emit(as_json, value, lambda: "\n".join(lines))
    if not as_json and not answer.told.is_yes and _is_address(what) and "/" not in what and "@" not in what:
        note(f"There is no file {what} here, so it was taken for an address.")
    if not sources.org and not as_json and answer.told.is_yes:
        note(
            "This names the organisation by its own record. Compare the id with one that you have on paper or from somebody you trust (--org)."
        )
    if not value["ok"]:
        context.exit(2 if value["verdict"] == "cannot-judge" else 1)


def _sources(what: str, partners: tuple[str, ...], places: tuple[str, ...], pin: Path | None, org: str) -> Sources:
    from commonhold.store.fetch import is_url  # noqa: PLC0415
    from commonhold.store.keyfile import read_small  # noqa: PLC0415
    from commonhold.store.partnerfile import read_partners  # noqa: PLC0415

    origin = ""
    if pin is not None:
        from commonhold.kernel.errors import ProofError  # noqa: PLC0415
        from commonhold.kernel.record.pin import MAX_PIN_BYTES, parse_pin  # noqa: PLC0415

        kept = parse_pin(read_small(pin, max_size=MAX_PIN_BYTES, what="a pin"))
        if org and org != kept.org:
            raise ProofError(f"the pin is of {kept.org}, and --org says {org}", code="check/other-org", next_step="Give one of the two.")
        org, origin, partners = kept.org, kept.origin, (*partners, *kept.urls)
    for place in places:
        if not is_url(place):
            partners = (*partners, *read_partners(Path(place)))
    if partners or places:
        return Sources(partners, places, org, origin)
    if what.startswith(("http://", "https://")):
        claimed, named = _hint(what)
        return Sources(named, (), org or claimed, hinted=not org)
    raise click.UsageError("name the partners to ask (--partner URL), a pin that names them (--pin FILE), or a record (--house DIR)")


def _hint(url: str) -> tuple[str, tuple[str, ...]]:
    """Which organisation a page claims to be of, and which partners it names: whom to ask, and nothing else.

    Raises:
        StoreError: if it says nothing. FormatError: if that is no such file.
    """
    from urllib.parse import urlsplit  # noqa: PLC0415

    from commonhold.kernel.errors import FormatError  # noqa: PLC0415
    from commonhold.kernel.ids import parse_digest  # noqa: PLC0415
    from commonhold.store.fetch import check_plain, foreign_json, is_private_address, url_fetch  # noqa: PLC0415

    parts = urlsplit(url)
    check_plain(f"{parts.scheme}://{parts.netloc}")
    raw = url_fetch(f"{parts.scheme}://{parts.netloc}", deadline=15.0, public_only=not is_private_address(url))(HINT, 1 << 14)
    try:
        value = foreign_json(raw)
        org, partners = parse_digest(value["org"]), tuple(value["partners"][:8])
        for each in partners:
            check_plain(each)
            if is_private_address(each) and not is_private_address(url):
                raise FormatError(f"the page names a partner in a private network: {each[:100]}", code="check/hint")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormatError(
            f"the page's {HINT} is not what it should be ({type(error).__name__})",
            code="check/hint",
            next_step="Name a partner of the organisation with --partner URL.",
        ) from None
    return org, partners


def _nothing(sources: Sources) -> Exception:
    from commonhold.kernel.errors import StoreError  # noqa: PLC0415

    return StoreError(
        f"none of the places asked holds the record of {sources.org[:12] or 'any organisation'}",
        code="check/nothing",
        next_step="Ask another partner, or give the organisation's id as it stands on paper.",
    )


def _is_address(what: str) -> bool:
    from commonhold.kernel.addresses import parse_address  # noqa: PLC0415
    from commonhold.kernel.errors import FormatError  # noqa: PLC0415

    if what == "-" or Path(what).is_file():
        return False
    try:
        parse_address(what)
    except FormatError:
        return False
    return True


def _board(found: Gathered, *, texts: bool) -> Board:
    from commonhold.kernel.errors import CommonholdError  # noqa: PLC0415
    from commonhold.kernel.texts import parse_text  # noqa: PLC0415
    from commonhold.mirror.check.board import Board  # noqa: PLC0415
    from commonhold.mirror.check.sight import organisation_of  # noqa: PLC0415

    def text_of(digest: str) -> bytes | None:
        raw = found.text(digest) if texts else None
        try:
            return None if raw is None else parse_text(raw)[1]
        except CommonholdError:
            return None

    return Board.of([organisation_of(standing, text_of=text_of) for standing in found.standings.values()], found.standings)


def _answer(board: Board, what: str) -> Answer:
    from commonhold.cli.inputs import read_input  # noqa: PLC0415
    from commonhold.kernel.record.prooffile import MAX_PROOF_FILE_BYTES  # noqa: PLC0415
    from commonhold.mirror.check.asking import ask  # noqa: PLC0415
    from commonhold.mirror.check.files import ask_file  # noqa: PLC0415

    if what == "-" or Path(what).is_file():
        return ask_file(board, read_input(what, max_size=MAX_PROOF_FILE_BYTES, what="a file to check"))
    return ask(board, what)


def _told(answer: Answer, found: Gathered, sources: Sources) -> tuple[dict[str, Any], list[str]]:
    from commonhold.kernel.messages import in_english  # noqa: PLC0415
    from commonhold.mirror.check.values import answer_value  # noqa: PLC0415

    capped = sources.hinted and answer.told.is_yes
    value = answer_value(answer)
    ok, words = answer.told.is_yes and not capped, HINT_WORDS if capped else answer.told.words
    if capped:
        value["claimed"] = {"verdict": value["verdict"], "words": value["words"], "org": sources.org}
    value = {
        "ok": ok,
        **value,
        "verdict": "cannot-judge" if capped else value["verdict"],
        "words": words,
        "official": ok,
        "rests_on": "replayed by you",
        "trouble": [{"place": place, "words": said} for place, said in found.trouble],
    }
    lines = [f"verdict      {printable(words)}"]
    if answer.read_as:
        lines.append(f"looked up    {printable(answer.read_as)}")
    if capped:
        lines.append(f"by its word  {printable(answer.told.words)}, of {sources.org}")
    for message, values in [*([(answer.why, answer.values)] if answer.why else []), *answer.notes]:
        lines.append(f"             {printable(in_english(message, **values))}")
    for one in answer.findings:
        lines += _finding_lines(one, found.standings[one.organisation.id], alone=len(answer.findings) == 1)
    return value, lines


def _finding_lines(one: Finding, standing: Standing, *, alone: bool) -> list[str]:
    from commonhold.cli.words import moment  # noqa: PLC0415
    from commonhold.kernel.messages import in_english  # noqa: PLC0415

    lines = [] if alone else [f"verdict      {printable(one.told.words)}"]
    if one.why:
        lines.append(f"             {printable(in_english(one.why, **one.values))}")
    about = one.organisation
    lines.append(f"organisation {about.id} {printable(about.name)}")
    if one.decision is not None:
        lines.append(f"decided      {_decided_words(one.decision)}")
    if one.text is not None:
        lines += [
            f"says         {printable(line)}" if at == 0 else f"             {printable(line)}"
            for at, line in enumerate(one.text.rstrip().split("\n"))
        ]
    signed = [f"{name} at {moment(at)}" for name, at in sorted(standing.vouching.items())]
    lines.append(f"resting on   replayed by you: {about.entries} entries, up to epoch {about.epoch}")
    lines.append(
        f"signed by    {printable(', '.join(signed))}" if signed else "signed by    no partner whom the record names, of exactly this"
    )
    return lines


def _decided_words(decision: Decision) -> str:
    from commonhold.cli.words import articles_words, moment  # noqa: PLC0415

    when = f", on {moment(decision.time)}" if decision.time else ""
    return printable(
        f"by {', '.join(decision.by) or 'nobody'}, under {articles_words(decision.articles)}{when} (entry {decision.entry}, code {decision.code})"
    )

"""``commonhold verify``: check a proof file, a folder or an address, and say who decided what, under which article (DESIGN 3.6)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commonhold.cli.briefs import judge_brief_file, read_pin
from commonhold.cli.fresh import Partners
from commonhold.cli.options import json_option, org_option
from commonhold.cli.output import emit, note, printable, progress
from commonhold.cli.reading import LONG, read_place

if TYPE_CHECKING:
    from commonhold.cli.describing import Openings
    from commonhold.kernel.record.state import Decided, State
    from commonhold.kernel.record.verdict import Verdict
    from commonhold.store.proving import Comparison
    from commonhold.store.record import ReadRecord


ONLY_SPACES = "The words are the same; only line ends or spaces differ: compare with the original file."


@click.command()
@click.argument("place", metavar="FILE_OR_DIR_OR_URL")
@org_option
@click.option("--text", type=click.Path(dir_okay=False, path_type=Path), help="Also say whether this file is an official statement.")
@click.option(
    "--pin",
    type=click.Path(dir_okay=False, path_type=Path),
    help="What you keep of the organisation (`commonhold pin`); a brief proof is checked against it.",
)
@click.option("--also", multiple=True, metavar="DIR_OR_URL", help="Another record to read with it, such as a partner's or a later epoch's.")
@click.option("--partner", "partners", multiple=True, metavar="URL", help="Where a partner answers: ask it how fresh the record is.")
@json_option
@click.pass_context
def command(
    context: click.Context,
    place: str,
    org: str,
    text: Path | None,
    pin: Path | None,
    also: tuple[str, ...],
    partners: tuple[str, ...],
    as_json: bool,  # noqa: FBT001 - click passes flags so
) -> None:
    """Check a proof file, an organisation's folder (or a copy of it), or the address where it is served.

    Everything is replayed here: each signature, each rule; but for a brief proof, which rests on the partners of the pin. Whether it is the newest, only
    partners can say: plain "official" takes fresh signatures of as many as the record's policy asks for. Take their addresses from somebody you trust, not
    from whoever serves the record. A partner's evidence against a log is checked too, and then the answer is no. Exit
    code 0: official; 1: not, or something was altered; 2: unreadable.
    """
    if pin is not None:
        # A pin names the organisation, whatever is checked.
        org = read_pin(pin, org).org
    if not place.startswith(("http://", "https://")) and Path(place).is_file():
        if (evidence := _evidence(Path(place))) is not None:
            value, lines = evidence
            rest = "\n".join([f"resting on   {value['rests_on']}", *lines])
            emit(as_json, {**value, "ok": False}, lambda: f"verdict      {value['words']}\n{rest}")
            context.exit(2 if value["verdict"] == "cannot-judge" else 1)
        if partners:
            raise click.UsageError("--partner says how fresh a record is, and a proof file is as old as it is: give a folder or an address")
        if (brief := _brief(Path(place))) is not None:
            value, lines, verdict = judge_brief_file(brief, pin, org, text)
        else:
            value, lines, verdict = _check_file(Path(place), org, text)
    else:
        value, lines, verdict = _check_record(place, org, text, also, Partners(partners))
    value = {"verdict": verdict.code, "words": verdict.words, "rests_on": verdict.rests_on, "official": verdict.is_yes, **value}
    emit(
        as_json,
        {"ok": verdict.is_yes, **value},
        lambda: "\n".join([f"verdict      {verdict.words}", *_text_line(value), f"resting on   {verdict.rests_on}", *lines]),
    )
    if not org and pin is None and not as_json:
        note("This names the organisation by its own record. Compare the id with one that you have on paper or from a partner (--org).")
    if not verdict.is_yes:
        from commonhold.kernel.record.verdict import CANNOT_JUDGE  # noqa: PLC0415

        context.exit(2 if verdict.code == CANNOT_JUDGE else 1)


def _brief(path: Path) -> bytes | None:
    """The bytes of a file that says that it is a brief proof; None for any other."""
    from commonhold.kernel.record.brief import FORM, MAX_BRIEF_BYTES  # noqa: PLC0415 - kept out of `--help`
    from commonhold.kernel.record.prooffile import MAX_PROOF_FILE_BYTES  # noqa: PLC0415
    from commonhold.store.keyfile import read_small  # noqa: PLC0415

    raw = read_small(path, max_size=MAX_PROOF_FILE_BYTES, what="a proof file")
    return raw if len(raw) <= MAX_BRIEF_BYTES + 1 and f'"form":"{FORM}"'.encode() in raw else None


def _evidence(path: Path) -> tuple[dict[str, Any], list[str]] | None:
    from commonhold.cli.evidence import judge_evidence  # noqa: PLC0415 - kept out of `--help`
    from commonhold.kernel.record.prooffile import MAX_PROOF_FILE_BYTES  # noqa: PLC0415
    from commonhold.store.keyfile import read_small  # noqa: PLC0415

    return judge_evidence(read_small(path, max_size=MAX_PROOF_FILE_BYTES, what="a proof file"))


def _check_record(
    place: str, org: str, text: Path | None, also: tuple[str, ...], partners: Partners
) -> tuple[dict[str, Any], list[str], Verdict]:
    from commonhold.cli.describing import Openings  # noqa: PLC0415 - kept out of `--help`
    from commonhold.kernel.errors import StoreError  # noqa: PLC0415
    from commonhold.kernel.record.verdict import judge_record  # noqa: PLC0415
    from commonhold.store.leading import lead  # noqa: PLC0415

    place = _at_partner(place, org)
    try:
        read = read_place(place, org=org, always_show=True)
    except StoreError as error:
        if "--house" in error.next_step:
            # This verb has no such option: its place is an argument.
            error.next_step = "Name the organisation's folder or a copy of it, a proof file, or an address."
        raise
    if partners.ahead_of(read):
        # Entries may have come between the two; whoever withholds them does so a second time.
        read = read_place(place, org=org)
    verdict = partners.judge(judge_record(read.state, (*read.earlier, *read.outcomes)), read)
    value, lines = _summary(read, Openings(place))
    value["partners"], told = partners.told(read)
    lines += told
    also = tuple(each for each in lead((place, *also), read.state.org) if each.rstrip("/") != place.rstrip("/"))
    if also:
        from commonhold.cli.epoch import as_lines, as_value, read_all  # noqa: PLC0415
        from commonhold.kernel.record.verdict import judge_epoch  # noqa: PLC0415

        history, whole = read_all(read.state.org, (place, *also), partners)
        verdict = judge_epoch(whole, history, read.state.origin)
        value |= {"history": as_value(history)}
        lines += as_lines(history)
    if text is not None:
        verdict, found = _judge_text(read, verdict, place, text)
        value |= found
    return value, lines, verdict


def _at_partner(place: str, org: str) -> str:
    """Where a node's own address was given, that of its copy of the log in which it says that the organisation lives."""
    from commonhold.kernel.errors import FormatError  # noqa: PLC0415 - kept out of `--help`
    from commonhold.store.asking import MIRROR, mirror_of  # noqa: PLC0415
    from commonhold.store.fetch import is_url  # noqa: PLC0415
    from commonhold.store.leading import led_from  # noqa: PLC0415

    if not is_url(place) or MIRROR in place or led_from(place, org) == [place.rstrip("/")]:
        return place
    try:
        return mirror_of(place, org)
    except FormatError:
        return place


def _check_file(path: Path, org: str, text: Path | None) -> tuple[dict[str, Any], list[str], Verdict]:
    from commonhold.cli.describing import Openings  # noqa: PLC0415 - kept out of `--help`
    from commonhold.cli.words import entry_words  # noqa: PLC0415
    from commonhold.kernel.errors import FormatError, ProofError  # noqa: PLC0415
    from commonhold.kernel.record.prooffile import MAX_PROOF_FILE_BYTES, check_proof_file, parse_proof_file, texts_of, what_came_of  # noqa: PLC0415
    from commonhold.kernel.record.state import value_of  # noqa: PLC0415
    from commonhold.kernel.record.verdict import CANNOT_JUDGE, NOT_OFFICIAL, Verdict, judge_entry, judge_record  # noqa: PLC0415
    from commonhold.kernel.texts import MAX_TEXT_BYTES, parse_text  # noqa: PLC0415
    from commonhold.store.keyfile import read_small  # noqa: PLC0415
    from commonhold.store.proving import replay_proof, words_of  # noqa: PLC0415

    raw = read_small(path, max_size=MAX_PROOF_FILE_BYTES, what="a proof file")
    if not raw.lstrip().startswith(b"{") and _is_text(raw):
        raise FormatError(
            f"{path} is no proof file; to check a text: commonhold verify FOLDER --text {path}",
            code="prooffile/form",
            next_step="FOLDER is the organisation's folder or a copy of it. A proof file is made by `commonhold prove`.",
        )
    file = parse_proof_file(raw)
    if len(file.leaves) < LONG:
        read = replay_proof(file, org=org)
    else:
        with progress(len(file.leaves), "verifying entries") as bar:
            read = replay_proof(file, org=org, progress=bar.update)
    check_proof_file(file, read.state, read.tree)
    outcome = read.outcomes[file.proof.index]
    openings = Openings(texts=file.texts)
    value, lines = _summary(read, openings, brief=True)
    verdict = judge_entry(judge_record(read.state, read.outcomes), read.state, outcome)
    if outcome.entry is None or not outcome.counts:
        lines += [f"entry {outcome.index}     is in the log and counts for nothing: {printable(outcome.words)}"]
        return {**value, "entry": {"index": outcome.index, "counts": False, "why": outcome.words}}, lines, verdict
    entry = outcome.entry
    value["entry"] = {"index": outcome.index, "id": entry.id, "type": entry.type, "by": entry.by, "counts": True}
    lines.append(f"entry {outcome.index:<6} {entry_words(entry.type, entry.by, value_of(entry.body), read.state, openings)}")
    more, shown = _what_it_came_to(read, what_came_of(read.state, entry), openings)
    value |= more
    lines += shown
    named = texts_of(read.state, entry)
    if text is not None and verdict.is_yes and not file.texts.keys() & set(named):
        # Whoever took the text out of the file must not turn a question about it into a yes.
        if named:
            verdict = Verdict(
                CANNOT_JUDGE, f"cannot judge: the proof file does not hold the text {named[0][:12]}, so nothing could be compared with it"
            )
            value["text_says"] = f"{text} was not compared: the proof file does not hold the text {named[0][:12]}"
        else:
            verdict = Verdict(NOT_OFFICIAL, "not official: this entry is about no text")
            value["text_says"] = f"{text} was not compared: this entry is about no text"
    for digest in named:
        if digest in file.texts:
            body = parse_text(file.texts[digest])[1]
            given = body if text is None else read_small(text, max_size=MAX_TEXT_BYTES, what="a text")
            if given != body:
                step = ONLY_SPACES if words_of(given) == words_of(body) else "The text that it is about is shown when --text is left out."
                raise ProofError(f"{text} is not the text that this proof is about", code="verify/other-text", next_step=step)
            if text is not None:
                value["text_says"] = f"{text} is the text that this proof is about"
            lines += ["", printable(body.decode("utf-8"), multiline=True).rstrip()]
            value["text"] = body.decode("utf-8")
    return value, lines, verdict


def _is_text(raw: bytes) -> bool:
    try:
        return bool(raw.decode("utf-8").strip()) and b"\0" not in raw
    except UnicodeDecodeError:
        return False


def _what_it_came_to(read: ReadRecord, keys: tuple[tuple[str, str], ...], openings: Openings) -> tuple[dict[str, Any], list[str]]:
    from commonhold.cli.describing import describe  # noqa: PLC0415
    from commonhold.cli.words import articles_words, payload_words  # noqa: PLC0415

    value: dict[str, Any] = {}
    lines = []
    for part, key in keys:
        if part == "proposals":
            found = describe(read.state, key, openings)
            value["proposal"] = found
            lines += [
                f"what         {payload_words(found['kind'], found['payload'], found.get('opening', ''))}",
                f"status       {found['status']}{': ' + printable(found['why']) if found.get('why') else ''}",
                f"decided by   {', '.join(_approvers(read).get(key, ())) or 'nobody'}",
                f"under        {articles_words(found['articles'])} of the charter in force when it was proposed",
            ]
    return value, lines


def _summary(read: ReadRecord, openings: Openings, *, brief: bool = False) -> tuple[dict[str, Any], list[str]]:
    from commonhold.cli.words import articles_words, moment, payload_words  # noqa: PLC0415

    state = read.state
    refused = [outcome for outcome in read.outcomes if not outcome.counts]
    freshness = (
        f"attested at {moment(state.clock)}"
        if state.clock is not None
        else "no partners yet, so nobody but the log vouches for how new this is"
    )
    value: dict[str, Any] = {
        "org": state.org,
        "entries": read.checkpoint.size,
        "root": read.checkpoint.root.hex(),
        "freshness": {"clock": state.clock, "attested": state.covered},
        "refused": [{"index": outcome.index, "code": outcome.code, "words": outcome.words} for outcome in refused],
        "decided": [],
    }
    lines = [
        f"organisation {state.org}",
        f"charter      {printable(state.charter.name)} {state.charter.digest.hex()[:12]}",
        f"entries      {read.checkpoint.size}, every signature and every rule checked; {_refused_words(len(refused))}",
        f"freshness    {freshness}",
    ]
    if brief:
        return value, lines
    value |= {"members": sum(1 for _ in state.active_members()), "officers": _officers(state)}
    lines += _people_lines(state)
    lines += [f"  refused    entry {outcome.index}: {printable(outcome.words)}" for outcome in refused]
    approvers = _approvers(read)
    enacted = sorted(
        ((p, key) for key, p in state.part("proposals").items() if p.status == "enacted"), key=lambda item: (item[0].closed, item[0].index)
    )
    for proposal, key in enacted:
        by = approvers.get(key, [])
        value["decided"].append(
            {"kind": proposal.kind, "payload": proposal.payload, "articles": list(proposal.articles), "by": by, "index": proposal.closed}
        )
        who = ", ".join(by) or proposal.by
        lines.append(
            f"  decided    {payload_words(proposal.kind, proposal.payload, openings(proposal.payload.get('text')))}; {articles_words(proposal.articles)}; by {who}"
        )
    return value, lines


def _officers(state: State) -> dict[str, list[str]]:
    return {office: sorted(state.holders.get(office, ())) for office in state.charter.offices}


def _people_lines(state: State) -> list[str]:
    """Who is there to decide: how many members, and who holds which office."""
    active = sum(1 for _ in state.active_members())
    invited = sum(1 for member in state.part("members").values() if member.status == "invited")
    members = f"{active} active" + (f", {invited} have yet to accept" if invited else "")
    if not active and not invited:
        members = "nobody is left: no member can decide anything any more"
    offices = [f"{office} {', '.join(holders) or 'vacant'}" for office, holders in _officers(state).items()]
    return [f"members      {members}", *([printable(f"officers     {'; '.join(offices)}")] if offices else [])]


def _approvers(read: ReadRecord) -> dict[str, list[str]]:
    """Who decided each enacted proposal: those whose approval counted then, not everybody who ever gave one."""
    events = [event for outcome in (*read.earlier, *read.outcomes) for event in outcome.events if event.name == "enacted"]
    return {event.data["proposal"]: event.data["approvers"] for event in events}


def _refused_words(count: int) -> str:
    return "all of them count" if not count else f"{count} of them {'counts' if count == 1 else 'count'} for nothing"


def _judge_text(read: ReadRecord, whole: Verdict, place: str, text: Path) -> tuple[Verdict, dict[str, Any]]:
    """Whether a file is one of the organisation's statements: each statement's object is opened, for only its salt tells."""
    from commonhold.kernel.record.verdict import judge_decided  # noqa: PLC0415
    from commonhold.kernel.texts import MAX_TEXT_BYTES  # noqa: PLC0415
    from commonhold.store.keyfile import read_small  # noqa: PLC0415
    from commonhold.store.proving import find_statement  # noqa: PLC0415

    body = read_small(text, max_size=MAX_TEXT_BYTES, what="a text")
    statements = read.state.part("statements")
    compared = find_statement(read.state, place, body)
    decided = statements[compared.digest] if compared.digest else None
    found = {
        "text_says": _text_words(text, statements, compared),
        "statement": compared.digest or "",
        "approved_by": list(decided.approvers) if decided else [],
        "articles": list(decided.articles) if decided else [],
    }
    if decided is None and compared.missing and whole.is_yes:
        from commonhold.kernel.record.verdict import CANNOT_JUDGE, Verdict  # noqa: PLC0415

        # An absent text may be the very one that is asked about, so "not official" would be a guess.
        words = f"cannot judge: the texts of {compared.missing} statements are not here, so this file was not compared with them"
        return Verdict(CANNOT_JUDGE, words), found
    return judge_decided(whole, decided), found


def _text_words(text: Path, statements: Mapping[str, Decided], compared: Comparison) -> str:
    from commonhold.cli.words import articles_words  # noqa: PLC0415

    if compared.digest is not None:
        decided = statements[compared.digest]
        who = ", ".join(decided.approvers) or "nobody else"
        return f"{text} is the statement of entry {decided.index}: {articles_words(decided.articles)}, signed by {who}"
    if compared.alike is not None:
        index = statements[compared.alike].index
        return (
            f"{text} is not official: the words are those of entry {index}; only line ends or spaces differ: compare with the original file"
        )
    if compared.missing:
        return f"{text} is none of the statements that are here; the texts of {compared.missing} of {len(statements)} are not"
    if not statements:
        return f"{text} is no statement of this organisation: it has made none"
    return (
        f"{text} is none of this organisation's {len(statements)} statements"
        if len(statements) > 1
        else (f"{text} is not the one statement that this organisation has made")
    )


def _text_line(value: Mapping[str, Any]) -> list[str]:
    return [f"text         {printable(value['text_says'])}"] if "text_says" in value else []

"""``commonhold verify``: check a proof file, a folder or an address, and say who decided what, under which article (DESIGN 3.6)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commonhold.cli.options import json_option
from commonhold.cli.output import emit, note, printable, progress
from commonhold.cli.reading import LONG, read_place

if TYPE_CHECKING:
    from commonhold.kernel.record.verdict import Verdict
    from commonhold.store.record import ReadRecord


@click.command()
@click.argument("place", metavar="FILE_OR_DIR_OR_URL")
@click.option("--org", default="", help="The organisation's id as you know it from elsewhere; anything else is refused.")
@click.option("--text", type=click.Path(dir_okay=False, path_type=Path), help="Also say whether this file is an official statement.")
@json_option
@click.pass_context
def command(context: click.Context, place: str, org: str, text: Path | None, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Check a proof file, an organisation's folder (or a copy of it), or the address where it is served.

    Everything is replayed here: each signature, each rule. Exit code 0: official; 1: not, or something was altered; 2: unreadable.
    """
    if not place.startswith(("http://", "https://")) and Path(place).is_file():
        value, lines, verdict = _check_file(Path(place), org, text)
    else:
        value, lines, verdict = _check_record(place, org, text)
    value = {"verdict": verdict.code, "words": verdict.words, "rests_on": verdict.rests_on, "official": verdict.is_yes, **value}
    emit(
        as_json,
        {"ok": verdict.is_yes, **value},
        lambda: "\n".join([f"verdict      {_timed(verdict)}", f"resting on   {verdict.rests_on}", *lines]),
    )
    if not org and not as_json:
        note("This names the organisation by its own record. Compare the id with one that you have on paper or from a partner (--org).")
    if not verdict.is_yes:
        from commonhold.kernel.record.verdict import CANNOT_JUDGE  # noqa: PLC0415

        context.exit(2 if verdict.code == CANNOT_JUDGE else 1)


def _check_record(place: str, org: str, text: Path | None) -> tuple[dict[str, Any], list[str], Verdict]:
    from commonhold.kernel.record.verdict import judge_record  # noqa: PLC0415 - kept out of `--help`

    read = read_place(place, org=org, always_show=True)
    verdict = judge_record(read.state, read.outcomes)
    value, lines = _summary(read)
    if text is not None:
        verdict, found = _judge_text(read, verdict, place, text)
        value |= found
    return value, lines, verdict


def _check_file(path: Path, org: str, text: Path | None) -> tuple[dict[str, Any], list[str], Verdict]:
    from commonhold.cli.words import entry_words  # noqa: PLC0415 - kept out of `--help`
    from commonhold.kernel.errors import ProofError  # noqa: PLC0415
    from commonhold.kernel.record.prooffile import MAX_PROOF_FILE_BYTES, check_proof_file, parse_proof_file, texts_of, what_came_of  # noqa: PLC0415
    from commonhold.kernel.record.state import value_of  # noqa: PLC0415
    from commonhold.kernel.record.verdict import CANNOT_JUDGE, NOT_OFFICIAL, Verdict, judge_entry, judge_record  # noqa: PLC0415
    from commonhold.kernel.texts import parse_text  # noqa: PLC0415
    from commonhold.store.keyfile import read_small  # noqa: PLC0415
    from commonhold.store.proving import replay_proof  # noqa: PLC0415

    file = parse_proof_file(read_small(path, max_size=MAX_PROOF_FILE_BYTES, what="a proof file"))
    if len(file.leaves) < LONG:
        read = replay_proof(file, org=org)
    else:
        with progress(len(file.leaves), "verifying entries") as bar:
            read = replay_proof(file, org=org, progress=bar.update)
    check_proof_file(file, read.state, read.tree)
    outcome = read.outcomes[file.proof.index]
    value, lines = _summary(read, brief=True)
    verdict = judge_entry(judge_record(read.state, read.outcomes), read.state, outcome)
    if outcome.entry is None or not outcome.counts:
        lines += [f"entry {outcome.index}     is in the log and counts for nothing: {printable(outcome.words)}"]
        return {**value, "entry": {"index": outcome.index, "counts": False, "why": outcome.words}}, lines, verdict
    entry = outcome.entry
    value["entry"] = {"index": outcome.index, "id": entry.id, "type": entry.type, "by": entry.by, "counts": True}
    lines.append(f"entry {outcome.index:<6} {entry_words(entry.type, entry.by, value_of(entry.body), read.state)}")
    more, shown = _what_it_came_to(read, what_came_of(read.state, entry))
    value |= more
    lines += shown
    named = texts_of(read.state, entry)
    if text is not None and verdict.is_yes and not file.texts.keys() & set(named):
        # Whoever took the text out of the file must not turn a question about it into a yes.
        if named:
            verdict = Verdict(
                CANNOT_JUDGE, f"cannot judge: the proof file does not hold the text {named[0][:12]}, so nothing could be compared with it"
            )
        else:
            verdict = Verdict(NOT_OFFICIAL, "not official: this entry is about no text")
    for digest in named:
        if digest in file.texts:
            body = parse_text(file.texts[digest])[1]
            if text is not None and read_small(text, max_size=len(body) + 1, what="a text") != body:
                raise ProofError(f"{text} is not the text that this proof is about", code="verify/other-text")
            lines += ["", printable(body.decode("utf-8"), multiline=True).rstrip()]
            value["text"] = body.decode("utf-8")
    return value, lines, verdict


def _what_it_came_to(read: ReadRecord, keys: tuple[tuple[str, str], ...]) -> tuple[dict[str, Any], list[str]]:
    from commonhold.cli.words import articles_words, payload_words  # noqa: PLC0415
    from commonhold.kernel.record.queries import describe_proposal  # noqa: PLC0415

    value: dict[str, Any] = {}
    lines = []
    for part, key in keys:
        if part == "proposals":
            found = describe_proposal(read.state, key)
            value["proposal"] = found
            lines += [
                f"what         {payload_words(found['kind'], found['payload'])}",
                f"status       {found['status']}{': ' + printable(found['why']) if found.get('why') else ''}",
                f"decided by   {', '.join(_approvers(read).get(key, ())) or 'nobody'}",
                f"under        {articles_words(found['articles'])} of the charter in force when it was proposed",
            ]
    return value, lines


def _summary(read: ReadRecord, *, brief: bool = False) -> tuple[dict[str, Any], list[str]]:
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
        lines.append(f"  decided    {payload_words(proposal.kind, proposal.payload)}; {articles_words(proposal.articles)}; by {who}")
    return value, lines


def _approvers(read: ReadRecord) -> dict[str, list[str]]:
    """Who decided each enacted proposal: those whose approval counted then, not everybody who ever gave one."""
    events = [event for outcome in read.outcomes for event in outcome.events if event.name == "enacted"]
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
    digest, unreadable = find_statement(read.state, place, body)
    if digest is None and unreadable and whole.is_yes:
        from commonhold.kernel.record.verdict import CANNOT_JUDGE, Verdict  # noqa: PLC0415

        # An absent text may be the very one that is asked about, so "not official" would be a guess.
        words = f"cannot judge: the texts of {unreadable} statements are not here, so this file was not compared with them"
        return Verdict(CANNOT_JUDGE, words), {"statement": "", "approved_by": [], "articles": []}
    decided = read.state.part("statements").get(digest) if digest else None
    found = {
        "statement": digest or "",
        "approved_by": list(decided.approvers) if decided else [],
        "articles": list(decided.articles) if decided else [],
    }
    return judge_decided(whole, decided), found


def _timed(verdict: Verdict) -> str:
    return verdict.words

"""What a reader asks, and what the records say about it: an address, a code, a text or a file (docs/guide/check.md).

Nothing is guessed: what is asked is put into a normal form that the answer shows, and looked up in the records as this node has replayed them. What
resembles an official address is named beside the "no", and never turned into a "yes".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from commonhold.kernel.addresses import MAX_ADDRESS, WEB, Address, parse_address, resembles
from commonhold.kernel.errors import FormatError
from commonhold.kernel.ids import parse_origin
from commonhold.kernel.messages import N_, in_english
from commonhold.kernel.record.shortcode import parse_code, short_code
from commonhold.kernel.record.state import Proposal
from commonhold.kernel.record.verdict import CANNOT_JUDGE, NOT_OFFICIAL, STRUCK
from commonhold.mirror.check.board import Board, same_words
from commonhold.mirror.check.sight import left_at
from commonhold.pages.check.facts import Answer, Channel, Decision, Finding, Organisation, Statement, Told

MAX_QUESTION: Final = 256 << 10
_ORIGIN: Final = "commonhold/"

Note = tuple[str, Mapping[str, Any]]


def ask(board: Board, question: str) -> Answer:
    """The answer to what somebody pasted: a code, an address or a text, whichever it is."""
    text = question.strip()
    if len(text) > MAX_ADDRESS or "\n" in text:
        return ask_text(board, text)
    if text.startswith(_ORIGIN) and (found := _origin(board, text)) is not None:
        return found
    try:
        if (answer := _code(board, parse_code(text))).findings:
            return answer
        code: Answer | None = answer
    except FormatError:
        code = None
    try:
        address = parse_address(text)
    except FormatError as error:
        if error.code == "address/userinfo":
            return no(N_("What stands before the @ is only a name. This address leads to %(host)s."), {"host": error.data["host"]})
        if error.code == "address/hidden":
            return no(N_("This address holds characters that cannot be seen, so it is not what it seems."))
        return code or ask_text(board, text)
    answer = _address(board, address)
    return answer if answer.findings or code is None else code


def no(why: str, values: Mapping[str, Any] | None = None, *, read_as: str = "", notes: Iterable[Note] = ()) -> Answer:
    """A "not official" that no record speaks about."""
    said = in_english(why, **(values or {}))
    return Answer(read_as, Told(NOT_OFFICIAL, f"not official: {said}"), why=why, values=values or {}, notes=tuple(notes))


def cannot(why: str, values: Mapping[str, Any] | None = None, *, read_as: str = "") -> Answer:
    """A "cannot judge" that no record speaks about."""
    return Answer(read_as, Told(CANNOT_JUDGE, f"cannot judge: {in_english(why, **(values or {}))}"), why=why, values=values or {})


def together(read_as: str, findings: list[Finding], notes: Iterable[Note] = ()) -> Answer:
    """One answer of what several records say; where more than one claims a thing, nobody is preferred."""
    if len({one.organisation.id for one in findings}) > 1:
        why = N_(
            "More than one organisation names this as its own. Compare the organisation's id with one that you have from paper or from somebody you trust."
        )
        return Answer(read_as, Told(CANNOT_JUDGE, "cannot judge: more than one organisation names this as its own"), tuple(findings), why)
    return Answer(read_as, findings[0].told, tuple(findings), notes=tuple(notes))


# --------------------------------------------------------------------------------------------------------------------- addresses


def _address(board: Board, address: Address) -> Answer:
    found = board.channels.get((address.kind, address.key), [])
    below = False
    if not found and address.kind == WEB:
        held = [(one, channel, place) for one, channel, place in board.hosts.get(address.host, []) if place.holds(address)]
        longest = max((len(place.path) for _, _, place in held), default=0)
        found, below = [(one, channel) for one, channel, place in held if len(place.path) == longest], True
    if not found:
        near = _near(board, address)
        notes: list[Note] = [(N_("It resembles %(address)s, and is another address."), {"address": near})] if near else []
        why = N_("No organisation that is followed here names this address as its own.")
        return no(why, read_as=address.shown, notes=notes)
    newest: dict[str, tuple[Organisation, Channel]] = {}
    for one, channel in found:
        before = newest.get(one.id)
        # Two spellings of one place: the later decision about it holds.
        if before is None or (channel.decision.entry, channel.status == "stands") > (
            before[1].decision.entry,
            before[1].status == "stands",
        ):
            newest[one.id] = (one, channel)
    findings = [_channel(one, channel, below=below) for one, channel in newest.values()]
    bare: list[Note] = (
        [(N_("You gave it with http, where anybody on the way can change a page. Open it with https."), {})] if address.bare else []
    )
    return together(address.shown, findings, bare)


def _channel(one: Organisation, channel: Channel, *, below: bool) -> Finding:
    values = {"address": channel.address}
    if not one.told.is_yes:
        return Finding(one.told, one, "", values, channel.decision)
    if channel.status == "stands":
        why = N_("This is a channel of record of this organisation.")
        if below:
            why = N_(
                "This page lies under %(address)s, a channel of record of this organisation. Whoever holds that channel can put pages there; this page by itself was not decided."
            )
        return Finding(one.told, one, why, values, channel.decision)
    words = f"struck since entry {channel.decision.entry}" + (f", the organisation is now at {channel.to}" if channel.to else "")
    told = Told(STRUCK, words, time=channel.decision.time, entry=channel.decision.entry, where=channel.to)
    return Finding(told, one, N_("This was a channel of record of this organisation, and is none any more."), values, channel.decision)


def _near(board: Board, address: Address) -> str:
    host = address.host or address.key.rpartition("@")[2]
    for known, found in board.hosts.items():
        if (known == host and address.kind == WEB) or resembles(host, known):
            standing = [channel.address for _, channel, _ in found if channel.status == "stands"]
            if standing:
                return standing[0]
    return ""


def _origin(board: Board, text: str) -> Answer | None:
    """What stands in the record about one of the organisation's own logs."""
    try:
        one = board.organisation(parse_origin(text)[0])
    except FormatError:
        return None
    if one is None:
        return cannot(N_("That organisation is not followed here."), read_as=text)
    values = {"epoch": one.epoch}
    if one.line[-1].origin == text or not one.told.is_yes:
        return together(text, [Finding(one.told, one, N_("This is the log of the epoch in which the organisation lives now."), values)])
    if (left := left_at(one, text)) is not None:
        return together(text, [Finding(left, one, N_("The organisation has left this log, and goes on in another one."), values)])
    return no(N_("The organisation's record knows no such log."), read_as=text)


# ------------------------------------------------------------------------------------------------------------------------- texts


def ask_text(board: Board, text: str) -> Answer:
    """Whether these are the words of an official statement."""
    found = board.texts.get(same_words(text.encode("utf-8", "replace")), [])
    if found:
        why = N_("This text is an official statement of this organisation, word for word.")
        findings = [_statement(one, statement, why) for one, statement in found]
        return together("", list({one.organisation.id: one for one in findings}.values()))
    missing = sum(1 for one in board.organisations for statement in one.statements if statement.text is None)
    if missing:
        return cannot(
            N_(
                "No published text that is held here has these words. How many statements could not be compared, because their texts are not held here: %(n)s"
            ),
            {"n": missing},
        )
    return no(N_("No organisation that is followed here has published these words as a statement."))


def _statement(one: Organisation, statement: Statement, why: str) -> Finding:
    told = one.told
    if told.is_yes and statement.status != "stands":
        told = Told(STRUCK, f"struck since entry {statement.decision.entry}", time=statement.decision.time, entry=statement.decision.entry)
    return Finding(told, one, why, {}, statement.decision, statement.text, statement.language)


# ------------------------------------------------------------------------------------------------------------------------- codes


def _code(board: Board, digits: str) -> Answer:
    grouped = "-".join(digits[at : at + 4] for at in range(0, len(digits), 4))
    findings: dict[tuple[str, str], Finding] = {}
    for key, org in board.with_prefix(digits):
        one = board.organisation(org)
        if one is not None:
            finding = decision_finding(board, one, key)
            # A statement is found by its decision and by its digest.
            findings[(org, finding.decision.id if finding.decision else key)] = finding
    if not findings:
        return no(N_("No decision that is known here has this code."), read_as=grouped)
    # A proposal that nobody approved takes no code away from what was decided.
    decided = [finding for finding in findings.values() if finding.decision is not None] or list(findings.values())
    if len(decided) > 1:
        why = N_("Several decisions share this code. Give more of its digits, or compare what you read with each of them.")
        words = "cannot judge: several decisions share this code"
        return Answer(grouped, Told(CANNOT_JUDGE, words), tuple(decided), why)
    return together(grouped, decided)


def decision_finding(board: Board, one: Organisation, key: str) -> Finding:
    """What became of the decision (or the statement, or the organisation) with this id."""
    if key == one.id:
        return Finding(one.told, one, N_("This is the id of this organisation."))
    for statement in one.statements:
        if key in (statement.digest, statement.decision.id):
            why = N_("This code leads to the statement below. If what you read says something else, it is not this statement.")
            return _statement(one, statement, why)
    proposal: Proposal | None = board.state(one.id).proposal(key)
    if proposal is None or proposal.status != "enacted" or not one.told.is_yes:
        told = one.told if not one.told.is_yes else Told(NOT_OFFICIAL, "not official: the record never decided this")
        return Finding(told, one, N_("This code leads to a proposal that was not decided."))
    for channel in one.channels:
        if channel.decision.id == key or (
            proposal.kind == "channel" and channel.address == (proposal.payload.get("to") or proposal.payload["address"])
        ):
            return _channel_decision(one, channel, proposal)
    return Finding(one.told, one, N_("This code leads to a decision of this organisation."), {}, _decided(key, proposal))


def _channel_decision(one: Organisation, channel: Channel, proposal: Proposal) -> Finding:
    if proposal.payload["op"] != "strike":
        return _channel(one, channel, below=False)
    why = N_("This code leads to the decision that %(address)s is no channel of record any more.")
    return Finding(one.told, one, why, {"address": channel.address}, channel.decision)


def _decided(key: str, proposal: Proposal) -> Decision:
    by = tuple(sorted(proposal.approvals))
    return Decision(key, proposal.kind, short_code(key), by, proposal.articles, proposal.closed, proposal.closed_at)

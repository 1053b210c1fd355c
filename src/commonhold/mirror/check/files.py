"""Files that a reader brings: proofs of an entry, evidence against a log, or a text (docs/formats/proof-file.md, equivocation-proof.md, rollback.md).

A proof of an entry need not be replayed where the node holds the record: its entry must be the leaf that stands in the node's own copy, and what it amounts
to is read from the node's own state. So a file of a hundred thousand forged signatures costs one comparison.
"""

from __future__ import annotations

import re
from typing import Final

from commonhold.kernel.errors import CommonholdError, ProofError, RuleError
from commonhold.kernel.messages import N_
from commonhold.kernel.notes import VerifierKey, parse_note
from commonhold.kernel.record.brief import Brief, check_brief, parse_brief
from commonhold.kernel.record.entries import parse_entry
from commonhold.kernel.record.pin import make_pin
from commonhold.kernel.record.prooffile import ProofFile, leaf_of, parse_proof_file
from commonhold.kernel.record.verdict import CONTRADICTORY, NOT_OFFICIAL
from commonhold.kernel.tlog.checkpoint import parse_checkpoint
from commonhold.kernel.tlog.equivocation import check_equivocation, parse_equivocation
from commonhold.kernel.tlog.merkle import verify_inclusion
from commonhold.kernel.tlog.rollback import check_rollback, parse_rollback
from commonhold.mirror.check.asking import ask, ask_text, cannot, decision_finding, no, together
from commonhold.mirror.check.board import Board
from commonhold.mirror.held import org_of
from commonhold.pages.check.facts import Answer, Finding, Organisation, Told

MAX_FILE: Final = 8 << 20
_FORM: Final = re.compile(rb'"(?:form|type)"\s*:\s*"(commonhold/[a-z-]+/v[0-9]+)"')
ROLLED_BACK: Final = "rolled-back"


def ask_file(board: Board, raw: bytes) -> Answer:
    """The answer to a file; whatever it is, nothing of it is kept."""
    found = _FORM.search(raw) if raw.lstrip()[:1] == b"{" else None
    form = found[1].decode() if found else ""
    try:
        if form == "commonhold/proof/v1":
            return _proof(board, parse_proof_file(raw))
        if form == "commonhold/brief/v1":
            return _brief(board, parse_brief(raw))
        if form == "commonhold/equivocation/v1":
            return _two_faces(board, raw)
        if form == "commonhold/rollback/v1":
            return _rollback(board, raw)
        if form:
            return cannot(N_("Files of this kind cannot be checked here. Open it in the verifier."))
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return cannot(N_("This file is neither a text nor one of the files that are checked here."))
    except CommonholdError as error:
        # Mathematics says no; anything else was just not readable.
        broken = N_("This file was altered, or was never what it says.")
        return no(broken) if isinstance(error, ProofError) else cannot(N_("This file cannot be read: it is damaged, or of another kind."))
    return ask(board, text) if len(text) <= 200 else ask_text(board, text)


def _proof(board: Board, file: ProofFile) -> Answer:
    one = board.organisation(file.org)
    if one is None:
        return cannot(_STRANGERS)
    signed = parse_checkpoint(parse_note(file.proof.checkpoint_raw).text)
    history = board.standings[one.id].history
    chapter = next((each for each in history.line if each.origin == signed.origin), None)
    if chapter is None:
        return no(N_("The organisation's record knows no such log."))
    if signed.size > chapter.tree.size:
        return cannot(N_("This file shows more entries than are held here. Try again in a minute, or ask another partner."))
    if chapter.tree.root(signed.size) != signed.root:
        return _other_history()
    if file.proof.index >= len(file.leaves) or len(file.leaves) != signed.size:
        raise ProofError("the proof file does not hold the leaves of its checkpoint", code="prooffile/index")
    verify_inclusion(file.proof.index, signed.size, leaf_of(file), file.proof.hashes, signed.root)
    return _entry(board, one, file.leaves[file.proof.index])


def _brief(board: Board, brief: Brief) -> Answer:
    """What a brief proof is about, as it stands now; partners whom the record names must have signed the file, as its policy asks."""
    one = board.organisation(brief.org)
    if one is None:
        return cannot(_STRANGERS)
    standing = board.standings[one.id]
    if parse_checkpoint(parse_note(brief.checkpoint).text).origin != standing.history.current.origin:
        return cannot(N_("This file is from another epoch of the organisation than the one in which it lives now. Ask for a newer one."))
    try:
        checked = check_brief(brief, make_pin(standing.state))
    except RuleError:
        return cannot(N_("Files of this kind cannot be checked here. Open it in the verifier."))
    except ProofError as error:
        if error.code in ("brief/validators", "brief/mirrors"):
            return cannot(N_("Too few of the partners whom the record names now have signed this file. Ask for a newer one."))
        raise
    if checked.size <= standing.history.current.tree.size and standing.history.current.tree.root(checked.size) != checked.root:
        return _other_history()
    if checked.entry is not None:
        return _entry(board, one, checked.entry.leaf)
    part, key = next(iter(checked.values), ("", ""))
    if part == "channels":
        return ask(board, key)
    if part in ("statements", "proposals"):
        return together("", [decision_finding(board, one, key)])
    return cannot(N_("Files of this kind cannot be checked here. Open it in the verifier."))


def _entry(board: Board, one: Organisation, leaf: bytes) -> Answer:
    """What became of an entry that is in the record."""
    entry = parse_entry(leaf)
    about = entry.id if entry.type in ("propose", "found") else getattr(entry.body, "proposal", "") or getattr(entry.body, "of", "")
    about = one.id if about == one.id or entry.type == "found" else about
    state = board.state(one.id)
    if entry.type != "found" and (state.ids.get(entry.id) is None or (about != one.id and state.proposal(about) is None)):
        why = N_("The entry in this file is in the record, and counts for nothing.")
        return together("", [Finding(Told(NOT_OFFICIAL, "not official: the entry counts for nothing"), one, why)])
    return together("", [decision_finding(board, one, about)])


def _other_history() -> Answer:
    told = Told(CONTRADICTORY, "contradictory: the file shows another history of this log than the one that is held here")
    why = N_("This file shows another history of this log than the one that is held here. Give it to the organisation's members.")
    return Answer("", told, why=why)


def _two_faces(board: Board, raw: bytes) -> Answer:
    file = parse_equivocation(raw)
    smaller, larger = check_equivocation(file)
    if _is_strange(board, file.log):
        return cannot(_STRANGE, read_as=larger.origin)
    words = f"contradictory: the log signed two histories, of {smaller.size} and of {larger.size} entries"
    why = N_(
        "This file proves that a log signed two histories, of %(one)s and of %(other)s entries. Whoever holds its key shows different people different records."
    )
    return Answer(larger.origin, Told(CONTRADICTORY, words), why=why, values={"one": smaller.size, "other": larger.size})


def _rollback(board: Board, raw: bytes) -> Answer:
    file = parse_rollback(raw)
    smaller, larger = check_rollback(file)
    if _is_strange(board, file.log):
        return cannot(_STRANGE, read_as=larger.origin)
    words = f"rolled back: the log signed {larger.size} entries, and then published {smaller.size} again"
    why = N_("This file shows that a log signed %(other)s entries, and then published %(one)s again. An old backup may have been restored.")
    return Answer(larger.origin, Told(ROLLED_BACK, words), why=why, values={"one": smaller.size, "other": larger.size})


_STRANGERS: Final = N_("This file is about an organisation that is not followed here. Open it in the verifier.")
_STRANGE: Final = N_("This file is about a log that is not followed here. Anybody can make a log that contradicts itself.")


def _is_strange(board: Board, log: VerifierKey) -> bool:
    known = board.standings.get(org_of(log.name))
    return known is None or all(VerifierKey.of(each.origin, each.state.log_key) != log for each in known.history.line)

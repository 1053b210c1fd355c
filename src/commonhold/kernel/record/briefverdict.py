"""Verdicts on a brief proof: what a reader is told who replayed nothing and asked partners (DESIGN 3.5, 3.6; docs/formats/verdicts.md).

The words are those of a replay, and the same functions judge what was decided: they are given a state that holds only what the proof shows.
So a proof must show all that the answer hangs on, or nothing is said: whoever hands it over could otherwise leave out that a statement
was struck. Every verdict here rests on *replayed by n partners*, with their names.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from commonhold.kernel.errors import CommonholdError
from commonhold.kernel.record.bodies import Approve
from commonhold.kernel.record.brief import CheckedBrief, read_value
from commonhold.kernel.record.briefing import ACTS, Key, proposal_of, wanted
from commonhold.kernel.record.entries import Entry, parse_entry
from commonhold.kernel.record.fold import Outcome
from commonhold.kernel.record.freshness import AHEAD_SECONDS, FRESH_SECONDS, STALE_SECONDS
from commonhold.kernel.record.state import PARTS, Proposal, State, empty_state
from commonhold.kernel.record.verdict import (
    CANNOT_JUDGE,
    FRESHNESS_UNKNOWN,
    NOT_OFFICIAL,
    OFFICIAL,
    STALE,
    STRUCK,
    Verdict,
    judge_channel,
    judge_decided,
    judge_entry,
    moment,
    said,
)

DECIDED: Final = ("erasures", "resolutions", "resources", "statements", "works")
STATUS: Final = {"members": "active", "seats": "held"}
"""The status in which a person's place in the organisation counts."""


def judge_brief(checked: CheckedBrief, now: int) -> Verdict:
    """The verdict on all that a brief proof shows: on its entry, or on its values, of which every one must hold.

    Args:
        now: the reader's clock, in POSIX seconds.

    Raises:
        FormatError, RuleError: if the state holds a value that this version does not know.
    """
    if checked.entry is not None:
        return judge_shown_entry(checked, now)
    whole = judge_whole(checked, now)
    asked = [(part, key) for part, key in checked.values if part not in ("epochs", "partners")]
    verdicts = [judge_shown(checked, part, key, now) for part, key in asked]
    return next((verdict for verdict in verdicts if not verdict.is_yes), whole)


def judge_whole(checked: CheckedBrief, now: int) -> Verdict:
    """The verdict on the organisation as the proof shows it: whether it lives in this epoch, and how old the partners' word is."""
    state, time = shown_state(checked), checked.time
    if not checked.lives:
        verdict = Verdict(NOT_OFFICIAL, f"not official: the members have not decided to go on in epoch {checked.epoch}")
    elif checked.epoch < checked.pin.epoch:
        verdict = Verdict(STALE, f"stale: this is of epoch {checked.epoch}, and the organisation has gone on to epoch {checked.pin.epoch}")
    elif time > now + AHEAD_SECONDS:
        verdict = Verdict(
            FRESHNESS_UNKNOWN, said(state, f"official as of {moment(time)}, freshness unknown (your clock says {moment(now)})")
        )
    elif now - time <= FRESH_SECONDS:
        verdict = Verdict(OFFICIAL, said(state, "official"))
    elif now - time > STALE_SECONDS:
        verdict = Verdict(STALE, f"stale: nobody has vouched for this record since {moment(time)}")
    else:
        verdict = Verdict(FRESHNESS_UNKNOWN, said(state, f"official as of {moment(time)}, freshness unknown"))
    return replace(verdict, rests_on=rests_on(checked))


def judge_shown(checked: CheckedBrief, part: str, key: str, now: int) -> Verdict:
    """The verdict on one key of the state that the proof shows: a proposal, a channel, a statement, a seat, or anything else that stands there.

    Raises:
        FormatError: if the state holds a value that this version does not know.
    """
    whole, state = judge_whole(checked, now), shown_state(checked)
    if (part, key) not in checked.values:
        return _unshown(checked, (part, key))
    if part == "channels":
        verdict = judge_channel(whole, state, key)
    elif part in DECIDED or checked.values[part, key] is None:
        verdict = judge_decided(whole, state.part(part).get(key))
    elif part == "proposals":
        act = Entry("approve", state.org, 0, "", "", 0, b"", Approve(key), b"", "", None)
        return _judge_act(checked, whole, state, act, counts=True)
    elif part in STATUS and whole.is_yes and (status := state.parts[part][key].status) != STATUS[part]:
        gone = status in ("departed", "expelled")
        verdict = Verdict(STRUCK if gone else NOT_OFFICIAL, f"{'struck' if gone else 'not official'}: {part}/{key} is {status} now")
    else:
        verdict = whole
    return replace(verdict, rests_on=rests_on(checked))


def judge_shown_entry(checked: CheckedBrief, now: int) -> Verdict:
    """The verdict on the entry that a brief proof shows.

    Raises:
        FormatError, RuleError: if the state holds a value that this version does not know.
    """
    whole, entry = judge_whole(checked, now), shown_entry(checked)
    if entry is None:
        return replace(judge_decided(whole, None), rests_on=rests_on(checked))
    if entry.type not in ACTS and entry.type not in ("found", "accept"):
        words = f"cannot judge: a brief proof does not show whether an entry of type {entry.type} counts"
        return Verdict(CANNOT_JUDGE, words, rests_on(checked)) if whole.is_yes else whole
    state = shown_state(checked)
    return _judge_act(checked, whole, state, entry, counts=_counts(entry, state))


def _judge_act(checked: CheckedBrief, whole: Verdict, state: State, act: Entry, *, counts: bool) -> Verdict:
    """The verdict on what an act is part of, if the proof shows all that this hangs on."""
    proposal = state.proposal(proposal_of(act))
    missing = [place for place in wanted(act, proposal) if place not in checked.values]
    if missing:
        return _unshown(checked, missing[0]) if whole.is_yes else whole
    if proposal is not None and proposal.kind == "entrust" and proposal.status == "enacted":
        counts = counts and proposal.payload["resource"] in state.part("resources")
    outcome = Outcome(0, act, "" if counts else "brief/not-counted")
    return replace(judge_entry(whole, state, outcome), rests_on=rests_on(checked))


def shown_entry(checked: CheckedBrief) -> Entry | None:
    """The entry that a brief proof shows; None if it shows none, or a leaf that is none of this organisation."""
    if checked.entry is None:
        return None
    try:
        entry = parse_entry(checked.entry.leaf)
    except CommonholdError:
        # Such a leaf stands in the log and counts for nothing.
        return None
    return entry if (entry.id if entry.type == "found" else entry.org) == checked.pin.org else None


def shown_state(checked: CheckedBrief) -> State:
    """A state that holds what the proof shows, and nothing else.

    Raises:
        FormatError: if it holds a value that this version does not know.
    """
    draft = empty_state().thaw()
    for (part, key), value in checked.values.items():
        if value is not None and part in PARTS:
            draft.put(part, key, read_value(part, value))
    return draft.freeze()


def rests_on(checked: CheckedBrief) -> str:
    """Whose replay the answer rests on, in words."""
    count = len(checked.validators)
    return f"replayed by {count} partner{'s' if count != 1 else ''} ({', '.join(checked.validators)})"


def _counts(entry: Entry, state: State) -> bool:
    """Whether the state knows this act: the fold keeps of each member who acts on a proposal the act that counts."""
    if entry.type == "found":
        return True
    proposal: Proposal | None = state.proposal(proposal_of(entry))
    if entry.type == "accept":
        if proposal is None:
            member = state.member(entry.by)
            return entry.body.of == entry.org and member is not None and member.status == "active"
        return proposal.kind == "appoint" and proposal.payload["member"] == entry.by
    if proposal is None:
        return False
    acts = {"approve": proposal.approvals, "object": proposal.objections, "confirm": proposal.confirms}.get(entry.type)
    return acts is None or (entry.by in acts and acts[entry.by].key == entry.key)


def _unshown(checked: CheckedBrief, place: Key) -> Verdict:
    return Verdict(CANNOT_JUDGE, f"cannot judge: the proof does not show {place[0]}/{place[1]}", rests_on(checked))

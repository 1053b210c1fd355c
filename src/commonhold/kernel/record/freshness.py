"""Freshness: what the newest heads of a log, and the reader's own clock, add to a verdict (DESIGN 3.6).

A replay says what was decided; only partners say that nothing newer is being withheld. Each answer is a signed checkpoint of the record's
log, cosigned with mirror keys. It vouches for what the reader has replayed if it is of the same size and root. The time of several answers is
the policy's: one partner who dates into the future, or lags, moves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from commonhold.kernel.errors import CommonholdError
from commonhold.kernel.notes import VerifierKey
from commonhold.kernel.record.clock import Roots
from commonhold.kernel.record.partners import mirror_keys, times_under
from commonhold.kernel.record.state import State
from commonhold.kernel.record.verdict import CONTRADICTORY, FRESHNESS_UNKNOWN, OFFICIAL, STALE, Verdict, moment, said
from commonhold.kernel.tlog.checkpoint import open_cosigned

FRESH_SECONDS: Final = 3600
"""How old the partners' newest word may be for a plain "official"; partners sign a log's head again far more often."""
STALE_SECONDS: Final = 7 * 86_400
"""From this age on the newest word is too old to be told as "official as of": whoever freezes a record must not gain more than a week."""
AHEAD_SECONDS: Final = 300
"""How far the partners' clocks may be ahead of the reader's before the reader cannot tell what is fresh."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What partners answered, by their names in the policy in force.

    Args:
        vouching: when each last stood behind exactly what the reader has replayed, in POSIX seconds.
        ahead: the size of what each has that has more.
        conflicting: when each stood behind another history of the same log; with the reader's own checkpoint the proof of two faces.
        ignored: why answers counted for nothing.
    """

    vouching: dict[str, int] = field(default_factory=dict)
    ahead: dict[str, int] = field(default_factory=dict)
    conflicting: dict[str, int] = field(default_factory=dict)
    ignored: list[CommonholdError] = field(default_factory=list)


def read_answers(state: State, roots: Roots, notes: Iterable[bytes]) -> Answers:
    """Sort the answers of partners, verified against their keys in the policy in force and the log that was replayed.

    Args:
        roots: the root of the log of the state's epoch after n leaves, for every n up to its size.
        notes: signed checkpoints with cosignatures, in no order.
    """
    answers, policy = Answers(), state.policy
    if policy is None:
        return answers
    here = state.size - state.base
    for note in notes:
        try:
            signed = open_cosigned(note, [VerifierKey.of(state.origin, state.log_key)], mirror_keys(state), origin=state.origin)
        except CommonholdError as error:
            # One damaged or forged answer must not spoil what the others say.
            answers.ignored.append(error)
            continue
        size, times = signed.checkpoint.size, times_under(policy, signed.cosignatures)
        for name, time in times.items():
            if size > here:
                answers.ahead[name] = max(size, answers.ahead.get(name, 0))
            elif roots(size) != signed.checkpoint.root:
                answers.conflicting[name] = max(time, answers.conflicting.get(name, 0))
            elif size == here:
                answers.vouching[name] = max(time, answers.vouching.get(name, 0))
    return answers


def judge_freshness(whole: Verdict, state: State, answers: Answers, now: int) -> Verdict:
    """The verdict on a record, given that of a replay and what partners answered.

    Args:
        whole: from ``judge_record`` or ``judge_history``; one that is no form of "official" stands.
        now: the reader's clock, in POSIX seconds.
    """
    policy = state.policy
    if not whole.is_yes or policy is None or state.clock is None:
        return whole
    if policy.time(answers.conflicting) is not None:
        names = ", ".join(sorted(answers.conflicting))
        return Verdict(CONTRADICTORY, f"contradictory: {names} have cosigned another history of this log")
    time = policy.time(answers.vouching)
    known = max(state.clock, time or 0)
    if known > now + AHEAD_SECONDS:
        # A reader whose clock is wrong, or partners whose clocks are: what was decided stands, and how new it is nobody here can tell.
        return Verdict(FRESHNESS_UNKNOWN, said(state, f"official as of {moment(known)}, freshness unknown (your clock says {moment(now)})"))
    if time is not None and now - time <= FRESH_SECONDS:
        return Verdict(OFFICIAL, said(state, "official"))
    if time is None and policy.time(dict.fromkeys([*answers.ahead, *answers.vouching], now)) is not None:
        least = min(answers.ahead.values())
        return Verdict(STALE, f"stale: partners have at least {least} entries of this log, and this copy ends at {state.size - state.base}")
    if now - known > STALE_SECONDS:
        return Verdict(STALE, f"stale: nobody has vouched for this record since {moment(known)}")
    return Verdict(FRESHNESS_UNKNOWN, said(state, f"official as of {moment(known)}, freshness unknown"))

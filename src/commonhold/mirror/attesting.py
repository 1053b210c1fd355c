"""One round with the partners: ask all for their signatures, and put what they say into the record if that is worth an entry (DESIGN 3.3).

An ``attest`` is an entry like any other and stays for ever, so the clock is not wound for its own sake. One is appended when it

- covers an act that no attest covers yet,
- is the first, or brings a policy that waits into force,
- is later than a moment at which something waits on time (``kernel.record.due``), or
- comes a day after the last, so that no act meets a clock older than that, and a copy of the record on a stick is not stale.

The signatures of every other round are published with the checkpoint alone: readers of the static files see from them that it is fresh.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final

from commonhold.kernel.errors import CommonholdError, FatalStoreError
from commonhold.kernel.notes import VerifierKey, parse_note
from commonhold.kernel.record.due import next_due
from commonhold.kernel.record.entries import attest_entry, parse_entry
from commonhold.kernel.record.fold import Outcome
from commonhold.kernel.record.partners import mirror_keys, times_under
from commonhold.kernel.record.state import State
from commonhold.kernel.tlog.checkpoint import open_checkpoint, parse_checkpoint
from commonhold.mirror.asking import Asker, Question, Reply
from commonhold.store.record import Record

IDLE_SECONDS: Final = 86_400
"""How old the record's clock may be before an attest that changes nothing else is appended."""
MAX_ATTESTS: Final = 2
"""Attests of one round: one that decides on new partners, and one with which these begin."""
SOON_SECONDS: Final = 1.0
"""The shortest rest between two rounds that nothing but time calls for."""
LATE_SECONDS: Final = 10
"""How long after a moment at which something waits the partners are asked again at once, if their clocks have not passed it."""
RESIGN_SECONDS: Final = 30
"""How much newer signatures must be than the published ones of the same checkpoint to take their place."""


@dataclass(frozen=True, slots=True)
class Round:
    """What came of asking: the *outcomes* of the attests that were appended, everybody's *replies*, and the proof that this log is an older copy.

    Args:
        size: how many entries they were asked to sign first; 0 if nobody was asked.
        met: whether those who signed satisfy the policy.
        older: the checkpoint of this log, with its own signature, that a partner holds and that the record here does not lead to; empty if none.
    """

    outcomes: tuple[Outcome, ...] = ()
    replies: tuple[Reply, ...] = ()
    met: bool = False
    older: bytes = b""
    size: int = 0


def attest_round(
    record: Record, asker: Asker, urls: Iterable[str], clock: Callable[[], int], turn: AbstractContextManager[object] | None = None
) -> Round:
    """Ask the partners about the newest checkpoint; append an attest if it is worth one, and publish the newest signatures.

    After an attest they are asked once more, so that the checkpoint that covers it is theirs too, and a policy that it decided comes into force.

    Args:
        urls: the partners' addresses.
        clock: POSIX seconds.
        turn: held while the record is read or written, where others write it too; never while partners are waited for.

    Raises:
        StoreError: if the disk refuses.
    """
    turn, places = turn or contextlib.nullcontext(), tuple(urls)
    outcomes: list[Outcome] = []
    first: tuple[int, tuple[Reply, ...], bool] = (0, (), False)
    for _ in range(MAX_ATTESTS + 1):
        with turn:
            question = _question(record, clock())
        if question is None or not places:
            break
        replies = _ask(record, asker, places, question)
        with turn:
            first = first if first[0] else (question.size, tuple(replies), _met(record.state, replies))
            if older := _older(record, replies):
                return Round(tuple(outcomes), first[1], older=older, size=first[0])
            outcome = _attest(record, question, replies) if len(outcomes) < MAX_ATTESTS else None
            if outcome is None:
                _publish(record, question, replies)
                break
            outcomes.append(outcome)
    size, asked, met = first
    return Round(tuple(outcomes), asked, met=met, size=size)


def is_worth(state: State, *, acts: bool, time: int, adopts: bool) -> bool:
    """Whether an attest of this *time* is worth an entry.

    Args:
        acts: whether it covers an act that no attest covers yet.
        time: POSIX seconds, by the policy.
        adopts: whether it brings the policy that waits into force.
    """
    if state.clock is None or acts or adopts:
        return True
    due = next_due(state)
    return (due is not None and due <= time) or time - state.clock >= IDLE_SECONDS


def rest(state: State, now: int, usual: float) -> float:
    """How many seconds to rest until the next round: *usual*, or less if a waiting period, a term or an expiry ends before.

    Args:
        now: POSIX seconds.
    """
    due = next_due(state)
    if due is None or due < now - LATE_SECONDS:
        # The partners' clocks are behind this one: asking in vain every second would not hurry them.
        return usual
    return min(usual, max(float(due - now), SOON_SECONDS))


def has_acts(record: Record, size: int) -> bool:
    """Whether an act that no attest covers yet is among the first *size* entries of this epoch's log."""
    state = record.state
    # The first entry after what is covered is mostly the last attest itself, so this ends early, however many follow.
    for raw in record.entries(min(size, max(0, state.covered - state.base)), size):
        try:
            if parse_entry(raw).type != "attest":
                return True
        except CommonholdError:
            continue
    return False


def _question(record: Record, now: int) -> Question | None:
    """What to ask; None while no policy names a partner."""
    keys = mirror_keys(record.state)
    if not keys:
        return None
    note = parse_note(record.checkpoint)
    log = VerifierKey.of(record.state.origin, record.state.log_key)
    own = next(signature for signature in note.signatures if (signature.name, signature.key_id) == (log.name, log.key_id))
    bare = f"{note.text}\n{own.line}".encode()
    return Question(bare, note.text, parse_checkpoint(note.text).size, log, keys, now)


def _ask(record: Record, asker: Asker, urls: Iterable[str], question: Question) -> list[Reply]:
    state = record.state
    return asker.ask(urls, question, lambda replies: _met(state, replies))


def _times(replies: Iterable[Reply]) -> dict[VerifierKey, int]:
    times: dict[VerifierKey, int] = {}
    for reply in replies:
        if reply.key is not None:
            times[reply.key] = max(reply.time, times.get(reply.key, 0))
    return times


def _met(state: State, replies: Iterable[Reply]) -> bool:
    times = _times(replies)
    policies = [policy for policy in (state.policy, state.next_policy) if policy is not None]
    return any(policy.time(times_under(policy, times)) is not None for policy in policies)


def _lines(replies: Iterable[Reply]) -> list[str]:
    newest: dict[VerifierKey, Reply] = {}
    for reply in replies:
        # Two addresses may lead to one partner: one line of each key, the newest.
        if reply.key is not None and (reply.key not in newest or newest[reply.key].time < reply.time):
            newest[reply.key] = reply
    return [reply.line for reply in newest.values()]


def _attest(record: Record, question: Question, replies: Iterable[Reply]) -> Outcome | None:
    """Append an attest if the signatures suffice and it is worth an entry."""
    state, times = record.state, _times(replies)
    waiting = state.next_policy.time(times_under(state.next_policy, times)) if state.next_policy is not None else None
    in_force = state.policy.time(times_under(state.policy, times)) if state.policy is not None else None
    time = in_force if waiting is None else waiting
    if time is None or not is_worth(state, acts=has_acts(record, question.size), time=time, adopts=waiting is not None):
        return None
    note = question.note.decode() + "".join(f"{line}\n" for line in _lines(replies))
    try:
        return record.submit(attest_entry(org=state.org, epoch=state.epoch, note=note))
    except CommonholdError as error:
        # Somebody else's attest of the same moment came first, and this one says nothing new any more.
        if error.code == "attest/stale":
            return None
        raise


def _publish(record: Record, question: Question, replies: Iterable[Reply]) -> None:
    """Put the signatures under the published checkpoint, if it is still the one that was signed, and they are newer than those it has."""
    lines = _lines(replies)
    note = parse_note(record.checkpoint)
    if not lines or note.text != question.text:
        return
    known = {(signature.name, signature.key_id): signature for signature in note.signatures}
    fresh = False
    for reply in replies:
        if reply.key is not None:
            old = known.get((reply.key.name, reply.key.key_id))
            fresh = fresh or old is None or reply.time - (reply.key.signed_time(old) or 0) >= RESIGN_SECONDS
    if fresh:
        record.add_signatures(lines, question.size)


def _older(record: Record, replies: Iterable[Reply]) -> bytes:
    """What proves that this folder is not the log's newest: a partner's checkpoint, signed by the log, that the record here does not lead to."""
    return next((reply.held for reply in replies if reply.held and _leads_elsewhere(record, reply.held)), b"")


def _leads_elsewhere(record: Record, note: bytes) -> bool:
    held = parse_checkpoint(parse_note(note).text)
    return held.size > record.tree.size or record.tree.root(held.size) != held.root


def check_newest(record: Record, notes: Iterable[bytes]) -> None:
    """Pass in silence unless one of these checkpoints has this log's own signature, and the record here does not lead to it.

    Raises:
        FatalStoreError: ``log/older-copy`` if one does: the folder is an older copy, and one more entry would be a second history.
    """
    log = VerifierKey.of(record.state.origin, record.state.log_key)
    for note in notes:
        try:
            open_checkpoint(note, [log])
        except CommonholdError:
            continue
        if _leads_elsewhere(record, note):
            raise older_copy(note)


def older_copy(held: bytes) -> FatalStoreError:
    """What to tell whoever would write on from an older copy of a log; *held* is the checkpoint that a partner has."""
    size = parse_checkpoint(parse_note(held).text).size
    return FatalStoreError(
        f"a partner holds {size} entries that this log has signed and that are not all here, so this folder is an older copy of it",
        code="log/older-copy",
        next_step="Add nothing to it. Bring back the folder as it was last, or let the members go on in a new epoch (`commonhold epoch open --from "
        "PARTNER`): two histories under one key cost a log its readers' trust for good.",
        data={"size": size},
    )


def partner_row(url: str, reply: Reply | None, state: State, *, asked: bool) -> dict[str, Any]:
    """How one partner stands."""
    name = ""
    if reply is not None and reply.key is not None:
        policies = [policy for policy in (state.policy, state.next_policy) if policy is not None]
        names = [party for policy in policies for party, one in policy.witnesses.items() if one.key == reply.key]
        name = names[0] if names else ""
    signed = {"size": reply.size, "time": reply.time} if reply is not None and reply.line else None
    trouble = reply.trouble if reply is not None else "" if asked else "the record names no partners yet, so none is asked"
    return {"url": url, "name": name, "signed": signed, "trouble": trouble}

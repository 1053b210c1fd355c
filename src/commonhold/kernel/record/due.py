"""When time alone will change something: the next moment at which a record waits for its clock (DESIGN 3.3).

The clock stands still between two attests. A waiting period that is over, a term, an expiry, take effect at the first attest whose time is past
them; whoever keeps the log asks here when one is worth an entry.
"""

from __future__ import annotations

from collections.abc import Iterator

from commonhold.kernel.record.state import State


def next_due(state: State) -> int | None:
    """The first moment after the clock, in POSIX seconds, at which an attest would change more than the clock.

    None in a house without a clock, and where nothing waits.
    """
    clock = state.clock
    if clock is None:
        return None
    return min((moment for moment in _moments(state) if moment > clock), default=None)


def _moments(state: State) -> Iterator[int]:
    proposals = state.parts["proposals"]
    for waiting in state.opened:
        proposal = proposals[waiting]
        # Open until its last second, and expired in the one after it.
        yield proposal.not_after + 1
        yield proposal.waits_until
    for acted in state.undo:
        yield proposals[acted].ratify_until + 1
    for seat in state.parts["seats"].values():
        yield seat.until
    for delegation in state.parts["delegations"].values():
        yield delegation.until
    yield from state.parts["origins"].values()
    for member in state.parts["members"].values():
        # Not judged by an attest, but by the clock that a proposal meets: it must not be older than this.
        yield member.counts_from
        yield member.weighs_from

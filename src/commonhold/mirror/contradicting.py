"""Making the proof that two successions exclude each other, from a node's own copies (docs/formats/two-successions.md)."""

from __future__ import annotations

from commonhold.kernel.record.history import Chapter
from commonhold.kernel.record.succession import epoch_of
from commonhold.kernel.record.twosuccessions import MAX_APPROVALS, Proved, Succession, TwoSuccessions
from commonhold.kernel.tlog.checkpoint import open_checkpoint
from commonhold.mirror.follower import Follower


def contradiction_of(org: str, logs: list[tuple[Follower, Chapter]]) -> TwoSuccessions | None:
    """The proof that the first two of these decided successions exclude each other; None if what is held does not make it.

    Raises:
        ProofError, FormatError, StoreError: if a copy cannot be read.
    """
    made: list[Succession] = []
    keys = {}
    for follower, chapter in logs[:2]:
        note = follower.whole()
        epoch, decided = epoch_of(chapter.state), chapter.decided
        if note is None or epoch is None or decided is None:
            return None
        checkpoint, opened = open_checkpoint(note, [follower.log])
        proposal = decided.parts["proposals"][epoch.proposal]
        base = chapter.state.base
        acts = [proposal.approvals[name].index for name in epoch.approvers if name in proposal.approvals]
        places = [0, proposal.index - base, *(index - base for index in sorted(acts)[:MAX_APPROVALS])]
        if max(places) >= checkpoint.size or checkpoint.size > chapter.tree.size:
            return None
        entries = tuple(
            Proved(place, leaf, tuple(chapter.tree.inclusion_proof(place, checkpoint.size)))
            for place, leaf in zip(places, follower.leaves(places), strict=True)
        )
        made.append(Succession(follower.log, f"{opened.text}\n{opened.verified[0][1].line}", entries))
        for name in epoch.approvers:
            if name in proposal.approvals:
                key = proposal.approvals[name].key
                keys[key] = chapter.state.public[key].to_value()
    return TwoSuccessions(org, (made[0], made[1]), keys) if len(made) == 2 else None

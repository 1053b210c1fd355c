"""History: the logs of several epochs, folded into one line, and where the organisation lives now (DESIGN 3.4).

Whoever reads brings every log of the organisation that they could find. Each is verified by itself: its leaves fold to a root that its own
log key signed. Then the line is followed from the founding: where epochs branch off, one stands if its succession was decided there, if
nothing that the epoch before decided later displaces it, and if it is the only one. Nothing is guessed: two that stand leave the reader with
a contradiction.

A decision of the old epoch after the branch strikes the members who approved it from the succession, and so does a changed kit; a succession
that does not meet its rule without them is displaced (ADR 0017). So a recall by a majority cannot be branched away, and neither junk nor
what a few decide among themselves can block a majority. Whether answers are fresh is ``freshness``' business.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from commonhold.kernel import b64
from commonhold.kernel.errors import CommonholdError, ProofError, RuleError
from commonhold.kernel.ids import origin_of
from commonhold.kernel.notes import VerifierKey
from commonhold.kernel.record import tally
from commonhold.kernel.record.bodies import Parent
from commonhold.kernel.record.entries import Entry, parse_entry
from commonhold.kernel.record.fold import Outcome
from commonhold.kernel.record.jobs import Verifier, here
from commonhold.kernel.record.partners import mirror_keys, times_under
from commonhold.kernel.record.replay import Replay
from commonhold.kernel.record.state import Epoch, Proposal, State
from commonhold.kernel.record.succession import branch, epoch_of
from commonhold.kernel.tlog.checkpoint import open_checkpoint, open_cosigned
from commonhold.kernel.tlog.merkle import Tree

MAX_LOGS: Final = 256
WEIGHED_PARTS: Final = ("members", "partners", "rules", "seats")
"""Parts of the state in which a later checkpoint of the old epoch must differ if it is to displace a branch; keys stand with the members."""
WEIGHED_KINDS: Final = frozenset({"admit", "amend", "appoint", "dismiss", "expel", "partner", "recover-member", "rotate-key"})
"""Decisions that change those parts by other people's approval."""


@dataclass(frozen=True, slots=True)
class Log:
    """One log of the organisation as somebody holds it: its newest signed checkpoint, and all leaves under it, in order."""

    note: bytes
    leaves: Sequence[bytes] = field(repr=False)


@dataclass(slots=True)
class Chapter:
    """One epoch's log, verified and folded.

    Args:
        state: after all its leaves.
        times: when each partner of its policy in force cosigned its checkpoint, in POSIX seconds, by name.
        branches: the states at the places where other logs branch off, by this log's size there.
        decided: the state in which its succession was enacted; None if it was not, and in the first epoch.
    """

    origin: str
    parent: Parent | None
    state: State
    tree: Tree
    outcomes: list[Outcome] = field(repr=False)
    times: Mapping[str, int]
    branches: Mapping[int, State] = field(repr=False)
    decided: State | None = None

    @property
    def lives(self) -> bool:
        """Whether the organisation has decided to live here; whether that stands depends on the other chapters."""
        return self.state.phase == "running"

    @property
    def witnessed(self) -> int:
        """How many entries of this log partners who meet its policy have cosigned, in its checkpoint or in an attest."""
        if self.state.policy is not None and self.state.policy.time(self.times) is not None:
            return self.tree.size
        return max(0, self.state.covered - self.state.base)


@dataclass(frozen=True, slots=True)
class History:
    """What the logs say together.

    Args:
        line: the epochs in which the organisation has lived, the present one last.
        contradiction: origins (or one origin, twice) of which none can be preferred; the line then ends before them.
        passed_over: epochs and faces of logs that do not stand, and why.
        refused: logs that could not be believed at all, by their place among those given, and why.
    """

    line: tuple[Chapter, ...]
    contradiction: tuple[str, ...]
    passed_over: Mapping[str, CommonholdError]
    refused: Mapping[int, CommonholdError]

    @property
    def current(self) -> Chapter:
        """The epoch in which the organisation lives now."""
        return self.line[-1]


def read_history(org: str, logs: Sequence[Log], verifier: Verifier = here) -> History:
    """The line of an organisation through all the logs that somebody could find.

    The order of *logs* does not matter.

    Args:
        org: the organisation's id, known from elsewhere.

    Raises:
        ProofError: if none of them is the organisation's first.
    """
    chapters, refused = _read(org, logs, verifier)
    return follow_line(org, chapters, refused)


def follow_line(org: str, chapters: Sequence[Chapter], refused: Mapping[int, CommonholdError] | None = None) -> History:
    """The line through chapters that were verified and folded already, as :func:`read_history` finds it.

    For whoever keeps them in step with their logs, such as a partner: each chapter's leaves fold to a root that its own log key signed,
    and ``branches`` holds every place where another one branches off.

    Args:
        refused: what could not be believed, to be said with the rest.

    Raises:
        ProofError: if none of them is the organisation's first.
    """
    refused = refused or {}
    passed_over: dict[str, CommonholdError] = {}
    standing = _faces([chapter for chapter in chapters if chapter.parent is None], passed_over)
    if not standing:
        raise ProofError(
            f"none of the {len(chapters) + len(refused)} logs is the first of the organisation {org[:12]}",
            code="history/no-founding",
            next_step="Fetch the record from a partner, and compare the organisation's id with what you know from elsewhere.",
            data={"refused": {place: error.code for place, error in refused.items()}},
        )
    line: list[Chapter] = []
    twice: frozenset[str] = frozenset()
    while True:
        following, twice = _following(standing, chapters, twice, passed_over)
        if not following or (len(_opens(standing)) > 1 and len(_opens(following)) > 1):
            break
        # Members who are in a contradiction get out of it by another succession, in which those who signed twice have no voice. Of two faces of
        # one log either will do, up to where all that follows branches off; nobody guesses between what branches off one of them alone.
        before = next((chapter for chapter in standing if all(_is_parent(chapter, child) for child in following)), None)
        if before is None:
            break
        line.append(before)
        standing = following
    if len(standing) > 1:
        return History(tuple(line) or (standing[0],), tuple(chapter.origin for chapter in standing), passed_over, refused)
    return History((*line, *standing), (), passed_over, refused)


def _read(org: str, logs: Sequence[Log], verifier: Verifier) -> tuple[list[Chapter], dict[int, CommonholdError]]:
    """Verify and fold every log that can be, parents before children."""
    refused: dict[int, CommonholdError] = {}
    firsts: dict[int, Entry] = {}
    for place, log in enumerate(logs):
        try:
            if place >= MAX_LOGS:
                raise RuleError(f"at most {MAX_LOGS} logs are read together", code="history/too-many")
            firsts[place] = _first(org, log)
        except CommonholdError as error:
            refused[place] = error
    wanted: dict[str, set[int]] = {}
    for entry in firsts.values():
        if entry.type == "open":
            wanted.setdefault(entry.body.parent.origin, set()).add(entry.body.parent.size)
    chapters: list[Chapter] = []
    for place, entry in sorted(firsts.items(), key=lambda item: item[1].epoch):
        try:
            chapters.append(_fold(org, logs[place], entry, chapters, wanted, verifier))
        except CommonholdError as error:
            refused[place] = error
    return chapters, refused


def _first(org: str, log: Log) -> Entry:
    if not log.leaves:
        raise ProofError("the log holds nothing", code="history/no-first-entry")
    entry = parse_entry(log.leaves[0])
    if entry.type not in ("found", "open") or (entry.id if entry.type == "found" else entry.org) != org:
        raise ProofError(f"the log does not begin with an entry that founds or opens an epoch of {org[:12]}", code="history/no-first-entry")
    return entry


def _fold(org: str, log: Log, first: Entry, chapters: Iterable[Chapter], wanted: Mapping[str, set[int]], verifier: Verifier) -> Chapter:
    log_key = b64.decode(first.body.log_key, length=32, what="log key")
    origin = origin_of(org, first.epoch, log_key)
    # Whether anybody signed these leaves at all is settled before a single member's signature is looked at.
    checkpoint, _ = open_checkpoint(log.note, [VerifierKey.of(origin, log_key)], origin=origin)
    parent = first.body.parent if first.type == "open" else None
    replay = Replay(_start(parent, chapters))
    outcomes: list[Outcome] = []
    branches: dict[int, State] = {}
    decided: State | None = None
    places = wanted.get(origin, set())
    for outcome in replay.run(log.leaves[: checkpoint.size], verifier):
        outcomes.append(outcome)
        state = replay.state
        if state.size - state.base in places:
            branches[state.size - state.base] = state
        if any(event.name == "enacted" and event.data["kind"] == "succeed" for event in outcome.events):
            decided = state
    if (replay.tree.size, replay.tree.root()) != (checkpoint.size, checkpoint.root):
        raise ProofError(f"the leaves are not those that the log {origin} has signed", code="history/root")
    state = replay.state
    if state.phase == "branched":
        raise RuleError(f"the log does not open an epoch: {outcomes[0].words}", code=outcomes[0].code)
    signed = open_cosigned(log.note, [VerifierKey.of(origin, log_key)], mirror_keys(state), origin=origin)
    times = times_under(state.policy, signed.cosignatures) if state.policy is not None else {}
    return Chapter(origin, parent, state, replay.tree, outcomes, times, branches, decided)


def _start(parent: Parent | None, chapters: Iterable[Chapter]) -> State | None:
    """Where a log begins: with nothing, or at its branch, if a chapter that was read has that place."""
    if parent is None:
        return None
    for chapter in chapters:
        if chapter.origin == parent.origin and parent.size in chapter.branches:
            root = chapter.tree.root(parent.size)
            if b64.encode(root) == parent.root:
                return branch(chapter.branches[parent.size], root)
    raise ProofError(
        f"the epoch branches off {parent.origin} at {parent.size}, and none of the logs at hand has that place",
        code="history/no-parent",
        next_step="Fetch the record of the epoch before from a partner; who withholds it may have a reason.",
        data={"origin": parent.origin, "size": parent.size},
    )


def _faces(chapters: Sequence[Chapter], passed_over: dict[str, CommonholdError]) -> list[Chapter]:
    """Of several copies of one log those that count: the longest if they agree, and of two faces the one that partners have cosigned."""
    kept: list[Chapter] = []
    for chapter in sorted(chapters, key=lambda chapter: (-chapter.tree.size, -chapter.witnessed)):
        if not any(longer.tree.root(chapter.tree.size) == chapter.tree.root() for longer in kept if longer.origin == chapter.origin):
            kept.append(chapter)
    out: list[Chapter] = []
    for chapter in kept:
        others = [other for other in kept if other.origin == chapter.origin and other is not chapter]
        if chapter.witnessed <= (alike := _alike(chapter, others)) and sum(other.witnessed > alike for other in others) == 1:
            words = f"the log {chapter.origin} showed two faces, and partners have cosigned the other"
            passed_over[f"{chapter.origin}#{chapter.tree.root().hex()[:12]}"] = ProofError(words, code="history/other-face")
        else:
            out.append(chapter)
    return out


def _alike(chapter: Chapter, others: Sequence[Chapter]) -> int:
    """How many entries a log has in common with all its other faces."""
    return bisect_left(
        range(1, min(face.tree.size for face in (chapter, *others)) + 1),
        1,
        key=lambda size: sum(other.tree.root(size) != chapter.tree.root(size) for other in others),
    )


def _following(
    standing: Sequence[Chapter], chapters: Sequence[Chapter], without: frozenset[str], passed_over: dict[str, CommonholdError]
) -> tuple[list[Chapter], frozenset[str]]:
    """The epochs that stand after these (none, one, or several of which no one can be preferred), and who signed for more than one.

    Args:
        without: members who have no voice, because they signed for several of those that stand.
    """
    following = _faces([child for child in chapters if any(_is_parent(chapter, child) for chapter in standing)], passed_over)
    candidates: list[Chapter] = []
    struck: list[frozenset[str]] = []
    for child in following:
        parents = [chapter for chapter in standing if _is_parent(chapter, child)]
        lost = without.union(*(struck_later(chapter, child) for chapter in parents))
        if not child.lives:
            passed_over[child.origin] = RuleError("its succession has not been decided", code="history/not-decided")
        elif not still_meets(child, lost):
            words = f"it does not meet its rule without {', '.join(sorted(lost))}, who decided otherwise in the epoch before it, or signed twice"
            passed_over[child.origin] = RuleError(words, code="history/displaced", data={"struck": sorted(lost)})
        else:
            candidates.append(child)
            struck.append(lost)
    # By opening: the faces of one epoch's log are one succession. Whoever holds its key makes any number of them, and nobody has signed twice for it.
    voices: dict[str, set[str]] = {}
    for child in candidates:
        voices.setdefault(_opening(child), set()).update(approvers_of(child))
    if len(voices) < 2:
        return candidates, frozenset()
    counts = Counter(name for names in voices.values() for name in names)
    twice = frozenset(name for name, count in counts.items() if count > 1)
    meets = [still_meets(child, lost | twice) for child, lost in zip(candidates, struck, strict=True)]
    alone = [child for child, meeting in zip(candidates, meets, strict=True) if meeting]
    if len(_opens(alone)) != 1:
        return candidates, twice
    for child, meeting in zip(candidates, meets, strict=True):
        if not meeting:
            words = f"it does not meet its rule without {', '.join(sorted(twice))}, who signed for two epochs"
            passed_over[child.origin] = RuleError(words, code="history/double-signers", data={"struck": sorted(twice)})
    return alone, frozenset()


def _opening(chapter: Chapter) -> str:
    """The entry that opened the chapter's epoch: what its members have decided on, whatever its log shows besides. Empty for the founding's."""
    epoch = epoch_of(chapter.state)
    return epoch.open if epoch is not None else ""


def _opens(chapters: Iterable[Chapter]) -> set[str]:
    return {_opening(chapter) for chapter in chapters}


def _is_parent(chapter: Chapter, child: Chapter) -> bool:
    parent = child.parent
    if parent is None or parent.origin != chapter.origin or parent.size > chapter.tree.size:
        return False
    return b64.encode(chapter.tree.root(parent.size)) == parent.root


def struck_later(old: Chapter, child: Chapter) -> frozenset[str]:
    """The members whose voice for *child* is outweighed by what they did in the *old* epoch after the branch.

    Those who approved something there that changed members, seats, rules, keys or partners, and those whose kit is not the one that signed.
    """
    assert child.parent is not None, "only an epoch that branches off has one before it"  # noqa: S101 - for the types
    at, final = old.branches[child.parent.size], old.state
    if all(at.parts[part] == final.parts[part] for part in WEIGHED_PARTS):
        return frozenset()
    struck: set[str] = set()
    for proposal in final.part("proposals").values():
        if proposal.status == "enacted" and proposal.closed >= at.size and proposal.kind in WEIGHED_KINDS:
            struck |= proposal.approvals.keys()
    for name, member in at.active_members():
        now = final.member(name)
        if now is None or now.kit != member.kit:
            struck.add(name)
    return frozenset(struck)


def approvers_of(child: Chapter) -> tuple[str, ...]:
    """The members whose approval counted when the epoch's succession was decided."""
    epoch = epoch_of(child.state)
    return epoch.approvers if epoch is not None else ()


def still_meets(child: Chapter, without: frozenset[str]) -> bool:
    """Whether the epoch's succession meets every rule without these members, counted as when it was decided."""
    epoch: Epoch | None = epoch_of(child.state)
    assert child.decided is not None and epoch is not None, "only asked of an epoch that the members decided"  # noqa: S101, PT018 - for the types
    proposal: Proposal = child.decided.parts["proposals"][epoch.proposal]
    limit = child.decided.size if epoch.unwitnessed else child.decided.covered
    only = frozenset(epoch.approvers) - without
    standings = tally.standings(child.decided, epoch.proposal, proposal, limit, only=only, candidates=False)
    return all(not standing.missing for standing in standings)

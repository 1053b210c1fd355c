"""The logs of several epochs in one place, and the folder of a new one (DESIGN 3.4, docs/formats/epochs.md).

A record of a later epoch rests on the logs before it, so its folder holds them: ``epochs/N/`` beside the checkpoint, each a static tree of its
own, as whoever opened the epoch had it. This module replays them to the branch, gathers the logs of many places for ``kernel.record.history``
to read as one, and writes them into a new folder. What any of them means is the kernel's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from commonhold.kernel import b64
from commonhold.kernel.errors import FormatError, ProofError, RuleError
from commonhold.kernel.kinds import STATE_KINDS
from commonhold.kernel.notes import VerifierKey, parse_note
from commonhold.kernel.record.entries import Entry, parse_entry
from commonhold.kernel.record.fold import Outcome
from commonhold.kernel.record.freshness import judge_freshness, read_answers
from commonhold.kernel.record.history import MAX_LOGS, History, Log, read_history
from commonhold.kernel.record.keeping import charter_texts, kept_objects
from commonhold.kernel.record.replay import Replay
from commonhold.kernel.record.state import State
from commonhold.kernel.record.succession import branch
from commonhold.kernel.record.verdict import Verdict, judge_history
from commonhold.kernel.tlog.checkpoint import open_checkpoint, parse_checkpoint
from commonhold.kernel.tlog.merkle import Tree, leaf_hash
from commonhold.store.edge import Edge, frame
from commonhold.store.files import DirectoryFiles
from commonhold.store.handing import digests_in
from commonhold.store.reader import CHECKPOINT, StaticReader

EPOCHS: Final = "epochs"
_WITH_TEXTS: Final = frozenset({"amend", "statement", "release", "emergency-release"})
"""The kinds that the kernel knows whose payloads name texts; those that only the charter defines all do."""


def first_entry(reader: StaticReader) -> tuple[Entry, int]:
    """A log's first entry, and the size that its checkpoint claims; nothing is verified.

    Raises:
        FormatError: if the log is empty, or its first entry neither founds an organisation nor opens an epoch.
        StoreError: if it cannot be read.
    """
    size = parse_checkpoint(parse_note(reader.checkpoint_raw()).text).size
    if not size:
        raise FormatError(
            "the record has no entries, not even a founding",
            code="record/empty",
            next_step="Its founding was never finished: found it again in an empty folder.",
        )
    entry = parse_entry(next(reader.entries(0, 1, size)))
    if entry.type not in ("found", "open"):
        raise FormatError(f"the record begins with a {entry.type} entry, not with a founding", code="record/no-founding")
    if entry.type == "open" and not 0 < entry.epoch < MAX_LOGS:
        raise FormatError(f"the record claims to be epoch {entry.epoch}, and at most {MAX_LOGS - 1} are read", code="record/epoch")
    return entry, size


def branch_below(reader: StaticReader, opening: Entry) -> tuple[State, tuple[Outcome, ...]]:
    """The state in which the epoch of *opening* begins, and what the logs before it brought about; each is replayed up to its branch.

    Their entries must fold to the root that *opening* names, so no signature of a log is needed.

    Raises:
        ProofError: if they do not.
        FormatError, RuleError, StoreError: if one is absent, damaged, or none that the organisation lived in.
    """
    chain = [(reader, opening, 0)]
    while chain[-1][1].type == "open":
        entry = chain[-1][1]
        below = reader.earlier(entry.epoch - 1)
        first, size = first_entry(below)
        if first.epoch != entry.epoch - 1 or size < entry.body.parent.size:
            raise ProofError(
                f"epoch {entry.epoch} branches off epoch {entry.epoch - 1} at entry {entry.body.parent.size}, and what is kept of that is epoch {first.epoch} up to {size}",
                code="history/no-parent",
                next_step="Fetch the record again, or from another copy.",
            )
        chain.append((below, first, size))
    state: State | None = None
    outcomes: list[Outcome] = []
    for (below, _, size), (_, entry, _) in zip(reversed(chain), reversed(chain[:-1]), strict=False):
        replay, at = Replay(state), entry.body.parent.size
        outcomes += [outcome for outcome in replay.run(below.entries(0, at, size)) if outcome.events or not outcome.counts]
        root = replay.tree.root()
        if b64.encode(root) != entry.body.parent.root:
            raise ProofError(
                f"what is kept of epoch {entry.epoch - 1} is not the log that epoch {entry.epoch} branches off",
                code="record/root",
                next_step="Fetch the record again, or from another copy, and keep this one as evidence.",
            )
        state = branch(replay.state, root)
    assert state is not None, "an opening has an epoch before it"  # noqa: S101 - for the types
    return state, tuple(outcomes)


def logs_at(reader: StaticReader) -> Iterator[Log]:
    """The log at a place and those of the epochs before it that are kept there; unverified.

    Raises:
        FormatError, StoreError: if one is absent or damaged.
    """
    entry, _ = first_entry(reader)
    for each in (*(reader.earlier(epoch) for epoch in range(entry.epoch)), reader):
        raw = each.checkpoint_raw()
        size = parse_checkpoint(parse_note(raw).text).size
        yield Log(raw, tuple(each.entries(0, size, size)))


def branch_at(reader: StaticReader, size: int | None) -> tuple[State, list[Log]]:
    """Where the next epoch begins if it branches off the record at a place, and the logs that it takes along.

    Args:
        size: after how many entries of that record's newest log; None for all of them.

    Raises:
        ProofError, FormatError, StoreError: if the record does not verify.
        RuleError: if the organisation does not live there, or the log is shorter.
    """
    logs = list(logs_at(reader))
    first, claimed = first_entry(reader)
    at = claimed if size is None else size
    if at > claimed:
        raise RuleError(
            f"the log has {claimed} entries, and the epoch would branch off after {at}",
            code="epoch/no-place",
            next_step="Leave --at out to take all of them.",
        )
    replay = Replay(branch_below(reader, first)[0] if first.type == "open" else None)
    for _ in replay.run(logs[-1].leaves[:at]):
        pass
    state, root = replay.state, replay.tree.root()
    # Whoever served the leaves must have signed them: the branch says that this is where the old log was.
    checkpoint, _ = open_checkpoint(logs[-1].note, [VerifierKey.of(state.origin, state.log_key)], origin=state.origin)
    whole = Tree([leaf_hash(leaf) for leaf in logs[-1].leaves])
    if (whole.size, whole.root()) != (checkpoint.size, checkpoint.root):
        raise ProofError(f"the leaves are not those that the log {state.origin} has signed", code="history/root")
    return branch(state, root), logs


def read_history_of(
    org: str, logs: Sequence[Log], now: int, heads: Callable[[str], Iterable[bytes]] | None = None
) -> tuple[History, Verdict]:
    """What these logs say together, and the verdict on the organisation; their checkpoints are also the answers of who cosigned them.

    Args:
        org: the organisation's id, known from elsewhere.
        now: the reader's clock, in POSIX seconds.
        heads: gives further checkpoints of the log of an origin, as partners have cosigned them.

    Raises:
        ProofError: if none of them is the organisation's first.
    """
    history = read_history(org, logs)
    current = history.current
    answers = read_answers(current.state, current.tree.root, [*(log.note for log in logs), *(heads(current.origin) if heads else ())])
    return history, judge_freshness(judge_history(history), current.state, answers, now)


def texts_named(state: State) -> tuple[str, ...]:
    """The digests of the objects that a record names: what its seals need, the charter's texts, and those of everything that was proposed.

    In the order in which they matter: without the first nobody can open what is sealed. Works, and what is to be erased, are no texts.
    """
    found = [*kept_objects(state), *charter_texts(state)]
    for proposal in state.part("proposals").values():
        if proposal.kind in _WITH_TEXTS or proposal.kind not in STATE_KINDS:
            # A redline's `base` and `result` are digests of whole charters, which are no objects.
            found += digests_in({name: value for name, value in proposal.payload.items() if name not in {"base", "result"}})
    return tuple(dict.fromkeys(found))


def write_earlier(files: DirectoryFiles, logs: Sequence[Log]) -> None:
    """Write the logs of epochs 0 and up, in order, where the record of the next one keeps them; durable when this returns.

    Raises:
        StoreError: if the disk refuses.
    """
    names = []
    for epoch, log in enumerate(logs):
        size = parse_checkpoint(parse_note(log.note).text).size
        _, written = Edge().extend([frame(leaf) for leaf in log.leaves[:size]])
        for name, data in (*written, (CHECKPOINT, log.note)):
            files.write(f"{EPOCHS}/{epoch}/{name}", data)
            names.append(f"{EPOCHS}/{epoch}/{name}")
    files.sync(names)

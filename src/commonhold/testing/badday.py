"""The bad day, simulated: hostile operators, partners who lie, lag or are down, members who sign for everybody, readers who see a part.

Real entries, kits, cosignatures and folds; only disks, networks and clocks are played. Seven members, of whom three are hostile, and a policy of three
of four partners, of whom one lies: so two quorums share two partners, one of them honest, and neither the hostile members nor the liar decide
anything alone. What every reader must be spared stands in :meth:`BadDay.check_reader`; that an honest majority gets back in :meth:`BadDay.recover`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from commonhold.kernel import ed25519
from commonhold.kernel.record.fold import fold
from commonhold.kernel.record.freshness import FRESH_SECONDS, judge_freshness, read_answers
from commonhold.kernel.record.history import History, Log, read_history
from commonhold.kernel.record.state import value_of
from commonhold.kernel.record.succession import epoch_of
from commonhold.kernel.record.verdict import OFFICIAL, Verdict, judge_history
from commonhold.kernel.tlog.merkle import Tree, leaf_hash
from commonhold.testing.house import MemoryHouse

HONEST: Final = ("heron", "tern", "plover", "curlew")
HOSTILE: Final = ("dunlin", "gannet", "knot")
LIAR: Final = "sedge"
PARTNERS: Final = ("kestrel", "merlin", "hobby", LIAR)
QUORUM: Final = 3
SKEW: Final = 60
"""How far an honest clock may be off, in seconds."""


@dataclass
class Partner:
    """A partner node. An honest one signs what extends what it has signed, and nothing for a log whose succession it has replayed."""

    name: str
    skew: int = 0
    up: bool = True
    heads: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    frozen: set[str] = field(default_factory=set)

    def signs(self, house: MemoryHouse) -> bool:
        """Whether it cosigns this log as it is now, and remembers that it did."""
        if self.name == LIAR:
            return self.up
        origin, tree = house.state.origin, house.tree
        size, root = self.heads.get(origin, (0, tree.root(0)))
        if not self.up or origin in self.frozen or size > tree.size or tree.root(size) != root:
            return False
        self.heads[origin] = (tree.size, tree.root())
        epoch = epoch_of(house.state)
        if epoch is not None and epoch.proposal:
            self.frozen.add(epoch.parent.origin)
        return True


@dataclass(frozen=True)
class Told:
    """That a reader with a right clock was told a plain "official", at a time, of a log up to a size."""

    at: int
    origin: str
    parent: str
    tree: Tree


class BadDay:
    """A world with one organisation in it."""

    def __init__(self, charter: Mapping[str, Any], start: int) -> None:
        members = (*HONEST, *HOSTILE)
        house = MemoryHouse(charter, members, {"chair": HOSTILE[0]}, seed="bad day")
        house.accept_all()
        self.policy = house.make_partners(*PARTNERS, k=QUORUM)
        decided = house.propose(members[0], "partner", self.policy)
        house.approve(decided, *HONEST)
        self.now = start
        self.org, self.kits = house.org, dict(house.kits)
        self.partners = {name: Partner(name) for name in PARTNERS}
        self.logs = [house]
        self.honest = {house.state.origin}
        self.notes: dict[int, list[tuple[int, bytes]]] = {}
        self.told: list[Told] = []
        assert house.attest(dict.fromkeys(PARTNERS, start)).counts
        self.cosign(0)

    # ------------------------------------------------------------------------------------------- what hostile operators and members do

    def fork(self, at: int, back: int) -> None:
        """Show another face of a log that shares all entries but the newest *back*, under the same log key."""
        house = self.logs[at]
        face = copy.copy(house)
        size = max(1, house.tree.size - back)
        face.leaves, face.outcomes = house.leaves[:size], house.outcomes[:size]
        face.tree = Tree([leaf_hash(leaf) for leaf in face.leaves])
        face.state = fold(face.leaves, face.start)
        self.logs.append(face)

    def open_epoch(self, at: int, back: int, name: str) -> MemoryHouse | None:
        """Open an epoch that leaves out the newest *back* entries of a log; None where the organisation does not live there."""
        house = self.logs[at]
        size = max(1, house.tree.size - back)
        if fold(house.leaves[:size], house.start).phase != "running":
            return None
        following = house.branch_off(f"epoch {len(self.logs)}", size)
        if not following.open(name, self.policy if following.state.policy is not None else None).counts:
            return None
        self.logs.append(following)
        return following

    def rival(self, at: int, back: int) -> None:
        """All hostile members proclaim an epoch of their own, with and without witnesses, and bring every signature that they ever saw."""
        following = self.open_epoch(at, back, HOSTILE[0])
        if following is None:
            return
        epoch = epoch_of(following.state)
        assert epoch is not None
        for extra in ({}, {"unwitnessed": True}):
            outcome = following.act(HOSTILE[0], "propose", kind="succeed", payload={"open": epoch.open, **extra}, not_after=1 << 40)
            for name in HOSTILE if outcome.entry is not None else ():
                following.act(name, "approve", proposal=outcome.entry.id)  # type: ignore[union-attr] # asked above
        for leaf in {leaf for house in self.logs for leaf in house.leaves if b'"type":"approve"' in leaf}:
            following.append(leaf)

    def double_sign(self) -> None:
        """Hostile members approve every succession that there is, wherever it stands."""
        for house in self.logs:
            for key, proposal in list(house.state.part("proposals").items()):
                if proposal.kind == "succeed" and proposal.status == "open":
                    for name in HOSTILE:
                        house.act(name, "approve", proposal=key)

    # ------------------------------------------------------------------------------------------------------------ what everybody does

    def propose(self, at: int, name: str, kind: str, payload: Mapping[str, Any]) -> None:
        """Any act of any member on any log; honest ones decide no succession this way."""
        self.logs[at].act(name, "propose", kind=kind, payload=dict(payload), not_after=1 << 40)

    def approve(self, at: int, name: str, number: int) -> None:
        """An approval of something open; honest members approve no epoch but the one that they have agreed on."""
        state = self.logs[at].state
        able = [key for key in state.opened if name in HOSTILE or state.parts["proposals"][key].kind != "succeed"]
        if able:
            self.logs[at].act(name, "approve", proposal=sorted(able)[number % len(able)])

    def cosign(self, at: int, lie: int = 0, asked: Iterable[str] = PARTNERS) -> dict[str, int]:
        """Ask partners for their cosignatures; what they gave is kept for readers. *lie*: how far off the liar's clock is."""
        house = self.logs[at]
        times = {name: self.now + (lie if name == LIAR else self.partners[name].skew) for name in asked if self.partners[name].signs(house)}
        if times:
            self.notes.setdefault(at, []).append((house.tree.size, house.note(times).encode()))
        return times

    def attest(self, at: int, lie: int = 0, asked: Iterable[str] = PARTNERS) -> None:
        """Ask partners, and put their answer into the log if it is one."""
        house = self.logs[at]
        if times := self.cosign(at, lie, asked):
            house.attest(times)

    # ------------------------------------------------------------------------------------------------------------------------ readers

    def read(self, chosen: Sequence[int], *, clock: int = 0, oldest: bool = False) -> tuple[History, Verdict] | None:
        """What a reader is told who found these logs (the newest or the oldest answers about them); None without the first log.

        Args:
            clock: how far the reader's clock is off, in seconds.
        """
        logs = []
        for at in dict.fromkeys(chosen):
            house = self.logs[at]
            size, note = (self.notes.get(at) or [(house.tree.size, house.checkpoint())])[0 if oldest else -1]
            logs.append(Log(note, tuple(house.leaves[:size])))
        if not any(self.logs[at].start is None for at in chosen):
            return None
        history = read_history(self.org, logs)
        current = history.current
        answers = read_answers(current.state, current.tree.root, [log.note for log in logs])
        verdict = judge_freshness(judge_history(history), current.state, answers, self.now + clock)
        self.check_reader(history, verdict, right=abs(clock) <= SKEW)
        return history, verdict

    def check_reader(self, history: History, verdict: Verdict, *, right: bool) -> None:
        """Assert that nobody is told "official" for what no charter-satisfying set decided.

        Whatever the clock: the line holds no epoch but those that the honest majority decided, and every decision in it that takes a majority has
        one, counted from the leaves with a pencil. With a right clock: no plain "official" contradicts an earlier one, or takes it back once what
        made that one fresh is old.
        """
        if not verdict.is_yes:
            return
        current = history.current
        strays = [chapter.origin for chapter in history.line if chapter.origin not in self.honest]
        assert not strays, f"official, in an epoch that the members never decided: {strays}"
        voices: dict[str, set[str]] = {}
        for chapter in history.line:
            for outcome in chapter.outcomes:
                entry = outcome.entry
                if entry is not None and entry.type == "approve" and entry.sig is not None:
                    kit = self.kits[entry.by].keys
                    if ed25519.is_valid(kit.sign, entry.signed_bytes, entry.sig.value):
                        voices.setdefault(entry.body.proposal, set()).add(entry.by)
        for key, proposal in current.state.part("proposals").items():
            if proposal.status == "enacted":
                assert len(voices.get(key, ())) > len(self.kits) // 2, f"official, and decided by {voices.get(key)}: {value_of(proposal)}"
        if verdict.code == OFFICIAL and right:
            told = Told(self.now, current.origin, current.parent.origin if current.parent else "", current.tree)
            for before in self.told:
                self._check_pair(before, told)
            self.told.append(told)

    @staticmethod
    def _check_pair(before: Told, now: Told) -> None:
        late = now.at - before.at > FRESH_SECONDS + 3 * SKEW
        if before.origin == now.origin:
            common = min(before.tree.size, now.tree.size)
            assert before.tree.root(common) == now.tree.root(common), "two readers were told that two faces of one log are official"
            assert not (late and now.tree.size < before.tree.size), "what was official was taken back"
        assert not (late and before.parent == now.origin), "the log that the members left is official again"

    # ----------------------------------------------------------------------------------------------------------------------- recovery

    def recover(self) -> None:
        """With three honest partners up again, the honest majority opens an epoch, and whoever reads everything is told "official"."""
        for partner in self.partners.values():
            partner.up = partner.name != LIAR
        whole = self.read(range(len(self.logs)))
        assert whole is not None
        # Where they live; and if that log showed two faces, that log all the same: an epoch off the one before would be a rival to their own.
        [left] = set(whole[0].contradiction) or {whole[0].current.origin}
        able = [at for at, house in enumerate(self.logs) if house.state.origin == left]
        # Of several faces the one that most honest partners hold, and as far as they do: theirs are the copies that anybody can fetch.
        held = {at: [size for partner in self.partners.values() if (size := self._holds(partner, self.logs[at]))] for at in able}
        at = max(able, key=lambda at: (len(held[at]), max(held[at], default=0)))
        following = self.open_epoch(at, self.logs[at].tree.size - max(held[at]), HONEST[0])
        assert following is not None
        self.honest.add(following.state.origin)
        following.succeed(*HONEST)
        self.now += SKEW
        self.attest(len(self.logs) - 1)
        assert following.state.phase == "running"
        self.now += SKEW
        self.cosign(len(self.logs) - 1)
        told = self.read(range(len(self.logs)))
        assert told is not None
        assert told[1].code == OFFICIAL, f"{told[1].words}; {told[0].passed_over}; {told[0].refused}"
        assert told[0].current.origin == following.state.origin

    @staticmethod
    def _holds(partner: Partner, house: MemoryHouse) -> int:
        size, root = partner.heads.get(house.state.origin, (0, b""))
        honest = partner.name != LIAR and size <= house.tree.size and house.tree.root(size) == root
        return size if honest else 0


__all__ = ["HONEST", "HOSTILE", "LIAR", "PARTNERS", "BadDay", "Partner", "Told"]

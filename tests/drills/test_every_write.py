"""A partner node, and an organisation's log, really killed at every single change that they make to the disk in all that they know how to do.

After each death the next life opens by the normal path, has everything that was acknowledged, and tells the same story to its end: a mirror's and
a witness's signature, an entry that waits, an alarm, a later epoch, the end of a log; an act, a text and an attest. And nobody was shown two histories.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from commonhold.kernel.errors import CommonholdError, ProofError, StoreError
from commonhold.kernel.ids import origin_of
from commonhold.kernel.notes import SignerKey, VerifierKey
from commonhold.kernel.record.entries import parse_entry
from commonhold.kernel.tlog.checkpoint import Checkpoint, open_checkpoint
from commonhold.kernel.tlog.merkle import Tree, leaf_hash
from commonhold.mirror.asking import Asker
from commonhold.mirror.houselog import HouseLog
from commonhold.mirror.node import HEARTBEAT_SECONDS, Node
from commonhold.mirror.sources import LogSource
from commonhold.mirror.witness import origin_hash
from commonhold.store.fetch import Fetch
from commonhold.store.files import DirectoryFiles
from commonhold.store.log import Log
from commonhold.store.partnerfile import add_partners
from commonhold.store.record import Record
from commonhold.testing.house import MemoryHouse, derive
from tests.cli.houses import House, found
from tests.drills.killing import Instant, Tell, live
from tests.kernel.record.helpers import FAR, FLOCK, T0, Club
from tests.kernel.record.test_succession import opened
from tests.mirror.cosigners import Cosigner
from tests.mirror.helpers import NAME

OLD, NEXT = "https://club.example/record", "https://next.example"
INSTANTS: tuple[Instant, ...] = ("before", "within", "after")
STRIDES = [pytest.param(19, marks=pytest.mark.smoke, id="some"), pytest.param(1, id="every")]


def signer_of(house: MemoryHouse) -> SignerKey:
    return SignerKey(origin_of(house.org, house.state.epoch, house.log.verifier.public), derive(house.seed, "log"))


def publish(house: MemoryHouse, folder: Path, *before: Path) -> Path:
    """The log as it is now in a folder, with those of the epochs before it."""
    with Log.create(DirectoryFiles(folder), signer_of(house).name, signer_of(house)) as log:
        log.append(house.leaves)
    for epoch, one in enumerate(before):
        shutil.copytree(one, folder / "epochs" / str(epoch), ignore=shutil.ignore_patterns(".*"))
    return folder


@dataclass(frozen=True)
class BadDay:
    """What a partner lives through: an organisation's log as it was served at two times, its next epoch likewise, and what was brought."""

    old: tuple[Path, Path]
    new: tuple[Path, Path]
    key: VerifierKey
    notes: tuple[bytes, bytes]
    proof: str
    forged: bytes
    entry: bytes

    @classmethod
    def of(cls, base: Path) -> BadDay:
        club = Club(clocked=True)
        signer = signer_of(club)
        first = publish(club, base / "old1")
        notes, size = [Checkpoint(signer.name, club.tree.size, club.tree.root()).sign(signer)], club.tree.size
        fork = Tree([*(leaf_hash(leaf) for leaf in club.leaves[:-1]), leaf_hash(b"another history")])
        forged = Checkpoint(signer.name, size, fork.root()).sign(signer)
        entry = club.sign(
            "tern", "propose", {"kind": "channel", "payload": {"op": "add", "address": "https://left.example/"}, "not_after": FAR}
        )
        for turn in range(6):
            club.decide("channel", {"op": "add", "address": f"https://club.example/{turn}"}, "heron")
        club.tick()
        second = publish(club, base / "old2")
        notes.append(Checkpoint(signer.name, club.tree.size, club.tree.root()).sign(signer))
        proof = "".join(f"{encoded(one)}\n" for one in club.tree.consistency_proof(size, club.tree.size))
        house = opened(club)
        undecided = publish(house, base / "new1", second)
        house.succeed(*FLOCK[:3])
        assert house.attest(T0 + 50).counts
        decided = publish(house, base / "new2", second)
        return cls((first, second), (undecided, decided), signer.verifier, (notes[0], notes[1]), proof, forged, entry)

    def node(self, folder: Path, places: dict[str, Path], now: Callable[[], int] = lambda: T0 + 100) -> Node:
        def fetch(url: str, **_: Any) -> Fetch:
            if url not in places:
                raise StoreError(f"{url}: nobody answers", code="store/unreachable")
            return lambda name, max_size: DirectoryFiles(places[url]).read(name, max_size)

        return Node(folder, NAME, [LogSource(self.key, OLD)], now, follow=True, fetch=fetch, announced=fetch, post=lambda *_: None)

    def tell(self, folder: Path, tell: Tell) -> None:
        """Everything that a partner does, acknowledged step by step. What was done in an earlier life is done already."""
        places, now = {OLD: self.old[0], NEXT: self.new[0]}, [T0 + 100]
        node = self.node(folder, places, lambda: now[0])
        digest = origin_hash(self.key.name)
        follower = node.followers[digest]

        def look() -> None:
            for each in list(node.followers.values()):
                node.tend(each)
                if (head := each.head()) is not None:
                    tell("mirrored", origin=each.origin, size=head[0], time=head[2])

        look()
        for note, request in zip(self.notes, (b"old 0\n\n", f"old {head_of(self.notes[0])}\n{self.proof}\n".encode()), strict=True):
            places[OLD] = self.old[self.notes.index(note)]
            answer = node.witness.add_checkpoint(request + note)
            # 409 once an earlier life has signed it.
            assert answer.status in (200, 409), answer
            if answer.status == 200:
                tell("witnessed", size=head_of(note))
            look()
            if note is self.notes[0]:
                if not node.frozen.successor(self.key.name):
                    node.take_entry(self.entry)
                    tell("entry", id=parse_entry(self.entry).id)
                with pytest.raises(CommonholdError):
                    follower.cosign(self.forged)
                tell("alarm", kind="two-faces")
        taken = node.successions.announce(NEXT)
        tell("epoch", origin=taken.follower.origin)
        look()
        places[NEXT] = self.new[1]
        now[0] += HEARTBEAT_SECONDS
        look()
        look()
        statement = node.frozen.note(self.key.name)
        assert statement, [each.trouble for each in node.followers.values()]
        tell("frozen", note=statement.decode())
        with pytest.raises(CommonholdError) as refused:
            follower.sign()
        assert refused.value.code == "mirror/frozen"
        node.close()

    def check(self, folder: Path, facts: list[dict[str, Any]]) -> None:
        """Everything that was acknowledged is there in the next life."""
        node = self.node(folder, {OLD: self.old[1], NEXT: self.new[1]})
        try:
            for fact in facts:
                what = fact["what"]
                if what == "mirrored":
                    head = node.followers[origin_hash(fact["origin"])].head()
                    assert head is not None
                    assert (head[0], head[2]) >= (fact["size"], fact["time"])
                elif what == "witnessed":
                    assert head_of(node.witness.checkpoint(origin_hash(self.key.name)) or b"") >= fact["size"]
                elif what == "entry":
                    assert fact["id"] in [one.id for one in node.pending.all()]
                elif what == "alarm":
                    assert fact["kind"] in [alarm.kind for alarm in node.alarms.all()]
                elif what == "epoch":
                    assert origin_hash(fact["origin"]) in node.followers
                else:
                    assert (what, node.frozen.note(self.key.name).decode()) == ("frozen", fact["note"])
        finally:
            node.close()


def encoded(value: bytes) -> str:
    from commonhold.kernel import b64

    return b64.encode(value)


def head_of(note: bytes) -> int:
    return int(note.split(b"\n")[1])


@pytest.mark.drill
@pytest.mark.parametrize("stride", STRIDES)
def test_a_partner_killed_at_any_change_keeps_all_that_it_acknowledged(
    tmp_path: Path, stride: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """From its first start to the end of a log: whatever a node has said is so in its next life, which goes on to the end."""
    day = BadDay.of(tmp_path)
    whole = live(lambda tell: day.tell(tmp_path / "whole", tell))
    assert [fact["what"] for fact in whole.facts if fact["what"] != "mirrored"] == [
        "witnessed",
        "entry",
        "alarm",
        "witnessed",
        "epoch",
        "frozen",
    ]
    kills, heard = 0, Counter[str]()
    for step in range(0, whole.changes, stride):
        for instant in INSTANTS:
            folder = tmp_path / "node"
            life = live(lambda tell, folder=folder: day.tell(folder, tell), step, instant)
            assert life.killed, f"change {step} killed nobody"
            again = live(lambda tell, folder=folder, facts=life.facts: day.check(folder, facts))
            rest = live(lambda tell, folder=folder: day.tell(folder, tell))
            assert not again.killed
            assert rest.facts[-1]["what"] == "frozen"
            live(lambda tell, folder=folder, facts=[*life.facts, *rest.facts]: day.check(folder, facts))
            kills += 1
            heard.update(fact["what"] for fact in life.facts)
            shutil.rmtree(folder)
    with capsys.disabled():
        print(f"\n{kills} partners killed at {whole.changes} changes; none of {heard.total()} acknowledged facts was lost: {dict(heard)}")  # noqa: T201


# ------------------------------------------------------------------------------------------------------------------ an organisation's log


@dataclass(frozen=True)
class Acting:
    """A house with one partner, and acts that members will hand in."""

    house: House
    gull: Cosigner
    acts: tuple[bytes, ...]

    @classmethod
    def of(cls, base: Path) -> Acting:
        house, gull = found(base / "saltmarsh"), Cosigner("gull")
        gull.url = "https://gull.example"
        policy = base / "partner.json"
        policy.write_text(
            f'{{"witnesses": {{"gull": "{gull.signer.verifier}"}}, "groups": {{"all": {{"k": 1, "of": ["gull"]}}}}, "quorum": "all"}}',
            "utf-8",
        )
        house.approve(house.propose("heron", "partner", "--payload", policy), "heron", "tern", "plover", "curlew")
        add_partners(house.path, [gull.url])
        acts = [
            house.sign(
                name, "propose", {"kind": "channel", "payload": {"op": "add", "address": f"https://{name}.example/"}, "not_after": FAR}
            )
            for name in ("heron", "tern", "plover")
        ]
        return cls(house, gull, tuple(acts))

    def log(self, folder: Path, shown: Callable[[bytes], None]) -> HouseLog:
        def post(_address: str, body: bytes) -> tuple[int, bytes]:
            shown(body)
            return 200, self.gull.sign(body)

        def fetch(_url: str) -> Fetch:
            raise ProofError("this partner serves nothing", code="store/absent")

        return HouseLog(folder, lambda: T0, lambda _: None, Asker(post=post, fetch=fetch))

    def tell(self, folder: Path, tell: Tell) -> None:
        """Acts, and attests of them by a partner that is shown each checkpoint."""
        log = self.log(folder, lambda note: tell("shown", note=note.decode()))
        log.attend()
        for raw in self.acts:
            entry, index, _ = log.take(raw)
            tell("taken", entry=entry, index=index)
            done = log.attend()
            tell("attested", met=done.met, size=log.describe()["size"])
            log.attend()
        log.close()

    def check(self, folder: Path, facts: list[dict[str, Any]]) -> None:
        """Every act is where it was said to be, and everything that the partner was shown is of this one history."""
        with Record.open(folder) as record:
            key = VerifierKey.of(record.state.origin, record.state.log_key)
            for fact in facts:
                if fact["what"] == "shown":
                    head = open_checkpoint(fact["note"].encode(), [key])[0]
                    assert head.size <= record.tree.size
                    assert record.tree.root(head.size) == head.root
                elif fact["what"] == "taken":
                    assert record.state.ids.get(fact["entry"]) == fact["index"]
                else:
                    assert record.tree.size >= fact["size"]


@pytest.mark.drill
@pytest.mark.parametrize("stride", STRIDES)
def test_a_log_killed_at_any_change_shows_partners_one_history(tmp_path: Path, stride: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Between an append, a partner's signature and the attest: what was answered is in the record, and what was shown is a part of it."""
    day = Acting.of(tmp_path)
    shutil.copytree(day.house.path, tmp_path / "whole")
    whole = live(lambda tell: day.tell(tmp_path / "whole", tell))
    assert {fact["what"] for fact in whole.facts} == {"shown", "taken", "attested"}
    kills, heard = 0, Counter[str]()
    for step in range(0, whole.changes, stride):
        for instant in INSTANTS:
            folder = tmp_path / "house"
            shutil.copytree(day.house.path, folder)
            life = live(lambda tell, folder=folder: day.tell(folder, tell), step, instant)
            live(lambda tell, folder=folder, facts=life.facts: day.check(folder, facts))
            rest = live(lambda tell, folder=folder: day.tell(folder, tell))
            assert [fact["what"] for fact in rest.facts].count("taken") == len(day.acts)
            live(lambda tell, folder=folder, facts=[*life.facts, *rest.facts]: day.check(folder, facts))
            kills += life.killed
            heard.update(fact["what"] for fact in life.facts)
            shutil.rmtree(folder)
    # Where threads of a partner's answer come between, a life may make one change fewer.
    assert kills > 2 * len(range(0, whole.changes, stride))
    with capsys.disabled():
        print(f"\n{kills} logs killed at {whole.changes} changes; none of {heard.total()} facts was lost or contradicted: {dict(heard)}")  # noqa: T201

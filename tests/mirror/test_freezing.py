"""Laws of a partner that leaves a log: only once the members have decided it, and for good."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from commonhold.kernel.errors import RuleError
from commonhold.kernel.record.statements import check_kept, open_frozen
from commonhold.kernel.record.twosuccessions import check_two_successions, parse_two_successions
from commonhold.kernel.tlog.checkpoint import open_cosigned
from commonhold.mirror.alarms import TWO_SUCCESSIONS
from commonhold.mirror.node import HEARTBEAT_SECONDS
from commonhold.store.reader import StaticReader
from commonhold.store.record import read_record
from commonhold.testing.house import MemoryHouse
from tests.attacks import Mutation, attack
from tests.cli.houses import command
from tests.kernel.record.helpers import FLOCK, T0, Club
from tests.kernel.record.test_history import moved
from tests.kernel.record.test_succession import opened
from tests.mirror.badday import NEXT, RIVAL, frozen, statuses, tend, told
from tests.mirror.helpers import FakeClock
from tests.mirror.records import Published, following

SUCCEEDING = "src/commonhold/mirror/succeeding.py"
LATER = "src/commonhold/mirror/later.py"
FROZEN = "src/commonhold/mirror/frozen.py"
FOLLOWER = "src/commonhold/mirror/follower.py"


def test_a_node_follows_the_next_epoch_and_leaves_the_old_one_once_the_members_have_decided(tmp_path: Path) -> None:
    """It takes the epoch in when somebody names its address, signs for it, and only when the succession is decided it signs that the old log ended."""
    club = Club(clocked=True)
    old, clock = Published(club), FakeClock()
    house = opened(club)
    new = Published(house, old)
    with following(tmp_path / "node", old, clock=clock, elsewhere={NEXT: new}) as (node, client):
        tend(node)
        assert client.get(f"/mirror/{old.hash}/successors").json() == {"origin": old.signer.name, "frozen": "", "successors": []}
        assert told(client, NEXT + "/") == (202, "taken")
        assert told(client, NEXT) == (200, "known")
        tend(node)
        assert node.followers[new.hash].head() is not None, "it signs what it holds: the succession is witnessed by partners of the branch"
        assert (frozen(client, old), statuses(client, old)) == ("", {NEXT: "succeeding"})
        assert client.post(f"/mirror/{old.hash}/cosign", content=old.log.checkpoint).status_code == 200
        house.succeed(*FLOCK[:3])
        assert house.attest(T0 + 50).counts
        new.publish()
        clock.now += HEARTBEAT_SECONDS
        tend(node)
        rows = client.get(f"/mirror/{old.hash}/successors").json()
        [row] = rows["successors"]
        assert row == {
            "epoch": 1,
            "origin": house.state.origin,
            "hash": new.hash,
            "vkey": str(new.signer.verifier),
            "url": NEXT,
            "status": "current",
        }
        signed = open_frozen(rows["frozen"].encode(), [node.keys.vkeys["mirror"]])
        assert (signed.statement.origin, signed.statement.successor) == (club.state.origin, house.state.origin)
        assert (signed.statement.size, signed.statement.root) == (club.tree.size, club.tree.root())
        refused = client.post(f"/mirror/{old.hash}/cosign", content=old.log.checkpoint)
        assert (refused.status_code, refused.json()["code"], refused.json()["successor"]) == (410, "mirror/frozen", house.state.origin)
        assert client.post(f"/mirror/{new.hash}/cosign", content=new.log.checkpoint).status_code == 200
        about = client.get("/").json()
        assert [(one["epoch"], one["origin"]) for one in about["organisations"]] == [(1, house.state.origin)]
        assert {log["hash"]: log["status"] for log in about["logs"]} == {old.hash: "struck", new.hash: "current"}
        told_old = next(log for log in about["logs"] if log["hash"] == old.hash)
        assert (told_old["verdict"], told_old["frozen"], told_old["trouble"]) == ("struck", house.state.origin, "")
        assert f"the organisation is now in epoch 1, at {house.state.origin}" in told_old["words"]


def test_the_address_of_one_mirrored_epoch_is_a_whole_record(tmp_path: Path) -> None:
    """A reader needs nothing but a partner's address of the newest log: the logs before it lie under epochs/, from the partner's own copies."""
    club = Club(clocked=True)
    old, house = Published(club), moved(club, *FLOCK[:3])
    new = Published(house, old)
    with following(tmp_path / "node", old, elsewhere={NEXT: new}) as (node, client):
        tend(node)
        told(client, NEXT)
        tend(node)

        def fetch(name: str, _max_size: int) -> bytes:
            answer = client.get(f"/mirror/{new.hash}/{name}")
            assert answer.status_code == 200, name
            return answer.content

        read = read_record(StaticReader(fetch), org=club.org)
        assert (read.state.epoch, read.state.phase) == (1, "running")
        for path in ("epochs/0/../../keys", "epochs/1/checkpoint", "epochs/9/checkpoint", "epochs/0/keys", "epochs/x/checkpoint"):
            assert client.get(f"/mirror/{new.hash}/{path}").status_code in (400, 404), path
        assert client.get(f"/mirror/{old.hash}/epochs/0/checkpoint").status_code == 404


@attack(
    "succession-signs-again",
    Mutation(FROZEN, find="    if found:\n        raise _refusal(origin, found[0])\n", replace="    del found\n"),
)
def test_no_signature_that_was_under_way_leaves_after_the_log_has_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Remembering a signature and looking whether the log has ended are one transaction, so that no race brings one out after the other."""
    club = Club(clocked=True)
    old = Published(club)
    new = Published(moved(club, *FLOCK[:3]), old)
    with following(tmp_path / "node", old, elsewhere={NEXT: new}) as (node, client):
        tend(node)
        told(client, NEXT)
        before = node.followers[old.hash].head()

        left_out = node.pending.left_out

        def racing(*given: Any) -> Any:
            """Freezes between the first look and the signature."""
            node.frozen.freeze(old.signer.name, club.tree.size, club.tree.root(), new.signer.name, node.clock())
            return left_out(*given)

        monkeypatch.setattr(node.pending, "left_out", racing)
        with pytest.raises(RuleError) as refused:
            node.followers[old.hash].cosign(old.publish())
        assert refused.value.code == "mirror/frozen"
        assert node.followers[old.hash].head() == before


@attack(
    "succession-signs-again",
    Mutation(
        FROZEN,
        find="        if successor := self.successor(origin):\n",
        replace="        if False and (successor := self.successor(origin)):\n",
    ),
    Mutation(SUCCEEDING, find="            self._followers[origin_hash(old)].freeze(successor)\n", replace="            pass\n"),
)
def test_what_has_ended_is_never_signed_again_by_any_life_of_the_node(tmp_path: Path) -> None:
    """Not when the log grows, not by a heartbeat, not after a restart, and not when the clock goes back."""
    club = Club(clocked=True)
    old, clock = Published(club), FakeClock()
    new = Published(moved(club, *FLOCK[:3]), old)
    with following(tmp_path / "node", old, clock=clock, elsewhere={NEXT: new}) as (node, client):
        tend(node)
        last = node.followers[old.hash].head()
        told(client, NEXT)
        clock.now -= 500
        tend(node)
        note = frozen(client, old)
        assert note
    for jump in (-1000, 0, 5000):
        clock.now += jump
        with following(tmp_path / "node", old, clock=clock, elsewhere={NEXT: new}) as (node, client):
            old.write(2)
            tend(node)
            assert node.followers[old.hash].size() == club.tree.size, "it goes on holding what the old log says"
            assert client.post(f"/mirror/{old.hash}/cosign", content=old.log.checkpoint).status_code == 410
            assert node.followers[old.hash].head() == last
            assert frozen(client, old) == note
            mirror = node.keys.vkeys["mirror"]
            assert last is not None
            check_kept(open_frozen(note.encode(), [mirror]), open_cosigned(last[1], [old.signer.verifier], [mirror]))
            refused = client.post("/entry", content=club.sign("tern", "propose", {"kind": "channel", "payload": {}, "not_after": 2**40}))
            assert refused.json()["code"] == "mirror/frozen"
            # The public witness world is told no more and no less than before: that this log only grew.
            assert client.post("/add-checkpoint", content=b"old 0\n\n" + old.log.checkpoint).status_code in (200, 409)


@attack(
    "succession-contradiction-froze",
    Mutation(
        SUCCEEDING,
        find="        if standing.history.contradiction or standing.incomplete:\n            return []\n        line = [chapter.origin for chapter in standing.history.line]\n",
        replace="        line = [chapter.origin for chapter in standing.history.line] + list(standing.history.contradiction[:1])\n",
    ),
)
def test_two_successions_that_both_qualify_end_nothing_and_are_an_alarm(tmp_path: Path) -> None:
    """Nobody guesses a winner: the old log is signed on, both are shown as what they are, and readers are told."""
    club = Club(clocked=True)
    old = Published(club)
    one = Published(moved(club, *FLOCK[:3], seed="one"), old)
    two = Published(moved(club, *FLOCK[2:], seed="two"), old)
    with following(tmp_path / "node", old, elsewhere={NEXT: one, RIVAL: two}) as (node, client):
        tend(node)
        assert told(client, NEXT) == (202, "taken")
        assert told(client, RIVAL) == (202, "taken")
        tend(node)
        assert frozen(client, old) == ""
        assert statuses(client, old) == {NEXT: "contradictory", RIVAL: "contradictory"}
        [alarm] = node.alarms.all()
        assert (alarm.kind, alarm.origin) == (TWO_SUCCESSIONS, club.state.origin)
        path = tmp_path / "two.json"
        path.write_bytes(client.get(f"/alarms/{alarm.id}").content)
        voices, others = check_two_successions(parse_two_successions(path.read_bytes()))
        assert voices & others == {FLOCK[2]}
        said = command("verify", path)
        assert (said.code, f"{FLOCK[2]} signed for both" in said.out) == (1, True)
        tend(node)
        assert node.alarms.all() == [alarm]
        assert node.standing(club.org).verdict.code == "contradictory"
        assert client.post(f"/mirror/{old.hash}/cosign", content=old.log.checkpoint).status_code == 200


@attack(
    "succession-wrongly-frozen",
    Mutation(
        SUCCEEDING,
        find="        line = [chapter.origin for chapter in standing.history.line]\n",
        replace="        line = [log.origin for log in standing.logs]\n",
    ),
)
@pytest.mark.parametrize("how", ["few", "unwitnessed", "long ago", "displaced"])
def test_a_succession_that_does_not_stand_ends_nothing(tmp_path: Path, how: str) -> None:
    """Below the rule, without the witnesses of the branch, with yesterday's kits or against what the members decided since: the node signs on."""
    club = Club(clocked=True)
    size = club.tree.size
    house: MemoryHouse
    if how == "few":
        house = opened(club)
        house.succeed(*FLOCK[:2])
        house.attest(T0 + 50)
    elif how == "unwitnessed":
        house = opened(club)
        house.succeed(*FLOCK[:3])
    elif how == "long ago":
        stolen = dict(club.kits)
        for name in ("tern", "plover"):
            kit = club.new_kit(name)
            club.decide("rotate-key", {"member": name, "add": [kit.keys.to_value()], "revoke": []}, name, by=name)
            club.kits[name] = kit
        club.propose("dunlin", "depart", {"member": "dunlin"})
        club.tick()
        club.kits = stolen
        house = moved(club, *FLOCK, size=size)
    else:
        club.decide("dismiss", {"office": "chair", "member": "heron"}, *FLOCK[2:])
        club.tick()
        house = moved(club, *FLOCK[:3], size=size)
    old = Published(club)
    new = Published(house, old)
    with following(tmp_path / "node", old, elsewhere={NEXT: new}) as (node, client):
        tend(node)
        assert told(client, NEXT) == (202, "taken")
        for _ in range(2):
            tend(node)
        assert frozen(client, old) == ""
        assert statuses(client, old) == {NEXT: "succeeding" if how in ("few", "unwitnessed") else "passed-over"}
        assert node.standing(club.org).history.current.origin == club.state.origin
        assert client.post(f"/mirror/{old.hash}/cosign", content=old.log.checkpoint).status_code == 200


@attack(
    "succession-hidden-decisions",
    Mutation(SUCCEEDING, find="                follower.pull()\n", replace="                follower.head()\n"),
)
def test_before_it_leaves_a_log_the_node_looks_once_more_what_was_decided_there(tmp_path: Path) -> None:
    """A recall that stands in the old log already, and has not been fetched yet, displaces the succession of those whom it recalled."""
    club = Club(clocked=True)
    old, size = Published(club), club.tree.size
    with following(tmp_path / "node", old, elsewhere=(places := {})) as (node, client):
        tend(node)
        club.decide("dismiss", {"office": "chair", "member": "heron"}, *FLOCK[2:])
        club.tick()
        old.publish()
        places[NEXT] = Published(moved(club, *FLOCK[:3], size=size), old)
        assert told(client, NEXT) == (202, "taken")
        # Only the new log is looked at: what the old one says now is not known here yet.
        node.tend(node.followers[places[NEXT].hash])
        assert frozen(client, old) == ""
        assert node.followers[old.hash].size() == club.tree.size

"""Laws of what a node says of an organisation: by the same rules as any reader, and cheap to ask."""

from __future__ import annotations

from pathlib import Path

import pytest

from commonhold.kernel.errors import CommonholdError
from commonhold.kernel.record import history as reading
from commonhold.kernel.record.entries import attest_entry
from commonhold.kernel.record.verdict import FRESHNESS_UNKNOWN, OFFICIAL, STALE, UNWITNESSED
from commonhold.mirror import standing as standings
from commonhold.mirror.node import Node
from tests.kernel.record.helpers import Club
from tests.mirror.helpers import NOW, FakeClock
from tests.mirror.records import Published, follower, following


def partnered(node: Node, record: Published, time: int = NOW) -> None:
    """The club names this node as its partner, which then attests."""
    payload = {"witnesses": {"heron": str(node.keys.vkeys["mirror"])}, "groups": {}, "quorum": "heron"}
    record.club.decide("partner", payload)
    attested(node, record)


def attested(node: Node, record: Published) -> None:
    """Publish what the club did, let the node sign it, and bring that into the record."""
    record.publish()
    line = follower(node, record).cosign(record.log.checkpoint)
    club = record.club
    assert club.append(attest_entry(org=club.org, epoch=club.state.epoch, note=record.log.checkpoint.decode() + line)).counts
    record.publish()
    node.tend(follower(node, record))


def test_a_node_tells_who_speaks_by_what_it_holds_and_has_signed(tmp_path: Path) -> None:
    """Unwitnessed without partners, official while its own word is fresh, and stale when it has not been able to sign for a week."""
    record, clock = Published(), FakeClock()
    with following(tmp_path / "node", record, clock=clock) as (node, _):
        with pytest.raises(CommonholdError) as unread:
            node.standing(record.club.org)
        assert unread.value.code == "history/no-founding"
        node.tend(follower(node, record))
        assert node.standings.organisations() == [record.club.org]
        alone = node.standing(record.club.org)
        assert (alone.verdict.code, alone.partners, alone.verdict.rests_on) == (UNWITNESSED, (), "replayed by heron.example")
        partnered(node, record)
        clock.now += 60
        node.tend(follower(node, record))
        told = node.standing(record.club.org)
        assert (told.verdict.code, told.partners, dict(told.vouching)) == (OFFICIAL, ("heron",), {"heron": clock.now})
        assert [(log.status, log.verdict.code, log.size) for log in told.logs] == [("current", OFFICIAL, record.club.tree.size)]
        assert told.state.clock == record.club.state.clock
        clock.now += 7200
        assert node.standing(record.club.org).verdict.code == FRESHNESS_UNKNOWN
        clock.now += 8 * 86_400
        assert node.standing(record.club.org).verdict.code == STALE
        with pytest.raises(CommonholdError) as unknown:
            node.standing("0" * 64)
        assert unknown.value.code == "mirror/unknown-log"


def test_the_line_is_followed_again_only_when_a_log_has_grown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifty readers who ask at once cost one look; a new entry is seen at once."""
    record, clock, looks = Published(), FakeClock(), []
    follow = reading.follow_line
    monkeypatch.setattr(standings, "follow_line", lambda *given: looks.append(1) or follow(*given))
    with following(tmp_path / "node", record, clock=clock) as (node, _):
        node.tend(follower(node, record))
        assert len({id(node.standing(record.club.org)) for _ in range(50)}) == 1
        assert len(looks) == 1
        clock.now += 60
        node.standing(record.club.org)
        assert len(looks) == 1
        record.write(3)
        node.tend(follower(node, record))
        assert node.standing(record.club.org).history.current.tree.size == record.club.tree.size
        assert len(looks) == 2


def test_what_was_told_does_not_change_while_the_record_grows(tmp_path: Path) -> None:
    """A standing is of one moment: its tree and its state stay together."""
    record = Published()
    with following(tmp_path / "node", record) as (node, _):
        node.tend(follower(node, record))
        before = node.standing(record.club.org).history.current
        size = before.tree.size
        record.write(300)
        node.tend(follower(node, record))
        assert (before.tree.size, before.state.size) == (size, size)
        assert before.tree.root() == record.club.tree.root(size)


def test_organisations_are_kept_apart(tmp_path: Path) -> None:
    """Each is asked for by its own id."""
    one, other = Published(), Published(Club(members=("heron", "tern", "plover", "curlew", "avocet")))
    with following(tmp_path / "node", one, other) as (node, _):
        for each in node.followers.values():
            node.tend(each)
        assert len(node.standings.organisations()) == 2
        assert {node.standing(record.club.org).history.current.origin for record in (one, other)} == {
            one.club.state.origin,
            other.club.state.origin,
        }

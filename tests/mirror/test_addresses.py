"""Laws of the addresses of a later epoch's log: strangers name them, and none of theirs stands between a node and the log itself."""

from __future__ import annotations

from pathlib import Path

from commonhold.mirror import later
from tests.attacks import Mutation, attack
from tests.kernel.record.helpers import FLOCK, T0, Club
from tests.kernel.record.test_succession import opened
from tests.mirror.badday import NEXT, RIVAL, frozen, tend, told
from tests.mirror.helpers import FakeClock
from tests.mirror.records import Published, following

SUCCEEDING = "src/commonhold/mirror/succeeding.py"
LATER = "src/commonhold/mirror/later.py"
FROZEN = "src/commonhold/mirror/frozen.py"
FOLLOWER = "src/commonhold/mirror/follower.py"


@attack(
    "succession-other-address",
    Mutation(SUCCEEDING, find="            if ahead > 0:\n", replace="            if known:\n"),
)
def test_an_address_that_serves_an_old_copy_pushes_out_none_that_leads_on(tmp_path: Path) -> None:
    """An address is only where the log is fetched: several are kept, and each must have what is held already."""
    club = Club(clocked=True)
    old = Published(club)
    house = opened(club)
    stale = Published(house, old)
    house.succeed(*FLOCK[:3])
    house.attest(T0 + 50)
    new = Published(house, old)
    assert stale.log.size < new.log.size
    places = {NEXT: new} | {f"https://stale.example/{turn}": stale for turn in range(6)}
    with following(tmp_path / "node", old, elsewhere=places) as (node, client):
        tend(node)
        assert told(client, NEXT) == (202, "taken")
        tend(node)
        for turn in range(6):
            told(client, f"https://stale.example/{turn}")
        assert node.later.addresses(house.state.origin) == [NEXT]
        tend(node)
        assert node.alarms.all() == [], "an address that somebody named is not the log's own doing"


@attack(
    "succession-other-address",
    Mutation(
        LATER,
        find="SELECT url FROM addresses WHERE origin = ? ORDER BY gave DESC, url LIMIT ?)",
        replace="SELECT url FROM addresses WHERE origin = ? ORDER BY gave, url LIMIT ?)",
    ),
)
def test_a_log_that_was_pushed_out_by_addresses_that_die_is_reached_again_when_it_says_where_it_is(tmp_path: Path) -> None:
    """Whoever copies the log to many addresses, and takes them down at once, wins the minute until its own server announces itself again."""
    club, clock = Club(clocked=True), FakeClock()
    old = Published(club)
    house = opened(club)
    new, copies = Published(house, old), Published(house, old)
    places = {NEXT: new} | {f"https://copy.example/{turn}": copies for turn in range(4)}
    with following(tmp_path / "node", old, clock=clock, elsewhere=places) as (node, client):
        tend(node)
        for url in places:
            clock.now += 1
            assert told(client, url)[0] in (200, 202)
        assert NEXT not in node.later.addresses(house.state.origin)
        copies.away = 0
        house.succeed(*FLOCK[:3])
        house.attest(T0 + 50)
        new.publish()
        tend(node)
        assert node.followers[new.hash].size() == 0
        clock.now += 1
        assert told(client, NEXT) == (200, "known")
        for _ in range(2):
            tend(node)
        assert node.followers[new.hash].size() == house.tree.size
        assert frozen(client, old)


@attack(
    "succession-many-copies",
    Mutation(SUCCEEDING, find="            if ahead > 0:\n", replace="            if ahead >= 0:\n"),
)
def test_copies_that_strangers_serve_take_no_place_from_the_address_that_leads_on(tmp_path: Path) -> None:
    """A log is public, so anybody can serve all of it at many addresses; the node goes on hearing the one from which its entries come."""
    club = Club(clocked=True)
    old = Published(club)
    house = opened(club)
    house.succeed(*FLOCK[:3])
    house.attest(T0 + 50)
    new, copies = Published(house, old), Published(house, old)
    places = {NEXT: new} | {f"https://copy.example/{turn}": copies for turn in range(9)}
    with following(tmp_path / "node", old, elsewhere=places, clock=(clock := FakeClock())) as (node, client):
        tend(node)
        assert told(client, NEXT) == (202, "taken")
        tend(node)
        for turn in range(9):
            assert told(client, f"https://copy.example/{turn}") == (200, "known")
        kept = node.later.addresses(house.state.origin)
        assert (kept[0], len(kept)) == (NEXT, later.MAX_ADDRESSES)
        new.write(1)
        tend(node)
        assert node.followers[new.hash].held()[0] == new.log.size
        # The house has moved: an address with more than is held finds its place among the copies, and goes first.
        moved_to, new.away = Published(house, old), 0
        places[RIVAL] = moved_to
        moved_to.write(1)
        clock.now += 1
        assert told(client, RIVAL) == (200, "known")
        assert node.later.addresses(house.state.origin)[0] == RIVAL
        tend(node)
        assert node.followers[new.hash].held()[0] == moved_to.log.size


@attack(
    "succession-false-files",
    Mutation(
        FOLLOWER,
        find="                failures.append(error)\n                continue\n            return\n",
        replace="                raise\n            return\n",
    ),
    Mutation(LATER, find='if error.code == "store/unreachable":', replace='if error.code == "store/none":'),
)
def test_an_address_with_false_files_or_none_keeps_no_log_from_its_signatures(tmp_path: Path) -> None:
    """A stranger's address shows the newest checkpoint, so that it is asked first, and then garbage, or nothing in time: the others are asked."""
    club = Club(clocked=True)
    old = Published(club)
    house = opened(club)
    house.succeed(*FLOCK[:3])
    house.attest(T0 + 50)
    new = Published(house, old)
    false = Published(house, old)
    places = {NEXT: new, RIVAL: false}
    with following(tmp_path / "node", old, elsewhere=places, clock=(clock := FakeClock())) as (node, client):
        tend(node)
        assert told(client, NEXT) == (202, "taken")
        tend(node)
        one = node.followers[new.hash]
        new.write(1)
        false.publish()
        clock.now += 1
        assert told(client, RIVAL) == (200, "known")
        assert node.later.addresses(house.state.origin) == [RIVAL, NEXT]
        for name in list(false.files.names()):
            if name.startswith("tile/"):
                false.files.write(name, bytes(len(false.files.read(name, 1 << 25))))
        one.cosign(new.log.checkpoint)
        assert one.held()[0] == new.log.size
        new.write(1)
        false.away = 0
        one.cosign(new.log.checkpoint)
        assert node.later.addresses(house.state.origin) == [NEXT, RIVAL], "what does not answer is asked last"

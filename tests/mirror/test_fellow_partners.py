"""Laws between partners: what one of them holds, no server can keep from the others."""

from __future__ import annotations

from pathlib import Path

from commonhold.mirror.alarms import TWO_FACES
from commonhold.mirror.node import HEARTBEAT_SECONDS
from tests.attacks import Mutation, attack
from tests.kernel.record.helpers import FLOCK, Club
from tests.kernel.record.test_history import moved
from tests.mirror.badday import NEXT, frozen, statuses, tend, told
from tests.mirror.helpers import FakeClock
from tests.mirror.records import Published, follower, following
from tests.mirror.test_follower import fork_of, kinds

KESTREL = "https://kestrel.example"
SUCCEEDING = "src/commonhold/mirror/succeeding.py"


@attack(
    "succession-partner-kept-out",
    Mutation(
        SUCCEEDING,
        find="                        self.announce(f\"{place.rpartition('/')[0]}/{name}\")\n",
        replace="                        pass\n",
    ),
    Mutation(
        SUCCEEDING,
        find="                with contextlib.suppress(CommonholdError):\n                    self.gather(follower, reader)\n",
        replace="                del reader\n",
    ),
)
def test_a_partner_whom_the_old_server_shuts_out_hears_of_everything_from_another(tmp_path: Path) -> None:
    """Entries, the next epoch, and its succession: all proved under the logs' own signatures, so it does not matter who hands them on."""
    club = Club(clocked=True)
    old, clock = Published(club), FakeClock()
    shut = Published(Club(clocked=True))
    shut.away = 0
    with following(tmp_path / "kestrel", old, clock=clock, elsewhere=(places := {})) as (_, kestrel):
        for turn in range(3):
            club.decide("channel", {"op": "add", "address": f"https://club.example/{turn}"}, "heron")
        club.tick()
        old.publish()
        tend(_)
        places[NEXT] = Published(moved(club, *FLOCK[:3]), old)
        with following(tmp_path / "heron", shut, clock=clock, partners={KESTREL: kestrel}) as (node, client):
            tend(node)
            assert node.followers[old.hash].size() == club.tree.size
            clock.now += HEARTBEAT_SECONDS
            assert told(kestrel, NEXT) == (202, "taken")
            tend(_)
            for _turn in range(2):
                clock.now += HEARTBEAT_SECONDS
                tend(node)
            assert statuses(client, old) == {f"{KESTREL}/mirror/{places[NEXT].hash}": "current"}
            assert frozen(client, old)


def test_two_partners_who_were_shown_two_histories_find_out_from_each_other(tmp_path: Path) -> None:
    """Each holds another face that the log has signed; asking the other is enough for a proof that anybody can check."""
    record = Published()
    record.write(20)
    other = fork_of(record, record.club.tree.size - 10)
    clock = FakeClock()
    with following(tmp_path / "kestrel", other, clock=clock) as (_, kestrel):
        tend(_)
        with following(tmp_path / "heron", record, clock=clock, partners={KESTREL: kestrel}) as (node, client):
            tend(node)
            assert kinds(node) == [TWO_FACES]
            size = follower(node, record).size()
            assert size == record.club.tree.size, "it stays on the history that it signed"
            [alarm] = client.get("/alarms").json()["alarms"]
            assert alarm["origin"] == record.signer.name


def test_a_partner_that_answers_nonsense_is_asked_in_vain(tmp_path: Path) -> None:
    """Lists of anything, and copies of anything, change nothing."""
    record = Published()

    class Nonsense:
        """Whatever is asked for is this."""

        def __init__(self, content: bytes) -> None:
            self.content, self.status_code = content, 200

        def get(self, _path: str) -> Nonsense:
            return self

    for turn, content in enumerate(
        (b"", b"[]", b'{"successors":7}', b'{"successors":[{"hash":7}]}', b'{"successors":[{"hash":"' + b"a" * 64 + b'"}]}')
    ):
        with following(tmp_path / f"{turn}", record, partners={KESTREL: Nonsense(content)}) as (node, _):  # type: ignore[dict-item] # it answers like one
            tend(node)
            assert follower(node, record).size() == record.club.tree.size
            assert (len(node.followers), kinds(node), follower(node, record).trouble) == (1, [], "")

"""Laws of what a node vouches for on the bad day: the log in which the organisation lives, and no other."""

from __future__ import annotations

from pathlib import Path

from starlette.testclient import TestClient

from commonhold.kernel.record.brief import parse_brief
from commonhold.kernel.record.statements import parse_vouched
from tests.attacks import Mutation, attack
from tests.kernel.record.helpers import FLOCK, Club
from tests.kernel.record.test_history import moved
from tests.kernel.record.test_succession import opened
from tests.mirror.badday import NEXT, RIVAL, tend, told
from tests.mirror.records import Published, following


def answer(client: TestClient, record: Published, what: str = "brief?part=members&key=tern") -> tuple[int, str]:
    found = client.get(f"/mirror/{record.hash}/{what}")
    return found.status_code, "" if found.status_code == 200 else found.json()["code"]


@attack(
    "brief-13",
    Mutation(
        "src/commonhold/mirror/vouchroutes.py",
        find="    if log is not None and log.status in (CURRENT, SUCCEEDING):",
        replace="    if log is not None:",
    ),
)
def test_a_log_that_was_left_or_does_not_stand_is_vouched_for_no_more(tmp_path: Path) -> None:
    """Each replays well by itself; which of them speaks, all of them together say, and so a partner gives no proofs of the others."""
    club = Club(clocked=True)
    old = Published(club)
    one = Published(moved(club, *FLOCK[:3], seed="one"), old)
    two = Published(moved(club, *FLOCK[2:], seed="two"), old)
    with following(tmp_path / "node", old, elsewhere={NEXT: one, RIVAL: two}) as (node, client):
        tend(node)
        assert answer(client, old) == (200, "")
        assert told(client, NEXT) == (202, "taken")
        tend(node)
        assert answer(client, one) == (200, "")
        for what in ("state", "brief", "pin"):
            assert answer(client, old, what) == (422, "brief/not-current"), "the members have gone on"
        refused = client.get(f"/mirror/{old.hash}/brief").json()
        assert f"/mirror/{one.hash}/" in refused["next_step"]
        assert told(client, RIVAL) == (202, "taken")
        tend(node)
        for log in (one, two):
            assert answer(client, log) == (422, "brief/not-current"), "two claim the epoch, and nobody guesses"


def test_an_epoch_that_is_being_decided_is_shown_as_that(tmp_path: Path) -> None:
    """Members who decide in it need proofs of its proposals; its state says that nothing is decided, and it has no pin."""
    club = Club(clocked=True)
    old, new = Published(club), Published(opened(club, "heron"))
    new = Published(new.club, old)
    with following(tmp_path / "node", old, elsewhere={NEXT: new}) as (node, client):
        tend(node)
        assert told(client, NEXT) == (202, "taken")
        tend(node)
        brief = parse_brief(client.get(f"/mirror/{new.hash}/brief", params={"part": "members", "key": "tern"}).content)
        assert [(shown.part, shown.key) for shown in brief.values] == [("members", "tern"), ("epochs", "1")]
        text = client.get(f"/mirror/{new.hash}/state").text.partition("\n\n")[0] + "\n"
        assert parse_vouched(text).origin == new.club.state.origin
        assert answer(client, old) == (200, ""), "until they decide, the organisation lives where it did"
        assert answer(client, new, "pin")[0] == 422

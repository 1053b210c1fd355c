"""Laws of a partner on the bad day: whose epochs it follows, from where, and how many."""

from __future__ import annotations

import contextlib
import socketserver
import sqlite3
import threading
from pathlib import Path

import pytest

from commonhold.kernel.errors import CommonholdError
from commonhold.kernel.ids import origin_of
from commonhold.kernel.record.statements import open_frozen
from commonhold.kernel.tlog.checkpoint import Checkpoint
from commonhold.mirror import follower as following_one
from commonhold.mirror import later
from commonhold.mirror.sources import fetch_announced
from commonhold.mirror.witness import origin_hash
from tests.attacks import Mutation, attack
from tests.kernel.record.helpers import FLOCK, Club
from tests.kernel.record.test_history import moved
from tests.kernel.record.test_succession import opened
from tests.mirror.badday import NEXT, RIVAL, WEEK, frozen, tend, told
from tests.mirror.helpers import FakeClock
from tests.mirror.records import Published, follower, following

SUCCEEDING = "src/commonhold/mirror/succeeding.py"
LATER = "src/commonhold/mirror/later.py"
FROZEN = "src/commonhold/mirror/frozen.py"
FOLLOWER = "src/commonhold/mirror/follower.py"


@attack(
    "succession-withheld-branch",
    Mutation(
        SUCCEEDING,
        find="            self.gather(parent, reader.earlier(entry.epoch - 1))\n",
        replace="            parent.pull()\n",
    ),
)
def test_entries_that_the_old_server_withheld_are_taken_from_where_the_new_epoch_is_served(tmp_path: Path) -> None:
    """The old log signed them, so its own signature proves them wherever they lie; until then nothing is believed about the branch."""
    club = Club(clocked=True)
    old = Published(club)
    with following(tmp_path / "node", old, elsewhere=(places := {})) as (node, client):
        tend(node)
        held = node.followers[old.hash].size()
        old.away = 0
        for turn in range(3):
            club.decide("channel", {"op": "add", "address": f"https://club.example/{turn}"}, "heron")
            club.tick()
        old.publish()
        house = moved(club, *FLOCK[:3])
        places[NEXT] = Published(house)
        assert told(client, NEXT) == (503, "store/absent"), "the branch is nowhere to be seen"
        assert node.followers[old.hash].size() == held
        places[NEXT] = Published(house, old)
        assert told(client, NEXT) == (202, "taken")
        assert node.followers[old.hash].size() == club.tree.size
        tend(node)
        statement = open_frozen(frozen(client, old).encode(), [node.keys.vkeys["mirror"]]).statement
        assert (statement.size, statement.root) == (club.tree.size, club.tree.root())


@attack(
    "succession-stranger-opens",
    Mutation(SUCCEEDING, find="        check_kit(parent.view()[0], entry)\n", replace=""),
)
def test_nobody_without_a_members_kit_makes_a_node_do_more_than_read_two_files(tmp_path: Path) -> None:
    """A stranger's `open` is refused before the logs before it are fetched, and leaves nothing behind."""
    club = Club(clocked=True)
    old = Published(club)
    for turn in range(3):
        club.decide("channel", {"op": "add", "address": f"https://club.example/{turn}"}, "heron")
    house = club.branch_off("stranger")
    house.kits["heron"] = house.new_kit("heron")
    assert house.open("heron").code == "key/unknown"
    stranger = Published(house, origin=origin_of(club.org, 1, house.log.verifier.public))
    with following(tmp_path / "node", old, elsewhere={NEXT: stranger}) as (node, client):
        tend(node)
        assert told(client, NEXT) == (422, "epochs/no-member")
        assert sorted(set(stranger.fetched)) == ["checkpoint", "tile/0/000.p/1", "tile/entries/000.p/1"]
        assert (len(node.followers), node.later.all()) == (1, [])


@attack(
    "succession-flood",
    Mutation(
        LATER,
        find="        if last is not None and now - last < WEEK:\n",
        replace="        if last is None:\n            return\n        if now < last:\n",
    ),
)
def test_one_epoch_for_each_member_and_week_is_followed(tmp_path: Path) -> None:
    """A thief of one kit fills no partner with logs, and takes nobody else's turn."""
    club = Club(clocked=True)
    old, clock = Published(club), FakeClock()
    logs = [Published(opened(club, "dunlin", seed=f"{turn}"), old) for turn in range(3)]
    honest = Published(opened(club, "heron", seed="honest"), old)
    places = {f"https://next.example/{turn}": log for turn, log in enumerate(logs)} | {NEXT: honest}
    with following(tmp_path / "node", old, clock=clock, elsewhere=places) as (node, client):
        tend(node)
        assert told(client, "https://next.example/0") == (202, "taken")
        assert told(client, "https://next.example/1") == (429, "epochs/too-many")
        assert told(client, NEXT) == (202, "taken")
        assert told(client, "https://next.example/0") == (200, "known"), "naming it again costs nothing"
    clock.now += WEEK - 1
    with following(tmp_path / "node", old, clock=clock, elsewhere=places) as (node, client):
        assert told(client, "https://next.example/1") == (429, "epochs/too-many"), "a restart forgets nothing"
        assert len(node.followers) == 3
        clock.now += 1
        assert told(client, "https://next.example/1") == (202, "taken")


def test_of_too_many_epochs_the_oldest_undecided_of_who_has_most_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the members have decided is never forgotten, nor what one member has only one of while another has several."""
    monkeypatch.setattr(later, "MAX_OF_ORG", 4)
    club = Club(clocked=True)
    old, clock = Published(club), FakeClock()
    decided = Published(moved(club, *FLOCK[:3], seed="decided"), old)
    patient = Published(opened(club, "plover", seed="patient"), old)
    places = {NEXT: decided, RIVAL: patient}
    places |= {f"https://junk.example/{turn}": Published(opened(club, "dunlin", seed=f"{turn}"), old) for turn in range(3)}
    with following(tmp_path / "node", old, clock=clock, elsewhere=places) as (node, client):
        tend(node)
        for url in (NEXT, RIVAL):
            assert told(client, url) == (202, "taken")
        tend(node)
        for turn in range(3):
            clock.now += WEEK
            assert told(client, f"https://junk.example/{turn}") == (202, "taken")
        assert {row.origin for row in node.later.all()} == {
            places[url].signer.name for url in (NEXT, RIVAL, "https://junk.example/1", "https://junk.example/2")
        }
        assert origin_hash(places["https://junk.example/0"].signer.name) not in node.followers


@attack(
    "succession-private-address",
    Mutation(SUCCEEDING, find="        if not self._private and is_private_address(url):\n", replace="        if not url:\n"),
    Mutation(
        "src/commonhold/mirror/sources.py",
        find="    return url_fetch(url, deadline=FETCH_SECONDS, public_only=not private)\n",
        replace="    return url_fetch(url, deadline=FETCH_SECONDS, public_only=private)\n",
    ),
)
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_nobody_reaches_into_a_private_network_through_a_node(tmp_path: Path) -> None:
    """An address that a stranger names is never read on this machine or in a private network, by number or by name, unless the operator says so."""
    club = Club(clocked=True)
    old = Published(club)
    with following(tmp_path / "node", old) as (node, client):
        tend(node)
        for url in ("http://127.0.0.1:9/", "http://10.1.2.3/record", "http://localhost:9", "http://[::1]:9", "http://a.localhost/"):
            assert told(client, url) == (422, "epochs/private"), url
        for body in (b"", b"[]", b"{}", b'{"url":7}', b'{"url":"https://next.example","also":1}', b"\xff", b'"' * 20):
            assert client.post("/epochs", content=body).json()["code"] == "epochs/form", body
        for url in (
            "ftp://next.example/",
            "https://user:secret@next.example/",
            "https://next.example/?x=1",
            "file:///etc/passwd",
            "x" * 3000,
        ):
            assert told(client, url) == (503, "store/url"), url
        assert client.post("/epochs", content=b"x" * 5000).status_code == 413
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server:
        address = f"http://127.0.0.1:{server.server_address[1]}"
        with pytest.raises(CommonholdError) as refused:
            fetch_announced(address)("checkpoint", 100)
        assert refused.value.code == "store/private"


class _Door(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        KNOCKED.append(self.client_address)


KNOCKED: list[object] = []


@attack(
    "succession-port-scan",
    Mutation(
        "src/commonhold/store/fetch.py",
        find='if self._public_only and not ipaddress.ip_address(place.partition("%")[0]).is_global:',
        replace="if self._public_only and not place:",
    ),
)
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_name_that_leads_into_a_private_network_tells_nobody_which_doors_are_open_there() -> None:
    """Nothing is connected to, so open and closed ports give the same answer, over http and https."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Door) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        open_port = server.server_address[1]
        for scheme in ("http", "https"):
            said = set()
            for port in (open_port, 9):
                with pytest.raises(CommonholdError) as refused:
                    fetch_announced(f"{scheme}://localhost:{port}")("checkpoint", 100)
                said.add((refused.value.code, str(refused.value)))
            assert {code for code, _ in said} == {"store/private"}
            assert len(said) == 1
        server.shutdown()
    assert KNOCKED == []


@pytest.mark.parametrize("what", ["founding", "nothing", "other organisation", "unknown parent", "damaged", "refused by the fold"])
def test_what_is_no_later_epoch_of_a_record_that_is_held_is_refused_in_words(tmp_path: Path, what: str) -> None:
    """Each leaves the node as it was."""
    club = Club(clocked=True)
    old = Published(club)
    house = moved(club, *FLOCK[:3])
    shown = Published(house, old)
    expected = ""
    if what == "founding":
        shown, expected = Published(Club()), "epochs/not-open"
    elif what == "nothing":
        shown.files.damage("checkpoint", Checkpoint(shown.signer.name, 0, club.tree.root(0)).sign(shown.signer))
        expected = "record/empty"
    elif what == "other organisation":
        other = Club(members=("heron", "tern", "plover", "curlew", "avocet"), clocked=True)
        shown, expected = Published(opened(other), Published(other)), "mirror/unknown-log"
    elif what == "unknown parent":
        shown, expected = Published(opened(house, seed="third"), old, shown), "mirror/unknown-log"
    elif what == "damaged":
        shown.files.damage("tile/0/000.p/6", b"x" * 32 * shown.log.size)
        shown.files.damage(f"tile/0/000.p/{shown.log.size}", b"x" * 32 * shown.log.size)
        expected = ""
    else:
        wrong = club.branch_off("no partners")
        assert wrong.open("heron").code == "effect/empty-policy"
        shown = Published(wrong, old, origin=origin_of(club.org, 1, wrong.log.verifier.public))
        expected = "effect/empty-policy"
    with following(tmp_path / "node", old, elsewhere={NEXT: shown}) as (node, client):
        tend(node)
        answer = client.post("/epochs", json={"url": NEXT})
        assert answer.status_code in (400, 404, 422, 503)
        assert answer.json()["code"].startswith(expected)
        assert (len(node.followers), node.later.all(), frozen(client, old)) == (1, [], "")


def test_an_operator_names_the_logs_of_later_epochs_like_any_other(tmp_path: Path) -> None:
    """With --log; the branch is read from the log's own first entry, and a log whose parent nobody named says so and waits."""
    club = Club(clocked=True)
    old, house = Published(club), moved(club, *FLOCK[:3])
    new = Published(house, old)
    with following(tmp_path / "alone", new) as (node, client):
        tend(node)
        assert "does not follow" in node.followers[new.hash].trouble
        assert node.followers[new.hash].head() is None
        assert client.get("/").status_code == 200
    with following(tmp_path / "node", new, old) as (node, client):
        for _ in range(2):
            tend(node)
        assert node.standing(club.org).history.current.origin == house.state.origin
        assert frozen(client, old)
        assert [row.member for row in node.later.all()] == ["heron"]


def test_the_next_epoch_but_one_is_followed_too(tmp_path: Path) -> None:
    """Each log that was left has its own statement, and a member's entry goes to the log of its epoch."""
    club = Club(clocked=True)
    old = Published(club)
    first = moved(club, *FLOCK[:3])
    one = Published(first, old)
    second = moved(first, *FLOCK[2:], seed="third")
    two = Published(second, old, one)
    with following(tmp_path / "node", old, elsewhere={NEXT: one, RIVAL: two}) as (node, client):
        tend(node)
        assert told(client, RIVAL) == (404, "mirror/unknown-log")
        assert told(client, NEXT) == (202, "taken")
        tend(node)
        assert told(client, RIVAL) == (202, "taken")
        tend(node)
        assert [chapter.origin for chapter in node.standing(club.org).history.line] == [log.signer.name for log in (old, one, two)]
        for log, after in ((old, first), (one, second)):
            statement = open_frozen(frozen(client, log).encode(), [node.keys.vkeys["mirror"]]).statement
            assert (statement.origin, statement.successor) == (log.signer.name, after.state.origin)
        entry = second.sign(
            "tern", "propose", {"kind": "channel", "payload": {"op": "add", "address": "https://a.example/"}, "not_after": 2**40}
        )
        assert client.post("/entry", content=entry).json()["origin"] == second.state.origin
        node.tend(node.followers[two.hash])
        assert two.sent == [(f"{RIVAL}/entry", entry)]


def test_an_epoch_that_nobody_has_decided_is_held_only_so_far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has one kit can open an epoch and fill its log; the partner's disk is not theirs."""
    monkeypatch.setattr(following_one, "MAX_UNDECIDED", 600)
    club = Club(clocked=True)
    old = Published(club)
    house = opened(club)
    new = Published(house, old)
    with following(tmp_path / "node", old, elsewhere={NEXT: new}) as (node, client):
        tend(node)
        assert told(client, NEXT) == (202, "taken")
        tend(node)
        for turn in range(2000):
            house.append(b"junk %d" % turn)
        new.publish()
        tend(node)
        assert node.followers[new.hash].size() <= 600
        assert "have not decided" in node.followers[new.hash].trouble
        assert frozen(client, old) == ""


@pytest.mark.parametrize("name", ["epochs", "frozen", "addresses"])
def test_a_node_of_the_layout_before_this_one_goes_on(tmp_path: Path, name: str) -> None:
    """Its database gets the new tables when it is opened, and keeps what it had."""
    record = Published()
    with following(tmp_path / "node", record) as (node, _):
        tend(node)
        head = follower(node, record).head()
    with contextlib.closing(sqlite3.connect(tmp_path / "node" / "node.db")) as connection:
        connection.executescript("DROP TABLE epochs; DROP TABLE addresses; DROP TABLE frozen; PRAGMA user_version = 1;")
    with following(tmp_path / "node", record) as (node, _):
        assert follower(node, record).head() == head
        assert node.database.read(f"SELECT count(*) FROM {name}") == [(0,)]

"""Laws of what a node vouches for: the state of what it holds and has signed, in a few kilobytes, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from commonhold.kernel.errors import ProofError
from commonhold.kernel.notes import SignerKey, VerifierKey
from commonhold.kernel.record.brief import Brief, CheckedBrief, check_brief, parse_brief
from commonhold.kernel.record.briefing import merge_briefs
from commonhold.kernel.record.briefverdict import judge_brief
from commonhold.kernel.record.digest import StateTree
from commonhold.kernel.record.pin import Pin, parse_pin
from commonhold.kernel.record.statements import open_vouched
from commonhold.kernel.tlog.checkpoint import open_cosigned
from commonhold.mirror import vouching
from commonhold.mirror.node import HEARTBEAT_SECONDS, Node
from commonhold.store.log import Log
from commonhold.store.memory import MemoryFiles
from tests.kernel.record.helpers import DAY, Club, text
from tests.mirror.helpers import NOW, FakeClock
from tests.mirror.records import Published, follower, following

STORM = "https://club.example/storm"


class Pair:
    """A club that two nodes follow, and that has named both of them as partners."""

    def __init__(self, folder: Path, clock: FakeClock) -> None:
        self.folder, self.clock = folder, clock
        self.record = Published()
        club = self.record.club
        self.now = NOW
        with self.nodes() as (nodes, _):
            payload = {
                "witnesses": {name: str(node.keys.mirror.verifier) for name, node in nodes.items()},
                "groups": {"both": {"k": 2, "of": sorted(nodes)}},
                "quorum": "both",
                "validators": {name: str(node.keys.validator.verifier) for name, node in nodes.items()},
            }
            club.partners = {name: node.keys.mirror for name, node in nodes.items()}
        club.decide("partner", payload)
        assert club.attest(NOW).counts
        club.now = NOW
        self.record.publish()

    @contextmanager
    def nodes(self) -> Iterator[tuple[dict[str, Node], dict[str, TestClient]]]:
        one, two = (following(self.folder / name, self.record, clock=self.clock) for name in ("one", "two"))
        with one as (kestrel, client), two as (osprey, other):
            yield {"kestrel": kestrel, "osprey": osprey}, {"kestrel": client, "osprey": other}

    def state(self, client: TestClient) -> bytes:
        answer = client.get(f"/mirror/{self.record.hash}/state")
        assert answer.status_code == 200, answer.text
        return answer.content

    def brief(self, client: TestClient, **query: Any) -> Brief:
        answer = client.get(f"/mirror/{self.record.hash}/brief", params=query)
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "public, max-age=5"
        assert answer.headers["access-control-allow-origin"] == "*"
        return parse_brief(answer.content)

    def pin(self, client: TestClient) -> Pin:
        return parse_pin(client.get(f"/mirror/{self.record.hash}/pin").content)

    def checked(self, clients: dict[str, TestClient], **query: Any) -> CheckedBrief:
        pin = self.pin(clients["kestrel"])
        [brief] = merge_briefs([self.brief(client, **query) for client in clients.values()], pin)
        return check_brief(brief, pin)


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path, FakeClock())


def tend(nodes: dict[str, Node], record: Published) -> None:
    for node in nodes.values():
        node.tend(follower(node, record))


def vouched_size(pair: Pair, client: TestClient) -> int:
    key = VerifierKey.parse(client.get("/").json()["vkeys"]["validator"])
    return open_vouched(pair.brief(client).state, [key]).statement.size


def test_two_partners_prove_a_statement_and_a_channel_to_a_reader_who_replays_nothing(pair: Pair) -> None:
    """Each signs what it replayed; their answers together are believed under the pin, and one of them alone is not."""
    club = pair.record.club
    said = club.decide("statement", {"text": text("storm"), "language": "en"}, "heron", "tern")
    club.decide("channel", {"op": "add", "address": STORM}, "heron")
    club.tick()
    pair.record.publish()
    with pair.nodes() as (nodes, clients):
        tend(nodes, pair.record)
        pins = {client.get(f"/mirror/{pair.record.hash}/pin").content for client in clients.values()}
        assert len(pins) == 1, "partners give one and the same pin, so that its six words can be compared"
        checked = pair.checked(clients, entry=said)
        verdict = judge_brief(checked, NOW)
        assert (verdict.code, verdict.rests_on) == ("official", "replayed by 2 partners (kestrel, osprey)")
        assert checked.size == club.tree.size
        channel = pair.checked(clients, part=["channels", "channels"], key=[STORM, "https://club.example/none"])
        assert channel.values["channels", STORM]["index"]
        assert channel.values["channels", "https://club.example/none"] is None
        with pytest.raises(ProofError) as refusal:
            check_brief(pair.brief(clients["osprey"], entry=said), pair.pin(clients["osprey"]))
        assert refusal.value.code == "brief/validators"


def test_a_node_vouches_for_exactly_what_its_mirror_has_signed(pair: Pair) -> None:
    """The statement is of the size and root of the mirrored checkpoint, signed again at each heartbeat, and follows the record as it grows."""
    club = pair.record.club
    with pair.nodes() as (nodes, clients):
        node, client = nodes["kestrel"], clients["kestrel"]
        assert client.get(f"/mirror/{pair.record.hash}/state").status_code == 404
        assert client.get(f"/mirror/{pair.record.hash}/pin").status_code == 404
        assert client.get(f"/mirror/{pair.record.hash}/brief").status_code == 404
        for turn in range(3):
            node.tend(follower(node, pair.record))
            signed = open_vouched(pair.state(client), [node.keys.validator.verifier])
            head = open_cosigned(
                client.get(f"/mirror/{pair.record.hash}/checkpoint").content, [pair.record.signer.verifier], [node.keys.mirror.verifier]
            )
            assert (signed.statement.size, signed.statement.root) == (head.checkpoint.size, head.checkpoint.root)
            assert set(signed.times.values()) == set(head.cosignatures.values()) == {pair.clock.now}
            tree = StateTree.of(club.state)
            assert (signed.statement.digest, signed.statement.count) == (tree.root(), tree.count)
            pair.clock.now += HEARTBEAT_SECONDS
            if turn < 2:
                club.decide("entrust", {"resource": f"mast-{turn}", "holders": ["tern"]})
                # Terms end meanwhile, so values are added, changed and gone.
                club.tick(400 * DAY)
                pair.record.publish()


def test_what_is_held_and_not_signed_is_not_vouched_for(pair: Pair) -> None:
    """A log that leaves out an entry loses the mirror's signature, and with it the statement about what it has grown to."""
    club = pair.record.club
    with pair.nodes() as (nodes, clients):
        tend(nodes, pair.record)
        before = pair.state(clients["kestrel"])
        withheld = club.sign("tern", "propose", {"kind": "channel", "payload": {"op": "add", "address": STORM}, "not_after": 2**40})
        assert clients["kestrel"].post("/entry", content=withheld).status_code == 202
        club.decide("channel", {"op": "add", "address": f"{STORM}/other"}, "heron")
        pair.record.publish()
        pair.clock.now += 3_600
        nodes["kestrel"].tend(follower(nodes["kestrel"], pair.record))
        assert follower(nodes["kestrel"], pair.record).size() == club.tree.size
        assert pair.state(clients["kestrel"]) == before
        assert vouched_size(pair, clients["kestrel"]) < club.tree.size


def test_a_node_that_was_started_again_says_what_it_said(pair: Pair) -> None:
    """Nothing is signed anew for it: the statement follows from what is held, and its time is the mirror's."""
    with pair.nodes() as (nodes, clients):
        tend(nodes, pair.record)
        before = pair.state(clients["kestrel"])
    pair.clock.now += 10
    with pair.nodes() as (_, clients):
        assert pair.state(clients["kestrel"]) == before
        assert pair.pin(clients["kestrel"]).org == pair.record.club.org


def test_a_founding_that_is_not_complete_is_not_vouched_for(tmp_path: Path) -> None:
    """Whose members have not accepted says nothing that anybody should be told."""
    early = Published()
    early.files = MemoryFiles()
    early.log = Log.create(early.files, early.club.state.origin, early.signer)
    early.publish(up_to=2)
    with following(tmp_path / "node", early) as (node, client):
        node.tend(follower(node, early))
        assert client.get(f"/mirror/{early.hash}/checkpoint").status_code == 200
        assert client.get(f"/mirror/{early.hash}/state").status_code == 404
        answer = client.get(f"/mirror/{early.hash}/brief")
        assert (answer.status_code, answer.json()["code"]) == (422, "brief/nothing")
        assert client.get(f"/mirror/{early.hash}/pin").json()["code"] == "pin/not-running"


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("entry=9999", 422, "entry/absent"),
        ("entry=" + "0" * 64, 422, "entry/absent"),
        ("entry=-1", 422, "entry/absent"),
        ("entry=0&entry=1", 400, "brief/query"),
        ("part=channels", 400, "brief/query"),
        ("part=channels&key=", 400, "brief/query"),
        ("part=secrets&key=x", 400, "brief/query"),
        ("more=x", 400, "brief/query"),
        ("part=channels&key=" + "x" * 401, 400, "brief/query"),
        ("&".join(f"part=channels&key=k{at}" for at in range(17)), 400, "brief/query"),
    ],
)
def test_a_question_that_no_proof_answers_is_refused_in_words(pair: Pair, query: str, status: int, code: str) -> None:
    """What strangers may ask is bounded, and whoever asks amiss is told how to ask."""
    with pair.nodes() as (nodes, clients):
        tend(nodes, pair.record)
        answer = clients["kestrel"].get(f"/mirror/{pair.record.hash}/brief?{query}")
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.json()["next_step"]
        assert clients["kestrel"].get(f"/mirror/{'0' * 64}/brief").status_code == 404


def test_entries_are_found_by_number_too(pair: Pair) -> None:
    """The founding is entry 0 of the first log."""
    with pair.nodes() as (nodes, clients):
        tend(nodes, pair.record)
        entry = pair.brief(clients["kestrel"], entry="0").entry
        assert entry is not None
        assert json.loads(entry.leaf)["type"] == "found"


def test_trees_that_nobody_asks_for_are_forgotten_and_made_again(pair: Pair) -> None:
    """What a node keeps over all its records is bounded, and no answer depends on it."""
    club = pair.record.club
    signer = SignerKey("heron.example/validator", bytes([7]) * 32, 4)
    voucher = vouching.Voucher(signer, kept=1)
    stance = voucher.stand(None, club.state, club.tree, club.tree.size, club.checkpoint(), NOW)
    other = Club()
    voucher.stand(None, other.state, other.tree, other.tree.size, other.checkpoint(), NOW)
    again = voucher.stand(None, club.state, club.tree, club.tree.size, club.checkpoint(), NOW)
    assert again.note == stance.note
    # A heartbeat on what has not grown signs again and works nothing out.
    beat = voucher.stand(again, club.state, club.tree, club.tree.size, club.checkpoint(), NOW + 60)
    assert beat.statement is again.statement

"""Laws of the entries that members give to partners: taken if the fold takes them, handed on, and missed when a log leaves them out."""

from __future__ import annotations

from pathlib import Path

import pytest

from commonhold.kernel.errors import StoreError
from commonhold.kernel.record.entries import MAX_ENTRY_BYTES, attest_entry, parse_entry
from commonhold.kernel.record.suspicion import Withheld, check_withheld, parse_suspicion
from commonhold.kernel.tlog.checkpoint import cosign
from commonhold.mirror.alarms import WITHHELD
from commonhold.mirror.asking import AHEAD_SECONDS
from commonhold.mirror.pending import LEFT_OUT_SECONDS, MAX_OF_MEMBER
from tests.attacks import Mutation, attack
from tests.cli.houses import command
from tests.kernel.record.helpers import FAR, Club
from tests.mirror.helpers import NOW, FakeClock
from tests.mirror.records import URL, Published, follower, following


def proposal(club: Club, name: str, address: str) -> bytes:
    """A proposal that is signed, and not given to the log."""
    payload = {"op": "add", "address": f"https://club.example/{address}"}
    return club.sign(name, "propose", {"kind": "channel", "payload": payload, "not_after": FAR})


def test_an_attest_from_the_future_is_not_kept(tmp_path: Path) -> None:
    """A log that leaves it out does well, so it must not wait here and cost that log its signatures."""
    record = Published()
    with following(tmp_path / "node", record) as (node, client):
        payload = {"witnesses": {"heron": str(node.keys.vkeys["mirror"])}, "groups": {}, "quorum": "heron"}
        record.club.decide("partner", payload)
        record.publish()
        line = client.post(f"/mirror/{record.hash}/cosign", content=record.log.checkpoint).text
        now = attest_entry(org=record.club.org, epoch=0, note=record.log.checkpoint.decode() + line)
        signer = node.keys.mirror
        ahead = cosign(record.log.checkpoint, signer, NOW + AHEAD_SECONDS + 1).line
        later = attest_entry(org=record.club.org, epoch=0, note=record.log.checkpoint.decode() + ahead)
        answer = client.post("/entry", content=later)
        assert (answer.status_code, answer.json()["code"]) == (422, "partner/clock")
        assert client.get("/pending").json()["entries"] == []
        assert client.post("/entry", content=now).status_code == 202


@attack(
    "partner-dropped-entry",
    Mutation(
        "src/commonhold/mirror/follower.py",
        find="        if late:\n            raise RuleError(",
        replace="        if late is None:\n            raise RuleError(",
    ),
    Mutation(
        "src/commonhold/mirror/pending.py",
        find="            elif now - since >= LEFT_OUT_SECONDS:",
        replace="            elif now < since:",
    ),
)
def test_a_log_that_drops_an_entry_loses_its_mirrors_signature_until_it_takes_it(tmp_path: Path) -> None:
    """Ten minutes after a partner took an entry that the fold accepts, it signs nothing for a log without it, not even a heartbeat."""
    record, clock = Published(), FakeClock()
    with following(tmp_path / "node", record, clock=clock) as (node, client):
        node.tend(follower(node, record))
        unwanted = proposal(record.club, "tern", "unwanted")
        answer = client.post("/entry", content=unwanted, headers={"Origin": "https://signer.example"})
        assert (answer.status_code, answer.json()["status"]) == (202, "taken")
        assert answer.headers["access-control-allow-origin"] == "*"
        record.write(3)
        clock.now += LEFT_OUT_SECONDS - 1
        assert client.post(f"/mirror/{record.hash}/cosign", content=record.log.checkpoint).status_code == 200
        clock.now += 1
        answer = client.post(f"/mirror/{record.hash}/cosign", content=record.log.checkpoint)
        entry = parse_entry(unwanted).id
        assert (answer.status_code, answer.json()["code"]) == (422, "mirror/left-out")
        clock.now += 3600
        node.tend(follower(node, record))
        assert client.get("/").json()["logs"][0]["signed"]["time"] == NOW + LEFT_OUT_SECONDS - 1
        assert [alarm.kind for alarm in node.alarms.all()] == [WITHHELD]
        evidence = client.get(f"/alarms/{node.alarms.all()[0].id}").content
        file = parse_suspicion(evidence)
        assert isinstance(file, Withheld)
        assert check_withheld(file)[0].id == entry
        assert (file.entry, file.since, file.time) == (unwanted, NOW, NOW + LEFT_OUT_SECONDS)
        path = tmp_path / "withheld.json"
        path.write_bytes(evidence)
        said = command("verify", path)
        assert (said.code, "the word of whoever kept this file" in said.out, "signed entry of tern after 10 minutes" in said.out) == (
            1,
            True,
            True,
        )
        # What waits is public, so that the log, or anybody else, can fetch it.
        assert [one["id"] for one in client.get("/pending").json()["entries"]] == [entry]
        assert client.get(f"/pending/{entry}").content == unwanted
        assert record.club.append(unwanted).counts
        record.publish()
        assert client.post(f"/mirror/{record.hash}/cosign", content=record.log.checkpoint).status_code == 200
        assert client.get("/pending").json()["entries"] == []
        assert client.post("/entry", content=unwanted).json()["status"] == "in-record"


def test_an_entry_that_the_record_made_impossible_is_forgotten(tmp_path: Path) -> None:
    """Of two acts that exclude each other the log took one; nobody can ask it to take the other, so nothing was left out."""
    record, clock = Published(), FakeClock()
    with following(tmp_path / "node", record, clock=clock) as (node, client):
        node.tend(follower(node, record))
        made = record.club.propose("heron", "channel", {"op": "add", "address": "https://club.example/one"})
        record.publish()
        node.tend(follower(node, record))
        late = record.club.sign("tern", "object", {"proposal": made})
        answer = client.post("/entry", content=record.club.sign("heron", "withdraw", {"what": "proposal", "of": made}))
        assert answer.status_code == 202, answer.text
        assert client.post("/entry", content=late).status_code in (202, 422)
        record.club.do("heron", "approve", proposal=made)
        record.publish()
        assert record.club.status(made) == "enacted"
        clock.now += LEFT_OUT_SECONDS
        assert client.post(f"/mirror/{record.hash}/cosign", content=record.log.checkpoint).status_code == 200
        assert client.get("/pending").json()["entries"] == []


def test_what_the_fold_refuses_is_refused_in_its_own_words_and_not_kept(tmp_path: Path) -> None:
    """A stranger's, altered, foreign or oversized entry leaves nothing behind."""
    record, other = Published(), Club(members=("wren", "robin", "finch", "lark", "swift"), seats={})
    good = proposal(record.club, "tern", "good")
    signature = parse_entry(good).sig
    assert signature is not None
    cases = [
        (good.replace(b"club.example/good", b"club.example/evil"), 422, "signature/invalid"),
        (other.sign("wren", "propose", {"kind": "channel", "payload": {}, "not_after": FAR}), 404, "mirror/unknown-log"),
        (record.club.sign("tern", "approve", {"proposal": "0" * 64}), 422, "act/no-proposal"),
        (
            record.club.sign("tern", "propose", {"kind": "channel", "payload": {}, "not_after": FAR}, kit=record.club.new_kit("tern")),
            422,
            "key/unknown",
        ),
        (record.club.sign("tern", "propose", {"kind": "channel", "payload": {}, "not_after": FAR}, epoch=7), 422, "entry/other-epoch"),
        (record.club.leaves[0], 404, "mirror/unknown-log"),
        (b"{}", 400, "entry/fields"),
        (b"", 400, ""),
        (b"x" * (MAX_ENTRY_BYTES + 1), 413, "http/too-large"),
    ]
    with following(tmp_path / "node", record) as (node, client):
        node.tend(follower(node, record))
        for raw, status, code in cases:
            answer = client.post("/entry", content=raw)
            assert (answer.status_code, answer.json()["code"][: len(code)]) == (status, code), answer.text
            assert answer.json()["message"]
        assert node.pending.all() == []


def test_before_a_record_is_held_nothing_can_be_taken_for_it(tmp_path: Path) -> None:
    """A node that has not fetched a record cannot judge its entries, and never takes a founding for one."""
    record = Published()
    record.away = 0
    with following(tmp_path / "node", record) as (node, client):
        assert client.post("/entry", content=proposal(record.club, "tern", "early")).status_code == 503
        with pytest.raises(StoreError) as refused:
            follower(node, record).take_entry(record.club.leaves[0])
        assert refused.value.code == "mirror/nothing"


@attack(
    "partner-flood",
    Mutation(
        "src/commonhold/mirror/pending.py",
        find="            if of_member >= MAX_OF_MEMBER or of_record >= MAX_OF_RECORD:",
        replace="            if of_record < 0:",
    ),
)
def test_one_member_cannot_fill_a_partner(tmp_path: Path) -> None:
    """A stolen kit signs any number of entries; so many are kept of one member, and the others' are taken all the same."""
    record = Published()
    with following(tmp_path / "node", record) as (node, client):
        node.tend(follower(node, record))
        answers = [client.post("/entry", content=proposal(record.club, "tern", f"flood{turn}")) for turn in range(MAX_OF_MEMBER + 3)]
        assert [answer.status_code for answer in answers] == [202] * MAX_OF_MEMBER + [429] * 3
        assert answers[-1].json()["code"] == "pending/too-many"
        assert client.post("/entry", content=proposal(record.club, "plover", "other")).status_code == 202
        # The same again is the same entry.
        assert client.post("/entry", content=proposal(record.club, "plover", "other2")).status_code == 202
        assert len(node.pending.all()) == MAX_OF_MEMBER + 2


def test_an_entry_outlives_a_restart_with_its_first_time(tmp_path: Path) -> None:
    """What a partner took it keeps, and the ten minutes do not start again."""
    record, clock = Published(), FakeClock()
    with following(tmp_path / "node", record, clock=clock) as (node, client):
        node.tend(follower(node, record))
        kept = proposal(record.club, "tern", "kept")
        assert client.post("/entry", content=kept).status_code == 202
    clock.now += LEFT_OUT_SECONDS
    with following(tmp_path / "node", record, clock=clock) as (node, client):
        assert client.post("/entry", content=kept).status_code == 202
        assert [one.since for one in node.pending.all()] == [NOW]
        assert client.post(f"/mirror/{record.hash}/cosign", content=record.log.checkpoint).json()["code"] == "mirror/left-out"


def test_what_waits_is_handed_to_the_log_itself(tmp_path: Path) -> None:
    """A partner offers the log each waiting entry at every look, at the log's own address, whatever the log answers."""
    record = Published()
    with following(tmp_path / "node", record) as (node, client):
        node.tend(follower(node, record))
        kept = proposal(record.club, "tern", "kept")
        client.post("/entry", content=kept)
        node.tend(follower(node, record))
        node.tend(follower(node, record))
    assert record.sent == [(f"{URL}/0/entry", kept)] * 2

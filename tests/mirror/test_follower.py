"""Laws of the mirror: what it holds before it signs, what it serves, and what it never believes."""

from __future__ import annotations

from pathlib import Path

import pytest

from commonhold.kernel.errors import CommonholdError, ProofError, StoreError
from commonhold.kernel.record.digest import StateTree
from commonhold.kernel.record.entries import attest_entry
from commonhold.kernel.tlog.checkpoint import open_checkpoint, open_cosigned
from commonhold.kernel.tlog.equivocation import check_equivocation, parse_equivocation
from commonhold.kernel.tlog.rollback import check_rollback, parse_rollback
from commonhold.mirror import copy as copying
from commonhold.mirror import database
from commonhold.mirror.alarms import ROLLBACK, TWO_FACES
from commonhold.mirror.node import HEARTBEAT_SECONDS, Node
from commonhold.store.files import DirectoryFiles
from commonhold.store.memory import Fault, Instant, Killed, MemoryFiles
from commonhold.store.reader import StaticReader
from commonhold.store.record import read_record
from tests.attacks import Mutation, attack
from tests.kernel.record.helpers import Club
from tests.mirror.helpers import NOW, FakeClock
from tests.mirror.records import Published, follower, following

FOLLOWER = "src/commonhold/mirror/follower.py"


def kinds(node: Node) -> list[str]:
    return sorted(alarm.kind for alarm in node.alarms.all())


def fork_of(record: Published, at: int) -> Published:
    """Another history under the same log key, which parts after *at* entries."""
    club = Club()
    assert club.leaves == record.club.leaves[: len(club.leaves)]
    for leaf in record.club.leaves[len(club.leaves) : at]:
        club.append(leaf)
    for turn in range(8):
        club.act("tern", "propose", kind="channel", payload={"op": "add", "address": f"https://fork.example/{turn}"}, not_after=2**40)
    return Published(club)


def test_a_mirror_holds_every_leaf_before_it_signs_and_serves_it_all(tmp_path: Path) -> None:
    """What the mirror's signature covers is on its own disk, replayed, and served as a C2SP tiled log that a stranger verifies."""
    record = Published()
    record.write(300)
    with following(tmp_path / "node", record) as (node, client):
        assert client.get(f"/mirror/{record.hash}/checkpoint").status_code == 404
        answer = client.post(f"/mirror/{record.hash}/cosign", content=record.log.checkpoint)
        assert answer.status_code == 200
        mirror = node.keys.vkeys["mirror"]
        signed = open_cosigned(record.log.checkpoint + answer.content, [record.signer.verifier], [mirror])
        assert signed.cosignatures == {mirror: NOW}

        def fetch(name: str, max_size: int) -> bytes:
            found = client.get(f"/mirror/{record.hash}/{name}")
            if found.status_code == 404:
                raise StoreError("absent", code="store/absent")
            assert len(found.content) <= max_size
            return found.content

        read = read_record(StaticReader(fetch), org=record.club.org)
        assert read.checkpoint.size == record.club.tree.size
        assert StateTree.of(read.state).root() == StateTree.of(record.club.state).root()
        tile = client.get(f"/mirror/{record.hash}/tile/0/000", headers={"Origin": "https://reader.example"})
        assert tile.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert tile.headers["content-type"] == "application/octet-stream"
        assert tile.headers["access-control-allow-origin"] == "*"
        head = client.get(f"/mirror/{record.hash}/checkpoint")
        assert head.headers["cache-control"] == "public, max-age=5"
        assert "/witness" not in head.text
    # The folder alone is enough for any web server.
    copy = StaticReader.from_directory(tmp_path / "node" / "mirror" / record.hash)
    assert read_record(copy).checkpoint.size == record.club.tree.size


def test_paths_that_are_no_tiles_are_refused(tmp_path: Path) -> None:
    """Nothing but tiles, in their one spelling, is read from the disk for a stranger."""
    record = Published()
    with following(tmp_path / "node", record) as (node, client):
        node.tend(follower(node, record))
        for path in ("tile/0/../../../keys", "tile/0/x000/000", "tile/entries/0", "tile/99/000", "keys", ".lock", "tile/0/000.p/256"):
            assert client.get(f"/mirror/{record.hash}/{path}").status_code in (400, 404), path
        assert client.get(f"/mirror/{'0' * 64}/checkpoint").status_code == 404
        assert client.get(f"/mirror/{'0' * 64}/tile/0/000").status_code == 404


def test_a_mirror_grows_with_its_record_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """Many small growths end in the same files as one large one, with no more than the newest partial tiles."""
    record = Published()
    with following(tmp_path / "node", record) as (node, _):
        for _ in range(40):
            record.write(9)
            node.tend(follower(node, record))
        assert follower(node, record).size() == record.club.tree.size
    files = DirectoryFiles(tmp_path / "node" / "mirror" / record.hash)
    left = [name for name in files.list("tile") if "000.p" in name and not name.startswith("tile/1/")]
    assert left == []


def test_what_was_fetched_is_not_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A catch-up that breaks off keeps what it has flushed, and a restarted node goes on from there."""
    monkeypatch.setattr(copying, "FLUSH_EVERY", 256)
    record = Published()
    record.write(1200)
    record.away = 11
    with following(tmp_path / "node", record) as (node, _):
        with pytest.raises(StoreError):
            follower(node, record).pull()
        held = follower(node, record).size()
        assert 256 <= held < record.club.tree.size
        with pytest.raises(ProofError) as refused:
            follower(node, record).sign()
        assert refused.value.code == "mirror/nothing"
    record.away, record.fetched = -1, []
    with following(tmp_path / "node", record) as (node, _):
        follower(node, record).pull()
        assert follower(node, record).size() == record.club.tree.size
        assert "tile/entries/000" not in record.fetched
        assert f"tile/entries/{held // 256:03}" in record.fetched


@attack(
    "partner-other-history",
    Mutation(FOLLOWER, find="            if root != known.root:", replace="            if len(root) != len(known.root):"),
)
@pytest.mark.parametrize("longer", [True, False])
def test_a_log_that_serves_another_history_is_not_signed_and_a_proof_is_kept(tmp_path: Path, longer: bool) -> None:
    """A mirror stays on the history that it signed; the log's two signed checkpoints become a proof that anybody can check offline."""
    record = Published()
    record.write(20)
    fork = fork_of(record, record.club.tree.size - 10)
    if longer:
        fork.write(10)
    with following(tmp_path / "node", record) as (node, client):
        node.tend(follower(node, record))
        size = follower(node, record).size()
        before = client.get(f"/mirror/{record.hash}/checkpoint").content
        assert (fork.club.tree.size > size) is longer
        record.replace_by(fork)
        node.tend(follower(node, record))
        assert "not of the history" in follower(node, record).trouble
        assert client.post(f"/mirror/{record.hash}/cosign", content=fork.log.checkpoint).status_code == 422
        assert client.get(f"/mirror/{record.hash}/checkpoint").content == before
        assert kinds(node) == [TWO_FACES]
        [alarm] = client.get("/alarms").json()["alarms"]
        proof = client.get(f"/alarms/{alarm['id']}").content
    check_equivocation(parse_equivocation(proof))


def test_a_fork_that_somebody_brings_to_the_witness_is_proved_from_the_copy(tmp_path: Path) -> None:
    """A partner holds the leaves, so a smaller checkpoint of another history, which a bare witness could only refuse, becomes a proof."""
    record = Published()
    record.write(20)
    fork = fork_of(record, record.club.tree.size - 10)
    with following(tmp_path / "node", record) as (node, client):
        node.tend(follower(node, record))
        client.post("/add-checkpoint", content=b"old 0\n\n" + record.log.checkpoint)
        assert client.post("/add-checkpoint", content=b"old 0\n\n" + fork.log.checkpoint).status_code == 409
        assert kinds(node) == [TWO_FACES]


@attack("partner-restored", Mutation(FOLLOWER, find="        if behind and published:", replace="        if behind and not published:"))
def test_an_older_checkpoint_at_the_logs_own_address_is_an_alarm_and_changes_nothing(tmp_path: Path) -> None:
    """A restored backup or a stale cache: what was signed stays, the evidence is kept, and nobody is accused of two faces."""
    record = Published()
    old, clock = record.log.checkpoint, FakeClock()
    record.write(5)
    with following(tmp_path / "node", record, clock=clock) as (node, client):
        node.tend(follower(node, record))
        before = follower(node, record).size()
        record.files.damage("checkpoint", old)
        for _ in range(3):
            clock.now += HEARTBEAT_SECONDS - 1
            node.tend(follower(node, record))
        assert open_checkpoint(client.get(f"/mirror/{record.hash}/checkpoint").content, [record.signer.verifier])[0].size == before
        assert kinds(node) == [ROLLBACK]
        seen = parse_rollback(client.get(f"/alarms/{node.alarms.all()[0].id}").content)
        assert [head.size for head in check_rollback(seen)] == [len(Club().leaves), before]
        assert seen.time == NOW + HEARTBEAT_SECONDS - 1
        answer = client.post(f"/mirror/{record.hash}/cosign", content=old)
        assert (answer.status_code, answer.text) == (409, f"{record.club.tree.size}\n")
        assert answer.headers["content-type"] == "text/x.tlog.size"


@attack(
    "partner-withheld-leaves",
    Mutation(
        FOLLOWER,
        find="        if checkpoint is None or held != checkpoint.size or copy.size != held:",
        replace="        if checkpoint is None:",
    ),
    Mutation(
        FOLLOWER,
        find="            copy.extend(leaves, checkpoint.size - copy.size, lambda size, root: self._hold(goal, size, root))",
        replace="            self._hold(bare, checkpoint.size, checkpoint.root)",
    ),
)
def test_no_mirror_signs_for_leaves_that_it_was_not_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that signs and withholds gets no mirror signature, and the mirror goes on when the leaves appear."""
    monkeypatch.setattr(copying, "FLUSH_EVERY", 256)
    record = Published()
    with following(tmp_path / "node", record) as (node, client):
        node.tend(follower(node, record))
        record.write(1100)
        hidden = record.files.read("tile/entries/003", 1 << 24)
        record.files.damage("tile/entries/003", None)
        assert client.post(f"/mirror/{record.hash}/cosign", content=record.log.checkpoint).status_code == 503
        with pytest.raises(ProofError):
            follower(node, record).sign()
        record.files.damage("tile/entries/003", hidden)
        assert client.post(f"/mirror/{record.hash}/cosign", content=record.log.checkpoint).status_code == 200


@pytest.mark.parametrize("name", ["checkpoint", "tile/0/000", "tile/entries/000"])
@pytest.mark.parametrize("harm", [b"", b"junk", None])
def test_files_that_are_not_what_the_log_signed_are_not_stored(tmp_path: Path, name: str, harm: bytes | None) -> None:
    """Whatever one file of the log is replaced by, the mirror takes nothing from it, says why, and recovers with the file."""
    record = Published()
    record.write(300)
    good = record.files.read(name, 1 << 24)
    record.files.damage(name, harm)
    with following(tmp_path / "node", record) as (node, client):
        node.tend(follower(node, record))
        assert follower(node, record).size() == 0
        assert follower(node, record).trouble
        assert client.get("/").json()["logs"][0]["trouble"] == follower(node, record).trouble
        record.files.damage(name, good)
        node.tend(follower(node, record))
        assert follower(node, record).trouble == ""
        assert client.get("/").json()["logs"][0]["signed"] == {"size": record.club.tree.size, "time": NOW}


def test_only_the_log_itself_can_ask_for_a_mirror_signature(tmp_path: Path) -> None:
    """A checkpoint that the log did not sign is answered 403 before anything is fetched for it."""
    record = Published()
    forged = record.log.checkpoint.replace(b"\n%d\n" % record.log.size, b"\n99\n")
    with following(tmp_path / "node", record) as (_, client):
        for body in (forged, b"", b"junk"):
            assert client.post(f"/mirror/{record.hash}/cosign", content=body).status_code == 403
        assert record.fetched == []


def test_a_heartbeat_signs_again_with_a_fresh_time_when_the_log_is_dead(tmp_path: Path) -> None:
    """The mirror goes on vouching for what it holds, also when nobody can reach the log any more."""
    record, clock = Published(), FakeClock()
    with following(tmp_path / "node", record, clock=clock) as (node, client):
        node.tend(follower(node, record))
        record.away = 0
        times = []
        for _ in range(4):
            clock.now += HEARTBEAT_SECONDS // 2
            node.tend(follower(node, record))
            times.append(client.get("/").json()["logs"][0]["signed"]["time"])
        assert times == [NOW, NOW + HEARTBEAT_SECONDS, NOW + HEARTBEAT_SECONDS, NOW + 2 * HEARTBEAT_SECONDS]
        assert "cannot reach" in follower(node, record).trouble


def test_a_mirror_signature_moves_the_records_clock(tmp_path: Path) -> None:
    """The node's mirror key, named by a decision, attests: the fold takes its signature and its time."""
    record = Published()
    with following(tmp_path / "node", record) as (node, client):
        payload = {"witnesses": {"heron": str(node.keys.vkeys["mirror"])}, "groups": {}, "quorum": "heron"}
        record.club.decide("partner", payload)
        record.publish()
        line = client.post(f"/mirror/{record.hash}/cosign", content=record.log.checkpoint).text
        attest = attest_entry(org=record.club.org, epoch=0, note=record.log.checkpoint.decode() + line)
        assert record.club.append(attest).counts
        assert record.club.state.clock == NOW


def test_a_damaged_copy_is_fetched_again_and_must_lead_to_what_was_signed(tmp_path: Path) -> None:
    """A disk that lost a bundle costs a new catch-up; a log that meanwhile changed its history still gets no signature."""
    record = Published()
    record.write(300)
    with following(tmp_path / "node", record) as (node, _):
        node.tend(follower(node, record))
    bundle = tmp_path / "node" / "mirror" / record.hash / "tile" / "entries" / "000"
    whole = bundle.read_bytes()
    bundle.write_bytes(whole[:-1])
    fork = fork_of(record, 50)
    fork.write(400)
    honest = (record.files, record.log, record.club)
    record.replace_by(fork)
    with following(tmp_path / "node", record) as (node, client):
        node.tend(follower(node, record))
        assert kinds(node) == [TWO_FACES]
        record.files, record.log, record.club = honest
        node.tend(follower(node, record))
        assert client.post(f"/mirror/{record.hash}/cosign", content=record.log.checkpoint).status_code == 200
    assert bundle.read_bytes() == whole


def test_one_node_serves_many_organisations_and_one_that_is_broken_disturbs_no_other(tmp_path: Path) -> None:
    """Each record has its own folder and its own troubles."""
    one, other = Published(), Published(Club(members=("heron", "tern", "plover", "curlew", "avocet")))
    assert one.hash != other.hash
    one.away = 0
    with following(tmp_path / "node", one, other) as (node, client):
        for each in node.followers.values():
            node.tend(each)
        rows = {row["hash"]: row for row in client.get("/").json()["logs"]}
        assert rows[one.hash]["signed"] is None
        assert rows[other.hash]["signed"]["size"] == other.club.tree.size
        assert rows[other.hash]["org"] == other.club.org


@pytest.mark.parametrize("instant", Instant)
@pytest.mark.parametrize("refusal", ["", "store/full"])
def test_a_fault_at_any_write_of_the_copy_leaves_a_mirror_that_holds_what_it_signed(
    tmp_path: Path, instant: Instant, refusal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed or refused at each change to its files: the next start goes on, and every signed head is of the one history, whole and served."""
    monkeypatch.setattr(database, "SYNCHRONOUS", "OFF")
    record = Published()

    def story(folder: Path, files: dict[str, MemoryFiles]) -> list[int]:
        signed = []
        with following(folder, record, files=files) as (node, _):
            for size in sizes:
                try:
                    node.followers[record.hash].cosign(notes[size])
                    signed.append(size)
                except Killed:
                    break
                except CommonholdError:
                    continue
        return signed

    notes: dict[int, bytes] = {}
    for count in (2, 260):
        notes[record.log.size] = record.log.checkpoint
        record.write(count)
    notes[record.log.size] = record.log.checkpoint
    sizes = sorted(notes)
    whole = {record.hash: MemoryFiles()}
    assert story(tmp_path / "whole", whole) == sizes
    for step in range(len(whole[record.hash].steps)):
        folder, files = tmp_path / f"{step}", {record.hash: MemoryFiles(Fault(step, instant, refusal))}
        signed = story(folder, files)
        files[record.hash] = files[record.hash].reboot() if not refusal else files[record.hash]
        files[record.hash].fault = None
        with following(folder, record, files=files) as (node, _):
            head = node.followers[record.hash].head()
            # A refused publishing comes after the signature was remembered, and before it was given away.
            assert (head[0] if head else 0) >= (signed[-1] if signed else 0)
            assert node.followers[record.hash].cosign(notes[sizes[-1]])
            assert kinds(node) == []
        reader = StaticReader(files[record.hash].read)
        assert read_record(reader, org=record.club.org).checkpoint.size == sizes[-1]

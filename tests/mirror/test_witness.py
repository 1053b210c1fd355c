"""Laws of the witness: what it signs, what it never signs, and what it remembers through everything."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from commonhold.kernel.errors import CustodyError, FatalStoreError, FormatError, StoreError
from commonhold.kernel.notes import SignerKey
from commonhold.kernel.tlog.checkpoint import parse_checkpoint
from commonhold.kernel.tlog.equivocation import check_equivocation, parse_equivocation
from commonhold.mirror.alarms import MAX_EACH, TWO_FACES, UNPROVED, Alarms
from commonhold.mirror.database import Database
from commonhold.mirror.keys import DATABASE, KEYS, open_state
from commonhold.mirror.sources import LogSource
from commonhold.mirror.witness import Witness, origin_hash
from tests.attacks import Mutation, attack
from tests.cli.houses import command
from tests.mirror.helpers import NAME, NOW, ORIGIN, FakeClock, FakeLog, running

WITNESS = "src/commonhold/mirror/witness.py"
RULES = "src/commonhold/kernel/tlog/witness.py"


def stored_size(database: Database) -> int:
    found = database.read("SELECT size FROM heads")
    return int(found[0][0]) if found else 0


@attack(
    "record-19",
    Mutation(
        WITNESS,
        find='        with self._database.changing() as rows:\n            found = rows.execute("SELECT size, root FROM heads WHERE origin = ?", (request.origin,)).fetchone()\n',
        replace='        rows_before = self._database.read("SELECT size, root FROM heads WHERE origin = ?", request.origin)\n        with self._database.changing() as rows:\n            found = rows_before[0] if rows_before else None\n',
    ),
)
def test_of_two_requests_that_race_one_is_signed_and_the_other_told_the_new_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Comparing and remembering are one step: however threads interleave, one growth wins each round and the size only ever grows."""
    log = FakeLog()
    with running(tmp_path / "node") as (node, _):
        assert node.witness.add_checkpoint(log.request(0, 5)).status == 200
        size, changing = 5, node.database.changing
        for _ in range(12):
            gate, answers = threading.Barrier(4, timeout=60), []

            @contextlib.contextmanager
            def together(gate: threading.Barrier = gate) -> Iterator[sqlite3.Connection]:
                # Nobody's transaction begins before everybody is about to begin one: what was read earlier is old by then.
                gate.wait()
                with changing() as rows:
                    yield rows

            monkeypatch.setattr(node.database, "changing", together)

            def race(more: int, size: int = size, answers: list[Any] = answers) -> None:
                request = log.request(size, size + more)
                answers.append((size + more, node.witness.add_checkpoint(request)))

            threads = [threading.Thread(target=race, args=(more,)) for more in (1, 2, 3, 4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            won = [grown for grown, answer in answers if answer.status == 200]
            assert len(won) == 1
            assert sorted(answer.status for _, answer in answers) == [200, 409, 409, 409]
            assert {answer.body for _, answer in answers if answer.status == 409} == {b"%d\n" % won[0]}
            size = won[0]
            assert stored_size(node.database) == size


@attack("partner-rollback", Mutation(RULES, find="    if request.old != head.size:", replace="    if request.old > head.size:"))
def test_a_witness_never_signs_its_way_back(tmp_path: Path) -> None:
    """Neither an older checkpoint nor a proof from an older size is signed, and what is served stays the newest."""
    log = FakeLog()
    with running(tmp_path / "node") as (_, client):
        for old, size in ((0, 100), (100, 300)):
            assert client.post("/add-checkpoint", content=log.request(old, size)).status_code == 200
        for old, size in ((0, 100), (100, 200), (100, 300), (0, 300)):
            answer = client.post("/add-checkpoint", content=log.request(old, size))
            assert (answer.status_code, answer.text) == (409, "300\n")
        assert client.post("/add-checkpoint", content=log.request(300, 100)).status_code == 400
        served = client.get(f"/{origin_hash(ORIGIN)}/checkpoint")
        assert served.text.splitlines()[1] == "300"


@attack(
    "partner-two-faces",
    Mutation(
        RULES,
        find="        verify_consistency(request.old, checkpoint.size, head.root, checkpoint.root, request.proof)",
        replace="        verify_consistency(request.old, request.old, head.root, head.root, ())",
    ),
)
def test_a_log_that_shows_a_second_face_is_not_signed_and_leaves_a_proof(tmp_path: Path) -> None:
    """A second history is refused whatever proof comes with it; two checkpoints of one size are kept as a proof that anybody can check."""
    log = FakeLog()
    fork = log.fork(50)
    with running(tmp_path / "node") as (_, client):
        assert client.post("/add-checkpoint", content=log.request(0, 100)).status_code == 200
        assert client.post("/add-checkpoint", content=fork.request(100, 200)).status_code == 422
        assert client.post("/add-checkpoint", content=fork.request(100, 100, proof=[])).status_code == 422
        assert client.get(f"/{origin_hash(ORIGIN)}/checkpoint").text.splitlines()[1] == "100"
        alarms = client.get("/alarms").json()["alarms"]
        assert {one["kind"] for one in alarms} == {TWO_FACES, UNPROVED}
        [unproved] = [client.get(f"/alarms/{one['id']}").content for one in alarms if one["kind"] == UNPROVED]
        [proof] = [client.get(f"/alarms/{one['id']}").content for one in alarms if one["kind"] == TWO_FACES]
    path = tmp_path / "unproved.json"
    path.write_bytes(unproved)
    said = command("verify", path, "--json")
    assert (said.code, said.json["verdict"], [head["size"] for head in said.json["heads"]]) == (2, "cannot-judge", [100, 200])
    smaller, larger = check_equivocation(parse_equivocation(proof))
    assert {smaller.root, larger.root} == {log.tree.root(100), fork.tree.root(100)}


def test_a_first_checkpoint_with_a_proof_of_nothing_is_refused_and_accuses_nobody(tmp_path: Path) -> None:
    """Nothing was cosigned before, so there is nothing to prove and nothing to hold against the log: 422, and no alarm."""
    log = FakeLog()
    with running(tmp_path / "node") as (node, client):
        for size in (0, 100):
            assert client.post("/add-checkpoint", content=log.request(0, size, proof=[bytes(32)])).status_code == 422
        assert node.alarms.all() == []
        assert client.post("/add-checkpoint", content=log.request(0, 0)).status_code == 200
        assert client.post("/add-checkpoint", content=log.request(0, 100, proof=[bytes(32)])).status_code == 422
        assert client.post("/add-checkpoint", content=log.request(0, 100)).status_code == 200


def test_evidence_is_kept_once_and_within_bounds(tmp_path: Path) -> None:
    """Whoever holds a log's key can sign any number of refused checkpoints, and fills no disk with them."""
    log = FakeLog()
    with running(tmp_path / "node") as (node, client):
        client.post("/add-checkpoint", content=log.request(0, 100))
        for turn in range(MAX_EACH + 10):
            for _ in range(2):
                bad = log.note(200, bytes([turn]) * 32)
                assert client.post("/add-checkpoint", content=log.request(100, 200, note=bad)).status_code == 422
        assert len(node.alarms.all()) == MAX_EACH
        assert client.get("/alarms/none").status_code == 404


def test_a_stranger_can_make_a_witness_remember_nothing(tmp_path: Path) -> None:
    """What no trusted log signed leaves no trace: no alarm, no row, no signature."""
    stranger = FakeLog(SignerKey(ORIGIN, bytes([7]) * 32))
    with running(tmp_path / "node") as (node, client):
        assert client.post("/add-checkpoint", content=stranger.request(0, 5)).status_code == 403
        assert client.post("/add-checkpoint", content=b"old 0\n\nnonsense").status_code == 400
        assert node.alarms.all() == []
        assert stored_size(node.database) == 0


def test_a_witness_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """A restart changes nothing: same keys, same size, same served checkpoint."""
    log = FakeLog()
    with running(tmp_path / "node") as (node, client):
        client.post("/add-checkpoint", content=log.request(0, 100))
        vkeys, served = node.keys.vkeys, client.get(f"/{origin_hash(ORIGIN)}/checkpoint").content
    with running(tmp_path / "node") as (node, client):
        assert node.keys.vkeys == vkeys
        assert client.get(f"/{origin_hash(ORIGIN)}/checkpoint").content == served
        assert client.post("/add-checkpoint", content=log.request(0, 200)).text == "100\n"
    assert ((tmp_path / "node" / KEYS).stat().st_mode & 0o777) == 0o600
    assert ((tmp_path / "node" / DATABASE).stat().st_mode & 0o777) == 0o600


@attack(
    "partner-amnesia",
    Mutation(
        "src/commonhold/mirror/keys.py",
        find="    if not has_memory:\n        raise FatalStoreError(",
        replace="    if has_memory is None:\n        raise FatalStoreError(",
    ),
)
def test_a_witness_that_forgot_never_starts_again_at_0(tmp_path: Path) -> None:
    """Keys whose database is gone, or is another node's, sign nothing ever again, and the refusal says what to do."""
    for name in ("one", "two"):
        with running(tmp_path / name) as (_, client):
            client.post("/add-checkpoint", content=FakeLog().request(0, 100))
    (tmp_path / "one" / DATABASE).rename(tmp_path / "kept")
    with pytest.raises(FatalStoreError) as refused:
        open_state(tmp_path / "one", NAME)
    assert refused.value.code == "node/forgot"
    assert "new node" in refused.value.next_step
    assert not (tmp_path / "one" / DATABASE).exists()
    (tmp_path / "one" / DATABASE).write_bytes((tmp_path / "two" / DATABASE).read_bytes())
    with pytest.raises(FatalStoreError) as mixed:
        open_state(tmp_path / "one", NAME)
    assert mixed.value.code == "node/other-keys"
    (tmp_path / "kept").rename(tmp_path / "one" / DATABASE)
    (tmp_path / "one" / KEYS).unlink()
    with pytest.raises(FatalStoreError) as lost:
        open_state(tmp_path / "one", NAME)
    assert lost.value.code == "node/keys-lost"


def test_a_first_start_that_was_cut_is_begun_again(tmp_path: Path) -> None:
    """The database comes first and the keys last: a start that was killed between them has signed nothing, and starts anew."""
    _, database = open_state(tmp_path, NAME)
    database.close()
    (tmp_path / KEYS).unlink()
    keys, database = open_state(tmp_path, NAME)
    database.close()
    again, database = open_state(tmp_path, NAME)
    database.close()
    assert again.vkeys == keys.vkeys


@pytest.mark.parametrize(
    ("harm", "family", "code"),
    [
        (lambda keys: keys.chmod(0o644), CustodyError, "keyfile/mode"),
        (lambda keys: keys.write_bytes(keys.read_bytes()[:60]), FormatError, "keyfile/kind"),
        (lambda keys: keys.write_bytes(b""), FormatError, "keyfile/kind"),
    ],
)
def test_damaged_or_open_keys_are_refused(tmp_path: Path, harm: Any, family: type[Exception], code: str) -> None:
    """Keys that others can read, or that were cut, are not signed with."""
    open_state(tmp_path, NAME)[1].close()
    harm(tmp_path / KEYS)
    with pytest.raises(family) as refused:
        open_state(tmp_path, NAME)
    assert getattr(refused.value, "code") == code  # noqa: B009 - the family is a parameter


def test_a_node_keeps_its_name(tmp_path: Path) -> None:
    """The name is part of the keys, so another name is refused, and so is one that no key can have."""
    open_state(tmp_path, NAME)[1].close()
    for name, code in (("other.example", "node/name"), ("two words", "key/name")):
        with pytest.raises(FormatError) as refused:
            open_state(tmp_path, name)
        assert refused.value.code == code


def test_a_database_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    """A layout that this version does not know may say what it cannot read, so nothing is signed over it."""
    open_state(tmp_path, NAME)[1].close()
    with sqlite3.connect(tmp_path / DATABASE) as connection:
        connection.execute("PRAGMA user_version = 9")
    connection.close()
    with pytest.raises(FatalStoreError) as refused:
        open_state(tmp_path, NAME)
    assert refused.value.code == "node/version"


class Killed(BaseException):
    """The process died here."""


class Breaking(sqlite3.Connection):
    """A connection on which one write is hit: killed or refused, before or after it."""

    step: ClassVar[int] = -1
    after: ClassVar[bool] = False
    refuse: ClassVar[bool] = False
    count: ClassVar[int] = 0

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:  # type: ignore[override] # the base names no parameters
        if sql.startswith(("SELECT", "PRAGMA", "ROLLBACK")):
            return super().execute(sql, *values)
        hit, Breaking.count = Breaking.count == Breaking.step, Breaking.count + 1
        if hit and not Breaking.after:
            self._fail()
        done = super().execute(sql, *values)
        if hit:
            self._fail()
        return done

    def _fail(self) -> None:
        if Breaking.refuse:
            raise sqlite3.OperationalError("database or disk is full")
        raise Killed


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("refuse", [False, True])
def test_a_fault_at_any_write_leaves_a_witness_that_never_went_back(tmp_path: Path, refuse: bool, after: bool) -> None:
    """Killed or refused before or after each statement: what was answered is remembered, and the next request goes on from there."""
    log, story = FakeLog(), ((0, 100), (100, 100), (100, 257), (257, 600))
    open_state(tmp_path, NAME)[1].close()
    Breaking.refuse, Breaking.after, Breaking.step, Breaking.count = refuse, after, -1, 0

    def tell(folder: Path) -> int:
        """The size that was last answered with 200."""
        keys, plain = open_state(folder, NAME)
        plain.close()
        database, answered = Database(folder / DATABASE, factory=Breaking), 0
        witness = Witness(database, keys.witness, {ORIGIN: (log.signer.verifier,)}, FakeClock(), lambda *_: None)
        try:
            for old, size in story:
                if witness.add_checkpoint(log.request(old, size)).status == 200:
                    answered = size
        except (Killed, StoreError):
            pass
        database.close()
        return answered

    tell(tmp_path)
    writes = Breaking.count
    assert writes == 3 * len(story)
    for step in range(writes):
        folder = tmp_path / str(step)
        open_state(folder, NAME)[1].close()
        Breaking.step, Breaking.count = step, 0
        answered = tell(folder)
        Breaking.step = -1
        with running(folder) as (node, _):
            size = stored_size(node.database)
            assert size in {answered, *(grown for old, grown in story if old == answered)}
            assert node.witness.add_checkpoint(log.request(size, 600)).status == 200


def test_a_full_disk_is_told_in_words_and_signs_nothing(tmp_path: Path) -> None:
    """When the head cannot be remembered, no signature leaves: the client gets 503 and what is served stays as it was."""
    log = FakeLog()
    with running(tmp_path / "node") as (node, client):
        client.post("/add-checkpoint", content=log.request(0, 100))
        node.database._connection.execute("PRAGMA max_page_count = 1")
        node.database._connection.execute("PRAGMA query_only = ON")
        answer = client.post("/add-checkpoint", content=log.request(100, 200))
        assert answer.status_code == 503
        assert answer.json()["next_step"]
        assert "—" not in answer.text
        assert client.get(f"/{origin_hash(ORIGIN)}/checkpoint").text.splitlines()[1] == "100"


def test_the_served_checkpoint_holds_the_logs_and_the_witnesss_lines_and_no_others(tmp_path: Path) -> None:
    """A client may hang anything below a checkpoint; it is neither kept nor served."""
    log = FakeLog()
    junk = SignerKey("junk.example", bytes([9]) * 32, 0x04)
    note = log.note(100) + junk.sign(parse_note_text(log.note(100)), NOW).line.encode()
    with running(tmp_path / "node") as (_, client):
        assert client.post("/add-checkpoint", content=log.request(0, 100, note=note)).status_code == 200
        served = client.get(f"/{origin_hash(ORIGIN)}/checkpoint")
        names = [line.split(" ")[1] for line in served.text.splitlines() if line.startswith("—")]
        assert names == [ORIGIN, f"{NAME}/witness"]
        assert served.headers["content-type"] == "text/plain; charset=utf-8"
        assert served.headers["cache-control"] == "public, max-age=5"


def parse_note_text(note: bytes) -> str:
    return note.decode().rpartition("\n\n")[0] + "\n"


def test_a_log_is_named_with_its_key_and_perhaps_its_address() -> None:
    """``VKEY`` or ``VKEY=URL``; a cosigner's key is no log's."""
    vkey = str(FakeLog().signer.verifier)
    assert LogSource.parse(vkey) == LogSource(FakeLog().signer.verifier)
    assert LogSource.parse(f"{vkey}=https://log.example/record/").url == "https://log.example/record"
    with pytest.raises(FormatError) as refused:
        LogSource.parse(str(SignerKey("tern.example", bytes([1]) * 32, 0x04).verifier))
    assert refused.value.code == "log/key-kind"


@pytest.mark.parametrize("form", ["{url}={key}", "{key}=127.0.0.1:8400", "{key}=ftp://saltmarsh.example"])
def test_a_log_whose_address_is_in_the_wrong_place_or_form_is_told_how_it_is_written(form: str) -> None:
    """The key and the address changed places, or the address does not say how to reach it: not "bad base64"."""
    key = str(FakeLog().signer.verifier)
    with pytest.raises(FormatError) as refused:
        LogSource.parse(form.format(key=key, url="https://saltmarsh.example"))
    assert refused.value.code == "log/source"
    assert "https://" in refused.value.next_step


def test_an_alarm_whose_origin_json_cannot_hold_is_kept_all_the_same(tmp_path: Path) -> None:
    """A foreign log may have a name that our canonical form refuses; the evidence is then the two notes themselves."""
    log = FakeLog(SignerKey("log.example/\u202eorigin", bytes([1]) * 32))
    with running(tmp_path / "node", LogSource(log.signer.verifier)) as (node, _):
        assert node.witness.add_checkpoint(log.request(0, 100)).status == 200
        assert node.witness.add_checkpoint(log.fork(50).request(100, 100, proof=[])).status == 422
        [alarm] = node.alarms.all()
        evidence = Alarms(node.database).evidence(alarm.id)
    assert evidence is not None
    assert parse_checkpoint(evidence.decode().partition("\n\n")[0] + "\n").size == 100

"""Laws about a record on a disk: what the writer keeps and refuses, and what a stranger finds out by reading."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest

from commonhold.kernel.errors import CommonholdError, FormatError, ProofError, RuleError, StoreError
from commonhold.kernel.notes import SignerKey
from commonhold.kernel.record.jobs import Job, here
from commonhold.kernel.record.verdict import judge_record
from commonhold.kernel.texts import make_text, text_digest
from commonhold.store import workers
from commonhold.store.files import DirectoryFiles
from commonhold.store.log import JOURNAL, Log
from commonhold.store.reader import StaticReader
from commonhold.store.record import LOG_KEY, RECORD, ReadRecord, Record, open_reader, read_record, record_size
from tests.kernel.attacks.saltmarsh import statement
from tests.store.houses import log_seed, on_disk, served, small

TEXT = make_text(b"We move on Monday.\n", bytes(16))


def read(path: Path, **more: Any) -> ReadRecord:
    return read_record(StaticReader.from_directory(path / RECORD), **more)


def files_of(path: Path) -> dict[str, bytes]:
    """Everything that is served: the log's static tree without the writer's own corner."""
    return {
        str(file.relative_to(path)): file.read_bytes()
        for file in sorted((path / RECORD).rglob("*"))
        if file.is_file() and ".staging" not in file.parts
    }


# ------------------------------------------------------------------------------------------------------------------------- writing


def test_what_was_written_is_what_a_stranger_reads(tmp_path: Path) -> None:
    """The state that a stranger replays is the writer's, and the organisation's id is the founding's own hash."""
    made = small()
    path = on_disk(made, tmp_path / "house")
    found = read(path, org=made.org, keep_leaves=True)
    assert found.state.org == made.org
    assert found.leaves == tuple(made.leaves)
    assert found.checkpoint.size == len(made.leaves)
    assert found.checkpoint.root == made.tree.root()
    assert all(outcome.counts for outcome in found.outcomes)
    assert judge_record(found.state, found.outcomes).is_yes


def test_a_house_opens_again_and_goes_on(tmp_path: Path) -> None:
    """Closing loses nothing: the next writer continues where the last one ended."""
    made = small()
    path = on_disk(made, tmp_path / "house")
    with Record.open(path) as record:
        assert record.state.size == len(made.leaves)
        made.propose("heron", "statement", statement("we move"))
        outcome = record.submit(made.leaves[-1])
        assert outcome.index == len(made.leaves) - 1
        assert record.checkpoint == StaticReader.from_directory(path / RECORD).checkpoint_raw()
    assert read(path).state.size == len(made.leaves)


def test_an_entry_that_the_fold_refuses_is_not_appended(tmp_path: Path) -> None:
    """The writer refuses with the fold's own words, as the family of error that it is, and the files stay as they were."""
    made = small()
    path = on_disk(made, tmp_path / "house")
    good = made.sign("heron", "propose", {"kind": "statement", "payload": statement("x"), "not_after": 2**40})
    forged = json.loads(good)
    forged["sig"]["value"] = json.loads(made.sign("tern", "accept", {"of": made.org}))["sig"]["value"]
    cases: list[tuple[bytes, type[CommonholdError], str]] = [
        (b"junk", FormatError, "canonical/not-json"),
        (json.dumps(forged, separators=(",", ":"), sort_keys=True).encode(), ProofError, "signature/invalid"),
        (made.sign("curlew", "withdraw", {"what": "seat", "of": "chair"}), RuleError, "act/no-seat"),
        (made.leaves[1], RuleError, "entry/replayed"),
        (made.sign("heron", "accept", {"of": made.org}, org="0" * 64), RuleError, "entry/other-org"),
        (made.sign("heron", "accept", {"of": made.org}, epoch=1), RuleError, "entry/other-epoch"),
    ]
    before = files_of(path)
    with Record.open(path) as record:
        for raw, family, code in cases:
            with pytest.raises(family) as refused:
                record.submit(raw)
            assert refused.value.code == code
        assert files_of(path) == before
        record.submit(good)
    assert read(path).state.size == len(made.leaves) + 1


def test_texts_are_on_the_disk_before_the_entry_that_names_them(tmp_path: Path) -> None:
    """An entry never names a text that the house does not have; a refused entry may leave a text behind, which harms nobody."""
    made = small()
    path = on_disk(made, tmp_path / "house")
    made.propose("heron", "statement", {"text": text_digest(TEXT), "language": "en"})
    with Record.open(path) as record:
        record.submit(made.leaves[-1], {text_digest(TEXT): TEXT})
        assert record.objects.get(text_digest(TEXT)) == TEXT
    assert (path / "objects").is_dir()


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    """The second is told that another is writing; the first is not disturbed, and readers need no turn."""
    path = on_disk(small(), tmp_path / "house")
    with Record.open(path) as first:
        with pytest.raises(StoreError) as refused:
            Record.open(path)
        assert refused.value.code == "store/locked"
        assert refused.value.next_step
        assert read(path).state.size == first.state.size
    Record.open(path).close()


def test_a_founding_that_the_fold_refuses_writes_nothing(tmp_path: Path) -> None:
    """A wrong founding leaves no folder behind."""
    made = small()
    wrong = made.sign("heron", "accept", {"of": made.org})
    with pytest.raises(RuleError) as refused:
        Record.found(tmp_path / "house", wrong, log_seed(made), {})
    assert refused.value.code == "found/first"
    with pytest.raises(FormatError) as other_key:
        Record.found(tmp_path / "house", made.leaves[0], bytes(32), {})
    assert other_key.value.code == "record/log-key"
    assert not (tmp_path / "house").exists()


def test_a_house_is_not_founded_over_another(tmp_path: Path) -> None:
    """What is there stays, byte for byte."""
    made = small()
    path = on_disk(made, tmp_path / "house")
    before = files_of(path)
    with pytest.raises(StoreError) as refused:
        Record.found(path, made.leaves[0], log_seed(made), {})
    assert refused.value.code == "store/exists"
    assert files_of(path) == before


def test_a_house_is_not_founded_where_no_folder_can_be(tmp_path: Path) -> None:
    """A file in the way is a reason in words."""
    made = small()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError) as refused:
        Record.found(tmp_path / "file" / "house", made.leaves[0], log_seed(made), {})
    assert refused.value.code == "store/io"


@pytest.mark.parametrize("torn", [b"", b"commonhold/", bytes(200)], ids=["empty", "cut", "zeros"])
def test_a_torn_checkpoint_is_made_again_from_the_journal(tmp_path: Path, torn: bytes) -> None:
    """A power failure may leave any bytes in the published checkpoint; the house opens by the normal path and publishes it anew."""
    made = small()
    path = on_disk(made, tmp_path / "house")
    checkpoint = path / RECORD / "checkpoint"
    whole = checkpoint.read_bytes()
    checkpoint.write_bytes(torn)
    with Record.open(path) as record:
        assert record.state.size == len(made.leaves)
    assert checkpoint.read_bytes() == whole
    checkpoint.unlink()
    Record.open(path).close()
    assert checkpoint.read_bytes() == whole


def test_a_copy_without_its_journal_can_be_read_and_not_written(tmp_path: Path) -> None:
    """Whoever copies the static tree holds a mirror; signing on from it could contradict a later head."""
    path = on_disk(small(), tmp_path / "house")
    (path / RECORD / JOURNAL).unlink()
    with pytest.raises(StoreError) as refused:
        Record.open(path)
    assert refused.value.code == "store/no-journal"
    assert read(path).state.phase == "running"


@pytest.mark.parametrize("what", ["nothing", "empty", "no-key"])
def test_a_folder_that_is_no_house_is_not_opened(tmp_path: Path, what: str) -> None:
    """Somebody who named a wrong folder is told which, and what to do, and nothing is made in it."""
    path = tmp_path / "house"
    if what != "nothing":
        on_disk(small(), path)
        shutil.rmtree(path / RECORD) if what == "empty" else (path / LOG_KEY).unlink()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(StoreError) as refused:
        Record.open(path)
    assert refused.value.code == "store/absent"
    assert refused.value.next_step
    assert sorted(tmp_path.rglob("*")) == before


def test_a_house_whose_record_was_altered_is_not_opened_and_not_left_locked(tmp_path: Path) -> None:
    """The writer replays like a stranger; it signs nothing on top of what it could not check, and lets go of the lock."""
    made = small()
    path = served(made, tmp_path / "house", [b"junk", *made.leaves])
    for _ in range(2):
        with pytest.raises(FormatError):
            Record.open(path)


# ------------------------------------------------------------------------------------------------------------------------- reading


def test_the_record_of_another_organisation_is_refused_by_its_id(tmp_path: Path) -> None:
    """Only an id from elsewhere tells whose record this is; a wrong one shows both."""
    made = small()
    path = on_disk(made, tmp_path / "house")
    with pytest.raises(ProofError) as refused:
        read(path, org="0" * 64)
    assert refused.value.code == "record/other-org"
    assert refused.value.data == {"found": made.org, "expected": "0" * 64}


def test_an_empty_log_is_no_record(tmp_path: Path) -> None:
    """A founding that was cut off before its first entry is named as that, with the way out."""
    made = small()
    path = served(made, tmp_path / "house", made.leaves[:1])
    Log.create(DirectoryFiles(tmp_path / "empty" / RECORD), made.state.origin, SignerKey(made.state.origin, log_seed(made))).close()
    shutil.copytree(path / "keys", tmp_path / "empty" / "keys")
    for attempt in (lambda: read(tmp_path / "empty"), lambda: Record.open(tmp_path / "empty")):
        with pytest.raises(FormatError) as refused:
            attempt()
        assert refused.value.code == "record/empty"
        assert "found it again" in refused.value.next_step


def test_a_record_that_begins_with_anything_but_a_founding_is_none(tmp_path: Path) -> None:
    """Without a founding there is nobody whose record it could be."""
    made = small()
    path = served(made, tmp_path / "house", made.leaves[1:])
    with pytest.raises(FormatError) as refused:
        read(path)
    assert refused.value.code == "record/no-founding"


def test_only_the_log_key_of_the_founding_signs_the_record(tmp_path: Path) -> None:
    """A thief who serves the same entries under a key of their own is found out."""
    made, other = small(), small("another")
    path = served(made, tmp_path / "house")
    served(other, tmp_path / "other")
    shutil.copy(tmp_path / "other" / RECORD / "checkpoint", path / RECORD / "checkpoint")
    with pytest.raises(ProofError):
        read(path)


def test_junk_in_the_log_is_reported_and_changes_nothing(tmp_path: Path) -> None:
    """A server can append what it likes: each such leaf is listed with a reason, and the members' record stands."""
    made = small()
    before = made.state.parts
    junk = [b"junk", made.leaves[1], b"{}", b"\xff" * 65_535, made.sign("heron", "accept", {"of": made.org}, seen=0, epoch=9)]
    for leaf in junk:
        made.append(leaf)
    made.propose("heron", "statement", statement("we move"))
    found = read(served(made, tmp_path / "house"))
    assert [outcome.index for outcome in found.outcomes if not outcome.counts] == list(range(6, 6 + len(junk)))
    assert all(outcome.words for outcome in found.outcomes if not outcome.counts)
    assert found.state.parts["members"] == before["members"]
    assert judge_record(found.state, found.outcomes).is_yes


def test_an_older_checkpoint_gives_the_record_as_it_was_then(tmp_path: Path) -> None:
    """A copy whose checkpoint is older than its entries is read up to that checkpoint, and claims no more."""
    made = small()
    path = on_disk(made, tmp_path / "house")
    old = (path / RECORD / "checkpoint").read_bytes()
    with Record.open(path) as record:
        made.propose("heron", "statement", statement("we move"))
        record.submit(made.leaves[-1])
    (path / RECORD / "checkpoint").write_bytes(old)
    found = read(path)
    assert found.state.size == len(made.leaves) - 1
    assert len(found.state.part("proposals")) == 0


@pytest.mark.parametrize("name", ["tile/entries/000.p/6", "tile/0/000.p/6", "checkpoint"])
def test_no_altered_byte_is_believed(tmp_path: Path, name: str) -> None:
    """Every byte of what is served is under the log's signature: flip any and reading fails, with an error that says so."""
    path = on_disk(small(), tmp_path / "house")
    file = path / RECORD / name
    whole = file.read_bytes()
    for at in range(0, len(whole), max(1, len(whole) // 25)):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises((ProofError, FormatError, StoreError)):
            read(path)
    file.write_bytes(whole)
    assert read(path).state.phase == "running"


def test_the_size_of_a_record_is_what_its_checkpoint_claims(tmp_path: Path) -> None:
    """A progress bar may know the size before anything is proved."""
    made = small()
    path = on_disk(made, tmp_path / "house")
    assert record_size(StaticReader.from_directory(path / RECORD)) == len(made.leaves)


def test_progress_is_told_once_for_each_entry(tmp_path: Path) -> None:
    """Whoever watches sees every entry pass."""
    made = small()
    path = on_disk(made, tmp_path / "house")
    told: list[int] = []
    read(path, progress=told.append)
    assert told == [1] * len(made.leaves)


def test_a_house_and_its_record_folder_are_the_same_place(tmp_path: Path) -> None:
    """A reader may name either; a place that is neither is refused with words."""
    path = on_disk(small(), tmp_path / "house")
    assert open_reader(str(path)).checkpoint_raw() == open_reader(str(path / RECORD)).checkpoint_raw()
    with pytest.raises(StoreError) as refused:
        open_reader(str(tmp_path / "nowhere"))
    assert refused.value.code == "store/absent"
    assert str(tmp_path / "nowhere") in str(refused.value)


# ------------------------------------------------------------------------------------------------------------------------- workers


def jobs() -> list[Job]:
    made = small()
    public = made.kits["heron"].keys.sign
    return [(public, b"yes", made.kits["heron"].sign(b"yes")), (public, b"no", made.kits["heron"].sign(b"yes"))]


def test_a_short_record_is_checked_where_it_is() -> None:
    """Another process costs more than it gives below some thousand entries."""
    with workers.signature_workers(workers.WORTH_IT - 1) as verifier:
        assert verifier is here


def test_one_core_is_used_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no second core nothing is started."""
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    with workers.signature_workers(10**6) as verifier:
        assert verifier is here


@pytest.mark.slow
def test_a_worker_gives_the_answers_that_this_process_would() -> None:
    """On another core or here, the same jobs have the same answers; a worker that is killed changes none."""
    with workers.signature_workers(workers.WORTH_IT) as verifier:
        assert verifier is not here
        # Until the worker stands, this process checks: nobody waits for its start.
        assert verifier(jobs())() == [True, False]
        behind(verifier, "started").result(timeout=60)
        first, under_way = verifier(jobs() * 100), verifier(jobs() * 5_000)
        assert first() == [True, False] * 100
        for process in list(behind(verifier, "pool")._processes.values()):
            os.kill(process.pid, signal.SIGKILL)
        assert under_way() == [True, False] * 5_000
        assert verifier(jobs())() == [True, False]


def behind(verifier: Callable[..., Any], name: str) -> Any:
    """Something that a verifier keeps to itself; a drill reaches in where no caller would."""
    assert verifier.__closure__ is not None
    return verifier.__closure__[verifier.__code__.co_freevars.index(name)].cell_contents


def test_a_broken_worker_is_no_answer() -> None:
    """What a killed worker leaves open is checked here, whether it dies before the question or before the answer."""

    class Broken:
        def result(self) -> list[bool]:
            raise BrokenProcessPool

    future: Any = Broken()
    assert workers._answers(future, jobs()) == [True, False]


def test_an_interrupt_is_left_to_the_process_that_a_person_started() -> None:
    """A worker prints no traceback when somebody presses Ctrl-C: it takes no notice."""
    code = "import os, signal\nfrom commonhold.store.workers import _begin\n_begin()\nos.kill(os.getpid(), signal.SIGINT)\nprint('on')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout, done.stderr) == ("on\n", "")

"""Files in a real folder and in memory: one set of guarantees, two ways of keeping them."""

from __future__ import annotations

import errno
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from commonhold.kernel.errors import StoreError
from commonhold.store.files import DirectoryFiles, Files, store_error
from commonhold.store.log import Log
from commonhold.store.memory import Fault, Instant, Killed, Loss, MemoryFiles
from tests.store.logs import KEY, ORIGIN, check_laws, entries


@pytest.fixture(params=["directory", "memory"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    return DirectoryFiles(tmp_path / "new" / "folder") if request.param == "directory" else MemoryFiles()


def refuses(code: str, use: Callable[[], object]) -> StoreError:
    with pytest.raises(StoreError) as refused:
        use()
    assert refused.value.code == code
    return refused.value


def test_what_was_written_is_read_and_listed_until_it_is_deleted(files: Files) -> None:
    """Write, replace and append put bytes where reading and listing find them; deleting takes a file or a folder away, and again is fine."""
    files.write("tile/0/000.p/5", b"heron")
    files.replace("checkpoint", b"one")
    files.replace("checkpoint", b"")
    files.append("checkpoint", b"tern")
    files.append("checkpoint", b" and curlew")
    files.sync(["tile/0/000.p/5", "checkpoint"])
    assert files.read("checkpoint", 15) == b"tern and curlew"
    files.write("checkpoint", b"plover")
    files.append("checkpoint", b"!")
    assert files.read("checkpoint", 15) == b"plover!"
    assert list(files.list("tile")) == ["tile/0/000.p/5"]
    assert list(files.list("absent")) == []
    for gone in ("tile/0/000.p", "tile/0/000.p", "checkpoint"):
        files.delete(gone)
    assert list(files.list("tile")) == []
    refuses("store/absent", lambda: files.read("checkpoint", 9))
    files.write("tile/0/000.p/6", b"dunlin")
    assert files.read("tile/0/000.p/6", 6) == b"dunlin"


def test_work_is_done_while_the_disk_writes(files: Files) -> None:
    """What is to be done meanwhile is done once, and what it raises is raised."""
    files.replace("journal", b"")
    done: list[int] = []
    files.append("journal", b"heron", lambda: done.append(1))
    assert (done, files.read("journal", 9)) == ([1], b"heron")
    with pytest.raises(ZeroDivisionError):
        files.append("journal", b"tern", lambda: print(1 // 0))  # noqa: T201 - never reached


def test_what_is_absent_or_too_big_is_refused(files: Files) -> None:
    """A file that is not there and a file beyond the bound are told apart, and neither is read into memory."""
    refuses("store/absent", lambda: files.read("tile/0/000", 10))
    refuses("store/absent", lambda: files.append("journal", b"x"))
    refuses("store/absent", lambda: files.sync(["nothing"]))
    files.write("large", b"x" * 11)
    assert "longer than 10 bytes" in str(refuses("store/too-big", lambda: files.read("large", 10)))
    assert files.read("large", 11) == b"x" * 11


@pytest.mark.parametrize(
    "name", ["", "/etc/passwd", "../up", "a/../b", "a//b", "a/", ".", "./a", "a\0b", "ä", "a b", "a\\b", "x" * 129, "a/" * 300 + "b"]
)
def test_a_name_that_could_lead_elsewhere_is_refused(files: Files, name: str) -> None:
    """Only relative names of plain parts are names; everything else is refused by every method."""
    for use in (
        lambda: files.read(name, 9),
        lambda: files.write(name, b""),
        lambda: files.replace(name, b""),
        lambda: files.append(name, b""),
        lambda: files.delete(name),
        lambda: list(files.list(name)),
        lambda: files.lock(name),
    ):
        refuses("store/name", use)


def test_one_writer_at_a_time(files: Files) -> None:
    """A name is claimed by one; the second is refused with words; after the release it is free, and a second release does nothing."""
    lock = files.lock(".staging/lock")
    assert refuses("store/locked", lambda: files.lock(".staging/lock")).next_step
    lock.release()
    lock.release()
    files.lock(".staging/lock").release()


def test_another_process_that_writes_is_noticed_and_its_end_frees_the_log(tmp_path: Path) -> None:
    """Two processes never write one log; and a killed one needs nobody to clear its lock away."""
    Log.create(DirectoryFiles(tmp_path), ORIGIN, KEY).close()
    script = (
        "import sys; from commonhold.store.files import DirectoryFiles\n"
        "lock = DirectoryFiles(sys.argv[1]).lock('.staging/lock'); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        refused = refuses("store/locked", lambda: Log.open(DirectoryFiles(tmp_path), ORIGIN, KEY))
        assert "another process is writing" in str(refused)
        other.kill()
    check_laws(DirectoryFiles(tmp_path), [])


def test_private_files_are_for_their_owner_and_public_ones_for_everybody(tmp_path: Path) -> None:
    """The journal is nobody's business; tiles are for any web server."""
    old = os.umask(0o022)
    try:
        with Log.create(DirectoryFiles(tmp_path / "record"), ORIGIN, KEY) as log:
            log.append(entries(0, 300))
    finally:
        os.umask(old)
    modes = {str(path.relative_to(tmp_path)): stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    for name, mode in modes.items():
        private = "/.staging" in name
        folder = (tmp_path / name).is_dir()
        assert mode == ((0o700 if private else 0o755) if folder else (0o600 if private else 0o644)), name
    assert "record/.staging/journal" in modes


def test_half_written_files_of_a_killed_writer_are_cleared_by_the_next(tmp_path: Path) -> None:
    """What a kill leaves in the scratch folder is never listed as the log's, and is gone once the log was opened."""
    Log.create(DirectoryFiles(tmp_path), ORIGIN, KEY).close()
    scratch = tmp_path / ".staging" / "tmp"
    (scratch / "leftover").write_bytes(b"half")
    assert ".staging/tmp/leftover" not in list(DirectoryFiles(tmp_path).list(".staging"))
    DirectoryFiles(tmp_path).clear_scratch(3600)
    assert (scratch / "leftover").exists()
    Log.open(DirectoryFiles(tmp_path), ORIGIN, KEY).close()
    assert list(scratch.iterdir()) == []


def test_links_are_followed_inside_the_folder_only(tmp_path: Path) -> None:
    """A copied record may hold links; one that leads out of it is neither read nor written through."""
    (tmp_path / "secret").write_bytes(b"not yours")
    root = tmp_path / "record"
    (root / "tile").mkdir(parents=True)
    (root / "tile" / "real").write_bytes(b"fine")
    (root / "inner").symlink_to("tile/real")
    (root / "outer").symlink_to("../secret")
    (root / "outside").symlink_to("..")
    files = DirectoryFiles(root)
    assert files.read("inner", 9) == b"fine"
    for use in (
        lambda: files.read("outer", 9),
        lambda: files.read("outside/secret", 9),
        lambda: files.append("outer", b"x"),
        lambda: files.write("outside/new", b"x"),
        lambda: files.delete("outside/secret"),
        lambda: files.lock("outside/lock"),
    ):
        assert "link" in str(refuses("store/name", use))
    files.write("outer", b"mine now")
    assert (files.read("outer", 9), (tmp_path / "secret").read_bytes()) == (b"mine now", b"not yours")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["record", "secret"]


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "store/full"),
        (errno.EDQUOT, "store/full"),
        (errno.EACCES, "store/denied"),
        (errno.EROFS, "store/denied"),
        (errno.ENOENT, "store/absent"),
        (errno.EIO, "store/io"),
    ],
)
def test_the_systems_refusals_say_what_was_attempted_and_what_to_do(number: int, code: str) -> None:
    """A full disk, a forbidden folder and a broken disk have different next steps."""
    refused = store_error(OSError(number, os.strerror(number)), "write tile/0/000")
    assert (refused.code, refused.data) == (code, {"errno": number})
    assert "write tile/0/000" in str(refused)
    assert refused.next_step


def test_a_folder_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the right to read, the log is refused in words that name the folder, and nothing is changed."""
    Log.create(DirectoryFiles(tmp_path), ORIGIN, KEY).close()

    def denied(*_args: object, **_kwargs: object) -> NoReturn:
        raise PermissionError(errno.EACCES, "Permission denied")

    # The superuser may read everything, so the system's refusal is given for it.
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", denied)
        refused = refuses("store/denied", lambda: Log.open(DirectoryFiles(tmp_path), ORIGIN, KEY))
    assert str(tmp_path) in str(refused)
    assert "permissions" in refused.next_step
    check_laws(DirectoryFiles(tmp_path), [])


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_folder_without_permissions_is_refused_by_the_system_too(tmp_path: Path) -> None:
    """The same with a real folder of mode 0."""
    Log.create(DirectoryFiles(tmp_path / "record"), ORIGIN, KEY).close()
    (tmp_path / "record").chmod(0)
    try:
        refuses("store/denied", lambda: Log.open(DirectoryFiles(tmp_path / "record"), ORIGIN, KEY))
    finally:
        (tmp_path / "record").chmod(0o755)


def test_a_disk_that_fills_up_loses_nothing(tmp_path: Path) -> None:
    """The system stops the journal in the middle of a record: a refusal in words, and with space again the log goes on."""
    log = Log.create(DirectoryFiles(tmp_path), ORIGIN, KEY)
    log.append(entries(0, 100))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((tmp_path / ".staging/journal").stat().st_size + 999, hard))
    try:
        refused = refuses("store/full", lambda: log.append(entries(100, 200)))
        log.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "free some space" in refused.next_step
    assert "open the log again" in refused.next_step
    check_laws(DirectoryFiles(tmp_path), entries(0, 100))


def test_a_disk_that_is_full_from_the_start_leaves_no_half_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where not one byte can be written, the scratch folder is empty afterwards and what was there is as it was."""
    files = DirectoryFiles(tmp_path)
    files.replace("checkpoint", b"heron")

    def full(*_args: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        for use in (lambda: files.write("checkpoint", b"tern"), lambda: files.replace("checkpoint", b"tern")):
            refuses("store/full", use)
    assert files.read("checkpoint", 9) == b"heron"
    assert list((tmp_path / ".staging/tmp").iterdir()) == []


def test_a_lock_that_the_file_system_cannot_give_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where locking does not work, two writers could not be told apart, so none is let in."""

    def unable(*_args: object) -> NoReturn:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", unable)
    refuses("store/io", lambda: DirectoryFiles(tmp_path).lock("lock"))


@pytest.mark.parametrize("loss", Loss)
def test_the_breakable_store_keeps_what_was_flushed(loss: Loss) -> None:
    """The test helper is no better and no worse than its promise: synced files survive every loss, and a killed change is torn as told."""
    files = MemoryFiles()
    files.replace("journal", b"heron")
    files.write("tile/0/000", b"hashes")
    files.sync(["tile/0/000"])
    files.write("tile/0/001", b"later")
    files.delete("tile/0/000")
    files.fault = Fault(len(files.steps), Instant.TORN)
    with pytest.raises(Killed):
        files.append("journal", b"tern")
    after = files.reboot(loss)
    assert after.read("journal", 99) == b"heronte"
    assert ("tile/0/001" in after.names()) == (loss is not Loss.ALL)
    assert ("tile/0/000" in after.names()) == (loss is not Loss.NOTHING)


def test_a_pipe_in_a_record_is_refused_at_once(tmp_path: Path) -> None:
    """A reader of a hostile folder does not wait for ever for somebody to write into it."""
    os.mkfifo(tmp_path / "checkpoint")
    with pytest.raises(StoreError, match="no regular file"):
        DirectoryFiles(tmp_path).read("checkpoint", 100)

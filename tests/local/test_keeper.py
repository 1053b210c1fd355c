"""Laws about the interview's one file: what was answered is on the disk, whole, for its owner alone, and nothing is written over what cannot be read."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from commonhold.kernel.custody.interview import interview_bytes, parse_interview
from commonhold.kernel.errors import CustodyError, FormatError, StoreError
from commonhold.local.keeper import Keeper
from commonhold.store import sealedfile
from commonhold.store.sealedfile import is_sealed, unseal
from tests.attacks import Mutation, attack
from tests.interviews import RADIO, UNION
from tests.local.conftest import WORDS, kept

RAW = interview_bytes(RADIO.interview)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The radio's answers on the disk."""
    path = tmp_path / "custody.json"
    path.write_bytes(RAW)
    return path


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_what_was_saved_is_there_again(tmp_path: Path) -> None:
    """A file comes with the first answer, and holds them all when the next program opens it."""
    file = tmp_path / "deep" / "custody.json"
    keeper = Keeper(file)
    assert not file.exists()
    keeper.save(RADIO.interview)
    keeper.close()
    again = Keeper(file)
    assert again.interview == RADIO.interview
    again.close()


@attack(
    "custody-local-04",
    Mutation("src/commonhold/store/sealedfile.py", find="write_new(scratch, data, mode=MODE)", replace="write_new(scratch, data)"),
)
def test_the_file_is_for_its_owner_alone(file: Path) -> None:
    """Whatever the mode of the file before, and whatever the umask, nobody else may read it after the first save."""
    file.chmod(0o644)
    before = os.umask(0)
    try:
        keeper = Keeper(file)
        keeper.save(UNION.interview)
    finally:
        os.umask(before)
    assert [mode(path) for path in sorted(file.parent.iterdir())] == [0o600, 0o600]
    assert kept(file) == UNION.interview
    keeper.close()


@pytest.mark.parametrize("cut", [0, 1, 40, len(RAW) // 2, len(RAW) - 3])
def test_a_half_written_file_is_named_and_left(file: Path, cut: int) -> None:
    """A file that was cut off is refused with what to do, and is byte for byte what it was; it locks nobody out of another try."""
    file.write_bytes(RAW[:cut])
    for _ in range(2):
        with pytest.raises(FormatError, match=r"custody\.json holds no interview that this version can read") as refusal:
            Keeper(file)
        assert "left as it is" in str(refusal.value.next_step)
    assert file.read_bytes() == RAW[:cut]


def test_a_file_that_is_too_large_or_no_file_is_refused(tmp_path: Path) -> None:
    """Sizes are bounded before anything is read, and a folder is no interview."""
    large = tmp_path / "large.json"
    large.write_bytes(b" " * (2 << 20))
    with pytest.raises(FormatError):
        Keeper(large)
    with pytest.raises(StoreError):
        Keeper(tmp_path)
    with pytest.raises(StoreError):
        Keeper(large / "below.json")


def test_two_programs_do_not_write_one_file(file: Path) -> None:
    """The second is told to go on in the window of the first, also where it names the file by a link; afterwards it may."""
    link = file.with_name("link.json")
    link.symlink_to(file)
    first = Keeper(file)
    for name in (file, link):
        with pytest.raises(StoreError, match="another program has"):
            Keeper(name)
    first.close()
    second = Keeper(link)
    second.save(UNION.interview)
    second.close()
    assert link.is_symlink()
    assert kept(file) == UNION.interview


def test_a_disk_that_fails_loses_nothing(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If saving fails, the answers before are in the file and in the program, and the same answers can be saved later."""
    keeper = Keeper(file)
    changed = replace(RADIO.interview, title="Saltmarsh")
    for broken in ("write_new", "os.replace"):
        with monkeypatch.context() as patched:

            def full(*_: object, **__: object) -> None:
                raise OSError(28, "No space left on device")

            if broken == "write_new":
                patched.setattr("commonhold.store.keyfile._write", full)
            else:
                patched.setattr("commonhold.store.sealedfile.os.replace", full)
                # The disk is tested here, not the second that sealing takes on purpose.
                patched.setattr("commonhold.local.keeper.seal", lambda raw, _words: raw)
            with pytest.raises(StoreError, match="No space left"):
                keeper.save(changed)
            if broken == "os.replace":
                with pytest.raises(StoreError, match="No space left"):
                    keeper.protect(WORDS)
        assert file.read_bytes() == RAW
        assert keeper.interview == RADIO.interview
        assert not keeper.protected
        assert sorted(path.name for path in file.parent.iterdir()) == [".custody.json.lock", "custody.json"]
    keeper.save(changed)
    assert kept(file) == changed
    keeper.close()


@pytest.mark.slow
def test_with_a_passphrase_nothing_stands_in_the_clear(file: Path) -> None:
    """From the moment of protection on the file is an age file, every later answer too, and any age program opens it."""
    keeper = Keeper(file)
    with pytest.raises(CustodyError, match="fewer than 8"):
        keeper.protect("short")
    assert file.read_bytes() == RAW
    keeper.protect(WORDS)
    keeper.save(UNION.interview)
    keeper.close()
    raw = file.read_bytes()
    assert is_sealed(raw)
    assert b"Avocet" not in raw
    assert parse_interview(unseal(raw, WORDS)) == UNION.interview
    assert mode(file) == 0o600


@pytest.mark.slow
def test_a_wrong_passphrase_opens_and_changes_nothing(file: Path, sealed: bytes) -> None:
    """While it is locked nothing is shown and nothing saved over it; the right passphrase opens it still."""
    file.write_bytes(sealed)
    keeper = Keeper(file)
    assert keeper.locked
    assert keeper.protected
    for wrong in ("four herons at low tidE", "x" * 2_000):
        with pytest.raises(CustodyError):
            keeper.unlock(wrong)
        assert keeper.locked
        assert keeper.interview.people == ()
    for attempt in (lambda: keeper.save(UNION.interview), lambda: keeper.protect("another passphrase")):
        with pytest.raises(CustodyError, match="locked"):
            attempt()
    assert file.read_bytes() == sealed
    keeper.unlock(WORDS)
    assert keeper.interview == RADIO.interview
    keeper.close()
    assert file.read_bytes() == sealed


@pytest.mark.slow
def test_a_sealed_file_that_was_cut_is_refused_and_left(file: Path, sealed: bytes) -> None:
    """With the right passphrase too: no part of what is inside comes out."""
    file.write_bytes(cut := sealed[:-20])
    keeper = Keeper(file)
    with pytest.raises(FormatError):
        keeper.unlock(WORDS)
    assert keeper.locked
    keeper.close()
    assert file.read_bytes() == cut


def test_what_a_killed_program_left_behind_goes(file: Path) -> None:
    """A half-written copy beside the file, perhaps of answers that have a passphrase since, is removed at the next start; other files stay."""
    left = [file.with_name(f".custody.json.{'0f' * 8}.new"), file.with_name(f"..custody.json.{'0f' * 8}.new.{'1e' * 8}")]
    for path in left:
        path.write_bytes(RAW[:100])
    others = [file.with_name(name) for name in (".custody.json.new", ".custody.json.bak", "custody.json.old")]
    for path in others:
        path.write_bytes(b"mine")
    Keeper(file).close()
    assert not any(path.exists() for path in left)
    assert all(path.read_bytes() == b"mine" for path in others)
    assert file.read_bytes() == RAW


WRITER = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path
from commonhold.local.keeper import Keeper
step, count = int(sys.argv[2]), 0
def dying(real):
    def call(*args, **more):
        global count
        count += 1
        if count == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **more)
    return call
keeper = Keeper(Path(sys.argv[1]))
for name in ("open", "write", "fsync", "link", "unlink", "replace"):
    setattr(os, name, dying(getattr(os, name)))
keeper.save(replace(keeper.interview, title="after"))
print("saved", flush=True)
"""


def test_a_kill_at_any_step_of_saving_leaves_the_old_answers_or_the_new(file: Path) -> None:
    """The program dies by SIGKILL before each call that changes the disk: the file is whole every time, and the next program goes on."""
    seen = set()
    for step in range(1, 40):
        file.write_bytes(RAW)
        done = subprocess.run([sys.executable, "-c", WRITER, str(file), str(step)], capture_output=True, text=True, timeout=60)
        keeper = Keeper(file)
        seen.add(keeper.interview.title)
        assert keeper.interview == replace(RADIO.interview, title=keeper.interview.title)
        keeper.close()
        assert sorted(path.name for path in file.parent.iterdir()) == [".custody.json.lock", "custody.json"]
        if done.stdout:
            assert done.returncode == 0, done.stderr
            break
        assert done.returncode == -9, done.stderr
    assert step > 5
    assert seen == {RADIO.interview.title, "after"}


def test_the_largest_interview_is_read_again(tmp_path: Path) -> None:
    """What the screens accept at most is less than what a file may hold, so no answer makes a file that cannot be opened."""
    from commonhold.kernel.custody.interview import KINDS, Interview, Person, Thing
    from commonhold.kernel.custody.interview.answers import MAX_NAME, MAX_PEOPLE, MAX_THINGS
    from tests.kernel.interview.strategies import tokens

    people = tuple(Person(f"p{100_000 + n}", "鳥" * (MAX_NAME - 3) + f"{n:03}") for n in range(MAX_PEOPLE))
    for kind in KINDS.values():
        bare = tuple(Thing(f"t{100_000 + n}", kind.id, "鳥" * (MAX_NAME - 3) + f"{n:03}") for n in range(MAX_THINGS))
        things = tuple(
            replace(thing, answers={asked.id: tuple(tokens(asked, thing, people, bare)) for asked in kind.questions}) for thing in bare
        )
        raw = interview_bytes(interview := Interview("鳥" * MAX_NAME, "zh", "result", people, things))
        assert parse_interview(raw) == interview
    assert len(raw) < sealedfile.MAX_BYTES

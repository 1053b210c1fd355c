"""Laws about the file in which an interview is kept."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from commonhold.kernel.custody.interview import Interview, interview_bytes, parse_interview
from commonhold.kernel.errors import CustodyError, FormatError, StoreError
from commonhold.local.keeper import Keeper
from commonhold.store.sealedfile import is_sealed, seal
from tests.attacks import Mutation, attack
from tests.interviews import RADIO

WORDS = "four herons at low tide"
WRITER = """
import sys
from dataclasses import replace
from pathlib import Path
from commonhold.kernel.custody.interview import Interview
from commonhold.local.keeper import Keeper
keeper = Keeper(Path(sys.argv[1]))
for number in range(1, 100_000):
    keeper.save(replace(keeper.interview, title=f"{number} " + "x" * 60))
    print(number, flush=True)
"""


@attack("custody-local-04", Mutation("src/commonhold/store/sealedfile.py", find="mode=MODE", replace="mode=0o644"))
def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Whatever the umask is, others on the machine cannot read the answers, sealed or not."""
    file = tmp_path / "custody.json"
    before = os.umask(0)
    try:
        keeper = Keeper(file)
        keeper.save(RADIO.interview)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        keeper.protect(WORDS)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        keeper.close()
    finally:
        os.umask(before)
    assert is_sealed(file.read_bytes())
    assert b"Heron" not in file.read_bytes()


@pytest.mark.slow
def test_what_was_saved_survives_a_kill_at_any_moment(tmp_path: Path) -> None:
    """kill -9 in the middle of saving: the file holds an answer that was acknowledged, or the one that was being saved, and is never half."""
    file = tmp_path / "custody.json"
    for pause in (0.05, 0.11, 0.17, 0.23):
        process = subprocess.Popen([sys.executable, "-c", WRITER, str(file)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(pause)
        process.send_signal(signal.SIGKILL)
        acknowledged = [int(line) for line in (first + process.stdout.read()).split()]
        process.wait(10)
        process.stdout.close()
        saved = int(parse_interview(file.read_bytes()).title.split()[0])
        assert saved - acknowledged[-1] in (0, 1)


def test_a_sealed_file_opens_with_its_passphrase_alone(tmp_path: Path) -> None:
    """A wrong one changes nothing and can be tried again; until it is open, nothing is saved over it."""
    file = tmp_path / "custody.json"
    file.write_bytes(sealed := seal(interview_bytes(RADIO.interview), WORDS))
    keeper = Keeper(file)
    assert keeper.locked
    for wrong in ("", "three herons at low tide", WORDS.upper()):
        with pytest.raises(CustodyError):
            keeper.unlock(wrong)
    with pytest.raises(CustodyError, match="locked"):
        keeper.save(Interview(title="other"))
    assert file.read_bytes() == sealed
    keeper.unlock(WORDS)
    assert keeper.interview == RADIO.interview
    keeper.save(Interview(title="other"))
    assert is_sealed(file.read_bytes()), "it stays sealed"
    keeper.close()


def test_a_file_that_is_no_interview_is_left_as_it_is(tmp_path: Path) -> None:
    """Half written by another program, or something else: a refusal that says what to do, and not a byte changes."""
    whole = interview_bytes(RADIO.interview)
    for raw in (whole[: len(whole) // 2], b"", b"{}", b"\x00\xff", b'{"schema": "custody-interview/99"}'):
        file = tmp_path / "custody.json"
        file.write_bytes(raw)
        with pytest.raises(FormatError, match=r"custody\.json holds no interview") as refused:
            Keeper(file)
        assert refused.value.next_step
        assert file.read_bytes() == raw


def test_two_programs_do_not_answer_into_one_file(tmp_path: Path) -> None:
    """The second is told so; when the first has ended, however, it goes on."""
    file = tmp_path / "custody.json"
    first = Keeper(file)
    with pytest.raises(StoreError, match="another program"):
        Keeper(file)
    first.close()
    Keeper(file).close()


def test_a_passphrase_that_is_too_short_protects_nothing_and_changes_nothing(tmp_path: Path) -> None:
    """The file stays as it was, readable for its owner, and the program knows that it is not protected."""
    file = tmp_path / "custody.json"
    keeper = Keeper(file)
    keeper.save(RADIO.interview)
    before = file.read_bytes()
    with pytest.raises(CustodyError):
        keeper.protect("short")
    assert not keeper.protected
    assert file.read_bytes() == before
    keeper.close()

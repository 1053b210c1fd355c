"""Laws about key files: who can read them, that they are never written over, and what is said when one is not what it should be."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from commonhold.kernel.errors import CommonholdError, CustodyError, FormatError, StoreError
from commonhold.kernel.kit import Kit
from commonhold.store import keyfile
from commonhold.store.keyfile import load_kit, load_log_key, read_small, save_kit, save_log_key, write_new

KIT = Kit(bytes(range(32)))
SEED = bytes(range(100, 132))
SECRET_LINE = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write(path: Path, text: str | bytes, *, permissions: int = 0o600) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(permissions)
    return path


def test_a_kit_comes_back_from_its_file(tmp_path: Path) -> None:
    """The file is three lines of text, for its owner's eyes only, and nothing else is left in the folder."""
    path = tmp_path / "heron.kit"
    save_kit(path, "heron", KIT)
    assert path.read_text() == f"commonhold/kit/v1\nheron\n{SECRET_LINE}\n"
    assert mode(path) == 0o600
    assert left_in(tmp_path) == ["heron.kit"]
    assert load_kit(path) == ("heron", KIT)


def test_a_log_key_comes_back_from_its_file(tmp_path: Path) -> None:
    """The log's key has a kind of its own and two lines."""
    path = tmp_path / "log.key"
    save_log_key(path, SEED)
    assert path.read_text().startswith("commonhold/logkey/v1\n")
    assert mode(path) == 0o600
    assert load_log_key(path) == SEED


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o277])
def test_the_umask_neither_opens_nor_closes_a_key_file(tmp_path: Path, umask: int) -> None:
    """A key file has mode 0600 whatever the shell's umask is."""
    before = os.umask(umask)
    try:
        save_kit(tmp_path / "heron.kit", "heron", KIT)
    finally:
        os.umask(before)
    assert mode(tmp_path / "heron.kit") == 0o600


@pytest.mark.parametrize("make", ["file", "folder", "broken link", "link to a file"])
def test_a_key_file_is_never_written_over(tmp_path: Path, make: str) -> None:
    """Whatever is there already, even a link that leads nowhere, stays as it is, and nothing is written through it."""
    path, elsewhere = tmp_path / "heron.kit", tmp_path / "elsewhere"
    match make:
        case "file":
            write(path, "precious")
        case "folder":
            path.mkdir()
        case "broken link":
            path.symlink_to(elsewhere)
        case _:
            path.symlink_to(write(elsewhere, "precious"))
    before = left_in(tmp_path)
    with pytest.raises(StoreError, match="left as it is") as refusal:
        save_kit(path, "heron", KIT)
    assert refusal.value.code == "keyfile/exists"
    assert "--out" in refusal.value.next_step
    assert left_in(tmp_path) == before
    if make in {"file", "link to a file"}:
        assert path.read_text() == "precious"


def test_of_two_writers_one_wins_and_the_other_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that appears between the look and the link is not replaced: the link itself refuses."""
    path = tmp_path / "heron.kit"
    real = os.link

    def late(source: Any, target: Any) -> None:
        write(path, "theirs")
        real(source, target)

    monkeypatch.setattr(keyfile.os, "link", late)
    with pytest.raises(StoreError) as refusal:
        save_kit(path, "heron", KIT)
    assert refusal.value.code == "keyfile/exists"
    assert path.read_text() == "theirs"
    assert left_in(tmp_path) == ["heron.kit"]


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP])
def test_a_stick_without_hard_links_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """On a file system without links the file is made in place, still never over another."""

    def no_link(*_: Any) -> None:
        raise OSError(number, "no links here")

    monkeypatch.setattr(keyfile.os, "link", no_link)
    save_kit(tmp_path / "heron.kit", "heron", KIT)
    assert load_kit(tmp_path / "heron.kit") == ("heron", KIT)
    assert left_in(tmp_path) == ["heron.kit"]


@pytest.mark.parametrize("call", ["fsync", "fchmod", "link"])
def test_when_the_disk_refuses_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """A full disk at any step leaves neither a kit, nor half a kit, nor a scratch file, and says what to do."""

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(keyfile.os, call, full)
    with pytest.raises(StoreError, match="No space left") as refusal:
        save_kit(tmp_path / "heron.kit", "heron", KIT)
    assert refusal.value.code == "store/full"
    assert left_in(tmp_path) == []


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Writing into a folder that does not exist is refused with its path, and makes no folder."""
    with pytest.raises(StoreError, match="nowhere") as refusal:
        save_kit(tmp_path / "nowhere" / "heron.kit", "heron", KIT)
    assert refusal.value.code == "store/absent"
    assert left_in(tmp_path) == []


def test_only_a_member_s_kit_and_a_whole_seed_are_written(tmp_path: Path) -> None:
    """A wrong member id or a seed of another length is refused before anything is written."""
    with pytest.raises(FormatError):
        save_kit(tmp_path / "x", "Heron!", KIT)
    with pytest.raises(FormatError, match="this one has 31"):
        save_log_key(tmp_path / "x", SEED[:-1])
    assert left_in(tmp_path) == []


@pytest.mark.parametrize("permissions", [0o640, 0o604, 0o644, 0o660, 0o620, 0o601])
def test_a_key_file_that_others_can_reach_is_refused(tmp_path: Path, permissions: int) -> None:
    """A kit that group or others can read, write or run is refused with the command that mends it, and is left as it was."""
    path = tmp_path / "heron.kit"
    save_kit(path, "heron", KIT)
    path.chmod(permissions)
    with pytest.raises(CustodyError, match=f"{permissions:04o}") as refusal:
        load_kit(path)
    assert refusal.value.code == "keyfile/mode"
    assert f"chmod 600 {path}" in refusal.value.next_step
    assert mode(path) == permissions


def test_a_link_to_a_key_file_is_followed_and_its_target_judged(tmp_path: Path) -> None:
    """A link is a convenience of its owner: what counts are the rights of the file that it leads to."""
    path, link = tmp_path / "heron.kit", tmp_path / "link"
    save_kit(path, "heron", KIT)
    link.symlink_to(path)
    assert load_kit(link) == ("heron", KIT)
    path.chmod(0o644)
    with pytest.raises(CustodyError):
        load_kit(link)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "keyfile/kind"),
        ("hello", "keyfile/kind"),
        (b"\xff\xfe", "keyfile/kind"),
        ("commonhold/kit/v2\nheron\n" + SECRET_LINE + "\n", "keyfile/kind"),
        ("commonhold/logkey/v1\n" + SECRET_LINE + "\n", "keyfile/kind"),
        ("AGE-SECRET-KEY-1QQQ\n", "keyfile/kind"),
        ("commonhold/kit/v1", "keyfile/lines"),
        ("commonhold/kit/v1\nheron\n", "keyfile/lines"),
        ("commonhold/kit/v1\nheron\n" + SECRET_LINE, "keyfile/lines"),
        ("commonhold/kit/v1\nheron\n" + SECRET_LINE + "\n\n", "keyfile/lines"),
        ("commonhold/kit/v1\nheron\n" + SECRET_LINE + "\nmore\n", "keyfile/lines"),
        ("commonhold/kit/v1\r\nheron\r\n" + SECRET_LINE + "\r\n", "keyfile/kind"),
        ("commonhold/kit/v1\nHeron\n" + SECRET_LINE + "\n", "id/member"),
        ("commonhold/kit/v1\nheron\n" + SECRET_LINE[:-2] + "\n", "keyfile/secret"),
        ("commonhold/kit/v1\nheron\n" + SECRET_LINE[:-4] + "\n", "keyfile/secret"),
        ("commonhold/kit/v1\nheron\n" + "A" * 43 + "=\n", "kit/not-random"),
        ("x" * 5_000, "keyfile/too-large"),
    ],
)
def test_a_file_that_is_no_whole_kit_is_refused(tmp_path: Path, text: str | bytes, code: str) -> None:
    """Empty, foreign, cut, grown, huge and damaged files are told apart; no message repeats the secret; the file stays."""
    path = write(tmp_path / "file", text)
    before = path.read_bytes()
    with pytest.raises(CommonholdError) as refusal:
        load_kit(path)
    assert refusal.value.code == code
    assert SECRET_LINE[:12] not in refusal.value.diagnostics()
    assert refusal.value.next_step
    assert path.read_bytes() == before


def test_a_kit_is_not_taken_for_a_log_key(tmp_path: Path) -> None:
    """Each kind of key file says what it is, and is refused as the other."""
    save_kit(tmp_path / "heron.kit", "heron", KIT)
    with pytest.raises(FormatError, match="it is a member's kit") as refusal:
        load_log_key(tmp_path / "heron.kit")
    assert refusal.value.code == "keyfile/kind"


def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path: Path) -> None:
    """A folder, a device and a pipe that nobody writes to are refused at once."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, Path(os.devnull), tmp_path / "pipe"):
        with pytest.raises(StoreError):
            load_kit(path)
    with pytest.raises(StoreError) as refusal:
        load_kit(tmp_path / "absent")
    assert refusal.value.code == "store/absent"


def test_a_public_file_is_read_whatever_its_mode(tmp_path: Path) -> None:
    """A card is public: any mode will do, but its size is bounded."""
    write_new(tmp_path / "card", b"public")
    assert read_small(tmp_path / "card", max_size=6, what="a card") == b"public"
    with pytest.raises(FormatError, match="more than 5 bytes"):
        read_small(tmp_path / "card", max_size=5, what="a card")

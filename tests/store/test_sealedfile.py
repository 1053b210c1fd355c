"""Laws about sealed files: what opens them, what does not, and that a file on the disk is the old one or the new one."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pyrage
import pytest

from commonhold.kernel.errors import CustodyError, FormatError, StoreError
from commonhold.store import sealedfile
from commonhold.store.sealedfile import check_passphrase, is_sealed, seal, seal_to, unseal, unseal_with, write_private

WORDS = "four herons at low tide"
DATA = "Кто может забрать страницу?".encode()
KEY = pyrage.x25519.Identity.generate()


@pytest.fixture(scope="module")
def sealed() -> bytes:
    return seal(DATA, WORDS)


@pytest.mark.slow
def test_a_passphrase_opens_what_it_sealed_and_nothing_shows_before(sealed: bytes) -> None:
    """An age file, in which no byte of the content stands."""
    assert is_sealed(sealed)
    assert DATA not in sealed
    assert unseal(sealed, WORDS) == DATA
    armoured = pyrage.passphrase.encrypt(DATA, WORDS, armored=True)
    assert is_sealed(armoured)
    assert unseal(armoured, WORDS) == DATA


def test_a_letter_and_its_accent_are_the_same_passphrase_from_every_keyboard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unicode form C, on both sides: a passphrase set on one machine opens on the next."""
    seen = []
    monkeypatch.setattr(pyrage.passphrase, "encrypt", lambda _data, words: seen.append(words) or b"")
    for words in ("marée basse", "mare\u0301e basse"):
        seal(b"", words)
    assert seen == ["marée basse"] * 2


@pytest.mark.parametrize("words", ["", "short", "   a   b   ", "       7"])
def test_a_weak_passphrase_seals_nothing(words: str) -> None:
    """Whoever finds the file can try millions, so a short one is refused and what a good one is, is said."""
    with pytest.raises(CustodyError, match="fewer than 8") as refused:
        seal(DATA, words)
    assert refused.value.code == "sealed/weak-passphrase"
    assert refused.value.next_step
    with pytest.raises(CustodyError) as refused:
        check_passphrase(words)


@pytest.mark.parametrize("words", ["x" * 1_001, "half a surrogate \ud800"])
def test_what_is_no_passphrase_is_refused_without_being_repeated(words: str, sealed: bytes) -> None:
    """Bounded, and a text."""
    for act in (lambda: seal(DATA, words), lambda: unseal(sealed, words)):
        with pytest.raises(CustodyError) as refused:
            act()
        assert refused.value.code == "sealed/passphrase"
        assert words[:10] not in refused.value.diagnostics()


@pytest.mark.slow
def test_a_wrong_passphrase_is_told_from_a_damaged_file(sealed: bytes) -> None:
    """Who mistyped tries again; who has half a file looks for another copy; neither gets a part of what is inside."""
    with pytest.raises(CustodyError) as refused:
        unseal(sealed, "four herons at high tide")
    assert refused.value.code == "sealed/wrong-passphrase"
    assert "keyboard" in refused.value.next_step
    for cut in (30, 60, len(sealed) - 1):
        with pytest.raises(FormatError) as damaged:
            unseal(sealed[:cut], WORDS)
        assert damaged.value.code == "sealed/damaged", cut
    to_key = seal_to(DATA, [str(KEY.to_public())])
    flipped = to_key[:-3] + bytes([to_key[-3] ^ 1]) + to_key[-2:]
    with pytest.raises(FormatError, match="cut off or changed"):
        unseal_with(flipped, [str(KEY)])


@pytest.mark.parametrize(("raw", "words"), [(b"", "empty"), (b"{}", "no age file"), (b"age-encryption.org/v2\n", "no age file")])
def test_what_is_no_age_file_is_called_so(raw: bytes, words: str) -> None:
    """Nothing is decrypted, and nobody is asked to type again."""
    with pytest.raises(FormatError, match=words) as refused:
        unseal(raw, WORDS)
    assert refused.value.code == "sealed/form"


def test_a_file_that_would_keep_a_machine_busy_for_hours_is_refused(sealed: bytes) -> None:
    """Whoever sends a file chooses its work factor, and age's own ceiling holds."""
    start, line, rest = sealed.split(b"\n", 2)
    heavy = b"\n".join([start, line.rsplit(b" ", 1)[0] + b" 40", rest])
    with pytest.raises(CustodyError) as refused:
        unseal(heavy, WORDS)
    assert refused.value.code == "sealed/work"


def test_recipients_open_with_their_own_keys_and_a_passphrase_does_not(sealed: bytes) -> None:
    """Each of several recipients alone; nobody else; and a message says which kind of key is asked for."""
    other = pyrage.x25519.Identity.generate()
    to_two = seal_to(DATA, [str(KEY.to_public()), f" {other.to_public()}\n"])
    assert unseal_with(to_two, [str(KEY)]) == unseal_with(to_two, [str(other)]) == DATA
    acts = [
        lambda: unseal(to_two, WORDS),
        lambda: unseal_with(to_two, [str(pyrage.x25519.Identity.generate())]),
        lambda: unseal_with(sealed, [str(KEY)]),
        lambda: unseal_with(sealed, []),
    ]
    for act in acts:
        with pytest.raises(CustodyError) as refused:
            act()
        assert refused.value.code == "sealed/other-key"


def test_a_secret_key_in_place_of_a_recipient_is_refused_and_not_repeated() -> None:
    """A slip of the hand does not put a secret on the screen."""
    for text in ("age1nonsense", str(KEY), ""):
        with pytest.raises(CustodyError) as refused:
            seal_to(DATA, [text])
        assert refused.value.code == "sealed/recipient"
        assert str(KEY) not in refused.value.diagnostics()
    with pytest.raises(CustodyError) as refused:
        unseal_with(seal_to(DATA, [str(KEY.to_public())]), ["AGE-SECRET-KEY-1NONSENSE"])
    assert refused.value.code == "sealed/identity"
    assert "NONSENSE" not in refused.value.diagnostics()
    for number in (0, 101):
        with pytest.raises(CustodyError, match="1 to 100"):
            seal_to(DATA, [str(KEY.to_public())] * number)


def test_sizes_are_bounded_on_both_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a large register nor a large file from outside fills the memory."""
    monkeypatch.setattr(sealedfile, "MAX_BYTES", 10)
    monkeypatch.setattr(sealedfile, "MAX_SEALED", 100)
    for act in (lambda: seal(bytes(11), WORDS), lambda: seal_to(bytes(11), [str(KEY.to_public())]), lambda: unseal(bytes(101), WORDS)):
        with pytest.raises(FormatError) as refused:
            act()
        assert refused.value.code == "sealed/too-large"


def test_a_private_file_takes_the_place_of_the_old_one_whole(tmp_path: Path) -> None:
    """For its owner's eyes only, whatever the old one's mode was; a link leads to where it led."""
    path, link = tmp_path / "answers.age", tmp_path / "link.age"
    path.write_bytes(b"old")
    path.chmod(0o644)
    link.symlink_to(path)
    write_private(link, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(item.name for item in tmp_path.iterdir()) == ["answers.age", "link.age"]


def test_a_refused_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk says no at the last moment: the answers given before are still there."""

    def refuse(*_: Any) -> None:
        raise OSError(28, os.strerror(28))

    path = tmp_path / "answers.age"
    path.write_bytes(b"old")
    monkeypatch.setattr(sealedfile.os, "replace", refuse)
    with pytest.raises(StoreError) as refused:
        write_private(path, b"new")
    assert refused.value.code == "store/full"
    assert [(item.name, item.read_bytes()) for item in tmp_path.iterdir()] == [("answers.age", b"old")]

"""Laws about ``commonhold custody report`` and ``open``: what leaves the machine is encrypted, and opens again for those it is meant for."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path

import pyrage
import pytest

from commonhold.cli.custody import reporting, sealing
from commonhold.cli.main import run
from commonhold.kernel.errors import StoreError
from commonhold.pages.language import CODES
from commonhold.store.sealedfile import is_sealed, unseal
from tests.attacks import Mutation, attack
from tests.cli.houses import command, refused
from tests.pages.saltmarsh import value

WORDS = "four herons at low tide"
KEY = pyrage.x25519.Identity.generate()
PUBLIC = str(KEY.to_public())


@pytest.fixture
def saltmarsh(tmp_path: Path) -> Path:
    place = tmp_path / "saltmarsh.json"
    place.write_text(json.dumps(value()), "utf-8")
    (tmp_path / "words").write_text(f"{WORDS}\nand a second line\n", "utf-8")
    return place


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@attack(
    "custody-report-02",
    Mutation("src/commonhold/cli/custody/reporting.py", find="        data = seal(data, passphrase)", replace="        data = data"),
)
@pytest.mark.slow
def test_a_report_is_encrypted_unless_somebody_insists(saltmarsh: Path, tmp_path: Path) -> None:
    """What is on the disk holds no name; the passphrase brings the page back, and nothing readable is left beside it."""
    out = tmp_path / "board.age"
    done = command("custody", "report", saltmarsh, "--out", out, "--passphrase-file", tmp_path / "words")
    assert (done.code, done.err) == (0, "")
    assert is_sealed(out.read_bytes())
    assert b"Heron" not in out.read_bytes()
    assert mode(out) == 0o600
    assert sorted(item.name for item in tmp_path.iterdir()) == ["board.age", "saltmarsh.json", "words"]
    assert b"Heron" in unseal(out.read_bytes(), WORDS)
    opened = tmp_path / "board.html"
    done = command("custody", "open", out, "--passphrase-file", tmp_path / "words", "--out", opened)
    assert done.code == 0
    assert "not encrypted" in done.err
    assert opened.read_text("utf-8").startswith("<!doctype html>")
    assert mode(opened) == 0o600


@attack(
    "custody-report-02",
    Mutation("src/commonhold/cli/custody/reporting.py", find="        note(_READABLE.format(out))", replace="        pass"),
    Mutation("src/commonhold/cli/custody/reporting.py", find="    write_new(out, data, mode=MODE)", replace="    write_new(out, data)"),
)
def test_a_readable_report_is_asked_for_and_says_what_it_is(saltmarsh: Path, tmp_path: Path) -> None:
    """With --plain: for its owner alone, with a warning on stderr."""
    out = tmp_path / "board.html"
    done = command("custody", "report", saltmarsh, "--out", out, "--plain", "--full", "--lang", "ar")
    assert done.code == 0
    assert "map for burglars" in done.err
    assert "for members only" in done.err
    assert mode(out) == 0o600
    assert 'dir="rtl"' in out.read_text("utf-8")


def test_a_report_to_recipients_opens_with_their_identity(saltmarsh: Path, tmp_path: Path) -> None:
    """Nobody has to agree on a passphrase; what a picture is, is printed."""
    out, identity = tmp_path / "picture.age", tmp_path / "identity"
    identity.write_text(f"# created today\n{KEY}\n")
    done = command("custody", "report", saltmarsh, "--format", "svg", "--recipient", PUBLIC, "--out", out, "--json")
    assert done.json == {"ok": True, "out": str(out), "format": "svg", "encrypted": True}
    assert is_sealed(out.read_bytes())
    assert command("custody", "open", out, "--identity", identity).out.startswith("<svg ")
    refused(
        command("custody", "report", saltmarsh, "--recipient", str(KEY), "--out", tmp_path / "x"), 2, "a secret key is no age recipient"
    )
    assert not (tmp_path / "x").exists()


def test_a_passphrase_is_asked_for_twice_and_never_shown(saltmarsh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a terminal; where there is none, the file for scripts is named; a weak one is refused before any work."""
    asked = {}
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sealing.click, "prompt", lambda _text, **how: asked.update(how) or "short")
    refused(command("custody", "report", saltmarsh, "--out", tmp_path / "x"), 2, "fewer than 8 characters")
    assert asked == {"hide_input": True, "confirmation_prompt": True, "err": True}
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    refused(command("custody", "report", saltmarsh, "--out", tmp_path / "x"), 2, "--passphrase-file")
    (tmp_path / "bad").write_bytes(b"\xff\xfe\x00")
    refused(command("custody", "report", saltmarsh, "--out", tmp_path / "x", "--passphrase-file", tmp_path / "bad"), 2, "UTF-8")
    refused(command("custody", "report", saltmarsh, "--out", tmp_path / "x", "--passphrase-file", tmp_path / "none"), 2, "cannot be read")
    assert not (tmp_path / "x").exists()


@pytest.mark.slow
def test_a_wrong_passphrase_and_half_a_file_open_nothing(saltmarsh: Path, tmp_path: Path) -> None:
    """Each says which of the two it is, and nothing is written."""
    sealed, out, other = tmp_path / "sealed", tmp_path / "out", tmp_path / "other"
    sealed.write_bytes(pyrage.passphrase.encrypt(b"the map", WORDS))
    other.write_text("four herons at high tide\r\n")
    refused(command("custody", "open", sealed, "--passphrase-file", other, "--out", out), 2, "does not open", "keyboard")
    whole = sealed.read_bytes()
    sealed.write_bytes(whole[:-1])
    refused(command("custody", "open", sealed, "--passphrase-file", tmp_path / "words", "--out", out), 2, "cut off or changed")
    refused(command("custody", "open", saltmarsh, "--passphrase-file", tmp_path / "words", "--out", out), 2, "no age file")
    assert not out.exists()


def test_a_report_never_takes_the_place_of_a_file(saltmarsh: Path, tmp_path: Path) -> None:
    """What is there is left as it is."""
    before = saltmarsh.read_bytes()
    refused(command("custody", "report", saltmarsh, "--plain", "--out", saltmarsh), 2, "is there already", "another name")
    assert saltmarsh.read_bytes() == before


def test_ways_to_encrypt_exclude_each_other(saltmarsh: Path, tmp_path: Path) -> None:
    """Nobody has to guess which of two was obeyed."""
    for pair in (["--plain", "--recipient", PUBLIC], ["--plain", "--passphrase-file", tmp_path / "words"]):
        refused(command("custody", "report", saltmarsh, "--out", tmp_path / "x", *pair), 2, "exclude each other")
    refused(command("custody", "open", saltmarsh, "--identity", "a", "--passphrase-file", "b"), 2, "exclude each other")
    assert not (tmp_path / "x").exists()


def test_without_a_renderer_nothing_is_left_behind(saltmarsh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The refusal says what to install, and there is no half report."""

    def missing(_page: str) -> bytes:
        raise StoreError("no PDF can be made here", code="pdf/library", next_step="Run `apt install libpango-1.0-0 libpangoft2-1.0-0`.")

    monkeypatch.setattr("commonhold.pages.pdf.render_pdf", missing)
    done = command("custody", "report", saltmarsh, "--plain", "--format", "pdf", "--out", tmp_path / "x")
    refused(done, 2, "no PDF can be made here", "apt install libpango")
    assert not (tmp_path / "x").exists()


def test_a_register_without_resources_has_nothing_to_report(tmp_path: Path) -> None:
    """The refusal says what a resource is called."""
    place = tmp_path / "empty.json"
    place.write_text('{"parties": [], "nodes": []}')
    refused(command("custody", "report", place, "--plain", "--out", tmp_path / "x"), 2, "no resource", "kind")


def test_a_terminal_is_shown_only_what_it_can_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """A pipe gets every byte; a terminal gets no print, and no character that would act on it."""
    place, identity = tmp_path / "sealed", tmp_path / "identity"
    identity.write_text(str(KEY))
    place.write_bytes(pyrage.encrypt(b"%PDF-1.7 \xff\x00", [KEY.to_public()]))
    assert run(["custody", "open", str(place), "--identity", str(identity)]) == 0
    assert capfdbinary.readouterr().out == b"%PDF-1.7 \xff\x00"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert run(["custody", "open", str(place), "--identity", str(identity)]) == 2
    assert b"--out" in capfdbinary.readouterr().err
    place.write_bytes(pyrage.encrypt(b"two\nlines\x1b[2J", [KEY.to_public()]))
    assert run(["custody", "open", str(place), "--identity", str(identity)]) == 0
    assert capfdbinary.readouterr().out == b"two\nlines\\u{1b}[2J"


def test_the_command_offers_the_languages_of_the_pages() -> None:
    """They stand twice, so that --help need not load the languages; this holds them together."""
    assert reporting._CODES == CODES

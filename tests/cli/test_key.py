"""Laws about ``commonhold key``: a member's kit from its making to its restoring, and what of it others get to see."""

from __future__ import annotations

import io
import json
import stat
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import segno

from commonhold.cli.main import run
from commonhold.cli.sheet import render_sheet
from commonhold.kernel.card import parse_card
from commonhold.kernel.keys import fingerprint
from commonhold.kernel.kit import Kit
from commonhold.store.keyfile import load_kit, save_kit

KIT = Kit(bytes(range(32)))
VOID = {"meta", "path", "br"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COMMONHOLD_KIT", raising=False)
    return tmp_path


@pytest.fixture
def heron(folder: Path) -> Path:
    save_kit(folder / "heron.kit", "heron", KIT)
    return folder / "heron.kit"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def report(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_a_new_kit_is_a_secret_file_and_a_public_card(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``key new`` writes a kit that only its owner reads and a card for everybody, and prints nothing that is secret."""
    assert run(["key", "new", "heron"]) == 0
    printed = capsys.readouterr()
    member, kit = load_kit(folder / "heron.kit")
    card = parse_card((folder / "heron.card").read_bytes())
    assert (member, kit.keys) == (card.member, card.kit) == ("heron", card.kit)
    assert (mode(folder / "heron.kit"), mode(folder / "heron.card") & 0o444) == (0o600, 0o444)
    assert kit.key_id in printed.out
    assert " ".join(fingerprint(kit.keys)) in printed.out
    assert "heron.card" in printed.out
    for secret in (kit.text(), kit.age_identity, " ".join(kit.words()), (folder / "heron.kit").read_text().splitlines()[2]):
        assert secret not in printed.out + printed.err


def test_two_new_kits_differ(folder: Path) -> None:
    """Each kit is made of new random bytes."""
    assert run(["key", "new", "heron", "--out", "a.kit"]) == run(["key", "new", "heron", "--out", "b.kit"]) == 0
    assert load_kit(folder / "a.kit") != load_kit(folder / "b.kit")


def test_a_new_kit_is_never_written_over_an_old_one(heron: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A second ``key new`` under the same name is refused, and the first kit is as it was."""
    before = heron.read_bytes()
    assert run(["key", "new", "heron", "--json"]) == 2
    assert report(capsys)["code"] == "keyfile/exists"
    assert heron.read_bytes() == before
    assert not heron.with_suffix(".card").exists()


def test_an_old_card_stays_and_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A card that is there already is left as it is; the new kit is kept, and the report says so."""
    (folder / "heron.card").write_text("old")
    assert run(["key", "new", "heron", "--json"]) == 0
    assert report(capsys)["card_file"] == ""
    assert (folder / "heron.card").read_text() == "old"
    assert load_kit(folder / "heron.kit")[0] == "heron"


@pytest.mark.parametrize(
    ("arguments", "code"), [(["Heron"], "id/member"), (["heron", "--out", "heron.card"], "keyfile/name"), ([], "usage")]
)
def test_a_wrong_name_makes_nothing(folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: str) -> None:
    """A member id or a file name that cannot be is refused before a kit is made."""
    assert run(["key", "new", *arguments, "--json"]) == 2
    assert report(capsys)["code"] == code
    assert list(folder.iterdir()) == []


def test_show_prints_the_card_and_writes_it(heron: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``key show --json`` prints the card itself, ``--out`` writes the same bytes, and neither holds a secret."""
    assert run(["key", "show", "--kit", str(heron), "--json", "--out", "out.card"]) == 0
    printed = capsys.readouterr().out
    assert printed.encode() == Path("out.card").read_bytes()
    assert parse_card(printed.encode()).kit == KIT.keys
    assert run(["key", "show", "--kit", str(heron), "--out", "out.card"]) == 2
    assert run(["key", "show", "--kit", str(heron), "--out", "two.card"]) == 0
    text = capsys.readouterr().out
    assert "two.card" in text
    assert " ".join(fingerprint(KIT.keys)) in text


def test_the_kit_may_be_named_once_for_all_verbs(heron: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """``COMMONHOLD_KIT`` stands in for ``--kit``, and without either the answer says what is missing."""
    assert run(["key", "show"]) == 2
    assert "COMMONHOLD_KIT" in capsys.readouterr().err
    monkeypatch.setenv("COMMONHOLD_KIT", str(heron))
    assert run(["key", "show"]) == 0


class Page(HTMLParser):
    """Checks that tags are closed in order, and keeps what matters."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.ids: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data if self.open and self.open[-1] != "style" else ""


def test_the_sheet_is_one_page_that_holds_everything_and_calls_nobody() -> None:
    """24 words in order, the QR code of the kit's text, member, fingerprint; no script, no address, no policy that lets one in."""
    source = render_sheet("heron", KIT)
    page = Page()
    page.feed(source)
    page.close()
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert source.startswith("<!doctype html>")
    assert "default-src 'none'" in source
    assert not page.tags & {"script", "link", "img", "iframe", "object", "form", "a"}
    assert not [name for name, _ in page.attributes if name.startswith("on") or name in {"src", "href", "action"}]
    assert "url(" not in source
    assert "http:" not in source
    assert "https:" not in source
    words = source.split('<ol class="words">')[1].split("</ol>")[0]
    assert tuple(piece.split("<")[0] for piece in words.split('class="word">')[1:]) == KIT.words()
    assert " ".join(fingerprint(KIT.keys)) in page.text
    assert KIT.key_id in page.text
    assert "Kit of heron" in page.text
    assert "key restore heron" in page.text
    assert "secret" in page.text
    drawn = segno.make(KIT.text(), error="q", micro=False).svg_inline(omitsize=True, border=4, svgclass=None, lineclass=None, light="#fff")
    assert drawn.partition("<path")[2] in source
    assert "viewBox" in source
    assert "color-scheme: only light" in source


def test_the_sheet_is_written_for_its_owner_only(heron: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The sheet is as secret as the kit: mode 0600, never over another file, and a warning on stderr."""
    assert run(["key", "kit", "--kit", str(heron), "--out", "sheet.html", "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"ok": True, "member": "heron", "key": KIT.key_id, "sheet": "sheet.html"}
    assert "secret" in captured.err
    assert mode(Path("sheet.html")) == 0o600
    assert KIT.words()[0] not in captured.out.split()
    before = Path("sheet.html").read_bytes()
    assert run(["key", "kit", "--kit", str(heron), "--out", "sheet.html"]) == 2
    assert Path("sheet.html").read_bytes() == before


@pytest.mark.parametrize("typed", [" ".join(KIT.words()), "\n".join(KIT.words()).upper(), KIT.text(), KIT.text().lower() + "\n"])
def test_words_or_code_make_the_same_kit_file_again(folder: Path, monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    """What was printed comes back byte for byte, from a file and from standard input."""
    save_kit(folder / "first.kit", "heron", KIT)
    Path("words.txt").write_text(typed)
    assert run(["key", "restore", "heron", "--words-file", "words.txt"]) == 0
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed.encode())))
    assert run(["key", "restore", "heron", "--out", "third.kit"]) == 0
    assert Path("heron.kit").read_bytes() == Path("third.kit").read_bytes() == Path("first.kit").read_bytes()


def test_at_a_terminal_the_member_is_told_to_type(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a file the program does not wait in silence."""
    stdin = io.TextIOWrapper(io.BytesIO(" ".join(KIT.words()).encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    monkeypatch.setattr(stdin, "isatty", lambda: True)
    assert run(["key", "restore", "heron"]) == 0
    assert "Type the 24 words" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        (b"abandon ability", "kit/word-count"),
        (b"\xff\xfe", "kit/not-text"),
        (b"a" * 5_000, "keyfile/too-large"),
        (b"COMMONHOLD-KIT-1QQQQ", "bech32/parts"),
        (b"COMMONHOLD-KIT-1QQQQQQQQ", "bech32/checksum"),
    ],
)
def test_wrong_words_restore_nothing(folder: Path, capsys: pytest.CaptureFixture[str], typed: bytes, code: str) -> None:
    """Words that are no kit leave no file behind."""
    Path("words.txt").write_bytes(typed)
    assert run(["key", "restore", "heron", "--words-file", "words.txt", "--json"]) == 2
    assert report(capsys)["code"] == code
    assert [path.name for path in folder.iterdir()] == ["words.txt"]


def test_endless_words_are_not_read_to_the_end(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Standard input is read up to a bound."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"zoo " * 1_000_000)))
    assert run(["key", "restore", "heron", "--json"]) == 2
    assert report(capsys)["code"] == "kit/too-long"


def test_a_card_is_checked_and_compared(heron: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A whole card is a yes; with the member's words it says that they match; with other words the answer is no."""
    run(["key", "show", "--kit", str(heron), "--out", "heron.card"])
    capsys.readouterr()
    assert run(["key", "check", "heron.card"]) == 0
    assert "Not compared yet" in capsys.readouterr().out
    said = " ".join(fingerprint(KIT.keys))
    assert run(["key", "check", "heron.card", "--fingerprint", said.upper(), "--json"]) == 0
    assert report(capsys)["compared"] is True
    assert run(["key", "check", "heron.card", "--fingerprint", "zoo zoo zoo zoo zoo zoo", "--json"]) == 1
    assert report(capsys)["code"] == "fingerprint/mismatch"


@pytest.mark.parametrize(
    ("content", "exit_code", "code"),
    [
        (b"", 2, "canonical/not-json"),
        (b"x" * 5_000, 2, "keyfile/too-large"),
        (b"{}", 2, "card/form"),
        (None, 2, "store/absent"),
    ],
)
def test_a_card_that_is_none_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, exit_code: int, code: str
) -> None:
    """An empty, huge, foreign or missing card is unreadable, which is another answer than no."""
    if content is not None:
        Path("x.card").write_bytes(content)
    assert run(["key", "check", "x.card", "--json"]) == exit_code
    assert report(capsys)["code"] == code


def test_a_forged_card_is_a_no(heron: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A card whose words belong to another key is refused with exit code 1."""
    run(["key", "show", "--kit", str(heron), "--out", "heron.card"])
    card = json.loads(Path("heron.card").read_bytes())
    card["fingerprint"] = ["abandon"] * 6
    Path("forged.card").write_text(json.dumps(card, sort_keys=True, separators=(",", ":")))
    capsys.readouterr()
    assert run(["key", "check", "forged.card", "--json"]) == 1
    assert report(capsys)["code"] == "card/mismatch"

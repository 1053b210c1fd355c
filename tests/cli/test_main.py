"""Laws about the command line itself: what it loads, how it fails, and what it lets through to a terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click
import pytest

from commonhold.cli import main as frame
from commonhold.cli import output
from commonhold.cli.options import house_option, json_option
from commonhold.kernel.errors import CustodyError, FatalStoreError, FormatError, ProofError, RuleError, StoreError

PROGRAM = [sys.executable, "-c", "from commonhold.cli.main import main; main()"]


def program(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PROGRAM, *arguments], capture_output=True, text=True, timeout=60, **options)


def modules_after(*lines: list[str]) -> set[str]:
    """What is loaded once these command lines have run in one process."""
    code = f"import sys\nfrom commonhold.cli.main import run\nassert all(run(line) == 0 for line in {list(lines)!r})\nprint('LOADED', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    return set(done.stdout.rpartition("LOADED ")[2].split())


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts a verb ``try`` with the given function into the program."""

    def put(function: Any) -> None:
        @click.command()
        @json_option
        def command(as_json: bool) -> None:
            function()

        module = type(sys)("commonhold.cli.try_")
        module.command = command
        module.__spec__ = __import__("importlib.machinery").machinery.ModuleSpec("commonhold.cli.try_", None)
        monkeypatch.setitem(sys.modules, "commonhold.cli.try_", module)
        monkeypatch.setattr(frame.commonhold, "table", {**frame.VERBS, "try": frame.Verb("commonhold.cli.try_:command", "Try.")})

    return put


def failing(error: BaseException) -> Any:
    def function() -> None:
        raise error

    return function


# ---------------------------------------------------------------------------------------------------------------------------- loading


def test_help_loads_no_verb_no_cryptography_and_no_django() -> None:
    """The list of verbs comes from a table, so asking for it loads no verb and no library that a verb needs."""
    loaded = modules_after(["--help"])
    verbs = {verb.target.partition(":")[0] for verb in frame.VERBS.values()}
    assert not loaded & verbs
    assert not {name.partition(".")[0] for name in loaded} & {
        "django",
        "wagtail",
        "cryptography",
        "nacl",
        "msgspec",
        "mnemonic",
        "segno",
        "rich",
    }


def test_no_verb_ever_loads_django() -> None:
    """Every verb that is there can explain itself without Django."""
    verbs = frame.commonhold.list_commands(click.Context(frame.commonhold))
    loaded = modules_after(*([name, "--help"] for name in verbs))
    assert {frame.VERBS[name].target.partition(":")[0] for name in verbs} <= loaded
    assert not {name.partition(".")[0] for name in loaded} & {"django", "wagtail"}


def test_the_program_starts_in_under_a_third_of_a_second() -> None:
    """Whoever asks for help does not wait for it: under 0.3 seconds, the interpreter included."""
    best = 9.0
    for _ in range(5):
        start = time.perf_counter()
        program("--help")
        best = min(best, time.perf_counter() - start)
    assert best < 0.3


def test_a_verb_that_is_not_there_yet_is_not_shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The table may name verbs ahead of their modules; nobody is offered one that does not work."""
    monkeypatch.setattr(frame.commonhold, "table", {"soon": frame.Verb("commonhold.cli.no_such_module:command", "Soon.")})
    assert frame.run(["--help"]) == 0
    assert "soon" not in capsys.readouterr().out
    assert frame.run(["soon"]) == 2
    assert "no such command 'soon'" in capsys.readouterr().err.lower()


def test_every_verb_of_the_table_says_what_it_does() -> None:
    """Help is a sentence that ends with a full stop and fits on a line."""
    for name, entry in frame.VERBS.items():
        assert entry.help.endswith(".")
        assert len(entry.help) < 75
        assert entry.target == f"commonhold.cli.{name}:command"


# ------------------------------------------------------------------------------------------------------------------- ways of failing


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ProofError("the root differs", code="proof/root", next_step="Ask a mirror."), 1),
        (RuleError("no"), 1),
        (FormatError("the note is cut off"), 2),
        (StoreError("the disk is full"), 2),
        (FatalStoreError("the store contradicts itself"), 2),
        (CustodyError("the kit is open"), 2),
        (click.UsageError("No such option."), 2),
        (click.FileError("x", "cannot be read"), 2),
        (click.exceptions.Exit(1), 1),
        (click.Abort(), 130),
        (KeyboardInterrupt(), 130),
        (ValueError("a secret"), 70),
        (AssertionError(), 70),
    ],
)
def test_every_way_of_failing_has_its_exit_code(verb: Any, capsys: pytest.CaptureFixture[str], error: BaseException, code: int) -> None:
    """1 is a no, 2 is unreadable or wrong usage, 70 a fault, 130 an interruption; each is a line on stderr and no traceback."""
    verb(failing(error))
    assert frame.run(["try"]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err
    if not isinstance(error, click.exceptions.Exit):
        assert captured.err.startswith("error: ")


def test_an_error_says_the_next_step(verb: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """The message comes first, and under it what to do next."""
    verb(failing(ProofError("the root differs", next_step="Ask another mirror.")))
    frame.run(["try"])
    assert capsys.readouterr().err == "error: the root differs\nAsk another mirror.\n"


def test_with_json_an_error_is_json_too(verb: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """A program that asked for JSON gets the error's code, words, next step and data as JSON, with the same exit code."""
    verb(failing(RuleError("1 of 2 approved", code="rule/threshold", next_step="Wait.", data={"have": 1, "need": 2})))
    assert frame.run(["try", "--json"]) == 1
    captured = capsys.readouterr()
    assert captured.err == ""
    expected = {"ok": False, "code": "rule/threshold", "message": "1 of 2 approved", "next_step": "Wait.", "data": {"have": 1, "need": 2}}
    assert json.loads(captured.out) == expected


def test_wrong_usage_behind_json_is_json_too(verb: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Also where the mistake stands before the flag, the caller can read the answer."""
    verb(lambda: None)
    assert frame.run(["try", "--nonsense", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["code"] == "usage"


def test_a_fault_tells_its_kind_and_place_but_not_its_text(
    verb: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault's text may hold a secret, and reports are posted in public; a traceback is shown only to those who ask for it."""
    verb(failing(ValueError("abandon ability able")))
    assert frame.run(["try"]) == 70
    told = capsys.readouterr().err
    assert "ValueError at test_main.py:" in told
    assert "abandon" not in told
    assert frame.TRACEBACK_VARIABLE in told
    monkeypatch.setenv(frame.TRACEBACK_VARIABLE, "1")
    assert frame.run(["try"]) == 70
    assert "Traceback" in capsys.readouterr().err


def test_a_message_from_a_record_cannot_move_the_cursor(verb: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """An error that quotes hostile bytes shows them escaped."""
    verb(failing(RuleError("\x1b[2Kofficial\r", next_step="\u202eyad")))
    frame.run(["try"])
    assert capsys.readouterr().err == "error: \\u{1b}[2Kofficial\\u{d}\n\\u{202e}yad\n"


def test_success_is_zero(verb: Any) -> None:
    """A verb that comes to its end has answered yes."""
    verb(lambda: None)
    assert frame.run(["try"]) == 0


def test_the_bare_command_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    """Typing nothing but the name is no crash and no silence: it shows what there is."""
    assert frame.run([]) == 2
    captured = capsys.readouterr()
    assert "Usage: commonhold" in captured.out + captured.err


def test_a_closed_pipe_is_quiet() -> None:
    """When nobody reads any more, the program leaves without a word, as other programs do under a shell."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*PROGRAM, "--help"], stdout=writer, stderr=subprocess.PIPE, timeout=60)
    os.close(writer)
    assert done.returncode == frame.NOBODY_READS
    assert done.stderr == b""


def test_a_terminal_without_the_letters_is_no_fault() -> None:
    """Text that the terminal's encoding lacks is shown escaped."""
    code = "import sys; sys.argv=['commonhold', '--help']\nfrom commonhold.cli import main as m\nm.commonhold.help = 'caf\\u00e9 \\u4e2d'\nm.main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, env={**os.environ, "PYTHONIOENCODING": "latin-1"})
    assert done.returncode == 0
    assert b"caf\xe9 \\u4e2d" in done.stdout


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """``--version`` names the program and its version."""
    assert frame.run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("commonhold 0.")


# --------------------------------------------------------------------------------------------------------------------------- output


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("heron", "heron"),
        ("caf\u00e9 \u4e2d\u6587 \u0627\u0644", "caf\u00e9 \u4e2d\u6587 \u0627\u0644"),
        ("\x1b]0;x\x07", "\\u{1b}]0;x\\u{7}"),
        ("a\nb\tc", "a\\u{a}b\\u{9}c"),
        ("\u202e\u2066\u200e\u061c\ufeff\u200b\xad", "\\u{202e}\\u{2066}\\u{200e}\\u{61c}\\u{feff}\\u{200b}\\u{ad}"),
        ("\x9b31m\u2028\U000e0041\ud800\ue000", "\\u{9b}31m\\u{2028}\\u{e0041}\\u{d800}\\u{e000}"),
        ("\u0646\u200c\u0645", "\u0646\u200c\u0645"),
        (Path("a\x07"), "a\\u{7}"),
    ],
)
def test_what_acts_on_a_terminal_or_hides_is_escaped(text: object, shown: str) -> None:
    """Control, bidirectional, invisible and unassigned characters are shown by their number; letters of every script pass."""
    assert output.printable(text) == shown


def test_newlines_pass_only_where_they_are_asked_for() -> None:
    """A text of several lines keeps them; a name cannot start a line of its own."""
    assert output.printable("a\n\x1b", multiline=True) == "a\n\\u{1b}"


def test_a_table_keeps_its_columns() -> None:
    """Columns stay aligned with wide and combining characters, and no cell can break out of its row."""
    assert output.table(["who", "what"], [["heron", 1], ["\u4e2d\u6587", "e\u0301x"], ["a\nb", "y"]]) == (
        "who      what\n-------  ----\nheron    1\n\u4e2d\u6587     e\u0301x\na\\u{a}b  y"
    )
    assert output.table(["who"], []) == "who\n---"


def test_a_report_is_text_or_json(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON says ok first and is ASCII; the text is made only when it is shown."""
    output.emit(True, {"name": "caf\u00e9"}, lambda: pytest.fail("not asked for"))
    assert capsys.readouterr().out == '{\n  "ok": true,\n  "name": "caf\\u00e9"\n}\n'
    output.emit(False, {}, lambda: "text")
    output.emit(False, {}, lambda: None)
    assert capsys.readouterr().out == "text\n"


def test_progress_off_a_terminal_is_a_line_at_each_end(capsys: pytest.CaptureFixture[str]) -> None:
    """In a file or a pipe there is no moving bar, and stdout stays clean."""
    with output.progress(3, "verifying entries") as bar:
        bar.update()
        bar.update(2)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "verifying entries: 3 to do\nverifying entries: 3 done\n"


def test_progress_on_a_terminal_is_a_bar(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal a bar moves on stderr and is gone at the end; its label is no markup."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with output.progress(2, "[bold]entries") as bar:
        bar.update(2)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "[bold]entries" in captured.err


def test_the_house_is_the_current_folder_unless_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``--house`` goes before ``COMMONHOLD_HOUSE``, and that before the current folder."""
    seen: list[Path] = []

    @click.command()
    @house_option
    def command(house: Path) -> None:
        seen.append(house)

    command.main([], standalone_mode=False)
    monkeypatch.setenv("COMMONHOLD_HOUSE", str(tmp_path))
    command.main([], standalone_mode=False)
    command.main(["--house", "x"], standalone_mode=False)
    assert seen == [Path(), tmp_path, Path("x")]

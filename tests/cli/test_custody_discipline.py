"""Laws of what a custodian's machine shows, keeps and gives away: screens, terminals, reports of faults, traps in files."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from commonhold.cli.custody import VERBS, custodian
from commonhold.cli.custody import command as custody
from commonhold.cli.custody.holding import quoted
from tests.attacks import Mutation, attack
from tests.cli.custodians import CANARY, SECRETS, act, must, only_release, process, released, sealed, unseal
from tests.cli.houses import House

HOLDING = "src/commonhold/cli/custody/holding.py"
MAIN = "from commonhold.cli.main import main; main()"
FALSE_LINES = "recipient    abbey acid actor adobe agent alarm\nof           seal 1 of cellar\ngiven so far by everybody\n"


class Terminal:
    """A command line at a terminal of its own, which a test reads and types into."""

    def __init__(self, *arguments: object, folder: Path | None = None, code: str = MAIN) -> None:
        self._parent, child = pty.openpty()
        self.shown = ""
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments)], stdin=child, stdout=child, stderr=child, close_fds=True, cwd=folder, start_new_session=True,
        )  # fmt: skip
        os.close(child)

    def until(self, words: str, answer: str = "") -> None:
        """Read on until *words* were shown since the last answer, then type *answer*."""
        seen = ""
        while words not in seen:
            seen += os.read(self._parent, 4096).decode("utf-8", "replace")
        self.shown += seen
        if answer:
            os.write(self._parent, f"{answer}\n".encode())

    def end(self) -> int:
        """Everything that is still shown, and how the process ended."""
        try:
            while piece := os.read(self._parent, 4096):
                self.shown += piece.decode("utf-8", "replace")
        except OSError:
            pass
        os.close(self._parent)
        return self.process.wait(30)


@attack(
    "contribute-false-screen",
    Mutation(HOLDING, find='shown = [f"  | {printable(', replace='shown = [f"{printable('),
    Mutation(HOLDING, find="for line in lines[:MAX_SHOWN]]", replace="for line in lines]"),
    Mutation("src/commonhold/cli/custody/custodian.py", find='            note(f"recipient    {words}")\n', replace=""),
)
def test_a_purpose_cannot_pass_for_what_the_program_says(house: House) -> None:
    """The true recipient stands below the purpose, however long that is and whatever it pretends; what a custodian answers is what they sign."""
    sealed(house)
    purpose = house.write("long.txt", f"The page was hacked.\n{FALSE_LINES * 40}")
    made = must(act(house, "curlew", "release", "page", "--purpose", purpose, "--key", house.base / "one-off.key"))
    for name in ("tern", "plover", "heron"):
        decided = house.do(name, "approve", made["proposal"]["id"])
    assert decided["proposal"]["status"] == "enacted"
    at = Terminal("custody", "contribute", made["proposal"]["id"], "--house", house.path, "--kit", house.kit("tern"))
    at.until("[y/N]", "n")
    assert at.end() == 2
    lines = [line.rstrip() for line in at.shown.splitlines()]
    assert [line for line in lines if "abbey acid" in line and not line.startswith("  | ")] == []
    assert "  ... and 91 more lines, which are not shown: do not agree to what you have not read" in lines
    assert len(lines) < 50
    words = [line.removeprefix("recipient").strip() for line in lines if line.startswith("recipient ")]
    assert len(words) == 2
    assert words[0] == words[1] == made["recipient"]
    assert lines.index(f"recipient    {words[0]}") < lines.index("  | The page was hacked.")
    asked = next(place for place, line in enumerate(lines) if "[y/N]" in line)
    assert lines[asked - 1] == f"recipient    {words[0]}"
    assert "Give your share of seal 1 of page to curlew?" in lines[asked]


def test_a_purpose_of_one_endless_line_is_cut() -> None:
    """Neither a line without end nor one that moves the cursor fills the screen."""
    assert quoted("x" * 5_000) == f"  | {'x' * 400} ..."
    assert quoted("a\x1b[2Jb\u202ec") == "  | a\\u{1b}[2Jb\\u{202e}c"
    assert quoted("") == "  | "


@attack("contribute-no-clock", Mutation(HOLDING, find="    if now > until:", replace="    if now < 0:"))
def test_a_share_is_not_given_after_the_end_that_was_decided(opening: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a house without a clock, too: this computer's clock is enough to say no."""
    release = only_release(opening)
    size = opening.size()
    late = int(time.time()) + 8 * 86_400
    monkeypatch.setattr(custodian, "time", SimpleNamespace(time=lambda: late))
    done = act(opening, "tern", "contribute", release, "--yes")
    assert (done.code, done.json["code"]) == (1, "contribute/expired")
    assert "by the clock of this computer" in done.json["message"]
    assert opening.size() == size
    monkeypatch.undo()
    monkeypatch.delenv("COMMONHOLD_HOUSE", raising=False)


@attack(
    "unseal-terminal",
    Mutation("src/commonhold/cli/custody/releasing.py", find="        elif shown:\n", replace="        elif shown and one is None:\n"),
)
def test_a_terminal_is_shown_no_key_file(house: House) -> None:
    """Bytes that whoever sealed them chose would be obeyed by a terminal; a pipe gets them as they are. Other secrets hold no such characters."""
    trap = house.base / "tls.key"
    trap.write_bytes(b"\x1b]0;canary\x07\x1b[2J")
    made = must(
        act(house, "heron", "seal", "page", "--key-file", f"tls={trap}", "--stdin", "--approve", stdin=f"note why=a\u2028b{CANARY}\n")
    )
    house.do("tern", "approve", made["proposal"]["id"])
    for name in ("heron", "tern", "plover"):
        must(act(house, name, "drill", "page"))
    release = released(house)
    for name in ("tern", "plover"):
        must(act(house, name, "contribute", release, "--yes"))
    words = ("custody", "unseal", release, "--key", house.base / "one-off.key", "--house", house.path)
    at = Terminal(*words, "--name", "tls")
    assert at.end() == 2
    assert "\x1b" not in at.shown
    assert "is nothing that a terminal can show" in at.shown
    at = Terminal(*words, "--name", "why")
    assert at.end() == 0
    assert f"a\\u{{2028}}b{CANARY}" in at.shown
    assert unseal(house, release, "--name", "why").out == f"a\u2028b{CANARY}"
    piped = subprocess.run([sys.executable, "-c", MAIN, *map(str, words), "--name", "tls"], capture_output=True, timeout=60, check=True)
    assert piped.stdout == trap.read_bytes()
    assert b"delete that file" in piped.stderr
    assert act(house, "heron", "seal", "domain", "--stdin", stdin="note x=\x1b[2J\n").json["code"] == "secret/character"


BROKEN = """
import sys, threading, traceback
import commonhold.kernel.custody.sealing.opening as opening
def broken(padded, associated, nonce, key):
    raise ValueError(f"cannot encrypt {padded!r}") from KeyError(padded)
opening.bindings.crypto_aead_chacha20poly1305_ietf_encrypt = broken
def loud(kind, error, trace):
    print("".join(traceback.TracebackException(kind, error, trace, capture_locals=True).format()), file=sys.stderr)
sys.excepthook = loud
threading.excepthook = lambda found: loud(found.exc_type, found.exc_value, found.exc_traceback)
from commonhold.cli.main import main
main()
"""


@attack(
    "fault-quotes-secret",
    Mutation("src/commonhold/cli/main.py", find="        if session.secret:", replace="        if session.secret is None:"),
    Mutation(
        "src/commonhold/cli/main.py",
        find="    except Exception as error:  # noqa: BLE001 - the outermost frame: nobody above could do better\n",
        replace="    except AssertionError as error:\n",
    ),
)
@pytest.mark.parametrize("asked", ["0", "1"])
def test_a_fault_in_the_middle_of_sealing_quotes_nothing(house: House, asked: str) -> None:
    """The fault's own words hold the secret, and whoever catches what is left would print every local variable: neither is seen."""
    done = subprocess.run(
        [sys.executable, "-c", BROKEN, "custody", "seal", "page", "--stdin", "--house", house.path, "--kit", house.kit("heron")],
        input=SECRETS.encode(), capture_output=True, timeout=60, env={**os.environ, "COMMONHOLD_TRACEBACK": asked},
    )  # fmt: skip
    said = (done.stdout + done.stderr).decode()
    assert CANARY not in said
    assert "fault of this program, not of yours: ValueError at" in said
    assert ("in broken" in said) == (asked == "1")
    assert done.returncode == 70


@attack(
    "secret-in-core-dump",
    Mutation("src/commonhold/cli/custody/discipline.py", find="    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n", replace=""),
    Mutation("src/commonhold/cli/custody/seal.py", find="    keep_in_memory()\n", replace=""),
)
@pytest.mark.skipif(sys.platform != "linux", reason="limits of another process are read through /proc")
def test_a_custodian_whose_program_is_killed_in_the_middle_leaves_no_core(house: House, tmp_path: Path) -> None:
    """The real command line with the secret typed, in a shell that allows cores of any size, dies by SIGABRT: no dump, and no file that has it."""
    folder = tmp_path / "here"
    folder.mkdir()
    allow = "import resource; resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)\n"
    at = Terminal("custody", "seal", "page", "--house", house.path, "--kit", house.kit("heron"), folder=folder, code=allow + MAIN)
    at.until("Kind", "password")
    at.until("Name", "admin")
    at.until("not shown", CANARY)
    at.until("epeat")
    limits = Path(f"/proc/{at.process.pid}/limits").read_text()
    assert re.search(r"Max core file size +0 +0 ", limits), limits
    at.process.send_signal(signal.SIGABRT)
    assert at.end() == -signal.SIGABRT
    assert CANARY not in at.shown
    assert list(folder.iterdir()) == []


LOOKING = """
import ctypes, resource, sys
import commonhold.cli.custody.MODULE as module
real = module.NAME
def looking(*given, **more):
    print("at", resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), file=sys.stderr)
    return real(*given, **more)
module.NAME = looking
from commonhold.cli.main import main
main()
"""


@pytest.mark.parametrize(
    ("module", "name", "words"),
    [
        ("seal", "seal", ("seal", "page", "--stdin")),
        ("custodian", "own_share", ("drill", "page")),
        ("custodian", "own_share", ("shares", "page", "--out", "SHEET")),
        ("custodian", "own_share", ("contribute", "RELEASE", "--yes")),
        ("releasing", "new_identity", ("release", "page", "--purpose", "PURPOSE", "--key", "NEW")),
        ("releasing", "open_seal", ("unseal", "RELEASE", "--key", "KEY")),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_DUMPABLE is Linux's")
def test_every_verb_is_closed_to_others_before_it_holds_a_secret(opening: House, module: str, name: str, words: tuple[str, ...]) -> None:
    """At the very moment when the real command line has it: no core, and nobody may look in."""
    places = {
        "SHEET": opening.base / "sheet.html", "RELEASE": only_release(opening), "PURPOSE": opening.write("why.txt", "why\n"),
        "NEW": opening.base / "new.key", "KEY": opening.base / "one-off.key",
    }  # fmt: skip
    if words[0] == "unseal":
        for custodian_ in ("tern", "plover"):
            must(act(opening, custodian_, "contribute", places["RELEASE"], "--yes"))
    arguments = [str(places.get(word, word)) for word in words]
    kit = [] if words[0] == "unseal" else ["--kit", str(opening.kit("plover"))]
    code = LOOKING.replace("MODULE", module).replace("NAME", name)
    done = subprocess.run(
        [sys.executable, "-c", code, "custody", *arguments, "--house", str(opening.path), *kit],
        input=SECRETS.encode() if words[0] == "seal" else b"", capture_output=True, timeout=60, check=True,
    )  # fmt: skip
    assert b"at (0, 0) 0" in done.stderr
    (opening.base / "sheet.html").unlink(missing_ok=True)


def test_no_secret_is_taken_from_arguments_or_environment() -> None:
    """Others read both (`ps`, /proc, a shell's history): no option of any verb is for a value, and none is looked up in a variable but places."""
    taken = {}
    for verb in VERBS:
        found = cast("Any", custody).get_command(cast("Any", None), verb)
        assert found is not None
        for option in found.params:
            if option.envvar:
                taken[option.name] = option.envvar
            assert (
                not {"secret", "password", "passphrase", "value", "share", "words"} & set(option.name.split("_")) or "file" in option.name
            )
    assert taken == {"place": "COMMONHOLD_HOUSE", "house": "COMMONHOLD_HOUSE", "kit": "COMMONHOLD_KIT"}
    help_text = process("custody", "seal", "--help").out
    assert "password" in help_text.lower()

"""The demo's stage: narrates, runs commands, and remembers whether each claim held. Which story is told is ``demo.py``'s business.

Commands run inside this process through :func:`commonhold.cli.main.run`, which is all that the program ``commonhold`` does with what is
typed; only so do two hundred commands take seconds. What :meth:`Stage.program` runs is the installed program in a process of its own.
"""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from commonhold.cli.main import run

WIDTH = 100
NOISE = re.compile(r"[a-z ]+: \d+ (?:to do|done)")
"""Progress of long work, which a terminal shows as a bar that goes away."""
LABEL = re.compile(r"(\s*\S+(?: \S+)?  +)\S")
"""A line such as "needs     7 of ...", whose value is folded below itself."""


class ClaimError(Exception):
    """Something that the demo says is not so."""


@dataclass(frozen=True)
class Answer:
    """What a command answered: its exit code and its text."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Both streams as a person at a terminal sees them, without progress."""
        return "\n".join(line for line in (self.out + self.err).splitlines() if not NOISE.fullmatch(line))


class Stage:
    """Where the story is told: every method prints, unless it is *silent*; :meth:`check` counts the claims that held."""

    def __init__(self, *, silent: bool = False) -> None:
        self._silent = silent
        self.claims = 0
        self.steps = 0
        self.variables: dict[str, str] = {}
        self._last: Answer | None = None
        encoding = sys.stdout.encoding or "ascii"
        self._colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        self._tick = "✓" if _can_say("✓", encoding) else "[ok]"

    def step(self, title: str) -> None:
        """Begin a numbered step."""
        self.steps += 1
        self._print(f"\n{self._paint('1', f'{self.steps}  {title}')}\n{'=' * (len(title) + len(str(self.steps)) + 2)}")

    def say(self, text: str) -> None:
        """Tell a paragraph."""
        self._print()
        self._print(textwrap.fill(" ".join(text.split()), WIDTH))

    def quote(self, text: str) -> None:
        """Show a text that the story is about."""
        for number, paragraph in enumerate(text.strip().split("\n\n")):
            self._print("    |" if number else "")
            self._print(textwrap.fill(" ".join(paragraph.split()), WIDTH, initial_indent="    | ", subsequent_indent="    | "))

    def type(self, line: str) -> None:
        """Show a line that a person would type and that runs here in another way."""
        for name, value in self.variables.items():
            line = line.replace(value, f"${name}")
        # An option and its value stay on one line.
        kept = re.sub(r"(?<= )(--?\w+) (?=[^ -])", "\\1\u00a0", line)
        folded = textwrap.wrap(kept, WIDTH - 6, break_long_words=False, break_on_hyphens=False, subsequent_indent="      ")
        self._print()
        self._print(self._paint("1", "  $ " + " \\\n  ".join(folded).replace("\u00a0", " ")))

    def run(self, *arguments: str, code: int = 0, only: Sequence[str] = (), typed: str = "") -> Answer:
        """Run a command as a person would type it, show it with its answer, and insist on its exit code.

        Args:
            only: show the lines that begin with one of these, and dots for the rest.
            typed: what to show in place of the arguments, where a person would write less.
        """
        self.type(typed or _typed(arguments))
        answer = self.quiet(*arguments, code=code)
        self.show(answer.text, only=only)
        return answer

    def quiet(self, *arguments: str, code: int | None = 0) -> Answer:
        """Run a command without showing it (one of many that are alike), and insist on its exit code, if one is given."""
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="\n") for _ in range(2))
        with redirect_stdout(out), redirect_stderr(err):
            found = run(arguments)
        self._last = Answer(found, *(_text(stream) for stream in (out, err)))
        if code is not None and found != code:
            self.fail(f"`{_typed(arguments)}` answers with exit code {code}", f"it was {found}")
        return self._last

    def program(self, *arguments: str, code: int = 0, only: Sequence[str] = ()) -> Answer:
        """Run the installed program ``commonhold`` in a process of its own, show it, and insist on its exit code."""
        self.type(_typed(arguments))
        executable = Path(sys.executable).with_name("commonhold")
        done = subprocess.run([str(executable), *arguments], capture_output=True, text=True, encoding="utf-8", timeout=60, check=False)
        self._last = Answer(done.returncode, done.stdout, done.stderr)
        self.show(self._last.text, only=only)
        if done.returncode != code:
            self.fail(f"`{_typed(arguments)}` answers with exit code {code}", f"it was {done.returncode}")
        return self._last

    def json(self, *arguments: str, code: int | None = 0) -> Any:
        """What the same command reports with ``--json``: claims are checked against this, never against words. With no *code* any will do."""
        return json.loads(self.quiet(*arguments, "--json", code=code).out)

    def refused(self, claim: str, *arguments: str, why: str, code: int = 1) -> None:
        """Run a command that must be refused, show the refusal, and tick *claim* if its reason (the error's stable code) is *why*."""
        found = self.json(*arguments, code=code)
        self.run(*arguments, code=code)
        self.check(claim, (found.get("ok"), found.get("code")) == (False, why))

    def show(self, text: str, *, only: Sequence[str] = ()) -> None:
        """Show what a command printed, long lines folded; dots stand for lines that are left out."""
        left_out = False
        for line in text.splitlines():
            if only and not line.lstrip().startswith(tuple(only)):
                left_out = True
                continue
            label = LABEL.match(line)
            indent = " " * (label.end() - 1 if label else len(line) - len(line.lstrip()))
            for part in textwrap.wrap(line, WIDTH - 4, subsequent_indent=indent, break_on_hyphens=False) or [""]:
                self._print(self._paint("2", f"    {part}".rstrip()))
        if left_out:
            self._print(self._paint("2", "    ..."))

    def check(self, claim: str, held: object) -> None:
        """Tick a claim, or stop the demo because it does not hold."""
        if not held:
            self.fail(claim)
        self.claims += 1
        mark = self._paint("32", self._tick)
        self._print(textwrap.fill(claim, WIDTH, initial_indent="  @ ", subsequent_indent="    ").replace("@", mark, 1))

    def fail(self, claim: str, found: str = "") -> NoReturn:
        """Stop the demo: *claim* is not so, but *found* is."""
        last = f"\nthe last command printed:\n{self._last.text}" if self._last else ""
        raise ClaimError(f"{claim}{': ' + found if found else ''}{last}")

    def _paint(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text

    def _print(self, text: str = "") -> None:
        if not self._silent:
            print(text, flush=True)


def _text(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


def _typed(arguments: Sequence[str]) -> str:
    return shlex.join(["commonhold", *arguments])


def _can_say(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True

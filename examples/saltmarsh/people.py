"""Several people, each with the installed program in a process of their own: at a terminal that shows what they see, or all at the same time."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from running import SECONDS, NotHealthyError
from stage import Answer, Stage

from commonhold.testing import terminal

PROGRAM = Path(sys.executable).with_name("commonhold")


def run_all(lines: Sequence[Sequence[str]]) -> list[Answer]:
    """Run the installed program with each of these arguments, all at the same time, shown to nobody."""

    def run(arguments: Sequence[str]) -> Answer:
        done = subprocess.run([str(PROGRAM), *arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False)
        return Answer(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))

    with ThreadPoolExecutor(len(lines)) as pool:
        return list(pool.map(run, lines))


def at_once(stage: Stage, names: Sequence[str], *arguments: str, only: Sequence[str] = ("entry",)) -> list[Answer]:
    """Let several members do the same at the same time, each in a process of their own, with their own kit; shown as the loop that one would type."""
    stage.type(f"for name in {' '.join(names)}; do commonhold {' '.join(arguments)} --kit kits/$name.kit & done; wait")
    answers = run_all([(*arguments, "--kit", f"kits/{name}.kit") for name in names])
    for name, answer in zip(names, answers, strict=True):
        if answer.code:
            stage.fail(f"{name} can run `commonhold {' '.join(arguments)}`", answer.text)
        stage.show("\n".join(_brief(line) for line in answer.text.splitlines() if only and line.startswith(tuple(only))))
    return answers


@dataclass(frozen=True)
class Later:
    """A command that was typed and answers later."""

    stage: Stage
    process: subprocess.Popen[str]

    def show(self, *, only: Sequence[str]) -> None:
        """Wait until it has answered, show that, and insist that it went well."""
        out, err = self.process.communicate(timeout=SECONDS)
        self.stage.show(out + err, only=only)
        if self.process.returncode:
            self.stage.fail("what was typed before answers with exit code 0", out + err)


def later(stage: Stage, *arguments: str) -> Later:
    """Type a command whose answer takes some seconds, and go on with the story."""
    stage.type(" ".join(("commonhold", *arguments)))
    command = [str(PROGRAM), *arguments]
    return Later(stage, subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))


def _brief(line: str) -> str:
    """What somebody did, without what it is about: that stands above."""
    act, colon, _ = line.partition(": ")
    return f"{act} ..." if colon else line


def at_terminal(stage: Stage, *arguments: str, answers: Sequence[tuple[str, str]]) -> str:
    """Run the program at a terminal, where each question is waited for and answered; shows and gives what stood on the screen.

    Raises:
        NotHealthyError: if a question does not come.
    """
    stage.type(" ".join(("commonhold", *arguments)))
    try:
        code, text = terminal.at_terminal([str(PROGRAM), *arguments], answers, seconds=SECONDS)
    except terminal.SilentError as error:
        raise NotHealthyError(f"`commonhold {' '.join(arguments[:3])}` does not ask for: {error}") from None
    stage.show(text)
    if code:
        stage.fail(f"`commonhold {' '.join(arguments[:3])}` works at a terminal", f"exit code {code}")
    return text

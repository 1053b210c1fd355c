"""A program at a terminal of its own, whose questions are waited for and answered: for tests, and for the story that ``make demo`` tells."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from collections.abc import Sequence
from typing import Final

INTERRUPT: Final = "\x03"
"""Ctrl-C, as a terminal sends it."""


class SilentError(Exception):
    """A program did not ask for what it should have asked for, or did not end; with what stood on its screen."""

    def __init__(self, awaited: str, shown: str) -> None:
        super().__init__(f"{awaited}: {shown}")
        self.awaited, self.shown = awaited, shown


def at_terminal(words: Sequence[str], answers: Sequence[tuple[str, str]], *, seconds: float) -> tuple[int, str]:
    """Run a command line at a terminal of its own; gives its exit code and the screen. Nothing of it runs on afterwards.

    Args:
        answers: what is waited for, and what is then typed (with Enter, unless it is Ctrl-C).
        seconds: how long each answer, and the end, may take.

    Raises:
        SilentError: if a question does not come, or the program does not end.
    """
    parent, child = pty.openpty()
    screen = _Screen(parent)
    with subprocess.Popen(  # noqa: S603 - a test's own words
        list(words), stdin=child, stdout=child, stderr=child, start_new_session=True
    ) as running:
        os.close(child)
        try:
            for question, answer in answers:
                screen.wait_for(question, seconds)
                if answer == INTERRUPT:
                    # Nobody is so quick that the signal comes between the question and the waiting for its answer, where it would be missed.
                    time.sleep(1)
                os.write(parent, answer.encode() + (b"" if answer == INTERRUPT else b"\n"))
            screen.wait_for("", seconds)
            code = running.wait(seconds)
        finally:
            running.kill()
            os.close(parent)
    return code, screen.text


class _Screen:
    """What a program has written to its terminal so far."""

    def __init__(self, end: int) -> None:
        self._end, self._shown, self._seen = end, b"", 0

    @property
    def text(self) -> str:
        return self._shown.decode("utf-8", "replace").replace("\r\n", "\n")

    def wait_for(self, question: str, seconds: float) -> None:
        """Read until the question stands there, after the last one; without a question until the program closes the terminal."""
        until = time.monotonic() + seconds
        while not question or question.encode() not in self._shown[self._seen :]:
            if not select.select([self._end], [], [], max(0.0, until - time.monotonic()))[0]:
                raise SilentError(question or "the end", self.text)
            if not (piece := self._piece()):
                if question:
                    raise SilentError(question, self.text)
                return
            self._shown += piece
        self._seen = len(self._shown)

    def _piece(self) -> bytes:
        try:
            return os.read(self._end, 4096)
        except OSError:
            # Linux says so when the other side is closed.
            return b""

"""A terminal for tests: a program that asks is answered, question by question, and what stood on the screen is kept."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Final

INTERRUPT: Final = "\x03"
"""Ctrl-C, as a terminal sends it."""
SECONDS: Final = 60.0
RUN: Final = (
    "import os, signal; os.open(os.ttyname(0), os.O_RDWR); signal.signal(signal.SIGINT, signal.default_int_handler);"
    "from commonhold.cli.main import main; main()"
)
"""Opening it makes it the terminal of the session, which Ctrl-C takes; whoever runs the tests in the background has had Ctrl-C ignored."""


def at_terminal(arguments: Sequence[object], answers: Sequence[tuple[str, str]]) -> tuple[int, str]:
    """Run one command line at a terminal of its own; gives its exit code and the screen.

    Args:
        answers: what is waited for, and what is then typed (with Enter, unless it is Ctrl-C).
    """
    parent, child = pty.openpty()
    words = [sys.executable, "-c", RUN, *map(str, arguments)]
    shown, at = b"", 0

    def grow() -> bool:
        nonlocal shown
        if not select.select([parent], [], [], max(0.0, end - time.monotonic()))[0]:
            raise AssertionError(f"it says nothing more: {shown!r}")
        try:
            piece = os.read(parent, 4096)
        except OSError:
            piece = b""
        shown += piece
        return bool(piece)

    with subprocess.Popen(words, stdin=child, stdout=child, stderr=child, start_new_session=True) as running:
        os.close(child)
        end = time.monotonic() + SECONDS
        try:
            for question, answer in answers:
                while question.encode() not in shown[at:]:
                    assert grow(), f"it ended before it asked for {question!r}: {shown!r}"
                at = len(shown)
                if answer == INTERRUPT:
                    # Nobody is so quick that the signal comes between the question and the waiting for its answer, where it would be missed.
                    time.sleep(1)
                os.write(parent, answer.encode() + (b"" if answer == INTERRUPT else b"\n"))
            while grow():
                pass
            code = running.wait(SECONDS)
        finally:
            running.kill()
    os.close(parent)
    return code, shown.decode("utf-8", "replace").replace("\r\n", "\n")

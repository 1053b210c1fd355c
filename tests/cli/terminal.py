"""The program of this checkout at a terminal, for tests: what it asks is answered, question by question."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

from commonhold.testing import terminal
from commonhold.testing.terminal import INTERRUPT

__all__ = ["INTERRUPT", "at_terminal"]
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
    return terminal.at_terminal([sys.executable, "-c", RUN, *map(str, arguments)], answers, seconds=SECONDS)

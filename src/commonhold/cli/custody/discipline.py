"""What keeps a plaintext on this machine: no core dumps, no other process that looks in, nothing in a file by a slip of the hand.

Python cannot erase a string or bytes, and does not keep them from the swap: what is typed or opened lies in this process until it ends, which is why the
verbs that hold a secret are short. On a machine that swaps to an unencrypted disk, or that somebody else administers, do not open a seal.
"""

from __future__ import annotations

import ctypes
import os
import resource
import stat
import sys
from typing import Final

import click

from commonhold.cli.options import Session
from commonhold.kernel.errors import CustodyError

_PR_SET_DUMPABLE: Final = 4


def keep_in_memory() -> None:
    """From now on this process leaves no core dump, others of the same user cannot attach to it (on Linux), and a report of a fault quotes nothing."""
    context = click.get_current_context(silent=True)
    if context is not None and isinstance(context.obj, Session):
        context.obj.secret = True
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        # Where the C library is another one, the limit above still holds.
        prctl = getattr(ctypes.CDLL(None, use_errno=True), "prctl", None)
        if prctl is not None:
            prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def refuse_regular_file() -> None:
    """Pass in silence if what is printed goes to a terminal or into another program.

    Raises:
        CustodyError: ``unseal/file`` if standard output is a file on a disk, where a plaintext would stay.
    """
    try:
        regular = stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode)
    except (OSError, ValueError):
        return
    if regular:
        raise CustodyError(
            "what is opened would be written into a file, and stay there",
            code="unseal/file",
            next_step="Let it be shown in the terminal, or pipe one secret (--name NAME) into the program that needs it.",
        )

"""A second core for long replays: signatures checked in another process while the fold goes on in this one.

A worker takes a tenth of a second to start. Until it answers, and if it dies, batches are checked where they are, and short records never
start one. Workers know no secret and decide nothing: they answer whether a signature matches a key.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from commonhold.kernel.record.jobs import Job, Verifier, here, verify_jobs

if TYPE_CHECKING:
    from concurrent.futures import Future

WORTH_IT: Final = 1_500
"""Entries from which on another process pays for its start."""

RARELY: Final = 100_000
"""New objects between two looks of the garbage collector; Python's own 700 are for programs that make circles."""


@contextmanager
def signature_workers(entries: int) -> Iterator[Verifier]:
    """A verifier for a replay of so many *entries*: on another core where there is one and it is worth it, otherwise here."""
    if entries < WORTH_IT or (os.cpu_count() or 1) < 2:
        yield here
        return
    # Short records never come this far, and these take a while to import.
    import multiprocessing  # noqa: PLC0415
    from concurrent.futures.process import BrokenProcessPool, ProcessPoolExecutor  # noqa: PLC0415

    # A fork is there at once, a new interpreter after a tenth of a second; but only a process without threads may be forked.
    alone = threading.active_count() == 1 and sys.platform == "linux"
    context = multiprocessing.get_context("fork" if alone else "spawn")
    # One worker is enough: the fold takes about as long as the signatures.
    with ProcessPoolExecutor(max_workers=1, mp_context=context, initializer=_begin) as pool:
        started = pool.submit(verify_jobs, [])

        def elsewhere(jobs: list[Job]) -> Callable[[], list[bool]]:
            if not started.done():
                return here(jobs)
            try:
                future: Future[list[bool]] = pool.submit(verify_jobs, jobs)
            except BrokenProcessPool:
                return here(jobs)
            return lambda: _answers(future, jobs)

        yield elsewhere


@contextmanager
def rare_collections() -> Iterator[None]:
    """Let the garbage collector look less often while a replay piles up values: they hold no circles, and each look costs more than the last."""
    usual = gc.get_threshold()
    gc.set_threshold(RARELY, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _answers(future: Future[list[bool]], jobs: list[Job]) -> list[bool]:
    from concurrent.futures.process import BrokenProcessPool  # noqa: PLC0415 - imported by now

    try:
        return future.result()
    except BrokenProcessPool:
        # The worker was killed (out of memory, say), which says nothing about the signatures.
        return verify_jobs(jobs)


def _begin() -> None:
    """Leave Ctrl-C to the process that a person started, and end when it does, however that ends: a worker waits on a pipe that it holds open itself."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    import multiprocessing  # noqa: PLC0415 - imported by now
    from multiprocessing.connection import wait  # noqa: PLC0415

    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)

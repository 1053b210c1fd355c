"""A second core for long replays: signatures checked in another process while the fold goes on in this one.

A worker costs a tenth of a second to start, so short records are checked where they are. Workers know no secret and decide nothing: they
answer whether a signature matches a key.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Final

from commonhold.kernel.record.jobs import Job, Verifier, here, verify_jobs

WORTH_IT: Final = 1_500
"""Entries from which on another process pays for its start."""


@contextmanager
def signature_workers(entries: int) -> Iterator[Verifier]:
    """A verifier for a replay of so many *entries*: on another core where there is one and it is worth it, otherwise here."""
    if entries < WORTH_IT or (os.cpu_count() or 1) < 2:
        yield here
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=context) as pool:

        def elsewhere(jobs: list[Job]) -> Callable[[], list[bool]]:
            future: Future[list[bool]] = pool.submit(verify_jobs, jobs)
            return future.result

        yield elsewhere

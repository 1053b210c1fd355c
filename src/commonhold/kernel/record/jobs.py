"""Batches of signatures to check: pure mathematics that may run on any core (see ``replay``).

This module imports next to nothing, because every worker process imports it.
"""

from __future__ import annotations

from collections.abc import Callable

from commonhold.kernel import ed25519

Job = tuple[bytes, bytes, bytes]
"""One signature to check: public key, signed bytes, signature."""

Verifier = Callable[[list[Job]], Callable[[], list[bool]]]
"""Starts checking a batch and gives a function that waits for the answers."""


def verify_jobs(jobs: list[Job]) -> list[bool]:
    """Check a batch of signatures, one after the other; what a worker process runs."""
    return [ed25519.is_valid(public, message, signature) for public, message, signature in jobs]


def here(jobs: list[Job]) -> Callable[[], list[bool]]:
    """The verifier of a caller with one core: checks the batch when the answers are asked for."""
    return lambda: verify_jobs(jobs)

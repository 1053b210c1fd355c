"""What every test shares: how long Hypothesis may search.

``default`` always tries the same cases, so a gate that is green once is green again; ``drill`` and ``smoke`` search at random and longer,
and print the blob that repeats a failure. ``HYPOTHESIS_PROFILE`` chooses.

A test that wants fewer cases than the default says so with ``@settings(max_examples=...)``, and then has that many in every profile; a
test that should search longer in a drill is marked ``drill`` and leaves the number to the profile.

And ``reader``: the reader's JavaScript, for the tests that hold it to Python.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.reader.node import Reader

# The two cores are shared with other work: how long one case took says nothing about the code.
_SHARED = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}

settings.register_profile("default", max_examples=60, derandomize=True, **_SHARED)
settings.register_profile("smoke", max_examples=300, print_blob=True, **_SHARED)
settings.register_profile("drill", max_examples=5_000, print_blob=True, **_SHARED)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(scope="session")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """The reader's JavaScript in Node; a test that asks for it is skipped, and says so, where there is no Node."""
    running = Reader(tmp_path_factory.mktemp("reader"))
    yield running
    running.close()

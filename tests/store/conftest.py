"""Every test of the store starts with a log key that has signed nothing."""

from __future__ import annotations

import pytest

from tests.store.logs import KEY


@pytest.fixture(autouse=True)
def _fresh_key() -> None:
    KEY.signed.clear()

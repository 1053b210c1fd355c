"""Every test of the store starts with a log key that has signed nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.store.logs import KEY
from tests.store.places import Folder


@pytest.fixture(autouse=True)
def _fresh_key() -> None:
    KEY.signed.clear()


@pytest.fixture
def folder_place(tmp_path: Path) -> Folder:
    return Folder(tmp_path)

"""One Django for the session, a fresh organisation for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.houses import House
from tests.house.sites import Site, begin, lay_out, make_base


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return begin(tmp_path_factory.mktemp("django"))


@pytest.fixture(scope="session")
def radio(tmp_path_factory: pytest.TempPathFactory) -> House:
    return make_base(tmp_path_factory.mktemp("radio"))


@pytest.fixture
def site(place: Path, radio: House) -> Iterator[Site]:
    """Saltmarsh Community Radio's house, its log open."""
    lay_out(place, radio, place.parent / "tables.sqlite3")
    from commonhold.house.members.limits import LIMITS

    for limit in LIMITS:
        limit.reset()
    made = Site(place, radio)
    made.open()
    yield made
    made.close()

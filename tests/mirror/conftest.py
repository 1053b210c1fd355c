"""A town with a mirror, made once and copied for each test that asks for one: founding, deciding and building cost a second, and a copy nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.mirror.towns import Town


@pytest.fixture(scope="session")
def first_town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """The one that is copied; nobody changes it."""
    made = Town(tmp_path_factory.mktemp("town") / "house")
    made.publish("tide")
    made.say("Our studio moves on Monday.")
    made.build(made.path.parent / "mirror")
    return made


@pytest.fixture
def town(first_town: Town, tmp_path: Path) -> Town:
    """A house in ``house`` with a published work and a statement, its site in ``house-site``, and its mirror in ``mirror``."""
    shutil.copytree(first_town.path.parent / "mirror", tmp_path / "mirror")
    return first_town.copy(tmp_path / "house")

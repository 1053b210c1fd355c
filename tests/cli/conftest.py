"""One founding for the whole session; each test gets a copy of the folder and may do as it likes with it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.custodians import CANARY, SEED, files_with, released, sealed
from tests.cli.houses import House, found


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house that all five founders have accepted. Not to be written to: take ``house``."""
    return found(tmp_path_factory.mktemp("saltmarsh"))


@pytest.fixture(autouse=True)
def no_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COMMONHOLD_HOUSE", raising=False)
    monkeypatch.delenv("COMMONHOLD_KIT", raising=False)


@pytest.fixture
def house(founded: House, tmp_path: Path) -> House:
    """A founded house of this test's own."""
    return founded.copy(tmp_path / "saltmarsh")


@pytest.fixture(autouse=True)
def undisciplined(monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs in this very process leaves it as it is; processes of their own keep the discipline."""
    for module in ("seal", "custodian", "releasing"):
        monkeypatch.setattr(f"commonhold.cli.custody.{module}.keep_in_memory", lambda: None)


@pytest.fixture(autouse=True)
def nothing_readable_is_left(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """After every test of a module that seals, the canary stands in no file: neither in the folders of the test nor in its scratch space and home."""
    if not hasattr(request.module, "CANARY"):
        yield
        return
    tmp_path: Path = request.getfixturevalue("tmp_path")
    for name, variable in (("scratch", "TMPDIR"), ("home", "HOME"), ("state", "XDG_STATE_HOME"), ("cache", "XDG_CACHE_HOME")):
        (tmp_path / "around" / name).mkdir(parents=True)
        monkeypatch.setenv(variable, str(tmp_path / "around" / name))
    # Python asks for it once.
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield
    assert files_with(tmp_path, CANARY, SEED) == []


@pytest.fixture(scope="session")
def kept(founded: House, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house in which the page is sealed and its release to curlew decided. Not to be written to: take ``opening``."""
    house = founded.copy(tmp_path_factory.mktemp("kept") / "saltmarsh")
    sealed(house)
    released(house)
    return house


@pytest.fixture
def opening(kept: House, tmp_path: Path) -> House:
    """The same, of this test's own."""
    return kept.copy(tmp_path / "saltmarsh")

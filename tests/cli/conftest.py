"""One founding for the whole session; each test gets a copy of the folder and may do as it likes with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.custodians import released, sealed
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

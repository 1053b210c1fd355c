"""Every test of the store starts with a log key that has signed nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import pytest_socket

from tests.store.buckets import Bucket, Server, serving
from tests.store.logs import KEY
from tests.store.places import Folder


@pytest.fixture(autouse=True)
def _fresh_key() -> None:
    KEY.signed.clear()


@pytest.fixture
def folder_place(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture(scope="session")
def localbucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with allowed(), serving("localbucket", tmp_path_factory.mktemp("localbucket")) as server:
        yield server


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with allowed(), serving("moto", tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest.fixture
def localbucket_place(localbucket: Server) -> Bucket:
    return localbucket.bucket()


@pytest.fixture
def moto_place(moto: Server) -> Bucket:
    return moto.bucket()


@contextmanager
def allowed() -> Iterator[None]:
    """A fixture of the whole session starts before its first test has said that it may use loopback."""
    pytest_socket.socket_allow_hosts(["127.0.0.1"])
    pytest_socket.enable_socket()
    try:
        yield
    finally:
        pass

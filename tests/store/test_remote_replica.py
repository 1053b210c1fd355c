"""Objects from somebody's web server: hashed, bounded in time and size, and never from where nobody meant."""

from __future__ import annotations

import hashlib
import socket
import time
from pathlib import Path

import pytest

from commonhold.kernel.errors import FormatError, ProofError, StoreError
from commonhold.store.objects.directory import ObjectDirectory
from commonhold.store.objects.opening import open_objects, open_replica
from commonhold.store.objects.remote import RemoteReplica
from tests.attacks import Mutation, attack
from tests.store.servers import served

REMOTE = "src/commonhold/store/objects/remote.py"
FETCH = "src/commonhold/store/fetch.py"
pytestmark = [pytest.mark.allow_hosts(["127.0.0.1"]), pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")]
LARGE = bytes(range(256)) * 9000


def test_an_object_of_any_size_comes_piece_by_piece(tmp_path: Path) -> None:
    """From a plain static server, whole and verified; what is absent is named, and a digest that is none is never asked for."""
    digest = ObjectDirectory(tmp_path).put(LARGE)
    with served(tmp_path) as url:
        replica = open_replica(url + "/")
        pieces = list(replica.stream(digest))
        with pytest.raises(StoreError) as absent:
            list(replica.stream("a" * 64))
        with pytest.raises(FormatError):
            list(replica.stream("../" + "a" * 61))
    assert b"".join(pieces) == LARGE
    assert len(pieces) > 1
    assert absent.value.code == "store/absent"
    assert str(replica) == url
    with pytest.raises(StoreError, match="only be read"):
        open_objects(url)


@attack(
    "store-12",
    Mutation(REMOTE, find="        if hashed.hexdigest() != digest:", replace="        if digest is None:"),
    Mutation(
        FETCH, find="                    if seen < least * (time.monotonic() - began - grace):", replace="                    if seen < 0:"
    ),
    Mutation(FETCH, find="                if answer.length:", replace="                if answer.length == -1:"),
)
@pytest.mark.parametrize(
    ("mood", "code"),
    [("500", "store/unreachable"), ("slow", "store/unreachable"), ("cut", "store/unreachable"), ("lying", "object/altered")],
)
def test_a_server_that_fails_in_its_own_way_is_left_in_bounded_time(tmp_path: Path, mood: str, code: str) -> None:
    """It answers 500, drips, stops half-way or sends other bytes: each is told apart, and none keeps anybody waiting."""
    digest = hashlib.sha256(b"heron").hexdigest()
    began = time.monotonic()
    with served(tmp_path, mood) as url, pytest.raises((StoreError, ProofError)) as refused:
        list(RemoteReplica(url, grace=0.3).stream(digest))
    assert refused.value.code == code
    assert time.monotonic() - began < 8


@attack("store-13", Mutation(REMOTE, find="self._public = not is_private_address(url)", replace="self._public = False"))
def test_a_replica_outside_never_leads_into_this_machines_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that leads to this machine is not even knocked at; whoever means it gives the number."""
    digest = ObjectDirectory(tmp_path).put(b"heron")
    with served(tmp_path) as url:
        port = int(url.rpartition(":")[2])

        def inside(*_args: object, **_more: object) -> list[tuple[object, ...]]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

        monkeypatch.setattr("commonhold.store.fetch.getaddrinfo", inside)
        with pytest.raises(StoreError) as refused:
            list(RemoteReplica(f"http://mirror.example:{port}").stream(digest))
    assert refused.value.code == "store/private"

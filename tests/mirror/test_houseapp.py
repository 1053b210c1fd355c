"""Laws of a house's log over HTTP: what it serves, what it takes, and what it refuses, without sockets."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from commonhold.kernel import b64
from commonhold.kernel.canonical import canonical_bytes
from commonhold.kernel.texts import make_text, text_digest
from commonhold.mirror.houseapp import create_house_app
from commonhold.mirror.houselog import HouseLog
from commonhold.mirror.objects import OBJECT
from commonhold.store.handing import MAX_ACT_BYTES, pack
from commonhold.store.reader import StaticReader
from commonhold.store.record import read_record
from tests.attacks import Mutation, attack
from tests.cli.houses import House, found

HANDING = "src/commonhold/store/handing.py"
HOUSELOG = "src/commonhold/mirror/houselog.py"


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A founded house with a statement, not to be written to."""
    house = found(tmp_path_factory.mktemp("saltmarsh"))
    house.statement()
    return house


@pytest.fixture
def house(founded: House, tmp_path: Path) -> House:
    return founded.copy(tmp_path / "saltmarsh")


@pytest.fixture
def client(house: House) -> Iterator[TestClient]:
    log = HouseLog(house.path, lambda: 1_900_000_000, lambda _words: None)
    with TestClient(create_house_app(log, tend=False), raise_server_exceptions=False) as client:
        # Nobody is to be asked, so the first round is over at once.
        log.attend()
        yield client


def a_text(words: str = "Our mast stands again.\n") -> tuple[str, bytes]:
    raw = make_text(words.encode(), secrets.token_bytes(16))
    return text_digest(raw), raw


def statement(house: House, digest: str) -> bytes:
    body = {"kind": "statement", "payload": {"text": digest, "language": "en"}, "not_after": 2**40}
    return house.sign("heron", "propose", body)


def test_the_record_is_served_as_static_files_and_read_like_any_other(house: House, client: TestClient) -> None:
    """The checkpoint is kept for a second, tiles for ever; whoever reads both has the record."""

    def fetch(name: str, _limit: int) -> bytes:
        return client.get(f"/{name}").content

    read = read_record(StaticReader(fetch))
    about = client.get("/").json()
    assert (read.state.org, read.checkpoint.size) == (about["org"], about["size"])
    assert client.get("/checkpoint").headers["cache-control"] == "public, max-age=1"
    assert "immutable" in client.get("/tile/entries/000.p/8").headers["cache-control"]
    assert client.get("/checkpoint").headers["access-control-allow-origin"] == "*"
    assert house.size() == about["size"]


@pytest.mark.parametrize(
    "path",
    [
        "/tile/entries/001",
        "/tile/0/999",
        "/tile/../keys/log.key",
        "/tile/..%2f..%2fkeys%2flog.key",
        "/epochs/0/checkpoint",
        "/epochs/99/checkpoint",
        "/epochs/0/../../keys/log.key",
        "/epochs/0/tile/entries/000",
        "/objects/ab/" + "c" * 62,
        "/objects/zz/" + "c" * 62,
        "/objects/ab/cd",
        "/objects/..%2f/keys",
        "/keys/log.key",
        "/partners",
        "/.staging/journal",
        "/record/checkpoint",
        "/tile/.staging/journal",
    ],
)
def test_what_is_no_part_of_the_record_is_not_served(client: TestClient, path: str) -> None:
    """Keys, the journal and the file of partners stay where they are, whatever a path says."""
    answer = client.get(path)
    assert answer.status_code in (400, 404)
    assert b"PRIVATE" not in answer.content
    assert len(answer.content) < 500


def test_an_entry_is_taken_once_and_is_durable_when_it_is_answered(house: House, client: TestClient) -> None:
    """202 for a new one, 200 for the same again; the record on the disk has it."""
    raw = house.sign("heron", "propose", {"kind": "channel", "payload": {"op": "add", "address": "https://a.example"}, "not_after": 2**40})
    first = client.post("/entry", content=raw)
    assert (first.status_code, first.json()["status"]) == (202, "taken")
    again = client.post("/entry", content=raw)
    assert (again.status_code, again.json()["status"], again.json()["index"]) == (200, "in-record", first.json()["index"])
    assert house.size() == first.json()["index"] + 1


def test_what_the_rules_refuse_is_refused_in_their_words_and_nothing_is_kept(house: House, client: TestClient) -> None:
    """An act of nobody, a bent one, and bytes that are no entry leave the record as it was."""
    size = house.size()
    raw = house.sign("heron", "propose", {"kind": "channel", "payload": {"op": "add", "address": "https://a.example"}, "not_after": 2**40})
    bent = raw.replace(b"https://a.example", b"https://b.example")
    stranger = house.sign("heron", "approve", {"proposal": "a" * 64})
    for body, status in ((bent, 422), (stranger, 422), (b"{}", 400), (b"", 400), (b"\xff" * 99, 400), (b"[" * 9999, 400)):
        answer = client.post("/entry", content=body)
        assert answer.status_code == status, body[:40]
        assert answer.json()["message"]
    assert client.post("/entry", content=b"x" * (MAX_ACT_BYTES + 1)).status_code == 413
    assert house.size() == size


def test_a_text_comes_with_its_proposal(house: House, client: TestClient) -> None:
    """It is kept before the entry, and served by its digest from then on."""
    digest, raw = a_text()
    assert client.post("/entry", content=pack(statement(house, digest), {digest: raw})).status_code == 202
    served = client.get(f"/objects/{digest[:2]}/{digest[2:]}")
    assert (served.content, served.headers["cache-control"]) == (raw, "public, max-age=300")
    assert served.headers["content-type"] == "application/octet-stream"


def test_a_text_may_follow_a_proposal_that_names_it(house: House, client: TestClient) -> None:
    """Whoever proposed through a partner brings the text afterwards, once."""
    digest, raw = a_text()
    address = f"/objects/{digest[:2]}/{digest[2:]}"
    assert client.post("/entry", content=statement(house, digest)).status_code == 202
    assert client.get(address).status_code == 404
    assert [client.post(address, content=raw).status_code for _ in range(2)] == [202, 200]
    assert client.get(address).content == raw


@attack(
    "house-disk-filler",
    Mutation(HANDING, find="        if digest not in named:", replace="        if False:"),
    Mutation(HOUSELOG, find="            if digest not in self._named:", replace="            if False:"),
)
def test_texts_that_no_accepted_act_names_are_not_kept(house: House, client: TestClient) -> None:
    """Neither beside somebody's entry nor alone nor under another digest; and not with an entry that the rules refuse."""
    before = sorted((house.path / "objects").rglob("*"))
    digest, raw = a_text()
    other, more = a_text("Something else.\n")
    entry = statement(house, digest)

    def act(**value: Any) -> bytes:
        return canonical_bytes({"entry": b64.encode(entry), "form": "commonhold/act/v1", "texts": {}, **value})

    refused = [
        client.post("/entry", content=act(texts={digest: b64.encode(raw), other: b64.encode(more)})),
        client.post("/entry", content=act(texts={digest: b64.encode(more)})),
        client.post("/entry", content=act(texts={digest: "!"})),
        client.post("/entry", content=act(texts=[])),
        client.post("/entry", content=act(form="commonhold/act/v1", more="x")),
        client.post("/entry", content=act(texts={f"{number:064x}": "" for number in range(2000)})),
        client.post("/entry", content=pack(entry.replace(b'"en"', b'"de"'), {digest: raw})),
        client.post(f"/objects/{other[:2]}/{other[2:]}", content=more),
        client.post(f"/objects/{digest[:2]}/{digest[2:]}", content=more),
        client.post(f"/objects/{digest[:2]}/{digest[2:]}", content=b"x" * (5 << 20)),
    ]
    assert {answer.status_code for answer in refused} <= {400, 413, 422}
    assert sorted((house.path / "objects").rglob("*")) == before
    assert client.get(f"/objects/{other[:2]}/{other[2:]}").status_code == 404


def test_a_damaged_text_is_not_served(house: House, client: TestClient) -> None:
    """What does not have its digest is not there."""
    digest, raw = a_text()
    client.post("/entry", content=pack(statement(house, digest), {digest: raw}))
    (house.path / "objects" / digest[:2] / digest[2:]).write_bytes(b"something else")
    assert client.get(f"/objects/{digest[:2]}/{digest[2:]}").status_code == 404


@attack(
    "mirror-keeps-erased",
    Mutation(HOUSELOG, find="        found = record.state.part", replace="        found = None and record.state.part"),
)
def test_a_text_that_was_decided_to_go_is_served_no_more_at_once(house: House) -> None:
    """410 with the decision, whether the house's keeper has let its bytes go yet or not; a text that never was there is 404."""
    digest, raw = a_text()
    log = HouseLog(house.path, lambda: 1_900_000_000, lambda _words: None)
    with TestClient(create_house_app(log, tend=False), raise_server_exceptions=False) as client:
        log.attend()
        assert client.post("/entry", content=pack(statement(house, digest), {digest: raw})).status_code == 202
    decision = house.propose("plover", "erase", f"objects={digest}")
    house.approve(decision, "plover", "tern")
    address = f"/objects/{digest[:2]}/{digest[2:]}"
    for _turn in range(2):
        log = HouseLog(house.path, lambda: 1_900_000_000, lambda _words: None)
        with TestClient(create_house_app(log, tend=False), raise_server_exceptions=False) as client:
            answer = client.get(address)
            assert (answer.status_code, answer.json()["decision"], answer.headers["cache-control"]) == (410, decision, OBJECT)
            assert client.get(f"/objects/00/{'0' * 62}").status_code == 404
        log.objects.erase(digest, decision)

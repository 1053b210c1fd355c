"""Laws of what partners keep beside a record: what was decided to go is gone for good, and what the disk loses comes back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from commonhold.kernel.texts import make_text, text_digest
from commonhold.mirror.app import create_app
from commonhold.mirror.check.routes import check_routes
from commonhold.mirror.objects import OBJECT
from commonhold.mirror.texts import HASHED, Texts
from commonhold.store.objects.directory import ObjectDirectory
from tests.attacks import Mutation, attack
from tests.kernel.record.helpers import FLOCK, Club
from tests.kernel.record.test_history import moved
from tests.mirror.badday import NEXT, statuses, tend, told
from tests.mirror.helpers import FakeClock
from tests.mirror.readers import Reader, always_looking, publish_text, reading
from tests.mirror.records import Published, following

TEXTS = "src/commonhold/mirror/texts.py"
STORES = "src/commonhold/mirror/stores.py"
KEEPING = "src/commonhold/mirror/keeping.py"
ROUTES = "src/commonhold/mirror/check/routes.py"
BY_ITS_EDITOR = {"decisions/erase": {"article": "1.4", "by": {"office": "editor"}}}
WORDS = "Our studio moves on Monday."


def with_a_statement(**more: Any) -> tuple[Published, str]:
    """A club's record with one statement, whose text is served, and the text's digest."""
    record = Published(Club(BY_ITS_EDITOR, **more))
    digest = publish_text(record)[1]
    record.publish()
    return record, digest


def erase(record: Published, *digests: str) -> str:
    """Decide that objects go; gives the decision's id."""
    decision = record.club.decide("erase", {"objects": list(digests)}, "plover")
    record.publish()
    return decision


def path_of(record: Published, digest: str) -> str:
    return f"/mirror/{record.hash}/objects/{digest[:2]}/{digest[2:]}"


def bytes_below(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


@attack(
    "mirror-keeps-erased",
    Mutation(STORES, find="        done = erase_decided(", replace="        return ()\n        done = erase_decided("),
    Mutation(KEEPING, find="            self._obey(org, state)\n", replace=""),
    Mutation(TEXTS, find="                for digest in gone:\n                    self._drop(org, digest)\n", replace=""),
    Mutation(TEXTS, find="_is_text for digest, _ in newest if digest not in gone}", replace="_is_text for digest, _ in newest}"),
)
def test_a_partner_lets_go_what_was_decided_to_go_and_never_takes_it_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its bytes leave disk, memory and pages; after that it is not even asked for, whoever serves it still, and also not after a restart."""
    always_looking(monkeypatch)
    record, digest = with_a_statement()
    address = path_of(record, digest)
    with reading(tmp_path, record) as reader:
        served = reader.client.get(address)
        assert (served.status_code, served.headers["cache-control"]) == (200, OBJECT)
        assert "immutable" not in served.headers["cache-control"]
        assert WORDS in reader.client.get("/check", params={"org": record.club.org}).text
        assert WORDS.encode() in bytes_below(tmp_path / "node" / "texts")
        decision = erase(record, digest)
        reader.look()
        reader.look()
        assert_gone(reader, digest, decision)
        assert WORDS.encode() not in bytes_below(tmp_path / "node")
        assert reader.node.keeping.texts.text(record.club.org, digest) is None
    asked = f"objects/{digest[:2]}/{digest[2:]}"
    record.fetched.clear()
    with following(tmp_path / "late", record) as (other, client):
        # Another partner, who never held it, and is asked by a node that was started again.
        tend(other)
        assert client.get(address).status_code == 404, "this one has no pages"
        with reading(tmp_path, record) as again:
            again.clock.now += 400
            again.look()
            assert_gone(again, digest, decision)
    assert asked not in record.fetched
    assert WORDS.encode() not in bytes_below(tmp_path / "node") + bytes_below(tmp_path / "late")


def assert_gone(reader: Reader, digest: str, decision: str) -> None:
    """The partner says what became of it, and shows its words nowhere."""
    answer = reader.client.get(path_of(reader.record, digest))
    told_of = answer.json()
    assert (answer.status_code, told_of["code"], told_of["decision"]) == (410, "object/erased", decision)
    assert (told_of["digest"], answer.headers["cache-control"]) == (digest, OBJECT)
    assert WORDS not in reader.client.get("/check", params={"org": reader.record.club.org}).text
    other = "0" * 64
    assert reader.client.get(path_of(reader.record, other)).status_code == 404


@attack(
    "mirror-keeps-erased",
    Mutation(ROUTES, find="        if decision := await to_thread", replace='        if decision := "" and await to_thread'),
)
def test_a_node_that_died_between_decision_and_erasing_erases_at_its_next_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The decision is in its copy of the record, so nothing else has to be remembered; and until the bytes are gone they are not given out."""
    always_looking(monkeypatch)
    record, digest = with_a_statement()
    with reading(tmp_path, record) as reader, monkeypatch.context() as patch:
        patch.setattr(Texts, "obey", lambda *_: None)
        decision = erase(record, digest)
        reader.look()
        assert WORDS.encode() in bytes_below(tmp_path / "node" / "texts")
        assert reader.client.get(path_of(record, digest)).json()["decision"] == decision
    record.away = 0
    with reading(tmp_path, record) as again:
        assert_gone(again, digest, decision)
        assert WORDS.encode() not in bytes_below(tmp_path / "node")


@attack("mirror-erases-of-another", Mutation(STORES, find="self._folder / TEXTS / org,", replace="self._folder / TEXTS,"))
def test_one_organisations_decision_reaches_nothing_that_another_keeps(tmp_path: Path) -> None:
    """Two clubs have published the same text under the same digest; one of them lets it go."""
    (mine, digest), other = with_a_statement(), Published(Club({"decisions/erase": {"article": "1.4", "by": {"office": "chair"}}}))
    assert publish_text(other)[1] == digest
    other.publish()
    with reading(tmp_path, mine, other) as reader:
        erase(mine, digest)
        reader.look()
        assert reader.client.get(path_of(mine, digest)).status_code == 410
        kept = reader.client.get(path_of(other, digest))
        assert (kept.status_code, text_digest(kept.content)) == (200, digest)


@attack(
    "mirror-erases-of-left-log",
    Mutation(KEEPING, find="return self._standings.of(org).state if", replace="return states[0] if"),
)
def test_what_is_decided_in_a_log_that_the_organisation_has_left_erases_nothing(tmp_path: Path) -> None:
    """Whoever holds the old server, and an editor's kit, would else destroy at every partner what cannot be brought back."""
    record, digest = with_a_statement(clocked=True)
    club = record.club
    with following(tmp_path / "node", record, elsewhere=(places := {})) as (node, client):
        places[NEXT] = Published(moved(club, *FLOCK[:3]), record)
        tend(node)
        assert told(client, NEXT) == (202, "taken")
        tend(node)
        tend(node)
        assert statuses(client, record) == {NEXT: "current"}
        erase(record, digest)
        club.tick()
        record.publish()
        tend(node)
        assert digest in node.followers[record.hash].state.part("erasures")
        assert node.keeping.texts.object(club.org, digest) is not None
        assert not node.keeping.erased(club.org, digest)


def test_what_the_disk_lost_or_spoilt_comes_back_from_whoever_has_it(tmp_path: Path) -> None:
    """A file that is gone is missed at the next look; one that was altered is found before anybody asks; another partner is as good as the house."""
    record = Published()
    digests = []
    for number in range(HASHED + 2):
        raw = make_text(b"Text %d" % number, bytes(16))
        digests.append(text_digest(raw))
        record.files.write(f"objects/{digests[-1][:2]}/{digests[-1][2:]}", raw)
        record.club.decide("statement", {"text": digests[-1], "language": "en"}, "heron", "tern")
    record.publish()
    clock = FakeClock()
    with (
        following(tmp_path / "kestrel", record, clock=clock) as (other, _),
        TestClient(create_app(other, tend=False, more=check_routes(other))) as kestrel,
    ):
        tend(other)
        with following(tmp_path / "node", record, clock=clock, partners={"https://kestrel.example": kestrel}) as (node, _):
            tend(node)
            store = ObjectDirectory(tmp_path / "node" / "texts" / record.club.org)
            assert set(store.list()) == set(digests)
            for digest in digests:
                record.files.delete(f"objects/{digest[:2]}/{digest[2:]}")
            lost, spoilt = digests[0], digests[1:]
            (store.path / "objects" / lost[:2] / lost[2:]).unlink()
            for digest in spoilt:
                (store.path / "objects" / digest[:2] / digest[2:]).write_bytes(b"something else")
            tend(node)
            assert store.has(lost)
            for _turn in range(3):
                tend(node)
            assert all(store.has(digest) for digest in spoilt)
            assert node.keeping.texts.text(record.club.org, lost) == b"Text 0"


def test_the_words_in_memory_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much an organisation publishes: what was asked for last is at hand, and the rest is read from the disk."""
    monkeypatch.setattr("commonhold.mirror.texts.AT_HAND", 40)
    record = Published()
    digests = [publish_text(record, f"This is text number {number}")[1] for number in range(4)]
    record.publish()
    with following(tmp_path / "node", record) as (node, _):
        tend(node)
        texts, org = node.keeping.texts, record.club.org
        for _turn in range(2):
            assert [texts.text(org, digest) for digest in digests] == [b"This is text number %d" % number for number in range(4)]
        assert [key[1] for key in texts._words] == digests[-1:]
        assert texts._bytes == len(b"This is text number 3")
        assert texts.text(org, "0" * 64) is None

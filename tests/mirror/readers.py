"""A partner node that follows a club, and readers who ask it: what the tests of /check share."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from commonhold.kernel.texts import make_text, text_digest
from commonhold.mirror.app import create_app
from commonhold.mirror.check import board, routes
from commonhold.mirror.check.routes import check_routes
from commonhold.mirror.node import Node
from tests.mirror.helpers import FakeClock
from tests.mirror.records import Published, following

PAGE = "https://saltmarsh.example/"
NEW = "https://saltmarsh-radio.example/"
TEXT = "Our studio moves on Monday.\n\nThe frequency stays the same.\n"


def always_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every request look at the node and wait for what it sees."""
    monkeypatch.setattr(board, "FRESH", -1.0)
    monkeypatch.setattr(routes, "LOOK_SECONDS", 60.0)


@dataclass
class Reader:
    """Somebody with a browser that runs no script, in front of one partner's page."""

    node: Node
    client: TestClient
    clock: FakeClock
    records: tuple[Published, ...]

    @property
    def record(self) -> Published:
        return self.records[0]

    def look(self) -> None:
        """Let the node fetch what its logs publish, and the page forget what it knew."""
        for record in self.records:
            record.publish()
        for follower in list(self.node.followers.values()):
            self.node.tend(follower)
        self.clock.now += 15

    def asks(self, question: str, **more: Any) -> tuple[str, str]:
        """What a form with this question is answered: the verdict's code, and the words on the page."""
        return told(self.client.post("/check", data={"q": question}, **more))

    def hands(self, raw: bytes, name: str = "given") -> tuple[str, str]:
        """What a file is answered."""
        return told(self.client.post("/check", data={"q": ""}, files={"file": (name, raw)}))

    def json(self, question: str) -> Any:
        """The same for a program."""
        return self.client.get("/check", params={"q": question}, headers={"Accept": "application/json"}).json()


def told(answer: Any) -> tuple[str, str]:
    """The verdict's code on a page, and the page in words."""
    assert answer.status_code == 200, answer.text
    found = re.search(r'data-verdict="([a-z-]+)"', answer.text)
    words = html.unescape(re.sub(r"<[^>]+>", "", answer.text.partition("<main")[2].partition("<form")[0]))
    return (found[1] if found else ""), " ".join(words.split())


def publish_text(record: Published, text: str = TEXT, *, held: bool = True) -> tuple[str, str]:
    """Publish a statement by the club's rule; gives its proposal's id and its digest. *held*: its object is served beside the record."""
    raw = make_text(text.encode(), bytes(16))
    digest = text_digest(raw)
    if held:
        record.files.write(f"objects/{digest[:2]}/{digest[2:]}", raw)
    return record.club.decide("statement", {"text": digest, "language": "en"}, "heron", "tern"), digest


def decide_channel(record: Published, address: str, op: str = "add", **more: str) -> str:
    """A decision of the club about a channel; gives its id."""
    return record.club.decide("channel", {"op": op, "address": address, **more}, "heron")


def a_record(*, text: bool = True) -> Published:
    record = Published()
    decide_channel(record, PAGE)
    if text:
        publish_text(record)
    record.publish()
    return record


@contextmanager
def reading(folder: Path, *records: Published, elsewhere: Mapping[str, Published] | None = None) -> Iterator[Reader]:
    """A reader of a node in *folder* that follows these records."""
    clock = FakeClock()
    with (
        following(folder / "node", *records, clock=clock, elsewhere=elsewhere) as (node, _),
        TestClient(create_app(node, tend=False, more=check_routes(node)), raise_server_exceptions=False) as client,
    ):
        reader = Reader(node, client, clock, records)
        reader.look()
        yield reader

"""The interview in memory, behind its guard, and one visitor who was given its address."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest
from starlette.testclient import TestClient

from commonhold.kernel.custody.interview import Interview, interview_bytes, parse_interview
from commonhold.local.guard import Guard
from commonhold.local.interview import Conversation, build
from commonhold.local.keeper import Keeper
from commonhold.store.sealedfile import seal
from tests.interviews import RADIO

HOST = "127.0.0.1:4711"
HOME = f"http://{HOST}"
WORDS = "four herons at low tide"


@dataclass
class Local:
    """A running interview without a process or a port.

    Args:
        ended: grows by one each time somebody ends the program.
    """

    file: Path
    keeper: Keeper
    guard: Guard
    talk: Conversation
    ended: list[bool] = field(default_factory=list)

    def browser(self, *, inside: bool = True) -> TestClient:
        """A browser; *inside*: it has opened the address."""
        client = TestClient(self.guard, base_url=HOME, follow_redirects=False, headers={"accept-language": "en"})
        if inside:
            assert client.get(self.guard.new_address()).status_code == 303
        return client

    def post(self, client: TestClient, screen: str, /, *fields: tuple[str, str], script: bool = False, **more: str) -> httpx2.Response:
        """Send a screen's form as the page does: fields may stand several times."""
        sent: Sequence[tuple[str, str]] = [("token", self.guard.form_token), *fields, *more.items()]
        body = str(httpx2.QueryParams(list(sent)))
        headers = {"content-type": "application/x-www-form-urlencoded", "origin": HOME}
        if script:
            headers["accept"] = "application/json"
        return client.post(f"/{screen}", content=body, headers=headers)


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Local]:
    """An interview that the radio has answered."""
    file = tmp_path / "custody.json"
    file.write_bytes(interview_bytes(RADIO.interview))
    yield from opened(file)


@pytest.fixture(scope="session")
def sealed() -> bytes:
    """The radio's file with the passphrase WORDS; sealing takes a second on purpose, so once."""
    return seal(interview_bytes(RADIO.interview), WORDS)


@pytest.fixture
def locked(tmp_path: Path, sealed: bytes) -> Iterator[Local]:
    """The radio's interview, opened again after it was protected."""
    file = tmp_path / "custody.json"
    file.write_bytes(sealed)
    yield from opened(file)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Local]:
    """An interview that nobody has begun."""
    yield from opened(tmp_path / "custody.json")


def opened(file: Path) -> Iterator[Local]:
    keeper = Keeper(file)
    try:
        talk = Conversation(keeper)
        guard = Guard(build(talk), HOST)
        talk.token = guard.form_token
        found = Local(file, keeper, guard, talk)
        talk.finish = lambda: found.ended.append(True)
        yield found
    finally:
        keeper.close()


def kept(file: Path) -> Interview:
    """What stands in the file now, read as the next program will read it."""
    return parse_interview(file.read_bytes())


def rows(page: str, prefix: str) -> list[str]:
    """The names of the fields of a form that begin so, in their order."""
    return re.findall(rf'<input id="({prefix}[^"]*)"', page)

"""The interview's application behind its guard, spoken to inside this process."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from starlette.testclient import TestClient

from commonhold.local.guard import Guard
from commonhold.local.interview import Conversation, build
from commonhold.local.keeper import Keeper

HOST = "127.0.0.1:4711"


@dataclass
class Talk:
    """A conversation with a browser that has been let in."""

    keeper: Keeper
    guard: Guard
    browser: TestClient
    token: str

    def post(self, path: str, **fields: object) -> object:
        """Send a form of ours."""
        return self.browser.post(path, data={"token": self.token, **fields}, headers={"origin": f"http://{HOST}"})


def client(guard: Guard) -> TestClient:
    """A browser that nobody has let in yet."""
    return TestClient(guard, base_url=f"http://{HOST}")


def talk(file: Path) -> Talk:
    """Open a file and its address, as a person does."""
    keeper = Keeper(file)
    conversation = Conversation(keeper)
    guard = Guard(build(conversation), HOST)
    conversation.token = guard.form_token
    browser = client(guard)
    assert browser.get(guard.new_address().removeprefix(f"http://{HOST}")).status_code == 200
    return Talk(keeper, guard, browser, guard.form_token)


def without_tags(html: str) -> str:
    """What a page says."""
    return re.sub(r"<[^>]*>", "", html)

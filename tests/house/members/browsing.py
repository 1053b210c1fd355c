"""A person at the house's doors: a browser in this process, and a device with passkeys."""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass, field
from typing import Any

from commonhold.testing.authenticator import Device
from tests.house.sites import URL, Site

COUNTER = iter(range(10_000))


@dataclass
class Person:
    """Somebody with a browser and a device, who does what a page's script does."""

    site: Site
    device: Device = field(default_factory=lambda: Device(f"person {next(COUNTER)}", URL))
    client: Any = None

    def __post_init__(self) -> None:
        self.client = self.client or self.site.client()

    def sign_in(self, **fields: str) -> Any:
        """Sign in with the device's passkey; gives the answer to the form."""
        question = self.client.post("/passkey/question/").json()
        return self.client.post("/sign-in/", {**self.answer("sign_in", question["options"]), **fields})

    def join(self, link: str, **fields: str) -> Any:
        """Join by a link; gives the answer to the form."""
        fields = {"name": "Wren Marsh", "member": "wren", "language": "en", **fields}
        asked = self.client.post(f"{link}question/", fields).json()
        if "options" not in asked:
            return self.client.post(link, fields)
        return self.client.post(link, {**fields, **self.answer("enrol", asked["options"])})

    def answer(self, what: str, options: dict[str, Any]) -> dict[str, str]:
        """What the page's script puts into its form."""
        return {"answer": json.dumps(getattr(self.device, what)(options)), "nonce": options["nonce"]}


def path_of(url: str) -> str:
    """An address without the house's name."""
    return url.removeprefix(URL)


def text_of(response: Any) -> str:
    """What a page says, without its markup."""
    body = re.sub(r"<(script|style|template)\b.*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body.partition("<main")[2] or body)).split())

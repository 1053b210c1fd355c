"""Laws of the public counter: what is asked to be opened stands on every partner's page and feed, in six languages, where no thief of a mailbox can stop it."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest

from commonhold.pages.check.feed import feed
from commonhold.pages.language import CODES, language
from tests.attacks import Mutation, attack
from tests.kernel.record.helpers import DAY
from tests.kernel.sealing.test_record_emergency import Watch
from tests.mirror.readers import Reader, always_looking, reading, told
from tests.mirror.records import Published

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(autouse=True)
def _always_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    always_looking(monkeypatch)


def page(reader: Reader, watch: Watch, lang: str = "en") -> str:
    """The organisation's page in words."""
    return told(reader.client.get("/check", params={"org": watch.org, "lang": lang}))[1]


@attack(
    "emergency-unseen",
    Mutation("src/commonhold/mirror/check/sight.py", find="        releases=watched(state),\n", replace=""),
)
def test_a_request_to_open_a_seal_is_counted_on_every_partners_page_and_feed(tmp_path: Path) -> None:
    """Since when, not before when, whom word has reached and how, who objects; with what to do, and as data."""
    watch = Watch()
    with reading(tmp_path, Published(watch)) as reader:
        reader.look()
        assert "Seals being opened" not in page(reader, watch)
        request = watch.ask()
        watch.approve(request, "tern")
        watch.told(request, "heron/mail")
        watch.do("dunlin", "object", proposal=request)
        watch.tick()
        reader.look()
        said = page(reader, watch)
        assert "EMERGENCY: somebody asks to open what is sealed of: page" in said
        assert "People whom word has reached: 1 of 2. Ways: by mail (needed: 2)." in said
        assert "Objections: 1 of 2 that stop it." in said
        assert f"commonhold custody notice {request[:12]} --way partner" in said
        value = reader.client.get("/check", params={"org": watch.org}, headers={"Accept": "application/json"}).json()["releases"][0]
        assert (value["release"], value["told"]["ways"], value["objections"]) == (request, ["mail"], {"by": ["dunlin"], "needed": 2})
        answer = reader.client.get("/check/releases.atom", params={"org": watch.org})
        assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
        entry = entries(answer.text)[0]
        assert entry[1] == "EMERGENCY: somebody asks to open what is sealed of: page"
        watch.told(request, "plover/phone")
        watch.do("dunlin", "withdraw", what="objection", of=request)
        watch.tick()
        reader.look()
        later = entries(reader.client.get("/check/releases.atom", params={"org": watch.org}).text)[0]
        assert later[0] != entry[0]
        assert "by mail and by telephone" in later[2]
        watch.tick(3 * DAY)
        for name in ("heron", "plover"):
            watch.do(name, "confirm", proposal=request)
        reader.look()
        assert "The waiting period is over. Confirmed by 0 of 2." in page(reader, watch)
        watch.tick()
        reader.look()
        assert "Shares were given by: nobody yet." in page(reader, watch)
        watch.contribute(request, "heron")
        reader.look()
        assert "Shares were given by: heron." in page(reader, watch)


def entries(text: str) -> list[tuple[str, str, str]]:
    """Each entry's id, title and content."""
    root = ElementTree.fromstring(text)
    assert root.tag == f"{ATOM}feed"
    assert all(root.find(f"{ATOM}{name}") is not None for name in ("id", "title", "updated"))
    return [tuple(entry.findtext(f"{ATOM}{name}", "") for name in ("id", "title", "content")) for entry in root.iter(f"{ATOM}entry")]  # type: ignore[misc] # three


@pytest.mark.parametrize("code", CODES)
def test_the_counter_speaks_six_languages(tmp_path: Path, code: str) -> None:
    """Headline, counter and feed, in the reader's own; the commands stay what they are."""
    watch = Watch()
    request = watch.ask()
    plain = watch.propose("dunlin", "release", watch.request())
    watch.tick()
    with reading(tmp_path, Published(watch)) as reader:
        reader.look()
        said = page(reader, watch, code)
        assert f"commonhold object {request[:12]}" in said
        assert f"commonhold object {plain[:12]}" not in said
        feed = reader.client.get("/check/releases.atom", params={"org": watch.org, "lang": code}).text
        assert len(entries(feed)) == 2
        english = "EMERGENCY: somebody asks"
        assert (english in said) == (english in feed) == (code == "en")
        assert re.search(r'xml:lang="([^"]+)"', feed)[1].startswith(code)  # type: ignore[index] # it is there


def test_a_feed_of_nobody_is_no_feed(tmp_path: Path) -> None:
    """An organisation that is not followed has none, and one of whom nothing is asked has an empty one."""
    watch = Watch()
    with reading(tmp_path, Published(watch)) as reader:
        reader.look()
        assert reader.client.get("/check/releases.atom").status_code == 404
        assert entries(reader.client.get("/check/releases.atom", params={"org": watch.org}).text) == []


def test_a_feed_holds_nothing_of_whoever_asks_for_it() -> None:
    """The address by which it was asked for stands in it as an address, whatever marks it holds."""
    nobody: Any = SimpleNamespace(id="0" * 64, name="Saltmarsh", signed=SimpleNamespace(time=0), releases=())
    address = 'http://gull.example/check/releases.atom?a="/><link href="https://thief.example'
    root = ElementTree.fromstring(feed(language("en"), nobody, "gull.example", address))
    assert [link.get("href") for link in root.iter(f"{ATOM}link")] == [address]

"""The whole bad day with real processes and real witnesses: the server is taken, the members go on elsewhere, and readers are told by partners."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.houses import command
from tests.mirror.processes import SECONDS, house_process
from tests.mirror.test_houselog import federation

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


def until(verdict: str, *arguments: object) -> Any:
    """Ask again until the answer is this verdict."""
    end = time.monotonic() + SECONDS
    while (done := command(*arguments, "--json")).json.get("verdict") != verdict and time.monotonic() < end:
        time.sleep(0.2)
    assert done.json.get("verdict") == verdict, done.said
    return done.json


def test_whoever_takes_the_server_has_taken_a_cache(tmp_path: Path) -> None:
    """Two of two partners witness the old log, then the succession in the next; they leave the old one, and a reader with one address is led on."""
    with federation(tmp_path) as one:
        one.name_partners(2)
        about = one.log.about()
        first, second = one.nodes.values()
        mirror, asked = f"{first.url}/mirror/{about['hash']}", ("--partner", first.url, "--partner", second.url)
        org = until("official", "verify", mirror, *asked)["org"]
        policy = one.house.base / "partner.json"
        begun = time.monotonic()
        # The server is taken: from here on the members do without it, and it goes on answering.
        folder, kits = tmp_path / "next", one.house.kit
        opened = command("epoch", "open", folder, "--from", mirror, "--kit", kits("tern"), "--partners", policy, "--json")
        assert opened.code == 0, opened.said
        with house_process(folder, first.url, second.url) as home:
            made = one.do("tern", "epoch", "succeed", "--approve", at=home.url)
            for name in ("plover", "curlew"):
                one.do(name, "approve", made["proposal"]["id"], at=home.url)
            for node in (first, second):
                told = node.until_frozen(about["hash"])
                assert [(row["epoch"], row["status"], row["url"]) for row in told["successors"]] == [(1, "current", home.url)]
            took = time.monotonic() - begun
            struck = command("verify", mirror, *asked, "--json")
            assert (struck.code, struck.json["verdict"]) == (1, "struck"), struck.said
            now = until("official", "verify", first.url, "--org", org, *asked)
            assert "unwitnessed" not in now["words"]
            # The old server says what it likes, and no clock of it goes on.
            thief = one.by("heron", "channel", "add", "https://evil.example/")
            assert thief.json.get("attested") is not True, thief.said
        assert took < SECONDS

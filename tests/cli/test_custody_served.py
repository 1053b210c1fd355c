"""Laws of sealed secrets beside a server and a register: what a server has of them, and what the analysis counts."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.attacks import Mutation, attack
from tests.cli.custodians import CANARY, OFFICERS, SECRETS, SEED, files_with, must, process
from tests.cli.houses import House, command
from tests.mirror.processes import house_process


def test_the_seizure_analysis_counts_what_is_sealed(opening: House) -> None:
    """A register names the node seal:page; with the record beside it, any two custodians are among those who could take the page."""
    house = opening
    ways = [{"via": "the password", "all": ["node:seal:page"]}, {"via": "the platform", "all": ["party:platform"]}]
    nodes = [{"id": "page", "kind": "resource", "obtain": ways}, {"id": "seal:page", "kind": "secret", "obtain": []}]
    value = {"parties": [{"id": "platform", "kind": "platform", "org": False}], "nodes": nodes}
    register = house.write("register.json", json.dumps(value))
    done = command("custody", "analyse", register, "--target", "page", "--house", house.path, "--json")
    assert done.code == 0, done.said
    assert sorted(map(sorted, done.json["targets"]["page"]["seize"])) == [
        ["heron", "plover"],
        ["heron", "tern"],
        ["platform"],
        ["plover", "tern"],
    ]
    said = command("custody", "analyse", register, "--house", house.path).out
    assert said.count("its custodians need no release for it") == 1
    told = command("custody", "explain", register, "page", "--by", "heron,tern", "--house", house.path).out
    assert "seal:page (what is sealed of page) from heron, tern, custodians put their shares together; they need no release for it" in told
    assert command("custody", "explain", register, "page", "--by", "heron,tern").code == 2
    for language, words in REPORTED.items():
        page = house.base / f"report-{language}.html"
        made = command("custody", "report", register, "--out", page, "--plain", "--full", "--lang", language, "--house", house.path)
        assert made.code == 0, made.said
        assert words in page.read_text("utf-8"), language


REPORTED = {
    "en": "custodians put their shares together; they need no release for it",
    "ru": "решение о вскрытии им для этого не нужно",
    "ko": "이 일에는 개봉 결정이 필요 없음",
    "zh": "为此并不需要开封决定",
    "es": "no necesitan para ello ninguna decisión de apertura",
    "ar": "ولا يحتاجون في ذلك إلى قرار بالفتح",
}


def memory_of(pid: int) -> bytes:
    """What a process of our own has in its writable memory."""
    found = []
    with Path(f"/proc/{pid}/maps").open() as maps, Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in maps:
            span, rights, *_ = line.split()
            if rights.startswith("rw"):
                start, end = (int(part, 16) for part in span.split("-"))
                try:
                    memory.seek(start)
                    found.append(memory.read(end - start))
                except (OSError, ValueError, OverflowError):
                    continue
    return b"".join(found)


@attack(
    "seal-server-reads",
    Mutation(
        "src/commonhold/kernel/custody/sealing/opening.py",
        find="HEADER + nonce + bindings.crypto_aead_chacha20poly1305_ietf_encrypt(padded, _associated(about), nonce, key)",
        replace="HEADER + padded",
    ),
)
@pytest.mark.allow_hosts(["127.0.0.1"])
@pytest.mark.skipif(sys.platform != "linux", reason="the memory of another process is read through /proc")
def test_the_server_never_has_what_is_sealed(house: House) -> None:
    """All of it through a server's address, from sealing to opening; neither its memory nor its disk has ever held the password or a share."""
    with house_process(house.path) as server:
        remote = ("--house", server.url)

        def do(name: str, *arguments: object, stdin: str = "") -> Any:
            words = (*arguments, *remote, "--kit", house.kit(name), "--json")
            return must(process(*words, stdin=stdin) if stdin else command(*words))

        made = do("heron", "custody", "seal", "page", "--stdin", "--approve", stdin=SECRETS)
        do("tern", "approve", made["proposal"]["id"])
        for name in OFFICERS:
            do(name, "custody", "drill")
        purpose = house.write("purpose.txt", "The page was hacked.\n")
        asked = do("curlew", "custody", "release", "page", "--purpose", purpose, "--key", house.base / "one-off.key")
        for name in OFFICERS:
            do(name, "approve", asked["proposal"]["id"])
        for name in ("heron", "plover"):
            do(name, "custody", "contribute", asked["proposal"]["id"], "--yes")
        opened = process("custody", "unseal", asked["proposal"]["id"], "--key", house.base / "one-off.key", *remote)
        assert CANARY in opened.out, opened.said
        memory = memory_of(server.process.pid)
        sheet = house.base / "sheet.html"
        do("plover", "custody", "shares", "page", "--out", sheet)
    words = [part.split("</span>")[0] for part in sheet.read_text().split('<span class="word">')[1:]]
    sheet.unlink()
    assert len(memory) > 1 << 20
    for needle in (CANARY, SEED, " ".join(words[:12])):
        assert needle.encode() not in memory
        assert files_with(house.base, needle) == []

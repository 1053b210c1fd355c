"""Laws of seals whose server is gone: partners keep what opens them, encrypted as it is, and the next epoch takes it along."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from commonhold.kernel.custody.sealing.opening import MAX_SEALED
from commonhold.kernel.custody.sealing.shares import MAX_SEALED_ENVELOPE
from commonhold.kernel.record.custody import AGE_HEADER
from commonhold.kernel.record.keeping import kept_objects
from tests.attacks import Mutation, attack
from tests.cli.custodians import CANARY, OFFICERS, SECRETS, SEED, files_with, must, process
from tests.cli.houses import command
from tests.cli.test_custody_served import memory_of
from tests.kernel.sealing.vault import Vault
from tests.mirror.processes import house_process
from tests.mirror.readers import Reader, reading
from tests.mirror.records import Published
from tests.mirror.test_houselog import federation

TEXTS = "src/commonhold/mirror/texts.py"


def sealing(envelopes: Mapping[str, bytes] = {}) -> tuple[Published, Vault, dict[str, bytes]]:
    """A published record with a live seal, and the objects that it needs by digest; *envelopes* are some people's, in place of a short one."""
    vault = Vault()
    made, payload = vault.prepare()
    objects = {payload["sealed"]: made.sealed}
    for name, share in payload["shares"].items():
        raw = envelopes.get(name, AGE_HEADER + name.encode())
        share["envelope"] = hashlib.sha256(raw).hexdigest()
        objects[share["envelope"]] = raw
    proposal = vault.decide("seal", payload, *vault.officers()[:2])
    vault.settle()
    vault.made[proposal] = made
    for name in made.structure.people():
        vault.prove(proposal, name)
    return Published(vault), vault, objects


def serve(record: Published, objects: Mapping[str, bytes]) -> None:
    for digest, raw in objects.items():
        record.files.write(f"objects/{digest[:2]}/{digest[2:]}", raw)


def held(reader: Reader, digest: str) -> bytes | None:
    """An object as the partner serves it beside its mirror of the record."""
    answer = reader.client.get(f"/mirror/{reader.record.hash}/objects/{digest[:2]}/{digest[2:]}")
    return answer.content if answer.status_code == 200 else None


@attack(
    "seal-server-deletes",
    Mutation(TEXTS, find="sealed = list(kept_objects(state).items())[:MOST_SEALED]", replace="sealed: list[tuple[str, bool]] = []"),
)
def test_a_partner_keeps_what_the_custodians_need(tmp_path: Path) -> None:
    """The sealed object and every envelope come from the partner after the server is gone; a seal that is retired is kept by nobody anew."""
    record, vault, objects = sealing()
    serve(record, objects)
    assert set(kept_objects(vault.state)) == set(objects)
    with reading(tmp_path, record) as reader:
        record.away = 0
        assert {digest: held(reader, digest) for digest in objects} == objects
        assert held(reader, hashlib.sha256(b"a text about somebody").hexdigest()) is None
        record.away = -1
        second = vault.seal()
        record.publish()
        reader.look()
        assert held(reader, next(iter(objects))) is not None, "until the password is seen changed it may be needed"
        for name in ("curlew", "dunlin"):
            vault.do(name, "acknowledge", what="changed", of=second)
        record.publish()
        reader.look()
        assert held(reader, next(iter(objects))) is None


@pytest.mark.parametrize("raw", [b"a picture", AGE_HEADER + bytes(MAX_SEALED_ENVELOPE)])
def test_a_partner_keeps_nothing_under_the_name_of_a_seal_that_is_none(tmp_path: Path, raw: bytes) -> None:
    """Whoever decides on a seal could name any bytes; a partner stores age files of a few kilobytes and sealed objects, and nothing besides."""
    record, vault, objects = sealing({"heron": raw})
    serve(record, objects)
    digest = hashlib.sha256(raw).hexdigest()
    assert digest in kept_objects(vault.state)
    with reading(tmp_path, record) as reader:
        assert held(reader, digest) is None
        assert len([path for path in (tmp_path / "node" / "texts").rglob("*") if path.is_file()]) == len(objects) - 1
    assert MAX_SEALED < 128 << 10, "a partner fetches no more of an object than that"


@attack(
    "seal-server-deletes",
    Mutation("src/commonhold/store/epochs.py", find="found = [*kept_objects(state), ", replace="found = ["),
)
@pytest.mark.slow
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_seal_outlives_the_server(tmp_path: Path) -> None:
    """Sealed at the log's address; the server is killed and its disk is gone; in the next epoch, opened from a partner, every share still opens."""
    with federation(tmp_path) as one:
        one.name_partners(2)
        house = one.house
        remote = ("--house", one.log.url)

        def do(name: str, *arguments: object, at: tuple[object, ...] = remote, stdin: str = "") -> Any:
            words = (*arguments, *at, "--kit", house.kit(name), "--json")
            return must(process(*words, stdin=stdin) if stdin else command(*words))

        made = do("heron", "custody", "seal", "page", "--stdin", "--approve", stdin=SECRETS)
        do("tern", "approve", made["proposal"]["id"])
        for name in OFFICERS:
            do(name, "custody", "drill")
        size = one.log.about()["size"]
        one.nodes["gull"].until_signed(size)
        mirror = one.mirror("gull")
        if sys.platform == "linux":
            # What a partner keeps of a seal is encrypted, so its memory has nothing else either.
            memories = [memory_of(node.process.pid) for node in one.nodes.values()]
            assert all(len(memory) > 1 << 20 for memory in memories)
            assert not any(needle.encode() in memory for needle in (CANARY, SEED) for memory in memories)
        node = one.nodes["gull"].url
        told = command("custody", "status", "page", "--partner", node, "--partner", one.log.url, *remote)
        assert f"kept by {node}: all {len(OFFICERS) + 1} files" in told.out, told.said
        assert f"NOT kept by {one.log.url}: 4 of 4 files are missing" in told.out, told.said
        one.log.process.kill()
        (row,) = command("custody", "status", "page", "--partner", one.log.url, "--house", mirror, "--json").json["resources"]
        assert row["copies"][0]["trouble"]
        opened = do("tern", "epoch", "open", tmp_path / "next", "--from", mirror, "--partners", house.base / "partner.json", at=())
        assert opened["epoch"] == 1
        with house_process(tmp_path / "next", *(node.url for node in one.nodes.values())) as log:
            log.until(lambda about: all(row["signed"] for row in about["partners"]))
            begun = do("tern", "epoch", "succeed", "--approve", at=("--house", log.url))
            for name in ("heron", "plover"):
                do(name, "approve", begun["proposal"]["id"], at=("--house", log.url))
            for name in OFFICERS:
                (proved,) = do(name, "custody", "drill", at=("--house", log.url))["proved"]
                assert (proved["seal"], proved["status"]) == (1, "live")
            (row,) = command("custody", "status", "page", "--house", log.url, "--json").json["resources"]
            assert row["live"]["strength"] == "2 of 3, on paper and in truth"
    kept = {path.parent.name + path.name for path in (tmp_path / "next" / "objects").rglob("*") if path.is_file()}
    assert len(kept) >= len(OFFICERS) + 1
    assert files_with(tmp_path, CANARY, SEED) == []

"""Laws of the verbs that serve: real processes, a real house, and nothing but HTTP between them."""

from __future__ import annotations

import shutil
import signal
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from commonhold.kernel.notes import VerifierKey
from commonhold.kernel.tlog.checkpoint import open_checkpoint, open_cosigned
from commonhold.mirror.witness import origin_hash
from commonhold.store.reader import StaticReader
from tests.cli.houses import House, command, found
from tests.mirror.processes import node_process, web_server

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A founded house, not to be written to."""
    return found(tmp_path_factory.mktemp("saltmarsh"))


def test_a_partner_follows_cosigns_and_serves_a_house_that_anybody_then_verifies_from_it(house: House, tmp_path: Path) -> None:
    """`partner serve` mirrors a served record; `verify` of the partner's address says what `verify` of the house says, log alive or not."""
    house = house.copy(tmp_path / "copy")
    vkey = house.ask("state")["log"]
    log = VerifierKey.parse(vkey)
    with web_server(house.record) as url, node_process("partner", tmp_path / "node", f"{vkey}={url}") as node:
        row = node.until_signed(house.size())
        assert (row["org"], row["vkey"], row["trouble"]) == (house.ask("state")["org"], vkey, "")
        mirror = VerifierKey.parse(node.vkeys["mirror"])
        signed = open_cosigned(node.get(f"mirror/{row['hash']}/checkpoint"), [log], [mirror])
        assert set(signed.cosignatures) == {mirror}
        told = command("verify", f"{node.url}/mirror/{row['hash']}", "--org", row["org"], "--json")
        assert (told.code, told.json["entries"]) == (0, house.size())
        node.process.send_signal(signal.SIGTERM)
        assert node.process.wait(timeout=60) == 0
    shutil.rmtree(house.path)
    # The server is gone; the same keys speak, and the record is here.
    with node_process("partner", tmp_path / "node", f"{vkey}={url}") as again:
        assert again.vkeys["mirror"] == str(mirror)
        told = command("verify", f"{again.url}/mirror/{row['hash']}", "--org", row["org"], "--json")
        assert (told.code, told.json["entries"]) == (0, row["held"])


def test_a_witness_cosigns_what_the_logs_server_brings_and_serves_the_newest(house: House, tmp_path: Path) -> None:
    """`witness serve` answers add-checkpoint of C2SP for the key that it was given, and needs no record."""
    vkey = house.ask("state")["log"]
    log, note = VerifierKey.parse(vkey), StaticReader.from_directory(house.record).checkpoint_raw()
    with node_process("witness", tmp_path / "node", vkey) as node:
        assert set(node.vkeys) == {"witness"}
        request = urllib.request.Request(f"{node.url}/add-checkpoint", b"old 0\n\n" + note, method="POST")
        with urllib.request.urlopen(request, timeout=60) as answer:
            line = answer.read()
        witness = VerifierKey.parse(node.vkeys["witness"])
        assert set(open_cosigned(note + line, [log], [witness]).cosignatures) == {witness}
        served = node.get(f"{origin_hash(log.name)}/checkpoint")
        assert open_checkpoint(served, [log])[0].size == house.size()


def test_a_partner_that_lived_through_the_bad_day_hands_out_files_that_verify_reads(house: House, tmp_path: Path) -> None:
    """A second history and a restored backup, with the house's real log key: each leaves evidence, and the answer to it is no."""
    true, false = house.copy(tmp_path / "true"), house.copy(tmp_path / "false")
    vkey, older = true.ask("state")["log"], (true.record / "checkpoint").read_bytes()
    for copy, address in ((true, "https://true.example"), (false, "https://false.example")):
        copy.do("heron", "propose", "channel", "op=add", f"address={address}")
    with web_server(true.record) as url, node_process("partner", tmp_path / "node", f"{vkey}={url}") as node:
        size = true.size()
        row = node.until_signed(size)
        forged = (false.record / "checkpoint").read_bytes()
        request = urllib.request.Request(f"{node.url}/mirror/{row['hash']}/cosign", forged, method="POST")
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=60)
        assert refused.value.code == 422
        refused.value.close()
        node.process.send_signal(signal.SIGKILL)
    (true.record / "checkpoint").write_bytes(older)
    with web_server(true.record) as url, node_process("partner", tmp_path / "node", f"{vkey}={url}") as again:
        alarms = again.until_alarmed(2)
        assert {alarm["kind"] for alarm in alarms} == {"two-faces", "rollback"}
        assert again.log()["signed"]["size"] == size
        verdicts = set()
        for alarm in alarms:
            path = tmp_path / alarm["id"]
            path.write_bytes(again.get(f"alarms/{alarm['id']}"))
            told = command("verify", path, "--json")
            assert (told.code, told.json["log"]) == (1, vkey)
            verdicts.add(told.json["verdict"])
        assert verdicts == {"contradictory", "rolled-back"}


def test_one_folder_has_one_node(house: House, tmp_path: Path) -> None:
    """A second node over the same keys is refused in words: two of them could sign two histories."""
    vkey = house.ask("state")["log"]
    with node_process("witness", tmp_path / "node", vkey):
        second = command(
            "witness", "serve", "--state", tmp_path / "node", "--name", "heron.example", "--log", vkey, "--listen", "127.0.0.1:0", "--json"
        )
        assert (second.code, second.json["code"]) == (2, "store/locked")
        assert second.json["next_step"]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--log", "no key"], "vkey/malformed"),
        (["--name", "two words"], "key/name"),
        (["--listen", "8420"], "listen/form"),
    ],
)
def test_what_a_node_cannot_be_started_with_is_said(house: House, tmp_path: Path, options: list[str], code: str) -> None:
    """A wrong key, name or address to listen on is refused before a folder is made."""
    usual = {"--log": house.ask("state")["log"], "--name": "heron.example", "--listen": "127.0.0.1:0", options[0]: options[1]}
    for verb in ("witness", "partner"):
        done = command(verb, "serve", "--state", tmp_path / "node", *(part for pair in usual.items() for part in pair), "--json")
        assert (done.code, done.json["code"]) == (2, code)
        assert not (tmp_path / "node").exists()

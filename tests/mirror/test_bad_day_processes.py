"""The bad day at real partners: the members go on elsewhere, two nodes leave the old log, and a reader who has one partner's address is led on."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from commonhold.kernel.notes import VerifierKey
from commonhold.kernel.record.statements import open_frozen
from commonhold.mirror.witness import origin_hash
from tests.cli.houses import MEMBERS, Done, House, command, found
from tests.mirror.processes import node_process, web_server

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A founded house, not to be written to."""
    return found(tmp_path_factory.mktemp("saltmarsh"))


def moved(house: House, folder: Path, place: str, *names: str) -> Path:
    """The next epoch, which these members decide without witnesses, branched off a partner's copy."""
    done = command("epoch", "open", folder, "--from", place, "--kit", house.kit(names[0]))
    assert done.code == 0, done.said
    made = command("epoch", "succeed", "--unwitnessed", "--approve", "--house", folder, "--kit", house.kit(names[0]), "--json")
    for name in names[1:]:
        assert command("approve", made.json["proposal"]["id"], "--house", folder, "--kit", house.kit(name)).code == 0
    return folder


def announced(address: str, *nodes: str) -> Done:
    return command("epoch", "announce", address, *(part for node in nodes for part in ("--partner", node)), "--json")


def test_a_reader_with_one_partners_address_is_led_to_where_the_organisation_lives(house: House, tmp_path: Path) -> None:
    """Two real nodes follow the next epoch that somebody announces, leave the old log, and tell everybody who asks, restarted or not."""
    house = house.copy(tmp_path / "copy")
    org, vkey = house.ask("state")["org"], house.ask("state")["log"]
    old = origin_hash(VerifierKey.parse(vkey).name)
    with web_server(house.record) as url:
        log = f"{vkey}={url}"
        with (
            node_process("partner", tmp_path / "one", log, "--allow-private", name="one.example") as one,
            node_process("partner", tmp_path / "two", log, "--allow-private", name="two.example") as two,
        ):
            for node in (one, two):
                node.until_signed(house.size())
            alone = command("verify", f"{one.url}/mirror/{old}", "--json")
            assert (alone.code, alone.json["verdict"]) == (0, "official-unwitnessed")
            folder = moved(house, tmp_path / "next", f"{one.url}/mirror/{old}", *MEMBERS[:4])
            with web_server(folder / "record") as next_url:
                done = announced(next_url, one.url, two.url)
                assert done.code == 0, done.said
                again = announced(next_url, two.url)
                assert [row["status"] for row in again.json["partners"]] == ["known"]
                told = [node.until_frozen(old) for node in (one, two)]
                for node, value in zip((one, two), told, strict=True):
                    [row] = value["successors"]
                    assert (row["epoch"], row["status"], row["url"]) == (1, "current", next_url)
                    mirror = VerifierKey.parse(node.vkeys["mirror"])
                    assert open_frozen(value["frozen"].encode(), [mirror]).statement.successor == row["origin"]
                    request = urllib.request.Request(f"{node.url}/mirror/{old}/cosign", (house.record / "checkpoint").read_bytes())
                    with pytest.raises(urllib.error.HTTPError) as refused:
                        urllib.request.urlopen(request, timeout=60)
                    assert refused.value.code == 410
                    assert json.loads(refused.value.read())["successor"] == row["origin"]
            new = told[0]["successors"][0]["hash"]
            one.process.kill()
            one.process.wait()
            with node_process("partner", tmp_path / "one", log, "--allow-private", name="one.example") as later:
                # The old server, the new one and the other partner may all be gone: one address is enough.
                struck = command("verify", f"{later.url}/mirror/{old}", "--json")
                assert (struck.code, struck.json["verdict"]) == (1, "struck")
                assert "the organisation is now in epoch 1" in struck.json["words"]
                now = command("verify", later.url, "--org", org, "--json")
                assert (now.code, now.json["verdict"]) == (0, "official-unwitnessed"), now.said
                assert command("verify", f"{later.url}/mirror/{new}", "--json").code == 0
                for place in (later.url, f"{later.url}/mirror/{old}", f"{later.url}/mirror/{new}"):
                    shown = command("epoch", "show", org, place, "--json")
                    assert (shown.code, [each["epoch"] for each in shown.json["line"]]) == (0, [0, 1]), place


def test_what_partners_refuse_is_said_for_each(house: House, tmp_path: Path) -> None:
    """A node that reads no private addresses says so, one that is not there too, and the exit code is 1."""
    vkey = house.ask("state")["log"]
    with web_server(house.record) as url, node_process("partner", tmp_path / "node", f"{vkey}={url}") as node:
        node.until_signed(house.size())
        done = announced(url, node.url, "http://127.0.0.1:9", url)
        assert done.code == 1
        assert [row["ok"] for row in done.json["partners"]] == [False, False, False]
        assert done.json["partners"][0]["status"] == "epochs/private"
        assert "--allow-private" in done.json["partners"][0]["message"]
    with node_process("partner", tmp_path / "node", f"{vkey}={url}", "--allow-private") as node, web_server(house.record) as url:
        words = command("epoch", "announce", url, "--partner", node.url)
        assert words.code == 1
        assert "begins with a found entry" in words.out

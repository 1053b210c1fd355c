"""Laws of `commonhold check` on the bad day, with real partners: it follows the members, and two faces are told as that."""

from __future__ import annotations

from pathlib import Path

import pytest

from commonhold.kernel.notes import VerifierKey
from commonhold.mirror.witness import origin_hash
from tests.attacks import Mutation, attack
from tests.cli.houses import MEMBERS, House, command, found
from tests.mirror.processes import node_process, web_server
from tests.mirror.test_bad_day_processes import announced, moved

pytestmark = [pytest.mark.allow_hosts(["127.0.0.1"]), pytest.mark.slow]

RADIO = "https://saltmarsh.example/"
GATHERING = "src/commonhold/mirror/check/gathering.py"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house with one channel of record, not to be written to."""
    made = found(tmp_path_factory.mktemp("saltmarsh"))
    made.approve(made.propose("heron", "channel", "op=add", f"address={RADIO}"), "heron", "tern")
    return made


def test_whoever_asks_at_the_mirror_of_the_old_log_is_led_into_the_next_epoch(house: House, tmp_path: Path) -> None:
    """What one partner says of successors is fetched and replayed; the seized page is struck once the members strike it there."""
    house = house.copy(tmp_path / "copy")
    vkey = house.ask("state")["log"]
    origin = VerifierKey.parse(vkey).name
    with web_server(house.record) as url, node_process("partner", tmp_path / "node", f"{vkey}={url}", "--allow-private") as node:
        node.until_signed(house.size())
        mirror = f"{node.url}/mirror/{origin_hash(origin)}"
        assert command("check", RADIO, "--partner", mirror, "--json").json["verdict"] == "official-unwitnessed"
        folder = moved(house, tmp_path / "next", mirror, *MEMBERS[:4])
        with web_server(folder / "record") as next_url:
            assert announced(next_url, node.url).code == 0
            node.until_frozen(origin_hash(origin))
            left = command("check", origin, "--partner", mirror, "--json")
            assert (left.code, left.json["verdict"]) == (1, "struck"), left.said
            assert command("check", RADIO, "--partner", mirror, "--json").json["findings"][0]["rests_on"]["epoch"] == 1
            strike = ("propose", "channel", "op=strike", f"address={RADIO}", "--approve")
            made = command(*strike, "--house", folder, "--kit", house.kit("heron"), "--json")
            assert command("approve", made.json["proposal"]["id"], "--house", folder, "--kit", house.kit("tern")).code == 0
            done = command("check", RADIO, "--partner", mirror, "--json")
            assert (done.code, done.json["verdict"]) == (1, "struck"), done.said


@attack(
    "check-second-face",
    Mutation(GATHERING, find="        if any(tree.root(size) == root for tree, _ in read):", replace="        if read:"),
)
def test_two_partners_who_hold_two_faces_of_a_log_are_told_as_contradictory(house: House, tmp_path: Path) -> None:
    """Whoever asks one is told yes; whoever asks both learns that the log signed two histories, and no face is preferred."""
    true, false = house.copy(tmp_path / "true"), house.copy(tmp_path / "false")
    vkey = true.ask("state")["log"]
    true.propose("heron", "channel", "op=add", "address=https://a.example")
    for name in ("tern", "plover"):
        false.propose(name, "channel", "op=add", f"address=https://{name}.example")
    with (
        web_server(true.record) as one_url,
        web_server(false.record) as two_url,
        node_process("partner", tmp_path / "one", f"{vkey}={one_url}", name="one.example") as one,
        node_process("partner", tmp_path / "two", f"{vkey}={two_url}", name="two.example") as two,
    ):
        one.until_signed(true.size())
        two.until_signed(false.size())
        for node in (one, two):
            assert command("check", RADIO, "--partner", node.url, "--json").code == 0
        done = command("check", RADIO, "--partner", one.url, "--partner", two.url, "--json")
        assert (done.code, done.json["verdict"]) == (1, "contradictory"), done.said

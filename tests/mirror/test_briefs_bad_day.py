"""Small proofs across a succession: a reader with yesterday's pin is told by the partners whom they know who speaks now."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cli.houses import MEMBERS, command, found
from tests.mirror.processes import house_process, node_process
from tests.mirror.test_houselog import PARTNERS, Federation

pytestmark = [pytest.mark.allow_hosts(["127.0.0.1"]), pytest.mark.slow]


def test_yesterdays_pin_and_its_partners_lead_into_the_epoch_that_the_members_chose(tmp_path: Path) -> None:
    """The old server is gone, the members go on elsewhere; the pin's own addresses and keys prove what is decided there."""
    house = found(tmp_path / "saltmarsh")
    with ExitStack() as stack:
        nodes = {}
        with house_process(house.path) as log:
            for name in PARTNERS:
                process = node_process("partner", tmp_path / name, f"{log.log}={log.url}", "--allow-private", name=f"{name}.example")
                nodes[name] = stack.enter_context(process)
                assert command("house", "partner", "add", nodes[name].url, "--house", house.path).code == 0
            one = Federation(house, log, nodes)
            one.name_partners(2)
            old = [one.mirror(name) for name in PARTNERS]
            pin = tmp_path / "pin"
            assert command("pin", *old, "-o", pin).code == 0
        folder = tmp_path / "next"
        opened = command("epoch", "open", folder, "--from", old[0], "--partners", house.base / "partner.json", "--kit", house.kit("heron"))
        assert opened.code == 0, opened.said
        with house_process(folder, *(node.url for node in nodes.values())) as log:
            announced = command("epoch", "announce", log.url, *(part for node in nodes.values() for part in ("--partner", node.url)))
            assert announced.code == 0, announced.said
            undecided = command("prove", "members/tern", "--pin", pin, "-o", tmp_path / "before.brief", "--json")
            assert undecided.code == 0, undecided.said
            later = Federation(house, log, nodes)
            proposal = later.do("heron", "epoch", "succeed", "--approve")["proposal"]["id"]
            for name in MEMBERS[1:3]:
                later.do(name, "approve", proposal)
            for node in nodes.values():
                node.until_frozen(old[0].rpartition("/")[2])
            done = command("prove", "members/tern", "--pin", pin, "-o", tmp_path / "after.brief", "--json")
            assert done.code == 0, done.said
        before = command("verify", tmp_path / "before.brief", "--pin", pin, "--json").json
        after = command("verify", tmp_path / "after.brief", "--pin", pin, "--json")
        assert (before["epoch"], before["verdict"]) == (0, "official")
        assert (after.json["epoch"], after.json["verdict"], after.json["rests_on"]) == (
            1,
            "official",
            "replayed by 2 partners (gull, knot)",
        )
        # Whoever has a pin of the next epoch is not led back.
        now = tmp_path / "now"
        assert command("pin", nodes["gull"].url, "-o", now).code == 0
        back = command("verify", tmp_path / "before.brief", "--pin", now, "--json")
        assert (back.code, back.json["verdict"]) == (1, "stale")

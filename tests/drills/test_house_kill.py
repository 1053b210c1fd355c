"""A real house's log, really killed: members hand acts in while it dies by SIGKILL at random moments, with two real partners beside it.

What was answered before the shot must be in the record of the next life, in order of its own signature, and attested in the end; and no partner
may ever have seen two histories.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import threading
import time
import urllib.request
from pathlib import Path

import pytest

from commonhold.kernel.errors import CommonholdError
from tests.cli.houses import MEMBERS, command, found
from tests.mirror.processes import house_process, node_process

LIVES = 25
SMOKE_LIVES = 6


def tell(base: Path, lives: int, dice: random.Random) -> str:
    house = found(base / "saltmarsh")
    answered: list[tuple[str, int]] = []
    with house_process(house.path) as log:
        key, url = log.log, log.url
    here = url.removeprefix("http://")
    nodes = [node_process("partner", base / name, f"{key}={url}", name=f"{name}.example") for name in ("gull", "knot")]
    with nodes[0] as gull, nodes[1] as knot:
        policy = {
            "witnesses": {"gull": gull.vkeys["mirror"], "knot": knot.vkeys["mirror"]},
            "groups": {"both": {"k": 2, "of": ["gull", "knot"]}},
            "quorum": "both",
        }
        proposal = house.propose("heron", "partner", "--payload", house.write("partner.json", json.dumps(policy)))
        house.approve(proposal, "heron", "tern", "plover", "curlew")
        for life in range(lives):
            with house_process(house.path, gull.url, knot.url, listen=here) as log:
                shot = threading.Timer(dice.uniform(0.05, 1.5), log.process.kill)
                shot.start()
                turn = 0
                while log.process.poll() is None:
                    turn += 1
                    body = {"kind": "channel", "payload": {"op": "add", "address": f"https://{life}-{turn}.example"}, "not_after": 2**40}
                    # Cut off by the shot, or read in the middle of a write.
                    with contextlib.suppress(OSError, http.client.HTTPException, CommonholdError):
                        raw = house.sign(MEMBERS[turn % len(MEMBERS)], "propose", body)
                        request = urllib.request.Request(f"{url}/entry", raw, method="POST")
                        with urllib.request.urlopen(request, timeout=30) as answer:
                            value = json.loads(answer.read())
                            answered.append((value["entry"], value["index"]))
                    time.sleep(dice.uniform(0.0, 0.1))
                shot.join()
        with house_process(house.path, listen=here) as log:
            log.until(lambda about: about["clock"] and about["clock"]["covers"] >= about["size"] - 1 > max(index for _, index in answered))
            told = command("verify", url, "--partner", gull.url, "--partner", knot.url, "--json")
            assert (told.code, told.json["verdict"]) == (0, "official")
            rows = {row["index"]: row["id"] for row in house.ask("log")["entries"]}
            assert all(rows[index] == entry for entry, index in answered)
            for node in (gull, knot):
                assert json.loads(node.get("alarms")) == {"alarms": []}
                assert node.log()["held"] == log.about()["size"]
    assert len(answered) > lives
    return f"{lives} logs killed; {len(answered)} acts were answered, and every one is in the record and attested by both partners"


@pytest.mark.drill
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_log_killed_at_random_moments_loses_no_act(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """However often the server dies, every act that it answered is in the record, and its partners see one history."""
    told = tell(tmp_path, LIVES, random.Random(2026))
    with capsys.disabled():
        print(f"\n{told}")  # noqa: T201


@pytest.mark.drill
@pytest.mark.smoke
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_few_killed_logs_lose_no_act(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same story with six deaths, for every change to the code."""
    told = tell(tmp_path, SMOKE_LIVES, random.Random(7))
    with capsys.disabled():
        print(f"\n{told}")  # noqa: T201

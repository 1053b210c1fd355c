"""Laws of emergencies as people meet them at the command line: asked for, told, waited for, confirmed, opened."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.custodians import CANARY, act, must, process, sealed, status, unseal
from tests.cli.houses import EXAMPLE, House, command, found
from tests.mirror.cosigners import Cosigner, cosigners, name_partners

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

RULE = """[decisions.emergency-release]
article = "3.8"
by = { signatures = { of = ["chair", "treasurer", "editor"], m = 1 } }
objection = { of = "assembly", at_least = 2, within = "PT60S" }
notices = { people = 2, ways = 2 }
"""


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> House:
    """Saltmarsh, whose rule for emergencies waits a minute and lets every member object."""
    charter = tmp_path_factory.mktemp("charter") / "saltmarsh"
    shutil.copytree(EXAMPLE, charter, ignore=shutil.ignore_patterns("*.py", "amended"))
    toml = charter / "charter.toml"
    before, found_, after = re.split(r"(\[decisions.emergency-release\]\n(?:.+\n)+)", toml.read_text())
    assert "P3D" in found_
    toml.write_text(f"{before}{RULE}{after}".replace('drill = "P90D"', 'drill = "PT100S"'))
    return found(tmp_path_factory.mktemp("house") / "saltmarsh", charter=charter)


@pytest.fixture
def partners() -> Iterator[dict[str, Cosigner]]:
    with cosigners("gull", "knot") as found:
        yield found


@pytest.fixture
def house(founded: House, partners: dict[str, Cosigner], tmp_path: Path) -> House:
    house = founded.copy(tmp_path / "house")
    name_partners(house, partners, 2)
    house.ask("house", "partner", "ask")
    return house


def later(house: House, partners: dict[str, Cosigner], seconds: int) -> None:
    """Let so many seconds pass on the record's clock."""
    for one in partners.values():
        one.later += seconds
    house.ask("house", "partner", "ask")


def asked(house: House, *more: object) -> Any:
    purpose = house.write("purpose.txt", "The page was hacked, and two of us are in hospital.\n")
    return act(house, "curlew", "release", "page", "--purpose", purpose, "--key", house.base / "one-off.key", "--emergency", *more)


def test_an_emergency_is_asked_for_told_waited_for_and_opened(house: House, partners: dict[str, Cosigner]) -> None:
    """The counter in `custody status` says all along how far it is; one officer, two ways, a minute, two confirmations, two shares."""
    sealed(house)
    made = must(asked(house, "--until", "P10D"))
    request = made["proposal"]["id"]
    assert "over two ways" in made["notice"]
    assert made["proposal"]["kind"] == "emergency-release"
    assert "is not decided yet" in act(house, "heron", "contribute", request, "--yes").json["message"]
    house.do("tern", "approve", request)
    waiting = status(house)["requests"][0]
    assert (waiting["release"], waiting["step"], waiting["emergency"]) == (request, "asked", True)
    assert waiting["told"] == {"people": [], "needed": 2, "ways": [], "ways_needed": 2}
    assert "does not ask whether word has reached tern" in act(house, "tern", "notice", request, "--way", "mail").json["message"]
    must(act(house, "heron", "notice", request, "--way", "mail"))
    done = must(act(house, "plover", "notice", request, "--way", "phone"))
    assert done["proposal"]["waiting"]["until"] > 0
    said = process("custody", "status", "page", "--house", house.path).out
    assert "EMERGENCY: the opening of seal 1 is asked for by curlew" in said
    assert "told: 2 of 2 people over mail, phone" in said
    assert "objections: 0 of 2 that stop it (nobody)" in said
    shown = command("status", request, "--house", house.path)
    assert "needs     2 of those who may object, that word has reached them: 2 so far, met" in shown.out
    assert "needs     2 of different ways of that word: 2 so far, met" in shown.out
    assert house.by("heron", "confirm", request).code == 1
    later(house, partners, 61)
    for name in ("heron", "plover"):
        house.do(name, "confirm", request)
    found = status(house)
    assert (found["requests"], [one["release"] for one in found["releases"]]) == ([], [request])
    for name in ("heron", "plover"):
        must(act(house, name, "contribute", request, "--yes"))
    assert CANARY in unseal(house, request).out
    assert status(house)["rotation"]["reasons"] == [f"release/{request}"]


def test_what_waits_can_be_objected_to_and_the_counter_shows_it(house: House, partners: dict[str, Cosigner]) -> None:
    """Until it is confirmed two members stop it, and nothing was opened."""
    sealed(house)
    request = must(asked(house))["proposal"]["id"]
    house.do("tern", "approve", request)
    for name, way in (("heron", "person"), ("avocet", "paper")):
        must(act(house, name, "notice", request, "--way", way))
    later(house, partners, 61)
    assert "the wait is over; 0 of 2 have confirmed it" in process("custody", "status", "page", "--house", house.path).out
    house.do("heron", "object", request)
    assert status(house)["requests"][0]["objections"] == {"by": ["heron"], "needed": 2}
    assert house.do("plover", "object", request)["proposal"]["status"] == "blocked"
    assert (status(house)["requests"], status(house)["releases"]) == ([], [])


def test_a_silent_custodian_is_asked_and_then_replaced_by_named_decisions(house: House, partners: dict[str, Cosigner]) -> None:
    """`custody status` says who has missed the drill, with what to ask them, and by which decisions of the charter they are replaced."""
    sealed(house)
    later(house, partners, 101)
    for name in ("heron", "plover"):
        must(act(house, name, "drill", "page"))
    found = status(house)["live"]
    assert (found["strength"], found["lost"]) == ("2 of 3 on paper, 2 of 2 in truth", {"tern": "late"})
    said = process("custody", "status", "page", "--house", house.path).out
    assert "not counted: tern has missed the drill" in said
    assert "ask tern to run `commonhold custody drill page`; who is dead or does not answer is replaced:" in said
    assert "`commonhold propose dismiss office=treasurer member=tern` (rule dismiss, article 1.3.5)" in said
    assert "`commonhold propose appoint office=treasurer member=WHO` (rule elect, article" in said
    assert "then `commonhold custody rotate page`; until then the old seal opens" in said
    must(act(house, "tern", "drill", "page"))
    assert status(house)["live"]["replace"] == {}

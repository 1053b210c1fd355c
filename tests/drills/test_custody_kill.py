"""The custodians' own command lines, really killed at every single change that they make to the disk (DESIGN 5: nobody is locked out by a crash).

After each death the record verifies, the live seal opens as before, nothing readable lies anywhere, and the same command again comes to its end. What opens a
secret writes nothing at all.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from commonhold.cli.main import run
from commonhold.store.record import Record
from commonhold.store.sealedfile import recipient_of
from tests.cli.custodians import CANARY, OFFICERS, SECRETS, SEED, act, files_with, must, only_release, released, sealed, status, unseal
from tests.cli.houses import House, command, found
from tests.drills.killing import Story, Tell, live
from tests.drills.test_every_write import INSTANTS

STRIDES = [pytest.param(11, marks=pytest.mark.smoke, id="some"), pytest.param(1, id="every")]


@pytest.fixture(autouse=True)
def undisciplined(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lives are forks of this very process, which stays as it is."""
    for module in ("seal", "custodian", "releasing"):
        monkeypatch.setattr(f"commonhold.cli.custody.{module}.keep_in_memory", lambda: None)


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house in which the page is sealed, its release decided, and a second seal of it decided and taken up by two of three. Not to be written to."""
    house = found(tmp_path_factory.mktemp("custody"))
    sealed(house)
    released(house)
    must(act(house, "tern", "contribute", only_release(house), "--yes"))
    made = must(act(house, "tern", "seal", "page", "--stdin", "--approve", stdin=SECRETS))
    house.do("heron", "approve", made["proposal"]["id"])
    for name in ("heron", "tern"):
        must(act(house, name, "drill", "page"))
    return house


@dataclass(frozen=True)
class Verb:
    """A command line: whose, its words, what is handed in; what it may answer the second time; and what then is so."""

    name: str
    words: tuple[str, ...]
    holds: Callable[[House], bool]
    stdin: bytes = b""
    again: tuple[str, ...] = ()


def _seals(house: House) -> int:
    with Record.open(house.path) as record:
        return sum(proposal.kind == "seal" and proposal.status == "open" for proposal in record.state.parts["proposals"].values())


def _asked(house: House) -> bool:
    """Whether the release's key on the disk is that of a request in the record, and its owner's alone."""
    place = house.base / "second.key"
    (identity,) = [line for line in place.read_text().splitlines() if not line.startswith("#")]
    with Record.open(house.path) as record:
        asked = [proposal.payload["recipient"] for proposal in record.state.parts["proposals"].values() if proposal.kind == "release"]
    return recipient_of(identity) in asked and place.stat().st_mode & 0o077 == 0


VERBS = {
    "seal": Verb("heron", ("seal", "page", "--stdin"), lambda house: _seals(house) >= 1, SECRETS.encode()),
    "drill": Verb("plover", ("drill", "page"), lambda house: status(house)["live"]["seal"] == 2),
    "release": Verb(
        "avocet", ("release", "page", "--purpose", "BASE/purpose.txt", "--key", "BASE/second.key"), _asked, again=("release/recipient-used",)
    ),
    "contribute": Verb(
        "plover",
        ("contribute", "RELEASE", "--yes"),
        lambda house: CANARY in unseal(house, only_release(house)).out,
    ),
    "rotate": Verb("curlew", ("rotate", "page", "--changed"), lambda house: "curlew" in status(house)["live"]["changed"], again=("acknowledge/again",)),
}  # fmt: skip


def line(house: House, verb: Verb) -> list[str]:
    """The verb's command line in this copy of the house."""
    places = {"RELEASE": lambda: only_release(house)}
    words = [places[word]() if word in places else word.replace("BASE", str(house.base)) for word in verb.words]
    return ["custody", *words, "--house", str(house.path), "--kit", str(house.kit(verb.name)), "--json"]


def story(words: list[str], stdin: bytes, again: tuple[str, ...] = ()) -> Story:
    def told(tell: Tell) -> None:
        sys.stdin = io.TextIOWrapper(io.BytesIO(stdin))
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(words)
        assert code == 0 or json.loads(out.getvalue())["code"] in again, out.getvalue() + err.getvalue()
        tell("done")

    return told


def check_nobody_is_locked_out(house: House) -> dict[str, Any]:
    """The record is whole, a live seal is there and enough of its shares are, and no file has the secret."""
    assert command("verify", house.path, "--json").json["ok"]
    row: dict[str, Any] = status(house)
    assert row["live"]["opens"]
    assert files_with(house.base, CANARY, SEED) == []
    return row


@pytest.mark.drill
@pytest.mark.parametrize("stride", STRIDES)
@pytest.mark.parametrize("verb", VERBS)
def test_a_custodians_command_that_is_killed_anywhere_locks_nobody_out(once: House, tmp_path: Path, verb: str, stride: int) -> None:
    """Before, half-way through and after each change: the old seal opens, and the same command again is all that it takes."""
    told = VERBS[verb]
    whole = once.copy(tmp_path / "whole")
    if verb == "rotate":
        must(act(whole, "plover", "drill", "page"))
    base = whole.copy(tmp_path / "base")
    ended = live(story(line(whole, told), told.stdin))
    assert not ended.killed, ended.facts
    assert ended.changes > 3
    assert told.holds(whole)
    lives = 0
    for step in range(0, ended.changes, stride):
        for instant in INSTANTS:
            house = base.copy(tmp_path / f"{step}{instant}")
            life = live(story(line(house, told), told.stdin), step, instant)
            # Whether an object's folder is there already is chance, so one life may have fewer changes than another.
            assert life.killed or step > ended.changes - 8, (step, instant, life)
            lives += life.killed
            before = check_nobody_is_locked_out(house)
            assert not live(story(line(house, told), told.stdin, told.again)).killed
            assert told.holds(house), (step, instant, before)
            check_nobody_is_locked_out(house)
    assert lives >= 3


@pytest.mark.drill
def test_what_opens_a_secret_writes_nothing(once: House, tmp_path: Path) -> None:
    """`unseal` changes no file at all, so that there is no moment at which a kill could leave one."""
    house = once.copy(tmp_path / "whole")
    release = only_release(house)
    must(act(house, "plover", "contribute", release, "--yes"))
    words = ["custody", "unseal", release, "--key", str(house.base / "one-off.key"), "--house", str(house.path), "--json"]
    ended = live(story(words, b""))
    assert (ended.killed, ended.changes) == (False, 0)
    for name in OFFICERS:
        assert files_with(house.base, f"{CANARY}{name}") == []
    assert files_with(house.base, CANARY, SEED) == []

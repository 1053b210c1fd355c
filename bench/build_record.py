"""A record of any length for the benches: the example house of Saltmarsh at work, in memory and, if wanted, in a folder.

Nothing is kept between runs, and nothing is drawn at random: the same length gives the same bytes. One round is what an organisation does
most (an official statement by two officers), with, now and then, a decision of the whole assembly, a channel of record, an act that the
rules refuse, and something withdrawn.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from commonhold.kernel.charter import compile_charter
from commonhold.kernel.notes import SignerKey
from commonhold.kernel.record.founding import origin_of
from commonhold.store.files import DirectoryFiles
from commonhold.store.log import Log
from commonhold.testing.house import FAR, MemoryHouse, derive

EXAMPLE: Final = Path(__file__).resolve().parents[1] / "examples" / "saltmarsh"
MEMBERS: Final = ("heron", "tern", "plover", "curlew", "avocet", "dunlin", "godwit", "knot", "lapwing", "redshank", "ruff", "teal")
OFFICERS: Final = {"chair": "heron", "treasurer": "tern", "editor": "plover"}
BATCH: Final = 256


def build_house(entries: int, seed: str = "bench") -> MemoryHouse:
    """The house after so many *entries* or a few more, each with one signature; takes about half a millisecond for each.

    Args:
        seed: another one gives another organisation, with other keys.
    """
    compiled = compile_charter((EXAMPLE / "charter.md").read_text("utf-8"), (EXAMPLE / "charter.toml").read_text("utf-8"))
    house = MemoryHouse(compiled.value, MEMBERS, seed=seed)
    house.accept_all()
    for office, name in OFFICERS.items():
        seat = house.propose("heron", "appoint", {"office": office, "member": name})
        decide(house, seat)
        house.do(name, "accept", of=seat)
    turn = 0
    while house.tree.size < entries:
        turn += 1
        _round(house, turn)
    return house


def write_record(house: MemoryHouse, folder: Path, entries: int) -> None:
    """Publish the first *entries* of the house's record as a log in *folder*, as ``commonhold`` would have written it."""
    origin = origin_of(house.org, 0, house.log.verifier.public)
    with Log.create(DirectoryFiles(folder), origin, SignerKey(origin, derive(house.seed, "log"))) as log:
        for start in range(0, entries, BATCH):
            log.append(house.leaves[start : min(start + BATCH, entries)])


def _round(house: MemoryHouse, turn: int) -> None:
    text = hashlib.sha256(b"%d" % turn).hexdigest()
    by = MEMBERS[turn % len(MEMBERS)]
    if turn % 25 == 0:
        decide(house, house.propose(by, "ordinary", {"text": text}))
    elif turn % 25 == 5:
        channel = house.propose(by, "channel", {"op": "add", "address": f"https://saltmarsh.example/{turn}"})
        house.approve(channel, "heron", "plover")
    elif turn % 25 == 10:
        # Said already: the entry stays in the log and counts for nothing.
        again = hashlib.sha256(b"%d" % (turn - 1)).hexdigest()
        house.act(by, "propose", kind="statement", payload={"text": again, "language": "en"}, not_after=FAR)
    elif turn % 25 == 15:
        house.do(by, "withdraw", what="proposal", of=house.propose(by, "statement", {"text": text, "language": "en"}))
    else:
        statement = house.propose(by, "statement", {"text": text, "language": "en"})
        house.approve(statement, "heron", "tern" if turn % 2 else "plover")


def decide(house: MemoryHouse, proposal: str) -> None:
    """Let members approve a proposal, one after the other, until it is decided."""
    for name in MEMBERS:
        if house.status(proposal) != "open":
            return
        house.approve(proposal, name)

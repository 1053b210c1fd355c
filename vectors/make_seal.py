"""Makes seal.json: seals byte for byte, for every program that makes, checks or opens them (docs/formats/seal.md).

Run it from the root of the checkout: ``python vectors/make_seal.py``. Its dice are SHAKE-256 of a name and a count, so making the file again changes nothing. The
official vectors of SLIP-39 are beside it in ``slip39/`` (MIT, SatoshiLabs; from the python-shamir-mnemonic repository).
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from commonhold.kernel import b64
from commonhold.kernel.custody.sealing.bundle import Secret
from commonhold.kernel.custody.sealing.opening import seal
from commonhold.kernel.custody.sealing.shares import About, next_proof
from commonhold.kernel.custody.sealing.structure import parse_structure

OUT = Path(__file__).with_name("seal.json")
ORG = "5a" * 32
OFFICERS: dict[str, Any] = {"need": 2, "of": ["heron", "tern", "plover"]}
SEALS: tuple[tuple[str, str, int, dict[str, Any]], ...] = (
    ("one person alone", "mailbox", 1, {"need": 1, "of": ["heron"]}),
    ("two of three", "page", 1, OFFICERS),
    (
        "any one of two, and all of two",
        "domain",
        7,
        {"need": 2, "of": [{"need": 1, "of": ["heron", "tern"]}, {"need": 2, "of": ["plover", "dunlin"]}]},
    ),
    (
        "two of three and three of five",
        "page",
        2,
        {"need": 2, "of": [OFFICERS, {"need": 3, "of": ["north", "east", "south", "west", "coast"]}]},
    ),
    (
        "three levels, and a person among groups",
        "channel",
        1,
        {
            "need": 2,
            "of": [
                OFFICERS,
                {"need": 2, "of": [{"need": 2, "of": [f"{place}-{at}" for at in "abc"]} for place in ("north", "east", "south")]},
                "smith",
            ],
        },
    ),
)
SECRETS = (
    Secret("password", "admin", "correct horse é 鳥"),
    Secret("totp", "2FA", "JBSWY3DPEHPK3PXP"),
    Secret("file", "tls", b64.encode(b"\x00key")),
)


class Dice:
    """Bytes that follow from a name and how often they were asked for."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.thrown: list[str] = []

    def __call__(self, size: int) -> bytes:
        """So many bytes, and remember them."""
        found = hashlib.shake_256(f"{self.name}|{len(self.thrown)}".encode()).digest(size)
        self.thrown.append(found.hex())
        return found


def one(name: str, resource: str, number: int, structure: dict[str, Any]) -> dict[str, Any]:
    """One seal: what went in, the dice in their order, and everything that came out."""
    dice = Dice(name)
    about, group = About(ORG, resource, number), parse_structure(structure)
    made = seal(SECRETS, group, about, dice)
    people = group.people()
    public = made.manifest(dict.fromkeys(people, ""), dict.fromkeys(people, ""))
    shares = [
        {
            "member": member,
            "words": made.words[member],
            "commitment": public.holdings[member].commitment,
            "chain": public.holdings[member].chain,
            "proof": next_proof(about, index, member, made.words[member], public.holdings[member].chain),
            "envelope": made.envelope(member).decode("ascii"),
        }
        for index, member in enumerate(people)
    ]
    sets = group.count_sets()
    return {
        "name": name,
        "about": about.to_value(),
        "structure": structure,
        "dice": dice.thrown,
        "shares": shares,
        "key": public.key,
        "sealed": made.sealed.hex(),
        "digest": public.sealed,
        "sets": sets,
        "opens": sorted(min(group.sets(), key=sorted)),
        "fails": sorted(people)[:0] if group.fewest() == 1 else sorted(min(group.sets(), key=sorted))[1:],
    }


def render() -> str:
    """The file."""
    value = {
        "secrets": [{"kind": secret.kind, "name": secret.name, "value": secret.value} for secret in SECRETS],
        "seals": [one(*seal_) for seal_ in SEALS],
    }
    return json.dumps(value, indent=1, ensure_ascii=True) + "\n"


if __name__ == "__main__":
    OUT.write_text(render(), "ascii")
    print(f"{OUT.name}: {len(SEALS)} seals")

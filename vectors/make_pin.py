"""Makes pin.json: pins that are read, with their six words, and pins that are refused (docs/formats/pin.md).

Run it from the root of the checkout: ``python vectors/make_pin.py``. It uses no randomness, so making the file again changes nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from commonhold.kernel import b64
from commonhold.kernel.canonical import canonical_bytes
from commonhold.kernel.ids import origin_of
from commonhold.kernel.notes import COSIGNATURE, SignerKey
from commonhold.kernel.record.bodies import Partner, PolicyGroup
from commonhold.kernel.record.pin import Pin, parse_pin

OUT = Path(__file__).parent
Case = dict[str, Any]
Value = dict[str, Any]
ORG = "5a" * 32
PARTNERS = ("avocet", "dunlin", "knot")


def derive(name: str) -> bytes:
    """32 bytes that depend on the name alone."""
    return hashlib.sha256(name.encode()).digest()


def vkeys(role: str) -> dict[str, str]:
    """A key of each partner."""
    return {name: str(SignerKey(f"{name}.example/{role}", derive(f"{name}/{role}"), COSIGNATURE).verifier) for name in PARTNERS}


def render() -> dict[str, str]:
    """Every file by its name."""
    log_key = SignerKey("log", derive("log")).verifier.public
    partners = Partner(vkeys("mirror"), {"all": PolicyGroup(2, list(PARTNERS))}, "all", vkeys("validator"))
    good = Pin(ORG, origin_of(ORG, 0, log_key), log_key, partners, ("https://avocet.example/mirror/0",)).to_bytes()
    value = {"about": "Pins as strings of canonical JSON; `words` are the six by which one is compared.", "cases": pin_cases(good)}
    return {"pin.json": json.dumps(value, indent=1, ensure_ascii=True) + "\n"}


def pin_cases(good: bytes) -> list[Case]:
    """Pins that are read, with their six words, and pins that are refused."""
    cases: list[Case] = []

    def case(name: str, raw: bytes, why: str = "", code: str = "") -> None:
        told: Case = (
            {"expect": "refuse", "why": why, "code": code}
            if code
            else {"expect": "accept", "words": " ".join(parse_pin(raw).fingerprint())}
        )
        cases.append({"name": name, "pin": raw.decode(), **told})

    def bent(change: Callable[[Value], Any]) -> bytes:
        value = json.loads(good)
        change(value)
        return canonical_bytes(value)

    def partners(change: Callable[[Value], Any]) -> bytes:
        return bent(lambda value: change(value["partners"]))

    vkey = json.loads(good)["partners"]["witnesses"]["knot"]
    strange = str(SignerKey("x", derive("strange"), COSIGNATURE).verifier)
    log = str(SignerKey("x", derive("strange")).verifier)
    case("two of three", good)
    case("a newline after it", good + b"\n")
    case("other addresses, the same words", bent(lambda value: value.update(urls=[])))
    nested = {"inner": {"k": 1, "of": ["avocet", "dunlin"]}, "all": {"k": 2, "of": ["inner", "knot"]}}
    case("nested groups", partners(lambda payload: payload.update(groups=nested)))
    case("one partner alone", partners(lambda payload: payload.update(groups={}, quorum="knot")))
    case("another form", bent(lambda value: value.update(form="commonhold/pin/v2")), "this version is not known", "pin/form")
    case("a further field", bent(lambda value: value.update(more="x")), "no field is ignored", "pin/shape")
    case("no addresses field", bent(lambda value: value.pop("urls")), "every field is there", "pin/shape")
    case("an address that runs something", bent(lambda value: value.update(urls=["javascript:alert(1)"])), "not http", "pin/shape")
    case("seventeen addresses", bent(lambda value: value.update(urls=["https://a.example"] * 17)), "too many", "pin/shape")
    case("spaces", good.replace(b":", b": ", 1), "one spelling", "canonical/not-canonical")
    case("another log key", bent(lambda value: value.update(log_key=b64.encode(derive("k")))), "the origin is of another key", "pin/origin")
    case("another organisation", bent(lambda value: value.update(org="ab" * 32)), "the origin is of another", "pin/origin")
    case("an origin that is none", bent(lambda value: value.update(origin="example.org/log")), "not a record's origin", "id/origin")
    case("nobody vouches", partners(lambda payload: payload.pop("validators")), "nothing could be checked", "pin/validators")
    case(
        "too few vouch",
        partners(lambda payload: [payload["validators"].pop(name) for name in ("knot", "avocet")]),
        "two are asked for",
        "pin/validators",
    )
    case("a stranger vouches", partners(lambda payload: payload["validators"].update(stranger=strange)), "no partner", "effect/validator")
    case(
        "one key for two purposes",
        partners(lambda payload: payload["validators"].update(knot=vkey)),
        "the mirror's own",
        "effect/validator",
    )
    case(
        "one validator twice",
        partners(lambda payload: payload["validators"].update(knot=payload["validators"]["dunlin"])),
        "two voices",
        "effect/validator",
    )
    case(
        "a validating key without times",
        partners(lambda payload: payload["validators"].update(knot=log)),
        "kind 0x01",
        "checkpoint/key-kind",
    )
    case(
        "a policy that asks for nobody",
        partners(lambda payload: payload.update(quorum="none")),
        "no decision may empty it",
        "effect/empty-policy",
    )
    case("one mirror twice", partners(lambda payload: payload["witnesses"].update(dunlin=vkey)), "two voices", "policy/duplicate-key")
    case("a group that is not there", partners(lambda payload: payload.update(quorum="some")), "not defined", "policy/undefined-name")
    case(
        "a member that is not there",
        partners(lambda payload: payload["groups"].update(all={"k": 1, "of": ["ruff"]})),
        "not defined",
        "policy/undefined-name",
    )
    case(
        "three of two",
        partners(lambda payload: payload["groups"].update(all={"k": 3, "of": ["avocet", "dunlin"]})),
        "cannot be met",
        "policy/threshold",
    )
    circle = {"all": {"k": 1, "of": ["more"]}, "more": {"k": 1, "of": ["all"]}}
    case("a circle", partners(lambda payload: payload.update(groups=circle)), "no beginning", "policy/circle")
    twice = {"all": {"k": 1, "of": ["knot"]}, "more": {"k": 1, "of": ["knot"]}}
    case("a member of two groups", partners(lambda payload: payload.update(groups=twice)), "one voice", "policy/listed-twice")
    case(
        "a group and a partner of one name",
        partners(lambda payload: payload["groups"].update(knot={"k": 1, "of": ["avocet"]})),
        "which?",
        "policy/duplicate-name",
    )
    return cases


if __name__ == "__main__":
    for name, rendered in render().items():
        (OUT / name).write_text(rendered, "ascii")

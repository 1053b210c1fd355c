"""Pins and brief proofs over the vectors that Python and the reader's JavaScript share: one answer of both, to the code."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

from commonhold.kernel.errors import CommonholdError
from commonhold.kernel.record.brief import check_brief, parse_brief
from commonhold.kernel.record.briefverdict import judge_brief
from commonhold.kernel.record.pin import parse_pin
from tests.reader.node import Reader, RefusedError

pytestmark = pytest.mark.conformance

FOLDER = Path(__file__).resolve().parents[2] / "vectors"
VECTORS: dict[str, Any] = json.loads((FOLDER / "brief.json").read_text("ascii"))
PIN_CASES: list[dict[str, Any]] = json.loads((FOLDER / "pin.json").read_text("ascii"))["cases"]
PINS = {name: raw.encode() for name, raw in VECTORS["pins"].items()}


def refused(case: dict[str, Any]) -> bool:
    return bool(case["expect"] == "refuse")


@pytest.mark.parametrize("case", PIN_CASES, ids=lambda case: case["name"])
def test_each_pin_is_read_or_refused_as_the_vectors_say(case: dict[str, Any]) -> None:
    """A pin has one form, names partners who can vouch, and six words."""
    if refused(case):
        with pytest.raises(CommonholdError) as refusal:
            parse_pin(case["pin"].encode())
        assert refusal.value.code == case["code"]
        return
    pin = parse_pin(case["pin"].encode())
    assert pin.to_bytes() == case["pin"].encode().removesuffix(b"\n")
    assert " ".join(pin.fingerprint()) == case["words"]


@pytest.mark.parametrize("case", VECTORS["briefs"], ids=lambda case: case["name"])
def test_each_brief_proof_is_judged_as_the_vectors_say(case: dict[str, Any]) -> None:
    """A brief proof is worth what the pin's partners have signed, and its verdict is in the words of a replay."""
    raw, pin = case["brief"].encode(), parse_pin(PINS[case["pin"]])
    if refused(case):
        with pytest.raises(CommonholdError) as refusal:
            check_brief(parse_brief(raw), pin)
        assert refusal.value.code == case["code"]
        return
    brief = parse_brief(raw)
    assert brief.to_bytes() == raw
    checked = check_brief(brief, pin)
    verdict = judge_brief(checked, case["now"])
    assert (verdict.code, verdict.words) == (case["verdict"], case["words"])
    assert (checked.time, list(checked.validators)) == (case["time"], case["validators"])
    assert verdict.rests_on == f"replayed by {len(checked.validators)} partners ({', '.join(checked.validators)})"


def test_the_reader_gives_the_same_answers(reader: Reader) -> None:
    """JavaScript reads the same pins, refuses the same proofs with the same codes, and gives the same verdicts."""
    for case in PIN_CASES:
        if refused(case):
            with pytest.raises(RefusedError) as refusal:
                reader.ask("pin", raw=case["pin"].encode())
            assert refusal.value.code == case["code"], case["name"]
        else:
            assert reader.ask("pin", raw=case["pin"].encode())["words"] == case["words"]
    for case in VECTORS["briefs"]:
        job = {"raw": case["brief"].encode(), "pin": PINS[case["pin"]], "now": case["now"]}
        if refused(case):
            with pytest.raises(RefusedError) as refusal:
                reader.ask("check-brief", **job)
            assert refusal.value.code == case["code"], case["name"]
            continue
        found = reader.ask("check-brief", **job)
        assert found["verdict"]["code"] == case["verdict"], case["name"]
        assert found["verdict"]["why"] == case["why"], case["name"]
        assert (int(found["time"]), found["validators"]) == (case["time"], case["validators"]), case["name"]


def test_the_vectors_are_those_that_their_script_makes() -> None:
    """The files in the checkout are current."""
    for name in ("brief", "pin"):
        made = runpy.run_path(str(FOLDER / f"make_{name}.py"))["render"]()
        assert made == {f"{name}.json": (FOLDER / f"{name}.json").read_text("ascii")}, "run python vectors/make.py"

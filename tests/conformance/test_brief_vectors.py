"""Pins and brief proofs over the vectors that Python and the reader's JavaScript share: one answer of both, to the code."""

from __future__ import annotations

import json
import runpy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from commonhold.kernel import b64
from commonhold.kernel.errors import CommonholdError
from commonhold.kernel.record.brief import check_brief, parse_brief
from commonhold.kernel.record.briefing import merge_briefs
from commonhold.kernel.record.briefverdict import judge_brief
from commonhold.kernel.record.pin import make_pin, parse_pin
from tests.attacks import Mutation, attack
from tests.kernel.record_files.test_pin import vouched_club
from tests.reader.node import Reader, RefusedError

pytestmark = pytest.mark.conformance

JS, JS_VERDICT = "reader/src/brief.js", "reader/src/briefverdict.js"
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


@attack(
    "brief-01",
    Mutation(
        JS,
        find='demand(pin.policy.time(new Map(signed.map((name) => [name, 0n]))) !== null, "brief/validators"',
        replace='demand(signed.length > 0, "brief/validators"',
    ),
)
@attack("brief-05", Mutation(JS, find='demand(isSame, "brief/other-checkpoint"', replace='demand(true, "brief/other-checkpoint"'))
@attack("brief-08", Mutation(JS_VERDICT, find="if (now - time <= FRESH_SECONDS)", replace="if (now - time <= STALE_SECONDS)"))
@attack("brief-10", Mutation(JS_VERDICT, find="of wanted(entry, proposal)) {", replace="of wanted(entry, null)) {"))
@attack("brief-11", Mutation(JS_VERDICT, find="if (!lives) return", replace="if (lives === null) return"))
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


def test_the_reader_puts_answers_together_as_python_does(reader: Reader) -> None:
    """Whatever several partners answered, honest or not, both programs make the same proofs of it, in the same order."""
    club, at = vouched_club(), 1_900_000_100
    pin = make_pin(club.state)
    early = [club.brief({name: at}, ("members", "tern")) for name in ("avocet", "dunlin")]
    club.tick()
    late = [club.brief({"knot": at + turn}, ("members", "heron"), index=0) for turn in (5, 0, 9)]
    forged = replace(early[0], state=early[0].state.replace(b"\n\n", b"x\n\n"))
    strangers = replace(late[0], state=vouched_club().vouched({"avocet": at}))
    garbage = replace(late[0], checkpoint=b"no note")
    for answers in ([*early, *late], [late[1], *early, late[2]], [forged, garbage, strangers, *early], [garbage], []):
        ours = [[b64.encode(brief.checkpoint), b64.encode(brief.state)] for brief in merge_briefs(answers, pin)]
        raws = [b64.encode(brief.to_bytes()) for brief in answers]
        assert reader.ask("merge-briefs", raws=raws, pin=pin.to_bytes()) == ours


def test_the_reader_opens_statements_about_states_as_the_vectors_say(reader: Reader) -> None:
    """Under validating keys alone, in their one form, each with the time of its signature."""
    cases = [case for case in json.loads((FOLDER / "statements.json").read_text("ascii"))["cases"] if case["form"] == "state"]
    assert {case["expect"] for case in cases} == {"accept", "refuse"}
    for case in cases:
        job = {"raw": case["note"].encode(), "vkeys": case["keys"]}
        if refused(case):
            with pytest.raises(RefusedError) as refusal:
                reader.ask("vouched", **job)
            assert refusal.value.code == case["code"], case["name"]
        else:
            told = reader.ask("vouched", **job)["times"]
            assert {key.split("+")[0]: int(time) for key, time in told.items()} == case["times"]

"""The witness held to its transcript, over HTTP, as any other program's witness can be."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest

from commonhold.kernel.notes import VerifierKey
from commonhold.kernel.tlog.checkpoint import open_cosigned
from commonhold.mirror.sources import LogSource
from tests.mirror.helpers import NOW, running

pytestmark = pytest.mark.conformance

VECTORS = Path(__file__).resolve().parents[2] / "vectors"


def test_the_transcript_is_the_one_that_its_script_makes() -> None:
    """The file in the checkout is current."""
    rendered = runpy.run_path(str(VECTORS / "make_witness.py"))["render"]()
    assert (VECTORS / "witness.json").read_text("ascii") == rendered["witness.json"], "run python vectors/make.py"


def test_the_witness_answers_every_step_of_the_transcript(tmp_path: Path) -> None:
    """Each request gets the status, type and body of tlog-witness, and each 200 a timed cosignature over its checkpoint, also when it is served."""
    told = json.loads((VECTORS / "witness.json").read_text("ascii"))
    log = VerifierKey.parse(told["vkey"])
    with running(tmp_path / "node", LogSource(log)) as (node, client):
        witness = node.keys.vkeys["witness"]
        for step in told["steps"]:
            if "request" in step:
                answer = client.post("/add-checkpoint", content=step["request"].encode())
                raw = step["request"].partition("\n\n")[2].encode() + answer.content
            else:
                answer = client.get("/" + told["path"])
                raw = answer.content
            assert answer.status_code == step["status"], step["about"]
            if "body" in step:
                assert (answer.headers["content-type"], answer.text) == (step["type"], step["body"]), step["about"]
            if step["status"] == 200:
                signed = open_cosigned(raw, [log], [witness])
                assert (signed.checkpoint.size, signed.cosignatures) == (step["size"], {witness: NOW}), step["about"]

"""Seals as other programs read them: the vectors are what this program makes, and open."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any, Final

import pytest

from commonhold.kernel.custody.sealing.opening import open_seal
from commonhold.kernel.custody.sealing.shares import About, Holding, Manifest, check_proof, parse_envelope
from commonhold.kernel.custody.sealing.structure import parse_structure
from commonhold.kernel.errors import CustodyError

pytestmark = pytest.mark.conformance
VECTORS: Final = Path(__file__).resolve().parents[2] / "vectors"
VALUE: Final[Any] = json.loads((VECTORS / "seal.json").read_text("ascii"))


def test_the_vectors_are_what_this_program_makes() -> None:
    """To the byte, with the same dice."""
    assert runpy.run_path(str(VECTORS / "make_seal.py"))["render"]() == (VECTORS / "seal.json").read_text("ascii")


@pytest.mark.parametrize("vector", VALUE["seals"], ids=lambda vector: vector["name"])
def test_a_seal_of_the_vectors_opens_for_its_people_and_for_nobody_else(vector: Any) -> None:
    """From what is public and the envelopes alone."""
    about = About(**vector["about"])
    holdings = {share["member"]: Holding("", share["commitment"], share["chain"], "") for share in vector["shares"]}
    public = Manifest(about, parse_structure(vector["structure"]), holdings, vector["key"], vector["digest"])
    envelopes = {share["member"]: parse_envelope(share["envelope"].encode()) for share in vector["shares"]}
    for share in vector["shares"]:
        public.check_share(envelopes[share["member"]])
        check_proof(share["proof"], share["chain"])
    opened = open_seal(public, bytes.fromhex(vector["sealed"]), [envelopes[name] for name in vector["opens"]])
    found = [{"kind": secret.kind, "name": secret.name, "value": secret.value} for secret in opened.secrets]
    assert sorted(found, key=lambda one: one["name"]) == sorted(VALUE["secrets"], key=lambda one: one["name"])
    with pytest.raises(CustodyError):
        open_seal(public, bytes.fromhex(vector["sealed"]), [envelopes[name] for name in vector["fails"]])

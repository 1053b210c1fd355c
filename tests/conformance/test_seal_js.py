"""Seals in the reader's JavaScript: the same vectors, words, bytes and refusals as Python's."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, Final

import pytest
from shamir_mnemonic.wordlist import WORDLIST  # type: ignore[import-untyped] # it has no stubs

from tests.reader.node import Reader, RefusedError
from tools import wordlist

pytestmark = pytest.mark.conformance
VECTORS: Final = Path(__file__).resolve().parents[2] / "vectors"
VALUE: Final[Any] = json.loads((VECTORS / "seal.json").read_text("ascii"))
MADE: Final = ("shares", "key", "sealed", "digest", "sets")


def test_the_list_of_words_is_the_one_that_python_reads(reader: Reader) -> None:
    """Word by word; and the file is what its tool writes."""
    assert reader.ask("slip39-list") == list(WORDLIST)
    assert wordlist.main(["check"]) == 0


def test_the_official_vectors_of_slip_39(reader: Reader) -> None:
    """All 45, with the passphrase TREZOR: what must combine does, what must not is refused, and every share that is one is written again as it was."""
    vectors = json.loads((VECTORS / "slip39" / "vectors.json").read_bytes())
    for words, mnemonics, secret, _ in vectors:
        if secret:
            assert reader.ask("slip39-combine", mnemonics=mnemonics, passphrase=b"TREZOR") == secret, words
            assert [reader.ask("slip39-again", words=one) for one in mnemonics] == mnemonics, words
        else:
            with pytest.raises(RefusedError, match="slip39/"):
                reader.ask("slip39-combine", mnemonics=mnemonics, passphrase=b"TREZOR")
    assert len(vectors) == 45


@pytest.mark.parametrize("vector", VALUE["seals"], ids=lambda vector: vector["name"])
def test_the_reader_makes_the_seals_of_the_vectors(reader: Reader, vector: Any) -> None:
    """To the byte, with the same dice: words, commitments, chains, proofs, envelopes and the sealed object."""
    made = reader.ask("make-seal", secrets=VALUE["secrets"], structure=vector["structure"], about=vector["about"], dice=vector["dice"])
    assert made == {name: vector[name] for name in MADE}


@pytest.mark.parametrize("vector", VALUE["seals"], ids=lambda vector: vector["name"])
def test_the_reader_opens_the_seals_of_the_vectors(reader: Reader, vector: Any) -> None:
    """For its people, and for nobody else; from what is public and the envelopes alone."""
    public = {name: vector[name] for name in ("about", "structure", "shares", "key", "digest")}
    envelopes = {share["member"]: share["envelope"].encode() for share in vector["shares"]}
    for share in vector["shares"]:
        assert reader.ask("check-share", **public, envelope=envelopes[share["member"]]) is True
        assert reader.ask("check-proof", proof=share["proof"], last=share["chain"]) is True
        assert base64.b64decode(reader.ask("envelope", raw=envelopes[share["member"]])) == envelopes[share["member"]]
    job = {**public, "object": bytes.fromhex(vector["sealed"])}
    opened = reader.ask("open-seal", **job, envelopes=[envelopes[name] for name in vector["opens"]])
    assert opened["secrets"] == sorted(VALUE["secrets"], key=lambda one: one["name"])
    assert {verdict["code"] for verdict in opened["verdicts"]} == {"used"}
    with pytest.raises(RefusedError, match="seal/not-enough"):
        reader.ask("open-seal", **job, envelopes=[envelopes[name] for name in vector["fails"]])

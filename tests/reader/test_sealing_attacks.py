"""Attacks on whoever opens a seal, held against Python and against the reader's modules."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from shamir_mnemonic.cipher import encrypt  # type: ignore[import-untyped] # it has no stubs
from shamir_mnemonic.share import Share  # type: ignore[import-untyped]

from commonhold.kernel.custody.sealing import splitting
from commonhold.kernel.custody.sealing.opening import open_seal, seal
from commonhold.kernel.custody.sealing.structure import parse_structure
from tests.attacks import Mutation, attack
from tests.kernel.sealing.seals import ABOUT, OFFICERS, SECRETS, dice, given
from tests.reader.node import Reader, verdict

SPLITTING = "src/commonhold/kernel/custody/sealing/splitting.py"


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """One Node for all tests here."""
    found = Reader(tmp_path_factory.mktemp("reader"))
    yield found
    found.close()


@attack(
    "seal-slow-shares",
    Mutation(SPLITTING, find="_share(about, path, place, needs, value) != words", replace="not words"),
    Mutation("reader/src/sealing/splitting.js", find="encodeShare({ ...place, value }) === words", replace="words !== null"),
)
@pytest.mark.parametrize("exponent", [1, 15])
def test_shares_that_ask_for_more_work_than_the_format_does_are_refused_at_once(
    exponent: int, monkeypatch: pytest.MonkeyPatch, reader: Reader
) -> None:
    """SLIP-39 writes into each share how often a key is hashed, up to 2^15 times as often as here; a maker's trial could have skipped it."""
    made = slow_seal(exponent if exponent == 1 else 0, monkeypatch)
    made = replace(made, words={member: asking(words, exponent) for member, words in made.words.items()})
    names = made.structure.people()
    public = made.manifest(dict.fromkeys(names, ""), dict.fromkeys(names, ""))
    began = time.monotonic()
    assert verdict(lambda: open_seal(public, made.sealed, given(made, "heron", "tern"))) == "seal/inconsistent"
    shares = [{"member": member, "commitment": holding.commitment} for member, holding in public.holdings.items()]
    job = {"about": ABOUT.to_value(), "structure": OFFICERS, "shares": shares, "key": public.key, "digest": public.sealed}
    contributed = [made.envelope(member) for member in ("heron", "tern")]
    assert verdict(lambda: reader.ask("open-seal", **job, object=made.sealed, envelopes=contributed)) == "seal/inconsistent"
    assert time.monotonic() - began < 5


def slow_seal(exponent: int, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A seal whose key was enciphered with that much work, by somebody whose trial is not ours."""
    with monkeypatch.context() as patched:
        patched.setattr(splitting, "encrypt", lambda value, passphrase, _, *rest: encrypt(value, passphrase, exponent, *rest))
        patched.setattr("commonhold.kernel.custody.sealing.opening.trial_sets", lambda _: ())
        return seal(SECRETS, parse_structure(OFFICERS), ABOUT, dice())


def asking(words: str, exponent: int) -> str:
    """A share that says so, with a right checksum."""
    found: str = replace(Share.from_mnemonic(words), iteration_exponent=exponent).mnemonic()
    return found

"""Attacks on whoever opens a seal, held against Python and against the reader's modules."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from shamir_mnemonic.cipher import encrypt  # type: ignore[import-untyped] # it has no stubs
from shamir_mnemonic.share import Share  # type: ignore[import-untyped] # nor has this

from commonhold.kernel.custody.sealing import splitting
from commonhold.kernel.custody.sealing.opening import Sealed, open_seal, seal
from commonhold.kernel.custody.sealing.structure import parse_structure
from tests.attacks import Mutation, attack
from tests.conformance.test_seal_refusals import MANIFEST, READER, REFUSALS, VALUE
from tests.kernel.sealing.seals import ABOUT, OFFICERS, SECRETS, dice, given
from tests.reader.node import Reader, verdict

MODULES = "reader/src/sealing"
SPLITTING = "src/commonhold/kernel/custody/sealing/splitting.py"


@attack("seal-person-twice", Mutation(f"{MODULES}/structure.js", find="demand(twice === undefined,", replace="demand(true,"))
@attack("seal-too-few", Mutation(f"{MODULES}/structure.js", find=".length >= this.need;", replace=".length >= this.need - 1;"))
@attack(
    "seal-wrong-share",
    Mutation(
        f"{MODULES}/shares.js", find="commitment(this.about, index, member, words) === holding.commitment", replace="words.length > 0"
    ),
)
@attack("seal-stale-share", Mutation(f"{MODULES}/shares.js", find="demand(found.seal === seal,", replace="demand(true,"))
@attack("seal-false-proof", Mutation(f"{MODULES}/shares.js", find="chainLink(proof) === last,", replace="last.length === 64,"))
@attack(
    "contribution-of-another",
    Mutation(f"{MODULES}/shares.js", find="demand(envelope.member === by,", replace="demand(true,"),
    Mutation(f"{MODULES}/shares.js", find="demand(envelope.release === release,", replace="demand(true,"),
)
def test_the_browser_refuses_what_the_command_line_refuses(reader: Reader) -> None:
    """Every refusal of the vectors, by its code; nothing of a seal is checked in one program alone."""
    found = {f"{case['op']}: {case['name']}": verdict(lambda case=case: READER[case["op"]](reader, case)) for case in REFUSALS}
    assert found == {f"{case['op']}: {case['name']}": case["code"] for case in REFUSALS}


@attack("seal-duplicate", Mutation(f"{MODULES}/opening.js", find="if (right.has(member)) {", replace="if (right === null) {"))
def test_one_person_counts_once_in_a_browser(reader: Reader) -> None:
    """Whoever contributes twice is a duplicate, and whoever is not needed is set aside."""
    for case in VALUE["verdicts"]:
        half = {name: case[name] for name in MANIFEST}
        found = reader.ask("check-contributions", **half, envelopes=[one.encode() for one in case["envelopes"]])
        assert [[one["member"], one["code"]] for one in found["verdicts"]] == case["verdicts"]


@attack(
    "seal-moved-object",
    Mutation(f"{MODULES}/opening.js", find="concat(AEAD_DOMAIN, canonicalBytes(aboutValue(about)))", replace="AEAD_DOMAIN"),
)
def test_what_was_sealed_for_one_resource_does_not_open_as_another_in_a_browser(reader: Reader) -> None:
    """Even if whoever moves it knows the key, cuts it again and commits to all of it: the content itself says what it belongs to."""
    key = bytes(range(32))
    elsewhere = replace(ABOUT, resource="domain")
    thrown = iter((key, bytes(12)))
    made = seal(SECRETS, parse_structure(OFFICERS), ABOUT, lambda size: next(thrown, bytes(size)))
    moved = replace(
        made,
        about=elsewhere,
        key=reader.ask("key-commitment", about=elsewhere.to_value(), key=key.hex()),
        words=splitting.split_key(key, made.structure, elsewhere.to_value(), dice()),
    )
    assert opened(reader, made, "heron", "tern") == ""
    assert opened(reader, moved, "heron", "tern") == "seal/other-content"


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
    assert opened(reader, made, "heron", "tern") == "seal/inconsistent"
    assert time.monotonic() - began < 5


def opened(reader: Reader, made: Sealed, *members: str) -> str:
    """The code of the reader's refusal to open this seal with these people's shares, or nothing."""
    names = made.structure.people()
    public = made.manifest(dict.fromkeys(names, ""), dict.fromkeys(names, ""))
    shares = [{"member": member, "commitment": holding.commitment} for member, holding in public.holdings.items()]
    half = {
        "about": public.about.to_value(),
        "structure": public.structure.to_value(),
        "shares": shares,
        "key": public.key,
        "digest": public.sealed,
    }
    return verdict(lambda: reader.ask("open-seal", **half, object=made.sealed, envelopes=[made.envelope(one) for one in members]))


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

"""Python and the reader's JavaScript under the same bent seals: they accept the same, refuse the same, and read the same out of it.

Envelopes, bundles of secrets, structures, words of a sheet and age files, bent as the parsers' own fuzz bends. A share that one program takes and the
other does not would lock out whoever has only the other.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commonhold.kernel.canonical import canonical_bytes, parse_canonical
from commonhold.kernel.custody.sealing.bundle import bundle_bytes, parse_bundle
from commonhold.kernel.custody.sealing.shares import envelope_bytes, parse_envelope
from commonhold.kernel.custody.sealing.splitting import parse_words
from commonhold.kernel.custody.sealing.structure import parse_structure
from commonhold.kernel.errors import CommonholdError
from commonhold.store.sealedfile import recipient_of, seal_to, unseal_with
from tests.drills.test_fuzz_parsers import bent_bytes, bent_values
from tests.kernel.sealing.seals import BOTH, DEEP, SECRETS, sealed
from tests.reader.node import Reader, RefusedError

pytestmark = pytest.mark.drill
MADE: Final = sealed(DEEP)[0]
# An age identity for these tests alone, so that the same cases are drawn each time.
IDENTITY: Final = "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0"


def structure(raw: bytes) -> Any:
    found = parse_structure(parse_canonical(raw, max_size=1 << 20))
    return found.to_value(), list(found.people()), found.fewest()


def structure_js(reader: Reader, raw: bytes) -> Any:
    found = reader.ask("structure", value=parse_canonical(raw, max_size=1 << 20))
    return found["value"], found["people"], found["fewest"]


def secrets(raw: bytes) -> Any:
    return [{"kind": one.kind, "name": one.name, "value": one.value} for one in parse_bundle(padded(raw))]


def padded(raw: bytes) -> bytes:
    """As a bundle is, but for what is bent."""
    whole = len(raw).to_bytes(4, "big") + raw
    return whole + bytes(-len(whole) % 1024)


def typed(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


PAIRS: Final[dict[str, tuple[list[bytes], Callable[[bytes], Any], Callable[[Reader, bytes], Any]]]] = {
    "envelope": (
        [MADE.envelope("smith"), envelope_bytes(replace(parse_envelope(MADE.envelope("tern")), release="ab" * 32))],
        lambda raw: base64.b64encode(envelope_bytes(parse_envelope(raw))).decode(),
        lambda reader, raw: reader.ask("envelope", raw=raw),
    ),
    "structure": ([canonical_bytes(DEEP), canonical_bytes(BOTH)], structure, structure_js),
    "secrets": (
        [bundle_bytes(SECRETS)[4:].rstrip(b"\0")],
        secrets,
        lambda reader, raw: reader.ask("secrets-parse", raw=padded(raw)),
    ),
    "words": (
        [MADE.words["smith"].encode(), MADE.words["heron"].upper().encode()],
        lambda raw: parse_words(typed(raw)),
        lambda reader, raw: reader.ask("share-words", typed=typed(raw)),
    ),
    "age": (
        [seal_to(size * b"x", [recipient_of(IDENTITY)]) for size in (0, 1, 700)],
        lambda raw: base64.b64encode(unseal_with(raw, [IDENTITY])).decode(),
        lambda reader, raw: reader.ask("age-decrypt", identity=IDENTITY, raw=raw, most=9),
    ),
}
JSON: Final = ("envelope", "structure", "secrets")


def read(ask: Callable[[], Any]) -> Any:
    """What a program read, or None for a refusal."""
    try:
        return json.loads(json.dumps(ask()))
    except (CommonholdError, RefusedError):
        return None


def search(reader: Reader, name: str, examples: int) -> None:
    seeds, here, there = PAIRS[name]
    for seed in seeds:
        assert read(lambda seed=seed: here(seed)) is not None, (
            "a seed that is refused would leave everything behind the first check unsearched"
        )

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(bent_bytes(seeds) | bent_values(seeds) if name in JSON else bent_bytes(seeds) | st.binary(max_size=200))
    def alike(raw: bytes) -> None:
        ours, theirs = read(lambda: here(raw)), read(lambda: there(reader, raw))
        assert ours == theirs, base64.b64encode(raw).decode()

    alike()


@pytest.mark.parametrize("name", PAIRS)
def test_the_two_programs_read_the_same_out_of_any_seal(reader: Reader, name: str) -> None:
    """Of many bent inputs each is refused by both programs, or gives both the same value."""
    search(reader, name, 3_000)


@pytest.mark.smoke
@pytest.mark.parametrize("name", PAIRS)
def test_the_two_programs_read_the_same_out_of_a_few_seals(reader: Reader, name: str) -> None:
    """The same with fewer cases, for every change to the code."""
    search(reader, name, 150)

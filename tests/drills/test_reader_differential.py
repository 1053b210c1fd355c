"""Python and the reader's JavaScript under the same bent bytes: they accept the same, refuse the same, and read the same out of it.

A record that one program reads and another does not is two records. The bending is that of the parsers' own fuzz; Ed25519 is bent where libraries
disagree: points of small and mixed order, scalars beyond the group's order, other encodings.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nacl import bindings

from commonhold.kernel import b64, ed25519
from commonhold.kernel.canonical import canonical_bytes, parse_canonical
from commonhold.kernel.errors import CommonholdError
from commonhold.kernel.keys import parse_kit_value
from commonhold.kernel.kit import kit_from_text, kit_from_words
from commonhold.kernel.notes import VerifierKey, open_note
from commonhold.kernel.record.brief import check_brief, parse_brief
from commonhold.kernel.record.briefverdict import judge_brief
from commonhold.kernel.record.entries import parse_entry
from commonhold.kernel.record.pin import parse_pin
from commonhold.kernel.record.prooffile import parse_proof_file
from commonhold.kernel.texts import parse_text
from commonhold.kernel.tlog.checkpoint import parse_checkpoint
from commonhold.kernel.tlog.policy import parse_policy
from commonhold.kernel.tlog.proof import parse_proof
from commonhold.kernel.tlog.tiles import parse_bundle, parse_tile_path
from tests.drills.test_fuzz_parsers import BRIEFS, HOUSE, KIT, PARSERS, PARTNERS, bent_bytes, bent_values, is_json
from tests.reader.node import Reader, RefusedError
from tools.inline import ROOT

pytestmark = pytest.mark.drill

VKEYS: Final = [str(HOUSE.log.verifier), *PARTNERS["witnesses"].values()]
KEYS: Final = [VerifierKey.parse(vkey) for vkey in VKEYS]
NOW: Final = 1_900_086_400
PIN: Final = json.loads((ROOT / "vectors" / "brief.json").read_text("ascii"))["pins"]["club"].encode()
Ask = Callable[[Reader, bytes], Any]
Read = Callable[[bytes], Any]


def canonical(raw: bytes) -> str:
    return b64.encode(canonical_bytes(parse_canonical(raw, max_size=1 << 20)))


def entry(raw: bytes) -> Any:
    found = parse_entry(raw)
    return found.id, found.type, found.by, found.seen_size, b64.encode(found.unsigned)


def entry_js(reader: Reader, raw: bytes) -> Any:
    found = reader.ask("entry", raw=raw)
    return found["id"], found["type"], found["by"], found["seenSize"], found["unsigned"]


def note(raw: bytes) -> Any:
    opened = open_note(raw, KEYS)
    return {"text": opened.text, "signers": [key.name for key, _ in opened.verified], "unknown": opened.unknown}


def checkpoint(raw: bytes) -> Any:
    found = parse_checkpoint(raw.decode("utf-8", "replace"))
    return {"origin": found.origin, "size": str(found.size), "root": b64.encode(found.root), "extensions": list(found.extensions)}


def policy(raw: bytes) -> Any:
    found = parse_policy(raw)
    return list(found.witnesses), list(found.groups)


def policy_js(reader: Reader, raw: bytes) -> Any:
    found = reader.ask("policy", raw=raw)
    return found["witnesses"], found["groups"]


def tlog_proof(raw: bytes) -> Any:
    found = parse_proof(raw)
    extra = None if found.extra is None else b64.encode(found.extra)
    return {"index": str(found.index), "extra": extra, "hashes": list(map(b64.encode, found.hashes))}


def pin(raw: bytes) -> Any:
    found = parse_pin(raw)
    return found.org, found.epoch, list(found.validators), " ".join(found.fingerprint())


def pin_js(reader: Reader, raw: bytes) -> Any:
    found = reader.ask("pin", raw=raw)
    return found["org"], found["epoch"], found["validators"], found["words"]


def checked(raw: bytes) -> Any:
    found = check_brief(parse_brief(raw), parse_pin(PIN))
    return found.origin, str(found.time), list(found.validators), judge_brief(found, NOW).code


def checked_js(reader: Reader, raw: bytes) -> Any:
    found = reader.ask("check-brief", raw=raw, pin=PIN, now=NOW)
    return found["origin"], found["time"], found["validators"], found["verdict"]["code"]


def text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


PAIRS: Final[dict[str, tuple[str, Read, Ask]]] = {
    "base64": ("kit-text", lambda raw: b64.encode(b64.decode(text(raw))), lambda reader, raw: reader.ask("base64", value=text(raw))),
    "canonical": ("canonical", canonical, lambda reader, raw: reader.ask("canonical", raw=raw)),
    "entry": ("entry", entry, entry_js),
    "note": ("note", note, lambda reader, raw: reader.ask("note", raw=raw, vkeys=VKEYS)),
    "checkpoint": ("checkpoint", checkpoint, lambda reader, raw: reader.ask("checkpoint", text=text(raw))),
    "policy": ("policy", policy, policy_js),
    "tlog-proof": ("tlog-proof", tlog_proof, lambda reader, raw: reader.ask("proof", raw=raw)),
    "proof-file": ("proof-file", lambda raw: len(parse_proof_file(raw).leaves), lambda reader, raw: reader.ask("proof-file", raw=raw)),
    "pin": ("pin", pin, pin_js),
    "brief": ("brief", lambda raw: len(parse_brief(raw).values), lambda reader, raw: reader.ask("brief", raw=raw)),
    "check-brief": ("brief", checked, checked_js),
    "text": ("text", lambda raw: parse_text(raw)[1].decode(), lambda reader, raw: reader.ask("text", raw=raw)),
    "bundle": (
        "bundle",
        lambda raw: list(map(b64.encode, parse_bundle(raw, 3))),
        lambda reader, raw: reader.ask("bundle", raw=raw, count=3),
    ),
    "tile-path": (
        "tile-path",
        lambda raw: parse_tile_path(text(raw)).path,
        lambda reader, raw: reader.ask("tile", path=text(raw)) and text(raw),
    ),
    "key": (
        "key",
        lambda raw: parse_kit_value(parse_canonical(raw, max_size=1 << 20)).key_id,
        lambda reader, raw: reader.ask("key-value", raw=raw),
    ),
    "kit-words": (
        "kit-words",
        lambda raw: kit_from_words(text(raw)).key_id,
        lambda reader, raw: reader.ask("kit-words", typed=text(raw))["key"],
    ),
    "kit-text": (
        "kit-text",
        lambda raw: kit_from_text(text(raw)).key_id,
        lambda reader, raw: reader.ask("kit-text", typed=text(raw))["key"],
    ),
}
MORE_SEEDS: Final = {
    "base64": [b"", b"AAAA", b64.encode(KIT.keys.sign).encode(), b64.encode(bytes(range(64))).encode()],
    "canonical": ['["é","𝄞",-9007199254740991,true,{"":{"__proto__":[]},"10":1,"9":"\\n\\"\\\\"}]'.encode()],
    "entry": [HOUSE.leaves[0]],
    "tile-path": [b"tile/63/x009/x223/x372/x036/x854/x775/807", b"tile/0/000.p/255"],
}


def answers(reader: Reader, name: str, raw: bytes) -> tuple[Any, Any]:
    """What Python and the reader read, or None for a refusal."""
    _, read, ask = PAIRS[name]
    try:
        ours = read(raw)
    except CommonholdError:
        ours = None
    try:
        theirs = ask(reader, raw)
    except RefusedError:
        theirs = None
    return ours, json.loads(json.dumps(theirs))


def search(reader: Reader, name: str, examples: int) -> None:
    seeds = PARSERS[PAIRS[name][0]][1] + MORE_SEEDS.get(name, [])
    if name == "check-brief":
        seeds = [case["brief"].encode() for case in BRIEFS if case["pin"] == "club"]
    if name == "base64":
        seeds = MORE_SEEDS[name]
    for seed in seeds:
        ours, theirs = answers(reader, name, seed)
        assert ours is not None, "a seed that is refused would leave everything behind the first check unsearched"
        assert json.loads(json.dumps(ours)) == theirs
    sources = st.binary(max_size=200) | bent_bytes(seeds)
    if is_json(seeds):
        sources |= bent_values(seeds)

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(sources)
    def alike(raw: bytes) -> None:
        ours, theirs = answers(reader, name, raw)
        assert json.loads(json.dumps(ours)) == theirs, base64.b64encode(raw).decode()

    alike()


@pytest.mark.parametrize("name", PAIRS)
def test_the_two_programs_read_the_same_out_of_any_bytes(reader: Reader, name: str) -> None:
    """Of many bent inputs each is refused by both programs, or gives both the same value."""
    search(reader, name, 4_000)


@pytest.mark.smoke
@pytest.mark.parametrize("name", PAIRS)
def test_the_two_programs_read_the_same_out_of_a_few_bytes(reader: Reader, name: str) -> None:
    """The same with fewer cases, for every change to the code."""
    search(reader, name, 150)


# -------------------------------------------------------------------------------------------------------------------------- Ed25519

ORDER: Final = 2**252 + 27742317777372353535851937790883648493
P: Final = 2**255 - 19
ORDER_8: Final = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
SMALL: Final = [
    bytes([1]) + bytes(31),
    bytes(32),
    (P - 1).to_bytes(32, "little"),
    ORDER_8,
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    P.to_bytes(32, "little"),
    (P + 1).to_bytes(32, "little"),
    (1 | 1 << 255).to_bytes(32, "little"),
]


@st.composite
def signatures(draw: st.DrawFn) -> tuple[bytes, bytes, bytes]:
    """A key, a message and a signature that holds, or holds but for one of the ways in which libraries differ."""
    scalar = draw(st.integers(1, ORDER - 1))
    nonce = draw(st.integers(0, ORDER - 1))
    message = draw(st.binary(max_size=8))

    def multiple(number: int) -> bytes:
        return bindings.crypto_scalarmult_ed25519_base_noclamp(number.to_bytes(32, "little")) if number else SMALL[0]

    public, commitment = multiple(scalar), multiple(nonce)
    if draw(st.booleans()):
        public = bindings.crypto_core_ed25519_add(public, ORDER_8)
    if draw(st.booleans()):
        commitment = bindings.crypto_core_ed25519_add(commitment, ORDER_8)
    public = draw(st.sampled_from([public, public, public, *SMALL]))
    commitment = draw(st.sampled_from([commitment, commitment, commitment, *SMALL]))
    challenge = int.from_bytes(hashlib.sha512(commitment + public + message).digest(), "little") % ORDER
    response = (nonce + challenge * scalar) % ORDER + draw(st.sampled_from([0, 0, 0, ORDER, 7 * ORDER]))
    signature = bytearray(commitment + response.to_bytes(32, "little"))
    if draw(st.integers(0, 3)) == 0:
        signature[draw(st.integers(0, 63))] ^= 1 << draw(st.integers(0, 7))
    return public, message, bytes(signature)


@pytest.mark.smoke
def test_every_ed25519_signature_has_one_answer(reader: Reader) -> None:
    """On keys and signatures of small and mixed order, and on other encodings, the reader says what libsodium says."""
    held = []

    @given(signatures())
    def alike(case: tuple[bytes, bytes, bytes]) -> None:
        public, message, signature = case
        valid = ed25519.is_valid(public, message, signature)
        held.append(valid)
        assert reader.ask("ed25519", key=public, message=message, signature=signature) == valid, (public.hex(), signature.hex())
        try:
            ed25519.check_public_key(public)
            enrolled = True
        except CommonholdError:
            enrolled = False
        try:
            reader.ask("enrol", key=public)
            assert enrolled, public.hex()
        except RefusedError:
            assert not enrolled, public.hex()

    alike()
    assert {True, False} == set(held)

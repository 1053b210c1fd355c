"""Laws about public keys: their ids, their one form, which are too weak to enrol, and the words that stand for them."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from mnemonic import Mnemonic

from commonhold.kernel import bech32, spki
from commonhold.kernel.canonical import canonical_bytes, parse_canonical
from commonhold.kernel.errors import FormatError, RuleError
from commonhold.kernel.keys import (
    KitKeys,
    Passkey,
    check_age_recipient,
    fingerprint,
    key_id,
    match_fingerprint,
    parse_key_value,
    parse_kit_value,
    recipient_fingerprint,
)
from commonhold.kernel.kit import Kit
from tests.attacks import Mutation, attack
from tests.authenticator import Authenticator, spki_of

KIT = Kit(bytes(range(32))).keys
VECTORS = json.loads((Path(__file__).resolve().parents[2] / "vectors" / "kit.json").read_text("ascii"))
WEAK_ED25519 = bytes.fromhex("0100000000000000000000000000000000000000000000000000000000000000")


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def passkey_value(alg: str = "es256", **changes: Any) -> dict[str, Any]:
    return {**Authenticator(alg).passkey.to_value(), **changes}


def refusal_of(value: object) -> FormatError:
    with pytest.raises(FormatError) as refusal:
        parse_key_value(value)
    return refusal.value


# --------------------------------------------------------------------------------------------------------------------------- values


def test_key_ids_are_the_hash_of_a_type_byte_and_the_raw_key() -> None:
    """The id is SHA-256 of one type byte and the raw public key, so the same bytes as two kinds of key are two keys."""
    assert KIT.key_id == hashlib.sha256(b"\x01" + KIT.sign).hexdigest() == key_id(1, KIT.sign)
    for alg, kind in (("es256", 0x11), ("eddsa", 0x12), ("rs256", 0x13)):
        passkey = Authenticator(alg).passkey
        assert passkey.key_id == hashlib.sha256(bytes([kind]) + passkey.spki).hexdigest()


@pytest.mark.parametrize(
    "key", [KIT, *(Authenticator(alg).passkey for alg in ("es256", "eddsa", "rs256"))], ids=["kit", "es256", "eddsa", "rs256"]
)
def test_a_key_comes_back_from_its_canonical_form(key: KitKeys | Passkey) -> None:
    """to_value and parse_key_value are each other's inverse, through canonical bytes."""
    assert parse_key_value(parse_canonical(canonical_bytes(key.to_value()), max_size=5_000)) == key


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, "key/not-an-object"),
        ([], "key/not-an-object"),
        ({}, "key/kind"),
        ({"kind": "pgp"}, "key/kind"),
        ({"kind": {}}, "key/kind"),
        ({"kind": "kit"}, "key/fields"),
        ({**KIT.to_value(), "note": "x"}, "key/fields"),
        ({**KIT.to_value(), 5: "x"}, "key/fields"),
        ({**KIT.to_value(), "sign": 5}, "key/type"),
        ({**KIT.to_value(), "age": ["x"]}, "key/type"),
        ({**KIT.to_value(), "sign": b64(KIT.sign)[:-1]}, "base64/not-canonical"),
        ({**KIT.to_value(), "sign": b64(KIT.sign[:-1])}, "base64/length"),
        ({**KIT.to_value(), "sign": b64(WEAK_ED25519)}, "key/weak"),
        ({**KIT.to_value(), "age": KIT.age.upper()}, "key/age"),
        ({**KIT.to_value(), "age": bech32.encode("agf", bytes(range(32)))}, "key/age"),
        ({**KIT.to_value(), "age": bech32.encode("age", bytes(range(31)))}, "key/age"),
        ({**KIT.to_value(), "age": KIT.age[:-1] + "q"}, "bech32/checksum"),
        (passkey_value(alg="es384"), "key/algorithm"),
        (passkey_value(alg=-7), "key/type"),
        (passkey_value(spki=b64(b"")), "key/spki"),
        (passkey_value(spki="!"), "base64/not-canonical"),
        (passkey_value(extra=1), "key/fields"),
    ],
)
def test_a_malformed_key_is_refused(value: object, code: str) -> None:
    """Unknown kinds, missing and unknown fields, wrong types and sloppy encodings never become keys."""
    assert refusal_of(value).code == code


def test_where_a_kit_is_needed_a_passkey_will_not_do() -> None:
    """A founding member, an office-holder and a recovered member need a kit; a passkey is refused with the next step."""
    assert parse_kit_value(KIT.to_value()) == KIT
    with pytest.raises(FormatError) as refusal:
        parse_kit_value(passkey_value())
    assert refusal.value.code == "key/not-a-kit"
    assert "key new" in refusal.value.next_step


# ------------------------------------------------------------------------------------------------------------------------ weak keys


@pytest.mark.parametrize("vector", VECTORS["refused_recipients"], ids=lambda vector: vector["age"][4:12])
def test_a_weak_or_second_spelling_of_an_age_recipient_is_refused(vector: dict[str, str]) -> None:
    """A point of small order encrypts to everybody, and a point that is not reduced is another spelling of one that is."""
    with pytest.raises(FormatError) as refusal:
        check_age_recipient(vector["age"])
    assert refusal.value.code == vector["why"]


@attack(
    "record-03", Mutation("src/commonhold/kernel/spki.py", find="ed25519.check_public_key(raw_ed25519(der))", replace="raw_ed25519(der)")
)
def test_a_weak_ed25519_passkey_is_refused_at_enrolment() -> None:
    """The rule for kits holds for EdDSA passkeys too: under a key of small order one signature fits every message."""
    assert refusal_of(passkey_value("eddsa", spki=b64(spki.ED25519_HEADER + WEAK_ED25519))).code == "key/weak"


def test_an_es256_key_that_is_no_point_of_p256_is_refused() -> None:
    """A point off the curve is no key."""
    der = bytearray(Authenticator("es256").passkey.spki)
    der[-1] ^= 1
    assert refusal_of(passkey_value(spki=b64(bytes(der)))).code == "key/weak"


def test_a_compressed_point_is_another_spelling_and_refused() -> None:
    """One key has one form, so one id: a compressed P-256 point, a P-384 key and a longer DER are refused."""
    p256 = Authenticator("es256").private.public_key()
    point = p256.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    compressed = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200") + point
    p384 = spki_of(ec.derive_private_key(5, ec.SECP384R1()).public_key())
    for der in (compressed, p384, spki_of(p256) + b"\x00", b"\x00" + spki_of(p256)[1:]):
        assert refusal_of(passkey_value(spki=b64(der))).code == "key/spki"


def test_an_ed25519_key_in_another_form_is_refused() -> None:
    """An EdDSA passkey is exactly the 44 bytes of RFC 8410; Ed448 and an ES256 key are not."""
    good = Authenticator("eddsa").passkey.spki
    for der in (good + b"\x00", good[:-1], b"\x31" + good[1:], Authenticator("es256").passkey.spki):
        assert refusal_of(passkey_value("eddsa", spki=b64(der))).code == "key/spki"


def rsa_der(n: int, e: int = 65537) -> bytes:
    return spki_of(rsa.RSAPublicNumbers(e, n).public_key())


@pytest.mark.parametrize(
    ("der", "says"),
    [
        (rsa_der((1 << 2046) + 1), "2047"),
        (rsa_der((1 << 8192) + 1), "8193"),
        (rsa_der((1 << 2047) + 1, e=3), "65537"),
        (rsa_der((1 << 2047) + 1, e=65539), "65537"),
    ],
)
def test_a_weak_rsa_key_is_refused(der: bytes, says: str) -> None:
    """Fewer than 2,048 bits, more than 8,192, or another exponent than 65537 is refused, with both sides."""
    refusal = refusal_of(passkey_value("rs256", spki=b64(der)))
    assert refusal.code == "key/weak"
    assert says in str(refusal)


def test_the_smallest_and_the_largest_rsa_key_may_be_enrolled() -> None:
    """2,048 and 8,192 bits are both within the rule."""
    for bits in (2048, 8192):
        spki.check_spki("rs256", rsa_der((1 << (bits - 1)) + 1))


def test_an_rsa_key_in_another_form_is_refused() -> None:
    """Trailing bytes, lengths written longer than needed, other parameters, other algorithms and other keys are refused."""
    good = rsa_der((1 << 2047) + 1)
    oid = bytes.fromhex("06092a864886f70d010101")
    long_length = b"\x30\x83\x00" + good[2:]
    no_parameters = good.replace(b"\x30\x0d" + oid + b"\x05\x00", b"\x30\x0b" + oid)
    no_parameters = b"\x30\x82" + (len(no_parameters) - 4).to_bytes(2, "big") + no_parameters[4:]
    pss = no_parameters.replace(oid, bytes.fromhex("06092a864886f70d01010a"))
    unknown = good.replace(oid, bytes.fromhex("06092a864886f70d01017f"))
    for der in (b"", good + b"\x00", long_length, no_parameters, pss, unknown, Authenticator("es256").passkey.spki, good + bytes(2_000)):
        assert refusal_of(passkey_value("rs256", spki=b64(der))).code == "key/spki"


# -------------------------------------------------------------------------------------------------------------- domains and origins


@pytest.mark.parametrize(
    ("rp_id", "origins"),
    [
        ("saltmarsh.example", ["https://saltmarsh.example", "https://house.saltmarsh.example:8443"]),
        ("localhost", ["http://localhost:8000", "https://localhost", "https://house.localhost:1"]),
        ("xn--salzwiese-q2a.example", [f"https://xn--salzwiese-q2a.example:{port}" for port in range(1, 9)]),
        ("a.co", ["https://a.co:65535"]),
    ],
)
def test_a_proper_domain_and_origins_may_be_enrolled(rp_id: str, origins: list[str]) -> None:
    """One to eight https origins on the domain or below it; http on localhost only."""
    key = parse_key_value(passkey_value(rp_id=rp_id, origins=origins))
    assert isinstance(key, Passkey)
    assert key.origins == tuple(origins)


@pytest.mark.parametrize(
    "rp_id",
    [
        "",
        "example",
        "Example.org",
        "example.org.",
        ".example.org",
        "ex_ample.org",
        "-a.org",
        "a-.org",
        "127.0.0.1",
        "a..org",
        "[::1]",
        "caf\u00e9.org",
        "a.org:443",
        "https://a.org",
        "a.org\n",
        "x" * 64 + ".org",
        ".".join(["a" * 60] * 5),
        "\u2488.org",
        "org.1",
    ],
)
def test_an_improper_domain_is_refused(rp_id: str) -> None:
    """A bare name, an address, capitals, other scripts, ports and overlong labels are no domain of a passkey."""
    assert refusal_of(passkey_value(rp_id=rp_id, origins=["https://" + rp_id])).code == "key/rp-id"


@pytest.mark.parametrize(
    "origin",
    [
        "http://saltmarsh.example",
        "https://saltmarsh.example/",
        "https://saltmarsh.example:443",
        "https://saltmarsh.example:0",
        "https://saltmarsh.example:65536",
        "https://saltmarsh.example:08",
        "https://Saltmarsh.example",
        "https://evilsaltmarsh.example",
        "https://saltmarsh.example.evil.test",
        "https://a@saltmarsh.example",
        "https://.saltmarsh.example",
        "https://-.saltmarsh.example",
        "https://a..saltmarsh.example",
        "https://saltmarsh.example\n",
        "ftp://saltmarsh.example",
        "null",
        "",
        5,
        None,
        "https://" + "a" * 300 + ".saltmarsh.example",
        "android:apk-key-hash:abc",
        "http://localhost",
        "https://other.example",
    ],
)
def test_an_improper_origin_is_refused(origin: object) -> None:
    """An origin that a browser would not write so, that is not encrypted, or that is not under the domain is refused."""
    assert refusal_of(passkey_value(origins=[origin])).code == "key/origin"


@pytest.mark.parametrize(
    "origins", [[], ["https://saltmarsh.example"] * 2, [f"https://saltmarsh.example:{port}" for port in range(1, 10)], "x", {}]
)
def test_no_origin_nine_or_one_twice_are_refused(origins: object) -> None:
    """A passkey has one to eight origins, each once."""
    assert refusal_of(passkey_value(origins=origins)).code == "key/origins"


def test_http_is_refused_under_a_name_below_localhost() -> None:
    """Only localhost itself may do without encryption, at any port but the default one."""
    for origin in ("http://house.localhost", "http://localhost:80"):
        assert refusal_of(passkey_value(rp_id="localhost", origins=[origin])).code == "key/origin"


# --------------------------------------------------------------------------------------------------------------------- fingerprints


def test_a_fingerprint_is_the_first_66_bits_as_words() -> None:
    """Six words are the first 66 bits of a hash of the whole enrolled value under its own domain."""
    digest = hashlib.sha256(b"commonhold/fingerprint/v1\n" + canonical_bytes(KIT.to_value())).digest()
    bits = bin(int.from_bytes(digest, "big") | 1 << 256)[3:]
    word_list = Mnemonic("english").wordlist
    assert fingerprint(KIT) == tuple(word_list[int(bits[start : start + 11], 2)] for start in range(0, 66, 11))


def test_a_one_off_recipient_has_six_words_of_its_own() -> None:
    """They are no kit's, also where the kit's recipient is the same."""
    digest = hashlib.sha256(b"commonhold/fingerprint/v1\n" + canonical_bytes({"kind": "recipient", "age": KIT.age})).digest()
    bits = f"{int.from_bytes(digest, 'big'):0256b}"
    word_list = Mnemonic("english").wordlist
    assert recipient_fingerprint(KIT.age) == tuple(word_list[int(bits[start : start + 11], 2)] for start in range(0, 66, 11))
    assert recipient_fingerprint(KIT.age) != fingerprint(KIT)


def test_a_fingerprint_is_compared_as_people_say_it() -> None:
    """Capitals, commas and extra spaces change nothing."""
    said = fingerprint(KIT)
    match_fingerprint(KIT, " ".join(said))
    match_fingerprint(KIT, "\n " + ",  ".join(word.upper() for word in said))


@settings(max_examples=30)
@given(st.binary(min_size=32, max_size=32).filter(lambda secret: len(set(secret)) > 1))
def test_the_fingerprint_of_another_key_never_matches(secret: bytes) -> None:
    """Another kit's words are refused, and the right words are not shown to be copied."""
    other = Kit(secret).keys
    with pytest.raises(RuleError) as refusal:
        match_fingerprint(KIT, " ".join(fingerprint(other)))
    assert refusal.value.code == "fingerprint/mismatch"
    assert not set(fingerprint(KIT)) & set(refusal.value.diagnostics().split()) - {"word", "key"}


def test_a_foreign_age_recipient_changes_the_fingerprint() -> None:
    """Nobody can put their own recipient beside a member's signing key and keep the six words."""
    swapped = KitKeys(KIT.sign, Kit(bytes(range(1, 33))).keys.age)
    assert swapped.key_id == KIT.key_id
    with pytest.raises(RuleError, match="does not match"):
        match_fingerprint(swapped, " ".join(fingerprint(KIT)))


@pytest.mark.parametrize(
    ("said", "code"), [("", "fingerprint/count"), ("zoo " * 5, "fingerprint/count"), ("zoo " * 7, "fingerprint/count")]
)
def test_a_fingerprint_of_another_length_is_refused(said: str, code: str) -> None:
    """Five of six words are not a comparison."""
    with pytest.raises(RuleError) as refusal:
        match_fingerprint(KIT, said)
    assert refusal.value.code == code


def test_a_word_outside_the_list_is_named_by_its_place() -> None:
    """A misheard word is asked for again, by its place."""
    said = [*fingerprint(KIT)]
    said[3] = "xyzzy"
    with pytest.raises(RuleError, match="word 4") as refusal:
        match_fingerprint(KIT, " ".join(said))
    assert refusal.value.code == "fingerprint/word"

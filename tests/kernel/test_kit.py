"""Laws about kits: what follows from the secret, how it is written and read, and that it shows itself to nobody by accident."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import runpy
from pathlib import Path

import pyrage
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mnemonic import Mnemonic

from commonhold.kernel import bech32, ed25519, words
from commonhold.kernel.card import Card, parse_card
from commonhold.kernel.errors import CommonholdError, CustodyError, FormatError
from commonhold.kernel.keys import KitKeys, check_age_recipient, fingerprint
from commonhold.kernel.kit import MAX_TYPED, Kit, kit_from_text, kit_from_words

VECTORS = Path(__file__).resolve().parents[2] / "vectors"
VALUE = json.loads((VECTORS / "kit.json").read_text("ascii"))
KITS = VALUE["kits"]
SECRET = bytes.fromhex(KITS[0]["secret"])
secrets_32 = st.binary(min_size=32, max_size=32).filter(lambda secret: len(set(secret)) > 1)


def test_making_the_vectors_again_changes_nothing() -> None:
    """The vectors are what the code makes today, so a change of the format cannot pass unseen."""
    assert runpy.run_path(str(VECTORS / "make_kit.py"))["render"]() == (VECTORS / "kit.json").read_text("ascii")


@pytest.mark.parametrize("vector", KITS, ids=lambda vector: vector["member"])
def test_a_kit_follows_from_its_secret_as_the_vectors_say(vector: dict[str, str]) -> None:
    """Both keys, both written forms, the id, the words, a signature and the card follow from the 32 bytes alone."""
    kit = Kit(bytes.fromhex(vector["secret"]))
    assert kit.keys.to_value() == {"kind": "kit", "sign": vector["sign"], "age": vector["age"]}
    assert kit.age_identity == vector["age_identity"]
    assert kit.key_id == vector["key"]
    assert " ".join(fingerprint(kit.keys)) == vector["fingerprint"]
    assert kit_from_words(vector["words"]) == kit
    assert kit_from_text(vector["text"]) == kit
    card = parse_card(vector["card"].encode())
    assert card == Card(vector["member"], kit.keys)
    message = VALUE["message"].encode()
    assert kit.sign(message) == base64.b64decode(vector["signature"])
    ed25519.verify(kit.keys.sign, message, kit.sign(message))


def test_the_two_keys_are_hkdf_sha256_of_the_secret() -> None:
    """RFC 5869 with an empty salt, written out by hand, gives the same seeds."""

    def hkdf(info: bytes) -> bytes:
        extracted = hmac.digest(bytes(32), SECRET, "sha256")
        return hmac.digest(extracted, info + b"\x01", "sha256")

    kit = Kit(SECRET)
    assert ed25519.public_key(hkdf(b"commonhold/kit/sign/v1")) == kit.keys.sign
    assert bech32.decode(kit.age_identity) == ("age-secret-key-", hkdf(b"commonhold/kit/age/v1"))


@settings(max_examples=25)
@given(secrets_32)
def test_age_reads_the_kit_s_identity_and_sees_the_same_recipient(secret: bytes) -> None:
    """An age program parses the identity, derives the recipient that the record holds, and opens what is encrypted to it."""
    kit = Kit(secret)
    identity = pyrage.x25519.Identity.from_str(kit.age_identity)
    assert str(identity.to_public()) == kit.keys.age
    check_age_recipient(kit.keys.age)
    assert pyrage.decrypt(pyrage.encrypt(b"share", [pyrage.x25519.Recipient.from_str(kit.keys.age)]), [identity]) == b"share"


@settings(max_examples=40)
@given(secrets_32)
def test_words_and_text_come_back_as_the_same_kit(secret: bytes) -> None:
    """24 words and the QR text each hold the whole secret, as BIP-39 and BIP-173 define them."""
    kit = Kit(secret)
    assert " ".join(kit.words()) == Mnemonic("english").to_mnemonic(secret)
    assert kit_from_words(" ".join(kit.words())) == kit
    assert kit_from_text(kit.text()) == kit
    assert kit.text().startswith("COMMONHOLD-KIT-1")


def test_words_are_read_as_a_person_types_them() -> None:
    """Capitals, commas, line breaks and the numbers of the sheet change nothing."""
    kit = Kit(SECRET)
    typed = "\n".join(f"{place}. {word.title()}," if place % 2 else f"{place}) {word}" for place, word in enumerate(kit.words(), 1))
    assert kit_from_words(typed) == kit
    assert kit_from_text("  " + kit.text().lower() + "\n") == kit


@pytest.mark.parametrize("vector", VALUE["refused_words"], ids=lambda vector: vector["why"])
def test_wrong_words_are_refused_with_the_reason(vector: dict[str, str]) -> None:
    """A word outside the list, a wrong count, a wrong checksum and a secret that is no secret are told apart."""
    with pytest.raises(CommonholdError) as refusal:
        kit_from_words(vector["typed"])
    assert refusal.value.code == vector["why"]
    assert refusal.value.next_step
    if "place" in vector:
        assert refusal.value.data["place"] == vector["place"]


def test_a_mistyped_word_is_named_by_its_place_with_likely_words() -> None:
    """Whoever mistypes one word is told which, and what it was likely meant to be; what they typed is not repeated."""
    typed = list(Kit(SECRET).words())
    right, typed[6] = typed[6], typed[6][:4] + "xx"
    with pytest.raises(FormatError, match="word 7 is not in the list") as refusal:
        kit_from_words(" ".join(typed))
    assert right in refusal.value.data["suggestions"]
    assert right in refusal.value.next_step
    assert typed[6] not in str(refusal.value)


def test_a_word_that_resembles_none_is_named_without_a_guess() -> None:
    """Where nothing in the list is close, the place alone is told."""
    typed = list(Kit(SECRET).words())
    typed[2] = "qqqq"
    with pytest.raises(FormatError) as refusal:
        kit_from_words(" ".join(typed))
    assert refusal.value.data["suggestions"] == []
    assert refusal.value.next_step == "Look at word 3 on the sheet again."


def test_a_wrong_word_of_the_list_is_hinted_at_by_its_place() -> None:
    """Where every word is in the list but the checksum is wrong, places with look-alikes that would fit are told, never a word."""
    kit = Kit(SECRET)
    for place, word in enumerate(kit.words()):
        look_alikes = [other for other in words.suggestions(word) if other != word and word in words.suggestions(other)]
        for other in look_alikes:
            typed = [*kit.words()[:place], other, *kit.words()[place + 1 :]]
            with pytest.raises(FormatError) as refusal:
                kit_from_words(" ".join(typed))
            assert refusal.value.code == "kit/checksum"
            assert place + 1 in refusal.value.data["doubtful"]
            assert not set(kit.words()) & set(refusal.value.diagnostics().lower().split()) - {
                "word",
                "place",
                "sheet",
                "first",
                "one",
                "two",
            }
            return
    pytest.fail("no word of this kit has a look-alike: choose another secret")


def test_two_words_that_changed_places_are_refused() -> None:
    """The checksum notices an exchange of two words, and says that this may be the reason."""
    typed = list(Kit(SECRET).words())
    typed[0], typed[1] = typed[1], typed[0]
    with pytest.raises(FormatError, match="two have changed places"):
        kit_from_words(" ".join(typed))


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "kit/word-count"),
        ("1. 2. 3.", "kit/word-count"),
        ("abandon " * 600, "kit/too-long"),
    ],
)
def test_anything_else_than_24_words_is_refused(typed: str, code: str) -> None:
    """Nothing, numbers alone and endless text are refused before any arithmetic."""
    with pytest.raises(FormatError) as refusal:
        kit_from_words(typed)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "bech32/parts"),
        (Kit(SECRET).text()[:-1], "bech32/checksum"),
        (Kit(SECRET).text()[:-1] + "b", "bech32/case"),
        (Kit(SECRET).age_identity, "kit/text"),
        ("x" * (MAX_TYPED + 1), "kit/too-long"),
        (bech32.encode("commonhold-kit-", bytes(range(31))), "kit/length"),
        (bech32.encode("commonhold-kit-", bytes(32)), "kit/not-random"),
    ],
)
def test_a_text_that_is_not_a_kit_is_refused(typed: str, code: str) -> None:
    """A torn, mistyped or foreign QR text is refused with the reason."""
    with pytest.raises(CommonholdError) as refusal:
        kit_from_text(typed)
    assert refusal.value.code == code


@pytest.mark.parametrize("secret", [bytes(32), b"\xff" * 32, b"\x7f" * 32])
def test_a_secret_of_one_repeated_byte_is_refused(secret: bytes) -> None:
    """The published vectors of BIP-39 and the output of a broken generator are nobody's kit."""
    with pytest.raises(CustodyError) as refusal:
        Kit(secret)
    assert refusal.value.code == "kit/not-random"


def test_a_secret_of_another_length_is_refused() -> None:
    """A kit is 32 bytes, neither more nor less."""
    with pytest.raises(FormatError, match="this one has 31"):
        Kit(bytes(range(31)))


def test_a_kit_shows_no_secret_in_its_repr() -> None:
    """A kit in a log, a traceback or a test report shows its public key id and nothing that is secret."""
    kit = Kit(SECRET)
    shown = f"{kit!r} {kit} {[kit]}"
    assert kit.key_id in shown
    for secret in (repr(kit.secret), kit.secret.hex(), kit.text(), kit.age_identity, kit.words()[0]):
        assert secret not in shown


def test_a_kit_notices_when_the_record_holds_other_keys() -> None:
    """Whoever put another age recipient beside a member's signing key is found out before the member signs anything."""
    kit, other = Kit(SECRET), Kit(hashlib.sha256(SECRET).digest())
    kit.check_recorded(kit.keys)
    with pytest.raises(CustodyError, match="foreign age recipient") as refusal:
        kit.check_recorded(KitKeys(kit.keys.sign, other.keys.age))
    assert refusal.value.code == "kit/foreign-recipient"
    with pytest.raises(CustodyError, match="another kit") as refusal:
        kit.check_recorded(KitKeys(other.keys.sign, kit.keys.age))
    assert refusal.value.code == "kit/not-recorded"

"""Laws about the keys that sign notes: their text forms, their names, and which keys are refused."""

from __future__ import annotations

import pytest

from commonhold.kernel import b64, ed25519
from commonhold.kernel.errors import FormatError
from commonhold.kernel.notekeys import COSIGNATURE, Signature, SignerKey, VerifierKey, check_key_name, shown

HERON = SignerKey("heron.example", bytes([1]) * 32)
TERN = SignerKey("tern.example/key", bytes([2]) * 32)
PARTNER = SignerKey("partner.example", bytes([3]) * 32, COSIGNATURE)


@pytest.mark.parametrize("signer", [HERON, TERN, PARTNER])
def test_keys_survive_their_text_forms(signer: SignerKey) -> None:
    """A vkey and a private key are read back as they were written; the id is the first four bytes of the specified hash."""
    assert VerifierKey.parse(str(signer.verifier)) == signer.verifier
    assert SignerKey.parse(signer.encode()) == signer
    assert signer.verifier.public == ed25519.public_key(signer.seed)
    assert len(signer.verifier.key_id) == 4


def test_a_private_key_of_gos_note_package_is_read() -> None:
    """The key in the documentation of golang.org/x/mod/sumdb/note signs what its vkey there verifies."""
    signer = SignerKey.parse("PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")
    assert str(signer.verifier) == "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"


def test_a_secret_is_not_shown() -> None:
    """Neither the repr of a signer nor the refusal of a malformed private key repeats the secret."""
    assert repr(HERON.seed)[2:-1] not in repr(HERON)
    assert "seed" not in repr(HERON)
    secret = HERON.encode()
    for broken in (secret.lower(), secret[:-1], secret.replace("heron", "tern")):
        with pytest.raises(FormatError) as refusal:
            SignerKey.parse(broken)
        assert b64.encode(HERON.seed)[4:30] not in refusal.value.diagnostics()


VKEY = str(HERON.verifier)
MATERIAL = VKEY.rsplit("+", 1)[1]


@pytest.mark.parametrize(
    ("vkey", "code"),
    [
        ("", "vkey/malformed"),
        ("heron.example", "vkey/malformed"),
        (f"heron.example+{MATERIAL}", "vkey/malformed"),
        (f"heron.example+ABCDEF01+{MATERIAL}", "vkey/malformed"),
        (VKEY.replace("heron", "h" * 5000), "vkey/malformed"),
        ("heron.example+00000000+AQ==", "vkey/malformed"),
        ("heron.example+00000000+", "vkey/malformed"),
        (VKEY.replace("heron", "tern"), "vkey/id"),
        (VKEY.replace("heron.", "heron "), "key/name"),
        (f"+{VKEY.split('+', 1)[1]}", "key/name"),
        (VKEY + "=", "base64/not-canonical"),
        (VKEY + "\n", "base64/not-canonical"),
        ("heron.example+00000000+" + b64.encode(bytes([1]) + bytes(31)), "key/length"),
        ("heron.example+00000000+" + b64.encode(bytes([1, 1]) + bytes(31)), "key/weak"),
        ("heron.example+00000000+" + b64.encode(bytes([2]) + bytes(91)), "vkey/unsupported-kind"),
        ("heron.example+00000000+" + b64.encode(bytes([6]) + bytes(1312)), "vkey/unsupported-kind"),
        ("heron.example+00000000+" + b64.encode(bytes([255]) + bytes(32)), "vkey/unsupported-kind"),
    ],
)
def test_a_malformed_weak_or_unsupported_vkey_is_refused(vkey: str, code: str) -> None:
    """A verifier is configured with whole, strong keys of a kind that it can check, or not at all."""
    with pytest.raises(FormatError) as refusal:
        VerifierKey.parse(vkey)
    assert refusal.value.code == code


def test_a_post_quantum_key_is_refused_by_its_name() -> None:
    """A reader with an ML-DSA key learns what it is and what works instead."""
    with pytest.raises(FormatError, match=r"0x06 .ML-DSA-44 cosignature.") as refusal:
        VerifierKey.parse("w.example+00000000+" + b64.encode(bytes([6]) + bytes(1312)))
    assert refusal.value.next_step == "Use an Ed25519 key."


def test_a_private_key_of_the_wrong_shape_is_refused() -> None:
    """A seed has 32 bytes, its kind is supported, its id is its own."""
    for make in (
        lambda: SignerKey("heron.example", bytes(31)),
        lambda: SignerKey("heron example", bytes(32)),
        lambda: SignerKey("heron.example", bytes(32), 6),
        lambda: SignerKey.parse(VKEY),
        lambda: SignerKey.parse(HERON.encode().replace(HERON.verifier.key_id.hex(), "00000000")),
    ):
        with pytest.raises(FormatError):
            make()


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u00a0b", "a\u2003b", "a\nb", "a\x00b", "a\x1fb", "a\u3000", "\ud800"])
def test_a_key_name_is_one_word_without_plus_or_controls(name: str) -> None:
    """Spaces of any script, plus signs and control characters would make lines and vkeys ambiguous."""
    with pytest.raises(FormatError) as refusal:
        check_key_name(name)
    assert refusal.value.code == "key/name"
    with pytest.raises(FormatError):
        Signature(name, bytes(4), bytes(64))


def test_names_in_messages_are_cut_and_escaped() -> None:
    """A message shows a long name cut, and escapes whatever a terminal would act upon."""
    assert shown("heron") == "heron"
    assert shown("\u202enoreh") == "'\\u202enoreh'"
    assert shown("h" * 300) == "h" * 200

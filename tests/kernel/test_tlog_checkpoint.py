"""Laws about checkpoints and cosignatures: what a log says, who may say it, and when it was seen."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonhold.kernel import b64, ed25519
from commonhold.kernel.errors import CommonholdError, FormatError, ProofError
from commonhold.kernel.notes import COSIGNATURE, MAX_TIME, Signature, SignerKey, append_signatures, parse_note, sign_note
from commonhold.kernel.tlog.checkpoint import (
    Checkpoint,
    cosign,
    open_checkpoint,
    open_cosigned,
    parse_checkpoint,
    parse_decimal,
    verify_cosignature,
)
from commonhold.kernel.tlog.merkle import EMPTY_ROOT, MAX_SIZE
from tests.attacks import Mutation, attack

CHECKPOINT = "src/commonhold/kernel/tlog/checkpoint.py"
ORIGIN = "commonhold/saltmarsh/0"
LOG = SignerKey(ORIGIN, bytes([1]) * 32)
OTHER_LOG = SignerKey("commonhold/estuary/0", bytes([2]) * 32)
PARTNER = SignerKey("partner.example", bytes([3]) * 32, COSIGNATURE)
ROOT = bytes(range(32))
HEAD = Checkpoint(ORIGIN, 42, ROOT)
TEXT = HEAD.text()
NOTE = HEAD.sign(LOG)


def test_a_checkpoint_of_ours_has_three_lines() -> None:
    """Origin, size and root in base64, each on its line, and nothing else."""
    assert f"commonhold/saltmarsh/0\n42\n{b64.encode(ROOT)}\n" == TEXT
    assert parse_checkpoint(TEXT) == HEAD
    assert Checkpoint(ORIGIN, 0, EMPTY_ROOT).text().split("\n")[1] == "0"


ROOT_LINE = b64.encode(ROOT)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        TEXT[:-1],
        f"{ORIGIN}\n42\n",
        f"\n42\n{ROOT_LINE}\n",
        f"{ORIGIN}\n\n{ROOT_LINE}\n",
        f"{ORIGIN}\n042\n{ROOT_LINE}\n",
        f"{ORIGIN}\n00\n{ROOT_LINE}\n",
        f"{ORIGIN}\n+42\n{ROOT_LINE}\n",
        f"{ORIGIN}\n-1\n{ROOT_LINE}\n",
        f"{ORIGIN}\n4_2\n{ROOT_LINE}\n",
        f"{ORIGIN}\n 42\n{ROOT_LINE}\n",
        f"{ORIGIN}\n٤٢\n{ROOT_LINE}\n",
        f"{ORIGIN}\n9223372036854775808\n{ROOT_LINE}\n",
        f"{ORIGIN}\n{'9' * 10_000}\n{ROOT_LINE}\n",
        f"{ORIGIN}\n42\n{b64.encode(bytes(31))}\n",
        f"{ORIGIN}\n42\n{b64.encode(bytes(33))}\n",
        f"{ORIGIN}\n42\n{ROOT_LINE[:-1]}\n",
        f"{ORIGIN}\n42\n{ROOT_LINE[:-2]}9=\n",
        f"{ORIGIN}\n42\n{ROOT_LINE}\n\n",
        f"{ORIGIN}\n42\n{ROOT_LINE}\nextension\n\nanother\n",
        f"{ORIGIN}\r\n42\n{ROOT_LINE}\n",
    ],
)
def test_every_other_form_of_a_checkpoint_is_refused(text: str) -> None:
    """One checkpoint has one text: no leading zeros, no other digits, canonical base64 of 32 bytes, no empty lines."""
    with pytest.raises(FormatError):
        parse_checkpoint(text)


def test_what_cannot_be_written_as_a_checkpoint_cannot_be_made() -> None:
    """An origin or extension of several lines, a size out of range or a root of another length never reaches a signer."""
    for make in (
        lambda: Checkpoint("", 1, ROOT),
        lambda: Checkpoint("two\nlines", 1, ROOT),
        lambda: Checkpoint("tab\t", 1, ROOT),
        lambda: Checkpoint(ORIGIN, -1, ROOT),
        lambda: Checkpoint(ORIGIN, MAX_SIZE + 1, ROOT),
        lambda: Checkpoint(ORIGIN, 1, ROOT[:-1]),
        lambda: Checkpoint(ORIGIN, 1, ROOT, ("",)),
        lambda: Checkpoint(ORIGIN, 1, ROOT, ("two\nlines",)),
    ):
        with pytest.raises(FormatError):
            make()


lines = st.text(st.characters(codec="utf-8", min_codepoint=0x20), min_size=1, max_size=20)


@given(lines, st.integers(0, MAX_SIZE), st.binary(min_size=32, max_size=32), st.lists(lines, max_size=3))
def test_a_checkpoint_survives_its_text(origin: str, size: int, root: bytes, extensions: list[str]) -> None:
    """Whatever the origin, size, root and extension lines, the text gives them back."""
    checkpoint = Checkpoint(origin, size, root, tuple(extensions))
    assert parse_checkpoint(checkpoint.text()) == checkpoint


@given(st.text(max_size=80) | st.lists(lines, max_size=5).map(lambda parts: "\n".join(parts) + "\n"))
def test_whatever_parses_as_a_checkpoint_is_written_again_in_the_same_way(text: str) -> None:
    """Arbitrary text is refused in words, or has exactly this spelling."""
    with contextlib.suppress(FormatError):
        assert parse_checkpoint(text).text() == text


# -------------------------------------------------------------------------------------------------------------------- opening


def test_a_checkpoint_that_its_log_signed_opens() -> None:
    """The log's key carries the origin as its name, and its signature makes the checkpoint believed."""
    checkpoint, note = open_checkpoint(NOTE, [OTHER_LOG.verifier, LOG.verifier])
    assert checkpoint == HEAD
    assert note.text == TEXT


def test_one_log_cannot_speak_for_another() -> None:
    """A trusted log that signs a checkpoint with another log's origin is refused, and both names are shown."""
    forged = HEAD.sign(OTHER_LOG)
    with pytest.raises(ProofError, match="log commonhold/saltmarsh/0, and commonhold/estuary/0 is expected") as refusal:
        open_checkpoint(forged, [LOG.verifier, OTHER_LOG.verifier])
    assert refusal.value.code == "checkpoint/origin"
    with pytest.raises(ProofError) as refusal:
        open_checkpoint(NOTE, [LOG.verifier], origin="commonhold/estuary/0")
    assert refusal.value.data == {"origin": ORIGIN, "expected": "commonhold/estuary/0"}
    # Whoever names the origin vouches for the keys that may sign it.
    assert open_checkpoint(forged, [OTHER_LOG.verifier], origin=ORIGIN)[0] == HEAD


def test_a_checkpoint_without_its_logs_signature_is_refused() -> None:
    """Cosigners alone make no checkpoint, and neither does a stranger."""
    cosigned = append_signatures(sign_note(TEXT, OTHER_LOG), cosign(NOTE, PARTNER, 5))
    with pytest.raises(ProofError) as refusal:
        open_cosigned(cosigned, [LOG.verifier], [PARTNER.verifier])
    assert refusal.value.code == "checkpoint/no-log"
    with pytest.raises(ProofError) as refusal:
        open_checkpoint(cosigned, [LOG.verifier])
    assert refusal.value.code == "note/no-known-key"


def test_a_signed_note_that_is_no_checkpoint_is_refused() -> None:
    """A log's key under any other text says nothing about the log."""
    with pytest.raises(FormatError):
        open_checkpoint(sign_note("hello\n", LOG), [LOG.verifier])
    with pytest.raises(FormatError):
        cosign(sign_note("hello\n", LOG), PARTNER, 5)


def test_keys_of_the_wrong_kind_are_the_readers_error() -> None:
    """A cosigner's key is no log key, and a log key no cosigner's."""
    for ask in (
        lambda: open_cosigned(NOTE, [PARTNER.verifier], []),
        lambda: open_cosigned(NOTE, [LOG.verifier], [OTHER_LOG.verifier]),
        lambda: cosign(NOTE, LOG, 5),
        lambda: verify_cosignature(TEXT, LOG.verifier, LOG.sign(TEXT)),
    ):
        with pytest.raises(FormatError) as refusal:
            ask()
        assert refusal.value.code == "checkpoint/key-kind"


# ------------------------------------------------------------------------------------------------------------------- cosigning


def test_a_cosignature_says_when() -> None:
    """A cosigner signs the header, the time and the whole text; the line holds 4 + 8 + 64 bytes and gives the time back."""
    signature = cosign(NOTE, PARTNER, 1_700_000_000)
    assert verify_cosignature(TEXT, PARTNER.verifier, signature) == 1_700_000_000
    assert len(b64.decode(signature.line.split(" ")[2].rstrip("\n"))) == 76
    ed25519.verify(PARTNER.verifier.public, f"cosignature/v1\ntime 1700000000\n{TEXT}".encode(), signature.data[8:])
    opened = open_cosigned(append_signatures(NOTE, signature), [LOG.verifier], [PARTNER.verifier])
    assert opened.checkpoint == HEAD
    assert opened.cosignatures == {PARTNER.verifier: 1_700_000_000}
    assert open_cosigned(NOTE, [LOG.verifier], [PARTNER.verifier]).cosignatures == {}


def test_a_cosignature_covers_the_extension_lines_of_a_foreign_checkpoint() -> None:
    """Lines that we do not understand are part of what an Ed25519 cosigner signed, so they are kept to the byte."""
    foreign = Checkpoint(ORIGIN, 42, ROOT, ("extension one", "two"))
    signature = cosign(foreign.sign(LOG), PARTNER, 7)
    assert verify_cosignature(foreign.text(), PARTNER.verifier, signature) == 7
    with pytest.raises(ProofError):
        verify_cosignature(TEXT, PARTNER.verifier, signature)
    assert open_checkpoint(foreign.sign(LOG), [LOG.verifier])[0].extensions == ("extension one", "two")


@attack(
    "record-08",
    Mutation(
        "src/commonhold/kernel/notekeys.py",
        find='    return b"cosignature/v1\\ntime %d\\n" % time + text',
        replace='    return b"cosignature/v1\\ntime %d\\n" % (time * 0) + text',
    ),
)
def test_the_time_of_a_cosignature_cannot_be_changed() -> None:
    """The time is under the signature: another one in the line, even by a second, refuses the whole note."""
    signature = cosign(NOTE, PARTNER, 1_700_000_000)
    moved = Signature(signature.name, signature.key_id, (1_700_000_001).to_bytes(8, "big") + signature.data[8:])
    with pytest.raises(ProofError):
        verify_cosignature(TEXT, PARTNER.verifier, moved)
    with pytest.raises(ProofError) as refusal:
        open_cosigned(append_signatures(NOTE, moved), [LOG.verifier], [PARTNER.verifier])
    assert refusal.value.code == "note/bad-signature"


@pytest.mark.parametrize("data", [b"x", bytes(8), bytes(71), bytes(73), bytes(64), b"\xff" * 72])
def test_a_cosignature_of_another_shape_is_bad(data: bytes) -> None:
    """A time and a signature, 72 bytes together; anything else by a known cosigner refuses the note."""
    signature = Signature(PARTNER.name, PARTNER.verifier.key_id, data)
    with pytest.raises(ProofError):
        open_cosigned(append_signatures(NOTE, signature), [LOG.verifier], [PARTNER.verifier])
    with pytest.raises(ProofError):
        verify_cosignature(TEXT, PARTNER.verifier, signature)


@pytest.mark.parametrize("time", [0, -1, MAX_TIME + 1])
def test_a_cosigner_signs_no_time_that_cannot_be(time: int) -> None:
    """A cosignature's time is a second after 1970 that fits into 63 bits."""
    with pytest.raises(FormatError):
        cosign(NOTE, PARTNER, time)


def test_a_renamed_cosignature_is_a_strangers() -> None:
    """The signed message does not hold the cosigner's name, so the name and id of the line decide, and another name is unknown."""
    signature = cosign(NOTE, PARTNER, 5)
    renamed = Signature("other.example", signature.key_id, signature.data)
    opened = open_cosigned(append_signatures(NOTE, renamed), [LOG.verifier], [PARTNER.verifier])
    assert opened.cosignatures == {}
    assert opened.note.unknown == 1
    with pytest.raises(ProofError):
        verify_cosignature(TEXT, PARTNER.verifier, renamed)


@given(st.integers(0, 8 * len(NOTE) - 1))
def test_no_bit_of_a_signed_checkpoint_can_change(bit: int) -> None:
    """A signed checkpoint with one bit changed is refused, whichever bit it is."""
    changed = (int.from_bytes(NOTE, "big") ^ 1 << bit).to_bytes(len(NOTE), "big")
    with pytest.raises(CommonholdError):
        open_checkpoint(changed, [LOG.verifier])


def test_numbers_are_plain_decimals() -> None:
    """The one reader of numbers gives sizes and indexes the same rules, and names the thing."""
    assert parse_decimal("0", "size") == 0
    assert parse_decimal(str(MAX_SIZE), "size") == MAX_SIZE
    refused: list[Callable[[], int]] = [
        lambda: parse_decimal("", "size"),
        lambda: parse_decimal("1" * 20, "size"),
        lambda: parse_decimal("1\n", "size"),
    ]
    for ask in refused:
        with pytest.raises(FormatError, match="the size is"):
            ask()
    assert parse_note(NOTE).text == TEXT

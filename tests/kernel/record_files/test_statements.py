"""Laws of what partner nodes sign beside checkpoints; that the formats hold is ``tests/conformance``' business."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonhold.kernel.errors import FormatError, ProofError
from commonhold.kernel.ids import origin_of
from commonhold.kernel.notes import COSIGNATURE, SignerKey, append_signatures
from commonhold.kernel.record.statements import (
    Frozen,
    Vouched,
    check_kept,
    open_frozen,
    open_vouched,
    parse_frozen,
    parse_vouched,
    sign_statement,
)
from commonhold.kernel.tlog.checkpoint import Checkpoint, SignedCheckpoint, cosign, open_cosigned, parse_checkpoint

ORG = "ab" * 32
LOG = SignerKey(origin_of(ORG, 0, bytes([1]) * 32), bytes([1]) * 32)
NEXT = origin_of(ORG, 1, bytes([2]) * 32)
MIRROR = SignerKey("kestrel.example/mirror", bytes([3]) * 32, COSIGNATURE)
FROZEN = Frozen(LOG.name, 7, bytes(32), NEXT)


def head(size: int, time: int, origin: SignerKey = LOG) -> SignedCheckpoint:
    """A checkpoint that the mirror has cosigned."""
    raw = Checkpoint(origin.name, size, bytes(32)).sign(origin)
    return open_cosigned(append_signatures(raw, cosign(raw, MIRROR, time)), [origin.verifier], [MIRROR.verifier])


@given(size=st.integers(1, 2**63 - 1), root=st.binary(min_size=32, max_size=32), count=st.integers(0, 2**63 - 1))
def test_parsing_a_statement_gives_it_again_and_no_checkpoint(size: int, root: bytes, count: int) -> None:
    """A statement has one text; that text is never a checkpoint, which the same mirror key signs too, and never the other statement."""
    frozen, vouched = Frozen(LOG.name, size, root, NEXT), Vouched(NEXT, size, root, root[::-1], count)
    assert parse_frozen(frozen.text()) == frozen
    assert parse_vouched(vouched.text()) == vouched
    for text in (frozen.text(), vouched.text()):
        with pytest.raises(FormatError):
            parse_checkpoint(text)
    with pytest.raises(FormatError, match="not a statement"):
        parse_vouched(frozen.text())


def test_a_statement_is_signed_with_a_time() -> None:
    """A key of another kind signs none, and none is read under one."""
    with pytest.raises(FormatError) as refusal:
        sign_statement(FROZEN, LOG, 5)
    assert refusal.value.code == "checkpoint/key-kind"
    note = sign_statement(FROZEN, MIRROR, 5)
    assert open_frozen(note, [MIRROR.verifier]).times == {MIRROR.verifier: 5}
    with pytest.raises(FormatError) as refusal:
        open_vouched(note, [LOG.verifier])
    assert refusal.value.code == "checkpoint/key-kind"


@pytest.mark.parametrize("text", ["", "commonhold/frozen/v1", "\n"])
def test_a_text_that_is_none_is_refused(text: str) -> None:
    """Nothing, a first line alone and an empty line are no statements."""
    with pytest.raises(FormatError) as refusal:
        parse_frozen(text)
    assert refusal.value.code == "statement/form"


@pytest.mark.parametrize(("origin", "successor"), [(NEXT, LOG.name), (LOG.name, LOG.name), (LOG.name, origin_of("cd" * 32, 1, b""))])
def test_a_frozen_epoch_is_followed_by_the_next_of_the_same_organisation(origin: str, successor: str) -> None:
    """A statement that would lead readers back, round in a circle or to somebody else cannot be made."""
    with pytest.raises(FormatError) as refusal:
        Frozen(origin, 7, bytes(32), successor)
    assert refusal.value.code == "frozen/successor"


def test_a_mirror_that_signs_for_what_it_froze_proves_itself_unfaithful() -> None:
    """What it signed before, and what it signs for the new log, is as it should be; any later signature for the old one is the proof."""
    frozen = open_frozen(sign_statement(FROZEN, MIRROR, 100), [MIRROR.verifier])
    check_kept(frozen, head(7, 100))
    check_kept(frozen, head(9, 200, SignerKey(NEXT, bytes([2]) * 32)))
    with pytest.raises(ProofError) as refusal:
        check_kept(frozen, head(7, 101))
    assert refusal.value.code == "frozen/broken"
    assert refusal.value.data == {"partners": ["kestrel.example/mirror"]}

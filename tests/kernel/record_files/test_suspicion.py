"""Laws of evidence that proves less than it accuses of: what is checked holds, and everything else is refused."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from commonhold.kernel import b64
from commonhold.kernel.canonical import canonical_bytes
from commonhold.kernel.errors import CommonholdError
from commonhold.kernel.notes import SignerKey
from commonhold.kernel.record.entries import attest_entry, parse_entry, signed_bytes, unsigned_entry, with_assertion
from commonhold.kernel.record.suspicion import (
    Unproved,
    Withheld,
    check_unproved,
    check_withheld,
    is_suspicion,
    parse_suspicion,
)
from commonhold.testing.house import FAR, derive
from tests.attacks import Mutation, attack
from tests.kernel.record.helpers import T0, Authenticator, Club

SUSPICION = "src/commonhold/kernel/record/suspicion.py"
CLUB = Club(clocked=True)
LOG = SignerKey(CLUB.state.origin, derive(CLUB.seed, "log")).verifier
ENTRY = CLUB.sign("tern", "propose", {"kind": "ordinary", "payload": {}, "not_after": FAR})
KEY = CLUB.kits["tern"].keys.to_value()


def left_out(**changes: Any) -> Withheld:
    given = {"log": LOG, "note": CLUB.checkpoint().decode(), "entry": ENTRY, "key": KEY, "since": T0, "time": T0 + 600, **changes}
    return Withheld(**given)


def code(file: Withheld | Unproved) -> str:
    """Why a file is refused."""
    with pytest.raises(CommonholdError) as refused:
        check(parse_suspicion(file.canonical_bytes()))
    return refused.value.code


def check(file: Withheld | Unproved) -> object:
    """Whatever is checked of it."""
    return check_withheld(file) if isinstance(file, Withheld) else check_unproved(file)


@attack(
    "partner-false-evidence",
    Mutation(
        SUSPICION,
        find='        if entry.sig.kind != "ed25519" or not ed25519.is_valid(public.sign, entry.signed_bytes, entry.sig.value):\n',
        replace='        if entry.sig.kind != "ed25519":\n',
    ),
    Mutation(SUSPICION, find="    if (entry.org, entry.epoch) != (org, epoch):\n", replace="    if not entry.org:\n"),
)
def test_an_entry_that_was_left_out_is_shown_with_its_own_signature() -> None:
    """Nobody makes up an entry that a log left out: its member's key signed it, for that log."""
    file = left_out()
    assert parse_suspicion(file.canonical_bytes()) == file
    entry, checkpoint = check_withheld(file)
    assert (entry.id, checkpoint.size) == (parse_entry(ENTRY).id, CLUB.tree.size)
    other = Club(members=("heron", "tern", "plover", "curlew", "avocet"))
    strange = SignerKey(other.state.origin, derive(other.seed, "log")).verifier
    assert code(left_out(log=strange, note=other.checkpoint().decode())) == "suspicion/other-log"
    assert code(left_out(note=other.checkpoint().decode())) == "note/no-known-key"
    assert code(left_out(key=CLUB.kits["heron"].keys.to_value())) == "suspicion/other-key"
    assert code(left_out(key={})) == "key/kind"
    forged = json.loads(ENTRY)
    forged["sig"]["value"] = b64.encode(bytes(64))
    assert code(left_out(entry=canonical_bytes(forged))) == "signature/invalid"
    del forged["sig"]
    assert code(left_out(entry=canonical_bytes(forged))) in ("entry/fields", "entry/shape", "suspicion/other-key")


def test_an_attest_is_nobodys_and_a_passkey_signs_as_passkeys_do() -> None:
    """What anyone may append needs no key; an assertion is checked as the fold checks it."""
    attest = attest_entry(org=CLUB.org, epoch=0, note=CLUB.note(T0 + 9))
    assert check_withheld(left_out(entry=attest, key={}))[0].type == "attest"
    authenticator = Authenticator("eddsa", 4)
    key = authenticator.passkey
    unsigned = unsigned_entry(
        type="approve",
        org=CLUB.org,
        epoch=0,
        by="heron",
        key=key.key_id,
        seen=(1, CLUB.tree.root(1)),
        nonce=bytes(16),
        body={"proposal": "ab" * 32},
    )
    said, client, signature = authenticator.assertion(hashlib.sha256(signed_bytes(unsigned)).digest())
    raw = with_assertion(unsigned, authenticator=said, client=client, signature=signature)
    assert check_withheld(left_out(entry=raw, key=key.to_value()))[0].by == "heron"
    bare = json.loads(raw)
    bare["sig"] = json.loads(ENTRY)["sig"]
    assert code(left_out(entry=canonical_bytes(bare), key=key.to_value())) == "signature/kind"


def test_two_checkpoints_without_a_proof_prove_that_the_log_signed_both() -> None:
    """And nothing else; a note that it did not sign is refused."""
    file = Unproved(LOG, (CLUB.checkpoint(5).decode(), CLUB.checkpoint().decode()), T0)
    assert parse_suspicion(file.canonical_bytes()) == file
    assert [head.size for head in check_unproved(file)] == [5, CLUB.tree.size]
    assert code(Unproved(LOG, (CLUB.checkpoint(5).decode(), "nothing"), T0)) == "note/malformed"


@pytest.mark.parametrize(
    "change",
    [
        {"type": "commonhold/other/v1"},
        {"since": T0 + 600},
        {"since": 0},
        {"time": True},
        {"entry": 7},
        {"key": []},
        {"more": 1},
        {"entry": b64.encode(b"x" * 65536)},
    ],
)
def test_what_is_no_evidence_of_this_form_is_refused(change: dict[str, Any]) -> None:
    """Fields that are missing, unknown or of another type, times in the wrong order, and entries that no log could take."""
    value = json.loads(left_out().canonical_bytes()) | change
    with pytest.raises(CommonholdError) as refused:
        parse_suspicion(canonical_bytes(value))
    assert refused.value.code == "suspicion/form"
    for unproved in ({"notes": []}, {"notes": ["a", 7]}, {"time": 0}, {"time": "now"}):
        wrong = json.loads(Unproved(LOG, ("a", "b"), T0).canonical_bytes()) | unproved
        with pytest.raises(CommonholdError) as refused:
            parse_suspicion(canonical_bytes(wrong))
        assert refused.value.code == "suspicion/form"
    assert not is_suspicion([])
    with pytest.raises(CommonholdError):
        parse_suspicion(b"[]")

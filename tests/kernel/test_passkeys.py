"""Laws of the house's ceremonies: what must hold for a passkey to be enrolled and for somebody to be signed in."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonhold.kernel import b64
from commonhold.kernel.cose import cose_key
from commonhold.kernel.errors import CommonholdError, ProofError
from commonhold.kernel.passkeys import (
    ANSWER_SECONDS,
    ENROL,
    SIGN_IN,
    Answer,
    Enrolment,
    Question,
    Site,
    enrolment_options,
    parse_answer,
    parse_enrolment,
    sign_in_options,
    user_id,
    verify_enrolment,
    verify_sign_in,
)
from commonhold.kernel.record import entries
from commonhold.testing.authenticator import DeviceError, passkey_of
from tests.attacks import Mutation, attack
from tests.authenticator import AT, BE, BS, ED, UP, UV, Authenticator
from tests.kernel.passkeys import HERON, NOW, ORG, SITE, asked, enrolled, phone

ALGORITHMS = ("es256", "eddsa", "rs256")
KERNEL = "src/commonhold/kernel"


def made(kind: str = "es256", number: int = 1, **changes: Any) -> Enrolment:
    """A new passkey of any algorithm, as it should be but for the changes."""
    key = Authenticator(kind, number)
    spki = key.passkey.spki
    name = b"credential %d" % number
    attested = bytes(16) + len(name).to_bytes(2, "big") + name + cose_key(kind, spki)
    client = key.client(asked(ENROL).challenge, type="webauthn.create")
    given = {"credential_id": name, "alg": kind, "spki": spki, "transports": ("usb",), "client": client}
    data = key.data(flags=UP | UV | AT, extra=attested)
    return Enrolment(**{**given, "authenticator": data, **changes})


def refused(sent: Enrolment, question: Question | None = None, site: Site = SITE, now: int = NOW) -> str:
    with pytest.raises(CommonholdError) as refusal:
        verify_enrolment(question or asked(ENROL), sent, site, now)
    return refusal.value.code


# ------------------------------------------------------------------------------------------------------------------------- enrolment


def test_a_new_passkey_of_a_device_may_be_enrolled() -> None:
    """What the page posts holds, and its key passes the gate of the record."""
    device = phone(flags=UP | UV | BE | BS)
    sent = parse_enrolment(enrolled(device))
    verify_enrolment(asked(ENROL), sent, SITE, NOW + ANSWER_SECONDS)
    assert sent.passkey(SITE).to_value()["origins"] == ["https://saltmarsh.example"]
    assert (sent.backup, sent.transports, sent.credential_id) == ((True, True), ("internal",), device.held[0].id)


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_each_of_the_three_algorithms_may_be_enrolled(alg: str) -> None:
    """ES256, EdDSA and, since some Windows installations make nothing else, RS256."""
    verify_enrolment(asked(ENROL), made(alg), SITE, NOW)
    assert made(alg).backup == (False, False)


@attack(
    "passkey-other-key",
    Mutation(
        f"{KERNEL}/passkeys.py", find="if not sent.credential_id or sent.authenticator[_AAGUID_END:end] != expected:", replace="if end < 0:"
    ),
)
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"spki": Authenticator("es256", 2).passkey.spki}, "passkey/other-key"),
        ({"credential_id": b"credential 2"}, "passkey/other-key"),
        ({"credential_id": b""}, "passkey/other-key"),
        ({"alg": "eddsa"}, "key/spki"),
        ({"alg": "eddsa", "spki": Authenticator("eddsa").passkey.spki}, "passkey/other-key"),
        ({"alg": "rs256", "spki": Authenticator("rs256").passkey.spki}, "passkey/other-key"),
        ({"alg": "rs256"}, "key/spki"),
        ({"alg": "es384"}, "key/algorithm"),
        ({"alg": "none"}, "key/algorithm"),
        ({"spki": b""}, "key/spki"),
    ],
)
def test_a_key_that_the_authenticator_did_not_make_is_refused(changes: dict[str, Any], code: str) -> None:
    """Another key, credential id or algorithm beside a good ceremony would be somebody else's passkey under a member's name."""
    assert refused(made(**changes)) == code


@attack(
    "passkey-lookalike",
    Mutation(
        f"{KERNEL}/passkeys.py",
        find='sent.client, type="webauthn.create")',
        replace='sent.client, type="webauthn.create") if now < 0 else None',
    ),
)
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"type": "webauthn.get"}, "webauthn/type"),
        ({"challenge": "x"}, "webauthn/challenge"),
        ({"origin": "https://saltmarsh.example.evil.test"}, "webauthn/origin"),
        ({"origin": "http://saltmarsh.example"}, "webauthn/origin"),
        ({"crossOrigin": True}, "webauthn/cross-origin"),
        ({"topOrigin": "https://evil.test"}, "webauthn/cross-origin"),
    ],
)
def test_a_passkey_that_was_made_on_another_page_is_refused(changes: dict[str, Any], code: str) -> None:
    """Another origin, another question, a frame or a signature in place of a new key enrols nothing."""
    client = Authenticator().client(asked(ENROL).challenge, **{"type": "webauthn.create", **changes})
    assert refused(made(client=client)) == code


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        (UV | AT, "webauthn/user-present"),
        (UP | AT, "webauthn/user-verified"),
        (UP | UV, "passkey/not-attested"),
        (UP | UV | AT | BS, "webauthn/backup"),
        (UP | UV | AT | ED, "webauthn/extensions"),
    ],
)
def test_an_enrolment_without_its_person_or_against_itself_is_refused(flags: int, code: str) -> None:
    """Nobody present, nobody verified, no credential, and flags that contradict each other or the length."""
    whole = made().authenticator
    assert refused(made(authenticator=whole[:32] + bytes([flags]) + whole[33:])) == code


def test_an_enrolment_for_another_domain_is_refused() -> None:
    """The authenticator names the domain by its hash, whatever the browser says."""
    whole = made().authenticator
    assert refused(made(authenticator=hashlib.sha256(b"evil.test").digest() + whole[32:])) == "webauthn/rp-id"
    assert refused(made(), site=Site("saltmarsh.example", ("https://evil.test",))) == "key/origin"
    assert refused(made(), site=Site("127.0.0.1", ("http://127.0.0.1",))) == "key/rp-id"


def test_an_enrolment_is_exactly_as_long_as_it_says() -> None:
    """Every shorter piece and every byte more is refused; announced extensions may follow."""
    whole = made().authenticator
    for size in range(len(whole)):
        assert refused(made(authenticator=whole[:size])) in {"webauthn/authenticator-length", "passkey/other-key"}
    assert refused(made(authenticator=whole + b"\xa0")) == "webauthn/extensions"
    extended = whole[:32] + bytes([UP | UV | AT | ED]) + whole[33:]
    assert refused(made(authenticator=extended + b"\x80")) == "webauthn/extensions"
    verify_enrolment(asked(ENROL), made(authenticator=extended + b"\xa1\x61a\xf5"), SITE, NOW)


@given(st.integers(0, 400), st.integers(0, 7))
def test_no_bit_of_the_key_or_the_credential_may_differ(place: int, bit: int) -> None:
    """But for the authenticator's model and its counter, which nobody believes, one changed bit of the data refuses an enrolment."""
    whole = bytearray(made().authenticator)
    place %= len(whole)
    whole[place] ^= 1 << bit
    if 33 <= place < 53 or (place == 32 and 1 << bit not in {UP, UV, AT, BS, ED}):
        verify_enrolment(asked(ENROL), made(authenticator=bytes(whole)), SITE, NOW)
    else:
        assert refused(made(authenticator=bytes(whole)))


# ------------------------------------------------------------------------------------------------------------------------- questions


@attack(
    "passkey-replay",
    Mutation(f"{KERNEL}/passkeys.py", find="        if not 0 <= now - self.asked <= ANSWER_SECONDS:", replace="        if now < 0:"),
    Mutation(
        f"{KERNEL}/passkeys.py",
        find="return hashlib.sha256(self.purpose + self.nonce).digest()",
        replace="return hashlib.sha256(self.purpose).digest()",
    ),
)
def test_an_answer_is_good_for_its_own_question_and_for_five_minutes() -> None:
    """A kept answer does not fit the next question, and its own is over, or not yet asked, outside its five minutes."""
    device = phone()
    passkey = passkey_of(enrolled(device), SITE.rp_id, *SITE.origins)
    answer = parse_answer(device.sign_in(sign_in_options(asked(SIGN_IN), SITE)))
    verify_sign_in(asked(SIGN_IN), answer, passkey, HERON, NOW + ANSWER_SECONDS)
    for question, now, code in [
        (asked(SIGN_IN, 2), NOW, "webauthn/challenge"),
        (asked(SIGN_IN), NOW + ANSWER_SECONDS + 1, "passkey/expired"),
        (asked(SIGN_IN), NOW - 1, "passkey/expired"),
        (asked(ENROL), NOW, "passkey/purpose"),
        (replace(asked(SIGN_IN), nonce=b"short"), NOW, "passkey/purpose"),
    ]:
        with pytest.raises(ProofError) as refusal:
            verify_sign_in(question, answer, passkey, HERON, now)
        assert refusal.value.code == code
    assert refused(made(), asked(ENROL, 2)) == "webauthn/challenge"
    assert refused(made(), asked(SIGN_IN)) == "passkey/purpose"
    assert refused(made(), now=NOW + ANSWER_SECONDS + 1) == "passkey/expired"


@attack(
    "passkey-disguise",
    Mutation(f"{KERNEL}/passkeys.py", find="return hashlib.sha256(self.purpose + self.nonce).digest()", replace="return self.nonce"),
)
def test_a_question_is_no_entry_in_disguise_and_an_entry_answers_no_question() -> None:
    """Whoever puts an entry's challenge into a question gets no signature of the entry; whoever holds an entry's signature signs in nowhere."""
    device = phone()
    passkey = passkey_of(enrolled(device), SITE.rp_id, *SITE.origins)
    unsigned = entries.unsigned_entry(
        type="approve", org=ORG, epoch=0, by="heron", key=passkey.key_id, seen=(0, bytes(32)), nonce=bytes(16), body={"proposal": ORG}
    )
    challenge = hashlib.sha256(entries.signed_bytes(unsigned)).digest()
    trap = Question(SIGN_IN, challenge, NOW)
    answer = parse_answer(device.sign_in(sign_in_options(trap, SITE)))
    assert b64.encode(challenge) == sign_in_options(trap, SITE)["nonce"]
    from commonhold.kernel.webauthn import verify_assertion

    with pytest.raises(ProofError) as refusal:
        verify_assertion(passkey, challenge, answer.authenticator, answer.client, answer.signature)
    assert refusal.value.code == "webauthn/challenge"
    signed = device.get({"challenge": challenge, "rpId": SITE.rp_id})
    kept = Answer(signed["id"], signed["user"], signed["client"], signed["authenticator"], signed["signature"])
    for nonce in (challenge, hashlib.sha256(b"any").digest()):
        with pytest.raises(ProofError) as refusal:
            verify_sign_in(Question(SIGN_IN, nonce, NOW), kept, passkey, HERON, NOW)
        assert refusal.value.code == "webauthn/challenge"


# --------------------------------------------------------------------------------------------------------------------------- sign-in


def test_whoever_holds_the_passkey_is_signed_in_without_a_name() -> None:
    """The question names nobody; the answer names the credential and the member's handle, and its backup state may have changed."""
    device = phone()
    passkey = passkey_of(enrolled(device), SITE.rp_id, *SITE.origins)
    device.flags |= BE | BS
    answer = parse_answer(device.sign_in(sign_in_options(asked(SIGN_IN), SITE)))
    verify_sign_in(asked(SIGN_IN), answer, passkey, HERON, NOW)
    assert (answer.credential_id, answer.user_id, answer.backup) == (device.held[0].id, HERON, (True, True))


@attack(
    "passkey-other-member",
    Mutation(f"{KERNEL}/passkeys.py", find="    if answer.user_id != user:", replace="    if not user:"),
)
def test_a_passkey_signs_in_its_own_member_alone() -> None:
    """Another member's handle, no handle, and another member's key are refused, each though the rest holds."""
    heron, tern = phone("heron"), phone("tern")
    keys = {device.seed: passkey_of(enrolled(device, device.seed), SITE.rp_id, *SITE.origins) for device in (heron, tern)}
    answer = parse_answer(tern.sign_in(sign_in_options(asked(SIGN_IN), SITE)))
    for sent, key, user, code in [
        (answer, keys["tern"], HERON, "passkey/other-member"),
        (replace(answer, user_id=b""), keys["tern"], user_id(ORG, "tern"), "passkey/other-member"),
        (replace(answer, user_id=HERON), keys["heron"], HERON, "webauthn/signature"),
    ]:
        with pytest.raises(ProofError) as refusal:
            verify_sign_in(asked(SIGN_IN), sent, key, user, NOW)
        assert refusal.value.code == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"origin": "https://saltmarsh.example.evil.test"}, "webauthn/origin"),
        ({"flags": UP}, "webauthn/user-verified"),
        ({"flags": UV}, "webauthn/user-present"),
        ({"flags": UP | UV | AT}, "webauthn/attested"),
    ],
)
def test_a_sign_in_elsewhere_or_without_its_person_is_refused(changes: dict[str, Any], code: str) -> None:
    """A look-alike page, and a device that asked for no PIN, finger or face, sign nobody in."""
    device = phone()
    passkey = passkey_of(enrolled(device), SITE.rp_id, *SITE.origins)
    for name, value in changes.items():
        setattr(device, name, value)
    with pytest.raises(ProofError) as refusal:
        verify_sign_in(asked(SIGN_IN), parse_answer(device.sign_in(sign_in_options(asked(SIGN_IN), SITE))), passkey, HERON, NOW)
    assert refusal.value.code == code


def test_nobody_signs_in_on_a_suspended_origin() -> None:
    """While the members hold the house's address for taken, nothing that was answered there counts."""
    device = phone()
    passkey = passkey_of(enrolled(device), SITE.rp_id, *SITE.origins)
    answer = parse_answer(device.sign_in(sign_in_options(asked(SIGN_IN), SITE)))
    with pytest.raises(ProofError) as refusal:
        verify_sign_in(asked(SIGN_IN), answer, passkey, HERON, NOW, frozenset(SITE.origins))
    assert refusal.value.code == "webauthn/origin-suspended"


# ------------------------------------------------------------------------------------------------------------------ the test's device


def test_a_device_makes_no_second_passkey_where_it_holds_one_that_is_named() -> None:
    """It behaves as a real one: an excluded credential, a missing algorithm and a missing passkey are the browser's own refusals."""
    device = phone()
    first = parse_enrolment(enrolled(device))
    held = [(first.credential_id, first.transports)]
    options = enrolment_options(asked(ENROL), SITE, site_name="Saltmarsh Radio", user=HERON, user_name="heron", held=held)
    with pytest.raises(DeviceError, match="InvalidStateError"):
        device.enrol(options)
    enrolled(device)
    assert len(device.held) == 1
    with pytest.raises(DeviceError, match="NotSupportedError"):
        device.create({"rp": {"id": "x"}, "user": {"id": b""}, "excludeCredentials": [], "pubKeyCredParams": []})
    with pytest.raises(DeviceError, match="NotAllowedError"):
        phone("tern").sign_in(sign_in_options(asked(SIGN_IN), SITE))

"""Laws of what browsers post to a house about passkeys: bounded before it is read, and enrolled, believed or refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonhold.kernel import b64
from commonhold.kernel.errors import CommonholdError, FormatError
from commonhold.kernel.passkeys import ENROL, SIGN_IN, parse_answer, parse_enrolment, sign_in_options, verify_enrolment, verify_sign_in
from commonhold.kernel.webauthn import MAX_CLIENT_BYTES
from commonhold.testing.authenticator import passkey_of
from tests.kernel.passkeys import HERON, NOW, SITE, asked, enrolled, phone


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"credential_id": b64.encode(bytes(1_023))}, ""),
        ({"credential_id": b64.encode(bytes(1_024))}, "passkey/size"),
        ({"client": b64.encode(bytes(MAX_CLIENT_BYTES + 3))}, "passkey/size"),
        ({"authenticator": "A" * 10_000_000}, "passkey/size"),
        ({"spki": b64.encode(bytes(2_000))}, "passkey/size"),
        ({"spki": 5}, "passkey/size"),
        ({"client": "e30"}, "base64/not-canonical"),
        ({"credential_id": "-_-_"}, "base64/not-canonical"),
        ({"transports": "usb"}, "passkey/fields"),
        ({"transports": ["usb"] * 17}, "passkey/fields"),
        ({"alg": -7}, "passkey/fields"),
        ({"more": ""}, "passkey/fields"),
    ],
)
def test_an_enrolment_that_is_too_large_or_malformed_is_refused_before_it_is_read(changes: dict[str, Any], code: str) -> None:
    """Sizes are bounded by their text, so nothing large is decoded; fields are exactly those of the page."""
    value = {**enrolled(phone()), **changes}
    if not code:
        parse_enrolment(value)
        return
    with pytest.raises(FormatError) as refusal:
        parse_enrolment(value)
    assert refusal.value.code == code


def test_an_answer_that_is_too_large_or_malformed_is_refused_before_it_is_read() -> None:
    """The same for a sign-in, which anybody on the network may post."""
    device = phone()
    enrolled(device)
    value = device.sign_in(sign_in_options(asked(SIGN_IN), SITE))
    parse_answer(value)
    for wrong in (None, [], "x", {**value, "more": ""}, {k: v for k, v in value.items() if k != "user_id"}):
        with pytest.raises(FormatError) as refusal:
            parse_answer(wrong)
        assert refusal.value.code == "passkey/fields"
    for name in value:
        with pytest.raises(FormatError) as refusal:
            parse_answer({**value, name: "A" * 8_000})
        assert refusal.value.code == "passkey/size"


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["credential_id", "alg", "spki", "client", "authenticator"]), ANYTHING, min_size=1), ANYTHING)
def test_whatever_a_browser_posts_is_refused_unless_a_device_made_it(changes: dict[str, Any], transports: Any) -> None:
    """No JSON makes the house fail with anything but a refusal."""
    value = {**enrolled(phone()), **changes, "transports": transports}
    with pytest.raises(CommonholdError):
        verify_enrolment(asked(ENROL), parse_enrolment(value), SITE, NOW)


@given(st.dictionaries(st.sampled_from(["user_id", "client", "authenticator", "signature"]), ANYTHING, min_size=1))
def test_whatever_a_browser_posts_signs_nobody_in_unless_a_device_made_it(changes: dict[str, Any]) -> None:
    """The same for a sign-in. (A credential id decides only which passkey is looked up.)"""
    device = phone()
    passkey = passkey_of(enrolled(device), SITE.rp_id, *SITE.origins)
    value = {**device.sign_in(sign_in_options(asked(SIGN_IN), SITE)), **changes}
    with pytest.raises(CommonholdError):
        verify_sign_in(asked(SIGN_IN), parse_answer(value), passkey, HERON, NOW)


def test_unknown_ways_to_reach_a_device_are_dropped() -> None:
    """A transport is a hint: words of tomorrow, and things that are no words, are left out."""
    sent = parse_enrolment({**enrolled(phone()), "transports": ["usb", "telepathy", 5, {}, "ble"]})
    assert sent.transports == ("ble", "usb")

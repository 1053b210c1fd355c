"""Laws of bundles: what may be sealed, and that nothing of it shows, neither in a refusal nor in a length."""

from __future__ import annotations

import pytest

from commonhold.kernel import b64
from commonhold.kernel.custody.sealing.bundle import BLOCK, MAX_FILE, Secret, bundle_bytes, parse_bundle
from commonhold.kernel.errors import CustodyError, FormatError
from tests.kernel.sealing.seals import SECRETS

CANARY = "canary-7f31"


def test_a_bundle_comes_back_as_it_was_sorted_by_name() -> None:
    """Passwords, seeds, codes, notes and key files, whatever order they were given in."""
    secrets = [*SECRETS, Secret("codes", "page codes", "111\n222"), Secret("file", "tls", b64.encode(b"\x00key")), Secret("note", "a", "é")]
    assert parse_bundle(bundle_bytes(secrets)) == tuple(sorted(secrets, key=lambda secret: secret.name))
    assert CANARY not in repr(Secret("password", "page", CANARY))


def test_a_key_file_of_64_kib_can_be_sealed_with_a_password_beside_it() -> None:
    """That is what the page and the command line say; in base64 it is a third larger."""
    secrets = [Secret("file", "tls", b64.encode(bytes(MAX_FILE))), Secret("password", "page", "x" * 1000)]
    assert parse_bundle(bundle_bytes(secrets))[1] == secrets[0]


def test_the_length_of_a_password_does_not_show() -> None:
    """The sealed object is public; a short and a long password make the same number of bytes."""
    assert len(bundle_bytes([Secret("password", "p", "x")])) == len(bundle_bytes([Secret("password", "p", "x" * 200)])) == BLOCK
    assert len(bundle_bytes([Secret("password", "p", "x" * 2000)])) == 3 * BLOCK


@pytest.mark.parametrize(
    ("secrets", "code"),
    [
        ([], "secret/count"),
        ([Secret("password", f"p{at}", "x") for at in range(101)], "secret/count"),
        ([Secret("pin", "p", CANARY)], "secret/kind"),
        ([Secret("password", "p", CANARY), Secret("note", "p", CANARY)], "secret/name-twice"),
        ([Secret("password", "", CANARY)], "secret/name"),
        ([Secret("password", "two\nlines", CANARY)], "secret/name"),
        ([Secret("password", "p" * 101, CANARY)], "secret/name"),
        ([Secret("password", "p", "")], "secret/empty"),
        ([Secret("password", "p", f"{CANARY}\t")], "secret/character"),
        ([Secret("totp", "p", f"{CANARY}!")], "secret/totp"),
        ([Secret("file", "p", f"{CANARY}=")], "secret/file"),
        ([Secret("note", "p", CANARY * 9000)], "secret/too-large"),
    ],
)
def test_what_cannot_be_sealed_is_refused_without_repeating_it(secrets: list[Secret], code: str) -> None:
    """A refusal names the secret and never its value: it may be posted in public."""
    with pytest.raises(CustodyError) as caught:
        bundle_bytes(secrets)
    assert caught.value.code == code
    assert CANARY not in caught.value.diagnostics()


def test_what_is_no_bundle_is_refused_without_repeating_it() -> None:
    """Another form, loose padding, a length that lies, and an order that was changed."""
    whole = bundle_bytes(SECRETS)
    other = whole.replace(b"commonhold/secrets/v1", b"commonhold/secrets/v2")
    unsorted = whole.replace(b'"name":"page"', b'"name":"zage"')
    short = whole.replace(b'"kind":"totp"', b'"kind":7     ')
    for raw in (b"", whole[:-1], whole[:-1] + b"\1", whole + bytes(BLOCK), b"\xff\xff\xff\xff" + whole[4:], other, unsorted, short):
        with pytest.raises(FormatError) as caught:
            parse_bundle(raw)
        assert caught.value.code in ("secret/form", "secret/padding")
        assert "curlew" not in caught.value.diagnostics()
    empty = b'{"form":"commonhold/secrets/v1","secrets":7}'
    with pytest.raises(FormatError):
        parse_bundle((len(empty).to_bytes(4, "big") + empty).ljust(BLOCK, b"\0"))

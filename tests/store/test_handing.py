"""Laws of acts on their way to a house, and of the file that says where partners are."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from commonhold.kernel.canonical import canonical_bytes
from commonhold.kernel.errors import FormatError, RuleError, StoreError
from commonhold.kernel.texts import MAX_TEXT_BYTES, make_text, text_digest
from commonhold.store.handing import check_object, pack, unpack
from commonhold.store.partnerfile import FILE, MAX_PARTNERS, add_partners, drop_partner, read_partners
from tests.kernel.record.helpers import Club


def an_act() -> tuple[bytes, dict[str, bytes]]:
    raw = make_text(b"Our mast stands again.\n", secrets.token_bytes(16))
    body = {"kind": "statement", "payload": {"text": text_digest(raw), "language": "en"}, "not_after": 2**40}
    return Club().sign("heron", "propose", body), {text_digest(raw): raw}


def test_an_act_and_its_texts_come_back_as_they_went() -> None:
    """With texts, and without: then the entry's own bytes travel."""
    entry, texts = an_act()
    for given in (texts, {}):
        leaf, parsed, found = unpack(pack(entry, given))
        assert (leaf, parsed.type, found) == (entry, "propose", given)
    assert pack(entry, {}) == entry


def test_what_is_too_large_to_travel_is_said_before_it_is_sent() -> None:
    """A text of four MiB fits; two do not, and it is said where they do."""
    entry, _ = an_act()
    assert pack(entry, {"a" * 64: b"x" * MAX_TEXT_BYTES})
    with pytest.raises(FormatError) as refused:
        pack(entry, {"a" * 64: b"x" * MAX_TEXT_BYTES, "b" * 64: b"x" * MAX_TEXT_BYTES})
    assert (refused.value.code, "folder" in refused.value.next_step) == ("act/too-large", True)


@pytest.mark.parametrize(
    "value",
    [
        {"entry": "!", "form": "commonhold/act/v1", "texts": {}},
        {"entry": 1, "form": "commonhold/act/v1", "texts": {}},
        {"entry": "", "form": "commonhold/act/v1", "texts": {"a": 1}},
        {"form": "commonhold/act/v1", "texts": {}},
        {"entry": "e30=", "form": "commonhold/act/v1", "texts": {}},
    ],
)
def test_what_is_no_act_is_refused(value: dict[str, object]) -> None:
    """Another shape, base64 that is none, or bytes that are no entry."""
    with pytest.raises(FormatError):
        unpack(canonical_bytes(value))


def test_only_proposals_name_texts() -> None:
    """An approval with a text beside it is refused, whatever its digest."""
    _, texts = an_act()
    approval = Club().sign("heron", "approve", {"proposal": next(iter(texts))})
    with pytest.raises(RuleError) as refused:
        unpack(pack(approval, texts))
    assert refused.value.code == "act/other-text"


def test_a_charters_text_is_taken_without_salt_and_within_bounds() -> None:
    """Its articles are public for ever, so they have none; a text of any kind is at most four MiB."""
    check_object(text_digest(b"# 1 Name\n"), b"# 1 Name\n")
    long = b"x" * (MAX_TEXT_BYTES + 1)
    with pytest.raises(FormatError) as refused:
        check_object(text_digest(long), long)
    assert refused.value.code == "text/too-large"


def test_partners_are_remembered_once_in_order_and_forgotten(tmp_path: Path) -> None:
    """A slash at the end is no other partner; what is not remembered cannot be forgotten."""
    assert read_partners(tmp_path) == ()
    assert add_partners(tmp_path, ["https://b.example/", "https://a.example"]) == ("https://b.example", "https://a.example")
    assert add_partners(tmp_path, ["https://b.example"]) == read_partners(tmp_path) == ("https://b.example", "https://a.example")
    assert drop_partner(tmp_path, "https://b.example/") == ("https://a.example",)
    with pytest.raises(RuleError, match="not remembered"):
        drop_partner(tmp_path, "https://b.example")


def test_more_partners_than_a_policy_names_are_not_remembered(tmp_path: Path) -> None:
    """Sixty-four; one more is refused, and the file is as it was."""
    urls = [f"https://{number}.example" for number in range(MAX_PARTNERS)]
    add_partners(tmp_path, urls)
    with pytest.raises(RuleError) as refused:
        add_partners(tmp_path, ["https://one-more.example"])
    assert refused.value.code == "partners/too-many"
    assert read_partners(tmp_path) == tuple(urls)


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b'{"form":"commonhold/partners/v1","urls":[1]}', b'{"form":"x","urls":[]}', b"\xff"])
def test_a_damaged_file_of_partners_asks_nobody_and_is_said(tmp_path: Path, raw: bytes) -> None:
    """Whatever it holds, it is named, and what to do."""
    (tmp_path / FILE).write_bytes(raw)
    with pytest.raises(FormatError) as refused:
        read_partners(tmp_path)
    assert (refused.value.code, bool(refused.value.next_step)) == ("partners/form", True)


def test_an_address_that_is_none_is_refused_from_the_file_too(tmp_path: Path) -> None:
    """Nobody reads a file of this machine through it."""
    (tmp_path / FILE).write_bytes(canonical_bytes({"form": "commonhold/partners/v1", "urls": ["file:///etc/passwd"]}))
    with pytest.raises(StoreError) as refused:
        read_partners(tmp_path)
    assert refused.value.code == "store/url"

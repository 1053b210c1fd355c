"""Laws of addresses: two spellings of one place compare alike, and nothing else does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonhold.kernel.addresses import HANDLE, MAIL, OTHER, PHONE, WEB, address_of, parse_address, resembles
from commonhold.kernel.errors import FormatError


@pytest.mark.parametrize(
    ("text", "kind", "key"),
    [
        ("https://Saltmarsh.example/", WEB, "saltmarsh.example"),
        ("saltmarsh.example", WEB, "saltmarsh.example"),
        ("//saltmarsh.example/a/", WEB, "saltmarsh.example/a"),
        ("https:saltmarsh.example", WEB, "saltmarsh.example"),
        ("https:\\\\saltmarsh.example\\a", WEB, "saltmarsh.example/a"),
        ("http://saltmarsh.example:80", WEB, "saltmarsh.example"),
        ("http://saltmarsh.example:443", WEB, "saltmarsh.example"),
        ("saltmarsh.example:8080/a", WEB, "saltmarsh.example:8080/a"),
        ("https://x.example/%7Ea/./b/../%c3%a9?b=1&utm_source=q&&fbclid#top", WEB, "x.example/~a/%C3%A9?b=1"),
        ("https://x.example/é?ü", WEB, "x.example/%C3%A9?%C3%BC"),
        ("https://x.example/../..", WEB, "x.example"),
        ("https://B\u00fccher.example\u3002", WEB, "xn--bcher-kva.example"),
        ("https://[2001:DB8::1]/", WEB, "[2001:db8::1]"),
        ("https://[2001:DB8::1]:8443/", WEB, "[2001:db8::1]:8443"),
        ("Office@Saltmarsh.example", MAIL, "office@saltmarsh.example"),
        ("mailto:office@saltmarsh.example?subject=x", MAIL, "office@saltmarsh.example"),
        ("@Radio@Social.example", HANDLE, "@radio@social.example"),
        ("@radio", OTHER, "@radio"),
        ("@radio@", OTHER, "@radio@"),
        ("+44 (20) 7946-0000", PHONE, "+442079460000"),
        ("tel:+442079460000", PHONE, "+442079460000"),
        ("tel:x", OTHER, "tel:x"),
        ("Signal:abc", OTHER, "signal:abc"),
    ],
)
def test_an_address_has_one_normal_form(text: str, kind: str, key: str) -> None:
    """As browsers read it, and the normal form is its own."""
    found = parse_address(f" {text}\n")
    assert (found.kind, found.key) == (kind, key)
    assert parse_address(found.shown)[:2] == (kind, key)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "address/form"),
        ("hello", "address/form"),
        ("hello world.example", "address/form"),
        ("x" * 2001 + ".example", "address/form"),
        ("https://", "address/form"),
        ("https://a..example", "address/form"),
        ("https://a b.example", "address/form"),
        ("https://%61.example", "address/form"),
        ("https://x.example:http", "address/form"),
        ("https://x.example:70000", "address/form"),
        ("https://x.example:\u0661", "address/form"),
        ("https://" + "a." * 130 + "example", "address/form"),
        ("@a@b@", "address/form"),
        ("a@", "address/form"),
        ("mailto:office", "address/form"),
        ("localhost:8000/a", "address/form"),
        ("https://official.example@evil.example", "address/userinfo"),
        ("official.example:443@evil.example/x", "address/userinfo"),
        ("a@b@evil.example", "address/userinfo"),
        ("https://official.example\u200b/", "address/hidden"),
        ("https://official.example/\u202egpj", "address/hidden"),
    ],
)
def test_what_is_no_address_or_deceives_is_refused(text: str, code: str) -> None:
    """Each with its code; what stands before an @ is named with where the address leads."""
    with pytest.raises(FormatError) as refused:
        parse_address(text)
    assert refused.value.code == code
    if code == "address/userinfo":
        assert refused.value.data["host"] == "evil.example"


def test_an_address_that_a_record_names_is_compared_as_it_is_where_nothing_else_is_known() -> None:
    """A record may name anything that is printable."""
    assert address_of("frequency-97.1MHz!").key == "frequency-97.1MHz!"
    assert address_of("radio") == address_of("radio")
    assert (address_of("radio").kind, address_of("radio").shown) == (OTHER, "radio")


def test_a_page_lies_below_a_channel_or_beside_it() -> None:
    """By whole segments, on the same host, and not below a question."""
    site, part = parse_address("https://x.example"), parse_address("https://x.example/a")
    assert site.holds(parse_address("https://x.example/b"))
    assert part.holds(parse_address("x.example/a/b"))
    for other in ("https://x.example/ab", "https://x.example/a", "https://y.example/a/b", "a@x.example"):
        assert not part.holds(parse_address(other))
    assert not site.holds(site)
    assert not parse_address("https://x.example/w?v=1").holds(parse_address("https://x.example/w?v=1/2"))
    assert not parse_address("a@x.example").holds(part)


@pytest.mark.parametrize(
    ("host", "alike"),
    [
        ("s\u0430ltmarsh.example", True),
        ("saltrnarsh.example", True),
        ("sa1tmarsh.example", True),
        ("www.saltmarsh.example", True),
        ("salt-marsh.example", True),
        ("s\u00e0ltmarsh.example", True),
        ("saltmarsh.example.evil.example", True),
        ("saltmarsh.example-news.org", True),
        ("sltmarsh.example", True),
        ("saltmarssh.example", True),
        ("saltmarch.example", True),
        ("saltmarsh.examplf", True),
        ("saltmarsh.example", False),
        ("weather.example", False),
        ("xn--999999999.example", False),
    ],
)
def test_a_host_resembles_another_if_somebody_could_take_it_for_that(host: str, alike: bool) -> None:
    """Alike letters, one letter more, less or other, or the known name as its beginning."""
    assert resembles(parse_address(f"https://{host}").host, "saltmarsh.example") is alike


def test_short_names_resemble_nothing_by_one_letter() -> None:
    """Or everybody would be warned of everything."""
    assert not resembles("ab.c", "ab.d")


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_refused_and_its_normal_form_stays(text: str) -> None:
    """No other error, and what was normal once is normal for ever."""
    try:
        found = parse_address(text)
    except FormatError:
        return
    assert address_of(found.shown).key == found.key or found.kind == OTHER
